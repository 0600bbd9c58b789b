//! Random histories of a target: people push, roll back, prune and switch live on and off, at any
//! moment of each other's work; answers get lost, requests come late, people are killed. Time is
//! virtual, the store is in memory, and a seed decides everything, so that a history that goes
//! wrong can be told again:
//!
//! ```text
//! ASSETSYNC_TEST_SEED=4711 cargo test --test stories -- simulation::some_histories --nocapture
//! cargo test --release --test stories -- simulation::many_histories --ignored --nocapture     100,000 of them
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::memory::{Call, Fault, Memory};
use assetsync::testing::release::manifest::Manifest;
use assetsync::testing::release::prune::{self, Keep};
use assetsync::testing::release::rollback::{Rollback, settle_current};
use assetsync::testing::release::root::{self, Plain, Root};
use assetsync::testing::release::state::Changed;
use assetsync::testing::release::verify::Verify;
use assetsync::testing::store::{Store, StoreErrorKind, Stored};
use assetsync::testing::{Build, Error, Progress};
use fastrand::Rng;

use crate::support::Site;
use crate::support::library::{Deployer, built};

const RULES: &str =
    "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";

/// What people do in one history, on top of each other, at most.
const DEEDS_MAX: usize = 12;

/// The most people who are in the middle of something.
const DEPTH_MAX: usize = 3;

/// One thing somebody does.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Push(usize),
    RollBack,
    GoLive,
    EndLive,
    Prune {
        keep: usize,
        days: u64,
    },
    Resolve,
    TakeDown(&'static str),
    /// Time passes.
    Wait(u64),
    /// What was sent long ago arrives.
    Deliver,
}

/// What somebody takes down some time.
const TAKEN_DOWN: [&str; 4] = ["index.html", "more.html", "song.mp3", "app.css"];

/// The sites people publish: pages that keep their names, and files that don't.
fn builds() -> Vec<(Site, Build)> {
    let site = |page: usize, style: usize, more: &[(&str, &str)]| {
        let site = Site::new()
            .config(RULES)
            .file("index.html", format!("<h1>page {page}</h1>"))
            .file("app.css", format!("body{{order:{style}}}"))
            .file("map.png", "a map");
        let site = more
            .iter()
            .fold(site, |site, (name, text)| site.file(name, text));
        let build = built(&site);
        (site, build)
    };
    // Without the page that all others have.
    let bare = |more: &[(&str, &str)]| {
        let site = Site::new().config(RULES).file("map.png", "a map");
        let site = more
            .iter()
            .fold(site, |site, (name, text)| site.file(name, text));
        let build = built(&site);
        (site, build)
    };
    vec![
        site(1, 1, &[]),
        site(1, 2, &[("song.mp3", "a song")]),
        site(2, 2, &[]),
        site(2, 3, &[("more.html", "more")]),
        site(3, 1, &[("song.mp3", "a song"), ("more.html", "still more")]),
        bare(&[]),
        bare(&[("more.html", "the rest")]),
    ]
}

/// All that a history needs.
struct World {
    seed: u64,
    memory: Memory,
    builds: Arc<Vec<(Site, Build)>>,
    /// The logical path of every object.
    paths: HashMap<String, String>,
    rng: Mutex<Rng>,
    deeds_left: AtomicU64,
    seen: Mutex<Seen>,
    log: Mutex<Vec<String>>,
}

/// What was seen of the target so far.
#[derive(Default)]
struct Seen {
    manifests: HashMap<String, Manifest>,
    before: BTreeMap<String, Stored>,
    root: Option<Root>,
    /// Who made a release that was the current one at some time.
    publishers: HashSet<String>,
    /// Who said that theirs is, or surely isn't.
    said: Vec<(String, bool)>,
    wrong: Vec<String>,
}

impl World {
    fn new(seed: u64, builds: &Arc<Vec<(Site, Build)>>) -> Arc<World> {
        let mut rng = Rng::with_seed(seed);
        let memory = Memory::new();
        memory.set_clock(Duration::from_secs(1_800_000_000));
        let objects = builds.iter().flat_map(|(_, build)| &build.objects);
        let paths = objects.map(|object| (object.key.to_string(), object.path.to_string()));
        Arc::new(World {
            paths: paths.collect(),
            seed,
            memory,
            builds: Arc::clone(builds),
            deeds_left: AtomicU64::new(rng.u64(2..=DEEDS_MAX as u64)),
            rng: Mutex::new(rng),
            seen: Mutex::default(),
            log: Mutex::default(),
        })
    }

