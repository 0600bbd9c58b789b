//! Settings of a bucket, as far as they are about cross-origin requests: the resource's `cors`, and what objects answer
//! to pages of other origins (<https://cloud.google.com/storage/docs/cross-origin>,
//! <https://cloud.google.com/storage/docs/json_api/v1/buckets#resource>). The first rule that has origin and method
//! decides (<https://cloud.google.com/storage/docs/xml-api/put-bucket-cors>).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::serving::{Call, Reply, reply};
use super::{
    Outcome, Setup, State, accept, compact, invalid, json_reply, number, refuse, require, select,
};

/// What a bucket's resource may be asked on the condition of.
pub(super) const CONDITIONS: &str = "ifMetagenerationMatch ifMetagenerationNotMatch";

const METHODS: &str = "GET HEAD PUT POST DELETE OPTIONS PATCH *";

/// The settings of a bucket that can be changed.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) metageneration: u64,
    pub(super) cors: Vec<Rule>,
    /// How many changes are still refused since somebody else was first.
    pub(super) overtaken: u32,
}

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

impl Default for Settings {
    fn default() -> Self {
        Self {
            metageneration: 1,
            cors: Vec::new(),
            overtaken: 0,
        }
    }
}

impl super::Server {
    /// The policy of a bucket as its resource has it; null if it has none.
    pub fn cors(&self, bucket: &str) -> Value {
        let desk = self.0.lock();
        let settings = desk.storage.settings(bucket);
        match settings.cors.as_slice() {
            [] => Value::Null,
            rules => json!(rules),
        }
    }

    /// How often the settings of a bucket were changed.
    pub fn metageneration(&self, bucket: &str) -> u64 {
        self.0.lock().storage.settings(bucket).metageneration
    }

    /// Somebody else changes the bucket's settings right before each of the next changes.
    pub fn overtake(&self, bucket: &str, times: u32) {
        let mut desk = self.0.lock();
        let settings = desk.storage.settings.entry(bucket.to_owned());
        settings.or_default().overtaken = times;
    }
}

impl State {
    pub(super) fn settings(&self, bucket: &str) -> Settings {
        self.settings.get(bucket).cloned().unwrap_or_default()
    }

    /// Replaces the fields that are given, on the condition that is asked for.
    pub(super) fn patch_bucket(&mut self, call: &Call, name: &str) -> Outcome {
        accept(call, &[super::COMMON, CONDITIONS])?;
        let bucket = self.existing(name)?;
        bucket.authorize(self.caller(call)?, Setup::NoUpdateBucket, None)?;
        let is_json = call.header("content-type").unwrap_or_default();
        require(is_json.starts_with("application/json"), "Content-Type")?;
        let patch: Value = serde_json::from_slice(&call.body)
            .or_else(|error| invalid(format!("Parse Error: {error}")))?;
        let Some(fields) = patch.as_object() else {
            return invalid("a patch is an object");
        };
        let unknown = fields.keys().find(|field| *field != "cors");
        require(unknown.is_none(), format!("Unknown field: {unknown:?}"))?;
        let cors = match &patch["cors"] {
            Value::Null => Vec::new(),
            rules => checked(rules)?,
        };
        let settings = self.settings.entry(name.to_owned()).or_default();
        if settings.overtaken > 0 {
            settings.overtaken -= 1;
            settings.metageneration += 1;
        }
        check_condition(call, settings.metageneration)?;
        settings.cors = cors;
        settings.metageneration += 1;
        let resource = self.bucket_resource(name)?;
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }

    pub(super) fn cors_of(&self, name: &str) -> Value {
        compact(json!({ "cors": self.settings(name).cors }))["cors"].clone()
    }

    /// Says in an answer what a page of another origin may do with it.
    pub(super) fn answer_origin(&self, call: &Call, mut answer: Reply) -> Reply {
        let bucket = call.head.uri.path().split('/').nth(1).unwrap_or_default();
        let (Some(origin), Some(_)) = (call.header("origin"), self.buckets.get(bucket)) else {
            return answer;
        };
        let settings = self.settings(bucket);
        let is_preflight = call.head.method == "OPTIONS";
        let method = match is_preflight {
            true => call
                .header("access-control-request-method")
                .unwrap_or_default(),
            false => call.head.method.as_str(),
        };
        let has = |list: &[String], text: &str| list.iter().any(|one| one == "*" || one == text);
        let mut rules = settings.cors.iter();
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
        match is_preflight {
            true => {
                headers.push(("access-control-allow-methods", rule.method.join(", ")));
                headers.push(("access-control-allow-headers", listed));
                if let Some(age_s) = rule.max_age_seconds {
                    headers.push(("access-control-max-age", age_s.to_string()));
                }
            }
            false => headers.push(("access-control-expose-headers", listed)),
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

fn checked(rules: &Value) -> Outcome<Vec<Rule>> {
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

pub(super) fn check_condition(call: &Call, metageneration: u64) -> Outcome<()> {
    let wanted = |name| call.parameter(name).map(number::<u64>).transpose();
    let holds = wanted("ifMetagenerationMatch")?.is_none_or(|wanted| wanted == metageneration)
        && wanted("ifMetagenerationNotMatch")?.is_none_or(|other| other != metageneration);
    match holds {
        true => Ok(()),
        false => refuse(
            412,
            "conditionNotMet",
            "At least one of the pre-conditions you specified did not hold.",
        ),
    }
}
