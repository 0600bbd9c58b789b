//! Private documents and credentials that are recognized by their structure. A pattern alone would
//! find too much or too little. Examples are URLs with passwords, recorded sessions, databases,
//! server code. Reports the kind and the place, never the secret. Linear, and no input makes it
//! panic. Pure.

mod assignments;
mod database;
mod json;
mod kubeconfig;
mod magic;
mod php;
mod settings;
mod tokens;
mod urls;

use std::collections::HashSet;

use crate::base::credentials::placed;
use crate::base::media;

/// Kind of private data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Private {
    /// `postgres://hunt:kraken@db.example.org/hunt`
    PasswordUrl,
    /// `Server=db;User Id=hunt;Password=kraken`
    ConnectionString,
    /// A Discord bot's token.
    BotToken,
    /// A JSON Web Key with its private part.
    Jwk,
    /// Secret of an OAuth client, or a token that it got for a user.
    OAuth,
    /// A recorded session (HAR) with cookies or an authorization.
    Session,
    /// Login for a Kubernetes cluster.
    Kubeconfig,
    /// Code that a server was to run.
    Php,
    /// A database as SQL.
    SqlDump,
    /// A database as a file.
    Sqlite,
    /// A password among settings.
    Password,
    /// A private key as bytes (DER).
    Key,
    /// Keys in a file that a password opens.
    KeyStore,
    /// Passwords in a file that a password opens.
    PasswordStore,
    /// File that Ansible encrypted.
    Vault,
    /// Memory of a server (Redis), or of a program when it ended.
    Memory,
    /// Recorded network traffic.
    Traffic,
    /// Mail.
    Mailbox,
    /// The history of a repository.
    Repository,
}

/// Place of private data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finding {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub what: Private,
}

/// Type of a text, as far as it decides which private data the text may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A page, an image or a feed.
    Markup,
    Script,
    Style,
    Json,
    /// Plain text, tables, and unknown types.
    Other,
}

impl Private {
    /// Describes the problem with the file, as words that follow its name.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Private::PasswordUrl => "holds a URL with a password",
            Private::ConnectionString => "holds a connection string with a password",
            Private::BotToken => "holds what looks like a Discord bot token",
            Private::Jwk => "holds a JSON Web Key with its private part",
            Private::OAuth => "holds an OAuth client secret or token",
            Private::Session => {
                "is a recorded session (HAR) with cookies or an Authorization header"
            }
            Private::Kubeconfig => "is a kubeconfig with cluster credentials",
            Private::Php => "holds PHP code, which visitors could read",
            Private::SqlDump => "is a database dump (SQL)",
            Private::Sqlite => "is a database (SQLite)",
            Private::Password => "holds what looks like a password",
            Private::Key => "is a private key (DER)",
            Private::KeyStore => "is a key store (PKCS#12, JKS)",
            Private::PasswordStore => "is a password database (KeePass)",
            Private::Vault => "holds Ansible Vault data, whose password can be brute-forced",
            Private::Memory => "is a memory dump",
            Private::Traffic => "is recorded network traffic (pcap)",
            Private::Mailbox => "is a mailbox",
            Private::Repository => "is a repository's history (git bundle)",
        }
    }

    /// Checks whether a rule that publishes files of its extension means it: no other files have
    /// that extension.
    pub(crate) fn has_own_extension(self) -> bool {
        matches!(
            self,
            Private::Sqlite
                | Private::SqlDump
                | Private::Memory
                | Private::Traffic
                | Private::Mailbox
                | Private::Repository
        )
    }
}

/// Finds private data in a text of this path and type. The same kind is reported once for each
/// line; sorted by line.
pub(crate) fn find(text: &[u8], path: &str, content_type: &str) -> Vec<Finding> {
    let form = Form::of(content_type);
    let mut found: Vec<(usize, Private)> = Vec::new();
    urls::find(text, &mut found);
    assignments::find(text, &mut found);
    tokens::find(text, &mut found);
    php::find(text, form, &mut found);
    json::find(text, form, &mut found);
    settings::find(text, path, form, &mut found);
    if form == Form::Other {
        let vaults = memchr::memmem::find_iter(text, b"$ANSIBLE_VAULT;1.");
        found.extend(vaults.map(|at| (at, Private::Vault)));
        kubeconfig::find(text, &mut found);
        database::find_dump(text, &mut found);
    }
    let finding = |(line, column, what)| Finding { line, column, what };
    let mut findings: Vec<Finding> = placed(text, found).into_iter().map(finding).collect();
    // A password that is recognized by more than its name is reported by that finding.
    let is_vague = |finding: &Finding| finding.what == Private::Password;
    let known = findings.iter().filter(|finding| !is_vague(finding));
    let known: HashSet<usize> = known.map(|finding| finding.line).collect();
    findings.retain(|finding| !is_vague(finding) || !known.contains(&finding.line));
    findings
}

