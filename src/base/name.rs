//! Object names, format v1: from a [`Secret`], which has at least 32 bytes, and everything a
//! browser sees to a [`Token`], and from there to an [`ObjectKey`]. Pure.
//!
//! ```text
//! K      = blake3::derive_key("assetsync 2026-11-20 object name v1", secret)
//! msg    = LP("v1") LP(logical path) LP(blake3(content)) LP(content-type) LP(encoding policy)
//!          LP(cache-control) LP(u64le(n)), then LP(name) LP(value) of each of n further headers, sorted
//! token  = base32, lower case, of the first 16 bytes of keyed_hash(K, msg): 26 characters
//! LP(x)  = u64le(length of x), then x
//! ```
//!
//! The content is hashed before gzip, so a new compressor renames nothing. The format is frozen:
//! `tests/data/names/v1.json` holds vectors made by an independent program.

mod folder;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};

use data_encoding::{Encoding, HEXLOWER, Specification};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::folder::{Member, folder_token, member_key, split_member};
use crate::base::coding::Coding;
use crate::base::error::{Error, Result};
use crate::base::key_file;
use crate::base::own_key::{Former, OwnKeys};
use crate::base::path::{BadName, LogicalPath, ObjectKey};

const NAME_CONTEXT: &str = "assetsync 2026-11-20 object name v1";
const STATE_FOLDER_CONTEXT: &str = "assetsync 2026-11-21 state folder v1";
const KEY_ID_CONTEXT: &str = "assetsync 2026-11-20 key id v1";

/// `Cache-Control` for names that commit to their content. They can be cached forever, as far as
/// HTTP can express that
pub const CACHE_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `Cache-Control` for names whose content may change: a minute, so that a fix reaches all visitors
/// soon.
pub const CACHE_SHORTLY: &str = "public, max-age=60";

/// The header that keeps search engines from a page. Folders have it in `_headers`; buckets can't
/// send it.
pub const ROBOTS: &str = "x-robots-tag";

/// The header that says how a file was compressed before it was published.
pub const CONTENT_ENCODING: &str = "content-encoding";

/// The shortest secret that is accepted, in bytes: 256 bits, what the hash can use.
pub const SECRET_BYTES_MIN: usize = 32;

/// The team's secret, from which every name is derived. Never printed: `Debug` shows its public id.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    name_key: [u8; 32],
    folder_key: [u8; 32],
    /// Keys beside its file that look like former ones.
    former: Arc<[Former]>,
    /// All of them, as they are looked for.
    search: Arc<OnceLock<OwnKeys>>,
}

impl Secret {
    /// Takes the secret's bytes as they are.
    ///
    /// # Errors
    /// Fewer than [`SECRET_BYTES_MIN`] bytes.
    pub fn new(bytes: &[u8]) -> Result<Secret> {
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(Error::key(
                format!(
                    "The key has {} bytes but needs at least {SECRET_BYTES_MIN}",
                    bytes.len()
                ),
                "create one with `assetsync key new FILE`",
            ));
        }
        Ok(Secret {
            bytes: bytes.to_vec(),
            name_key: blake3::derive_key(NAME_CONTEXT, bytes),
            folder_key: blake3::derive_key(folder::CONTEXT, bytes),
            former: Arc::new([]),
            search: Arc::default(),
        })
    }

    /// The same key, with those that were in use before it.
    pub(crate) fn after(self, former: Vec<Former>) -> Secret {
        Secret {
            former: former.into(),
            search: Arc::default(),
            ..self
        }
    }

    /// The keys that seem to have been in use before this one.
    pub(crate) fn former(&self) -> &[Former] {
        &self.former
    }

    /// This key and the former ones, to be looked for in files.
    pub(crate) fn own_keys(&self) -> &OwnKeys {
        self.search
            .get_or_init(|| OwnKeys::new(&self.bytes, &self.former))
    }

    /// Reads a key file; one line end at its end isn't part of the secret.
    ///
    /// # Errors
    /// No such file, too short, larger than 4 KiB, readable by other users of the machine, or text
    /// with what pasting and converting leave behind: white space around it, a byte order mark,
    /// NULs.
    pub fn from_file(file: &Path) -> Result<Secret> {
        key_file::read(file, None)
    }

    /// Makes a new random key, 64 hex digits.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(crate) fn random() -> Result<Secret> {
        let mut random = [0u8; SECRET_BYTES_MIN];
        getrandom::fill(&mut random)
            .map_err(|e| Error::key(format!("Cannot get random bytes: {e}"), ""))?;
        Secret::new(HEXLOWER.encode(&random).as_bytes())
    }

    /// Writes a new random key (64 hex digits) to `file`, readable by its owner alone.
    ///
    /// # Errors
    /// The file exists already (it's never overwritten), or can't be written.
    pub fn create_file(file: &Path) -> Result<Secret> {
        let secret = Secret::random()?;
        secret.write(file)?;
        Ok(secret)
    }

    /// Writes this key to `file`, readable by its owner alone.
    ///
    /// # Errors
    /// The file exists already (it's never overwritten), or can't be written.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(file)
            .and_then(|mut f| {
                f.write_all(&self.bytes)?;
                f.write_all(b"\n")?;
                f.sync_all()
            })
            .map_err(|e| Error::new_key_file(file, &e))
    }

    /// The public id of this secret: tells two secrets apart and reveals neither.
    pub fn id(&self) -> KeyId {
        let hash = blake3::derive_key(KEY_ID_CONTEXT, &self.bytes);
        let mut id = [0; 8];
        id.copy_from_slice(&hash[..8]);
        KeyId(id)
    }

    /// Returns the folder of a target that holds the team's releases. Without the key, it can't be
    /// guessed.
    pub(crate) fn state_folder(&self) -> String {
        let hash = blake3::derive_key(STATE_FOLDER_CONTEXT, &self.bytes);
        let mut folder = [0; 16];
        folder.copy_from_slice(&hash[..16]);
        Token(folder).to_string()
    }

    /// The secret's bytes, to look for them in what is about to be published.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(id {})", self.id())
    }
}

