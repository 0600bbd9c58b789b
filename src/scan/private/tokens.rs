//! Discord bots' tokens: the bot's number in base64, a time and a signature, with dots between
//! them. A token has no prefix, so it's recognized by the number.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use memchr::{memchr_iter, memmem};

use super::Private;

/// Length of the time.
const TIME_BYTES: usize = 6;

/// Length of the number: 17 to 20 digits in base64.
const NUMBER_BYTES: std::ops::RangeInclusive<usize> = 23..=28;

/// Length of a signature: 27 until 2022, now 38.
const SIGNATURE_BYTES: std::ops::RangeInclusive<usize> = 27..=48;

/// Maximum distance before a token at which a word says what it is, in bytes.
const ABOUT_BYTES_MAX: usize = 60;

pub(super) fn find(text: &[u8], found: &mut Vec<(usize, Private)>) {
    for dot in memchr_iter(b'.', text) {
        if text.get(dot + TIME_BYTES + 1) != Some(&b'.') {
            continue;
        }
        let (time, signature) = (
            &text[dot + 1..=dot + TIME_BYTES],
            &text[dot + TIME_BYTES + 2..],
        );
        let signature = signature.iter().take(*SIGNATURE_BYTES.end() + 1);
        let signature = signature.take_while(is_base64).count();
        if !time.iter().all(|byte| is_base64(&byte)) || !SIGNATURE_BYTES.contains(&signature) {
            continue;
        }
        let before = text[..dot].iter().rev().take(*NUMBER_BYTES.end() + 1);
        let number = before.take_while(is_base64).count();
        let start = dot - number;
        let is_token = is_number(&text[start..dot])
            || (is_like_number(&text[start..dot]) && is_about_bots(&text[..start]));
        if is_token {
            found.push((start, Private::BotToken));
        }
    }
}

fn is_base64(byte: &&u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(byte)
}

/// Says whether it has the length and the first letter of one.
fn is_like_number(encoded: &[u8]) -> bool {
    matches!(encoded.first(), Some(b'M' | b'N' | b'O')) && matches!(encoded.len(), 24 | 26)
}

/// Says whether a text ends with a word on bots.
fn is_about_bots(text: &[u8]) -> bool {
    let end = text[text.len().saturating_sub(ABOUT_BYTES_MAX)..].to_ascii_lowercase();
    ["bot", "discord", "token"]
        .iter()
        .any(|word| memmem::find(&end, word.as_bytes()).is_some())
}

/// Says whether it's a number of Discord's.
fn is_number(encoded: &[u8]) -> bool {
    let decoded = BASE64_STANDARD_NO_PAD.decode(encoded);
    NUMBER_BYTES.contains(&encoded.len())
        && decoded.is_ok_and(|number| number.iter().all(u8::is_ascii_digit))
}
