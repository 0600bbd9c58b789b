//! What is remembered of files between runs: it saves reading them, and never changes what comes
//! out.

use std::fs::{self, File, FileTimes};
use std::time::{Duration, SystemTime};

use assetsync::testing::{Build, Cache, Config, Overrides, Progress, Wanted, build_with, walk};

use crate::support::Site;
use crate::support::library::secret;

/// Longer than the grain of times: what was written before is remembered.
const SETTLE: Duration = Duration::from_secs(4);

fn hunt() -> Site {
    Site::new()
        .config(
            r#"
            [[rule]]
            match = "index.html"
            names = "plain"
            [target.local]
            url = "file:out"
            "#,
        )
        .file(
            "index.html",
            r#"<a href="gears/a.html">Gears</a><!-- hello -->"#,
        )
        .file(
            "gears/a.html",
            r#"<img src="map.png"><a href="b.html">B</a>"#,
        )
        .file(
            "gears/b.html",
            r#"<a href="a.html">A</a><script src="x.js"></script>"#,
        )
        .file(
            "gears/x.js",
            r#"new Worker(new URL("map.png", import.meta.url))"#,
        )
        .file("gears/map.png", b"\x89PNG\r\n\x1a\n one")
        .file("notes.txt", "no references, 12 gears")
}

/// What is built with what `site`'s cache knows, and how many files weren't read for it.
fn built(site: &Site) -> (Build, u64) {
    let cache = Cache::open(&site.path("cache"), &site.path("assets"));
    (build_by(&cache, site), cache.known())
}

fn build_by(cache: &Cache, site: &Site) -> Build {
    let file = site.path("assetsync.toml");
    let config = Config::read(Some(&file), &Overrides::new(), Wanted::NoTarget).expect("valid");
    let tree = walk(&config.sources, &config.rules);
    build_with(cache, &tree, &secret(), &Progress::new()).expect("publishable")
}

fn told(build: &Build) -> Vec<String> {
    let told = build.objects.iter().map(|object| {
        format!(
            "{} {} {} {:?}",
            object.path, object.key, object.digest, object.edits
        )
    });
    told.chain(build.warnings.iter().map(|w| format!("{w:?}")))
        .collect()
}

/// Builds with the cache and without: the same must come out. Returns how many files weren't read.
fn known(site: &Site, change: &str) -> u64 {
    let (cached, known) = built(site);
    let anew = build_by(&Cache::none(), site);
    assert_eq!(told(&cached), told(&anew), "{change}");
    assert_eq!(cached.references, anew.references, "{change}");
    known
}

/// Unchanged files are not read again, and changes are never missed.
#[test]
fn only_changed_files_are_reread() {
    let site = hunt();
    assert_eq!(known(&site, "new"), 0);
    assert_eq!(
        known(&site, "just written"),
        0,
        "a second write could have the same time"
    );
    std::thread::sleep(SETTLE);
    assert_eq!(known(&site, "nothing was remembered"), 0);
    assert_eq!(known(&site, "settled"), 6);

    let image = site.asset("gears/map.png");
    let times = |file: &std::path::Path| {
        let metadata = fs::metadata(file).expect("there");
        FileTimes::new()
            .set_modified(metadata.modified().expect("a time"))
            .set_accessed(metadata.accessed().expect("a time"))
    };
    let before = times(&image);
    fs::write(&image, b"\x89PNG\r\n\x1a\n two").expect("writable");
    let handle = File::options().write(true).open(&image).expect("there");
    handle.set_times(before).expect("set back");
    let (build, _) = built(&site);
    assert_eq!(known(&site, "the same size, its time set back"), 5);
    let page = build.find("gears/a.html").expect("there");
    assert_ne!(
        page.key,
        built(&hunt()).0.find("gears/a.html").expect("there").key,
        "a page is called after what it shows"
    );

    let copy = site.path("copy");
    fs::write(&copy, b"no references, 13 gears").expect("writable");
    let handle = File::options().write(true).open(&copy).expect("there");
    handle
        .set_times(times(&site.asset("notes.txt")))
        .expect("set");
    fs::rename(&copy, site.asset("notes.txt")).expect("renamed");
    assert_eq!(
        known(&site, "another file in its place, as old and as large"),
        4
    );

    fs::remove_file(site.asset("gears/x.js")).expect("removed");
    fs::write(site.asset("gears/b.html"), r#"<a href="a.html">A</a>"#).expect("writable");
    assert_eq!(known(&site, "a file gone"), 2);
}

/// A rule that treats files differently makes them be read again.
#[test]
fn changed_rule_rereads_its_files() {
    let site = hunt();
    std::thread::sleep(SETTLE);
    built(&site);
    assert_eq!(known(&site, "settled"), 6);
    let site = site.config(
        r#"
        [[rule]]
        match = "index.html"
        names = "plain"
        comments = "strip"
        [target.local]
        url = "file:out"
        "#,
    );
    assert_eq!(known(&site, "comments are taken out of one page"), 5);
}

/// Modification times in the future are not trusted.
#[test]
fn future_times_are_not_trusted() {
    let site = hunt();
    let image = File::options()
        .write(true)
        .open(site.asset("gears/map.png"))
        .expect("there");
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    image
        .set_times(FileTimes::new().set_modified(tomorrow))
        .expect("set");
    std::thread::sleep(SETTLE);
    built(&site);
    assert_eq!(known(&site, "one from tomorrow"), 5);
}

/// The program reports what it remembers and can be told not to use it.
#[test]
fn cache_use_is_reported_and_optional() {
    let site = hunt();
    std::thread::sleep(SETTLE);
    let says = |arguments: &[&str]| site.run(arguments).stderr;
    assert!(says(&["push", "-v"]).contains("since they were last read: 0\n"));
    assert!(says(&["push", "-v"]).contains("since they were last read: 6\n"));
    assert!(says(&["diff", "-v", "--no-cache"]).contains("since they were last read: 0\n"));
}
