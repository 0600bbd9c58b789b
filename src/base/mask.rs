//! Masks passwords in URLs, and keys pasted into other fields, so that they don't appear in logs.
//! Pure.

mod keys;
mod lines;

use std::borrow::Cow;
use std::path::Path;

use crate::base::hint::Hint;
use crate::base::text::{escape, escape_lines};

pub(crate) use lines::{masked_line, masked_setting};

/// Hint for users who put credentials into a URL.
const CREDENTIALS_HINT: &str = "put credentials into the environment or a profile, not into a URL: AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY, or `aws configure`; for Google, GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_OAUTH_ACCESS_TOKEN";

/// Hint for users who put more than an address into a URL.
const QUERY_HINT: &str = "remove the query and the fragment (`?…`, `#…`)";

/// A text with `…` for the credentials of every URL in it, and for the values of its query:
/// `s3://…@bucket`, `https://host/a?sig=…`. A password may have any character, so up to the last
/// `@` that can belong to the URL. Object names with an `@` stay.
pub fn masked(text: &str) -> Cow<'_, str> {
    if text.contains("://") || text.contains(['?', '&', '#']) {
        Cow::Owned(without_queries(&without_credentials(text)))
    } else {
        Cow::Borrowed(text)
    }
}

fn without_credentials(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(scheme) = rest.find("://") {
        let (before, url) = rest.split_at(scheme + 3);
        shown += before;
        rest = url;
        // Messages put what they quote between such marks.
        let quoted = url.find(['\n', '`', '"']).unwrap_or(url.len());
        if let Some(at) = credentials_end(&url[..quoted]) {
            shown += "…";
            rest = &url[at..];
        }
    }
    shown + rest
}

fn without_queries(text: &str) -> String {
    let is_between =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '`' | '"' | '<' | '>');
    let words = text.split_inclusive(is_between).map(|part| {
        let word = part.trim_end_matches(is_between);
        let word = word.trim_end_matches([')', ',', '.', ':', ';', '\'']);
        without_query(word) + &part[word.len()..]
    });
    words.collect()
}

/// The same value without what its query says: all of it in a URL, and what has a name, `?sig=…`,
/// in what may be something else.
fn without_query(value: &str) -> String {
    let is_url = value.contains("://") && !value.starts_with("file:");
    let is_pairs = value.contains('&') && value.contains('=');
    let start = match value.find(['?', '#']) {
        Some(start) => start,
        None if is_pairs && !is_url => 0,
        None => return value.to_string(),
    };
    let (before, query) = value.split_at(start);
    let parameters = query.split_inclusive(['?', '&', '#', ';']).map(|part| {
        let parameter = part.trim_end_matches(['?', '&', '#', ';']);
        let behind = &part[parameter.len()..];
        match parameter.split_once('=') {
            Some((name, value)) if is_parameter(name) && !value.is_empty() => {
                format!("{name}=…{behind}")
            }
            _ if is_url && !parameter.is_empty() => format!("…{behind}"),
            _ => part.to_string(),
        }
    });
    before.to_string() + &parameters.collect::<String>()
}

/// Returns whether a query's parameter can be called so.
fn is_parameter(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '[' | ']');
    !name.is_empty() && name.chars().all(is_plain)
}

/// Masks a value that a user entered, whatever it was meant as: `KEY:SECRET@bucket` has no
/// credentials either, and texts that look like keys are hidden.
fn masked_value(value: &str) -> Cow<'_, str> {
    let shown = match value.rfind('@') {
        Some(at) if has_credentials(value) => {
            let start = behind_scheme(value).min(at);
            Cow::Owned(format!("{}…{}", &value[..start], &value[at..]))
        }
        _ => Cow::Borrowed(value),
    };
    let shown = without_query(&shown);
    match keys::hide_in_value(&shown) {
        Some(hidden) => Cow::Owned(hidden),
        None if shown == value => Cow::Borrowed(value),
        None => Cow::Owned(shown),
    }
}

/// Bounds how much of a value is shown, in characters.
const SHOWN_CHARS_MAX: usize = 500;

/// A value as it's shown, wherever it was typed: masked as above, without control characters, and
/// its beginning if it's long.
pub fn shown(value: &str) -> String {
    let masked = masked_value(value);
    match masked.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => escape(&masked[..end]) + "…",
        None => escape(&masked),
    }
}

/// Returns whether there's a key in a value, by its looks.
pub(crate) fn has_key(value: &str) -> bool {
    keys::hide_in_value(value).is_some()
}

/// Returns the position after the scheme and its `://`, or 0 if the value doesn't begin with them.
fn behind_scheme(value: &str) -> usize {
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    match value.find("://") {
        Some(end) if value[..end].chars().all(is_scheme) => end + 3,
        _ => 0,
    }
}

/// A message in which every value that it quotes is masked, whatever each was meant as, and
/// escaped.
pub(crate) fn masked_quotes(message: &str) -> String {
    let shown = quoted_by('`', message, &|plain| {
        quoted_by('"', plain, &|plain| escape_lines(plain))
    });
    keys::hide(&masked(&shown))
}

/// Masks the text between two `mark`s; `other` handles the rest.
fn quoted_by(mark: char, text: &str, other: &dyn Fn(&str) -> String) -> String {
    let parts = text.split(mark).enumerate();
    let shown = parts.map(|(place, part)| match place % 2 {
        0 => other(part),
        _ => shown(part),
    });
    shown.collect::<Vec<_>>().join(&mark.to_string())
}

