//! Where logs may be public, hidden files are told of without their paths and names.

use std::fs;

use crate::support::library::built;
use crate::support::{Run, Site, refused};

const LEVELS: &str = r#"
[[level]]
name = "ending"
match = "**/ending/**"
[[level]]
name = "party"
match = "cellar/**"
held = true
knows = ["ending"]
[target.local]
url = "file:out"
"#;

/// Words of hidden paths, and names that hidden files have in them: nobody who reads a log is to
/// see any.
const SECRET: [&str; 9] = [
    "grapes", "sour", "lair", "cellar", "keg", "vine", "barrel", "pickle", "gherkin",
];

const CI: [(&str, &str); 1] = [("CI", "true")];

fn tale() -> Site {
    Site::new()
        .config(LEVELS)
        .file("index.html", "<p>Once upon a time <img src=fox.png>")
        .file("fox.png", "a fox")
        .file(
            "lair/ending/grapes.html",
            "<!-- a pickle --><img src=vine.png><a href=gherkin.html>",
        )
        .file("lair/ending/vine.png", "a vine")
        .file("lair/ending/\"sour\" é.txt", "very sour")
        .file("cellar/keg.html", "<p>Cheers")
}

fn every_text(run: &Run) -> String {
    format!("{}{}", run.stdout, run.stderr)
}

#[track_caller]
fn tells_nothing(what: &str, run: &Run, keys: &[String]) {
    let text = every_text(run).to_lowercase();
    for secret in SECRET.into_iter().chain(keys.iter().map(String::as_str)) {
        assert!(
            !text.contains(&secret.to_lowercase()),
            "{what} tells {secret}\n{run}"
        );
    }
}

/// What hidden files are called, as long as they stay as they are.
fn keys(site: &Site) -> Vec<String> {
    let build = built(site);
    let hidden = build
        .objects
        .iter()
        .filter(|object| object.path.as_str().contains('/'));
    let keys = hidden.map(|object| object.key.as_str());
    let stems = keys.map(|key| key.split('.').next().unwrap_or(key));
    stems.map(str::to_string).collect()
}

/// In a CI, no command reveals the path or name of a hidden file.
#[test]
fn ci_commands_reveal_no_hidden_files() {
    let site = tale();
    let keys = keys(&site);
    assert_eq!(keys.len(), 4);
    let all: [&[&str]; 27] = [
        &["diff"],
        &["diff", "-v", "--unlock", "party"],
        &["diff", "--json"],
        &["diff", "--show-urls"],
        &["push", "-v", "--show-urls"],
        &["push", "--json", "--unlock", "party"],
        &["push"],
        &["push", "--relock", "party", "--dry-run"],
        &["push", "--relock", "party", "-v"],
        &["refs"],
        &["refs", "-v"],
        &["refs", "--json"],
        &["refs", "--dot"],
        &["refs", "lair/ending/"],
        &["refs", "lair/ending/grapes.html"],
        &["leaks"],
        &["leaks", "--json"],
        &["releases", "--json"],
        &["audit", "--all"],
        &["audit", "--all", "--json", "--show-urls"],
        &["manifest"],
        &["manifest", "--format", "django", "--live"],
        &["url", "lair/ending/grapes.html"],
        &["url", "index.html", "lair/ending/grape.html"],
        &["rollback"],
        &[
            "prune",
            "--keep",
            "1",
            "--keep-days",
            "0",
            "--dry-run",
            "-v",
        ],
        &[
            "prune",
            "--keep",
            "1",
            "--keep-days",
            "0",
            "--yes",
            "--json",
        ],
    ];
    for arguments in all {
        let run = site.run_with(&CI, arguments);
        tells_nothing(&arguments.join(" "), &run, &keys);
    }
}

