//! What stops a push before it writes anything: each of these has broken somebody's event. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::Base;
use super::difference::{Pair, levels_taken_back, pairs};
use super::excused::options_for;
use super::lost::{Loss, Lost};
use super::prune::Deletion;
use super::root::{Live, Root, Takedown};
use crate::build::Build;
use crate::config::command::quoted;
use crate::error::{Error, Result, escape};
use crate::levels::{LevelId, Levels};
use crate::name::NameStyle;
use crate::plan::{Action, Plan, Step};
use crate::report::{NAMES_MAX, count, names_text};

/// What the user said yes to.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// Over a fifth of the files may be gone, a whole folder or type, or all.
    pub shrink: bool,
    /// What is published of these levels, which are held, may be taken back.
    pub relock: BTreeSet<String>,
    /// Another key may name the objects from now on.
    pub rotate_key: bool,
    /// The commit may be older than that of the current release.
    pub older: bool,
    /// These plain names may be written over while the target is live.
    pub overwrite_live: BTreeSet<String>,
    /// Files whose names nobody could guess may get names that anybody can.
    pub plain: bool,
    /// A first release may be made although objects of earlier ones are there.
    pub anew: bool,
    /// These paths may be published again, although they were taken down.
    pub put_back: BTreeSet<String>,
    /// These levels, which are held, are published from now on.
    pub unlock: BTreeSet<String>,
    /// What a rollback may not publish again: names of levels that are held.
    pub held: BTreeSet<String>,
    /// And files that are in these levels by now, whatever was said of them when they were published; but for those unlocked.
    pub levels: Levels,
    /// Levels of those that are unlocked.
    pub unlocked: BTreeSet<LevelId>,
}

/// How this checkout's commit stands to that of the current release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// The same, newer, or on another branch.
    NotOlder,
    /// What is published came from a later commit.
    Older,
    /// No git, or a commit that isn't in this checkout.
    Unknown,
}

/// A guard that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What would happen.
    pub message: String,
    /// What to do about it. Its commands name no target.
    pub hint: String,
}

impl From<Refused> for Error {
    fn from(Refused { message, hint }: Refused) -> Error {
        Error::Refused { message, hint }
    }
}

/// Whether `build` may be published on top of `base`.
///
/// # Errors
/// [`Error::Refused`] names every guard that says no, and the flag for each.
pub fn check(
    base: &Base,
    build: &Build,
    plan: &Plan<'_>,
    age: Age,
    allowed: &Allowed,
) -> Result<()> {
    refuse(refusals(base, build, plan, age, allowed))
}

/// One error for all guards that say no.
///
/// # Errors
/// [`Error::Refused`] if there are any.
pub fn refuse(refusals: Vec<Refused>) -> Result<()> {
    let (messages, hints): (Vec<String>, Vec<String>) = refusals
        .into_iter()
        .map(|refused| (refused.message, refused.hint))
        .unzip();
    match messages.is_empty() {
        true => Ok(()),
        false => Err(Error::Refused {
            message: messages.join("\n"),
            hint: hints.join("; "),
        }),
    }
}

/// Every guard that says no to publishing `build` on top of `base`.
pub fn refusals(
    base: &Base,
    build: &Build,
    plan: &Plan<'_>,
    age: Age,
    allowed: &Allowed,
) -> Vec<Refused> {
    let mut refusals = refusals_of_all(base, &build.key_id.to_string(), allowed);
    refusals.extend(told([
        taken_down(base.root.as_ref(), build, allowed),
        relocked(base, build, allowed),
        lost(base, build, allowed),
        older(age, allowed),
        live(base, plan, allowed),
        promised(plan),
    ]));
    refusals
}

/// Every guard that says no to all pushes on top of `base` with the key of this id, whatever they publish.
pub fn refusals_of_all(base: &Base, key_id: &str, allowed: &Allowed) -> Vec<Refused> {
    told([sweeping(base), key(base, key_id, allowed)]).collect()
}

fn told<const N: usize>(refusals: [Refusal; N]) -> impl Iterator<Item = Refused> {
    let refusals = refusals.into_iter().flatten();
    refusals.map(|(message, hint)| Refused { message, hint })
}

/// Whether `plan` may be done while the target is as `base` says.
///
/// # Errors
/// [`Error::Refused`]: it's live, and mutable names would be written over.
pub fn check_live(base: &Base, plan: &Plan<'_>, allowed: &Allowed) -> Result<()> {
    match live(base, plan, allowed) {
        None => Ok(()),
        Some((message, hint)) => Err(Error::Refused { message, hint }),
    }
}

