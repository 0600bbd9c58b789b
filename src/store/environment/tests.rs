//! Tests of variables' values as people write them.

use super::*;

/// A value from the environment is trimmed, or rejected if it cannot be used.
#[test]
fn value_is_trimmed_or_rejected() {
    let checked = |value: &str| checked("NAME", value.into());
    for (value, used) in [
        ("abc", Some("abc")),
        (" a b\r\n", Some("a b")),
        ("", None),
        ("\n", None),
    ] {
        assert_eq!(checked(value), Ok(used.map(str::to_string)));
    }
    for (value, flaw) in [
        ("a\nb", Flaw::LineBreak),
        ("a\rb", Flaw::LineBreak),
        ("a\u{1b}b", Flaw::ControlCharacter),
    ] {
        let bad = checked(value).expect_err("it can't be used");
        assert_eq!(bad, Unusable::new("NAME", flaw));
    }
}

/// Only addresses that requests can go through are accepted as a proxy.
#[test]
fn only_usable_proxies_are_accepted() {
    for proxy in [
        "http://u:p@proxy:3128",
        "https://proxy",
        "proxy:3128",
        "127.0.0.1:1",
    ] {
        assert!(is_proxy(proxy), "{proxy}");
    }
    for none in [
        "socks5://proxy:1",
        "ftp://proxy",
        "::::",
        "https://[",
        "/x",
        "http://h:99999",
        "127.0.0.1:99999",
        "http://u:p@:3128",
        "http://:3128",
        "http://h:x",
        "http://proxy:1\n",
    ] {
        assert!(!is_proxy(none), "{none}");
    }
}
