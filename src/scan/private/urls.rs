//! URLs with a user and a password.

use memchr::{memchr, memmem, memrchr};

use super::{Private, is_placeholder};

/// The longest part between `://` and the path that is looked at, in bytes.
const AUTHORITY_BYTES_MAX: usize = 512;

/// The longest scheme, as in `mongodb+srv`.
const SCHEME_BYTES_MAX: usize = 24;

/// Schemes that examples in web pages and libraries have, mostly with passwords that are none.
const OF_THE_WEB: [&str; 5] = ["http", "https", "ws", "wss", "ftp"];

/// Passwords in such examples.
const EXAMPLES: [&str; 8] = [
    "123", "1234", "12345", "123456", "foo", "bar", "test", "guest",
];

pub(super) fn find(text: &[u8], found: &mut Vec<(usize, Private)>) {
    // The second is what a slash is in JSON, as PHP writes it.
    for mark in [b"://".as_slice(), b":\\/\\/"] {
        for at in memmem::find_iter(text, mark) {
            let start = at + mark.len();
            let rest = &text[start..text.len().min(start + AUTHORITY_BYTES_MAX)];
            if let Some(password) = password(scheme(&text[..at]), rest) {
                found.push((start + password, Private::PasswordUrl));
            }
        }
    }
}

/// The scheme that a text ends in.
fn scheme(text: &[u8]) -> &[u8] {
    let is_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+.-".contains(byte);
    let bytes = text
        .iter()
        .rev()
        .take(SCHEME_BYTES_MAX)
        .take_while(is_scheme);
    &text[text.len() - bytes.count()..]
}

/// Finds the start of the password in the text after `://`.
fn password(scheme: &[u8], rest: &[u8]) -> Option<usize> {
    if scheme.is_empty() {
        return None;
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"'`<>\\{}|^".contains(byte);
    let is_all = rest.len() < AUTHORITY_BYTES_MAX;
    let end = rest
        .iter()
        .position(ends)
        .or(is_all.then_some(rest.len()))?;
    let authority = &rest[..end];
    let (user_info, host) = authority.split_at(memrchr(b'@', authority)?);
    let colon = memchr(b':', user_info)?;
    let (user, password) = (&user_info[..colon], &user_info[colon + 1..]);
    let is_host = matches!(host.get(1), Some(b'[' | b'_'))
        || host.get(1).is_some_and(u8::is_ascii_alphanumeric);
    let is_secret = !is_placeholder(password)
        && password.iter().all(|byte| !b"[](),;".contains(byte))
        && (!is_of_the_web(scheme) || !is_example(user, password));
    (is_host && is_secret).then_some(colon + 1)
}

fn is_of_the_web(scheme: &[u8]) -> bool {
    OF_THE_WEB
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web.as_bytes()))
}

fn is_example(user: &[u8], password: &[u8]) -> bool {
    let is = |word: &&str| password.eq_ignore_ascii_case(word.as_bytes());
    user == password || password.len() < 3 || EXAMPLES.iter().any(is)
}
