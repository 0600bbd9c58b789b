//! The publishing protocol, checked in every order of events: publishers, pruners and operators
//! share a target, and the network delays what they send. Every change of the root is made by the
//! program's own functions, so that a mistake in these is found here. Each rule of the protocol is
//! also left out once, to see that it's needed.
//!
//! A request that's delayed may arrive at any later time, even at once, or never. So a lost answer,
//! a lost request and a late one are the same here: whoever sent it knows nothing. Whoever takes no
//! more steps has crashed.
//!
//! `cargo test --locked --test stories -- model::` takes half a minute. With
//! `--ignored model::deep` instead, more people meet, in millions of states and many minutes.

mod people;
mod storage;

use std::collections::BTreeSet;

use assetsync::testing::release::root::{Plain, Release};
use stateright::{Checker, HasDiscoveries, Model, Property};

use people::{Outcome, Person, Role, Step, Turn};
use storage::{ASSETS, Assets, Breach, Goal, OF_LEVEL, Storage, change, nonce};

/// A rule of the protocol that's left out. Where the root enforces it, the root is told something
/// else than what is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    /// A first push puts assets without saying so in the root before.
    Begun,
    /// A publisher commits whatever was deleted meanwhile.
    Epoch,
    /// Deletes take whatever generation is there.
    Generation,
    /// A pruner deletes without saying so first.
    Announcement,
    /// A failed precondition of a swap is taken for a loss.
    Resolution,
    /// The root is changed before the assets are there.
    AssetsFirst,
    /// A swap that may still arrive is taken for a loss.
    Unknown,
    /// Live is switched on during a sweep.
    Idle,
    /// A sweep is announced while live is on.
    LiveCheck,
    /// All changes have the same nonce.
    Nonce,
    /// Versions depend on neither nonce nor number, so that those of S3 come back with what was
    /// there before.
    Fresh,
    /// Assets that are there are put again.
    CreateOnly,
    /// A change of the current release doesn't look whether it's the one that was seen.
    Parent,
    /// Whoever changes the root doesn't look whether the newest release is the one that was seen.
    Newest,
    /// Live is switched on while mutable names are being written.
    Settled,
    /// A takedown deletes what it wasn't asked for, too.
    ByName,
    /// A rollback doesn't wait until a takedown is done.
    Waiting,
    /// A publisher doesn't look what was taken down.
    KeptOut,
    /// Whoever changes the current release doesn't look which levels are unlocked.
    Levels,
}

/// Who takes part, and how much may happen.
#[derive(Debug, Clone, Copy)]
struct Rules {
    without: Option<Without>,
    people: &'static [Role],
    /// Nothing was published yet.
    is_empty: bool,
    /// Requests that may be delayed.
    delays: u8,
    /// Publishers begin during a sweep too, and leave it to the root to refuse them.
    is_hasty: bool,
    /// How often a publisher begins.
    tries: u8,
    /// How many changes a publisher or pruner makes before it gives up.
    changes: u8,
    /// What has to happen in some order of events.
    sometimes: &'static [&'static str],
}

const RULES: Rules = Rules {
    without: None,
    people: &[],
    is_empty: false,
    is_hasty: false,
    delays: 1,
    tries: 1,
    changes: 2,
    sometimes: &[],
};

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Hash)]
struct State {
    storage: Storage,
    people: Vec<Person>,
    /// Requests that may still be delayed.
    delays: u8,
}

/// What happens next.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    /// Somebody takes a step.
    Step(usize),
    /// Somebody takes a step, whose request is delayed.
    Cut(usize),
    /// A delayed request arrives.
    Arrive(usize),
}

