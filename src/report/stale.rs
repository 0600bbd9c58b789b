//! Warnings about names that stay, change, and are kept by browsers for long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::base::listed::names_text;
use crate::base::name::CACHE_SHORTLY;
use crate::base::text::count;
use crate::base::text::escape;
use crate::release::excused::pattern;
use crate::release::stale::Stale;

/// Number of rules that are written out.
const RULES_MAX: usize = 10;

const DAY: u64 = 24 * 60 * 60;

/// Returns a warning for each `Cache-Control`, with its files and the rule that fixes it.
pub fn stale_text(stale: &[Stale]) -> String {
    let mut alike: BTreeMap<(bool, &str), Vec<&Stale>> = BTreeMap::new();
    for stale in stale {
        let key = (!stale.is_still_so, &*stale.cache_control);
        alike.entry(key).or_default().push(stale);
    }
    alike.values().map(|stale| warning(stale)).collect()
}

fn warning(stale: &[&Stale]) -> String {
    let paths: Vec<&str> = stale.iter().map(|stale| &*stale.path).collect();
    let Stale {
        kept,
        cache_control,
        is_still_so,
        ..
    } = stale[0];
    let (verb, had) = match (paths.len(), is_still_so) {
        (1, true) => ("changes", "is"),
        (1, false) => ("changes", "was"),
        (_, true) => ("change", "is"),
        (_, false) => ("change", "was"),
    };
    let rules = match is_still_so {
        true => rules(&paths),
        false => String::new(),
    };
    format!(
        "warning: {} {verb}, but browsers may show the cached version {}: the `Cache-Control` {had} `{}`{}\n{rules}",
        count(paths.len() as u64, "plain name"),
        how_long(*kept),
        escape(cache_control),
        names_text(&paths),
    )
}

fn how_long(kept: Option<Duration>) -> String {
    match kept.map(|kept| kept.as_secs()) {
        None => "indefinitely".to_string(),
        Some(seconds) if seconds >= DAY => format!("for up to {}", count(seconds / DAY, "day")),
        Some(seconds) => format!("for up to {seconds} s, even after a reload"),
    }
}

/// Returns the rules to add to the configuration.
fn rules(paths: &[&str]) -> String {
    let patterns: BTreeSet<String> = paths.iter().map(|path| pattern(path)).collect();
    let rule = |pattern: &String| {
        // A JSON string is also a TOML string.
        let pattern = json!(pattern);
        format!("  [[rule]]\n  match = {pattern}\n  cache_control = \"{CACHE_SHORTLY}\"\n")
    };
    let rules: String = patterns.iter().take(RULES_MAX).map(rule).collect();
    let more = match patterns.len().saturating_sub(RULES_MAX) {
        0 => String::new(),
        more => format!("  # and so on, for {more} more\n"),
    };
    format!(
        "hint: only names that change with their content (`names = \"opaque\"`) can be cached for long; for these files, add after the other rules:\n{rules}{more}"
    )
}

/// Returns the same as warnings of a document: `[{"path", "line", "column", "message"}, ..]`.
pub(super) fn stale_json(stale: &[Stale]) -> Vec<Value> {
    let message = |stale: &Stale| {
        let advice = if stale.is_still_so {
            format!(
                "; a rule with `match = {}` and `cache_control = \"{CACHE_SHORTLY}\"` fixes this",
                json!(pattern(&stale.path))
            )
        } else {
            String::new()
        };
        format!(
            "changes, but browsers may show the cached version {} (`Cache-Control: {}`){advice}",
            how_long(stale.kept),
            escape(&stale.cache_control)
        )
    };
    let warning = |stale: &Stale| json!({ "path": escape(&stale.path), "line": null, "column": null, "message": message(stale) });
    stale.iter().map(warning).collect()
}
