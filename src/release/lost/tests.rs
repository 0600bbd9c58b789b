//! Builds that lose files, from usual changes to an empty folder.

use super::*;

/// Returns the pattern with each of the numbers in place of `{}`.
fn paths(pattern: &str, numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers
        .map(|n| pattern.replace("{}", &n.to_string()))
        .collect()
}

fn lost<'a>(before: &'a [Vec<String>], now: &'a [Vec<String>]) -> Lost<'a> {
    let all = |lists: &'a [Vec<String>]| -> Vec<&'a str> {
        lists.iter().flatten().map(String::as_str).collect()
    };
    let (before, now) = (all(before), all(now));
    let pick = |from: &[&'a str], is: &dyn Fn(&str) -> bool| -> Vec<&'a str> {
        from.iter().copied().filter(|path| is(path)).collect()
    };
    Lost::new(
        &pick(&before, &|path| !now.contains(&path)),
        &pick(&before, &|path| now.contains(&path)),
        &pick(&now, &|path| !before.contains(&path)),
    )
}

#[test]
fn a_bundler_may_rename_every_chunk() {
    let before = [paths("assets/index-{}a.js", 0..30), paths("{}.html", 0..3)];
    let now = [paths("assets/index-{}b.js", 0..30), paths("{}.html", 0..3)];
    let lost = lost(&before, &now);
    assert_eq!((lost.lost, lost.is_too_much()), (0, false), "{lost:?}");
}

/// Renamed chunks may become a few fewer, but losing over a fifth is too much.
#[test]
fn loss_above_fifth_is_too_much() {
    let before = [paths("assets/{}-a.js", 0..30), paths("{}.html", 0..10)];
    let of = |chunks| [paths("assets/{}-b.js", 0..chunks), paths("{}.html", 0..10)];
    assert!(!lost(&before, &of(22)).is_too_much(), "8 of 40");
    assert!(lost(&before, &of(21)).is_too_much(), "9 of 40");
}

#[test]
fn scripts_do_not_stand_for_images() {
    let before = [paths("img/{}.png", 0..40), paths("js/{}.js", 0..10)];
    let now = [paths("img/{}.png", 0..20), paths("js/{}.js", 0..30)];
    let lost = lost(&before, &now);
    assert!(lost.is_too_much());
    let loss = Loss {
        folder: "img",
        extension: "png".to_string(),
        before: 40,
        lost: 20,
    };
    assert_eq!((lost.lost, lost.losses), (20, vec![loss]));
    assert!(lost.folders.is_empty() && lost.types.is_empty());
}

#[test]
fn nor_do_images_of_another_folder() {
    let before = [paths("a/{}.png", 0..40), paths("b/{}.png", 0..40)];
    let now = [paths("a/{}.png", 0..5), paths("b/{}.png", 0..75)];
    assert_eq!(lost(&before, &now).lost, 35);
}

/// A folder that is gone is reported however small its share is.
#[test]
fn lost_folder_is_reported() {
    let before = [
        paths("{}.html", 0..100),
        paths("puzzle/gears/{}.html", 0..2),
        paths("puzzle/gears/img/{}.html", 0..1),
        paths("puzzle/cogs/{}.html", 0..2),
    ];
    let now = [paths("{}.html", 0..100), paths("puzzle/cogs/{}.html", 0..2)];
    let lost = lost(&before, &now);
    assert!(lost.is_too_much());
    assert_eq!((lost.lost, lost.folders), (3, vec!["puzzle/gears"]));
}

/// A page that has a folder of its own may be deleted.
#[test]
fn single_page_folder_may_be_deleted() {
    let before = [paths("{}/index.html", 0..10)];
    let now = [paths("{}/index.html", 0..9)];
    assert!(!lost(&before, &now).is_too_much());
}

/// Losing the last file of a type counts as losing the whole type.
#[test]
fn last_file_counts_as_whole_type() {
    let before = [paths("{}.html", 0..100), paths("css/site.css", 0..1)];
    let now = [paths("{}.html", 0..100)];
    let lost = lost(&before, &now);
    assert!(lost.is_too_much());
    assert_eq!(lost.types, ["css"]);
    assert!(lost.folders.is_empty(), "{lost:?}");
}

/// File types are compared without regard to case.
#[test]
fn file_types_ignore_case() {
    let before = [paths("{}.html", 0..3), paths("{}.JPG", 0..9)];
    let now = [paths("{}.html", 0..3), paths("{}.jpg", 0..9)];
    assert_eq!(lost(&before, &now).lost, 0);
}

/// A site that moves to other folders counts as losing too much.
#[test]
fn moved_folder_is_too_much() {
    let before = [paths("img/{}.png", 0..9), paths("{}.html", 0..9)];
    let now = [paths("assets/img/{}.png", 0..9), paths("{}.html", 0..9)];
    let lost = lost(&before, &now);
    assert!(lost.is_too_much());
    assert_eq!((lost.lost, lost.folders), (9, vec!["img"]));
}

/// A folder that is named after a build may be replaced by another one.
#[test]
fn build_named_folder_may_be_replaced() {
    for (old, new) in [
        ("hQ8V0Tk2fZ1mDhq3sYbXe", "Zp0aLMtW3rk9xQvBnYc7U"),
        ("hQoVaTkbfZimDhqcsYbXe", "ZpoaLMtWcrkixQvBnYcdU"),
        ("3f9c2ab1", "77e0d1c4"),
        ("BRnx2Cq9", "Dk3x_0aZ"),
        ("k3v9qd1m2x7w4p8z", "q8w2n5c7r1t6y3u9"),
        ("v1.2.3", "v1.2.4"),
    ] {
        let of = |build: &str| {
            let files = paths(&format!("_next/static/{build}/{{}}.js"), 0..2);
            [files, paths("_next/static/chunks/{}.js", 0..3)]
        };
        let (before, now) = (of(old), of(new));
        let lost = lost(&before, &now);
        assert_eq!((lost.lost, lost.is_too_much()), (0, false), "{old} {new}");
    }
    let before = [paths("3f9c2ab1/{}.js", 0..3), paths("{}.html", 0..50)];
    let now = [paths("77e0d1c4/{}.css", 0..3), paths("{}.html", 0..50)];
    assert!(
        lost(&before, &now).is_too_much(),
        "other types stand for nothing"
    );
}

/// A folder that people named is not replaced by one with another name.
#[test]
fn human_named_folder_is_not_replaced() {
    for (old, new) in [
        ("round-1", "round-2"),
        ("hunt-2026", "hunt-2027"),
        ("images", "pictures"),
        ("TheGreatMachine", "TheSmallMachine"),
    ] {
        let of = |folder: &str| {
            [
                paths(&format!("{folder}/{{}}.html"), 0..3),
                paths("{}.html", 0..50),
            ]
        };
        let (before, now) = (of(old), of(new));
        assert_eq!(lost(&before, &now).folders, [old]);
    }
}

#[test]
fn an_empty_build_loses_everything() {
    let before = [paths("{}.html", 0..3)];
    let lost = lost(&before, &[]);
    assert_eq!((lost.lost, lost.before), (3, 3));
    assert!(lost.is_too_much());
}

/// An empty release loses nothing, and losing exactly a fifth is fine.
#[test]
fn loss_of_exactly_fifth_is_fine() {
    assert!(!Lost::new(&[], &[], &["a.html"]).is_too_much());
    let before = [paths("{}.html", 0..10)];
    assert!(!lost(&before, &[paths("{}.html", 0..8)]).is_too_much());
    assert!(lost(&before, &[paths("{}.html", 0..7)]).is_too_much());
}

/// Files without an extension form a type of their own.
#[test]
fn missing_extension_is_a_type() {
    assert_eq!(group("CNAME"), ("", String::new()));
    assert_eq!(group("a/.htaccess"), ("a", String::new()));
    assert_eq!(group("a.b/c.tar.GZ"), ("a.b", "gz".to_string()));
}
