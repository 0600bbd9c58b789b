//! The root: the one object of a target that changes, and every way in which it may. Pure, so that the same code
//! runs in the program, in its model and in its simulation.
//!
//! A change reads the root, makes the next one from it, and writes that only if the root is still the version that was read
//! (compare and swap). Each root has a sequence number one higher than the one before and a nonce of its own, and remembers
//! the nonces before it: so whoever lost the answer to a swap can read the root and know what became of it.

mod levels;
mod takedown;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use data_encoding::HEXLOWER;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Unusable;
use super::leftover::Leftover;

pub use self::levels::Unlocked;
pub use self::takedown::{TAKEN_DOWN_MAX, Takedown};

/// The version of [`Root`] and [`Release`] that this crate writes.
pub const VERSION: u32 = 1;

/// The version of [`Moved`], which programs that don't know it refuse.
pub const MOVED_VERSION: u32 = 2;

/// How many nonces a root remembers: a swap whose answer was lost is recognised under so many later ones.
pub const RECENT_MAX: usize = 32;

/// How many releases that were overtaken a root remembers.
pub const OVERTAKEN_MAX: usize = 32;

/// Of how many releases a root remembers when a rollback took their place.
pub const REPLACED_MAX: usize = 64;

const FORMAT: &str = "assetsync root";

/// What a root counts stays below: numbers that every reader of JSON holds exactly, and more than there will ever be.
const COUNT_MAX: u64 = 1 << 53;

/// What names a root: 128 random bits in hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Nonce(pub String);

impl Nonce {
    /// A new one.
    ///
    /// # Panics
    /// If the system has no random bytes.
    pub fn random() -> Nonce {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .expect("the system has random bytes, or the key would have none");
        Nonce(HEXLOWER.encode(&bytes))
    }
}

/// What names a release: its time and a few random characters, such as `20270115-190412-k3v9qd`. Later ones sort
/// behind earlier ones, as far as the storage's clock goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ReleaseId(pub String);

/// It becomes part of a document's name: what is read must not lead elsewhere.
impl TryFrom<String> for ReleaseId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<ReleaseId, &'static str> {
        match is_part_of_a_name(&id) {
            true => Ok(ReleaseId(id)),
            false => Err("a release can't be called so"),
        }
    }
}

/// Letters, digits and `-`.
fn is_part_of_a_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl ReleaseId {
    /// The id of a release made at `at` under this nonce.
    pub fn new(at: Timestamp, nonce: &Nonce) -> ReleaseId {
        let bytes = blake3::hash(nonce.0.as_bytes());
        let random = data_encoding::BASE32_NOPAD.encode(&bytes.as_bytes()[..5]);
        let time = at.strftime("%Y%m%d-%H%M%S");
        ReleaseId(format!("{time}-{}", random[..6].to_ascii_lowercase()))
    }
}

impl ReleaseId {
    /// The same, unless that would sort before `newest`: by a clock that was set back, or in the same second. Then its time is
    /// that of `newest`, and a second.
    pub fn after(newest: Option<&ReleaseId>, at: Timestamp, nonce: &Nonce) -> ReleaseId {
        let id = ReleaseId::new(at, nonce);
        let before = newest.filter(|newest| id <= **newest);
        let second = SignedDuration::from_secs(1);
        let next = before.and_then(|newest| newest.time()?.checked_add(second).ok());
        next.map_or(id, |time| ReleaseId::new(time, nonce))
    }

