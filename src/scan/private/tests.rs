//! Samples are put together when the tests run, so that no scanner takes this file for a leak.

mod settings;

use proptest::prelude::*;

use super::*;

const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

fn find(text: &[u8], content_type: &str) -> Vec<Finding> {
    super::find(text, "notes.txt", content_type)
}

fn of(text: &str, content_type: &str) -> Vec<Private> {
    let found = find(text.as_bytes(), content_type);
    found.into_iter().map(|finding| finding.what).collect()
}

fn assert_found(what: Private, samples: &[(&str, String)]) {
    for (content_type, text) in samples {
        assert_eq!(of(text, content_type), [what], "{content_type}: {text}");
    }
}

fn assert_nothing(samples: &[(&str, &str)]) {
    for (content_type, text) in samples {
        assert_eq!(of(text, content_type), [], "{content_type}: {text}");
    }
}

/// A URL, so that none stands here.
fn url(scheme: &str, user: &str, password: &str, rest: &str) -> String {
    format!("{scheme}://{user}:{password}@{rest}")
}

#[test]
fn urls_with_passwords_are_found() {
    let postgres = url("postgres", "hunt", "n0rthw1nd", "db.internal:5432/hunt");
    assert_found(
        Private::PasswordUrl,
        &[
            (TEXT, format!("DATABASE_URL={postgres}\n")),
            (TEXT, postgres.clone()),
            (JS, format!("const url = '{postgres}';")),
            (
                JSON,
                format!("{{\"url\": \"{}\"}}", postgres.replace('/', "\\/")),
            ),
            (
                HTML,
                format!(
                    "<!-- {} -->",
                    url("mongodb+srv", "hunt", "sw0rdf1sh", "c0.mongodb.net/?w=1")
                ),
            ),
            (TEXT, url("redis", "", "gulls-and-terns", "cache:6379/0")),
            (
                TEXT,
                url("https", "robin", "gh0st-deploy", "git.example.net/hunt.git"),
            ),
            (TEXT, url("amqp", "hunt", "hunt", "[::1]:5672/")),
            (TEXT, url("mysql", "root", "a%40b!c", "localhost/hunt")),
        ],
    );
}

/// Types, and texts with URLs that have no password.
const NO_PASSWORDS: &[(&str, &str)] = &[
    (
        HTML,
        "https://cdn.example.net/npm/three@0.170.0/build/three.js",
    ),
    (
        HTML,
        "https://fonts.example.net/css2?family=Roboto:wght@400;700",
    ),
    (HTML, "https://example.net:8080/a@b"),
    (
        TEXT,
        "ssh://git@example.net:22/hunt.git and mail robin@example.net",
    ),
    (
        TEXT,
        "see http://localhost:8080, or write to robin@example.net",
    ),
    (JS, "let url = `https://${user}:${password}@${host}/`"),
    (
        JS,
        "let url = 'https://' + user + ':' + password + '@' + host",
    ),
    (JS, r"/^(?:https?:\/\/)(?:\S+(?::\S*)?@)?(?:[a-z]+)/"),
    (TEXT, "postgres://user:password@host:5432/db"),
    (
        TEXT,
        "http://user:pass@host.example:8080/p/a/t/h?query#hash",
    ),
    (
        TEXT,
        "https://test:test@example.net, https://user:123@example.net",
    ),
    (TEXT, "mongodb://<user>:<password>@host/"),
    (TEXT, "mysql://robin:****@host/"),
    (TEXT, "://:@"),
];

#[test]
fn urls_without_passwords_are_not() {
    assert_nothing(NO_PASSWORDS);
}

#[test]
fn connection_strings_are_found() {
    let password = ["Pass", "word=n0rthw1nd"].concat();
    assert_found(
        Private::ConnectionString,
        &[
            (
                JSON,
                format!(
                    "{{\"main\": \"Server=db,1433;Database=hunt;User Id=sa;{password};Encrypt=true\"}}"
                ),
            ),
            (
                TEXT,
                format!(
                    "Data Source=db; Initial Catalog=hunt; UID=robin; {}",
                    password.replace("Password", "PWD")
                ),
            ),
            (
                HTML,
                format!("<add connectionString=\"{password};Server=db;User=robin\">"),
            ),
            (
                TEXT,
                format!(
                    "host=db port=5432 dbname=hunt user=robin {}\n",
                    password.to_lowercase()
                ),
            ),
            (
                JS,
                format!(
                    "connect('jdbc:mysql://db/hunt?user=robin&{}')",
                    password.to_lowercase()
                ),
            ),
        ],
    );
}

/// Ordinary settings and forms are not taken for connection strings.
#[test]
fn ordinary_settings_are_no_connection_strings() {
    assert_nothing(&[
        (JS, "e.host=t.host;e.user=t.user;e.password=t.password;"),
        (JS, "host=e;user=t;password=n;"),
        (HTML, "<input type=password name=password autocomplete=off>"),
        (TEXT, "The password=KRAKEN opens the box."),
        (TEXT, "Server=db;User Id=sa;Password={password};"),
        (TEXT, "https://example.net/login?user=robin&password=kraken"),
    ]);
}

