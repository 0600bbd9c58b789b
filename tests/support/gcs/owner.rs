//! What only a bucket's owner asks of Google: its resource, changed by `PATCH`, and its IAM policy.
//!
//! As documented at <https://cloud.google.com/storage/docs/json_api/v1/buckets> and
//! <https://cloud.google.com/storage/docs/access-control/iam-roles>: `legacyObjectReader` reads
//! without listing, `objectViewer` lists too; a policy is written with the etag it was read with,
//! or not at all; while public access prevention is enforced, nobody can be added who is everybody;
//! uniform access makes ACLs of objects count for nothing; a condition can't go with everybody, and
//! takes version 3.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    COMMON, Caller, Outcome, Setup, State, accept, cors, invalid, json_reply, number, refuse,
    require, select,
};
use crate::support::serving::{Call, Reply};

/// What a bucket's resource may be asked on the condition of.
const CONDITIONS: &str = "ifMetagenerationMatch ifMetagenerationNotMatch";

const PUBLIC: [&str; 2] = ["allUsers", "allAuthenticatedUsers"];

/// How buckets are set up, beside their [`Setup`], which says what strangers may do.
#[derive(Default)]
pub(super) struct Owned(BTreeMap<String, Owner>);

struct Owner {
    metageneration: u64,
    etag: u64,
    bindings: Vec<Value>,
    cors: Vec<cors::Rule>,
    /// Further parts of the resource: `lifecycle` and the like.
    further: Map<String, Value>,
    /// How many changes are still refused since somebody else was first.
    overtaken: u32,
}

impl Default for Owner {
    fn default() -> Owner {
        Owner {
            metageneration: 1,
            etag: 1,
            bindings: vec![json!({
                "role": "roles/storage.legacyBucketOwner",
                "members": ["projectOwner:the-hunt"],
            })],
            cors: Vec::new(),
            further: Map::new(),
            overtaken: 0,
        }
    }
}

impl Owner {
    fn policy(&self) -> Value {
        let is_conditional = self
            .bindings
            .iter()
            .any(|one| one.get("condition").is_some());
        json!({
            "kind": "storage#policy",
            "version": if is_conditional { 3 } else { 1 },
            "etag": format!("CA{}=", self.etag),
            "bindings": self.bindings,
        })
    }
}

/// What a role lets strangers do.
fn rights(role: &str) -> &'static [Setup] {
    match role {
        "roles/storage.legacyObjectReader" => &[Setup::Public],
        "roles/storage.legacyBucketReader" => &[Setup::Listable],
        "roles/storage.objectViewer" => &[Setup::Public, Setup::Listable],
        "roles/storage.objectCreator" => &[Setup::Writable],
        "roles/storage.objectAdmin" => &[
            Setup::Public,
            Setup::Listable,
            Setup::Writable,
            Setup::Deletable,
        ],
        _ => &[],
    }
}

fn members(binding: &Value) -> Vec<&str> {
    let members = binding["members"].as_array();
    let members = members.into_iter().flatten();
    members.filter_map(Value::as_str).collect()
}

impl super::Server {
    /// How often the settings of a bucket were changed.
    pub fn metageneration(&self, bucket: &str) -> u64 {
        self.0.lock().storage.owner(bucket).metageneration
    }

    /// Somebody else changes the bucket's settings right before each of the next changes.
    pub fn overtake(&self, bucket: &str, times: u32) {
        self.0.lock().storage.owner(bucket).overtaken = times;
    }
}

impl State {
    /// The bucket's rules for cross-origin requests.
    pub(super) fn cors_of(&self, bucket: &str) -> &[cors::Rule] {
        let owner = self.owned.0.get(bucket);
        owner.map_or(&[], |owner| &owner.cors)
    }

    fn owner(&mut self, bucket: &str) -> &mut Owner {
        self.owned.0.entry(bucket.to_owned()).or_default()
    }

    /// Changes what a bucket is set up as.
    fn set(&mut self, bucket: &str, what: Setup, is_on: bool) {
        let is_known = |one: &&Setup| self.buckets.get(bucket).is_some_and(|b| b.is(**one));
        let mut setup: Vec<Setup> = Setup::ALL.iter().filter(is_known).copied().collect();
        setup.retain(|one| *one != what);
        if is_on {
            setup.push(what);
        }
        self.buckets.set_up(bucket, &setup);
    }

