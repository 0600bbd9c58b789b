//! What the program says when something is typed wrong, is missing or fails: every advice works.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use crate::support::{KEY, Run, Site};

/// Two targets, and no default.
const TWO: &str = "[target.prod]\nurl = \"file:prod\"\n[target.staging]\nurl = \"file:staging\"\n";

// --- Targets

/// Every command that takes a target.
const OF_A_TARGET: [&[&str]; 18] = [
    &["diff"],
    &["push"],
    &["push", "--dry-run"],
    &["releases"],
    &["rollback"],
    &["live", "on"],
    &["live", "off"],
    &["live", "status"],
    &["prune"],
    &["resolve"],
    &["cors", "show"],
    &["cors", "diff"],
    &["cors", "apply"],
    &["doctor"],
    &["audit"],
    &["access", "show"],
    &["access", "apply"],
    &["access", "close"],
];

/// Every command takes its target as an argument or as a flag.
#[test]
fn target_may_be_argument_or_flag() {
    let site = Site::new().config(TWO).file("a.html", "a");
    let commands = OF_A_TARGET
        .into_iter()
        .chain([["manifest", "--live"].as_slice()]);
    for command in commands {
        let with = |more: &[&str]| site.run(&[command, more].concat());
        for way in [
            vec!["nowhere", "x"],
            vec!["--target", "nowhere"],
            vec!["--target=nowhere"],
        ] {
            // Of one name, `rollback` can't tell whether it's a release; no other command takes
            // two.
            let way = match way.as_slice() {
                ["nowhere", _] if command != ["rollback"] => &way[..1],
                way => way,
            };
            let run = with(way);
            assert_eq!(run.code, 2, "{command:?} {way:?}\n{run}");
            assert!(
                run.stderr.contains("no target `nowhere`"),
                "{command:?} {way:?}\n{run}"
            );
        }
        let run = with(&["prod", "--target", "staging"]);
        assert_eq!(run.code, 2, "{command:?}\n{run}");
        assert!(
            run.stderr.contains("`prod`") && run.stderr.contains("`staging`"),
            "{run}"
        );
        let run = with(&["prod", "--target", "prod"]);
        assert!(!run.stderr.contains("Which target"), "{command:?}\n{run}");
    }
    assert!(
        !site.path("staging").exists(),
        "nothing was done to the other one"
    );
}

