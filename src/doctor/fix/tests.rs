//! Commands as they are printed.

use super::*;
use crate::config::Addressing;
use crate::cors::Cloud;

pub(in crate::doctor) fn target(name: &str, place: Place) -> Target {
    Target {
        endpoint: Some("http://localhost:9000/".parse().expect("a URL")),
        ..Target::at(name, place)
    }
}

pub(in crate::doctor) fn s3(bucket: &str) -> Place {
    Place::in_cloud(Cloud::S3, bucket, "")
}

/// Suggested commands name the target and can be copied as they are.
#[test]
fn suggested_commands_can_be_copied() {
    let prod = target("prod", s3("hunt"));
    let fix = Fix::of(&prod, Server::Ceph);
    let text = |remedy: Remedy| remedy.text();
    assert_eq!(text(fix.access_apply()), "assetsync access apply prod");
    let tools = fix.tools(&prod.place).expect("it's a bucket");
    assert_eq!(
        tools.clear_lifecycle(),
        "aws s3api delete-bucket-lifecycle --bucket hunt --endpoint-url http://localhost:9000"
    );
    let bare = target("s3://hunt", s3("hunt"));
    assert_eq!(
        text(Fix::of(&bare, Server::Ceph).access_apply()),
        "assetsync access apply --to s3://hunt --endpoint http://localhost:9000"
    );
    let mut full = target("s3://hunt", s3("hunt"));
    full.region = Some("eu".into());
    full.addressing = Some(Addressing::Path);
    full.access = Access::ObjectAcl;
    full.state = Some(Place::in_cloud(Cloud::S3, "private", "prod/"));
    full.cors = Some("the hunt's.json".into());
    let server = "--to s3://hunt --endpoint http://localhost:9000 --region eu --addressing path";
    let readers = "--access object-acl --state s3://private/prod";
    let blocks = Observed::Is(Blocks {
        ignores_acls: true,
        ..Blocks::default()
    });
    let unblocked = Fix::of(&full, Server::Ceph).given(&blocks);
    assert_eq!(
        text(unblocked.access_apply()),
        format!("assetsync access apply {server} {readers} --unblock")
    );
    assert_eq!(
        text(Fix::of(&full, Server::Ceph).cors_apply()),
        format!(r"assetsync cors apply {server} --cors 'the hunt'\''s.json'"),
        "no verb is given a flag that it doesn't take"
    );
    full.state = Some(s3("private"));
    full.cors = None;
    let whole = text(Fix::of(&full, Server::Ceph).access_bucket());
    let apply = format!("assetsync access apply {server} --state s3://private");
    assert_eq!(
        whole,
        format!("omit `--access`; then `{apply}`"),
        "the command wants what is said of it"
    );
    let mut two = target("prod", s3("hunt"));
    two.state = Some(s3("private"));
    let hide = |target: &Target| Fix::of(target, Server::Ceph).find_and_close_state().text();
    assert_eq!(hide(&two), "assetsync access close prod");
    let line = "write `state = \"s3://hunt-releases/prod\"` below `[target.prod]`";
    assert!(hide(&prod).contains(line));
    two.state = Some(s3("hunt"));
    assert!(
        hide(&two).contains(line),
        "whoever closes the bucket closes what is published, too"
    );
    assert!(hide(&bare).contains("--state s3://hunt-releases/releases"));
}

/// A setting that one server needs would stop all pushes on another.
#[test]
fn versions_kept_only_where_safe() {
    let prod = target("prod", s3("hunt"));
    for (server, is_safe) in [
        (Server::Amazon, true),
        (Server::Moto, true),
        (Server::Ceph, false),
        (Server::Minio, false),
        (Server::R2, false),
        (Server::Garage, false),
        (Server::Unknown, false),
    ] {
        let fix = Fix::of(&prod, server);
        assert_eq!(fix.keep_versions().is_some(), is_safe, "{server:?}");
    }
    let suspend = |server, versioning| {
        let remedy = Fix::of(&prod, server).conditions(&Observed::Is(versioning));
        remedy.text().contains("Status=Suspended")
    };
    assert!(suspend(Server::Ceph, Versioning::On));
    assert!(suspend(Server::Unknown, Versioning::On));
    assert!(!suspend(Server::Ceph, Versioning::Off), "that isn't why");
    assert!(!suspend(Server::Amazon, Versioning::On));
}

/// The fix for lifecycle rules removes the bad ones and keeps the others.
#[test]
fn lifecycle_fix_keeps_other_rules() {
    let prod = target("prod", s3("hunt"));
    let fix = Fix::of(&prod, Server::Ceph);
    let without = fix.without_lifecycle(&prod.place, &["tidy", "old files"], 3);
    assert_eq!(without.steps().len(), 1);
    let query = "--query '{Rules: Rules[?ID!='\\''tidy'\\'' && ID!='\\''old files'\\'']}'";
    assert!(without.text().contains(query), "{}", without.text());
    let odd = fix.without_lifecycle(&prod.place, &["it's"], 3);
    assert_eq!(odd.steps(), [], "a person edits it");
    let all = fix.without_lifecycle(&prod.place, &["tidy"], 1);
    assert!(
        all.text().contains("delete-bucket-lifecycle"),
        "{}",
        all.text()
    );
}
