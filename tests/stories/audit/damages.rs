//! One row for each thing that can be done to what is published, behind assetsync's back and with
//! `aws`: what the audit says of it, and what a repair does. What is the same in both sorts of
//! buckets is done in one, since `aws` takes its time.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::published::{Published, Sign, code_is_right, found, gzipped};
use super::rgw::{Access, Hunt};
use crate::support::Site;
use crate::support::s3::Bucket;

const BOTH: &[Access] = &[Access::Acl, Access::Policy];
const ACL: &[Access] = &[Access::Acl];
const POLICY: &[Access] = &[Access::Policy];

const AGAIN: &str = "uploaded again, replacing the stored object";

const STYLE: &str = "body { color: red }\n";
const PICTURE: &[u8] = b"a picture of gears";

/// Something that is done to an object, which no other row touches.
struct Damage {
    what: &'static str,
    /// In which kinds of buckets.
    on: &'static [Access],
    sign: Sign,
    /// What a repair does.
    mended: &'static str,
    done: fn(&Hunt, &str),
}

const fn sign(kind: &'static str, path: &'static str, says: &'static str) -> Sign {
    let path = Some(path);
    Sign { kind, path, says }
}

#[rustfmt::skip]
const DAMAGES: &[Damage] = &[
    Damage { what: "an object removed", on: BOTH, sign: sign("missing", "gone.png", "missing"), mended: "uploaded again",
        done: |hunt, path| hunt.aws_on("delete-object", path, &[]) },
    Damage { what: "other bytes of the same length", on: BOTH, sign: sign("content", "other.png", "18 different bytes"), mended: AGAIN,
        done: |hunt, path| hunt.rewrite(path, b"A PICTURE OF GEARS", &[]) },
    Damage { what: "more bytes", on: ACL, sign: sign("content", "longer.png", "31 bytes"), mended: AGAIN,
        done: |hunt, path| hunt.rewrite(path, b"a picture of gears, and the key", &[]) },
    Damage { what: "cut off", on: ACL, sign: sign("content", "short.mp3", "10000 bytes"), mended: AGAIN,
        done: |hunt, path| hunt.rewrite(path, &hunt.get(path).body[..10_000], &[]) },
    Damage { what: "cut off in the middle of gzip", on: ACL, sign: sign("content", "half.css", "can't be decompressed"), mended: AGAIN,
        done: |hunt, path| { let bytes = hunt.get(path).body; hunt.rewrite(path, &bytes[..bytes.len() / 2], &[]) } },
    Damage { what: "emptied", on: POLICY, sign: sign("content", "empty.png", "0 bytes"), mended: AGAIN,
        done: |hunt, path| hunt.rewrite(path, b"", &[]) },
    Damage { what: "another Content-Type", on: BOTH, sign: sign("headers", "type.css", "content-type: text/plain"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("content-type", "text/plain")]) },
    Damage { what: "another Cache-Control", on: ACL, sign: sign("headers", "caching.png", "cache-control: no-store"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("cache-control", "no-store")]) },
    Damage { what: "no Cache-Control", on: ACL, sign: sign("headers", "uncached.png", "no cache-control"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("cache-control", "")]) },
    Damage { what: "a Content-Disposition", on: ACL, sign: sign("headers", "attached.png", "content-disposition: attachment"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("content-disposition", "attachment")]) },
    Damage { what: "Content-Encoding lost", on: BOTH, sign: sign("encoding", "unsaid.css", "but `content-encoding` doesn't say so"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("content-encoding", "")]) },
    Damage { what: "Content-Encoding that isn't true", on: ACL, sign: sign("encoding", "untrue.png", "aren't gzipped"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("content-encoding", "gzip")]) },
    Damage { what: "stored unzipped", on: ACL, sign: sign("encoding", "unzipped.css", "not compressed"), mended: AGAIN,
        done: |hunt, path| hunt.rewrite(path, STYLE.repeat(50).as_bytes(), &[("content-encoding", "")]) },
    Damage { what: "gzipped twice", on: ACL, sign: sign("encoding", "twice.css", "gzipped twice"), mended: AGAIN,
        done: |hunt, path| hunt.rewrite(path, &gzipped(&hunt.get(path).body), &[]) },
    Damage { what: "the token lost", on: BOTH, sign: sign("token", "untold.png", "no token"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("metadata", "")]) },
    Damage { what: "a private ACL", on: ACL, sign: sign("acl", "private.png", "strangers have no permissions"), mended: "ACL",
        done: |hunt, path| hunt.aws_on("put-object-acl", path, &["--acl", "private"]) },
    Damage { what: "an ACL for accounts alone", on: ACL, sign: sign("acl", "accounts.png", "only accounts of the cloud provider can read it"), mended: "ACL",
        done: |hunt, path| hunt.aws_on("put-object-acl", path, &["--acl", "authenticated-read"]) },
    Damage { what: "an ACL for accounts where there should be none", on: POLICY, sign: sign("acl", "account.png", "any account of the cloud provider can read it, regardless"), mended: "ACL",
        done: |hunt, path| hunt.aws_on("put-object-acl", path, &["--acl", "authenticated-read"]) },
    Damage { what: "an ACL that gives all rights to another account", on: POLICY, sign: sign("acl", "shared.png", "another account has permissions on it: FULL_CONTROL for `stranger`"), mended: "ACL",
        done: |hunt, path| hunt.aws_on("put-object-acl", path, &["--grant-full-control", "id=tester,id=stranger"]) },
    Damage { what: "an ACL that lets everybody write", on: BOTH, sign: sign("acl", "writable.png", "WRITE in its ACL"), mended: "ACL",
        done: |hunt, path| hunt.aws_on("put-object-acl", path, &["--acl", "public-read-write"]) },
    Damage { what: "an ACL where there should be none", on: POLICY, sign: sign("acl", "readable.png", "regardless of the bucket's rules"), mended: "ACL",
        done: |hunt, path| hunt.aws_on("put-object-acl", path, &["--acl", "public-read"]) },
    Damage { what: "headers and ACL", on: ACL, sign: sign("acl", "both.png", "strangers have no permissions"), mended: "headers and ACL",
        done: |hunt, path| hunt.retouch(path, &[("acl", "private"), ("content-type", "text/plain")]) },
    Damage { what: "another file's object", on: ACL, sign: sign("content", "swapped.png", "15 bytes"), mended: AGAIN,
        done: |hunt, path| {
            let source = format!("{}/{}", hunt.bucket.name, hunt.key("bystander.png"));
            let public: &[&str] = if hunt.access == Access::Acl { &["--acl", "public-read"] } else { &[] };
            hunt.aws_on("copy-object", path, &[&["--copy-source", &source], public].concat());
        } },
    Damage { what: "a redirect of the website", on: ACL, sign: sign("redirect", "led.png", "https://evil.example"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("website-redirect-location", "https://evil.example/")]) },
    Damage { what: "a page overwritten by hand", on: BOTH, sign: sign("content", "hacked.html", "15 bytes"), mended: AGAIN,
        done: |hunt, path| hunt.rewrite(path, b"<h1>Hacked</h1>", &[("content-encoding", ""), ("metadata", "")]) },
    Damage { what: "a page that is kept for long", on: ACL, sign: sign("headers", "stale.html", "max-age=86400"), mended: "headers",
        done: |hunt, path| hunt.retouch(path, &[("cache-control", "public, max-age=86400")]) },
];

