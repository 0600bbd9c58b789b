//! What bundlers make: a push under keyed names stops with the rules that let it work, and with
//! these it works, also for whoever has a page of the former build open.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::s3::Bucket;
use crate::support::web::{Browser, WebServer};
use crate::support::{Run, Site, from_test_command};

/// One of `tests/apps`.
struct App {
    name: &'static str,
    /// Where its build goes.
    output: &'static str,
    /// The component that is loaded when somebody clicks: its file, and the text in it that becomes
    /// another.
    part: &'static str,
    text: &'static str,
    /// What loads it, and what shows the text then.
    click: &'static str,
    shown: &'static str,
    /// What else is clicked on the front page, and what each shows.
    ways: &'static [(&'static str, &'static str, &'static str)],
}

const VITE: App = App {
    name: "vite",
    output: "dist",
    part: "src/tour.jsx",
    text: "a tour",
    click: "to-tour",
    shown: "tour",
    ways: &[
        ("to-count", "count", "the sum is 5"),
        ("to-home", "home", " home"),
    ],
};

const NEXT: App = App {
    name: "next",
    output: "out",
    part: "app/part.js",
    text: "a part",
    click: "open",
    shown: "part",
    ways: &[
        ("to-gears", "puzzle", "gears"),
        ("to-first", "round", "first"),
        ("to-home", "open", "open"),
    ],
};

const SVELTEKIT: App = App {
    name: "sveltekit",
    output: "build",
    part: "src/routes/tour/+page.svelte",
    text: "a tour",
    click: "to-tour",
    shown: "tour",
    ways: &[
        ("to-count", "count", "the sum is 5"),
        ("to-home", "open", "open"),
    ],
};

const ASTRO: App = App {
    name: "astro",
    output: "dist",
    part: "src/parts/part.js",
    text: "a part",
    click: "open",
    shown: "part",
    ways: &[("to-tour", "tour", "a tour"), ("to-home", "open", "open")],
};

const WEBPACK: App = App {
    name: "webpack",
    output: "dist",
    part: "src/tour.js",
    text: "a tour",
    click: "to-tour",
    shown: "tour",
    ways: &[("to-count", "count", "the sum is 5")],
};

/// The sources of an app, with what builds it.
struct Project {
    app: &'static App,
    folder: TempDir,
}

impl App {
    fn project(&'static self) -> Project {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/apps")
            .join(self.name);
        let copied = Command::new("cp")
            .arg("-r")
            .arg(sources.join("."))
            .arg(folder.path())
            .status();
        assert!(copied.expect("cp runs").success());
        let modules = PathBuf::from(from_test_command("ASSETSYNC_TEST_APPS"))
            .join(self.name)
            .join("node_modules");
        assert!(
            modules.exists(),
            "{modules:?} isn't there: `tests/run -- --ignored` installs it"
        );
        symlink(modules, folder.path().join("node_modules")).expect("a link");
        Project { app: self, folder }
    }
}

impl Project {
    /// Builds it for a site at `base` (empty for the top of a host), and puts that in place of what
    /// `site` had.
    fn build(&self, site: &Site, base: &str) {
        let built = Command::new("npm")
            .args(["run", "build"])
            .current_dir(self.folder.path())
            .env("BASE", base)
            .env("CI", "true")
            .env("NEXT_TELEMETRY_DISABLED", "1")
            .env("ASTRO_TELEMETRY_DISABLED", "1")
            .stdin(Stdio::null())
            .output()
            .expect("npm runs");
        let said = String::from_utf8_lossy(&built.stdout) + String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{said}");
        let assets = site.path("assets");
        fs::remove_dir_all(&assets).expect("removed");
        fs::rename(self.folder.path().join(self.app.output), &assets).expect("moved");
    }

    fn change_part(&self) {
        let file = self.folder.path().join(self.app.part);
        let text = fs::read_to_string(&file).expect("a component");
        let changed = text.replace(self.app.text, &changed(self.app));
        assert_ne!(text, changed);
        fs::write(file, changed).expect("written");
    }
}

fn changed(app: &App) -> String {
    format!("{}, and more", app.text)
}

