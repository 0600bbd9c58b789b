//! One suite that every store passes: what the rest of the program relies on, and nothing else.

use std::sync::Arc;

use assetsync::config::{Access, Place, Target};
use assetsync::store::{Memory, PutMode, StoreErrorKind};
use assetsync::{Object, Patience, Progress, Store, body, open};

use crate::support::Site;
use crate::support::gcs::{Server, Setup};

use crate::support::library::{block_on, built};
use crate::support::s3::Bucket;

/// Names that a careless client encodes twice, or not at all, or cuts off.
const ODD_NAMES: [&str; 10] = [
    "a b.txt",
    "question?mark=1&x.txt",
    "hash#fragment.txt",
    "per%cent%20%3F.txt",
    "plus+plus.txt",
    "ünïcödé/五/🐘.txt",
    "e\u{301}combining.txt",
    "\u{202e}txt.ylgu.txt",
    "quote'\"(brackets)[x]{y}~!*,;=:@$&.txt",
    "deep/er/and/deep/er/still.txt",
];

fn target(place: Place, endpoint: Option<&str>, access: Access) -> Target {
    let endpoint = endpoint.map(|endpoint| url::Url::parse(endpoint).expect("a URL"));
    Target {
        name: "t".into(),
        place,
        public_url: None,
        access,
        endpoint,
        region: None,
        addressing: None,
    }
}

async fn put(store: &dyn Store, object: &Object, mode: PutMode) -> Result<(), StoreErrorKind> {
    let body = body::prepare(object, 9, &Arc::new(Progress::new())).expect("the file is as it was");
    store
        .put(object, body, mode)
        .await
        .map_err(|error| error.kind)
}

/// A server that refuses may close the connection before it has read the body: then the refusal is the answer
/// to a second try, and whether the first was done is for the caller to find out.
fn assert_taken(outcome: Result<(), StoreErrorKind>) {
    let is_refusal = matches!(
        outcome,
        Err(StoreErrorKind::Exists | StoreErrorKind::OutcomeUnknown)
    );
    assert!(is_refusal, "{outcome:?}");
}

fn every_store_must_pass(store: &dyn Store) {
    let plain = "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let site = ODD_NAMES
        .iter()
        .fold(Site::new().config(plain), |site, name| {
            site.file(name, name)
        });
    let big: Vec<u8> = (0..20_000_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    let site = site
        .file("big.bin", &big)
        .file("empty.css", "")
        .file("page.html", "<p>one</p>".repeat(99));
    let build = built(&site);
    let find = |path: &str| build.find(path).expect("built").clone();
    block_on(async {
        assert!(store.list().await.expect("an empty listing").is_empty());
        assert_eq!(
            store.head(&find("page.html").key).await.expect("an answer"),
            None
        );

        for object in &build.objects {
            let sent = put(store, object, PutMode::Create).await;
            assert!(sent.is_ok(), "{}: {sent:?}", object.path);
            let stored = store
                .head(&object.key)
                .await
                .expect("an answer")
                .expect("it was put");
            assert_eq!(stored.token, Some(object.token), "{}", object.path);
            assert!(stored.token_is_known);
        }
        assert_eq!(put(store, &find("big.bin"), PutMode::Replace).await, Ok(()));
        assert_eq!(
            put(store, &find("empty.css"), PutMode::Replace).await,
            Ok(())
        );

        let listing = store.list().await.expect("a listing");
        for object in &build.objects {
            let stored = listing.get(object.key.as_str());
            let stored = stored
                .unwrap_or_else(|| panic!("`{}` isn't listed: {:?}", object.key, listing.keys()));
            if !object.try_gzip {
                assert_eq!(stored.size_bytes, object.size_bytes, "{}", object.path);
            }
            assert!(
                !stored.token_is_known || stored.token == Some(object.token),
                "{}",
                object.path
            );
        }

        assert_taken(put(store, &find("page.html"), PutMode::Create).await);
        site.write("page.html", "<p>two</p>".repeat(99));
        let changed = built(&site);
        let changed = changed.find("page.html").expect("built");
        assert_taken(put(store, changed, PutMode::Create).await);
        let kept = store
            .head(&changed.key)
            .await
            .expect("an answer")
            .expect("still there");
        assert_eq!(
            kept.token,
            Some(find("page.html").token),
            "a refused create changes nothing"
        );
        assert!(put(store, changed, PutMode::Replace).await.is_ok());
        let replaced = store
            .head(&changed.key)
            .await
            .expect("an answer")
            .expect("still there");
        assert_eq!(replaced.token, Some(changed.token));

        store.finish(&build).await.expect("finished");
        assert!(store.list().await.expect("a listing").len() >= build.objects.len());
    });
}

#[test]
fn memory() {
    every_store_must_pass(&Memory::new());
}

#[test]
fn a_directory() {
    let site = Site::bare();
    let target = target(Place::Directory(site.path("out")), None, Access::Bucket);
    every_store_must_pass(&*block_on(open(&target, Patience::default())).expect("opened"));
}

fn s3(bucket: &Bucket, prefix: &str, access: Access) {
    let place = Place::S3 {
        bucket: bucket.name.clone(),
        prefix: prefix.into(),
    };
    let target = target(place, Some(&bucket.endpoint), access);
    every_store_must_pass(&*block_on(open(&target, Patience::default())).expect("opened"));
}

#[test]
fn ceph_radosgw() {
    let bucket = Bucket::on_rgw();
    s3(&bucket, "", Access::Bucket);
}

#[test]
fn ceph_radosgw_below_a_prefix_with_acls() {
    let bucket = Bucket::on_rgw();
    s3(&bucket, "a b+c/ü/", Access::ObjectAcl);
}

#[test]
fn moto() {
    let bucket = Bucket::on_moto();
    s3(&bucket, "static/", Access::ObjectAcl);
}

#[test]
fn google_cloud_storage() {
    for (access, setup) in [
        (Access::Bucket, [Setup::Uniform].as_slice()),
        (Access::ObjectAcl, &[]),
    ] {
        let server = Server::start();
        server.bucket("hunt", setup);
        let place = Place::Gcs {
            bucket: "hunt".into(),
            prefix: "static/".into(),
        };
        let target = target(place, Some(server.url()), access);
        every_store_must_pass(&*block_on(open(&target, Patience::default())).expect("opened"));
    }
}
