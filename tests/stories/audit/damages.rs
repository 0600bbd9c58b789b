//! One row for each thing that can happen to what is published: what the audit says of it, and what a repair does.

use serde_json::json;

use super::{Access, Hunt, found, good, gzipped};

/// What a repair makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It's right again, by this.
    Mended(&'static str),
    /// It's told of again.
    Stays,
}
use Then::{Mended, Stays};

struct Damage {
    what: &'static str,
    /// In which kinds of buckets.
    on: &'static [Access],
    done: fn(&Hunt),
    kind: &'static str,
    /// Which file it says it is.
    path: Option<&'static str>,
    says: &'static str,
    then: Then,
}

const BOTH: &[Access] = &[Access::Acl, Access::Policy];
const ACL: &[Access] = &[Access::Acl];
const POLICY: &[Access] = &[Access::Policy];

fn stored(hunt: &Hunt, path: &str) -> Vec<u8> {
    hunt.bucket.signed("GET", &hunt.at(path), b"").body
}

fn cors(origins: &str) -> String {
    format!(
        "<CORSConfiguration><CORSRule>{origins}<AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod>\
         <AllowedHeader>Range</AllowedHeader><AllowedHeader>Content-Range</AllowedHeader><ExposeHeader>Range</ExposeHeader>\
         <ExposeHeader>Content-Range</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>"
    )
}

