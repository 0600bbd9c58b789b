//! Samples are put together when the tests run, so that no scanner takes this file for a leak.

mod more;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALNUM: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// The same letters every time, but in no order that repeats.
fn random(alphabet: &str, len: usize) -> String {
    let step = |state: &u64| {
        Some(
            state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407),
        )
    };
    let states = std::iter::successors(Some(len as u64 + 7), step).skip(1);
    let letter =
        |state: u64| char::from(alphabet.as_bytes()[(state >> 33) as usize % alphabet.len()]);
    states.map(letter).take(len).collect()
}

fn uuid() -> String {
    [8, 4, 4, 4, 12].map(|len| random(HEX, len)).join("-")
}

fn pem() -> String {
    let body: Vec<String> = (0..12).map(|line| random(ALNUM, 64 + line)).collect();
    format!(
        "-----{0} RSA {1}-----\n{2}\n-----END RSA {1}-----",
        "BEGIN",
        "PRIVATE KEY",
        body.join("\n")
    )
}

/// A rule, and something it must find.
fn samples() -> Vec<(&'static str, String)> {
    let join = |parts: &[&str]| parts.concat();
    let jwt = || {
        join(&[
            "e",
            "yJh",
            &random(ALNUM, 20),
            ".e",
            "yJz",
            &random(ALNUM, 40),
            ".",
            &random(ALNUM, 43),
        ])
    };
    let openai = || {
        join(&[
            "s",
            "k-proj-",
            &random(ALNUM, 74),
            "T3Blbk",
            "FJ",
            &random(LOWER, 74),
        ])
    };
    vec![
        ("aws-access-token", join(&["AK", "IA", &random(UPPER, 16)])),
        ("gcp-api-key", join(&["AI", "za", &random(ALNUM, 35)])),
        ("github-pat", join(&["gh", "p_", &random(ALNUM, 36)])),
        (
            "github-fine-grained-pat",
            join(&["github", "_pat_", &random(ALNUM, 82)]),
        ),
        ("github-oauth", join(&["gh", "o_", &random(ALNUM, 36)])),
        (
            "slack-bot-token",
            join(&[
                "xo",
                "xb-",
                &random(DIGITS, 11),
                "-",
                &random(DIGITS, 12),
                "-",
                &random(ALNUM, 24),
            ]),
        ),
        (
            "slack-webhook-url",
            join(&["https://hooks.sl", "ack.com/services/", &random(ALNUM, 44)]),
        ),
        (
            "stripe-access-token",
            join(&["s", "k_live_", &random(ALNUM, 24)]),
        ),
        (
            "sendgrid-api-token",
            join(&["S", "G.", &random(ALNUM, 22), ".", &random(ALNUM, 43)]),
        ),
        ("twilio-api-key", join(&["S", "K", &random(HEX, 32)])),
        ("npm-access-token", join(&["np", "m_", &random(ALNUM, 36)])),
        (
            "pypi-upload-token",
            join(&["pyp", "i-AgEIcHlwaS5vcmc", &random(ALNUM, 120)]),
        ),
        ("private-key", pem()),
        ("jwt", jwt()),
        (
            "discord-api-token",
            format!("discord_token = \"{}\"", random(HEX, 64)),
        ),
        (
            "mailgun-private-api-token",
            format!("mailgunKey: 'key-{}'", random(HEX, 32)),
        ),
        (
            "shopify-access-token",
            join(&["shp", "at_", &random(HEX, 32)]),
        ),
        ("gitlab-pat", join(&["gl", "pat-", &random(ALNUM, 20)])),
        (
            "telegram-bot-api-token",
            format!(
                "telegram_bot=\"{}:A{}\"",
                random(DIGITS, 9),
                random(ALNUM, 34)
            ),
        ),
        ("openai-api-key", openai()),
        (
            "openai-api-key",
            join(&[
                "s",
                "k-",
                &random(ALNUM, 20),
                "T3Blbk",
                "FJ",
                &random(LOWER, 20),
            ]),
        ),
        (
            "anthropic-api-key",
            join(&["s", "k-ant-api03-", &random(ALNUM, 93), "AA"]),
        ),
        (
            "huggingface-access-token",
            join(&["h", "f_", &random(LETTERS, 34)]),
        ),
        ("digitalocean-pat", join(&["do", "p_v1_", &random(HEX, 64)])),
        ("heroku-api-key", format!("HEROKU_API_KEY={}", uuid())),
        (
            "square-access-token",
            join(&["sq0", "atp-", &random(ALNUM, 22)]),
        ),
        (
            "linear-api-key",
            join(&["li", "n_api_", &random(LOWER, 40)]),
        ),
        (
            "postman-api-token",
            join(&["PM", "AK-", &random(HEX, 24), "-", &random(HEX, 34)]),
        ),
        (
            "grafana-service-account-token",
            join(&["gl", "sa_", &random(ALNUM, 32), "_", &random(HEX, 8)]),
        ),
        (
            "databricks-api-token",
            join(&["da", "pi", &random(HEX, 32)]),
        ),
        (
            "cloudflare-api-key",
            format!("cloudflare_key: \"{}\"", random(LOWER, 40)),
        ),
        (
            "facebook-page-access-token",
            join(&["EA", "AM", &random(ALNUM, 110)]),
        ),
        (
            "vault-service-token",
            join(&["hv", "s.", &random(ALNUM, 95)]),
        ),
        (
            "azure-ad-client-secret",
            format!("\"{}7Q~{}\"", random(ALNUM, 3), random(ALNUM, 33)),
        ),
        (
            "airtable-personnal-access-token",
            format!(
                "airtable {} pat{}.{}",
                "x ".repeat(999),
                random(ALNUM, 14),
                random(HEX, 64)
            ),
        ),
        (
            "sonar-api-token",
            format!("sonar_token = \"{}\"", random(LOWER, 40)),
        ),
        (
            "curl-auth-user",
            format!(
                "curl https://example.org -u \"robot:{}\"\n",
                random(ALNUM, 20)
            ),
        ),
    ]
}