type Refusal = Option<(String, String)>;

fn sweeping(base: &Base) -> Refusal {
    let root = base.root.as_ref()?;
    let what = Deletion::of(root)?;
    Some((
        format!("A {what} is going on, or was interrupted: nothing is published until it's done"),
        "`assetsync resolve` finishes it".to_string(),
    ))
}

fn key(base: &Base, now: &str, allowed: &Allowed) -> Refusal {
    let before = &base.manifest.as_ref()?.key_id;
    (before != now && !allowed.rotate_key).then(|| {
        (
            format!("The current release was made with another key (id {before}; this one's is {now})"),
            "use the team's key file; `--rotate-key` if a new key is meant, which renames every object"
                .to_string(),
        )
    })
}

/// Makes sure that nothing is published again that somebody took down while this push was under way.
///
/// # Errors
/// [`Error::Refused`].
pub(crate) fn check_taken_down(
    root: Option<&Root>,
    build: &Build,
    allowed: &Allowed,
) -> Result<()> {
    match taken_down(root, build, allowed) {
        None => Ok(()),
        Some((message, hint)) => Err(Error::Refused { message, hint }),
    }
}

/// What somebody took down would be published again.
fn taken_down(root: Option<&Root>, build: &Build, allowed: &Allowed) -> Refusal {
    let root = root?;
    let blocked = |path: &str| match allowed.put_back.contains(path) {
        true => None,
        false => root.blocked(path),
    };
    let mut by_takedown: BTreeMap<&str, (&Takedown, Vec<&str>)> = BTreeMap::new();
    for object in build.published() {
        let path = object.path.as_str();
        if let Some(takedown) = blocked(path) {
            let paths = by_takedown
                .entry(&takedown.sweep)
                .or_insert((takedown, Vec::new()));
            paths.1.push(path);
        }
    }
    let told = by_takedown
        .values()
        .map(|(takedown, paths)| taken_down_in_words(takedown, paths));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| {
        (
            told.join("\n"),
            "take them out of the tree, or into a level that is held; `--put-back PATH` publishes one again, once it gives nothing away"
                .to_string(),
        )
    })
}

fn taken_down_in_words(takedown: &Takedown, paths: &[&str]) -> String {
    let why = match &takedown.why {
        Some(why) => format!(" ({})", escape(why)),
        None => String::new(),
    };
    format!(
        "This push publishes what {} took down at {}{why}: {}{}",
        escape(&takedown.actor),
        takedown.at,
        count(paths.len() as u64, "file"),
        names_text(paths)
    )
}

/// What is published of a level would be so no longer, and nobody locked it.
fn relocked(base: &Base, build: &Build, allowed: &Allowed) -> Refusal {
    let manifest = base.manifest.as_ref()?;
    let mut levels = levels_taken_back(manifest, build);
    let is_locked = |level: &str| {
        let root = base.root.as_ref();
        root.is_some_and(|root| root.relocked.contains(level))
    };
    levels.retain(|level, _| !allowed.relock.contains(*level) && !is_locked(level));
    if levels.is_empty() {
        return None;
    }
    let unlock: Vec<String> = levels
        .keys()
        .map(|level| format!(" {}", quoted(level)))
        .collect();
    let relock: Vec<String> = levels
        .keys()
        .map(|level| format!("`--relock {}`", quoted(level)))
        .collect();
    let more = build.held().into_iter();
    let more = more.filter_map(|(level, held)| {
        let there = levels.get(level)?.len() as u64;
        let more = held.saturating_sub(there);
        (more > 0).then(|| format!("{more} more of `{level}`"))
    });
    let more: Vec<String> = more.collect();
    let more = match more.is_empty() {
        true => String::new(),
        false => format!(", and publishes {}", more.join(", ")),
    };
    Some((
        relocked_in_words(&levels),
        format!(
            "`assetsync unlock{}` keeps what is published in this and all later pushes{more}; {} if it's meant to go: the next release is without it, and its addresses answer until a takedown or a prune",
            unlock.concat(),
            relock.join(", "),
        ),
    ))
}

