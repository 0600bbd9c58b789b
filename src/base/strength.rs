//! Detection of keys that can be guessed. An attacker who knows one file and its name can try keys
//! offline, as fast as their machine hashes. Pure.

use std::collections::BTreeSet;

use zxcvbn::matching::patterns::MatchPattern;
use zxcvbn::zxcvbn;

use crate::base::own_key;

mod known;

/// Entropy of every name. A key with less is easier to guess than a name.
const BITS_MIN: f64 = 128.0;

/// zxcvbn counts guesses to 2^64, and says so of all that needs more, in powers of ten.
const GUESSES_LOG10_MIN: f64 = 19.2;

/// It looks at so many characters.
const CHARACTERS_MAX: usize = 100;

/// Reason why a key is easy to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// The same comes again and again.
    Repeats,
    /// It has too few different characters.
    FewCharacters,
    /// The alphabet, or numbers in their order.
    Sequence,
    /// Keys that are beside each other.
    Keyboard,
    /// Words and passwords that are tried first.
    Words,
    /// It says that another key is to be put there.
    Placeholder,
    /// It's generally known: digits of π, a digest of a common word.
    Known,
}

impl Weakness {
    /// Returns the weakness of a key; none if it can't be guessed.
    pub(crate) fn of(key: &[u8]) -> Option<Weakness> {
        let meant = own_key::meant(key);
        if known::is_known(key, meant.as_deref()) {
            return Some(Weakness::Known);
        }
        // A key in the form that assetsync makes doesn't need the slow check for words.
        if let Some(bytes) = &meant
            && key.iter().all(u8::is_ascii_hexdigit)
            && std::str::from_utf8(bytes).is_err()
        {
            return pattern(key)
                .or_else(|| pattern(bytes))
                .or_else(|| too_few(bytes));
        }
        weakness(key).or_else(|| meant.as_deref().and_then(weakness))
    }

    /// Describes the key, as words that follow "it".
    pub(crate) fn found(self) -> &'static str {
        match self {
            Weakness::Repeats => "repeats itself",
            Weakness::FewCharacters => "has too few different characters",
            Weakness::Sequence => "is a sequence of letters or numbers",
            Weakness::Keyboard => "follows adjacent keys on a keyboard",
            Weakness::Words => "consists of common words, passwords or keyboard rows",
            Weakness::Placeholder => "is a placeholder for a real key",
            Weakness::Known => "is public knowledge, like digits of π or digests of common words",
        }
    }
}

fn weakness(key: &[u8]) -> Option<Weakness> {
    let text = std::str::from_utf8(key).ok();
    pattern(key)
        .or_else(|| text.and_then(guessed))
        .or_else(|| {
            text.and_then(known::without_placeholder)
                .and_then(|rest| guessed(&rest).map(|_| Weakness::Placeholder))
        })
        .or_else(|| {
            text.and_then(said_once)
                .and_then(|rest| guessed(&rest).map(|_| Weakness::Repeats))
        })
        .or_else(|| too_few(key))
}

/// Returns each word of a text once; none if no word comes twice.
fn said_once(text: &str) -> Option<String> {
    let mut seen = BTreeSet::new();
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let once: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| seen.insert(*word))
        .collect();
    (once.len() < words.len()).then(|| once.join(" "))
}

/// Finds weaknesses in the bytes alone.
fn pattern(key: &[u8]) -> Option<Weakness> {
    match key {
        _ if counts(key) => Some(Weakness::Sequence),
        _ if repeats(key) => Some(Weakness::Repeats),
        _ => None,
    }
}

/// Checks whether a key has too few different characters. A decoded key may be shorter than a key,
/// and isn't checked then.
fn too_few(key: &[u8]) -> Option<Weakness> {
    let is_whole = key.len() >= crate::base::name::SECRET_BYTES_MIN;
    (is_whole && bits(key) < BITS_MIN).then_some(Weakness::FewCharacters)
}

/// Random bits that a key has at most, by how often each of its bytes comes.
fn bits(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    let used = counts.iter().filter(|count| **count > 0);
    used.map(|count| f64::from(*count) * (total / f64::from(*count)).log2())
        .sum()
}

/// Checks whether three of four bytes equal those one period before: then half of the key
/// determines the other half.
fn repeats(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2).any(|period| {
        let pairs = bytes.iter().zip(&bytes[period..]);
        let same = pairs.filter(|(earlier, later)| earlier == later).count();
        4 * same >= 3 * (bytes.len() - period)
    })
}

/// Checks whether three of four bytes differ from the byte before by the same step.
fn counts(bytes: &[u8]) -> bool {
    let mut steps = [0usize; 256];
    for pair in bytes.windows(2) {
        steps[usize::from(pair[1].wrapping_sub(pair[0]))] += 1;
    }
    steps[1..].iter().any(|count| 4 * count >= 3 * bytes.len())
}

