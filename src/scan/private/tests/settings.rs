//! Passwords among settings, and files that are known by their first bytes.

use super::super::*;
use super::{HTML, JS, JSON, TEXT};

fn of_file(path: &str, content_type: &str, text: &str) -> Vec<Private> {
    let found = super::super::find(text.as_bytes(), path, content_type);
    found.into_iter().map(|finding| finding.what).collect()
}

/// Files, with a password in an object or element of each.
fn in_objects() -> Vec<(&'static str, &'static str, String)> {
    let secret = ["n0rth", "w1nd"].concat();
    vec![
        (
            "a.json",
            JSON,
            format!("{{\"user\": \"robin\", \"password\": \"{secret}\"}}"),
        ),
        (
            "a.json",
            JSON,
            "{\"db\":{\"host\":\"db.hunt.example\",\"passwd\":\"gulls\"}}".to_string(),
        ),
        (
            "a.json",
            JSON,
            "{\"pwd\": \"gulls\", \"port\": 5432}".to_string(),
        ),
        (
            "a.json",
            JSON,
            format!("{{\"apiSecret\": \"{secret}{secret}\"}}"),
        ),
        (
            "a.js",
            JS,
            format!("let c={{host:'db.hunt.example',password:'{secret}'}}"),
        ),
        (
            "a.js",
            JS,
            "auth: {\n  user: 'robin@hunt.example',\n  pass: 'abcd efgh ijkl mnop'\n}".to_string(),
        ),
        (
            "a.html",
            HTML,
            format!("<script>connect({{port: 3306, pwd: \"{secret}\"}})</script>"),
        ),
        (
            "a.xml",
            "text/xml",
            format!("<server><username>robin</username><password>{secret}</password></server>"),
        ),
        (
            "settings.py",
            TEXT,
            "DB = {'USER': 'robin', 'PASSWORD': 'gulls', 'HOST': 'db.hunt.example'}\n".to_string(),
        ),
        (
            "web.xml",
            "text/xml",
            format!("<network host=\"smtp.hunt.example\" password=\"{secret}\"/>"),
        ),
    ]
}

/// Files, with a password in a line of each.
fn in_lines() -> Vec<(&'static str, &'static str, String)> {
    let secret = ["n0rth", "w1nd"].concat();
    vec![
        (
            "compose.yml",
            TEXT,
            "environment:\n  MYSQL_ROOT_PASSWORD: gulls\n".to_string(),
        ),
        (
            "compose.yml",
            TEXT,
            "environment:\n  - POSTGRES_PASSWORD=gulls\n".to_string(),
        ),
        (
            "config.yaml",
            TEXT,
            format!("login: robin\npassword: \"{secret}\"  # ours\n"),
        ),
        (
            "database.yml",
            TEXT,
            "host: localhost\nusername: hunt\npassword: gulls\n".to_string(),
        ),
        (
            "my.cnf",
            TEXT,
            "[client]\nuser=root\npassword=gulls\n".to_string(),
        ),
        ("prod.tfvars", TEXT, format!("db_password = \"{secret}\"\n")),
        ("settings", TEXT, format!("smtp_passwd={secret}\n")),
        (
            "notes.txt",
            TEXT,
            format!("export HUNT_PASSWORD={secret}\n"),
        ),
        (
            "notes.txt",
            TEXT,
            format!("host: db.hunt.example\npassword: {secret}\n"),
        ),
        (
            "all.toml",
            TEXT,
            format!("client_secret = \"{secret}{secret}\"\n"),
        ),
    ]
}

#[test]
fn passwords_among_settings_are_found() {
    for (path, content_type, text) in in_objects().into_iter().chain(in_lines()) {
        assert_eq!(
            of_file(path, content_type, &text),
            [Private::Password],
            "{path}: {text}"
        );
    }
}

/// Paths, types and texts in which no password stands.
const NO_PASSWORDS: [(&str, &str, &str); 21] = [
    (
        "de.json",
        JSON,
        "{\"username\": \"Benutzername\", \"password\": \"Passwort\", \"host\": \"Server\"}",
    ),
    (
        "es.json",
        JSON,
        "{\"password\": \"contraseña\", \"port\": \"Puerto\"}",
    ),
    (
        "en.json",
        JSON,
        "{\"password\": \"Enter your password\", \"PASSWORD\": \"At least 8 characters\"}",
    ),
    (
        "a.json",
        JSON,
        "{\"password\": {\"type\": \"string\"}, \"host\": \"db.example.net\"}",
    ),
    (
        "a.json",
        JSON,
        "{\"password\": \"${DB_PASSWORD}\", \"pwd\": \"***\", \"secret\": \"room12\"}",
    ),
    (
        "a.json",
        JSON,
        "{\"host\": \"db.example.net\", \"password\": \"\"}",
    ),
    (
        "a.json",
        JSON,
        "{\"type\": \"password\", \"name\": \"pass1\", \"secret\": \"a secret of thirteen w0rds\"}",
    ),
    (
        "a.js",
        JS,
        "let a={password:e.password,host:'db.example.net'}",
    ),
    (
        "a.html",
        HTML,
        "<input host=\"db.example.net\" type=\"password\" name=\"pass1\" password=\"\">",
    ),
    (
        "a.json",
        JSON,
        "{\"AWS::Store::Secret\": \"b68c9a1a87dfd16e\", \"a/password\": \"b68c9a1a\"}",
    ),
    ("log", TEXT, "PASS: gulls/assign_1.exp\nPASS: addr2line\n"),
    (
        "a.js",
        JS,
        "if (password === 'n0rthw1nd') open(); let password = 'n0rthw1nd'",
    ),
    ("a.js", JS, "let t={password:'n0rthw1nd'}"),
    (
        "a.js",
        JS,
        "{host:'db.example.net',password:'input[type=password]'}",
    ),
    (
        "a.html",
        HTML,
        "<input type=password name=password value=''>password: n0rthw1nd",
    ),
    (
        "de.yml",
        TEXT,
        "login:\n  username: Benutzername\n  password: Passwort\n",
    ),
    ("a.properties", TEXT, "user=Benutzer\npassword=Passwort\n"),
    (
        "a.yml",
        TEXT,
        "password: $PASSWORD\nDB_PASSWORD: ${X}\nROOT_PASSWORD: changeme\nDB_PASS: <yours>\n",
    ),
    (
        "a.sh",
        TEXT,
        "password=$(cat file)\nif [ \"$password\" = n0rthw1nd ]; then\n",
    ),
    (
        "notes.txt",
        TEXT,
        "The password: n0rthw1nd\npassword: gulls\n",
    ),
    ("clue.txt", TEXT, "password: otter7\n"),
];