    fn random<T>(&self, pick: impl FnOnce(&mut Rng) -> T) -> T {
        pick(&mut self.rng.lock().expect("no holder panics"))
    }

    fn note(&self, text: String) {
        self.log.lock().expect("no holder panics").push(text);
    }

    fn deed(&self) -> Option<(u64, Deed)> {
        let left = self
            .deeds_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .ok()?;
        let sites = self.builds.len();
        let deed = self.random(|rng| match rng.u32(0..18) {
            0..=6 => Deed::Push(rng.usize(0..sites)),
            7..=8 => Deed::RollBack,
            9 => Deed::GoLive,
            10 => Deed::EndLive,
            11..=12 => Deed::Prune {
                keep: rng.usize(0..3),
                // Young garbage is what others are about to use.
                days: rng.u64(0..6).saturating_sub(4),
            },
            13 => Deed::Resolve,
            14 => Deed::Wait(rng.u64(1..4)),
            15..=16 => Deed::TakeDown(TAKEN_DOWN[rng.usize(0..TAKEN_DOWN.len())]),
            _ => Deed::Deliver,
        });
        Some((left, deed))
    }

    /// Looks whether all is as it must be, at this instant.
    fn check(&self) {
        let now = self.memory.snapshot();
        let mut seen = self.seen.lock().expect("no holder panics");
        if now == seen.before {
            return;
        }
        let wrong = wrong(&self.memory, &mut seen, &now, &self.paths);
        for wrong in wrong {
            self.note(format!("WRONG: {wrong}"));
            seen.wrong.push(wrong);
        }
        seen.before = now;
    }
}

fn folder_of(now: &BTreeMap<String, Stored>) -> Option<&str> {
    // A release's name may end in "root", too.
    let root = now.keys().find(|key| key.ends_with("/root.json"))?;
    root.strip_suffix("root.json")
}

