//! Messages with names of hidden files, as they are shown.

use super::*;
use crate::base::problem::SHOWN_BY;
use crate::levels::Level;

fn noted(files: &[(&str, &str, &[&str])]) -> Noted {
    let levels = Levels::new(vec![Level::new("end", "**/end/**").expect("a glob")]);
    let mut noted = Noted {
        by_name: levels.hidden_paths(true),
        levels,
        ..Noted::default()
    };
    for (level, path, names) in files {
        noted.note(level, path, Kind::Of, []);
        for name in *names {
            noted.note(level, path, Kind::Of, [name]);
        }
    }
    noted
}

#[track_caller]
fn shows(noted: &mut Noted, text: &str, shown: &str) {
    let finder = noted.finder().expect("something is hidden");
    assert_eq!(finder.replace(text), shown);
}

/// Every name of a hidden file is replaced, and no other name is.
#[test]
fn only_hidden_names_are_replaced() {
    let mut noted = noted(&[
        (
            "end",
            "fox/end/grapes.png",
            &["abcd234.png", "/srv/fox/end/grapes.png"],
        ),
        ("end", "fox/end/index.html", &[]),
        ("end", "fox/end/a \"b\" é.txt", &[]),
        ("open", "fox/index.html", &[]),
    ]);
    for (text, shown) in [
        (
            "upload \u{1b}[32mfox/end/grapes.png\u{1b}[0m (new)",
            "upload \u{1b}[32mend file 2 of 3\u{1b}[0m (new)",
        ),
        (
            "FOX/END/GRAPES.PNG:3:14: x:1",
            "end file 2 of 3, line 3, column 14: x:1",
        ),
        ("fox/end/grapes.png:3: x", "end file 2 of 3:3: x"),
        (
            "https://cdn/x/abcd234.png?a",
            "https://cdn/x/end file 2 of 3?a",
        ),
        ("`/srv/fox/end/grapes.png.gz`", "`end file 2 of 3.gz`"),
        (
            "fox/end/: grapes.png, index.html",
            "end folder 1 of 1/: end file 2 of 3, index.html",
        ),
        ("in fox/end", "in end folder 1 of 1"),
        ("fox/end/new.png", "end folder 1 of 1/new.png"),
        ("\"fox/end/a \\\"b\\\" é.txt\"", "\"end file 1 of 3\""),
        ("/fox/end/a%20%22b%22%20%C3%A9.txt", "/end file 1 of 3"),
        (
            "fox/index.html, sour-grapes.png, grapes.pngs, 1 held (end)",
            "fox/index.html, sour-grapes.png, grapes.pngs, 1 held (end)",
        ),
    ] {
        shows(&mut noted, text, shown);
    }
}

/// The name of a hidden file at the top is replaced only where it means that file.
#[test]
fn top_level_hidden_names_are_replaced() {
    let mut noted = noted(&[
        ("end", "index.html", &[]),
        ("end", "party", &[]),
        ("end", "end/cake.html", &[]),
        ("open", "fox/index.html", &[]),
    ]);
    for (text, shown) in [
        (
            "`index.html`, `fox/index.html`",
            "`end file 2 of 3`, `fox/index.html`",
        ),
        ("party, parties", "end file 3 of 3, parties"),
        (
            "the level end holds end/",
            "the level end holds end folder 1 of 1/",
        ),
    ] {
        shows(&mut noted, text, shown);
    }
}

/// Files that differ only in case have separate numbers.
#[test]
fn case_variants_get_separate_numbers() {
    let mut noted = noted(&[("end", "end/Fox.png", &[]), ("end", "end/fox.png", &[])]);
    shows(
        &mut noted,
        "end/fox.png end/Fox.png END/FOX.PNG Fox.png fox.png",
        "end file 2 of 2 end file 1 of 2 end file 1 of 2 end file 1 of 2 end file 2 of 2",
    );
}

/// A suggested line for the configuration says that it omits a hidden path.
#[test]
fn config_lines_omit_hidden_paths() {
    let mut noted = noted(&[("end", "end/a[1].png", &[]), ("end", "end/b.png", &[])]);
    let told = |n| format!("(the path of end file {n} of 2: {SHOWN_BY})");
    for (text, shown) in [
        (
            r#"`match = "a.png"` and `may_name = ["end/a[[]1[]].png"]` says"#,
            format!(r#"`match = "a.png"` and `may_name = [{}]` says"#, told(1)),
        ),
        (
            r#""may_name = [\"end/b.png\"]""#,
            format!(r#""may_name = [{}]""#, told(2)),
        ),
        (
            r#"set `also = ["x/**", 'end/b.png', "y"]`"#,
            format!(r#"set `also = ["x/**", {}, "y"]`"#, told(2)),
        ),
        (
            "match = 'end/**'\n",
            format!("match = (the path of end folder 1 of 1: {SHOWN_BY})\n"),
        ),
        (
            r#"{"path": "end/b.png", "a": ["end/b.png"]}"#,
            r#"{"path": "end file 2 of 2", "a": ["end file 2 of 2"]}"#.to_string(),
        ),
        (
            r#"  "end/b.png" -> "end/b.png";"#,
            r#"  "end file 2 of 2" -> "end file 2 of 2";"#.to_string(),
        ),
    ] {
        shows(&mut noted, text, &shown);
    }
}

/// A suggested command stops before a hidden path and says how to see all of it.
#[test]
fn commands_stop_before_hidden_paths() {
    let mut noted = noted(&[("end", "end/a b.png", &[]), ("end", "end/c.png", &[])]);
    for (text, shown) in [
        (
            "hint: `assetsync takedown prod x.png 'end/a b.png' end/c.png` removes them; see `end/c.png`",
            format!(
                "hint: `assetsync takedown prod x.png …` (for the full command, {SHOWN_BY}) removes them; see `end file 2 of 2`"
            ),
        ),
        (
            "`x` and `assetsync push --put-back=end/c.png`\n`end/c.png`",
            format!(
                "`x` and `assetsync push --put-back=…` (for the full command, {SHOWN_BY})\n`end file 2 of 2`"
            ),
        ),
        (
            "`assetsync audit` finds end/c.png",
            "`assetsync audit` finds end file 2 of 2".to_string(),
        ),
    ] {
        shows(&mut noted, text, &shown);
    }
}

/// Former files and unpublished files are counted separately.
#[test]
fn former_and_unpublished_counted_separately() {
    let mut noted = noted(&[("end", "end/a", &[]), ("open", "b.css", &[])]);
    noted.note("end", "end/notes.psd", Kind::Unpublished, []);
    noted.note("late", "late/x", Kind::Former, ["abcd345"]);
    noted.note("end", "b.css", Kind::Former, ["abcd456"]);
    noted.note("open", "end/once-open.html", Kind::Former, []);
    shows(
        &mut noted,
        "end/a end/notes.psd late/x abcd345 b.css end/once-open.html",
        "end file 1 of 1 unpublished end file 1 of 1 former late file 1 of 1 former late file 1 of 1 b.css former end file 1 of 1",
    );
}
