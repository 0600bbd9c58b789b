//! `names = "fingerprinted"`: files that a bundler named after their content keep these names, and
//! are cached for ever.

use std::fs;

use crate::support::gcs::Server;
use crate::support::s3::Bucket;
use crate::support::web::{Browser, WebServer};
use crate::support::{Run, Site};

const RULES: &str = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[[rule]]\nmatch = \"chunks/**\"\nnames = \"fingerprinted\"\n";

/// The build of an app whose entry loads a part of it by a name in a string.
fn app(target: &str) -> Site {
    Site::new()
        .config(&format!("{RULES}{target}"))
        .file(
            "index.html",
            r#"<!doctype html><title>app</title><link rel="icon" href="lamp.svg"><script type="module" src="chunks/entry-Bx31.js"></script>"#,
        )
        .file("lamp.svg", SVG)
        .file(
            "chunks/entry-Bx31.js",
            r#"const parts = { tour: "./tour-Q9d0.js" }; import(parts.tour).then((tour) => document.title = 'done ' + tour.name);"#,
        )
        .file("chunks/tour-Q9d0.js", "export const name = 'tour';")
}

const SVG: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle r="3"/></svg>"#;

const FOLDER: &str = "[target.t]\nurl = \"file:out\"\n";

/// Builds the app anew, with another part.
fn build_again(site: &Site) {
    fs::remove_file(site.asset("chunks/entry-Bx31.js")).expect("removed");
    fs::remove_file(site.asset("chunks/tour-Q9d0.js")).expect("removed");
    let page = fs::read_to_string(site.asset("index.html")).expect("readable");
    site.write("index.html", page.replace("entry-Bx31", "entry-Cc72"));
    site.write(
        "chunks/entry-Cc72.js",
        r#"const parts = { tour: "./tour-R001.js" }; import(parts.tour).then((tour) => document.title = 'done ' + tour.name);"#,
    );
    site.write("chunks/tour-R001.js", "export const name = 'another tour';");
}

/// An app finds its parts by their own names.
#[test]
fn app_finds_its_fingerprinted_parts() {
    let site = app(FOLDER);
    site.ok(&["push"]);
    let published = site.published("out");
    let chunk = &published["chunks/tour-Q9d0.js"];
    assert_eq!(*chunk, b"export const name = 'tour';");
    let headers = String::from_utf8_lossy(&published["_headers"]);
    assert!(headers.contains("immutable"), "{headers}");
    let server = WebServer::of(site.path("out"));
    let browser = Browser::start();
    let (title, errors) = browser.visit(&format!("{}index.html", server.url));
    assert_eq!((title.as_str(), errors), ("done tour", Vec::new()));
    // Who has the page open still finds what it loads later.
    build_again(&site);
    site.ok(&["live", "on"]);
    let run = site.run(&["push", "--overwrite-live", "index.html"]);
    assert_eq!(run.code, 0, "{run}");
    let published = site.published("out");
    assert!(published.contains_key("chunks/tour-Q9d0.js"));
    let (title, errors) = browser.visit(&format!("{}index.html", server.url));
    assert_eq!((title.as_str(), errors), ("done another tour", Vec::new()));
    let again = site.ok(&["push"]);
    assert!(again.contains("no changes"), "{again}");
    site.ok(&["audit", "--all"]);
    site.ok(&["live", "off"]);
    site.ok(&["rollback"]);
    let (title, _) = browser.visit(&format!("{}index.html", server.url));
    assert_eq!(title, "done tour");
    site.ok(&["audit", "--all"]);
}

/// Changes what is in a chunk, but not its name. `remove` takes it out of the target.
fn assert_never_changed(site: &Site, run: impl Fn(&[&str]) -> Run, remove: impl Fn()) {
    let first = run(&["push"]);
    assert_eq!(first.code, 0, "{first}");
    site.write("chunks/tour-Q9d0.js", "export const name = 'forged';");
    for is_removed in [false, true] {
        if is_removed {
            remove();
        }
        let diff = run(&["diff"]);
        assert!(
            diff.stdout.contains("conflict  chunks/tour-Q9d0.js"),
            "{diff}"
        );
        let push = run(&["push"]);
        assert_eq!(push.code, 3, "{push}");
        let why = "1 file is already in the target with other content or headers, under names that never change (`names = \"fingerprinted\"`)\n  `chunks/tour-Q9d0.js`";
        let hint = "let the bundler put a new hash into the name";
        for said in [&diff.stderr, &push.stderr] {
            assert!(said.contains(why) && said.contains(hint), "{said}");
        }
        let releases = run(&["releases", "--json"]).stdout;
        assert_eq!(releases.matches("\"manifest\"").count(), 1, "{releases}");
    }
}

