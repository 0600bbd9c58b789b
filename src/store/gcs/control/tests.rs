//! Lifecycle rules in the words of Google.

use super::*;

fn lifecycle(rule: Value) -> Vec<(Lifecycle, String)> {
    let bucket = json!({"lifecycle": {"rule": [rule]}});
    let bucket: Bucket = serde_json::from_value(bucket).expect("a bucket");
    let rules = bucket.lifecycle().into_iter();
    rules.map(|rule| (rule.does, rule.prefix)).collect()
}

#[test]
fn what_a_lifecycle_rule_does() {
    use Lifecycle::*;
    let delete = |condition: Value| json!({"action": {"type": "Delete"}, "condition": condition});
    for (rule, does) in [
        (delete(json!({"age": 30})), vec![(Deletes, "")]),
        (
            delete(json!({"age": 30, "matchesPrefix": ["a/", "b/"]})),
            vec![(Deletes, "a/"), (Deletes, "b/")],
        ),
        (
            delete(json!({"isLive": false, "age": 1})),
            vec![(Harmless, "")],
        ),
        (delete(json!({"numNewerVersions": 3})), vec![(Harmless, "")]),
        (delete(json!({"numNewerVersions": 0})), vec![(Deletes, "")]),
        (
            json!({"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}}),
            vec![(ClearsUploads, "")],
        ),
        (
            json!({"action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"}, "condition": {"age": 7}}),
            vec![(Harmless, "")],
        ),
    ] {
        let expected: Vec<_> = does
            .into_iter()
            .map(|(does, prefix)| (does, prefix.to_string()))
            .collect();
        assert_eq!(lifecycle(rule.clone()), expected, "{rule}");
    }
}
