//! Lines as they're shown, and the place of the caret.

use super::*;
use crate::base::text::uncoloured;

/// Shows a line of a text in which `▸` and `◂` stand around what is meant.
fn rendered(of: fn(&str, Range<usize>) -> Option<Excerpt>, text: &str) -> String {
    let start = text.find('▸').expect("something is meant");
    let text = text.replacen('▸', "", 1);
    let end = text.find('◂').unwrap_or(start);
    let text = text.replacen('◂', "", 1);
    let excerpt = of(&text, start..end).expect("something is shown");
    uncoloured(&excerpt.render())
}

fn of_settings(text: &str) -> String {
    rendered(Excerpt::of_settings, text)
}

/// Returns what stands above the carets, given that all characters are as wide as a letter.
fn above(rendered: &str) -> String {
    let lines: Vec<&str> = rendered.lines().collect();
    let [.., text, carets] = &lines[..] else {
        panic!("{rendered}");
    };
    let (start, n) = (carets.find('^'), carets.matches('^').count());
    let start = start.expect("a caret");
    text.chars().skip(start).take(n).collect()
}

/// Carets stand below the marked part of the line.
#[test]
fn carets_mark_the_span() {
    assert_eq!(
        of_settings("a = 1\nbc = ▸\"de\"◂ # f\ng = 2"),
        "  |\n2 | bc = \"de\" # f\n  |      ^^^^"
    );
    assert_eq!(
        of_settings("a = \"b▸\nc = 1"),
        "  |\n1 | a = \"b\n  |       ^",
        "at the end of a line"
    );
    assert_eq!(
        of_settings("a = ▸\"b\r\nc\"◂"),
        "  |\n1 | a = \"b\n  |     ^^",
        "up to the end of its first line"
    );
    assert_eq!(Excerpt::of_settings("a = 1\n\n", 6..6), None);
}

/// Carets stand below the right part of a masked line.
#[test]
fn carets_stay_right_in_masked_line() {
    let both = "{ url = \"s3://KEY:SECRET@b\", ▸regoin◂ = \"x\", endpoint = 'https://u:p@h' }";
    let shown = of_settings(both);
    assert!(shown.contains("s3://…@b\", regoin"), "{shown}");
    assert!(shown.contains("https://…@h"), "{shown}");
    assert_eq!(above(&shown), "regoin");
    let shown = of_settings("url = ▸\"s3://KEY:SECRET@b\"◂ # s");
    assert_eq!(above(&shown), "\"s3://…@b\"");
    let shown = of_settings("url = \"s3://KEY:SE▸CRET@b\" # s");
    assert_eq!(above(&shown), "…", "inside what isn't shown: {shown}");
    let shown = of_settings("password = ▸hunter2◂");
    assert_eq!(above(&shown), "…");
}

/// No part of a key is shown, wherever the marked place is in it.
#[test]
fn no_part_of_key_is_shown() {
    let key = "3f786850e387550fdab836ed7e6dc881de23001b8f0d4a7e";
    for at in 0..key.len() {
        let (before, behind) = key.split_at(at);
        let shown = of_settings(&format!("x = \"{before}▸{behind}\""));
        let parts = key
            .as_bytes()
            .windows(6)
            .map(|part| str::from_utf8(part).expect("hex"));
        for part in parts {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}

/// A string of several lines is not shown.
#[test]
fn multiline_strings_are_not_shown() {
    let text = "password = \"\"\"\nhunter2\\q\n\"\"\"";
    assert_eq!(Excerpt::of_settings(text, 22..24), None);
}

/// Control characters are escaped, and the carets stay right.
#[test]
fn control_characters_are_escaped() {
    let shown = of_settings("a\u{1b}[2J\u{202e}b = ▸\"c\u{7}\"◂");
    assert!(
        shown.contains(r#"a\u{1b}[2J\u{202e}b = "c\u{7}""#),
        "{shown}"
    );
    assert_eq!(above(&shown), r#""c\u{7}""#);
}

/// Tabs and wide characters count as wide as they are shown.
#[test]
fn carets_respect_character_width() {
    assert_eq!(
        of_settings("\ta = ▸1◂"),
        "  |\n1 |     a = 1\n  |         ^"
    );
    assert_eq!(
        of_settings("\"漢字\" = ▸1◂"),
        "  |\n1 | \"漢字\" = 1\n  |          ^",
        "each of them takes two columns"
    );
    assert_eq!(
        of_settings("\"e\u{301}\" = ▸1◂"),
        "  |\n1 | \"e\u{301}\" = 1\n  |       ^",
        "an accent takes none"
    );
}

/// A long line is cut around the marked part.
#[test]
fn long_line_is_cut_around_span() {
    let many = "a, ".repeat(1 << 16);
    for (before, behind) in [(&many[..], &many[..]), ("", &many), (&many, "")] {
        let text = format!("{before}▸here◂{behind}");
        let shown = rendered(Excerpt::of_document, &text);
        assert_eq!(above(&shown), "here");
        let line = shown.lines().nth(1).expect("the line");
        assert!(line.chars().count() <= 106, "{shown}");
        assert_eq!(line.contains("| …"), !before.is_empty(), "{shown}");
        assert_eq!(line.ends_with('…'), !behind.is_empty(), "{shown}");
    }
    let shown = rendered(Excerpt::of_document, &format!("▸{many}◂"));
    assert!(
        shown.lines().all(|line| line.chars().count() < 120),
        "{shown}"
    );
}

/// A key at the edge of the shown part is not shown.
#[test]
fn key_at_cut_is_not_shown() {
    let key = "3f786850e387550fdab836ed7e6dc881de23001b8f0d4a7e";
    let many = "b, ".repeat(30);
    for space in 1..60 {
        let text = format!("{many}{key}{}▸x◂ {many}", " ".repeat(space));
        let shown = rendered(Excerpt::of_document, &text);
        assert!(!shown.contains(&key[40..]), "{shown}");
    }
}
