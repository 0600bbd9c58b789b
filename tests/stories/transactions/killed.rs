//! The real program, killed at every request: before the storage gets it, and after it has
//! answered.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Instant;

use assetsync::testing::Build;
use assetsync::testing::release::manifest::Manifest;
use assetsync::testing::release::root::{self, Plain, ReleaseId};

use super::history::{BUCKET, History, PREFIX, Snapshot, Thing, gunzipped, root_name};
use super::place::{Kind, Server};
use super::scenarios::{after, before, needed, unlike, unneeded, with_timeouts};
use crate::support::library::{Deployer, block_on, built, open_bucket};
use crate::support::proxy::{Fault, Proxy, Rule};
use crate::support::s3::Bucket;
use crate::support::{Run, Site};

const CASES_AT_A_TIME: usize = 4;

/// A bucket, wherever it is.
pub enum Shelf<'a> {
    Strict(&'a Server),
    Rgw(&'a Bucket),
}

impl Shelf<'_> {
    fn kind(&self) -> Kind {
        match self {
            Shelf::Strict(server) => server.kind(),
            Shelf::Rgw(_) => Kind::S3,
        }
    }

    fn endpoint(&self) -> String {
        match self {
            Shelf::Strict(server) => server.url(),
            Shelf::Rgw(bucket) => bucket.endpoint.clone(),
        }
    }

    fn bucket(&self) -> &str {
        match self {
            Shelf::Strict(_) => BUCKET,
            Shelf::Rgw(bucket) => &bucket.name,
        }
    }

    fn snapshot(&self) -> Snapshot {
        let bucket = match self {
            Shelf::Strict(server) => return server.snapshot(),
            Shelf::Rgw(bucket) => bucket,
        };
        let thing = |key: String| {
            let answer = bucket.signed("GET", &format!("/{key}"), b"");
            assert_eq!(answer.status, 200, "{key}: {}", answer.text());
            let text = |name| answer.header(name).map(str::to_string);
            let token = text("x-amz-meta-assetsync").map(|token| ("assetsync".to_string(), token));
            let thing = Thing {
                content_type: text("content-type").unwrap_or_default(),
                cache_control: text("cache-control"),
                encoding: text("content-encoding"),
                metadata: token.into_iter().collect(),
                bytes: answer.body,
            };
            (key, thing)
        };
        bucket.all_keys().into_iter().map(thing).collect()
    }

    /// The program, with what opens the bucket.
    pub fn command(&self, site: &Site, arguments: &[&str]) -> Command {
        let mut command = site.command(arguments);
        command
            .env("AWS_ACCESS_KEY_ID", "tester")
            .env("AWS_SECRET_ACCESS_KEY", "testsecret")
            .env("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token-for-the-test-server");
        command
    }

    async fn deployer(&self) -> Deployer {
        let place = self.kind().place(self.bucket());
        let store = open_bucket(place, &self.endpoint(), with_timeouts()).await;
        Deployer::new("before", &store)
    }
}

/// Writes a configuration that publishes to `shelf` by way of `endpoint`; returns its name.
pub fn configure(site: &Site, name: &str, shelf: &Shelf<'_>, endpoint: &str) -> String {
    let scheme = match shelf.kind() {
        Kind::S3 => "s3",
        Kind::Gcs => "gs",
    };
    let text = format!(
        "key_file = \"hunt.key\"\nrequests = 1\n\n[[source]]\ndir = \"assets\"\n\n\
         [[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n\n\
         [target.t]\nurl = \"{scheme}://{}/{PREFIX}\"\nendpoint = \"{endpoint}\"\naccess = \"bucket\"\n",
        shelf.bucket()
    );
    std::fs::write(site.path(name), text).expect("written");
    name.to_string()
}

