//! Samples are put together when the tests run, so that no scanner takes this file for a leak.

mod more;
mod samples;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use self::samples::{odd_keys, other_texts, samples};
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

/// Well-known kinds of credentials are found in the middle of long lines.
#[test]
fn known_kinds_found_in_long_lines() {
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

/// A credential ends where markup or data goes on.
#[test]
fn credential_ends_at_markup() {
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

/// Texts that hold no credential are not reported.
#[test]
fn harmless_texts_are_not_reported() {
    for (name, text) in other_texts().into_iter().chain(odd_keys()) {
        assert_eq!(ids(&text, "app.js"), [""; 0], "{name}");
    }
}

/// A finding says where and what the secret is but does not contain it.
#[test]
fn finding_omits_the_secret() {
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

/// The line of a finding is that of the secret, not that of its name.
#[test]
fn line_is_that_of_secret() {
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

/// A rule for certain files looks at those only.
#[test]
fn file_rules_apply_to_those_only() {
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

/// Commits in links are not taken for access tokens.
#[test]
fn commit_links_are_not_tokens() {
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

/// Text that repeats is read in linear time.
#[test]
fn repetitive_text_takes_linear_time() {
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
