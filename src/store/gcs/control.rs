//! Settings of a bucket on Google Cloud Storage: IAM policy, uniform access, lifecycle and others.
//! They also include public access prevention, versioning and retention
//! (<https://cloud.google.com/storage/docs/json_api/v1/buckets>).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::iam::{Readers, iam_grants, with_reading_only};
use super::objects::PRIVATE;
use super::{Gcs, encode, parse};
use crate::base::path::{ObjectKey, url_path};
use crate::cors::Policy;
use crate::store::control::{
    AccessGoal, Blocks, Change, Control, Grant, Keeps, Lifecycle, LifecycleRule, Observed,
    PublicRequest, Settings, Step, Versioning,
};
use crate::store::http::{Call, Reply};
use crate::store::kept::{Kept, Served};
use crate::store::location::Access;
use crate::store::{StoreError, StoreErrorKind};

/// Fields of a bucket's resource that are read.
const FIELDS: &str = "location,metageneration,iamConfiguration,versioning,softDeletePolicy,retentionPolicy,lifecycle";

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Bucket {
    location: String,
    metageneration: String,
    iam_configuration: IamConfiguration,
    versioning: Enabled,
    soft_delete_policy: SoftDelete,
    retention_policy: Option<Retention>,
    lifecycle: LifecycleRules,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct IamConfiguration {
    uniform_bucket_level_access: Enabled,
    public_access_prevention: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Enabled {
    enabled: bool,
}

/// Numbers are strings, since JSON has no 64-bit integers.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SoftDelete {
    retention_duration_seconds: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Retention {
    retention_period: String,
    is_locked: bool,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct LifecycleRules {
    rule: Vec<Rule>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Rule {
    action: Action,
    condition: Condition,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Action {
    r#type: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    is_live: Option<bool>,
    num_newer_versions: Option<u32>,
    days_since_noncurrent_time: Option<u32>,
    noncurrent_time_before: Option<String>,
    matches_prefix: Vec<String>,
}

impl Condition {
    /// Returns true if the condition holds only for versions that were deleted or overwritten.
    fn is_about_old_versions(&self) -> bool {
        self.is_live == Some(false)
            || self.num_newer_versions.is_some_and(|newer| newer > 0)
            || self.days_since_noncurrent_time.is_some()
            || self.noncurrent_time_before.is_some()
    }
}

impl Rule {
    /// Returns one rule for each prefix. Google can read from every storage class at once, so no
    /// rule freezes.
    fn rules(&self, at: usize) -> Vec<LifecycleRule> {
        let does = match self.action.r#type.as_str() {
            "Delete" if !self.condition.is_about_old_versions() => Lifecycle::Deletes,
            "AbortIncompleteMultipartUpload" => Lifecycle::ClearsUploads,
            _ => Lifecycle::Harmless,
        };
        let rule = |prefix: &str| LifecycleRule {
            name: format!("rule {}", at + 1),
            does: does.clone(),
            prefix: prefix.to_string(),
        };
        match self.condition.matches_prefix.as_slice() {
            [] => vec![rule("")],
            prefixes => prefixes.iter().map(|prefix| rule(prefix)).collect(),
        }
    }
}

impl Bucket {
    fn is_prevented(&self) -> bool {
        self.iam_configuration.public_access_prevention == "enforced"
    }

    fn is_uniform(&self) -> bool {
        self.iam_configuration.uniform_bucket_level_access.enabled
    }

    fn blocks(&self) -> Blocks {
        let is_prevented = self.is_prevented();
        Blocks {
            refuses_acls: is_prevented,
            ignores_acls: is_prevented,
            refuses_policies: is_prevented,
            ignores_policies: is_prevented,
        }
    }

    fn retention(&self) -> Option<String> {
        let policy = self.retention_policy.as_ref()?;
        let seconds = crate::base::text::escape(&policy.retention_period);
        let locked = if policy.is_locked {
            " (the policy is locked)"
        } else {
            ""
        };
        Some(format!(
            "objects cannot be deleted or overwritten for {seconds} s{locked}"
        ))
    }

    fn versioning(&self) -> Versioning {
        if self.versioning.enabled {
            Versioning::On
        } else {
            Versioning::Off
        }
    }

    fn lifecycle(&self) -> Vec<LifecycleRule> {
        let rules = self.lifecycle.rule.iter().enumerate();
        rules.flat_map(|(at, rule)| rule.rules(at)).collect()
    }
}

impl Gcs {
    fn bucket_url(&self) -> String {
        format!("{}/storage/v1/b/{}", self.server, self.bucket)
    }

    fn iam_url(&self) -> String {
        format!("{}/iam", self.bucket_url())
    }

    /// Sends `call`; the error of a refusal names the permission that is needed.
    pub(super) async fn ask_owner(
        &self,
        call: &Call,
        permission: &str,
    ) -> Result<Reply, StoreError> {
        let reply = self.send(call).await?;
        if reply.status.is_success() {
            return Ok(reply);
        }
        let error = self.explain(call, &reply);
        Err(match error.kind {
            StoreErrorKind::Denied => error.hint(format!("{permission} is needed")),
            StoreErrorKind::AclRefused => error,
            _ if reply.status == StatusCode::CONFLICT
                || reply.status == StatusCode::PRECONDITION_FAILED =>
            {
                StoreError {
                    kind: StoreErrorKind::Precondition,
                    ..error
                }
                .hint("someone else changed the bucket first, and their change is kept: run the command again")
            }
            _ => error,
        })
    }

    async fn bucket_resource(&self) -> Result<Bucket, StoreError> {
        let url = format!("{}?fields={}", self.bucket_url(), encode(FIELDS));
        let call = Call::new(Method::GET, url, "read the bucket's settings");
        let reply = self.ask_owner(&call, "storage.buckets.get").await?;
        parse(&call, &reply)
    }

    /// Reads the IAM policy in version 3, which has conditions: an older version would lose them
    /// (<https://cloud.google.com/iam/docs/policies#versions>).
    async fn iam(&self) -> Result<Value, StoreError> {
        let url = format!("{}?optionsRequestedPolicyVersion=3", self.iam_url());
        let call = Call::new(Method::GET, url, "read the bucket's IAM policy");
        let reply = self
            .ask_owner(&call, "storage.buckets.getIamPolicy")
            .await?;
        parse(&call, &reply)
    }

    async fn send_json(
        &self,
        method: Method,
        url: String,
        doing: &str,
        body: &Value,
        permission: &str,
    ) -> Result<(), StoreError> {
        let call = Call::new(method, url, doing)
            .header("content-type", "application/json; charset=utf-8")
            .body([Bytes::from(body.to_string())]);
        self.ask_owner(&call, permission).await.map(|_| ())
    }
}

#[async_trait]
impl Control for Gcs {
    fn who(&self) -> String {
        self.credentials_are()
    }

    /// Returns none for an emulator: it needs no credentials, so there are no strangers to
    /// distinguish.
    fn listings(&self) -> Vec<PublicRequest> {
        if self.is_emulated() {
            return Vec::new();
        }
        let door = |name, url: String| PublicRequest {
            name,
            method: Method::GET,
            url,
        };
        let json = format!("{}/o?maxResults=1", self.bucket_url());
        let xml = format!("{}/{}", self.server, self.bucket);
        let mut doors = vec![
            door("XML", format!("{xml}?max-keys=1")),
            door("XML, list-type=2", format!("{xml}?list-type=2&max-keys=1")),
            door("XML, versions", format!("{xml}?versions=&max-keys=1")),
            door("XML, uploads", format!("{xml}?uploads=&max-uploads=1")),
            door("JSON", json.clone()),
            door("JSON, versions", format!("{json}&versions=true")),
        ];
        if !self.prefix.is_empty() {
            let prefix = encode(&self.prefix);
            let url = format!("{json}&prefix={prefix}");
            doors.push(door("JSON below the prefix", url));
        }
        doors
    }

    fn writes(&self, key: &str) -> Vec<PublicRequest> {
        if self.is_emulated() {
            return Vec::new();
        }
        let full = format!("{}{key}", self.prefix);
        let (server, bucket, name) = (&self.server, &self.bucket, encode(&full));
        vec![
            PublicRequest {
                name: "JSON",
                method: Method::POST,
                url: format!(
                    "{server}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}"
                ),
            },
            PublicRequest {
                name: "XML",
                method: Method::PUT,
                url: format!("{server}/{bucket}/{}", url_path(&full)),
            },
        ]
    }

    async fn settings(&self) -> Settings {
        let (bucket, iam) = futures_util::join!(self.bucket_resource(), self.iam());
        let bucket = Observed::from(bucket);
        fn told<T>(bucket: &Observed<Bucket>, of: impl Fn(&Bucket) -> T) -> Observed<T> {
            match bucket {
                Observed::Is(bucket) => Observed::Is(of(bucket)),
                Observed::Unknown(why) => Observed::Unknown(why.clone()),
            }
        }
        Settings {
            location: told(&bucket, |bucket| bucket.location.clone()),
            grants: Observed::from(iam).map(|iam| iam_grants(&iam)),
            blocks: told(&bucket, Bucket::blocks),
            takes_acls: told(&bucket, |bucket| !bucket.is_uniform()),
            versioning: told(&bucket, Bucket::versioning),
            soft_delete_seconds: told(&bucket, |bucket| {
                let seconds = &bucket.soft_delete_policy.retention_duration_seconds;
                seconds.parse().unwrap_or(0)
            }),
            retention: told(&bucket, Bucket::retention),
            lifecycle: told(&bucket, Bucket::lifecycle),
        }
    }

    async fn grants(&self) -> Observed<Vec<Grant>> {
        Observed::from(self.iam().await).map(|iam| iam_grants(&iam))
    }

    async fn access_changes(&self, goal: &AccessGoal) -> Result<Vec<Change>, StoreError> {
        let (bucket, iam) = futures_util::join!(self.bucket_resource(), self.iam());
        let (bucket, iam) = (bucket?, iam?);
        let mut changes = Vec::new();
        // Every change of the resource makes another metageneration, so both changes share one
        // patch.
        let mut patch = json!({});
        let mut says = Vec::new();
        if bucket.is_prevented() {
            patch["publicAccessPrevention"] = json!("inherited");
            says.push("public access prevention: no longer enforced for this bucket");
        }
        match (goal.access, bucket.is_uniform()) {
            (Access::Bucket, false) => {
                patch["uniformBucketLevelAccess"] = json!({"enabled": true});
                says.push(
                    "uniform bucket-level access on: the bucket's rules apply to every object, and object ACLs are ignored",
                );
            }
            (Access::ObjectAcl, true) => {
                patch["uniformBucketLevelAccess"] = json!({"enabled": false});
                says.push("uniform bucket-level access off, so objects can have ACLs");
            }
            _ => {}
        }
        let readers = match goal.access {
            Access::Bucket => Readers::Everybody,
            Access::ObjectAcl => Readers::AsBefore,
        };
        let iam = with_reading_only(&iam, readers);
        let iam = iam.map(|(policy, says)| Change::new(says.join("\n"), Step::Iam(policy)));
        let patch = (!says.is_empty()).then(|| {
            let body = json!({ "iamConfiguration": patch });
            let step = Step::Patch(body, bucket.metageneration.clone());
            Change {
                is_unblocking: bucket.is_prevented(),
                ..Change::new(says.join("\n"), step)
            }
        });
        // Objects that are public by ACLs are so until uniform access is on. By then, the bucket's
        // rules must be in place.
        let is_prevented = bucket.is_prevented();
        if is_prevented {
            changes.extend(patch.into_iter().chain(iam))
        } else {
            changes.extend(iam.into_iter().chain(patch))
        }
        Ok(changes)
    }

    async fn closing_changes(&self, goal: &AccessGoal) -> Result<Vec<Change>, StoreError> {
        let (bucket, iam) = futures_util::join!(self.bucket_resource(), self.iam());
        // While public access is prevented, rules that let strangers in have no effect, and none
        // can be written, not even an existing one.
        let is_prevented = bucket.is_ok_and(|bucket| bucket.is_prevented());
        let readers = match goal.keeps {
            Keeps::Reading if !is_prevented => Readers::AsBefore,
            Keeps::Reading | Keeps::Nothing => Readers::Nobody,
        };
        let iam = with_reading_only(&iam?, readers);
        let change = iam.map(|(policy, says)| Change::new(says.join("\n"), Step::Iam(policy)));
        Ok(change.into_iter().collect())
    }

    async fn change(&self, change: &Change) -> Result<(), StoreError> {
        match &change.step {
            Step::Iam(policy) => {
                let doing = "set the bucket's IAM policy";
                let (url, needed) = (self.iam_url(), "storage.buckets.setIamPolicy");
                self.send_json(Method::PUT, url, doing, policy, needed)
                    .await
            }
            Step::Patch(body, metageneration) => {
                let condition = format!("ifMetagenerationMatch={}", encode(metageneration));
                let url = format!("{}?{condition}", self.bucket_url());
                let doing = "change the bucket's settings";
                self.send_json(Method::PATCH, url, doing, body, "storage.buckets.update")
                    .await
            }
            _ => unreachable!("Google makes no changes of S3's"),
        }
    }

    async fn cors(&self) -> Result<Option<Policy>, StoreError> {
        self.cors_policy().await
    }

    async fn set_cors(&self, policy: &Policy) -> Result<(), StoreError> {
        self.set_cors_policy(policy).await
    }

    async fn examine(&self, key: &ObjectKey) -> Result<Option<Kept>, StoreError> {
        self.examine_object(key).await
    }

    async fn set_headers(
        &self,
        key: &ObjectKey,
        served: &Served<'_>,
        seen: &Kept,
    ) -> Result<(), StoreError> {
        self.set_object_headers(key, served, seen).await
    }

    async fn set_acl(&self, key: &ObjectKey, seen: &Kept) -> Result<(), StoreError> {
        self.set_object_acl(key, self.acl_of_objects(), seen).await
    }

    async fn close(&self, key: &ObjectKey, seen: &Kept) -> Result<(), StoreError> {
        self.set_object_acl(key, PRIVATE, seen).await
    }
}

#[cfg(test)]
mod tests;