    /// When it was made, by its name; none if that doesn't tell.
    fn time(&self) -> Option<Timestamp> {
        let time = self.0.get(.."20270115-190412".len())?;
        let civil = DateTime::strptime("%Y%m%d-%H%M%S", time).ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Whether a release could be called so.
    pub(super) fn is_one(name: &str) -> bool {
        let parts: Vec<&str> = name.split('-').collect();
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        match parts[..] {
            [day, time, random] => {
                (day.len(), time.len(), random.len()) == (8, 6, 6)
                    && is_digits(day)
                    && is_digits(time)
                    && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            _ => false,
        }
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who changes a root, when by the storage's clock, and under which nonce.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Of this change.
    pub nonce: Nonce,
    /// For people: `ann@laptop`, or what a CI calls it.
    pub actor: String,
    /// By the storage's clock.
    pub at: Timestamp,
}

/// What a release says of itself. Immutable; its objects are in its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Release {
    /// Its name.
    pub id: ReleaseId,
    /// The release it replaced; none if it was the first.
    pub parent: Option<ReleaseId>,
    /// The release made before it, which isn't its parent after a rollback.
    pub previous: Option<ReleaseId>,
    /// blake3 of its manifest, uncompressed, in hex.
    #[serde(deserialize_with = "digest")]
    pub manifest: String,
    /// Which secret named its objects.
    pub key_id: String,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub actor: String,
    /// Objects to be had by it.
    pub files: u64,
    /// Their bytes before gzip.
    pub bytes: u64,
    /// Objects that are named, but not published before their level is.
    pub held: u64,
    /// What it changed.
    pub changes: Changes,
    /// The commit of git it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
}

/// What a release changed, in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Changes {
    /// Files its parent didn't have.
    pub added: u64,
    /// Files of which a browser sees something else.
    pub changed: u64,
    /// Files its parent had.
    pub removed: u64,
}

/// A commit of git.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// Whether the files were those of the commit.
    pub is_clean: bool,
}

/// Whether mutable names show what the current release says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plain {
    /// They do.
    Settled,
    /// They are being written, or whoever wrote them was stopped.
    Pending,
}

/// The live switch, when it's on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Live {
    /// When it was switched on.
    pub since: Timestamp,
    /// Who did it.
    pub actor: String,
    /// When it's planned to end. Nothing ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// For whoever is stopped by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A change of what may be there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit<T> {
    /// It stays.
    Keep,
    /// It goes.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Edit<T> {
    fn of(self, before: Option<T>) -> Option<T> {
        match self {
            Edit::Keep => before,
            Edit::Clear => None,
            Edit::Set(value) => Some(value),
        }
    }
}

/// A release that a rollback took the place of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Replaced {
    /// Its name.
    pub release: ReleaseId,
    /// When it was last so.
    pub at: Timestamp,
}

/// The target that releases belong to. Told apart by this alone: two targets never share a root.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// `s3://bucket/prefix`, without credentials; of a folder, its path from the folder that has the releases, or the whole path
    /// where they are in a bucket.
    pub url: String,
    /// The server that has the target, if the releases are on another one. Where both are on the same, the place of the releases
    /// says which it is, whatever name it's called by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        match &self.server {
            Some(server) => write!(f, " at {server}"),
            None => Ok(()),
        }
    }
}

/// Deletion, and whether it's going on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gc {
    /// One higher with every beginning and every end of a sweep.
    pub epoch: u64,
    /// The document that says what is being deleted; none if nothing is.
    #[serde(default, deserialize_with = "sweep")]
    pub sweep: Option<String>,
}

/// Whether the storage of a root minds what a write expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conditions {
    /// It was tried, and does.
    Proven,
}