/// Something that is done to the bucket, or beside what is published.
struct Disorder {
    what: &'static str,
    on: &'static [Access],
    kind: &'static str,
    path: Option<&'static str>,
    says: &'static str,
    done: fn(&Hunt),
    then: Then,
}

/// How it's put in order again.
enum Then {
    /// By what the audit says: its first command.
    AsAdvised,
    /// By `--repair`.
    Repaired,
    /// By this; the advice is for people to weigh.
    By(fn(&Hunt)),
    /// By bringing back the document whose key has this in it.
    BroughtBack(&'static str),
}
use Then::{AsAdvised, BroughtBack, By, Repaired};

fn cors(origin: &str) -> String {
    let headers = ["Range", "Content-Range"];
    json!({"CORSRules": [{"AllowedOrigins": [origin], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": headers,
        "ExposeHeaders": headers, "MaxAgeSeconds": 60}]})
    .to_string()
}

fn set_cors(hunt: &Hunt, origin: &str) {
    hunt.aws("put-bucket-cors", &["--cors-configuration", &cors(origin)]);
}

/// A policy that lets everybody read, and what else these statements say.
fn set_policy(hunt: &Hunt, more: &[Value]) {
    let read = json!({"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"],
        "Resource": [format!("arn:aws:s3:::{}/static/*", hunt.bucket.name)]});
    let statements: Vec<&Value> = std::iter::once(&read).chain(more).collect();
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    hunt.aws("put-bucket-policy", &["--policy", &policy]);
}

