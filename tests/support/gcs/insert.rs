//! Making objects: in one request of two parts, and what is checked before one counts.

use super::*;

impl State {
    pub(super) fn insert(&mut self, call: &Call, bucket: &str) -> Outcome {
        accept(call, &[COMMON, CONDITIONS, "uploadType name predefinedAcl"])?;
        let caller = self.caller(call)?;
        self.existing(bucket)?
            .authorize(caller, Setup::NoCreate, None)?;
        match call.parameter("uploadType") {
            Some("multipart") => {
                let Some([metadata, (media_type, media)]) = parts(call) else {
                    return invalid("Malformed multipart body.");
                };
                let mut upload = self.prepare(call, bucket, metadata, Some(media_type))?;
                upload.object.bytes = media.to_vec();
                Ok(json_reply(200, &self.commit(&upload)?))
            }
            Some("resumable") => self.open_session(call, bucket),
            Some("media") => self.insert_media(call, bucket),
            _ => invalid("uploadType must be multipart, resumable or media here"),
        }
    }

    fn open_session(&mut self, call: &Call, bucket: &str) -> Outcome {
        let metadata = match call.body.as_slice() {
            [] => ("application/json", &b"{}"[..]),
            json => (call.header("content-type").unwrap_or_default(), json),
        };
        let media_type = call.header("x-upload-content-type");
        let total_bytes = call.header("x-upload-content-length").map(number);
        let mut upload = self.prepare(call, bucket, metadata, media_type)?;
        upload.total_bytes = total_bytes.transpose()?;
        let id = format!("session-{}", self.sessions.len() + 1);
        let path = format!("upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={id}");
        self.sessions.insert(id, upload);
        Ok(reply(
            200,
            &[("location", format!("{}/{path}", self.url))],
            "",
        ))
    }

    /// Checks all that can be checked before the bytes are there.
    pub(super) fn prepare(
        &mut self,
        call: &Call,
        bucket: &str,
        (json_type, json): (&str, &[u8]),
        media_type: Option<&str>,
    ) -> Outcome<Upload> {
        let is_json = json_type.split(';').next() == Some("application/json");
        require(is_json, format!("Metadata has Content-Type {json_type}"))?;
        let object = serde_json::from_slice(json);
        let mut object: Object = object.or_else(|error| invalid(format!("Metadata: {error}")))?;
        agree("name", call.parameter("name"), &mut object.name)?;
        check_name(&object.name)?;
        agree("Content-Type", media_type, &mut object.content_type)?;
        object.acl = call.parameter("predefinedAcl").map(str::to_owned);
        self.existing(bucket)?.check_acl(object.acl.as_deref())?;
        require(
            stored_media(&object).status() == 200,
            "A value cannot be that of a header",
        )?;
        let upload = Upload {
            bucket: bucket.to_owned(),
            object,
            parameters: call.parameters.clone(),
            total_bytes: None,
            stage: Stage::Open,
        };
        self.check_live(&upload)?;
        Ok(upload)
    }

    /// Checks what must hold of the object that is to be replaced, or of its absence.
    fn check_live(&self, upload: &Upload) -> Outcome<()> {
        let bucket = self.existing(&upload.bucket)?;
        let live = bucket.objects.get(&upload.object.name).map(Arc::as_ref);
        check_conditions(&upload.parameters, live)?;
        match live {
            Some(_) => bucket.authorize(Caller::Account, Setup::NoOverwrite, None),
            None => Ok(()),
        }
    }

    pub(super) fn commit(&mut self, upload: &Upload) -> Outcome<Value> {
        let object = &upload.object;
        check_hash("CRC32C", &object.crc32c, &crc32c(&object.bytes))?;
        check_hash("MD5 hash", &object.md5_hash, &md5(&object.bytes))?;
        self.check_live(upload)?;
        self.take_turn(&upload.bucket, &object.name)?;
        let object = self.store(&upload.bucket, object.clone());
        let resource = resource(&upload.bucket, &object, &upload.parameters);
        Ok(select(&upload.parameters, resource))
    }

    /// Refuses a change that comes too soon after the one before.
    pub(super) fn take_turn(&mut self, bucket: &str, name: &str) -> Outcome<()> {
        if self.buckets.take_turn(bucket, name) {
            return Ok(());
        }
        let message = format!(
            "The object {bucket}/{name} exceeded the rate limit for object mutation operations (create, \
             update, and delete). Please reduce your request rate. See https://cloud.google.com/storage/docs/gcs429."
        );
        refuse(429, "rateLimitExceeded", message)
    }