fn click(browser: &Browser, id: &str, shown: &str, text: &str) {
    browser.wait_for(
        &format!("String(!!document.getElementById('{id}'))"),
        "true",
    );
    browser.value(&format!("document.getElementById('{id}').click()"));
    browser.wait_for(
        &format!("document.getElementById('{shown}')?.textContent"),
        text,
    );
}

/// Opens the front page, clicks on everything, and makes sure that nothing fails.
fn click_through(app: &App, browser: &Browser, url: &str, text: &str) {
    let mut errors = browser.open(url);
    click(browser, app.click, app.shown, text);
    for (id, shown, text) in app.ways {
        click(browser, id, shown, text);
    }
    errors.extend(browser.errors());
    assert_eq!(errors, Vec::<String>::new(), "{}", app.name);
}

/// Publishes an app the naive way, and then with the lines that it's told; and again while somebody
/// has it open.
fn assert_works(
    app: &'static App,
    target: &str,
    base: &str,
    url: &str,
    run: impl Fn(&Site, &[&str]) -> Run,
) {
    let site = Site::new().config(target);
    let project = app.project();
    project.build(&site, base);
    let naive = run(&site, &["push"]);
    assert_eq!(naive.code, 2, "{naive}");
    site.add_config(&naive.config_lines());
    let ok = |arguments: &[&str]| {
        let run = run(&site, arguments);
        assert_eq!(run.code, 0, "{arguments:?} {run}");
        run
    };
    let first = ok(&["push"]);
    assert!(!first.stderr.contains("warning"), "{first}");
    let browser = Browser::start();
    click_through(app, &browser, url, app.text);
    ok(&["audit", "--all"]);

    let of_former = Browser::start();
    assert_eq!(of_former.open(url), Vec::<String>::new());
    ok(&["live", "on"]);
    project.change_part();
    project.build(&site, base);
    ok(&["push", "--overwrite-live", "**", "--yes"]);
    click(&of_former, app.click, app.shown, app.text);
    assert_eq!(
        of_former.errors(),
        Vec::<String>::new(),
        "who was there before"
    );
    click_through(app, &Browser::start(), url, &changed(app));
    ok(&["audit", "--all"]);
}

fn assert_works_in_a_folder(app: &'static App) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = WebServer::of(folder.path().join("out"));
    let target = format!(
        "[target.t]\nurl = \"file:{}\"\n",
        folder.path().join("out").display()
    );
    assert_works(app, &target, "", &server.url, |site, arguments| {
        site.run(arguments)
    });
}

fn assert_works_below_a_prefix(app: &'static App) {
    let bucket = Bucket::on_rgw();
    let server = WebServer::before(format!("{}/{}/", bucket.endpoint, bucket.name));
    let url = format!("{}hunt/", server.url);
    let target = format!(
        "[target.t]\nurl = \"{0}/hunt\"\nstate = \"{0}/state\"\nendpoint = \"{1}\"\naccess = \"object-acl\"\npublic_url = \"{url}\"\n",
        bucket.url(),
        bucket.endpoint
    );
    assert_works(app, &target, "/hunt", &url, |site, arguments| {
        bucket.run(site, arguments)
    });
}

/// A Vite app works in a folder with the printed rules.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn vite_app_works_with_printed_rules() {
    assert_works_in_a_folder(&VITE);
}

/// A Vite app works below a prefix of a bucket.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn vite_app_works_below_bucket_prefix() {
    assert_works_below_a_prefix(&VITE);
}

/// Apps of all other bundlers work in a folder.
#[test]
#[ignore = "takes minutes: tests/run --test stories -- --ignored bundlers"]
fn bundler_apps_work_in_a_folder() {
    for app in [&NEXT, &SVELTEKIT, &ASTRO, &WEBPACK] {
        assert_works_in_a_folder(app);
    }
}

/// Apps of all other bundlers work below a prefix of a bucket.
#[test]
#[ignore = "takes minutes: tests/run --test stories -- --ignored bundlers"]
fn bundler_apps_work_below_bucket_prefix() {
    for app in [&NEXT, &SVELTEKIT, &ASTRO, &WEBPACK] {
        assert_works_below_a_prefix(app);
    }
}

// --- Without a bundler: the same shapes, by hand

