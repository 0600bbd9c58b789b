//! Data URLs and drawings in texts.

use super::*;

fn found(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    each(text.as_bytes(), &mut |_, payload| {
        all.push(String::from_utf8_lossy(payload).into_owned());
    });
    all
}

/// The content of a data URL ends where the URL ends.
#[test]
fn data_url_ends_at_its_delimiter() {
    for text in [
        "<img src=\"data:image/svg+xml,%3Cb a='c'/%3E\" alt=x>",
        "url('data:image/svg+xml;utf8,<b a=\\'c\\'/>') x",
        "url(data:image/svg+xml;charset=utf-8,%3Cb%20a='c'/%3E) x",
        "<p style=\"a: url(&quot;data:image/svg+xml,%3Cb a='c'/%3E&quot;)\">",
        "{\"a\": \"data:image\\/svg+xml,<b a='c'\\/>\", \"b\": 1}",
        "'{\"a\": \\\"data:image/svg+xml,<b a='c'/>\\\", \"b\": 1}'",
        "see data:text/html,%3Cb%20a=%27c%27/%3E and so on",
    ] {
        let found = found(text);
        assert!(
            found.contains(&"<b a='c'/>".to_string()),
            "{text}: {found:?}"
        );
    }
    assert_eq!(found("data: a, b and data:image/png;base64,AAAA"), [""; 0]);
}

/// An inline drawing ends where its element ends.
#[test]
fn inline_svg_ends_with_its_element() {
    assert_eq!(
        found("<p><svg a><g/></svg></p><svg></svg> <svg"),
        ["<svg a><g/></svg>", "<svg></svg>"]
    );
    let found = found("let a = '<svg a=\\\"b\\\"><\\/svg>'");
    assert_eq!(
        found.last().map(String::as_str),
        Some("<svg a=\"b\"></svg>")
    );
}
