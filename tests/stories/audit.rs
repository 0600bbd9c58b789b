//! `audit` finds whatever was done to what is published behind assetsync's back, and puts right
//! what it may.

mod damages;
mod google;
mod packed;
mod published;
mod rgw;
mod server;

use serde_json::{Value, json};

use self::published::{Published, found};
use self::rgw::{Access, Hunt};
use crate::support::Site;
use crate::support::s3::Bucket;

/// A release that was published correctly has no findings.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn clean_release_passes_the_audit() {
    for access in [Access::Acl, Access::Policy] {
        let hunt = Hunt::published(access);
        let (code, report) = hunt.audit(&[]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(report["findings"], json!([]), "{report:#}");
        assert_eq!(
            (&report["looked_at"], &report["published"]),
            (&json!(5), &json!(5))
        );
        let (code, report) = hunt.audit(&["--repair"]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(report["repair"], json!({"mended": [], "left": []}));
    }
}

/// A sample holds all plain names and each type, and is the same every time.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn sample_is_stable_and_covers_types() {
    let hunt = Hunt::published(Access::Acl);
    for n in 0..20 {
        hunt.site
            .write(&format!("pictures/{n}.png"), format!("picture {n}"));
    }
    hunt.ok(&["push", "prod"]);
    hunt.bucket.signed("DELETE", "/static/index.html", b"");
    let audit = |sample: &str| {
        let run = hunt.run(&["audit", "prod", "--sample", sample, "--json"]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
        assert_eq!(run.code, 3, "{run}");
        assert_eq!(found(&report)[0]["path"], "index.html", "{report:#}");
        report
    };
    // A page, a style sheet, a picture and a recording.
    assert_eq!(audit("1")["looked_at"], 4);
    assert_eq!(audit("10")["looked_at"], 10);
    assert_eq!(audit("10")["findings"], audit("10")["findings"]);
    assert_eq!(audit("1000")["looked_at"], 25);
}

/// While live, a repair restores missing files and overwrites nothing.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn live_repair_restores_only_missing_files() {
    let hunt = Hunt::published(Access::Acl);
    hunt.ok(&["live", "on", "prod"]);
    hunt.rewrite(
        "index.html",
        b"<h1>Hacked</h1>",
        &[("content-encoding", "")],
    );
    hunt.aws_on("delete-object", "map.png", &[]);
    let unasked = hunt.run(&["audit", "prod", "--all", "--repair"]);
    assert_eq!(unasked.code, 3, "{unasked}");
    assert!(unasked.stderr.contains("Cannot confirm"), "{unasked}");
    assert_eq!(hunt.bucket.anonymous(&hunt.at("map.png")).status, 403);

    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!(code, 3, "{report:#}");
    let repair = &report["repair"];
    assert_eq!(
        repair["mended"],
        json!([{"path": "map.png", "how": "uploaded again"}])
    );
    assert_eq!(repair["left"][0]["path"], "index.html");
    let why = repair["left"][0]["why"].as_str().expect("text");
    assert!(why.contains("live"), "{why}");
    let paths: Vec<&Value> = found(&report).iter().map(|f| &f["path"]).collect();
    assert_eq!(paths, ["index.html"]);

    hunt.ok(&["live", "off", "prod"]);
    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(hunt.audit(&[]).1["findings"], json!([]));
}

/// A repair reports and leaves published content that the tree no longer has.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn repair_leaves_files_absent_from_tree() {
    let hunt = Hunt::published(Access::Acl);
    hunt.site
        .write("map.png", "a new map, which isn't published yet");
    hunt.aws_on("delete-object", "map.png", &[]);
    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(report["repair"]["mended"], json!([]));
    let why = report["repair"]["left"][0]["why"].as_str().expect("text");
    assert!(why.contains("check out that version"), "{why}");
}