/// The words of a storage, or of what failed on the way to one.
pub(crate) fn masked_answer(text: &str) -> String {
    keys::hide(&masked(text))
}

/// Masks the secrets in a hint. It contains commands, so only URLs and keys can be recognized.
pub(crate) fn masked_hint(hint: impl Into<Hint>) -> Hint {
    let masked = |text: &str| keys::hide(&masked(&escape_lines(text)));
    hint.into().map(masked)
}

/// A path as it's shown: it may have been typed.
pub(crate) fn masked_path(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

/// Checks whether a value that was meant as a URL contains credentials.
pub(crate) fn has_credentials(value: &str) -> bool {
    match behind_scheme(value) {
        // A folder may have any name.
        0 if value.starts_with("file:") => false,
        0 => value
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.contains(':')),
        start => credentials_end(&value[start..]).is_some(),
    }
}

/// Returns a hint for a value that was meant as a server or a bucket; empty if it has neither
/// credentials nor a query.
pub(crate) fn credentials_hint(value: &str) -> &'static str {
    if has_credentials(value) {
        return CREDENTIALS_HINT;
    }
    if !value.starts_with("file:") && value.contains(['?', '#']) {
        QUERY_HINT
    } else {
        ""
    }
}

/// Returns the position of the `@` after the credentials of a URL, given the text after its `://`;
/// none if the URL has no credentials.
fn credentials_end(url: &str) -> Option<usize> {
    let word = url.find(char::is_whitespace).unwrap_or(url.len());
    let authority = &url[..url[..word].find(['/', '?', '#']).unwrap_or(word)];
    if !authority.contains('@') && !has_password(authority) {
        return None;
    }
    url[..word].rfind('@').or_else(|| url.rfind('@'))
}

/// Checks whether the text before the first slash isn't a server and its port. A password may
/// contain slashes, too.
fn has_password(authority: &str) -> bool {
    let Some((host, port)) = authority.rsplit_once(':') else {
        return false;
    };
    let is_host = host.contains('.') || host == "localhost" || host.starts_with('[');
    let is_port = port.len() < 6 && port.bytes().all(|b| b.is_ascii_digit());
    let is_server = is_host && is_port || authority.ends_with(']');
    !is_server
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hint::Verb;

    /// Credentials in a URL are masked wherever it stands in a text.
    #[test]
    fn url_credentials_are_masked_anywhere() {
        for (text, shown) in [
            ("s3://KEY:SECRET@bucket/a", "s3://…@bucket/a"),
            ("s3://KEY:SE/CR+ET=@bucket/a", "s3://…@bucket/a"),
            ("s3://KEY:12/34@bucket", "s3://…@bucket"),
            ("gs://u:p@w@bucket", "gs://…@bucket"),
            ("s3://KEY:SE CRET@bucket", "s3://…@bucket"),
            ("https://token@host:9000/a", "https://…@host:9000/a"),
            ("https://:pw@host", "https://…@host"),
            (
                "`http://u:p@[::1]:9`, then `a@b`",
                "`http://…@[::1]:9`, then `a@b`",
            ),
            ("from a://b:c@d to e://f:g@h", "from a://…@d to e://…@h"),
            (
                "socks5h://u:p@proxy:1 refused",
                "socks5h://…@proxy:1 refused",
            ),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn whatever_a_message_quotes_is_masked() {
        assert_eq!(
            masked_quotes("`\"KEY:SECRET@b\"` is none, at a:1: ann@laptop said \"u:p@c\""),
            "`…@b\"` is none, at a:1: ann@laptop said \"…@c\""
        );
    }

    /// A hint is masked in its text and in its commands.
    #[test]
    fn hint_texts_and_commands_are_masked() {
        let push = Verb::Push.with("--key-file s3://u:p@c");
        let hint = masked_hint(Hint::from("leave out `s3://KEY:SECRET@b`, then ").then(push));
        assert_eq!(
            hint.to_string(),
            "leave out `s3://…@b`, then `assetsync push --key-file s3://…@c`"
        );
    }

    #[test]
    fn what_has_no_credentials_stays() {
        for text in [
            "https://cdn.example.org/static/team@2x.png",
            "https://cdn.example.org:8443/static/team@2x.png",
            "http://127.0.0.1:9000/b/a@b and http://localhost:9/a@b",
            "http://[::1]:9000/b/a@b",
            "http://[::1]/b/a@b",
            "s3://bucket/a@b",
            "s3://tenant:bucket/a",
            "set by ann@laptop, see https://example.org",
            "://",
            "",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    /// A value is masked whatever its scheme is, or without one.
    #[test]
    fn values_are_masked_with_any_scheme() {
        for (value, shown) in [
            ("KEY:SECRET@bucket", "…@bucket"),
            ("s3:/KEY:SECRET@bucket", "…@bucket"),
            ("KEY:SECRET@https://host", "…@https://host"),
            ("s3://KEY:SE\"CR`ET@bucket", "s3://…@bucket"),
            ("https://u:p@w@host/", "https://…@host/"),
        ] {
            assert_eq!(masked_value(value), shown);
        }
        for value in ["file:out/a:b@c", "ann@laptop", "s3://bucket", "prod"] {
            assert_eq!(masked_value(value), value);
        }
    }
}
