//! Points in time, in seconds since 1970, and how storages write them.

use std::time::{SystemTime, UNIX_EPOCH};

pub fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is past 1970").as_secs()
}

/// Counts days from 1 March 0000, in eras of 400 years, so that leap days come last.
pub fn rfc3339(time_s: u64) -> String {
    let day = time_s / 86_400 + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day + 2) / 153;
    let day = day - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12 + 1;
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (time_s / 3600 % 24, time_s / 60 % 60, time_s % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// `20260131T235959Z`, as signatures have it.
pub fn parse_basic(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (date.len(), time.len()) != (8, 6) || !is_digits(date) || !is_digits(time) {
        return None;
    }
    let number = |text: &str| text.parse::<u64>().ok();
    let (year, month, day) = (
        number(&date[..4])?,
        number(&date[4..6])?,
        number(&date[6..])?,
    );
    let (hour, minute, second) = (
        number(&time[..2])?,
        number(&time[2..4])?,
        number(&time[4..])?,
    );
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // As above: a year begins in March.
    let (year, march_month) = (year - u64::from(month <= 2), (month + 9) % 12);
    let days = 365 * year + year / 4 - year / 100 + year / 400;
    let day = days + (153 * march_month + 2) / 5 + day - 1 - 719_468;
    Some(day * 86_400 + hour * 3600 + minute * 60 + second)
}
