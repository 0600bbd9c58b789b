//! Files whose names show that they hold secrets, and private keys found by content, whatever the
//! file's name is. Pure.

use memchr::memmem;

use crate::base::name::Secret;
use crate::base::own_key::{Found, OwnKeys};

/// Message about a file that contains the key that names are made with, as words that follow its
/// name. No rule publishes it.
pub(crate) const OWN_KEY: &str = "holds this project's own key, which is never published: move it out of the source, or exclude it by a rule with `publish = false`";

const BEGIN: &[u8] = b"-----BEGIN ";
const END_OF_HEADER: &[u8] = b"PRIVATE KEY-----";

/// `-----BEGIN ENCRYPTED PRIVATE KEY-----` and shorter: what stands between the two marks, at most.
const LABEL_BYTES_MAX: usize = 24;

/// A key has at least this much base64 behind its header; an example in a text seldom has.
const BODY_BYTES_MIN: usize = 40;

/// The longest stretch a match may span: carried from one chunk to the next.
const CARRY_BYTES: usize = 4096;

/// Looks for secrets in a file that comes in chunks.
pub(crate) struct Scanner<'a> {
    keys: &'a OwnKeys,
    carry: Vec<u8>,
    own: Option<Found>,
    found: Option<&'static str>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(secret: &'a Secret) -> Scanner<'a> {
        Scanner {
            keys: secret.own_keys(),
            carry: Vec::new(),
            own: None,
            found: None,
        }
    }

    /// Begins with another text: nothing is carried over to it.
    pub(crate) fn restart(&mut self) {
        self.carry.clear();
    }

    /// Takes the next chunk. All but the last must be longer than what is carried over.
    pub(crate) fn scan(&mut self, chunk: &[u8]) {
        if !self.carry.is_empty() {
            let seam = [&self.carry, &chunk[..chunk.len().min(CARRY_BYTES)]].concat();
            self.look_at(&seam);
        }
        self.look_at(chunk);
        self.carry.clear();
        self.carry
            .extend_from_slice(&chunk[chunk.len().saturating_sub(CARRY_BYTES)..]);
    }

    fn look_at(&mut self, content: &[u8]) {
        if self.own != Some(Found::Own) {
            self.own = self.keys.find(content).or_else(|| self.own.take());
        }
        self.found = self.found.or_else(|| find_private_key(content));
    }

    /// Says whether the key that names are made with is in the file.
    pub(crate) fn found_own_key(&self) -> bool {
        self.own == Some(Found::Own)
    }

    /// The file beside the key file whose key, which looks like a former one, is in the file.
    pub(crate) fn found_former_key(&self) -> Option<&str> {
        match &self.own {
            Some(Found::Former(name)) => Some(name),
            Some(Found::Own) | None => None,
        }
    }

    /// Whose key was found, in words that don't repeat it.
    pub(crate) fn found(&self) -> Option<&'static str> {
        self.found
    }
}

fn find_private_key(content: &[u8]) -> Option<&'static str> {
    let begins = memmem::find_iter(content, BEGIN);
    let key = begins
        .map(|start| &content[start..])
        .find(|rest| is_private_key(rest))?;
    let before = &content[..content.len() - key.len()];
    if memmem::find(before, b"\"service_account\"").is_some() {
        Some("a Google service account key")
    } else {
        Some("a private key")
    }
}

/// Says whether `text` is a PEM header with a body, and not just a mention of one. In JSON the line
/// breaks are written as `\n`.
fn is_private_key(text: &[u8]) -> bool {
    let window = &text[..text
        .len()
        .min(BEGIN.len() + LABEL_BYTES_MAX + END_OF_HEADER.len())];
    let Some(header) = memmem::find(window, END_OF_HEADER) else {
        return false;
    };
    let body = &text[header + END_OF_HEADER.len()..];
    let mut base64 = 0;
    for byte in body {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => base64 += 1,
            b'\r' | b'\n' | b' ' | b'\t' | b'\\' => {}
            _ => break,
        }
    }
    base64 >= BODY_BYTES_MIN
}

/// Folders that hold history, keys or credentials.
pub(crate) fn is_private_folder(name: &str) -> bool {
    matches!(name, ".git" | ".hg" | ".svn" | ".ssh" | ".aws" | ".gnupg")
}

/// Ends of names that hold secrets.
const ENDS: [&str; 12] = [
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".kubeconfig",
    ".htpasswd",
    ".htdigest",
    ".ovpn",
];

/// Beginnings of names that hold secrets.
const STARTS: [&str; 6] = [
    ".env",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".htpasswd",
];

/// Whole names of files that hold secrets.
const EXACT: [&str; 16] = [
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".boto",
    ".git-credentials",
    "application_default_credentials.json",
    "client_secret.json",
    "client_secrets.json",
    "credentials.json",
    "htdigest",
    "htpasswd",
    "kubeconfig",
    "pgpass.conf",
    // FileZilla's and Sublime's, which have passwords.
    "sftp-config.json",
    "sitemanager.xml",
];

/// Says whether a name is one of those that hold secrets by convention, whatever is in them.
pub(crate) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENDS.iter().any(|end| name.ends_with(end))
        || STARTS.iter().any(|start| name.starts_with(start))
        || EXACT.contains(&name.as_str())
        || (name.starts_with("client_secret_") && name.ends_with(".json"))
        || (name.starts_with("htpasswd.") && !name.ends_with(".html"))
        || is_packed_dump(&name)
}

/// A dump of a database that is compressed, by its name: `site.sql.gz`.
fn is_packed_dump(name: &str) -> bool {
    const PACKED: [&str; 7] = ["7z", "bz2", "gz", "tgz", "xz", "zip", "zst"];
    let stem = name
        .rsplit_once('.')
        .filter(|(_, end)| PACKED.contains(end));
    stem.is_some_and(|(stem, _)| {
        let stem = stem.strip_suffix(".tar").unwrap_or(stem);
        [".sql", ".pgdump", ".mysqldump", ".sqlite", ".sqlite3"]
            .iter()
            .any(|end| stem.ends_with(end))
    })
}

#[cfg(test)]
mod tests;
