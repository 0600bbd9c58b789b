//! Other addresses and forms of names.

use super::*;

/// A path is known by what remains of it below each of its folders.
#[test]
fn path_is_known_by_its_tails() {
    let all: Vec<&str> = tails("puzzle/x/solution/a.png").collect();
    assert_eq!(
        all,
        [
            "puzzle/x/solution/a.png",
            "x/solution/a.png",
            "solution/a.png",
            "a.png"
        ]
    );
    assert_eq!(tails("a.png").collect::<Vec<_>>(), ["a.png"]);
    assert_eq!(tails("a/b/").collect::<Vec<_>>(), ["a/b/", "b/"]);
}

/// A path that is written without its extension is still known.
#[test]
fn path_without_extension_is_known() {
    assert_eq!(endless("a/b.c.html"), Some("a/b.c"));
    assert_eq!(endless("a/b.js"), Some("a/b"));
    assert_eq!(endless("a/b.png"), Some("a/b"));
    assert_eq!(endless("a/.htaccess"), None);
    assert_eq!(endless("a.d/b"), None);
}

/// The path of a picture is split at its extension.
#[test]
fn picture_is_split_at_extension() {
    assert_eq!(picture("a/b.c.PNG"), Some(("a/b.c", "PNG")));
    assert_eq!(picture("a/b.json"), None);
    assert_eq!(picture("a/b"), None);
}