#[test]
fn a_bots_token_is_found() {
    let number = data_encoding::BASE64URL_NOPAD.encode(b"871460923345678901");
    let token = format!(
        "{number}.Gx3kQz.{}",
        "aB3_dE-9".repeat(5).trim_end_matches("-9")
    );
    assert_found(
        Private::BotToken,
        &[
            (JS, format!("client.login('{token}')")),
            (TEXT, format!("TOKEN={token}\n")),
        ],
    );
    let no_number = "e.keysOfAllTheThings.render.somethingThatIsThirtyLettersLong";
    assert_nothing(&[(JS, no_number), (TEXT, "1.234567.")]);
}

/// Private JSON web keys are found, and public ones are not.
#[test]
fn only_private_jwks_are_found() {
    let d = "xW7-qP3_".repeat(6);
    let private =
        format!("{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{d}\",\"y\":\"{d}\",\"d\":\"{d}\"}}");
    assert_found(
        Private::Jwk,
        &[
            (JSON, private.clone()),
            (JSON, format!("{{\"keys\": [\n{private}\n]}}")),
            (JS, format!("let jwk={{d:'{d}',kty:'RSA',n:'{d}'}}")),
            (
                JS,
                format!("let jwk = \"{}\"", private.replace('"', "\\\"")),
            ),
            (
                HTML,
                format!("<script>let jwk = {{ kty: \"oct\", k: \"{d}\" }}</script>"),
            ),
        ],
    );
    let public = private.replace("\"d\"", "\"kid\"");
    assert_nothing(&[
        (JSON, &public),
        (JS, "let jwk={kty:'RSA',d:t.d,k:e}"),
        (JS, "kty kty kty"),
    ]);
}

/// OAuth clients and tokens are found by their fields.
#[test]
fn oauth_secrets_are_found_by_field() {
    let secret = "correcthorsebatterystaple";
    assert_found(
        Private::OAuth,
        &[
            (
                JSON,
                format!(
                    "{{\"installed\": {{\"client_id\": \"1\", \"client_secret\": \"{secret}\"}}}}"
                ),
            ),
            (
                JSON,
                format!("{{\"access_token\": \"x\", \"refresh_token\": \"{secret}\"}}"),
            ),
        ],
    );
}