/// Above 16 MiB, so it's sent in parts.
#[test]
#[ignore = "of the long part"]
fn large_films_are_sampled_by_ends() {
    let hunt = Hunt::published(Access::Acl);
    let film: Vec<u8> = (0..17u32 << 20).map(|n| (n >> 8) as u8 ^ n as u8).collect();
    hunt.site.write("film.mp4", &film);
    hunt.ok(&["push", "prod"]);
    let hunt = hunt.with_keys();
    let sample = || {
        let run = hunt.run(&["audit", "prod", "--json"]);
        serde_json::from_str::<Value>(&run.stdout).unwrap_or_else(|_| panic!("{run}"))
    };
    assert_eq!(sample()["findings"], json!([]));
    assert_eq!(hunt.audit(&[]).1["findings"], json!([]));

    let mut other = film;
    other[9 << 20] ^= 1;
    hunt.rewrite("film.mp4", &other, &[]);
    let report = sample();
    assert_eq!(found(&report).len(), 1, "{report:#}");
    let (kind, fix) = (
        &report["findings"][0]["kind"],
        &report["findings"][0]["fix"],
    );
    assert_eq!(kind, "checksum", "only the listing shows it: {report:#}");
    assert_eq!(fix, "assetsync push prod --verify list");
    let (code, report) = hunt.audit(&[]);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(found(&report)[0]["kind"], "content", "{report:#}");
    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!((code, &report["findings"]), (0, &json!([])), "{report:#}");
    assert_eq!(sample()["findings"], json!([]));
}

/// What lives at a plain name on S3 is known by its token, so a push doesn't look at its bytes; the
/// audit does.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn live_vandalism_is_repaired_as_advised() {
    let hunt = Hunt::published(Access::Acl);
    hunt.ok(&["live", "on", "prod"]);
    let page = hunt.get("index.html").body;
    hunt.rewrite("index.html", &published::gzipped(b"<h1>Hacked</h1>"), &[]);
    hunt.rewrite("map.png", b"not a map", &[]);
    for push in [&["push", "prod"][..], &["push", "prod", "--verify", "full"]] {
        hunt.run(push);
        assert_ne!(hunt.get("index.html").body, page, "{push:?} isn't the way");
    }

    let (code, report) = hunt.audit(&[]);
    assert_eq!(code, 3, "{report:#}");
    for finding in found(&report) {
        let fix = finding["fix"].as_str().expect("text");
        let command = "assetsync audit prod --repair --overwrite-live PATH";
        assert!(fix.contains(command), "{fix}");
    }
    let mistyped = hunt.run(&["audit", "prod", "--repair", "--overwrite-live", "idex.html"]);
    assert_eq!(mistyped.code, 2, "{mistyped}");
    assert!(
        mistyped.stderr.contains("There is no `idex.html`"),
        "{mistyped}"
    );

    let (code, report) = hunt.audit(&["--repair", "--overwrite-live", "index.html", "--yes"]);
    assert_eq!(code, 3, "{report:#}");
    let how = "uploaded again, replacing the stored object";
    let repair = &report["repair"];
    assert_eq!(
        repair["mended"],
        json!([{"path": "index.html", "how": how}])
    );
    let why = repair["left"][0]["why"].as_str().expect("text");
    assert!(why.contains("`--overwrite-live 'map.png'`"), "{why}");
    assert_eq!(
        found(&report)[0]["fix"],
        why,
        "the reason, and not the repair once more"
    );
    assert_eq!(hunt.get("index.html").body, page);

    let (code, report) = hunt.audit(&["--repair", "--overwrite-live", "map.png", "--yes"]);
    assert_eq!((code, &report["findings"]), (0, &json!([])), "{report:#}");
    let live = hunt.ok(&["live", "status", "prod"]);
    assert!(
        live.contains("has been live since"),
        "it was all the while: {live}"
    );
}

