//! Names that are valid by construction. [`LogicalPath`] is a file's place in the tree, and
//! [`ObjectKey`] is an object's name in a target. Pure; nothing here touches a disk.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;

/// The longest object key, in bytes of UTF-8, that S3 and GCS accept
/// (<https://cloud.google.com/storage/docs/objects#naming>).
pub const KEY_BYTES_MAX: usize = 1024;

/// Everything but RFC 3986's unreserved characters and `/`.
const KEY_ENCODE_SET: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Reason why a name can't be a path or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadName {
    /// Nothing is left of the name.
    #[error("the name is empty")]
    Empty,
    /// `/etc/passwd`.
    #[error("the path is absolute")]
    Absolute,
    /// `a//b`, `./a`, `../a`.
    #[error("a part of the path is empty, `.` or `..`")]
    Dots,
    /// Windows reads `\` as a separator, URLs don't.
    #[error("the name contains a backslash")]
    Backslash,
    /// Line feeds, NUL, escape and the like.
    #[error("the name contains a control character")]
    Control,
    /// Longer than [`KEY_BYTES_MAX`].
    #[error("the name is longer than 1,024 bytes")]
    TooLong,
    /// GCS refuses keys below this folder.
    #[error("`.well-known/acme-challenge/` is reserved by the storage")]
    Reserved,
}

fn check(name: &str) -> Result<(), BadName> {
    if name.is_empty() {
        return Err(BadName::Empty);
    }
    if name.starts_with('/') {
        return Err(BadName::Absolute);
    }
    // By bytes: a release has 100,000 of these, and what is looked for is ASCII.
    let bytes = name.as_bytes();
    if bytes.contains(&b'\\') {
        return Err(BadName::Backslash);
    }
    if has_control(name) {
        return Err(BadName::Control);
    }
    let mut parts = bytes.split(|byte| *byte == b'/');
    if parts.any(|part| matches!(part, b"" | b"." | b"..")) {
        return Err(BadName::Dots);
    }
    if name.len() > KEY_BYTES_MAX {
        return Err(BadName::TooLong);
    }
    if name.starts_with(".well-known/acme-challenge/") {
        return Err(BadName::Reserved);
    }
    Ok(())
}

fn has_control(name: &str) -> bool {
    if name.is_ascii() {
        name.bytes().any(|byte| byte.is_ascii_control())
    } else {
        name.chars().any(char::is_control)
    }
}

/// Place of an asset in the tree: relative, `/`-separated UTF-8, such as `puzzle/gears/main.js`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogicalPath(Box<str>);

impl LogicalPath {
    /// Takes `path` if it's valid on every target.
    ///
    /// # Errors
    /// [`BadName`] says what is wrong with it.
    pub fn parse(path: &str) -> Result<LogicalPath, BadName> {
        check(path)?;
        Ok(LogicalPath(path.into()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file's own name: what follows the last `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folder with its final `/`, or nothing at the top.
    pub fn folder(&self) -> &str {
        &self.0[..self.0.len() - self.file_name().len()]
    }

    /// The file name without its last extension: `app.min` of `js/app.min.js`.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        match name.rfind('.') {
            Some(dot) if dot > 0 => &name[..dot],
            _ => name,
        }
    }

    /// The last extension in lower case, without its dot. `.htaccess` has none.
    pub fn extension(&self) -> Option<String> {
        let name = self.file_name();
        match name.rfind('.') {
            Some(dot) if dot > 0 && dot + 1 < name.len() => Some(name[dot + 1..].to_lowercase()),
            _ => None,
        }
    }
}

impl fmt::Display for LogicalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of an object below its target's URL, such as `ycqlw4rz226sf3rz3sgvwxlbzq.png`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(Box<str>);

impl ObjectKey {
    /// Takes `key` if every target accepts it.
    ///
    /// # Errors
    /// [`BadName`] says what is wrong with it.
    pub fn parse(key: &str) -> Result<ObjectKey, BadName> {
        check(key)?;
        Ok(ObjectKey(key.into()))
    }

    /// The key as text, not encoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as it stands in a URL: all but unreserved characters and `/` percent-encoded.
    pub fn url_path(&self) -> String {
        url_path(&self.0)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns a path in lower case, its characters composed.
pub(crate) fn folded(path: &str) -> String {
    if path.is_ascii() {
        path.to_ascii_lowercase()
    } else {
        path.nfc().flat_map(char::to_lowercase).nfc().collect()
    }
}

/// `key` as it stands in a URL: all but unreserved characters and `/` percent-encoded.
pub fn url_path(key: &str) -> String {
    utf8_percent_encode(key, KEY_ENCODE_SET).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that real hunts use are accepted.
    #[test]
    fn real_hunt_names_are_accepted() {
        for name in [
            "a",
            "puzzle/gears/main.js",
            "team/Eye+Candies+of+%2Fr%2FPictureGame.html",
            "team/#mise.html",
            "team/\u{202e}gnitirw.html",
            "team/The+🤔+Headscratchers+✍.html",
            "e\u{301}.png",
            "a b?.png",
            "...",
        ] {
            assert_eq!(
                LogicalPath::parse(name).map(|p| p.to_string()),
                Ok(name.to_string())
            );
        }
    }

    /// Names that some target would misread are refused.
    #[test]
    fn ambiguous_names_are_refused() {
        for (name, why) in [
            ("", BadName::Empty),
            ("/etc/passwd", BadName::Absolute),
            ("../x", BadName::Dots),
            ("a/./b", BadName::Dots),
            ("a//b", BadName::Dots),
            ("a/", BadName::Dots),
            ("a\\b", BadName::Backslash),
            ("a\nb", BadName::Control),
            ("a\u{7f}b", BadName::Control),
            (".well-known/acme-challenge/x", BadName::Reserved),
        ] {
            assert_eq!(ObjectKey::parse(name), Err(why), "{name:?}");
        }
        assert!(ObjectKey::parse(&"é".repeat(512)).is_ok());
        assert_eq!(ObjectKey::parse(&"é".repeat(513)), Err(BadName::TooLong));
    }

    #[test]
    fn a_path_knows_its_parts() {
        let path = LogicalPath::parse("js/app.min.JS").expect("valid");
        assert_eq!(
            (path.folder(), path.stem(), path.extension().as_deref()),
            ("js/", "app.min", Some("js"))
        );
        let dot = LogicalPath::parse(".htaccess").expect("valid");
        assert_eq!(
            (dot.folder(), dot.stem(), dot.extension()),
            ("", ".htaccess", None)
        );
    }

    /// An object key is encoded for URLs exactly once.
    #[test]
    fn key_is_url_encoded_once() {
        let key = ObjectKey::parse("team/a b+%3F#é~.html").expect("valid");
        assert_eq!(key.url_path(), "team/a%20b%2B%253F%23%C3%A9~.html");
    }
}
