//! What visitors lose by a release: files that are gone with nothing new in their place. A bundler gives every chunk another name
//! with each build, so names alone tell nothing: what counts is how many there are in a folder, of a type. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many files may be lost, in percent.
const LOST_MAX_PERCENT: u64 = 20;

/// A folder of fewer files isn't told from a file that was deleted.
const FOLDER_FILES_MIN: u64 = 2;

/// What a build is called has so many characters: a short commit, or `hQ8V0Tk2fZ1mDhq3sYbXe`.
const BUILD_CHARS_MIN: usize = 8;

/// So many, if nothing but its length tells it from a word.
const LONG_BUILD_CHARS_MIN: usize = 16;

/// Files of one folder and type that are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss<'a> {
    /// Without the slash at its end; empty at the top.
    pub folder: &'a str,
    /// The extension in small letters; empty if there's none.
    pub extension: String,
    /// How many there were.
    pub before: u64,
    /// How many are gone, without those that a new one stands for.
    pub lost: u64,
}

/// What is lost of a number of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost<'a> {
    /// How many files there were.
    pub before: u64,
    /// How many of them are lost.
    pub lost: u64,
    /// By folder and type.
    pub losses: Vec<Loss<'a>>,
    /// Folders that are lost with all that was in them, without those inside of them.
    pub folders: Vec<&'a str>,
    /// Extensions that no file has any more.
    pub types: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    kept: u64,
    gone: u64,
    new: u64,
    lost: u64,
}

impl Count {
    fn before(self) -> u64 {
        self.kept + self.gone
    }

    fn now(self) -> u64 {
        self.kept + self.new
    }

    /// New files that stand for none of the same folder and type.
    fn spare(self) -> u64 {
        self.new.saturating_sub(self.gone)
    }
}

/// By folder and extension.
type Groups<'a> = BTreeMap<(&'a str, String), Count>;

