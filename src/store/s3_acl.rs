//! What S3's ACLs grant to strangers, and an ACL without them. Nothing is sent here.

use serde::Deserialize;

use super::control::{Grant, Public, Right, RuleKind};

/// The groups of S3's ACLs
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups>).
const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const ANY_ACCOUNT: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

/// An ACL, as far as it's needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Acl {
    owner: Owner,
    access_control_list: Grants,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Owner {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Grants {
    #[serde(default)]
    grant: Vec<AclGrant>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AclGrant {
    grantee: Grantee,
    permission: String,
}

#[derive(Debug, Deserialize)]
struct Grantee {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "URI")]
    uri: Option<String>,
    #[serde(rename = "EmailAddress")]
    email: Option<String>,
}

impl Grantee {
    fn public(&self) -> Option<Public> {
        match self.uri.as_deref() {
            Some(EVERYBODY) => Some(Public::Everybody),
            Some(ANY_ACCOUNT) => Some(Public::AnyAccount),
            _ => None,
        }
    }

    /// As XML, for a `Grant`.
    fn xml(&self) -> String {
        let (kind, element, value) = match (&self.id, &self.uri, &self.email) {
            (Some(id), _, _) => ("CanonicalUser", "ID", id),
            (_, Some(uri), _) => ("Group", "URI", uri),
            (_, _, Some(email)) => ("AmazonCustomerByEmail", "EmailAddress", email),
            (None, None, None) => return String::new(),
        };
        let value = quick_xml::escape::escape(value.as_str());
        format!(
            "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{kind}\"><{element}>{value}</{element}></Grantee>"
        )
    }
}

impl Acl {
    /// What a bucket's ACL grants to strangers. Its `READ` is about the bucket, so it's to list.
    pub(super) fn grants(&self) -> Vec<Grant> {
        let grants = self.access_control_list.grant.iter();
        let public = grants.filter_map(|grant| Some((grant.grantee.public()?, grant)));
        let rights = public.flat_map(|(to, grant)| {
            let rights: &[Right] = match grant.permission.as_str() {
                "READ" => &[Right::List],
                "WRITE" => &[Right::Write],
                "FULL_CONTROL" => &[Right::List, Right::Write, Right::Manage],
                _ => &[Right::Manage],
            };
            let group = match to {
                Public::Everybody => "AllUsers",
                Public::AnyAccount => "AuthenticatedUsers",
            };
            let by = format!("{} in the bucket's ACL for {group}", grant.permission);
            let grant = move |right: &Right| Grant::of_all(to, *right, by.clone(), RuleKind::Acl);
            rights.iter().map(grant)
        });
        rights.collect()
    }

    /// What an object's ACL grants to strangers. Its `READ` is to read it, and nobody writes by it.
    pub(super) fn object_grants(&self) -> Vec<Grant> {
        let grants = self.access_control_list.grant.iter();
        let public = grants.filter_map(|grant| Some((grant.grantee.public()?, grant)));
        let grants = public.map(|(to, grant)| {
            let right = match grant.permission.as_str() {
                "READ" => Right::Read,
                "WRITE" => Right::Write,
                _ => Right::Manage,
            };
            let by = format!("{} in its ACL", grant.permission);
            Grant::of_all(to, right, by, RuleKind::Acl)
        });
        grants.collect()
    }

    /// What it grants to accounts by name, its owner aside, in words.
    pub(super) fn accounts(&self) -> Vec<String> {
        let grants = self.access_control_list.grant.iter();
        let named = grants.filter_map(|grant| {
            let account = grant.grantee.id.as_ref().or(grant.grantee.email.as_ref())?;
            let words = format!("{} for `{account}`", grant.permission);
            (*account != self.owner.id).then(|| crate::error::escape(&words))
        });
        named.collect()
    }

    /// The same ACL without strangers, as XML; none if it has no stranger.
    pub(super) fn without_strangers(&self) -> Option<String> {
        let all = &self.access_control_list.grant;
        if all.iter().all(|grant| grant.grantee.public().is_none()) {
            return None;
        }
        let kept = all.iter().filter(|grant| grant.grantee.public().is_none());
        let kept: String = kept
            .map(|grant| {
                let permission = quick_xml::escape::escape(grant.permission.as_str());
                format!(
                    "<Grant>{}<Permission>{permission}</Permission></Grant>",
                    grant.grantee.xml()
                )
            })
            .collect();
        let owner = quick_xml::escape::escape(self.owner.id.as_str());
        Some(format!(
            "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{owner}</ID></Owner><AccessControlList>{kept}</AccessControlList></AccessControlPolicy>"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC_ACL: &str = r#"<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>us&amp;co</ID></Owner><AccessControlList>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI></Grantee><Permission>WRITE_ACP</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI></Grantee><Permission>WRITE</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>us&amp;co</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>
        </AccessControlList></AccessControlPolicy>"#;

    #[test]
    fn accounts_have_names_and_the_owner_isnt_one_of_them() {
        let acl: Acl = quick_xml::de::from_str(PUBLIC_ACL).expect("an ACL");
        assert_eq!(acl.accounts(), [""; 0]);
        let shared = PUBLIC_ACL.replace(
            "<Owner><ID>us&amp;co</ID></Owner>",
            "<Owner><ID>them</ID></Owner>",
        );
        let acl: Acl = quick_xml::de::from_str(&shared).expect("an ACL");
        assert_eq!(acl.accounts(), ["FULL_CONTROL for `us&co`"]);
    }

    #[test]
    fn an_acl_is_freed_of_strangers_and_keeps_all_others() {
        let acl: Acl = quick_xml::de::from_str(PUBLIC_ACL).expect("an ACL");
        let rights: Vec<_> = acl.grants().into_iter().map(|g| (g.to, g.right)).collect();
        assert_eq!(
            rights,
            [
                (Public::Everybody, Right::List),
                (Public::AnyAccount, Right::Manage)
            ]
        );
        let rest = acl.without_strangers().expect("there were some");
        assert!(
            rest.contains("LogDelivery") && rest.contains("us&amp;co"),
            "{rest}"
        );
        let rest: Acl = quick_xml::de::from_str(&rest).expect("an ACL");
        assert_eq!(rest.access_control_list.grant.len(), 2);
        assert_eq!(rest.without_strangers(), None, "nothing is left to do");
    }
}