fn remove_policy(hunt: &Hunt) {
    hunt.aws("delete-bucket-policy", &[]);
    if hunt.access == Access::Policy {
        hunt.ok(&["access", "apply", "prod", "--yes"]);
    }
}

#[rustfmt::skip]
const DISORDERS: &[Disorder] = &[
    Disorder { what: "the CORS policy removed", on: BOTH, kind: "cors-policy", path: None, says: "the bucket has no CORS policy, so scripts from https://hunt.example.org cannot read it", then: AsAdvised,
        done: |hunt| hunt.aws("delete-bucket-cors", &[]) },
    Disorder { what: "the CORS policy narrowed", on: ACL, kind: "cors-policy", path: None, says: "differs from the file", then: AsAdvised,
        done: |hunt| set_cors(hunt, "https://old.example.org") },
    Disorder { what: "the CORS policy widened", on: ACL, kind: "cors-policy", path: None, says: "scripts from https://not-allowed.example can read it", then: AsAdvised,
        done: |hunt| set_cors(hunt, "*") },
    Disorder { what: "a policy that lets everybody list", on: BOTH, kind: "bucket", path: None, says: "strangers can list the bucket", then: By(remove_policy),
        done: |hunt| set_policy(hunt, &[json!({"Effect": "Allow", "Principal": "*", "Action": ["s3:ListBucket"], "Resource": [format!("arn:aws:s3:::{}", hunt.bucket.name)]})]) },
    Disorder { what: "a policy that lets everybody do anything", on: POLICY, kind: "bucket", path: None, says: "write or delete", then: AsAdvised,
        done: |hunt| set_policy(hunt, &[json!({"Sid": "Oops", "Effect": "Allow", "Principal": "*", "Action": ["s3:*"],
            "Resource": [format!("arn:aws:s3:::{}", hunt.bucket.name), format!("arn:aws:s3:::{}/*", hunt.bucket.name)]})]) },
    Disorder { what: "a policy that keeps one object back", on: BOTH, kind: "unreadable", path: Some("bystander.png"), says: "403 Forbidden", then: By(remove_policy),
        done: |hunt| set_policy(hunt, &[json!({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam:::user/tester"}, "Action": ["s3:GetObject"],
            "Resource": [format!("arn:aws:s3:::{}/{}", hunt.bucket.name, hunt.key("bystander.png"))]})]) },
    Disorder { what: "the policy removed", on: POLICY, kind: "unreadable", path: None, says: "strangers can't read any of the", then: AsAdvised,
        done: |hunt| hunt.aws("delete-bucket-policy", &[]) },
    Disorder { what: "a bucket's ACL that lets everybody list", on: BOTH, kind: "bucket", path: None, says: "READ in the bucket's ACL", then: AsAdvised,
        done: |hunt| hunt.aws("put-bucket-acl", &["--acl", "public-read"]) },
    Disorder { what: "a bucket's ACL that lets everybody write", on: ACL, kind: "bucket", path: None, says: "WRITE in the bucket's ACL", then: AsAdvised,
        done: |hunt| hunt.aws("put-bucket-acl", &["--acl", "public-read-write"]) },
    Disorder { what: "a public access block", on: POLICY, kind: "bucket", path: None, says: "keeps strangers from reading", then: AsAdvised,
        done: |hunt| hunt.aws("put-public-access-block", &["--public-access-block-configuration", "RestrictPublicBuckets=true"]) },
    Disorder { what: "a rule that deletes what is old", on: BOTH, kind: "bucket", path: None, says: "`tidy` deletes objects", then: By(mend_as_advised),
        done: |hunt| delete_what_is_old(hunt, &hunt.bucket, &[]) },
    Disorder { what: "a rule that deletes what is old, among others", on: ACL, kind: "bucket", path: None, says: "`tidy` deletes objects", then: By(mend_as_advised),
        done: |hunt| delete_what_is_old(hunt, &hunt.bucket, &[("uploads", "AbortIncompleteMultipartUpload", "DaysAfterInitiation")]) },
    Disorder { what: "a rule that deletes old releases", on: POLICY, kind: "bucket", path: None, says: "in the releases' bucket: `tidy` deletes objects", then: By(mend_as_advised),
        done: |hunt| delete_what_is_old(hunt, hunt.document("root.json").0, &[]) },
    Disorder { what: "a stray", on: ACL, kind: "stray", path: None, says: "`notes.txt`, 16 bytes", then: By(|hunt| hunt.aws("delete-object", &["--key", "static/notes.txt"])),
        done: |hunt| hunt.upload("static/notes.txt", b"who put me here?", &[]) },
    Disorder { what: "what is held, uploaded", on: BOTH, kind: "held", path: Some("solution/answer.html"), says: "anyone who knows its name can read it", then: By(delete_as_advised),
        done: |hunt| hunt.upload(&hunt.key("solution/answer.html"), b"<p>CANDLE</p>", &["--acl", "public-read"]) },
    Disorder { what: "what is held, uploaded and private", on: ACL, kind: "held", path: Some("solution/answer.html"), says: "already in the target", then: By(delete_as_advised),
        done: |hunt| hunt.upload(&hunt.key("solution/answer.html"), b"<p>CANDLE</p>", &[]) },
    Disorder { what: "a root that everybody can read", on: BOTH, kind: "state", path: None, says: "strangers can read the root (`root.json`) through its own ACL", then: Repaired,
        done: |hunt| hunt.aws_on_document("put-object-acl", "root.json", &["--acl", "public-read"]) },
    Disorder { what: "a root that any account can read", on: BOTH, kind: "state", path: None, says: "any account of the cloud provider can read the root (`root.json`) through its own ACL", then: Repaired,
        done: |hunt| hunt.aws_on_document("put-object-acl", "root.json", &["--acl", "authenticated-read"]) },
    Disorder { what: "a manifest that everybody can read", on: ACL, kind: "state", path: None, says: "strangers can read the current release's manifest", then: Repaired,
        done: |hunt| hunt.aws_on_document("put-object-acl", "manifests/", &["--acl", "public-read"]) },
    Disorder { what: "a copy of a page that everybody can write", on: ACL, kind: "state", path: None, says: "a copy of a file with a plain name", then: Repaired,
        done: |hunt| hunt.aws_on_document("put-object-acl", "plain/", &["--acl", "public-read-write"]) },
    Disorder { what: "a damaged root", on: ACL, kind: "releases", path: None, says: "root", then: BroughtBack("root.json"),
        done: |hunt| write_over(hunt, "root.json") },
    Disorder { what: "no manifest", on: BOTH, kind: "releases", path: None, says: "it's missing", then: BroughtBack("manifests/"),
        done: |hunt| hunt.aws_on_document("delete-object", "manifests/", &[]) },
    Disorder { what: "a damaged manifest", on: ACL, kind: "releases", path: None, says: "Cannot read the manifest", then: BroughtBack("manifests/"),
        done: |hunt| write_over(hunt, "manifests/") },
];

