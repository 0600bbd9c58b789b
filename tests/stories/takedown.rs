//! What is taken down at once, what can still be fetched although nothing publishes it, and that
//! it's said so.

use std::fs;

use serde_json::{Value, json};

use crate::support::hunt::{Google, Hunt};
use crate::support::library::built;
use crate::support::{Run, Site, refused};

const CONFIG: &str = r#"
[[level]]
name = "ending"
match = "**/ending/**"
held = true
[[rule]]
match = "**/*.html"
names = "plain"
[[rule]]
match = "**/ending/**"
names = "opaque"
[target.local]
url = "file:out"
"#;

fn hunt() -> Site {
    let site = (0..20).fold(Site::new(), |site, n| {
        site.file(&format!("stalls/{n}.txt"), format!("stall {n}"))
    });
    site.config(CONFIG)
        .file("index.html", "<h1>The fair</h1>")
        .file("rides/wheel.html", "<h1>The wheel</h1>")
        .file("rides/notes.html", "<p>it turns to MARIGOLD</p>")
        .file("rides/notes.txt", "MARIGOLD, by the third car")
        .file("rides/ending/end.html", "<h1>MARIGOLD</h1>")
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Runs the takedown that a warning advises.
fn follow(site: &Site, run: &Run) {
    let command = run
        .stderr
        .split('`')
        .find(|part| part.starts_with("assetsync takedown"));
    let command = command.unwrap_or_else(|| panic!("no takedown is advised: {run}"));
    let mut arguments: Vec<&str> = command.split(' ').skip(1).collect();
    arguments.push("--yes");
    site.ok(&arguments);
}

/// What the folder serves, as text.
fn served(site: &Site) -> Vec<String> {
    let files = site.published("out").into_iter();
    let files = files.filter(|(path, _)| !path.ends_with(".gz") && path != "_headers");
    files
        .map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn serves(site: &Site, word: &str) -> bool {
    served(site).iter().any(|text| text.contains(word))
}

/// A takedown while live removes the named files at once and nothing else.
#[test]
fn live_takedown_removes_only_named_files() {
    let site = hunt();
    site.ok(&["push"]);
    site.write("rides/notes.txt", "MARIGOLD, in the third car from above");
    site.ok(&["push"]);
    site.ok(&["live", "on"]);
    let before = site.published("out");
    let run = site.run(&["takedown", "local", "rides/notes.html", "rides/notes.txt"]);
    refused(&run, &["Cannot confirm", "--yes"]);
    site.ok(&[
        "takedown",
        "local",
        "rides/notes.html",
        "rides/notes.txt",
        "--dry-run",
    ]);
    assert_eq!(site.published("out"), before, "nobody said yes");

    let done = json_of(&site.ok(&[
        "takedown",
        "local",
        "rides/notes.html",
        "rides/notes.txt",
        "--why",
        "they have the answer",
        "--yes",
        "--json",
    ]));
    assert_eq!(done["deleted"], 3, "both versions of the text: {done}");
    assert!(!serves(&site, "MARIGOLD"), "{:?}", served(&site));
    let left = site.published("out");
    let gone = before.keys().filter(|path| !left.contains_key(*path));
    assert_eq!(gone.count(), 3, "nothing else is");
    let status = json_of(&site.ok(&["releases", "--json"]));
    assert_eq!(status["releases"][0]["files"], 22, "{status}");
    assert_eq!(status["live"]["message"], Value::Null);
    let takedown = &status["takedowns"][0];
    assert_eq!(takedown["why"], "they have the answer");
    assert_eq!(
        takedown["kept_out"],
        json!(["rides/notes.html", "rides/notes.txt"])
    );
    let text = site.ok(&["releases"]);
    assert!(text.contains("taken down: 2 files by"), "{text}");
    assert!(
        text.contains("excluded from pushes:\n  `rides/notes.html`"),
        "{text}"
    );
    assert!(text.contains("(they have the answer)"), "{text}");
}

/// A push publishes a file that was taken down only with `--put-back`.
#[test]
fn takedown_lasts_until_put_back() {
    let site = hunt();
    site.ok(&["push"]);
    site.ok(&[
        "takedown",
        "local",
        "rides/notes.html",
        "--why",
        "a spoiler",
        "--yes",
    ]);
    let run = site.run(&["push"]);
    refused(
        &run,
        &[
            "took down",
            "(a spoiler): 1 file",
            "rides/notes.html",
            "`--put-back PATH`",
        ],
    );
    let diff = site.run(&["diff"]);
    assert!(
        diff.stderr
            .contains("A push would be refused: This push would publish again what"),
        "{diff}"
    );
    site.write("rides/notes.html", "<p>it turns</p>");
    refused(&site.run(&["push"]), &["rides/notes.html"]);
    site.ok(&["push", "--put-back", "rides/notes.html"]);
    assert!(serves(&site, "it turns"));
    site.write("rides/notes.html", "<p>it turns and turns</p>");
    site.ok(&["push"]);
    let status = json_of(&site.ok(&["releases", "--json"]));
    assert_eq!(status["takedowns"][0]["kept_out"], json!([]), "{status}");
    assert_eq!(status["takedowns"][0]["paths"], json!(["rides/notes.html"]));
    let run = site.run(&["push", "--put-back", "rides/nots.html"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("`rides/nots.html` wasn't taken down"),
        "{run}"
    );
}

/// A rollback leaves out files that were taken down since.
#[test]
fn rollback_omits_later_takedowns() {
    let site = hunt();
    site.ok(&["push"]);
    site.write("index.html", "<h1>The fair opens</h1>");
    site.ok(&["push"]);
    site.ok(&[
        "takedown",
        "local",
        "rides/notes.txt",
        "rides/notes.html",
        "--yes",
    ]);
    let releases = json_of(&site.ok(&["releases", "--json"]));
    let first = releases["releases"][2]["id"]
        .as_str()
        .expect("an id")
        .to_string();
    let run = site.run(&["rollback", "local", &first]);
    assert_eq!(run.code, 0, "{run}");
    let told = format!("current release: {first} without files taken down since");
    assert!(run.stdout.contains(&told), "{run}");
    assert!(run.stdout.contains("rides/notes.txt"), "{run}");
    assert!(serves(&site, "<h1>The fair</h1>") && !serves(&site, "MARIGOLD"));
    assert_eq!(site.run(&["audit"]).code, 0);
    // Put back with something else in it, what was deleted is still missing for the releases
    // before.
    site.write("rides/notes.txt", "the third car");
    fs::remove_file(site.asset("rides/notes.html")).expect("removed");
    site.ok(&["push", "--put-back", "rides/notes.txt"]);
    let run = site.run(&["rollback", "local", &first]);
    assert_eq!(run.code, 0, "{run}");
    assert!(!serves(&site, "MARIGOLD") && site.run(&["audit"]).code == 0);
}

/// A file that leaves the release is reported as still reachable until taken down.
#[test]
fn removed_file_is_reported_as_reachable() {
    type Change = fn(&Site);
    let remove: Change = |site| fs::remove_file(site.asset("rides/notes.html")).expect("removed");
    let into_a_level: Change = |site| {
        let text = CONFIG.replace(
            "**/ending/**\"\nheld",
            "{**/ending/**,rides/notes.html}\"\nheld",
        );
        let text = text.replace("[[rule]]\nmatch = \"**/ending", "[[rule]]\nmatch = \"rides/notes.html\"\nnames = \"opaque\"\n[[rule]]\nmatch = \"**/ending");
        let file = site.path("assetsync.toml");
        let head = "key_file = \"hunt.key\"\n\n[[source]]\ndir = \"assets\"\n\n";
        fs::write(file, format!("{head}{text}")).expect("written");
    };
    for (how, change, flags) in [
        ("deleted", remove, &[][..]),
        ("in a level", into_a_level, &["--relock", "ending"]),
    ] {
        let site = hunt();
        site.ok(&["push"]);
        change(&site);
        let run = site.run(&[&["push", "--dry-run"], flags].concat());
        assert!(
            run.stderr.contains("1 file can still be fetched at"),
            "{how}: {run}"
        );
        let run = site.run(&[&["push"], flags].concat());
        assert_eq!(run.code, 0, "{how}: {run}");
        assert!(
            site.path("out/rides/notes.html").exists(),
            "{how}: a push deletes nothing"
        );
        assert!(run.stderr.contains("rides/notes.html"), "{how}: {run}");
        site.write("index.html", "<h1>Later</h1>");
        let run = site.run(&["push", "--json"]);
        let left = &json_of(&run.stdout)["reachable"];
        assert_eq!(
            left[0]["path"], "rides/notes.html",
            "{how}: whoever comes later is told: {run}"
        );
        follow(&site, &run);
        assert!(!site.path("out/rides/notes.html").exists(), "{how}");
        assert!(!site.path("out/rides/notes.html.gz").exists(), "{how}");
        let run = site.run(&["push"]);
        assert!(!run.stderr.contains("can still be fetched"), "{how}: {run}");
    }
}

/// A rollback to before a page warns that the page is still reachable.
#[test]
fn rollback_reports_pages_left_behind() {
    let site = hunt();
    fs::remove_file(site.asset("rides/notes.html")).expect("removed");
    site.ok(&["push"]);
    site.write("rides/notes.html", "<p>it turns to MARIGOLD</p>");
    site.ok(&["push"]);
    let run = site.run(&["rollback"]);
    assert!(
        run.stderr
            .contains("1 file can still be fetched at names that anyone can guess"),
        "{run}"
    );
    follow(&site, &run);
    assert!(!site.path("out/rides/notes.html").exists());
}

/// A level that is held again is taken down by its name.
#[test]
fn relocked_level_is_taken_down_whole() {
    let site = hunt();
    site.ok(&["push", "--unlock", "ending"]);
    site.write("rides/ending/end.html", "<h1>MARIGOLD!</h1>");
    site.ok(&["push"]);
    site.ok(&["lock", "local", "ending"]);
    let run = site.run(&["push"]);
    assert!(
        run.stderr.contains("addresses from earlier releases"),
        "{run}"
    );
    assert!(run.stderr.contains("the level `ending` is held"), "{run}");
    assert!(
        run.stderr
            .contains("`assetsync takedown local --level ending`"),
        "{run}"
    );
    follow(&site, &run);
    assert!(!serves(&site, "<h1>MARIGOLD"), "both versions are gone");
    site.ok(&["push", "--unlock", "ending"]);
    assert!(
        serves(&site, "<h1>MARIGOLD!"),
        "a level that is unlocked later isn't kept back"
    );
}

/// An answer that moves into a level is reported at its old address.
#[test]
fn moved_answer_reports_its_old_address() {
    let site = hunt();
    site.write("rides/end.txt", "MARIGOLD");
    site.ok(&["push"]);
    fs::rename(
        site.asset("rides/end.txt"),
        site.asset("rides/ending/answer.txt"),
    )
    .expect("moved");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stderr.contains("1 file can still be fetched"), "{run}");
    assert!(
        run.stderr
            .contains("`assetsync takedown local rides/end.txt`"),
        "{run}"
    );
    follow(&site, &run);
    assert_eq!(
        served(&site)
            .iter()
            .filter(|text| *text == "MARIGOLD")
            .count(),
        0
    );
}

/// Many leftovers are named by folders that hold nothing else.
#[test]
fn leftovers_are_grouped_by_folder() {
    let site = hunt();
    for n in 0..12 {
        site.write(&format!("old/{n}/page.html"), format!("<p>{n}</p>"));
    }
    site.write("rides/a.html", "a");
    site.ok(&["push"]);
    fs::remove_dir_all(site.asset("old")).expect("removed");
    fs::remove_file(site.asset("rides/a.html")).expect("removed");
    let run = site.run(&["push", "--allow-shrink"]);
    assert!(
        run.stderr.contains("13 files can still be fetched"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("`assetsync takedown local old/ rides/a.html`"),
        "{run}"
    );
    follow(&site, &run);
    assert!(!site.path("out/old/3/page.html").exists() && !site.path("out/rides/a.html").exists());
    assert!(site.path("out/rides/wheel.html").exists());
}

#[test]
fn what_is_meant_is_never_guessed() {
    let site = hunt();
    site.ok(&["push"]);
    let before = site.published("out");
    fs::write(site.path("out/theirs.html"), "somebody else's").expect("written");
    for (arguments, code, told) in [
        (
            &["rides/note.html"][..],
            2,
            "did you mean `rides/notes.html`?",
        ),
        (
            &["rides/notes.html", "rides/ntes.txt"],
            2,
            "Cannot find `rides/ntes.txt`",
        ),
        (&["rides"], 2, "`rides/` to take down everything in it"),
        (
            &["rides/notes.html", "--why", &"so ".repeat(200)],
            2,
            "it has 600 characters; the maximum is 500",
        ),
        (&[], 2, "No files to take down were given"),
        (&["--level", "endng"], 2, "did you mean `ending`?"),
        (
            &["--level", "ending"],
            2,
            "The target has none of these files",
        ),
        (&["theirs.html"], 3, "isn't as assetsync wrote it"),
        (&["../out.txt"], 2, "Cannot find `../out.txt`"),
        (
            &["nowhere.html", "rides/\u{1b}[2J"],
            2,
            "Cannot find `nowhere.html`",
        ),
    ] {
        let run = site.run(&[&["takedown", "local"], arguments, &["--yes"]].concat());
        assert_eq!(run.code, code, "{arguments:?}: {run}");
        assert!(run.stderr.contains(told), "{told}: {run}");
    }
    fs::remove_file(site.path("out/theirs.html")).expect("removed");
    assert_eq!(site.published("out"), before, "nothing went by mistake");
    site.ok(&["takedown", "local", "./rides/", "stalls/", "--yes"]);
    assert_eq!(served(&site), ["<h1>The fair</h1>"]);
}

/// A takedown understands an address copied from a browser.
#[test]
fn takedown_accepts_browser_urls() {
    let text = CONFIG.replace(
        "url = \"file:out\"",
        "url = \"file:out\"\nstate = \"file:kept\"\npublic_url = \"https://fair.example/hunt/\"",
    );
    let site = hunt().config(&text);
    site.write("rides/index.html", "<p>MARIGOLD</p>");
    site.write("rides/big wheel.html", "<p>the big one</p>");
    site.ok(&["push"]);
    let run = site.run(&[
        "takedown",
        "local",
        "https://fair.example/hunt/rides/big%20wheel.html?x=1#top",
        "https://fair.example/hunt/rides/",
        "--yes",
    ]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        !site.path("out/rides/big wheel.html").exists()
            && !site.path("out/rides/index.html").exists()
    );
    assert!(site.path("out/rides/wheel.html").exists());
    assert!(
        run.stderr
            .contains("a cache at https://fair.example/hunt/ may still have them"),
        "{run}"
    );
}

/// On radosgw, an object that was taken down is no longer served.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn radosgw_stops_serving_taken_down_object() {
    let hunt = Hunt::new();
    for n in 0..20 {
        hunt.site
            .write(&format!("stalls/{n}.html"), format!("stall {n}"));
    }
    let config = fs::read_to_string(hunt.site.path("assetsync.toml")).expect("readable");
    let rule = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n";
    fs::write(hunt.site.path("assetsync.toml"), config + rule).expect("written");
    for target in ["prod", "one"] {
        hunt.site.write("news.html", "<p>MARIGOLD</p>");
        hunt.ok(&["push", target]);
        hunt.ok(&["live", "on", target]);
        fs::remove_file(hunt.site.asset("news.html")).expect("removed");
        let run = hunt.run(&["push", target]);
        let command = format!("`assetsync takedown {target} news.html`");
        assert!(run.stderr.contains(&command), "{run}");
        hunt.ok(&["takedown", target, "news.html", "--yes"]);
        let run = hunt.run(&["audit", target]);
        assert!(!run.stdout.contains("news.html"), "{run}");
        let run = hunt.run(&["takedown", target, "news.html", "--yes"]);
        assert_eq!(run.code, 2, "it's gone: {run}");
    }
    let keys = hunt.assets.all_keys();
    assert!(
        !keys.iter().any(|key| key.ends_with("news.html")),
        "{keys:?}"
    );
}

/// On Google, an object that was taken down is no longer served.
#[test]
fn gcs_stops_serving_taken_down_object() {
    let hunt = Google::new(&[]);
    let ok = |arguments: &[&str]| {
        let run = hunt.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
        run
    };
    ok(&["push", "prod", "--allow-exposed"]);
    ok(&["live", "on", "prod"]);
    assert_eq!(hunt.server.objects("hunt").len(), 1);
    ok(&[
        "takedown",
        "prod",
        "map.png",
        "--yes",
        "--why",
        "it shows the way",
    ]);
    assert!(hunt.server.objects("hunt").is_empty());
}

/// An audit names what is left and the commands that remove it.
#[test]
fn audit_names_leftovers_and_fixes() {
    let site = hunt();
    site.ok(&["push", "--unlock", "ending"]);
    site.write("rides/ending/end.html", "<h1>MARIGOLD!</h1>");
    fs::remove_file(site.asset("rides/notes.html")).expect("removed");
    site.ok(&["push", "--relock", "ending"]);
    let run = site.run(&["audit", "--json"]);
    assert_eq!(run.code, 3, "a level that is held can be had: {run}");
    let report = json_of(&run.stdout);
    let findings = report["findings"].as_array().expect("a list");
    let of = |kind: &str| {
        let found = findings.iter().find(|finding| finding["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}: {report:#}"))
    };
    assert_eq!(of("held")["path"], "rides/ending/end.html", "{report:#}");
    assert_eq!(of("left")["path"], "rides/notes.html");
    for finding in [of("held"), of("left")] {
        let fix = finding["fix"].as_str().expect("text");
        let command = fix.split('`').nth(1).expect("a command");
        let arguments: Vec<&str> = command.split(' ').skip(1).chain(["--yes"]).collect();
        site.ok(&arguments);
    }
    let run = site.run(&["audit"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(!serves(&site, "MARIGOLD</h1>") && !serves(&site, "it turns to"));
}

/// A former address of a hidden file in a changed page stops the push.
#[test]
fn former_hidden_address_stops_the_push() {
    let site = hunt();
    let first = built(&site)
        .find("rides/ending/end.html")
        .expect("it's there")
        .key
        .to_string();
    site.ok(&["push", "--unlock", "ending"]);
    site.write("rides/ending/end.html", "<h1>MARIGOLD!</h1>");
    site.ok(&["push"]);
    site.write(
        "rides/wheel.html",
        format!("<h1>The wheel</h1><!-- https://cdn.example/{first} -->"),
    );
    for command in ["push", "diff"] {
        let run = site.run(&[command]);
        assert_eq!(run.code, 2, "{command}: {run}");
        let told = "names a former address of `rides/ending/end.html`";
        assert!(run.stderr.contains(told), "{command}: {run}");
        assert!(
            run.stderr.contains("rides/wheel.html:1:"),
            "{command}: {run}"
        );
    }
    site.write("rides/wheel.html", "<h1>The wheel turns</h1>");
    site.ok(&["push"]);
}

/// No command around a takedown shows a hidden path in the log of a CI.
#[test]
fn ci_logs_contain_no_hidden_paths() {
    let site = hunt();
    let level = CONFIG.replace("held = true", "held = true\nhide_paths = true");
    let site = site.config(&level);
    site.ok(&["push", "--unlock", "ending"]);
    site.ok(&["lock", "local", "ending"]);
    for arguments in [
        &["push"][..],
        &["diff", "--json"],
        &["audit"],
        &["audit", "--json"],
        &["takedown", "local", "--level", "ending", "--dry-run"],
        &["takedown", "local", "--level", "ending", "--yes", "--json"],
        &["releases"],
        &["releases", "--json"],
    ] {
        let run = site.run(arguments);
        assert!(run.code == 0 || arguments[0] == "audit", "{run}");
        assert!(
            !run.to_string().contains("end.html"),
            "{arguments:?}: {run}"
        );
    }
    let shown = site.ok(&["releases", "--json", "--show-hidden"]);
    assert!(shown.contains("rides/ending/end.html"), "{shown}");
}

/// A rollback warns of dead links to files that it leaves out, and the advice brings them back.
#[test]
fn rollback_warns_of_dead_links() {
    let level = "[[level]]\nname = \"ending\"\nmatch = \"**/ending/**\"\nheld = true\n";
    let target =
        "[[rule]]\nmatch = \"index.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::bare()
        .config(target)
        .file("index.html", "<a href=\"ending/end.html\">the end</a>")
        .file("ending/end.html", "<h1>MARIGOLD</h1>")
        .file("map.png", "a map");
    site.ok(&["push"]);
    let site = site.config(&format!("{level}{target}"));
    site.write("index.html", "<p>soon</p>");
    site.ok(&["push", "--relock", "ending"]);
    site.ok(&["takedown", "local", "--level", "ending", "--yes"]);
    site.ok(&["takedown", "local", "map.png", "--yes"]);
    let first = json_of(&site.ok(&["releases", "--json"]));
    let releases = first["releases"].as_array().expect("a list");
    let first = releases.last().expect("a release")["id"].as_str();
    let first = first.expect("text");
    let run = site.run(&["rollback", "local", first, "--unlock", "ending"]);
    assert_eq!(run.code, 0, "{run}");
    let told = format!("warning: pages of {first} may link to the 2 files left out");
    assert!(run.stderr.contains(&told), "{run}");
    let command = "`assetsync push local --unlock ending --put-back map.png`";
    assert!(run.stderr.contains(command), "{run}");
    assert!(!serves(&site, "MARIGOLD"), "{run}");
    site.ok(&[
        "push",
        "local",
        "--unlock",
        "ending",
        "--put-back",
        "map.png",
    ]);
    assert!(serves(&site, "MARIGOLD") && serves(&site, "a map"));
}

/// A page that a rollback left stays away once it is taken down.
#[test]
fn takedown_after_rollback_lasts() {
    let site = hunt();
    site.ok(&["push"]);
    site.write("rides/late.html", "<p>MARIGOLD, again</p>");
    site.ok(&["push"]);
    site.ok(&["live", "on"]);
    let run = site.run(&["rollback"]);
    follow(&site, &run);
    let run = site.run(&["push"]);
    refused(&run, &["took down", "rides/late.html"]);
    site.ok(&["push", "--put-back", "./rides/"]);
    assert!(serves(&site, "MARIGOLD, again"));
}

/// A former object is taken down by its name, and the current file stays.
#[test]
fn former_object_takedown_spares_current_file() {
    let site = hunt();
    let first = built(&site)
        .find("rides/notes.txt")
        .expect("it's there")
        .key
        .to_string();
    site.ok(&["push"]);
    site.write("rides/notes.txt", "the third car");
    site.ok(&["push"]);
    site.ok(&["takedown", "local", &first, "--yes"]);
    assert!(!site.path("out").join(&first).exists() && serves(&site, "the third car"));
    site.write("rides/notes.txt", "the fourth car");
    site.ok(&["push"]);
    assert!(
        !site.path("out/.assetsync").exists(),
        "nothing of ours is in the folder"
    );
}

/// A page that had a name to guess, and has a keyed one by now: the old object goes, and the page
/// stays.
#[test]
fn stale_objects_go_alone() {
    let plain =
        "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let keyed =
        "[[rule]]\nmatch = \"index.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .config(plain)
        .file("index.html", "<a href='end.html'>end</a>")
        .file("end.html", "<h1>MARIGOLD</h1>");
    site.ok(&["push"]);
    let site = site.config(keyed);
    let push = site.run(&["push"]);
    assert!(
        push.stderr.contains("takedown local end.html --stale`"),
        "{push}"
    );
    let url = site.ok(&["url", "end.html"]);
    let page = url.trim().rsplit('/').next().expect("a name").to_string();
    follow(&site, &push);
    assert!(!site.path("out/end.html").exists());
    assert!(site.path("out").join(&page).exists(), "{page} is published");
    let again = site.run(&["push"]);
    assert_eq!(again.code, 0, "nothing is kept out: {again}");
    assert!(!again.stderr.contains("takedown"), "{again}");
    site.ok(&["audit"]);
    let nothing = site.run(&["takedown", "local", "end.html", "--stale", "--yes"]);
    assert_eq!(nothing.code, 2, "{nothing}");
    let back = site.run(&["rollback"]);
    assert_eq!(back.code, 0, "{back}");
    assert!(
        !site.path("out/end.html").exists(),
        "a rollback doesn't bring it back"
    );
}

/// Players report the address that they see, with or without a CDN.
#[test]
fn storage_url_names_its_file() {
    let site = hunt();
    site.ok(&["push"]);
    let url = format!("file://{}", site.path("out/rides/notes.html").display());
    site.ok(&["takedown", "local", &url, "--yes"]);
    assert!(!site.path("out/rides/notes.html").exists());
}

/// What is in a level by now, and can be fetched at a name to guess, fails the audit.
#[test]
fn guessable_leftover_of_level_fails_audit() {
    let target = "[target.local]\nurl = \"file:out\"\n";
    let plain = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n";
    let level = "[[rule]]\nmatch = \"ending/**\"\nnames = \"opaque\"\n[[level]]\nname = \"ending\"\nmatch = \"ending/**\"\n";
    let site = Site::new()
        .config(&format!("{plain}{target}"))
        .file("index.html", "<h1>The fair</h1>")
        .file("ending/end.html", "<h1>MARIGOLD</h1>");
    site.ok(&["push"]);
    let site = site.config(&format!("{plain}{level}{target}"));
    let push = site.run(&["push"]);
    assert_eq!(push.code, 0, "{push}");
    let audit = site.run(&["audit"]);
    assert_eq!(audit.code, 3, "{audit}");
    assert!(
        audit.stdout.contains("although the file is now in a level"),
        "{audit}"
    );
    follow(&site, &push);
    site.ok(&["audit"]);
    assert_eq!(site.run(&["diff", "--check"]).code, 0);
}
