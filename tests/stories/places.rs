//! Sources, targets, releases, cache and key in each other's way: each pair is a mistake of the
//! configuration, by whatever names its places are called, and what is said of it mends it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{KEY, Run, Site};

/// A site with a page, and a configuration with these lines.
fn site(lines: &str) -> Site {
    let lines = lines.replace('▸', "");
    let toml = if lines.contains("[[source]]") {
        format!("key_file = \"hunt.key\"\n{lines}")
    } else {
        format!("key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n{lines}")
    };
    let site = Site::bare().raw_config(&toml);
    site.write("index.html", "<p>a page");
    site
}

fn everything(site: &Site) -> BTreeSet<String> {
    site.published("").into_keys().collect()
}

/// Refused with exit code 2, and nothing written.
#[track_caller]
fn refused(site: &Site, arguments: &[&str]) -> Run {
    let before = everything(site);
    let run = site.run(arguments);
    assert_eq!(run.code, 2, "{arguments:?}: {run}");
    assert_eq!(everything(site), before, "{run}");
    run
}

/// The configuration as the hint says it should be: `write KEY = "VALUE" below [target.NAME]`.
fn mended(toml: &str, hint: &str) -> String {
    let line = hint
        .split('`')
        .find(|word| word.contains(" = \""))
        .unwrap_or_else(|| panic!("no line to write: {hint}"));
    let key = line.split(' ').next().expect("a key");
    let section = hint.split('`').find(|word| word.starts_with("[target."));
    let mut lines: Vec<String> = toml.lines().map(str::to_string).collect();
    let start = section.map_or(0, |section| {
        let at = lines.iter().position(|line| line == section);
        at.expect("the section is there") + 1
    });
    let end = lines[start..]
        .iter()
        .position(|line| line.starts_with('['))
        .map_or(lines.len(), |at| start + at);
    match lines[start..end]
        .iter()
        .position(|line| line.starts_with(&format!("{key} =")))
    {
        Some(at) => lines[start + at] = line.to_string(),
        None => lines.insert(start, line.to_string()),
    }
    lines.join("\n") + "\n"
}