/// A site whose pages are plain, with one script for each of these files, which says its name when
/// it runs.
fn site_of(files: &[(&str, &str)]) -> Site {
    let rules =
        "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.t]\nurl = \"file:out\"\n";
    let site = Site::new().config(rules);
    files
        .iter()
        .fold(site, |site, (path, content)| site.file(path, content))
}

/// Makes sure that a push stops with these rules, as `(match, names)`, and that it goes on with
/// them without a word.
#[track_caller]
fn assert_told(site: &Site, rules: &[(&str, &str)]) {
    let stopped = site.run(&["push"]);
    assert_eq!(stopped.code, 2, "{stopped}");
    let rule = |(pattern, names): &(&str, &str)| {
        format!("[[rule]]\nmatch = \"{pattern}\"\nnames = \"{names}\"\n")
    };
    assert_eq!(
        stopped.config_lines(),
        rules.iter().map(rule).collect::<String>(),
        "{stopped}"
    );
    assert!(site.published("out").is_empty());
    site.add_config(&stopped.config_lines());
    let run = site.run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.contains("warning")),
        (0, false),
        "{run}"
    );
}

const PAGE: &str = r#"<!doctype html><script src="static/js/main.9c1f2b3d.js"></script>"#;

/// Chunk maps name files by their hashes alone.
#[test]
fn chunk_maps_name_files_by_hash() {
    let map = r#"e.u = n => "static/js/" + n + "." + { 787: "1d2e3f40" }[n] + ".chunk.js";"#;
    let site = site_of(&[
        ("index.html", PAGE),
        ("static/js/main.9c1f2b3d.js", map),
        ("static/js/787.1d2e3f40.chunk.js", "1"),
        ("static/js/787.1d2e3f40.chunk.js.LICENSE.txt", "MIT"),
        ("static/media/lamp.0a1b2c3d4e5f.png", "png"),
        (
            "asset-names.json",
            r#"{ "lamp": "/static/media/lamp.0a1b2c3d4e5f.png" }"#,
        ),
    ]);
    assert_told(&site, &[("static/**", "fingerprinted")]);
    let published = site.published("out");
    assert!(!published.contains_key("asset-names.json"));
}

/// Beside other files, the printed rule matches only names like the bundler's.
#[test]
fn only_similar_siblings_are_fingerprinted() {
    let site = site_of(&[
        (
            "index.html",
            r#"<script type="module" src="main-X5L2M3QK.js"></script><img src="lamp.png">"#,
        ),
        (
            "main-X5L2M3QK.js",
            r#"const parts = ["./chunk-QK7M2X5L.js"]; import(parts[0]);"#,
        ),
        ("chunk-QK7M2X5L.js", "fetch('lists/levels.json');"),
        ("lists/levels.json", "[]"),
        ("helper.js", "1"),
        ("lamp.png", "png"),
    ]);
    assert_told(
        &site,
        &[("*-*.js", "fingerprinted"), ("lists/levels.json", "plain")],
    );
    let published = site.published("out");
    assert!(!published.contains_key("helper.js") && !published.contains_key("lamp.png"));
}

/// Data that an app requests beside its pages is matched by its file name and keeps it.
#[test]
fn data_beside_pages_keeps_its_name() {
    let entry = r#"const of = (page) => fetch(`${page}/_payload.json`); const to = "_nuxt/Cq3x9-Zk.js"; import("/" + to);"#;
    let site = site_of(&[
        (
            "index.html",
            r#"<script type="module" src="_nuxt/entry.D0a-8s7x.js"></script>"#,
        ),
        ("round/index.html", ""),
        ("_payload.json", "[]"),
        ("round/_payload.json", "[1]"),
        ("round/notes.json", "[2]"),
        ("_nuxt/entry.D0a-8s7x.js", entry),
        ("_nuxt/Cq3x9-Zk.js", "1"),
    ]);
    assert_told(
        &site,
        &[("_nuxt/**", "fingerprinted"), ("**/_payload.json", "plain")],
    );
    assert!(!site.published("out").contains_key("round/notes.json"));
}

