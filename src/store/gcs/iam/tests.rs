//! Policies of buckets on Google, read and changed.

use super::*;

fn granted(role: &str) -> Vec<Right> {
    let policy = json!({"bindings": [{"role": role, "members": ["allUsers"]}]});
    let grants = iam_grants(&policy);
    grants.into_iter().map(|grant| grant.right).collect()
}

#[test]
fn what_a_role_grants_to_strangers() {
    use Right::*;
    for (role, rights) in [
        ("roles/storage.legacyObjectReader", vec![Read]),
        ("roles/storage.objectViewer", vec![Read, List]),
        ("roles/storage.legacyBucketReader", vec![List]),
        ("roles/storage.objectCreator", vec![Write]),
        ("roles/storage.objectAdmin", vec![Read, List, Write, Manage]),
        ("projects/p/roles/own", vec![Read, List, Write, Manage]),
    ] {
        assert_eq!(granted(role), rights, "{role}");
    }
    let ours =
        json!({"bindings": [{"role": "roles/storage.admin", "members": ["user:us@example.org"]}]});
    assert_eq!(iam_grants(&ours), []);
}

/// Public viewers become readers of objects only, and other bindings stay.
#[test]
fn public_viewer_becomes_reader() {
    let theirs = json!({"role": "roles/storage.admin", "members": ["user:us@example.org"],
            "condition": {"title": "until", "expression": "request.time < timestamp('2027-01-01T00:00:00Z')"}});
    let policy = json!({"version": 3, "etag": "CAE=", "bindings": [
        theirs,
        {"role": "roles/storage.objectViewer", "members": ["allUsers", "group:team@example.org"]},
        {"role": "roles/storage.legacyBucketReader", "members": ["allAuthenticatedUsers"]},
    ]});
    let (after, changes) = with_reading_only(&policy, Readers::Everybody).expect("changes");
    assert_eq!(
        after,
        json!({"version": 3, "etag": "CAE=", "bindings": [
            theirs,
            {"role": "roles/storage.objectViewer", "members": ["group:team@example.org"]},
            {"role": READER, "members": ["allUsers"]},
        ]})
    );
    assert_eq!(changes.len(), 3, "{changes:?}");
    assert_eq!(with_reading_only(&after, Readers::Everybody), None);
}

/// With object ACLs, whoever reads by the bucket's rules can still read.
#[test]
fn existing_readers_stay_with_object_acls() {
    let private = json!({"etag": "CAE="});
    assert_eq!(with_reading_only(&private, Readers::AsBefore), None);
    let viewer =
        json!({"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]});
    let (after, _) = with_reading_only(&viewer, Readers::AsBefore).expect("changes");
    assert_eq!(
        after["bindings"],
        json!([{"role": READER, "members": ["allUsers"]}])
    );
    let creator =
        json!({"bindings": [{"role": "roles/storage.objectCreator", "members": ["allUsers"]}]});
    let (after, _) = with_reading_only(&creator, Readers::AsBefore).expect("changes");
    assert_eq!(after["bindings"], json!([]));
}
