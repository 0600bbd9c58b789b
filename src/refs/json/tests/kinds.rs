//! Tests: manifests, scenes and source maps.

use super::*;

/// A web manifest refers to icons and file handlers but not to its site's URLs.
#[test]
fn web_manifest_lists_icons_and_handlers() {
    let text = r#"{"start_url":"/?x","scope":"/","id":"app","share_target":{"action":"/share"},
        "icons":[{"src":"i/192.png","sizes":"192x192"},{"src":"i\/512.png"}],"screenshots":[{"src":"s.png"}],
        "shortcuts":[{"url":"/new","icons":[{"src":"n.png"}]}],"related":{"logo":"l.png"},
        "file_handlers":[{"action":"open.html?x","icons":[{"src":"f.png"}]}]}"#;
    let urls = |extra: &Extra| {
        let references = web_manifest(text, extra).references.into_iter();
        references.map(|r| r.url).collect::<Vec<_>>()
    };
    let extra = Extra {
        pointers: pointers(&["/related/logo"]),
        ..Extra::default()
    };
    let pictures = ["i/192.png", "i/512.png", "s.png", "n.png"];
    let behind = ["open.html?x", "f.png"];
    assert_eq!(urls(&Extra::default()), [&pictures[..], &behind].concat());
    assert_eq!(urls(&extra), [&pictures[..], &["l.png"], &behind].concat());
}

#[test]
fn a_scene_has_buffers_and_pictures() {
    let text = r#"{"asset":{"version":"2.0","uri":"no.bin"},
        "buffers":[{"uri":"a%20b.bin","byteLength":4},{"byteLength":4},{"uri":"data:application/octet-stream;base64,AA"}],
        "images":[{"uri":"i\/c.png?v"},{"bufferView":0}],"shaders":{"x":{"uri":"d.glsl"}},"nodes":[{"uri":"no.png"}],
        "extensions":{"KHR_audio":{"audio":[{"uri":"e.mp3"}],"uri":"no.mp3"},
        "EXT_structural_metadata":{"schemaUri":"f.json"}},"extras":{"g":"h.png"}}"#;
    let src = |found: Found| -> Vec<String> {
        assert_eq!(found.faults, []);
        found.references.into_iter().map(|r| r.url).collect()
    };
    let extra = Extra {
        pointers: pointers(&["/extras/g"]),
        ..Extra::default()
    };
    let own = ["a%20b.bin", "i/c.png?v", "d.glsl", "e.mp3", "f.json"];
    assert_eq!(src(gltf(text, &Extra::default())), own);
    assert_eq!(src(gltf(text, &extra)), [&own[..], &["h.png"]].concat());
    let check = |text| round_trip::check(text, |text| gltf(text, &Extra::default()));
    assert_eq!(check(text), Ok(()));
}

const SOURCE_MAPS: &[(&str, &str, &[&str])] = &[
    (
        "plain",
        r#"{"version":3,"sources":["a.ts","../b.ts",null],"mappings":"AAAA"}"#,
        &["a.ts", "../b.ts"],
    ),
    (
        "an empty root",
        r#"{"sourceRoot":"","sources":["a.ts"]}"#,
        &["a.ts"],
    ),
    (
        "no root",
        r#"{"sourceRoot":null,"sources":["a.ts"]}"#,
        &["a.ts"],
    ),
    (
        "a root before",
        r#"{"sourceRoot":"src/","sources":["a.ts"]}"#,
        &[],
    ),
    (
        "a root behind",
        r#"{"sources":["a.ts"],"sourceRoot":"src/"}"#,
        &[],
    ),
    (
        "sections",
        r#"{"sections":[{"map":{"sources":["a"]}},{"map":{"sources":["b"]}}]}"#,
        &["a", "b"],
    ),
    (
        "a root in a section",
        r#"{"sections":[{"map":{"sources":["a"],"sourceRoot":"r"}}]}"#,
        &[],
    ),
    ("a guard line", ")]}'\n{\"sources\":[\"a.ts\"]}", &["a.ts"]),
    (
        "a guard line with more on it",
        ")]}',x\r\n{\"sources\":[\"a.ts\"]}",
        &["a.ts"],
    ),
    (
        "a mark and a guard",
        "\u{feff})]}'\n{\"sources\":[\"a.ts\"]}",
        &["a.ts"],
    ),
    (
        "a placeholder quoted",
        r#"{"sources":["a"],"sourcesContent":["x = '$$ASSETS(*.png)$$'"]}"#,
        &["a"],
    ),
];

#[test]
fn a_source_map_has_sources() {
    for (name, text, expected) in SOURCE_MAPS {
        let found = source_map(text);
        assert!(
            found.faults.is_empty() && found.placeholders.is_empty(),
            "{name}: {found:?}"
        );
        let is_exact = |r: &Reference| r.kind == Kind::MapSource && text[r.span.clone()] == r.url;
        assert!(found.references.iter().all(is_exact), "{name}");
        let urls: Vec<&str> = found.references.iter().map(|r| r.url.as_str()).collect();
        assert_eq!(urls, *expected, "{name}");
    }
}
