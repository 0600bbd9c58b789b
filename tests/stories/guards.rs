//! Guards: what a push takes away without anybody saying so, and what may be written over while
//! live.

use std::fs;

use serde_json::{Value, json};

use crate::support::hunt::Hunt;
use crate::support::s3::Bucket;
use crate::support::{Run, Site, refused, terminal};

const LEVELS: &str = r#"
[[level]]
name = "solution"
match = "**/solution/**"
held = true
[[level]]
name = "posthunt"
match = "posthunt/**"
held = true
[[rule]]
match = "posthunt/*.html"
names = "plain"
[target.local]
url = "file:out"
"#;

/// The same, before anybody thought of levels.
const NO_LEVELS: &str = r#"
[[rule]]
match = "posthunt/*.html"
names = "plain"
[target.local]
url = "file:out"
"#;

/// Everything was published, and is in held levels now.
fn held_too_late() -> Site {
    let site = two_levels().config(NO_LEVELS);
    site.ok(&["push"]);
    site.config(LEVELS)
}

fn two_levels() -> Site {
    let site = Site::new().config(LEVELS);
    for n in 0..30 {
        site.write(&format!("puzzle/{n}.html"), format!("<h1>Puzzle {n}</h1>"));
    }
    site.file("puzzle/solution/1.html", "<h1>BELLOWS</h1>")
        .file("puzzle/solution/2.html", "<h1>ANVIL</h1>")
        .file("posthunt/index.html", "<h1>All answers</h1>")
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The `assetsync …` in backticks behind `before`, as arguments.
fn advised<'r>(run: &'r Run, before: &str) -> Vec<&'r str> {
    let hint = run.stderr.split(before).nth(1);
    let hint = hint.unwrap_or_else(|| panic!("no `{before}`: {run}"));
    let command = hint
        .split('`')
        .find_map(|part| part.strip_prefix("assetsync "));
    let command = command.unwrap_or_else(|| panic!("no command: {run}"));
    command.split(' ').collect()
}

// --- levels that were unlocked

