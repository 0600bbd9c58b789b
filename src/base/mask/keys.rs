//! Masking of texts that look like keys: long random words, private keys, and everything that
//! gitleaks finds.

use crate::base::credentials;

/// The shortest word that is taken for a key, in characters: 16 bytes in hex, 24 in base64.
const KEY_CHARS_MIN: usize = 32;

/// At least so many of these are letters and digits.
const PLAIN_CHARS_MIN: usize = 28;

/// The least entropy of a key, in bits a character: hex has 4 at most.
const ENTROPY_MIN: f64 = 3.0;

/// The words in a key are no longer on the average, in characters: stretches of capitals, of small
/// letters, which one capital may begin, or of digits. Base64 has 2 on the average, base32 3.4;
/// names of files have more than these.
const WORD_CHARS_MAX: f64 = 3.4;
const WORD_CHARS_IN_ONE_CASE_MAX: f64 = 5.0;

/// An access key's secret at Amazon.
const SECRET_CHARS: usize = 40;

/// A key in base64 has no more slashes: one in 64 characters, on the average.
const SLASHES_MAX: usize = 5;

/// The shortest word in which gitleaks is asked to find something, in characters.
const KNOWN_CHARS_MIN: usize = 16;

/// Hides what looks like a key in a message.
pub(super) fn hide(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(|c| is_of_key(c) && c != '-') {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_of_key(c)).unwrap_or(from.len());
        // Base64 is filled up.
        let filled = from[end..].bytes().take(2).take_while(|b| *b == b'=');
        let (run, behind) = from.split_at(end + filled.count());
        shown += before;
        if is_file_name(run, behind) {
            shown += run
        } else {
            hide_in_run(run, &mut shown)
        }
        rest = behind;
    }
    shown + rest
}

/// Hides it in a value; none if there's nothing to hide.
pub(super) fn hide_in_value(value: &str) -> Option<String> {
    if value.contains("-----BEGIN") {
        return Some(hidden(value));
    }
    let shown = hide(value);
    if may_be_known(&shown) && !credentials::find(shown.as_bytes(), "value.txt").is_empty() {
        return Some(hidden(value));
    }
    (shown != value).then_some(shown)
}

fn hidden(text: &str) -> String {
    let chars = text.chars().count();
    format!("(not shown: {chars} characters that look like a key)")
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '%')
}

/// Returns whether an extension follows, as behind the hash in
/// `app.3f786850e387550fdab836ed7e6dc881.js`.
fn is_file_name(run: &str, behind: &str) -> bool {
    let Some(behind) = behind.strip_prefix('.') else {
        return false;
    };
    let end = behind.find(|c: char| !c.is_ascii_alphanumeric());
    let extension = &behind[..end.unwrap_or(behind.len())];
    (1..6).contains(&extension.len()) && !run.contains(['+', '='])
}

/// Appends a run of characters that a key may have, without what looks like one: parts between
/// slashes, or several of them.
fn hide_in_run(run: &str, shown: &mut String) {
    let parts: Vec<&str> = run.split('/').collect();
    let mut place = 0;
    while place < parts.len() {
        if place > 0 {
            shown.push('/');
        }
        let ends = (place + 1..parts.len()).take(SLASHES_MAX).rev();
        let mut joined = ends.map(|end| (end, parts[place..=end].join("/")));
        if let Some((end, key)) = joined.find(|(_, joined)| is_base64(joined)) {
            *shown += &hidden(&key);
            place = end + 1;
            continue;
        }
        // Inside a path, it's a folder's name: machines give such ones.
        let is_folder = run.starts_with('/') && place > 1 && place + 1 < parts.len();
        if !is_folder && is_random(parts[place]) {
            *shown += &hidden(parts[place])
        } else {
            *shown += parts[place]
        }
        place += 1;
    }
}

/// Returns whether it's a key in base64 that has slashes, and no path.
fn is_base64(run: &str) -> bool {
    let text = run.trim_end_matches('=');
    if text.contains(['-', '_', '%']) {
        return false;
    }
    let is_marked = text.contains('+') || text.len() < run.len() || run.len() == SECRET_CHARS;
    let has = |is: fn(&u8) -> bool| text.bytes().any(|b| is(&b));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let slashes_max = text.len() / if is_marked { 8 } else { 16 };
    is_mixed
        && has(u8::is_ascii_digit)
        && text.matches('/').count() <= slashes_max
        && is_random(run)
}

/// Returns whether it's a long word without sense.
fn is_random(word: &str) -> bool {
    let plain: Vec<u8> = word.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let is_long = word.len() >= KEY_CHARS_MIN && plain.len() >= PLAIN_CHARS_MIN;
    if !is_long || entropy(&plain) < ENTROPY_MIN {
        return false;
    }
    let has = |is: fn(&u8) -> bool| plain.iter().any(is);
    if plain.iter().all(u8::is_ascii_hexdigit) {
        return has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    }
    let is_in_one_case = !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase));
    let longest = if is_in_one_case && plain.len() == word.len() {
        WORD_CHARS_IN_ONE_CASE_MAX
    } else {
        WORD_CHARS_MAX
    };
    // `bundle-163dc606a59dc3f7` has a word with sense in it.
    let odd = word.split(['-', '_']).filter(|part| !is_name(part));
    let (chars, words) = odd.fold((0, 0), |(chars, sum), part| {
        (chars + part.len(), sum + words(part))
    });
    chars >= PLAIN_CHARS_MIN && (chars as f64) < longest * f64::from(words)
}

/// Returns whether it's a word as people write it: `map`, `Map` or `MAP`.
fn is_name(part: &str) -> bool {
    let is_lower = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase());
    let is_upper = part.bytes().all(|b| b.is_ascii_uppercase());
    is_upper
        || part.get(1..).is_none_or(is_lower) && !part.starts_with(|c: char| c.is_ascii_digit())
}

