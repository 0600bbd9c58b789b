//! Tests: credentials that gitleaks has no rules for.

mod samples;

use self::samples::samples;
use super::super::reach::Reach;
use super::*;

/// Credentials that gitleaks has no rules for are found.
#[test]
fn kinds_unknown_to_gitleaks_are_found() {
    for (rule, sample) in samples() {
        assert!(
            ids(&format!("x = 1;\n{sample}\n"), "notes.txt").contains(&rule),
            "{rule}: {sample}"
        );
    }
}

/// Additional kinds of credentials are found in the middle of long lines.
#[test]
fn additional_kinds_found_in_long_lines() {
    let filler = "e.keys(t).map(t=>skip(t,'api'));".repeat(500);
    for (rule, sample) in samples() {
        // Some are known by the line that they begin.
        if !sample.contains('\n') {
            let text = format!("{filler} {sample} {filler}");
            assert!(ids(&text, "app.js").contains(&rule), "{rule}: {sample}");
        }
    }
}

/// Every additional rule searches only near its keywords.
#[test]
fn additional_rules_search_near_keywords() {
    let more = RULES.rules.iter().filter(|rule| {
        let text = include_str!("../more.toml");
        text.contains(&format!("id = \"{}\"", rule.id)) && rule.id != "slack-webhook-url"
    });
    let everywhere = more.filter(|rule| rule.matcher().reach == Reach::Everywhere);
    let everywhere: Vec<&str> = everywhere.map(|rule| rule.id.as_str()).collect();
    assert_eq!(everywhere, [""; 0]);
}

fn hex64() -> String {
    random(HEX, 64)
}

/// Texts that only look like credentials.
const ALIKE: [&str; 22] = [
    "fetch(`https://discord.com/api/webhooks/${id}/${token}`)",
    "client_secret: \"YOUR_CLIENT_SECRET_GOES_HERE_1\"",
    "clientSecret:\"client_secret_basic\"",
    "aws_secret_access_key = <your key>",
    "SECRET_KEY = os.environ['DJANGO_SECRET_KEY_OF_PRODUCTION']",
    "define('AUTH_KEY', 'put your unique phrase here');",
    "DB_PASSWORD: process.env.DB_PASSWORD",
    "client-key-data: REDACTED",
    "privateKey: await generate(32)",
    "s.startsWith('PuTTY-User-Key-File-') && s.includes('Private-Lines: ')",
    "s.replace(/(a)(b)/, '$1$2$5$6$')",
    "^\\$2[aby]\\$\\d\\d\\$",
    "https://example.org/?sv=2&sig=short",
    "TRUE\tFALSE\tTRUE\n1\t2\t3",
    "{\"auths\": {\"ghcr.example\": {}}}",
    "otpauth://totp/Example:alice@google.com?secret=JBSWY3DPEHPK3PXP&issuer=Example",
    "otpauth://totp/${label}?secret=${secret}&issuer=${issuer}",
    "secret_key_of_a_very_long_name_that_is_no_token_at_all",
    "module.js:5432:12:error:unexpected",
    "mysql -u robin -p hunt, or mysql --port=3306 --password=$PASS",
    "mysql -u root -pPASSWORD; mysql -pyourpass",
    "re_escaped_name_of_a_variable_with_parts",
];

/// Texts that only look like a credential are not reported.
#[test]
fn similar_texts_are_not_reported() {
    for text in ALIKE {
        assert_eq!(ids(text, "app.js"), [""; 0], "{text}");
    }
}

/// Random texts that are no credentials are not reported.
#[test]
fn random_texts_are_not_reported() {
    for text in [
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
            .replace("hooks.", "hooks-"),
        format!("secretKey: '{}'", random(HEX, 40)),
        format!("PublicKey = {}A=", random(ALNUM, 42)),
        format!("sha256 {}  pattern.{}", hex64(), hex64()),
        format!("{}-user", random(HEX, 32)),
        format!("postmark: see https://example.net/{}", uuid()),
        format!("ac{} b", random(HEX, 62)),
        format!("integrity=\"sha512-{}==\"", random(ALNUM, 86)),
        format!("url(data:font/woff2;base64,1//0{}", random(ALNUM, 400)).replace("1//0", "A1//0"),
    ] {
        assert_eq!(ids(&text, "app.js"), [""; 0], "{text}");
    }
}
