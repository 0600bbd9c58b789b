//! One cause, one finding: what follows from something else that was found is left out, and what is true of many objects for
//! the same reason is told once. Pure.

use std::collections::HashSet;

use super::finding::{Address, Finding, Kind};
use crate::config::{Access, Target};
use crate::doctor::{self, Verdict};

/// How many consequences of a wrong CORS policy are told with it.
const CONSEQUENCES_MAX: usize = 3;

/// Brings findings down to their causes. So many objects were looked at.
pub(super) fn only_causes(findings: &mut Vec<Finding>, target: &Target, looked_at: usize) {
    follows_from_storage(findings);
    comes_with_other_bytes(findings);
    cors_follows_from_policy(findings);
    let (many, mut single): (Vec<Finding>, Vec<Finding>) = std::mem::take(findings)
        .into_iter()
        .partition(|f| matches!(f.kind, Kind::Unreadable | Kind::Unanswered | Kind::Cors));
    let mut told: Vec<Finding> = Vec::new();
    for finding in many {
        match told.iter_mut().find(|other| is_same(other, &finding)) {
            Some(other) => other
                .also
                .extend(finding.path.into_iter().chain(finding.also)),
            None => told.push(finding),
        }
    }
    for finding in &mut told {
        finding.also.sort();
        finding.also.dedup();
        of_all(finding, target, looked_at);
    }
    let is_meant = |finding: &Finding| !is_left_to_public_url(finding, &told, target);
    single.extend(told.iter().filter(|f| is_meant(f)).cloned());
    *findings = single;
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    let what = |f: &Finding| {
        (
            f.kind,
            f.verdict,
            f.address,
            f.expected.clone(),
            f.seen.clone(),
        )
    };
    one.path.is_some() && other.path.is_some() && what(one) == what(other)
}

/// What the storage sends, a server before it passes on; whom an object's ACL keeps out, gets nothing; and parts of other bytes
/// are other parts.
fn follows_from_storage(findings: &mut Vec<Finding>) {
    type Known = (Option<String>, Kind);
    let content = findings.iter().filter(|f| f.kind == Kind::Content);
    let content: HashSet<_> = content.map(|f| (f.path.clone(), f.address)).collect();
    findings.retain(|f| f.kind != Kind::Range || !content.contains(&(f.path.clone(), f.address)));
    let at_storage = findings
        .iter()
        .filter(|f| f.address == Some(Address::Storage));
    let at_storage = at_storage.filter(|f| f.verdict == Verdict::Failed);
    let known: HashSet<Known> = at_storage.map(|f| (f.path.clone(), f.kind)).collect();
    findings.retain(|finding| {
        let is_known = |kind| known.contains(&(finding.path.clone(), kind));
        match (finding.kind, finding.address) {
            _ if finding.path.is_none() => true,
            (Kind::Unreadable, Some(Address::Storage)) => !is_known(Kind::Acl),
            (Kind::Unreadable, Some(Address::PublicUrl)) => {
                !is_known(Kind::Missing) && !is_known(Kind::Acl)
            }
            (Kind::Content | Kind::Encoding | Kind::Headers, Some(Address::PublicUrl)) => {
                !is_known(finding.kind)
            }
            _ => true,
        }
    });
}

/// Whoever wrote other bytes wrote the headers with them, and knew of no token: what mends the bytes mends these too.
fn comes_with_other_bytes(findings: &mut Vec<Finding>) {
    let mut others: Vec<Finding> = Vec::new();
    for finding in std::mem::take(findings) {
        let is_there = |other: &&mut Finding| {
            other.kind == Kind::Content
                && finding.path.is_some()
                && (&other.path, other.address) == (&finding.path, finding.address)
        };
        let comes_with = matches!(
            finding.kind,
            Kind::Content | Kind::Encoding | Kind::Headers | Kind::Token
        );
        match others.iter_mut().find(is_there).filter(|_| comes_with) {
            // The same bytes, asked for in another way.
            Some(_) if finding.kind == Kind::Content => {}
            Some(content) => {
                let what = finding.seen.split(": when").next().unwrap_or_default();
                content.seen += &format!(", {what}");
            }
            None => others.push(finding),
        }
    }
    *findings = others;
}

/// The bucket's policy isn't the target's: what pages are answered then is no news.
fn cors_follows_from_policy(findings: &mut Vec<Finding>) {
    let is_policy = |f: &Finding| f.kind == Kind::CorsPolicy && f.verdict == Verdict::Failed;
    let Some(at) = findings.iter().position(is_policy) else {
        return;
    };
    let mut policy = findings.remove(at);
    let (answers, rest): (Vec<Finding>, Vec<Finding>) = std::mem::take(findings)
        .into_iter()
        .partition(|finding| finding.kind == Kind::Cors);
    *findings = rest;
    let mut seen: Vec<&str> = Vec::new();
    for answer in &answers {
        if !seen.contains(&answer.seen.as_str()) {
            seen.push(&answer.seen);
        }
    }
    if let [first, ..] = seen.as_slice() {
        let told = seen.iter().take(CONSEQUENCES_MAX).copied();
        let told = told.collect::<Vec<_>>().join(", ");
        let number = crate::report::count(answers.len() as u64, "answer");
        policy.seen += &match seen.len() {
            1 => format!("; so {first} ({number})"),
            n if n <= CONSEQUENCES_MAX => format!("; so {told} ({number})"),
            n => format!("; so {told} and {} more ({number})", n - CONSEQUENCES_MAX),
        };
    }
    findings.push(policy);
}