/// The root of a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Root {
    /// Always `assetsync root`.
    pub format: String,
    /// Always 1.
    pub version: u32,
    /// Counts changes; never goes down.
    pub seq: u64,
    /// Of this change.
    pub nonce: Nonce,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// The target that all of this is about; none in roots of versions that didn't say, until their next change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Owner>,
    /// What is known of the storage's conditional writes; none where it has yet to be tried, and in folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// Says that a first push began to upload, and that no release has come of it yet: objects of the target that no release
    /// knows may be its own. Without it, they belong to releases that are kept elsewhere, or are lost.
    #[serde(default, skip_serializing_if = "is_false")]
    pub begun: bool,
    /// The release that counts; none before the first push.
    pub current: Option<Release>,
    /// The nonce of the change that made it so: after two rollbacks, the same release isn't the same state of things.
    pub switched: Nonce,
    /// The release made last, from which all retained ones are found by [`Release::previous`].
    pub newest: Option<ReleaseId>,
    /// The last of these; what was before it has been pruned.
    pub oldest: Option<ReleaseId>,
    /// Of the current release.
    pub plain: Plain,
    /// The manifests of releases that were replaced before their mutable names were settled, the last first. Somebody may be
    /// writing those still, also under names that the current release doesn't have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overtaken: Vec<String>,
    /// None: open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// The levels that are published although the configuration holds them, by name. Versions that don't know this forget it, and
    /// refuse to take such a level back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unlocked: BTreeMap<String, Unlocked>,
    /// Levels that somebody locked, and that the next release takes back.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub relocked: BTreeSet<String>,
    /// What was taken down, the last first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takedowns: Vec<Takedown>,
    /// What earlier releases published and can still be had although it shouldn't, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Leftover>,
    /// Deletion.
    pub gc: Gc,
    /// What rollbacks took the place of, the last first: what a push does, its release tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
    /// The nonces before, the last first.
    pub recent: Vec<Nonce>,
}

/// What is left in the place of a root whose releases were moved to another key's place. It doesn't tell where that is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Moved {
    /// Always `assetsync root`.
    pub format: String,
    /// Always 2.
    pub version: u32,
    /// The public id of the key whose releases they are now.
    pub to: String,
    /// Whether a root was written at the new place. If so, and there's none, somebody deleted it.
    pub is_done: bool,
    /// The root as it was moved, with the stamp of that: for whoever has the new key to go on from.
    pub root: Root,
}

impl Moved {
    /// Of a root that [left](Root::leave) for the place of the key `to`.
    pub fn new(root: Root, to: &str) -> Moved {
        Moved {
            format: FORMAT.to_string(),
            version: MOVED_VERSION,
            to: to.to_string(),
            is_done: false,
            root,
        }
    }
}

/// What can be in the place of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// A root.
    Root(Box<Root>),
    /// What is left of one.
    Moved(Box<Moved>),
}

impl Document {
    /// Reads what is in the place of a root.
    ///
    /// # Errors
    /// It's none of these, or of a version that this program doesn't know.
    pub fn parse(json: &[u8]) -> Result<Document, Unusable> {
        check_format(json, FORMAT, MOVED_VERSION)?;
        if check_format(json, FORMAT, VERSION).is_ok() {
            return parse(json).map(|root| Document::Root(Box::new(root)));
        }
        let moved: Moved = serde_json::from_slice(json).map_err(Unusable::damaged)?;
        moved.root.check_counts()?;
        Ok(Document::Moved(Box::new(moved)))
    }

    /// The root, or the last one of this place.
    pub fn root(&self) -> &Root {
        match self {
            Document::Root(root) => root,
            Document::Moved(moved) => &moved.root,
        }
    }
}

/// What a publisher relied on when it planned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The current release then.
    pub parent: Option<ReleaseId>,
    /// The newest release then: after a rollback it's another one.
    pub newest: Option<ReleaseId>,
    /// Which change had made the current release that; none without a root.
    pub switched: Option<Nonce>,
    /// The epoch then.
    pub epoch: u64,
    /// The levels that were unlocked then.
    pub unlocked: BTreeSet<String>,
}

/// What a release does to mutable names that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overwrites {
    /// Nothing.
    None,
    /// It writes over some, all of them excused one by one.
    Excused,
    /// It writes over some.
    Some,
}

impl Overwrites {
    /// Of a release that writes over `names`, of which some are excused.
    pub fn of<'n>(names: impl Iterator<Item = &'n str>, excused: &BTreeSet<String>) -> Overwrites {
        let mut names = names.peekable();
        match names.peek() {
            None => Overwrites::None,
            Some(_) => match names.all(|name| excused.contains(name)) {
                true => Overwrites::Excused,
                false => Overwrites::Some,
            },
        }
    }
}