/// In a CI, no error reveals a hidden file.
#[test]
fn ci_errors_reveal_no_hidden_files() {
    type Mistake = (
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static [&'static str],
    );
    let mistakes: [Mistake; 16] = [
        (
            "a reference",
            &[("index.html", "<img src=lair/ending/vine.png>")],
            &["push"],
        ),
        (
            "its path in a text",
            &[("note.txt", "lair/ending/grapes.html")],
            &["push"],
        ),
        (
            "its bare name",
            &[("note.txt", "see \"sour\" é.txt and grapes.html")],
            &["push", "-v"],
        ),
        (
            "a reference that leads nowhere",
            &[("lair/ending/b.css", "a{background:url(barrel.png)}")],
            &["push"],
        ),
        (
            "a key",
            &[(
                "lair/ending/k.txt",
                "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n",
            )],
            &["push", "--json"],
        ),
        (
            "a name that no target keeps",
            &[("lair/ending/sour\\grapes.txt", "x")],
            &["push"],
        ),
        (
            "a private folder",
            &[("lair/ending/.git/config", "x")],
            &["push", "-v"],
        ),
        (
            "twins",
            &[("lair/ending/VINE.png", "another vine")],
            &["diff", "-v"],
        ),
        (
            "an import that leads nowhere",
            &[("lair/ending/c.css", "@import \"pickle.css\";")],
            &["push", "--json"],
        ),
        (
            "a list of nothing",
            &[("lair/ending/d.js", "let a = \"$$ASSETS(gherkin/*.png)$$\"")],
            &["push"],
        ),
        (
            "a path that a script builds",
            &[("lair/ending/e.mjs", "import(`./${pickle}/barrel.js`)")],
            &["diff", "-v"],
        ),
        (
            "a script that can't be parsed",
            &[("lair/ending/f.js", "let pickle = ; barrel gherkin")],
            &["diff", "-v"],
        ),
        (
            "a URL for another place",
            &[("cellar/g.html", "<img src=/static/lair/ending/vine.png>")],
            &["refs", "-v"],
        ),
        (
            "a string with a name",
            &[("lair/ending/h.js", "let a = 'vine.png'")],
            &["refs", "--json"],
        ),
        (
            "an ignore file",
            &[(".assetsyncignore", "lair/ending/{barrel")],
            &["push"],
        ),
        (
            "a copy in another place",
            &[("copy.png", "a vine")],
            &["push"],
        ),
    ];
    for (what, files, arguments) in mistakes {
        let mut site = tale();
        for (path, text) in files {
            site = site.file(path, text);
        }
        tells_nothing(what, &site.run_with(&CI, arguments), &[]);
    }
}

/// A suggested line is shown in full only where its path may be read.
#[test]
fn hidden_config_line_needs_show_hidden() {
    let site = tale().file("copy.png", "a vine");
    let run = site.run_with(&CI, &["push"]);
    assert_eq!(run.code, 2, "{run}");
    let instead =
        "(the path of ending file 3 of 3: run assetsync diff --show-hidden on your own machine)";
    assert!(
        run.stderr.contains(&format!(
            "`match = \"copy.png\"` and `may_name = [{instead}]`"
        )),
        "{run}"
    );
    let shown = site.run_with(&CI, &["diff", "--show-hidden"]).stderr;
    let lines = shown.split('`').filter(|part| part.contains(" = "));
    let rule: Vec<&str> = lines.collect();
    let config = format!("[[rule]]\n{}\n{LEVELS}", rule.join("\n"));
    site.config(&config).ok(&["push"]);
}

/// A bad name is shown only where it may be read.
#[test]
fn hidden_bad_name_needs_show_hidden() {
    let site = tale().file("lair/ending/sour\\grapes.txt", "x");
    let run = site.run_with(&CI, &["push"]);
    let instead =
        "# this line isn't shown here: run assetsync diff --show-hidden on your own machine";
    assert!(run.stderr.contains(instead), "{run}");
    let shown = site.run_with(&CI, &["diff", "--show-hidden"]).stderr;
    let line = shown.lines().find(|line| line.trim().starts_with("/lair/"));
    let line = line.expect("a line for the ignore file").trim();
    site.file(".assetsyncignore", line).ok(&["push"]);
}

/// Refusals and removed files are reported without hidden names too.
#[test]
fn guards_and_removals_hide_names() {
    let site = tale();
    site.ok(&["push", "--unlock", "party"]);
    let keys = keys(&site);
    for (what, arguments) in [
        ("a level taken back", &["push"][..]),
        ("the same as JSON", &["diff", "--json"]),
    ] {
        let run = site.run_with(&CI, arguments);
        tells_nothing(what, &run, &keys);
    }
    fs::remove_dir_all(site.asset("lair/ending")).expect("removed");
    site.write("lair/ending/new.html", "<p>The end");
    for arguments in [
        &["push", "--unlock", "party"][..],
        &["diff", "--unlock", "party"],
    ] {
        let run = site.run_with(&CI, arguments);
        tells_nothing("files that are gone", &run, &keys);
        assert!(
            every_text(&run).contains("former ending file") || run.code == 3,
            "{run}"
        );
    }
}

/// A hidden file is named by its level and number.
#[test]
fn hidden_file_shown_by_level_number() {
    let run = tale().run_with(&CI, &["diff"]);
    insta::assert_snapshot!("hidden_diff", run);
    let json: serde_json::Value =
        serde_json::from_str(&tale().run_with(&CI, &["diff", "--json"]).stdout).expect("JSON");
    let paths: Vec<&str> = json["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| change["path"].as_str().expect("text"))
        .collect();
    assert_eq!(
        paths,
        [
            "fox.png",
            "index.html",
            "ending file 1 of 3",
            "ending file 2 of 3",
            "ending file 3 of 3"
        ]
    );
}

/// Hidden paths are shown only on request or if the configuration says so.
#[test]
fn show_hidden_and_setting_reveal_paths() {
    let says = |hide: &str, environment: &[(&str, &str)], arguments: &[&str]| {
        let config = LEVELS.replacen("held = true", &format!("held = true\n{hide}"), 1);
        let site = tale().config(&config);
        let text = every_text(&site.run_with(environment, arguments));
        (
            text.contains("lair/ending/vine.png"),
            text.contains("cellar/keg.html"),
        )
    };
    let diff = ["diff", "--unlock", "party"];
    let asked = ["diff", "--unlock", "party", "--show-hidden"];
    assert_eq!(says("", &[], &diff), (true, true));
    assert_eq!(says("", &CI, &diff), (false, false));
    assert_eq!(says("", &[("CI", "false")], &diff), (true, true));
    assert_eq!(says("", &CI, &asked), (true, true));
    assert_eq!(says("hide_paths = true", &[], &diff), (true, false));
    assert_eq!(says("hide_paths = true", &[], &asked), (true, true));
    assert_eq!(says("hide_paths = false", &CI, &diff), (false, true));
}

/// Hidden names that other programs need are written to files or refused.
#[test]
fn hidden_names_go_only_to_files() {
    let site = tale();
    for (arguments, has_out) in [
        (&["manifest"][..], true),
        (&["url", "lair/ending/vine.png"], false),
    ] {
        let run = site.run_with(&CI, arguments);
        refused(&run, &["The output names hidden files", "--show-hidden"]);
        assert_eq!(run.stderr.contains("`--out FILE`"), has_out, "{run}");
        assert_eq!(run.stdout, "");
    }
    let is_whole = |text: &str| text.contains("lair/ending/vine.png") && text.contains("fox.png");
    let run = site.run_with(&CI, &["manifest", "--show-hidden"]);
    assert!(is_whole(&run.stdout), "{run}");
    site.run_with(&CI, &["manifest", "--out", "names.json"]);
    assert!(is_whole(
        &fs::read_to_string(site.path("names.json")).expect("written")
    ));
    let out = fs::File::create(site.path("piped.json")).expect("made");
    let mut command = site.command(&["manifest"]);
    let status = command
        .env("CI", "true")
        .stdout(out)
        .status()
        .expect("it runs");
    assert!(status.success());
    assert!(is_whole(
        &fs::read_to_string(site.path("piped.json")).expect("written")
    ));
    let out = fs::File::create(site.path("url.txt")).expect("made");
    let mut command = site.command(&["url", "lair/ending/vine.png"]);
    let ran = command.env("CI", "true").stdout(out).output();
    let ran = ran.expect("it runs");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert_eq!((ran.status.code(), &*told), (Some(0), ""), "all is shown");
    let open = site.run_with(&CI, &["manifest", "--level", "open"]);
    assert!(open.code == 0 && open.stdout.contains("fox.png"), "{open}");
    assert_eq!(site.run_with(&CI, &["url", "fox.png"]).code, 0);
}

/// In a CI, no line of a hidden document is shown.
#[test]
fn hidden_document_line_is_not_shown() {
    let broken = "<p>pickle <img src=gherkin.png>";
    let hidden = Site::new()
        .config(LEVELS)
        .file("cellar/keg.html", "<p>Cheers")
        .file("lair/ending/grapes.html", broken);
    let run = hidden.run_with(&CI, &["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(!run.stderr.contains('^'), "{run}");
    tells_nothing("a line", &run, &[]);
    let shown = hidden.run_with(&CI, &["push", "--show-hidden"]);
    assert!(
        shown
            .stderr
            .contains("\n1 | <p>pickle <img src=gherkin.png>\n"),
        "{shown}"
    );
    let open = Site::new()
        .config(LEVELS)
        .file("cellar/keg.html", "<p>Cheers")
        .file("lair/ending/vine.png", "a vine")
        .file(
            "index.html",
            "<img src=wolf.png> <!-- lair/ending/vine.png -->",
        );
    let run = open.run_with(&CI, &["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        !run.stderr.contains('^'),
        "an open one that names it: {run}"
    );
    tells_nothing("a line of another document", &run, &[]);
}

/// In a CI, no line of the configuration is shown.
#[test]
fn ci_hides_lines_of_configuration() {
    let site = Site::new().config("[[level]]\nname = \"party\"\nmach = \"cellar/**\"\n");
    let run = site.run_with(&CI, &["push"]);
    assert!(run.stderr.contains("unknown setting `mach`"), "{run}");
    assert!(!run.stderr.contains("cellar"), "{run}");
    let run = site.run(&["push"]);
    assert!(run.stderr.contains("mach = \"cellar/**\"\n"), "{run}");
}