/// What every object that was looked at has in common isn't the fault of any of them.
fn of_all(finding: &mut Finding, target: &Target, looked_at: usize) {
    let number = 1 + finding.also.len();
    if finding.kind != Kind::Unreadable || number < looked_at || number < 2 {
        return;
    }
    finding.seen = format!(
        "strangers get none of the {number} objects that were looked at: {}",
        finding.seen
    );
    finding.path = None;
    finding.key = None;
    finding.also.clear();
    finding.fix = match finding.address {
        Some(Address::PublicUrl) => {
            "is `public_url` the address of this target, with its prefix? If so, see what its server is told to serve, and whether it may read the bucket"
                .to_string()
        }
        _ => format!(
            "`{}` shows what keeps strangers out, and lets them in; `{}` tells more",
            doctor::own_command(target, "access apply"),
            doctor::own_command(target, "doctor")
        ),
    };
}

/// A private bucket behind a server that shows it is as good as a public one.
fn is_left_to_public_url(finding: &Finding, told: &[Finding], target: &Target) -> bool {
    let is_unread_there = |f: &Finding| {
        f.kind == Kind::Unreadable && f.address == Some(Address::PublicUrl) && f.path.is_none()
    };
    finding.kind == Kind::Unreadable
        && finding.address == Some(Address::Storage)
        && finding.path.is_none()
        && target.access == Access::Bucket
        && target.public_url.is_some()
        && !told.iter().any(is_unread_there)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;

    fn target(access: Access, public_url: Option<&str>) -> Target {
        Target {
            name: "prod".into(),
            place: Place::S3 {
                bucket: "hunt".into(),
                prefix: String::new(),
            },
            public_url: public_url.map(|url| url.parse().expect("a URL")),
            access,
            endpoint: None,
            region: None,
            addressing: None,
            state: None,
            cors: None,
            host: Default::default(),
            flags: Default::default(),
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

    /// What is told in the end, of this many objects.
    fn told(mut findings: Vec<Finding>, target: &Target, looked_at: usize) -> Vec<Finding> {
        only_causes(&mut findings, target, looked_at);
        findings
    }

    const STORAGE: Address = Address::Storage;
    const CDN: Address = Address::PublicUrl;

    #[test]
    fn what_keeps_strangers_from_all_objects_is_told_once_and_is_no_objects_fault() {
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

    #[test]
    fn a_server_that_has_nothing_is_to_be_looked_at_and_not_the_bucket() {
        let target = target(Access::Bucket, Some("https://cdn.example/"));
        let all = vec![refused("a.png", CDN), refused("b.png", CDN)];
        let one = told(all, &target, 2);
        assert_eq!((one.len(), &one[0].path), (1, &None), "{one:?}");
        assert!(
            one[0].fix.starts_with("is `public_url` the address"),
            "{one:?}"
        );
        assert!(!one[0].fix.contains("access apply"), "{one:?}");
    }

    #[test]
    fn a_private_bucket_is_right_if_a_server_shows_what_is_in_it() {
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

    #[test]
    fn what_the_storage_has_wrong_isnt_told_of_the_server_before_it_too() {
        let target = target(Access::ObjectAcl, Some("https://cdn.example/"));
        let what = |findings| {
            let told = told(findings, &target, 100);
            told.iter().map(|f| (f.kind, f.address)).collect::<Vec<_>>()
        };
        let missing = of(Kind::Missing, "a.png", STORAGE, "nothing is there");
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
        let acl = of(Kind::Acl, "a.png", STORAGE, "strangers may do nothing");
        let closed = vec![acl, refused("a.png", STORAGE), refused("a.png", CDN)];
        assert_eq!(what(closed), [(Kind::Acl, Some(STORAGE))]);
    }

    #[test]
    fn what_came_with_other_bytes_is_told_with_them() {
        let target = target(Access::Bucket, None);
        let of_page = |kind, seen| of(kind, "index.html", STORAGE, seen);
        let elsewhere = of(Kind::Headers, "a.png", STORAGE, "no cache-control");
        let all = vec![
            of_page(Kind::Content, "16 bytes"),
            of_page(Kind::Headers, "content-type: text/plain"),
            of_page(Kind::Headers, "no cache-control"),
            of_page(Kind::Content, "16 bytes that can't be unpacked"),
            of_page(Kind::Token, "no token: when no release needs it any more"),
            of_page(Kind::Acl, "WRITE in its ACL"),
            elsewhere.clone(),
        ];
        let told = told(all, &target, 9);
        let seen: Vec<&str> = told.iter().map(|f| &*f.seen).collect();
        let page = "16 bytes, content-type: text/plain, no cache-control, no token";
        assert_eq!(seen, [page, "WRITE in its ACL", &*elsewhere.seen]);
    }

    #[test]
    fn what_pages_are_answered_follows_from_a_policy_that_isnt_the_targets() {
        let target = target(Access::Bucket, None);
        let answer = |path| {
            of(
                Kind::Cors,
                path,
                STORAGE,
                "scripts of https://a.example may not read it",
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
        let seen = "the bucket has no CORS policy; so scripts of https://a.example may not read it (2 answers)";
        assert_eq!((one.len(), &*one[0].seen), (1, seen), "{one:?}");

        let without = told(answers(), &target, 9);
        assert_eq!(
            (without.len(), &*without[0].also),
            (1, &["b.png".to_string()][..])
        );
    }
}
