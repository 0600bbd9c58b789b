//! Keys that can be guessed, that lie about, or that git has.

use std::fs;
use std::process::Command;

use crate::support::{Run, Site, refused};

const GOOD: &str = "7b1f0c92d3e8465aa1c4e07d5b9f2386c0d7e1f4a2b3958677e8d9c0b1a2f3e4";
const CONFIG: &str = "[target.local]\nurl = \"file:out\"\n";

fn site(key: &str) -> Site {
    Site::new()
        .private("hunt.key", key)
        .file("map.png", b"\x89PNG\r\n\x1a\n a map")
}

fn shell(site: &Site, command: &str) {
    let mut shell = Command::new("sh");
    shell
        .args(["-ec", command])
        .current_dir(site.path(""))
        .env("HOME", site.path(""));
    let run = Run::of(&mut shell, &site.path(""));
    assert_eq!(run.code, 0, "{command}: {run}");
}

fn git(site: &Site, arguments: &str) {
    shell(
        site,
        &format!("git -c user.name=ann -c user.email=ann@example.org {arguments}"),
    );
}

/// The commands of a hint, in order.
fn commands(hint: &str) -> Vec<&str> {
    hint.split('`').skip(1).step_by(2).collect()
}

/// A key that can be guessed is refused, with what is wrong with it.
#[test]
fn guessable_key_is_refused_with_reason() {
    for (key, says) in [
        ("letmein!letmein!letmein!letmein!letmein!", "repeats itself"),
        ("mnbvcxzlkjhgfdsapoiuytrewq0987654321", "common words"),
        ("abcdefghijklmnopqrstuvwxyz01234567", "is a sequence"),
        ("sunshinedragonmonkeyprincessfootball", "common words"),
        ("zaq12wsxcde34rfvbgt56yhnmju78ik,", "keys on a keyboard"),
    ] {
        let site = site(key);
        let run = site.run(&["push"]);
        refused(&run, &["hunt.key", says, "`assetsync key new new.key`"]);
        assert!(!run.stderr.contains(key), "{run}");
        assert!(!site.path("out").exists(), "{key}");
        let diff = site.run(&["diff"]);
        assert!(
            diff.stderr.contains("A push would be refused: The key"),
            "{diff}"
        );
        let doctor = site.run(&["doctor"]);
        assert!(doctor.code == 3 && doctor.stdout.contains(says), "{doctor}");
        let init = site.run(&[
            "init",
            "-c",
            "new.toml",
            "--key-file",
            "hunt.key",
            "--from",
            "assets",
        ]);
        assert_ne!(init.code, 0, "`key_id` would say that it's meant: {init}");
    }
    site(GOOD).ok(&["push"]);
}

/// A weak key in use can be kept by its `key_id` or rotated, as the hint says.
#[test]
fn weak_key_can_stay_or_rotate() {
    let site = site("hunt2031hunt2032hunt2033hunt2034hunt");
    let refused = site.run(&["push"]);
    let line = commands(&refused.stderr)
        .into_iter()
        .find(|part| part.starts_with("key_id = "));
    let line = line.expect("a line for the configuration");
    let config = |first: &str, key: &str| {
        let text = format!("{first}\nkey_file = \"{key}\"\n[[source]]\ndir = \"assets\"\n{CONFIG}");
        fs::write(site.path("assetsync.toml"), text).expect("written");
    };
    config(line, "hunt.key");
    let run = site.run(&["push"]);
    assert!(
        run.code == 0
            && run
                .stderr
                .contains("warning: The key in `hunt.key` can be guessed"),
        "{run}"
    );
    // The other way.
    site.ok(&["key", "new", "new.key"]);
    config("", "new.key");
    assert_eq!(site.run(&["push"]).code, 3);
    site.ok(&["push", "--rotate-key"]);
    let quiet = site.run(&["push"]);
    assert!(!quiet.stderr.contains("can be guessed"), "{quiet}");
}

