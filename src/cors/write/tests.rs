//! Policies keep their meaning in the words of each cloud.

use super::*;

fn read(text: &str) -> Policy {
    let checked = crate::cors::check(text.as_bytes(), &[]);
    assert_eq!(checked.findings, []);
    checked.policy.expect("it can be read")
}

fn samples() -> [Policy; 2] {
    [
        read(include_str!("../../../cors/gcs.json")),
        read(include_str!("../../../cors/s3.json")),
    ]
}

/// Both sample policies mean the same on both clouds.
#[test]
fn samples_agree_on_both_clouds() {
    let [gcs, s3] = samples();
    for cloud in Cloud::ALL {
        assert!(gcs.means(&s3, cloud), "{cloud}");
    }
}

/// A policy round-trips through the format of each cloud.
#[test]
fn policy_round_trips_on_each_cloud() {
    for policy in samples() {
        let xml = s3_xml(&policy);
        let back = from_s3(quick_xml::de::from_str(&xml).expect("our own XML"));
        assert_eq!(back, policy);
        let json = serde_json::to_value(gcs_rules(&policy)).expect("JSON");
        let back = from_gcs(serde_json::from_value(json).expect("our own JSON"));
        assert!(back.means(&policy, Cloud::Gcs));
        let back = read(&policy.json().to_string());
        assert!(Cloud::ALL.iter().all(|cloud| back.means(&policy, *cloud)));
    }
}

/// S3 keeps allowed and exposed headers apart, and GCS merges them.
#[test]
fn gcs_merges_s3_header_lists() {
    let text = r#"[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["Range"], "ExposeHeaders": ["Content-Range"], "MaxAgeSeconds": 60, "ID": "a"}]"#;
    let policy = read(text);
    assert_eq!(
        policy.json()["CORSRules"][0]["AllowedHeaders"],
        json!(["Range"])
    );
    let on_gcs = &policy.on(Cloud::Gcs).rules[0];
    assert_eq!(on_gcs.allowed_headers, ["Range", "Content-Range"]);
    assert_eq!(on_gcs.exposed_headers, on_gcs.allowed_headers);
}
