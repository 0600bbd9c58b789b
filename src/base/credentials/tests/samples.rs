//! Samples of well-known kinds, put together when the tests run.

use super::*;

/// A rule, and something it must find.
type Sample = (&'static str, String);

fn join(parts: &[&str]) -> String {
    parts.concat()
}

fn jwt() -> String {
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
}

fn openai() -> String {
    join(&[
        "s",
        "k-proj-",
        &random(ALNUM, 74),
        "T3Blbk",
        "FJ",
        &random(LOWER, 74),
    ])
}

/// Keys of clouds, and of who keeps what is in them.
fn of_clouds() -> Vec<Sample> {
    vec![
        ("aws-access-token", join(&["AK", "IA", &random(UPPER, 16)])),
        ("gcp-api-key", join(&["AI", "za", &random(ALNUM, 35)])),
        ("digitalocean-pat", join(&["do", "p_v1_", &random(HEX, 64)])),
        ("heroku-api-key", format!("HEROKU_API_KEY={}", uuid())),
        (
            "cloudflare-api-key",
            format!("cloudflare_key: \"{}\"", random(LOWER, 40)),
        ),
        (
            "azure-ad-client-secret",
            format!("\"{}7Q~{}\"", random(ALNUM, 3), random(ALNUM, 33)),
        ),
        (
            "vault-service-token",
            join(&["hv", "s.", &random(ALNUM, 95)]),
        ),
        (
            "databricks-api-token",
            join(&["da", "pi", &random(HEX, 32)]),
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
    ]
}

/// Tokens of places for code, packages and what is measured of them.
fn of_code() -> Vec<Sample> {
    vec![
        ("github-pat", join(&["gh", "p_", &random(ALNUM, 36)])),
        (
            "github-fine-grained-pat",
            join(&["github", "_pat_", &random(ALNUM, 82)]),
        ),
        ("github-oauth", join(&["gh", "o_", &random(ALNUM, 36)])),
        ("gitlab-pat", join(&["gl", "pat-", &random(ALNUM, 20)])),
        ("npm-access-token", join(&["np", "m_", &random(ALNUM, 36)])),
        (
            "pypi-upload-token",
            join(&["pyp", "i-AgEIcHlwaS5vcmc", &random(ALNUM, 120)]),
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
            "sonar-api-token",
            format!("sonar_token = \"{}\"", random(LOWER, 40)),
        ),
    ]
}

/// Tokens of messengers, and of who sends mail.
fn of_messages() -> Vec<Sample> {
    vec![
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
            "sendgrid-api-token",
            join(&["S", "G.", &random(ALNUM, 22), ".", &random(ALNUM, 43)]),
        ),
        ("twilio-api-key", join(&["S", "K", &random(HEX, 32)])),
        (
            "discord-api-token",
            format!("discord_token = \"{}\"", random(HEX, 64)),
        ),
        (
            "mailgun-private-api-token",
            format!("mailgunKey: 'key-{}'", random(HEX, 32)),
        ),
        (
            "telegram-bot-api-token",
            format!(
                "telegram_bot=\"{}:A{}\"",
                random(DIGITS, 9),
                random(ALNUM, 34)
            ),
        ),
        (
            "facebook-page-access-token",
            join(&["EA", "AM", &random(ALNUM, 110)]),
        ),
    ]
}

/// Tokens of shops and of who is paid.
fn of_shops() -> Vec<Sample> {
    vec![
        (
            "stripe-access-token",
            join(&["s", "k_live_", &random(ALNUM, 24)]),
        ),
        (
            "shopify-access-token",
            join(&["shp", "at_", &random(HEX, 32)]),
        ),
        (
            "square-access-token",
            join(&["sq0", "atp-", &random(ALNUM, 22)]),
        ),
    ]
}

/// Keys of language models.
fn of_models() -> Vec<Sample> {
    vec![
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
    ]
}

/// Keys that are no one's own.
fn of_any_kind() -> Vec<Sample> {
    vec![
        ("private-key", pem()),
        ("jwt", jwt()),
        (
            "curl-auth-user",
            format!(
                "curl https://example.org -u \"robot:{}\"\n",
                random(ALNUM, 20)
            ),
        ),
    ]
}

pub(super) fn samples() -> Vec<Sample> {
    [
        of_clouds(),
        of_code(),
        of_messages(),
        of_shops(),
        of_models(),
        of_any_kind(),
    ]
    .concat()
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

/// Texts that look like something else.
pub(super) fn other_texts() -> Vec<(&'static str, String)> {
    let base64 = random(ALNUM, 4000);
    vec![
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
            "a placeholder",
            "heroku_key: \"${HEROKU_KEY}\", stripe: \"sk_live_xxx\"".to_string(),
        ),
    ]
}

/// Keys that can't be real.
pub(super) fn odd_keys() -> Vec<(&'static str, String)> {
    vec![
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
    ]
}
