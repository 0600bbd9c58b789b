//! Broken policies, each refused with line, column, reason, and what to write instead.

use super::*;

/// A broken policy, and the expected report: place, message and advice.
struct Row {
    text: &'static [u8],
    /// For whom it's meant.
    clouds: &'static [Cloud],
    place: (usize, usize),
    message: &'static str,
    instead: &'static str,
}

const BOTH: &[Cloud] = &Cloud::ALL;
const GCS: &[Cloud] = &[Cloud::Gcs];
const S3: &[Cloud] = &[Cloud::S3];

const fn row(
    text: &'static str,
    clouds: &'static [Cloud],
    place: (usize, usize),
    message: &'static str,
    instead: &'static str,
) -> Row {
    Row {
        text: text.as_bytes(),
        clouds,
        place,
        message,
        instead,
    }
}

const fn bytes(
    text: &'static [u8],
    place: (usize, usize),
    message: &'static str,
    instead: &'static str,
) -> Row {
    Row {
        text,
        clouds: BOTH,
        place,
        message,
        instead,
    }
}

/// A policy of one rule, on one line, whose origins begin in column 13.
macro_rules! origins {
    ($origins:literal) => {
        concat!(r#"[{"origin": ["#, $origins, r#"], "method": ["GET"]}]"#)
    };
}

/// The same, whose methods begin in column 29.
macro_rules! methods {
    ($methods:literal) => {
        concat!(r#"[{"origin": ["*"], "method": ["#, $methods, r#"]}]"#)
    };
}

/// The same with something behind, which begins in column 38.
macro_rules! more {
    ($more:literal) => {
        concat!(r#"[{"origin": ["*"], "method": ["GET"], "#, $more, r#"}]"#)
    };
}

/// The same in S3's words, on the second line from column 58 on.
macro_rules! s3 {
    ($more:literal) => {
        concat!(
            "{\"CORSRules\": [\n",
            r#"{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "#,
            $more,
            r#"}]}"#
        )
    };
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Not JSON.
    row("", BOTH, (1, 1), "the file is empty", "write a list of rules"),
    row(" \n\n", BOTH, (1, 1), "the file is empty", "write a list of rules"),
    bytes(b"\xef\xbb\xbf[]", (1, 1), "byte order mark", "without one"),
    bytes(b"\xff\xfe[\0]\0", (1, 1), "the file is UTF-16", "UTF-8"),
    bytes(b"[\n \"\xe9t\xe9\"]", (2, 3), "invalid UTF-8", "save the file as UTF-8"),
    row("<!DOCTYPE html>\n<html><body>404</body></html>", BOTH, (1, 1), "this is HTML", "write a list"),
    row("\n<?xml version=\"1.0\"?>\n<CorsConfig><Cors/></CorsConfig>", BOTH, (2, 1), "this is XML, but policies must be JSON", "\"origin\""),
    row("[\n  {\"origin\": [\"*\"]\n   \"method\": [\"GET\"]}]", BOTH, (2, 19), "missing comma", "write `,`"),
    row("[{\"origin\": [\"https://a.org\"\n \"https://b.org\"]}]", BOTH, (1, 29), "missing comma", "write `,`"),
    row("[\n  {\"origin\": [\"*\",]}]", BOTH, (2, 18), "trailing comma after the last value", "remove the comma"),
    row("[{\"origin\": [\"*\"], \"method\": [\"GET\"]},\n]", BOTH, (1, 38), "trailing comma after the last value", "remove the comma"),
    row("[\n  // all of them\n  {}]", BOTH, (2, 3), "JSON does not allow comments", "remove the comment"),
    row("[{\"origin\": ['*']}]", BOTH, (1, 14), "single quotes", "double quotes"),
    row("[{origin: [\"*\"]}]", BOTH, (1, 3), "field name without quotes", "double quotes"),
    row("[{\"origin\" [\"*\"]}]", BOTH, (1, 12), "missing colon", "write `:`"),
    row("[{\"origin\": [\"*\"]}", BOTH, (1, 1), "the list that begins here isn't closed", "close it with `]`"),
    row("[{\"origin\": [\"*]}]", BOTH, (1, 14), "unterminated string", "close it"),
    row("[\n\u{a0}{\"origin\": [\"*\"]}]", BOTH, (2, 1), "unusual space", "a plain space"),
    row("[{\"origin\": [\"https://a.org\n\"]}]", BOTH, (1, 28), "unusual space", "or remove it"),
    row("[] []", BOTH, (1, 4), "text after the end of the policy", "remove it"),
    row(more!(r#""maxAgeSeconds": NaN"#), BOTH, (1, 56), "`NaN`", "3600"),
    row(more!(r#""maxAgeSeconds": 0x10"#), BOTH, (1, 56), "invalid JSON number", "3600"),
    // Not a policy.
    row("\"*\"", BOTH, (1, 1), "a policy must be a list of rules", "[{\"origin\""),
    row("{\"origin\": [\"*\"], \"method\": [\"GET\"]}", BOTH, (1, 1), "this is a single rule", "in brackets"),
    row("{\"cors\": []}", BOTH, (1, 1), "a policy must be a list of rules", "without the object around it"),
    row("{\"CORSRule\": []}", BOTH, (1, 1), "a policy must be a list of rules", "write `CORSRules`"),
    row("{\"CORSRules\": {}}", BOTH, (1, 15), "`CORSRules` must be a list of rules", "in brackets"),
    row("[[{\"origin\": [\"*\"]}]]", BOTH, (1, 2), "unexpected list in the list of rules", "remove its brackets"),
    row("[\"*\"]", BOTH, (1, 2), "a rule must be an object", "\"method\""),
    row("{\"CORSRules\": [], \"Version\": 1}", BOTH, (1, 19), "unknown field `Version`", "`CORSRules`"),
    // Fields.
    row("[{\"origins\": [\"*\"], \"method\": [\"GET\"]}]", BOTH, (1, 3), "unknown field `origins`", "write `origin`"),
    row(more!(r#""responseHeaders": ["ETag"]"#), BOTH, (1, 39), "unknown field `responseHeaders`", "write `responseHeader`"),
    row(more!(r#""allowedHeaders": ["ETag"]"#), BOTH, (1, 39), "unknown field `allowedHeaders`", "write `responseHeader`"),
    row(more!(r#""maxAge": 60"#), BOTH, (1, 39), "unknown field `maxAge`", "write `maxAgeSeconds`"),
    row(more!(r#""credentials": true"#), BOTH, (1, 39), "unknown field `credentials`", "remove it"),
    row(s3!(r#""ExposeHeader": ["ETag"]"#), S3, (2, 54), "unknown field `ExposeHeader`", "write `ExposeHeaders`"),
    row(more!(r#""method": ["HEAD"]"#), BOTH, (1, 39), "duplicate field `method`", "keep one"),
    row("[{\"method\": [\"GET\"]}]", BOTH, (1, 2), "this rule has no `origin`", "\"origin\": [\"https://"),
    row("[\n{\"origin\": [\"*\"]}]", BOTH, (2, 1), "this rule has no `method`", "[\"GET\", \"HEAD\"]"),
    row("[{\"origin\": [], \"method\": [\"GET\"]}]", BOTH, (1, 13), "`origin` is empty", "list what is allowed"),
    row("[{\"origin\": \"*\", \"method\": [\"GET\"]}]", BOTH, (1, 13), "`origin` must be a list", "write [\"*\"]"),
    row("[{\"origin\": null, \"method\": [\"GET\"]}]", BOTH, (1, 13), "`origin` must be a list of strings", "[\"…\", \"…\"]"),
    row(methods!(r#"["GET"]"#), BOTH, (1, 31), "unexpected list in `method`", "remove its brackets"),
    row(methods!("5"), BOTH, (1, 31), "`method` must be a list of strings", "in double quotes"),
    row(more!(r#""maxAgeSeconds": "3600""#), BOTH, (1, 56), "must be a number, not a string", "write 3600 without quotes"),
    row(more!(r#""maxAgeSeconds": "1 hour""#), BOTH, (1, 56), "must be a number of seconds", "3600"),
    row(more!(r#""maxAgeSeconds": -1"#), BOTH, (1, 56), "can't be negative", "whole seconds"),
    row(more!(r#""maxAgeSeconds": 0.5"#), BOTH, (1, 56), "must be a whole number", "whole seconds"),
    row(more!(r#""maxAgeSeconds": 4294967296"#), BOTH, (1, 56), "must be at most 2147483647", "3600"),
    row(s3!(r#""ID": 5"#), S3, (2, 60), "`ID` must be a string", "double quotes"),
    // Origins.
    row(origins!(r#""""#), BOTH, (1, 14), "empty origin", "https://hunt.example.org"),
    row(origins!(r#""hunt.example.org""#), BOTH, (1, 14), "has no scheme", "write \"https://hunt.example.org\""),
    row(origins!(r#""*", "https://hunt.example.org/""#), BOTH, (1, 19), "ends with a slash", "write \"https://hunt.example.org\""),
    row(origins!(r#""https://hunt.example.org/static""#), BOTH, (1, 14), "has a path", "write \"https://hunt.example.org\""),
    row(origins!(r#""https://Hunt.example.org""#), BOTH, (1, 14), "in lowercase", "write \"https://hunt.example.org\""),
    row(origins!(r#""HTTPS://hunt.example.org""#), BOTH, (1, 14), "in lowercase", "write \"https://hunt.example.org\""),
    row(origins!(r#""https://hunt.example.org:443""#), BOTH, (1, 14), "isn't in the form that browsers send", "write \"https://hunt.example.org\""),
    row(origins!(r#""https://münchen.example""#), BOTH, (1, 14), "isn't in the form that browsers send", "write \"https://xn--mnchen-3ya.example\""),
    row(origins!(r#""https://u:p@hunt.example.org""#), BOTH, (1, 14), "a user name or password", "write \"https://hunt.example.org\""),
    row(origins!(r#""https://a.org https://b.org""#), BOTH, (1, 14), "contains a space", "write \"https://a.org\", \"https://b.org\""),
    row(origins!(r#""https://a.org,https://b.org""#), BOTH, (1, 14), "several origins in one string", "write \"https://a.org\", \"https://b.org\""),
    row(origins!(r#""file:///home/me""#), BOTH, (1, 14), "begins with `file://`", "the page's"),
    row(origins!(r#""https://a.org:99999""#), BOTH, (1, 14), "isn't a valid origin", "https://hunt.example.org"),
    row(origins!(r#""NULL""#), BOTH, (1, 14), "in lowercase", "write \"null\""),
    row(origins!(r#""https://*.*.example.org""#), S3, (1, 14), "more than one `*`", "at most one"),
    row(origins!(r#""https://*.example.org""#), GCS, (1, 14), "accepts `*` alone", "list each origin"),
    row(origins!(r#""https://*.example.org/""#), S3, (1, 14), "ends with a slash", "write \"https://*.example.org\""),
    // Methods.
    row(methods!(r#""GET", "get""#), BOTH, (1, 38), "methods must be in uppercase", "write \"GET\""),
    row(methods!(r#""GTE""#), BOTH, (1, 31), "unknown method `GTE`", "write \"GET\""),
    row(methods!(r#""GET, HEAD""#), BOTH, (1, 31), "several methods in one string", "write \"GET\", \"HEAD\""),
    row(methods!(r#""GET", "TRACE""#), BOTH, (1, 38), "browsers don't let pages use `TRACE`", "remove it"),
    row(methods!(r#""GET", "OPTIONS""#), S3, (1, 38), "`OPTIONS` is the method of preflight requests", "remove it"),
    row(methods!(r#""*""#), S3, (1, 31), "S3 does not accept `*` as a method", "\"GET\", \"HEAD\""),
    row(methods!(r#""PATCH", "GET""#), S3, (1, 31), "S3 does not support the method `PATCH`", "remove it"),
    row(methods!(r#""HEAD""#), BOTH, (1, 31), "no rule allows `GET`", "add \"GET\""),
    // Headers.
    row(more!(r#""responseHeader": ["Content-Type: text/css"]"#), BOTH, (1, 58), "only header names belong in this list", "write \"Content-Type\""),
    row(more!(r#""responseHeader": ["ETag, Range"]"#), BOTH, (1, 58), "several headers in one string", "write \"ETag\", \"Range\""),
    row(more!(r#""responseHeader": ["Größe"]"#), BOTH, (1, 58), "isn't a valid header name", "letters, digits"),
    row(more!(r#""responseHeader": [" ETag"]"#), BOTH, (1, 58), "leading or trailing spaces", "write \"ETag\""),
    row(more!(r#""responseHeader": ["*"]"#), S3, (1, 58), "S3 does not accept `*` in the list of exposed headers", "list each header"),
    row(more!(r#""responseHeader": ["x-goog-*"]"#), GCS, (1, 58), "does not document `*` in header names", "list each header"),
    row(s3!(r#""AllowedHeaders": ["x-*-*"]"#), S3, (2, 73), "more than one `*`", "at most one"),
    row(s3!(r#""ExposeHeaders": ["x-*"]"#), S3, (2, 72), "S3 does not accept `*` in the list of exposed headers", "list each header"),
    // Rules among themselves.
    row("[{\"origin\": [\"*\"], \"method\": [\"GET\"]},\n {\"origin\": [\"https://a.org\"], \"method\": [\"GET\"]}]", BOTH, (2, 2), "this rule is never used", "put narrower rules first"),
    row("[{\"origin\": [\"*\"], \"method\": [\"GET\"]},\n {\"origin\": [\"*\"], \"method\": [\"GET\"], \"responseHeader\": [\"Range\"]}]", GCS, (2, 2), "never used: earlier rules match all its requests on Google", "put narrower rules first"),
];

/// Each invalid policy is refused with line, column and reason.
#[test]
fn invalid_policies_are_refused_with_place() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let checked = check(row.text, row.clouds);
        let errors: Vec<&Finding> = checked
            .findings
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .collect();
        let is_it = |found: &&&Finding| {
            (found.line, found.column) == row.place
                && found.message.contains(row.message)
                && found.instead.contains(row.instead)
        };
        if errors.iter().find(is_it).is_none() {
            let text = String::from_utf8_lossy(row.text);
            wrong.push(format!(
                "{text}\n  wanted {:?} {} … {}\n  found {errors:#?}",
                row.place, row.message, row.instead
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A fault that only one cloud refuses is an error only for that cloud.
#[test]
fn cloud_specific_errors_depend_on_target() {
    let severities = |clouds: &[Cloud]| -> Vec<Severity> {
        let text = origins!(r#""https://*.example.org""#);
        let found = check(text.as_bytes(), clouds).findings;
        let found = found
            .into_iter()
            .filter(|found| found.message.contains("alone"));
        found.map(|found| found.severity).collect()
    };
    assert_eq!(severities(GCS), [Severity::Error]);
    assert_eq!(severities(S3), []);
    assert_eq!(severities(BOTH), [Severity::Error]);
    assert_eq!(severities(&[]), [Severity::Warning]);
}

/// A policy that works but is unwise is reported as a warning at its place.
#[test]
fn unwise_policies_warn_with_place() {
    #[rustfmt::skip]
    let rows = [
        (origins!(r#""http://hunt.example.org""#), (1, 14), "is unencrypted"),
        (origins!(r#""null""#), (1, 14), "any sandboxed page"),
        (origins!(r#""https://*example.org""#), (1, 14), "hosts of strangers"),
        (origins!(r#""https://hunt.*""#), (1, 14), "hosts of strangers"),
        (origins!(r#""http://*.example.org""#), (1, 14), "unencrypted pages"),
        (origins!(r#""https://*.example.org""#), (1, 14), "send cookies"),
        (origins!(r#""*", "https://a.org""#), (1, 19), "has no effect"),
        (origins!(r#""https://a.org", "https://a.org""#), (1, 31), "is listed twice"),
        (methods!(r#""GET", "PUT""#), (1, 38), "write to the bucket"),
        (more!(r#""maxAgeSeconds": 864000"#), (1, 56), "more than a day"),
        (more!(r#""responseHeader": ["Access-Control-Allow-Origin"]"#), (1, 58), "the storage service sends"),
        (more!(r#""responseHeader": ["Set-Cookie"]"#), (1, 58), "access `Set-Cookie`"),
        (more!(r#""responseHeader": ["Content-Range"]"#), (1, 2), "can't request a range"),
        (more!(r#""responseHeader": ["Range"]"#), (1, 2), "can't see which range"),
        (origins!(r#""*""#), (1, 2), "every 5 seconds"),
        ("[]", (1, 1), "removes the bucket's policy"),
        ("[{\"origin\": [\"*\"], \"method\": [\"GET\"]}, {\"origin\": [\"*\"], \"method\": [\"PUT\"]}]", (1, 40), "only an origin's first rule"),
    ];
    for (text, place, message) in rows {
        let found = check(text.as_bytes(), S3).findings;
        let is_it = |found: &&Finding| {
            (found.line, found.column) == place && found.message.contains(message)
        };
        let it = found.iter().find(is_it);
        assert_eq!(
            it.map(|it| it.severity),
            Some(Severity::Warning),
            "{text}: {message}\n{found:#?}"
        );
    }
    let fine =
        origins!(r#""http://localhost:8000", "chrome-extension://abcdef", "http://[::1]:80000""#);
    let found = check(fine.as_bytes(), BOTH).findings;
    let places: Vec<usize> = found
        .iter()
        .map(|found| found.column)
        .filter(|column| *column > 2)
        .collect();
    assert_eq!(
        places,
        [68],
        "only the last, whose port is too high: {found:#?}"
    );
}

#[test]
fn s3s_limits_are_known() {
    let rule = |n: usize| {
        format!(r#"{{"AllowedOrigins": ["https://{n}.org"], "AllowedMethods": ["GET"]}}"#)
    };
    let rules = |n: usize| (0..n).map(rule).collect::<Vec<_>>().join(",\n");
    let errors = |text: &str| -> Vec<Finding> {
        let found = check(text.as_bytes(), &[]).findings;
        found
            .into_iter()
            .filter(|found| found.severity == Severity::Error)
            .collect()
    };
    assert_eq!(errors(&format!("[{}]", rules(100))), []);
    let many = errors(&format!("[{}]", rules(101)));
    assert_eq!((many[0].line, many[0].column), (101, 1));
    assert!(many[0].message.contains("101 rules: S3 allows at most 100"));

    let long = "x".repeat(256);
    let named =
        format!(r#"[{{"ID": "{long}", "AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}}]"#);
    assert!(errors(&named)[0].message.contains("256 characters"));
    let origins: Vec<String> = (0..2000)
        .map(|n| format!("\"https://site-{n}.example.org\""))
        .collect();
    let large = format!(
        r#"[{{"AllowedOrigins": [{}], "AllowedMethods": ["GET"]}}]"#,
        origins.join(", ")
    );
    assert!(
        errors(&large)[0]
            .message
            .contains("S3 allows at most 65536")
    );
}

#[test]
fn depth_is_no_danger() {
    let deep = "[".repeat(100_000);
    let checked = check(deep.as_bytes(), BOTH);
    assert!(checked.findings[0].message.contains("nested too deeply"));
}
