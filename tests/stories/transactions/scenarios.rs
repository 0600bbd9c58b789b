//! What is done while things go wrong, what it starts from, and what it must come to.

use std::collections::BTreeSet;
use std::time::Duration;

use assetsync::testing::release::prune::Keep;
use assetsync::testing::release::root::{self, Plain, Release, ReleaseId, Root};
use assetsync::testing::release::state::Changed;
use assetsync::testing::{Build, Error, Result, Timeouts};

use super::history::{PREFIX, Snapshot, Thing, root_name};
use super::place::{Kind, Server};
use crate::support::Site;
use crate::support::library::{Deployer, built};

const RULES: &str =
    "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";

/// Somebody else's, which nobody may touch.
const FOREIGN: &str = "site/foreign.txt";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    FirstPush,
    Push,
    LivePush,
    /// Of what was published before the current release, some of which is there still.
    PushBack,
    Rollback,
    LiveOn,
    LiveOff,
    Prune,
    Resolve,
    /// Of a page, and of a file of which an earlier release had another version, while live.
    Takedown,
}

/// What is taken down.
const TAKEN_DOWN: [&str; 2] = ["news.html", "gears.js"];

impl Scenario {
    pub const ALL: [Scenario; 10] = [
        Scenario::FirstPush,
        Scenario::Push,
        Scenario::LivePush,
        Scenario::PushBack,
        Scenario::Rollback,
        Scenario::LiveOn,
        Scenario::LiveOff,
        Scenario::Prune,
        Scenario::Resolve,
        Scenario::Takedown,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Scenario::FirstPush => "first-push",
            Scenario::Push => "push",
            Scenario::LivePush => "live-push",
            Scenario::PushBack => "push-back",
            Scenario::Rollback => "rollback",
            Scenario::LiveOn => "live-on",
            Scenario::LiveOff => "live-off",
            Scenario::Prune => "prune",
            Scenario::Resolve => "resolve",
            Scenario::Takedown => "takedown",
        }
    }

    fn is_push(self) -> bool {
        matches!(
            self,
            Scenario::FirstPush | Scenario::Push | Scenario::LivePush | Scenario::PushBack
        )
    }
}

/// Three pages of plain names, of which one is new later, and what they show.
pub fn before() -> Site {
    Site::new()
        .config(RULES)
        .file("index.html", "<h1>The hunt begins</h1>\n".repeat(40))
        .file("about.html", "<p>Who we are</p>")
        .file("app.css", "p { color: teal }\n".repeat(40))
        .file("gears.js", "turn()")
        .file("map.png", b"\x89PNG\r\n\x1a\n a map")
}

pub fn after() -> Site {
    let site = before();
    site.write("index.html", "<h1>The hunt is over</h1>\n".repeat(50));
    site.write("news.html", "<p>Who won</p>");
    site.write("app.css", "p { color: red }\n".repeat(50));
    site.write("gears.js", "turn(2)");
    site
}

/// Changed in keyed names only.
fn errata() -> Site {
    let site = before();
    site.write("app.css", "p { color: blue }\n".repeat(50));
    site.write("cogs.js", "turn(3)");
    site
}

/// The first again, changed in one thing.
fn again() -> Site {
    let site = before();
    site.write("gears.js", "turn(5)");
    site
}

/// What a run said of itself.
#[derive(Clone, Debug)]
pub enum Reported {
    /// It's done, with this release as the current one; all of it or but for plain names.
    Done {
        release: Option<ReleaseId>,
        is_complete: bool,
    },
    /// Nothing has changed.
    Nothing(String),
    /// Perhaps done, and perhaps in part.
    Unknown(String),
}

/// A scenario on a storage: made once for all its cases.
pub struct Stage {
    pub scenario: Scenario,
    pub kind: Kind,
    /// What is in the bucket before.
    pub before: Snapshot,
    /// What its release has in the end.
    pub wanted: Build,
    /// The release to roll back to, or to finish.
    release: Option<Release>,
    /// Builds read their files when they are published.
    _sites: Vec<Site>,
}

/// Nothing goes wrong, but the machine may be busy.
pub fn with_timeouts() -> Timeouts {
    Timeouts {
        deadline: Duration::from_secs(60),
        stall: Duration::from_secs(20),
        backoff: Duration::from_millis(5),
    }
}

/// So that what hangs doesn't take long.
pub fn impatient() -> Timeouts {
    Timeouts {
        deadline: Duration::from_millis(400),
        stall: Duration::from_millis(90),
        backoff: Duration::from_millis(2),
    }
}

