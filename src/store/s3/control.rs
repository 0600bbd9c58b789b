//! Settings of a bucket on S3: policy, ACL, public access block, ownership, versioning, lifecycle.
//! Servers other than Amazon's have some of these; the others are reported as unknown.

mod blocks;
mod changes;
mod parts;

use async_trait::async_trait;
use http::Method;

use self::parts::{
    ACL, Answer, BLOCK, LIFECYCLE, LOCATION, OBJECT_LOCK, OWNERSHIP, VERSIONING, told,
};
use super::access::{is_empty, policy_grants, with_nothing_below, with_reading_only};
use super::acl::Acl;
use super::objects::PRIVATE;
use super::settings::{
    LifecycleConfiguration, LocationConstraint, ObjectLockConfiguration, OwnershipControls,
    PublicAccessBlock, VersioningConfiguration, retention,
};
use super::{S3, encode_query};
use crate::base::path::{ObjectKey, url_path};
use crate::cors::Policy;
use crate::store::control::{
    AccessGoal, Blocks, Change, Control, Grant, Keeps, Observed, PublicRequest, Right, Settings,
    Step, Versioning,
};
use crate::store::documents::FOLDER;
use crate::store::kept::{Kept, Served};
use crate::store::location::Access;
use crate::store::{StoreError, StoreErrorKind};

impl S3 {
    /// Returns the rights that the ACL and the policy grant. If only one of them can be read, its
    /// rights are returned only if some are dangerous. Otherwise the result is an error.
    async fn rules(&self) -> Result<Vec<Grant>, StoreError> {
        let (acl, policy) = futures_util::join!(self.document::<Acl>(&ACL), self.policy());
        let by_acl = acl.map(|acl| match acl {
            Answer::Is(acl) => acl.grants(),
            _ => Vec::new(),
        });
        let by_policy = policy.and_then(|policy| match policy {
            Answer::Is(policy) => Ok(policy_grants(&policy, &self.bucket)),
            Answer::Unset => Ok(Vec::new()),
            Answer::Unheard => {
                let message = "this server doesn't support bucket policies, or doesn't report them";
                Err(StoreError::new(StoreErrorKind::Other, message))
            }
        });
        match (by_acl, by_policy) {
            (Ok(by_acl), Ok(by_policy)) => Ok([by_acl, by_policy].concat()),
            (Ok(one), Err(error)) | (Err(error), Ok(one)) => {
                if one.iter().any(|grant| grant.right != Right::Read) {
                    Ok(one)
                } else {
                    Err(error)
                }
            }
            (Err(error), Err(_)) => Err(error),
        }
    }
}

#[async_trait]
impl Control for S3 {
    fn who(&self) -> String {
        self.access_key()
    }

    fn listings(&self) -> Vec<PublicRequest> {
        let (url, prefix) = (&self.bucket_url, encode_query(&self.prefix));
        let door = |name, query: String| PublicRequest {
            name,
            method: Method::GET,
            url: format!("{url}/?{query}"),
        };
        let mut doors = vec![
            door("list-type=2", "list-type=2&max-keys=1".to_string()),
            door("list", "max-keys=1".to_string()),
            door("versions", "versions=&max-keys=1".to_string()),
            door("uploads", "uploads=&max-uploads=1".to_string()),
        ];
        if !prefix.is_empty() {
            let query = format!("list-type=2&max-keys=1&prefix={prefix}");
            doors.push(door("list-type=2 below the prefix", query));
        }
        doors
    }

    fn writes(&self, key: &str) -> Vec<PublicRequest> {
        let url = format!(
            "{}/{}",
            self.bucket_url,
            url_path(&format!("{}{key}", self.prefix))
        );
        vec![PublicRequest {
            name: "PUT",
            method: Method::PUT,
            url,
        }]
    }