/// A file that a chunk names without a hash keeps its name.
#[test]
fn unhashed_names_in_chunks_stay_plain() {
    let site = site_of(&[
        (
            "index.html",
            r#"<script src="js/app-1f2e3d4c.js"></script><link rel="icon" href="/icons/lamp.svg?v=2">"#,
        ),
        (
            "js/app-1f2e3d4c.js",
            r#"new Image().src = "/icons/gear.svg"; const part = "part-9a8b7c6d";"#,
        ),
        ("js/part-9a8b7c6d.js", "1"),
        (
            "icons/gear.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'/>",
        ),
        (
            "icons/lamp.svg",
            "<svg xmlns='http://www.w3.org/2000/svg' id='lamp'/>",
        ),
        (
            "icons/unused.svg",
            "<svg xmlns='http://www.w3.org/2000/svg' id='unused'/>",
        ),
    ]);
    assert_told(
        &site,
        &[
            ("js/**", "fingerprinted"),
            ("{icons/gear.svg,icons/lamp.svg}", "plain"),
        ],
    );
}

/// Names that a person chose are not taken for a bundler's.
#[test]
fn human_names_are_not_fingerprints() {
    for (path, name) in [
        ("img/my-photo_20240612.jpg", "my-photo_20240612"),
        ("levels/Level10Part2.json", "Level10Part2"),
        ("img/20240101.png", "20240101"),
        ("sound/chapter-eleven.mp3", "chapter-eleven"),
    ] {
        let script = format!("const name = '{name}';");
        let site = site_of(&[
            ("index.html", r#"<script src="app.js"></script>"#),
            ("app.js", &script),
            (path, "1"),
        ]);
        site.ok(&["push"]);
        assert!(!site.published("out").contains_key(path), "{path}");
    }
}

/// Hashed files that are only referred to are rewritten as usual.
#[test]
fn literal_imports_are_still_rewritten() {
    let site = site_of(&[
        (
            "index.html",
            r#"<script type="module" src="js/app-1f2e3d4c.js"></script>"#,
        ),
        (
            "js/app-1f2e3d4c.js",
            r#"import("./part-9a8b7c6d.js"); // app-1f2e3d4c"#,
        ),
        ("js/part-9a8b7c6d.js", "1"),
    ]);
    site.ok(&["push"]);
    assert!(
        !site
            .published("out")
            .keys()
            .any(|path| path.starts_with("js/"))
    );
}

/// A rule or a keyed folder that says what is meant ends the advice.
#[test]
fn explicit_rule_replaces_the_advice() {
    let files = [
        ("index.html", PAGE),
        (
            "static/js/main.9c1f2b3d.js",
            r#"const part = "static/js/787.1d2e3f40.js";"#,
        ),
        ("static/js/787.1d2e3f40.js", "1"),
    ];
    for more in [
        "[[rule]]\nmatch = \"static/**\"\nnames = \"opaque\"\n",
        "[[folder]]\nmatch = \".\"\n[[rule]]\nmatch = \"**/*.html\"\nnames = \"folder\"\n",
    ] {
        let site = site_of(&files);
        site.add_config(more);
        site.ok(&["push"]);
    }
}

/// A bundler's file in a level stays unguessable.
#[test]
fn hashed_file_in_level_stays_unguessable() {
    let site = site_of(&[
        ("index.html", PAGE),
        (
            "static/js/main.9c1f2b3d.js",
            r#"const part = "787.1d2e3f40";"#,
        ),
        ("static/js/787.1d2e3f40.js", "1"),
        ("static/js/solution.77aa88bb.js", "2"),
    ]);
    let level = "[[level]]\nname = \"solution\"\nmatch = \"**/solution*\"\n";
    site.add_config(level);
    let names = "static/js/{787.*.js,main.*.js}";
    assert_told(&site, &[(names, "fingerprinted")]);
    assert!(
        !site
            .published("out")
            .contains_key("static/js/solution.77aa88bb.js")
    );
}

/// Pages that a rule keeps unguessable stay so under the printed rules.
#[test]
fn opaque_pages_stay_unguessable() {
    let site = Site::new().config(
        "[[rule]]\nmatch = \"answers/**\"\nnames = \"opaque\"\n[target.t]\nurl = \"file:out\"\n",
    );
    site.write("index.html", PAGE);
    site.write("answers/gears.html", "<p>GEAR</p>");
    site.write(
        "static/js/main.9c1f2b3d.js",
        r#"const part = "787.1d2e3f40";"#,
    );
    site.write("static/js/787.1d2e3f40.js", "1");
    assert_told(
        &site,
        &[("index.html", "plain"), ("static/**", "fingerprinted")],
    );
    assert!(!site.published("out").contains_key("answers/gears.html"));
}

/// Without a configuration, `init` writes one that works.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn init_writes_a_working_config() {
    let project = VITE.project();
    let site = Site::bare();
    project.build(&site, "");
    let flags = [
        "--from",
        "assets",
        "--to",
        "file:out",
        "--key-file",
        "hunt.key",
    ];
    let stopped = site.run(&[&["push"], &flags[..]].concat());
    assert_eq!(stopped.code, 2, "{stopped}");
    assert!(
        stopped
            .stderr
            .contains("`assetsync init` with the same `--from`, `--to` and `--key-file`"),
        "{stopped}"
    );
    let init = site.run(&[&["init"], &flags[..]].concat());
    assert_eq!(init.code, 0, "{init}");
    assert!(init.stderr.contains("A bundler made these files"), "{init}");
    let push = site.run(&["push"]);
    assert_eq!(
        (push.code, push.stderr.contains("warning")),
        (0, false),
        "{push}"
    );
    let server = WebServer::of(site.path("out"));
    click_through(&VITE, &Browser::start(), &server.url, VITE.text);
}