/// A push keeps unlocked levels and takes a level back once it is locked.
#[test]
fn unlocked_stays_and_locking_takes_back() {
    let site = two_levels();
    site.ok(&["push"]);
    site.ok(&["push", "--unlock", "solution"]);
    site.ok(&["unlock", "local", "posthunt"]);
    let published =
        |site: &Site| json_of(&site.ok(&["releases", "--json"]))["releases"][0]["files"].clone();
    assert_eq!(published(&site), 32, "unlocking alone publishes nothing");
    site.write("puzzle/1.html", "<h1>Erratum</h1>");
    site.ok(&["push"]);
    assert_eq!(published(&site), 33, "what was unlocked by either way");
    let status = json_of(&site.ok(&["releases", "--json"]));
    let unlocked = status["unlocked"].as_object().expect("levels");
    assert_eq!(
        unlocked.keys().collect::<Vec<_>>(),
        ["posthunt", "solution"]
    );

    let run = site.run(&["push", "--relock", "solution"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(published(&site), 31);
    site.ok(&["push"]);
    site.ok(&["lock", "local", "posthunt"]);
    assert_eq!(published(&site), 31, "locking alone takes nothing back");
    site.ok(&["push"]);
    assert_eq!(published(&site), 30);
    let status = json_of(&site.ok(&["releases", "--json"]));
    assert_eq!(
        (&status["unlocked"], &status["locked"]),
        (&json!({}), &json!([]))
    );
}

/// `lock` and `unlock` say what is true of a level that was published, is, or never was.
#[test]
fn lock_speaks_of_published_files_only() {
    let site = two_levels();
    site.ok(&["push"]);
    site.ok(&["live", "on"]);
    let lock = || site.run(&["lock", "local", "solution"]);
    let run = lock();
    assert_eq!(run.code, 0, "there is nothing to ask: {run}");
    let none =
        "the current release has no files of the level `solution`, and pushes leave them out";
    let told = format!("{none} until you run `assetsync unlock local solution`");
    assert!(run.stderr.contains(&told), "{run}");
    assert!(!run.stderr.contains("takedown"), "{run}");
    site.ok(&["live", "off"]);

    let unlock = || site.run(&["unlock", "local", "solution"]);
    let run = unlock();
    assert!(run.stderr.contains("nothing is published yet"), "{run}");
    site.ok(&["push"]);
    let run = unlock();
    let told = "the current release already has files of the level `solution`";
    assert!(run.stderr.contains(told), "{run}");
    let run = lock();
    let told = "run `assetsync push local` to unpublish these files";
    assert!(run.stderr.contains(told), "{run}");
    site.ok(&["push"]);
    let run = lock();
    let takedown = "`assetsync takedown local --level solution`";
    let told =
        format!("{none}. Addresses from earlier releases keep working until you run {takedown}");
    assert!(run.stderr.contains(&told), "{run}");
    site.ok(&["takedown", "local", "--level", "solution", "--yes"]);
    assert!(!lock().stderr.contains("takedown"));
}

/// A level that was published without being unlocked is taken back only on request.
#[test]
fn never_unlocked_level_needs_relock() {
    let site = held_too_late();
    let published = site.ok(&["releases", "--json"]);
    for edit in [false, true] {
        if edit {
            site.write("puzzle/1.html", "<h1>Erratum</h1>");
        }
        let run = site.run(&["push"]);
        refused(
            &run,
            &[
                "withdraw the level `posthunt`, which is held and not unlocked: 1 file is published now",
                "withdraw the level `solution`, which is held and not unlocked: 2 files are published now",
                "puzzle/solution/1.html",
                "`assetsync unlock local posthunt solution` keeps what is published",
                "pass `--relock posthunt`, `--relock solution` to remove it",
            ],
        );
        let said = site.ok(&["releases", "--json"]);
        assert_eq!(said, published, "nothing was changed");
    }
    let run = site.run(&["push", "--relock", "solution"]);
    refused(&run, &["`posthunt`"]);
    assert!(!run.stderr.contains("level `solution`"), "{run}");
    let command = advised(&run, "hint: ");
    assert_eq!(command, ["unlock", "local", "posthunt"]);
    site.ok(&command);
    site.ok(&["push", "--relock", "solution"]);
    let status = json_of(&site.ok(&["releases", "--json"]));
    assert_eq!(status["releases"][0]["changes"]["removed"], 2, "{status}");
    site.ok(&["push"]);
}

/// A file moved into a locked level later is not taken back without consent.
#[test]
fn locked_level_guards_files_moved_in() {
    let site = two_levels();
    site.ok(&["push", "--unlock", "solution"]);
    site.ok(&["lock", "local", "solution"]);
    site.ok(&["push"]);
    // Somebody publishes another answer under an open name, and moves it into the level: nobody
    // asked for that one to go.
    site.write("puzzle/late.html", "<h1>FORGE</h1>");
    site.ok(&["push"]);
    let site = site.config(&LEVELS.replace("**/solution/**", "{**/solution/**,puzzle/late.html}"));
    refused(
        &site.run(&["push"]),
        &["withdraw the level `solution`", "puzzle/late.html"],
    );
}

/// Only held levels can be unlocked, and a first push respects an earlier unlock.
#[test]
fn first_push_keeps_earlier_unlock() {
    let site = two_levels();
    for (levels, code) in [
        (["solution"].as_slice(), 0),
        (&["puzzle"], 2),
        (&["soluton"], 2),
        (&[], 2),
    ] {
        let run = site.run(&[&["unlock", "local"], levels].concat());
        assert_eq!(run.code, code, "{run}");
    }
    assert_eq!(
        site.run(&["lock", "local", "open"]).code,
        2,
        "it isn't held"
    );
    site.ok(&["push"]);
    let status = json_of(&site.ok(&["releases", "--json"]));
    assert_eq!(
        status["releases"][0]["files"], 32,
        "a first push minds it: {status}"
    );
}

/// Each target has its own unlocked levels.
#[test]
fn targets_unlock_levels_separately() {
    let other = format!("{LEVELS}[target.staging]\nurl = \"file:staging\"\n");
    let site = two_levels().config(&other);
    site.ok(&["push", "local", "staging"]);
    site.ok(&["unlock", "staging", "solution"]);
    site.write("puzzle/1.html", "<h1>Erratum</h1>");
    site.ok(&["push", "local", "staging"]);
    for (folder, files) in [("out", 0), ("staging", 2)] {
        let published = site.published(folder).into_values();
        let answers =
            published.filter(|file| file == b"<h1>BELLOWS</h1>" || file == b"<h1>ANVIL</h1>");
        assert_eq!(answers.count(), files, "{folder}");
    }
}

/// The advised command keeps a published level on a server too.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn advised_unlock_keeps_level_on_server() {
    let hunt = Hunt::new();
    hunt.site.write("late/a.html", "<h1>Late</h1>");
    hunt.ok(&["push"]);
    let config = fs::read_to_string(hunt.site.path("assetsync.toml")).expect("readable");
    let levels = "[[level]]\nname = \"late\"\nmatch = \"late/**\"\nheld = true\n";
    fs::write(hunt.site.path("assetsync.toml"), config + levels).expect("written");
    let run = hunt.run(&["push"]);
    refused(&run, &["the level `late`"]);
    let diff = hunt.run(&["diff", "--json"]);
    assert_eq!(diff.code, 0, "{diff}");
    let reasons = &json_of(&diff.stdout)["refusal"]["reasons"];
    let hint = reasons[0]["hint"].as_str().expect("text");
    assert!(
        hint.contains("`assetsync unlock prod late` keeps what is published"),
        "{hint}"
    );
    hunt.ok(&advised(&run, "hint: "));
    hunt.ok(&["push"]);
    hunt.site.write("map.png", "a better map");
    hunt.ok(&["push"]);
    hunt.ok(&["live", "on"]);
    refused(
        &hunt.run(&["lock", "prod", "late"]),
        &["Cannot confirm", "the next push unpublishes: late"],
    );
    hunt.ok(&["lock", "prod", "late", "--yes"]);
    hunt.ok(&["push"]);
}

/// The advice to unlock says how many other files of the level it would publish.
#[test]
fn unlock_advice_counts_other_files() {
    // What was open is in a held level now, and so is a file that nobody knows yet.
    let site = held_too_late();
    site.write("puzzle/solution/3.html", "<h1>FORGE</h1>");
    let run = site.run(&["push", "--relock", "posthunt"]);
    refused(
        &run,
        &[
            "withdraw the level `solution`, which is held and not unlocked: 2 files",
            "`assetsync unlock local solution` keeps what is published in this and all later pushes, and publishes 1 more of `solution`",
        ],
    );
    site.ok(&["push", "--relock", "solution", "--relock", "posthunt"]);
}

/// An unlocked level survives new names of its files, but not a new name of its own.
#[test]
fn unlock_survives_renamed_files_not_levels() {
    let site = two_levels();
    site.ok(&["push", "--unlock", "solution", "--unlock", "posthunt"]);
    let site = site.config(&LEVELS.replace("name = \"solution\"", "name = \"answers\""));
    let run = site.run(&["push"]);
    refused(
        &run,
        &[
            "the level `answers`",
            "`assetsync unlock local answers` keeps",
        ],
    );

    let site = site.config(LEVELS);
    for n in [1, 2] {
        let old = site.asset(&format!("puzzle/solution/{n}.html"));
        let new = site.asset(&format!("puzzle/solution/{n}-Cq9aa.html"));
        fs::rename(old, new).expect("renamed");
    }
    let run = site.run(&["push", "--relock", "posthunt"]);
    assert_eq!(
        run.code, 0,
        "what is unlocked is the level, not a file: {run}"
    );
    let status = json_of(&site.ok(&["releases", "--json"]));
    assert_eq!(status["releases"][0]["files"], 32, "{status}");
}

/// A level that is no longer held, or is gone, is not taken back.
#[test]
fn removed_level_is_not_taken_back() {
    let site = two_levels();
    site.ok(&["push", "--unlock", "solution", "--unlock", "posthunt"]);
    let open = site.config(&LEVELS.replace("held = true", ""));
    let run = open.run(&["push"]);
    assert_eq!(
        run.code, 2,
        "a plain name in a level that isn't held is an error: {run}"
    );
    let keyed = LEVELS.replace("held = true", "").replace("plain", "opaque");
    let open = open.config(&keyed);
    open.ok(&["push"]);
    let none = open.config("[target.local]\nurl = \"file:out\"\n");
    none.ok(&["push"]);

    let site = two_levels();
    site.ok(&["push", "--unlock", "posthunt"]);
    fs::remove_dir_all(site.asset("posthunt")).expect("removed");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "a held level without files is a slip: {run}");
    let posthunt = "match = \"posthunt/**\"\nheld = true";
    let site = site.config(&LEVELS.replace(posthunt, "match = \"posthunt/**\""));
    let run = site.run(&["push"]);
    assert_eq!(
        run.code, 0,
        "it's gone from the tree, so nothing of it is held: {run}"
    );
}