/// Labels and schemas of OAuth fields are not taken for tokens.
#[test]
fn oauth_labels_and_schemas_are_ignored() {
    assert_nothing(&[
        (
            JSON,
            r#"{"client_id": "Client ID", "client_secret": "Client secret of the app"}"#,
        ),
        (
            JSON,
            r#"{"client_secret": {"type": "string"}, "client_id": {}}"#,
        ),
        (JSON, r#"{"refresh_token": "refresh_token"}"#),
    ]);
}

/// A recorded session is found if it holds cookies or credentials.
#[test]
fn recorded_session_needs_credentials() {
    let har = |header: &str, cookies: &str| {
        format!(
            "{{\"log\": {{\"version\": \"1.2\", \"entries\": [{{\"request\": {{\n\"headers\": [{header}], \"cookies\": [{cookies}]}}}}]}}}}"
        )
    };
    let header = |name: &str| format!("{{\"name\": \"{name}\", \"value\": \"abc\"}}");
    assert_found(
        Private::Session,
        &[
            (JSON, har(&header("Cookie"), "")),
            (JSON, har(&header("authorization"), "")),
            (JSON, har("", &header("sessionid"))),
        ],
    );
    assert_eq!(find(har(&header("Cookie"), "").as_bytes(), JSON)[0].line, 2);
    let clean = har(&header("Accept"), "");
    let no_har = format!("{{\"entries\": [{}]}}", header("Cookie"));
    assert_nothing(&[
        (JSON, &clean),
        (JSON, &no_har),
        (JSON, r#"{"log": {"entries": ["cookie"]}}"#),
    ]);
}

/// A kubeconfig is recognised by its top-level keys.
#[test]
fn kubeconfig_is_known_by_top_level() {
    assert_found(
        Private::Kubeconfig,
        &[
            (
                TEXT,
                "apiVersion: v1\nkind: Config\nclusters:\n- name: a\nusers:\n- name: b\n"
                    .to_string(),
            ),
            (
                TEXT,
                "clusters: []\ncontexts: []\nkind: \"Config\"\n".to_string(),
            ),
            (
                JSON,
                r#"{"kind": "Config", "clusters": [], "users": []}"#.to_string(),
            ),
        ],
    );
    assert_nothing(&[
        (TEXT, "kind: Config\nname: hunt\n"),
        (TEXT, "  kind: Config\n  clusters:\n  users:\n"),
        (HTML, "<pre>\nkind: Config\nclusters:\nusers:\n</pre>"),
    ]);
}

/// PHP is found where it should have run, and mentions of it are ignored.
#[test]
fn unexecuted_php_is_found() {
    assert_found(
        Private::Php,
        &[
            (HTML, "<!doctype html><p><?php echo 1 ?></p>".to_string()),
            (HTML, "<p><?= $title ?></p>".to_string()),
            (HTML, "<?PHP\nrequire 'a.php';".to_string()),
            (JS, "let a = '<?php echo $title; ?>';".to_string()),
            (TEXT, "\u{feff}\n<?php\n$a = 1;\n".to_string()),
        ],
    );
    assert_nothing(&[
        (HTML, "<p>&lt;?php echo 1 ?&gt;"),
        (HTML, "<?xml version=\"1.0\"?><p><?= a ?>"),
        (JS, "modes.php = { begin: '<?php', end: '?>' }"),
        (JS, "/<\\?php/.test(a) || '<?php '"),
        (TEXT, "PHP begins with <?php echo $a ?>"),
    ]);
}

const DUMPS: [&str; 8] = [
    "-- MySQL dump 10.13  Distrib 8.0\n--\n",
    "--\n-- PostgreSQL database dump\n--\n\nSET x = 0;\n",
    "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n",
    "CREATE TABLE \"teams\" (\n  id int\n);\n",
    "  insert into teams values (1, 'Gulls');\n",
    "Dumped on Monday\nINSERT INTO hunt.`teams` (id, name) VALUES (1, 'Gulls');\n",
    "create table if not exists \"our teams\"\n(id int);\n",
    "COPY public.teams (id, name) FROM stdin;\n1\tGulls\n",
];

#[test]
fn dumps_of_databases_are_found() {
    for text in DUMPS {
        assert_found(Private::SqlDump, &[(TEXT, text.to_string())]);
    }
    assert_nothing(&[
        (
            TEXT,
            "Create table settings for twelve guests.\nInsert into the slot.\n",
        ),
        (
            TEXT,
            "Create table of contents entries for objects (functions, classes).\nInsert into the form (see above) these values.\n",
        ),
        (
            TEXT,
            "Lists of teams\n\n    CREATE TABLE teams (id int);\n    INSERT INTO teams VALUES (1);\n",
        ),
        (HTML, "<pre>\nCREATE TABLE teams (id int);\n</pre>"),
        (JS, "db.run(`\nCREATE TABLE teams (id int)`)"),
    ]);
}

/// Databases and dumps are recognised by their first bytes, gzipped or not.
#[test]
fn databases_are_known_by_first_bytes() {
    let gzipped = |content: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, content).expect("in memory");
        gzip.finish().expect("in memory")
    };
    let sqlite = b"SQLite format 3\0\x10\0\x01\x01";
    assert_eq!(of_start(sqlite), Some(Private::Sqlite));
    assert_eq!(of_start(b"PGDMP\x01\x0e"), Some(Private::SqlDump));
    let rows = "insert into a values (1);\n".repeat(100_000);
    let dump = gzipped(rows.as_bytes());
    assert_eq!(of_start(&dump), Some(Private::SqlDump));
    assert_eq!(of_start(&dump[..2000]), Some(Private::SqlDump), "cut");
    assert_eq!(of_start(&gzipped(sqlite)), Some(Private::Sqlite));
    for other in [
        gzipped(b"<svg/>"),
        b"\x1f\x8b".to_vec(),
        b"SQLite format".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(of_start(&other), None, "{other:?}");
    }
}

/// A secret has a line and a column, and several on a line are reported once.
#[test]
fn same_line_secrets_are_reported_once() {
    let secret = url("postgres", "hunt", "n0rthw1nd", "db/");
    let text = format!("\né {secret} {secret}\n");
    let found = find(text.as_bytes(), TEXT);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].line, found[0].column),
        (2, 3 + "postgres://hunt:".len())
    );
}

/// UTF-16 is read as text, and binaries are not.
#[test]
fn utf_16_is_text() {
    let secret = url("postgres", "hunt", "n0rthw1nd", "db/");
    let units = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>()
    };
    let text = [b"\xfe\xff".to_vec(), units(&secret)].concat();
    assert!(may_be_text(&text));
    assert_eq!(from_utf16(&text).as_deref(), Some(secret.as_str()));
    assert!(may_be_text("é".repeat(3000).as_bytes()));
    for binary in [b"".as_slice(), b"\x89PNG\r\n\x1a\n", b"a\0b", b"%PDF-1.4\n"] {
        assert!(!may_be_text(binary), "{binary:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for content_type in [HTML, JS, JSON, TEXT] {
            find(&bytes, content_type);
        }
        of_start(&bytes);
        from_utf16(&bytes);
        may_be_text(&bytes);
    }

    #[test]
    fn no_fragments_panic(parts in prop::collection::vec("(://|[@:]|password=|;|\\{|\\}|kty|\"d\":\"|<\\?|\\?>|\\$a| |\n|[a-z]{1,30})", 0..40)) {
        let text = parts.concat();
        for content_type in [HTML, JS, JSON, TEXT] {
            find(text.as_bytes(), content_type);
        }
    }
}
