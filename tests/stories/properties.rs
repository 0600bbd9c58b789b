//! What holds of every tree, not just of those in the stories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::support::memory::Memory;
use assetsync::testing::{Step, Store};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::Site;
use crate::support::library::{built, push, steps};

type Files = BTreeMap<String, Vec<u8>>;

/// Paths of up to three folders, in a style that never makes two of them the same on some system,
/// with contents that are empty, small, large, compressible or not.
fn files() -> impl Strategy<Value = Files> {
    let part = "[a-z0-9é五🐘+#?% ]{1,8}";
    let path = (
        vec(part, 0..3),
        part,
        "(html|css|js|json|png|mp3|svg|woff2|txt)",
    )
        .prop_map(|(folders, stem, extension)| {
            // A final letter for folders and none for files: no name is both.
            let folders: String = folders
                .iter()
                .map(|folder| format!("{}_/", folder.trim()))
                .collect();
            format!("{folders}{}x.{extension}", stem.trim())
        });
    let content = prop_oneof![
        vec(any::<u8>(), 0..200),
        ("[a-z ]{1,20}", 1usize..400).prop_map(|(text, n)| text.repeat(n).into_bytes()),
        (any::<u8>(), 20_000usize..70_000)
            .prop_map(|(byte, n)| (0..n).map(|i| byte.wrapping_mul(i as u8)).collect()),
    ];
    btree_map(path, content, 1..12)
}

fn site(files: &Files) -> Site {
    let config = r#"
        [[rule]]
        match = "**/*.html"
        names = "plain"
        [[rule]]
        match = "**/*.svg"
        names = "readable"
        # Any bytes are no JSON.
        [[rule]]
        match = "**/*.{json,svg}"
        rewrite = false
        [target.local]
        url = "file:out"
    "#;
    files
        .iter()
        .fold(Site::new().config(config), |site, (path, content)| {
            site.file(path, content)
        })
}

fn keys(site: &Site) -> BTreeMap<String, String> {
    built(site)
        .objects
        .iter()
        .map(|object| (object.path.to_string(), object.key.to_string()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// After a push there is nothing left to do.
    #[test]
    fn push_leaves_nothing_to_do(files in files()) {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let site = site(&files);
        prop_assert!(push(&site, &store).is_complete());
        prop_assert!(steps(&built(&site), &*store).iter().all(|(_, step)| *step == Step::Keep));
    }

    #[test]
    fn changing_one_file_changes_one_name(files in files(), which in any::<Index>(), addition in vec(any::<u8>(), 1..9)) {
        let site = site(&files);
        let before = keys(&site);
        let (path, content) = which.get(&files.iter().collect::<Vec<_>>()).to_owned();
        site.write(path, [content.as_slice(), &addition].concat());
        let after = keys(&site);
        let changed: Vec<&String> = before.keys().filter(|path| before[*path] != after[*path]).collect();
        let expected = if path.ends_with(".html") { vec![] } else { vec![path] };
        prop_assert_eq!(changed, expected);
    }

    /// Files with the same content get different names.
    #[test]
    fn equal_contents_get_different_names(files in files()) {
        let same: Files = files.into_keys().map(|path| (path, b"the same in every file".to_vec())).collect();
        let keys = keys(&site(&same));
        prop_assert_eq!(keys.values().collect::<BTreeSet<_>>().len(), keys.len());
    }

    /// Names depend neither on threads, nor on folders, nor on the order of writing.
    #[test]
    fn names_ignore_threads_folders_and_order(files in files()) {
        let here = site(&files);
        let elsewhere = Site::new().config(&std::fs::read_to_string(here.path("assetsync.toml")).expect("readable")
            .split_once("[[rule]]").map(|(_, rules)| format!("[[rule]]{rules}")).expect("it has rules"));
        files.iter().rev().for_each(|(path, content)| elsewhere.write(path, content));
        let with_threads = |threads, site: &Site| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| keys(site))
        };
        prop_assert_eq!(with_threads(1, &here), with_threads(16, &elsewhere));
    }
}

/// Files, and whether their names are plain; which refers to which.
type Graph = (Vec<(String, bool)>, Vec<(usize, usize)>);