const ONE: Keep = Keep {
    releases: 1,
    age: Duration::ZERO,
};

impl Stage {
    pub async fn make(scenario: Scenario, kind: Kind) -> Stage {
        let (old, new, errata, again) = (before(), after(), errata(), again());
        let (first, second, third) = (built(&old), built(&new), built(&errata));
        let server = Server::start(kind, &Snapshot::new());
        let ann = deployer("before", &server, with_timeouts()).await;
        let mut release = None;
        if scenario != Scenario::FirstPush {
            release = ann.push(&first).await.expect("published").release;
        }
        if matches!(scenario, Scenario::LivePush | Scenario::LiveOff) {
            ann.go_live().await.expect("live");
        }
        let old_pages = server.snapshot();
        if matches!(
            scenario,
            Scenario::PushBack
                | Scenario::Rollback
                | Scenario::Prune
                | Scenario::Resolve
                | Scenario::Takedown
        ) {
            let second = ann.push(&second).await.expect("published").release;
            if matches!(scenario, Scenario::Prune | Scenario::Resolve) {
                release = second;
            }
        }
        if scenario == Scenario::Takedown {
            ann.go_live().await.expect("live");
            release = None;
        }
        let mut snapshot = server.snapshot();
        match scenario {
            Scenario::Resolve => leave_pending(&mut snapshot, &old_pages),
            Scenario::Prune => {
                let foreign = Thing {
                    bytes: b"somebody else's".to_vec(),
                    content_type: "text/plain".to_string(),
                    ..Thing::default()
                };
                snapshot.insert(FOREIGN.to_string(), foreign);
            }
            _ => {}
        }
        let wanted = match scenario {
            Scenario::Push | Scenario::Prune | Scenario::Resolve => second,
            Scenario::LivePush => third,
            Scenario::PushBack => built(&again),
            Scenario::Takedown => without(second, &TAKEN_DOWN),
            _ => first,
        };
        Stage {
            scenario,
            kind,
            before: snapshot,
            wanted,
            release,
            _sites: vec![old, new, errata, again],
        }
    }

    /// Does it once, in the name of `ann`.
    pub async fn act(&self, ann: &Deployer) -> Reported {
        match self.scenario {
            Scenario::FirstPush | Scenario::Push | Scenario::LivePush | Scenario::PushBack => {
                self.push(ann).await
            }
            Scenario::Rollback => {
                let to = self.release.as_ref().map(|release| release.id.0.as_str());
                match ann.roll_back(to).await {
                    Ok(done) => Reported::Done {
                        release: Some(done.to.id),
                        is_complete: done.report.is_complete(),
                    },
                    Err(error) => told(error),
                }
            }
            Scenario::LiveOn => switched(ann.go_live().await),
            Scenario::LiveOff => switched(ann.end_live().await),
            Scenario::Prune => match ann.prune(ONE).await {
                Ok(_) => done(true),
                Err(error @ (Error::Refused { .. } | Error::LostRace { .. })) => told(error),
                // A sweep that began is finished later.
                Err(error) => Reported::Unknown(error.to_string()),
            },
            Scenario::Takedown => match ann.take_down(&TAKEN_DOWN).await {
                Ok(taken_down) => Reported::Done {
                    release: taken_down.release.map(|release| release.id),
                    is_complete: true,
                },
                Err(error) if error.exit_code() <= 4 && !is_of_storage(&error) => told(error),
                // What began is finished later.
                Err(error) => Reported::Unknown(error.to_string()),
            },
            Scenario::Resolve => match ann.resolve().await {
                Ok(report) => done(report.is_none_or(|report| report.is_complete())),
                Err(error) => Reported::Unknown(error.to_string()),
            },
        }
    }

    async fn push(&self, ann: &Deployer) -> Reported {
        match ann.push(&self.wanted).await {
            Ok(published) => match published.release {
                Some(release) => Reported::Done {
                    release: Some(release.id),
                    is_complete: published.report.is_complete(),
                },
                None => Reported::Nothing(format!("{:?}", published.report.failures)),
            },
            Err(error) => told(error),
        }
    }

