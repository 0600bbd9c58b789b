//! Whoever changes a target in the model, one step at a time: each step sends one request at most.

use std::collections::BTreeSet;

use assetsync::testing::release::root::{
    Edit, Overwrites, Plain, Refusal, Release, ReleaseId, Root, Seen, Swapped, Takedown, swapped,
};

use super::storage::{
    ASSETS, Answer, Assets, Goal, Kept, LEVEL, OF_LEVEL, Request, Storage, Swap, as_settled,
    change, release, stamp, without_sweep,
};
use super::{Rules, State, Without};

/// What somebody is there for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// Publishes a release of these assets.
    Publisher(&'static str),
    /// Publishes a release of these assets, and writes over the page.
    PagePublisher(&'static str),
    /// Publishes a release of these assets, also if one of them was taken down.
    Returner(&'static str),
    /// Publishes a release of these assets: `c`, which is of a level that is held, only if that's
    /// unlocked.
    LevelPublisher(&'static str),
    /// Deletes what no retained release needs, or ends what another pruner began.
    Pruner,
    /// Takes this asset down, or ends what another began.
    Remover(usize),
    /// Does these, one after the other. What is refused isn't tried again.
    Operator(&'static [Goal]),
}

/// What a sweep deletes: assets by generation. Its text is the name of its document, so that
/// whoever reads the root knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    pub text: String,
    pub doomed: Vec<(usize, u8)>,
}

impl Plan {
    fn new(change: u8, doomed: Vec<(usize, u8)>) -> Plan {
        let items = doomed
            .iter()
            .map(|(asset, generation)| format!(" {asset}.{generation}"));
        Plan {
            text: format!("{change}{}", items.collect::<String>()),
            doomed,
        }
    }

    fn parse(text: &str) -> Plan {
        let number = |text: &str| text.parse().expect("a number");
        let item = |item: &str| {
            let (asset, generation) = item.split_once('.').expect("both");
            (usize::from(number(asset)), number(generation))
        };
        Plan {
            text: text.to_string(),
            doomed: text.split(' ').skip(1).map(item).collect(),
        }
    }
}

/// What somebody was told in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Committed {
        is_recognised: bool,
    },
    Lost,
    Unknown,
    Refused,
    Pruned {
        is_own: bool,
    },
    /// There was nothing to do.
    Idle,
}

/// What somebody does next.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Step {
    /// Reads the root; an operator does the next on the list.
    Read,
    /// Says in the root that a first push begins, unless it does already.
    Begin(Kept<Seen>),
    /// Creates the assets that are left.
    Put { seen: Kept<Seen>, left: Assets },
    /// Looks whether all are there.
    Verify(Kept<Seen>),
    /// Creates the manifest.
    Manifest {
        seen: Kept<Seen>,
        release: Kept<Release>,
    },
    /// Reads the root again and makes the next one.
    Commit {
        seen: Kept<Seen>,
        release: Kept<Release>,
    },
    /// Sends the swap, for the second time if `again`.
    Send {
        swap: Kept<Swap>,
        again: bool,
        what: What,
    },
    /// Reads the root to know what became of the swap.
    Resolve {
        swap: Kept<Swap>,
        again: bool,
        what: What,
    },
    /// Reads the page.
    Look(Kept<Release>),
    /// Reads the root once more before the page is written over.
    Check {
        release: Kept<Release>,
        generation: u8,
    },
    /// Writes over the page.
    Write {
        release: Kept<Release>,
        generation: u8,
    },
    /// Says that the page is written.
    Settle(Kept<Release>),
    /// Lists what is there and decides what to delete.
    List(Kept<Seen>),
    /// Announces the sweep.
    Announce {
        seen: Kept<Seen>,
        plan: Kept<Plan>,
        oldest: Kept<ReleaseId>,
    },
    /// Deletes what is left of the plan.
    Delete {
        plan: Kept<Plan>,
        at: usize,
        is_own: bool,
    },
    /// Says that all of it is gone.
    Finish { plan: Kept<Plan>, is_own: bool },
    /// Creates the manifest of the release without what is taken down.
    Lessen {
        seen: Kept<Seen>,
        release: Kept<Release>,
        plan: Kept<Plan>,
    },
    /// Makes it the current one, if there is one, and announces what is deleted.
    TakeDown {
        seen: Kept<Seen>,
        release: Option<Kept<Release>>,
        plan: Kept<Plan>,
    },
    /// Looks whether all assets of a retained release are there.
    Reverify { seen: Kept<Seen>, to: Kept<Release> },
    /// Makes that release the current one.
    RollBack { seen: Kept<Seen>, to: Kept<Release> },
    /// Is done.
    Reported(Outcome),
}