impl Model for Rules {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            storage: Storage::new(self),
            people: self.people.iter().map(|_| Person::new()).collect(),
            delays: self.delays,
        }]
    }

    fn actions(&self, state: &State, events: &mut Vec<Event>) {
        for (who, person) in state.people.iter().enumerate() {
            if !matches!(person.step, Step::Reported(_)) {
                events.push(Event::Step(who));
            }
            if state.delays > 0 && person.step.sends() {
                events.push(Event::Cut(who));
            }
        }
        events.extend((0..state.storage.flight.len()).map(Event::Arrive));
    }

    fn next_state(&self, last: &State, event: Event) -> Option<State> {
        let mut state = last.clone();
        let (who, is_cut) = match event {
            Event::Step(who) => (who, false),
            Event::Cut(who) => (who, true),
            Event::Arrive(which) => {
                state.storage.arrive(which, self);
                return Some(state);
            }
        };
        let mut turn = Turn {
            rules: self,
            state: &mut state,
            who,
            is_cut,
        };
        let step = turn.next()?;
        state.people[who].step = step;
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let sometimes = SOMETIMES
            .iter()
            .filter(|(name, _)| self.sometimes.contains(name))
            .map(|(name, holds)| Property::sometimes(name, *holds));
        let always = ALWAYS
            .iter()
            .map(|(name, holds)| Property::always(name, *holds));
        always.chain(sometimes).collect()
    }
}

type Condition = fn(&Rules, &State) -> bool;

const WHOLE: &str = "retained releases are whole";
const COMMITTED: &str = "what was told to be committed is in the root's history";
const LOST: &str = "what was told to be lost never takes effect";
const UNDELETED: &str = "nothing is deleted while live";
const DOWN: &str = "what was taken down is in no current release";
const LOCKED: &str = "nothing of a locked level is published";
const UNWRITTEN: &str = "nothing is overwritten while live";
const UNCHANGED: &str = "a create-only put changes nothing that's there";
const FORWARD: &str = "the root's number only goes up";
const REPLACED: &str = "only the release that was known is replaced";
const COMPLETE: &str = "a release leaves out none before it";
const EXPLAINED: &str = "no asset is there before the root says that a push began";
const SHOWN: &str = "all that the page shows is there";
const SETTLED: &str = "a settled page shows the current release";

const ALWAYS: &[(&str, Condition)] = &[
    (WHOLE, |_, state| are_whole(&state.storage)),
    (COMMITTED, are_committed),
    (LOST, |_, state| {
        state.storage.witness.lost & state.storage.witness.done == 0
    }),
    (UNDELETED, |_, state| {
        !has_seen(state, Breach::DeletedWhileLive)
    }),
    (UNWRITTEN, |_, state| {
        !has_seen(state, Breach::OverwrittenWhileLive)
    }),
    (UNCHANGED, |_, state| !has_seen(state, Breach::AssetChanged)),
    (FORWARD, |_, state| !has_seen(state, Breach::WentBack)),
    (REPLACED, |_, state| !has_seen(state, Breach::WrongParent)),
    (COMPLETE, |_, state| !has_seen(state, Breach::LeftOut)),
    (EXPLAINED, |_, state| !has_seen(state, Breach::Unexplained)),
    (DOWN, |_, state| is_down(&state.storage)),
    (LOCKED, |_, state| !has_seen(state, Breach::LockedPublished)),
    (SHOWN, is_shown),
    (SETTLED, is_settled),
];

const COMMITS: &str = "a publisher commits";
const RECOGNISES: &str = "a lost answer is recognised";
const LOSES: &str = "a race is lost";
const WONDERS: &str = "an outcome stays unknown";
const PRUNES: &str = "a pruner ends its sweep";
const FORWARDS: &str = "a pruner ends the sweep of another";
const ROLLS_BACK: &str = "an operator rolls back";
const PUBLISHES_LIVE: &str = "a release is published while live";
const SETTLES: &str = "a page is settled";
const REMOVES: &str = "an asset is gone while live";
const RETURNS: &str = "what was taken down is published again";
const PUBLISHES_LATE: &str = "a release has the level";

