//! Tests: languages of files.

use super::*;

/// Types, extensions and the language that they tell.
const LANGUAGES: [(&str, &str, Option<Language>); 12] = [
    (
        "application/vnd.apple.mpegurl; charset=utf-8",
        "m3u8",
        Some(Language::Playlist),
    ),
    ("application/x-mpegURL", "m3u8", Some(Language::Playlist)),
    ("audio/mpegurl", "m3u", Some(Language::Playlist)),
    (
        "application/dash+xml",
        "mpd",
        Some(Language::Xml(xml::Dialect::Dash)),
    ),
    (
        "application/rss+xml",
        "rss",
        Some(Language::Xml(xml::Dialect::Other)),
    ),
    ("text/vtt", "vtt", Some(Language::Vtt)),
    ("model/gltf+json", "gltf", Some(Language::Gltf)),
    ("model/obj", "obj", Some(Language::Obj)),
    ("model/mtl", "mtl", Some(Language::Mtl)),
    ("model/gltf-binary", "glb", Some(Language::Glb)),
    ("application/ld+json", "jsonld", Some(Language::Json)),
    ("text/plain", "txt", None),
];

/// The type of a file decides its language.
#[test]
fn content_type_decides_language() {
    let extra = Extra {
        pointers: vec!["/a".to_string()],
        ..Extra::default()
    };
    for (content_type, extension, expected) in LANGUAGES {
        let language = Language::of(content_type, Some(extension), &extra);
        assert_eq!(language, expected, "{content_type}");
    }
}
