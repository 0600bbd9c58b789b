//! Objects of earlier releases that are still available although the current one doesn't publish
//! them. Pure.

use std::collections::BTreeSet;

use super::finding::{Address, Finding, Kind};
use super::releases::Releases;
use crate::base::hint::Verb;
use crate::config::Target;
use crate::doctor;
use crate::levels::OPEN;
use crate::release::leftover::{Leftover, Why, takedown_of};
use crate::release::manifest::Manifest;
use crate::store::Listing;
use crate::store::command::quoted;

/// Returns one finding for what is held, one for what is unlocked, one for what is in a level, and
/// one for all else.
pub(super) fn find(
    target: &Target,
    releases: &Releases,
    manifest: &Manifest,
    listing: &Listing,
) -> Vec<Finding> {
    let (hidden, others) = still_there(releases, manifest, listing);
    let (unlocked, hidden): (Vec<&Leftover>, Vec<&Leftover>) = hidden
        .into_iter()
        .partition(|left| releases.unlocked.contains(level_of(left, manifest)));
    let published: Vec<&str> = manifest.published().map(|entry| &*entry.path).collect();
    let told = |left: &[&Leftover], finding| told(target, left, &published, finding);
    let hidden = (!hidden.is_empty()).then(|| {
        let seen = "published by an earlier release, and its level is now held";
        let wanted = "nothing from held levels";
        told(&hidden, Finding::failed(Kind::Held, wanted, seen))
    });
    let is_leveled = |left: &Leftover| {
        let entry = manifest.find(&left.path);
        entry.is_some_and(|entry| manifest.level_of(entry) != OPEN)
    };
    let (leveled, others): (Vec<&Leftover>, Vec<&Leftover>) =
        others.into_iter().partition(|left| is_leveled(left));
    let wanted = "only the current release";
    let leveled = (!leveled.is_empty()).then(|| {
        let seen = "published by an earlier release under a name that anyone can guess, although \
                    the file is now in a level";
        told(&leveled, Finding::failed(Kind::Left, wanted, seen))
    });
    let others = (!others.is_empty()).then(|| {
        let seen = "published by an earlier release under a name that anyone can guess";
        told(&others, Finding::warning(Kind::Left, wanted, seen))
    });
    let unlocked = (!unlocked.is_empty()).then(|| of_unlocked(target, &unlocked, manifest));
    let hidden = hidden.into_iter().chain(unlocked);
    hidden.chain(leveled).chain(others).collect()
}

/// Returns the finding for leftovers of levels that pushes publish.
fn of_unlocked(target: &Target, left: &[&Leftover], manifest: &Manifest) -> Finding {
    let seen = "published by another release; its level is unlocked";
    let finding = Finding::warning(Kind::Left, "only the current release", seen);
    let levels = left.iter().map(|left| level_of(left, manifest));
    let levels: BTreeSet<&str> = levels.collect();
    let levels = levels
        .iter()
        .map(|level| format!("--level {}", quoted(level)));
    let levels: Vec<String> = levels.collect();
    let takedown = Verb::Takedown.with(format!("{} --stale", levels.join(" ")));
    of_paths(left, finding).fix(format!(
        "`{}` publishes what these levels have now. To remove the objects of other releases: \
         `{}`, and purge them from any CDN",
        doctor::own_command(target, Verb::Push),
        target.command(takedown)
    ))
}

/// Returns the level that hides a leftover.
fn level_of<'l>(left: &'l Leftover, manifest: &'l Manifest) -> &'l str {
    match &left.why {
        Why::Held(level) | Why::SameAsHeld(level) => level,
        Why::PlainName => {
            let entry = manifest.find(&left.path);
            entry.map_or(OPEN, |entry| manifest.level_of(entry))
        }
    }
}

/// Leftovers that are still in the target: those of hidden files, and all others.
fn still_there<'r>(
    releases: &'r Releases,
    manifest: &Manifest,
    listing: &Listing,
) -> (Vec<&'r Leftover>, Vec<&'r Leftover>) {
    let held = |path: &str| {
        let entry = manifest.find(path);
        entry.filter(|entry| entry.stored.is_none())
    };
    // An object that the release would publish under this very name has a finding of its own.
    let is_own =
        |left: &Leftover| held(&left.path).is_some_and(|entry| entry.key.as_str() == left.key);
    let there = releases.left.iter();
    let there = there.filter(|left| listing.contains_key(&left.key) && !is_own(left));
    let is_hidden = |left: &&Leftover| left.why != Why::PlainName || held(&left.path).is_some();
    there.partition(is_hidden)
}

/// The finding for these leftovers, with the takedown that removes them.
fn told(target: &Target, left: &[&Leftover], published: &[&str], finding: Finding) -> Finding {
    let finding = of_paths(left, finding);
    let left: Vec<Leftover> = left.iter().map(|left| (*left).clone()).collect();
    let command = takedown_of(target, &left, published);
    finding.fix(format!("`{command}`, and purge it from any CDN"))
}

fn of_paths(left: &[&Leftover], finding: Finding) -> Finding {
    let paths: BTreeSet<&str> = left.iter().map(|left| left.path.as_str()).collect();
    let mut paths = paths.into_iter().map(str::to_string);
    Finding {
        path: paths.next(),
        also: paths.collect(),
        ..finding
    }
    .at(Address::Storage)
}
