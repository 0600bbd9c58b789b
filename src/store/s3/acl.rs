//! Rights that S3's ACLs grant to strangers, and ACLs without strangers. Sends no requests.

use serde::Deserialize;

use crate::store::control::{Grant, Public, Right, RuleKind};

/// Groups of S3's ACLs
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups>).
const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const ANY_ACCOUNT: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

/// ACL, with the parts that are needed.
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

    /// Returns the grantee as XML, for a `Grant`.
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
    /// Returns the rights that a bucket's ACL grants to strangers. `READ` of a bucket is the right
    /// to list it.
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

    /// Returns the rights that an object's ACL grants to strangers. `READ` of an object is the
    /// right to read it.
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

    /// Returns the rights that the ACL grants to accounts by name, except its owner, in words.
    pub(super) fn accounts(&self) -> Vec<String> {
        let grants = self.access_control_list.grant.iter();
        let named = grants.filter_map(|grant| {
            let account = grant.grantee.id.as_ref().or(grant.grantee.email.as_ref())?;
            let words = format!("{} for `{account}`", grant.permission);
            (*account != self.owner.id).then(|| crate::base::text::escape(&words))
        });
        named.collect()
    }

    /// Returns the same ACL without strangers, as XML; `None` if it has no strangers.
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
mod tests;
