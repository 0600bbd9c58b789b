//! Search for the project's own key in a file, in the forms that people and programs give it. These
//! are: unchanged, decoded, with other line ends, and in all forms of `spellings.rs`, broken into
//! lines and in UTF-16, too. It also finds former keys that lie beside the key file. Pure.

mod spellings;

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use data_encoding::HEXLOWER_PERMISSIVE;

use crate::base::matcher::Matcher;

/// A form begins with so many bytes in a row; what is behind them may be broken into lines.
const BEGIN_BYTES: usize = 8;

/// Of a long key, so much is looked for in forms that are longer than it is, in bytes.
const FORM_OF_BYTES_MAX: usize = 256;

/// So much may stand in a row between two characters of a form: a line end, quotes, the beginning
/// of the next line.
const BREAK_BYTES_MAX: usize = 24;

/// Key that was found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The one that names are made with.
    Own,
    /// The former one in this file.
    Former(String),
}

/// A key that was in use once, as it seems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Former {
    /// Its file.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// All forms of all keys.
pub(crate) struct OwnKeys {
    begins: Matcher,
    /// By the beginning that they share.
    forms: Vec<Vec<Form>>,
    former: Vec<String>,
}

struct Form {
    text: Vec<u8>,
    compared: Compared,
    /// None of them, if it's the own key.
    former: Option<usize>,
}

/// Way in which a form is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    /// Byte by byte.
    Whole,
    /// It may be broken into lines.
    Broken,
    /// The same, in upper or lower case.
    BrokenInAnyCase,
}

impl OwnKeys {
    pub(crate) fn new(own: &[u8], former: &[Former]) -> OwnKeys {
        let mut by_begin: BTreeMap<Vec<u8>, Vec<Form>> = BTreeMap::new();
        let keys = former
            .iter()
            .enumerate()
            .map(|(at, key)| (Some(at), &key.bytes[..]));
        for (former, key) in std::iter::once((None, own)).chain(keys) {
            for (begin, text, compared) in forms(key) {
                let form = Form {
                    text,
                    compared,
                    former,
                };
                by_begin.entry(begin).or_default().push(form);
            }
        }
        let (begins, forms): (Vec<_>, Vec<_>) = by_begin.into_iter().unzip();
        OwnKeys {
            begins: Matcher::new(&begins),
            forms,
            former: former.iter().map(|former| former.name.clone()).collect(),
        }
    }

    /// Returns which key is in `content`, if any.
    pub(crate) fn find(&self, content: &[u8]) -> Option<Found> {
        let (mut is_own, mut former) = (false, None);
        self.begins.each(content, |begin, at| {
            let rest = &content[at.start..];
            for form in self.forms[begin].iter().filter(|form| form.is_at(rest)) {
                match form.former {
                    None => is_own = true,
                    Some(at) => former = Some(at),
                }
            }
        });
        let former = former.map(|at| Found::Former(self.former[at].clone()));
        if is_own { Some(Found::Own) } else { former }
    }
}

impl Form {
    fn is_at(&self, content: &[u8]) -> bool {
        if self.compared == Compared::Whole {
            return content.starts_with(&self.text);
        }
        let is_any_case = self.compared == Compared::BrokenInAnyCase;
        let is_next = |byte: u8, wanted: u8| {
            if is_any_case {
                byte.eq_ignore_ascii_case(&wanted)
            } else {
                byte == wanted
            }
        };
        let (mut at, mut between) = (0, 0);
        let mut before = b' ';
        for byte in content {
            let is_escape = before == b'\\' && matches!(byte, b'n' | b'r' | b't');
            before = *byte;
            if !is_escape && is_next(*byte, self.text[at]) {
                (at, between) = (at + 1, 0);
                if at == self.text.len() {
                    return true;
                }
                continue;
            }
            between += 1;
            if between > BREAK_BYTES_MAX || !(is_escape || is_between(*byte)) {
                return false;
            }
        }
        false
    }
}

/// Checks whether a byte can stand between the lines of one text (in scripts, comments and quoted
/// mails) or between the bytes of a dump.
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\\\"'`+,;:.-_#*>|/=()\0".contains(&byte)
}

/// Returns all forms of a key, each with what it begins with.
fn forms(key: &[u8]) -> Vec<(Vec<u8>, Vec<u8>, Compared)> {
    let mut all = Vec::new();
    for bytes in written_and_meant(key) {
        let whole = with_other_line_ends(&bytes)
            .into_iter()
            .chain(in_utf_16(&bytes));
        all.extend(whole.map(|text| (text[..BEGIN_BYTES].to_vec(), text, Compared::Whole)));
        let part = &bytes[..bytes.len().min(FORM_OF_BYTES_MAX)];
        all.extend(spellings::all(part));
    }
    all
}