const SOMETIMES: &[(&str, Condition)] = &[
    (COMMITS, |_, state| {
        is_told(
            state,
            Outcome::Committed {
                is_recognised: false,
            },
        )
    }),
    (RECOGNISES, |_, state| {
        is_told(
            state,
            Outcome::Committed {
                is_recognised: true,
            },
        )
    }),
    (LOSES, |_, state| is_told(state, Outcome::Lost)),
    (WONDERS, |_, state| is_told(state, Outcome::Unknown)),
    (PRUNES, |_, state| {
        is_told(state, Outcome::Pruned { is_own: true })
    }),
    (FORWARDS, |_, state| {
        is_told(state, Outcome::Pruned { is_own: false })
    }),
    (ROLLS_BACK, |_, state| {
        let root = state.storage.root.as_ref();
        root.is_some_and(|root| root.current_id() != root.newest.as_ref())
    }),
    (PUBLISHES_LIVE, is_published_live),
    (REMOVES, |_, state| {
        let root = state.storage.root.as_ref();
        let is_live = root.is_some_and(|root| root.live.is_some());
        is_live && state.storage.there().0 & 0b010 == 0
    }),
    (RETURNS, |_, state| {
        let root = state.storage.root.as_ref();
        root.is_some_and(|root| root.takedowns.iter().any(|down| down.blocked.is_empty()))
    }),
    (PUBLISHES_LATE, |_, state| {
        let current = state
            .storage
            .root
            .as_ref()
            .and_then(|root| root.current.as_ref());
        current.is_some_and(|current| current.manifest.contains(OF_LEVEL))
    }),
    (SETTLES, |_, state| {
        let shows = &state.storage.page.shows;
        let root = state.storage.root.as_ref();
        shows.0 != "old" && root.is_some_and(|root| root.plain == Plain::Settled)
    }),
];

/// Whether live is on, as an operator knows, and the last change of the root was a publication.
fn is_published_live(rules: &Rules, state: &State) -> bool {
    let Some(root) = state
        .storage
        .root
        .as_ref()
        .filter(|_| state.storage.witness.is_promised)
    else {
        return false;
    };
    let is_of = |who: usize| (0..8).any(|count| root.nonce == nonce(change(who, count), rules));
    let publishes = |role: &Role| matches!(role, Role::Publisher(_) | Role::PagePublisher(_));
    (0..)
        .zip(rules.people)
        .any(|(who, role)| publishes(role) && is_of(who))
}

fn is_told(state: &State, outcome: Outcome) -> bool {
    state
        .people
        .iter()
        .any(|person| person.step == Step::Reported(outcome))
}

fn has_seen(state: &State, breach: Breach) -> bool {
    state.storage.witness.has_seen(breach)
}

/// Whether every retained release is there with its assets, and the current one is among them.
fn are_whole(storage: &Storage) -> bool {
    let Some(root) = &storage.root else {
        return true;
    };
    let Some(retained) = storage.retained(root) else {
        return false;
    };
    let is_retained = root
        .current
        .as_ref()
        .is_none_or(|current| retained.contains(&current));
    let there = storage.there();
    let missing = |release: &Release| Assets::named(&release.manifest).but(there);
    // Earlier releases may be without what somebody took down; a rollback leaves that out.
    let is_explained = |asset: usize| root.was_taken_down(&ASSETS[asset].to_string());
    let is_whole = |release: &Release| {
        if root.current.as_ref() == Some(release) {
            missing(release) == Assets::NONE
        } else {
            missing(release).each().all(is_explained)
        }
    };
    is_retained && retained.into_iter().all(is_whole)
}

/// Whether the current release has nothing that somebody took down, and nobody put back.
fn is_down(storage: &Storage) -> bool {
    let Some(root) = &storage.root else {
        return true;
    };
    let is_blocked = |asset: usize| root.blocked(&ASSETS[asset].to_string()).is_some();
    let current = root.current.as_ref();
    !current.is_some_and(|current| Assets::named(&current.manifest).each().any(is_blocked))
}

fn are_committed(rules: &Rules, state: &State) -> bool {
    let witness = &state.storage.witness;
    let knows = |change: u8| {
        let root = state.storage.root.as_ref();
        root.is_some_and(|root| root.has(&nonce(change, rules)))
    };
    witness.committed & !witness.done == 0
        && (0..64)
            .filter(|change| witness.committed & (1 << change) != 0)
            .all(knows)
}