/// Recognizes a file by its first bytes, whatever its name is.
pub(crate) fn of_start(start: &[u8]) -> Option<Private> {
    database::of_start(start).or_else(|| magic::of_start(start))
}

/// The texts in a file that is none, a line for each: what is printable for longer than by chance.
pub(crate) fn texts_in(content: &[u8]) -> Vec<u8> {
    let mut texts = Vec::new();
    let mut at = 0;
    while at + TEXT_BYTES_MIN <= content.len() {
        let window = &content[at..at + TEXT_BYTES_MIN];
        if let Some(odd) = window.iter().rposition(|byte| !is_printable(byte)) {
            at += odd + 1;
            continue;
        }
        let end = content[at..].iter().position(|byte| !is_printable(byte));
        let end = end.map_or(content.len(), |len| at + len);
        texts.extend_from_slice(&content[at..end]);
        texts.push(b'\n');
        at = end;
    }
    texts
}

/// No token is shorter.
const TEXT_BYTES_MIN: usize = 20;

fn is_printable(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t')
}

/// The text of a document without its tags, which may stand in the middle of a word: what Word and
/// its like write. Paragraphs are lines.
pub(crate) fn without_tags(xml: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(xml.len() / 4);
    let mut rest = xml;
    while let Some(open) = memchr::memchr(b'<', rest) {
        text.extend_from_slice(&rest[..open]);
        let end = memchr::memchr(b'>', &rest[open..]).map_or(rest.len(), |len| open + len + 1);
        let tag = &rest[open..end];
        let is_end_of_line = tag.starts_with(b"</")
            && [&b":p>"[..], b":h>", b"</si>", b":br>", b"</p>"]
                .iter()
                .any(|name| tag.ends_with(name));
        if is_end_of_line {
            text.push(b'\n');
        }
        rest = &rest[end..];
    }
    text.extend_from_slice(rest);
    text
}

/// Says whether a file that begins like this may be text, whatever its type says.
pub(crate) fn may_be_text(start: &[u8]) -> bool {
    const LOOKED_AT_BYTES: usize = 4096;
    let start = &start[..start.len().min(LOOKED_AT_BYTES)];
    let is_utf8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() + 4 > start.len(),
    };
    let is_utf16 = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    !start.is_empty()
        && !start.starts_with(b"%PDF")
        && (is_utf16 || (is_utf8 && memchr::memchr(0, start).is_none()))
}

/// A text in UTF-16 with a byte order mark, as UTF-8.
pub(crate) fn from_utf16(text: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match text.get(..2)? {
        b"\xff\xfe" => u16::from_le_bytes,
        b"\xfe\xff" => u16::from_be_bytes,
        _ => return None,
    };
    let units = text[2..]
        .chunks_exact(2)
        .map(|pair| unit([pair[0], pair[1]]));
    let chars = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    Some(chars.collect())
}

impl Form {
    fn of(content_type: &str) -> Form {
        let essence = media::essence(content_type);
        match essence.as_str() {
            "text/html" | "text/xml" | "application/xml" => Form::Markup,
            "text/css" => Form::Style,
            "text/javascript" | "application/javascript" => Form::Script,
            "application/json" => Form::Json,
            essence if essence.ends_with("+xml") => Form::Markup,
            essence if essence.ends_with("+json") => Form::Json,
            _ => Form::Other,
        }
    }
}

/// Words that stand for a secret.
const STAND_INS: [&str; 16] = [
    "",
    "apikey",
    "key",
    "pass",
    "password",
    "passwd",
    "passphrase",
    "pw",
    "pwd",
    "redacted",
    "secret",
    "token",
    "user",
    "username",
    "mypassword",
    "changeme",
];

/// Parts of such words.
const STAND_IN_PARTS: [&str; 8] = [
    "${",
    "{{",
    "%s",
    "...",
    "<",
    "your",
    "placeholder",
    "redacted",
];

/// Says whether a word stands for a secret, and isn't one.
fn is_placeholder(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else {
        return false;
    };
    let word = word.to_ascii_lowercase();
    let mut letters = word.bytes();
    let first = letters.next();
    STAND_INS.contains(&word.as_str())
        || STAND_IN_PARTS.iter().any(|part| word.contains(part))
        || word.starts_with(['$', '%', ':'])
        // `xxxx`, `****`
        || letters.all(|letter| Some(letter) == first)
}

#[cfg(test)]
mod tests;