/// A lifecycle rule that deletes, and others that don't: their names, what they do, and what their
/// days are called.
fn delete_what_is_old(hunt: &Hunt, bucket: &Bucket, others: &[(&str, &str, &str)]) {
    let tidy = ("tidy", "Expiration", "Days");
    let rules = std::iter::once(&tidy).chain(others).map(|(id, does, days)| {
        json!({"ID": id, "Status": "Enabled", "Filter": {"Prefix": ""}, *does: {*days: 30}})
    });
    let rules = json!({"Rules": rules.collect::<Vec<_>>()}).to_string();
    let verb = "put-bucket-lifecycle-configuration";
    let arguments = ["s3api", verb, "--bucket", &bucket.name];
    hunt.bucket
        .aws(&[&arguments[..], &["--lifecycle-configuration", &rules]].concat());
}

/// Types the commands of the only advice into a shell, and edits what is to be edited.
fn mend_as_advised(hunt: &Hunt) {
    let (_, report) = hunt.audit(&[]);
    let fix = found(&report)[0]["fix"].as_str().expect("text");
    let folder = hunt.site.path("");
    let script = match fix.split_once(" > rules.json`, remove `tidy` from that file, then run `") {
        None => fix.to_string(),
        Some((get, put)) => {
            let (get, put) = (get.trim_start_matches("run `"), put.trim_end_matches('`'));
            let edit = r#"import json; f = "rules.json"; r = json.load(open(f))["Rules"]; json.dump({"Rules": [x for x in r if x["ID"] != "tidy"]}, open(f, "w"))"#;
            format!("{get} > rules.json && python3 -c '{edit}' && {put}")
        }
    };
    hunt.bucket.shell(&script, &folder);
}