/// The key in another encoding and former keys are found in the tree.
#[test]
fn encoded_and_former_keys_are_found() {
    let raw = data_encoding::HEXLOWER
        .decode(GOOD.as_bytes())
        .expect("hex");
    let base64 = data_encoding::BASE64.encode(&raw);
    let wrapped = format!("{}\r\n{}\r\n", &base64[..30], &base64[30..]);
    for (name, content) in [
        ("a.txt", GOOD.to_uppercase().into_bytes()),
        (
            "b.json",
            format!("{{\"key\": \"{}\"}}", base64).into_bytes(),
        ),
        ("c.txt", wrapped.into_bytes()),
        ("d.png", [&b"\x89PNG\r\n\x1a\n"[..], &raw].concat()),
    ] {
        let site = site(GOOD).file(name, content);
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{name}: {run}");
        assert!(
            run.stderr.contains("this project's own key"),
            "{name}: {run}"
        );
    }
    let former = "e41f9a30b7c85d2266f0d1938ac47be5f3027c4d5e6b8a9901f2e3d4c5b6a798";
    let site = site(GOOD).file("notes.txt", format!("it was {former} then"));
    site.ok(&["push"]);
    fs::write(site.path("2030.key"), format!("{former}\n")).expect("written");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr
            .contains("a former key of this project (`2030.key`"),
        "{run}"
    );
    let rule = format!("[[rule]]\nmatch = \"notes.txt\"\npublish = true\n{CONFIG}");
    site.config(&rule).ok(&["push"]);
}

/// A key that git tracks or would add is reported with the commands that fix it.
#[test]
fn key_in_git_reports_its_fix() {
    let site = site(GOOD);
    let doctor = || site.run(&["doctor"]);
    assert!(
        !doctor().stdout.contains("key-in-git"),
        "there's no repository"
    );
    git(&site, "init -q .");
    let run = doctor();
    assert!(
        run.code == 0 && run.stdout.contains("git doesn't ignore the key file"),
        "{run}"
    );
    let push = site.run(&["push"]);
    assert!(
        push.code == 0 && push.stderr.contains("warning: git doesn't ignore"),
        "{push}"
    );
    shell(
        &site,
        commands(&push.stderr)
            .into_iter()
            .find(|part| part.starts_with("printf "))
            .expect("a command"),
    );
    assert!(doctor().stdout.contains("ignores it"));

    let former = "e41f9a30b7c85d2266f0d1938ac47be5f3027c4d5e6b8a9901f2e3d4c5b6a798";
    let site = self::site(GOOD).private("old [1].key", former);
    git(&site, "init -q .");
    git(&site, "add hunt.key 'old [1].key'");
    git(&site, "commit -q -m keys");
    let push = site.run(&["push"]);
    assert!(
        push.code == 0
            && push
                .stderr
                .contains("warning: git tracks the key file `hunt.key` and `old [1].key`"),
        "{push}"
    );
    let run = site.run(&["doctor"]);
    assert_eq!(run.code, 3, "{run}");
    let json = site.run(&["doctor", "--json"]).stdout;
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let report = report.get(0).unwrap_or(&report);
    let findings = report["findings"].as_array().expect("findings");
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == "key-in-git")
        .expect("it's told");
    for step in finding["steps"].as_array().expect("steps") {
        shell(&site, step["run"].as_str().expect("a command"));
    }
    assert!(site.run(&["doctor"]).stdout.contains("ignores it"));
    let quiet = site.run(&["push"]);
    assert!(!quiet.stderr.contains("git"), "{quiet}");
}

#[test]
fn doctor_tells_which_names_are_weaker() {
    let rules = "[[rule]]\nmatch = \"puzzle/**\"\nnames = \"palindrome-2022\"\n[[rule]]\nmatch = \"art/**\"\nnames = \"readable\"\n";
    let site = Site::new().config(&format!("{rules}{CONFIG}"));
    let run = site.run(&["doctor"]);
    assert_eq!(run.code, 0, "{run}");
    for words in [
        "`palindrome-2022` has 64 bits",
        "`readable` puts the file's path",
        "names = \"opaque\"",
    ] {
        assert!(run.stdout.contains(words), "{words}: {run}");
    }
    assert!(!site_without_rules().stdout.contains("64 bits"));
}

