//! Tests: what looks like a path.

use super::*;

/// A path to a picture is recognised by its extension.
#[test]
fn picture_is_known_by_extension() {
    for path in ["a.png", "b/\u{e9}.JPG?v", "/c.webp#f"] {
        assert!(is_picture_path(path), "{path}");
    }
    for other in ["a.mp4", "png", ".png", "a.png b", "https://x.example/a.png"] {
        assert!(!is_picture_path(other), "{other}");
    }
}

/// File names are found in paths whose folder is unknown.
#[test]
fn names_after_unknown_folder_are_found() {
    use Piece::{Hole, Text};
    let found = |pieces: &[Piece]| names_in(pieces).join(" ");
    assert_eq!(found(&[Hole, Text("on.png")]), "on.png");
    assert_eq!(found(&[Hole, Text("/a/on.png?v=1")]), "a/on.png");
    assert_eq!(
        found(&[Text("<img src='"), Hole, Text("on.png' alt=''>")]),
        "on.png"
    );
    assert_eq!(found(&[Text("icon-"), Hole, Text(".png")]), "icon-*.png");
    assert_eq!(
        found(&[Hole, Text("/icon-"), Hole, Text("-big.png\"")]),
        "icon-*-big.png"
    );
    assert_eq!(found(&[Hole, Text("index"), Hole]), "index*");
    assert_eq!(found(&[Hole, Hole, Text(".js?v=2")]), "*.js");
}

/// Known folders and text that is no path yield no file names.
#[test]
fn other_built_texts_give_no_names() {
    use Piece::{Hole, Text};
    for nothing in [
        &[Text("on.png")][..],
        &[Text("index"), Hole],
        &[Hole, Text("row"), Hole],
        &[Hole, Text(" of 2"), Hole],
        &[Text("https://x.example/icon-"), Hole, Text(".png")],
        &[Hole, Text("and so on."), Hole],
        &[Text("img/"), Hole, Text(".png")],
    ] {
        assert_eq!(names_in(nothing), [""; 0], "{nothing:?}");
    }
}
