//! The XML documents of how a bucket on S3 is set up, and what they mean.

use serde::Deserialize;

use super::control::{Blocks, Lifecycle, LifecycleRule, Versioning};

/// S3's oldest region is called nothing.
const FIRST_REGION: &str = "us-east-1";

/// Storage classes from which nobody reads at once
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html#sc-glacier>); Glacier Instant Retrieval
/// isn't one.
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
            // Of its first European region's old name.
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
    /// Without any, whoever writes an object owns it, and gives it an ACL.
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
    /// Tells whether objects of the bucket can be locked, and so whether it keeps versions for good
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>).
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

/// What an object lock does to every new object, in words.
pub(super) fn retention(lock: &ObjectLockConfiguration) -> Option<String> {
    let DefaultRetention { mode, days, years } = &lock.rule.as_ref()?.default_retention;
    let time = match (days, years) {
        (Some(days), _) => format!("{days} days"),
        (_, Some(years)) => format!("{years} years"),
        (None, None) => return None,
    };
    let mode = crate::error::escape(&mode.to_lowercase());
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

/// One condition, or several under `And`.
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

    /// Whether it's about objects with a tag, which none of ours has.
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
    /// The rules that are in force, one for each thing they do.
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
            name: crate::error::escape(&self.id),
            does,
            prefix: (self.prefix.as_deref().or(self.filter.prefix()))
                .unwrap_or_default()
                .to_string(),
        };
        let all: Vec<_> = all.into_iter().filter(|(does, _)| *does).collect();
        match all.is_empty() {
            true => vec![rule(Lifecycle::Harmless)],
            false => all.into_iter().map(|(_, does)| rule(does)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rule: &str) -> Vec<(Lifecycle, String)> {
        let xml = format!(
            "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ID>tidy</ID>{rule}</Rule></LifecycleConfiguration>"
        );
        let read: LifecycleConfiguration = quick_xml::de::from_str(&xml).expect("XML");
        let rules = read.rules().into_iter();
        rules.map(|rule| (rule.does, rule.prefix)).collect()
    }

    #[test]
    fn what_a_lifecycle_rule_does() {
        use Lifecycle::*;
        const ON: &str = "<Status>Enabled</Status>";
        for (rule, does) in [
            (
                "<Prefix>a/</Prefix><Expiration><Days>1</Days></Expiration>",
                vec![(Deletes, "a/")],
            ),
            (
                "<Filter><Prefix>a/</Prefix></Filter><Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration>",
                vec![(Deletes, "a/")],
            ),
            (
                "<Filter><And><Prefix>b/</Prefix><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan></And></Filter><Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition><Transition><Days>9</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>",
                vec![(Freezes, "b/")],
            ),
            (
                "<Filter/><Expiration><Days>9</Days></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
                vec![(Deletes, ""), (ClearsUploads, "")],
            ),
            (
                "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Expiration><Days>9</Days></Expiration>",
                vec![(Harmless, "")],
            ),
            (
                "<Filter/><NoncurrentVersionExpiration><NoncurrentDays>9</NoncurrentDays></NoncurrentVersionExpiration>",
                vec![(Harmless, "")],
            ),
            (
                "<Filter/><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>",
                vec![(Harmless, "")],
            ),
        ] {
            let expected: Vec<_> = does
                .into_iter()
                .map(|(does, prefix)| (does, prefix.to_string()))
                .collect();
            assert_eq!(rules(&format!("{ON}{rule}")), expected, "{rule}");
        }
        let off = "<Status>Disabled</Status><Filter/><Expiration><Days>1</Days></Expiration>";
        assert_eq!(rules(off), []);
    }

    #[test]
    fn documents_are_read_as_servers_write_them() {
        let rgw = "<BlockPublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></BlockPublicAccessBlockConfiguration>";
        let block: PublicAccessBlock = quick_xml::de::from_str(rgw).expect("XML");
        let blocks = block.blocks();
        assert!(blocks.refuses_acls && blocks.refuses_policies);
        assert!(!blocks.ignores_acls && !blocks.ignores_policies);
        let again: PublicAccessBlock =
            quick_xml::de::from_str(&PublicAccessBlock::xml(blocks)).expect("XML");
        assert_eq!(again.blocks(), blocks);

        let location = |xml: &str| quick_xml::de::from_str::<LocationConstraint>(xml).expect("XML");
        let empty = "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>";
        assert_eq!(location(empty).name(), "us-east-1");
        let named = "<LocationConstraint>eu-central-1</LocationConstraint>";
        assert_eq!(location(named).name(), "eu-central-1");

        let owner: OwnershipControls =
            quick_xml::de::from_str(&OwnershipControls::xml("BucketOwnerEnforced")).expect("XML");
        assert!(!owner.takes_acls());
        let suspended: VersioningConfiguration =
            quick_xml::de::from_str("<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Disabled</MfaDelete></VersioningConfiguration>").expect("XML");
        assert_eq!(suspended.state(), Versioning::Suspended);
        let lock: ObjectLockConfiguration = quick_xml::de::from_str("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>").expect("XML");
        assert_eq!(
            retention(&lock).as_deref(),
            Some("every version is kept for 30 days (governance mode)")
        );
    }
}
