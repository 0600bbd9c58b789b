//! Vectors of independent programs, and what keys look like.

use super::*;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/names/v1.json"))
        .expect("the fixture is JSON")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a string")
}

fn hex(value: &Value, field: &str) -> Vec<u8> {
    HEXLOWER.decode(text(value, field).as_bytes()).expect("hex")
}

/// Names match all vectors of an independent implementation.
#[test]
fn names_match_independent_vectors() {
    let vectors = vectors();
    let secret = Secret::new(&hex(&vectors, "secret_hex")).expect("long enough");
    assert_eq!(secret.id().to_string(), text(&vectors, "key_id"));
    let names = vectors["names"].as_array().expect("a list");
    assert_eq!(names.len(), 7);
    for vector in names {
        let headers = Headers {
            content_type: text(vector, "content_type").into(),
            cache_control: text(vector, "cache_control").into(),
            encoding: serde_json::from_value(vector["encoding"].clone()).expect("a policy"),
            further: serde_json::from_value::<Vec<(String, String)>>(vector["further"].clone())
                .expect("pairs")
                .into_iter()
                .collect(),
        };
        let path = LogicalPath::parse(text(vector, "path")).expect("valid");
        let content = blake3::hash(&hex(vector, "content_hex"));
        let token = token(&secret, &path, &content, &headers);
        assert_eq!(token.to_string(), text(vector, "token"), "{path}");
        assert_eq!(Token::parse(text(vector, "token")), Some(token));
    }
}

#[test]
fn the_palindrome_vectors_hold() {
    let vectors = vectors();
    let palindrome = &vectors["palindrome_2022"];
    for vector in palindrome["vectors"].as_array().expect("a list") {
        let folder = palindrome_digest(
            text(palindrome, "secret").as_bytes(),
            text(vector, "kind"),
            text(vector, "url"),
            text(vector, "variant"),
        );
        assert_eq!(folder, text(vector, "dir"));
    }
}

#[test]
fn each_style_makes_its_own_key() {
    let secret = Secret::new(&[7; 32]).expect("long enough");
    let token = Token([0; 16]);
    let zeros = "a".repeat(26);
    let key = |style, path: &str| {
        let path = LogicalPath::parse(path).expect("valid");
        object_key(style, &secret, &path, path.extension().as_deref(), token).map(|k| k.to_string())
    };
    assert_eq!(
        key(NameStyle::Opaque, "img/Map.PNG"),
        Ok(format!("{zeros}.png"))
    );
    assert_eq!(key(NameStyle::Opaque, "img/map"), Ok(zeros.clone()));
    assert_eq!(
        key(NameStyle::Readable, "img/a.b.png"),
        Ok(format!("img/a.b.{zeros}.png"))
    );
    assert_eq!(
        key(NameStyle::Plain, "img/Map.PNG"),
        Ok("img/Map.PNG".into())
    );
    let solution = palindrome_2022_folder(&secret, "puzzle", "gears", "solution");
    let puzzle = palindrome_2022_folder(&secret, "puzzle", "gears", "puzzle");
    assert_eq!(
        key(NameStyle::Palindrome2022, "puzzle/gears/solution/a/b.png"),
        Ok(format!("{solution}/a/b.png"))
    );
    assert_eq!(
        key(NameStyle::Palindrome2022, "puzzle/gears/a/b.png"),
        Ok(format!("{puzzle}/a/b.png"))
    );
    for refused in ["team/gears/a.png", "puzzle/gears", "a.png"] {
        assert_eq!(
            key(NameStyle::Palindrome2022, refused),
            Err(BadStyle::Palindrome),
            "{refused}"
        );
    }
}

/// A name that makes the object key too long is refused.
#[test]
fn overlong_object_key_is_refused() {
    let secret = Secret::new(&[7; 32]).expect("long enough");
    let path = LogicalPath::parse(&format!("{}.png", "a".repeat(1000))).expect("valid");
    assert_eq!(
        object_key(
            NameStyle::Readable,
            &secret,
            &path,
            Some("png"),
            Token([0; 16])
        ),
        Err(BadStyle::Key(BadName::TooLong))
    );
}

#[test]
fn the_secret_is_never_printed() {
    let secret = Secret::new(b"correct horse battery staple, and more").expect("long enough");
    assert!(!format!("{secret:?}").contains("horse"));
    let error = Secret::new(b"hunter2").expect_err("too short").to_string();
    assert!(
        error.contains("7 bytes") && !error.contains("hunter2"),
        "{error}"
    );
}