/// Above 16 MiB, so it was sent in parts, and its checksum is one of parts: a copy would have
/// another.
#[test]
#[ignore = "of the long part"]
fn repaired_film_is_reuploaded_in_parts() {
    let hunt = Hunt::published(Access::Acl);
    let film: Vec<u8> = (0..17u32 << 20).map(|n| (n >> 8) as u8 ^ n as u8).collect();
    hunt.site.write("film.mp4", &film);
    hunt.ok(&["push", "prod"]);
    let hunt = hunt.with_keys();
    let etag = || {
        hunt.get("film.mp4")
            .header("etag")
            .expect("it has one")
            .to_string()
    };
    let sent = etag();
    assert!(sent.contains("-2"), "{sent}");
    // As Amazon's copies are: of one piece, whatever they are copies of.
    hunt.rewrite("film.mp4", &film, &[("content-type", "text/plain")]);
    assert!(!etag().contains('-'), "{}", etag());

    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    let how = "uploaded again, replacing the stored object";
    assert_eq!(
        report["repair"]["mended"],
        json!([{"path": "film.mp4", "how": how}])
    );
    assert_eq!((code, &report["findings"]), (0, &json!([])), "{report:#}");
    assert_eq!(etag(), sent);
}

/// What the audit says leads out, whether its time has come or not.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn leaked_held_file_has_two_fixes() {
    let hunt = Hunt::published(Access::Acl);
    let answer = "solution/answer.html";
    let uploaded = |hunt: &Hunt| {
        hunt.upload(
            &hunt.key(answer),
            b"<p>CANDLE</p>",
            &["--acl", "public-read"],
        );
        let (code, report) = hunt.audit(&[]);
        assert_eq!(code, 3, "{report:#}");
        let fix = found(&report)[0]["fix"].as_str().expect("text").to_string();
        assert!(
            fix.contains("`assetsync push prod --unlock solution`"),
            "{fix}"
        );
        assert!(fix.contains("change the file by a byte and push"), "{fix}");
    };
    uploaded(&hunt);
    let known = hunt.key(answer);
    hunt.aws("delete-object", &["--key", &known]);
    hunt.site.write(answer, "<p>CANDLE</p>\n");
    hunt.ok(&["push", "prod"]);
    let hunt = hunt.with_keys();
    assert_ne!(hunt.key(answer), known, "nobody knows the new one");
    hunt.is_clean("deleted, and given another name");

    uploaded(&hunt);
    hunt.aws_on("delete-object", answer, &[]);
    hunt.ok(&["push", "prod", "--unlock", "solution"]);
    assert_eq!(hunt.bucket.anonymous(&hunt.at(answer)).status, 200);
    hunt.is_clean("unlocked");
}

/// Its name says nothing of its content, so no change of that gives it another.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn leaked_plain_held_page_is_deleted() {
    let hunt = Hunt::of(Access::Acl, |config| {
        let rules = "[[rule]]\nmatch = \"solution/*.html\"\nnames = \"plain\"\n";
        published::site(&format!("{config}{rules}"))
    });
    let answer = "solution/answer.html";
    assert_eq!(hunt.keys[answer], answer);
    let key = hunt.key(answer);
    hunt.upload(&key, b"<p>CANDLE</p>", &["--acl", "public-read"]);
    let (code, report) = hunt.audit(&[]);
    assert_eq!(code, 3, "{report:#}");
    let fix = found(&report)[0]["fix"].as_str().expect("text");
    assert!(!fix.contains("by a byte"), "{fix}");
    assert!(fix.contains("keeps its name"), "{fix}");
    let delete = fix.split('`').nth(1).expect("a command");
    assert!(delete.contains(&format!("/{key} ")), "{delete}");
    let words: Vec<&str> = delete.split(' ').skip(1).collect();
    hunt.bucket.aws(&words);
    hunt.is_clean("deleted");

    hunt.site.write(answer, "<p>CANDLE</p>\n");
    hunt.ok(&["push", "prod"]);
    assert_eq!(hunt.keys()[answer], answer, "as the advice says");
}

/// A name that looks keyed is as good as a secret: whoever reads the log could open it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn strays_are_named_unless_keyed() {
    let hunt = Hunt::published(Access::Acl);
    let token = "ycqlw4rz226sf3rz3sgvwxlbzq";
    hunt.upload("static/notes.txt", b"who put me here?", &[]);
    hunt.upload(&format!("static/old/{token}.png"), b"an old picture", &[]);
    hunt.rewrite("map.png", b"short", &[]);
    let shown = hunt.run(&["audit", "prod", "--show-urls"]);
    let hidden = hunt.run(&["audit", "prod"]);
    assert!(hidden.stdout.contains("`notes.txt`"), "{hidden}");
    for secret in [token, &hunt.keys["map.png"]] {
        assert!(shown.stdout.contains(secret), "{shown}");
        assert!(!hidden.stdout.contains(secret), "{hidden}");
    }
    let hidden = hidden.to_string().replace(&hunt.bucket.name, "[bucket]");
    let hidden = hidden.replace(&hunt.bucket.endpoint, "[server]");
    insta::assert_snapshot!("found", without_counts(&hidden));
}

