//! Where settings come from: a flag wins over the environment, the environment over
//! `assetsync.toml`, and flags alone are enough.

use std::fs;

use crate::support::{KEY, Run, Site};

// --- Which target

/// A configuration with these lines at its top.
fn configuration(lines: &str) -> String {
    let source = "[[source]]\ndir = \"assets\"\n";
    format!("key_file = \"hunt.key\"\n{lines}\n{source}[target.local]\nurl = \"file:out\"\n")
}

/// Two targets and no default.
fn two_targets() -> Site {
    let targets = "[target.staging]\nurl = \"file:staging\"\n[target.prod]\nurl = \"file:prod\"\n";
    Site::bare().file("a.png", "a").config(targets)
}

/// A target is chosen by argument, then by environment, then by default.
#[test]
fn target_precedence_is_argument_environment_default() {
    let site = two_targets();
    let both = &[("ASSETSYNC_TARGET", "staging")];
    assert!(site.ok(&["diff", "prod"]).contains("\nprod: "));
    assert!(
        site.run_with(both, &["diff", "prod"])
            .stdout
            .contains("\nprod: ")
    );
    assert!(
        site.run_with(both, &["diff"])
            .stdout
            .contains("\nstaging: ")
    );
    let site =
        site.raw_config(&configuration("default_target = \"prod\"").replace("local", "prod"));
    assert!(site.ok(&["diff"]).contains("\nprod: "));
}

/// Several targets are published in the order asked for.
#[test]
fn targets_are_published_in_order() {
    let site = two_targets();
    insta::assert_snapshot!("two_targets", site.run(&["push", "prod", "staging"]));
    assert_eq!(site.published("prod"), site.published("staging"));
}

/// An unclear or unknown target is reported with the ones that exist.
#[test]
fn unclear_target_lists_the_choices() {
    let site = two_targets();
    for (environment, arguments, told) in [
        (
            None,
            vec!["push"],
            "error: There are several targets and no default\nhint: name one of `prod`, `staging`, or set `default_target`\n",
        ),
        (
            None,
            vec!["push", "stagin"],
            "error: there is no target `stagin`\nhint: did you mean `staging`?\n",
        ),
        (
            None,
            vec!["push", "prod", "stagin"],
            "error: there is no target `stagin`\nhint: did you mean `staging`?\n",
        ),
        (
            None,
            vec!["url", "a.png", "--target", "x"],
            "error: there is no target `x`\nhint: use one of `prod`, `staging`\n",
        ),
    ] {
        let environment: Option<(&str, &str)> = environment;
        let run = site.run_with(environment.as_slice(), &arguments);
        assert_eq!((run.code, run.told().as_str()), (2, told), "{arguments:?}");
        assert!(
            !site.path("prod").exists(),
            "nothing is published to the first either"
        );
    }
}

