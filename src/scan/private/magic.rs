//! Private files that are known by their first bytes: keys, stores of keys and passwords,
//! recordings, mail.

use super::Private;

/// First bytes, and what they mean.
const MAGIC: [(&[u8], Private); 19] = [
    (b"\xfe\xed\xfe\xed\0\0\0", Private::KeyStore), // JKS
    (b"\xce\xce\xce\xce\0\0\0", Private::KeyStore), // JCEKS
    (b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5", Private::PasswordStore), // KeePass 1
    (b"\x03\xd9\xa2\x9a\x66\xfb\x4b\xb5", Private::PasswordStore), // KeePass 2, beta
    (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5", Private::PasswordStore), // KeePass 2
    (b"PWS3", Private::PasswordStore),              // Password Safe
    (b"$ANSIBLE_VAULT;", Private::Vault),
    (b"REDIS00", Private::Memory),
    (b"JAVA PROFILE 1.", Private::Memory),
    (b"# v2 git bundle\n", Private::Repository),
    (b"# v3 git bundle\n", Private::Repository),
    (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", Private::Traffic),
    (b"\xa1\xb2\xc3\xd4\0\x02\0\x04", Private::Traffic),
    (b"\x4d\x3c\xb2\xa1\x02\0\x04\0", Private::Traffic),
    (b"\xa1\xb2\x3c\x4d\0\x02\0\x04", Private::Traffic),
    (b"!BDN", Private::Mailbox), // Outlook
    (b"\0\x01\0\0Standard Jet DB", Private::Sqlite),
    (b"\0\x01\0\0Standard ACE DB", Private::Sqlite),
    (b"\x6d\xe2\x99\x81", Private::SqlDump), // mongodump
];

/// Bytes after the version of a private key, by its algorithm (RFC 5208, RFC 5958, RFC 8410).
const ALGORITHMS: [&[u8]; 5] = [
    b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", // RSA
    b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",                 // elliptic curves
    b"\x06\x07\x2a\x86\x48\xce\x38\x04\x01",                 // DSA
    b"\x06\x03\x2b\x65\x70",                                 // Ed25519
    b"\x06\x03\x2b\x65\x6e",                                 // X25519
];

/// The type of what PKCS#12 holds: data or signed data of PKCS#7.
const PKCS_7: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";

/// Maximum distance of the type from the version, in bytes.
const TYPE_BYTES_MAX: usize = 24;

/// Returns what a file is by its first bytes.
pub(super) fn of_start(start: &[u8]) -> Option<Private> {
    let by_magic = MAGIC.iter().find(|(magic, _)| start.starts_with(magic));
    by_magic
        .map(|(_, what)| *what)
        .or_else(|| of_der(start))
        .or_else(|| is_pcapng(start).then_some(Private::Traffic))
        .or_else(|| is_mailbox(start).then_some(Private::Mailbox))
        .or_else(|| is_core(start).then_some(Private::Memory))
}

/// Returns what a sequence of DER is that begins with a version.
fn of_der(start: &[u8]) -> Option<Private> {
    let inside = inside(start, 0x30)?;
    let inside = inside.strip_prefix(b"\x02\x01")?;
    let (version, behind) = inside.split_first()?;
    let near = &behind[..behind.len().min(TYPE_BYTES_MAX)];
    let has = |part: &[u8]| memchr::memmem::find(near, part).is_some();
    match version {
        3 => has(PKCS_7).then_some(Private::KeyStore),
        0 | 1 if ALGORITHMS.iter().any(|algorithm| has(algorithm)) => Some(Private::Key),
        // PKCS#1: a modulus of 128 bytes or more, which is odd in its last byte alone.
        0 => (behind.starts_with(b"\x02\x81") || behind.starts_with(b"\x02\x82"))
            .then_some(Private::Key),
        // SEC 1: the key, and then its curve.
        1 => {
            let lengths = [b"\x04\x20", b"\x04\x30", b"\x04\x42"];
            lengths
                .iter()
                .any(|length| behind.starts_with(*length))
                .then_some(Private::Key)
        }
        _ => None,
    }
}

/// Returns the content of a value of DER, as far as it's there.
fn inside(der: &[u8], tag: u8) -> Option<&[u8]> {
    match der.strip_prefix(&[tag])? {
        [0x81, _, inside @ ..] | [0x82, _, _, inside @ ..] | [0x80, inside @ ..] => Some(inside),
        [length, inside @ ..] if *length < 0x80 => Some(inside),
        _ => None,
    }
}

fn is_pcapng(start: &[u8]) -> bool {
    let order = start.get(8..12);
    start.starts_with(b"\x0a\x0d\x0d\x0a")
        && (order == Some(b"\x1a\x2b\x3c\x4d") || order == Some(b"\x4d\x3c\x2b\x1a"))
}

/// `From robin@example.net Sat Jan  3 01:05:34 2026`, and then a header.
fn is_mailbox(start: &[u8]) -> bool {
    const LINE_BYTES_MAX: usize = 200;
    const DAYS: [&[u8]; 7] = [
        b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun ",
    ];
    let Some(line) = start.strip_prefix(b"From ") else {
        return false;
    };
    let line = &line[..line.len().min(LINE_BYTES_MAX)];
    let Some(end) = memchr::memchr(b'\n', line) else {
        return false;
    };
    let (line, next) = line.split_at(end);
    let Some(space) = memchr::memchr(b' ', line) else {
        return false;
    };
    let date = line[space..].trim_ascii_start();
    let next = &next[1..];
    let header = next
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
    DAYS.iter().any(|day| date.starts_with(day))
        && header.is_some_and(|end| end > 0 && next[end] == b':')
}

/// ELF of the type for what a program had in memory.
fn is_core(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF") && matches!(start.get(16..18), Some(b"\x04\0" | b"\0\x04"))
}
