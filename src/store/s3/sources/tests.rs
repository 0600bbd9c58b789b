//! Profiles with single sign-on, and answers as they are shown.

use super::*;

fn profile(settings: &[(&str, &str)], session: &[(&str, &str)]) -> Profile {
    let all = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        pairs.map(|(a, b)| (a.to_string(), b.to_string())).collect()
    };
    Profile {
        name: "hunt".to_string(),
        settings: all(settings),
        sso_session: all(session),
    }
}

/// Single sign-on is recognised by its start URL or its session.
#[test]
fn sso_needs_url_or_session() {
    let role = [("sso_account_id", "1"), ("sso_role_name", "Deploy")];
    let old = [
        &role[..],
        &[("sso_start_url", "https://x"), ("sso_region", "eu")],
    ]
    .concat();
    let old = Sso::of(&profile(&old, &[])).expect("it's set up");
    assert_eq!(
        (old.token.as_str(), old.region.as_str()),
        ("https://x", "eu")
    );
    let new = [&role[..], &[("sso_session", "team")]].concat();
    let session = [("sso_start_url", "https://x"), ("sso_region", "eu")];
    let new = Sso::of(&profile(&new, &session)).expect("it's set up");
    assert_eq!((new.token.as_str(), new.region.as_str()), ("team", "eu"));
    assert_eq!(Sso::of(&profile(&[("region", "eu")], &[])), None);
}

/// A shown error is shortened and contains no values and no keys.
#[test]
fn shown_error_hides_values() {
    let serde = "failed to parse: invalid type: string \"wJalrXUtnFEMI\", expected i64";
    assert_eq!(
        shown(serde),
        "failed to parse: invalid type: string …, expected i64"
    );
    let long = "x".repeat(1_000);
    assert_eq!(shown(&long).chars().count(), SHOWN_CHARACTERS_MAX + 1);
    assert_eq!(shown("a\n  b\u{1b}[2J"), "a b\\u{1b}[2J");
    let key = ["AKIA", "Q3EGMVC2RTWZ5HXK"].concat();
    assert!(!shown(&format!("cannot use {key}")).contains(&key));
}