fn ids(text: &str, file_name: &str) -> Vec<&'static str> {
    find(text.as_bytes(), file_name)
        .into_iter()
        .map(|credential| credential.rule)
        .collect()
}

#[test]
fn well_known_kinds_are_found() {
    for (rule, sample) in samples() {
        assert!(
            ids(&format!("x = 1;\n{sample}\n"), "app.js").contains(&rule),
            "{rule}: {sample}"
        );
    }
}

#[test]
fn well_known_kinds_are_found_in_the_middle_of_long_lines() {
    let filler = "e.keys(t).map(t=>skip(t,'api'));".repeat(3000);
    for (rule, sample) in samples() {
        let quoted = if sample.contains('"') {
            sample
        } else {
            format!("\"{sample}\"")
        };
        assert!(
            ids(&format!("{filler}n={quoted} ;{filler}"), "app.js").contains(&rule),
            "{rule}"
        );
    }
}

#[test]
fn a_credential_ends_where_markup_and_data_go_on() {
    let kinds = ["sendgrid-api-token", "npm-access-token", "openai-api-key"];
    let samples = samples();
    for (rule, sample) in samples.iter().filter(|(rule, _)| kinds.contains(rule)) {
        for text in [
            format!("<td>{sample}</td>"),
            format!("<p data-a=\"[&quot;{sample}&quot;]\">"),
            format!("bot,{sample},2\n"),
        ] {
            assert!(ids(&text, "a.html").contains(rule), "{rule}: {text}");
        }
    }
}

#[test]
fn no_path_excuses_a_credential() {
    let paths = [
        "logo.svg",
        "vendor/jquery.min.js",
        "node_modules/x.js",
        "package-lock.json",
        "a.pdf",
        "gitleaks.toml",
    ];
    for path in paths {
        assert!(
            ids(&samples()[0].1, path).contains(&samples()[0].0),
            "{path}"
        );
    }
}

#[test]
fn what_is_no_credential_is_not_found() {
    let base64 = random(ALNUM, 4000);
    let rows: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        (
            "prose",
            "Lorem ipsum dolor sit amet, the key to the token is a secret password.".to_string(),
        ),
        (
            "hashes",
            format!(
                "{} {} {}",
                random(HEX, 32),
                random(HEX, 40),
                random(HEX, 64)
            ),
        ),
        (
            "a picture",
            format!("url(data:image/png;base64,iVBORw0KGgo{base64}==)"),
        ),
        (
            "integrity",
            format!(
                "<script src=a.js integrity=\"sha384-{}\"></script>",
                random(ALNUM, 64)
            ),
        ),
        (
            "a lock file",
            format!(
                "\"integrity\": \"sha512-{}==\", \"resolved\": \"a.tgz\"",
                random(ALNUM, 86)
            ),
        ),
        ("an id", format!("<a id=\"{}\">", uuid())),
        (
            "minified code",
            "e.KeybindingResolver=e.NoMatchingKb=void 0,o=i.token,N=i.parent.kind;".to_string(),
        ),
        (
            "a public key",
            format!("publicKey:\"MFkwEwYHKoZIzj0CAQYI{}==\"", random(ALNUM, 80)),
        ),
        (
            "a key of too little entropy",
            ["AK", "IA", &"A".repeat(16)].concat(),
        ),
        (
            "an example key",
            ["AK", "IA", &random(UPPER, 9), "EXAMPLE"].concat(),
        ),
        (
            "a key that goes on",
            ["AK", "IA", &random(UPPER, 17)].concat(),
        ),
        ("part of a word", ["xAK", "IA", &random(UPPER, 16)].concat()),
        (
            "the alphabet",
            ["s", "k_live_", "abcdefghijklmnopqrstuvwxyz"].concat(),
        ),
        (
            "a word that no token has",
            ["np", "m_", &random(LOWER, 31), "false"].concat(),
        ),
        (
            "a placeholder",
            "heroku_key: \"${HEROKU_KEY}\", stripe: \"sk_live_xxx\"".to_string(),
        ),
    ];
    for (name, text) in rows {
        assert_eq!(ids(&text, "app.js"), [""; 0], "{name}");
    }
}