    /// Does it again, as somebody would who was told that it failed; it must go well.
    pub async fn act_again(&self, ann: &Deployer) -> Result<(), String> {
        if self.scenario == Scenario::Takedown {
            // A takedown that was interrupted is finished first, as it says itself.
            ann.resolve().await.map_err(|error| error.to_string())?;
        }
        match (self.scenario, self.act(ann).await) {
            (
                _,
                Reported::Done {
                    is_complete: true, ..
                },
            ) => Ok(()),
            // It was done already, but perhaps not finished.
            (Scenario::Rollback, Reported::Nothing(why)) if why.contains("already") => {
                match ann.resolve().await {
                    Ok(_) => Ok(()),
                    Err(error) => Err(error.to_string()),
                }
            }
            (Scenario::LiveOff, Reported::Nothing(why)) if why.contains("Already") => Ok(()),
            (Scenario::Takedown, Reported::Nothing(why)) if why.contains("none of these files") => {
                Ok(())
            }
            (_, told) => Err(format!("{told:?}")),
        }
    }

    /// Whether a run of what is done already must leave everything as it is.
    pub fn is_idle_when_done(&self) -> bool {
        self.scenario.is_push() || self.scenario == Scenario::LiveOff
    }

    /// What isn't true of what was told, given all roots there were.
    pub fn lies(&self, told: &Reported, actor: &str, roots: &[Root]) -> Option<String> {
        let is_of_actor = |root: &&Root| {
            if self.scenario.is_push() {
                let current = root.current.as_ref();
                current.is_some_and(|release| release.actor == actor)
            } else {
                root.actor == actor
            }
        };
        let done = roots.iter().find(is_of_actor);
        match (told, done) {
            (Reported::Unknown(why), _) => why.is_empty().then(|| "nothing was told".to_string()),
            (Reported::Nothing(why), Some(root)) => Some(format!(
                "told that nothing was done ({why}), but root {} says so",
                root.seq
            )),
            (Reported::Nothing(_), None) => None,
            (Reported::Done { release, .. }, _) => {
                let was_current = release
                    .as_ref()
                    .is_none_or(|id| roots.iter().any(|root| root.current_id() == Some(id)));
                (!was_current).then(|| "told that it's done, but no root says so".to_string())
            }
        }
    }

    /// What is not as it must be when all is done.
    pub fn unfinished(&self, there: &Snapshot) -> Vec<String> {
        let Some(name) = root_name(there.keys()) else {
            return vec!["no root".to_string()];
        };
        let root = match root::parse(&there[name].bytes) {
            Ok(root) => root,
            Err(why) => return vec![why.to_string()],
        };
        let mut wrong = self.unfinished_root(&root);
        wrong.extend(unlike(&self.wanted, there));
        if self.scenario == Scenario::Prune {
            let folder = name.trim_end_matches("root.json");
            wrong.extend(self.garbage(there, folder, &root));
        }
        if self.scenario == Scenario::Takedown {
            wrong.extend(self.not_taken_down(there));
        }
        wrong
    }

    fn unfinished_root(&self, root: &Root) -> Vec<String> {
        let is_live = matches!(
            self.scenario,
            Scenario::LiveOn | Scenario::LivePush | Scenario::Takedown
        );
        let is_release = match (self.scenario.is_push(), &self.release) {
            (false, Some(release)) => root.current.as_ref() == Some(release),
            _ => root.current.is_some(),
        };
        let checks = [
            (root.plain == Plain::Settled, "plain names aren't settled"),
            (root.gc.sweep.is_none(), "a sweep isn't done"),
            (root.live.is_some() == is_live, "the live switch is wrong"),
            (is_release, "the release is another one"),
        ];
        let wrong = checks.iter().filter(|(holds, _)| !holds);
        wrong.map(|(_, what)| (*what).to_string()).collect()
    }

    /// What is there of what was taken down, and what is gone although nobody asked for it.
    fn not_taken_down(&self, there: &Snapshot) -> Vec<String> {
        let versions = [built(&before()), built(&after())];
        let objects = versions.iter().flat_map(|build| build.published());
        let wrong = objects.filter_map(|object| {
            let is_there = there.contains_key(&format!("{PREFIX}{}", object.key));
            match (is_there, TAKEN_DOWN.contains(&object.path.as_str())) {
                (true, true) => Some(format!("`{}` is still there", object.key)),
                (false, false) => Some(format!("`{}` is gone", object.key)),
                _ => None,
            }
        });
        wrong.collect()
    }

