//! Tests: what tools, systems and people leave behind.

use super::*;

fn of(path: &str) -> Option<Junk> {
    marks(path).next().map(|mark| mark.junk)
}

#[test]
fn hidden_files_are_known_by_name() {
    for path in [
        ".fleet/run.json",
        "round/.obsidian/app.json",
        ".well-known/.cache/a.txt",
        ".stylelintrc.json",
        ".Trash-1000/files/a.html",
    ] {
        assert_eq!(of(path), Some(Junk::Hidden), "{path}");
    }
}

/// Folders that tools leave behind are recognised by name.
#[test]
fn tool_folders_are_known_by_name() {
    for path in [
        "node_modules/three/three.js",
        "tools/__pycache__/a.html",
        "__MACOSX/img/a.png",
        "_vti_cnf/index.html",
    ] {
        assert_eq!(of(path), Some(Junk::Tool), "{path}");
    }
}

#[test]
fn copies_are_known_by_name() {
    for path in [
        "Copy of map.png",
        "Copy (2) of map.png",
        "round/Kopie von map.png",
        "map - Copy.html",
        "map - Copy (3).html",
        "map (copy).html",
        "map (4th copy).html",
        "map.old.html",
        "app.BAK.js",
        "style.min.backup.css",
        "map (Jo's conflicted copy 2026-02-03).html",
        "map (conflicted copy 2026-02-03 101112).html",
        "map (Case Conflict 1).html",
        "map [Conflict].html",
        "map_conflict-20260203-101112.html",
        "map.sync-conflict-20260203-101112-ABCDEFG.html",
        "map_REMOTE_4711.html",
    ] {
        assert_eq!(of(path), Some(Junk::Copy), "{path}");
    }
}

#[test]
fn titles_and_numbers_are_not_junk() {
    for path in [
        ".well-known/security.txt",
        "old/index.html",
        "old.html",
        "the.old.man.html/index.html",
        "very-old.html",
        "copyright.html",
        "Copycat.html",
        "the conflict.html",
        "photo (1).jpg",
        "...html",
        "team/.gulls.html",
        ".png",
        "map (north).html",
        "LOCAL_12.html",
        "node_modules.html",
        "a.b.c.js",
        "venv.html",
    ] {
        assert_eq!(of(path), None, "{path}");
    }
}

#[test]
fn a_numbered_copy_has_an_original() {
    for (path, expected) in [
        ("a/map (1).html", Some("a/map.html")),
        ("map(2).pdf", Some("map.pdf")),
        ("map copy.js", Some("map.js")),
        ("map copy 12.js", Some("map.js")),
        ("photo (1).jpg", None),
        ("map (north).html", None),
        (" copy.html", None),
        ("map", None),
    ] {
        assert_eq!(original(path).as_deref(), expected, "{path}");
    }
}

/// A junk file is reported with its top folder and the path without its mark.
#[test]
fn junk_has_top_and_clean_path() {
    let tell = |path: &str| {
        let mark = marks(path).next().expect("a junk");
        (mark.top(path).to_string(), mark.unmarked(path))
    };
    let told = |top: &str, unmarked: &str| (top.to_string(), unmarked.to_string());
    assert_eq!(tell("a/.idea/b/c.xml"), told("a/.idea/", "a/idea/b/c.xml"));
    assert_eq!(
        tell("node_modules/a/node_modules/b.js"),
        told("node_modules/", "x/a/x/b.js")
    );
    assert_eq!(tell("a/map.old.html"), told("a/map.old.html", "a/x.html"));
}