#[rustfmt::skip]
const DAMAGES: &[Damage] = &[
    Damage { what: "an object removed", on: BOTH, kind: "missing", path: Some("map.png"), says: "nothing is there", then: Mended("uploaded again"),
        done: |hunt| good(&hunt.bucket.signed("DELETE", &hunt.at("map.png"), b"")) },
    Damage { what: "other bytes of the same length", on: BOTH, kind: "content", path: Some("other.png"), says: "15 other bytes", then: Mended("uploaded again, over what is there"),
        done: |hunt| hunt.rewrite("other.png", Some(b"ANOTHER PICTURE"), &[]) },
    Damage { what: "more bytes", on: BOTH, kind: "content", path: Some("other.png"), says: "28 bytes", then: Mended("uploaded again, over what is there"),
        done: |hunt| hunt.rewrite("other.png", Some(b"another picture, and the key"), &[]) },
    Damage { what: "cut off", on: BOTH, kind: "content", path: Some("song.mp3"), says: "10000 bytes", then: Mended("uploaded again, over what is there"),
        done: |hunt| hunt.rewrite("song.mp3", Some(&stored(hunt, "song.mp3")[..10_000]), &[]) },
    Damage { what: "cut off in the middle of gzip", on: ACL, kind: "content", path: Some("app.css"), says: "can't be unpacked", then: Mended("uploaded again, over what is there"),
        done: |hunt| { let bytes = stored(hunt, "app.css"); hunt.rewrite("app.css", Some(&bytes[..bytes.len() / 2]), &[]) } },
    Damage { what: "emptied", on: POLICY, kind: "content", path: Some("map.png"), says: "0 bytes", then: Mended("uploaded again, over what is there"),
        done: |hunt| hunt.rewrite("map.png", Some(b""), &[]) },
    Damage { what: "another Content-Type", on: BOTH, kind: "headers", path: Some("app.css"), says: "content-type: text/plain", then: Mended("headers"),
        done: |hunt| hunt.rewrite("app.css", None, &[("content-type", "text/plain")]) },
    Damage { what: "another Cache-Control", on: BOTH, kind: "headers", path: Some("map.png"), says: "cache-control: no-store", then: Mended("headers"),
        done: |hunt| hunt.rewrite("map.png", None, &[("cache-control", "no-store")]) },
    Damage { what: "no Cache-Control", on: ACL, kind: "headers", path: Some("map.png"), says: "no cache-control", then: Mended("headers"),
        done: |hunt| hunt.rewrite("map.png", None, &[("cache-control", "")]) },
    Damage { what: "a Content-Disposition", on: ACL, kind: "headers", path: Some("map.png"), says: "content-disposition: attachment", then: Mended("headers"),
        done: |hunt| hunt.rewrite("map.png", None, &[("content-disposition", "attachment")]) },
    Damage { what: "Content-Encoding lost", on: BOTH, kind: "encoding", path: Some("app.css"), says: "no `content-encoding` says so", then: Mended("headers"),
        done: |hunt| hunt.rewrite("app.css", None, &[("content-encoding", "")]) },
    Damage { what: "Content-Encoding that isn't true", on: ACL, kind: "encoding", path: Some("map.png"), says: "aren't gzipped", then: Mended("headers"),
        done: |hunt| hunt.rewrite("map.png", None, &[("content-encoding", "gzip")]) },
    Damage { what: "stored unzipped", on: BOTH, kind: "encoding", path: Some("app.css"), says: "not compressed", then: Mended("uploaded again, over what is there"),
        done: |hunt| hunt.rewrite("app.css", Some(&"body { color: red }\n".repeat(50).into_bytes()), &[("content-encoding", "")]) },
    Damage { what: "gzipped twice", on: BOTH, kind: "encoding", path: Some("app.css"), says: "gzipped twice", then: Mended("uploaded again, over what is there"),
        done: |hunt| hunt.rewrite("app.css", Some(&gzipped(&stored(hunt, "app.css"))), &[]) },
    Damage { what: "the token lost", on: BOTH, kind: "token", path: Some("map.png"), says: "no token", then: Mended("headers"),
        done: |hunt| hunt.rewrite("map.png", None, &[("x-amz-meta-assetsync", "")]) },
    Damage { what: "a private ACL", on: ACL, kind: "acl", path: Some("map.png"), says: "strangers may do nothing", then: Mended("ACL"),
        done: |hunt| good(&hunt.bucket.signed_with("PUT", &format!("{}?acl=", hunt.at("map.png")), b"", &[("x-amz-acl", "private")])) },
    Damage { what: "an ACL that lets everybody write", on: BOTH, kind: "acl", path: Some("map.png"), says: "WRITE in its ACL", then: Mended("ACL"),
        done: |hunt| good(&hunt.bucket.signed_with("PUT", &format!("{}?acl=", hunt.at("map.png")), b"", &[("x-amz-acl", "public-read-write")])) },
    Damage { what: "an ACL where there should be none", on: POLICY, kind: "acl", path: Some("map.png"), says: "whatever the bucket says", then: Mended("ACL"),
        done: |hunt| good(&hunt.bucket.signed_with("PUT", &format!("{}?acl=", hunt.at("map.png")), b"", &[("x-amz-acl", "public-read")])) },
    Damage { what: "headers and ACL", on: ACL, kind: "acl", path: Some("map.png"), says: "strangers may do nothing", then: Mended("headers and ACL"),
        done: |hunt| hunt.rewrite("map.png", None, &[("x-amz-acl", "private"), ("content-type", "text/plain")]) },
    Damage { what: "another file's object", on: BOTH, kind: "content", path: Some("map.png"), says: "15 bytes", then: Mended("uploaded again, over what is there"),
        done: |hunt| { let token = hunt.bucket.signed("GET", &hunt.at("other.png"), b""); let token = token.header("x-amz-meta-assetsync").expect("it has one").to_string();
            hunt.rewrite("map.png", Some(b"another picture"), &[("x-amz-meta-assetsync", &token)]) } },
    Damage { what: "a redirect of the website", on: ACL, kind: "redirect", path: Some("map.png"), says: "https://evil.example", then: Mended("headers"),
        done: |hunt| hunt.rewrite("map.png", None, &[("x-amz-website-redirect-location", "https://evil.example/")]) },
    Damage { what: "a page overwritten by hand", on: BOTH, kind: "content", path: Some("index.html"), says: "bytes", then: Mended("uploaded again, over what is there"),
        done: |hunt| hunt.rewrite("index.html", Some(b"<h1>Hacked</h1>"), &[("content-encoding", ""), ("x-amz-meta-assetsync", "")]) },
    Damage { what: "a page that is kept for long", on: BOTH, kind: "headers", path: Some("index.html"), says: "max-age=86400", then: Mended("headers"),
        done: |hunt| hunt.rewrite("index.html", None, &[("cache-control", "public, max-age=86400")]) },
    Damage { what: "a stray", on: BOTH, kind: "stray", path: None, says: "bytes", then: Stays,
        done: |hunt| good(&hunt.bucket.signed("PUT", "/static/notes.txt", b"who put me here?")) },
    Damage { what: "what is held, uploaded", on: BOTH, kind: "held", path: Some("solution/answer.html"), says: "strangers can read it", then: Stays,
        done: |hunt| good(&hunt.bucket.signed_with("PUT", &hunt.at("solution/answer.html"), b"<p>CANDLE</p>", &[("x-amz-acl", "public-read")])) },
    Damage { what: "what is held, uploaded and private", on: ACL, kind: "held", path: Some("solution/answer.html"), says: "it's in the bucket", then: Stays,
        done: |hunt| good(&hunt.bucket.signed("PUT", &hunt.at("solution/answer.html"), b"<p>CANDLE</p>")) },
    Damage { what: "the CORS policy removed", on: BOTH, kind: "cors", path: Some("index.html"), says: "scripts of https://hunt.example.org may not read it", then: Stays,
        done: |hunt| good(&hunt.bucket.signed("DELETE", "?cors=", b"")) },
    Damage { what: "the CORS policy narrowed", on: ACL, kind: "cors-policy", path: None, says: "isn't as the file says", then: Stays,
        done: |hunt| hunt.set("cors", &cors("<AllowedOrigin>https://old.example.org</AllowedOrigin>")) },
    Damage { what: "the CORS policy widened", on: ACL, kind: "cors", path: Some("index.html"), says: "scripts of https://not-allowed.example may read it", then: Stays,
        done: |hunt| hunt.set("cors", &cors("<AllowedOrigin>*</AllowedOrigin>")) },
    Damage { what: "a policy that lets everybody list", on: BOTH, kind: "bucket", path: None, says: "strangers can list the bucket", then: Stays,
        done: |hunt| hunt.set("policy", &json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
            "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [format!("arn:aws:s3:::{}", hunt.bucket.name), format!("arn:aws:s3:::{}/static/*", hunt.bucket.name)]}]}).to_string()) },
    Damage { what: "a bucket's ACL that lets everybody list", on: BOTH, kind: "bucket", path: None, says: "READ in the bucket's ACL", then: Stays,
        done: |hunt| good(&hunt.bucket.signed_with("PUT", "?acl=", b"", &[("x-amz-acl", "public-read")])) },
    Damage { what: "a bucket's ACL that lets everybody write", on: BOTH, kind: "bucket", path: None, says: "WRITE in the bucket's ACL", then: Stays,
        done: |hunt| good(&hunt.bucket.signed_with("PUT", "?acl=", b"", &[("x-amz-acl", "public-read-write")])) },
    Damage { what: "a public access block", on: POLICY, kind: "bucket", path: None, says: "lets no stranger read", then: Stays,
        done: |hunt| hunt.set("publicAccessBlock", "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>") },
    Damage { what: "a root that everybody can read", on: BOTH, kind: "state", path: None, says: "strangers can read the root", then: Stays,
        done: |hunt| { let (bucket, root) = hunt.document("root.json"); good(&bucket.signed_with("PUT", &format!("{root}?acl="), b"", &[("x-amz-acl", "public-read")])) } },
    Damage { what: "a manifest that everybody can read", on: ACL, kind: "state", path: None, says: "strangers can read the manifest", then: Stays,
        done: |hunt| { let (bucket, manifest) = hunt.document("manifests/"); good(&bucket.signed_with("PUT", &format!("{manifest}?acl="), b"", &[("x-amz-acl", "public-read")])) } },
    Damage { what: "a damaged root", on: BOTH, kind: "releases", path: None, says: "root", then: Stays,
        done: |hunt| { let (bucket, root) = hunt.document("root.json"); good(&bucket.signed("PUT", &root, b"{\"format\": ")) } },
    Damage { what: "no manifest", on: BOTH, kind: "releases", path: None, says: "it's gone", then: Stays,
        done: |hunt| { let (bucket, manifest) = hunt.document("manifests/"); good(&bucket.signed("DELETE", &manifest, b"")) } },
    Damage { what: "a damaged manifest", on: BOTH, kind: "releases", path: None, says: "Cannot read the manifest", then: Stays,
        done: |hunt| { let (bucket, manifest) = hunt.document("manifests/"); good(&bucket.signed("PUT", &manifest, b"not gzip")) } },
];

/// Does the damage to a hunt of its own, and sees what comes of it.
fn play(damage: &Damage, access: Access) {
    let Damage {
        what,
        kind,
        path,
        says,
        ..
    } = *damage;
    let hunt = Hunt::published(access);
    (damage.done)(&hunt);
    let (code, report) = hunt.audit(&[]);
    let findings = found(&report);
    let is_it = |f: &&&serde_json::Value| {
        f["kind"] == kind
            && f["path"].as_str() == path
            && f["seen"].as_str().is_some_and(|seen| seen.contains(says))
    };
    let it = findings.iter().find(is_it);
    let it = it.unwrap_or_else(|| panic!("{what} ({access:?}) isn't told of:\n{report:#}"));
    assert_ne!(it["fix"], "", "{what} ({access:?}): {it:#}");
    let is_dangerous = findings.iter().any(|f| f["verdict"] == "failed");
    assert_eq!(
        code,
        if is_dangerous { 3 } else { 0 },
        "{what} ({access:?})"
    );
    if let Some(path) = path.filter(|_| kind != "cors") {
        let others = findings.iter().filter(|f| f["path"] != path);
        assert_eq!(
            others.count(),
            0,
            "{what} ({access:?}): others are blamed:\n{report:#}"
        );
    }

    let keys = hunt.bucket.all_keys();
    let (code, after) = hunt.audit(&["--repair", "--yes"]);
    match damage.then {
        Mended(how) => {
            let mended = json!([{"path": path, "how": how}]);
            assert_eq!(
                after["repair"]["mended"], mended,
                "{what} ({access:?}): {after:#}"
            );
            assert_eq!(code, 0, "{what} ({access:?}): {after:#}");
            let (code, again) = hunt.audit(&[]);
            assert_eq!(again["findings"], json!([]), "{what} ({access:?})");
            assert_eq!(code, 0, "{what} ({access:?})");
            let diff = hunt.ok(&["push", "prod", "--verify", "full", "--json"]);
            let diff: serde_json::Value = serde_json::from_str(&diff).expect("JSON");
            assert_eq!(diff["repaired"], json!([]), "{what} ({access:?}): {diff:#}");
        }
        Stays => {
            assert!(
                found(&after).iter().any(|f| is_it(&f)),
                "{what} ({access:?}): {after:#}"
            );
            assert_eq!(hunt.bucket.all_keys(), keys, "{what} ({access:?})");
        }
    }
}

/// A few at a time, since each is mostly waiting.
fn play_all(access: Access) {
    let rows: Vec<&Damage> = DAMAGES
        .iter()
        .filter(|one| one.on.contains(&access))
        .collect();
    assert!(rows.len() >= 25, "{}", rows.len());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(damage) =
                    rows.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    play(damage, access);
                }
            });
        }
    });
}

#[test]
fn every_damage_to_objects_with_acls_is_found_and_put_right_if_it_may_be() {
    play_all(Access::Acl);
}

#[test]
fn every_damage_to_a_public_bucket_is_found_and_put_right_if_it_may_be() {
    play_all(Access::Policy);
}
