//! Tests of answers as text: cut, packed, or similar to an error.

use super::*;

#[test]
fn an_error_of_s3_is_told_from_a_document_that_contains_one() {
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

#[test]
fn what_is_cut_of_an_answer_is_said() {
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

#[test]
fn an_error_in_gzip_is_read_and_a_bomb_is_not() {
    let gzip = HeaderMap::from_iter([(header::CONTENT_ENCODING, "gzip".parse().expect("ok"))]);
    let pack = |bytes: &[u8]| Bytes::from(crate::base::encode::gzip_always(bytes, 9));
    let words = b"<Error><Code>AccessDenied</Code></Error>";
    assert_eq!(unpacked(&gzip, pack(words)), words.as_slice());
    let bomb = pack(&vec![b' '; 8 << 20]);
    assert_eq!(unpacked(&gzip, bomb).len(), ERROR_BYTES_MAX);
    assert_eq!(unpacked(&gzip, Bytes::from_static(b"plain")), "plain");
    assert_eq!(unpacked(&HeaderMap::new(), pack(words)), pack(words));
}
