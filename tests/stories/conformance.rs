//! One suite that every store passes: what the rest of the program relies on, and nothing else.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::support::memory::Memory;
use assetsync::cors::Cloud;
use assetsync::testing::config::{Access, Place, Target};
use assetsync::testing::store::{PutMode, StoreError, StoreErrorKind, Stored, Version};
use assetsync::testing::{Object, Progress, Store, Timeouts, open, prepare};

use crate::support::gcs::{Server, Setup};
use crate::support::{Site, s3_server};

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
        access,
        endpoint,
        ..Target::at("t", place)
    }
}

async fn put(store: &dyn Store, object: &Object, mode: &PutMode) -> Result<Stored, StoreError> {
    let body =
        prepare::prepare(object, 9, &Arc::new(Progress::new())).expect("the file is as it was");
    store.put(&object.upload(), body, mode).await
}

async fn head(store: &dyn Store, object: &Object) -> Stored {
    let stored = store.head(&object.key).await.expect("an answer");
    stored.expect("it was put")
}

/// What a server can't do, so that nobody relies on it.
#[derive(Debug, Clone, Copy, Default)]
struct Lacks {
    /// A `DELETE` minds no condition.
    conditional_delete: bool,
    /// The end of an upload in parts minds no `If-Match`.
    conditional_parts: bool,
}

const NOTHING: Lacks = Lacks {
    conditional_delete: false,
    conditional_parts: false,
};

/// A server that refuses may close the connection before it has read the body: then the refusal is
/// the answer to a second try, and whether the first was done is for the caller to find out.
fn assert_taken<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    let kind = outcome.as_ref().err().map(|error| error.kind);
    let is_refusal = matches!(
        kind,
        Some(StoreErrorKind::Precondition | StoreErrorKind::OutcomeUnknown)
    );
    assert!(is_refusal, "{outcome:?}");
}

fn every_store_must_pass(store: &dyn Store, lacks: Lacks) {
    objects_are_kept(store, lacks);
    documents_are_kept(store, lacks);
    what_is_below_is_apart(store);
    let now = store.now().expect("it has answered");
    let off = now.duration_since(SystemTime::now());
    let off = off.unwrap_or_else(|behind| behind.duration());
    assert!(off < Duration::from_secs(60), "{off:?}");
}

fn objects_are_kept(store: &dyn Store, lacks: Lacks) {
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
        let page = find("page.html");
        assert_eq!(store.head(&page.key).await.expect("an answer"), None);
        let gone = PutMode::Over(Version("1234567890".into()));
        assert_taken(put(store, &page, &gone).await);

        for object in &build.objects {
            let sent = put(store, object, &PutMode::Create).await;
            let sent = sent.unwrap_or_else(|error| panic!("{}: {error}", object.path));
            let stored = head(store, object).await;
            assert_eq!(stored.token, Some(object.token), "{}", object.path);
            assert!(stored.token_is_known);
            assert_same(&sent, &stored, object);
        }
        for path in ["big.bin", "empty.css"] {
            let object = find(path);
            let there = head(store, &object).await;
            let over = PutMode::Over(there.version.clone());
            let sent = put(store, &object, &over).await;
            let sent = sent.unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_same(&sent, &head(store, &object).await, &object);
            assert_eq!(sent.fingerprint, there.fingerprint, "the same bytes");
        }

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
            assert_same(stored, &head(store, object).await, object);
            assert!(stored.modified.is_some(), "{}", object.path);
        }

        let first = head(store, &page).await;
        assert_taken(put(store, &page, &PutMode::Create).await);
        site.write("page.html", "<p>two</p>".repeat(99));
        let changed = built(&site);
        let changed = changed.find("page.html").expect("built");
        assert_taken(put(store, changed, &PutMode::Create).await);
        let kept = head(store, changed).await;
        assert_eq!(kept, first, "a refused create changes nothing");
        let over = PutMode::Over(kept.version.clone());
        let replaced = put(store, changed, &over)
            .await
            .expect("its version is right");
        assert_ne!(replaced.version, kept.version);
        let there = head(store, changed).await;
        assert_eq!(there.token, Some(changed.token));
        assert_same(&replaced, &there, changed);

        site.write("page.html", "<p>one</p>".repeat(99));
        assert_taken(put(store, &page, &over).await);
        assert_eq!(
            head(store, changed).await,
            there,
            "nor does a stale version"
        );
        site.write("big.bin", big.repeat(2));
        let bigger = built(&site);
        let bigger = bigger.find("big.bin").expect("built");
        let outcome = put(store, bigger, &over).await;
        if lacks.conditional_parts {
            assert!(outcome.is_ok(), "it has learned it: {outcome:?}")
        } else {
            assert_taken(outcome)
        }

        store
            .finish(build.published().map(Object::upload).collect())
            .await
            .expect("finished");
        assert!(store.list().await.expect("a listing").len() >= build.objects.len());
        delete(store, page.key.as_str(), &there.version, lacks).await;
    });
}