    /// What is there that nobody needs, and what is gone that somebody does.
    fn garbage(&self, there: &Snapshot, folder: &str, root: &Root) -> Vec<String> {
        let mut needed = needed(&self.wanted, folder, root.current.as_ref());
        needed.insert(FOREIGN.to_string());
        unneeded(there, &needed, folder)
    }
}

/// The same, without these files.
fn without(mut build: Build, paths: &[&str]) -> Build {
    build
        .objects
        .retain(|object| !paths.contains(&object.path.as_str()));
    build
}

fn is_of_storage(error: &Error) -> bool {
    matches!(error, Error::Store(_))
}

/// All that one release needs, with the root.
pub fn needed(build: &Build, folder: &str, release: Option<&Release>) -> BTreeSet<String> {
    let mut needed =
        BTreeSet::from(["root.json", "conditions.json"].map(|name| format!("{folder}{name}")));
    for object in build.published() {
        needed.insert(format!("{PREFIX}{}", object.key));
        if object.is_mutable() {
            needed.insert(format!("{folder}plain/{}", object.token));
        }
    }
    if let Some(release) = release {
        needed.insert(format!("{folder}releases/{}.json", release.id));
        needed.insert(format!("{folder}manifests/{}.json.gz", release.manifest));
    }
    needed
}

/// What is there beside what is needed, but for what the last prune said it would delete.
pub fn unneeded(there: &Snapshot, needed: &BTreeSet<String>, folder: &str) -> Vec<String> {
    let sweeps = format!("{folder}sweeps/");
    let is_sweep = |name: &str| name.starts_with(&sweeps) && name.ends_with(".json.gz");
    let left = there
        .keys()
        .filter(|name| !needed.contains(*name) && !is_sweep(name))
        .map(|name| format!("{name} is garbage"));
    let gone = needed.iter().filter(|name| !there.contains_key(*name));
    left.chain(gone.map(|name| format!("{name} is gone")))
        .collect()
}

/// Which objects of `build` aren't there with the right bytes and headers.
pub fn unlike(build: &Build, there: &Snapshot) -> Vec<String> {
    let mut wrong = Vec::new();
    for object in build.published() {
        let Some(thing) = there.get(&format!("{PREFIX}{}", object.key)) else {
            wrong.push(format!("`{}` isn't there", object.path));
            continue;
        };
        let headers = object.headers();
        let token = object.token.to_string();
        let checks = [
            (thing.seen().digest() == Some(object.digest), "bytes"),
            (thing.content_type == headers.content_type, "content type"),
            (
                thing.cache_control.as_ref() == Some(&headers.cache_control),
                "caching",
            ),
            (thing.seen().token == Some(token.as_str()), "token"),
        ];
        let wrong_ones = checks.iter().filter(|(holds, _)| !holds);
        wrong.extend(wrong_ones.map(|(_, what)| format!("`{}`: another {what}", object.path)));
    }
    wrong
}

fn done(is_complete: bool) -> Reported {
    Reported::Done {
        release: None,
        is_complete,
    }
}

fn switched(changed: Result<Changed>) -> Reported {
    match changed {
        Ok(Changed::Done(_)) => done(true),
        Ok(Changed::Refused(refusal, _)) => Reported::Nothing(format!("{refusal:?}")),
        Err(error) => told(error),
    }
}

fn told(error: Error) -> Reported {
    match error {
        Error::Unknown { message, .. } => Reported::Unknown(message),
        error => Reported::Nothing(error.to_string()),
    }
}

/// As if whoever published last had been stopped before their plain names.
fn leave_pending(snapshot: &mut Snapshot, old_pages: &Snapshot) {
    let name = root_name(snapshot.keys()).expect("published").to_string();
    let mut root = root::parse(&snapshot[&name].bytes).expect("a root");
    root.plain = Plain::Pending;
    let bytes = serde_json::to_vec_pretty(&root).expect("strings are JSON");
    snapshot.get_mut(&name).expect("it's there").bytes = bytes;
    snapshot.retain(|name, _| !name.ends_with(".html"));
    let pages = old_pages
        .iter()
        .filter(|(name, _)| name.ends_with(".html"))
        .map(|(name, page)| (name.clone(), page.clone()));
    snapshot.extend(pages.collect::<Vec<_>>());
}

/// Somebody with connections of their own, who does one thing after the other.
pub async fn deployer(actor: &str, server: &Server, timeouts: Timeouts) -> Deployer {
    let store = server.store(timeouts).await;
    let mut deployer = Deployer::new(actor, &store);
    deployer.options.requests = 1;
    deployer
}