/// Whoever follows what is said of them must not take away another target's site.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn nested_target_objects_are_left_alone() {
    let hunt = Hunt::published(Access::Acl);
    let inner = Site::bare()
        .file("rules.html", "<p>the rules")
        .file("a.png", "a");
    let url = format!("s3://{}/static/inner", hunt.bucket.name);
    hunt.bucket.push(&inner, &url);
    let map = hunt.key("map.png");
    let source = format!("{}/{map}", hunt.bucket.name);
    let name = map.rsplit('/').next().expect("its own name");
    let left = format!("static/left.{name}");
    hunt.aws("copy-object", &["--key", &left, "--copy-source", &source]);

    let (_, report) = hunt.audit(&[]);
    let strays: Vec<&Value> = found(&report)
        .into_iter()
        .filter(|finding| finding["kind"] == "stray")
        .collect();
    assert_eq!(strays.len(), 2, "{report:#}");
    let seen = strays[0]["seen"].as_str().expect("text");
    assert!(
        seen.contains("`inner/` contains the releases of another target: "),
        "{seen}"
    );
    let fix = strays[0]["fix"].as_str().expect("text");
    assert!(
        fix.starts_with("leave these objects alone") && !fix.contains("aws "),
        "{fix}"
    );
    let fix = strays[1]["fix"].as_str().expect("text");
    assert!(
        fix.contains("once no other target is inside this one (`inner/`)"),
        "{fix}"
    );
    let prune = hunt.run(&["prune", "prod", "--yes"]);
    assert_eq!(prune.code, 3, "as is said: {prune}");
}

/// What a push that failed left: it's assetsync's own, and nobody needs it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn own_strays_are_left_to_prune() {
    let hunt = Hunt::published(Access::Acl);
    let map = hunt.key("map.png");
    let source = format!("{}/{map}", hunt.bucket.name);
    let name = map.rsplit('/').next().expect("its own name");
    for n in 0..8 {
        let key = format!("static/left/{n}.{name}");
        hunt.aws("copy-object", &["--key", &key, "--copy-source", &source]);
    }
    let text = hunt.run(&["audit", "prod", "--all"]).stdout;
    let keyed = "a random-looking name below `left/`, 1200 bytes of 20";
    assert!(text.contains(keyed), "{text}");
    assert!(text.contains("assetsync wrote it"), "{text}");
    assert!(
        text.contains("3 objects below `left/` (3.52 KiB)"),
        "{text}"
    );
    assert!(text.contains("`assetsync prune prod` deletes it"), "{text}");

    let young = hunt.ok(&["prune", "prod", "--dry-run"]);
    assert!(
        young.contains("0 objects and 0 release documents to delete"),
        "{young}"
    );
    let left = "too recent to delete: 8 objects (9.38 KiB) that no release needs";
    assert!(young.contains(left), "{young}");
    let in_days = |days: i64| {
        let then = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
        let then = then
            .checked_add(jiff::Span::new().days(days))
            .expect("a date");
        then.strftime("%Y-%m-%d").to_string()
    };
    let is_told = |day: i64| young.contains(&format!("from {} on", in_days(day)));
    assert!(is_told(30) || is_told(29), "{young}");

    let old = hunt.ok(&["prune", "prod", "--keep-days", "0", "--dry-run"]);
    assert!(
        old.contains("8 objects and 0 release documents to delete"),
        "{old}"
    );
    assert!(!old.contains("too recent"), "{old}");
}

