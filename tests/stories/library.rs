//! The library as others use it: by what is public alone, with the guards of the command line.

use std::error::Error as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use assetsync::{Allowed, Config, Error, ErrorKind, Guard, Plan, Release, Site, StoreErrorKind};
use tokio_util::sync::CancellationToken;

use crate::support::library::block_on;
use crate::support::memory::Memory;
use crate::support::s3::Bucket;
use crate::support::{self, KEY};

const CONFIG: &str = r#"
[[rule]]
match = "**/*.html"
names = "plain"

[[level]]
name = "solution"
match = "**/solution/**"

[target.staging]
url = "file:staging"

[target.prod]
url = "file:out"
"#;

/// A hunt with a page that keeps its name, a picture that doesn't, and a solution.
fn hunt() -> support::Site {
    support::Site::bare()
        .config(CONFIG)
        .file("index.html", "<img src=map.png>")
        .file("map.png", "a map")
        .file("solution/answer.png", "GULLS")
}

fn config(hunt: &support::Site) -> Config {
    Config::load(file(hunt)).expect("valid")
}

fn file(hunt: &support::Site) -> PathBuf {
    hunt.path("assetsync.toml")
}

async fn open(hunt: &support::Site) -> Site {
    Site::open(config(hunt), "prod").await.expect("opened")
}

async fn push(site: &Site) -> Result<Release, Error> {
    site.push(site.plan().await?).await
}

#[track_caller]
fn assert_refused(outcome: Result<Release, Error>, guard: Guard, words: &str) {
    let error = outcome.expect_err("it's refused");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert_eq!(error.guards(), [guard], "{error:?}");
    let told = format!("{error} {}", error.hint().unwrap_or_default());
    assert!(told.contains(words), "{told}");
}

/// A plan is published, found in the manifest and rolled back.
#[test]
fn plan_is_published_and_rolled_back() {
    let hunt = hunt();
    block_on(async {
        let site = open(&hunt).await;
        assert!(
            site.manifest().await.expect("read").is_none(),
            "no release yet"
        );
        let plan = site.plan().await.expect("planned");
        let shown = plan.to_string();
        assert!(
            shown.contains("upload    map.png (missing, 5 B, level open)"),
            "{shown}"
        );
        assert!(!shown.contains('\u{1b}'), "no colours: {shown:?}");
        let first = site.push(plan).await.expect("published");

        let manifest = site.manifest().await.expect("read").expect("a release");
        let map = manifest.find("map.png").expect("it's published");
        assert_eq!(hunt.published("out")[&map.key], b"a map");
        assert!(site.plan().await.expect("planned").is_empty());

        hunt.write("index.html", "<h1>It's over</h1>");
        let second = push(&site).await.expect("published");
        assert_ne!(second.id, first.id);
        assert_eq!(hunt.published("out")["index.html"], b"<h1>It's over</h1>");
        let back = site.rollback(None).await.expect("rolled back");
        assert_eq!(back.id, first.id);
        assert!(hunt.published("out")["index.html"].starts_with(b"<img"));
    });
}

/// The program and the library go one way: what one has published, the other finds in place.
#[test]
fn program_finds_library_release() {
    let hunt = hunt();
    block_on(async { push(&open(&hunt).await).await.expect("published") });
    let run = hunt.run(&["diff", "--check", "prod"]);
    assert_eq!(run.code, 0, "{run}");
}

/// A live page is overwritten only if its path is allowed.
#[test]
fn live_page_is_not_overwritten() {
    let hunt = hunt();
    block_on(async { push(&open(&hunt).await).await.expect("published") });
    hunt.ok(&["live", "on", "prod"]);
    hunt.write("index.html", "<h1>Oops</h1>");
    block_on(async {
        let site = open(&hunt).await;
        let plan = site.plan().await.expect("planned");
        assert_eq!(plan.refusals().len(), 1);
        assert!(
            plan.to_string().contains("A push would be refused"),
            "{plan}"
        );
        assert_refused(site.push(plan).await, Guard::Live, "live");
        assert!(hunt.published("out")["index.html"].starts_with(b"<img"));

        let mut allowed = Allowed::default();
        allowed.overwrite_live.insert("index.html".to_string());
        push(&site.allow(allowed))
            .await
            .expect("it was said to be meant");
    });
    assert_eq!(hunt.published("out")["index.html"], b"<h1>Oops</h1>");
}

/// Files that are gone and another key are refused.
#[test]
fn shrinking_and_another_key_are_refused() {
    let hunt = hunt();
    block_on(async { push(&open(&hunt).await).await.expect("published") });
    let page = hunt.asset("index.html");
    fs::remove_file(&page).expect("removed");
    fs::remove_file(hunt.asset("map.png")).expect("removed");
    block_on(async {
        let plan = open(&hunt).await.plan().await.expect("planned");
        let mut allowed = Allowed::default();
        allowed.shrink = true;
        let late = open(&hunt).await.allow(allowed);
        // A yes is about the plans that are made after it.
        assert_refused(late.push(plan).await, Guard::Shrunk, "--allow-shrink");
    });

    hunt.write("index.html", "<img src=map.png>");
    hunt.write("map.png", "a map");
    let other = format!("{KEY}, and some more");
    fs::write(hunt.path("hunt.key"), other).expect("written");
    block_on(async {
        let error = Site::open(config(&hunt), "prod").await;
        let outcome = match error {
            Ok(site) => push(&site).await,
            Err(error) => Err(error),
        };
        assert_refused(outcome, Guard::Key, "--rotate-key");
    });
}

