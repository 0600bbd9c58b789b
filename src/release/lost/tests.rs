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

#[test]
fn chunks_that_became_a_few_fewer_are_a_usual_change_and_half_of_them_are_not() {
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

#[test]
fn a_folder_that_is_gone_is_told_however_small_a_part_it_was() {
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

#[test]
fn a_page_with_a_folder_of_its_own_may_be_deleted() {
    let before = [paths("{}/index.html", 0..10)];
    let now = [paths("{}/index.html", 0..9)];
    assert!(!lost(&before, &now).is_too_much());
}

#[test]
fn the_last_file_of_a_type_is_a_whole_type() {
    let before = [paths("{}.html", 0..100), paths("css/site.css", 0..1)];
    let now = [paths("{}.html", 0..100)];
    let lost = lost(&before, &now);
    assert!(lost.is_too_much());
    assert_eq!(lost.types, ["css"]);
    assert!(lost.folders.is_empty(), "{lost:?}");
}

#[test]
fn a_type_is_the_same_in_capitals() {
    let before = [paths("{}.html", 0..3), paths("{}.JPG", 0..9)];
    let now = [paths("{}.html", 0..3), paths("{}.jpg", 0..9)];
    assert_eq!(lost(&before, &now).lost, 0);
}

#[test]
fn a_site_that_moved_to_other_folders_is_asked_about() {
    let before = [paths("img/{}.png", 0..9), paths("{}.html", 0..9)];
    let now = [paths("assets/img/{}.png", 0..9), paths("{}.html", 0..9)];
    let lost = lost(&before, &now);
    assert!(lost.is_too_much());
    assert_eq!((lost.lost, lost.folders), (9, vec!["img"]));
}

#[test]
fn a_folder_that_is_called_after_the_build_may_be_another_one() {
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

#[test]
fn a_folder_with_a_name_that_people_gave_it_is_not_another_one() {
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

#[test]
fn nothing_is_lost_of_nothing_and_a_fifth_is_not_over_a_fifth() {
    assert!(!Lost::new(&[], &[], &["a.html"]).is_too_much());
    let before = [paths("{}.html", 0..10)];
    assert!(!lost(&before, &[paths("{}.html", 0..8)]).is_too_much());
    assert!(lost(&before, &[paths("{}.html", 0..7)]).is_too_much());
}

#[test]
fn what_has_no_extension_is_a_type_too() {
    assert_eq!(group("CNAME"), ("", String::new()));
    assert_eq!(group("a/.htaccess"), ("a", String::new()));
    assert_eq!(group("a.b/c.tar.GZ"), ("a.b", "gz".to_string()));
}
