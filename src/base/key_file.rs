//! Key files: read within bounds, and refused if they seem to be damaged (`base/name.rs` says how
//! long a key must be). A key with one more byte gives every file another name, and nothing shows
//! the mistake.
//!
//! Valid UTF-8, or UTF-16 with its mark, was written by people and by programs that write text:
//! white space around it, a byte order mark or a NUL come from pasting and converting. Anything
//! else is random bytes, which are taken as they are: the chance that 32 random bytes are UTF-8 is
//! one in 10⁸. If such bytes are intended after all, the configuration's `key_id` confirms it.

use std::fs;
use std::path::Path;

use crate::base::disk::bounded::{self, Contents};
use crate::base::error::{Error, Result};
use crate::base::name::{SECRET_BYTES_MIN, Secret};
use crate::base::own_key::{self, Former};

/// The largest key, in bytes.
const KEY_BYTES_MAX: usize = 4 << 10;

/// Reads a key file; one line end (`\n`, `\r\n` or `\r`) at its end isn't part of the key. What
/// looks like a slip is taken only if the key's id is `meant`.
pub(crate) fn read(file: &Path, meant: Option<&str>) -> Result<Secret> {
    check(file)?;
    let unread = |e| Error::key_file(file, &e);
    let Contents::Whole(bytes) = bounded::read(file, KEY_BYTES_MAX).map_err(unread)? else {
        let most = bounded::size(KEY_BYTES_MAX);
        return Err(Error::key(
            format!(
                "The key file `{}` is larger than {most}: check that it's the right file",
                file.display()
            ),
            "get the key from your team; only for a new project, create one with `assetsync key new FILE`",
        ));
    };
    let trimmed = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let trimmed = trimmed.strip_suffix(b"\r").unwrap_or(trimmed);
    let secret = Secret::new(trimmed).map_err(|e| e.in_file(file))?;
    match Slip::of(trimmed) {
        Some(slip) if meant != Some(secret.id().to_string().as_str()) => {
            Err(refused(file, &slip, &secret))
        }
        _ => {
            let former = former(file, secret.bytes());
            Ok(secret.after(former))
        }
    }
}

/// Maximum number of files beside a key that are read.
const BESIDE_MAX: usize = 1000;

/// Maximum number of keys that are taken for former ones.
const FORMER_MAX: usize = 16;

/// The largest file that is 32 bytes in hex or base64, with some blanks.
const FORMER_BYTES_MAX: u64 = 80;

/// Finds files beside a key file that look like a former key: 32 bytes in hex or base64, and
/// nothing else. Unreadable files are skipped: they can't be published either.
fn former(file: &Path, own: &[u8]) -> Vec<Former> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let beside = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(BESIDE_MAX);
    let is_small = |metadata: &fs::Metadata| {
        metadata.is_file() && (43..=FORMER_BYTES_MAX).contains(&metadata.len())
    };
    let mut former: Vec<Former> = beside
        .filter(|entry| entry.metadata().is_ok_and(|metadata| is_small(&metadata)))
        .filter_map(|entry| {
            let text = crate::base::disk::files::read(&entry.path(), FORMER_BYTES_MAX).ok()?;
            let bytes = text.trim_ascii().to_vec();
            let is_other = own_key::meant(&bytes) != own_key::meant(own) && bytes != own;
            let name = entry.file_name().to_string_lossy().into_owned();
            (is_other && looks_like_a_key(&bytes)).then_some(Former { name, bytes })
        })
        .collect();
    former.sort_by(|a, b| a.name.cmp(&b.name));
    former.truncate(FORMER_MAX);
    former
}

/// Checks whether a text is 32 bytes in hex or base64, as random as those of a key.
fn looks_like_a_key(text: &[u8]) -> bool {
    let is_a_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    let bytes = own_key::meant(text).filter(|_| text.iter().all(is_a_word));
    bytes.is_some_and(|bytes| {
        let mut kinds = bytes.clone();
        kinds.sort_unstable();
        kinds.dedup();
        bytes.len() == SECRET_BYTES_MIN && kinds.len() > SECRET_BYTES_MIN / 2
    })
}

fn refused(file: &Path, slip: &Slip, secret: &Secret) -> Error {
    Error::key(
        format!(
            "The key file `{}` {}, which would change the key",
            file.display(),
            slip.found()
        ),
        format!(
            "{}; if your team's key has exactly these bytes, confirm it with `key_id = \"{}\"` in assetsync.toml",
            slip.remedy(),
            secret.id()
        ),
    )
}

/// Damage that pasting or converting does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    ByteOrderMark,
    Utf16,
    Nul,
    Before(char),
    Behind(char),
}

impl Slip {
    /// The slip in a key, without its line end.
    fn of(bytes: &[u8]) -> Option<Slip> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return is_utf_16(bytes).then_some(Slip::Utf16);
        };
        let is_blank = |c: &char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
        match (text.chars().next(), text.chars().next_back()) {
            (Some('\u{feff}'), _) => Some(Slip::ByteOrderMark),
            _ if text.contains('\0') => Some(Slip::Nul),
            (Some(first), _) if is_blank(&first) => Some(Slip::Before(first)),
            (_, Some(last)) if is_blank(&last) => Some(Slip::Behind(last)),
            _ => None,
        }
    }

    fn found(self) -> String {
        match self {
            Slip::ByteOrderMark => "begins with a byte order mark".to_string(),
            Slip::Utf16 => "is UTF-16".to_string(),
            Slip::Nul => "contains a NUL".to_string(),
            Slip::Before(c) => format!("begins with {}", called(c)),
            Slip::Behind(c) => format!("ends with {}", called(c)),
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Slip::ByteOrderMark | Slip::Utf16 | Slip::Nul => {
                "save it as UTF-8 without a byte order mark"
            }
            Slip::Before(_) | Slip::Behind(_) => "remove it",
        }
    }
}

