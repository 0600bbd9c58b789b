//! List of all ways in which programs and people write bytes as text. Pure.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};

use super::{BEGIN_BYTES, Compared};

/// Text before a byte in hex: escapes of scripts and URLs, numbers, entities.
const PREFIXES: [&str; 5] = ["0x", "\\x", "\\u00", "%", "&#x"];

/// Characters that may follow the first number of a list.
const BEHIND_NUMBER: [char; 8] = [',', ' ', ';', '\n', '\r', '\t', '"', '\''];

/// Numbers of bytes that dumps and programs write as one number in hex.
const WORD_BYTES: [usize; 3] = [2, 4, 8];

/// Returns every spelling of `bytes`, each with what it begins with, and how it's compared.
pub(super) fn all(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>, Compared)> {
    let mut all = Vec::new();
    for text in base64(bytes) {
        all.extend(begun(&text, Compared::Broken));
    }
    for text in base32(bytes) {
        all.extend(begun(&text, Compared::BrokenInAnyCase));
    }
    all.extend(hex(bytes));
    all.extend(numbers(bytes));
    all
}

/// Returns base64 of both alphabets, percent-encoded, and once more in base64.
fn base64(bytes: &[u8]) -> Vec<String> {
    let once = base64_inside(bytes);
    let twice = [
        BASE64_STANDARD.encode(bytes),
        BASE64_URL_SAFE_NO_PAD.encode(bytes),
    ];
    let twice = twice.iter().flat_map(|text| base64_inside(text.as_bytes()));
    let escaped = |text: &String| {
        let escaped = text.replace('+', "%2B").replace('/', "%2F");
        [escaped.replace("%2B", "%2b").replace("%2F", "%2f"), escaped]
    };
    let mut all: Vec<String> = once.iter().flat_map(escaped).chain(twice).collect();
    all.extend(once);
    all.sort();
    all.dedup();
    all
}

/// Returns the characters that `bytes` alone decide, wherever they begin in what is encoded.
fn base64_inside(bytes: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    for before in 0..3 {
        let padded = [&vec![0; before], bytes].concat();
        let (begin, end) = ((8 * before).div_ceil(6), 8 * padded.len() / 6);
        for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            all.push(engine.encode(&padded)[begin..end].to_string());
        }
    }
    all
}

/// Returns the same in base32.
fn base32(bytes: &[u8]) -> impl Iterator<Item = String> {
    (0..5).map(move |before| {
        let padded = [&vec![0; before], bytes].concat();
        let (begin, end) = ((8 * before).div_ceil(5), 8 * padded.len() / 5);
        BASE32_NOPAD.encode(&padded)[begin..end].to_string()
    })
}

/// Returns hex as one text, as dumps have it (`3f:78`, `3f 78`), and byte by byte with what
/// programs write before each.
fn hex(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>, Compared)> {
    let any_case = Compared::BrokenInAnyCase;
    let text = HEXLOWER_PERMISSIVE.encode(bytes);
    let mut all = begun(&text, any_case);
    for between in [":", " ", ",", "-", ", "] {
        let pairs = text.as_bytes().chunks(2).take(BEGIN_BYTES);
        let pairs = pairs.map(|pair| String::from_utf8_lossy(pair).into_owned());
        let dump = pairs.collect::<Vec<_>>().join(between);
        for begin in in_cases(&dump[..BEGIN_BYTES]) {
            all.push((begin, text.clone().into_bytes(), any_case));
        }
    }
    for prefix in PREFIXES {
        let padded = bytes.iter().map(|byte| format!("{prefix}{byte:02x}"));
        let bare = bytes.iter().map(|byte| format!("{prefix}{byte:x}"));
        for numbers in [padded.collect::<Vec<_>>(), bare.collect()] {
            for begin in in_cases(&numbers[0]) {
                all.push((begin, numbers.concat().into_bytes(), any_case));
            }
        }
    }
    for size in WORD_BYTES {
        let words = bytes
            .chunks(size)
            .map(|word| HEXLOWER_PERMISSIVE.encode(word));
        let words: String = words.map(|word| format!("0x{word}")).collect();
        all.extend(begun(&words, any_case));
    }
    all
}

/// Returns lists of decimal numbers, with a sign as Java has them, too; octal escapes; and decimal
/// entities.
fn numbers(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>, Compared)> {
    let mut all = Vec::new();
    let plain = bytes.iter().map(u8::to_string);
    let signed = bytes.iter().map(|byte| byte.cast_signed().to_string());
    for numbers in [plain.collect::<Vec<_>>(), signed.collect()] {
        for behind in BEHIND_NUMBER {
            let begin = format!("{}{behind}", numbers[0]);
            all.push((
                begin.into_bytes(),
                numbers.concat().into_bytes(),
                Compared::Broken,
            ));
        }
    }
    let entities: String = bytes.iter().map(|byte| format!("&#{byte};")).collect();
    let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    all.extend(begun(&entities, Compared::Broken));
    all.extend(begun(&octal, Compared::Broken));
    all
}

/// Returns a text with its beginnings: as it is, and in UTF-16.
fn begun(text: &str, compared: Compared) -> Vec<(Vec<u8>, Vec<u8>, Compared)> {
    let begin = &text[..BEGIN_BYTES];
    let begins = match compared {
        Compared::BrokenInAnyCase => in_cases(begin),
        Compared::Whole | Compared::Broken => vec![begin.as_bytes().to_vec()],
    };
    let wide = begins.clone().into_iter().map(|begin| {
        let half = begin[..BEGIN_BYTES / 2].iter();
        half.flat_map(|byte| [*byte, 0]).collect()
    });
    let begins: Vec<Vec<u8>> = begins.iter().cloned().chain(wide).collect();
    let text = text.as_bytes();
    let form = |begin| (begin, text.to_vec(), compared);
    begins.into_iter().map(form).collect()
}

/// Returns a text as it is, in lower and in upper case, and in upper case but for an `x` or `u`.
fn in_cases(text: &str) -> Vec<Vec<u8>> {
    let upper = text.to_uppercase();
    let mixed = upper.replace('X', "x").replace('U', "u");
    let mut all = vec![text.to_string(), text.to_lowercase(), upper, mixed];
    all.sort();
    all.dedup();
    all.into_iter().map(String::into_bytes).collect()
}
