//! Schemas of the book: each has a document, and each document has a schema. That the documents
//! follow them is checked whenever a story runs a command (`support::schemas`).

use std::fs;

use serde_json::{Value, json};

use super::house::source;
use crate::support::Site;
use crate::support::schemas::{against, all, folder, mistakes};

const PAGE: &str = include_str!("../../docs/src/reference/json.md");

#[test]
fn the_book_links_every_schema() {
    for name in all().keys() {
        assert!(
            PAGE.contains(&format!("(../schemas/{name}.json)")),
            "{name}"
        );
    }
    assert!(all().len() > 15);
}

/// Names in JSON of the variants of an enum in a file of `src`.
fn names_of(name: &str, file: &str) -> Vec<String> {
    let text = fs::read_to_string(source().join(file)).expect("src is readable");
    let file = syn::parse_file(&text).expect("the compiler reads it, too");
    let variants = file.items.into_iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == name => Some(item.variants),
        _ => None,
    });
    let variants = variants.expect("it's there").into_iter();
    variants
        .map(|variant| with_hyphens(&variant.ident.to_string()))
        .collect()
}

fn with_hyphens(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// Programs find each word that they may decide by in the book.
#[test]
fn book_lists_guards_and_kinds() {
    for (title, name, file) in [
        ("Kinds of errors", "ErrorKind", "base/error.rs"),
        ("Guards", "Guard", "base/refusal.rs"),
    ] {
        let section = PAGE.split_once(&format!("\n## {title}\n"));
        let section = section.expect("it's in the book").1;
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let listed: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        assert_eq!(listed, names_of(name, file));
    }
}

#[test]
fn a_schema_allows_more_fields_later() {
    for entry in fs::read_dir(folder()).expect("a folder") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a schema");
        assert!(!text.contains("\"additionalProperties\": false"), "{text}");
    }
}

/// Takes each field away, and changes its type.
#[test]
fn a_wrong_document_is_noticed() {
    let site = Site::new()
        .file("index.html", "<p>hi</p>")
        .file("a.png", "a");
    let document: Value = serde_json::from_str(&site.ok(&["push", "--json"])).expect("JSON");
    assert_eq!(mistakes(&document), [""; 0]);
    let fields: Vec<String> = document.as_object().expect("one").keys().cloned().collect();
    for field in fields.iter().filter(|field| *field != "format") {
        let mut without = document.clone();
        without.as_object_mut().expect("one").remove(field);
        assert_ne!(mistakes(&without), [""; 0], "{field}");
        let mut other = document.clone();
        other[field] = json!([{"none": 1.5}]);
        assert_ne!(mistakes(&other), [""; 0], "{field}");
    }
    let mut more = document.clone();
    more["kept"]["undocumented"] = true.into();
    assert_ne!(mistakes(&more), [""; 0]);
    more["format"] = "assetsync novel".into();
    assert_eq!(mistakes(&more), ["no schema for `assetsync novel`"]);
}

#[test]
fn policies_have_both_clouds_forms() {
    let policy = &all()["cors-policy"];
    let google = json!([{ "origin": ["*"], "method": ["GET"], "maxAgeSeconds": 60 }]);
    let amazon = json!({ "CORSRules": [{ "AllowedOrigins": ["*"], "AllowedMethods": ["GET"] }] });
    for good in [google, amazon, json!([])] {
        assert_eq!(against(policy, &good), [""; 0]);
    }
    assert_ne!(against(policy, &json!([{ "origin": "*" }])), [""; 0]);
}
