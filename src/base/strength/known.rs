//! Keys that are known in advance: placeholders of examples, digits of constants, digests of common
//! words. The list is short. A digest of any other word isn't recognized. Pure.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512};

/// Words that examples have in place of a key, in lower case and without signs.
const PLACEHOLDERS: [&str; 20] = [
    "changeme",
    "changethis",
    "changeit",
    "pleasechange",
    "replaceme",
    "replacethis",
    "replacewith",
    "yoursecret",
    "yourkey",
    "yourown",
    "secrethere",
    "secretkeyhere",
    "keyhere",
    "keygoeshere",
    "insertyour",
    "putyour",
    "placeholder",
    "notarealkey",
    "notasecret",
    "donotuse",
];

/// π, e, the square root of two and the golden ratio; π in hex.
const CONSTANTS: [&str; 5] = [
    "3141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825342117067",
    "2718281828459045235360287471352662497757247093699959574966967627724076630353547594571382178525166427",
    "1414213562373095048801688724209698078569671875376948073176679737990732478462107038850387534327641572",
    "1618033988749894848204586834365638117720309179805762862135448622705260462818902449707207204189391137",
    "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89452821e638d01377be5466cf34e90c6cc0ac",
];

/// Words of which people take a digest when they need a key.
const WORDS: [&str; 60] = [
    "",
    "0",
    "1",
    "123",
    "1234",
    "12345",
    "123456",
    "12345678",
    "123456789",
    "1234567890",
    "a",
    "abc",
    "abc123",
    "admin",
    "answer",
    "asset",
    "assets",
    "assetsync",
    "changeme",
    "dragon",
    "example",
    "foo",
    "foobar",
    "football",
    "hash",
    "hello",
    "hello world",
    "hello, world",
    "hi",
    "hunt",
    "hunter2",
    "iloveyou",
    "key",
    "letmein",
    "live",
    "master",
    "monkey",
    "mypassword",
    "mysecret",
    "mystery",
    "passphrase",
    "password",
    "password1",
    "password123",
    "prod",
    "production",
    "puzzle",
    "puzzlehunt",
    "puzzles",
    "qwerty",
    "qwertyuiop",
    "root",
    "salt",
    "secret",
    "secretkey",
    "solution",
    "swordfish",
    "test",
    "test123",
    "token",
];

/// Says whether a key is a constant's digits or the digest of a common word, as it's written or as
/// it's `meant`.
pub(super) fn is_known(key: &[u8], meant: Option<&[u8]>) -> bool {
    is_constant(key) || meant.is_some_and(is_digest) || is_digest(key)
}

/// Says whether all of a key is how a constant begins, or goes on.
fn is_constant(key: &[u8]) -> bool {
    let digits: Vec<u8> = key
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    let is_constant =
        |constant: &&str| memchr::memmem::find(constant.as_bytes(), &digits).is_some();
    digits.len() >= crate::base::name::SECRET_BYTES_MIN && CONSTANTS.iter().any(is_constant)
}

/// Says whether it's the digest of a word in one of the usual cases, with or without a line end.
fn is_digest(digest: &[u8]) -> bool {
    let is_of = |text: &str| match digest.len() {
        16 => Md5::digest(text)[..] == *digest,
        32 => {
            Sha256::digest(text)[..] == *digest
                || *blake3::hash(text.as_bytes()).as_bytes() == *digest
        }
        64 => Sha512::digest(text)[..] == *digest,
        _ => false,
    };
    matches!(digest.len(), 16 | 32 | 64)
        && WORDS.iter().any(|word| {
            let capital = word
                .get(..1)
                .map_or(String::new(), |first| first.to_uppercase() + &word[1..]);
            [word.to_string(), capital, word.to_uppercase()]
                .iter()
                .any(|word| is_of(word) || is_of(&format!("{word}\n")))
        })
}

/// Returns what a text has besides the words of a placeholder; none if it has no such words.
pub(super) fn without_placeholder(text: &str) -> Option<String> {
    let is_of_word = |c: &char| c.is_alphanumeric();
    let bare: String = text
        .chars()
        .filter(is_of_word)
        .collect::<String>()
        .to_lowercase();
    let found = PLACEHOLDERS.iter().filter(|words| bare.contains(**words));
    let longest = found.max_by_key(|words| words.len())?;
    // How a placeholder goes on is part of it: its words are put together as in a sentence.
    Some(bare.replacen(longest, "", 1))
}
