//! What a push does, what it leaves alone, and what it says.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use crate::support::memory::{Call, Memory};
use assetsync::testing::store::{PutMode, StoreErrorKind};
use assetsync::testing::{Reason, Step, Store};

use crate::support::library::{block_on, built, push, push_build, steps};
use crate::support::{Site, gunzip};

/// Plain pages, keyed everything else.
fn hunt() -> Site {
    Site::new()
        .config(
            r#"
            [[rule]]
            match = "**/*.html"
            names = "plain"
            [target.local]
            url = "file:out"
            "#,
        )
        .file("index.html", "<h1>Welcome, solvers</h1>".repeat(20))
        .file("puzzle/gears/main.js", "let teeth = 12;\n".repeat(50))
        .file("puzzle/gears/img/a.png", b"\x89PNG\r\n\x1a\n a")
        .file("puzzle/gears/img/b.png", b"\x89PNG\r\n\x1a\n b")
}

fn memory() -> (Arc<Memory>, Arc<dyn Store>) {
    let memory = Arc::new(Memory::new());
    (Arc::clone(&memory), memory)
}

/// A push reports what it did, and the second one has nothing to do.
#[test]
fn second_push_has_nothing_to_do() {
    let site = hunt();
    insta::assert_snapshot!("first", site.run(&["push"]));
    let before = site.published("out");
    insta::assert_snapshot!("second", site.run(&["push"]));
    assert_eq!(site.published("out"), before);
}

/// A second push sends one listing and writes nothing.
#[test]
fn second_push_only_lists() {
    let (memory, store) = memory();
    let site = hunt();
    assert_eq!(push(&site, &store).uploaded.objects, 4);
    memory.clear_calls();
    let report = push(&site, &store);
    assert_eq!((report.uploaded.objects, report.kept.objects), (0, 4));
    assert_eq!(memory.calls(), [Call::List]);
}

/// One changed byte is one upload, and the old object stays.
#[test]
fn one_changed_byte_is_one_upload() {
    let (memory, store) = memory();
    let site = hunt();
    push(&site, &store);
    let before = memory.keys();
    memory.clear_calls();
    site.write("puzzle/gears/img/a.png", b"\x89PNG\r\n\x1a\n A");
    let report = push(&site, &store);
    assert_eq!(
        (report.uploaded.objects, report.overwritten.objects),
        (1, 0)
    );
    let build = built(&site);
    let changed = build.find("puzzle/gears/img/a.png").expect("built");
    assert_eq!(memory.writes(), [changed.key.to_string()]);
    assert!(
        before.iter().all(|key| memory.keys().contains(key)),
        "players still see the old page"
    );
    assert_eq!(memory.keys().len(), before.len() + 1);
}

/// A plain page is overwritten only when it changes.
#[test]
fn plain_page_is_overwritten_on_change() {
    let (memory, store) = memory();
    let site = hunt();
    push(&site, &store);
    let listed = block_on(store.list()).expect("listed");
    let seen = PutMode::Over(listed["index.html"].version.clone());
    memory.clear_calls();
    site.write("index.html", "<h1>Erratum</h1>");
    let report = push(&site, &store);
    assert_eq!(
        (
            report.uploaded.objects,
            report.overwritten.objects,
            report.kept.objects
        ),
        (0, 1, 3)
    );
    assert_eq!(
        memory.calls(),
        [Call::List, Call::Put("index.html".into(), seen)],
        "nothing is written over but what was seen"
    );
    assert_eq!(
        memory.bytes("index.html").as_deref(),
        Some(&b"<h1>Erratum</h1>"[..])
    );
}

/// A new header renames keyed objects and overwrites plain ones.
#[test]
fn new_header_renames_or_overwrites() {
    let (_, store) = memory();
    let site = hunt();
    push(&site, &store);
    let site = site.config(
        r#"
        [[rule]]
        match = "**/*.html"
        names = "plain"
        [[rule]]
        match = "{index.html,**/a.png}"
        cache_control = "no-cache"
        [target.local]
        url = "file:out"
        "#,
    );
    let report = push(&site, &store);
    assert_eq!(
        (
            report.uploaded.objects,
            report.overwritten.objects,
            report.kept.objects
        ),
        (1, 1, 2)
    );
}

