//! Tests: promises that hold for any document.

use super::*;

/// Replaces each reference's path.
fn rewritten(text: &str, found: &Found, path: &str) -> String {
    let mut out = text.to_string();
    for reference in found.references.iter().rev() {
        out.replace_range(reference.span.clone(), &format!("{path}{}", reference.tail));
    }
    out
}

/// The document with every string a pointer leads to handed to `change`.
fn change(value: &mut Value, pointer: &[&str], with: &mut dyn FnMut(&mut String)) {
    match (value, pointer) {
        (Value::String(string), []) => with(string),
        (Value::Object(map), [part, rest @ ..]) => {
            map.iter_mut()
                .filter(|(key, _)| *part == "*" || key == part)
                .for_each(|(_, v)| change(v, rest, with));
        }
        (Value::Array(array), [part, rest @ ..]) => {
            let is_index = |i: usize| *part == "*" || i.to_string() == *part;
            array
                .iter_mut()
                .enumerate()
                .filter(|(i, _)| is_index(*i))
                .for_each(|(_, v)| change(v, rest, with));
        }
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let string = prop_oneof![
        "[a-c/]{1,4}(\\?[a-c=&]{0,3})?(#[a-c]{0,2})?",
        "[ -~é\"\\\\\n]{1,6}"
    ];
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<i32>().prop_map(|n| json!(n)),
        string.prop_map(|s| json!(s))
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| json!(values)),
            prop::collection::btree_map("[a0\"\\\\]", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn any_text() -> impl Strategy<Value = String> {
    (any_value(), any::<bool>(), any::<bool>()).prop_map(
        |(value, is_pretty, has_escaped_slashes)| {
            let text = if is_pretty {
                serde_json::to_string_pretty(&value)
            } else {
                serde_json::to_string(&value)
            };
            let text = text.expect("values are JSON");
            if has_escaped_slashes {
                text.replace('/', "\\/")
            } else {
                text
            }
        },
    )
}

proptest! {
    /// Rewritten paths are found again, and nothing else in the JSON changes.
    #[test]
    fn rewriting_changes_only_the_references(text in any_text(), pointer in "(/[a0*]){0,4}") {
        let parts: Vec<&str> = pointer.split('/').skip(1).collect();
        let first = found(&text, &[&pointer]);
        let changed = rewritten(&text, &first, "x/new-1.png");
        let second = found(&changed, &[&pointer]);
        prop_assert_eq!(&first.faults, &[]);
        prop_assert_eq!(second.references.len(), first.references.len());
        let mut expected: Value = serde_json::from_str(&text).expect("was made as JSON");
        let mut urls = second.references.iter().map(|reference| reference.url.clone());
        change(&mut expected, &parts, &mut |string| {
            if !string.is_empty() {
                *string = urls.next().expect("every string is found");
            }
        });
        prop_assert_eq!(urls.next(), None);
        prop_assert_eq!(serde_json::from_str::<Value>(&changed).expect("is still JSON"), expected);
        for (old, new) in first.references.iter().zip(&second.references) {
            let tail = &old.url[old.url.find(['?', '#']).unwrap_or(old.url.len())..];
            let safe_tail = if old.tail.is_empty() { tail } else { &old.tail };
            prop_assert_eq!(&new.url, &format!("x/new-1.png{safe_tail}"));
        }
        prop_assert_eq!(rewritten(&changed, &second, ""), rewritten(&text, &first, ""));
    }

    #[test]
    fn no_text_panics(text in "[\\[\\]{}:,\"\\\\u0-9a-f$A-Z() \né]{0,40}", pointer in "[/a0*~]{0,6}") {
        for text in [text.clone(), format!("{text}$$ASSETS(a)$$"), format!("[\"$$ASSETS(a)$$\",{text}")] {
            found(&text, &[&pointer]);
            source_map(&text);
            gltf(&text, &Extra::default());
        }
    }

    #[test]
    fn json_cut_anywhere_does_not_panic(text in any_text(), cut in 0usize..200) {
        let text = &text[..text.floor_char_boundary(cut)];
        for reference in found(text, &["/*", "/*/*", ""]).references {
            prop_assert!(text.get(reference.span).is_some());
        }
    }
}