/// Where nobody writes the page, none is looked at.
fn has_page(rules: &Rules) -> bool {
    let writes = |role: &Role| matches!(role, Role::PagePublisher(_));
    rules.people.iter().any(writes)
}

fn is_shown(rules: &Rules, state: &State) -> bool {
    let storage = &state.storage;
    let is_there =
        |release: &Release| Assets::named(&release.manifest).but(storage.there()) == Assets::NONE;
    !has_page(rules) || storage.manifest(&storage.page.shows).is_some_and(is_there)
}

fn is_settled(rules: &Rules, state: &State) -> bool {
    let root = state.storage.root.as_ref();
    !has_page(rules)
        || root.is_none_or(|root| {
            root.plain == Plain::Pending || root.current_id() == Some(&*state.storage.page.shows)
        })
}

/// Checks all orders of events, and says how many states there are.
fn holds(rules: Rules) {
    let until = HasDiscoveries::AnyFailures;
    let checker = rules
        .checker()
        .threads(2)
        .finish_when(until)
        .spawn_bfs()
        .join();
    println!(
        "{} states, {} deep",
        checker.unique_state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
}

/// Checks that this property fails without this rule, and nothing does with it.
fn needs(rule: Without, property: &'static str, rules: Rules) {
    holds(rules);
    let broken = Rules {
        without: Some(rule),
        ..rules
    };
    let until = HasDiscoveries::AnyOf(BTreeSet::from([property]));
    let checker = broken.checker().finish_when(until).spawn_bfs().join();
    println!("{} states until a violation", checker.unique_state_count());
    let found = checker.discovery(property);
    let path = found.unwrap_or_else(|| panic!("it holds without {rule:?}: {property}"));
    println!("{property}: {:?}", path.into_actions());
}

use Goal::{Live, Lock, Open, RollBack, Touch, Unlock};
use Role::{LevelPublisher, Operator, PagePublisher, Pruner, Publisher, Remover, Returner};

#[test]
fn everything_holds() {
    holds(Rules {
        people: &[Publisher("ac"), Publisher("bc"), Pruner, Operator(&[Live])],
        sometimes: &[COMMITS, RECOGNISES, LOSES, PRUNES, PUBLISHES_LIVE],
        ..RULES
    });
}

/// Live on and off again, beside a rollback and a sweep.
#[test]
#[ignore = "of the long part"]
fn operators_disturb_nothing() {
    holds(Rules {
        people: &[
            Publisher("ac"),
            Pruner,
            Operator(&[RollBack]),
            Operator(&[Live, Open]),
        ],
        sometimes: &[COMMITS, LOSES, PRUNES, ROLLS_BACK, PUBLISHES_LIVE],
        ..RULES
    });
}

/// There and back again, while somebody publishes and somebody deletes.
#[test]
fn rollbacks_and_sweeps_agree() {
    holds(Rules {
        people: &[Publisher("ac"), Pruner, Operator(&[RollBack, RollBack])],
        sometimes: &[COMMITS, LOSES, PRUNES, ROLLS_BACK],
        tries: 2,
        changes: 3,
        ..RULES
    });
}

#[test]
fn rollbacks_and_races_agree() {
    holds(Rules {
        people: &[
            Publisher("ac"),
            Publisher("bc"),
            Pruner,
            Operator(&[RollBack]),
        ],
        sometimes: &[COMMITS, LOSES, PRUNES, ROLLS_BACK],
        delays: 0,
        tries: 2,
        ..RULES
    });
}

#[test]
fn the_root_refuses_the_hasty() {
    holds(Rules {
        people: &[Publisher("ac"), Pruner, Operator(&[RollBack])],
        is_hasty: true,
        sometimes: &[COMMITS, PRUNES, ROLLS_BACK],
        tries: 2,
        ..RULES
    });
}

#[test]
fn sweeps_are_rolled_forward() {
    holds(Rules {
        people: &[Publisher("ac"), Pruner, Pruner],
        sometimes: &[COMMITS, PRUNES, FORWARDS],
        tries: 2,
        ..RULES
    });
}

/// A pruner that went to sleep wakes up when another has ended its sweep, and live is on.
#[test]
fn late_pruners_delete_nothing() {
    holds(Rules {
        people: &[Pruner, Pruner, Operator(&[Live, Open])],
        sometimes: &[PRUNES, FORWARDS],
        delays: 2,
        changes: 3,
        ..RULES
    });
}

/// Each of two publishers may send its swap twice without an answer.
#[test]
fn swaps_without_answers_are_resolved() {
    holds(Rules {
        people: &[Publisher("ac"), Publisher("bc"), Operator(&[Touch])],
        sometimes: &[COMMITS, RECOGNISES, LOSES, WONDERS],
        delays: 2,
        changes: 3,
        ..RULES
    });
}

#[test]
#[ignore = "of the long part"]
fn first_releases_race() {
    holds(Rules {
        people: &[Publisher("ac"), Publisher("bc"), Operator(&[Live])],
        is_empty: true,
        sometimes: &[COMMITS, RECOGNISES, LOSES],
        delays: 2,
        changes: 4,
        ..RULES
    });
}

#[test]
fn pages_are_settled() {
    holds(Rules {
        people: &[PagePublisher("a"), PagePublisher("b"), Operator(&[Live])],
        sometimes: &[COMMITS, LOSES, SETTLES],
        changes: 3,
        ..RULES
    });
}

#[test]
fn sweeps_wait_for_pages() {
    holds(Rules {
        people: &[PagePublisher("ac"), Pruner, Operator(&[Live, Open])],
        sometimes: &[COMMITS, PRUNES, SETTLES],
        changes: 3,
        ..RULES
    });
}

/// Somebody takes `b` down while the target is live, and others publish and prune.
#[test]
#[ignore = "of the long part"]
fn takedowns_disturb_nothing() {
    holds(Rules {
        people: &[Publisher("bc"), Pruner, Remover(1), Operator(&[Live])],
        sometimes: &[COMMITS, REMOVES, PRUNES],
        ..RULES
    });
}

/// Somebody takes down what only the release before has, and others roll back to it.
#[test]
fn takedowns_and_rollbacks_agree() {
    holds(Rules {
        people: &[Returner("ab"), Remover(0), Operator(&[RollBack, Live])],
        sometimes: &[COMMITS, ROLLS_BACK],
        ..RULES
    });
}

/// Files that were taken down come back complete.
#[test]
fn returned_takedown_is_complete() {
    holds(Rules {
        people: &[Returner("b"), Remover(1), Operator(&[RollBack])],
        sometimes: &[COMMITS, RETURNS, ROLLS_BACK],
        tries: 2,
        changes: 3,
        ..RULES
    });
}

#[test]
fn takedowns_are_rolled_forward() {
    holds(Rules {
        people: &[Returner("b"), Remover(1), Remover(1)],
        sometimes: &[COMMITS, PRUNES, FORWARDS],
        ..RULES
    });
}

#[test]
fn levels_are_as_publishers_saw_them() {
    holds(Rules {
        people: &[
            LevelPublisher("ac"),
            LevelPublisher("bc"),
            Operator(&[Unlock, Lock]),
        ],
        sometimes: &[COMMITS, PUBLISHES_LATE],
        ..RULES
    });
}

#[test]
#[ignore = "takes minutes"]
fn deep_takedowns_disturb_nothing() {
    holds(Rules {
        people: &[
            Publisher("ac"),
            Returner("bc"),
            Pruner,
            Remover(1),
            Operator(&[Live]),
        ],
        sometimes: &[COMMITS, REMOVES, PRUNES, RETURNS],
        ..RULES
    });
}

#[test]
#[ignore = "takes minutes"]
fn deep_everything_holds() {
    holds(Rules {
        people: &[
            Publisher("ac"),
            Publisher("bc"),
            Pruner,
            Operator(&[Live, RollBack]),
        ],
        sometimes: &[
            COMMITS,
            RECOGNISES,
            LOSES,
            PRUNES,
            ROLLS_BACK,
            PUBLISHES_LIVE,
        ],
        ..RULES
    });
}

#[test]
#[ignore = "takes minutes"]
fn deep_sweeps_are_rolled_forward() {
    holds(Rules {
        people: &[Publisher("ac"), Pruner, Pruner, Operator(&[Live, Open])],
        sometimes: &[COMMITS, PRUNES, FORWARDS],
        tries: 2,
        changes: 3,
        ..RULES
    });
}

/// One pruner sleeps until another sweep than its own is going on.
#[test]
#[ignore = "takes minutes"]
fn deep_sweeps_are_told_apart() {
    holds(Rules {
        people: &[Publisher("c"), Pruner, Pruner, Pruner, Operator(&[Live])],
        sometimes: &[COMMITS, PRUNES, FORWARDS],
        delays: 0,
        ..RULES
    });
}

#[test]
#[ignore = "takes minutes"]
fn deep_pages_are_settled() {
    holds(Rules {
        people: &[
            PagePublisher("a"),
            PagePublisher("b"),
            Pruner,
            Operator(&[Live, Open]),
        ],
        sometimes: &[COMMITS, LOSES, SETTLES, PRUNES],
        changes: 3,
        ..RULES
    });
}

/// Rule: a release counts only if nothing was deleted, and nothing is being deleted, since its
/// objects were looked at.
#[test]
fn commits_check_the_epoch() {
    let people = &[Publisher("ac"), Pruner];
    needs(Without::Epoch, WHOLE, Rules { people, ..RULES });
}

/// Rule: whoever replaces the current release knew it, or has lost the race. Of a rollback, nothing
/// else tells: the newest release stays the same.
#[test]
fn commits_compare_the_current_release() {
    let people = &[Publisher("ac"), Operator(&[RollBack])];
    needs(Without::Parent, REPLACED, Rules { people, ..RULES });
}

/// Rule: whoever publishes knew the newest release. One that was published and rolled back from
/// leaves the current one as it was, and would be left out of the row of retained releases.
#[test]
fn publishers_compare_the_newest_release() {
    let people = &[Publisher("ac"), Publisher("bc"), Operator(&[RollBack])];
    needs(
        Without::Newest,
        COMPLETE,
        Rules {
            people,
            delays: 0,
            ..RULES
        },
    );
}

/// Rule: whoever deletes knew the newest release. One that was published and rolled back from is
/// retained, and its objects are garbage to those who don't know it.
#[test]
fn pruners_compare_the_newest_release() {
    let people = &[Publisher("ac"), Pruner, Operator(&[RollBack])];
    needs(
        Without::Newest,
        WHOLE,
        Rules {
            people,
            delays: 0,
            ..RULES
        },
    );
}

/// Rule: the root says that a first push begins before it puts anything. So what is there without
/// such a root belongs to releases that are kept elsewhere, or are lost.
#[test]
fn first_pushes_begin_with_a_root() {
    let people = &[Publisher("ac"), Publisher("bc")];
    needs(
        Without::Begun,
        EXPLAINED,
        Rules {
            people,
            is_empty: true,
            ..RULES
        },
    );
}

/// Rule: a deletion names the version of the object that was seen. Late ones don't hit what was
/// written anew since.
#[test]
fn deletes_name_a_generation() {
    let people = &[Publisher("ac"), Pruner];
    needs(
        Without::Generation,
        WHOLE,
        Rules {
            people,
            tries: 2,
            ..RULES
        },
    );
}

/// Rule: the root says what will be deleted before anything is, so that whoever counts on it is
/// told.
#[test]
fn sweeps_are_announced() {
    let people = &[Publisher("ac"), Pruner];
    needs(Without::Announcement, WHOLE, Rules { people, ..RULES });
}

/// Rule: a swap that was refused isn't lost until the root says so. It may have been refused by its
/// own first try, whose answer was lost.
#[test]
fn failed_preconditions_are_resolved() {
    let people = &[Publisher("ac")];
    needs(Without::Resolution, LOST, Rules { people, ..RULES });
}

/// Rule: what nobody knows is told to be unknown. A swap without an answer may still arrive.
#[test]
fn outcomes_may_be_unknown() {
    let people = &[Publisher("ac")];
    needs(
        Without::Unknown,
        LOST,
        Rules {
            people,
            delays: 2,
            ..RULES
        },
    );
}

/// Rule: everything that a release leads to is written before the root leads to the release.
#[test]
fn assets_come_before_the_pointer() {
    let people = &[Publisher("ac")];
    needs(Without::AssetsFirst, WHOLE, Rules { people, ..RULES });
}

/// Rule: an immutable object is created, and never written over.
#[test]
fn assets_are_only_created() {
    let people = &[Publisher("ac")];
    needs(Without::CreateOnly, UNCHANGED, Rules { people, ..RULES });
}

/// Rule: live isn't switched on before a sweep has ended.
#[test]
fn live_waits_for_sweeps() {
    let people = &[Pruner, Operator(&[Live])];
    needs(Without::Idle, UNDELETED, Rules { people, ..RULES });
}

/// Rule: no sweep begins while the target is live.
#[test]
fn sweeps_wait_for_live() {
    let people = &[Pruner, Operator(&[Live])];
    needs(Without::LiveCheck, UNDELETED, Rules { people, ..RULES });
}

/// Rule: live isn't switched on before all mutable names are written.
#[test]
fn live_waits_for_pages() {
    let people = &[PagePublisher("ac"), Operator(&[Live])];
    needs(Without::Settled, UNWRITTEN, Rules { people, ..RULES });
}

/// Rule: every change of the root has a nonce of its own. Else whoever looks for theirs finds that
/// of others.
#[test]
fn changes_have_nonces() {
    let people = &[Publisher("ac"), Publisher("bc")];
    needs(Without::Nonce, COMMITTED, Rules { people, ..RULES });
}

/// Rule: no root is ever the same as one before it, in bytes. Else a late swap finds the version
/// back that it was made for, where versions are made from content.
#[test]
fn versions_never_come_back() {
    let people = &[Publisher("ac"), Operator(&[Live, Open])];
    needs(Without::Fresh, LOST, Rules { people, ..RULES });
}

/// Rule: a takedown deletes what is asked for by name. It's all that may go while players are
/// there.
#[test]
fn takedowns_go_by_name() {
    let people = &[Remover(1), Operator(&[Live])];
    needs(Without::ByName, UNDELETED, Rules { people, ..RULES });
}

/// Rule: a takedown is announced with the release that is without it. Else somebody who puts it
/// back counts on what is being deleted.
#[test]
fn takedowns_are_announced() {
    let people = &[Returner("b"), Remover(1)];
    needs(
        Without::Announcement,
        WHOLE,
        Rules {
            people,
            tries: 2,
            ..RULES
        },
    );
}

/// Rule: a publisher looks what was taken down, and stops unless that may come back.
#[test]
fn publishers_look_what_was_taken_down() {
    let people = &[Publisher("bc"), Remover(1)];
    needs(Without::KeptOut, DOWN, Rules { people, ..RULES });
}

/// Rule: whoever publishes knew which levels are unlocked. One that was locked meanwhile stays
/// back.
#[test]
fn publishers_compare_the_levels() {
    let people = &[LevelPublisher("ac"), Operator(&[Unlock, Lock])];
    needs(Without::Levels, LOCKED, Rules { people, ..RULES });
}

/// Rule: a rollback waits for a takedown. What it verified may be what is being deleted, of an
/// earlier release.
#[test]
fn rollbacks_wait_for_takedowns() {
    let people = &[Remover(0), Operator(&[RollBack])];
    needs(Without::Waiting, WHOLE, Rules { people, ..RULES });
}
