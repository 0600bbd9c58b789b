//! What the program says when something is typed wrong, is missing or fails: every advice works.

use crate::support::Site;

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

#[test]
fn every_command_takes_its_target_as_an_argument_and_as_a_flag() {
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
            // Of one name, `rollback` can't tell whether it's a release; no other command takes two.
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

#[test]
fn a_push_goes_to_the_targets_that_flags_name_and_to_no_other() {
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

#[test]
fn a_rollback_takes_the_target_as_a_flag_and_the_release_as_an_argument() {
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

#[test]
fn the_environment_names_the_target_where_nobody_else_does() {
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

#[test]
fn a_first_path_is_a_target_unless_the_tree_has_such_a_file() {
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

#[test]
fn no_tip_names_a_flag_that_means_something_else() {
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

#[test]
fn a_slip_of_the_finger_is_understood() {
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

#[test]
fn a_path_is_understood_however_people_write_it() {
    let config = "prefixes = [\"/static/\"]\nkey_file = \"hunt.key\"\n\
        [[source]]\ndir = \"assets\"\n[[source]]\ndir = \"more/pages\"\nmount = \"team\"\n\
        [target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .raw_config(config)
        .file("index.html", "the front page")
        .file("puzzle/gears/index.html", "<p>Gears")
        .file("puzzle/gears/map.png", "a map")
        .file("music/theme.mp3", "a tune");
    std::fs::create_dir_all(site.path("more/pages")).expect("a folder");
    std::fs::write(site.path("more/pages/ann.html"), "Ann").expect("written");
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
            "is a folder without an `index.html`\nhint: it has `music/theme.mp3`",
        ),
        ("puzzle/gear/", "did you mean `puzzle/gears/`?"),
        (
            "assets/puzzle/gears/mpa.png",
            "did you mean `puzzle/gears/map.png`?",
        ),
        ("theme.mp3", "did you mean `music/theme.mp3`?"),
        ("zzz", "paths are relative to the source"),
    ] {
        let run = site.run(&["url", typed]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(hint), "{typed}\n{run}");
    }
}