/// `init --for` writes a tool's rules before anything is built.
#[test]
fn init_for_tool_works_before_build() {
    for tool in [
        "vite",
        "next",
        "nuxt",
        "sveltekit",
        "astro",
        "hugo",
        "rails",
        "django",
        "hunt",
    ] {
        let site = Site::bare();
        site.write("index.html", "<title>soon</title>");
        site.ok(&["init", "--for", tool]);
        let diff = site.run(&["diff"]);
        assert_eq!(
            (diff.code, diff.stderr.contains("warning")),
            (0, false),
            "{tool} {diff}"
        );
    }
    let site = Site::bare();
    let run = site.run(&["init", "--from", "dist"]);
    assert_eq!(run.code, 2, "perhaps misspelt: {run}");
    for flags in [
        &["--from", "dist"][..],
        &["--from", "build", "--to", "file:out"],
    ] {
        let site = Site::bare();
        site.ok(&[&["init", "--for", "vite"], flags].concat());
        assert!(site.path(flags[1]).is_dir(), "it's built into that later");
    }
    let site = Site::bare();
    let run = site.run(&["init", "--for", "gulp"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("sveltekit"), "{run}");
}

/// A rule that renames what a chunk asks for stops the push, and the lines that it prints mend it.
#[test]
fn renamed_chunk_parts_are_refused() {
    let rules = |more: &str| {
        format!(
            "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[[rule]]\nmatch = \"assets/**\"\n\
             names = \"fingerprinted\"\n{more}[target.local]\nurl = \"file:out\"\n"
        )
    };
    let opaque = |pattern: &str| format!("[[rule]]\nmatch = \"{pattern}\"\nnames = \"opaque\"\n");
    for pattern in ["assets/*.css", "assets/lazy-*.js", "assets/lazy-*"] {
        let site = Site::new()
            .config(&rules(&opaque(pattern)))
            .file(
                "index.html",
                "<script type=module src=assets/index-BXq4hZ1c.js></script>",
            )
            .file(
                "assets/index-BXq4hZ1c.js",
                "const parts = ['assets/lazy-NoarGyKU.css'];\nimport('./lazy-Cfmh6glJ.js');",
            )
            .file("assets/lazy-Cfmh6glJ.js", "export default 1;")
            .file("assets/lazy-NoarGyKU.css", "p { color: red }");
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{pattern}: {run}");
        assert!(run.stderr.contains("names = \"fingerprinted\""), "{run}");
        assert!(!run.stderr.contains("rewrite = false"), "{run}");
        site.add_config(&run.config_lines());
        site.ok(&["push"]);
        assert!(site.path("out/assets/lazy-NoarGyKU.css").exists());
        assert!(site.path("out/assets/lazy-Cfmh6glJ.js").exists());
    }
}
