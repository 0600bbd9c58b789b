//! Whether the key is one that nobody guesses.

use super::fix::Fix;
use super::{Finding, Verdict};
use crate::name::Secret;

/// What every name has: a key with less is the easier thing to guess.
const BITS_MIN: f64 = 128.0;

/// How many random bits a key has at most, by how often each of its bytes comes.
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

/// Whether the key repeats itself: half of it tells the other half.
fn repeats(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2).any(|period| bytes[period..] == bytes[..bytes.len() - period])
}

pub(super) fn judge(secret: &Secret, fix: &Fix<'_>) -> Finding {
    const WHY: &str = "every unguessable name is made with it";
    let bytes = secret.bytes();
    let id = secret.id();
    let is_weak = bits(bytes) < BITS_MIN || repeats(bytes);
    match is_weak {
        true => Finding {
            verdict: Verdict::Failed,
            ..Finding::passed("key", WHY, format!("the key {id} can be guessed: it has too few different characters, or repeats itself"))
        }
        .fix(fix.new_key()),
        false => Finding::passed("key", WHY, format!("{id}, {} bytes", bytes.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Server;

    fn judged(key: &str) -> Finding {
        let secret = Secret::new(key.as_bytes()).expect("long enough");
        let target = super::super::settings::tests::target();
        judge(&secret, &Fix::of(&target, Server::Ceph))
    }

    #[test]
    fn a_key_that_can_be_guessed_is_told_from_one_that_cant() {
        let verdict = |key: &str| judged(key).verdict;
        for weak in [
            &"a".repeat(64),
            &"changeme".repeat(8),
            &"0123456789abcdef".repeat(3),
            "00000000000000000000000000000000000000000000000000000000000000ff",
        ] {
            assert_eq!(verdict(weak), Verdict::Failed, "{weak}");
        }
        for good in [
            "an example secret, of more than thirty-two bytes",
            "3f786850e387550fdab836ed7e6dc881de23001b9c0a5b6d7c3d2a9e5f1b4c8a",
            "django-insecure-k2#9v!x0(q8w_m5^z7r&t1y@u3i$o6p+a4s=d",
        ] {
            assert_eq!(verdict(good), Verdict::Passed, "{good}");
        }
    }

    #[test]
    fn nothing_of_the_key_is_told() {
        let key = "an example secret, of more than thirty-two bytes";
        let finding = judged(key);
        assert!(!format!("{finding:?}").contains("example"), "{finding:?}");
    }
}
