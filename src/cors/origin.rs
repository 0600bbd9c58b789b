//! Origins: what browsers send, and what patterns in a policy match.

use url::Url;

use super::Cloud;
use super::json::At;
use super::lint::{Found, error, warning};
use crate::base::text::escape;

/// Schemes that no page has: what is loaded from there has the origin `null`, or none.
const PAGELESS: [&str; 9] = [
    "blob",
    "data",
    "file",
    "ftp",
    "gs",
    "javascript",
    "mailto",
    "ws",
    "wss",
];

/// Checks whether an origin matches a pattern. On Google's storage, both have to be the same text.
/// On S3, one `*` stands for any text. `*` alone matches everything on both.
pub(super) fn matches(pattern: &str, origin: &str, cloud: Cloud) -> bool {
    match (pattern, cloud) {
        ("*", _) => true,
        (_, Cloud::Gcs) => pattern == origin,
        (_, Cloud::S3) => matches_wildcard(pattern, origin),
    }
}

/// Checks whether text matches a pattern with at most one `*`.
pub(super) fn matches_wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len()
                && text.starts_with(before)
                && text.ends_with(after)
        }
    }
}

/// Checks whether one of `patterns` matches everything that `origin`, which may be a pattern
/// itself, matches.
pub(super) fn covers(patterns: &[String], origin: &str) -> bool {
    let mut patterns = patterns.iter();
    patterns.any(|pattern| pattern == origin || matches_wildcard(pattern, origin))
}

pub(super) fn lint(item: &At<String>, found: &mut Vec<Found>) {
    let (at, text) = (item.at, item.value.as_str());
    match text {
        "*" => {}
        "null" => found.push(warning(
            at,
            "`null` allows other sites: any sandboxed page, by any author, has this origin",
            "list your pages' origins, or write `*` to allow every origin",
        )),
        _ => match text.matches('*').count() {
            0 => {
                let why = mistake(text).or_else(|| unsafe_scheme(text));
                found.extend(why.map(|why| why.at(at)));
            }
            1 => wildcard(at, text, found),
            _ => {
                let message = format!("`{}` has more than one `*`", escape(text));
                let instead = "S3 allows at most one, and Google only `*` alone";
                found.push(error(at, &message, instead));
            }
        },
    }
}

const EXAMPLE: &str = "write an origin such as \"https://hunt.example.org\"";

/// A finding that doesn't know its place yet.
struct Why {
    message: String,
    instead: String,
    is_error: bool,
}

impl Why {
    fn wrong(message: String, instead: impl Into<String>) -> Option<Why> {
        Some(Why {
            message,
            instead: instead.into(),
            is_error: true,
        })
    }

    fn at(self, at: usize) -> Found {
        if self.is_error {
            error(at, &self.message, &self.instead)
        } else {
            warning(at, &self.message, &self.instead)
        }
    }
}

/// Returns the reason why browsers never send this as their origin.
fn mistake(text: &str) -> Option<Why> {
    let shown = escape(text);
    if text.is_empty() {
        return Why::wrong("empty origin".to_string(), EXAMPLE);
    }
    if let Some(why) = several_words(text) {
        return Some(why);
    }
    if text.eq_ignore_ascii_case("null") {
        let message = format!("`{shown}`: browsers send it in lowercase");
        return Why::wrong(message, "write \"null\"");
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let host = text.trim_start_matches('/').trim_end_matches('/');
        let message = format!("`{shown}` has no scheme, so it isn't an origin");
        return Why::wrong(message, format!("write \"https://{host}\""));
    };
    if PAGELESS.contains(&scheme.to_ascii_lowercase().as_str()) {
        Why::wrong(
            format!("no page has an origin that begins with `{scheme}://`"),
            "write the page's origin, which begins with `https://`",
        )
    } else {
        not_as_sent(text, rest)
    }
}

/// The mistake of a space, or of several origins in one string.
fn several_words(text: &str) -> Option<Why> {
    let shown = escape(text);
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let clean: String = text.split_whitespace().collect::<Vec<_>>().join("\", \"");
        return Why::wrong(
            format!("`{shown}` contains a space"),
            format!("write \"{clean}\""),
        );
    }
    if text.contains(',') {
        let parts = text
            .split(',')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>();
        return Why::wrong(
            format!("`{shown}` contains several origins in one string"),
            format!("write \"{}\"", parts.join("\", \"")),
        );
    }
    None
}

