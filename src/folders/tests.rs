//! Keyed folders around a path.

use super::*;

fn folders(patterns: &[&str]) -> Folders {
    let folder = |pattern: &&str| Folder {
        matches: Glob::new(pattern).expect("a glob"),
    };
    Folders::new(patterns.iter().map(folder).collect())
}

/// Each pattern counts from its outermost folder, and the innermost of all wins.
#[test]
fn innermost_matching_folder_counts() {
    let (image, gears) = ("puzzle/gears/img/1.png", Some("puzzle/gears"));
    let (script, app) = ("puzzle/gears/app/x.js", Some("puzzle/gears/app"));
    for (patterns, path, around) in [
        (&["puzzle/*"][..], image, gears),
        (&["puzzle/*"], "puzzle/index.html", None),
        (&["puzzle/**"], image, gears),
        (&["puzzle"], "puzzle/gears/1.png", Some("puzzle")),
        (&["puzzle", "**/app"], script, app),
        (&["puzzle/gears/app", "puzzle"], script, app),
        (&["."], "index.html", Some("")),
        (&[".", "app"], "app/x.js", Some("app")),
        (&[], "puzzle/gears/1.png", None),
    ] {
        assert_eq!(
            folders(patterns).around(path),
            around,
            "{patterns:?} {path}"
        );
    }
}

#[test]
fn what_matches_no_folder_is_told() {
    let paths = ["puzzle/gears/1.png", "index.html"];
    let folders = folders(&["puzzle/*", "puzzel/*", "index.html"]);
    assert_eq!(
        folders.unused(paths.into_iter()),
        ["puzzel/*", "index.html"]
    );
}