    pub(super) fn store(&mut self, bucket: &str, mut object: Object) -> Arc<Object> {
        self.writes += 1;
        // As long as real ones, which are microseconds.
        object.generation = 1_700_000_000_000_000 + self.writes;
        object.crc32c = crc32c(&object.bytes);
        object.md5_hash = md5(&object.bytes);
        if object.updated_s == 0 {
            object.updated_s = now_s();
        }
        if object.content_type.is_empty() {
            "application/octet-stream".clone_into(&mut object.content_type);
        }
        let name = object.name.clone();
        self.buckets.put(bucket, &name, object)
    }
}

/// What is said in two places must be the same.
fn agree(what: &str, outside: Option<&str>, metadata: &mut String) -> Outcome<()> {
    let outside = outside.unwrap_or(metadata).to_owned();
    let same = metadata.is_empty() || *metadata == outside;
    let message = format!("does not match {what} specified in metadata ({metadata})");
    require(
        same,
        format!("{what} specified in the upload ({outside}) {message}"),
    )?;
    *metadata = outside;
    Ok(())
}

fn check_name(name: &str) -> Outcome<()> {
    let good = (1..=1024).contains(&name.len())
        && !name.contains(['\r', '\n'])
        && ![".", ".."].contains(&name)
        && !name.starts_with(".well-known/acme-challenge/");
    require(good, format!("Invalid object name: {name:?}"))
}

impl Bucket {
    pub(super) fn check_acl(&self, acl: Option<&str>) -> Outcome<()> {
        let Some(acl) = acl else { return Ok(()) };
        require(
            has_word(PREDEFINED_ACLS, acl),
            format!("Invalid predefinedAcl: {acl}"),
        )?;
        require(
            !self.is(Setup::Uniform),
            "Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. \
             Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access",
        )?;
        let is_public = ["publicRead", "authenticatedRead"].contains(&acl);
        if is_public && self.is(Setup::PreventPublicAccess) {
            let message = "The member bindings allUsers and allAuthenticatedUsers are not allowed \
                           since public access prevention is enforced.";
            return refuse(412, "conditionNotMet", message);
        }
        Ok(())
    }
}

fn check_hash(what: &str, provided: &str, calculated: &str) -> Outcome<()> {
    let good = provided.is_empty() || provided == calculated;
    let message = format!("doesn't match calculated {what} \"{calculated}\".");
    require(good, format!("Provided {what} \"{provided}\" {message}"))
}

pub(super) fn check_conditions(parameters: &Parameters, live: Option<&Object>) -> Outcome<()> {
    let generation = live.map_or(0, |object| object.generation);
    let metageneration = live.map_or(0, |object| object.changes + 1);
    for name in CONDITIONS.split(' ') {
        let Some(value) = parameters.get(name) else {
            continue;
        };
        let value: u64 = number(value)?;
        let holds = match name {
            "ifGenerationMatch" => value == generation,
            "ifGenerationNotMatch" => value != generation,
            "ifMetagenerationMatch" => value == metageneration,
            _ => value != metageneration,
        };
        if !holds {
            let message = "At least one of the pre-conditions you specified did not hold.";
            return refuse(412, "conditionNotMet", message);
        }
    }
    Ok(())
}

/// Of the generations of an object, only the live one exists here.
pub(super) fn check_generation(call: &Call, object: &Object) -> Outcome<()> {
    let generation = call.parameter("generation").map(number).transpose()?;
    if generation.is_none_or(|generation: u64| generation == object.generation) {
        return Ok(());
    }
    refuse(404, "notFound", format!("No such object: {}", object.name))
}

/// The Content-Type and the bytes of exactly two parts.
pub(super) fn parts(call: &Call) -> Option<[(&str, &[u8]); 2]> {
    let parameters = call
        .header("content-type")?
        .strip_prefix("multipart/related")?;
    let mut parameters = parameters.split(';').map(str::trim);
    let boundary = parameters
        .find_map(|text| text.strip_prefix("boundary="))?
        .trim_matches('"');
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut rest = call.body.strip_prefix(&delimiter[2..])?;
    let mut parts = Vec::new();
    while ![&b"--"[..], b"--\r\n"].contains(&rest) {
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, &delimiter)?;
        parts.push(split_part(&part[..end])?);
        rest = &part[end + delimiter.len()..];
    }
    parts.try_into().ok()
}

fn split_part(part: &[u8]) -> Option<(&str, &[u8])> {
    let end = find(part, b"\r\n\r\n")?;
    let headers = std::str::from_utf8(&part[..end]).ok()?;
    let mut headers = headers.lines().filter_map(|line| line.split_once(':'));
    let (_, content_type) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
    Some((content_type.trim(), &part[end + 4..]))
}

pub(super) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