#[test]
fn says_where_and_what_but_not_the_secret() {
    let secret = &samples()[0].1;
    let text = format!("a\r\n\r\nkey('{secret}'); key('{secret}')\n\n{secret}\n");
    let found = find(text.as_bytes(), "app.js");
    assert_eq!(
        found
            .iter()
            .map(|c| (c.line, c.column, c.rule))
            .collect::<Vec<_>>(),
        [(3, 6), (5, 1)].map(|(line, column)| (line, column, "aws-access-token"))
    );
    assert!(found[0].description.contains("AWS"));
    assert!(!format!("{found:?}").contains(secret));
}

#[test]
fn the_line_is_the_secrets_not_the_names() {
    let rows: [(&str, String); 2] = [
        (
            "sonar-api-token",
            format!("sonar_token =\n\"{}\"", random(LOWER, 40)),
        ),
        ("heroku-api-key", format!("heroku:\n'{}'", uuid())),
    ];
    for (rule, text) in rows {
        let found = find(text.as_bytes(), "app.js");
        assert_eq!(
            found.iter().map(|c| (c.line, c.rule)).collect::<Vec<_>>(),
            [(2, rule)],
            "{text}"
        );
    }
}

#[test]
fn rules_for_some_files_look_at_those_only() {
    let yaml = format!("kind: Secret\ndata:\n  password: {}\n", random(ALNUM, 24));
    assert_eq!(ids(&yaml, "k8s/Secret.yaml"), ["kubernetes-secret-yaml"]);
    assert_eq!(ids(&yaml, "k8s/Secret.txt"), [""; 0]);
    assert_eq!(ids("", "certs/site.p12"), ["pkcs12-file"]);
}

#[test]
fn text_needs_no_encoding() {
    let secret = &samples()[0].1;
    let text = [
        "é\n".as_bytes(),
        b"\xff\xfe\x00",
        "é'".as_bytes(),
        secret.as_bytes(),
        b"'\xff",
    ];
    let found = find(&text.concat(), "a.js");
    assert_eq!(
        found.iter().map(|c| (c.line, c.column)).collect::<Vec<_>>(),
        [(2, 6)]
    );
}

#[test]
fn commits_in_links_are_not_access_tokens() {
    let id = "9f4b1c3d5e7a8b6c2d0e1f3a5b7c9d8e6f4a2b1c";
    for link in [
        format!("sourcegraph: <a href=\"https://code.example/lamp/site/commit/{id}\">"),
        format!("'https://sourcegraph.com/code.example/lamp/site@{id}'"),
        format!("sourcegraph https://code.example/compare/main...{id} and more"),
        format!("sourcegraph https://code.example/lamp/-/blob/{id}\n"),
    ] {
        assert_eq!(find(link.as_bytes(), "index.html"), [], "{link}");
    }
    for token in [
        format!("sourcegraph = \"{id}\""),
        format!("sourcegraph /x/{id} "),
    ] {
        assert_eq!(find(token.as_bytes(), "index.html").len(), 1, "{token}");
    }
}

#[test]
fn what_repeats_is_read_in_linear_time() {
    let begin = ["-----BE", "GIN PRIVATE KEY-----"].concat();
    let key = format!("'{}'", samples()[0].1);
    for part in [
        "ey",
        "sk",
        "curl ",
        "curl -u",
        "lob=",
        "eyaaaaaaaaaaaaaaaaaa.",
        "facebook=",
        "linear",
        &begin,
        "a",
        &key,
    ] {
        let begin = Instant::now();
        find(part.repeat((1 << 20) / part.len()).as_bytes(), "app.js");
        assert!(begin.elapsed() < Duration::from_secs(30), "{part}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), path in "[ -~]{0,20}") {
        find(&bytes, &path);
    }
}