/// Estimates a text's strength with zxcvbn, and returns the pattern of its longest part if it's
/// weak.
fn guessed(text: &str) -> Option<Weakness> {
    let part: String = text.chars().take(CHARACTERS_MAX).collect();
    let guessed = zxcvbn(&part, &[]);
    let is_pattern = |pattern: &MatchPattern| {
        use MatchPattern::{Repeat, Sequence, Spatial};
        matches!(pattern, Spatial(_) | Sequence(_) | Repeat(_))
    };
    let parts = guessed.sequence();
    let patterns = parts.iter().filter(|part| is_pattern(&part.pattern));
    let in_patterns: usize = patterns.map(|part| part.token.len()).sum();
    // Of a walk with many turns, it counts every turn as a choice.
    if guessed.guesses_log10() >= GUESSES_LOG10_MIN && 4 * in_patterns < 3 * part.len() {
        return None;
    }
    let longest = parts.iter().max_by_key(|part| part.token.len());
    Some(match longest.map(|part| &part.pattern) {
        Some(MatchPattern::Spatial(_)) => Weakness::Keyboard,
        Some(MatchPattern::Sequence(_)) => Weakness::Sequence,
        Some(MatchPattern::Repeat(_)) => Weakness::Repeats,
        _ => Weakness::Words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that can be guessed are classified by their weakness.
    #[test]
    fn weak_keys_are_classified() {
        use Weakness::*;
        let hex_of = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let counted: Vec<u8> = (1..=32).collect();
        for (key, weakness) in [
            ("letmein!".repeat(5), Repeats),
            ("z".repeat(40), Repeats),
            ("fedcba9876543210".repeat(4), Sequence),
            (
                "puzzle2031puzzle2032puzzle2033puzzle2034".to_string(),
                Repeats,
            ),
            (hex_of(&counted), Sequence),
            ("zyxwvutsrqponmlkjihgfedcba9876543210".to_string(), Sequence),
            ("bcdefghijklmnopqrstuvwxyz123456789".to_string(), Sequence),
            ("qwertzuiopasdfghjklyxcvbnm0987654321".to_string(), Words),
            ("zaq12wsxcde34rfvbgt56yhnmju78ik,".to_string(), Keyboard),
            ("dragonmonkeysunshineprincessfootball".to_string(), Words),
            (
                data_encoding::BASE64.encode(b"masterpasswordshadowwelcome12345"),
                Words,
            ),
            (
                "0000000000000000000000000000000000000000000000000000000000001f3a".to_string(),
                Repeats,
            ),
        ] {
            assert_eq!(Weakness::of(key.as_bytes()), Some(weakness), "{key}");
        }
        for (key, weakness) in [
            ("changeme-before-the-event-starts-please", Placeholder),
            ("Your-Secret-Key-Here-0123456789-abcdef", Placeholder),
            ("REPLACE_THIS_WITH_A_REAL_KEY_OF_THE_TEAM", Placeholder),
            ("otter-lantern-otter-fennel-lantern-otter-otter", Repeats),
            ("3.14159265358979323846264338327950288", Known),
            ("27182818284590452353602874713526", Known),
            ("243f6a8885a308d313198a2e03707344a4093822", Known),
        ] {
            assert_eq!(Weakness::of(key.as_bytes()), Some(weakness), "{key}");
        }
        use sha2::Digest as _;
        for word in ["hunter2", "Puzzle", "letmein\n"] {
            let digest = sha2::Sha256::digest(word);
            for key in [hex_of(&digest), data_encoding::BASE64.encode(&digest)] {
                assert_eq!(Weakness::of(key.as_bytes()), Some(Known), "{word}");
            }
        }
        assert_eq!(
            Weakness::of(hex_of(&md5::Md5::digest("secret")).as_bytes()),
            Some(Known)
        );
    }

    #[test]
    fn keys_that_nobody_guesses_are_taken() {
        for key in [
            "an example secret, of more than thirty-two bytes",
            "3f786850e387550fdab836ed7e6dc881de23001b9c0a5b6d7c3d2a9e5f1b4c8a",
            "django-insecure-k2#9v!x0(q8w_m5^z7r&t1y@u3i$o6p+a4s=d",
            "cobalt otter drum fennel quartz ladder mint",
            "geheimschlüssel mit ümläuten, länger als 32 bytes",
            "changeme3f786850e387550fdab836ed7e6dc881de23001b9c0a5b6d7c3d2a9e",
            "cobalt otter drum fennel quartz ladder mint cobalt",
            "31415926535897932384626433832795 and nine otters in a teal drum",
        ] {
            assert_eq!(Weakness::of(key.as_bytes()), None, "{key}");
        }
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..crate::base::cases(200) {
            let bytes: [u8; 32] = std::array::from_fn(|_| random.u8(..));
            assert_eq!(Weakness::of(&bytes), None, "{bytes:?}");
            let hex = data_encoding::HEXLOWER.encode(&bytes);
            assert_eq!(Weakness::of(hex.as_bytes()), None, "{hex}");
            let base64 = data_encoding::BASE64.encode(&bytes);
            assert_eq!(Weakness::of(base64.as_bytes()), None, "{base64}");
        }
    }
}
