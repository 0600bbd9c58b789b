//! Releases that a push doesn't find, though the target has their objects: a `state` that is
//! mistyped, or was lost.

use std::fs;
use std::sync::Arc;

use crate::support::memory::Memory;
use assetsync::testing::release::adopt;
use assetsync::testing::{Error, Store};
use serde_json::Value;

use crate::support::hunt::Hunt;
use crate::support::library::{Deployer, block_on, built, secret};
use crate::support::{Site, refused};

fn kept_in(state: &str) -> String {
    format!("[target.prod]\nurl = \"file:out\"\nstate = \"file:{state}\"\n")
}

fn hunt() -> Site {
    Site::new()
        .config(&kept_in("st"))
        .file("index.html", "<link rel=stylesheet href=app.css>")
        .file("app.css", "body{margin:0}")
}

/// A mistyped state is refused by all that would begin anew, and nothing is written.
#[test]
fn mistyped_state_is_refused_without_writing() {
    let site = hunt();
    site.ok(&["push"]);
    site.ok(&["live", "on"]);
    let site = site.config(&kept_in("sd"));
    let told = [
        "there are no releases in `file:sd`",
        "correct `state`, or restore what was in `file:sd`",
        "--begin-anew",
    ];
    refused(&site.run(&["push"]), &told);
    for arguments in [
        &["live", "on"][..],
        &["live", "status"],
        &["live", "off"],
        &["resolve"],
    ] {
        refused(&site.run(arguments), &told);
    }
    let run = site.run(&["diff"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stderr.contains("A push would be refused: "), "{run}");
    let plan: Value = serde_json::from_str(&site.ok(&["diff", "--json"])).expect("JSON");
    let reason = plan["refusal"]["reasons"][0]["message"].as_str();
    let reason = reason.expect("a reason");
    assert!(reason.contains("2 files of this tree"), "{reason}");
    assert!(!site.path("sd").exists(), "nothing was written");

    let site = site.config(&kept_in("st"));
    let live = site.ok(&["live", "status"]);
    assert!(live.contains("The target has been live"), "{live}");
    site.ok(&["push"]);
}

/// A state that is gone makes no first push, whatever is left of it.
#[test]
fn lost_state_is_no_first_push() {
    let objects = "2 objects published by assetsync";
    for (lost, told) in [
        ("st", objects),
        ("st/root.json", "`root.json` was deleted"),
        ("out.releases", objects),
    ] {
        let site = match lost {
            "out.releases" => hunt().config("[target.prod]\nurl = \"file:out\"\n"),
            _ => hunt(),
        };
        site.ok(&["push"]);
        fs::rename(site.path(lost), site.path("elsewhere")).expect("moved");
        site.write("app.css", "body{margin:1px}");
        refused(&site.run(&["push"]), &[told]);
        fs::rename(site.path("elsewhere"), site.path(lost)).expect("moved back");
        let run = site.run(&["push"]);
        assert!(
            run.stdout.contains("1 changed") || run.stdout.contains("(after "),
            "{run}"
        );
    }
}

/// Beginning anew takes `--begin-anew` once.
#[test]
fn begin_anew_is_needed_once() {
    let site = hunt();
    site.ok(&["push"]);
    let site = site.config(&kept_in("other"));
    refused(&site.run(&["push"]), &["--begin-anew"]);
    site.ok(&["push", "--dry-run", "--begin-anew"]);
    let told = site.ok(&["push", "--begin-anew"]);
    assert!(told.contains("(the first)"), "{told}");
    site.write("app.css", "body{margin:1px}");
    site.ok(&["push"]);
}

/// Beginning anew overwrites nobody's page unless that is permitted, too.
#[test]
fn begin_anew_spares_pages_of_others() {
    let site = Site::new().file("index.html", "<h1>Ours").config(
        "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n[target.prod]\nurl = \"file:out\"\n",
    );
    fs::create_dir(site.path("out")).expect("made");
    fs::write(site.path("out/index.html"), "theirs").expect("written");
    let page = || fs::read_to_string(site.path("out/index.html")).expect("there");
    let told = ["that none of its releases wrote, such as `index.html`"];
    for arguments in [&["push"][..], &["push", "--begin-anew"]] {
        let run = site.run(arguments);
        refused(&run, &[told[0], "`--allow-plain` overwrites the files"]);
    }
    let preview = site.run(&["push", "--dry-run", "--begin-anew"]);
    assert!(preview.stderr.contains(told[0]), "{preview}");
    assert_eq!(page(), "theirs");
    site.ok(&["push", "--begin-anew", "--allow-plain"]);
    assert_eq!(page(), "<h1>Ours");
}

/// The advice for lost releases names all flags that the push needs.
#[test]
fn lost_releases_advice_works_at_once() {
    let pages = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";
    for (rule, flags) in [
        ("", &["--begin-anew"][..]),
        (pages, &["--begin-anew", "--allow-plain"]),
    ] {
        let site = hunt().config(&format!("{rule}{}", kept_in("st")));
        site.ok(&["push"]);
        let site = site.config(&format!("{rule}{}", kept_in("lost")));
        let advice = format!("start over with `{}`", flags.join(" "));
        refused(&site.run(&["push"]), &[&advice]);
        site.ok(&[&["push"], flags].concat());
    }
}

/// A root that is gone is replaced as advised, in a folder with pages.
#[test]
fn lost_root_advice_works_at_once() {
    let site = hunt().config(&format!(
        "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n{}",
        kept_in("st")
    ));
    site.ok(&["push"]);
    fs::remove_file(site.path("st/root.json")).expect("there");
    let told = ["push with `--begin-anew`. For a folder, add `--allow-plain`"];
    refused(&site.run(&["push"]), &told);
    fs::rename(site.path("st/releases"), site.path("elsewhere")).expect("moved");
    site.ok(&["push", "--begin-anew", "--allow-plain"]);
}

/// `diff` shows what a push would do that begins anew, and writes nothing.
#[test]
fn diff_previews_new_beginning() {
    let site = hunt();
    site.ok(&["push"]);
    let before = site.published("out");
    let site = site.config(&kept_in("other"));
    assert!(
        site.run(&["diff"]).stderr.contains("would be refused"),
        "without the flag"
    );
    let run = site.run(&["diff", "--begin-anew"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    let preview = site.run(&["push", "--dry-run", "--begin-anew"]);
    assert_eq!(run.stdout, preview.stdout);
    let plan: Value =
        serde_json::from_str(&site.ok(&["diff", "--begin-anew", "--json"])).expect("JSON");
    assert_eq!(plan["refusal"], Value::Null, "{plan}");
    assert!(!site.path("other").exists(), "no release was begun");
    assert_eq!(site.published("out"), before);
}

/// `diff` shows what a push with a new key would do, and moves no releases.
#[test]
fn diff_previews_rotation() {
    let site = hunt().config("[target.prod]\nurl = \"file:out\"\n");
    site.ok(&["push"]);
    let files = |site: &Site| (site.published("out"), site.published("out.releases"));
    let before = files(&site);
    let site = site.private(
        "hunt.key",
        "another secret of the team, which is long enough",
    );
    let told = site.run(&["diff"]);
    assert!(told.stderr.contains("pass `--rotate-key`"), "{told}");
    let run = site.run(&["diff", "--rotate-key"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(!run.stderr.contains("would be refused"), "{run}");
    assert!(run.stdout.contains("changed"), "{run}");
    assert_eq!(files(&site), before, "a diff writes nothing");
    site.ok(&["push", "--rotate-key"]);
}

/// A new key with a mistyped state is no first push either.
#[test]
fn new_key_hides_no_mistyped_state() {
    let site = hunt();
    site.ok(&["push"]);
    let site = site.config(&kept_in("sd")).private(
        "hunt.key",
        "another secret of the team, which is long enough",
    );
    for arguments in [&["push"][..], &["push", "--rotate-key"]] {
        refused(&site.run(arguments), &["2 objects published by assetsync"]);
    }
}

/// Files that others keep in a target are no sign of releases.
#[test]
fn foreign_files_are_no_releases() {
    let site = hunt();
    fs::create_dir_all(site.path("out/img")).expect("made");
    let token = "ycqlw4rz226sf3rz3sgvwxlbzq";
    for name in ["notes.txt", "01arz3ndektsv4rrffq69g5fav.png"] {
        fs::write(site.path(&format!("out/{name}")), "theirs").expect("written");
    }
    // A target inside of this one.
    fs::write(site.path(&format!("out/img/{token}.png")), "theirs").expect("written");
    site.ok(&["push"]);
}

/// On a server, a mistyped state is refused with the place that was searched.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn mistyped_state_on_server_is_refused() {
    let hunt = Hunt::new();
    hunt.ok(&["push"]);
    hunt.ok(&["live", "on"]);
    let config = fs::read_to_string(hunt.site.path("assetsync.toml")).expect("readable");
    let mistyped = config.replace(
        &format!("{}/prod", hunt.releases.name),
        &format!("{}/prd", hunt.releases.name),
    );
    fs::write(hunt.site.path("assetsync.toml"), mistyped).expect("written");
    let told = ["there are no releases in `s3://[releases]/prd`"];
    refused(&hunt.run(&["push"]), &told);
    for arguments in [&["live", "on"][..], &["resolve"]] {
        let run = hunt.run(arguments);
        refused(&run, &told);
        let command = "`assetsync push prod --begin-anew` first";
        assert!(run.stderr.contains(command), "{run}");
    }
    let doctor = hunt.run(&["doctor"]);
    assert_eq!(doctor.code, 3, "{doctor}");
    assert!(doctor.stdout.contains(told[0]), "{doctor}");
    let strays = hunt.releases.all_keys();
    assert!(
        strays.iter().all(|key| key.starts_with("prod/")),
        "{strays:?}"
    );
    hunt.ok(&["push", "prod", "--begin-anew"]);
    hunt.ok(&["live", "on"]);
}

/// A bucket that is gone is noticed by commands that change only the releases.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn missing_bucket_stops_release_changes() {
    let hunt = Hunt::new();
    hunt.ok(&["push"]);
    for key in hunt.assets.all_keys() {
        hunt.assets.signed("DELETE", &format!("/{key}"), b"");
    }
    let run = hunt.run(&["live", "on"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stderr
            .contains("is missing or changed in the target: `assetsync audit prod`"),
        "{run}"
    );
    assert_eq!(hunt.assets.signed("DELETE", "", b"").status, 204);
    let code = hunt.run(&["push"]).code;
    assert_eq!(code, 1);
    for arguments in [&["live", "on"][..], &["resolve"]] {
        let run = hunt.run(arguments);
        assert_eq!(run.code, code, "{run}");
        assert!(run.stderr.contains("NoSuchBucket"), "{run}");
    }
}

/// An adoption that was overtaken advises to adopt again.
#[test]
fn overtaken_adoption_must_be_repeated() {
    block_on(async {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let (site, ann) = (hunt(), Deployer::new("ann", &store));
        ann.push(&built(&site)).await.expect("published");
        let file = site.path("assetsync.toml");
        let config = assetsync::testing::Config::read(
            Some(&file),
            &assetsync::testing::Overrides::new(),
            assetsync::testing::Wanted::Targets(&[]),
        )
        .expect("valid");
        let target = &config.targets[0];
        let state = ann.state().await.expect("found");
        let key = secret();
        let plan = || adopt::plan(target, &store, &state, &key, 1);
        let adoption = plan().await.expect("all is there");
        site.write("app.css", "body{margin:1px}");
        ann.push(&built(&site)).await.expect("published");
        let error = adopt::adopt(&state, &adoption)
            .await
            .expect_err("overtaken");
        assert!(matches!(error, Error::LostRace { .. }), "{error}");
        let hint = error.of_target(target).hint().expect("a hint");
        assert!(hint.contains("`assetsync releases adopt prod`"), "{hint}");
        let adoption = plan().await.expect("all is there");
        adopt::adopt(&state, &adoption).await.expect("adopted");
    });
}

/// An audit names the target in each command.
#[test]
fn audit_commands_name_the_target() {
    let site = hunt();
    site.ok(&["push"]);
    let moved = kept_in("st").replace("file:out", "file:new");
    let site = site.config(&moved.replace("target.prod", "target.\"the hunt\""));
    let run = site.run(&["audit", "the hunt"]);
    assert_eq!(run.code, 3, "{run}");
    let advice = "`assetsync releases adopt 'the hunt'`";
    assert!(run.stdout.contains(advice), "{run}");
}