    async fn settings(&self) -> Settings {
        let (location, grants, blocks, ownership, versioning, lock, lifecycle) = futures_util::join!(
            self.document::<LocationConstraint>(&LOCATION),
            self.rules(),
            self.blocks(),
            self.document::<OwnershipControls>(&OWNERSHIP),
            self.document::<VersioningConfiguration>(&VERSIONING),
            self.document::<ObjectLockConfiguration>(&OBJECT_LOCK),
            self.document::<LifecycleConfiguration>(&LIFECYCLE),
        );
        let lock = told(lock, ObjectLockConfiguration::default());
        let has_lock = lock
            .known()
            .is_some_and(ObjectLockConfiguration::is_enabled);
        Settings {
            location: told(location, LocationConstraint::default()).map(LocationConstraint::name),
            grants: grants.into(),
            blocks: told(blocks, Blocks::default()),
            takes_acls: told(ownership, OwnershipControls::default()).map(|o| o.takes_acls()),
            versioning: told(versioning, VersioningConfiguration::default()).map(|versioning| {
                match versioning.state() {
                    Versioning::On if has_lock => Versioning::Locked,
                    state => state,
                }
            }),
            soft_delete_seconds: Observed::Is(0),
            retention: lock.map(|lock| retention(&lock)),
            lifecycle: told(lifecycle, LifecycleConfiguration::default())
                .map(LifecycleConfiguration::rules),
        }
    }

    async fn grants(&self) -> Observed<Vec<Grant>> {
        self.rules().await.into()
    }

    async fn access_changes(&self, goal: &AccessGoal) -> Result<Vec<Change>, StoreError> {
        let mut changes = match goal.access {
            Access::Bucket => self.policy_changes(goal).await?,
            Access::ObjectAcl => self.acl_changes().await?,
        };
        if let Some(change) = self.acl_closing().await? {
            // Strangers are removed from the ACL before anything is opened.
            changes.insert(0, change);
        }
        Ok(changes)
    }

    async fn closing_changes(&self, goal: &AccessGoal) -> Result<Vec<Change>, StoreError> {
        let mut changes: Vec<Change> = self.acl_closing().await?.into_iter().collect();
        let Answer::Is(before) = self.policy().await? else {
            return Ok(changes);
        };
        let private = (goal.has_state && self.prefix.is_empty()).then_some(FOLDER);
        let closed = match goal.keeps {
            Keeps::Reading => with_reading_only(&before, &self.bucket, private),
            Keeps::Nothing => with_nothing_below(&before, &self.bucket, &self.prefix),
        };
        let Some((after, mut says)) = closed else {
            return Ok(changes);
        };
        let after = (!is_empty(&after)).then_some(after);
        let past = match (&after, self.blocks().await) {
            (Some(after), Ok(Answer::Is(blocks))) if self.is_refused(after, &blocks) => {
                Some(blocks)
            }
            _ => None,
        };
        if past.is_some() {
            says.push(
                "public access block: BlockPublicPolicy would reject this policy, \
                 so it is off while the policy is written, then on again"
                    .to_string(),
            );
        }
        let before = Some(before);
        let step = Step::Policy {
            before,
            after,
            past,
        };
        changes.push(Change::new(says.join("\n"), step));
        Ok(changes)
    }

    async fn change(&self, change: &Change) -> Result<(), StoreError> {
        match &change.step {
            Step::Block(blocks) => self.put_part(&BLOCK, PublicAccessBlock::xml(*blocks)).await,
            Step::Ownership(ownership) => {
                let xml = OwnershipControls::xml(ownership);
                self.put_part(&OWNERSHIP, xml).await
            }
            Step::Acl(xml) => self.put_part(&ACL, xml.clone()).await,
            Step::Policy {
                before,
                after,
                past: None,
            } => self.put_policy(before.as_ref(), after.as_ref()).await,
            Step::Policy {
                before,
                after,
                past: Some(blocks),
            } => {
                let (before, after) = (before.as_ref(), after.as_ref());
                self.put_policy_past(*blocks, before, after).await
            }
            Step::Iam(_) | Step::Patch(..) => unreachable!("S3 makes no changes of Google's"),
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

    async fn set_acl(&self, key: &ObjectKey, _seen: &Kept) -> Result<(), StoreError> {
        self.set_object_acl(key, self.acl_of_objects()).await
    }

    async fn close(&self, key: &ObjectKey, _seen: &Kept) -> Result<(), StoreError> {
        self.set_object_acl(key, PRIVATE).await
    }
}