/// What a listing, a look and a put's answer tell of one object is the same.
fn assert_same(one: &Stored, other: &Stored, object: &Object) {
    assert_eq!(one.version, other.version, "{}", object.path);
    assert_eq!(one.fingerprint, other.fingerprint, "{}", object.path);
    assert_eq!(one.size_bytes, other.size_bytes, "{}", object.path);
    assert!(!one.version.0.is_empty(), "{}", object.path);
}

/// Deletes what is there in `version`, but not by another one, and twice.
async fn delete(store: &dyn Store, key: &str, version: &Version, lacks: Lacks) {
    let is_there = async || {
        let listing = store.list().await.expect("a listing");
        listing.contains_key(key)
    };
    assert!(is_there().await, "{key}");
    if !lacks.conditional_delete {
        let stale = stale(version);
        assert_taken(store.delete(key, &stale).await);
        assert!(is_there().await, "{key} is of another version");
    }
    for _ in 0..2 {
        let deleted = store.delete(key, version).await;
        assert!(deleted.is_ok(), "{key}: {deleted:?}");
        assert!(!is_there().await, "{key}");
    }
}

/// Another version of the same form.
fn stale(version: &Version) -> Version {
    let turn = |c: char| match c {
        '0'..='8' => char::from(c as u8 + 1),
        '9' => '1',
        c => c,
    };
    Version(version.0.chars().map(turn).collect())
}

fn documents_are_kept(store: &dyn Store, lacks: Lacks) {
    block_on(async {
        for key in ["documents/root.json", "documents/deep/er/a b+c?ü.bin"] {
            let read = async || store.read(key).await.expect("an answer");
            assert_eq!(read().await, None, "{key}");
            assert!(
                store.delete(key, &Version("1".into())).await.is_ok(),
                "{key}"
            );

            let one = Bytes::from_static(b"{\"one\": \"<Error><Code>NoSuchKey</Code></Error>\"}");
            let first = store.write(key, one.clone(), &PutMode::Create).await;
            let first = first.expect("the name is free");
            assert_eq!(read().await, Some((one.clone(), first.clone())), "{key}");
            let two = Bytes::from(vec![b'2'; 100_000]);
            assert_taken(store.write(key, two.clone(), &PutMode::Create).await);
            assert_eq!(read().await, Some((one.clone(), first.clone())), "{key}");
            let stale = PutMode::Over(stale(&first));
            assert_taken(store.write(key, two.clone(), &stale).await);
            assert_eq!(read().await, Some((one, first.clone())), "{key}");

            let over = PutMode::Over(first.clone());
            let second = store.write(key, two.clone(), &over).await;
            let second = second.expect("the version is right");
            assert_ne!(second, first, "{key}");
            assert_eq!(read().await, Some((two.clone(), second.clone())), "{key}");
            assert_taken(store.write(key, Bytes::from_static(b"3"), &over).await);
            assert_eq!(read().await, Some((two, second.clone())), "{key}");

            if !lacks.conditional_delete {
                assert_taken(store.delete(key, &first).await);
            }
            delete(store, key, &second, lacks).await;
            assert_eq!(read().await, None, "{key}");
            assert_taken(store.write(key, Bytes::new(), &PutMode::Over(second)).await);
            assert_eq!(read().await, None, "{key}");
        }
        let of_many = (0..8).map(|n| {
            let bytes = Bytes::from(format!("writer {n}"));
            async move {
                store
                    .write("documents/one", bytes, &PutMode::Create)
                    .await
                    .is_ok()
            }
        });
        let won = futures_util::future::join_all(of_many).await;
        let won = won.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "of several at once, one wins");
    });
}

