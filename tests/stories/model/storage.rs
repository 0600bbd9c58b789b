//! What the model's storage holds, and what requests do to it, whenever they arrive.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use assetsync::testing::bare_release;
use assetsync::testing::release::root::{Gc, Nonce, Plain, Release, ReleaseId, Root, Stamp};
use jiff::Timestamp;

use super::people::Role;
use super::{Rules, Without};

/// Names of assets; more than three would only make more states.
pub const ASSETS: [char; 3] = ['a', 'b', 'c'];

/// A value that many states share, told apart by a fingerprint that's made once.
pub struct Kept<T>(Arc<(u64, T)>);

impl<T: Hash> Kept<T> {
    pub fn new(value: T) -> Kept<T> {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        Kept(Arc::new((hasher.finish(), value)))
    }
}

impl<T> Kept<T> {
    fn print(&self) -> u64 {
        self.0.0
    }
}

impl<T> std::ops::Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.1
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Kept<T> {
        Kept(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, other: &Kept<T>) -> bool {
        self.print() == other.print()
    }
}

impl<T> Hash for Kept<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.print());
    }
}

impl<T: fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A level that is held.
pub const LEVEL: &str = "late";

/// The assets that are in it, where a role minds levels.
pub const OF_LEVEL: &str = "c";

/// A set of assets, one bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Assets(pub u8);

impl Assets {
    pub const NONE: Assets = Assets(0);

    /// Those named in a text such as `ac`.
    pub fn named(text: &str) -> Assets {
        let has = |name: &char| text.contains(*name);
        Assets(
            (0..)
                .zip(ASSETS)
                .filter(|(_, name)| has(name))
                .fold(0, |set, (i, _)| set | 1 << i),
        )
    }

    /// As a text, which is all that a manifest holds here.
    pub fn text(self) -> String {
        self.each().map(|asset| ASSETS[asset]).collect()
    }

    pub fn each(self) -> impl Iterator<Item = usize> {
        (0..ASSETS.len()).filter(move |asset| self.0 & (1 << asset) != 0)
    }

    pub fn first(self) -> Option<usize> {
        self.each().next()
    }

    pub fn and(self, other: Assets) -> Assets {
        Assets(self.0 | other.0)
    }

    pub fn but(self, other: Assets) -> Assets {
        Assets(self.0 & !other.0)
    }

    pub fn without(self, asset: usize) -> Assets {
        Assets(self.0 & !(1 << asset))
    }
}

/// One asset: its generation counts how often it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Asset {
    pub generation: u8,
    pub is_there: bool,
}

/// The one mutable name: a page, and the release that it shows.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Page {
    pub generation: u8,
    pub shows: Kept<ReleaseId>,
}

/// What a swap of the root is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    Begin,
    Publish,
    Settle,
    Announce,
    Finish,
    Live,
    Open,
    RollBack,
    Touch,
    Unlock,
    Lock,
}

/// A change of the root, with the version it must find.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Swap {
    pub goal: Goal,
    /// Which change of whom: see [`change`].
    pub change: u8,
    /// What somebody who replaces the current release took it to be.
    pub replaces: Option<Option<ReleaseId>>,
    pub before: Option<Kept<Root>>,
    pub after: Kept<Root>,
}

/// A request that may change something. Reading never does, so that a read without an answer is as
/// good as none.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Request {
    /// Creates an asset if it isn't there.
    Put(usize),
    /// Creates a manifest if it isn't there.
    Manifest(Kept<Release>),
    /// Deletes an asset if it's of this generation.
    Delete { asset: usize, generation: u8 },
    /// Writes over the page if it's of this generation.
    Write {
        release: Kept<ReleaseId>,
        generation: u8,
    },
    /// Writes over the root if it's of this version.
    Swap(Swap),
}

/// What a request comes back with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Done,
    /// The precondition didn't hold.
    Refused,
    /// None, and nobody knows whether it was or will be done.
    Nothing,
}

/// What must never happen, as it's seen by somebody who sees every request arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    DeletedWhileLive,
    OverwrittenWhileLive,
    AssetChanged,
    WentBack,
    WrongParent,
    LeftOut,
    Unexplained,
    LockedPublished,
}

/// What somebody remembers who sees all, so that properties can speak of the past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Witness {
    /// An operator was told that live is on, and nobody switched it off since.
    pub is_promised: bool,
    /// Changes of the root that took effect.
    pub done: u64,
    /// Changes that somebody holds to be lost.
    pub lost: u64,
    /// Changes that somebody was told took effect.
    pub committed: u64,
    /// Each [`Breach`] that happened.
    breaches: u16,
}

impl Witness {
    pub fn has_seen(&self, breach: Breach) -> bool {
        self.breaches & (1 << breach as u16) != 0
    }