/// The public id of a secret: 8 bytes, printed as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// Hash that a name contains: 128 bits, printed as 26 characters of lower-case base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Token([u8; 16]);

/// RFC 4648's base32 in lower case.
static BASE32_LOWER: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().expect("32 different symbols")
});

/// A token in base32.
const TOKEN_CHARACTERS: usize = 26;

impl Token {
    /// Stands for a token that isn't known yet.
    pub(crate) const ZERO: Token = Token([0; 16]);

    /// Reads the 26 characters that `Display` prints; nothing else is a token.
    pub fn parse(text: &str) -> Option<Token> {
        Token::of_bytes(text.as_bytes())
    }

    fn first_of(hash: &blake3::Hash) -> Token {
        let mut token = [0; 16];
        token.copy_from_slice(&hash.as_bytes()[..16]);
        Token(token)
    }

    pub(crate) fn of_bytes(text: &[u8]) -> Option<Token> {
        let mut bytes = [0; 16];
        if text.len() != TOKEN_CHARACTERS {
            return None;
        }
        BASE32_LOWER.decode_mut(text, &mut bytes).ok()?;
        Some(Token(bytes))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_LOWER.encode(&self.0))
    }
}

/// Permission to store an object compressed. It's part of the name. The outcome isn't: some files
/// don't get smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncodingPolicy {
    /// Stored gzipped where that saves enough.
    Gzip,
    /// Stored as it is.
    Identity,
}

impl EncodingPolicy {
    /// The word in the name format.
    pub fn as_str(self) -> &'static str {
        match self {
            EncodingPolicy::Gzip => "gzip",
            EncodingPolicy::Identity => "identity",
        }
    }
}

/// The headers an object is served with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Headers {
    /// `Content-Type`, with a charset for text.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: String,
    /// Permission to use `Content-Encoding: gzip`.
    pub encoding: EncodingPolicy,
    /// Any others, by lower-case name.
    pub further: BTreeMap<String, String>,
}

impl Headers {
    /// Returns how the file was compressed before it was published.
    pub fn coding(&self) -> Option<Coding> {
        Coding::named(self.further.get(CONTENT_ENCODING)?)
    }
}

/// The token of `content` (given by its blake3 hash) at `path`, served with `headers`.
pub fn token(
    secret: &Secret,
    path: &LogicalPath,
    content: &blake3::Hash,
    headers: &Headers,
) -> Token {
    let mut hasher = blake3::Hasher::new_keyed(&secret.name_key);
    length_prefixed(&mut hasher, b"v1");
    commit(&mut hasher, path.as_str(), content, headers);
    Token::first_of(&hasher.finalize())
}

/// The digest that files are named after which refer to each other in a circle: none of their names
/// can be known before the others, so each name commits to what all of them hold and are served
/// with. A reference among them is written as it will be, but with `a` for each character of the
/// token, and followed by NUL and the logical path.
///
/// ```text
/// digest = blake3(LP("component v1"), then of each, sorted by path: LP(logical path) LP(blake3(content))
///          LP(content-type) LP(encoding policy) LP(cache-control) LP(u64le(n)) and further headers as above)
/// ```
pub struct Component(blake3::Hasher);

impl Component {
    /// No file yet.
    #[allow(
        clippy::new_without_default,
        reason = "an empty one is only a beginning"
    )]
    pub fn new() -> Component {
        let mut hasher = blake3::Hasher::new();
        length_prefixed(&mut hasher, b"component v1");
        Component(hasher)
    }

    /// The next file, in the order of paths.
    pub fn add(&mut self, path: &LogicalPath, content: &blake3::Hash, headers: &Headers) {
        commit(&mut self.0, path.as_str(), content, headers);
    }

    /// Returns the hash that stands for the content of each file in its [`token`].
    pub fn digest(&self) -> blake3::Hash {
        self.0.finalize()
    }
}

/// Hashes everything that a name commits to.
fn commit(hasher: &mut blake3::Hasher, path: &str, content: &blake3::Hash, headers: &Headers) {
    let mut field = |bytes: &[u8]| length_prefixed(hasher, bytes);
    field(path.as_bytes());
    field(content.as_bytes());
    field(headers.content_type.as_bytes());
    field(headers.encoding.as_str().as_bytes());
    field(headers.cache_control.as_bytes());
    field(&(headers.further.len() as u64).to_le_bytes());
    for (name, value) in &headers.further {
        field(name.as_bytes());
        field(value.as_bytes());
    }
}

