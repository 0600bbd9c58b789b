//! Tests: paths of which a part isn't known.

use super::*;

/// A path with a gap in it gives a file name or a folder.
#[test]
fn built_path_is_name_or_folder() {
    for (path, hole, expected) in [
        ("v/seg-$n$.m4s?q", 6..9, Some(("v/seg-*.m4s", Place::Name))),
        ("$n$.mp4", 0..3, Some(("*.mp4", Place::Name))),
        ("$n$", 0..3, None),
        ("v/$r$/$n$.m4s", 2..9, Some(("v/", Place::Beginning))),
        ("v/$r$/1.m4s", 2..5, Some(("v/", Place::Beginning))),
        ("$r$/1.m4s", 0..3, None),
    ] {
        let mut found = Found::default();
        found.add_built(7, path, hole);
        assert_eq!(
            found.built,
            [Built {
                at: 7,
                text: path.to_string()
            }]
        );
        let mention = expected.map(|(text, place)| Mention {
            at: 7,
            text: text.to_string(),
            place,
            base: Base::Document,
        });
        assert_eq!(found.mentions, Vec::from_iter(mention), "{path}");
    }
    let mut found = Found::default();
    found.add_built(0, "https://x.example/$n$", 18..21);
    assert_eq!(found, Found::default());
}