    pub(super) fn set_bindings(&mut self, bucket: &str, bindings: &[Value]) {
        let strangers = bindings
            .iter()
            .filter(|binding| members(binding).contains(&"allUsers"));
        let granted: Vec<Setup> = strangers
            .flat_map(|binding| rights(binding["role"].as_str().unwrap_or_default()))
            .copied()
            .collect();
        for right in [
            Setup::Public,
            Setup::Listable,
            Setup::Writable,
            Setup::Deletable,
        ] {
            self.set(bucket, right, granted.contains(&right));
        }
        let owner = self.owner(bucket);
        owner.bindings = bindings.to_vec();
        owner.etag += 1;
    }

    pub(super) fn set_further(&mut self, bucket: &str, further: &Value) {
        let further = further.as_object().expect("an object").clone();
        self.owner(bucket).further.extend(further);
    }

    pub(super) fn policy_of(&mut self, bucket: &str) -> Value {
        self.owner(bucket).policy()
    }

    pub(super) fn get_bucket(&mut self, call: &Call, name: &str) -> Outcome {
        accept(call, &[COMMON, CONDITIONS])?;
        let caller = self.caller(call)?;
        self.existing(name)?
            .authorize(caller, Setup::NoGetBucket, None)?;
        check_condition(call, self.owner(name).metageneration)?;
        let resource = self.bucket_resource(name);
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }

