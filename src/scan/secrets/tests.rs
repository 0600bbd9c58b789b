//! Tests: secrets by name and by content.

use super::*;

#[test]
fn secrets_are_known_by_name() {
    for name in [
        ".env",
        ".env.production",
        "server.pem",
        "hunt.key",
        "id_rsa.pub",
        ".htpasswd",
        "ID_ED25519",
        "client_secret_812-abc.apps.googleusercontent.com.json",
        "Credentials.json",
        "htpasswd.txt",
        "staff.htpasswd",
        "hunt-2026.sql.gz",
        "hunt.SQL.tar.xz",
    ] {
        assert!(looks_secret(name), "{name}");
    }
}

#[test]
fn names_alike_are_not_secret() {
    for name in [
        "index.html",
        "keyboard.png",
        "environment.css",
        "monkey.jpg",
        "token.json",
        "htpasswd.html",
        "client_secrets.html",
        "mysql.gz",
        "sql.zip",
    ] {
        assert!(!looks_secret(name), "{name}");
    }
}

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
    assert_eq!(found(json.as_bytes()), Some("a Google service account key"));
}

/// The own key is found across two chunks.
#[test]
fn own_key_is_found_across_chunks() {
    let secret = Secret::new(b"an example secret of thirty-two.").expect("long enough");
    let mut scanner = Scanner::new(&secret);
    let text = [&[b' '; 9000][..], secret.bytes(), &[b' '; 9000]].concat();
    scanner.scan(&text[..9010]);
    assert!(!scanner.found_own_key());
    scanner.scan(&text[9010..]);
    assert!(scanner.found_own_key());
}

/// A private key is found wherever it is cut into two chunks.
#[test]
fn private_key_is_found_across_chunks() {
    let text = [vec![b' '; 9000], pem("RSA ").into_bytes(), vec![b' '; 9000]].concat();
    for cut in 8990..9100 {
        assert_eq!(
            found_in_chunks(&[&text[..cut], &text[cut..]]),
            Some("a private key"),
            "cut at {cut}"
        );
    }
}

/// Code that mentions keys, public keys and certificates is no private key.
#[test]
fn mentioned_key_headers_are_not_keys() {
    for text in [
        "if (s.includes('-----BEGIN PRIVATE KEY-----')) { parse(s) }",
        "-----BEGIN PUBLIC KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "",
    ] {
        assert_eq!(found(text.as_bytes()), None, "{text}");
    }
}