/// Pages are written after the files they refer to.
#[test]
fn pages_follow_their_references() {
    let (memory, store) = memory();
    let plain =
        "[[rule]]\nmatch = \"plain/**\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .config(plain)
        .file("z.png", "keyed")
        .file("z.html", "keyed too");
    let site = (0..20).fold(site, |site, n| {
        site.file(&format!("plain/{n}.html"), "<link href=style.css>")
            .file(&format!("plain/{n}.css"), "a{}")
    });
    push(&site, &store);
    let phase = |key: &String| match (key.starts_with("plain/"), key.ends_with(".html")) {
        (false, _) => 1,
        (true, false) => 2,
        (true, true) => 3,
    };
    let phases: Vec<_> = memory.writes().iter().map(phase).collect();
    assert!(phases.is_sorted(), "{:?}", memory.writes());
    assert_eq!(phases.len(), 42);
}

#[test]
fn the_plan_gives_its_reasons() {
    let (memory, store) = memory();
    let site = hunt();
    let build = built(&site);
    let all = |step| {
        build
            .objects
            .iter()
            .map(|object| (object.path.to_string(), step))
            .collect::<Vec<_>>()
    };
    assert_eq!(steps(&build, &*store), all(Step::Upload(Reason::Missing)));
    push(&site, &store);
    assert_eq!(steps(&build, &*store), all(Step::Keep));
    site.write("index.html", "<h1>Erratum</h1>");
    assert_eq!(
        steps(&built(&site), &*store)[0],
        ("index.html".into(), Step::Overwrite(Reason::Differs))
    );
    assert_eq!(memory.keys().len(), 4, "a plan writes nothing");
}

#[test]
fn another_secret_shares_nothing() {
    let site = hunt();
    site.ok(&["push"]);
    let first = site.published("out");
    let site = site.private("hunt.key", "quite another secret, as long as the first one");
    assert_eq!(
        site.run(&["push"]).code,
        3,
        "a new key is hardly ever meant"
    );
    site.ok(&["push", "--rotate-key"]);
    let both = site.published("out");
    let keyed =
        |keys: &BTreeMap<String, Vec<u8>>| keys.keys().filter(|k| k.ends_with(".png")).count();
    assert_eq!((keyed(&first), keyed(&both)), (2, 4));
}

/// Every object has its type, its caching and its compression.
#[test]
fn objects_carry_type_caching_and_encoding() {
    let (memory, store) = memory();
    let site = hunt()
        .file("empty.css", "")
        .file("tiny.css", "a{}")
        .file("song.mp3", vec![0; 4096]);
    push(&site, &store);
    let build = built(&site);
    for (path, content_type, cache_control, is_gzipped) in [
        (
            "index.html",
            "text/html; charset=utf-8",
            "public, max-age=60",
            true,
        ),
        (
            "puzzle/gears/main.js",
            "text/javascript; charset=utf-8",
            "public, max-age=31536000, immutable",
            true,
        ),
        (
            "puzzle/gears/img/a.png",
            "image/png",
            "public, max-age=31536000, immutable",
            false,
        ),
        (
            "empty.css",
            "text/css; charset=utf-8",
            "public, max-age=31536000, immutable",
            false,
        ),
        (
            "tiny.css",
            "text/css; charset=utf-8",
            "public, max-age=31536000, immutable",
            false,
        ),
        (
            "song.mp3",
            "audio/mpeg",
            "public, max-age=31536000, immutable",
            false,
        ),
    ] {
        let key = build.find(path).expect("built").key.to_string();
        let (headers, gzipped) = memory.headers(&key).expect("published");
        assert_eq!(
            (
                headers.content_type.as_str(),
                headers.cache_control.as_str()
            ),
            (content_type, cache_control),
            "{path}"
        );
        assert_eq!(gzipped, is_gzipped, "{path}");
        let stored = memory.bytes(&key).expect("published");
        let source = std::fs::read(site.asset(path)).expect("readable");
        assert_eq!(
            if gzipped { gunzip(&stored) } else { stored },
            source,
            "{path}"
        );
    }
}