fn what_is_below_is_apart(store: &dyn Store) {
    block_on(async {
        let (below, beside) = (store.below("below/"), store.below("belowground/"));
        let deeper = below.below("deep er/");
        for (store, words) in [(&below, "below"), (&beside, "beside"), (&deeper, "deeper")] {
            let written = store.write("x.json", words.into(), &PutMode::Create).await;
            assert!(written.is_ok(), "{words}: {written:?}");
        }
        for (store, words) in [(&below, "below"), (&beside, "beside"), (&deeper, "deeper")] {
            let (bytes, _) = store.read("x.json").await.expect("an answer").expect(words);
            assert_eq!(bytes, words);
        }
        let keys = async |store: &dyn Store| {
            let mut keys: Vec<String> = store.list().await.expect("listed").into_keys().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&*below).await, ["deep er/x.json", "x.json"]);
        assert_eq!(keys(&*beside).await, ["x.json"]);
        assert_eq!(keys(&*deeper).await, ["x.json"]);
        let all = keys(store).await;
        assert!(all.contains(&"below/deep er/x.json".to_string()), "{all:?}");
        let read = store.read("below/x.json").await.expect("an answer");
        assert_eq!(read.expect("the same object").0, "below");
    });
}

#[test]
fn memory() {
    let memory = Memory::new();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    memory.set_clock(now.expect("after 1970"));
    every_store_must_pass(&memory, NOTHING);
}

#[test]
fn a_directory() {
    let site = Site::bare();
    let target = target(Place::Directory(site.path("out")), None, Access::Bucket);
    let store = block_on(open(&target, Timeouts::default())).expect("opened");
    every_store_must_pass(&*store, NOTHING);
}

fn s3(bucket: &Bucket, prefix: &str, access: Access, lacks: Lacks) -> Arc<dyn Store> {
    let place = Place::in_cloud(Cloud::S3, &bucket.name, prefix);
    let target = target(place, Some(&bucket.endpoint), access);
    let store = block_on(open(&target, Timeouts::default())).expect("opened");
    every_store_must_pass(&*store, lacks);
    store
}

/// It knows conditions on a `PUT` only.
const RADOSGW: Lacks = Lacks {
    conditional_delete: true,
    conditional_parts: true,
};

/// It knows them on a `DELETE` too.
const MOTO: Lacks = Lacks {
    conditional_delete: false,
    conditional_parts: true,
};

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn ceph_radosgw() {
    let bucket = Bucket::on_rgw();
    s3(&bucket, "", Access::Bucket, RADOSGW);
}

/// A store below a prefix with object ACLs conforms on Ceph radosgw.
#[test]
#[ignore = "of the long part"]
fn ceph_radosgw_below_prefix_with_acls() {
    let bucket = Bucket::on_rgw();
    let store = s3(&bucket, "a b+c/ü/", Access::ObjectAcl, RADOSGW);
    let document = Bytes::from_static(b"{}");
    let written = store.write("secret.json", document, &PutMode::Create);
    block_on(written).expect("the name is free");
    let path = "/a%20b%2Bc/%C3%BC";
    assert_eq!(bucket.anonymous(&format!("{path}/empty.css")).status, 200);
    assert_eq!(bucket.anonymous(&format!("{path}/secret.json")).status, 403);
    let headers = bucket.signed("HEAD", &format!("{path}/secret.json"), b"");
    assert_eq!(headers.header("cache-control"), Some("private, no-store"));
    assert_eq!(headers.header("content-type"), Some("application/json"));
}

#[test]
#[ignore = "of the long part"]
fn moto() {
    let bucket = Bucket::on_moto();
    s3(&bucket, "static/", Access::ObjectAcl, MOTO);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn google_cloud_storage() {
    for (access, setup) in [
        (Access::Bucket, [Setup::Uniform].as_slice()),
        (Access::ObjectAcl, &[]),
    ] {
        let server = Server::start();
        server.bucket("hunt", setup);
        let place = Place::in_cloud(Cloud::Gcs, "hunt", "static/");
        let target = target(place, Some(server.url()), access);
        let store = block_on(open(&target, Timeouts::default())).expect("opened");
        every_store_must_pass(&*store, NOTHING);
    }
}

#[test]
#[ignore = "of the long part"]
fn a_strict_s3() {
    for (access, setup) in [
        (Access::Bucket, [s3_server::Setup::NoAcls].as_slice()),
        (Access::ObjectAcl, &[]),
    ] {
        let server = s3_server::Server::start();
        server.bucket("hunt", setup);
        let place = Place::in_cloud(Cloud::S3, "hunt", "a b+c/ü/");
        let target = target(place, Some(server.url()), access);
        let store = block_on(open(&target, Timeouts::default())).expect("opened");
        every_store_must_pass(&*store, NOTHING);
        assert!(server.uploads("hunt").is_empty());
    }
}