    fn bucket_resource(&mut self, name: &str) -> Value {
        let is = |what| self.buckets.get(name).is_some_and(|bucket| bucket.is(what));
        let prevention = if is(Setup::PreventPublicAccess) {
            "enforced"
        } else {
            "inherited"
        };
        let is_uniform = is(Setup::Uniform);
        let owner = self.owner(name);
        let mut resource = json!({
            "kind": "storage#bucket", "id": name, "name": name,
            "metageneration": owner.metageneration.to_string(),
            "location": "EU", "storageClass": "STANDARD", "etag": "CAE=",
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": is_uniform},
                "publicAccessPrevention": prevention,
            },
        });
        if !owner.cors.is_empty() {
            resource["cors"] = json!(owner.cors);
        }
        for (field, value) in &owner.further {
            resource[field] = value.clone();
        }
        resource
    }

    pub(super) fn patch_bucket(&mut self, call: &Call, name: &str) -> Outcome {
        accept(call, &[COMMON, CONDITIONS])?;
        self.authorize_owner(call, name, "storage.buckets.update")?;
        let is_json = call.header("content-type").unwrap_or_default();
        require(is_json.starts_with("application/json"), "Content-Type")?;
        let patch = self.json(call)?;
        let known = |field: &String| field == "iamConfiguration" || field == "cors";
        let unknown = patch.keys().find(|field| !known(field));
        require(unknown.is_none(), format!("Unknown field {unknown:?}"))?;
        let cors = match patch.get("cors") {
            None => None,
            Some(Value::Null) => Some(Vec::new()),
            Some(rules) => Some(cors::checked(rules)?),
        };
        let owner = self.owner(name);
        if owner.overtaken > 0 {
            owner.overtaken -= 1;
            owner.metageneration += 1;
        }
        check_condition(call, owner.metageneration)?;
        if let Some(cors) = cors {
            owner.cors = cors;
        }
        let iam = patch.get("iamConfiguration").cloned().unwrap_or_default();
        if let Some(is_on) = iam["uniformBucketLevelAccess"]["enabled"].as_bool() {
            self.set(name, Setup::Uniform, is_on);
        }
        match iam["publicAccessPrevention"].as_str() {
            None => {}
            Some("enforced") => self.set(name, Setup::PreventPublicAccess, true),
            Some("inherited") => self.set(name, Setup::PreventPublicAccess, false),
            Some(other) => return invalid(format!("Invalid publicAccessPrevention: {other}")),
        }
        self.owner(name).metageneration += 1;
        let resource = self.bucket_resource(name);
        Ok(json_reply(200, &select(&call.parameters, resource)))
    }

    pub(super) fn get_iam(&mut self, call: &Call, name: &str) -> Outcome {
        accept(call, &[COMMON, "optionsRequestedPolicyVersion"])?;
        self.authorize_owner(call, name, "storage.buckets.getIamPolicy")?;
        let policy = self.policy_of(name);
        let asked = call.parameter("optionsRequestedPolicyVersion");
        let message = "The policy has conditions: ask for version 3, or they are lost";
        require(policy["version"] == 1 || asked == Some("3"), message)?;
        Ok(json_reply(200, &policy))
    }

    pub(super) fn put_iam(&mut self, call: &Call, name: &str) -> Outcome {
        accept(call, &[COMMON])?;
        self.authorize_owner(call, name, "storage.buckets.setIamPolicy")?;
        let policy = Value::Object(self.json(call)?);
        let is_current = policy["etag"] == self.policy_of(name)["etag"];
        if !is_current {
            let message = "Precondition check failed: the etag isn't that of the policy.";
            return refuse(412, "conditionNotMet", message);
        }
        let none = Vec::new();
        let bindings = policy["bindings"].as_array().unwrap_or(&none);
        for binding in bindings {
            self.check_binding(name, binding, &policy["version"])?;
        }
        self.set_bindings(name, bindings);
        let policy = self.policy_of(name);
        Ok(json_reply(200, &policy))
    }

    fn check_binding(&self, bucket: &str, binding: &Value, version: &Value) -> Outcome<()> {
        let is_public = members(binding).iter().any(|who| PUBLIC.contains(who));
        let is_conditional = binding.get("condition").is_some();
        let message = "Conditions can't be used with allUsers or allAuthenticatedUsers.";
        require(!(is_public && is_conditional), message)?;
        let message = "Policies with conditions must have version 3.";
        require(!is_conditional || version == 3, message)?;
        require(!members(binding).is_empty(), "A binding has no members.")?;
        if is_public && self.existing(bucket)?.is(Setup::PreventPublicAccess) {
            let message = "The member bindings allUsers and allAuthenticatedUsers are not allowed \
                           since public access prevention is enforced.";
            return refuse(412, "conditionNotMet", message);
        }
        Ok(())
    }

    fn authorize_owner(&self, call: &Call, bucket: &str, permission: &str) -> Outcome<()> {
        let (status, reason, who) = match self.caller(call)? {
            Caller::Account if !self.existing(bucket)?.is(Setup::NoManage) => return Ok(()),
            Caller::Account => (403, "forbidden", "tester@example.com"),
            Caller::Anonymous => (401, "required", "Anonymous caller"),
        };
        let message = format!(
            "{who} does not have {permission} access to the Google Cloud Storage bucket. \
             Permission '{permission}' denied on resource (or it may not exist)."
        );
        refuse(status, reason, message)
    }

    fn json(&self, call: &Call) -> Outcome<Map<String, Value>> {
        serde_json::from_slice(&call.body).or_else(|error| invalid(format!("Body: {error}")))
    }

    /// `uploadType=media`: the name is in the URL, and the body is the object.
    pub(super) fn insert_media(&mut self, call: &Call, bucket: &str) -> Outcome<Reply> {
        let media_type = call.header("content-type");
        let metadata = ("application/json", &b"{}"[..]);
        let mut upload = self.prepare(call, bucket, metadata, media_type)?;
        upload.object.bytes = call.body.clone();
        Ok(json_reply(200, &self.commit(&upload)?))
    }
}

fn check_condition(call: &Call, metageneration: u64) -> Outcome<()> {
    let wanted = |name| call.parameter(name).map(number::<u64>).transpose();
    let holds = wanted("ifMetagenerationMatch")?.is_none_or(|wanted| wanted == metageneration)
        && wanted("ifMetagenerationNotMatch")?.is_none_or(|other| other != metageneration);
    if holds {
        Ok(())
    } else {
        refuse(
            412,
            "conditionNotMet",
            "At least one of the pre-conditions you specified did not hold.",
        )
    }
}
