//! ACLs as S3 writes them, read and changed.

use super::*;

const PUBLIC_ACL: &str = r#"<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>us&amp;co</ID></Owner><AccessControlList>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI></Grantee><Permission>WRITE_ACP</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI></Grantee><Permission>WRITE</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>us&amp;co</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>
        </AccessControlList></AccessControlPolicy>"#;

/// Accounts in an ACL are named, except the owner.
#[test]
fn foreign_accounts_are_named() {
    let acl: Acl = quick_xml::de::from_str(PUBLIC_ACL).expect("an ACL");
    assert_eq!(acl.accounts(), [""; 0]);
    let shared = PUBLIC_ACL.replace(
        "<Owner><ID>us&amp;co</ID></Owner>",
        "<Owner><ID>them</ID></Owner>",
    );
    let acl: Acl = quick_xml::de::from_str(&shared).expect("an ACL");
    assert_eq!(acl.accounts(), ["FULL_CONTROL for `us&co`"]);
}

/// Removing strangers from an ACL keeps all other grants.
#[test]
fn acl_loses_only_public_grants() {
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
