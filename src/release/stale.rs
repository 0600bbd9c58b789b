//! Mutable names that browsers keep for long, so that visitors still see the old content. Pure.

use std::time::Duration;

use super::difference::{Pair, pairs};
use super::manifest::Manifest;
use crate::base::name::Headers;
use crate::naming::{Build, Object};

/// Maximum time that a page may be kept on purpose. A longer time is considered a mistake.
const KEPT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// File of which browsers keep the old content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Logical path.
    pub path: String,
    /// Time that browsers keep it, as far as the header tells; none if it doesn't.
    pub kept: Option<Duration>,
    /// `Cache-Control` header that says so.
    pub cache_control: String,
    /// True if the new content will be kept for as long.
    pub is_still_so: bool,
}

/// Returns the mutable names of `build` with other content than in `before`, by path.
pub fn stale(before: Option<&Manifest>, build: &Build) -> Vec<Stale> {
    let Some(before) = before else {
        return Vec::new();
    };
    let stale = pairs(before, build).filter_map(|pair| match pair {
        Pair::Both(entry, object) if is_kept_name(object) && entry.stored.is_some() => {
            let old = before.headers_of(entry);
            let is_other = entry.digest != object.digest || !is_shown_alike(old, object.headers());
            let (old, new) = (&old.cache_control, &object.headers().cache_control);
            let is_same_name = entry.key == object.key;
            let (cache_control, is_still_so) = match (is_kept_long(old), is_kept_long(new)) {
                _ if !is_other || !is_same_name => return None,
                (_, true) => (new, true),
                (true, false) => (old, false),
                (false, false) => return None,
            };
            Some(Stale {
                path: object.path.to_string(),
                kept: max_age(cache_control),
                cache_control: cache_control.clone(),
                is_still_so,
            })
        }
        _ => None,
    });
    stale.collect()
}

fn is_kept_name(object: &Object) -> bool {
    object.is_mutable() && !object.is_held
}

/// Returns whether browsers treat content the same under both sets of headers.
fn is_shown_alike(a: &Headers, b: &Headers) -> bool {
    a.content_type == b.content_type && a.further == b.further
}

/// Returns whether a browser doesn't ask for new content for over a day.
fn is_kept_long(cache_control: &str) -> bool {
    let is_asked_again = ["no-store", "no-cache"]
        .iter()
        .any(|name| directive(cache_control, name).is_some());
    let is_immutable = directive(cache_control, "immutable").is_some();
    !is_asked_again && (is_immutable || max_age(cache_control).is_some_and(|kept| kept > KEPT_MAX))
}

fn max_age(cache_control: &str) -> Option<Duration> {
    let value = directive(cache_control, "max-age")?;
    let digits = value.trim_matches('"');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number that is too large counts as infinite (RFC 9111, 1.2.2).
    is_number.then(|| Duration::from_secs(digits.parse().unwrap_or(1 << 31)))
}

/// Returns the value of a directive; empty if it has no value.
fn directive<'a>(cache_control: &'a str, wanted: &str) -> Option<&'a str> {
    cache_control.split(',').find_map(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Caching of over a day, or `immutable`, counts as long.
    #[test]
    fn long_caching_is_recognised() {
        for (cache_control, is_long) in [
            ("public, max-age=31536000, immutable", true),
            ("immutable", true),
            ("public, max-age=60, Immutable", true),
            ("Public,Max-Age=86401", true),
            ("max-age=\"604800\"", true),
            ("max-age=99999999999999999999999", true),
            ("public, max-age=86400", false),
            ("public, max-age=60", false),
            ("public, s-maxage=31536000, max-age=60", false),
            ("no-cache, max-age=31536000", false),
            ("no-store, immutable", false),
            ("max-age=soon", false),
            ("", false),
        ] {
            assert_eq!(is_kept_long(cache_control), is_long, "{cache_control}");
        }
        assert_eq!(max_age("a, max-age = 5"), Some(Duration::from_secs(5)));
    }
}