/// A program learns which guards refuse a push, before and after it, without reading a message.
#[test]
fn refused_push_tells_its_guards() {
    let hunt = hunt();
    block_on(async { push(&open(&hunt).await).await.expect("published") });
    hunt.ok(&["live", "on", "prod"]);
    fs::remove_file(hunt.asset("map.png")).expect("removed");
    hunt.write("index.html", "<h1>No map</h1>");
    block_on(async {
        let site = open(&hunt).await;
        let plan = site.plan().await.expect("planned");
        let refusals = plan.refusals();
        let guards: Vec<Guard> = refusals.iter().map(|refused| refused.guard).collect();
        assert_eq!(guards, [Guard::Shrunk, Guard::Live]);
        let error = site.push(plan).await.expect_err("it's refused");
        assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
        assert_eq!(error.guards(), guards);
    });
}

/// A site that cannot be opened says what to do.
#[test]
fn failed_open_says_what_to_do() {
    let hunt = hunt();
    block_on(async {
        let error = Site::open(config(&hunt), "prode")
            .await
            .expect_err("no such target");
        assert_eq!(error.exit_code(), 2);
        assert_eq!(error.hint().as_deref(), Some("did you mean `prod`?"));
        fs::write(
            hunt.path("hunt.key"),
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        )
        .expect("written");
        let error = Site::open(config(&hunt), "prod")
            .await
            .expect_err("a weak key");
        assert_eq!(error.guards(), [Guard::WeakKey], "{error:?}");
    });
    let error = Config::load(hunt.path("elsewhere.toml")).expect_err("no such file");
    assert!(error.to_string().contains("elsewhere.toml"), "{error}");
}

/// Objects that fail are reported and no release is made.
#[test]
fn failed_objects_prevent_the_switch() {
    let hunt = hunt();
    block_on(async {
        let site = open(&hunt).await;
        let memory = Memory::new();
        let site = site.in_store(Arc::new(memory.clone()));
        memory.fail_next_put(StoreErrorKind::Denied);
        let error = push(&site).await.expect_err("an object failed");
        let Error::Incomplete { failures, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(failures[0].error.kind, StoreErrorKind::Denied);
        assert_eq!(error.kind(), ErrorKind::Incomplete);
        assert!(error.guards().is_empty());
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().contains(&failures[0].path), "{error}");
        assert!(site.manifest().await.expect("read").is_none(), "no release");
        push(&site).await.expect("the next one goes on");
    });
}

#[test]
fn a_token_stops_the_work() {
    let hunt = hunt();
    block_on(async {
        let token = CancellationToken::new();
        let site = open(&hunt).await.stopped_by(token.clone());
        let plan = site.plan().await.expect("planned");
        token.cancel();
        assert!(matches!(site.plan().await, Err(Error::Interrupted)));
        assert!(matches!(site.push(plan).await, Err(Error::Interrupted)));
    });
    assert!(!hunt.path("out").exists(), "nothing was published");
}

/// Whoever mixes up two sites publishes where the plan was made for, and nowhere else.
#[test]
fn plan_publishes_only_to_its_target() {
    let hunt = hunt();
    block_on(async {
        let staging = Site::open(config(&hunt), "staging").await.expect("opened");
        let plan: Plan = staging.plan().await.expect("planned");
        open(&hunt).await.push(plan).await.expect("published");
    });
    assert!(hunt.published("staging").contains_key("index.html"));
    assert!(!hunt.path("out").exists());
}

#[test]
fn one_thread_is_enough() {
    let hunt = hunt();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let site = open(&hunt).await;
        push(&site).await.expect("published");
        hunt.write("solution/answer.png", "TERNS");
        push(&site)
            .await
            .expect("former addresses were searched for");
    });
}

/// A bucket that strangers can list is refused unless it is allowed.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn listable_bucket_is_refused() {
    let bucket = Bucket::on_rgw();
    let listable = [("x-amz-acl", "public-read")];
    assert_eq!(
        bucket.signed_with("PUT", "?acl=", b"", &listable).status,
        200
    );
    let hunt = support::Site::bare().file("map.png", "a map");
    let hunt = hunt.config(&format!(
        "[target.prod]\nurl = \"{}\"\nendpoint = \"{}\"\n",
        bucket.url(),
        bucket.endpoint
    ));
    block_on(async {
        let outcome = push(&open(&hunt).await).await;
        assert_refused(outcome, Guard::Exposed, "strangers can list");
        let mut allowed = Allowed::default();
        allowed.exposed = true;
        let site = open(&hunt).await.allow(allowed);
        push(&site).await.expect("it was said to be meant");
    });
}

/// Programs decide by what was answered, and show what was behind it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn failure_carries_answer_or_cause() {
    let bucket = Bucket::on_rgw();
    let opened = |name: &str, endpoint: &str| {
        let hunt = support::Site::bare().file("map.png", "a map");
        let hunt = hunt.raw_config(&format!(
            "key_file = \"hunt.key\"\nretry_seconds = 1\n[[source]]\ndir = \"assets\"\n\
             [target.prod]\nurl = \"s3://{name}\"\nendpoint = \"{endpoint}\"\n"
        ));
        let opened = block_on(Site::open(config(&hunt), "prod"));
        match opened.expect_err("it can't be") {
            Error::Store(error) => error,
            other => panic!("{other:?}"),
        }
    };
    let unknown = opened("nobody-made-this-one", &bucket.endpoint);
    let answer = unknown.answer.as_ref().expect("it was answered");
    assert_eq!((answer.status, &*answer.code), (404, "NoSuchBucket"));
    assert!(unknown.source().is_none());

    let silent = opened(&bucket.name, "http://127.0.0.1:1");
    assert_eq!(silent.answer, None);
    let mut cause = silent.source().expect("the error of the connection");
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let refused = cause
        .downcast_ref::<std::io::Error>()
        .expect("of the system");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}
