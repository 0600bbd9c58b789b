//! Every request of every change, with every fault.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use assetsync::testing::release::root::Root;

use super::place::{Kind, Server};
use super::scenarios::{Reported, Scenario, Stage, deployer, impatient, with_timeouts};
use crate::support::faults::{Effect, Fault, Lost};
use crate::support::library::block_on;

const CASES_AT_A_TIME: usize = 16;

/// How many cases run with all other stories.
const QUICK_CASES: usize = 320;

/// Runs one case alone, or all whose names begin so.
const ONE_CASE: &str = "ASSETSYNC_TEST_CASE";

/// All that may happen to a request. Cases are called by their places here.
pub fn effects() -> Vec<Effect> {
    let later = [3, 8].map(|requests| Effect::Delayed(Some(requests)));
    let denied = "<Error><Code>AccessDenied</Code><Message>Not now</Message></Error>";
    let denied = Effect::Refuse(403, Vec::new(), denied.to_string());
    let gone = Effect::refuse(412);
    Effect::all()
        .into_iter()
        .chain(later)
        .chain([denied, gone])
        .collect()
}

/// When the requests are done that were delayed until somebody says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Delivery {
    /// Right after the run that sent them.
    Before,
    /// After somebody touched the root: then it's too late for a swap.
    Fenced,
    /// After the next run.
    After,
}

impl Delivery {
    const ALL: [Delivery; 3] = [Delivery::Before, Delivery::Fenced, Delivery::After];

    fn name(self) -> &'static str {
        match self {
            Delivery::Before => "before",
            Delivery::Fenced => "fenced",
            Delivery::After => "after",
        }
    }
}

#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    scenario: Scenario,
    /// The number of a request, and what becomes of it.
    faults: Vec<(usize, usize)>,
    delivery: Delivery,
}

impl Case {
    fn name(&self) -> String {
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|(request, effect)| format!("{request}.{effect}"))
            .collect();
        let (kind, scenario) = (self.kind.name(), self.scenario.name());
        let (faults, delivery) = (faults.join("+"), self.delivery.name());
        format!("{kind}/{scenario}/{faults}/{delivery}")
    }
}

type Stages = BTreeMap<(Kind, Scenario), Stage>;

async fn stages() -> Stages {
    let mut stages = Stages::new();
    for kind in Kind::ALL {
        for scenario in Scenario::ALL {
            let stage = Stage::make(scenario, kind).await;
            stages.insert((kind, scenario), stage);
        }
    }
    stages
}

/// How many requests a run takes in which nothing goes wrong, which must come to what it should.
async fn requests_of(stage: &Stage) -> usize {
    let server = Server::start(stage.kind, &stage.before);
    let ann = deployer("first", &server, with_timeouts()).await;
    let told = stage.act(&ann).await;
    let is_done = matches!(
        told,
        Reported::Done {
            is_complete: true,
            ..
        }
    );
    assert!(is_done, "{:?} {told:?}", stage.scenario);
    let unfinished = stage.unfinished(&server.snapshot());
    assert!(unfinished.is_empty(), "{:?} {unfinished:?}", stage.scenario);
    let wrong = server.history().wrong.clone();
    assert!(wrong.is_empty(), "{:?} {wrong:?}", stage.scenario);
    server.requests().len()
}

/// One fault at every request; then two, the second at one of the next requests.
async fn all_cases(stages: &Stages) -> Vec<Case> {
    let effects = effects();
    let mut cases = Vec::new();
    for ((kind, scenario), stage) in stages {
        let requests = requests_of(stage).await;
        let mut add = |faults: Vec<(usize, usize)>| {
            let is_late = |(_, effect): &(usize, usize)| effects[*effect] == Effect::Delayed(None);
            let deliveries = if faults.iter().any(is_late) {
                Delivery::ALL.as_slice()
            } else {
                &[Delivery::Before]
            };
            for delivery in deliveries {
                cases.push(Case {
                    kind: *kind,
                    scenario: *scenario,
                    faults: faults.clone(),
                    delivery: *delivery,
                });
            }
        };
        for request in 1..=requests {
            (0..effects.len()).for_each(|effect| add(vec![(request, effect)]));
        }
        for request in 1..=requests {
            for (one, other) in pairs(&effects) {
                for gap in 1..=2 {
                    add(vec![(request, one), (request + gap, other)]);
                }
            }
        }
    }
    cases
}

/// A request of which nobody knows whether it's done, and what then becomes of the next one.
fn pairs(effects: &[Effect]) -> Vec<(usize, usize)> {
    let place = |wanted: &Effect| {
        let found = effects.iter().position(|effect| effect == wanted);
        found.expect("one of all effects")
    };
    let denied = |effect: &Effect| matches!(effect, Effect::Refuse(403, ..));
    let denied = effects.iter().position(denied).expect("one of them");
    let doubts = [Effect::DoThen(Lost::Close), Effect::Delayed(None)];
    let then = [
        place(&Effect::BadChecksum),
        place(&Effect::ErrorInOk),
        place(&Effect::refuse(412)),
        place(&Effect::DoThen(Lost::Status(500))),
        place(&Effect::Delayed(None)),
        denied,
    ];
    let doubts = doubts.iter().map(place);
    doubts
        .flat_map(|one| then.map(|other| (one, other)))
        .collect()
}