    fn sees(&mut self, breach: Breach) {
        self.breaches |= 1 << breach as u16;
    }
}

/// The storage, the requests on their way to it, and the witness.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Storage {
    pub root: Option<Kept<Root>>,
    pub assets: [Asset; ASSETS.len()],
    pub manifests: Vec<Kept<Release>>,
    pub page: Page,
    /// Requests that will arrive some time, or never. In an order that says nothing of when they
    /// were sent.
    pub flight: Vec<Kept<Request>>,
    pub witness: Witness,
}

/// The number of somebody's change of the root: everybody has eight.
pub fn change(who: usize, count: u8) -> u8 {
    assert!(count < 8, "too many changes by one");
    u8::try_from(who).expect("few of them") * 8 + count
}

/// Changes that made what is there in the beginning.
const BEGINNING: usize = 7;

/// The nonce of a change: its number.
pub fn nonce(change: u8, rules: &Rules) -> Nonce {
    match rules.without {
        Some(Without::Nonce) => Nonce(String::new()),
        _ => Nonce(change.to_string()),
    }
}

pub fn stamp(change: u8, rules: &Rules) -> Stamp {
    Stamp {
        nonce: nonce(change, rules),
        actor: String::new(),
        at: Timestamp::UNIX_EPOCH,
    }
}

/// A release that holds these assets.
pub fn release(
    id: String,
    parent: Option<ReleaseId>,
    previous: Option<ReleaseId>,
    assets: Assets,
) -> Release {
    let mut release = bare_release(ReleaseId(id), assets.text());
    release.parent = parent;
    release.previous = previous;
    release
}

impl Storage {
    /// With two releases, of `a` and then of `b`, or with nothing.
    pub fn new(rules: &Rules) -> Storage {
        let mut storage = Storage {
            root: None,
            assets: [Asset::default(); ASSETS.len()],
            manifests: Vec::new(),
            page: Page {
                generation: 1,
                shows: Kept::new(ReleaseId("old".to_string())),
            },
            flight: Vec::new(),
            witness: Witness::default(),
        };
        if !rules.is_empty {
            storage.begin("older", "a", 0, rules);
            storage.begin("old", "b", 1, rules);
        }
        storage
    }

    /// Publishes what is there in the beginning.
    fn begin(&mut self, id: &str, assets: &str, count: u8, rules: &Rules) {
        let root = self.root.as_deref();
        let seen = Root::seen(root);
        let newest = root.and_then(|root| root.newest.clone());
        let assets = Assets::named(assets);
        let release = release(id.to_string(), seen.parent.clone(), newest, assets);
        let stamp = stamp(change(BEGINNING, count), rules);
        let overwrites = assetsync::testing::release::root::Overwrites::None;
        let root = Root::publish(
            root,
            &seen,
            release.clone(),
            overwrites,
            Plain::Settled,
            &stamp,
        );
        self.root = Some(Kept::new(root.expect("nothing forbids it")));
        self.manifests.push(Kept::new(release));
        for asset in assets.each() {
            self.put(asset, rules);
        }
    }

    /// What a listing shows.
    pub fn there(&self) -> Assets {
        let is_there = |asset: &usize| self.assets[*asset].is_there;
        Assets(
            (0..ASSETS.len())
                .filter(is_there)
                .fold(0, |set, asset| set | 1 << asset),
        )
    }

    /// The manifest of a release.
    pub fn manifest(&self, id: &ReleaseId) -> Option<&Release> {
        self.manifests
            .iter()
            .map(|release| &**release)
            .find(|release| release.id == *id)
    }

    /// The releases that a root retains, from the newest to the oldest; none if one is missing.
    pub fn retained(&self, root: &Root) -> Option<Vec<&Release>> {
        let mut releases = Vec::new();
        let mut next = root.newest.as_ref();
        while let Some(id) = next {
            let release = self.manifest(id)?;
            releases.push(release);
            if root.oldest.as_ref() == Some(id) {
                return Some(releases);
            }
            next = release.previous.as_ref();
        }
        root.newest.is_none().then_some(releases)
    }

    /// Puts a request on its way; it may arrive at any time.
    pub fn send(&mut self, request: Request) {
        self.flight.push(Kept::new(request));
        self.flight.sort_by_key(Kept::print);
    }

    /// One of the requests on their way arrives. Its answer is lost.
    pub fn arrive(&mut self, which: usize, rules: &Rules) {
        let request = self.flight.remove(which);
        self.perform(&request, rules);
    }

