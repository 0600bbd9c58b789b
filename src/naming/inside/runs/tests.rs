//! Base64 as it stands in texts, read piece by piece.

use proptest::prelude::*;

use super::*;

const BASE64: &str = "iVBORw0KGgoAAAANSUhEUgAA/9j/4AAQ+SkZJRgABAQAA";

fn found(text: &str, size: usize) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    let mut take = |at: u64, base64: &[u8]| {
        all.push((at, String::from_utf8_lossy(base64).into_owned()));
    };
    let mut runs = Runs::new(1 << 10);
    let mut offset = 0;
    for piece in text.as_bytes().chunks(size) {
        runs.feed(piece, offset, &mut take);
        offset += piece.len() as u64;
    }
    runs.finish(&mut take);
    all
}

/// Base64 is found with any alphabet, escapes and line breaks.
#[test]
fn base64_is_found_in_any_form() {
    let (one, other) = BASE64.split_at(24);
    for written in [
        BASE64.to_string(),
        format!("{one}\r\n{other}"),
        format!("{one}\n    {other}\n  "),
        format!("{one}&#10;{other}"),
        format!("{one}\\n{other}"),
        BASE64.replace('/', "\\/"),
        BASE64.replace('/', "&#x2F;").replace('+', "&#43;"),
        BASE64.replace('/', "%2F").replace('+', "%2b"),
        BASE64.replace('+', "\\u002B"),
        BASE64.replace('+', "-").replace('/', "_"),
        format!("X-Id: one\r\n\r\n{one}\r\n{other}\r\n--end of-it-is-the-boundary"),
    ] {
        for size in [1, 7, 1000] {
            let text = format!("url(data:image/png;base64,{written}==)");
            let found: Vec<String> = found(&text, size)
                .into_iter()
                .map(|(_, text)| text)
                .collect();
            assert_eq!(found, [BASE64], "{written}");
        }
    }
    assert_eq!(
        found(&format!("a b {BASE64}"), 9),
        [(4, BASE64.to_string())]
    );
    assert_eq!(
        found("some words of a text, (none) of which is long", 9),
        []
    );
    let long = format!("{} {BASE64}", "QUFB".repeat(2_000));
    assert_eq!(found(&long, 100), [(8_001, BASE64.to_string())]);
}

proptest! {
    #[test]
    fn pieces_are_read_like_the_whole(text in "[ -~\n]{0,200}", size in 1_usize..40) {
        prop_assert_eq!(found(&text, size), found(&text, 1000));
    }
}