/// The difference between a URL and the origin that browsers make of it; `rest` is what follows its
/// scheme.
fn not_as_sent(text: &str, rest: &str) -> Option<Why> {
    let shown = escape(text);
    let Ok(url) = Url::parse(text) else {
        return Why::wrong(format!("`{shown}` isn't a valid origin"), EXAMPLE);
    };
    let sent = sent_origin(&url);
    let write = format!("write \"{sent}\"");
    if !url.username().is_empty() || url.password().is_some() {
        return Why::wrong(
            "an origin can't contain a user name or password".to_string(),
            write,
        );
    }
    let message = match rest.find(['/', '?', '#']) {
        Some(end) if rest[end..] == *"/" => {
            format!("`{shown}` ends with a slash, but browsers send none")
        }
        Some(_) => format!("`{shown}` has a path, but browsers send none"),
        None if sent == text => return None,
        None if sent == text.to_ascii_lowercase() => {
            format!("`{shown}`: browsers send it in lowercase")
        }
        None => format!("`{shown}` isn't in the form that browsers send"),
    };
    Why::wrong(message, write)
}

fn sent_origin(url: &Url) -> String {
    if url.origin().is_tuple() {
        url.origin().ascii_serialization()
    } else {
        // Origins of browser extensions and the like.
        format!(
            "{}://{}",
            url.scheme(),
            url.host_str().unwrap_or_default().to_ascii_lowercase()
        )
    }
}

/// A page that came unencrypted may have been changed by anybody on its way; not if it came from
/// the same machine.
fn unsafe_scheme(text: &str) -> Option<Why> {
    let host = text.strip_prefix("http://")?;
    let local = ["localhost", "127.", "[::1]"];
    let is_local = local.iter().any(|name| host.starts_with(name));
    let https = format!(
        "write \"https://{}\"",
        host.split(':').next().unwrap_or(host)
    );
    (!is_local).then(|| Why {
        message: format!(
            "`{}` is unencrypted: anyone on the network can change its pages",
            escape(text)
        ),
        instead: https,
        is_error: false,
    })
}

/// S3 takes one `*` anywhere.
fn wildcard(at: usize, text: &str, found: &mut Vec<Found>) {
    let shown = escape(text);
    let message = format!(
        "`{shown}`: {} accepts `*` alone, not as part of an origin",
        Cloud::Gcs
    );
    found.push(error(at, &message, "list each origin").on(Cloud::Gcs));
    match mistake_around_star(at, text) {
        Some(mistake) => found.push(mistake),
        None => unwise_star(at, text, found),
    }
}

/// The mistake in what is around the `*`: with a label in its place, or a port, it must still be as
/// browsers send it.
fn mistake_around_star(at: usize, text: &str) -> Option<Found> {
    let (before, after) = text.split_once('*').unwrap_or((text, ""));
    let filled = match before {
        "" if after.starts_with("://") => text.replacen('*', "https", 1),
        "" => text.replacen('*', "https://a", 1),
        _ if before.rfind(':') > before.find("://") => text.replacen('*', "8000", 1),
        _ => text.replacen('*', "a", 1),
    };
    let why = mistake(&filled)?;
    let message = why.message.replace(&*escape(&filled), &escape(text));
    let instead = if why.instead.starts_with("write \"https://a") {
        why.instead.replacen("https://a", &format!("{before}*"), 1)
    } else {
        "write a pattern such as \"https://*.example.org\"".to_string()
    };
    Some(error(at, &message, &instead))
}

/// Finds unintended origins that a pattern matches, too.
fn unwise_star(at: usize, text: &str, found: &mut Vec<Found>) {
    let shown = escape(text);
    let (before, after) = text.split_once('*').unwrap_or((text, ""));
    let is_open_start = !before.is_empty() && !after.is_empty() && !after.starts_with(['.', ':']);
    if is_open_start || after.is_empty() && !before.ends_with("://") && !before.ends_with(':') {
        let message =
            format!("`{shown}` also matches hosts of strangers: anyone can register such a name");
        let instead = "put the `*` before a dot, as in \"https://*.example.org\"";
        found.push(warning(at, &message, instead));
    }
    if !text.starts_with("https:") && !text.starts_with("http://localhost") {
        let message =
            format!("`{shown}` matches unencrypted pages, which anyone on the network can change");
        found.push(warning(at, &message, "begin it with \"https://\""));
    }
    let message =
        format!("`{shown}`: S3 lets pages of every origin that matches this pattern send cookies");
    let instead = "list only origins that you trust, or write `*`, which allows no cookies";
    found.push(warning(at, &message, instead).on(Cloud::S3));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A star in an origin stands for anything on S3, and on GCS only alone.
    #[test]
    fn star_in_origin_differs_by_cloud() {
        let both = |pattern, origin| Cloud::ALL.map(|cloud| matches(pattern, origin, cloud));
        assert_eq!(both("*", "https://a.example.org"), [true, true]);
        assert_eq!(both("https://a.org", "https://a.org"), [true, true]);
        assert_eq!(both("https://a.org", "https://A.org"), [false, false]);
        assert_eq!(
            both("https://*.example.org", "https://a.b.example.org"),
            [false, true]
        );
        assert_eq!(
            both("https://*.example.org", "https://example.org"),
            [false, false]
        );
        assert_eq!(both("https://aa*aa", "https://aaa"), [false, false]);
    }
}