/// What is said of the configuration `lines`, at its `▸`; then what it says is done, and that's all
/// there is to do.
#[track_caller]
fn assert_mended(lines: &str, told: &str) -> Site {
    let site = site(lines);
    let toml = fs::read_to_string(site.path("assetsync.toml")).expect("there");
    let run = refused(&site, &["refs"]);
    let head = toml.len() - lines.replace('▸', "").len();
    let at = head + lines.find('▸').expect("a ▸");
    let before = &toml[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().expect("a line").chars().count() + 1;
    let said = format!("error: assetsync.toml:{line}:{column}: ");
    assert!(run.stderr.starts_with(&said), "{said}\n{run}");
    assert!(run.stderr.contains(told), "{told}\n{run}");
    let hint = run.stderr.split_once("\nhint: ").expect("a hint").1;
    let site = site.raw_config(&mended(&toml, hint));
    let after = site.run(&["refs"]);
    assert_eq!(after.code, 0, "{hint}{after}");
    site
}

// --- A `state` belongs to one target

/// Two targets with the same state are reported at the second one.
#[test]
fn shared_state_is_reported_at_second() {
    let site = assert_mended(
        "[target.show]\nurl = \"file:show\"\nstate = \"file:shared\"\n[target.draft]\nurl = \"file:draft\"\nstate = ▸\"file:shared\"\n",
        "the place for releases of `show` (`state = \"file:shared\"`) and the place for releases of `draft` (`state = \"file:shared\"`) are in the same place: a push to one would replace the release of the other",
    );
    site.ok(&["push", "show", "draft"]);
    let published = |folder: &str| site.published(folder).into_keys().collect::<Vec<_>>();
    assert!(!published("show").is_empty());
    assert_eq!(published("show"), published("draft"));
    assert!(site.path("shared-draft/root.json").exists());
}

/// Every command refuses two targets with the same state, whatever its target is.
#[test]
fn every_command_refuses_shared_state() {
    let site = site(
        "[target.show]\nurl = \"file:show\"\nstate = \"file:shared\"\n[target.draft]\nurl = \"file:draft\"\nstate = \"file:shared/\"\n[target.else]\nurl = \"file:else\"\n",
    );
    for arguments in [
        &["push"][..],
        &["push", "else"],
        &["push", "draft"],
        &["diff", "show"],
        &["releases", "show"],
        &["prune", "draft", "--yes"],
        &["live", "on", "draft"],
        &["doctor", "show"],
        &["refs"],
        &["leaks"],
        &["manifest"],
    ] {
        let run = refused(&site, arguments);
        assert!(run.stderr.contains("in the same place"), "{run}");
    }
}

/// Targets and places for releases that overlap are refused.
#[test]
fn overlapping_targets_and_states_are_refused() {
    for (lines, told) in [
        // One `state` in another's.
        (
            "[target.a]\nurl = \"file:a\"\nstate = \"file:kept\"\n[target.b]\nurl = \"file:b\"\nstate = ▸\"file:kept/b\"\n",
            "is inside the place for releases of `a`",
        ),
        (
            "[target.a]\nurl = \"file:a\"\nstate = \"file:kept/a\"\n[target.b]\nurl = \"file:b\"\nstate = ▸\"file:kept\"\n",
            "(`state = \"file:kept/a\"`) is inside the place for releases of `b`",
        ),
        // One in a target: its own, another's, by default.
        (
            "[target.a]\nurl = \"file:a\"\nstate = ▸\"file:a/kept\"\n",
            "visitors could read the releases",
        ),
        (
            "[target.a]\nurl = \"file:a\"\nstate = ▸\"file:a\"\n",
            "visitors could read the releases",
        ),
        (
            "[target.a]\nurl = \"file:a\"\nstate = ▸\"file:b/kept\"\n[target.b]\nurl = \"file:b\"\n",
            "is inside the target `b` (`url = \"file:b\"`)",
        ),
        (
            "[target.a]\nurl = \"file:a\"\n[target.b]\nurl = ▸\"file:a/b\"\n",
            "the place `file:a/b.releases` for releases of `b` is inside the target `a`",
        ),
        // A target in a `state`: its own, another's, where that is by default.
        (
            "[target.a]\nurl = \"file:all/a\"\nstate = ▸\"file:all\"\n",
            "the target `a` (`url = \"file:all/a\"`) is inside the place for releases of `a`",
        ),
        (
            "[target.a]\nurl = \"file:a\"\nstate = \"file:all\"\n[target.b]\nurl = ▸\"file:all/b\"\n",
            "the target `b` (`url = \"file:all/b\"`) is inside the place for releases of `a`",
        ),
        (
            "[target.a]\nurl = \"file:a\"\n[target.b]\nurl = ▸\"file:a.releases\"\n",
            "the place `file:a.releases` for releases of `a`",
        ),
        (
            "[target.a]\nurl = ▸\"file:b.releases\"\n[target.b]\nurl = \"file:b\"\n",
            "are in the same place",
        ),
        // Two targets in one place.
        (
            "[target.a]\nurl = \"file:a\"\n[target.b]\nurl = ▸\"file:a\"\n",
            "a push to one would overwrite the pages of the other",
        ),
        (
            "[target.a]\nurl = \"file:a\"\n[target.b]\nurl = ▸\"file:a\"\nstate = \"file:other\"\n",
            "a push to one would overwrite the pages of the other",
        ),
    ] {
        assert_mended(lines, told).ok(&["push", "a"]);
    }
}

/// Buckets are compared by server, name and whole parts of the prefix.
#[test]
fn buckets_compare_by_server_and_prefix() {
    let targets = |a: [&str; 2], b: [&str; 2]| {
        let target = |name: &str, [url, more]: [&str; 2], mark: &str| {
            let more = more.replace("STATE ", &format!("state = {mark}"));
            format!("[target.{name}]\nurl = \"{url}\"\n{more}\n")
        };
        target("a", a, "") + &target("b", b, "▸")
    };
    for (a, b) in [
        (
            ["s3://hunt/a", "STATE \"s3://kept\""],
            ["s3://hunt/b", "STATE \"s3://kept/\""],
        ),
        (
            ["s3://hunt/a", "STATE \"s3://kept/x\""],
            ["s3://hunt/b", "STATE \"s3://kept/x/y\""],
        ),
        (
            ["s3://hunt/a", "STATE \"s3://kept/x/y\""],
            ["s3://hunt/b", "STATE \"s3://kept/x//\""],
        ),
        (
            ["s3://hunt/a", "STATE \"s3://kept\""],
            ["s3://other", "STATE \"s3://Kept\""],
        ),
        (
            ["s3://hunt", "STATE \"s3://kept\""],
            ["s3://other", "STATE \"s3://hunt/private\""],
        ),
        (
            ["gs://hunt/a", "STATE \"gs://kept/x\""],
            ["gs://hunt/b", "STATE \"gs://kept/x\""],
        ),
        (
            ["gs://hunt/a", "STATE \"s3://kept/x\""],
            ["file:b", "STATE \"s3://kept/x\""],
        ),
        (
            ["s3://hunt/a", "STATE \"file:kept\""],
            ["gs://hunt/a", "STATE \"file:./kept\""],
        ),
        // Buckets of Amazon's are the same in every region; so is a machine by both its names.
        (
            ["s3://hunt/a", "STATE \"s3://kept\""],
            [
                "s3://hunt/b",
                "STATE \"s3://kept\"\nendpoint = \"https://s3.eu-west-1.amazonaws.com\"",
            ],
        ),
        (
            [
                "s3://hunt/a",
                "STATE \"s3://kept\"\nendpoint = \"http://localhost:9000\"",
            ],
            [
                "s3://hunt/b",
                "STATE \"s3://kept\"\nendpoint = \"http://127.0.0.1:9000/\"",
            ],
        ),
    ] {
        assert_mended(&targets(a, b), "b");
    }
    for (a, b) in [
        (
            ["s3://hunt/a", "STATE \"s3://kept/x\""],
            ["s3://hunt/b", "STATE \"s3://kept/xy\""],
        ),
        (
            ["s3://hunt/a", "STATE \"s3://kept/x\""],
            ["s3://hunt/b", "STATE \"gs://kept/x\""],
        ),
        (
            ["s3://hunt/a", "STATE \"s3://kept/x\""],
            ["s3://hunt/b", "STATE \"s3://kept/X\""],
        ),
        (
            ["s3://hunt/a", "STATE \"s3://kept\""],
            [
                "s3://hunt/b",
                "STATE \"s3://kept\"\nendpoint = \"https://s3.example.org\"",
            ],
        ),
        // A target below another has its releases in a folder that only the key tells.
        (["s3://hunt", ""], ["s3://hunt/b", ""]),
    ] {
        site(&targets(a, b)).ok(&["refs"]);
    }
    // Among the releases that are in a target by default.
    assert_mended(
        "[target.a]\nurl = \"s3://hunt/a\"\n[target.b]\nurl = ▸\"s3://hunt/a/.assetsync/b\"\n",
        "is inside the place `s3://hunt/a/.assetsync` for releases of `a`",
    );
    assert_mended(
        "[target.a]\nurl = \"gs://hunt\"\nstate = ▸\"gs://hunt/private\"\n",
        "is inside the target `a`",
    );
}

// --- Sources, cache and key

/// A source may neither contain targets or releases nor be inside one.
#[test]
fn source_overlapping_target_is_refused() {
    for (lines, told) in [
        (
            "[[source]]\ndir = \"assets\"\n[target.a]\nurl = ▸\"file:assets/public\"\n",
            "the target `a` (`url = \"file:assets/public\"`) is inside the source `assets`: each push would publish the output of earlier ones again",
        ),
        (
            "[[source]]\ndir = \".\"\n[target.a]\nurl = ▸\"file:out/bucket\"\n[[rule]]\nmatch = \"hunt.key\"\npublish = false\n",
            "is inside the source `.`",
        ),
        (
            "[[source]]\ndir = \"assets\"\n[target.a]\nurl = ▸\"file:.\"\n",
            "the source `assets` is inside the target `a` (`url = \"file:.\"`): visitors could read every original file",
        ),
        (
            "[[source]]\ndir = \"assets\"\n[target.a]\nurl = ▸\"file:assets\"\n",
            "are in the same place",
        ),
        (
            "[[source]]\ndir = \"assets\"\n[target.a]\nurl = \"s3://hunt\"\nstate = ▸\"file:assets/kept\"\n",
            "a push would publish the releases",
        ),
        (
            "[[source]]\ndir = \"assets\"\n[target.a]\nurl = \"s3://hunt\"\nstate = ▸\"file:.\"\n",
            "the source `assets` is inside the place for releases of `a`",
        ),
    ] {
        assert_mended(lines, told);
    }
    // The second of two sources, and a target that isn't meant.
    let site = site(
        "[[source]]\ndir = \"assets\"\n[[source]]\ndir = \"more\"\nmount = \"more\"\n[target.a]\nurl = \"file:a\"\n[target.b]\nurl = \"file:more/b\"\n",
    );
    fs::create_dir(site.path("more")).expect("made");
    let run = refused(&site, &["push", "a"]);
    assert!(
        run.stderr
            .contains("the target `b` (`url = \"file:more/b\"`) is inside the source `more`"),
        "{run}"
    );
}

/// A key or cache that visitors could read is refused; a key in a source is skipped.
#[test]
fn visible_key_or_cache_is_refused() {
    let out =
        "[[source]]\ndir = \"assets\"\n[target.a]\nurl = \"file:out\"\nstate = \"file:kept\"\n";
    for (key, told) in [
        (
            "out/hunt.key",
            "is inside the target `a` (`url = \"file:out\"`): visitors could read the key",
        ),
        (
            "kept/deep/hunt.key",
            "is inside the place for releases of `a`",
        ),
    ] {
        let site = Site::bare().raw_config(&format!("key_file = \"{key}\"\n{out}"));
        site.write("index.html", "<p>a page");
        fs::create_dir_all(site.path(key).parent().expect("a folder")).expect("made");
        fs::rename(site.path("hunt.key"), site.path(key)).expect("moved");
        let run = refused(&site, &["push"]);
        assert!(
            run.stderr
                .starts_with("error: assetsync.toml:1:12: the key file `"),
            "{run}"
        );
        assert!(run.stderr.contains(told), "{run}");
        let hint = run.stderr.split_once("\nhint: ").expect("a hint").1;
        assert!(hint.contains("key_file = \"hunt.key\""), "{run}");
        fs::rename(site.path(key), site.path("hunt.key")).expect("moved");
        site.raw_config(&format!("key_file = \"hunt.key\"\n{out}"))
            .ok(&["push"]);
    }
    let site = site(out);
    for (cache, told) in [
        ("assets/.cache", "is inside the source `assets`"),
        ("out/cache", "is inside the target `a`"),
        ("kept", "are in the same place"),
    ] {
        let variable = [("ASSETSYNC_CACHE_DIR", cache)];
        let run = site.run_with(&variable, &["push"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(told), "{run}");
        assert!(run.stderr.contains("(from ASSETSYNC_CACHE_DIR)"), "{run}");
        assert!(!site.path(cache).exists(), "{run}");
        let run = site.run_with(&variable, &["diff", "--no-cache"]);
        assert_eq!(run.code, 0, "{run}");
    }
    // The usual place of caches, in a home that is published.
    let home = Site::bare().raw_config(
        "key_file = \"hunt.key\"\n[[source]]\ndir = \".\"\n[target.a]\nurl = \"s3://hunt\"\n[[rule]]\nmatch = \"hunt.key\"\npublish = false\n",
    );
    let run = home.run_with(&[("ASSETSYNC_CACHE_DIR", "")], &["refs"]);
    assert!(
        run.code == 2 && run.stderr.contains("the cache `[folder]/.cache/assetsync`"),
        "{run}"
    );
    // What is published from the top of a project has no key, and no configuration.
    home.write("index.html", "<p>a page");
    fs::write(home.path("assets/copy.txt"), KEY).expect("written");
    let run = home.run(&["manifest"]);
    assert!(run.stderr.contains("this project's own key"), "{run}");
    fs::remove_file(home.path("assets/copy.txt")).expect("removed");
    let listed = home.ok(&["manifest"]);
    assert!(listed.contains("assets/index.html"), "{listed}");
    assert!(
        !listed.contains("hunt.key") && !listed.contains("assetsync.toml"),
        "{listed}"
    );
}

// --- Other names of the same place

/// A place under another name counts as the same place.
#[test]
fn aliased_place_counts_as_same() {
    let site = site("[target.a]\nurl = \"file:out\"\n");
    let whole = site.path("").display().to_string();
    symlink(site.path("out"), site.path("link")).expect("linked");
    symlink("assets", site.path("art")).expect("linked");
    fs::create_dir(site.path("kept")).expect("made");
    site.ok(&["push"]);
    symlink("../kept", site.path("out/kept")).expect("linked");
    let states = [
        "file:out/./deep/../deeper".to_string(),
        "file:assets/../out/deep/er".to_string(),
        "file://out/deep".to_string(),
        "file:link/deep".to_string(),
        "file:out//".to_string(),
        "file:out/kept".to_string(),
        format!("file:{whole}/out/deep"),
        format!("file://{whole}/link"),
    ];
    for state in &states {
        let toml = |url: &str| {
            format!("[[source]]\ndir = \"art\"\n[target.a]\nurl = \"{url}\"\nstate = \"{state}\"\n")
        };
        for url in ["file:out", "file:./link/", "file:gone/../out"] {
            fs::write(
                site.path("assetsync.toml"),
                format!("key_file = \"hunt.key\"\n{}", toml(url)),
            )
            .expect("written");
            let run = refused(&site, &["push"]);
            assert!(
                run.stderr.contains("assetsync.toml:6:9"),
                "{state}, {url}: {run}"
            );
        }
    }
    for url in [
        "file:art/out",
        "file:assets/out",
        "file:link/../assets/out",
        "file:art/.",
        "file:kept/../art/new/er",
    ] {
        let toml = format!(
            "key_file = \"hunt.key\"\n[[source]]\ndir = \"art\"\n[target.a]\nurl = \"{url}\"\n"
        );
        fs::write(site.path("assetsync.toml"), toml).expect("written");
        let run = refused(&site, &["push"]);
        assert!(run.stderr.contains("the source `art`"), "{url}: {run}");
    }
}

/// A folder that is mounted in two places counts as one place.
#[test]
fn mounted_twice_counts_as_same_place() {
    let site = site(
        "[target.a]\nurl = \"file:mnt/out\"\n[target.b]\nurl = \"s3://hunt\"\nstate = \"file:kept\"\n",
    );
    fs::create_dir_all(site.asset("deep")).expect("made");
    for folder in ["mnt", "kept"] {
        fs::create_dir(site.path(folder)).expect("made");
    }
    let run = |mounts: &str, arguments: &[&str]| {
        let script = format!("{mounts} && exec \"$@\"");
        // As root of a namespace of its own, whoever that is outside.
        let wrapper = [
            "unshare",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            &script,
            "sh",
        ];
        Run::of(&mut site.command_under(&wrapper, arguments), &site.path(""))
    };
    let run_a = run("mount --bind assets mnt", &["diff", "a"]);
    assert_eq!(run_a.code, 2, "{run_a}");
    assert!(run_a.stderr.contains("the target `a`"), "{run_a}");
    // A folder of the source is another one's whole.
    let run_b = run("mount --bind assets/deep kept", &["diff", "a"]);
    assert_eq!(run_b.code, 2, "{run_b}");
    assert!(
        run_b.stderr.contains("the place for releases of `b`"),
        "{run_b}"
    );
    let fine = run("true", &["diff", "a"]);
    assert_eq!(fine.code, 0, "{fine}");
}

// --- Flags, and where paths begin

/// Places that come from flags are compared as well.
#[test]
fn places_from_flags_are_compared_too() {
    let site = site(
        "[target.show]\nurl = \"file:show\"\nstate = \"file:kept\"\n[target.draft]\nurl = \"file:draft\"\n[target.old]\nurl = \"file:old\"\nstate = \"file:old-kept\"\n",
    );
    for (arguments, told) in [
        (
            &["push", "draft", "--state", "file:kept"][..],
            "(from --state)",
        ),
        (
            &[
                "push",
                "draft",
                "--state",
                "file:./draft.releases/../kept/x",
            ],
            "(from --state)",
        ),
        (
            &["push", "draft", "--state", "file:draft/x"],
            "(from --state)",
        ),
        (
            &["push", "draft", "--state", "file:old"],
            "the target `old`",
        ),
        (
            &["push", "draft", "show", "--state", "file:new"],
            "publish to one target at a time",
        ),
        (&["push", "--to", "file:kept"], "(from --to)"),
        (
            &["push", "--to", "file:draft.releases/x"],
            "for releases of `draft`",
        ),
        (
            &["push", "--to", "file:show"],
            "this is the target `show`: use its name",
        ),
        (&["push", "--to", "file:assets/x"], "the source `assets`"),
        (
            &["push", "--to", "file:new", "--state", "file:new/x"],
            "the target `file:new`",
        ),
        (&["push", "draft", "--from", "."], "(from --from)"),
        (&["push", "draft", "--from", "draft"], "(from --from)"),
        (
            &["push", "draft", "--key-file", "draft/hunt.key"],
            "(from --key-file)",
        ),
    ] {
        fs::create_dir_all(site.path("draft")).expect("made");
        let run = refused(&site, arguments);
        assert!(run.stderr.contains(told), "{arguments:?}: {run}");
    }
    let run = site.run_with(&[("ASSETSYNC_STATE", "file:kept")], &["push", "draft"]);
    assert!(
        run.code == 2 && run.stderr.contains("(from ASSETSYNC_STATE)"),
        "{run}"
    );
    // The very target, by its URL; a state of its own for this run.
    site.ok(&["push", "--to", "file:./draft"]);
    site.ok(&["push", "--to", "file:show", "--state", "file:kept"]);
    let anew = [
        "push",
        "draft",
        "--state",
        "file:draft-kept",
        "--begin-anew",
    ];
    site.ok(&anew);
    site.ok(&["push", "--to", "file:new"]);
}

/// Configured paths start at the configuration, and those of flags at the user's folder.
#[test]
fn config_paths_start_at_configuration() {
    let site = site("[target.a]\nurl = \"file:out\"\n");
    fs::create_dir_all(site.path("conf/assets")).expect("made");
    fs::write(site.path("conf/assets/index.html"), "<p>another").expect("written");
    fs::rename(
        site.path("assetsync.toml"),
        site.path("conf/assetsync.toml"),
    )
    .expect("moved");
    fs::copy(site.path("hunt.key"), site.path("conf/hunt.key")).expect("copied");
    symlink("conf", site.path("linked")).expect("linked");
    // Those of a flag begin here, those of the configuration there: these two aren't one.
    site.ok(&["push", "-c", "conf/assetsync.toml", "--state", "file:out/x"]);
    for (arguments, code) in [
        (
            &[
                "diff",
                "-c",
                "conf/assetsync.toml",
                "--state",
                "file:conf/out/x",
            ][..],
            2,
        ),
        (
            &[
                "diff",
                "-c",
                "linked/assetsync.toml",
                "--state",
                "file:conf/out/x",
            ],
            2,
        ),
        (
            &[
                "diff",
                "-c",
                "conf/assetsync.toml",
                "--state",
                "file:linked/out/x",
            ],
            2,
        ),
        (&["diff", "-C", "conf", "--state", "file:out/x"], 2),
        (&["diff", "-C", "linked", "--state", "file:../conf/out"], 2),
        (&["diff", "-C", "linked", "--state", "file:../out/x"], 0),
        (
            &[
                "diff",
                "-c",
                "linked/assetsync.toml",
                "--to",
                "file:conf/assets",
            ],
            2,
        ),
    ] {
        let run = site.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {run}");
    }
}

/// The setup that `init` creates has no overlapping places.
#[test]
fn default_setup_does_not_overlap() {
    let site = Site::bare();
    fs::remove_file(site.path("hunt.key")).expect("removed");
    fs::remove_dir(site.path("assets")).expect("removed");
    site.ok(&["init"]);
    fs::create_dir_all(site.path("assets")).expect("made");
    site.write("index.html", "<p>a page");
    site.ok(&["push"]);
    assert!(site.path("bucket.releases/root.json").exists());
}