/// `--relock` accepts only held levels that are not being unlocked.
#[test]
fn relock_needs_held_locked_level() {
    let site = two_levels().config(&format!(
        "[[level]]\nname = \"open_late\"\nmatch = \"nowhere/**\"\n{LEVELS}"
    ));
    site.ok(&["push"]);
    for (arguments, told) in [
        (vec!["--relock", "soluton"], "There is no level `soluton`"),
        (vec!["--relock", "open_late"], "`open_late` isn't held"),
        (
            vec!["--unlock", "solution", "--relock", "solution"],
            "`solution` is also unlocked by this command",
        ),
    ] {
        let run = site.run(&[vec!["push"], arguments].concat());
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(told), "{told}: {run}");
    }
    site.ok(&["push", "--relock", "solution"]);
}

/// While live, a level is taken back only with a confirmation.
#[test]
fn taking_back_while_live_needs_confirmation() {
    let site = two_levels();
    site.ok(&["push", "--unlock", "posthunt"]);
    site.ok(&["live", "on"]);
    let before = site.ok(&["releases", "--json"]);
    let run = site.run(&["push", "--relock", "posthunt"]);
    refused(
        &run,
        &[
            "Cannot confirm",
            "the level `posthunt`",
            "posthunt/index.html",
            "--yes",
        ],
    );
    assert_eq!(site.ok(&["releases", "--json"]), before);
    let run = site.run(&["push", "--relock", "posthunt", "--yes"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        site.path("out/posthunt/index.html").exists(),
        "nothing is deleted"
    );
}

/// A rollback says which level it takes back and how it comes back.
#[test]
fn rollback_names_level_taken_back() {
    let site = two_levels();
    site.ok(&["push"]);
    site.ok(&["push", "--unlock", "solution"]);
    let run = site.run(&["rollback"]);
    assert_eq!(run.code, 0, "it was asked for: {run}");
    let told = "the level `solution` is no longer published (2 files)";
    assert!(run.stdout.contains(told), "{run}");
    let command =
        "The next push publishes it again. To keep it held, run `assetsync lock local solution`";
    assert!(run.stdout.contains(command), "{run}");
    site.ok(&["push"]);
    let json = json_of(&site.ok(&["rollback", "--json"]));
    assert_eq!(json["taken_back"], json!({"solution": 2}));
    site.ok(&["lock", "local", "solution"]);
    site.ok(&["push"]);
    let status = json_of(&site.ok(&["releases", "--json"]));
    let releases = status["releases"].as_array().expect("a list");
    let current = releases
        .iter()
        .find(|release| release["id"] == status["current"]);
    assert_eq!(current.expect("it's retained")["held"], 3, "{status}");
}

/// After a rollback, `audit`, `unlock` and `lock` agree on a level that is unlocked.
#[test]
fn audit_and_unlock_agree_after_rollback() {
    for change in ["", "!"] {
        let site = two_levels();
        site.ok(&["push"]);
        site.write(
            "puzzle/solution/1.html",
            format!("<h1>BELLOWS{change}</h1>"),
        );
        site.ok(&["push", "--unlock", "solution"]);
        let back = site.run(&["rollback"]);
        assert!(!back.stderr.contains("is held"), "{back}");
        let to_hold =
            "run `assetsync lock local solution`, then `assetsync takedown local --level solution`";
        assert!(back.stdout.contains(to_hold), "{back}");
        let audit = site.run(&["audit"]);
        assert_eq!(audit.code, 0, "{audit}");
        assert!(!audit.stdout.contains("FAILED"), "{audit}");
        assert!(
            audit.stdout.contains("its level `solution` is unlocked"),
            "{audit}"
        );
        let publishes = "`assetsync push local` publishes";
        assert!(audit.stdout.contains(publishes), "{audit}");
        let unlock = site.run(&["unlock", "local", "solution"]);
        let told = "nothing is published yet: run `assetsync push local`";
        assert!(unlock.stderr.contains(told), "{unlock}");

        site.ok(&["push", "local"]);
        let audit = site.ok(&["audit"]);
        assert!(audit.contains("0 failed, 0 warnings"), "{audit}");

        site.ok(&["rollback"]);
        site.ok(&["lock", "local", "solution"]);
        let audit = site.run(&["audit"]);
        assert_eq!(audit.code, 3, "{audit}");
        site.ok(&["takedown", "local", "--level", "solution", "--yes"]);
        let audit = site.ok(&["audit"]);
        assert!(audit.contains("0 failed, 0 warnings"), "{audit}");
        site.ok(&["push"]);
        site.ok(&["unlock", "local", "solution"]);
        site.ok(&["push"]);
        let audit = site.ok(&["audit"]);
        assert!(audit.contains("0 failed, 0 warnings"), "{audit}");
    }
}

/// A rollback says that a level stays held if it isn't unlocked.
#[test]
fn rollback_names_level_that_stays_held() {
    let site = two_levels();
    site.ok(&["push"]);
    site.ok(&["push", "--unlock", "solution"]);
    site.ok(&["lock", "local", "solution"]);
    let run = site.run(&["rollback"]);
    assert_eq!(run.code, 0, "{run}");
    let told = "Pushes leave it out until you run `assetsync unlock local solution`";
    assert!(run.stdout.contains(told), "{run}");
    assert!(run.stderr.contains("the level `solution` is held"), "{run}");
    let push = site.ok(&["push"]);
    assert!(push.contains("2 held (solution)"), "{push}");
}

/// `diff` names the levels a push takes back, and a dry run obeys the push's flags.
#[test]
fn diff_predicts_levels_taken_back() {
    let site = two_levels();
    site.ok(&["push", "--unlock", "posthunt"]);
    let site = site.config(&LEVELS.replace("name = \"posthunt\"", "name = \"after\""));
    let run = site.run(&["diff"]);
    assert_eq!(run.code, 0, "{run}");
    let line = "hold      posthunt/index.html (its level, `after`, is held, 20 B)";
    assert!(run.stdout.contains(line), "{run}");
    let told = "A push would be refused: This push would withdraw the level `after`";
    assert!(run.stderr.contains(told), "{run}");
    let hint = "hint: `assetsync unlock local after` keeps what is published";
    assert!(run.stderr.contains(hint), "{run}");
    let plan = json_of(&site.ok(&["diff", "--json"]));
    let removed = json!([{
        "path": "posthunt/index.html", "size": 20, "level": "after", "was": "posthunt",
    }]);
    assert_eq!(
        (&plan["removed"], &plan["refusal"]["exit_code"]),
        (&removed, &json!(3))
    );

    let run = site.run(&["push", "--dry-run", "--relock", "after"]);
    assert!(!run.stderr.contains("refused"), "{run}");
    let plan = json_of(&site.ok(&["push", "--dry-run", "--relock", "after", "--json"]));
    assert_eq!(
        (&plan["removed"], &plan["refusal"]),
        (&removed, &Value::Null)
    );
}

// --- what visitors lose

fn plain_site() -> Site {
    Site::new()
        .config("[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n")
}

fn chunks(site: &Site, folder: &str, build: &str, number: usize) {
    for n in 0..number {
        let path = format!("{folder}/chunk{n}-{build}{n}.js");
        site.write(&path, format!("export const n = {n}; // {build}"));
    }
}

/// A bundler that renames all its chunks is not refused.
#[test]
fn renamed_chunks_are_not_refused() {
    for names in ["opaque", "plain", "fingerprinted"] {
        let rule = format!("[[rule]]\nmatch = \"**\"\nnames = \"{names}\"\n");
        let pages = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";
        let target = "[target.local]\nurl = \"file:out\"\n";
        let site = Site::new().config(&format!("{rule}{pages}{target}"));
        site.write("index.html", "<h1>Hunt</h1>");
        chunks(&site, "assets", "BRnx2", 12);
        chunks(&site, "_next/static/hQ8V0Tk2fZ1mDhq3sYbXe", "a", 3);
        site.ok(&["push"]);
        fs::remove_dir_all(site.asset("assets")).expect("removed");
        fs::remove_dir_all(site.asset("_next")).expect("removed");
        chunks(&site, "assets", "Cq9aa", 13);
        chunks(&site, "_next/static/Zp0aLMtW3rk9xQvBnYc7U", "a", 3);
        let run = site.run(&["diff"]);
        assert!(!run.stderr.contains("refused"), "{run}");
        let run = site.run(&["push"]);
        assert_eq!(run.code, 0, "{run}");
        let told = "16 added, 0 changed, 15 removed";
        assert!(run.stdout.contains(told), "{run}");
    }
}

/// Losing half of the images is refused even if as many scripts are new.
#[test]
fn new_scripts_dont_offset_lost_images() {
    let site = plain_site().file("index.html", "<h1>Hunt</h1>");
    for n in 0..42 {
        site.write(&format!("img/{n}.png"), format!("image {n}"));
    }
    site.ok(&["push"]);
    for n in 0..20 {
        fs::remove_file(site.asset(&format!("img/{n}.png"))).expect("removed");
        site.write(&format!("img/{n}.js"), format!("let n = {n}"));
    }
    let run = site.run(&["push"]);
    refused(
        &run,
        &[
            "would remove 20 of 43 files of the current release",
            "\n  img/*.png: 20 of 42\n",
        ],
    );
    let plan = json_of(&site.ok(&["diff", "--json"]));
    let message = plan["refusal"]["reasons"][0]["message"]
        .as_str()
        .expect("text");
    assert!(message.contains("img/*.png: 20 of 42"), "{message}");
    site.ok(&["push", "--allow-shrink"]);
}

/// Losing a whole folder or type is refused however large the site is.
#[test]
fn lost_folder_or_type_is_refused() {
    let site = plain_site();
    for n in 0..60 {
        site.write(&format!("{n}.html"), format!("<h1>{n}</h1>"));
    }
    site.write("fonts/a.woff2", "a font");
    site.write("puzzle/gears/index.html", "<h1>Gears</h1>");
    site.write("puzzle/gears/hint.html", "<h1>Turn</h1>");
    site.ok(&["push"]);
    fs::remove_dir_all(site.asset("fonts")).expect("removed");
    let run = site.run(&["push"]);
    refused(
        &run,
        &[
            "1 of 63 files",
            "all `.woff2` files",
            "\n  fonts/*.woff2: 1 of 1",
        ],
    );
    site.write("fonts/a.woff2", "a font");
    fs::remove_dir_all(site.asset("puzzle")).expect("removed");
    let run = site.run(&["push"]);
    refused(
        &run,
        &[
            "2 of 63 files",
            "the whole folder `puzzle/`",
            "puzzle/gears/*.html: 2 of 2",
        ],
    );
    site.write("puzzle/gears/index.html", "<h1>Gears</h1>");
    site.ok(&["push"]);
}

/// A site that moved to another folder is refused without `--allow-shrink`.
#[test]
fn moved_site_needs_allow_shrink() {
    let site = plain_site();
    for n in 0..6 {
        site.write(&format!("img/{n}.png"), format!("image {n}"));
        site.write(&format!("{n}.html"), format!("<h1>{n}</h1>"));
    }
    site.ok(&["push"]);
    fs::create_dir(site.asset("assets")).expect("a folder");
    fs::rename(site.asset("img"), site.asset("assets/img")).expect("moved");
    refused(&site.run(&["push"]), &["the whole folder `img/`"]);
    site.ok(&["push", "--allow-shrink"]);
}

/// Held files that are gone are counted separately.
#[test]
fn lost_held_files_count_separately() {
    let site = two_levels().file("bonus/solution/a.png", "TONGS");
    site.ok(&["push"]);
    fs::remove_dir_all(site.asset("puzzle/solution")).expect("removed");
    let run = site.run(&["push"]);
    refused(
        &run,
        &[
            "would remove 2 of 4 held files of the current release",
            "puzzle/solution/*.html: 2 of 2",
        ],
    );
    site.ok(&["push", "--allow-shrink"]);
}

// --- while live

fn live_site() -> Site {
    let site = plain_site()
        .file("index.html", "<h1>Hunt</h1>")
        .file("a[1].html", "<h1>One</h1>")
        .file("a1.html", "<h1>Another</h1>")
        .file("map.png", "a map");
    for n in 0..5 {
        site.write(&format!("puzzle/{n}.html"), format!("<h1>{n}</h1>"));
    }
    site.ok(&["push"]);
    site.ok(&["live", "on"]);
    site
}

fn rewrite(site: &Site, paths: &[&str]) {
    for path in paths {
        let text = fs::read_to_string(site.asset(path)).expect("readable");
        site.write(path, text + "<p>Erratum");
    }
}

fn published(site: &Site, path: &str) -> String {
    fs::read_to_string(site.path("out").join(path)).expect("readable")
}

const PUZZLES: [&str; 5] = [
    "puzzle/0.html",
    "puzzle/1.html",
    "puzzle/2.html",
    "puzzle/3.html",
    "puzzle/4.html",
];

/// While live, names to be overwritten are listed with a pattern that allows them.
#[test]
fn overwrite_refusal_lists_names_and_pattern() {
    let site = live_site();
    rewrite(&site, &PUZZLES);
    let run = site.run(&["push"]);
    let names: Vec<String> = PUZZLES.iter().map(|path| format!("\n  `{path}`")).collect();
    refused(
        &run,
        &["5 plain names would be overwritten", &names.concat()],
    );
    assert!(
        run.stderr
            .contains("pass `--overwrite-live 'puzzle/*.html'` to overwrite them"),
        "{run}"
    );
    rewrite(&site, &["index.html"]);
    let run = site.run(&["push", "--overwrite-live", "puzzle/*.html", "--yes"]);
    refused(&run, &["1 plain name would be overwritten\n  `index.html`"]);
    assert!(!published(&site, "puzzle/1.html").contains("Erratum"));
}

/// The names that a pattern matches are shown and need a confirmation.
#[test]
fn overwrite_pattern_needs_confirmation() {
    let site = live_site();
    rewrite(&site, &PUZZLES[..2]);
    let run = site.run(&["push", "--overwrite-live", "puzzle/*.html"]);
    refused(
        &run,
        &[
            "2 names would be overwritten:\n  `puzzle/0.html`\n  `puzzle/1.html`\n",
            "`--overwrite-live` also matches 3 names, overwritten only if changed in the target meanwhile:\n  `puzzle/2.html`",
            "Cannot confirm",
            "pass `--yes` to confirm",
        ],
    );
    assert!(!published(&site, "puzzle/1.html").contains("Erratum"));
    let declined = answer(&site, &["push", "--overwrite-live", "puzzle/*.html"], "n");
    assert_eq!(declined.code, 3, "{declined}");
    assert!(
        declined.stdout.contains("Nothing was changed"),
        "{declined}"
    );
    let run = answer(&site, &["push", "--overwrite-live", "puzzle/*.html"], "y");
    assert_eq!(run.code, 0, "{run}");
    assert!(published(&site, "puzzle/1.html").contains("Erratum"));

    rewrite(&site, &PUZZLES[..2]);
    let run = site.run(&["push", "--overwrite-live", "puzzle/*.html", "--yes"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stderr.contains("`puzzle/1.html`"),
        "shown all the same: {run}"
    );
}

/// Runs the program on a terminal, where somebody types this.
fn answer(site: &Site, arguments: &[&str], typed: &str) -> Run {
    let command = site.command(arguments);
    terminal::says(typed, &terminal::line_of(&command), &command)
}

/// While live, all damage is listed, and the advised option repairs it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn advised_option_repairs_damage_while_live() {
    let hunt = Hunt::new();
    for n in 0..4 {
        hunt.site
            .write(&format!("img/{n}.png"), format!("image {n}"));
    }
    hunt.ok(&["push"]);
    hunt.ok(&["live", "on"]);
    let damaged = hunt.assets.keys();
    assert_eq!(damaged.len(), 5, "{damaged:?}");
    for key in &damaged {
        // As long as it was.
        let there = hunt.assets.signed("GET", &format!("/{key}"), b"").body;
        let other = vec![b'x'; there.len()];
        let answer = hunt.assets.signed("PUT", &format!("/{key}"), &other);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let run = hunt.run(&["push", "--verify", "list"]);
    refused(
        &run,
        &[
            "5 files in the target don't match what was published",
            "\n  `img/0.png`\n  `img/1.png`\n  `img/2.png`\n  `img/3.png`\n  `map.png`\n",
            "push again with `--verify list --overwrite-live '*.png' --overwrite-live 'img/*.png'` to repair them while the target is live",
        ],
    );
    refused(&hunt.run(&["push"]), &["5 files in the target don't match"]);
    let patterns = ["--overwrite-live", "*.png", "--overwrite-live", "img/*.png"];
    let again = [&["push", "--verify", "list"][..], &patterns].concat();
    refused(&hunt.run(&again), &["Cannot confirm"]);
    hunt.ok(&[&again[..], &["--yes"]].concat());
    for key in &damaged {
        let answer = hunt.assets.signed("GET", &format!("/{key}"), b"");
        assert!(!answer.body.starts_with(b"xxx"), "{key}");
    }
}

/// A path that looks like a pattern is taken literally and needs no confirmation.
#[test]
fn literal_path_needs_no_confirmation() {
    let site = live_site();
    rewrite(&site, &["a[1].html", "a1.html"]);
    let run = site.run(&["push", "--overwrite-live", "a[1].html"]);
    refused(&run, &["1 plain name would be overwritten\n  `a1.html`"]);
    site.ok(&[
        "push",
        "--overwrite-live",
        "a[1].html",
        "--overwrite-live",
        "a1.html",
    ]);
    assert!(published(&site, "a[1].html").contains("Erratum"));
}

/// A pattern that matches nothing is an error in every command.
#[test]
fn unmatched_overwrite_pattern_is_refused() {
    let site = live_site();
    rewrite(&site, &["index.html"]);
    site.ok(&["push", "--overwrite-live", "index.html"]);
    let commands: [&[&str]; 3] = [&["push"], &["rollback"], &["audit", "--repair", "--yes"]];
    for command in commands {
        for (given, told) in [
            ("idex.html", "There is no `idex.html` in"),
            ("*.css", "`*.css` matches nothing in"),
            ("puzzle/[", "`puzzle/[` isn't a valid glob"),
        ] {
            let run = site.run(&[command, &["--overwrite-live", given]].concat());
            assert_eq!(run.code, 2, "{command:?}: {run}");
            assert!(run.stderr.contains(told), "{told}: {run}");
        }
    }
}

/// A rollback and a repair accept the same patterns as a push.
#[test]
fn rollback_and_repair_accept_patterns() {
    let site = live_site();
    rewrite(&site, &PUZZLES);
    site.ok(&["push", "--overwrite-live", "puzzle/**", "--yes"]);
    let run = site.run(&["rollback"]);
    refused(
        &run,
        &[
            "5 plain names would be overwritten\n  `puzzle/0.html`",
            "pass `--overwrite-live 'puzzle/*.html'` to overwrite them",
        ],
    );
    let run = site.run(&["rollback", "--overwrite-live", "puzzle/*.html"]);
    refused(&run, &["5 names would be overwritten:", "Cannot confirm"]);
    assert!(published(&site, "puzzle/1.html").contains("Erratum"));
    site.ok(&["rollback", "--overwrite-live", "puzzle/*.html", "--yes"]);
    assert!(!published(&site, "puzzle/1.html").contains("Erratum"));

    fs::write(site.path("out/puzzle/1.html"), "<h1>Hacked</h1>").expect("written");
    fs::write(site.path("out/puzzle/2.html"), "<h1>Hacked</h1>").expect("written");
    for n in 0..5 {
        site.write(&format!("puzzle/{n}.html"), format!("<h1>{n}</h1>"));
    }
    let repair = ["audit", "--repair", "--overwrite-live", "puzzle/?.html"];
    let run = site.run(&repair);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains("Cannot confirm"), "{run}");
    assert!(
        run.stdout
            .contains("puzzle/2.html: uploaded again, replacing the stored object"),
        "{run}"
    );
    site.ok(&[&repair[..], &["--yes"]].concat());
    assert_eq!(published(&site, "puzzle/2.html"), "<h1>2</h1>");
}

/// Fifty names to be overwritten are listed by folder, and the rest is counted.
#[test]
fn many_overwrites_are_listed_by_folder() {
    let site = plain_site();
    let write = |text: &str| {
        for n in 100..140 {
            site.write(&format!("a/{n}.html"), format!("{text} {n}"));
            site.write(&format!("b/{n}.html"), format!("{text} {n}"));
        }
    };
    write("first");
    site.ok(&["push"]);
    site.ok(&["live", "on"]);
    write("second");
    let run = site.run(&["push"]);
    refused(
        &run,
        &[
            "80 plain names",
            "\n  a/: 100.html, 101.html",
            "\n  b/: 100.html",
            "\n  and 30 more: 30 b/",
        ],
    );
}

/// Another `live on` keeps end and message unless they are given anew or cleared.
#[test]
fn repeated_live_on_keeps_its_values() {
    let site = plain_site().file("index.html", "<h1>Hunt</h1>");
    site.ok(&["push"]);
    let on = |more: &[&str]| {
        let run = site.run(&[&["live", "on"], more].concat());
        assert_eq!(run.code, 0, "{run}");
        let live = json_of(&site.ok(&["live", "status", "--json"]))["live"].clone();
        (live["until"].clone(), live["message"].clone(), run.stderr)
    };
    let end = json!("2027-01-18T17:00:00Z");
    let first = on(&[
        "--until",
        "2027-01-18T12:00-05:00",
        "--message",
        "the hunt is on",
    ]);
    assert_eq!(first, (end.clone(), json!("the hunt is on"), String::new()));
    let (until, message, said) = on(&[]);
    assert_eq!((until, message), (end.clone(), json!("the hunt is on")));
    assert!(
        said.contains("kept the planned end, 2027-01-18T17:00:00Z"),
        "{said}"
    );
    assert!(said.contains("kept the message `the hunt is on`"), "{said}");
    let (until, message, said) = on(&["--message", "still on"]);
    assert_eq!((until, message), (end, json!("still on")));
    assert!(!said.contains("message `"), "{said}");
    let (until, message, _) = on(&["--until", ""]);
    assert_eq!((until, message), (Value::Null, json!("still on")));
    let (until, message, said) = on(&["--message", ""]);
    assert_eq!(
        (until, message, said),
        (Value::Null, Value::Null, String::new())
    );
    assert_eq!(site.run(&["live", "off", "--message", ""]).code, 2);
}

// --- what diff tells

/// `diff` lists what is new, what changed and what is removed.
#[test]
fn diff_lists_added_changed_and_removed() {
    let site = Site::new()
        .file("a.css", "a{}")
        .file("b.css", "b{}")
        .file("c.css", "c{}")
        .file("d.css", "d{}")
        .file("e.css", "e{}")
        .file("f.css", "f{}");
    site.ok(&["push"]);
    site.write("b.css", "b{color:red}");
    fs::remove_file(site.asset("c.css")).expect("removed");
    site.write("z.css", "z{}");
    site.ok(&["push"]);
    site.write("b.css", "b{}");
    site.write("a.css", "a{color:red}");
    fs::remove_file(site.asset("e.css")).expect("removed");
    site.write("c.css", "c{}");
    let run = site.run(&["diff"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "upload    a.css (changed, 12 B)",
            "keep      b.css (changed, already uploaded, 3 B)",
            "keep      c.css (new, already uploaded, 3 B)",
            "remove    e.css (no longer in the tree, 3 B)",
        ],
        "{run}"
    );
    assert!(
        lines[4].contains("1 (12 B) to upload, 0 to overwrite"),
        "{run}"
    );
    assert!(lines[4].contains(", 1 no longer published (key"), "{run}");
    assert_eq!(run.stdout, site.ok(&["diff"]), "it's the same each time");
    let plan = json_of(&site.ok(&["diff", "--json"]));
    let changes: Vec<(&Value, &Value, &Value)> = plan["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| (&change["path"], &change["action"], &change["change"]))
        .collect();
    assert_eq!(
        changes,
        [
            (&json!("a.css"), &json!("upload"), &json!("changed")),
            (&json!("b.css"), &json!("keep"), &json!("changed")),
            (&json!("c.css"), &json!("keep"), &json!("new")),
        ]
    );
    assert_eq!(
        plan["removed"],
        json!([{"path": "e.css", "size": 3, "level": null, "was": "open"}])
    );
    assert_eq!(plan["refusal"], Value::Null);
    assert_eq!(site.run(&["diff", "--check"]).code, 6);
}

/// The JSON of each target contains the refusal that a push would meet.
#[test]
fn refusal_is_in_json_per_target() {
    let site = live_site();
    rewrite(&site, &["index.html"]);
    fs::remove_dir_all(site.asset("puzzle")).expect("removed");
    let site = site.config("[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n[target.other]\nurl = \"file:other\"\n");
    let run = site.run(&["push", "--dry-run", "--json", "local", "other"]);
    assert_eq!(run.code, 0, "{run}");
    let plans = json_of(&run.stdout);
    let refusal = &plans[0]["refusal"];
    assert_eq!(refusal["exit_code"], 3);
    let reasons = refusal["reasons"].as_array().expect("a list");
    let told: Vec<&str> = reasons
        .iter()
        .map(|reason| reason["message"].as_str().expect("text"))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("puzzle/*.html: 5 of 5"), "{told:?}");
    assert!(told[1].contains("`index.html`"), "{told:?}");
    let guards: Vec<&Value> = reasons.iter().map(|reason| &reason["guard"]).collect();
    assert_eq!(guards, ["shrunk", "live"]);
    assert!(
        reasons.iter().all(|reason| reason["hint"] != ""),
        "{refusal}"
    );
    assert_eq!(plans[1]["refusal"], Value::Null);
    let run = site.run(&["push", "local", "--log-format", "json"]);
    assert_eq!(run.code, 3, "{run}");
    let error = json_of(run.stderr.lines().next_back().expect("an error"));
    assert_eq!(
        (&error["kind"], &error["guards"]),
        (&json!("refused"), &json!("shrunk,live"))
    );
    assert_eq!(site.run(&["diff", "--check", "local"]).code, 6, "as ever");
}

/// `diff` reports that strangers can list the bucket.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn diff_reports_listable_bucket() {
    let bucket = Bucket::on_moto();
    let target = format!(
        "[target.prod]\nurl = \"{}\"\nendpoint = \"{}\"\n",
        bucket.url(),
        bucket.endpoint
    );
    let site = Site::new().config(&target).file("map.png", "a map");
    let run = bucket.run(&site, &["diff"]);
    let told = "A push would be refused: strangers can list";
    assert!(run.stderr.contains(told), "{run}");
    let plan = json_of(&bucket.run(&site, &["diff", "--json"]).stdout);
    let reason = &plan["refusal"]["reasons"][0];
    let hint = reason["hint"].as_str().expect("text");
    assert!(
        hint.contains("`--allow-exposed` publishes anyway"),
        "{hint}"
    );
    // Which allows it.
    let plan = json_of(&bucket.run(&site, &["push", "--dry-run", "--json"]).stdout);
    assert_eq!(plan["refusal"], Value::Null);
    assert!(bucket.keys().is_empty(), "a diff writes nothing");
}

