//! Findings that follow from one cause are told as one.

use super::*;
use crate::config::Place;
use crate::cors::Cloud;

fn target(access: Access, public_url: Option<&str>) -> Target {
    Target {
        public_url: public_url.map(|url| url.parse().expect("a URL")),
        access,
        ..Target::at("prod", Place::in_cloud(Cloud::S3, "hunt", ""))
    }
}

fn of(kind: Kind, path: &str, address: Address, seen: &str) -> Finding {
    let mut finding = Finding::failed(kind, "something else", seen).at(address);
    finding.path = Some(path.to_string());
    finding
}

fn refused(path: &str, address: Address) -> Finding {
    of(Kind::Unreadable, path, address, "403 Forbidden")
}

/// Returns the findings that remain to be reported for this number of inspected objects.
fn told(mut findings: Vec<Finding>, target: &Target, looked_at: usize) -> Vec<Finding> {
    only_causes(&mut findings, target, looked_at);
    findings
}

const STORAGE: Address = Address::Storage;
const CDN: Address = Address::PublicUrl;

/// If strangers can read no object at all, it is reported once for the target.
#[test]
fn access_refused_everywhere_reported_once() {
    let all = || vec![refused("a.png", STORAGE), refused("b.png", STORAGE)];
    let acl = target(Access::ObjectAcl, None);
    let one = told(all(), &acl, 2);
    assert_eq!((one.len(), &one[0].path), (1, &None), "{one:?}");
    assert!(
        one[0].fix.contains("assetsync access apply prod"),
        "{one:?}"
    );

    let two_of_three = told(all(), &acl, 3);
    assert_eq!(two_of_three.len(), 1, "{two_of_three:?}");
    assert_eq!(two_of_three[0].path.as_deref(), Some("a.png"));
    assert_eq!(two_of_three[0].also, ["b.png"]);
}

/// If the CDN has no object at all, `public_url` is blamed and not the bucket.
#[test]
fn failing_cdn_blames_public_url() {
    let target = target(Access::Bucket, Some("https://cdn.example/"));
    let all = vec![refused("a.png", CDN), refused("b.png", CDN)];
    let one = told(all, &target, 2);
    assert_eq!((one.len(), &one[0].path), (1, &None), "{one:?}");
    assert!(
        one[0]
            .fix
            .starts_with("check that `public_url` is the address"),
        "{one:?}"
    );
    assert!(!one[0].fix.contains("access apply"), "{one:?}");
}

/// A private bucket is fine as long as the public URL shows its objects.
#[test]
fn private_bucket_is_fine_behind_cdn() {
    let all = || vec![refused("a.png", STORAGE), refused("b.png", STORAGE)];
    let behind = target(Access::Bucket, Some("https://cdn.example/"));
    assert_eq!(told(all(), &behind, 2), []);
    let mut neither = all();
    neither.extend([refused("a.png", CDN), refused("b.png", CDN)]);
    assert_eq!(told(neither, &behind, 2).len(), 2);
    let mut one = all();
    one.push(refused("a.png", CDN));
    let one = told(one, &behind, 2);
    assert_eq!((one.len(), one[0].address), (1, Some(CDN)), "{one:?}");
    assert_eq!(told(all(), &target(Access::Bucket, None), 2).len(), 1);
}

/// A fault in the storage is not reported again for the server in front of it.
#[test]
fn storage_faults_not_repeated_for_cdn() {
    let target = target(Access::ObjectAcl, Some("https://cdn.example/"));
    let what = |findings| {
        let told = told(findings, &target, 100);
        told.iter().map(|f| (f.kind, f.address)).collect::<Vec<_>>()
    };
    let missing = of(Kind::Missing, "a.png", STORAGE, "missing");
    let absent = of(Kind::Unreadable, "a.png", CDN, "404 Not Found");
    assert_eq!(
        what(vec![missing, absent.clone()]),
        [(Kind::Missing, Some(STORAGE))]
    );
    assert_eq!(what(vec![absent]), [(Kind::Unreadable, Some(CDN))]);
    let other = |address| of(Kind::Content, "a.mp3", address, "5 bytes");
    assert_eq!(
        what(vec![other(STORAGE), other(CDN)]),
        [(Kind::Content, Some(STORAGE))]
    );
    let part = of(Kind::Range, "a.mp3", CDN, "206, bytes 0-1/5");
    assert_eq!(what(vec![other(CDN), part]), [(Kind::Content, Some(CDN))]);
    let acl = of(Kind::Acl, "a.png", STORAGE, "strangers have no permissions");
    let closed = vec![acl, refused("a.png", STORAGE), refused("a.png", CDN)];
    assert_eq!(what(closed), [(Kind::Acl, Some(STORAGE))]);
}

/// Findings on a file with the wrong bytes are reported together with them.
#[test]
fn findings_join_those_of_wrong_bytes() {
    let target = target(Access::Bucket, None);
    let of_page = |kind, seen| of(kind, "index.html", STORAGE, seen);
    let elsewhere = of(Kind::Headers, "a.png", STORAGE, "no cache-control");
    let all = vec![
        of_page(Kind::Content, "16 bytes"),
        of_page(Kind::Headers, "content-type: text/plain"),
        of_page(Kind::Headers, "no cache-control"),
        of_page(Kind::Content, "16 bytes that can't be decompressed"),
        Finding {
            brief: Some("no token"),
            ..of_page(Kind::Token, "no token: once no release needs it")
        },
        of_page(Kind::Acl, "WRITE in its ACL"),
        elsewhere.clone(),
    ];
    let told = told(all, &target, 9);
    let seen: Vec<&str> = told.iter().map(|f| &*f.seen).collect();
    let page = "16 bytes, content-type: text/plain, no cache-control, no token";
    assert_eq!(seen, [page, "WRITE in its ACL", &*elsewhere.seen]);
}

/// Wrong CORS answers are attributed to a policy that differs from the file.
#[test]
fn cors_answers_are_blamed_on_policy() {
    let target = target(Access::Bucket, None);
    let answer = |path| {
        of(
            Kind::Cors,
            path,
            STORAGE,
            "scripts from https://a.example cannot read it",
        )
    };
    let answers = || vec![answer("a.css"), answer("b.png")];
    let mut all = answers();
    all.push(Finding::failed(
        Kind::CorsPolicy,
        "the file's",
        "the bucket has no CORS policy",
    ));
    let one = told(all, &target, 9);
    let seen = "the bucket has no CORS policy, so scripts from https://a.example cannot read it (2 answers)";
    assert_eq!((one.len(), &*one[0].seen), (1, seen), "{one:?}");

    let without = told(answers(), &target, 9);
    assert_eq!(
        (without.len(), &*without[0].also),
        (1, &["b.png".to_string()][..])
    );
}