/// Up to nine files in some folders, and which refers to which: often in circles.
fn graph() -> impl Strategy<Value = Graph> {
    let file = (
        prop_oneof![Just(""), Just("a/"), Just("a/b c/"), Just("é/")],
        any::<bool>(),
    );
    vec(file, 1..9).prop_flat_map(|files| {
        let count = files.len();
        let named = files.into_iter().enumerate().map(|(n, (folder, plain))| {
            (
                format!("{folder}{n}{}.html", if plain { "p" } else { "" }),
                plain,
            )
        });
        (Just(named.collect()), vec((0..count, 0..count), 0..16))
    })
}

fn page(files: &[(String, bool)], links: &[(usize, usize)], file: usize, content: &str) -> String {
    let up = "../".repeat(files[file].0.matches('/').count());
    let to = links
        .iter()
        .filter(|(from, _)| *from == file)
        .map(|(_, to)| format!("<a href=\"{up}{}?q#f\">x</a>", files[*to].0));
    format!("<p>{content}{}", to.collect::<String>())
}

fn linked_site(files: &[(String, bool)], links: &[(usize, usize)]) -> Site {
    let config =
        "[[rule]]\nmatch = \"**/*p.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    (0..files.len()).fold(Site::new().config(config), |site, n| {
        site.file(&files[n].0, page(files, links, n, ""))
    })
}

/// Which files have names that depend on what `changed` holds: those from which a way leads to it
/// on which all but the first have names that depend on content.
fn dependents(
    files: &[(String, bool)],
    links: &[(usize, usize)],
    changed: usize,
) -> BTreeSet<String> {
    let mut reached = BTreeSet::from([changed]);
    while let Some((from, _)) = links
        .iter()
        .find(|(from, to)| reached.contains(to) && !files[*to].1 && !reached.contains(from))
    {
        reached.insert(*from);
    }
    reached
        .into_iter()
        .filter(|n| !files[*n].1)
        .map(|n| files[n].0.clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Changing a page renames exactly the pages that lead to it.
    #[test]
    fn change_renames_exactly_its_dependents((files, links) in graph(), which in any::<Index>()) {
        let site = linked_site(&files, &links);
        let before = keys(&site);
        let changed = which.index(files.len());
        site.write(&files[changed].0, page(&files, &links, changed, "changed"));
        let after = keys(&site);
        let renamed: BTreeSet<String> = before.keys().filter(|path| before[*path] != after[*path]).cloned().collect();
        prop_assert_eq!(renamed, dependents(&files, &links, changed));
    }

    /// Every link leads to the object of its file.
    #[test]
    fn every_link_resolves_to_its_object((files, links) in graph()) {
        let site = linked_site(&files, &links);
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        prop_assert!(push(&site, &store).is_complete());
        site.ok(&["push", "-q"]);
        let (objects, keys) = (site.published("out"), keys(&site));
        for (n, (path, _)) in files.iter().enumerate() {
            let text = String::from_utf8_lossy(&objects[&keys[path]]).into_owned();
            let own = url::Url::parse("https://example.org/").expect("a URL").join(&encoded(&keys[path])).expect("a key");
            let found: Vec<String> = text.split("href=\"").skip(1).map(|rest| {
                let url = own.join(rest.split('"').next().expect("a quote")).expect("a URL");
                assert_eq!((url.query(), url.fragment()), (Some("q"), Some("f")));
                percent_encoding::percent_decode_str(url.path()).decode_utf8().expect("UTF-8").trim_start_matches('/').to_string()
            }).collect();
            let expected: Vec<String> = links.iter().filter(|(from, _)| *from == n).map(|(_, to)| keys[&files[*to].0].clone()).collect();
            prop_assert_eq!(found, expected);
        }
    }

    /// Pages in a reference cycle get the same names on any number of threads.
    #[test]
    fn cyclic_names_ignore_thread_count((files, links) in graph()) {
        let site = linked_site(&files, &links);
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| keys(&site))
        };
        prop_assert_eq!(with_threads(1), with_threads(16));
    }
}

fn encoded(key: &str) -> String {
    const ENCODED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'.');
    percent_encoding::utf8_percent_encode(key, ENCODED).to_string()
}