/// A file that is published by a fingerprinted name never changes.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn fingerprinted_content_never_changes() {
    let site = app(FOLDER);
    let file = site.path("out/chunks/tour-Q9d0.js");
    assert_never_changed(
        &site,
        |arguments| site.run(arguments),
        || {
            assert_eq!(
                fs::read(&file).expect("there"),
                b"export const name = 'tour';"
            );
            fs::remove_file(&file).expect("removed");
        },
    );
    let bucket = Bucket::on_rgw();
    let site = app(&bucket.target());
    let object = format!("{}/chunks/tour-Q9d0.js", bucket.url());
    assert_never_changed(
        &site,
        |arguments| bucket.run(&site, arguments),
        || {
            assert_eq!(
                bucket.aws(&["s3", "cp", &object, "-"]),
                "export const name = 'tour';"
            );
            bucket.aws(&["s3", "rm", &object]);
        },
    );
}

/// On radosgw, fingerprinted files are immutable and roll back.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn radosgw_fingerprinted_files_roll_back() {
    let bucket = Bucket::on_rgw();
    let site = app(&bucket.target());
    let run = |arguments: &[&str]| {
        let run = bucket.run(&site, arguments);
        assert_eq!(run.code, 0, "{arguments:?} {run}");
        run.stdout
    };
    run(&["push", "--verify", "full"]);
    let keys = bucket.keys().into_iter();
    let mut chunks = keys.filter(|key| key.ends_with("chunks/tour-Q9d0.js"));
    let key = format!("/{}", chunks.next().expect("published"));
    let answer = bucket.anonymous(&key);
    assert_eq!(
        answer.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert_eq!(answer.text(), "export const name = 'tour';");
    build_again(&site);
    run(&["push", "--verify", "full"]);
    assert_eq!(bucket.anonymous(&key).status, 200);
    assert!(run(&["push"]).contains("no changes"));
    run(&["audit", "--all"]);
    run(&["rollback"]);
    run(&["audit", "--all"]);
    run(&["push"]);
    run(&["audit", "--all"]);
    for radius in [4, 5] {
        site.write("lamp.svg", SVG.replace("\"3\"", &format!("\"{radius}\"")));
        run(&["push"]);
    }
    let pruned = run(&["prune", "--keep", "1", "--keep-days", "0", "--yes"]);
    // Strangers aren't told that nothing is there.
    assert_eq!(bucket.anonymous(&key).status, 403, "{pruned}");
    run(&["audit", "--all"]);
}

/// Plain files become fingerprinted ones only with the same bytes.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unchanged_plain_file_becomes_fingerprinted() {
    let bucket = Bucket::on_rgw();
    let site = app(&bucket.target());
    let plain = RULES.replace("fingerprinted", "plain");
    let site = site.config(&format!("{plain}{}", bucket.target()));
    let first = bucket.run(&site, &["push"]);
    assert_eq!(first.code, 0, "{first}");
    let site = site.config(&format!("{RULES}{}", bucket.target()));
    let second = bucket.run(&site, &["push"]);
    assert_eq!(second.code, 0, "{second}");
    let audit = bucket.run(&site, &["audit", "--all"]);
    assert_eq!(audit.code, 0, "{audit}");
    let back = bucket.run(&site, &["rollback"]);
    assert_eq!(back.code, 0, "{back}");
    site.write("chunks/tour-Q9d0.js", "export const name = 'forged';");
    let third = bucket.run(&site, &["push"]);
    assert_eq!(third.code, 3, "{third}");
}

/// New headers of a fingerprinted file are written over the old ones.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn new_headers_overwrite_fingerprinted_file() {
    let bucket = Bucket::on_rgw();
    let site = app(&bucket.target());
    let run = |site: &Site, arguments: &[&str]| {
        let run = bucket.run(site, arguments);
        assert_eq!(run.code, 0, "{arguments:?} {run}");
    };
    run(&site, &["push"]);
    let headers = "headers = { \"content-disposition\" = \"inline\" }\n";
    let site = site.config(&format!("{RULES}{headers}{}", bucket.target()));
    run(&site, &["push"]);
    run(&site, &["audit", "--all"]);
    let mut keys = bucket.keys().into_iter();
    let key = keys.find(|key| key.ends_with("chunks/tour-Q9d0.js"));
    let answer = bucket.anonymous(&format!("/{}", key.expect("published")));
    assert_eq!(answer.header("content-disposition"), Some("inline"));
    run(&site, &["rollback"]);
    run(&site, &["push"]);
    run(&site, &["audit", "--all"]);
}

/// A name of an earlier release comes back only with its own bytes.
#[test]
fn earlier_name_returns_only_unchanged() {
    let site = app(FOLDER);
    site.ok(&["push"]);
    build_again(&site);
    site.ok(&["push"]);
    site.write("chunks/tour-Q9d0.js", "export const name = 'forged';");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(
        run.stderr
            .contains("is already in the target with other content"),
        "{run}"
    );
    let there = fs::read(site.path("out/chunks/tour-Q9d0.js")).expect("there");
    assert_eq!(there, b"export const name = 'tour';");
    site.write("chunks/tour-Q9d0.js", "export const name = 'tour';");
    site.ok(&["push"]);
    // As the message says: a name without a hash is a plain one.
    site.write("chunks/tour-Q9d0.js", "export const name = 'forged';");
    let more = "[[rule]]\nmatch = \"chunks/tour-*\"\nnames = \"plain\"\n";
    let site = site.config(&format!("{RULES}{more}{FOLDER}"));
    site.ok(&["push"]);
    let there = fs::read(site.path("out/chunks/tour-Q9d0.js")).expect("there");
    assert_eq!(there, b"export const name = 'forged';");
}

