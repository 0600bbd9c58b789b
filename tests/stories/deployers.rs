//! Releases on real S3 servers, by the real program, from the first push to a prune.
//!
//! moto checks no rights; radosgw ignores conditions on deletions, and wants ETags without quotes.
//! Each story says what it can't show there.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::proxy::{Fault, Proxy, Rule};
use crate::support::s3::Bucket;
use crate::support::{Run, Site, from_test_command};

const RULES: &str = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";

struct Deployed {
    site: Site,
    bucket: Bucket,
}

impl Deployed {
    fn new(bucket: Bucket) -> Deployed {
        let target = format!(
            "{RULES}[target.prod]\nurl = \"s3://{}/static\"\nendpoint = \"{}\"\naccess = \"object-acl\"\n",
            bucket.name, bucket.endpoint
        );
        let site = Site::new()
            .config(&target)
            .file("index.html", "<h1>The hunt</h1><img src=\"map.png\">")
            .file("map.png", "a map")
            .file("app.css", "body{margin:0}".repeat(40));
        Deployed { site, bucket }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.bucket.run(&self.site, arguments)
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
        run.stdout
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).expect("JSON")
    }

    fn page(&self) -> String {
        self.bucket.anonymous("/static/index.html").text()
    }
}

fn from_the_first_push_to_a_prune(bucket: Bucket) {
    let deployed = Deployed::new(bucket);
    let first = deployed.json(&["push", "--json"]);
    let first = first["release"]["id"].as_str().expect("an id").to_string();
    let page = deployed.page();
    assert!(page.contains(".png"), "{page}");

    let again = deployed.json(&["push", "--json"]);
    assert_eq!(
        (&again["is_new_release"], &again["requests"]),
        (&json!(false), &json!(3)),
        "the root and the manifest are read, one object is looked at, and that is all"
    );

    deployed.site.write("map.png", "a better map");
    let second = deployed.json(&["push", "--json"]);
    assert_eq!(
        second["release"]["changes"],
        json!({"added": 0, "changed": 2, "removed": 0})
    );
    assert_ne!(deployed.page(), page, "the page shows the new map");

    let releases = deployed.json(&["releases", "--json"]);
    assert_eq!(releases["releases"].as_array().map(Vec::len), Some(2));
    deployed.ok(&["rollback"]);
    assert_eq!(deployed.page(), page);
    assert_eq!(
        deployed.json(&["releases", "--json"])["current"],
        json!(first)
    );
    deployed.ok(&["rollback", second["release"]["id"].as_str().expect("an id")]);

    deployed.ok(&["live", "on", "--message", "the hunt is on"]);
    assert_eq!(
        deployed
            .run(&["prune", "--keep", "1", "--keep-days", "0", "--yes"])
            .code,
        3
    );
    deployed.site.write("index.html", "<h1>Erratum</h1>");
    let refused = deployed.run(&["push"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("the hunt is on"), "{refused}");
    deployed
        .site
        .write("app.css", "body{margin:1px}".repeat(40));
    deployed.ok(&["push", "--overwrite-live", "index.html"]);
    assert_eq!(deployed.page(), "<h1>Erratum</h1>");
    deployed.ok(&["live", "off"]);

    let before = deployed.bucket.keys();
    deployed.ok(&["prune", "--keep", "1", "--keep-days", "0", "--yes"]);
    let after = deployed.bucket.keys();
    let sizes = (before.len(), after.len());
    assert_eq!(sizes, (5, 3), "the first map and the first style are gone");
    deployed.ok(&["push", "--verify", "full"]);
    deployed.ok(&["resolve"]);
}

/// A late deletion by a prune spares an object that was published again.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn late_delete_spares_republished_object() {
    let bucket = Bucket::on_rgw();
    let site = Arc::new(Site::bare().file("app.css", "body{color:red}"));
    let push = |site: &Site, color: &str| {
        site.write("app.css", format!("body{{color:{color}}}"));
        bucket.push(site, &bucket.url());
    };
    push(&site, "red");
    let red = bucket.keys();
    push(&site, "blue");
    // While the deletion of the red style is on its way, Ben finishes the prune and publishes red
    // again. Then it's lost.
    let at = |endpoint: &str| Bucket {
        endpoint: endpoint.to_string(),
        name: bucket.name.clone(),
        is_exposed: bucket.is_exposed,
    };
    let (ben, bens) = (Arc::clone(&site), at(&bucket.endpoint));
    let meanwhile = Box::new(move || {
        let (bucket, url) = (&bens, bens.url());
        let resolve = bucket.typed(&["resolve"], &url);
        assert_eq!(bucket.run(&ben, &resolve).code, 0);
        ben.write("app.css", "body{color:red}");
        bucket.push(&ben, &url);
    });
    let lost = Rule::new("DELETE", &red[0], Fault::DoThenClose(meanwhile));
    let proxy = Proxy::before(&bucket.endpoint, [lost]);
    let anns = at(&proxy.url());
    let url = bucket.url();
    let prune = ["prune", "--keep", "1", "--keep-days", "0", "--yes"];
    let run = anns.run(&site, &anns.typed(&prune, &url));
    proxy.assert_all_happened();
    assert_eq!(run.code, 0, "{run}");
    assert!(bucket.keys().contains(&red[0]), "{run}");
}

