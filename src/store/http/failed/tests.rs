//! The time that a server asks for.

use super::*;

/// `Retry-After` is a number of seconds or a date.
#[test]
fn retry_after_is_seconds_or_date() {
    let after = |text: &str| {
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().expect("a value"))]);
        retry_after(&headers, SystemTime::UNIX_EPOCH)
    };
    assert_eq!(after("7"), Some(Duration::from_secs(7)));
    assert_eq!(
        after("Thu, 01 Jan 1970 00:01:00 GMT"),
        Some(Duration::from_secs(60))
    );
    assert_eq!(after("soon"), None);
}
