//! Policies in the format of each cloud.

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
    /// JSON as files have it: Google's list, or, where headers that may be sent aren't those that
    /// may be read, S3's object, which keeps them apart.
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
        let rules = self.rules.iter().map(s3_rule);
        json!({ "CORSRules": rules.collect::<Vec<_>>() })
    }
}

fn s3_rule(rule: &Rule) -> Value {
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
}

#[cfg(test)]
mod tests;
