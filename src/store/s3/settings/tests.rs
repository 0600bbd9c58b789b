//! Settings of buckets as servers write them.

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

/// Settings are parsed as the various servers write them.
#[test]
fn server_documents_are_parsed() {
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