/// What isn't as it must be, given what is there now.
fn wrong(
    memory: &Memory,
    seen: &mut Seen,
    now: &BTreeMap<String, Stored>,
    paths: &HashMap<String, String>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(folder) = folder_of(now).map(str::to_string) else {
        return wrong;
    };
    let bytes = memory
        .bytes(&format!("{folder}root.json"))
        .expect("it's there");
    let root = root::parse(&bytes).expect("a root");
    let was_taken_down = |key: &str| {
        let path = paths.get(key);
        path.is_some_and(|path| root.was_taken_down(path))
    };
    if let Some(before) = &seen.root {
        if before.seq > root.seq {
            wrong.push(format!("seq went from {} to {}", before.seq, root.seq));
        }
        if before.live.is_some() && root.live.is_some() {
            for (key, was) in seen
                .before
                .iter()
                .filter(|(key, _)| !key.starts_with(".assetsync/"))
            {
                match now.get(key) {
                    None if was_taken_down(key) => {}
                    None => wrong.push(format!("`{key}` was deleted while live")),
                    Some(is) if is.token != was.token => {
                        wrong.push(format!("`{key}` was written over while live"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    for (key, was) in &seen.before {
        let is_keyed = !key.ends_with(".html") && !key.starts_with(".assetsync/");
        if let (true, Some(is)) = (is_keyed, now.get(key))
            && is.fingerprint != was.fingerprint
        {
            wrong.push(format!("`{key}` has other bytes"));
        }
    }
    if let Some(release) = &root.current {
        seen.publishers.insert(release.actor.clone());
        let manifest = seen
            .manifests
            .entry(release.manifest.clone())
            .or_insert_with(|| {
                let packed =
                    memory.bytes(&format!("{folder}manifests/{}.json.gz", release.manifest));
                let packed = packed.expect("the current release's manifest is there");
                Manifest::from_text(&crate::support::gunzip(&packed)).expect("a manifest")
            });
        for entry in manifest.published() {
            if root.blocked(&entry.path).is_some() {
                wrong.push(format!("`{}` was taken down", entry.path));
            }
            match now.get(entry.key.as_str()) {
                None if entry.is_mutable() && root.plain == Plain::Pending => {}
                None => wrong.push(format!("`{}` of {} isn't there", entry.path, release.id)),
                Some(is) if is.token == Some(entry.token) => {}
                Some(_) if entry.is_mutable() && root.plain == Plain::Pending => {}
                Some(_) => wrong.push(format!(
                    "`{}` of {} shows something else",
                    entry.path, release.id
                )),
            }
        }
    }
    seen.root = Some(root);
    wrong
}

/// Somebody does something, and others do more in the middle of it. True if they lived to tell of
/// it.
fn act(world: &Arc<World>, name: String, deed: Deed, depth: usize) {
    match deed {
        Deed::Wait(days) => {
            let now = world.memory.now().expect("a clock");
            let since = now
                .duration_since(std::time::UNIX_EPOCH)
                .expect("after 1970");
            world
                .memory
                .set_clock(since + Duration::from_secs(days * 86_400));
            return;
        }
        Deed::Deliver => {
            world.memory.deliver();
            return world.check();
        }
        _ => {}
    }
    let client = world.memory.another_client();
    let is_dead = Arc::new(Mutex::new(false));
    let (others, dead) = (Arc::clone(world), Arc::clone(&is_dead));
    client.trouble(move |call| go_wrong(&others, &dead, call, depth));
    let store: Arc<dyn Store> = Arc::new(client);
    let outcome = {
        let (world, name) = (Arc::clone(world), name.clone());
        // A runtime in a runtime needs a thread of its own.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .expect("a runtime")
                .block_on(run(&world, &store, &name, deed))
        });
        thread.join().expect("nothing panics")
    };
    world.check();
    let is_dead = *is_dead.lock().expect("no holder panics");
    let end = if is_dead { ", killed" } else { "" };
    world.note(format!("{name} {deed:?}: {}{end}", outcome.words));
    if let (Some(said), false) = (outcome.told, is_dead) {
        world
            .seen
            .lock()
            .expect("no holder panics")
            .said
            .push((name, said));
    }
}

/// What somebody was told: whether their release became the current one; nothing if it's not about
/// that, or not known.
struct Outcome {
    told: Option<bool>,
    words: String,
}

async fn run(world: &World, store: &Arc<dyn Store>, name: &str, deed: Deed) -> Outcome {
    let mut deployer = Deployer::new(name, store);
    deployer.allowed.shrink = true;
    if world.random(Rng::bool) {
        deployer.allowed.put_back = all_taken_down();
    }
    if world.random(|rng| rng.u8(0..4)) == 0 {
        deployer.verify = Verify::Full;
    }
    match deed {
        Deed::Push(site) => {
            let pushed = deployer.push(&world.builds[site].1).await;
            let told = match &pushed {
                Ok(published) if published.is_new => Some(true),
                Ok(published) if published.release.is_some() => None,
                Ok(_) => Some(false),
                Err(Error::Unknown { .. }) => None,
                Err(_) => Some(false),
            };
            Outcome {
                told,
                words: match pushed {
                    Ok(published) => format!(
                        "release {:?}, {:?}",
                        published.release.map(|r| r.id),
                        published.report.failures
                    ),
                    Err(error) => error.to_string(),
                },
            }
        }
        other => Outcome {
            told: None,
            words: match operate(&deployer, other).await {
                Ok(words) => words,
                Err(error) => error.to_string(),
            },
        },
    }
}

async fn operate(deployer: &Deployer, deed: Deed) -> assetsync::testing::Result<String> {
    Ok(match deed {
        Deed::RollBack => format!("{:?}", deployer.roll_back(None).await?.to.id),
        Deed::GoLive => format!(
            "{:?}",
            matches!(deployer.go_live().await?, Changed::Done(_))
        ),
        Deed::EndLive => format!(
            "{:?}",
            matches!(deployer.end_live().await?, Changed::Done(_))
        ),
        Deed::Prune { keep, days } => {
            let state = deployer.state().await?;
            let keep = Keep {
                releases: keep,
                age: Duration::from_secs(days * 86_400),
            };
            let here = deployer.store.now().expect("a clock");
            prune::finish(&deployer.store, &state, 8).await?;
            let sweep = prune::plan(&deployer.store, &state, keep, 8, here).await?;
            format!(
                "{} gone",
                prune::sweep(&deployer.store, &state, &sweep, 8).await?
            )
        }
        Deed::Resolve => resolve(deployer).await?,
        Deed::TakeDown(name) => {
            format!("{} taken down", deployer.take_down(&[name]).await?.deleted)
        }
        Deed::Push(_) | Deed::Wait(_) | Deed::Deliver => unreachable!("done elsewhere"),
    })
}

fn all_taken_down() -> BTreeSet<String> {
    TAKEN_DOWN.map(String::from).into()
}

/// As `assetsync resolve` does.
async fn resolve(deployer: &Deployer) -> assetsync::testing::Result<String> {
    let state = deployer.state().await?;
    let touch = |root: Option<&Root>, stamp: &_| Ok(Root::touch(root, stamp));
    state.change(touch).await?;
    prune::finish(&deployer.store, &state, 8).await?;
    let plain = Rollback {
        store: &deployer.store,
        state: &state,
        verify: Verify::None,
        allowed: &deployer.allowed,
        options: &deployer.options,
        progress: &Arc::new(Progress::new()),
    };
    Ok(format!(
        "{:?}",
        settle_current(&plain).await?.map(|report| report.failures)
    ))
}

/// What goes wrong with a call, and what others do before it.
fn go_wrong(world: &Arc<World>, dead: &Mutex<bool>, call: &Call, depth: usize) -> Fault {
    world.check();
    if *dead.lock().expect("no holder panics") {
        return Fault::Refuse(StoreErrorKind::Denied);
    }
    let is_write = matches!(call, Call::Put(..) | Call::Write(..) | Call::Delete(_));
    let dice = world.random(|rng| rng.u32(0..100));
    if dice < 8 && depth < DEPTH_MAX {
        if let Some((left, deed)) = world.deed() {
            act(world, format!("person {left}"), deed, depth + 1);
        }
        return Fault::None;
    }
    let fault = match dice {
        86..=87 if is_write => Fault::Refuse(StoreErrorKind::Other),
        88..=89 if is_write => Fault::Refuse(StoreErrorKind::OutcomeUnknown),
        90..=93 if is_write => Fault::Lose,
        94..=97 if is_write => Fault::Delay,
        98 if !is_write => Fault::Refuse(StoreErrorKind::Unreachable),
        99 => {
            *dead.lock().expect("no holder panics") = true;
            Fault::Refuse(StoreErrorKind::Denied)
        }
        _ => Fault::None,
    };
    if fault != Fault::None {
        world.note(format!("  {fault:?} {call:?}"));
    }
    fault
}

/// What happened in a history, by kind: a simulation in which nothing does proves nothing.
fn kinds(world: &World) -> Vec<&'static str> {
    const KINDS: [(&str, &str); 12] = [
        ("Push(", "release Some"),
        ("Push(", "Another push finished first"),
        ("Push(", "outcome is unknown"),
        ("Push(", "The target has been live"),
        ("Push(", "A prune is running"),
        ("RollBack", "ReleaseId"),
        ("Prune", " gone"),
        ("Push(", "This push would publish again what"),
        ("TakeDown(", " taken down"),
        ("Resolve", "Some([])"),
        ("GoLive", "true"),
        ("", ", killed"),
    ];
    let log = world.log.lock().expect("no holder panics");
    let happened = |(deed, words): &&(&str, &str)| {
        log.iter()
            .any(|line| line.contains(deed) && line.contains(words))
    };
    KINDS
        .iter()
        .filter(happened)
        .map(|(_, words)| *words)
        .collect()
}

/// One history: then nothing goes wrong any more, and all must come to a good end.
fn history(seed: u64, builds: &Arc<Vec<(Site, Build)>>, tally: &Tally) -> Vec<String> {
    let world = World::new(seed, builds);
    // A first release, mostly.
    if world.random(|rng| rng.u8(0..8)) > 0 {
        act(&world, "the first".to_string(), Deed::Push(0), DEPTH_MAX);
    }
    while let Some((left, deed)) = world.deed() {
        act(&world, format!("person {left}"), deed, 0);
    }
    let is_late = world.random(Rng::bool);
    let deliver = || {
        while world.memory.deliver() {
            world.check();
        }
    };
    if !is_late {
        deliver();
    }
    let last = world.random(|rng| rng.usize(0..builds.len()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let store: Arc<dyn Store> = Arc::new(world.memory.another_client());
    let mut clean = Deployer::new("the last", &store);
    clean.allowed.shrink = true;
    clean.allowed.put_back = all_taken_down();
    let end = runtime.block_on(async {
        if world
            .memory
            .keys()
            .iter()
            .any(|key| key.ends_with("/root.json"))
        {
            resolve(&clean).await?;
            clean.end_live().await?;
        }
        let first = clean.push(&builds[last].1).await?;
        world.memory.clear_calls();
        let second = clean.push(&builds[last].1).await?;
        Ok::<_, Error>((
            first.report.is_complete(),
            second.is_new,
            world.memory.writes(),
        ))
    });
    world.check();
    deliver();
    let mut wrong = world.seen.lock().expect("no holder panics").wrong.clone();
    match end {
        Ok((true, false, writes)) if writes.is_empty() => {}
        other => wrong.push(format!("the end isn't good: {other:?}")),
    }
    wrong.extend(differences(&world, &builds[last].1));
    for kind in kinds(&world) {
        *tally
            .lock()
            .expect("no holder panics")
            .entry(kind)
            .or_default() += 1;
    }
    let seen = world.seen.lock().expect("no holder panics");
    for (name, is_published) in &seen.said {
        if *is_published != seen.publishers.contains(name) {
            wrong.push(format!("{name} was told {is_published}, which isn't so"));
        }
    }
    if !wrong.is_empty() || std::env::var_os("ASSETSYNC_TEST_SEED").is_some() {
        let log = world.log.lock().expect("no holder panics").join("\n");
        println!("seed {}:\n{log}\n{}\n", world.seed, wrong.join("\n"));
    }
    wrong
}

/// Histories by what happened in them.
type Tally = Mutex<BTreeMap<&'static str, u64>>;

/// What differs from the sources in the end.
fn differences(world: &World, build: &Build) -> Vec<String> {
    let now = world.memory.snapshot();
    let differs = |object: &&assetsync::testing::Object| {
        now.get(object.key.as_str()).and_then(|stored| stored.token) != Some(object.token)
    };
    let different = build.objects.iter().filter(differs);
    different
        .map(|object| format!("`{}` isn't what was pushed last", object.path))
        .collect()
}

/// After so many histories, one reads how far it is.
const TOLD_EVERY: u64 = 2_000;

fn seeds(from: u64, count: u64, threads: u64, tally: &Tally) -> usize {
    let builds = Arc::new(builds());
    let (done, wrong) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (builds, done, wrong) = (&builds, &done, &wrong);
            scope.spawn(move || {
                for seed in (from + thread..from + count).step_by(threads as usize) {
                    if !history(seed, builds, tally).is_empty() {
                        wrong.fetch_add(1, Ordering::Relaxed);
                    }
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if done % TOLD_EVERY == 0 {
                        println!("{done} of {count} histories");
                    }
                }
            });
        }
    });
    wrong.into_inner() as usize
}

/// A push that had begun before a file of it was taken down went on, and published it again.
const ONCE_WRONG: [u64; 1] = [1_003_793];

#[test]
fn some_histories() {
    let tally = Tally::default();
    if let Ok(seed) = std::env::var("ASSETSYNC_TEST_SEED") {
        let wrong = seeds(seed.parse().expect("a number"), 1, 1, &tally);
        assert_eq!(wrong, 0, "what happened is printed above");
        return;
    }
    let wrong = seeds(0, 300, 2, &tally);
    assert_eq!(wrong, 0, "what happened is printed above, by seed");
    let again = ONCE_WRONG.map(|seed| seeds(seed, 1, 1, &tally));
    assert_eq!(
        again,
        [0],
        "a file that was taken down meanwhile isn't published"
    );
    let tally = tally.into_inner().expect("no holder panics");
    assert_eq!(tally.len(), 12, "too little happens: {tally:?}");
}

#[test]
#[ignore = "takes minutes; the command is above"]
fn many_histories() {
    let tally = Tally::default();
    let wrong = seeds(1_000_000, 100_000, 2, &tally);
    println!("100,000 histories, {wrong} of them wrong; so many had: {tally:?}");
    assert_eq!(wrong, 0, "what happened is printed above, by seed");
}