/// What of levels that are held wouldn't be published any more.
pub fn relocked_in_words(levels: &BTreeMap<&str, Vec<&str>>) -> String {
    let lines = levels.iter().map(|(level, paths)| {
        format!(
            "This push takes the level `{level}` back, which is held and isn't unlocked: {} of it {} published now{}",
            count(paths.len() as u64, "file"),
            if paths.len() == 1 { "is" } else { "are" },
            names_text(paths)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Files that are gone with nothing in their place: of those that visitors get, and of those that wait for their level.
fn lost(base: &Base, build: &Build, allowed: &Allowed) -> Refusal {
    let manifest = base.manifest.as_ref().filter(|_| !allowed.shrink)?;
    let held = build.held();
    let (mut gone, mut kept) = (Sides::default(), Sides::default());
    let (mut new, mut new_published) = (Vec::new(), Vec::new());
    for pair in pairs(manifest, build) {
        match pair {
            // Taken back with its level, which has a guard of its own.
            Pair::Before(entry)
                if entry.stored.is_some() && held.contains_key(manifest.level_of(entry)) => {}
            Pair::Both(entry, object) if entry.stored.is_some() && object.is_held => {}
            Pair::Before(entry) => gone.of(entry.stored.is_some()).push(&*entry.path),
            Pair::Both(entry, _) => kept.of(entry.stored.is_some()).push(&*entry.path),
            Pair::Now(object) => {
                new.push(object.path.as_str());
                if !object.is_held {
                    new_published.push(object.path.as_str());
                }
            }
        }
    }
    let published = Lost::new(&gone.published, &kept.published, &new_published);
    let held = Lost::new(&gone.held, &kept.held, &new);
    let told = [(published, "files"), (held, "held files")];
    let told = told.iter().filter(|(lost, _)| lost.is_too_much());
    let told: Vec<String> = told.map(|(lost, what)| lost_in_words(lost, what)).collect();
    (!told.is_empty()).then(|| {
        (
            told.join("\n"),
            "is the whole site checked out and built? `--allow-shrink` if they are meant to go"
                .to_string(),
        )
    })
}

/// Paths of what is published, and of what is held.
#[derive(Default)]
struct Sides<'a> {
    published: Vec<&'a str>,
    held: Vec<&'a str>,
}

impl<'a> Sides<'a> {
    fn of(&mut self, is_published: bool) -> &mut Vec<&'a str> {
        match is_published {
            true => &mut self.published,
            false => &mut self.held,
        }
    }
}

fn lost_in_words(lost: &Lost<'_>, what: &str) -> String {
    let folders = lost.folders.iter().take(NAMES_MAX);
    let folders = folders.map(|folder| format!("the whole folder `{}/`", escape(folder)));
    let types = lost.types.iter().map(|extension| match &**extension {
        "" => "all files without an extension".to_string(),
        extension => format!("all `.{}` files", escape(extension)),
    });
    let whole: Vec<String> = folders.chain(types).collect();
    let whole = match whole.is_empty() {
        true => String::new(),
        false => format!(", with {}", whole.join(", ")),
    };
    let lines: String = lost.losses.iter().take(NAMES_MAX).map(line).collect();
    let rest = lost.losses.get(NAMES_MAX..).unwrap_or_default();
    let more = match rest.len() as u64 {
        0 => String::new(),
        groups => format!(
            "\n  and {} more in {}",
            rest.iter().map(|loss| loss.lost).sum::<u64>(),
            count(groups, "other folder")
        ),
    };
    format!(
        "{} of {} {what} of the current release are gone, and nothing is in their place{whole}{lines}{more}",
        lost.lost, lost.before
    )
}

/// `img/*.png: 40 of 42`.
fn line(loss: &Loss<'_>) -> String {
    let folder = match loss.folder {
        "" => String::new(),
        folder => escape(folder) + "/",
    };
    let files = match &*loss.extension {
        "" => "* (without an extension)".to_string(),
        extension => format!("*.{}", escape(extension)),
    };
    format!("\n  {folder}{files}: {} of {}", loss.lost, loss.before)
}

fn older(age: Age, allowed: &Allowed) -> Refusal {
    (age == Age::Older && !allowed.older).then(|| {
        (
            "This checkout is older than what is published".to_string(),
            "pull first; `assetsync rollback` goes back to an earlier release; `--allow-older` if an old commit is meant to be published"
                .to_string(),
        )
    })
}

fn live(base: &Base, plan: &Plan<'_>, allowed: &Allowed) -> Refusal {
    let live = base.root.as_ref()?.live.as_ref()?;
    let over: Vec<&str> = overwrites(plan)
        .filter(|path| !allowed.overwrite_live.contains(*path))
        .collect();
    (!over.is_empty()).then(|| written_over(live, &over))
}

/// What is said where `names` would be written over while the target is live, and what lets them through.
pub(super) fn written_over(live: &Live, names: &[&str]) -> (String, String) {
    (
        format!(
            "{}: {} would be written over{}",
            live_in_words(live),
            count(names.len() as u64, "plain name"),
            names_text(names)
        ),
        format!(
            "`{}` lets {} through; keyed names are published as ever",
            options_for(names),
            if names.len() == 1 { "it" } else { "them" },
        ),
    )
}

/// Refuses to publish something else under a name that says what is there: browsers that have it never ask again.
fn promised(plan: &Plan<'_>) -> Refusal {
    let is_broken = |action: &&Action<'_>| {
        matches!(action.step, Step::Conflict(_))
            && action.object.policy.names == NameStyle::Fingerprinted
    };
    let broken = plan.actions.iter().filter(is_broken);
    let names: Vec<&str> = broken.map(|action| action.object.path.as_str()).collect();
    (!names.is_empty()).then(|| {
        let are = if names.len() == 1 { "is" } else { "are" };
        (
            format!(
                "{} {are} in the target already with other content or headers, by names that never change (`names = \"fingerprinted\"`){}",
                count(names.len() as u64, "file"),
                names_text(&names)
            ),
            FINGERPRINTED_HINT.to_string(),
        )
    })
}

/// What to do about a fingerprinted name that something else has.
pub(crate) const FINGERPRINTED_HINT: &str = "let the bundler give it another name, as it does where it puts hashes into names; a name without one needs `names = \"plain\"`";

/// The mutable names that a plan writes over.
pub fn overwrites<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p str> {
    plan.actions
        .iter()
        .filter(|action| matches!(action.step, Step::Overwrite(_)) && action.object.is_mutable())
        .map(|action| action.object.path.as_str())
}

/// Since when the target is live, and why.
pub fn live_in_words(live: &Live) -> String {
    let message = match &live.message {
        Some(message) => format!(" ({})", escape(message)),
        None => String::new(),
    };
    format!(
        "The target is live since {}, says {}{message}",
        live.since,
        escape(&live.actor)
    )
}

/// Which release counts, and who made it: whoever changed the root last may have done something else.
fn current_in_words(root: Option<&Root>) -> String {
    match root.and_then(|root| root.current.as_ref()) {
        None => "there is no current release any more".to_string(),
        Some(release) => format!(
            "the current release is {} now, made by {} at {}",
            release.id,
            escape(&release.actor),
            release.at
        ),
    }
}

/// The words for a refusal by the root itself, found while something else was being done.
pub fn refused(refusal: super::root::Refusal, root: Option<&Root>) -> Error {
    refused_again(refusal, root, PUSH_AGAIN)
}

const PUSH_AGAIN: &str = "look at what they published (`assetsync releases`), bring your files up to date, and push again";

/// The same, with what to do `again` if somebody else was faster.
pub(super) fn refused_again(
    refusal: super::root::Refusal,
    root: Option<&Root>,
    again: &str,
) -> Error {
    use super::root::Refusal as R;
    let (message, hint) = match refusal {
        R::LostRace => {
            return Error::LostRace {
                message: format!("Somebody else was faster: {}", current_in_words(root)),
                hint: again.to_string(),
            };
        }
        R::Live => (
            root.and_then(|root| root.live.as_ref())
                .map_or("The target is live".to_string(), live_in_words),
            "`assetsync live off` when the event is over".to_string(),
        ),
        R::Moved if root.is_some_and(|root| root.gc.sweep.is_none()) => (
            "Something was deleted meanwhile".to_string(),
            "try again".to_string(),
        ),
        R::Sweeping | R::Moved => (
            format!(
                "A {} is going on, or was interrupted",
                root.and_then(Deletion::of).unwrap_or(Deletion::Prune)
            ),
            "wait for it, or finish it with `assetsync resolve`".to_string(),
        ),
        R::Levels => {
            return Error::LostRace {
                message: "A level was locked or unlocked meanwhile".to_string(),
                hint: again.to_string(),
            };
        }
        R::Pending => (
            "Plain names of the current release are still being written".to_string(),
            "wait for that push, or finish it with `assetsync resolve`".to_string(),
        ),
        R::Already => ("It is so already".to_string(), String::new()),
    };
    Error::Refused { message, hint }
}
