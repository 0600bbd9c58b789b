//! Builds that are remembered, until anything they are made of is another.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::base::path::LogicalPath;
use crate::base::progress::Progress;
use crate::cache::Cache;
use crate::naming::{build, build_with};
use crate::rules::{Rule, Rules};
use crate::tree::{ServedAt, Source, walk};

fn secret() -> Secret {
    Secret::new(&[7; 32]).expect("long enough")
}

fn site(folder: &Path) -> Tree {
    fs::create_dir_all(folder).expect("made");
    let page = r#"<a href="b.html">B</a><img src="gone.png">"#;
    fs::write(folder.join("a.html"), page).expect("written");
    fs::write(folder.join("b.html"), "<img src=c.svg>").expect("written");
    fs::write(folder.join("c.svg"), "<svg/>").expect("written");
    tree(folder)
}

fn tree(folder: &Path) -> Tree {
    let mut rule = Rule::new("*.html").expect("a glob");
    rule.dangling = Some(crate::rules::Dangling::Warn);
    walk(&[Source::new(folder)], &Rules::new(vec![rule], [].into()))
}

/// Returns the remembered build of `tree`.
fn remembered(cache: &Cache, tree: &Tree) -> Option<Build> {
    let memo = Memo::new(cache, tree, &secret());
    memo.seal(tree)
        .and_then(|seal| memo.whole(tree, &seal, &secret()))
}

fn told(build: &Build) -> String {
    format!("{build:#?}")
}

/// Makes sure that all of a build was remembered.
fn is_whole(known: &Build, tree: &Tree) {
    let anew = build(tree, &secret(), &Progress::new()).expect("publishable");
    assert_eq!(told(known), told(&anew));
    assert_eq!(known.warnings.len(), 1, "`gone.png`");
    assert!(known.objects[0].edits.is_some(), "and what is rewritten");
}

/// A build is remembered until anything it is made of changes.
#[test]
fn build_is_cached_until_input_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("site");
    let unchanged = site(&source);
    let cache = Cache::open(&folder.path().join("cache"), &source);
    let build_it =
        |tree: &Tree| build_with(&cache, tree, &secret(), &Progress::new()).expect("publishable");
    build_it(&unchanged);
    assert!(remembered(&cache, &unchanged).is_none(), "just written");
    std::thread::sleep(Duration::from_secs(4));
    build_it(&unchanged);

    let known = remembered(&cache, &unchanged).expect("nothing has changed");
    is_whole(&known, &unchanged);
    for (change, apply) in CHANGES {
        let mut changed = unchanged.clone();
        apply(&mut changed, &source);
        assert!(remembered(&cache, &changed).is_none(), "{change}");
    }
    let mut broken = unchanged.clone();
    broken.problems.push(Problem::new("a.html", "is broken"));
    assert!(remembered(&cache, &broken).is_none(), "something is wrong");
    assert!(remembered(&cache, &unchanged).is_some(), "still");

    fs::write(source.join("c.svg"), "<svg />").expect("written");
    assert!(remembered(&cache, &tree(&source)).is_none(), "written");
}

/// Something that changes a tree, which is in a folder.
type Change = fn(&mut Tree, &Path);

/// All that makes a build another one.
const CHANGES: [(&str, Change); 11] = [
    ("a file less", |tree, _| drop(tree.assets.pop())),
    ("the same file under another path", |tree, _| {
        tree.assets[2].path = path("d.svg");
    }),
    ("another file under the same path", |tree, source| {
        tree.assets[2].file = source.join("b.html");
    }),
    ("another rule", |tree, _| {
        let mut policy = (*tree.assets[2].policy).clone();
        Arc::make_mut(&mut policy.headers).cache_control = "no-store".to_string();
        tree.assets[2].policy = Arc::new(policy);
    }),
    ("a file that isn't listed", |tree, _| {
        tree.skipped.insert("x".into(), vec![path("gone.x")]);
    }),
    ("a file that is left out", |tree, _| {
        tree.left_out.push(path("gone.png"));
    }),
    ("a file that is left behind", |tree, _| {
        tree.left_behind.push(path("gone.png"));
    }),
    ("other prefixes", |tree, _| {
        tree.prefixes.push("/static/".to_string());
    }),
    ("another URL", |tree, _| {
        tree.public_url = Url::parse("https://cdn.example.org/").ok();
    }),
    ("another error page", |tree, _| {
        tree.error_pages.push("gone.html".to_string());
    }),
    ("another address", |tree, _| {
        tree.served_at.push(ServedAt {
            target: "prod".to_string(),
            url: Url::parse("https://cdn.example.org/").expect("a URL"),
        });
    }),
];

fn path(text: &str) -> LogicalPath {
    LogicalPath::parse(text).expect("valid")
}