/// A key's bytes, and what they mean if they are hex or base64.
fn written_and_meant(key: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![key.to_vec()];
    all.extend(meant(key).filter(|meant| meant.len() >= BEGIN_BYTES));
    all
}

/// Decodes hex or base64; none if the key is neither.
pub(crate) fn meant(key: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = key
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    if text.len() < BEGIN_BYTES {
        return None;
    }
    if text.iter().all(u8::is_ascii_hexdigit) {
        return HEXLOWER_PERMISSIVE.decode(&text).ok();
    }
    let engines = [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD];
    let bare = text
        .strip_suffix(b"==")
        .or_else(|| text.strip_suffix(b"="))
        .unwrap_or(&text);
    engines.iter().find_map(|engine| engine.decode(bare).ok())
}

/// A key of several lines, as each system writes them.
fn with_other_line_ends(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![bytes.to_vec()];
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.contains(['\n', '\r'])
    {
        let unix = text.replace("\r\n", "\n").replace('\r', "\n");
        all.extend(["\n", "\r\n", "\r"].map(|end| unix.replace('\n', end).into_bytes()));
    }
    all
}

fn in_utf_16(bytes: &[u8]) -> Vec<Vec<u8>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => vec![
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ],
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    const OWN: &str = "1e9b6c07d2f84a35b0c1de29f7865a4310fe9d8c7b6a59483726150493827160";

    fn found(content: impl AsRef<[u8]>) -> bool {
        found_of(OWN.as_bytes(), content.as_ref())
    }

    fn found_of(key: &[u8], content: &[u8]) -> bool {
        let content = [b"before ", content, b" behind"].concat();
        OwnKeys::new(key, &[]).find(&content) == Some(Found::Own)
    }

    fn broken(text: &str, width: usize, line_end: &str) -> String {
        let lines = text.as_bytes().chunks(width);
        let lines: Vec<&str> = lines
            .map(|line| std::str::from_utf8(line).expect("ASCII"))
            .collect();
        lines.join(line_end)
    }

    /// The key is found in hex, raw bytes, UTF-16 and Base64.
    #[test]
    fn key_is_found_in_every_encoding() {
        let raw = HEXLOWER_PERMISSIVE.decode(OWN.as_bytes()).expect("hex");
        assert!(found(OWN));
        assert!(found(OWN.to_uppercase()));
        assert!(found(&raw), "decoded");
        assert!(found(broken(OWN, 32, "\r\n")));
        assert!(found(broken(&OWN.to_uppercase(), 2, ":")));
        assert!(found(broken(OWN, 2, " ")));
        assert!(found(
            OWN.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>()
        ));
        for line_end in ["\n", "\r\n", "\n  ", "\\n", "\" +\n    \"", "\n> "] {
            let of_file = BASE64_STANDARD.encode(format!("{OWN}\n"));
            assert!(found(broken(&of_file, 16, line_end)), "{line_end:?}");
            let of_raw = BASE64_STANDARD.encode(&raw);
            assert!(found(broken(&of_raw, 20, line_end)), "{line_end:?}");
        }
        for before in ["", "K=", "KEY", "HUNT_KEY=", "export HUNT_KEY='"] {
            let in_another = BASE64_STANDARD.encode(format!("{before}{OWN}\nX=1\n"));
            assert!(found(&in_another), "{before}");
            assert!(
                found(in_another.replace('+', "-").replace('/', "_")),
                "{before}"
            );
        }
    }

    /// The key is found however its bytes are listed.
    #[test]
    fn key_is_found_as_byte_list() {
        let raw = HEXLOWER_PERMISSIVE.decode(OWN.as_bytes()).expect("hex");
        let each = |bytes: &[u8], write: &dyn Fn(u8) -> String, between: &str| {
            let all: Vec<String> = bytes.iter().map(|byte| write(*byte)).collect();
            all.join(between)
        };
        for bytes in [OWN.as_bytes(), &raw] {
            for (write, between) in [
                (&(|b: u8| b.to_string()) as &dyn Fn(u8) -> String, ","),
                (&|b| b.to_string(), ", "),
                (&|b| b.to_string(), ",\n    "),
                (&|b| b.to_string(), " "),
                (&|b| b.to_string(), "\n"),
                (&|b| format!("\"{b}\""), ","),
                (&|b| (b as i8).to_string(), ", "),
                (&|b| format!("{b:>4}"), ""),
                (&|b| format!("0x{b:02x}"), ", "),
                (&|b| format!("0x{b:02X}"), ",\n"),
                (&|b| format!("0X{b:02X}"), ","),
                (&|b| format!("0x{b:x}"), ","),
                (&|b| format!("{b:02x}"), ","),
                (&|b| format!("\\x{b:02x}"), ""),
                (&|b| format!("\\x{b:02X}"), ""),
                (&|b| format!("\\\\x{b:02x}"), ""),
                (&|b| format!("\\u00{b:02x}"), ""),
                (&|b| format!("\\{b:03o}"), ""),
                (&|b| format!("%{b:02X}"), ""),
                (&|b| format!("&#{b};"), ""),
                (&|b| format!("&#x{b:x};"), ""),
            ] {
                let text = each(bytes, write, between);
                assert!(found(&text), "{text}");
            }
            let base64 = BASE64_STANDARD.encode(bytes);
            let twice = BASE64_STANDARD.encode(&base64);
            let escaped = base64
                .replace('+', "%2B")
                .replace('/', "%2F")
                .replace('=', "%3D");
            let base32 = data_encoding::BASE32.encode(bytes);
            let base32_of_line = data_encoding::BASE32.encode(&[b"K=", bytes].concat());
            for text in [
                escaped.replace("%2B", "%2b").replace("%2F", "%2f"),
                escaped,
                twice,
                base32.to_lowercase(),
                base32_of_line,
                broken(&base32, 8, "-"),
                base32,
            ] {
                assert!(found(&text), "{text}");
            }
            let utf_16: Vec<u8> = base64.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(found(&utf_16));
            let utf_16: Vec<u8> = base64.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert!(found(&utf_16));
        }
        let words: Vec<String> = raw
            .chunks(4)
            .map(|word| format!("0x{}", HEXLOWER_PERMISSIVE.encode(word)))
            .collect();
        assert!(found(words.join(", ")));
    }

    /// Keys made of words, raw bytes, several lines or Base64 are found.
    #[test]
    fn keys_of_any_kind_are_found() {
        let words = b"an example secret of thirty-two.";
        assert!(found_of(words, words));
        assert!(found_of(
            words,
            HEXLOWER_PERMISSIVE.encode(words).as_bytes()
        ));
        assert!(!found_of(words, b"an example secret of thirty"));
        let bytes: Vec<u8> = (0..48u8).map(|n| n.wrapping_mul(167) ^ 0x5a).collect();
        assert!(found_of(&bytes, &bytes));
        assert!(found_of(
            &bytes,
            broken(&BASE64_STANDARD.encode(&bytes), 40, "\n").as_bytes()
        ));
        let lines = b"first line of a long key\nsecond line of a long key";
        assert!(found_of(
            lines,
            b"first line of a long key\r\nsecond line of a long key"
        ));
        let base64 = BASE64_STANDARD.encode(&bytes);
        assert!(
            found_of(base64.as_bytes(), &bytes),
            "a key that is base64 itself"
        );
    }

    /// Half a key and random bytes that resemble one are ignored.
    #[test]
    fn partial_or_similar_keys_are_ignored() {
        assert!(!found(&OWN[..48]));
        assert!(!found(format!("{}0{}", &OWN[..40], &OWN[41..])));
        assert!(!found(format!(
            "{} and much later, in another sentence, {}",
            &OWN[..32],
            &OWN[32..]
        )));
        let mut random = fastrand::Rng::with_seed(3);
        let noise: Vec<u8> = (0..1 << 20).map(|_| random.u8(..)).collect();
        assert!(!found(noise));
    }

    /// A former key is told apart from the own one.
    #[test]
    fn former_key_is_told_from_own() {
        let former = Former {
            name: "old.key".to_string(),
            bytes: "77".repeat(32).replace("7777", "a7c3").into_bytes(),
        };
        let keys = OwnKeys::new(OWN.as_bytes(), std::slice::from_ref(&former));
        assert_eq!(
            keys.find(&former.bytes),
            Some(Found::Former("old.key".to_string()))
        );
        let both = [&former.bytes, OWN.as_bytes()].concat();
        assert_eq!(keys.find(&both), Some(Found::Own));
        assert_eq!(keys.find(b"nothing"), None);
    }
}
