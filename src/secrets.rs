//! Private keys in the middle of what is about to be published: known by content, whatever the file is
//! called. Pure.

use memchr::memmem;

use crate::name::Secret;

const BEGIN: &[u8] = b"-----BEGIN ";
const END_OF_HEADER: &[u8] = b"PRIVATE KEY-----";

/// `-----BEGIN ENCRYPTED PRIVATE KEY-----` and shorter: what stands between the two marks, at most.
const LABEL_BYTES_MAX: usize = 24;

/// A key has at least this much base64 behind its header; an example in a text seldom has.
const BODY_BYTES_MIN: usize = 40;

/// The longest stretch a match may span: carried from one chunk to the next.
const CARRY_BYTES: usize = 4096;

/// Looks for secrets in a file that comes in chunks.
pub(crate) struct Scanner<'a> {
    own: &'a [u8],
    carry: Vec<u8>,
    found: Option<&'static str>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(secret: &'a Secret) -> Scanner<'a> {
        Scanner {
            own: secret.bytes(),
            carry: Vec::new(),
            found: None,
        }
    }

    /// Takes the next chunk. All but the last must be longer than what is carried over.
    pub(crate) fn scan(&mut self, chunk: &[u8]) {
        if self.found.is_some() {
            return;
        }
        if !self.carry.is_empty() {
            let seam = [&self.carry, &chunk[..chunk.len().min(CARRY_BYTES)]].concat();
            self.found = find(&seam, self.own);
        }
        self.found = self.found.or_else(|| find(chunk, self.own));
        self.carry.clear();
        self.carry
            .extend_from_slice(&chunk[chunk.len().saturating_sub(CARRY_BYTES)..]);
    }

    /// What was found, in words that don't repeat it.
    pub(crate) fn found(&self) -> Option<&'static str> {
        self.found
    }
}

fn find(content: &[u8], own: &[u8]) -> Option<&'static str> {
    if memmem::find(content, own).is_some() {
        return Some("this project's own key");
    }
    let begins = memmem::find_iter(content, BEGIN);
    let key = begins
        .map(|start| &content[start..])
        .find(|rest| is_private_key(rest))?;
    let before = &content[..content.len() - key.len()];
    match memmem::find(before, b"\"service_account\"").is_some() {
        true => Some("a Google service account's key"),
        false => Some("a private key"),
    }
}

/// Whether `text` is a PEM header with a body, and not just a mention of one. In JSON the line breaks
/// are written as `\n`.
fn is_private_key(text: &[u8]) -> bool {
    let window = &text[..text
        .len()
        .min(BEGIN.len() + LABEL_BYTES_MAX + END_OF_HEADER.len())];
    let Some(header) = memmem::find(window, END_OF_HEADER) else {
        return false;
    };
    let body = &text[header + END_OF_HEADER.len()..];
    let mut base64 = 0;
    for byte in body {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => base64 += 1,
            b'\r' | b'\n' | b' ' | b'\t' | b'\\' => {}
            _ => break,
        }
    }
    base64 >= BODY_BYTES_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &[u8]) -> Option<&'static str> {
        found_in_chunks(&[content])
    }

    fn found_in_chunks(chunks: &[&[u8]]) -> Option<&'static str> {
        let secret = Secret::new(b"an example secret of thirty-two.").expect("long enough");
        let mut scanner = Scanner::new(&secret);
        chunks.iter().for_each(|chunk| scanner.scan(chunk));
        scanner.found()
    }

    fn pem(label: &str) -> String {
        format!(
            "-----BEGIN {label}PRIVATE KEY-----\n{}\n-----END",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(3)
        )
    }

    #[test]
    fn keys_are_found_by_content() {
        for label in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
            assert_eq!(
                found(format!("x = `{}`", pem(label)).as_bytes()),
                Some("a private key"),
                "{label}"
            );
        }
        let json = format!(
            r#"{{"type": "service_account", "private_key": "{}"}}"#,
            pem("").replace('\n', "\\n")
        );
        assert_eq!(
            found(json.as_bytes()),
            Some("a Google service account's key")
        );
        assert_eq!(
            found(b"k = 'an example secret of thirty-two.'"),
            Some("this project's own key")
        );
    }

    #[test]
    fn a_key_across_two_chunks_is_found() {
        let text = [vec![b' '; 9000], pem("RSA ").into_bytes(), vec![b' '; 9000]].concat();
        for cut in 8990..9100 {
            assert_eq!(
                found_in_chunks(&[&text[..cut], &text[cut..]]),
                Some("a private key"),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn talk_about_keys_is_not_a_key() {
        for text in [
            "if (s.includes('-----BEGIN PRIVATE KEY-----')) { parse(s) }",
            "-----BEGIN PUBLIC KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "",
        ] {
            assert_eq!(found(text.as_bytes()), None, "{text}");
        }
    }
}