/// Why a root may not be changed like this.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Another release became the current one meanwhile, be it for a while.
    LostRace,
    /// Something was or is being deleted: what was verified may be gone. Worth another look.
    Moved,
    /// The target is live.
    Live,
    /// Something is being deleted.
    Sweeping,
    /// Mutable names are still being written.
    Pending,
    /// A level was locked or unlocked meanwhile.
    Levels,
    /// It is so already.
    Already,
}

/// What became of a swap whose answer doesn't tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Swapped {
    /// It was done, whatever was done since.
    Done,
    /// Somebody else was faster: it was not done, and never will be.
    Lost,
    /// Nothing has happened yet.
    NotYet,
    /// Too much has happened since to know.
    Unknown,
}

impl Root {
    /// The root of a target that has none: nothing published, open.
    fn none(stamp: &Stamp) -> Root {
        Root {
            format: FORMAT.to_string(),
            version: VERSION,
            seq: 0,
            nonce: Nonce(String::new()),
            at: stamp.at,
            actor: String::new(),
            target: None,
            conditions: None,
            begun: false,
            current: None,
            switched: Nonce(String::new()),
            newest: None,
            oldest: None,
            plain: Plain::Settled,
            overtaken: Vec::new(),
            live: None,
            unlocked: BTreeMap::new(),
            relocked: BTreeSet::new(),
            takedowns: Vec::new(),
            left: Vec::new(),
            gc: Gc {
                epoch: 0,
                sweep: None,
            },
            replaced: Vec::new(),
            recent: Vec::new(),
        }
    }

    /// The root after `root`, changed in nothing yet but its stamp. Without a root, the first.
    fn after(root: Option<&Root>, stamp: &Stamp) -> Root {
        let before = root.cloned().unwrap_or_else(|| Root::none(stamp));
        let mut recent = before.recent.clone();
        if root.is_some() {
            recent.insert(0, before.nonce.clone());
            recent.truncate(RECENT_MAX);
        }
        Root {
            seq: before.seq + 1,
            nonce: stamp.nonce.clone(),
            at: stamp.at,
            actor: stamp.actor.clone(),
            recent,
            ..before
        }
    }

    /// What a publisher has to remember of this root.
    pub fn seen(root: Option<&Root>) -> Seen {
        Seen {
            parent: root.and_then(Root::current_id).cloned(),
            newest: root.and_then(|root| root.newest.clone()),
            switched: root
                .filter(|root| root.current.is_some())
                .map(|root| root.switched.clone()),
            epoch: root.map_or(0, |root| root.gc.epoch),
            unlocked: root.map(Root::unlocked_names).unwrap_or_default(),
        }
    }

    /// The current release's name.
    pub fn current_id(&self) -> Option<&ReleaseId> {
        self.current.as_ref().map(|release| &release.id)
    }

    /// Whether this root is the one of `nonce`, or came after it.
    pub fn has(&self, nonce: &Nonce) -> bool {
        self.nonce == *nonce || self.recent.contains(nonce)
    }

    /// Says that a first push begins to upload. `conditions` is what is known of the storage by then.
    ///
    /// # Errors
    /// [`Refusal::Already`] if one began before, or there is a release.
    pub fn begin(
        root: Option<&Root>,
        conditions: Option<Conditions>,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        match root.is_some_and(Root::is_begun) {
            true => Err(Refusal::Already),
            false => Ok(Root {
                begun: true,
                conditions,
                ..Root::after(root, stamp)
            }),
        }
    }

    /// Tells whether a push has begun here, or made a release.
    pub fn is_begun(&self) -> bool {
        self.begun || self.current.is_some()
    }