/// White space by its name.
fn called(c: char) -> &'static str {
    match c {
        ' ' => "a space",
        '\t' => "a tab",
        '\n' | '\r' => "an extra line break",
        _ => "invisible white space",
    }
}

/// Checks whether bytes are UTF-16, as Windows' editors save it: a byte order mark, and units more
/// than half of which are of one script.
fn is_utf_16(bytes: &[u8]) -> bool {
    let high = match bytes {
        [0xff, 0xfe, ..] => 1,
        [0xfe, 0xff, ..] => 0,
        _ => return false,
    };
    let units = bytes[2..].chunks_exact(2);
    let mut counts = [0usize; 256];
    units
        .clone()
        .for_each(|unit| counts[usize::from(unit[high])] += 1);
    counts.iter().any(|count| 2 * count > units.len())
}

/// Checks that a key is a file, and that only its owner can read it.
fn check(file: &Path) -> Result<()> {
    let metadata = fs::metadata(file).map_err(|e| Error::key_file(file, &e))?;
    if !metadata.is_file() {
        return Err(Error::key(
            format!(
                "The key file `{}` is a folder or device, not a file",
                file.display()
            ),
            "set `key_file`, ASSETSYNC_KEY_FILE or `--key-file` to the key file itself",
        ));
    }
    match mode_for_others(&metadata) {
        None => Ok(()),
        Some(mode) => Err(Error::key(
            format!(
                "Other users can read the key file `{}` (mode {mode:04o})",
                file.display()
            ),
            format!("run `chmod 600 {}`", file.display()),
        )),
    }
}

#[cfg(unix)]
fn mode_for_others(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn mode_for_others(_metadata: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "an example secret, of more than thirty-two bytes";

    #[test]
    fn pasted_and_converted_keys_are_slips() {
        let utf_16 = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
            units.flat_map(order).collect()
        };
        for (bytes, slip) in [
            (format!("\u{feff}{KEY}").into_bytes(), Slip::ByteOrderMark),
            (format!("{KEY} ").into_bytes(), Slip::Behind(' ')),
            (format!("{KEY}\n").into_bytes(), Slip::Behind('\n')),
            (format!("{KEY}\u{a0}").into_bytes(), Slip::Behind('\u{a0}')),
            (format!("\t{KEY}").into_bytes(), Slip::Before('\t')),
            (format!("{KEY}\0").into_bytes(), Slip::Nul),
            (utf_16(KEY, u16::to_le_bytes), Slip::Utf16),
            (utf_16(KEY, u16::to_be_bytes), Slip::Utf16),
            (
                utf_16("ключ, который знает вся команда", u16::to_le_bytes),
                Slip::Utf16,
            ),
            (utf_16(KEY, u16::to_le_bytes)[2..].to_vec(), Slip::Nul),
        ] {
            assert_eq!(Slip::of(&bytes), Some(slip), "{bytes:?}");
        }
    }

    /// Files beside the key that look like keys count as former keys.
    #[test]
    fn key_like_neighbours_are_former_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let hex = "5d2c1b0a99f8e7d6c5b4a3928170615f4e3d2c1b0a09f8e7d6c5b4a392817061";
        let base64 = "KjZDBjXnUFR58Lp2xJHx/iQ3Nz+YbtaQCbgsr1CQf8o=";
        for (name, text) in [
            ("hunt.key", KEY.to_string()),
            ("old.key", hex.to_string()),
            ("2025.txt", format!("{}\r\n", hex.to_uppercase())),
            ("ci", format!("{base64}\n")),
            ("zeros", "0".repeat(64)),
            ("sums", format!("{hex}  film.mp4")),
            ("short", hex[..60].to_string()),
            (
                "words",
                "a sentence of the length that a key would have, too".to_string(),
            ),
        ] {
            fs::write(folder.path().join(name), text).expect("written");
        }
        let former = former(&folder.path().join("hunt.key"), KEY.as_bytes());
        let names: Vec<&str> = former.iter().map(|former| former.name.as_str()).collect();
        assert_eq!(names, ["2025.txt", "ci", "old.key"]);
    }

    /// Keys of text and of random bytes are not mistaken for slips.
    #[test]
    fn text_and_random_keys_are_fine() {
        let wrapped = format!("{KEY}\n{KEY}");
        for text in [
            KEY,
            &wrapped,
            "geheimschlüssel mit ümläuten, länger als 32 bytes",
        ] {
            assert_eq!(Slip::of(text.as_bytes()), None, "{text}");
        }
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..200_000 {
            let mut bytes: [u8; 32] = std::array::from_fn(|_| random.u8(..));
            // The rarest beginnings and ends as often as any.
            match round % 4 {
                0 => bytes[..2].copy_from_slice(&[0xff, 0xfe]),
                1 => bytes[..3].copy_from_slice(&[0xef, 0xbb, 0xbf]),
                2 => bytes[31] = b' ',
                _ => bytes[16] = 0,
            }
            assert_eq!(Slip::of(&bytes), None, "{bytes:?}");
        }
    }
}
