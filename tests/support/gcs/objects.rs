//! What is changed and asked of an object apart from its bytes as a whole: its resource, by `PATCH`
//! (<https://cloud.google.com/storage/docs/json_api/v1/objects/patch>), and parts of it, by `Range`
//! (<https://cloud.google.com/storage/docs/xml-api/get-object-download#range>).

use serde_json::{Value, json};

use super::{
    COMMON, CONDITIONS, Object, Outcome, Setup, State, accept, check_conditions, check_generation,
    invalid, json_reply, refuse, require, resource, select,
};
use crate::support::serving::{Call, Reply};

impl State {
    /// Changes what is given, and takes away what is null.
    pub(super) fn patch(&mut self, call: &Call, bucket: &str, name: &str) -> Outcome {
        accept(call, &[COMMON, CONDITIONS, "generation predefinedAcl"])?;
        let caller = self.caller(call)?;
        let there = self.existing(bucket)?;
        there.authorize(caller, Setup::NoOverwrite, None)?;
        let Some(object) = there.objects.get(name) else {
            return refuse(404, "notFound", format!("No such object: {name}"));
        };
        check_generation(call, object)?;
        check_conditions(&call.parameters, Some(object))?;
        let is_json = call.header("content-type").unwrap_or_default();
        require(is_json.starts_with("application/json"), "Content-Type")?;
        let patch: Value = serde_json::from_slice(&call.body)
            .or_else(|error| invalid(format!("Parse Error: {error}")))?;
        let mut object = Object::clone(object);
        let fields = patch.as_object();
        for (field, value) in fields
            .ok_or(())
            .or_else(|()| invalid("a patch is an object"))?
        {
            set(&mut object, field, value)?;
        }
        if let Some(acl) = call.parameter("predefinedAcl") {
            there.check_acl(Some(acl))?;
            object.acl = Some(acl.to_owned());
        }
        self.take_turn(bucket, name)?;
        object.changes += 1;
        let object = self.buckets.put(bucket, name, object);
        let resource = resource(bucket, &object, &call.parameters);
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }
}

fn set(object: &mut Object, field: &str, value: &Value) -> Outcome<()> {
    let text = match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Object(pairs) if field == "metadata" => {
            for (name, value) in pairs {
                match value.as_str() {
                    Some(text) => object.metadata.insert(name.clone(), text.to_owned()),
                    None => object.metadata.remove(name),
                };
            }
            return Ok(());
        }
        other => return invalid(format!("{field} can't be {other}")),
    };
    match field {
        "contentType" => object.content_type = text.unwrap_or_default(),
        "cacheControl" => object.cache_control = text,
        "contentEncoding" => object.content_encoding = text,
        "contentDisposition" => object.content_disposition = text,
        "contentLanguage" => object.content_language = text,
        _ => return invalid(format!("Unknown field: {field}")),
    }
    Ok(())
}

/// An object's ACL as far as strangers are in it.
pub(super) fn acl(acl: &str) -> Value {
    match acl {
        "publicRead" => json!([{"entity": "allUsers", "role": "READER"}]),
        "authenticatedRead" => json!([{"entity": "allAuthenticatedUsers", "role": "READER"}]),
        _ => Value::Null,
    }
}

/// A part of what is served as it is stored; what is decompressed on the way is sent whole.
pub(super) fn part(call: &Call, reply: Reply) -> Reply {
    let range = call
        .header("range")
        .and_then(|text| text.strip_prefix("bytes="));
    let span = range.and_then(|range| {
        let (first, last) = range.split_once('-')?;
        Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
    });
    let total = reply.body().len();
    let Some((first, last)) = span.filter(|(first, last)| first <= last && *first < total) else {
        return reply;
    };
    let last = last.min(total - 1);
    let bytes = reply.body().slice(first..=last);
    let mut reply = reply.map(|_| bytes);
    *reply.status_mut() = hyper::StatusCode::PARTIAL_CONTENT;
    let headers = reply.headers_mut();
    let told = format!("bytes {first}-{last}/{total}");
    headers.insert("content-range", told.parse().expect("it's ASCII"));
    headers.insert("content-length", (last - first + 1).into());
    reply
}
