//! Schemas of what `--json` prints, as the book publishes them. Every document that a story's
//! command prints is held against its schema.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

/// The folder with the schemas.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/src/schemas")
}

/// All schemas by name, such as `cors-check`.
pub fn all() -> &'static BTreeMap<String, Validator> {
    static ALL: OnceLock<BTreeMap<String, Validator>> = OnceLock::new();
    ALL.get_or_init(|| {
        let read = |name: &str| -> Value {
            let text = fs::read_to_string(folder().join(name)).expect("a schema");
            serde_json::from_str(&text).expect("JSON")
        };
        let shared = read("common.json")["$defs"].take();
        let policy = read("cors-policy.json");
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(folder()).expect("a folder") {
            let file = entry.expect("an entry").file_name();
            let file = file.to_str().expect("UTF-8");
            let mut schema = in_one(read(file));
            schema["$defs"] = in_one(shared.clone());
            schema["$defs"]["cors-policy"] = in_one(policy.clone());
            close(&mut schema);
            let validator = jsonschema::options().build(&schema);
            let validator = validator.unwrap_or_else(|error| panic!("{file}: {error}"));
            all.insert(file.trim_end_matches(".json").to_string(), validator);
        }
        all
    })
}

/// Makes references to other files references into this one.
fn in_one(schema: Value) -> Value {
    let text = schema.to_string();
    let text = text.replace("common.json#/", "#/");
    let text = text.replace("\"cors-policy.json\"", "\"#/$defs/cors-policy\"");
    serde_json::from_str(&text).expect("JSON")
}

/// Allows no fields but those that a schema names: what is printed must be documented.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let names_fields = fields.get("properties").is_some_and(Value::is_object);
            if names_fields && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_string(), false.into());
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Finds what a document has wrong; empty if it's as its schema says, or if it has no format.
pub fn mistakes(document: &Value) -> Vec<String> {
    let format = document.get("format").and_then(Value::as_str);
    let Some(name) = format.and_then(|format| format.strip_prefix("assetsync ")) else {
        return Vec::new();
    };
    match all().get(&name.replace(' ', "-")) {
        Some(schema) => against(schema, document),
        None => vec![format!("no schema for `assetsync {name}`")],
    }
}

/// Finds what a document has wrong by one schema.
pub fn against(schema: &Validator, document: &Value) -> Vec<String> {
    let errors = schema.iter_errors(document);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Checks all documents on standard output, and all lines of a log for programs.
#[track_caller]
pub fn check(stdout: &str, stderr: &str) {
    let documents = match serde_json::from_str(stdout) {
        Ok(Value::Array(documents)) => documents,
        Ok(document) => vec![document],
        Err(_) => Vec::new(),
    };
    for document in &documents {
        let mistakes = mistakes(document);
        assert!(mistakes.is_empty(), "{mistakes:#?}\n{document:#}");
    }
    for line in stderr
        .lines()
        .filter(|line| line.starts_with("{\"timestamp\""))
    {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let mistakes = against(&all()["log"], &line);
        assert!(mistakes.is_empty(), "{mistakes:#?}\n{line:#}");
    }
}
