//! Other addresses and forms of names.

use super::*;

#[test]
fn a_path_is_called_by_what_is_left_of_it_from_each_folder() {
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

#[test]
fn what_is_written_without_its_ending_is_known_by_it() {
    assert_eq!(endless("a/b.c.html"), Some("a/b.c"));
    assert_eq!(endless("a/b.js"), Some("a/b"));
    assert_eq!(endless("a/b.png"), Some("a/b"));
    assert_eq!(endless("a/.htaccess"), None);
    assert_eq!(endless("a.d/b"), None);
}

#[test]
fn a_picture_is_known_by_its_ending() {
    assert_eq!(picture("a/b.c.PNG"), Some(("a/b.c", "PNG")));
    assert_eq!(picture("a/b.json"), None);
    assert_eq!(picture("a/b"), None);
}
