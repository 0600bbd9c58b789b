//! Policies in the words of each cloud.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Cloud, Policy, Rule};

/// A rule in Google's JSON, as files and the bucket's resource have it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GcsRule {
    origin: Vec<String>,
    method: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_header: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age_seconds: Option<u32>,
}

/// S3's XML document, by which a policy is set and told.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename = "CORSConfiguration", default)]
pub(crate) struct S3Document {
    #[serde(rename = "@xmlns")]
    namespace: String,
    #[serde(rename = "CORSRule")]
    rules: Vec<S3Rule>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct S3Rule {
    #[serde(rename = "ID", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    allowed_origin: Vec<String>,
    allowed_method: Vec<String>,
    allowed_header: Vec<String>,
    expose_header: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age_seconds: Option<u32>,
}

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

pub(crate) fn gcs_rules(policy: &Policy) -> Vec<GcsRule> {
    let rules = policy.on(Cloud::Gcs).rules.into_iter();
    let written = rules.map(|rule| GcsRule {
        origin: rule.origins,
        method: rule.methods,
        response_header: rule.exposed_headers,
        max_age_seconds: rule.max_age_s,
    });
    written.collect()
}

pub(crate) fn from_gcs(rules: Vec<GcsRule>) -> Policy {
    let rules = rules.into_iter().map(|rule| Rule {
        id: None,
        origins: rule.origin,
        methods: rule.method,
        allowed_headers: rule.response_header.clone(),
        exposed_headers: rule.response_header,
        max_age_s: rule.max_age_seconds,
    });
    Policy {
        rules: rules.collect(),
    }
}

pub(crate) fn s3_xml(policy: &Policy) -> String {
    let rules = policy.rules.iter().cloned().map(|rule| S3Rule {
        id: rule.id,
        allowed_origin: rule.origins,
        allowed_method: rule.methods,
        allowed_header: rule.allowed_headers,
        expose_header: rule.exposed_headers,
        max_age_seconds: rule.max_age_s,
    });
    let document = S3Document {
        namespace: NAMESPACE.to_string(),
        rules: rules.collect(),
    };
    quick_xml::se::to_string(&document).expect("strings and numbers are XML")
}

pub(crate) fn from_s3(document: S3Document) -> Policy {
    let rules = document.rules.into_iter().map(|rule| Rule {
        id: rule.id,
        origins: rule.allowed_origin,
        methods: rule.allowed_method,
        allowed_headers: rule.allowed_header,
        exposed_headers: rule.expose_header,
        max_age_s: rule.max_age_seconds,
    });
    Policy {
        rules: rules.collect(),
    }
}

impl Policy {
    /// JSON as files have it: Google's list, or, where headers that may be sent aren't those that may be read, S3's
    /// object, which keeps them apart.
    pub fn json(&self) -> Value {
        let has_one_list = |rule: &Rule| {
            let lower = |list: &[String]| -> std::collections::BTreeSet<String> {
                list.iter()
                    .map(|header| header.to_ascii_lowercase())
                    .collect()
            };
            lower(&rule.allowed_headers) == lower(&rule.exposed_headers)
        };
        if self.rules.iter().all(has_one_list) {
            return json!(gcs_rules(self));
        }
        let rules = self.rules.iter().map(|rule| {
            let mut written = json!({
                "AllowedOrigins": rule.origins,
                "AllowedMethods": rule.methods,
                "AllowedHeaders": rule.allowed_headers,
                "ExposeHeaders": rule.exposed_headers,
            });
            if let Some(id) = &rule.id {
                written["ID"] = json!(id);
            }
            if let Some(age_s) = rule.max_age_s {
                written["MaxAgeSeconds"] = json!(age_s);
            }
            written
        });
        json!({ "CORSRules": rules.collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Policy {
        let checked = crate::cors::check(text.as_bytes(), &[]);
        assert_eq!(checked.findings, []);
        checked.policy.expect("it can be read")
    }

    fn samples() -> [Policy; 2] {
        [
            read(include_str!("../../cors/gcs.json")),
            read(include_str!("../../cors/s3.json")),
        ]
    }

    #[test]
    fn the_samples_mean_the_same_on_both_clouds() {
        let [gcs, s3] = samples();
        for cloud in Cloud::ALL {
            assert!(gcs.means(&s3, cloud), "{cloud}");
        }
    }

    #[test]
    fn a_policy_survives_the_words_of_each_cloud() {
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

    #[test]
    fn s3_keeps_apart_what_google_has_in_one_list() {
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
}
