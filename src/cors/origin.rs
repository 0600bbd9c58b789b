//! Origins: what a browser sends, and what a policy makes of it.

use url::Url;

use super::Cloud;
use super::json::At;
use super::lint::{Found, error, warning};
use crate::error::escape;

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

/// Whether an origin matches a pattern: on Google's storage the same text, on S3 with one `*` for anything. `*` alone
/// matches all on both.
pub(super) fn matches(pattern: &str, origin: &str, cloud: Cloud) -> bool {
    match (pattern, cloud) {
        ("*", _) => true,
        (_, Cloud::Gcs) => pattern == origin,
        (_, Cloud::S3) => matches_wildcard(pattern, origin),
    }
}

/// Whether text matches a pattern with at most one `*`.
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

/// Whether everything that `origin`, itself perhaps a pattern, matches is matched by one of `patterns`.
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
            "`null` is what any sandboxed page sends, whoever made it",
            "write `*` if everybody is meant",
        )),
        _ => match text.matches('*').count() {
            0 => found.extend(
                mistake(text)
                    .or_else(|| unsafe_scheme(text))
                    .map(|why| why.at(at)),
            ),
            1 => wildcard(at, text, found),
            _ => {
                let message = format!("`{}` has more than one `*`", escape(text));
                found.push(error(
                    at,
                    &message,
                    "one at most, on S3; Google takes it alone only",
                ));
            }
        },
    }
}

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
        match self.is_error {
            true => error(at, &self.message, &self.instead),
            false => warning(at, &self.message, &self.instead),
        }
    }
}

/// Why no browser ever sends this as its origin.
fn mistake(text: &str) -> Option<Why> {
    let shown = escape(text);
    if text.is_empty() {
        return Why::wrong(
            "an empty origin".to_string(),
            "write it as in \"https://hunt.example.org\"",
        );
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let clean: String = text.split_whitespace().collect::<Vec<_>>().join("\", \"");
        return Why::wrong(
            format!("`{shown}` has a space in it"),
            format!("write \"{clean}\""),
        );
    }
    if text.contains(',') {
        let parts = text
            .split(',')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>();
        return Why::wrong(
            format!("`{shown}` is several origins in one string"),
            format!("write \"{}\"", parts.join("\", \"")),
        );
    }
    if text.eq_ignore_ascii_case("null") {
        return Why::wrong(
            format!("`{shown}`: browsers send it in lower case"),
            "write \"null\"",
        );
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let host = text.trim_start_matches('/').trim_end_matches('/');
        return Why::wrong(
            format!("`{shown}` has no scheme, so it's no origin"),
            format!("write \"https://{host}\""),
        );
    };
    if PAGELESS.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Why::wrong(
            format!("no page has an origin that begins with `{scheme}://`"),
            "write the page's, which begins with `https://`",
        );
    }
    let Ok(url) = Url::parse(text) else {
        return Why::wrong(
            format!("`{shown}` is no origin"),
            "write it as in \"https://hunt.example.org\"",
        );
    };
    let sent = match url.origin().is_tuple() {
        true => url.origin().ascii_serialization(),
        // Of a browser's extensions and the like.
        false => format!(
            "{}://{}",
            url.scheme(),
            url.host_str().unwrap_or_default().to_ascii_lowercase()
        ),
    };
    let write = format!("write \"{sent}\"");
    if !url.username().is_empty() || url.password().is_some() {
        return Why::wrong("an origin has no user and no password".to_string(), write);
    }
    match rest.find(['/', '?', '#']) {
        Some(end) if rest[end..] == *"/" => Why::wrong(
            format!("`{shown}` has a slash at its end, and browsers send none"),
            write,
        ),
        Some(_) => Why::wrong(
            format!("`{shown}` has a path, and browsers send none"),
            write,
        ),
        None if sent != text && sent == text.to_ascii_lowercase() => {
            Why::wrong(format!("`{shown}`: browsers send it in lower case"), write)
        }
        None if sent != text => Why::wrong(format!("`{shown}` isn't how browsers send it"), write),
        None => None,
    }
}

/// A page that came unencrypted may have been changed by anybody on its way; not if it came from the same machine.
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
            "`{}` is unencrypted: anybody on the way can change such a page",
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
        "`{shown}`: {} takes `*` alone, else whole origins",
        Cloud::Gcs
    );
    found.push(error(at, &message, "list each origin").on(Cloud::Gcs));
    let (before, after) = text.split_once('*').unwrap_or((text, ""));
    // With a label in its place, or a port, the rest must still be as browsers send it.
    let filled = match before {
        "" if after.starts_with("://") => text.replacen('*', "https", 1),
        "" => text.replacen('*', "https://a", 1),
        _ if before.rfind(':') > before.find("://") => text.replacen('*', "8000", 1),
        _ => text.replacen('*', "a", 1),
    };
    if let Some(why) = mistake(&filled) {
        let message = why.message.replace(&*escape(&filled), &shown);
        let instead = match why.instead.starts_with("write \"https://a") {
            true => why.instead.replacen("https://a", &format!("{before}*"), 1),
            false => "write it as in \"https://*.example.org\"".to_string(),
        };
        found.push(error(at, &message, &instead));
        return;
    }
    let is_open_start = !before.is_empty() && !after.is_empty() && !after.starts_with(['.', ':']);
    if is_open_start || after.is_empty() && !before.ends_with("://") && !before.ends_with(':') {
        let message =
            format!("`{shown}` also lets in hosts of strangers: anybody can have such a name");
        found.push(warning(
            at,
            &message,
            "put the `*` before a dot, as in \"https://*.example.org\"",
        ));
    }
    if !text.starts_with("https:") && !text.starts_with("http://localhost") {
        let message =
            format!("`{shown}` lets in unencrypted pages, which anybody on the way can change");
        found.push(warning(at, &message, "begin it with \"https://\""));
    }
    let message = format!(
        "`{shown}`: S3 lets pages of such origins send cookies, as it does for all but `*`"
    );
    found.push(warning(at, &message, "list the origins, or write `*`").on(Cloud::S3));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_on_s3_and_only_alone_on_gcs() {
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