impl<'a> Lost<'a> {
    /// Of files of which these paths are gone, kept and new.
    pub fn new(gone: &[&'a str], kept: &[&'a str], new: &[&'a str]) -> Lost<'a> {
        let before = (gone.len() + kept.len()) as u64;
        if gone.is_empty() {
            return Lost {
                before,
                ..Lost::default()
            };
        }
        let mut groups = Groups::new();
        for path in gone {
            groups.entry(group(path)).or_default().gone += 1;
        }
        for path in kept {
            groups.entry(group(path)).or_default().kept += 1;
        }
        for path in new {
            groups.entry(group(path)).or_default().new += 1;
        }
        for count in groups.values_mut() {
            count.lost = count.gone.saturating_sub(count.new);
        }
        forgive_renamed_folders(&mut groups);
        let loss = |((folder, extension), count): (&(&'a str, String), &Count)| {
            (count.lost > 0).then(|| Loss {
                folder,
                extension: extension.clone(),
                before: count.before(),
                lost: count.lost,
            })
        };
        Lost {
            before,
            lost: groups.values().map(|count| count.lost).sum(),
            losses: groups.iter().filter_map(loss).collect(),
            folders: lost_folders(&groups),
            types: lost_types(&groups),
        }
    }

    /// Whether that is more than a usual change: over a fifth of the files, a whole folder, or a whole type.
    pub fn is_too_much(&self) -> bool {
        self.lost * 100 > self.before * LOST_MAX_PERCENT
            || !self.folders.is_empty()
            || !self.types.is_empty()
    }
}

/// Folder and extension.
fn group(path: &str) -> (&str, String) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let extension = match name.rfind('.') {
        Some(dot) if dot > 0 => name[dot + 1..].to_lowercase(),
        _ => String::new(),
    };
    (folder, extension)
}

/// Some bundlers name a folder after the build or version. What is in such a folder that is new stands for what was in one that isn't
/// there any more.
fn forgive_renamed_folders(groups: &mut Groups<'_>) {
    let mut folders: HashMap<&str, Count> = HashMap::new();
    for ((folder, _), count) in groups.iter() {
        let all = folders.entry(folder).or_default();
        all.kept += count.kept;
        all.gone += count.gone;
        all.new += count.new;
    }
    let is_new = |folder: &str| folders[folder].before() == 0;
    let is_gone = |folder: &str| folders[folder].now() == 0;
    let mut spare: HashMap<(String, String), u64> = HashMap::new();
    for ((folder, extension), count) in groups.iter() {
        if let (true, Some(pattern)) = (is_new(folder), without_builds(folder)) {
            *spare.entry((pattern, extension.clone())).or_default() += count.spare();
        }
    }
    for ((folder, extension), count) in groups.iter_mut() {
        let pattern = is_gone(folder).then(|| without_builds(folder)).flatten();
        let key = pattern.map(|pattern| (pattern, extension.clone()));
        if let Some(spare) = key.and_then(|key| spare.get_mut(&key)) {
            let found = count.lost.min(*spare);
            *spare -= found;
            count.lost -= found;
        }
    }
}

/// A folder's path with `*` for what may be a build's or a version's name; none if nothing is.
fn without_builds(folder: &str) -> Option<String> {
    let parts: Vec<&str> = folder
        .split('/')
        .map(|part| if is_of_a_build(part) { "*" } else { part })
        .collect();
    parts.contains(&"*").then(|| parts.join("/"))
}

/// Whether a part of a path is called after a build or a version, as `3f9c2ab1`, `BRnx2Cq9` or `v1.2.3` are. `round-2` isn't: people
/// look for it.
fn is_of_a_build(part: &str) -> bool {
    let numbers: Vec<&str> = part.strip_prefix('v').unwrap_or(part).split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if numbers.len() > 1 && numbers.iter().all(is_number) {
        return true;
    }
    let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    let all = |is: fn(&u8) -> bool| part.as_bytes().iter().all(is);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_hex = all(|b| b.is_ascii_hexdigit() || *b == b'-');
    all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
        && match has(u8::is_ascii_digit) {
            true if is_hex || is_mixed => part.len() >= BUILD_CHARS_MIN,
            true => part.len() >= LONG_BUILD_CHARS_MIN && all(u8::is_ascii_alphanumeric),
            false => part.len() >= LONG_BUILD_CHARS_MIN && is_mixed,
        }
}

/// The topmost folders of which nothing is left, below them neither.
fn lost_folders<'a>(groups: &Groups<'a>) -> Vec<&'a str> {
    let mut folders: BTreeMap<&str, Count> = BTreeMap::new();
    for ((folder, _), count) in groups {
        for folder in ancestors(folder) {
            let all = folders.entry(folder).or_default();
            all.kept += count.kept;
            all.new += count.new;
            all.gone += count.gone;
            all.lost += count.lost;
        }
    }
    let is_lost = |count: &Count| {
        count.now() == 0 && count.lost == count.before() && count.lost >= FOLDER_FILES_MIN
    };
    let lost: BTreeSet<&str> = folders
        .iter()
        .filter(|(_, count)| is_lost(count))
        .map(|(folder, _)| *folder)
        .collect();
    let is_topmost = |folder: &&str| !ancestors(folder).skip(1).any(|outer| lost.contains(outer));
    lost.iter().copied().filter(is_topmost).collect()
}

/// A folder, and all that it's in but the top.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    let first = (!folder.is_empty()).then_some(folder);
    std::iter::successors(first, |folder| {
        folder.rsplit_once('/').map(|(outer, _)| outer)
    })
}

fn lost_types(groups: &Groups<'_>) -> Vec<String> {
    let mut types: BTreeMap<&String, Count> = BTreeMap::new();
    for ((_, extension), count) in groups {
        let all = types.entry(extension).or_default();
        all.kept += count.kept;
        all.new += count.new;
        all.lost += count.lost;
    }
    let lost = types
        .into_iter()
        .filter(|(_, count)| count.now() == 0 && count.lost > 0);
    lost.map(|(extension, _)| extension.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{a,b}` of several names.
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
}
