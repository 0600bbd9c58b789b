//! Finds the hash that a bundler put into a path. Pure.

/// The shortest hash that counts, in bytes: bundlers write eight or more.
const HASH_BYTES_MIN: usize = 8;

/// The shortest name of a folder that counts as one, as Next's build id is: folders of such names
/// are rare otherwise.
const FOLDER_BYTES_MIN: usize = 16;

/// A hash in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::naming) struct Hash<'p> {
    /// Its text.
    pub text: &'p str,
    /// Its offset in the path.
    pub at: usize,
    /// True if no person would write that.
    pub is_certain: bool,
}

/// Returns the hash in a path: surely one, if there is such, and otherwise what may be one in the
/// file's name.
pub(in crate::naming) fn of(path: &str) -> Option<Hash<'_>> {
    let of_file = of_file(path);
    let certain = of_file.filter(|hash| hash.is_certain);
    certain.or_else(|| of_folder(path)).or(of_file)
}

/// Returns the hash in the name of a file: `index-COX0n4P-.js`, `tour.91ebc2ae.css`, `CZbLZkNa.js`.
fn of_file(path: &str) -> Option<Hash<'_>> {
    let folder = path.rfind('/').map_or(0, |slash| slash + 1);
    let name = &path[folder..];
    let stem = &name[..name.rfind('.').unwrap_or(name.len())];
    let segments = stem.split('.').scan(folder, |at, segment| {
        let start = *at;
        *at += segment.len() + 1;
        Some((start, segment))
    });
    let found: Vec<Hash<'_>> = segments
        .flat_map(|(at, segment)| endings(at, segment))
        .collect();
    let certain = found.iter().find(|hash| hash.is_certain);
    certain.or(found.first()).copied()
}

/// Returns the name of a folder above that is nothing but a hash.
fn of_folder(path: &str) -> Option<Hash<'_>> {
    let mut start = 0;
    for (slash, _) in path.match_indices('/') {
        let (at, text) = (start, &path[start..slash]);
        start = slash + 1;
        if text.len() >= FOLDER_BYTES_MIN && is_certain(text) {
            let is_certain = true;
            return Some(Hash {
                text,
                at,
                is_certain,
            });
        }
    }
    None
}

/// Returns the ends of a part of a name that may be hashes, the shortest first.
fn endings(at: usize, segment: &str) -> impl Iterator<Item = Hash<'_>> {
    let inner = segment.rmatch_indices(['-', '_']).map(|(cut, _)| cut + 1);
    let starts = inner.chain([0]);
    starts
        .map(move |start| (at + start, &segment[start..]))
        .filter(|(_, text)| may_be_hash(text))
        .map(|(at, text)| Hash {
            text,
            at,
            is_certain: is_certain(text),
        })
}

fn may_be_hash(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_of_hash = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_date_or_count = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'_');
    bytes.len() >= HASH_BYTES_MIN
        && bytes.iter().all(is_of_hash)
        && !bytes.iter().all(is_date_or_count)
        && bytes[1..].iter().any(|b| !b.is_ascii_lowercase())
}

/// Number of lower-case letters in a row that make a word, or a part of one.
const WORD_LETTERS: usize = 5;

/// The usual length of hashes in base64, which may have `-` and `_` in them.
const BASE64_BYTES: usize = 8;

/// Length from which a text with `-` and `_` may be a hash, too.
const LONG_BYTES: usize = 20;

/// Says whether a text looks drawn by lot: digits and letters that make no words.
fn is_certain(text: &str) -> bool {
    let mut rows = text.split(|c: char| !c.is_ascii_lowercase());
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    let has_word = rows.any(|row| row.len() >= WORD_LETTERS);
    let is_parted = text.contains(['-', '_']);
    let may_be_parted = text.len() == BASE64_BYTES || text.len() >= LONG_BYTES;
    may_be_hash(text)
        && has_digit
        && !has_word
        && (may_be_parted || !is_parted)
        && !is_of_words(text)
}

/// Says whether a text is made of words, numbers and what parts them: `Level10Part2`,
/// `my-photo_2024`.
fn is_of_words(text: &str) -> bool {
    text.split(['-', '_']).all(|part| {
        let is_word = part.bytes().all(|b| b.is_ascii_lowercase());
        is_word || is_of_words_and_numbers(part)
    })
}

/// Says the same of a text that nothing parts: a word has three letters at least, with only the
/// first a capital or all.
fn is_of_words_and_numbers(text: &str) -> bool {
    const WORD_BYTES_MIN: usize = 3;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let capital = usize::from(first.is_ascii_uppercase());
        let count = |is_in: fn(&u8) -> bool, text: &str| text.bytes().take_while(is_in).count();
        let word = capital + count(u8::is_ascii_lowercase, &rest[capital..]);
        let number = count(u8::is_ascii_digit, rest);
        let capitals = count(u8::is_ascii_uppercase, rest);
        let part = match (word, capitals) {
            (WORD_BYTES_MIN.., _) => word,
            (_, WORD_BYTES_MIN..) => capitals,
            _ => number,
        };
        if part == 0 {
            return false;
        }
        rest = &rest[part..];
    }
    true
}

#[cfg(test)]
mod tests;
