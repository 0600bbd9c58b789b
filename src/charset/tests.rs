//! Charsets as browsers find them, and places of texts in the files that they were read from.

use super::*;
use proptest::prelude::*;

const HTML: &str = "text/html; charset=utf-8";

fn known(content: &[u8], content_type: &str) -> (String, By) {
    let known = Known::of(content, content_type, "", TypeBy::Name);
    (known.name(), known.by)
}

fn is(name: &str, by: By) -> (String, By) {
    (name.to_string(), by)
}

fn of_pages(encoding: &'static Encoding) -> Known {
    Known {
        charset: Some(Charset(encoding)),
        by: By::Nobody,
        said: None,
    }
}

/// The charset of a page is read from its meta element, wherever that is.
#[test]
fn charset_is_read_from_meta() {
    for meta in [
        "<meta charset=iso-8859-1>",
        "<META CHARSET = ' latin1 '>",
        "<meta http-equiv=Content-Type content='text/html; charset=ISO-8859-1'>",
        "<meta content='text/html; CHARSET = \"iso-8859-1\"' http-equiv=content-type>",
        "<!-- <meta charset=utf-8> --><meta charset=windows-1252>",
    ] {
        let page = [meta.as_bytes(), b"caf\xe9"].concat();
        assert_eq!(known(&page, HTML), is("windows-1252", By::Text), "{meta}");
        let late = [&b"<p>caf\xe9".repeat(500)[..], meta.as_bytes()].concat();
        assert_eq!(known(&late, HTML), is("windows-1252", By::Text), "{meta}");
    }
    let japanese = b"<meta charset=shift_jis>\x93\xfa";
    assert_eq!(known(japanese, HTML), is("shift_jis", By::Text));
    let utf_16 = b"<meta charset=utf-16>\xc3\xa9";
    assert_eq!(known(utf_16, HTML), is("utf-8", By::Text), "it can't be");
    assert_eq!(known(b"<p>caf\xe9", HTML), is("windows-1252", By::Nobody));
    assert_eq!(known("<p>café".as_bytes(), HTML), is("utf-8", By::Nobody));
    let ascii = b"<meta charset=iso-8859-1>cafe";
    assert_eq!(known(ascii, HTML), is("utf-8", By::Nobody), "no difference");
}

/// Styles and XML declare their charset in their own ways.
#[test]
fn css_and_xml_declare_their_charset() {
    let css = b"@charset \"iso-8859-1\";p{content:'\xe9'}";
    assert_eq!(known(css, "text/css"), is("windows-1252", By::Text));
    let not_first = b" @charset \"koi8-r\";p{content:'\xe9'}";
    assert_eq!(known(not_first, "text/css"), is("windows-1252", By::Nobody));
    let xml = b"<?xml version='1.0' encoding = 'ISO-8859-2'?><r>\xe9</r>";
    assert_eq!(known(xml, "image/svg+xml"), is("iso-8859-2", By::Text));
    assert_eq!(known(b"<r>\xe9</r>", "text/xml"), is("utf-8", By::Format));
    assert_eq!(
        known(b"\"\xe9\"", "application/json"),
        is("utf-8", By::Format)
    );
}

/// A byte order mark outranks a rule, and a rule outranks the text.
#[test]
fn bom_beats_rule_beats_text() {
    let by_rule = |content: &[u8]| {
        let known = Known::of(content, "text/html; charset=koi8-r", "", TypeBy::Rule);
        (known.name(), known.by)
    };
    let page = b"<meta charset=iso-8859-1>\xe9";
    assert_eq!(by_rule(page), is("koi8-r", By::Rule));
    assert_eq!(by_rule(b"\xff\xfe\xe9\0"), is("utf-16le", By::Mark));
    assert_eq!(by_rule(b"\xef\xbb\xbf\xe9"), is("utf-8", By::Mark));
}

/// A place in the decoded text maps to a place in the file.
#[test]
fn decoded_places_map_to_file() {
    let text = "a=“日本é”;";
    for label in [
        "shift_jis",
        "utf-16le",
        "utf-16be",
        "gb18030",
        "iso-2022-jp",
        "big5",
    ] {
        let encoding = Encoding::for_label(label.as_bytes()).expect("known");
        // encoding_rs writes UTF-8 where a charset is UTF-16, as browsers do in forms.
        let encode = |text: &str| match Charset(encoding) {
            charset if charset.is_utf_16() => charset.encode(text),
            Charset(other) => other.encode(text).0.into_owned(),
        };
        let text = match label {
            "shift_jis" | "iso-2022-jp" | "big5" => "a=日本;\"x\"",
            _ => text,
        };
        let content = encode(text);
        let read = of_pages(encoding).read(&content).expect("valid");
        assert_eq!(read.text(), text, "{label}");
        assert_eq!(read.source(text.len()), content.len(), "{label}");
        let at = text.find(';').expect("there");
        let from = read.source(at + 1);
        assert_eq!(content[from..], encode(&text[at + 1..]), "{label}");
    }
}

/// Bytes that are invalid in the charset are reported with their offset.
#[test]
fn invalid_bytes_are_located() {
    let utf_8 = Known {
        by: By::Text,
        ..Known::UTF_8
    };
    assert_eq!(utf_8.read(b"caf\xe9!").map(|_| ()), Err(3));
    let sjis = of_pages(encoding_rs::SHIFT_JIS);
    assert_eq!(sjis.read(b"ab\x93\xfa\xff\xff").map(|_| ()), Err(4));
    assert_eq!(sjis.read(b"ab\x93").map(|_| ()), Err(2), "cut off");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(content: Vec<u8>, kind in 0..5usize, which in 0..7usize) {
        let types = ["text/html", "text/css", "text/xml", "text/plain", "application/json"];
        let starts: [&[u8]; 7] = [b"", b"\xff\xfe", b"\xfe\xff", b"<meta charset=gbk>", b"@charset \"euc-kr\";", b"<?xml encoding='big5'?>", b"\x1b$B"];
        let content = [starts[which], &content].concat();
        let known = Known::of(&content, types[kind], "", TypeBy::Name);
        if let Ok(text) = known.read(&content) {
            let ends = text.text().char_indices().map(|(at, _)| text.source(at));
            let ends: Vec<usize> = ends.collect();
            prop_assert!(ends.is_sorted());
            prop_assert!(ends.iter().all(|at| *at <= content.len()));
        }
    }
}