// --- names that browsers keep

/// A change under a name that is cached for long gets a warning with a rule.
#[test]
fn long_cached_change_warns_with_rule() {
    let rules = "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[[rule]]\nmatch = \"*/*.{js,css}\"\ncache_control = \"public, max-age=31536000, immutable\"\n";
    let target = "[target.local]\nurl = \"file:out\"\n";
    let site = Site::new().config(&format!("{rules}{target}"));
    site.write("index.html", "<h1>Hunt</h1>");
    for file in ["js/a.js", "js/b.js", "css/a.css"] {
        site.write(file, "1");
    }
    assert!(
        !site.run(&["push"]).stderr.contains("warning"),
        "nobody has them"
    );
    site.write("index.html", "<h1>Erratum</h1>");
    assert!(
        !site.run(&["push"]).stderr.contains("warning"),
        "kept for a minute"
    );
    site.write("js/a.js", "2");
    site.write("js/b.js", "2");
    let told = "warning: 2 plain names change, but browsers may show the cached version for up to 365 days: the `Cache-Control` is `public, max-age=31536000, immutable`\n  `js/a.js`\n  `js/b.js`\n";
    let diff = site.run(&["diff"]);
    assert!(diff.stderr.contains(told), "{diff}");
    let plan = json_of(&site.ok(&["diff", "--json"]));
    assert_eq!(plan["warnings"][0]["path"], "js/a.js");
    let push = site.run(&["push"]);
    assert_eq!(push.code, 0, "{push}");
    assert!(push.stderr.contains(told), "{push}");
    assert!(
        !site.run(&["push"]).stderr.contains("warning"),
        "nothing changes"
    );
    assert!(!site.run(&["push", "-q"]).stderr.contains("warning"));

    let advice = push.stderr.split("add after the other rules:\n").nth(1);
    let rule = advice.expect("a rule");
    assert!(rule.contains("match = \"js/*.js\""), "{rule}");
    let rule: String = rule
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    let site = site.config(&format!("{rules}{rule}{target}"));
    let push = site.run(&["push"]);
    assert_eq!(
        (push.code, push.stderr.contains("warning")),
        (0, false),
        "only headers: {push}"
    );
    site.write("js/a.js", "3");
    let push = site.run(&["push"]);
    assert!(
        !push.stderr.contains("warning"),
        "the next change is seen: {push}"
    );

    let site = site.config(&format!("{rules}{target}"));
    site.ok(&["push"]);
    let site = site.config(&format!("{rules}{rule}{target}"));
    site.write("js/a.js", "4");
    let push = site.run(&["push"]);
    let told = "1 plain name changes, but browsers may show the cached version for up to 365 days: the `Cache-Control` was";
    assert!(
        push.stderr.contains(told) && !push.stderr.contains("[[rule]]"),
        "{push}"
    );
}

/// What was published by mistake, or under another name of its level, stays back.
#[test]
fn rollback_uses_current_levels() {
    let level = |name: &str| {
        format!(
            "[target.local]\nurl = \"file:out\"\n[[level]]\nname = \"{name}\"\nmatch = \"**/late/**\"\nheld = true\n"
        )
    };
    let site = Site::bare()
        .config(&level("late"))
        .file("index.txt", "begins")
        .file("late/end.txt", "who won");
    site.ok(&["push", "--unlock", "late"]);
    let is_there = |site: &Site| {
        site.published("out")
            .values()
            .any(|file| file == b"who won")
    };
    site.write("index.txt", "goes on");
    site.ok(&["push", "--relock", "late"]);
    let site = site.config(&level("after"));
    let run = site.run(&["rollback"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(
        run.stderr.contains("the level `after`, which is held"),
        "{run}"
    );
    site.ok(&["rollback", "--unlock", "after"]);
    site.ok(&["push", "--relock", "after", "--allow-older"]);
    assert!(is_there(&site), "nothing is deleted but by a prune");
    site.ok(&["prune", "--keep", "1", "--keep-days", "0", "--yes"]);
    assert!(!is_there(&site));
}