    /// Makes `release` the current one, which was planned and verified when `seen` was so.
    ///
    /// # Errors
    /// [`Refusal::LostRace`], [`Refusal::Moved`], [`Refusal::Levels`], or [`Refusal::Live`] if it would write over something.
    pub fn publish(
        root: Option<&Root>,
        seen: &Seen,
        release: Release,
        overwrites: Overwrites,
        plain: Plain,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        if root.is_some_and(|root| root.gc.sweep.is_some()) {
            return Err(Refusal::Moved);
        }
        Root::is_as_seen(root, seen)?;
        Root::are_levels_as_seen(root, seen)?;
        if root.is_some_and(|root| root.live.is_some()) && overwrites == Overwrites::Some {
            return Err(Refusal::Live);
        }
        let next = Root::after(root, stamp);
        Ok(Root {
            relocked: BTreeSet::new(),
            oldest: next.oldest.clone().or_else(|| Some(release.id.clone())),
            newest: Some(release.id.clone()),
            ..next.switched_to(release, plain, stamp)
        })
    }

    /// Whether all that a plan relied on is as it was.
    fn is_as_seen(root: Option<&Root>, seen: &Seen) -> Result<(), Refusal> {
        let now = Root::seen(root);
        if now.switched != seen.switched {
            return Err(Refusal::LostRace);
        }
        match now.epoch == seen.epoch {
            true => Ok(()),
            false => Err(Refusal::Moved),
        }
    }

    /// Says that all mutable names show what the current release says, and that no late write of an overtaken one can change that. Only whoever wrote them knows: since the change
    /// `switched`.
    ///
    /// # Errors
    /// [`Refusal::LostRace`] if the current release was changed since; [`Refusal::Already`].
    pub fn settle_plain(&self, switched: &Nonce, stamp: &Stamp) -> Result<Root, Refusal> {
        if self.switched != *switched {
            return Err(Refusal::LostRace);
        }
        if self.plain == Plain::Settled {
            return Err(Refusal::Already);
        }
        Ok(Root {
            plain: Plain::Settled,
            overtaken: Vec::new(),
            ..Root::after(Some(self), stamp)
        })
    }

    /// Makes a retained release the current one again. Its objects must have been verified while `seen` was so. It's
    /// for the caller to know that it's retained by this very root.
    ///
    /// # Errors
    /// [`Refusal::Sweeping`] while something is taken down; [`Refusal::LostRace`]; [`Refusal::Moved`]; [`Refusal::Levels`]; [`Refusal::Already`] if it's the current one;
    /// [`Refusal::Live`] if it would write over something.
    pub fn roll_back(
        &self,
        seen: &Seen,
        to: Release,
        overwrites: Overwrites,
        plain: Plain,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        // Unlike a prune's, its objects may be those of a retained release.
        if self.taking_down().is_some() {
            return Err(Refusal::Sweeping);
        }
        Root::is_as_seen(Some(self), seen)?;
        Root::are_levels_as_seen(Some(self), seen)?;
        if self.current_id() == Some(&to.id) {
            return Err(Refusal::Already);
        }
        if self.live.is_some() && overwrites == Overwrites::Some {
            return Err(Refusal::Live);
        }
        Ok(Root {
            replaced: self.replaced_now(stamp),
            ..Root::after(Some(self), stamp).switched_to(to, plain, stamp)
        })
    }

    /// With another release as the current one. If mutable names were being written, they still may be: then they aren't settled,
    /// whatever the release has.
    fn switched_to(self, release: Release, plain: Plain, stamp: &Stamp) -> Root {
        let mut overtaken = match (self.plain, &self.current) {
            (Plain::Pending, Some(before)) => vec![before.manifest.clone()],
            _ => Vec::new(),
        };
        let before = self.overtaken.iter();
        overtaken.extend(
            before
                .filter(|digest| !overtaken.contains(digest))
                .cloned()
                .collect::<Vec<_>>(),
        );
        overtaken.truncate(OVERTAKEN_MAX);
        Root {
            begun: false,
            current: Some(release),
            switched: stamp.nonce.clone(),
            plain: match overtaken.is_empty() {
                true => plain,
                false => Plain::Pending,
            },
            overtaken,
            ..self
        }
    }