/// Of two strays one is ours: what becomes of the one is no advice for the other.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn each_fix_follows_its_finding() {
    let hunt = Hunt::published(Access::Acl);
    hunt.upload("static/notes.txt", b"who put me here?", &[]);
    let map = hunt.key("map.png");
    let source = format!("{}/{map}", hunt.bucket.name);
    let name = map.rsplit('/').next().expect("its own name");
    let ours = format!("static/left.{name}");
    hunt.aws("copy-object", &["--key", &ours, "--copy-source", &source]);
    let text = hunt.ok(&["audit", "prod"]);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let behind = |what: &str| {
        let at = lines.iter().position(|line| line.contains(what));
        lines[at.unwrap_or_else(|| panic!("{what}:\n{text}")) + 1]
    };
    let prune = "fix: `assetsync prune prod` deletes it";
    assert!(behind(": assetsync wrote it").starts_with(prune), "{text}");
    let by_hand = "fix: find out who put it there";
    let others = behind(": assetsync didn't write it");
    assert!(others.starts_with(by_hand), "{text}");
}

/// A repair that changes nothing gives the reason instead of pointing at the fix again.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn repair_without_changes_explains_why() {
    let hunt = Hunt::published(Access::Acl);
    hunt.ok(&["live", "on", "prod"]);
    hunt.rewrite("index.html", b"hacked", &[("content-encoding", "")]);
    let run = hunt.run(&["audit", "prod", "--repair", "--yes"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(!run.stdout.contains("see each fix"), "{run}");
    let why = "index.html: not repaired: the target is live";
    assert!(run.stdout.contains(why), "{run}");
}

/// What is printed is read by somebody who is tired.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn repair_never_recommends_itself() {
    let hunt = Hunt::published(Access::Acl);
    let nothing = hunt.ok(&["audit", "prod", "--repair"]);
    assert!(
        nothing.contains("prod: no problems found, nothing to repair"),
        "{nothing}"
    );

    hunt.upload("static/notes.txt", b"who put me here?", &[]);
    let stray = hunt.ok(&["audit", "prod", "--repair"]);
    assert!(
        stray.contains("`--repair` can't repair any of this"),
        "{stray}"
    );

    hunt.rewrite("map.png", b"short", &[]);
    let run = hunt.run(&["audit", "prod", "--repair", "--yes"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stdout
            .contains("map.png: uploaded again, replacing the stored object"),
        "{run}"
    );
    assert!(!run.stdout.contains("--repair"), "{run}");
}

fn without_counts(text: &str) -> String {
    let requests = regex::Regex::new(r"\d+ requests").expect("a pattern");
    let days = regex::Regex::new(r"\d{4}-\d\d-\d\d").expect("a pattern");
    let text = requests.replace_all(text, "[n] requests");
    days.replace_all(&text, "[day]").into_owned()
}

/// Names that a shell would take apart stay whole in the commands that are advised.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn advised_commands_quote_names_for_shells() {
    let bucket = Bucket::on_rgw();
    let (name, endpoint) = (&bucket.name, &bucket.endpoint);
    let site = Site::bare()
        .file("a.png", "a picture")
        .config(&format!(
            "[target.\"the hunt\"]\nurl = \"s3://{name}/our hunt's/static\"\nendpoint = \"{endpoint}\"\naccess = \"object-acl\"\n"
        ));
    let run = bucket.run(&site, &["push", "the hunt"]);
    assert_eq!(run.code, 0, "{run}");
    let stray = bucket.signed(
        "PUT",
        "/our%20hunt%27s/static/x%20y.txt",
        b"who put me here?",
    );
    assert_eq!(stray.status, 200, "{}", stray.text());
    let run = bucket.run(&site, &["audit", "the hunt"]);
    let fix = run.stdout.split("fix: ").nth(1).expect("a fix");
    let commands: Vec<&str> = fix.split('`').skip(1).step_by(2).collect();
    assert!(commands[0].starts_with("assetsync prune "), "{run}");
    bucket.advised(&site, &format!("{} --dry-run", commands[0]));
    bucket.advised(&site, &commands[1].replace("NAME", "x y.txt"));
    let left = bucket.all_keys();
    assert!(!left.iter().any(|key| key.ends_with("x y.txt")), "{left:?}");
    assert_eq!(bucket.run(&site, &["audit", "the hunt"]).code, 0);
}