    /// Does what a request asks for, if its precondition holds now.
    pub fn perform(&mut self, request: &Request, rules: &Rules) -> Answer {
        let is_done = match request {
            Request::Put(asset) => self.put(*asset, rules),
            Request::Manifest(release) => self.create(release),
            Request::Delete { asset, generation } => self.delete(*asset, *generation, rules),
            Request::Write {
                release,
                generation,
            } => self.write(release, *generation),
            Request::Swap(swap) => self.swap(swap, rules),
        };
        if is_done {
            Answer::Done
        } else {
            Answer::Refused
        }
    }

    fn put(&mut self, which: usize, rules: &Rules) -> bool {
        let asset = &mut self.assets[which];
        if asset.is_there {
            if rules.without != Some(Without::CreateOnly) {
                return false;
            }
            self.witness.sees(Breach::AssetChanged);
        }
        asset.is_there = true;
        asset.generation += 1;
        if !self.root.as_ref().is_some_and(|root| root.is_begun()) {
            self.witness.sees(Breach::Unexplained);
        }
        true
    }

    fn create(&mut self, release: &Kept<Release>) -> bool {
        let is_new = self.manifest(&release.id).is_none();
        if is_new {
            self.manifests.push(release.clone());
            self.manifests.sort_by_key(Kept::print);
        }
        is_new
    }

    fn delete(&mut self, which: usize, generation: u8, rules: &Rules) -> bool {
        let asset = &mut self.assets[which];
        let is_meant = asset.generation == generation || rules.without == Some(Without::Generation);
        if !asset.is_there || !is_meant {
            return false;
        }
        asset.is_there = false;
        let is_asked_for = rules.people.contains(&Role::Remover(which));
        if self.witness.is_promised && !is_asked_for {
            self.witness.sees(Breach::DeletedWhileLive);
        }
        true
    }

    fn write(&mut self, release: &Kept<ReleaseId>, generation: u8) -> bool {
        if self.page.generation != generation {
            return false;
        }
        self.page = Page {
            generation: generation + 1,
            shows: release.clone(),
        };
        if self.witness.is_promised {
            self.witness.sees(Breach::OverwrittenWhileLive);
        }
        true
    }

    fn swap(&mut self, swap: &Swap, rules: &Rules) -> bool {
        if !is_version(self.root.as_ref(), swap.before.as_ref(), rules) {
            return false;
        }
        self.judge(swap, rules);
        self.witness.done |= 1 << swap.change;
        self.witness.is_promised &= swap.goal != Goal::Open;
        self.root = Some(swap.after.clone());
        true
    }

    /// Looks at a change of the root that's about to take effect.
    fn judge(&mut self, swap: &Swap, rules: &Rules) {
        let before = self.root.as_deref();
        let went_back = before.is_some_and(|before| swap.after.seq <= before.seq);
        let replaced = before.and_then(Root::current_id);
        let is_wrong = swap
            .replaces
            .as_ref()
            .is_some_and(|replaces| replaces.as_ref() != replaced);
        let published = swap
            .after
            .current
            .as_ref()
            .filter(|_| swap.goal == Goal::Publish);
        let newest = before.and_then(|before| before.newest.as_ref());
        let leaves_out = published.is_some_and(|release| release.previous.as_ref() != newest);
        let minds_levels = |role: &Role| matches!(role, Role::LevelPublisher(_));
        let has_of_level = |release: &Release| release.manifest.contains(OF_LEVEL);
        let is_locked = !before.is_some_and(|before| before.unlocked.contains_key(LEVEL));
        let locked = rules.people.iter().any(minds_levels)
            && is_locked
            && published.is_some_and(has_of_level);
        for (happened, breach) in [
            (locked, Breach::LockedPublished),
            (went_back, Breach::WentBack),
            (is_wrong, Breach::WrongParent),
            (leaves_out, Breach::LeftOut),
        ] {
            if happened {
                self.witness.sees(breach);
            }
        }
    }
}

/// Whether the root is still the version that was read. Versions are those of S3, the weakest there
/// are: the same bytes are the same version, whatever was there meanwhile.
fn is_version(now: Option<&Kept<Root>>, read: Option<&Kept<Root>>, rules: &Rules) -> bool {
    match (now, read) {
        (Some(now), Some(read)) if rules.without == Some(Without::Fresh) => {
            without_freshness(now) == without_freshness(read)
        }
        _ => now == read,
    }
}

/// A root without what no other one has: its number and nonces.
fn without_freshness(root: &Root) -> Root {
    Root {
        seq: 0,
        nonce: Nonce(String::new()),
        recent: Vec::new(),
        ..root.clone()
    }
}

/// A root that hides that mutable names are being written.
pub fn as_settled(root: &Root) -> Root {
    Root {
        plain: Plain::Settled,
        ..root.clone()
    }
}

/// A root that hides its sweep.
pub fn without_sweep(root: &Root) -> Root {
    Root {
        gc: Gc {
            sweep: None,
            ..root.gc.clone()
        },
        ..root.clone()
    }
}