/// A wrong target from the environment is reported with its variable.
#[test]
fn wrong_target_names_its_variable() {
    let run = two_targets().run_with(&[("ASSETSYNC_TARGET", "stagin")], &["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("ASSETSYNC_TARGET"), "{run}");
}

// --- Where settings come from

/// Everything that the environment and flags can override.
const FILE: &str = r#"
key_file = "hunt.key"
extensions = ["glsl"]
gzip_level = 1
requests = 4
memory_mib = 65
retry_seconds = 10

[[source]]
dir = "assets"

[target.local]
url = "file:out"
public_url = "https://file.example/"
access = "object-acl"
endpoint = "https://server.example/"
region = "file-1"
addressing = "path"
cors = "file.json"
not_found = "404.html"
"#;

/// Each setting, with a value for the environment and one for the flag.
const SETTINGS: [(&str, &str, &str); 16] = [
    ("key_file", "environment.key", "flag.key"),
    ("extensions", "vert", "frag"),
    ("gzip_level", "2", "3"),
    ("requests", "5", "6"),
    ("memory_mib", "66", "67"),
    ("retry_seconds", "11", "12"),
    ("from", "environment", "flag"),
    ("to", "file:environment-out", "file:flag-out"),
    ("endpoint", "https://e.example/", "https://f.example/"),
    ("region", "environment-1", "flag-1"),
    ("access", "bucket", "object-acl"),
    ("addressing", "virtual", "path"),
    ("cors", "environment.json", "flag.json"),
    (
        "public_url",
        "https://cdn-e.example/",
        "https://cdn-f.example/",
    ),
    // There's one name only that a folder's page has.
    ("index", "index.html", "index.html"),
    ("not_found", "environment.html", "flag.html"),
];

/// A site on which all of these values work.
fn settings() -> Site {
    let site = Site::bare()
        .raw_config(FILE)
        .private("environment.key", &format!("{KEY} 2"))
        .private("flag.key", &format!("{KEY} 3"))
        .private("file.json", "[]")
        .private("environment.json", "[]")
        .private("flag.json", "[]")
        .file("a.png", "by file");
    for (from, extension) in [("environment", "vert"), ("flag", "frag")] {
        fs::create_dir(site.path(from)).expect("a folder");
        let file = site.path(from).join("shader").with_extension(extension);
        fs::write(file, from).expect("written");
    }
    site
}

fn variable(setting: &str) -> String {
    format!("ASSETSYNC_{}", setting.to_uppercase())
}

fn flag(setting: &str) -> String {
    format!("--{}", setting.replace('_', "-"))
}

/// Defaults hold until the file says otherwise.
#[test]
fn file_overrides_the_defaults() {
    let site = Site::new().file("a.png", "a");
    insta::assert_snapshot!("settings_default", site.run(&["diff", "-v"]));
    insta::assert_snapshot!("settings_from_file", settings().run(&["diff", "-v"]));
}

/// A variable overrides the file, and a flag overrides both.
#[test]
fn flag_beats_variable_beats_file() {
    let site = settings().file("b.vert", "").file("b.frag", "");
    for from in ["environment", "flag"] {
        fs::write(site.path(from).join("a.png"), "").expect("written");
    }
    for (setting, by_environment, by_flag) in SETTINGS {
        let (variable, flag) = (variable(setting), flag(setting));
        let environment = [(variable.as_str(), by_environment)];
        let run = site.run_with(&environment, &["diff", "-v"]);
        let line = format!("{setting} = {by_environment} (from {variable})\n");
        assert!(run.code == 0 && run.stderr.contains(&line), "{line}{run}");

        let run = site.run_with(&environment, &["diff", "-v", &flag, by_flag]);
        let line = format!("{setting} = {by_flag} (from {flag})\n");
        assert!(run.code == 0 && run.stderr.contains(&line), "{line}{run}");
        assert!(!run.stderr.contains(&variable), "{run}");
    }
}

/// The settings that `-v` shows are the ones in effect.
#[test]
fn verbose_settings_are_in_effect() {
    let site = settings();
    let variables: Vec<(String, &str)> = SETTINGS
        .iter()
        .map(|(setting, by_environment, _)| (variable(setting), *by_environment))
        .collect();
    let environment: Vec<(&str, &str)> = variables
        .iter()
        .map(|(variable, value)| (variable.as_str(), *value))
        .collect();
    let flags: Vec<String> = SETTINGS
        .iter()
        .map(|(setting, _, by_flag)| format!("{}={by_flag}", flag(setting)))
        .collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();

    let url_of_a_file = site.ok(&["url", "a.png"]);
    assert!(url_of_a_file.starts_with("https://file.example/"));
    let by_environment = site.run_with(&environment, &["push"]);
    let by_flag = site.run_with(&environment, &[&["push"], flags.as_slice()].concat());
    for (run, out, content) in [
        (&by_environment, "environment-out", "environment"),
        (&by_flag, "flag-out", "flag"),
    ] {
        assert_eq!(run.code, 0, "{run}");
        let objects = site.published(out);
        let found = objects.values().any(|bytes| bytes == content.as_bytes());
        assert!(found, "{content} in {:?}", objects.keys());
    }
    let key_id = |run: &Run| run.stdout.split("(key ").nth(1).map(str::to_string);
    assert_ne!(key_id(&by_environment), key_id(&by_flag));
    let url = |arguments: &[&str]| site.run_with(&environment, arguments).stdout;
    assert!(url(&["url", "shader.vert"]).starts_with("https://cdn-e.example/"));
    // It asks no storage, and compresses nothing.
    let is_of_push = |flag: &&str| {
        let mut names = [
            "cors",
            "gzip-level",
            "memory-mib",
            "requests",
            "retry-seconds",
        ]
        .iter();
        names.any(|name| flag.starts_with(&format!("--{name}=")))
    };
    let flags = flags.into_iter().filter(|flag| !is_of_push(flag));
    let arguments: Vec<&str> = ["url", "shader.frag"].into_iter().chain(flags).collect();
    assert!(url(&arguments).starts_with("https://cdn-f.example/"));
}

/// `-v` shows the settings that the file makes.
#[test]
fn verbose_shows_settings_from_file() {
    let run = settings().run(&["diff", "-v"]);
    let line = "extensions = glsl (from assetsync.toml)\n";
    assert!(run.stderr.contains(line), "{line}{run}");
}

/// A wrong value is reported with the flag or variable it came from.
#[test]
fn wrong_value_names_its_origin() {
    let site = Site::new().file("a.png", "a");
    let urls = "write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`";
    let number = "but must be a number from 0 to 9";
    let url = "but must be a URL such as `https://cdn.example.org/static/`";
    for (setting, value, message, hint) in [
        (
            "gzip_level",
            "10",
            format!("gzip_level is `10`, {number}"),
            "",
        ),
        (
            "gzip_level",
            "best",
            format!("gzip_level is `best`, {number}"),
            "",
        ),
        ("to", "out", "`out` isn't a target URL".to_string(), urls),
        (
            "public_url",
            "cdn",
            format!("public_url is `cdn`, {url}"),
            "",
        ),
        (
            "endpoint",
            "localhost:9000",
            format!(
                "endpoint is `localhost:9000`, {}",
                url.replace("cdn.example.org/static/", "s3.example.org")
            ),
            "",
        ),
        (
            "access",
            "public",
            "access cannot be `public`".to_string(),
            "use `bucket` if the bucket's policy or roles let everybody read, or `object-acl` to store each object with a public-read ACL",
        ),
    ] {
        let hint = match hint {
            "" => String::new(),
            hint => format!("hint: {hint}\n"),
        };
        let (flag, variable) = (flag(setting), variable(setting));
        let run = site.run(&["push", &flag, value]);
        assert_eq!(
            run.told(),
            format!("error: {message} (from {flag})\n{hint}")
        );
        assert_eq!(run.code, 2);
        let run = site.run_with(&[(&variable, value)], &["push"]);
        assert_eq!(
            run.told(),
            format!("error: {message} (from {variable})\n{hint}")
        );
        assert_eq!(run.code, 2);
    }
}

/// A missing folder is reported with the flag or variable it came from.
#[test]
fn missing_folder_names_its_origin() {
    let site = Site::new().file("a.png", "a");
    for from in ["asets", "hunt.key"] {
        let told = format!("error: the folder `{from}` doesn't exist (from --from)\n");
        let run = site.run(&["push", "--from", from]);
        assert_eq!((run.code, run.told()), (2, told));
        let run = site.run_with(&[("ASSETSYNC_FROM", from)], &["push"]);
        assert!(run.stderr.contains("ASSETSYNC_FROM"), "{run}");
    }
}

/// CI systems set the variables of secrets and inputs that aren't there to nothing.
#[test]
fn empty_variable_counts_as_unset() {
    let site = Site::new().file("a.png", "a");
    let mut wrong = String::new();
    for setting in SETTINGS
        .iter()
        .map(|(setting, ..)| *setting)
        .chain(["target", "config"])
    {
        let run = site.run_with(&[(&variable(setting), "")], &["diff"]);
        if run.code != 0 {
            wrong += &format!("{}=\n{run}", variable(setting));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

// --- Without a configuration

#[test]
fn flags_alone_are_enough() {
    let site = Site::bare().file("a.png", "a");
    let flags = [
        "--from",
        "assets",
        "--to",
        "file:out",
        "--key-file",
        "hunt.key",
    ];
    let with = |command: &[&'static str]| [command, &flags].concat();
    insta::assert_snapshot!("flags_diff", site.run(&with(&["diff", "-v"])));
    insta::assert_snapshot!("flags_push", site.run(&with(&["push"])));
    assert!(site.ok(&with(&["url", "a.png"])).starts_with("file://"));
    assert!(
        site.ok(&["manifest", "--from", "assets", "--key-file", "hunt.key"])
            .contains("a.png")
    );
    assert!(site.ok(&with(&["push"])).contains("1 (1 B) kept"));
}

/// Settings that are missing without a configuration are reported.
#[test]
fn missing_settings_are_reported() {
    let site = Site::bare().file("a.png", "a");
    let from = ["diff", "--from", "assets"];
    let key = ["--key-file", "hunt.key"];
    let to = ["--to", "file:out"];
    insta::assert_snapshot!("flags_without_key", site.run(&[&from[..], &to].concat()));
    insta::assert_snapshot!(
        "flags_without_target",
        site.run(&[&from[..], &key].concat())
    );
    insta::assert_snapshot!(
        "flags_without_source",
        site.run(&[&["diff"], &to[..], &key].concat())
    );
}

/// Flags replace sources and targets of a configuration but not its rules.
#[test]
fn flags_replace_sources_but_keep_rules() {
    let site = Site::new()
        .config(
            "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n",
        )
        .file("configured.html", "configured");
    fs::create_dir(site.path("other")).expect("a folder");
    fs::write(site.path("other/index.html"), "other").expect("written");
    site.ok(&["push", "--from", "other", "--to", "file:elsewhere"]);
    let objects = site.published("elsewhere");
    assert_eq!(
        objects.keys().collect::<Vec<_>>(),
        ["_headers", "index.html"]
    );
    assert!(!site.path("out").exists());
}

/// Paths in a file are relative to it, those of flags to the working folder.
#[test]
fn paths_are_relative_to_their_origin() {
    let site = Site::new()
        .file("a.png", "a")
        .private("other.key", &format!("{KEY} 2"));
    fs::create_dir(site.path("elsewhere")).expect("a folder");
    let mut push = site.command(&["push", "-c", "../assetsync.toml"]);
    let run = Run::of(push.current_dir(site.path("elsewhere")), &site.path(""));
    assert_eq!(run.code, 0, "{run}");
    assert!(site.path("out").exists() && !site.path("elsewhere/out").exists());

    let arguments = [
        "push",
        "-c",
        "../assetsync.toml",
        "--to",
        "file:here",
        "--key-file",
        "../other.key",
    ];
    let run = Run::of(
        site.command(&arguments).current_dir(site.path("elsewhere")),
        &site.path(""),
    );
    assert_eq!(run.code, 0, "{run}");
    assert!(site.path("elsewhere/here").exists());
}