/// A push goes to the targets that flags name and to no other.
#[test]
fn push_goes_only_to_named_targets() {
    let site = Site::new()
        .config(&format!("{TWO}[target.third]\nurl = \"file:third\"\n"))
        .file("a.html", "a");
    site.ok(&["push", "--target", "staging"]);
    assert!(site.path("staging").exists() && !site.path("prod").exists());
    site.ok(&["push", "--target", "prod", "--target", "staging"]);
    assert!(site.path("prod").exists() && !site.path("third").exists());
    let run = site.run(&["push", "prod", "third", "--target", "prod"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(!site.path("third").exists());
}

/// A rollback takes the target as a flag and the release as an argument.
#[test]
fn rollback_takes_target_flag_and_release() {
    let site = Site::new().config(TWO).file("a.txt", "one");
    let release = |site: &Site| {
        let text = site.ok(&["releases", "prod", "--json"]);
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        document["current"].as_str().expect("one").to_string()
    };
    site.ok(&["push", "--target", "prod"]);
    let first = release(&site);
    for content in ["two", "three"] {
        site.write("a.txt", content);
        site.ok(&["push", "--target", "prod"]);
    }
    site.ok(&["rollback", "--target", "prod"]);
    assert_ne!(release(&site), first, "the second one");
    site.ok(&["rollback", &first, "--target", "prod"]);
    assert_eq!(release(&site), first);
    let run = site.run(&["rollback", "staging", &first, "--target", "prod"]);
    assert_eq!(run.code, 2, "{run}");
}

/// `ASSETSYNC_TARGET` names the target where no argument or flag does.
#[test]
fn environment_names_the_default_target() {
    let site = Site::new().config(TWO).file("a.txt", "one");
    let environment = [("ASSETSYNC_TARGET", "staging")];
    for (arguments, url) in [
        (vec!["url", "a.txt"], "/staging/"),
        (vec!["url", "a.txt", "--target", "prod"], "/prod/"),
        (vec!["url", "prod", "a.txt"], "/prod/"),
    ] {
        let run = site.run_with(&environment, &arguments);
        assert!(run.stdout.contains(url), "{arguments:?}\n{run}");
    }
}

/// A first path is a target unless the tree has a file of that name.
#[test]
fn first_path_prefers_tree_over_target() {
    let config = "extensions = [\"\"]\nkey_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n";
    let site = Site::new()
        .raw_config(&format!("{config}{TWO}"))
        .file("a.txt", "a")
        .file("staging", "a file");
    assert_eq!(site.ok(&["url", "prod", "a.txt"]).lines().count(), 1);
    let urls = site.ok(&["url", "staging", "a.txt", "--target", "prod"]);
    assert_eq!(urls.matches("/prod/").count(), 2, "{urls}");
    let run = site.run(&["url", "prod", "a.txt", "--target", "staging"]);
    assert_eq!(run.code, 2, "{run}");
}

// --- What is typed wrong

/// No tip suggests a flag or command that means something else.
#[test]
fn tips_never_name_unrelated_flags() {
    let site = Site::new().file("a.txt", "a");
    for arguments in [
        ["push", "--force"],
        ["push", "--stage"],
        ["push", "--targets"],
        ["push", "--prod"],
        ["push", "--allow"],
        ["push", "--rollback-key"],
        ["refs", "--target"],
        ["leaks", "--target"],
        ["prune", "--keep-all"],
        ["audit", "--allow-live"],
        ["rune", "prod"],
        ["purge", "prod"],
        ["publish", "prod"],
        ["remove", "prod"],
    ] {
        let run = site.run(&arguments);
        assert_eq!(run.code, 2, "{run}");
        let tip = run.stderr.lines().find(|line| line.contains("tip:"));
        let is_meant = |tip: &str| {
            tip.contains("'--target'") && arguments[1] == "--targets"
                || tip.contains("'prune'") && arguments[0] == "rune"
        };
        assert!(tip.is_none_or(is_meant), "{arguments:?}\n{run}");
    }
}

/// A typo in a flag or command suggests the intended one.
#[test]
fn typo_suggests_the_intended_word() {
    let site = Site::new().file("a.txt", "a");
    for (arguments, meant) in [
        (["push", "--dryrun"], "--dry-run"),
        (["push", "--targte"], "--target"),
        (["push", "--allow-shrnk"], "--allow-shrink"),
        (["psuh", "prod"], "push"),
        (["release", "prod"], "releases"),
    ] {
        let run = site.run(&arguments);
        assert!(
            run.stderr.contains(&format!("'{meant}'")),
            "{arguments:?}\n{run}"
        );
    }
}

// --- Paths

/// A path is understood however people write it.
#[test]
fn paths_are_understood_in_any_spelling() {
    let config = "prefixes = [\"/static/\"]\nkey_file = \"hunt.key\"\n\
        [[source]]\ndir = \"assets\"\n[[source]]\ndir = \"more/pages\"\nmount = \"team\"\n\
        [target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .raw_config(config)
        .file("index.html", "the front page")
        .file("puzzle/gears/index.html", "<p>Gears")
        .file("puzzle/gears/map.png", "a map")
        .file("music/theme.mp3", "a tune");
    fs::create_dir_all(site.path("more/pages")).expect("a folder");
    fs::write(site.path("more/pages/ann.html"), "Ann").expect("written");
    let absolute = site.asset("puzzle/gears").display().to_string();
    let url = |path: &str| site.ok(&["url", path]);
    for (meant, ways) in [
        (
            "puzzle/gears/index.html",
            vec![
                "puzzle/gears/",
                "puzzle/gears",
                "/puzzle/gears/",
                "./puzzle/gears",
                "puzzle//gears/.",
                "puzzle/other/../gears/index.html",
                "/static/puzzle/gears/",
                "assets/puzzle/gears/index.html",
                "assets/puzzle/gears",
                "./assets/puzzle/gears/",
                absolute.as_str(),
            ],
        ),
        ("index.html", vec!["/", ".", "./", "assets", "/static/"]),
        (
            "puzzle/gears/map.png",
            vec!["assets/puzzle/gears/map.png", "/puzzle/gears/map.png"],
        ),
        (
            "team/ann.html",
            vec![
                "more/pages/ann.html",
                "./more/pages/ann.html",
                "/team/ann.html",
            ],
        ),
    ] {
        for way in ways {
            assert_eq!(url(way), url(meant), "{way}");
            assert_eq!(site.ok(&["refs", way]), site.ok(&["refs", meant]), "{way}");
        }
    }
    for (typed, hint) in [
        (
            "music/",
            "is a folder without an `index.html`\nhint: it contains `music/theme.mp3`",
        ),
        ("puzzle/gear/", "did you mean `puzzle/gears/`?"),
        (
            "assets/puzzle/gears/mpa.png",
            "did you mean `puzzle/gears/map.png`?",
        ),
        ("theme.mp3", "did you mean `music/theme.mp3`?"),
        ("Theme.MP3", "did you mean `music/theme.mp3`?"),
        (
            "puzzle/gears/MAP.png",
            "did you mean `puzzle/gears/map.png`?",
        ),
        ("a\\b.txt", "paths are relative to the source"),
        ("zzz", "paths are relative to the source"),
    ] {
        let run = site.run(&["url", typed]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(hint), "{typed}\n{run}");
    }
}

// --- What is wrong with a tree

/// The lines for an ignore file that the output advises, and the file.
fn ignore_lines(run: &Run) -> Vec<(String, String)> {
    let mut file = None;
    let mut lines = Vec::new();
    for line in run.stderr.lines() {
        let names_file = line
            .strip_suffix("`:")
            .and_then(|line| line.rsplit_once('`'));
        match (names_file, line.strip_prefix("        ")) {
            (Some((_, named)), _) => file = Some(named.to_string()),
            (None, Some(pattern)) => {
                lines.push((file.clone().expect("a file"), pattern.to_string()))
            }
            (None, None) => {}
        }
    }
    lines
}

/// Names that no target can keep, and names like them that every target can.
fn odd_names() -> Vec<(Vec<u8>, &'static str)> {
    let long = format!("{}/", "d".repeat(250)).repeat(4) + &"n".repeat(60) + ".txt";
    let mut names = vec![
        (long.into_bytes(), "dddd.txt"),
        (
            b".well-known/acme-challenge/token.txt".to_vec(),
            ".well-known/acme-challenges.txt",
        ),
    ];
    for (odd, alike) in [
        (b"back\\slash.png".as_slice(), "back-slash.png"),
        (b"back\\folder/page.html", "back.folder/page.html"),
        (b"latin-1 caf\xe9.png", "latin-1 cafe.png"),
        (b"latin-1 \xff/a.png", "latin-1 f/a.png"),
        (b"two\nlines.png", "two lines.png"),
        (b"tab\tand bell\x07.png", "tab-and bell..png"),
        (b"escape\x1b[2J.png", "escape.[2J.png"),
        (b"next\xc2\x85line.png", "next..line.png"),
        (b"{a,b}\\*?[!x]#.png", "a.png"),
        (b"#back\\slash.txt", "#back.txt"),
        (b"!back\\slash.txt", "!back.txt"),
        (b" space\\.txt ", " space..txt"),
        (b"de\xe2\x80\xaetcer\\id.txt", "de...tcer.id.txt"),
    ] {
        names.push((odd.to_vec(), alike));
    }
    names
}

/// A name that no target can keep is left out by the advised ignore line.
#[test]
#[cfg(target_os = "linux")]
fn unkeepable_name_is_ignored_as_advised() {
    for (odd, alike) in odd_names() {
        let site = Site::new().file("fine.png", "fine").file(alike, "alike");
        let file = site.asset("").join(OsStr::from_bytes(&odd));
        fs::create_dir_all(file.parent().expect("in the tree")).expect("a folder");
        fs::write(&file, "odd").expect("written");
        let shown = String::from_utf8_lossy(&odd).escape_debug().to_string();

        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{shown}\n{run}");
        let [(ignore_file, line)] = ignore_lines(&run)
            .try_into()
            .expect("one line for one file");
        assert!(
            line.chars().all(|c| !c.is_control() && c != '\u{202e}'),
            "{line:?}"
        );
        fs::write(site.path(&ignore_file), format!("{line}\n")).expect("written");
        let run = site.run(&["push"]);
        assert_eq!(run.code, 0, "{shown}: {line}\n{run}");
        let manifest = site.ok(&["manifest"]);
        assert_eq!(
            manifest.matches("\"key\"").count(),
            2,
            "{line} is about {shown} alone: {manifest}"
        );

        // Or it's renamed.
        fs::remove_file(site.path(&ignore_file)).expect("removed");
        assert_eq!(site.run(&["push"]).code, 2);
        fs::rename(&file, site.asset("renamed.txt")).expect("renamed");
        let mut folder = file.parent().expect("a folder").to_path_buf();
        while folder != site.asset("") && fs::remove_dir(&folder).is_ok() {
            folder.pop();
        }
        site.ok(&["push", "--allow-shrink"]);
    }
}

/// A rule leaves out everything in its folder, whatever the names.
#[test]
#[cfg(target_os = "linux")]
fn rule_excludes_odd_names_in_folder() {
    let rule =
        "[[rule]]\nmatch = \"drafts/**\"\npublish = false\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new().config(rule).file("fine.png", "fine");
    for name in [
        b"drafts/a\\b.html".as_slice(),
        b"drafts/caf\xe9.png",
        b"drafts/x\x07/y.png",
        b"drafts/ok.png",
    ] {
        let file = site.asset("").join(OsStr::from_bytes(name));
        fs::create_dir_all(file.parent().expect("in the tree")).expect("a folder");
        fs::write(file, "odd").expect("written");
    }
    let run = site.run(&["push", "-v"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stderr.contains("skipped by a rule: 4 files"), "{run}");
    assert!(run.stderr.contains(r"  drafts/x\u{7}"), "{run}");
    assert!(!run.stderr.contains("matches no file"), "{run}");
}

/// A tree with a problem, and what mends it as the output says.
struct Advised {
    what: &'static str,
    site: fn() -> Site,
    /// The words of the advice.
    advice: &'static str,
    /// Does as it says.
    fix: fn(Site) -> Site,
}

const LOCAL: &str = "[target.local]\nurl = \"file:out\"\n";

fn rule(site: Site, rule: &str) -> Site {
    site.config(&format!("[[rule]]\n{rule}\n{LOCAL}"))
}

fn link(site: Site, name: &str, to: &str) -> Site {
    symlink(to, site.asset(name)).expect("linked");
    site
}

fn levels(page: &str) -> Site {
    let level = "[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\n";
    let site = Site::new().config(&format!("{level}{LOCAL}"));
    site.file("a.html", page)
        .file("solution/answer.png", "WINDLASS")
}

fn with_level(site: Site, more: &str, rule: &str) -> Site {
    let level = format!("[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\n{more}");
    site.config(&format!("{rule}{level}{LOCAL}"))
}

const KEYED_ASSETS: &str = "key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n";

fn two_sources() -> Site {
    let site = Site::new().raw_config(&format!(
        "{KEYED_ASSETS}[[source]]\ndir = \"more\"\n{LOCAL}"
    ));
    fs::create_dir(site.path("more")).expect("a folder");
    fs::write(site.path("more/a.png"), "the other").expect("written");
    site.file("a.png", "one")
}

const LEAVE_OUT: &str = "exclude a file with a rule (`publish = false`) or in `.assetsyncignore`";
const BY_NAME: &str = "set `publish = false` in a rule for this file to leave it out, or `publish = true` if everyone may read it";
const DECIDES: &str = "take out what is secret, or set `publish = false` in a rule for this file; `publish = true` publishes it as it is";

const ADVISED: &[Advised] = &[
    Advised {
        what: "a link",
        site: || link(Site::new().file("a.png", "a"), "b.png", "a.png"),
        advice: "`symlinks = \"inside\"` in the [[source]]",
        fix: |site| site.raw_config(&format!("{KEYED_ASSETS}symlinks = \"inside\"\n{LOCAL}")),
    },
    Advised {
        what: "a link that leads nowhere",
        site: || link(Site::new().file("a.png", "a"), "b.png", "nowhere.png"),
        advice: LEAVE_OUT,
        fix: |site| rule(site, "match = \"b.png\"\npublish = false"),
    },
    Advised {
        what: "a link out of the source",
        site: || link(Site::new().file("a.png", "a"), "out", "/etc"),
        advice: LEAVE_OUT,
        fix: |site| site.file(".assetsyncignore", "/out\n"),
    },
    Advised {
        what: "a private folder",
        site: || Site::new().file("a.png", "a").file(".git/config", "x"),
        advice: LEAVE_OUT,
        fix: |site| rule(site, "match = \".git/**\"\npublish = false"),
    },
    Advised {
        what: "a secret's name, published",
        site: || {
            Site::new()
                .file("a.png", "a")
                .file("puzzle.pem", "not a key")
        },
        advice: BY_NAME,
        fix: |site| rule(site, "match = \"puzzle.pem\"\npublish = true"),
    },
    Advised {
        what: "a secret's name, left out",
        site: || Site::new().file("a.png", "a").file(".env", "A=b"),
        advice: BY_NAME,
        fix: |site| rule(site, "match = \".env\"\npublish = false"),
    },
    Advised {
        what: "a private key, left out",
        site: || {
            Site::new()
                .file("a.png", "a")
                .file("b.txt", crate::tree::private_key())
        },
        advice: DECIDES,
        fix: |site| rule(site, "match = \"b.txt\"\npublish = false"),
    },
    Advised {
        what: "a private key, taken out",
        site: || {
            Site::new()
                .file("a.png", "a")
                .file("b.txt", crate::tree::private_key())
        },
        advice: "take out what is secret",
        fix: |site| site.file("b.txt", "the key was here"),
    },
    Advised {
        what: "our own key",
        site: || {
            Site::new()
                .file("a.png", "a")
                .file("b.js", format!("'{KEY}'"))
        },
        advice: LEAVE_OUT,
        fix: |site| site.file(".assetsyncignore", "b.js\n"),
    },
    Advised {
        what: "two sources, one ignored",
        site: two_sources,
        advice: "exclude the file from one source with an `.assetsyncignore` in that source's folder",
        fix: |site| {
            fs::write(site.path("more/.assetsyncignore"), "/a.png\n").expect("written");
            site
        },
    },
    Advised {
        what: "two sources, one mounted",
        site: two_sources,
        advice: "or set another `mount` for one `[[source]]`",
        fix: |site| {
            let config =
                format!("{KEYED_ASSETS}[[source]]\ndir = \"more\"\nmount = \"x\"\n{LOCAL}");
            site.raw_config(&config)
        },
    },
    Advised {
        what: "a reference to nothing, a warning",
        site: || Site::new().file("a.html", "<img src=gone.png>"),
        advice: "turn this error into a warning by adding these lines",
        fix: |site| rule(site, "match = \"a.html\"\ndangling = \"warn\""),
    },
    Advised {
        what: "a reference out of the tree, a warning",
        site: || Site::new().file("a.html", "<img src=../gone.png>"),
        advice: "match = \"a.html\"\n        dangling = \"warn\"",
        fix: |site| rule(site, "match = \"a.html\"\ndangling = \"warn\""),
    },
    Advised {
        what: "a reference to what isn't published",
        site: || {
            Site::new()
                .file("a.html", "<img src=map.blend>")
                .file("map.blend", "x")
        },
        advice: "a rule with `publish = true` publishes it",
        fix: |site| rule(site, "match = \"map.blend\"\npublish = true"),
    },
    Advised {
        what: "a reference to what editors leave behind",
        site: || {
            Site::new()
                .file("a.html", "<img src=map.psd>")
                .file("map.psd", "x")
        },
        advice: "rename it",
        fix: |site| {
            fs::rename(site.asset("map.psd"), site.asset("map.png")).expect("renamed");
            site.file("a.html", "<img src=map.png>")
        },
    },
    Advised {
        what: "a placeholder for nothing",
        site: || Site::new().file("a.js", "x = \"$$ASSETS(img/*.png)$$\""),
        advice: "a rule with `rewrite = false` publishes the file unchanged",
        fix: |site| rule(site, "match = \"a.js\"\nrewrite = false"),
    },
    Advised {
        what: "absolute URLs without a public URL",
        site: || {
            let site = Site::new()
                .file("a.html", "<img src=a.png>")
                .file("a.png", "a");
            rule(site, "match = \"a.html\"\nurls = \"absolute\"")
        },
        advice: "`urls = \"absolute\"` needs the target's `public_url`",
        fix: |site| {
            let public = "public_url = \"https://cdn.example.org/\"\n";
            site.config(&format!(
                "[[rule]]\nmatch = \"a.html\"\nurls = \"absolute\"\n{LOCAL}{public}"
            ))
        },
    },
    Advised {
        what: "a hidden file is named, and known now",
        site: || {
            let levels = "[[level]]\nname = \"solution\"\nmatch = \"solution/**\"\n[[level]]\nname = \"team\"\nmatch = \"team/**\"\n";
            let site = Site::new().config(&format!("{levels}{LOCAL}"));
            site.file("solution/b.png", "b")
                .file("team/a.html", "<img src=../solution/b.png>")
        },
        advice: "list the hidden file's level under `knows`",
        fix: |site| {
            let levels = "[[level]]\nname = \"solution\"\nmatch = \"solution/**\"\n[[level]]\nname = \"team\"\nmatch = \"team/**\"\nknows = [\"solution\"]\n";
            site.config(&format!("{levels}{LOCAL}"))
        },
    },
    Advised {
        what: "a hidden file is named, and the pair excused",
        site: || levels("<img src=solution/answer.png>"),
        advice: "list the hidden file under `may_name` in a rule",
        fix: |site| {
            let rule = "[[rule]]\nmatch = \"a.html\"\nmay_name = [\"solution/answer.png\"]\n";
            with_level(site, "", rule)
        },
    },
    Advised {
        what: "a hidden file is named, and isn't any more",
        site: || levels("<!-- solution/answer.png -->"),
        advice: "remove the reference or name",
        fix: |site| site.file("a.html", "<p>"),
    },
    Advised {
        what: "a guessable name, keyed now",
        site: || {
            with_level(
                levels("<p>"),
                "",
                "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n",
            )
        },
        advice: "set `names = \"opaque\"` in a later rule",
        fix: |site| {
            let rules = "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[[rule]]\nmatch = \"solution/**\"\nnames = \"opaque\"\n";
            with_level(site, "", rules)
        },
    },
    Advised {
        what: "a guessable name, held now",
        site: || {
            with_level(
                levels("<p>"),
                "",
                "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n",
            )
        },
        advice: "or hold the level",
        fix: |site| {
            with_level(
                site,
                "held = true\n",
                "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n",
            )
        },
    },
    Advised {
        what: "a source map, taken out",
        site: || {
            Site::new().file(
                "a.js",
                "let a\n//# sourceMappingURL=data:application/json;base64,e30=",
            )
        },
        advice: "in a rule, `source_maps = \"strip\"` removes it",
        fix: |site| rule(site, "match = \"a.js\"\nsource_maps = \"strip\""),
    },
    Advised {
        what: "a source map, published",
        site: || {
            Site::new().file(
                "a.js",
                "let a\n//# sourceMappingURL=data:application/json;base64,e30=",
            )
        },
        advice: "`\"publish\"` keeps it",
        fix: |site| rule(site, "match = \"a.js\"\nsource_maps = \"publish\""),
    },
    Advised {
        what: "metadata that can't be taken out",
        site: || {
            rule(
                Site::new().file("a.flac", "fLaC\0"),
                "match = \"**\"\nmetadata = \"strip\"",
            )
            .file("b.txt", "b")
        },
        advice: LEAVE_OUT,
        fix: |site| site.file(".assetsyncignore", "*.flac\n"),
    },
    Advised {
        what: "a name that a folder needs",
        site: || {
            rule(
                Site::new().file("a.html", "a").file("a.html.gz", "x"),
                "match = \"**\"\nnames = \"plain\"",
            )
        },
        advice: LEAVE_OUT,
        fix: |site| site.file(".assetsyncignore", "*.gz\n"),
    },
    Advised {
        what: "twins that look alike",
        site: || {
            let site = Site::new()
                .file("\u{e9}.png", "composed")
                .file("e\u{301}.png", "decomposed");
            rule(site, "match = \"**\"\nnames = \"plain\"")
        },
        advice: "rename one of them, or exclude one",
        fix: |site| {
            let lines = ignore_lines(&site.run(&["push"]));
            let (file, line) = lines.first().expect("an advice");
            fs::write(site.path(file), format!("{line}\n")).expect("written");
            site
        },
    },
];

/// Every piece of advice for a problem of a tree fixes that problem.
#[test]
fn every_advice_for_trees_works() {
    for Advised {
        what,
        site,
        advice,
        fix,
    } in ADVISED
    {
        let site = site();
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{what}\n{run}");
        assert!(run.stderr.contains(advice), "{what}\n{run}");
        let site = fix(site);
        let run = site.run(&["push"]);
        assert_eq!(run.code, 0, "{what}\n{run}");
    }
}

/// Thousands of problems are listed by kind and counted, and in full on demand.
#[test]
fn thousands_of_problems_are_summarized() {
    let broken: String = (0..3000)
        .map(|i| format!("<img src=gone/{i}.png>\n"))
        .collect();
    let site = Site::new()
        .file("a.html", broken)
        .file("b.js", format!("'{KEY}'"))
        .file(".env", "A=b");
    let run = site.run(&["push"]);
    let listed = |run: &Run, part: &str| {
        run.stderr
            .lines()
            .filter(|line| line.contains(part))
            .count()
    };
    assert_eq!(listed(&run, "  `a.html:"), 50, "{run}");
    assert!(run.stderr.contains("\n  and 2950 more references"), "{run}");
    assert_eq!(
        listed(&run, "  `b.js`") + listed(&run, "  `.env`"),
        2,
        "of another kind\n{run}"
    );
    assert!(
        run.stderr.starts_with("error: 3 files can't be published"),
        "{run}"
    );
    assert!(
        run.stderr.contains("        dangling = \"warn\"\n") && run.stderr.contains(LEAVE_OUT),
        "{run}"
    );

    let run = site.run(&["push", "-v"]);
    assert_eq!(listed(&run, "  `a.html:"), 3000);
    for command in ["push", "diff"] {
        let run = site.run(&[command, "--json"]);
        assert_eq!((run.code, listed(&run, "  `a.html:")), (2, 50));
        let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!(document["format"], "assetsync problems");
        let problems = document["problems"].as_array().expect("a list");
        let of = |kind: &str| {
            problems
                .iter()
                .filter(|problem| problem["kind"] == kind)
                .count()
        };
        assert_eq!((of("reference"), of("unpublishable")), (3000, 2));
    }
}

/// Files that differ only in case are published with one warning for all of them.
#[test]
fn case_twins_share_one_warning() {
    let plain = format!("[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n{LOCAL}");
    let mut site = Site::new().config(&plain);
    for name in ["ann", "bob", "cid", "dot"] {
        let other = format!("team/{}{}.html", name[..1].to_uppercase(), &name[1..]);
        site = site
            .file(&format!("team/{name}.html"), name)
            .file(&other, "another");
    }
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    let warnings: Vec<&str> = run
        .stderr
        .lines()
        .filter(|l| l.starts_with("warning"))
        .collect();
    let [warning] = warnings.as_slice() else {
        panic!("one for all: {run}")
    };
    assert!(
        warning.starts_with("warning: 4 files (") && warning.contains(") differ only in case from"),
        "{run}"
    );
    assert_eq!(site.published("out")["team/ann.html"], b"ann");
    assert_eq!(site.published("out")["team/Ann.html"], b"another");
}

// --- Warnings

/// Forty pages with a link to a page that is gone, and one to a folder that is.
fn stale_links() -> Site {
    let mut site = Site::new().file("team/here.html", "<p>");
    for page in 0..40 {
        let links = format!("<p>\n<a href=team/gone.html>\n<a href=round/{page}.html>");
        site = site.file(&format!("{page:02}.html"), links);
    }
    site.file("zz.html", "<a href=team/other.html>")
}

/// Warnings of one cause are one line with a count and three places.
#[test]
fn warnings_of_one_cause_are_grouped() {
    let site = stale_links();
    let told = [
        "warning: 40 references lead to `team/gone.html`, which doesn't exist: `00.html:2:9`, `01.html:2:9`, `02.html:2:9` and 37 more",
        "warning: 40 references lead into `round/`, which doesn't exist: `00.html:3:9`, `01.html:3:9`, `02.html:3:9` and 37 more",
        "warning: `zz.html:1:9` refers to `team/other.html`, but there is no `team/other.html`",
    ];
    let warnings = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("warning"));
        lines.map(str::to_string).collect::<Vec<_>>()
    };
    let refs = site.run(&["refs"]);
    assert_eq!(warnings(&refs.stdout), told, "{refs}");
    assert_eq!(warnings(&refs.stderr).len(), 0, "each is told once: {refs}");
    let push = site.run(&["push"]);
    assert_eq!(warnings(&push.stderr), told, "{push}");

    let refs = site.run(&["refs", "-v"]);
    assert_eq!(warnings(&refs.stdout).len(), 81, "each place");
    assert_eq!(warnings(&refs.stderr).len(), 0, "{refs}");
    for arguments in [["refs", "--json"], ["diff", "--json"]] {
        let document = site.ok(&arguments);
        let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
        let warnings = document["warnings"].as_array().expect("a list");
        assert_eq!(warnings.len(), 81, "{arguments:?}");
        assert_eq!(
            (&warnings[0]["line"], &warnings[0]["kind"]),
            (&2.into(), &"reference".into())
        );
    }
}

/// Hundreds of causes are cut off and counted.
#[test]
fn hundreds_of_causes_are_truncated() {
    let links: String = (0..300)
        .map(|i| format!("<a href=page{i}.html>\n"))
        .collect();
    let run = Site::new().file("a.html", links).run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    let warnings = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning"));
    assert_eq!(warnings.count(), 21, "{run}");
    assert!(
        run.stderr
            .contains("warning: 280 more references (`-v` lists all)"),
        "{run}"
    );
}

/// Patterns that `init` wrote wait for their files, and a misspelt one is an error.
#[test]
fn init_patterns_wait_for_their_files() {
    let site = Site::bare();
    site.run(&["init", "-C", "."]);
    let warned = |site: &Site| {
        let run = site.run(&["push", "--allow-shrink"]);
        assert_eq!(run.code, 0, "{run}");
        let lines = run
            .stderr
            .lines()
            .filter(|line| line.starts_with("warning"));
        lines.map(str::to_string).collect::<Vec<_>>()
    };
    site.write("img/a.png", "a picture, and no page");
    assert_eq!(warned(&site), [] as [&str; 0]);
    site.write("gears/solutions/b.png", "nobody has to know");
    let run = site.run(&["push", "--allow-shrink"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("did you mean `solutions`?"), "{run}");
    fs::rename(site.asset("gears/solutions"), site.asset("gears/solution")).expect("renamed");
    assert_eq!(warned(&site), [] as [&str; 0]);

    let level = format!("[[level]]\nname = \"meta\"\nmatch = \"meta/**\"\n{LOCAL}");
    let site = Site::new().config(&level).file("a.png", "a");
    assert_eq!(warned(&site).len(), 1, "of a level that somebody wrote");
}