/// Labels, translations and variables are not taken for passwords.
#[test]
fn labels_and_variables_are_no_passwords() {
    for (path, content_type, text) in NO_PASSWORDS {
        assert_eq!(of_file(path, content_type, text), [], "{path}: {text}");
    }
}

fn der(inside: &[u8]) -> Vec<u8> {
    [b"\x30\x82\x04\xbd", inside, &[7; 64]].concat()
}

/// Beginnings of keys and of what keeps some.
fn keys() -> Vec<(Vec<u8>, Private)> {
    let rsa = b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let ed25519 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let pkcs_12 = b"\x02\x01\x03\x30\x82\x09\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    vec![
        (der(rsa), Private::Key),
        (ed25519.to_vec(), Private::Key),
        (der(b"\x02\x01\x00\x02\x82\x01\x01\x00"), Private::Key),
        (
            b"\x30\x77\x02\x01\x01\x04\x20\x11\x22".to_vec(),
            Private::Key,
        ),
        (der(pkcs_12), Private::KeyStore),
        (b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec(), Private::KeyStore),
        (
            b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\0\x04\0".to_vec(),
            Private::PasswordStore,
        ),
        (b"$ANSIBLE_VAULT;1.1;AES256\n6162".to_vec(), Private::Vault),
    ]
}

/// Beginnings of other private files.
fn records() -> Vec<(Vec<u8>, Private)> {
    vec![
        (b"REDIS0011\xfa".to_vec(), Private::Memory),
        (
            [
                &b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0"[..],
                &[0; 40],
            ]
            .concat(),
            Private::Memory,
        ),
        (
            b"# v2 git bundle\n0a1b refs/heads/main\n\nPACK".to_vec(),
            Private::Repository,
        ),
        (
            b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0".to_vec(),
            Private::Traffic,
        ),
        (
            b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0".to_vec(),
            Private::Traffic,
        ),
        (
            b"From robin@hunt.example Sat Jan  3 01:05:34 2026\nReturn-Path: <a@b.c>\n".to_vec(),
            Private::Mailbox,
        ),
    ]
}

/// Private files are recognised by their first bytes.
#[test]
fn private_files_are_known_by_start() {
    for (start, what) in keys().into_iter().chain(records()) {
        assert_eq!(of_start(&start), Some(what), "{start:?}");
    }
    let inline = "key: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n";
    assert_eq!(of_file("a.yml", TEXT, inline), [Private::Vault]);
}

/// Public files with similar first bytes are not taken for private ones.
#[test]
fn similar_files_are_not_private() {
    let certificate = der(b"\x30\x82\x03\xa5\xa0\x03\x02\x01\x02\x02\x10");
    let public = der(b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82");
    for other in [
        certificate,
        public,
        b"0\x82".to_vec(),
        b"From Monday on, doors open at noon.\nSo: come early".to_vec(),
        b"From here to there\n".to_vec(),
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec(),
        b"\x0a\x0d\x0d\x0a<p>".to_vec(),
    ] {
        assert_eq!(of_start(&other), None, "{other:?}");
    }
}

/// Texts in binaries and in documents with split runs are extracted.
#[test]
fn binary_and_document_texts_are_extracted() {
    let binary = [
        &b"\0\x01abc\xffpart of a longer text, and\0"[..],
        &[0x90; 50],
        b"another one of more than twenty",
    ]
    .concat();
    assert_eq!(
        String::from_utf8(texts_in(&binary)).expect("ASCII"),
        "part of a longer text, and\nanother one of more than twenty\n"
    );
    let docx = b"<w:p><w:r><w:t>n0rth</w:t></w:r><w:r><w:t>w1nd</w:t></w:r></w:p><w:p>next</w:p>";
    assert_eq!(without_tags(docx), b"n0rthw1nd\nnext\n");
    assert_eq!(without_tags(b"a<b"), b"a");
}