fn write_over(hunt: &Hunt, part: &str) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), b"{\"format\": ").expect("written");
    let body = file.path().to_str().expect("UTF-8");
    hunt.aws_on_document("put-object", part, &["--body", body]);
}

/// What the audit says of what is held names the command that takes it away, all but its name.
fn delete_as_advised(hunt: &Hunt) {
    let (_, report) = hunt.audit(&["--show-urls"]);
    let findings = found(&report);
    let held = findings
        .iter()
        .find(|f| f["kind"] == "held")
        .expect("it's told of");
    let fix = held["fix"].as_str().expect("text");
    let command = commands(fix)
        .find(|command| command.starts_with("aws "))
        .expect("a command");
    let command = command.replace("NAME", held["key"].as_str().expect("text"));
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    hunt.bucket.aws(&words);
}

/// What stands between backticks; all, if nothing does.
fn commands(fix: &str) -> impl Iterator<Item = String> {
    let inside: Vec<&str> = fix.split('`').skip(1).step_by(2).collect();
    let all = if inside.is_empty() { vec![fix] } else { inside };
    all.into_iter()
        .map(str::to_string)
        .collect::<Vec<_>>()
        .into_iter()
}

/// A file for each row, and one that nobody touches.
fn site_of_rows(config: &str) -> Site {
    let rules = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";
    let mut site = super::published::site(&format!("{config}{rules}"));
    for damage in DAMAGES {
        let path = damage.sign.path.expect("each has a file");
        let content = match path.rsplit_once('.').expect("an extension").1 {
            "css" => STYLE.repeat(50).into_bytes(),
            "html" => "<h1>The hunt</h1>\n".repeat(50).into_bytes(),
            "mp3" => (0..20_000u32).map(|n| n as u8).collect(),
            _ => PICTURE.to_vec(),
        };
        site = site.file(path, content);
    }
    site.file("bystander.png", "another picture")
}

/// A few at a time, since each is a program that starts.
fn do_all(hunt: &Hunt, damages: &[&Damage]) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(damage) = damages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    (damage.done)(hunt, damage.sign.path.expect("each has a file"));
                }
            });
        }
    });
}

/// All at once, as if somebody had gone wild in the console: each is told of, and nothing else is.
fn damage_and_repair(access: Access) {
    let hunt = Hunt::of(access, site_of_rows);
    let rows: Vec<&Damage> = DAMAGES
        .iter()
        .filter(|one| one.on.contains(&access))
        .collect();
    do_all(&hunt, &rows);
    let (code, report) = hunt.audit(&[]);
    for damage in &rows {
        damage.sign.find(damage.what, &report);
    }
    let of_hacked = found(&report);
    let of_hacked = of_hacked.iter().filter(|f| f["path"] == "hacked.html");
    assert_eq!(of_hacked.count(), 1, "one hand, one finding:\n{report:#}");
    let is_of_a_row = |f: &&Value| rows.iter().any(|row| f["path"].as_str() == row.sign.path);
    let findings = found(&report);
    assert!(
        findings.iter().all(is_of_a_row),
        "others are blamed:\n{report:#}"
    );
    code_is_right("all damages", code, &report);

    let (code, after) = hunt.audit(&["--repair", "--yes"]);
    let mut mended: Vec<Value> = rows
        .iter()
        .map(|row| json!({"path": row.sign.path, "how": row.mended}))
        .collect();
    mended.sort_by_key(|mend| mend["path"].to_string());
    assert_eq!(after["repair"]["mended"], json!(mended), "{after:#}");
    assert_eq!((code, &after["findings"]), (0, &json!([])), "{after:#}");
    hunt.is_clean("after the repair");
    let again = hunt.ok(&["push", "prod", "--verify", "full", "--json"]);
    let again: Value = serde_json::from_str(&again).expect("JSON");
    assert_eq!(again["repaired"], json!([]), "{again:#}");
}

