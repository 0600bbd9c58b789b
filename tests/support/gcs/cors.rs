//! Settings of a bucket, as far as they are about cross-origin requests: the resource's `cors`, and
//! what objects answer to pages of other origins
//! (<https://cloud.google.com/storage/docs/cross-origin>,
//! <https://cloud.google.com/storage/docs/json_api/v1/buckets#resource>). The first rule that has
//! origin and method decides (<https://cloud.google.com/storage/docs/xml-api/put-bucket-cors>).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::serving::{Call, Reply, reply};
use super::{Outcome, State, invalid, refuse, require};

const METHODS: &str = "GET HEAD PUT POST DELETE OPTIONS PATCH *";

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Rule {
    origin: Vec<String>,
    method: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_header: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age_seconds: Option<i32>,
}

impl super::Server {
    /// The policy of a bucket as its resource has it; null if it has none.
    pub fn cors(&self, bucket: &str) -> Value {
        match self.0.lock().storage.cors_of(bucket) {
            [] => Value::Null,
            rules => json!(rules),
        }
    }
}

impl State {
    /// Says in an answer what a page of another origin may do with it.
    pub(super) fn answer_origin(&self, call: &Call, mut answer: Reply) -> Reply {
        let bucket = call.head.uri.path().split('/').nth(1).unwrap_or_default();
        let (Some(origin), Some(_)) = (call.header("origin"), self.buckets.get(bucket)) else {
            return answer;
        };
        let is_preflight = call.head.method == "OPTIONS";
        let method = if is_preflight {
            call.header("access-control-request-method")
                .unwrap_or_default()
        } else {
            call.head.method.as_str()
        };
        let has = |list: &[String], text: &str| list.iter().any(|one| one == "*" || one == text);
        let mut rules = self.cors_of(bucket).iter();
        let Some(rule) = rules.find(|rule| has(&rule.origin, origin) && has(&rule.method, method))
        else {
            return answer;
        };
        let is_public = rule.origin.iter().any(|one| one == "*");
        let mut headers = vec![(
            "access-control-allow-origin",
            if is_public { "*" } else { origin }.to_owned(),
        )];
        if !is_public {
            headers.push(("vary", "Origin".to_owned()));
        }
        let listed = rule.response_header.join(", ");
        if is_preflight {
            headers.push(("access-control-allow-methods", rule.method.join(", ")));
            headers.push(("access-control-allow-headers", listed));
            if let Some(age_s) = rule.max_age_seconds {
                headers.push(("access-control-max-age", age_s.to_string()));
            }
        } else {
            headers.push(("access-control-expose-headers", listed))
        }
        for (name, value) in headers {
            answer
                .headers_mut()
                .insert(name, value.parse().expect("headers are checked"));
        }
        answer
    }

    /// Anybody may ask; what isn't allowed is just not in the answer.
    pub(super) fn preflight(&self, call: &Call) -> Outcome {
        match call.header("origin") {
            Some(_) => Ok(reply(200, &[], "")),
            None => refuse(400, "invalid", "A preflight has an Origin"),
        }
    }
}

/// The rules of a patch.
pub(super) fn checked(rules: &Value) -> Outcome<Vec<Rule>> {
    let rules: Vec<Rule> = serde_json::from_value(rules.clone())
        .or_else(|error| invalid(format!("Invalid value for cors: {error}")))?;
    for rule in &rules {
        require(
            !rule.origin.is_empty() && !rule.method.is_empty(),
            "cors: no origin or method",
        )?;
        let unknown = rule
            .method
            .iter()
            .find(|method| !super::has_word(METHODS, method));
        require(
            unknown.is_none(),
            format!("cors: unknown method {unknown:?}"),
        )?;
        require(
            rule.max_age_seconds.is_none_or(|age_s| age_s >= 0),
            "cors: negative maxAgeSeconds",
        )?;
    }
    Ok(rules)
}