/// Sends a signal to one process.
pub fn send(signal: &str, process: u32) {
    let kill = Command::new("kill")
        .args(["-s", signal, &process.to_string()])
        .status();
    assert!(kill.expect("kill runs").success());
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Storage {
    Strict(Kind),
    Rgw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    FirstPush,
    Push,
    Rollback,
}

#[derive(Clone, Copy, Debug)]
enum When {
    BeforeTheServerGetsIt,
    AfterTheServerAnswered,
}

/// When to kill: at request `number`; none to let it end.
type Kill = Option<(usize, When)>;

/// The site before, the site after, and what each is when it's published.
struct Sources {
    old: Site,
    new: Site,
    first: Build,
    second: Build,
}

impl Sources {
    fn make() -> Sources {
        let (old, new) = (before(), after());
        let (first, second) = (built(&old), built(&new));
        Sources {
            old,
            new,
            first,
            second,
        }
    }

    fn site(&self, job: Job) -> &Site {
        match job {
            Job::FirstPush | Job::Rollback => &self.old,
            Job::Push => &self.new,
        }
    }

    /// What is published in the end.
    fn wanted(&self, job: Job) -> &Build {
        match job {
            Job::FirstPush | Job::Rollback => &self.first,
            Job::Push => &self.second,
        }
    }
}

/// Runs `job` and kills it; returns how many requests it sent. All must come to a good end.
fn run(sources: &Sources, storage: Storage, job: Job, kill: Kill) -> usize {
    match storage {
        Storage::Strict(kind) => {
            let server = Server::start(kind, &Snapshot::new());
            let sent = run_on(sources, &Shelf::Strict(&server), job, kill);
            let wrong = &server.history().wrong;
            assert!(wrong.is_empty(), "{wrong:#?}");
            sent
        }
        Storage::Rgw => run_on(sources, &Shelf::Rgw(&Bucket::on_rgw()), job, kill),
    }
}

fn run_on(sources: &Sources, shelf: &Shelf<'_>, job: Job, kill: Kill) -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let first = block_on(prepare(sources, shelf, job));
    let ids: Vec<ReleaseId> = current(&shelf.snapshot()).into_iter().collect();

    let site = sources.site(job);
    let victim = Arc::new(OnceLock::new());
    let proxy = Proxy::before(&shelf.endpoint(), rule(kill, &victim));
    let config = configure(site, &format!("{number}.toml"), shelf, &proxy.url());
    let arguments = |config: &str| -> Vec<String> {
        let words: &[&str] = match job {
            Job::FirstPush | Job::Push => &["push"],
            Job::Rollback => &["rollback", "t"],
        };
        let id = first.iter().filter(|_| job == Job::Rollback);
        let words = words.iter().map(ToString::to_string);
        words
            .chain(id.map(ToString::to_string))
            .chain(["--config".to_string(), config.to_string()])
            .collect()
    };
    let words = arguments(&config);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = shelf.command(site, &words);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().expect("the program runs");
    victim.get_or_init(|| child.id());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match kill {
        Some(_) => assert_eq!(output.status.signal(), Some(9), "{said}"),
        None => assert_eq!(output.status.code(), Some(0), "{said}"),
    }
    let sent = proxy.requests().len();
    drop(proxy);

    assert_nothing_is_half_written(sources, &shelf.snapshot(), &ids, &first);
    let config = configure(site, &format!("{number}.toml"), shelf, &shelf.endpoint());
    let words = arguments(&config);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ok = |words: &[&str]| {
        let run = Run::of(&mut shelf.command(site, words), &site.path(""));
        assert_eq!(run.code, 0, "{words:?}: {run}");
    };
    let again = Run::of(&mut shelf.command(site, &words), &site.path(""));
    match (job, again.code) {
        (_, 0) => {}
        // It was done already, but perhaps not finished.
        (Job::Rollback, 2) => ok(&["resolve", "--config", &config]),
        _ => panic!("the next run: {again}"),
    }
    let there = shelf.snapshot();
    assert_eq!(unlike(sources.wanted(job), &there), [""; 0]);
    assert_whole(&there);
    ok(&[
        "prune",
        "--config",
        &config,
        "--keep",
        "1",
        "--keep-days",
        "0",
        "--yes",
    ]);
    assert_tidy(sources, shelf, job);
    sent
}

/// What is there before; returns the release to roll back to.
async fn prepare(sources: &Sources, shelf: &Shelf<'_>, job: Job) -> Option<ReleaseId> {
    let ann = shelf.deployer().await;
    if job == Job::FirstPush {
        return None;
    }
    let first = ann.push(&sources.first).await.expect("published").release;
    if job == Job::Rollback {
        ann.push(&sources.second).await.expect("published");
    }
    first.map(|release| release.id)
}

fn rule(kill: Kill, victim: &Arc<OnceLock<u32>>) -> Vec<Rule> {
    let Some((number, when)) = kill else {
        return Vec::new();
    };
    let known = Arc::clone(victim);
    let kill = Box::new(move || send("KILL", *known.wait()));
    let fault = match when {
        When::BeforeTheServerGetsIt => Fault::DoThenClose(kill),
        When::AfterTheServerAnswered => Fault::After(kill),
    };
    vec![Rule::new("*", "", fault).skip(number)]
}

fn current(there: &Snapshot) -> Option<ReleaseId> {
    let root = root::parse(&there[root_name(there.keys())?].bytes);
    root.expect("a root").current_id().cloned()
}

/// All that the current release needs is there, and whole.
fn assert_whole(there: &Snapshot) {
    let mut history = History::from(there);
    let find = |name: &str| there.get(name).map(Thing::seen);
    let torn = history.torn(&find);
    assert!(torn.is_empty(), "{torn:#?}");
    let damaged = history.damaged(&find);
    assert!(damaged.is_empty(), "{damaged:#?}");
}

/// Every object is one of the old site or of the new one, and every document can be read; the
/// current release is the old or the new one.
fn assert_nothing_is_half_written(
    sources: &Sources,
    there: &Snapshot,
    old: &[ReleaseId],
    first: &Option<ReleaseId>,
) {
    assert_whole(there);
    let mut known: BTreeMap<String, Vec<blake3::Hash>> = BTreeMap::new();
    for object in sources.first.published().chain(sources.second.published()) {
        let name = format!("{PREFIX}{}", object.key);
        known.entry(name).or_default().push(object.digest);
    }
    for (name, thing) in there {
        if name.contains("/.assetsync/") {
            assert_document(name, thing);
            continue;
        }
        let digests = known.get(name).expect("nothing but the sites' files");
        let digest = thing.seen().digest().expect("whole gzip");
        assert!(digests.contains(&digest), "{name} is half written");
    }
    let releases = there.keys().filter(|name| name.contains("/releases/"));
    let made: Vec<String> = releases
        .map(|name| {
            name.rsplit('/')
                .next()
                .unwrap_or_default()
                .replace(".json", "")
        })
        .collect();
    if let Some(now) = current(there) {
        assert!(made.contains(&now.0), "{now}");
    } else {
        assert!(old.is_empty() && first.is_none(), "the release is gone");
    }
}

fn assert_document(name: &str, thing: &Thing) {
    if name.contains("/manifests/") {
        let text = gunzipped(&thing.bytes).expect("whole gzip");
        Manifest::from_text(&text).expect("a manifest");
    } else if name.ends_with(".json") {
        let json: Result<serde_json::Value, _> = serde_json::from_slice(&thing.bytes);
        assert!(json.is_ok(), "{name} is half written");
    }
}

/// A prune has left what the retained releases need, and nothing else.
fn assert_tidy(sources: &Sources, shelf: &Shelf<'_>, job: Job) {
    let there = shelf.snapshot();
    let name = root_name(there.keys()).expect("a root");
    let folder = name.trim_end_matches("root.json");
    let root = root::parse(&there[name].bytes).expect("a root");
    assert_eq!((root.plain, &root.gc.sweep), (Plain::Settled, &None));
    let current = root.current.as_ref();
    let mut all = needed(sources.wanted(job), folder, current);
    if job == Job::Rollback {
        // Newer ones than the current one stay.
        let state = block_on(async { shelf.deployer().await.state().await });
        let newest = root.newest.as_ref().expect("a release");
        let newest = block_on(state.expect("a state").release(newest)).expect("readable");
        all.extend(needed(&sources.second, folder, Some(&newest)));
    }
    assert_eq!(unneeded(&there, &all, folder), [""; 0]);
}

/// Kills `job` at each request, before and after; returns how many kills there were.
fn kill_at_each(storage: Storage, job: Job) -> usize {
    let sources = Sources::make();
    let requests = run(&sources, storage, job, None);
    assert!(requests > 10, "{requests}");
    let rows: Vec<(usize, When)> = (0..requests)
        .flat_map(|n| [When::BeforeTheServerGetsIt, When::AfterTheServerAnswered].map(|w| (n, w)))
        .collect();
    let (count, failed) = (rows.len(), Mutex::new(Vec::new()));
    let rows = Mutex::new(rows.into_iter());
    let next = || rows.lock().expect("no holder panics").next();
    let work = || {
        while let Some(kill) = next() {
            let story = || run(&sources, storage, job, Some(kill));
            if catch_unwind(AssertUnwindSafe(story)).is_err() {
                let name = format!("{storage:?} {job:?} {kill:?}");
                eprintln!("^ {name}\n");
                failed.lock().expect("no holder panics").push(name);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..CASES_AT_A_TIME {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().expect("no holder panics");
    assert!(failed.is_empty(), "{failed:#?}");
    count
}

/// A push killed at any request leaves a whole release, and the next one completes.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn killed_push_leaves_whole_release() {
    kill_at_each(Storage::Strict(Kind::S3), Job::Push);
}

/// A run killed on any storage leaves a whole release, and the next one completes.
#[test]
#[ignore = "minutes"]
fn killed_runs_recover_on_any_storage() {
    let began = Instant::now();
    let mut kills = 0;
    for storage in [
        Storage::Strict(Kind::S3),
        Storage::Strict(Kind::Gcs),
        Storage::Rgw,
    ] {
        for job in [Job::FirstPush, Job::Push, Job::Rollback] {
            kills += kill_at_each(storage, job);
            println!("{kills} kills, {storage:?}, {job:?}, {:?}", began.elapsed());
        }
    }
}
