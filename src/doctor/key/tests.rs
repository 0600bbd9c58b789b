//! Keys that can be guessed, and messages that give nothing of a key away.

use super::*;

fn judged(key: &str) -> Finding {
    let secret = Secret::new(key.as_bytes()).expect("long enough");
    let target = super::super::settings::tests::target();
    judge(&secret, &Fix::of(&target, Server::Ceph))
}

/// Guessable keys fail the check, and strong keys pass it.
#[test]
fn guessable_keys_fail_strong_keys_pass() {
    let verdict = |key: &str| judged(key).verdict;
    for weak in [
        &"a".repeat(64),
        &"changeme".repeat(8),
        &"0123456789abcdef".repeat(3),
        "00000000000000000000000000000000000000000000000000000000000000ff",
    ] {
        assert_eq!(verdict(weak), Verdict::Failed, "{weak}");
    }
    for good in [
        "an example secret, of more than thirty-two bytes",
        "3f786850e387550fdab836ed7e6dc881de23001b9c0a5b6d7c3d2a9e5f1b4c8a",
        "django-insecure-k2#9v!x0(q8w_m5^z7r&t1y@u3i$o6p+a4s=d",
    ] {
        assert_eq!(verdict(good), Verdict::Passed, "{good}");
    }
}

#[test]
fn nothing_of_the_key_is_told() {
    let key = "an example secret, of more than thirty-two bytes";
    let finding = judged(key);
    assert!(!format!("{finding:?}").contains("example"), "{finding:?}");
}
