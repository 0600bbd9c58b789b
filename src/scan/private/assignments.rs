//! Connection strings: a password among what says where to connect, and as whom.
//! `Server=db;User Id=hunt;Password=kraken`, `host=db user=hunt password=kraken`,
//! `jdbc:mysql://db/hunt?user=hunt&password=kraken`.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Private, is_placeholder};

/// The words as people write them: so few, and of one case each, are found several times as fast as
/// in any case.
static PASSWORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = [
        "password", "Password", "PASSWORD", "passwd", "Passwd", "PASSWD", "pwd", "Pwd", "PWD",
    ];
    let mut builder = AhoCorasick::builder();
    let words = builder.match_kind(MatchKind::LeftmostFirst).build(words);
    words.expect("nine words")
});

const PASSWORD: [&str; 3] = ["password", "passwd", "pwd"];
const USER: [&str; 7] = [
    "user id",
    "userid",
    "user",
    "username",
    "user name",
    "uid",
    "login",
];
const HOST: [&str; 12] = [
    "addr",
    "address",
    "data source",
    "datasource",
    "dsn",
    "endpoint",
    "host",
    "hostaddr",
    "hostname",
    "network address",
    "server",
    "driver",
];
const DATABASE: [&str; 5] = ["database", "db", "dbname", "initial catalog", "catalog"];

/// Maximum length of a string on either side of its password that is read, in bytes.
const AROUND_BYTES_MAX: usize = 400;

/// Shorter ones are variables of minified scripts: `host=e;user=t;password=n`.
const PASSWORD_BYTES_MIN: usize = 4;

pub(super) fn find(text: &[u8], found: &mut Vec<(usize, Private)>) {
    // What was looked at last.
    let mut looked_at = 0..0;
    for hit in PASSWORDS.find_iter(text) {
        if looked_at.contains(&hit.start()) || !is_assigned(&text[hit.end()..]) {
            continue;
        }
        let start = text[hit.start().saturating_sub(AROUND_BYTES_MAX)..hit.start()]
            .iter()
            .rposition(ends_string)
            .map_or(hit.start().saturating_sub(AROUND_BYTES_MAX), |at| {
                hit.start().saturating_sub(AROUND_BYTES_MAX) + at + 1
            });
        let behind = &text[hit.end()..text.len().min(hit.end() + AROUND_BYTES_MAX)];
        let end = hit.end() + behind.iter().position(ends_string).unwrap_or(behind.len());
        if let Some(at) = password(&text[start..end]) {
            found.push((start + at, Private::ConnectionString));
        }
        looked_at = start..end;
    }
}

fn is_assigned(behind: &[u8]) -> bool {
    let mut behind = behind.iter().skip_while(|byte| **byte == b' ');
    behind.next() == Some(&b'=') && behind.next().is_some_and(|byte| !b"=>".contains(byte))
}

fn ends_string(byte: &u8) -> bool {
    b"\r\n\"'`<>\\(){}".contains(byte)
}

/// Finds the password in `text`, if it's a connection string.
fn password(text: &[u8]) -> Option<usize> {
    let is_jdbc = memchr::memmem::find(text, b"jdbc:").is_some();
    let separators: &[u8] = match (memchr::memchr(b';', text).is_some(), is_jdbc) {
        (_, true) => b"?&;",
        (true, false) => b";",
        (false, false) => b" \t",
    };
    let (mut secret, mut has_user, mut has_host, mut has_database) =
        (None, false, is_jdbc, is_jdbc);
    let mut at = 0;
    for field in text.split(|byte| separators.contains(byte)) {
        let start = at;
        at += field.len() + 1;
        let Some(equals) = memchr::memchr(b'=', field) else {
            continue;
        };
        let Ok(name) = std::str::from_utf8(&field[..equals]) else {
            continue;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), &field[equals + 1..]);
        let name = name.as_str();
        let skipped = value.iter().take_while(|byte| **byte == b' ').count();
        let value = value[skipped..].trim_ascii();
        has_user |= USER.contains(&name);
        has_host |= HOST.contains(&name);
        has_database |= DATABASE.contains(&name);
        if PASSWORD.contains(&name) && value.len() >= PASSWORD_BYTES_MIN && !is_placeholder(value) {
            secret = Some(start + equals + 1 + skipped);
        }
    }
    let known = [has_user, has_host, has_database]
        .into_iter()
        .filter(|known| *known);
    secret.filter(|_| known.count() >= 2)
}