/// A prune deletes nothing that another configuration publishes among the releases.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn prune_spares_other_configurations_objects() {
    let (bucket, private) = (Bucket::on_rgw(), Bucket::on_rgw());
    let target = |url: &str, state: &str| {
        let endpoint = &bucket.endpoint;
        format!(
            "[target.prod]\nurl = \"s3://{url}\"\nstate = \"s3://{state}\"\nendpoint = \"{endpoint}\"\naccess = \"object-acl\"\n"
        )
    };
    let elsewhere = Bucket::on_rgw();
    let site = Site::new()
        .config(&target(&elsewhere.name, &bucket.name))
        .file("map.png", "a map");
    let top = std::fs::read_to_string(site.path("assetsync.toml")).expect("there");
    let (top, _) = top.split_once("[target").expect("a target");
    let among = target(&format!("{}/static", bucket.name), &private.name);
    std::fs::write(site.path("theirs.toml"), format!("{top}{among}")).expect("written");
    let deployed = Deployed { site, bucket };
    deployed.ok(&["push"]);
    deployed.ok(&["push", "-c", "theirs.toml"]);
    deployed.site.write("map.png", "a better map");
    deployed.ok(&["push"]);
    let theirs = || -> Vec<String> {
        let keys = deployed.bucket.keys();
        keys.into_iter()
            .filter(|key| key.starts_with("static/"))
            .collect()
    };
    let before = theirs();
    assert_eq!(before.len(), 1);
    deployed.ok(&["prune", "--keep", "1", "--keep-days", "0", "--yes"]);
    assert_eq!(theirs(), before);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn on_radosgw() {
    from_the_first_push_to_a_prune(Bucket::on_rgw());
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn on_moto() {
    from_the_first_push_to_a_prune(Bucket::on_moto());
}

/// Strangers can neither list nor read the documents of a release.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn strangers_cannot_list_or_read_releases() {
    let deployed = Deployed::new(Bucket::on_rgw());
    deployed.ok(&["push"]);
    assert_eq!(deployed.bucket.anonymous("").status, 403);
    let keys = deployed.bucket.all_keys();
    let private: Vec<&String> = keys
        .iter()
        .filter(|key| key.contains(".assetsync/"))
        .collect();
    assert!(private.len() >= 4, "{private:?}");
    for key in private {
        assert_eq!(
            deployed.bucket.anonymous(&format!("/{key}")).status,
            403,
            "{key}"
        );
    }
}

/// The example's policies, for buckets of these names and radosgw's second user.
pub fn policy(file: &str, bucket: &str) -> String {
    let file = format!("{}/examples/policies/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).expect("an example");
    text.replace("hunt-assets", bucket)
        .replace("hunt-releases", bucket)
        .replace(
            "arn:aws:iam::123456789012:user/deployer",
            "arn:aws:iam:::user/stranger",
        )
}

/// radosgw doesn't know the condition that keeps the deployer from writing over objects, so that
/// what the test shows of it is that nothing was: the versions of all objects stay.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn create_read_rights_suffice_without_prune() {
    let (assets, releases) = (Bucket::on_rgw(), Bucket::on_rgw());
    for (bucket, file) in [(&assets, "s3-assets.json"), (&releases, "s3-releases.json")] {
        let mut policy: Value = serde_json::from_str(&policy(file, &bucket.name)).expect("JSON");
        let statements = policy["Statement"].as_array_mut().expect("a list");
        statements.retain(|statement| statement["Effect"] == "Allow");
        let answer = bucket.signed("PUT", "?policy", policy.to_string().as_bytes());
        assert!(answer.status < 300, "{}", answer.text());
    }
    let target = format!(
        "[target.prod]\nurl = \"s3://{}/static\"\nstate = \"s3://{}/prod\"\nendpoint = \"{}\"\n",
        assets.name, releases.name, assets.endpoint
    );
    let site = Site::new()
        .config(&target)
        .file("map.png", "a map")
        .file("app.css", "body{}");
    let run = |arguments: &[&str]| {
        let mut command = site.command(arguments);
        command
            .env(
                "AWS_ACCESS_KEY_ID",
                from_test_command("ASSETSYNC_TEST_STRANGER_ACCESS_KEY"),
            )
            .env(
                "AWS_SECRET_ACCESS_KEY",
                from_test_command("ASSETSYNC_TEST_STRANGER_SECRET_KEY"),
            );
        Run::of(&mut command, &site.path(""))
    };
    let ok = |arguments: &[&str]| {
        let run = run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
    };
    ok(&["push"]);
    let first = assets.keys();
    site.write("map.png", "a better map");
    ok(&["diff"]);
    ok(&["push"]);
    ok(&["rollback"]);
    ok(&["live", "on"]);
    site.write("map.png", "the best map");
    ok(&["push"]);
    ok(&["live", "off"]);
    ok(&["releases"]);
    ok(&["manifest", "--live"]);
    ok(&["resolve"]);
    let refused = run(&["prune", "--keep", "1", "--keep-days", "0", "--yes"]);
    assert_eq!(refused.code, 1, "{refused}");
    assert!(refused.stderr.contains("s3:DeleteObject"), "{refused}");
    ok(&["push"]);
    let keys = assets.keys();
    assert!(first.iter().all(|key| keys.contains(key)));
    assert_eq!(keys.len(), 4, "{keys:?}");
    let delete = assets.signed("DELETE", &format!("/{}", keys[0]), b"");
    assert_eq!(delete.status, 204, "its owner may");
}