/// On Google, fingerprinted files are only created.
#[test]
fn gcs_fingerprinted_files_are_only_created() {
    let server = Server::start();
    server.bucket("hunt", &[]);
    let target = "[target.t]\nurl = \"gs://hunt/static\"\naccess = \"object-acl\"\n";
    let run = |site: &Site, arguments: &[&str], code: i32| {
        let run = site.run_with(&[("STORAGE_EMULATOR_HOST", server.url())], arguments);
        assert_eq!(run.code, code, "{arguments:?} {run}");
    };
    let site = app(target);
    run(&site, &["push"], 0);
    run(&site, &["push"], 0);
    // Its listings tell what objects were stored for, and not only their bytes.
    let headers = "headers = { \"content-disposition\" = \"inline\" }\n";
    let site = site.config(&format!("{RULES}{headers}{target}"));
    run(&site, &["push"], 0);
    run(&site, &["rollback"], 0);
    run(&site, &["push"], 0);
    site.write("chunks/tour-Q9d0.js", "export const name = 'forged';");
    run(&site, &["push"], 3);
    let chunk = server.object("hunt", "static/chunks/tour-Q9d0.js");
    assert!(chunk.is_some());
}

#[test]
fn what_somebody_else_put_there_stays() {
    let site = app(FOLDER);
    fs::create_dir_all(site.path("out/chunks")).expect("a folder");
    fs::write(site.path("out/chunks/tour-Q9d0.js"), "theirs").expect("written");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 3, "{run}");
    let there = fs::read(site.path("out/chunks/tour-Q9d0.js")).expect("there");
    assert_eq!(there, b"theirs");
    assert!(!site.path("out/index.html").exists(), "nothing leads there");
}

/// A file that is not rewritten must not refer to a renamed file.
#[test]
fn verbatim_file_naming_renamed_file_fails() {
    let site = app(FOLDER).file(
        "chunks/style-7a.css",
        "body { background: url(../lamp.svg) }",
    );
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("`chunks/style-7a.css:1:"), "{run}");
    let more = "[[rule]]\nmatch = \"lamp.svg\"\nnames = \"plain\"\n";
    assert_eq!(run.config_lines(), more);
    let site = site.config(&format!("{RULES}{more}{FOLDER}"));
    site.ok(&["push"]);
    let style = &site.published("out")["chunks/style-7a.css"];
    assert_eq!(*style, b"body { background: url(../lamp.svg) }");
}

/// A placeholder in a file that is not rewritten is an error.
#[test]
fn placeholder_in_verbatim_file_fails() {
    let site = app(FOLDER).file("chunks/flags-11.js", "const flags = \"$$ASSETS(*.css)$$\";");
    let site = site.file("chunks/style-7a.css", "h1 { color: red }");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("`chunks/flags-11.js:1:"), "{run}");
    assert!(run.stderr.contains("has a placeholder"), "{run}");
    let more = "[[rule]]\nmatch = \"chunks/flags-11.js\"\nnames = \"plain\"\n";
    let site = site.config(&format!("{RULES}{more}{FOLDER}"));
    site.ok(&["push"]);
    let script = &site.published("out")["chunks/flags-11.js"];
    assert!(!script.windows(8).any(|part| part == b"$$ASSETS"));
}

/// A fingerprinted name hides no level, so it is refused unless the level is held.
#[test]
fn fingerprinted_level_must_be_held() {
    let level = "[[level]]\nname = \"late\"\nmatch = \"chunks/late-*\"\n";
    let site = app(&format!("{level}{FOLDER}")).file("chunks/late-5f.js", "export default 5;");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("`names = \"fingerprinted\"`"), "{run}");
    let site = site.config(&format!("{RULES}{level}held = true\n{FOLDER}"));
    site.ok(&["push"]);
    assert!(!site.path("out/chunks/late-5f.js").exists());
}

/// A page whose name has no hash can't be fingerprinted: it could never change.
#[test]
fn page_without_hash_stays_changeable() {
    let all =
        "[[rule]]\nmatch = \"**\"\nnames = \"fingerprinted\"\n[target.t]\nurl = \"file:out\"\n";
    let site = app(FOLDER)
        .config(all)
        .file("more/about.html", "<!doctype html><title>about</title>");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("`index.html`: is a page"), "{run}");
    site.add_config(&run.config_lines());
    let run = site.run(&["push", "--deny-warnings"]);
    assert_eq!(run.code, 0, "{run}");
    site.write("index.html", "<!doctype html><title>changed</title>");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
}