fn site_without_rules() -> Run {
    site(GOOD).run(&["doctor"])
}

/// A new key would name every file anew, so the team's is what helps.
#[test]
fn lost_team_key_is_not_regenerated() {
    let site = site(GOOD);
    let id = site.ok(&["key", "id"]).trim().to_string();
    let file = site.path("assetsync.toml");
    let known = fs::read_to_string(&file).expect("text");
    fs::write(file, format!("key_id = \"{id}\"\n{known}")).expect("written");
    site.ok(&["push"]);
    for lost in ["", "short"] {
        fs::write(site.path("hunt.key"), lost).expect("written");
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        let get = format!("get key {id} from your team");
        assert!(run.stderr.contains(&get), "{run}");
        assert!(!run.stderr.contains("key new"), "{run}");
    }
}

/// A project whose key is made by the first push.
fn without_key() -> Site {
    let site = Site::bare()
        .raw_config(&format!(
            "key_file = \"new.key\"\ncreate_key = true\n\n[[source]]\ndir = \"assets\"\n\n{CONFIG}"
        ))
        .file("index.html", "<p>hi")
        .file("map.png", "a map");
    fs::remove_file(site.path("hunt.key")).expect("it's there");
    site
}

/// Only a push that publishes makes a key: a command that looks leaves no file.
#[test]
fn only_a_push_creates_the_key() {
    let site = without_key();
    for (command, code) in [
        (&["diff"][..], 0),
        (&["push", "--dry-run"], 0),
        (&["refs"], 0),
        (&["url", "index.html"], 2),
        (&["audit"], 2),
        (&["rollback"], 2),
        (&["live", "status"], 2),
    ] {
        let run = site.run(command);
        assert_eq!(run.code, code, "{command:?}: {run}");
        assert!(!site.path("new.key").exists(), "{command:?}: {run}");
    }
    let says = "there is no key yet: `assetsync push` creates new.key";
    assert!(site.run(&["diff"]).stderr.contains(says));
    let push = site.run(&["push"]);
    assert_eq!(push.code, 0, "{push}");
    assert!(push.stderr.contains("created a new key, new.key"), "{push}");
    site.ok(&["audit"]);
    assert!(!site.run(&["diff"]).stderr.contains("key yet"));
}

/// A push with a key that was lost, or whose name is mistyped, is refused and makes none.
#[test]
fn missing_key_of_a_published_target() {
    let site = without_key();
    site.ok(&["push"]);
    fs::rename(site.path("new.key"), site.path("kept.key")).expect("renamed");
    site.write("index.html", "<p>hello");
    let run = site.run(&["push"]);
    refused(
        &run,
        &["`new.key` doesn't exist: restore the key that was used before"],
    );
    assert!(!site.path("new.key").exists(), "{run}");
    fs::rename(site.path("kept.key"), site.path("new.key")).expect("renamed");
    site.ok(&["push"]);
}

/// `key_id` says that somebody has the key: none is made in its place.
#[test]
fn key_id_prevents_a_new_key() {
    let site = without_key();
    let config = fs::read_to_string(site.path("assetsync.toml")).expect("text");
    let config = format!("key_id = \"00112233445566aa\"\n{config}");
    fs::write(site.path("assetsync.toml"), config).expect("written");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("get key 00112233445566aa"), "{run}");
    assert!(!site.path("new.key").exists(), "{run}");
}

/// A first push that is refused for another reason doesn't speak of a key that was lost.
#[test]
fn refused_new_project_names_files() {
    let site = without_key();
    for file in ["index.html", "map.png"] {
        fs::remove_file(site.asset(file)).expect("removed");
    }
    let run = site.run(&["push"]);
    refused(&run, &["Nothing to publish"]);
    assert!(!run.stderr.contains("key"), "{run}");
    assert!(!site.path("new.key").exists(), "{run}");
}