fn length_prefixed(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// Way in which an object is named, as a rule sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum NameStyle {
    /// `{token}.{ext}`: says nothing about the file but its type.
    #[default]
    Opaque,
    /// `{dir}/{stem}.{token}.{ext}`: unguessable, and readable for those who know it.
    Readable,
    /// The logical path. Mutable, so cached only for a short time.
    Plain,
    /// `{16 hex of sha256(secret + type + url + variant)}/{rest}`, as some hunts of 2022 have it.
    /// Mutable too: the name doesn't depend on the content.
    #[serde(rename = "palindrome-2022")]
    Palindrome2022,
    /// The logical path with a hash of the content in it, as bundlers name files. Its content never
    /// changes, so it's cached forever. Anyone who reads the scripts that name it can load it.
    Fingerprinted,
    /// `{token}/{path in the folder}`: a file of a keyed folder (`[[folder]]`), which keeps its
    /// place among the others. Files in such a folder have it without a rule.
    Folder,
}

impl NameStyle {
    /// The word in configurations and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            NameStyle::Opaque => "opaque",
            NameStyle::Readable => "readable",
            NameStyle::Plain => "plain",
            NameStyle::Palindrome2022 => "palindrome-2022",
            NameStyle::Fingerprinted => "fingerprinted",
            NameStyle::Folder => "folder",
        }
    }

    /// Checks whether the name stays the same when the content changes.
    pub fn is_mutable(self) -> bool {
        matches!(self, NameStyle::Plain | NameStyle::Palindrome2022)
    }

    /// Checks whether a token is in the name. Such a name can't be guessed, and commits to the
    /// content.
    pub fn is_keyed(self) -> bool {
        matches!(
            self,
            NameStyle::Opaque | NameStyle::Readable | NameStyle::Folder
        )
    }
}

/// Why a path has no name in the style its rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStyle {
    /// The name that would come out isn't a valid key.
    #[error("invalid object key: {0}")]
    Key(#[from] BadName),
    /// `palindrome-2022` knows `puzzle/…`, `round/…` and `auxiliary/…` only.
    #[error(
        "`names = \"palindrome-2022\"` requires a path that begins with `puzzle/NAME/`, `round/NAME/` or `auxiliary/NAME/`: move the file, or set another style in a later rule"
    )]
    Palindrome,
}

/// The key of the object with this `path` and `token` in the given style. It ends in `extension`
/// where the style makes a new name; an extension that isn't on the allow-list is best not shown.
///
/// # Errors
/// The path doesn't fit the style, or the key would be too long.
pub fn object_key(
    style: NameStyle,
    secret: &Secret,
    path: &LogicalPath,
    extension: Option<&str>,
    token: Token,
) -> Result<ObjectKey, BadStyle> {
    let dot_extension = extension.map(|e| format!(".{e}")).unwrap_or_default();
    let key = match style {
        // Of a folder, only the whole knows the places in it.
        NameStyle::Opaque | NameStyle::Folder => format!("{token}{dot_extension}"),
        NameStyle::Readable => format!("{}{}.{token}{dot_extension}", path.folder(), path.stem()),
        NameStyle::Plain | NameStyle::Fingerprinted => path.as_str().to_string(),
        NameStyle::Palindrome2022 => palindrome_2022(secret, path)?,
    };
    Ok(ObjectKey::parse(&key)?)
}

fn palindrome_2022(secret: &Secret, path: &LogicalPath) -> Result<String, BadStyle> {
    let mut parts = path.as_str().splitn(3, '/');
    let (Some(kind), Some(url), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(BadStyle::Palindrome);
    };
    if !matches!(kind, "puzzle" | "round" | "auxiliary") {
        return Err(BadStyle::Palindrome);
    }
    let (variant, rest) = match (rest.split_once('/'), kind) {
        (Some(("solution", rest)), _) => ("solution", rest),
        // Rounds and auxiliary pages have no such variant: there, it's a folder like any other.
        (Some(("posthunt", rest)), "puzzle") => ("posthunt", rest),
        _ => (kind, rest),
    };
    Ok(format!(
        "{}/{rest}",
        palindrome_2022_folder(secret, kind, url, variant)
    ))
}

/// The folder of a puzzle's files in the `palindrome-2022` style: the last 16 hex digits of
/// `sha256(secret + kind + url + variant)`.
pub fn palindrome_2022_folder(secret: &Secret, kind: &str, url: &str, variant: &str) -> String {
    palindrome_digest(secret.bytes(), kind, url, variant)
}

fn palindrome_digest(secret: &[u8], kind: &str, url: &str, variant: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [secret, kind.as_bytes(), url.as_bytes(), variant.as_bytes()] {
        hasher.update(part);
    }
    HEXLOWER.encode(&hasher.finalize())[48..].to_string()
}

#[cfg(test)]
mod tests;
