//! Object names, format v1: from a [`Secret`] and everything a browser sees to a [`Token`], and from
//! there to an [`ObjectKey`]. Pure.
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
use crate::error::{Error, Result};
use crate::key_file;
use crate::own_key::{Former, OwnKeys};
use crate::path::{BadName, LogicalPath, ObjectKey};

const NAME_CONTEXT: &str = "assetsync 2026-11-20 object name v1";
const STATE_FOLDER_CONTEXT: &str = "assetsync 2026-11-21 state folder v1";
const KEY_ID_CONTEXT: &str = "assetsync 2026-11-20 key id v1";

/// The header that keeps search engines from a page. Folders have it in `_headers`; buckets can't send it.
pub const ROBOTS: &str = "x-robots-tag";

/// The shortest secret that is accepted, in bytes: 256 bits, what the hash can use.
pub const SECRET_BYTES_MIN: usize = 32;

/// The team's secret, from which every name is derived. Never printed: `Debug` shows its public id.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    name_key: [u8; 32],
    folder_key: [u8; 32],
    /// What lies beside its file and looks like a key that was in use before it.
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
                    "The key has {} bytes, and at least {SECRET_BYTES_MIN} are needed",
                    bytes.len()
                ),
                "make one with `assetsync key new FILE`",
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
    /// No such file, too short, larger than 4 KiB, readable by other users of the machine, or text with what pasting
    /// and converting leave behind: white space around it, a byte order mark, NULs.
    pub fn from_file(file: &Path) -> Result<Secret> {
        key_file::read(file, None)
    }

    /// Writes a new random key (64 hex digits) to `file`, readable by its owner alone.
    ///
    /// # Errors
    /// The file exists already (it's never overwritten), or can't be written.
    pub fn create_file(file: &Path) -> Result<Secret> {
        let mut random = [0u8; SECRET_BYTES_MIN];
        getrandom::fill(&mut random)
            .map_err(|e| Error::key(format!("No random bytes to be had: {e}"), ""))?;
        let text = HEXLOWER.encode(&random);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(file)
            .and_then(|mut f| writeln!(f, "{text}").and_then(|()| f.sync_all()))
            .map_err(|e| Error::new_key_file(file, &e))?;
        Secret::new(text.as_bytes())
    }

    /// The public id of this secret: tells two secrets apart and reveals neither.
    pub fn id(&self) -> KeyId {
        let hash = blake3::derive_key(KEY_ID_CONTEXT, &self.bytes);
        let mut id = [0; 8];
        id.copy_from_slice(&hash[..8]);
        KeyId(id)
    }

    /// The folder of a target that has the team's releases: nobody else can guess it.
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

/// What a name commits to: 128 bits, printed as 26 characters of lower-case base32.
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

/// Whether an object may be stored compressed. Part of the name, while the outcome (some files don't
/// get smaller) isn't.
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Headers {
    /// `Content-Type`, with a charset for text.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: String,
    /// Whether `Content-Encoding: gzip` is possible.
    pub encoding: EncodingPolicy,
    /// Any others, by lower-case name.
    pub further: BTreeMap<String, String>,
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

/// The digest that files are named after which refer to each other in a circle: none of their names can be
/// known before the others, so each name commits to what all of them hold and are served with. A reference among them
/// is written as it will be, but with `a` for each character of the token, and followed by NUL and the logical path.
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

    /// What stands for the content of each file in its [`token`].
    pub fn digest(&self) -> blake3::Hash {
        self.0.finalize()
    }
}

/// What a name commits to.
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

/// How an object is called, by rule.
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
    /// The logical path, which has a hash of the content in it, as bundlers name files: what is there never changes, so it's cached for
    /// ever. Anybody who reads the scripts that name it can have it.
    Fingerprinted,
    /// `{token}/{path in the folder}`: a file of a keyed folder (`[[folder]]`), which keeps its place among the others. Files in such
    /// a folder have it without a rule.
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

    /// Whether the name stays when the content changes.
    pub fn is_mutable(self) -> bool {
        matches!(self, NameStyle::Plain | NameStyle::Palindrome2022)
    }

    /// Says whether a token is in the name, so that nobody guesses it, and it says what is there.
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
    #[error("as an object key: {0}")]
    Key(#[from] BadName),
    /// `palindrome-2022` knows `puzzle/…`, `round/…` and `auxiliary/…` only.
    #[error(
        "palindrome-2022 names need the path `TYPE/URL/[solution/]REST`, where TYPE is puzzle, round or auxiliary, or `puzzle/URL/posthunt/REST`"
    )]
    Palindrome,
}

