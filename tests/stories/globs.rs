//! Globs of any size and shape, wherever people write some: told of, and never a panic.

use proptest::prelude::*;

use crate::support::{Run, Site, rounds};

/// What no glob may be, and what is said of it.
fn too_large() -> [(String, &'static str); 5] {
    let nested = |depth: usize| format!("{}x{}", "{a,".repeat(depth), "}".repeat(depth));
    [
        (
            nested(126),
            "is nested too deeply for a glob: 126 levels of `{`, the maximum is 16",
        ),
        (
            nested(5_000),
            "is too long for a glob: 20001 bytes, the maximum is 16384",
        ),
        (
            "{,".repeat(8_000),
            "is nested too deeply for a glob: 8000 levels of `{`, the maximum is 16",
        ),
        (
            format!("{{{}}}", vec!["a"; 5_000].join(",")),
            "has too many alternatives for a glob: 5000, the maximum is 1024",
        ),
        (
            "?".repeat(300_000),
            "is too long for a glob: 300000 bytes, the maximum is 16384",
        ),
    ]
}

/// A site whose configuration has `lines` before its target.
fn site(lines: &str) -> Site {
    let site = Site::bare().file("a.png", "a");
    site.config(&format!("{lines}\n[target.local]\nurl = \"file:out\"\n"))
}

fn assert_told(run: &Run, place: &str, told: &str) {
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains(place), "no `{place}` in {run}");
    assert!(run.stderr.contains(told), "no `{told}` in {run}");
    assert!(run.stderr.len() < 1_000, "all of it is printed: {run}");
}

/// A glob that is too large is reported with its line and column.
#[test]
fn oversized_glob_shows_its_place() {
    for (glob, told) in too_large() {
        let rule = site(&format!("[[rule]]\nmatch = \"{glob}\"\n"));
        assert_told(&rule.run(&["push"]), "assetsync.toml:7:9: `", told);
        let level = site(&format!("[[level]]\nname = \"x\"\nmatch = \"{glob}\"\n"));
        assert_told(&level.run(&["push"]), "assetsync.toml:8:9: `", told);
        let pair = site(&format!(
            "[[rule]]\nmatch = \"*\"\nmay_name = [\"{glob}\"]\n"
        ));
        assert_told(&pair.run(&["push"]), "assetsync.toml:8:13: `", told);
    }
}

/// A placeholder that is too large is reported with its line and column.
#[test]
fn oversized_placeholder_shows_its_place() {
    for (glob, told) in too_large() {
        for (file, before) in [("a.js", "\nx = "), ("a.json", "\n[ ")] {
            let after = if file == "a.json" { "]" } else { "" };
            let text = format!("{before}\"$$ASSETS({glob})$$\"{after}");
            let site = Site::new().file("a.png", "a").file(file, text);
            let column = before.len();
            assert_told(
                &site.run(&["push"]),
                &format!("`{file}:2:{column}`: "),
                told,
            );
        }
    }
}

/// A pattern in an ignore file that is too large is reported with its line.
#[test]
fn oversized_ignore_pattern_shows_line() {
    for (glob, told) in too_large() {
        let site = Site::new().file("a.png", "a");
        let site = site.file(".assetsyncignore", format!("*.bak\n{glob}\n"));
        assert_told(&site.run(&["push"]), ".assetsyncignore:2:1`: `", told);
    }
    let site = Site::new().file("a.png", "a");
    let site = site.file(".assetsyncignore", format!("# {}\n", "{".repeat(30_000)));
    site.ok(&["push"]);
}

/// An ignore file that is not UTF-8 or is too large is reported.
#[test]
fn unreadable_ignore_file_is_reported() {
    let site = Site::new().file("a.png", "a");
    site.write(".assetsyncignore", b"*.bak\n\xff\xfe");
    assert_told(
        &site.run(&["push"]),
        ".assetsyncignore:2:1`: ",
        "isn't valid UTF-8: save it as UTF-8",
    );
    site.write(".assetsyncignore", "a\n".repeat(1 << 20));
    assert_told(
        &site.run(&["push"]),
        ".assetsyncignore`: ",
        "is larger than 1 MiB: check that it's the right file",
    );
}

/// More levels than can be told apart are an error.
#[test]
fn too_many_levels_are_an_error() {
    let level = |number| format!("[[level]]\nname = \"l{number}\"\nmatch = \"l{number}/**\"\n");
    let levels: String = (0..70_000).map(level).collect();
    assert_told(
        &site(&levels).run(&["push"]),
        "assetsync.toml:30007:8: ",
        "too many levels: the maximum is 10000",
    );
}

/// Text of the characters that mean something in globs.
fn patterns() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_string()),
        Just("}".to_string()),
        Just("{a,".to_string()),
        Just("[".to_string()),
        Just("[!".to_string()),
        Just("]".to_string()),
        Just("**".to_string()),
        Just("**/".to_string()),
        "[*?/,!^\\\\.a-c-]",
        any::<char>().prop_map(String::from),
    ];
    let pieces = prop::collection::vec(piece, 0..40);
    (pieces, 1usize..400).prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

proptest! {
    #![proptest_config(rounds(300))]

    #[test]
    fn no_pattern_panics(pattern in patterns(), path in "[a-c./]{0,20}") {
        if let Ok(glob) = assetsync::testing::glob::Glob::new(&pattern) {
            glob.is_match(&path);
        }
    }
}
