//! Somebody else who does something in between: after every request of a push or a rollback.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use assetsync::testing::release::prune::Keep;
use assetsync::testing::{Build, Timeouts};

use super::place::{Kind, Server};
use super::scenarios::{Scenario, Stage, after, deployer, with_timeouts};
use crate::support::Site;
use crate::support::faults::{Effect, Fault, Lost};
use crate::support::library::{Deployer, block_on, built};

const CASES_AT_A_TIME: usize = 8;

const NONE: Keep = Keep {
    releases: 1,
    age: Duration::ZERO,
};

/// How long the one waits for a lost answer: the other is done by then, or crosses even more.
const PAUSE: Duration = Duration::from_millis(1500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    Pushes,
    RollsBack,
    GoesLive,
    Prunes,
}

impl Other {
    const ALL: [Other; 4] = [
        Other::Pushes,
        Other::RollsBack,
        Other::GoesLive,
        Other::Prunes,
    ];

    /// Whatever comes of it: it may be refused.
    async fn act(self, ben: &Deployer, theirs: &Build) {
        match self {
            Other::Pushes => drop(ben.push(theirs).await),
            Other::RollsBack => drop(ben.roll_back(None).await),
            Other::GoesLive => drop(ben.go_live().await),
            Other::Prunes => drop(ben.prune(NONE).await),
        }
    }
}

/// What both sides publish from.
struct Pair {
    stage: Stage,
    theirs: Build,
    requests: usize,
    _site: Site,
}

impl Pair {
    async fn make(scenario: Scenario, kind: Kind) -> Pair {
        let stage = Stage::make(scenario, kind).await;
        let server = Server::start(kind, &stage.before);
        let ann = deployer("first", &server, with_timeouts()).await;
        drop(stage.act(&ann).await);
        let site = after();
        site.write("gears.js", "turn(4)");
        site.write("index.html", "<h1>Somebody else's</h1>");
        Pair {
            stage,
            theirs: built(&site),
            requests: server.requests().len(),
            _site: site,
        }
    }
}

async fn cross(pair: &Pair, request: usize, other: Other) -> Vec<String> {
    let stage = &pair.stage;
    let server = Server::start(stage.kind, &stage.before);
    let timeouts = Timeouts {
        stall: PAUSE,
        ..with_timeouts()
    };
    let ann = deployer("first", &server, timeouts).await;
    let ben = deployer("other", &server, with_timeouts()).await;
    server.clear();
    server.fault(Fault::nth(request, Effect::DoThen(Lost::Hang)));
    let act = stage.act(&ann);
    let crossing = async {
        while server.requests().len() < request {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        other.act(&ben, &pair.theirs).await;
    };
    let (told, ()) = tokio::join!(act, crossing);
    let mut wrong = Vec::new();
    if other == Other::GoesLive {
        drop(ben.end_live().await);
    }
    drop(ben.resolve().await);
    let next = deployer("second", &server, with_timeouts()).await;
    let is_pruned = other == Other::Prunes && stage.scenario == Scenario::Rollback;
    if let Err(why) = stage.act_again(&next).await
        && !is_pruned
    {
        wrong.push(format!("the next run: {why}"));
    } else if !is_pruned {
        wrong.extend(stage.unfinished(&server.snapshot()));
    }
    let history = server.history();
    wrong.extend(history.wrong.iter().cloned());
    wrong.extend(stage.lies(&told, "first", &history.roots));
    if !wrong.is_empty() {
        wrong.push(format!("told: {told:?}"));
    }
    wrong
}

fn cross_all(kind: Kind, scenario: Scenario, step: usize) {
    let began = Instant::now();
    let pair = block_on(Pair::make(scenario, kind));
    let rows = (1..=pair.requests).flat_map(|n| Other::ALL.map(|other| (n, other)));
    let rows: Vec<(usize, Other)> = rows.step_by(step).collect();
    let (count, failed) = (rows.len(), Mutex::new(Vec::new()));
    let rows = Mutex::new(rows.into_iter());
    let next = || rows.lock().expect("no holder panics").next();
    let work = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime starts");
        while let Some((request, other)) = next() {
            let all = || runtime.block_on(cross(&pair, request, other));
            let found = catch_unwind(AssertUnwindSafe(all));
            let found = found.unwrap_or_else(|_| vec!["it panicked".to_string()]);
            if !found.is_empty() {
                let name = format!("{kind:?} {scenario:?}, {other:?} after request {request}");
                println!("{name}\n  {}\n", found.join("\n  "));
                failed.lock().expect("no holder panics").push(name);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..CASES_AT_A_TIME {
            scope.spawn(work);
        }
    });
    println!(
        "{count} crossings, {kind:?} {scenario:?}, {:?}",
        began.elapsed()
    );
    let failed = failed.into_inner().expect("no holder panics");
    assert!(failed.is_empty(), "{failed:#?}");
}

/// A change in between a push is not overwritten, and the release is not torn.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn crossing_a_push_tears_nothing() {
    cross_all(Kind::S3, Scenario::PushBack, 3);
}

/// Not on S3: there, the version of the same bytes is the same again, so that a write of a plain
/// name whose answer was lost, and which is sent again, can overtake somebody who brought the old
/// page back meanwhile. README tells of it.
#[test]
#[ignore = "minutes"]
fn crossing_after_any_request_breaks_nothing() {
    for scenario in [Scenario::Push, Scenario::PushBack, Scenario::Rollback] {
        cross_all(Kind::Gcs, scenario, 1);
    }
}