/// The key of the object with this `path` and `token` in the given style. It ends in `extension` where
/// the style makes a new name; an extension that isn't on the allow-list is best not shown.
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
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../tests/data/names/v1.json"))
            .expect("the fixture is JSON")
    }

    fn text<'a>(value: &'a Value, field: &str) -> &'a str {
        value[field].as_str().expect("a string")
    }

    fn hex(value: &Value, field: &str) -> Vec<u8> {
        HEXLOWER.decode(text(value, field).as_bytes()).expect("hex")
    }

    #[test]
    fn every_vector_of_the_independent_program_holds() {
        let vectors = vectors();
        let secret = Secret::new(&hex(&vectors, "secret_hex")).expect("long enough");
        assert_eq!(secret.id().to_string(), text(&vectors, "key_id"));
        let names = vectors["names"].as_array().expect("a list");
        assert_eq!(names.len(), 7);
        for vector in names {
            let headers = Headers {
                content_type: text(vector, "content_type").into(),
                cache_control: text(vector, "cache_control").into(),
                encoding: serde_json::from_value(vector["encoding"].clone()).expect("a policy"),
                further: serde_json::from_value::<Vec<(String, String)>>(vector["further"].clone())
                    .expect("pairs")
                    .into_iter()
                    .collect(),
            };
            let path = LogicalPath::parse(text(vector, "path")).expect("valid");
            let content = blake3::hash(&hex(vector, "content_hex"));
            let token = token(&secret, &path, &content, &headers);
            assert_eq!(token.to_string(), text(vector, "token"), "{path}");
            assert_eq!(Token::parse(text(vector, "token")), Some(token));
        }
    }

    #[test]
    fn the_palindrome_vectors_hold() {
        let vectors = vectors();
        let palindrome = &vectors["palindrome_2022"];
        for vector in palindrome["vectors"].as_array().expect("a list") {
            let folder = palindrome_digest(
                text(palindrome, "secret").as_bytes(),
                text(vector, "kind"),
                text(vector, "url"),
                text(vector, "variant"),
            );
            assert_eq!(folder, text(vector, "dir"));
        }
    }

    #[test]
    fn each_style_makes_its_own_key() {
        let secret = Secret::new(&[7; 32]).expect("long enough");
        let token = Token([0; 16]);
        let zeros = "a".repeat(26);
        let key = |style, path: &str| {
            let path = LogicalPath::parse(path).expect("valid");
            object_key(style, &secret, &path, path.extension().as_deref(), token)
                .map(|k| k.to_string())
        };
        assert_eq!(
            key(NameStyle::Opaque, "img/Map.PNG"),
            Ok(format!("{zeros}.png"))
        );
        assert_eq!(key(NameStyle::Opaque, "img/map"), Ok(zeros.clone()));
        assert_eq!(
            key(NameStyle::Readable, "img/a.b.png"),
            Ok(format!("img/a.b.{zeros}.png"))
        );
        assert_eq!(
            key(NameStyle::Plain, "img/Map.PNG"),
            Ok("img/Map.PNG".into())
        );
        let solution = palindrome_2022_folder(&secret, "puzzle", "gears", "solution");
        let puzzle = palindrome_2022_folder(&secret, "puzzle", "gears", "puzzle");
        assert_eq!(
            key(NameStyle::Palindrome2022, "puzzle/gears/solution/a/b.png"),
            Ok(format!("{solution}/a/b.png"))
        );
        assert_eq!(
            key(NameStyle::Palindrome2022, "puzzle/gears/a/b.png"),
            Ok(format!("{puzzle}/a/b.png"))
        );
        for refused in ["team/gears/a.png", "puzzle/gears", "a.png"] {
            assert_eq!(
                key(NameStyle::Palindrome2022, refused),
                Err(BadStyle::Palindrome),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_name_that_grows_too_long_is_refused() {
        let secret = Secret::new(&[7; 32]).expect("long enough");
        let path = LogicalPath::parse(&format!("{}.png", "a".repeat(1000))).expect("valid");
        assert_eq!(
            object_key(
                NameStyle::Readable,
                &secret,
                &path,
                Some("png"),
                Token([0; 16])
            ),
            Err(BadStyle::Key(BadName::TooLong))
        );
    }

    #[test]
    fn the_secret_is_never_printed() {
        let secret = Secret::new(b"correct horse battery staple, and more").expect("long enough");
        assert!(!format!("{secret:?}").contains("horse"));
        let error = Secret::new(b"hunter2").expect_err("too short").to_string();
        assert!(
            error.contains("7 bytes") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