    /// With the current release, which is replaced now.
    fn replaced_now(&self, stamp: &Stamp) -> Vec<Replaced> {
        let now = self.current_id().map(|id| Replaced {
            release: id.clone(),
            at: stamp.at,
        });
        let before = self.replaced.iter();
        let before = before.filter(|before| Some(&before.release) != self.current_id());
        let all = now.into_iter().chain(before.cloned());
        all.take(REPLACED_MAX).collect()
    }

    /// Switches live on, or changes its end and message; what it has of these stays, unless it's edited.
    ///
    /// # Errors
    /// [`Refusal::Sweeping`] and [`Refusal::Pending`]: while something is deleted or written over, nobody can promise that
    /// nothing is.
    pub fn go_live(
        root: Option<&Root>,
        until: Edit<Timestamp>,
        message: Edit<String>,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        if root.is_some_and(|root| root.gc.sweep.is_some()) {
            return Err(Refusal::Sweeping);
        }
        if root.is_some_and(|root| root.plain == Plain::Pending) {
            return Err(Refusal::Pending);
        }
        let before = root.and_then(|root| root.live.as_ref());
        let live = Live {
            since: before.map_or(stamp.at, |live| live.since),
            actor: stamp.actor.clone(),
            until: until.of(before.and_then(|live| live.until)),
            message: message.of(before.and_then(|live| live.message.clone())),
        };
        Ok(Root {
            live: Some(live),
            ..Root::after(root, stamp)
        })
    }

    /// Switches live off.
    ///
    /// # Errors
    /// [`Refusal::Already`].
    pub fn end_live(&self, stamp: &Stamp) -> Result<Root, Refusal> {
        match self.live {
            None => Err(Refusal::Already),
            Some(_) => Ok(Root {
                live: None,
                ..Root::after(Some(self), stamp)
            }),
        }
    }

    /// Announces that what the document `plan` names will be deleted, and that `oldest` is the oldest release retained.
    ///
    /// # Errors
    /// [`Refusal::Live`]; [`Refusal::Sweeping`]; [`Refusal::Pending`]; [`Refusal::Moved`] and [`Refusal::LostRace`] if the plan
    /// was made from another root.
    pub fn begin_sweep(
        &self,
        seen: &Seen,
        plan: String,
        oldest: ReleaseId,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        if self.live.is_some() {
            return Err(Refusal::Live);
        }
        if self.gc.sweep.is_some() {
            return Err(Refusal::Sweeping);
        }
        Root::is_as_seen(Some(self), seen)?;
        if self.plain == Plain::Pending {
            return Err(Refusal::Pending);
        }
        let gc = Gc {
            epoch: self.gc.epoch + 1,
            sweep: Some(plan),
        };
        Ok(Root {
            oldest: Some(oldest),
            gc,
            ..Root::after(Some(self), stamp)
        })
    }

    /// Says that all that `plan` names is gone.
    ///
    /// # Errors
    /// [`Refusal::Already`] if that sweep isn't going on.
    pub fn end_sweep(&self, plan: &str, stamp: &Stamp) -> Result<Root, Refusal> {
        if self.gc.sweep.as_deref() != Some(plan) {
            return Err(Refusal::Already);
        }
        let gc = Gc {
            epoch: self.gc.epoch + 1,
            sweep: None,
        };
        Ok(Root {
            gc,
            ..Root::after(Some(self), stamp)
        })
    }

