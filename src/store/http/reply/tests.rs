//! Tests of answers as text: cut, packed, or similar to an error.

use super::*;

/// An S3 error is told apart from a document that contains one.
#[test]
fn only_root_error_is_an_error() {
    for (body, is) in [
        ("<Error><Code>SlowDown</Code></Error>", true),
        (
            "\u{feff}<?xml version=\"1.0\"?>\n <Error><Code>x</Code></Error>",
            true,
        ),
        ("<CopyObjectResult><ETag>x</ETag></CopyObjectResult>", false),
        ("<p>It says <Error><Code>SlowDown</Code></Error></p>", false),
        ("<?xml never ends", false),
        ("", false),
    ] {
        assert_eq!(is_error_document(body.as_bytes()), is, "{body}");
    }
}

/// An answer that is shown in part says that it was cut.
#[test]
fn truncated_answers_say_so() {
    let reply = |body: &str, cut_bytes| Reply {
        is_second_answer: false,
        status: StatusCode::FORBIDDEN,
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_string()),
        cut_bytes,
    };
    let long = "ä".repeat(WORDS_MAX + 1);
    assert_eq!(in_words(&reply("no", None)), "403 Forbidden: no");
    assert!(in_words(&reply(&long, None)).ends_with("ää …"));
    let said = in_words(&reply(&long, Some(ERROR_BYTES_MAX)));
    assert!(said.ends_with("ä … (… cut after 64 KiB)"), "{said}");
}

/// A gzipped error is unpacked up to a limit.
#[test]
fn gzipped_error_is_unpacked_within_limit() {
    let gzip = HeaderMap::from_iter([(header::CONTENT_ENCODING, "gzip".parse().expect("ok"))]);
    let pack = |bytes: &[u8]| Bytes::from(crate::base::encode::gzip_always(bytes, 9));
    let words = b"<Error><Code>AccessDenied</Code></Error>";
    assert_eq!(unpacked(&gzip, pack(words)), words.as_slice());
    let bomb = pack(&vec![b' '; 8 << 20]);
    assert_eq!(unpacked(&gzip, bomb).len(), ERROR_BYTES_MAX);
    assert_eq!(unpacked(&gzip, Bytes::from_static(b"plain")), "plain");
    assert_eq!(unpacked(&HeaderMap::new(), pack(words)), pack(words));
}
