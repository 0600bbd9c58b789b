//! A bundler builds a site for an address, and its scripts ask for their files there. A push to a
//! target with another address says so.

use std::fs;

use crate::support::s3::Bucket;
use crate::support::web::Browser;
use crate::support::{Run, Site};

const RULES: &str = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[[rule]]\nmatch = \"assets/**\"\nnames = \"fingerprinted\"\n";

/// The build of an app for `base`, whose script shows a picture by a path in a string.
fn app(base: &str, prefixes: &str, targets: &str) -> Site {
    let page = format!(
        r#"<!doctype html><title>app</title><link rel="icon" href="data:,"><script type="module" src="{base}assets/main-C7pQ2kLm.js"></script>"#
    );
    let script = format!(
        r#"const lamp = new Image(); lamp.onload = () => document.title = "shown"; lamp.onerror = () => document.title = "broken"; lamp.src = "{base}assets/lamp-D81sKq2x.svg";"#
    );
    Site::new()
        .raw_config(&config(prefixes, targets))
        .file("index.html", page)
        .file("assets/main-C7pQ2kLm.js", script)
        .file("assets/lamp-D81sKq2x.svg", LAMP)
}

fn config(prefixes: &str, targets: &str) -> String {
    format!("{prefixes}key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n{RULES}{targets}")
}

/// The line of configuration.
fn prefixes(prefix: &str) -> String {
    format!("prefixes = [\"{prefix}\"]\n")
}

const LAMP: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle r="3"/></svg>"#;

/// Two targets of one bundle, at these paths of a CDN.
fn targets(staging: &str, prod: &str) -> String {
    format!(
        "[target.staging]\nurl = \"file:out/x/staging\"\nstate = \"file:releases/staging\"\npublic_url = \"https://staging.example.org{staging}\"\n\
         [target.prod]\nurl = \"file:out/x/prod\"\nstate = \"file:releases/prod\"\npublic_url = \"https://cdn.example.org{prod}\"\n"
    )
}

/// What a push says of the address.
fn told(run: &Run) -> Vec<&str> {
    let lines = run.stderr.lines();
    lines.filter(|line| line.contains("built for")).collect()
}

/// Only the target with another path is named, and the advice ends the warning.
#[test]
fn targets_with_other_paths_are_named() {
    for prefixes in [&prefixes("/hunt/"), ""] {
        let site = app("/hunt/", prefixes, &targets("/hunt/", "/2027/hunt/"));
        let run = site.run(&["push", "staging", "prod"]);
        assert_eq!(run.code, 0, "{run}");
        let told = told(&run);
        assert_eq!(told.len(), 1, "{run}");
        for words in [
            "`index.html:1:",
            "for `/hunt/`",
            "target `prod`",
            "`prefixes = [\"/2027/hunt/\"]`",
        ] {
            assert!(told[0].contains(words), "{words}: {run}");
        }
        let strict = site.run(&["diff", "prod", "--deny-warnings"]);
        assert_eq!(strict.code, 2, "{strict}");
        let apart = site.run(&["push", "staging", "--deny-warnings"]);
        assert_eq!(apart.code, 0, "{apart}");
    }
    let served = targets("/2027/hunt/", "/2027/hunt/");
    let built_again = app("/2027/hunt/", &prefixes("/2027/hunt/"), &served);
    let run = built_again.run(&["push", "staging", "prod", "--deny-warnings"]);
    assert_eq!(run.code, 0, "{run}");
}

/// The path of a bucket without a CDN has its name in it, as the browser shows.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn path_of_a_bucket_is_compared() {
    for is_right in [true, false] {
        let bucket = Bucket::on_rgw();
        let target = format!(
            "[target.t]\nurl = \"{0}/app\"\nstate = \"{0}/state\"\nendpoint = \"{1}\"\naccess = \"object-acl\"\n",
            bucket.url(),
            bucket.endpoint
        );
        let served = format!("/{}/app/", bucket.name);
        let base = if is_right { &served } else { "/app/" };
        let site = app(base, &prefixes(base), &target);
        let run = bucket.run(&site, &["push"]);
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(told(&run).is_empty(), is_right, "{run}");
        let browser = Browser::start();
        browser.open(&format!("{}{served}index.html", bucket.endpoint));
        let title = if is_right { "shown" } else { "broken" };
        browser.wait_for("document.title", title);
    }
}

/// A script that asks for nothing by that path works at any address.
#[test]
fn script_without_such_paths_is_silent() {
    let site = app("/", &prefixes("/"), &targets("/hunt/", "/hunt/"));
    let script = |content: &str| site.write("assets/main-C7pQ2kLm.js", content);
    script("document.title = '/a/b'.split('/')[2] + \"/\";");
    let run = site.run(&["push", "staging", "--deny-warnings"]);
    assert_eq!(run.code, 0, "{run}");
    for asking in [
        "f = e => \"/\"+e",
        "f = e => `/${e}`",
        "fetch('/assets/lamp-D81sKq2x.svg')",
    ] {
        script(asking);
        let run = site.run(&["diff", "staging"]);
        assert_eq!(told(&run).len(), 1, "{asking}: {run}");
    }
}

/// A page by another prefix than the configured one gets that as advice, which works.
#[test]
fn other_prefix_is_printed() {
    let served = targets("/app/", "/app/");
    let site = app("/app/", &prefixes("/"), &served);
    let run = site.run(&["push", "prod"]);
    assert_eq!(run.code, 2, "{run}");
    let advice = "set `prefixes = [\"/app/\"]` if the site is built for `/app/`";
    assert!(run.stderr.contains(advice), "{run}");
    assert!(!run.stderr.contains("dangling"), "{run}");
    let site = site.raw_config(&config(&prefixes("/app/"), &served));
    let run = site.run(&["push", "prod", "--deny-warnings"]);
    assert_eq!(run.code, 0, "{run}");
}

