//! Tests of variables' values as people write them.

use super::*;

#[test]
fn a_value_is_used_without_what_is_around_it_or_not_at_all() {
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

#[test]
fn proxies_are_those_that_requests_can_go_through() {
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