/// Bits a character.
fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0usize; 256];
    text.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let shares = counts.iter().filter(|count| **count > 0);
    let shares = shares.map(|count| *count as f64 / text.len() as f64);
    shares.map(|share| -share * share.log2()).sum()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Capital,
    Small,
    Digit,
    Other,
}

/// Counts the words there are in `Map2Final`: three.
fn words(text: &str) -> u32 {
    let (mut words, mut last, mut chars) = (0u32, Class::Other, 0);
    for byte in text.bytes() {
        let class = match byte {
            b'A'..=b'Z' => Class::Capital,
            b'a'..=b'z' => Class::Small,
            b'0'..=b'9' => Class::Digit,
            _ => Class::Other,
        };
        let goes_on = class == last || (last, class, chars) == (Class::Capital, Class::Small, 1);
        chars = if goes_on { chars + 1 } else { 1 };
        words += u32::from(!goes_on && class != Class::Other);
        last = class;
    }
    words
}

/// Returns whether there's a word in which a service's key could be: to make gitleaks' rules takes
/// a while.
fn may_be_known(value: &str) -> bool {
    let is_between = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let mut words = value.split(is_between);
    words.any(|word| {
        word.len() >= KNOWN_CHARS_MIN
            && word.bytes().any(|b| b.is_ascii_digit())
            && entropy(word.as_bytes()) >= ENTROPY_MIN
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of several kinds, none of which is anybody's.
    const KEYS: [&str; 9] = [
        "869e04ca9bccd50c1f2a7be3d4568f90",
        "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "q8Zt3+fJ2mXw/0bVnR7yLkCs9DhPe4GaTu1oIiWx",
        "hQ3vN8sZk2Lw7RtYb5XcJ1mPd9Fg4KaE",
        "/Q3vN8sZk2Lw7RtYb5XcJ1mPd9Fg4KaEx0Tu6iOz",
        "hQ3vN8sZk2Lw7RtYb5XcJ1/Pd9Fg4KaEx0Tu6iOzVq0=",
        "k3q7w2m5x4b6c2d7f3g5h4j6n2p7r3s5",
        "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    ];

    /// Keys are hidden whatever text surrounds them.
    #[test]
    fn keys_are_hidden_in_any_context() {
        for key in KEYS {
            for (before, behind) in [
                ("", ""),
                ("s3://", ""),
                ("s3://bucket/", ""),
                ("file:", ""),
                ("--to=", ""),
                ("-", ""),
                ("a.", ""),
                ("Bearer ", " and more"),
                ("key:", ":"),
                ("there is no `", "` (from --to)"),
            ] {
                let shown = hide(&format!("{before}{key}{behind}"));
                let is_in_it = shown.contains(&key[6..20]) || shown.contains(&key[20..]);
                assert!(!is_in_it && shown.contains("(not shown: "), "{shown}");
                assert!(shown.ends_with(behind), "{shown}");
            }
        }
        let known = ["ghp_", "1b9Qd6bcXbbfd4b2Zd9b5dab8dKfbbd4bedA"].concat();
        let pem = "-----BEGIN EC PRIVATE KEY-----\nMHc";
        for value in [known.as_str(), pem, &format!("s3://{known}/a")] {
            assert!(hide_in_value(value).is_some_and(|shown| shown.contains("not shown")));
        }
    }

    /// Names of files, folders and releases are not hidden.
    #[test]
    fn names_and_paths_are_not_hidden() {
        for value in [
            "20270115-190412-k3v9qd",
            "assets/puzzle/gears/map.k3q7w2m5x4b6c2d7f3g5h4j6n2.png",
            "dist/app.3f786850e387550fdab836ed7e6dc881de23001b.js",
            "dist/app-3f786850e387550fdab836ed7e6dc881.min.js",
            "/var/lib/docker/overlay2/3f786850e387550fdab836ed7e6dc881de23001b/merged/site",
            "/Users/Ann/Documents/Puzzle-Hunt-2027/Round1/assets",
            "/usr/lib/python3.13/site-packages/cryptography/hazmat/bindings",
            "Puzzles/Round1/P01/img/Clue2/A1B2/Meta3",
            "MyVeryLongCamelCaseComponentNameForThePuzzle2027",
            "puzzle-hunt-2027-round-3-final-metapuzzle-solution",
            "s3://hunt-assets-production-eu-west-1/static/2027-01-15",
            "gs://mystery-hunt-2027-releases/prod",
            "99999999999999999999999999999999999999",
            "00000000000000000000000000000000000a",
            "**/solution/{teaser,answer}-[0-9][0-9].{png,jpg,webp,avif}",
            "target/debug/build/libmimalloc-sys-163dc606a59dc3f7",
            "text/html; charset=utf-8",
            "2027-01-18T12:00[America/Argentina/Buenos_Aires]",
            "",
        ] {
            assert_eq!(hide_in_value(value), None);
        }
    }

    /// Random strings are nearly always told apart from names.
    #[test]
    fn random_strings_are_nearly_always_hidden() {
        let mut random = fastrand::Rng::with_seed(7);
        for (alphabet, missed_max) in [
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                20,
            ),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                20,
            ),
            ("abcdefghijklmnopqrstuvwxyz0123456789", 30),
            ("0123456789abcdef", 1),
        ] {
            let alphabet: Vec<char> = alphabet.chars().collect();
            let missed = (0..1_000).filter(|_| {
                let key: String = (0..40)
                    .filter_map(|_| random.choice(alphabet.iter()))
                    .collect();
                hide(&key) == key
            });
            assert!(missed.count() <= missed_max, "{alphabet:?}");
        }
    }
}