/// Every damage to objects with ACLs is found and repaired.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn damaged_acl_objects_are_repaired() {
    damage_and_repair(Access::Acl);
}

/// Every damage to objects of a public bucket is found and repaired.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn damaged_public_objects_are_repaired() {
    damage_and_repair(Access::Policy);
}

/// One after the other, each put in order again before the next.
fn disorder_and_order(access: Access) {
    let hunt = Hunt::of(access, |config| {
        super::published::site(config).file("bystander.png", "another picture")
    });
    for disorder in DISORDERS.iter().filter(|one| one.on.contains(&access)) {
        play(&hunt, disorder);
    }
}

fn play(hunt: &Hunt, disorder: &Disorder) {
    let Disorder {
        what,
        kind,
        path,
        says,
        ..
    } = *disorder;
    let what = format!("{what} ({:?})", hunt.access);
    let sign = Sign { kind, path, says };
    let before = match disorder.then {
        BroughtBack(part) => {
            let (bucket, key) = hunt.document(part);
            Some((
                bucket,
                bucket.signed("GET", &format!("/{key}"), b"").body,
                key,
            ))
        }
        _ => None,
    };
    (disorder.done)(hunt);
    if let Repaired = disorder.then {
        let (code, report) = hunt.audit(&[]);
        sign.find(&what, &report);
        code_is_right(&what, code, &report);
        let (code, report) = hunt.audit(&["--repair", "--yes"]);
        assert_eq!(
            (code, &report["findings"]),
            (0, &json!([])),
            "{what}: {report:#}"
        );
        return;
    }
    let keys = hunt.bucket.all_keys();
    let (code, report) = hunt.audit(&["--repair", "--yes"]);
    assert_eq!(
        hunt.bucket.all_keys(),
        keys,
        "{what}: a repair takes nothing away"
    );
    let it = sign.find(&what, &report);
    code_is_right(&what, code, &report);
    let of_the_kind = found(&report).iter().filter(|f| f["kind"] == kind).count();
    assert_eq!(of_the_kind, 1, "{what}: one cause:\n{report:#}");
    assert!(
        found(&report).iter().all(|f| f["kind"] != "cors"),
        "{what}: {report:#}"
    );
    match disorder.then {
        AsAdvised => follow(hunt, it["fix"].as_str().expect("text")),
        Repaired => {}
        By(undo) => undo(hunt),
        BroughtBack(_) => bring_back(&before.expect("it was kept")),
    }
    hunt.is_clean(&what);
}

/// Does what a fix says, as somebody does who copies it into a terminal.
fn follow(hunt: &Hunt, fix: &str) {
    let command = commands(fix).find(|command| command.starts_with("assetsync "));
    let command = command.unwrap_or_else(|| panic!("no command in: {fix}"));
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--yes"]).collect();
    hunt.ok(&words);
}

fn bring_back((bucket, bytes, key): &(&Bucket, Vec<u8>, String)) {
    let answer = bucket.signed("PUT", &format!("/{key}"), bytes);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Every disorder around objects with ACLs is found, and its fix resolves it.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn fixes_work_for_acl_objects() {
    disorder_and_order(Access::Acl);
}

/// Every disorder of a public bucket is found, and its fix resolves it.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn fixes_work_for_public_bucket() {
    disorder_and_order(Access::Policy);
}

#[test]
fn there_are_at_least_25_kinds() {
    let is_of_acl = |on: &[Access]| on.contains(&Access::Acl);
    let damages = DAMAGES.iter().filter(|one| is_of_acl(one.on)).count();
    let disorders = DISORDERS.iter().filter(|one| is_of_acl(one.on)).count();
    assert!(damages + disorders >= 25, "{damages} and {disorders}");
}
