//! Getting, deleting and listing objects, and the fields of what is told of them.

use super::*;

impl State {
    pub(super) fn get(&self, call: &Call, bucket: &str, name: &str) -> Outcome {
        accept(call, &[COMMON, CONDITIONS, "generation"])?;
        let object = self.existing(bucket)?.read(self.caller(call)?, name)?;
        check_generation(call, object)?;
        check_conditions(&call.parameters, Some(object))?;
        if call.parameter("alt") == Some("media") {
            return Ok(media(call, object));
        }
        let resource = resource(bucket, object, &call.parameters);
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }

    pub(super) fn delete(&mut self, call: &Call, bucket: &str, name: &str) -> Outcome {
        accept(call, &[COMMON, CONDITIONS, "generation"])?;
        let caller = self.caller(call)?;
        self.existing(bucket)?
            .authorize(caller, Setup::NoOverwrite, None)?;
        let Some(object) = self.buckets.object(bucket, name) else {
            return refuse(404, "notFound", format!("No such object: {name}"));
        };
        check_generation(call, object)?;
        check_conditions(&call.parameters, Some(object))?;
        self.take_turn(bucket, name)?;
        self.buckets.remove(bucket, name);
        Ok(reply(204, &[], ""))
    }

    pub(super) fn list(&self, call: &Call, name: &str) -> Outcome {
        accept(
            call,
            &[
                COMMON,
                "prefix delimiter maxResults pageToken startOffset endOffset versions",
            ],
        )?;
        let bucket = self.existing(name)?;
        bucket.authorize(self.caller(call)?, Setup::NoList, None)?;
        let max = call.parameter("maxResults").unwrap_or("1000");
        let max = number::<usize>(max)?.min(PAGE_ENTRIES_MAX);
        require(max > 0, "maxResults must be positive")?;
        let token = call.parameter("pageToken").unwrap_or_default();
        let after = BASE64URL_NOPAD
            .decode(token.as_bytes())
            .map(String::from_utf8);
        let Ok(Ok(after)) = after else {
            return invalid("Invalid pageToken");
        };
        let mut entries = bucket.entries(call);
        entries.retain(|entry, _| **entry > *after);
        let page = entries.iter().take(max);
        let next = page.clone().next_back().filter(|_| entries.len() > max);
        let (mut items, mut prefixes) = (Vec::new(), Vec::new());
        for (entry, object) in page {
            match object {
                Some(object) => items.push(resource(name, object, &call.parameters)),
                None => prefixes.push(entry),
            }
        }
        let listing = compact(json!({
            "kind": "storage#objects", "items": items, "prefixes": prefixes,
            "nextPageToken": next.map(|(entry, _)| BASE64URL_NOPAD.encode(entry.as_bytes())),
        }));
        Ok(json_reply(200, &select(&call.parameters, listing)))
    }

    pub(super) fn public_list(&self, call: &Call, bucket: &str) -> Outcome {
        let bucket = self.existing(bucket)?;
        bucket.authorize(self.caller(call)?, Setup::NoList, None)?;
        let keys = bucket.objects.keys();
        let keys: String = keys
            .map(|key| format!("<Key>{}</Key>", escape(key)))
            .collect();
        let listing = format!("<ListBucketResult>{keys}</ListBucketResult>");
        Ok(xml_reply(200, &listing))
    }
}

impl Bucket {
    /// Objects by name and, where there is a delimiter, common prefixes without one.
    fn entries(&self, call: &Call) -> BTreeMap<&str, Option<&Object>> {
        let prefix = call.parameter("prefix").unwrap_or_default();
        let delimiter = call.parameter("delimiter").filter(|text| !text.is_empty());
        let mut entries = BTreeMap::new();
        let first = call.parameter("startOffset").unwrap_or_default();
        let end = call.parameter("endOffset").filter(|text| !text.is_empty());
        for (name, object) in &self.objects {
            let is_inside = name.as_str() >= first && end.is_none_or(|end| name.as_str() < end);
            let Some(rest) = name.strip_prefix(prefix).filter(|_| is_inside) else {
                continue;
            };
            let found = delimiter.and_then(|text| Some(rest.find(text)? + text.len()));
            match found {
                Some(length) => entries.insert(&name[..prefix.len() + length], None),
                None => entries.insert(name, Some(&**object)),
            };
        }
        entries
    }
}

pub(super) fn resource(bucket: &str, object: &Object, parameters: &Parameters) -> Value {
    let generation = object.generation.to_string();
    let updated = rfc3339(object.updated_s);
    let mut resource = json!(object);
    resource["kind"] = json!("storage#object");
    resource["bucket"] = json!(bucket);
    resource["id"] = json!(format!("{bucket}/{}/{generation}", object.name));
    resource["size"] = json!(object.bytes.len().to_string());
    resource["etag"] = json!(BASE64.encode(generation.as_bytes()));
    resource["generation"] = json!(generation);
    resource["metageneration"] = json!((object.changes + 1).to_string());
    resource["timeCreated"] = json!(updated);
    resource["updated"] = json!(updated);
    let full = parameters
        .get("projection")
        .is_some_and(|value| value == "full");
    if let (true, Some(acl)) = (full, &object.acl) {
        resource["acl"] = objects::acl(acl);
    }
    compact(resource)
}

/// What `fields` asks for at the top and of items; below, it is as if it asked for all.
pub(super) fn select(parameters: &Parameters, mut value: Value) -> Value {
    let Some(fields) = parameters.get("fields") else {
        return value;
    };
    let names: Vec<&str> = fields.split(FIELD_SEPARATORS).collect();
    let keep = |value: &mut Value| {
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|key, _| names.contains(&key.as_str()));
        }
    };
    keep(&mut value);
    if fields.contains("items(") || fields.contains("items/") {
        let items = value.get_mut("items").and_then(Value::as_array_mut);
        items.into_iter().flatten().for_each(keep);
    }
    value
}

/// The API leaves out what is empty.
fn compact(mut value: Value) -> Value {
    let empty = [Value::Null, json!([]), json!({})];
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !empty.contains(value));
    }
    value
}