/// One app at two addresses is built twice, and each build is published to its target.
#[test]
fn one_app_is_published_at_two_addresses() {
    let lines = format!("prefixes = [\"/hunt/\", \"/\"]\n{}", targets("/", "/hunt/"));
    let config = lines.replace(
        "[target.staging]",
        &format!("key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n{RULES}[target.staging]"),
    );
    let site = app("/", "", "").raw_config(&config);
    let below = app("/hunt/", "", "");
    fs::rename(below.asset(""), site.path("dist-prod")).expect("moved");
    for arguments in [
        &["push", "staging", "--deny-warnings"][..],
        &["push", "prod", "--from", "dist-prod", "--deny-warnings"],
    ] {
        let run = site.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?} {run}");
    }
    let wrong = site.run(&["push", "prod", "--deny-warnings"]);
    assert_eq!((wrong.code, told(&wrong).len()), (2, 1), "{wrong}");
}

/// Files that a bundler built for `base`, with an icon that the page asks for and the script
/// doesn't.
fn built(site: &Site, base: &str) {
    let page = format!(
        r#"<!doctype html><title>app</title><link rel="icon" href="{base}lamp.svg"><link rel="stylesheet" href="{base}assets/main-B81sKq2x.css"><script type="module" src="{base}assets/main-C7pQ2kLm.js"></script>"#
    );
    let script =
        format!(r#"import("./lazy-Dk3lmQ2p.js");const e="{base}assets/lamp-D81sKq2x.svg";"#);
    let style = format!("body{{background:url({base}assets/lamp-D81sKq2x.svg)}}");
    site.write("index.html", page);
    site.write("lamp.svg", LAMP.replace('3', "2"));
    site.write("assets/main-C7pQ2kLm.js", script);
    site.write("assets/lazy-Dk3lmQ2p.js", "export default 1");
    site.write("assets/main-B81sKq2x.css", style);
    site.write("assets/lamp-D81sKq2x.svg", LAMP);
}

/// Asserts that `init` writes this prefix, and that the configuration publishes without a warning.
fn assert_init_finds(site: &Site, flags: &[&str], prefix: &str) {
    site.ok(&[&["init", "--from", "assets"], flags].concat());
    let config = fs::read_to_string(site.path("assetsync.toml")).expect("written");
    let line = format!("\nprefixes = [\"{prefix}\"] ");
    assert!(config.contains(&line), "{prefix}: {config}");
    let push = site.run(&["push", "local", "--deny-warnings"]);
    assert_eq!(
        (push.code, push.stderr.contains("warning")),
        (0, false),
        "{prefix} {flags:?}: {push}"
    );
}

/// `init` writes the prefix of the address that the site was built for.
#[test]
fn init_finds_the_prefix() {
    for prefix in ["/", "/app/", "/2027/hunt/"] {
        for flags in [&[][..], &["--for", "vite"]] {
            let site = Site::bare();
            built(&site, prefix);
            assert_init_finds(&site, flags, prefix);
            let page = site.published("out/bucket").remove("index.html");
            let page = String::from_utf8(page.expect("published")).expect("text");
            assert!(!page.contains(&format!("\"{prefix}lamp.svg")), "{page}");
        }
    }
}

/// A page's `<base>` tells the prefix, too. What the host has at its own top doesn't.
#[test]
fn init_finds_the_base_element() {
    let site = Site::bare();
    built(&site, "");
    let page = r#"<!doctype html><base href="/app/"><title>app</title><link rel="icon" href="/favicon.ico"><link rel="stylesheet" href="assets/main-B81sKq2x.css"><script type="module" src="assets/main-C7pQ2kLm.js"></script>"#;
    site.write("index.html", page);
    site.write("favicon.ico", [0, 0, 1, 0]);
    site.write("assets/main-C7pQ2kLm.js", r#"import("./lazy-Dk3lmQ2p.js")"#);
    site.write(
        "assets/main-B81sKq2x.css",
        "body{background:url(lamp-D81sKq2x.svg)}",
    );
    assert_init_finds(&site, &[], "/app/");
}

/// Styles alone tell it, where a server makes the pages.
#[test]
fn init_finds_prefix_of_styles() {
    let site = Site::bare();
    site.write("css/main.css", "body{background:url(/static/img/lamp.svg)}");
    site.write("img/lamp.svg", LAMP);
    assert_init_finds(&site, &[], "/static/");
}

/// A wrong prefix is told of, and not that a page's icon were asked for by a bundler's script.
#[test]
fn wrong_prefix_is_told_once() {
    let told = |prefix: &str, script: &str| {
        let site = Site::new().raw_config(&config(&prefixes(prefix), &targets("/app/", "/app/")));
        built(&site, "/app/");
        site.write("assets/lazy-Dk3lmQ2p.js", script);
        site.run(&["push", "prod"])
    };
    for (prefix, code) in [("/", 2), ("/other/", 0)] {
        let run = told(prefix, "export default 1");
        assert_eq!(run.code, code, "{prefix}: {run}");
        assert!(run.stderr.contains("set `prefixes = [\"/app/\"]`"), "{run}");
        assert!(!run.stderr.contains("bundled scripts"), "{prefix}: {run}");
        let asking = told(prefix, r#"export default "/app/lamp.svg""#);
        assert_eq!(asking.code, 2, "{prefix}: {asking}");
        assert!(asking.stderr.contains("bundled scripts"), "{asking}");
        assert!(asking.stderr.contains("names `lamp.svg`"), "{asking}");
    }
}