/// Files that are compressed already are not compressed again.
#[test]
fn compressed_files_are_not_recompressed() {
    let (memory, store) = memory();
    let mut gzipped = Vec::new();
    flate2::read::GzEncoder::new(&vec![b'a'; 100_000][..], flate2::Compression::fast())
        .read_to_end(&mut gzipped)
        .expect("in memory");
    let rule = "[[rule]]\nmatch = \"*.json\"\nencoding = \"gzip\"\n";
    let site = Site::new()
        .config(&format!("{rule}[target.local]\nurl = \"file:out\"\n"))
        .file("bomb.json", &gzipped)
        .file("bomb.gz", &gzipped);
    push(&site, &store);
    for key in memory.keys() {
        assert_eq!(
            memory.bytes(&key).as_deref(),
            Some(gzipped.as_slice()),
            "{key}"
        );
    }
}

/// One failed object does not stop the others.
#[test]
fn failed_object_does_not_stop_others() {
    let (memory, store) = memory();
    let site = hunt();
    memory.fail_next_put(StoreErrorKind::Other);
    let report = push(&site, &store);
    assert_eq!(
        (
            report.uploaded.objects,
            report.failures.len(),
            report.not_begun
        ),
        (3, 1, 0)
    );
    assert_eq!(report.exit_code(), 1);
    let report = push(&site, &store);
    assert_eq!(
        (
            report.uploaded.objects,
            report.kept.objects,
            report.exit_code()
        ),
        (1, 3, 0)
    );
}

/// A page whose name is taken meanwhile fails and is not tried again.
#[test]
fn taken_page_name_is_not_retried() {
    let (memory, store) = memory();
    let site = Site::new()
        .config("[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n")
        .file("index.html", "<h1>Hello</h1>");
    memory.fail_next_put(StoreErrorKind::Precondition);
    let report = push(&site, &store);
    assert_eq!((report.uploaded.objects, report.failures.len()), (0, 1));
    assert_eq!(report.failures[0].error.kind, StoreErrorKind::Precondition);
    assert_eq!(report.exit_code(), 1);
    assert_eq!(memory.writes().len(), 1, "nothing else is tried");
}

#[test]
fn a_missing_permission_stops_the_run() {
    let (memory, store) = memory();
    let site = (0..500).fold(Site::new(), |site, n| {
        site.file(&format!("{n}.txt"), n.to_string())
    });
    (0..500).for_each(|_| memory.fail_next_put(StoreErrorKind::Denied));
    let report = push(&site, &store);
    assert!(
        report.failures.len() < 200,
        "{} asked in vain",
        report.failures.len()
    );
    assert_eq!(
        report.failures.len() as u64 + report.not_begun,
        500,
        "every object is accounted for"
    );
    assert_eq!(report.exit_code(), 1);
}

/// Something else under an immutable key is never overwritten.
#[test]
fn foreign_immutable_object_is_never_overwritten() {
    let (memory, store) = memory();
    let (site, other) = (hunt(), hunt());
    let mut forged = built(&other);
    other.write("puzzle/gears/img/a.png", b"\x89PNG\r\n\x1a\n defaced");
    let key = built(&site)
        .find("puzzle/gears/img/a.png")
        .expect("built")
        .key
        .clone();
    forged.objects = built(&other)
        .objects
        .into_iter()
        .filter(|o| o.path.as_str().ends_with("a.png"))
        .collect();
    forged.objects[0].key = key.clone();
    push_build(&forged, &store);
    let planted = memory.bytes(key.as_str());
    let report = push(&site, &store);
    assert_eq!(
        (
            report.uploaded.objects,
            report.failures.len(),
            report.exit_code()
        ),
        (3, 1, 1)
    );
    assert!(
        report.failures[0]
            .error
            .message
            .contains("never overwrites"),
        "{}",
        report.failures[0].error
    );
    assert_eq!(memory.bytes(key.as_str()), planted);
}

/// Deployers who push the same build at once all succeed.
#[test]
fn concurrent_deployers_all_succeed() {
    let (memory, store) = memory();
    let site = hunt();
    let build = built(&site);
    let reports: Vec<_> = std::thread::scope(|scope| {
        let deployers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| push_build(&build, &store)))
            .collect();
        deployers
            .into_iter()
            .map(|deployer| deployer.join().expect("no panic"))
            .collect()
    });
    for report in &reports {
        assert_eq!(report.exit_code(), 0, "{report:?}");
    }
    assert_eq!(memory.keys().len(), 4);
}

#[test]
fn an_empty_tree_is_refused() {
    insta::assert_snapshot!(Site::new().file("notes.md", "# draft").run(&["push"]));
}