/// Runs a case; tells what is wrong.
async fn run(stage: &Stage, case: &Case) -> Vec<String> {
    let server = Server::start(stage.kind, &stage.before);
    let effects = effects();
    // Everybody is ready before anything goes wrong.
    let first = deployer("first", &server, impatient()).await;
    let next = deployer("second", &server, with_timeouts()).await;
    server.clear();
    for (request, effect) in &case.faults {
        server.fault(Fault::nth(*request, effects[*effect].clone()));
    }
    let told = stage.act(&first).await;
    server.disarm();
    let mut wrong = Vec::new();
    if let Reported::Done {
        is_complete: true, ..
    } = &told
    {
        let unfinished = stage.unfinished(&server.snapshot());
        // A listing that was damaged on its way hides garbage; the next prune sees it.
        let is_seen = |what: &String| !what.ends_with("is garbage");
        let unfinished = unfinished.into_iter().filter(is_seen);
        wrong.extend(unfinished.map(|what| format!("told that it's done: {what}")));
    }
    match case.delivery {
        Delivery::Before => {
            server.deliver_delayed();
        }
        Delivery::Fenced => {
            let touch = |root: Option<&Root>, stamp: &_| Ok(Root::touch(root, stamp));
            let state = next.state().await.expect("a state");
            state.change(touch).await.expect("touched");
            let is_fenced = server.history().current().is_some();
            let swaps = server.history().roots.len();
            server.deliver_delayed();
            if is_fenced && server.history().roots.len() != swaps {
                wrong.push("a swap was done after a later one".to_string());
            }
        }
        Delivery::After => {}
    }
    if let Err(why) = stage.act_again(&next).await {
        wrong.push(format!("the next run: {why}"));
    }
    let is_late = server.deliver_delayed() > 0;
    // What came after a prune is for the next one.
    if is_late
        && stage.scenario == Scenario::Prune
        && let Err(why) = stage.act_again(&next).await
    {
        wrong.push(format!("one more run: {why}"));
    }
    let unfinished = stage.unfinished(&server.snapshot());
    wrong.extend(
        unfinished
            .into_iter()
            .map(|what| format!("in the end: {what}")),
    );
    wrong.extend(not_idle(stage, &server).await);
    let history = server.history();
    wrong.extend(history.wrong.iter().cloned());
    wrong.extend(stage.lies(&told, "first", &history.roots));
    if !wrong.is_empty() {
        let requests = server.requests();
        let asked = requests.iter().take(60).map(|request| {
            let object = request.object.as_deref().unwrap_or(&request.query);
            let (method, status) = (&request.method, request.status);
            format!("{method} {object} {status} {}", request.done)
        });
        wrong.push(format!("told: {told:?}"));
        wrong.push(asked.collect::<Vec<_>>().join("\n    "));
    }
    wrong
}

/// Whether a further run writes although all is done.
async fn not_idle(stage: &Stage, server: &Server) -> Vec<String> {
    if !stage.is_idle_when_done() {
        return Vec::new();
    }
    let last = deployer("third", server, with_timeouts()).await;
    let sent = server.requests().len();
    let told = stage.act_again(&last).await.err();
    let writes = server.requests().split_off(sent).into_iter();
    let writes = writes.filter(|request| !matches!(request.method.as_str(), "GET" | "HEAD"));
    let writes =
        writes.map(|request| format!("a further run: {} {}", request.method, request.path));
    told.into_iter().chain(writes).collect()
}

/// Runs cases side by side, each worker on a runtime of its own; returns how many are wrong, and
/// says which.
fn run_all(stages: &Stages, cases: Vec<Case>) -> usize {
    let (count, began) = (cases.len(), Instant::now());
    let (wrong, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let cases = Mutex::new(cases.into_iter());
    let next = || cases.lock().expect("no holder panics").next();
    let work = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime starts");
        while let Some(case) = next() {
            let stage = &stages[&(case.kind, case.scenario)];
            let all = || runtime.block_on(run(stage, &case));
            let found = catch_unwind(AssertUnwindSafe(all));
            let found = found.unwrap_or_else(|_| vec!["it panicked".to_string()]);
            if !found.is_empty() {
                wrong.fetch_add(1, Ordering::Relaxed);
                println!("{}\n  {}\n", case.name(), found.join("\n  "));
            }
            let so_far = done.fetch_add(1, Ordering::Relaxed) + 1;
            if so_far.is_multiple_of(1000) {
                println!("{so_far} of {count} cases, {:?}", began.elapsed());
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..CASES_AT_A_TIME {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner();
    println!("{count} cases, {wrong} wrong, {:?}", began.elapsed());
    wrong
}

/// Some requests with some faults leave a whole release and a truthful report.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn sampled_faults_leave_whole_releases() {
    let stages = block_on(stages());
    let cases = block_on(all_cases(&stages));
    let step = cases.len().div_ceil(QUICK_CASES);
    let cases = cases.into_iter().step_by(step).collect();
    assert_eq!(run_all(&stages, cases), 0);
}

/// Every request with every fault leaves a whole release and a truthful report.
#[test]
#[ignore = "minutes"]
fn every_fault_leaves_whole_releases() {
    let stages = block_on(stages());
    let wanted = std::env::var(ONE_CASE).unwrap_or_default();
    let mut cases = block_on(all_cases(&stages));
    cases.retain(|case| case.name().starts_with(&wanted));
    assert!(!cases.is_empty(), "no case is called `{wanted}`");
    assert_eq!(run_all(&stages, cases), 0);
}
