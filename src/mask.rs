//! Passwords in URLs: nobody is to read them in a log, whoever wrote them where. Pure.

use std::borrow::Cow;

/// What people are told who put credentials into a URL.
const CREDENTIALS_HINT: &str = "credentials belong into the environment or a profile, not into a URL: AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY, or `aws configure`; for Google, GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_OAUTH_ACCESS_TOKEN";

/// A text with `…` for the credentials of every URL in it: `s3://…@bucket`. A password may have any character, so up to the
/// last `@` that can belong to the URL. Object names with an `@` stay.
pub fn masked(text: &str) -> Cow<'_, str> {
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
    match shown.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(shown + rest),
    }
}

/// The same of a value that was meant as a URL, whatever its scheme was meant to be: `KEY:SECRET@bucket`, too.
pub(crate) fn masked_value(value: &str) -> Cow<'_, str> {
    match value.rfind('@') {
        Some(at) if has_credentials(value) => {
            let start = behind_scheme(value).min(at);
            Cow::Owned(format!("{}…{}", &value[..start], &value[at..]))
        }
        _ => Cow::Borrowed(value),
    }
}

/// Where the scheme and its `://` end; 0 if that isn't what the value begins with.
fn behind_scheme(value: &str) -> usize {
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    match value.find("://") {
        Some(end) if value[..end].chars().all(is_scheme) => end + 3,
        _ => 0,
    }
}

/// The same of a message that quotes values, whatever each was meant as.
pub(crate) fn masked_quotes(message: &str) -> String {
    let shown = quoted_by('`', message, &|plain| {
        Cow::Owned(quoted_by('"', plain, &|plain| Cow::Borrowed(plain)))
    });
    masked(&shown).into_owned()
}

/// What stands between two `mark`s is masked; the rest is for `other`.
fn quoted_by<'a>(mark: char, text: &'a str, other: &dyn Fn(&'a str) -> Cow<'a, str>) -> String {
    let parts = text.split_inclusive(mark).enumerate();
    let shown = parts.map(|(place, part)| match place % 2 {
        0 => other(part),
        _ => masked_value(part),
    });
    shown.collect()
}

/// Whether a value that was meant as a URL has credentials in it.
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

/// What to tell of a value that was meant as a URL; empty if it has no credentials.
pub(crate) fn credentials_hint(value: &str) -> &'static str {
    match has_credentials(value) {
        true => CREDENTIALS_HINT,
        false => "",
    }
}

/// Where the `@` is behind the credentials of a URL, given what follows its `://`; none if it has none.
fn credentials_end(url: &str) -> Option<usize> {
    let word = url.find(char::is_whitespace).unwrap_or(url.len());
    let authority = &url[..url[..word].find(['/', '?', '#']).unwrap_or(word)];
    if !authority.contains('@') && !has_password(authority) {
        return None;
    }
    url[..word].rfind('@').or_else(|| url.rfind('@'))
}

/// Whether what stands before the first slash isn't a server and its port: a password may have slashes, too.
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

    #[test]
    fn credentials_are_masked_wherever_a_url_stands() {
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

    #[test]
    fn a_value_is_masked_whatever_its_scheme_is() {
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