/// What goes on after a swap.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum What {
    Begin(Kept<Seen>),
    Commit {
        seen: Kept<Seen>,
        release: Kept<Release>,
    },
    Settle(Kept<Release>),
    Sweep(Kept<Plan>),
    Finish {
        plan: Kept<Plan>,
        is_own: bool,
    },
    Task,
}

impl Step {
    /// Whether it sends something that may change something.
    pub fn sends(&self) -> bool {
        matches!(
            self,
            Step::Put { .. }
                | Step::Manifest { .. }
                | Step::Lessen { .. }
                | Step::Send { .. }
                | Step::Write { .. }
                | Step::Delete { .. }
        )
    }
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Person {
    pub step: Step,
    /// How often it began.
    tries: u8,
    /// How many changes of the root it made, or tasks it did.
    changes: u8,
}

impl Person {
    pub fn new() -> Person {
        Person {
            step: Step::Read,
            tries: 1,
            changes: 0,
        }
    }
}

/// One step of somebody.
pub struct Turn<'a> {
    pub rules: &'a Rules,
    pub state: &'a mut State,
    pub who: usize,
    /// The network keeps its request for later.
    pub is_cut: bool,
}

impl Turn<'_> {
    /// What comes after this step; nothing if there is none.
    pub fn next(&mut self) -> Option<Step> {
        let step = self.me().step.clone();
        Some(match step {
            Step::Read => return self.read(),
            Step::Begin(seen) => self.begin_first(seen),
            Step::Put { seen, left } => self.put(seen, left),
            Step::Verify(seen) => self.verify(seen),
            Step::Manifest { seen, release } => self.manifest(seen, release),
            Step::Commit { seen, release } => self.commit(seen, release),
            Step::Send { swap, again, what } => self.swap(swap, again, what),
            Step::Resolve { swap, again, what } => self.resolve(swap, again, what),
            Step::Look(release) => self.look(release),
            Step::Check {
                release,
                generation,
            } => self.check(release, generation),
            Step::Write {
                release,
                generation,
            } => self.write(release, generation),
            Step::Settle(release) => self.settle(release),
            Step::List(seen) => self.list(seen),
            Step::Announce { seen, plan, oldest } => self.announce(&seen, plan, &oldest),
            Step::Delete { plan, at, is_own } => self.delete(plan, at, is_own),
            Step::Finish { plan, is_own } => self.finish(plan, is_own),
            Step::Lessen {
                seen,
                release,
                plan,
            } => self.lessen(seen, release, plan),
            Step::TakeDown {
                seen,
                release,
                plan,
            } => self.take_down(&seen, release, plan),
            Step::Reverify { seen, to } => self.reverify(seen, to),
            Step::RollBack { seen, to } => self.roll_back(&seen, &to),
            Step::Reported(_) => return None,
        })
    }

    fn me(&mut self) -> &mut Person {
        &mut self.state.people[self.who]
    }

    fn role(&self) -> Role {
        self.rules.people[self.who]
    }

    fn storage(&mut self) -> &mut Storage {
        &mut self.state.storage
    }

    fn root(&self) -> Option<Kept<Root>> {
        self.state.storage.root.clone()
    }

    fn is_without(&self, rule: Without) -> bool {
        self.rules.without == Some(rule)
    }

    fn ask(&mut self, request: Request) -> Answer {
        if self.is_cut {
            self.storage().send(request);
            self.state.delays -= 1;
            return Answer::Nothing;
        }
        let rules = self.rules;
        self.storage().perform(&request, rules)
    }

    /// Makes a change of the root ready to be sent.
    fn propose(&mut self, goal: Goal, before: Option<Kept<Root>>, after: Root, what: What) -> Step {
        self.replace(None, goal, before, after, what)
    }

    /// The same for a change of the current release, which was this one when `seen` was so.
    fn replace(
        &mut self,
        seen: Option<&Seen>,
        goal: Goal,
        before: Option<Kept<Root>>,
        after: Root,
        what: What,
    ) -> Step {
        let who = self.who;
        let me = self.me();
        let change = change(who, me.changes);
        me.changes += 1;
        let swap = Kept::new(Swap {
            goal,
            change,
            replaces: seen.map(|seen| seen.parent.clone()),
            before,
            after: Kept::new(after),
        });
        Step::Send {
            swap,
            again: false,
            what,
        }
    }

    fn stamp(&mut self) -> assetsync::testing::release::root::Stamp {
        let change = change(self.who, self.me().changes);
        stamp(change, self.rules)
    }

    fn may_change(&mut self) -> bool {
        let most = self.rules.changes;
        self.me().changes < most
    }

    fn read(&mut self) -> Option<Step> {
        let root = self.root();
        match self.role() {
            Role::Publisher(_)
            | Role::PagePublisher(_)
            | Role::Returner(_)
            | Role::LevelPublisher(_) => self.begin(root.as_deref()),
            Role::Pruner => Some(begin_pruning(root.as_deref())),
            Role::Remover(asset) => Some(self.begin_removing(root.as_deref(), asset)),
            Role::Operator(goals) => {
                let goal = *goals.get(usize::from(self.me().changes))?;
                Some(self.operate(goal, root))
            }
        }
    }

    // A publisher.

    /// What is to be published, by the root that was seen.
    fn wanted(&self, seen: &Seen) -> Assets {
        match self.role() {
            Role::Publisher(text) | Role::PagePublisher(text) | Role::Returner(text) => {
                Assets::named(text)
            }
            Role::LevelPublisher(text) => {
                if seen.unlocked.contains(LEVEL) {
                    Assets::named(text)
                } else {
                    Assets::named(text).but(Assets::named(OF_LEVEL))
                }
            }
            Role::Pruner | Role::Remover(_) | Role::Operator(_) => Assets::NONE,
        }
    }

    /// Whether somebody took down what is wanted, and nobody said that it may come back.
    fn is_kept_out(&self, root: Option<&Root>, seen: &Seen) -> bool {
        let is_blocked = |asset: usize| {
            let name = ASSETS[asset].to_string();
            root.is_some_and(|root| root.blocked(&name).is_some())
        };
        !matches!(self.role(), Role::Returner(_))
            && !self.is_without(Without::KeptOut)
            && self.wanted(seen).each().any(is_blocked)
    }

    fn begin(&mut self, root: Option<&Root>) -> Option<Step> {
        if is_sweeping(root) && !self.rules.is_hasty {
            return None;
        }
        let seen = Kept::new(Root::seen(root));
        if self.is_kept_out(root, &seen) {
            return Some(Step::Reported(Outcome::Refused));
        }
        if self.is_without(Without::AssetsFirst) {
            let release = self.release(&seen);
            return Some(Step::Manifest { seen, release });
        }
        if root.is_some_and(Root::is_begun) || self.is_without(Without::Begun) {
            Some(self.put_all(seen))
        } else {
            Some(Step::Begin(seen))
        }
    }

    fn put_all(&mut self, seen: Kept<Seen>) -> Step {
        let left = self.wanted(&seen);
        Step::Put { seen, left }
    }

    fn begin_first(&mut self, seen: Kept<Seen>) -> Step {
        let (root, stamp) = (self.root(), self.stamp());
        match Root::begin(root.as_deref(), None, &stamp) {
            Ok(after) => self.propose(Goal::Begin, root, after, What::Begin(seen)),
            Err(_) => self.put_all(seen),
        }
    }

    fn release(&mut self, seen: &Seen) -> Kept<Release> {
        let tries = self.me().tries;
        let id = format!("{}-{tries}", self.who);
        let parent = seen.parent.clone();
        Kept::new(release(id, parent, seen.newest.clone(), self.wanted(seen)))
    }

    fn put(&mut self, seen: Kept<Seen>, left: Assets) -> Step {
        let asset = left.first().expect("there's no step for none");
        let left = match self.ask(Request::Put(asset)) {
            Answer::Nothing => left,
            Answer::Done | Answer::Refused => left.without(asset),
        };
        match left {
            Assets::NONE if self.is_without(Without::AssetsFirst) => committed(false),
            Assets::NONE => Step::Verify(seen),
            _ => Step::Put { seen, left },
        }
    }

    fn verify(&mut self, seen: Kept<Seen>) -> Step {
        let left = self.wanted(&seen).but(self.storage().there());
        if left == Assets::NONE {
            let release = self.release(&seen);
            Step::Manifest { seen, release }
        } else {
            Step::Put { seen, left }
        }
    }

    fn manifest(&mut self, seen: Kept<Seen>, release: Kept<Release>) -> Step {
        match self.ask(Request::Manifest(release.clone())) {
            Answer::Nothing => Step::Manifest { seen, release },
            Answer::Done | Answer::Refused => Step::Commit { seen, release },
        }
    }

    fn commit(&mut self, seen: Kept<Seen>, release: Kept<Release>) -> Step {
        let root = self.root();
        match self.publish(root.as_deref(), &seen, &release) {
            Err(Refusal::Moved) if !is_sweeping(root.as_deref()) => {
                self.verify_anew(root.as_deref())
            }
            Err(Refusal::LostRace) => Step::Reported(Outcome::Lost),
            Err(_) => Step::Reported(Outcome::Refused),
            Ok(after) => {
                let of = seen.clone();
                let what = What::Commit { seen, release };
                self.replace(Some(&of), Goal::Publish, root, after, what)
            }
        }
    }

    /// Verifies the release once more, as one that goes by the root there is now.
    fn verify_anew(&mut self, root: Option<&Root>) -> Step {
        let most = self.rules.tries;
        let me = self.me();
        if me.tries == most {
            return Step::Reported(Outcome::Refused);
        }
        me.tries += 1;
        Step::Verify(Kept::new(Root::seen(root)))
    }

    fn publish(
        &mut self,
        root: Option<&Root>,
        seen: &Seen,
        release: &Release,
    ) -> Result<Root, Refusal> {
        let stamp = self.stamp();
        let (overwrites, plain) = match self.role() {
            Role::PagePublisher(_) => (Overwrites::Some, Plain::Pending),
            _ => (Overwrites::None, Plain::Settled),
        };
        let seen = self.shown(root, seen);
        let back = match self.role() {
            Role::Returner(text) => text.chars().map(String::from).collect(),
            _ => BTreeSet::new(),
        };
        let publish = |root: Option<&Root>| {
            let next = Root::publish(root, &seen, release.clone(), overwrites, plain, &stamp);
            Ok(next?.putting_back(&back))
        };
        if !self.is_without(Without::Epoch) {
            return publish(root);
        }
        let shown = root.map(without_sweep);
        Ok(with_gc_of(publish(shown.as_ref())?, root))
    }

    /// What was seen, as the root is told of it: a rule that's left out has nothing to compare.
    fn shown(&self, root: Option<&Root>, seen: &Seen) -> Seen {
        let now = Root::seen(root);
        let mut shown = seen.clone();
        match self.rules.without {
            // Of the two that tell, one is left: the newest release, or the current one's name.
            Some(Without::Parent) if now.newest == seen.newest => shown.switched = now.switched,
            Some(Without::Newest) if now.parent == seen.parent => shown.switched = now.switched,
            Some(Without::Epoch) => shown.epoch = now.epoch,
            Some(Without::Levels) => shown.unlocked = now.unlocked,
            _ => {}
        }
        shown
    }

    // A swap of the root.

    fn swap(&mut self, swap: Kept<Swap>, again: bool, what: What) -> Step {
        match self.ask(Request::Swap((*swap).clone())) {
            Answer::Done => self.done(&swap, what, false),
            Answer::Refused if self.is_without(Without::Resolution) => self.lost(&swap, what),
            Answer::Refused | Answer::Nothing => Step::Resolve { swap, again, what },
        }
    }

    fn resolve(&mut self, swap: Kept<Swap>, again: bool, what: What) -> Step {
        match swapped(&swap.after, self.root().as_deref()) {
            Swapped::Done => self.done(&swap, what, true),
            Swapped::Lost => self.lost(&swap, what),
            Swapped::NotYet if !again => Step::Send {
                swap,
                again: true,
                what,
            },
            Swapped::NotYet | Swapped::Unknown if self.is_without(Without::Unknown) => {
                self.lost(&swap, what)
            }
            Swapped::NotYet | Swapped::Unknown => self.unknown(what),
        }
    }

    fn done(&mut self, swap: &Swap, what: What, is_recognised: bool) -> Step {
        let is_live = self.root().is_some_and(|root| root.live.is_some());
        let witness = &mut self.storage().witness;
        witness.committed |= 1 << swap.change;
        witness.is_promised |= swap.goal == Goal::Live && is_live;
        match what {
            What::Begin(seen) => self.put_all(seen),
            What::Commit { release, .. } if matches!(self.role(), Role::PagePublisher(_)) => {
                Step::Look(release)
            }
            What::Commit { seen, .. } if self.is_without(Without::AssetsFirst) => {
                let left = self.wanted(&seen);
                Step::Put { seen, left }
            }
            What::Commit { .. } => committed(is_recognised),
            What::Settle(_) => committed(false),
            What::Sweep(plan) => Step::Delete {
                plan,
                at: 0,
                is_own: true,
            },
            What::Finish { is_own, .. } => Step::Reported(Outcome::Pruned { is_own }),
            What::Task => Step::Read,
        }
    }

    fn lost(&mut self, swap: &Swap, what: What) -> Step {
        self.storage().witness.lost |= 1 << swap.change;
        if !self.may_change() {
            return self.give_up(&what);
        }
        match what {
            What::Begin(seen) => Step::Begin(seen),
            What::Commit { seen, release } => Step::Commit { seen, release },
            What::Settle(release) => Step::Settle(release),
            What::Finish { plan, is_own } => Step::Finish { plan, is_own },
            What::Sweep(_) => Step::Reported(Outcome::Lost),
            What::Task => Step::Read,
        }
    }

    /// Makes no more changes.
    fn give_up(&mut self, what: &What) -> Step {
        match what {
            What::Task => Step::Read,
            What::Settle(_) => committed(false),
            _ => Step::Reported(Outcome::Lost),
        }
    }

    fn unknown(&mut self, what: What) -> Step {
        match what {
            What::Task => Step::Read,
            _ => Step::Reported(Outcome::Unknown),
        }
    }

    // The page.

    fn look(&mut self, release: Kept<Release>) -> Step {
        let page = &self.state.storage.page;
        if *page.shows == release.id {
            return Step::Settle(release);
        }
        let generation = page.generation;
        Step::Check {
            release,
            generation,
        }
    }

    /// Whoever writes a page must know its generation first, and then that its release is still the
    /// current one: then nobody's later page can be written over.
    fn check(&mut self, release: Kept<Release>, generation: u8) -> Step {
        match self.root() {
            Some(root) if root.current_id() == Some(&release.id) => Step::Write {
                release,
                generation,
            },
            _ => committed(false),
        }
    }

    fn write(&mut self, release: Kept<Release>, generation: u8) -> Step {
        let id = Kept::new(release.id.clone());
        match self.ask(Request::Write {
            release: id,
            generation,
        }) {
            Answer::Done => Step::Settle(release),
            Answer::Refused | Answer::Nothing => Step::Look(release),
        }
    }

    fn settle(&mut self, release: Kept<Release>) -> Step {
        let stamp = self.stamp();
        let before = self.root();
        let after = before
            .as_ref()
            .filter(|root| root.current_id() == Some(&release.id))
            .map(|root| root.settle_plain(&root.switched, &stamp));
        match after {
            Some(Ok(after)) => self.propose(Goal::Settle, before, after, What::Settle(release)),
            _ => committed(false),
        }
    }

    // A pruner.

    fn list(&mut self, seen: Kept<Seen>) -> Step {
        let Some((needed, oldest)) = self.needed(&seen) else {
            return Step::Reported(Outcome::Idle);
        };
        let storage = self.storage();
        let doomed: Vec<(usize, u8)> = storage
            .there()
            .but(needed)
            .each()
            .map(|asset| (asset, storage.assets[asset].generation))
            .collect();
        if doomed.is_empty() {
            return Step::Reported(Outcome::Idle);
        }
        let change = change(self.who, self.me().changes);
        let plan = Kept::new(Plan::new(change, doomed));
        if self.is_without(Without::Announcement) {
            return Step::Delete {
                plan,
                at: 0,
                is_own: true,
            };
        }
        Step::Announce {
            seen,
            plan,
            oldest: Kept::new(oldest),
        }
    }

    /// What the current release and later ones need, and which of them is the oldest.
    fn needed(&mut self, seen: &Seen) -> Option<(Assets, ReleaseId)> {
        let current = seen.parent.clone()?;
        let mut next = seen.newest.clone();
        let mut needed = Assets::NONE;
        while let Some(id) = next {
            let release = self.storage().manifest(&id)?;
            needed = needed.and(Assets::named(&release.manifest));
            if id == current {
                return Some((needed, current));
            }
            next = release.previous.clone();
        }
        None
    }

    fn announce(&mut self, seen: &Seen, plan: Kept<Plan>, oldest: &ReleaseId) -> Step {
        let before = self.root();
        let Some(root) = before.as_deref() else {
            return Step::Reported(Outcome::Idle);
        };
        let after = self.begin_sweep(root, seen, &plan, oldest);
        match after {
            Ok(after) => self.propose(Goal::Announce, before, after, What::Sweep(plan)),
            Err(_) => Step::Reported(Outcome::Refused),
        }
    }

    fn begin_sweep(
        &mut self,
        root: &Root,
        seen: &Seen,
        plan: &Plan,
        oldest: &ReleaseId,
    ) -> Result<Root, Refusal> {
        let stamp = self.stamp();
        let seen = self.shown(Some(root), seen);
        let begin =
            |root: &Root| root.begin_sweep(&seen, plan.text.clone(), oldest.clone(), &stamp);
        if !self.is_without(Without::LiveCheck) {
            return begin(root);
        }
        let shown = Root {
            live: None,
            ..root.clone()
        };
        Ok(Root {
            live: root.live.clone(),
            ..begin(&shown)?
        })
    }

    fn delete(&mut self, plan: Kept<Plan>, at: usize, is_own: bool) -> Step {
        let (asset, generation) = plan.doomed[at];
        let at = match self.ask(Request::Delete { asset, generation }) {
            Answer::Nothing => at,
            Answer::Done | Answer::Refused => at + 1,
        };
        if at < plan.doomed.len() {
            Step::Delete { plan, at, is_own }
        } else if self.is_without(Without::Announcement) {
            Step::Reported(Outcome::Pruned { is_own })
        } else {
            Step::Finish { plan, is_own }
        }
    }

    fn finish(&mut self, plan: Kept<Plan>, is_own: bool) -> Step {
        let stamp = self.stamp();
        let before = self.root();
        match before
            .as_ref()
            .map(|root| root.end_sweep(&plan.text, &stamp))
        {
            Some(Ok(after)) => {
                self.propose(Goal::Finish, before, after, What::Finish { plan, is_own })
            }
            _ => Step::Reported(Outcome::Pruned { is_own }),
        }
    }

    // Somebody who takes an asset down.

    fn begin_removing(&mut self, root: Option<&Root>, asset: usize) -> Step {
        if is_sweeping(root) {
            return begin_pruning(root);
        }
        let Some(root) = root else {
            return Step::Reported(Outcome::Idle);
        };
        let Some(current) = root.current.clone() else {
            return Step::Reported(Outcome::Idle);
        };
        let seen = Kept::new(Root::seen(Some(root)));
        let named = Assets(1 << asset);
        let has = Assets::named(&current.manifest);
        let rest = has.but(named);
        let doomed = if self.is_without(Without::ByName) {
            self.storage().there().but(rest)
        } else {
            Assets(self.storage().there().0 & named.0)
        };
        let doomed: Vec<(usize, u8)> = doomed
            .each()
            .map(|asset| (asset, self.state.storage.assets[asset].generation))
            .collect();
        if doomed.is_empty() {
            return Step::Reported(Outcome::Idle);
        }
        let change = change(self.who, self.me().changes);
        let plan = Kept::new(Plan::new(change, doomed));
        if rest == has {
            return Step::TakeDown {
                seen,
                release: None,
                plan,
            };
        }
        let (who, tries) = (self.who, self.me().tries);
        let id = format!("{who}-{tries}");
        let newest = seen.newest.clone();
        let release = release(id, Some(current.id), newest, rest);
        Step::Lessen {
            seen,
            release: Kept::new(release),
            plan,
        }
    }

    fn lessen(&mut self, seen: Kept<Seen>, release: Kept<Release>, plan: Kept<Plan>) -> Step {
        match self.ask(Request::Manifest(release.clone())) {
            Answer::Nothing => Step::Lessen {
                seen,
                release,
                plan,
            },
            Answer::Done | Answer::Refused => Step::TakeDown {
                seen,
                release: Some(release),
                plan,
            },
        }
    }

    fn take_down(&mut self, seen: &Seen, release: Option<Kept<Release>>, plan: Kept<Plan>) -> Step {
        let Role::Remover(asset) = self.role() else {
            unreachable!("nobody else takes anything down");
        };
        let before = self.root();
        let stamp = self.stamp();
        let name = BTreeSet::from([ASSETS[asset].to_string()]);
        // What only earlier releases have isn't kept out, as of a level that is held: the harder
        // case.
        let (blocked, others) = match &release {
            Some(_) => (name, BTreeSet::new()),
            None => (BTreeSet::new(), name),
        };
        let takedown = Takedown {
            at: stamp.at,
            actor: String::new(),
            why: None,
            sweep: plan.text.clone(),
            blocked,
            others,
        };
        let shown = self.shown(before.as_deref(), seen);
        let to = release.as_deref().cloned();
        let after = before
            .as_ref()
            .map(|root| root.take_down(&shown, to, takedown, &stamp));
        match after {
            Some(Ok(after)) => {
                let after = if self.is_without(Without::Announcement) {
                    with_gc_of(after, before.as_deref())
                } else {
                    after
                };
                let replaced = release.as_ref().map(|_| seen);
                self.replace(replaced, Goal::Announce, before, after, What::Sweep(plan))
            }
            _ => Step::Reported(Outcome::Refused),
        }
    }

    // An operator.

    fn operate(&mut self, goal: Goal, before: Option<Kept<Root>>) -> Step {
        let stamp = self.stamp();
        let root = before.as_deref();
        let after = match (goal, root) {
            (Goal::Live, _) => self.go_live(root),
            (Goal::Open, Some(root)) => root.end_live(&stamp).ok(),
            (Goal::Unlock, _) => Root::unlock(root, &BTreeSet::from([LEVEL.into()]), &stamp).ok(),
            (Goal::Lock, _) => Root::lock(root, &BTreeSet::from([LEVEL.into()]), &stamp).ok(),
            (Goal::Touch, Some(root)) => Some(Root::touch(Some(root), &stamp)),
            (Goal::RollBack, Some(root)) => match self.begin_rollback(root) {
                Some(step) => return step,
                None => None,
            },
            _ => None,
        };
        match after {
            Some(after) => self.propose(goal, before, after, What::Task),
            None => self.pass(),
        }
    }

    /// Leaves out a task.
    fn pass(&mut self) -> Step {
        self.me().changes += 1;
        Step::Read
    }

    fn go_live(&mut self, root: Option<&Root>) -> Option<Root> {
        let stamp = self.stamp();
        let go_live =
            |root: Option<&Root>| Root::go_live(root, Edit::Keep, Edit::Keep, &stamp).ok();
        if self.is_without(Without::Idle) {
            let shown = root.map(without_sweep);
            return Some(with_gc_of(go_live(shown.as_ref())?, root));
        }
        if !self.is_without(Without::Settled) {
            return go_live(root);
        }
        let plain = root.map_or(Plain::Settled, |root| root.plain);
        let shown = root.map(as_settled);
        Some(Root {
            plain,
            ..go_live(shown.as_ref())?
        })
    }

    /// Chooses the release made before the current one.
    fn begin_rollback(&mut self, root: &Root) -> Option<Step> {
        let retained = self.storage().retained(root)?;
        let current = root.current_id()?;
        let at = retained.iter().position(|release| release.id == *current)?;
        let to = Kept::new((*retained.get(at + 1)?).clone());
        // The program makes another release of it then, as a publisher does.
        let is_blocked = |asset: usize| root.blocked(&ASSETS[asset].to_string()).is_some();
        if Assets::named(&to.manifest).each().any(is_blocked) {
            return None;
        }
        let seen = Kept::new(Root::seen(Some(root)));
        Some(Step::Reverify { seen, to })
    }

    fn reverify(&mut self, seen: Kept<Seen>, to: Kept<Release>) -> Step {
        let missing = Assets::named(&to.manifest).but(self.storage().there());
        match missing {
            Assets::NONE => Step::RollBack { seen, to },
            _ => self.pass(),
        }
    }

    fn roll_back(&mut self, seen: &Seen, to: &Release) -> Step {
        let stamp = self.stamp();
        let before = self.root();
        let shown = self.shown(before.as_deref(), seen);
        let after = before.as_ref().and_then(|root| {
            let to = to.clone();
            let root = if self.is_without(Without::Waiting) {
                &without_sweep(root)
            } else {
                root
            };
            let after = root.roll_back(&shown, to, Overwrites::None, Plain::Settled, &stamp);
            Some(with_gc_of(after.ok()?, before.as_deref()))
        });
        match after {
            Some(after) => self.replace(Some(seen), Goal::RollBack, before, after, What::Task),
            None => self.pass(),
        }
    }
}

fn is_sweeping(root: Option<&Root>) -> bool {
    root.is_some_and(|root| root.gc.sweep.is_some())
}

fn committed(is_recognised: bool) -> Step {
    Step::Reported(Outcome::Committed { is_recognised })
}

/// Rolls forward what another began, or begins.
fn begin_pruning(root: Option<&Root>) -> Step {
    match root.and_then(|root| root.gc.sweep.as_deref()) {
        Some(text) => Step::Delete {
            plan: Kept::new(Plan::parse(text)),
            at: 0,
            is_own: false,
        },
        None => Step::List(Kept::new(Root::seen(root))),
    }
}

/// Puts a sweep back that a root was made without.
fn with_gc_of(after: Root, root: Option<&Root>) -> Root {
    match root {
        Some(root) => Root {
            gc: root.gc.clone(),
            ..after
        },
        None => after,
    }
}
