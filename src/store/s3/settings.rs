//! XML documents with the settings of a bucket on S3, and what they mean.

use serde::Deserialize;

use crate::store::control::{Blocks, Lifecycle, LifecycleRule, Versioning};

/// S3's oldest region, whose name is empty in answers.
const FIRST_REGION: &str = "us-east-1";

/// Storage classes from which objects can't be read at once
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html#sc-glacier>).
/// Glacier Instant Retrieval isn't one.
const FROZEN: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

#[derive(Debug, Deserialize, Default)]
pub(super) struct LocationConstraint {
    #[serde(rename = "$text", default)]
    region: String,
}

impl LocationConstraint {
    pub(super) fn name(self) -> String {
        match self.region.as_str() {
            "" => FIRST_REGION.to_string(),
            // Old name of S3's first European region.
            "EU" => "eu-west-1".to_string(),
            _ => self.region,
        }
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PublicAccessBlock {
    block_public_acls: bool,
    ignore_public_acls: bool,
    block_public_policy: bool,
    restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    pub(super) fn blocks(&self) -> Blocks {
        Blocks {
            refuses_acls: self.block_public_acls,
            ignores_acls: self.ignore_public_acls,
            refuses_policies: self.block_public_policy,
            ignores_policies: self.restrict_public_buckets,
        }
    }

    pub(super) fn xml(blocks: Blocks) -> String {
        format!(
            "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><BlockPublicAcls>{}</BlockPublicAcls><IgnorePublicAcls>{}</IgnorePublicAcls><BlockPublicPolicy>{}</BlockPublicPolicy><RestrictPublicBuckets>{}</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
            blocks.refuses_acls,
            blocks.ignores_acls,
            blocks.refuses_policies,
            blocks.ignores_policies
        )
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct OwnershipControls {
    rule: Vec<OwnershipRule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OwnershipRule {
    object_ownership: String,
}

impl OwnershipControls {
    /// Returns true if objects can have ACLs. Without any ownership controls, the account that
    /// writes an object owns it and sets its ACL.
    pub(super) fn takes_acls(&self) -> bool {
        let enforced = |rule: &OwnershipRule| rule.object_ownership == "BucketOwnerEnforced";
        !self.rule.iter().any(enforced)
    }

    pub(super) fn xml(ownership: &str) -> String {
        format!(
            "<OwnershipControls xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>"
        )
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct VersioningConfiguration {
    status: String,
}

impl VersioningConfiguration {
    pub(super) fn state(&self) -> Versioning {
        match self.status.as_str() {
            "Enabled" => Versioning::On,
            "Suspended" => Versioning::Suspended,
            _ => Versioning::Off,
        }
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ObjectLockConfiguration {
    object_lock_enabled: String,
    rule: Option<LockRule>,
}

impl ObjectLockConfiguration {
    /// Returns true if objects of the bucket can be locked, and so whether it keeps versions
    /// permanently (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>).
    pub(super) fn is_enabled(&self) -> bool {
        self.object_lock_enabled == "Enabled"
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LockRule {
    default_retention: DefaultRetention,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct DefaultRetention {
    mode: String,
    days: Option<u32>,
    years: Option<u32>,
}

/// Returns a description of how an object lock protects every new object.
pub(super) fn retention(lock: &ObjectLockConfiguration) -> Option<String> {
    let DefaultRetention { mode, days, years } = &lock.rule.as_ref()?.default_retention;
    let time = match (days, years) {
        (Some(days), _) => format!("{days} days"),
        (_, Some(years)) => format!("{years} years"),
        (None, None) => return None,
    };
    let mode = crate::base::text::escape(&mode.to_lowercase());
    Some(format!("every version is kept for {time} ({mode} mode)"))
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct LifecycleConfiguration {
    rule: Vec<Rule>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Rule {
    #[serde(rename = "ID")]
    id: String,
    status: String,
    prefix: Option<String>,
    filter: Filter,
    expiration: Option<Expiration>,
    transition: Vec<Transition>,
    abort_incomplete_multipart_upload: Option<Something>,
}

/// Filter of a rule: one condition, or several under `And`.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Filter {
    prefix: Option<String>,
    tag: Vec<Something>,
    and: Option<Box<Filter>>,
}

impl Filter {
    fn prefix(&self) -> Option<&str> {
        let inner = || self.and.as_ref().and_then(|and| and.prefix());
        self.prefix.as_deref().or_else(inner)
    }

    /// Returns true if the rule is about objects with a tag. None of assetsync's objects has one.
    fn is_about_tags(&self) -> bool {
        let inner = self.and.as_ref().is_some_and(|and| and.is_about_tags());
        !self.tag.is_empty() || inner
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Expiration {
    days: Option<u32>,
    date: Option<String>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Transition {
    storage_class: String,
}

#[derive(Debug, Deserialize)]
struct Something {}

impl LifecycleConfiguration {
    /// Returns the rules that are in force, one for each of their effects.
    pub(super) fn rules(self) -> Vec<LifecycleRule> {
        let enabled = self.rule.iter().filter(|rule| rule.status == "Enabled");
        enabled.flat_map(Rule::rules).collect()
    }
}

impl Rule {
    fn rules(&self) -> Vec<LifecycleRule> {
        let deletes = self.expiration.as_ref();
        let deletes = deletes.is_some_and(|when| when.days.is_some() || when.date.is_some());
        let freezes = self.transition.iter();
        let freezes = freezes.map(|to| to.storage_class.as_str());
        let freezes = freezes.filter(|class| FROZEN.contains(class)).count() > 0;
        let is_ours = !self.filter.is_about_tags();
        let all = [
            (deletes && is_ours, Lifecycle::Deletes),
            (freezes && is_ours, Lifecycle::Freezes),
            (
                self.abort_incomplete_multipart_upload.is_some(),
                Lifecycle::ClearsUploads,
            ),
        ];
        let rule = |does| LifecycleRule {
            name: crate::base::text::escape(&self.id),
            does,
            prefix: (self.prefix.as_deref().or(self.filter.prefix()))
                .unwrap_or_default()
                .to_string(),
        };
        let all: Vec<_> = all.into_iter().filter(|(does, _)| *does).collect();
        if all.is_empty() {
            vec![rule(Lifecycle::Harmless)]
        } else {
            all.into_iter().map(|(_, does)| rule(does)).collect()
        }
    }
}

#[cfg(test)]
mod tests;
