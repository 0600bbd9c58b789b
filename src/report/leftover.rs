//! Files that can still be fetched although they aren't published any more, and the command that
//! removes them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::base::listed::names_text;
use crate::base::text::count;
use crate::base::text::escape;
use crate::config::Target;
use crate::release::leftover::{LEFT_MAX, Leftover, Why, takedown_of};
use crate::release::takedown::{Removal, TakenDown};

/// Describes the files that can still be fetched, and the command that removes them. `published`
/// has the logical paths of the release, sorted: the command never names a folder that has any of
/// them.
pub fn leftovers_text(target: &Target, left: &[Leftover], published: &[&str]) -> String {
    if left.is_empty() {
        return String::new();
    }
    let told = left.iter().map(|left| left.path.as_str());
    let told: BTreeSet<&str> = told.collect();
    let told: Vec<&str> = told.into_iter().collect();
    let more = match left.len() {
        LEFT_MAX => " or more",
        _ => "",
    };
    format!(
        "warning: {}{more} can still be fetched at {}, though no release publishes {}{}{}\nhint: `{}` removes {} at once\n",
        count(told.len() as u64, "file"),
        addresses(left),
        if told.len() == 1 { "it" } else { "them" },
        levels_text(left),
        names_text(&told),
        takedown_of(target, left, published),
        if told.len() == 1 { "it" } else { "them" },
    )
}

fn addresses(left: &[Leftover]) -> &'static str {
    let is_plain = |left: &Leftover| left.why == Why::PlainName;
    match (left.iter().any(is_plain), left.iter().all(is_plain)) {
        (true, true) => "names that anyone can guess",
        (false, _) => "addresses from earlier releases",
        (true, false) => "names that anyone can guess, or addresses from earlier releases",
    }
}

fn levels_text(left: &[Leftover]) -> String {
    let levels = left.iter().filter_map(|left| match &left.why {
        Why::PlainName => None,
        Why::Held(level) | Why::SameAsHeld(level) => Some(level.as_str()),
    });
    let levels: BTreeSet<String> = levels.map(|level| format!("`{}`", escape(level))).collect();
    let names: Vec<String> = levels.into_iter().collect();
    match names.as_slice() {
        [] => String::new(),
        [level] => format!(", and the level {level} is held"),
        _ => format!(", and the levels {} are held", names.join(", ")),
    }
}

/// Lists the files that can still be fetched:
/// `[{"path", "why": "plain-name" | "held" | "same-as-held", "level"}]`.
pub fn leftovers_json(left: &[Leftover]) -> Value {
    let one = |left: &Leftover| {
        let (why, level) = match &left.why {
            Why::PlainName => ("plain-name", None),
            Why::Held(level) => ("held", Some(level)),
            Why::SameAsHeld(level) => ("same-as-held", Some(level)),
        };
        json!({ "path": left.path, "why": why, "level": level })
    };
    left.iter().map(one).collect()
}

/// Describes what a takedown will remove.
pub fn removal_text(target: &Target, removal: &Removal) -> String {
    let files: BTreeSet<&str> = removal
        .files
        .keys()
        .chain(&removal.published)
        .map(String::as_str)
        .collect();
    let files: Vec<&str> = files.into_iter().collect();
    let published = match removal.published.len() as u64 {
        0 => "the current release publishes none of them".to_string(),
        n => format!("the next release omits {}", count(n, "file")),
    };
    format!(
        "{}: takes down {} ({} in total); {published}{}\n",
        target.name,
        count(files.len() as u64, "file"),
        count(removal.objects() as u64, "object"),
        names_text(&files)
    )
}

/// Returns
/// `{"format": "assetsync takedown", "version": 1, "target", "only_shown", "paths": [..], "objects", "published": [..], "deleted", "release"}`.
/// `deleted` and `release` are null if the takedown is only shown.
pub fn removal_json(target: &str, removal: &Removal, done: Option<&TakenDown>) -> Value {
    json!({
        "format": "assetsync takedown",
        "version": 1,
        "target": target,
        "only_shown": done.is_none(),
        "paths": removal.files.keys().chain(&removal.published).collect::<BTreeSet<_>>(),
        "objects": removal.objects(),
        "published": removal.published,
        "deleted": done.map(|done| done.deleted),
        "release": done.and_then(|done| done.release.as_ref()).map(super::release_json),
    })
}