    /// Gives the releases to another target, in which they must have been verified while `seen` was so.
    ///
    /// # Errors
    /// [`Refusal::Sweeping`] and [`Refusal::Pending`]: somebody is still changing the target that they belong to;
    /// [`Refusal::LostRace`]; [`Refusal::Already`].
    pub fn adopt(&self, seen: &Seen, target: &Owner, stamp: &Stamp) -> Result<Root, Refusal> {
        if self.gc.sweep.is_some() {
            return Err(Refusal::Sweeping);
        }
        if self.plain == Plain::Pending {
            return Err(Refusal::Pending);
        }
        Root::is_as_seen(Some(self), seen)?;
        if self.target.as_ref() == Some(target) {
            return Err(Refusal::Already);
        }
        Ok(Root {
            target: Some(target.clone()),
            // It may be another storage.
            conditions: None,
            ..Root::after(Some(self), stamp)
        })
    }

    fn check_counts(&self) -> Result<(), Unusable> {
        match self.seq.max(self.gc.epoch) < COUNT_MAX {
            true => Ok(()),
            false => Err(Unusable::damaged("nothing is changed so often")),
        }
    }

    /// Leaves its place for another one, in which all its documents are already.
    ///
    /// # Errors
    /// [`Refusal::Sweeping`]: what is being deleted is named by its place.
    pub fn leave(&self, stamp: &Stamp) -> Result<Root, Refusal> {
        match self.gc.sweep {
            Some(_) => Err(Refusal::Sweeping),
            None => Ok(Root::after(Some(self), stamp)),
        }
    }

    /// Changes nothing but the stamp: no swap that was sent before can be done after this one.
    /// Without a root, the first, with nothing in it.
    pub fn touch(root: Option<&Root>, stamp: &Stamp) -> Root {
        Root::after(root, stamp)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// What became of the swap to `wanted`, given the root there is now.
pub fn swapped(wanted: &Root, now: Option<&Root>) -> Swapped {
    let Some(now) = now else {
        return Swapped::NotYet;
    };
    if now.has(&wanted.nonce) {
        return Swapped::Done;
    }
    match now.seq.checked_sub(wanted.seq) {
        None => Swapped::NotYet,
        Some(later) if later < RECENT_MAX as u64 => Swapped::Lost,
        Some(_) => Swapped::Unknown,
    }
}

/// Reads a root.
///
/// # Errors
/// It's not one, or of a version that this program doesn't know.
pub fn parse(json: &[u8]) -> Result<Root, Unusable> {
    check_format(json, FORMAT, VERSION)?;
    let root: Root = serde_json::from_slice(json).map_err(Unusable::damaged)?;
    root.check_counts().map(|()| root)
}

/// A manifest's name: as for [`ReleaseId`], nothing that leads elsewhere.
fn digest<'de, D: Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    let digest = String::deserialize(text)?;
    match blake3::Hash::from_hex(&digest) {
        Ok(_) => Ok(digest),
        Err(_) => Err(D::Error::custom("a manifest is called after its digest")),
    }
}

fn sweep<'de, D: Deserializer<'de>>(name: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(name)?;
    let is_sweep = |name: &String| {
        let name = name.strip_prefix("sweeps/");
        let name = name.and_then(|name| name.strip_suffix(".json.gz"));
        name.is_some_and(is_part_of_a_name)
    };
    match name.as_ref().is_none_or(is_sweep) {
        true => Ok(name),
        false => Err(D::Error::custom("a sweep can't be called so")),
    }
}

/// Every document says first what it is: a newer program may mean something else by the rest. `version` is the newest known.
pub(super) fn check_format(json: &[u8], format: &str, version: u32) -> Result<(), Unusable> {
    #[derive(Deserialize)]
    struct Envelope {
        format: String,
        version: u32,
    }
    let envelope: Envelope = serde_json::from_slice(json)
        .map_err(|e| Unusable::Damaged(format!("it isn't one of assetsync's: {e}")))?;
    if envelope.format != format {
        return Err(Unusable::Damaged(format!("it isn't an {format}")));
    }
    match envelope.version {
        0 => Err(Unusable::damaged("it's of version 0")),
        newer if newer > version => Err(Unusable::Newer {
            version: newer,
            known: version,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
