//! Changes that make a bucket public, or close it; and writes of its policy.

use http::Method;
use serde_json::Value;

use super::blocks::without_policies;
use super::parts::{ACL, Answer, BLOCK, OWNERSHIP, POLICY};
use crate::store::control::{AccessGoal, Blocks, Change, Step};
use crate::store::documents::FOLDER;
use crate::store::http::Call;
use crate::store::s3::S3;
use crate::store::s3::access::{policy_change, with_everybody_reading};
use crate::store::s3::acl::Acl;
use crate::store::s3::settings::{OwnershipControls, PublicAccessBlock};
use crate::store::{StoreError, StoreErrorKind};

impl S3 {
    /// Turns off the refusal of public policies, sets the policy, and turns the refusal on again,
    /// whether the policy was set or not.
    pub(super) async fn put_policy_past(
        &self,
        blocks: Blocks,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<(), StoreError> {
        let off = PublicAccessBlock::xml(without_policies(blocks));
        let opened = self.put_part(&BLOCK, off).await;
        let put = match &opened {
            Ok(()) => self.put_policy(before, after).await,
            Err(error) if error.kind == StoreErrorKind::Denied => return opened,
            Err(_) => opened,
        };
        let closed = self.put_part(&BLOCK, PublicAccessBlock::xml(blocks)).await;
        match (put, closed) {
            (put, Ok(())) => put,
            (Ok(()), Err(error)) => Err(self.still_off(error, blocks)),
            (Err(error), Err(later)) => Err(self.still_off(error.and(Some(later)), blocks)),
        }
    }

    fn still_off(&self, error: StoreError, blocks: Blocks) -> StoreError {
        let hint = format!(
            "BlockPublicPolicy may still be off; this turns it on again: `{}`",
            self.block_command(blocks)
        );
        error.hint(hint)
    }

    /// Sets the policy. S3 has no condition for this, so the current policy is checked right before
    /// the write.
    pub(super) async fn put_policy(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<(), StoreError> {
        let now = match self.policy().await? {
            Answer::Is(policy) => Some(policy),
            _ => None,
        };
        if now.as_ref() != before {
            let message = "Cannot set the bucket's policy: someone else changed it first";
            return Err(StoreError::new(StoreErrorKind::Precondition, message)
                .hint("run the command again: it keeps their change"));
        }
        match after {
            Some(after) => self.put_part(&POLICY, after.to_string()).await,
            None => self.delete_policy().await,
        }
    }

    async fn delete_policy(&self) -> Result<(), StoreError> {
        let doing = "delete the bucket's policy";
        let call = Call::new(Method::DELETE, self.part_url(&POLICY), doing);
        let reply = self.send(&call).await?;
        if reply.status.is_success() {
            Ok(())
        } else {
            let error = self.explain(&call, &reply);
            Err(match error.kind {
                StoreErrorKind::Denied => error.hint("s3:DeleteBucketPolicy is needed"),
                _ => error,
            })
        }
    }

    /// Returns the change that removes strangers from the bucket's ACL.
    pub(super) async fn acl_closing(&self) -> Result<Option<Change>, StoreError> {
        let Answer::Is(acl) = self.document::<Acl>(&ACL).await? else {
            return Ok(None);
        };
        let text = "bucket ACL: all grants to strangers (AllUsers, AuthenticatedUsers) are removed; \
                    other grants are unchanged";
        let without = acl.without_strangers();
        Ok(without.map(|without| Change::new(text, Step::Acl(without))))
    }

    /// Returns the changes that are needed so that objects are public by a policy.
    pub(super) async fn policy_changes(
        &self,
        goal: &AccessGoal,
    ) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        if let Answer::Is(blocks) = self.blocks().await?
            && (blocks.refuses_policies || blocks.ignores_policies || self.refuses_all(&blocks))
        {
            let open = Blocks {
                refuses_policies: false,
                ignores_policies: false,
                refuses_acls: blocks.refuses_acls && !self.refuses_all(&blocks),
                ..blocks
            };
            let also = if self.refuses_all(&blocks) {
                ", and BlockPublicAcls too, which makes this server reject every upload"
            } else {
                ""
            };
            let text = format!(
                "public access block: BlockPublicPolicy and RestrictPublicBuckets off{also}; others unchanged"
            );
            changes.push(Change::unblocking(text, Step::Block(open)));
        }
        let before = match self.policy().await? {
            Answer::Is(policy) => Some(policy),
            _ => None,
        };
        let folder = goal.has_state.then_some(FOLDER);
        let after = with_everybody_reading(before.as_ref(), &self.bucket, &self.prefix, folder);
        if let Some(after) = after {
            let text = policy_change(&self.bucket, &self.prefix, folder);
            let step = Step::Policy {
                before,
                after: Some(after),
                // The block is already off by then.
                past: None,
            };
            changes.push(Change::new(text, step));
        }
        Ok(changes)
    }

    /// Returns the changes that are needed before objects can be public by their own ACLs.
    pub(super) async fn acl_changes(&self) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        if let Answer::Is(blocks) = self.blocks().await?
            && (blocks.refuses_acls || blocks.ignores_acls)
        {
            let open = Blocks {
                refuses_acls: false,
                ignores_acls: false,
                ..blocks
            };
            let text =
                "public access block: BlockPublicAcls and IgnorePublicAcls off; others unchanged";
            changes.push(Change::unblocking(text, Step::Block(open)));
        }
        let ownership: Answer<OwnershipControls> = self.document(&OWNERSHIP).await?;
        if let Answer::Is(ownership) = ownership
            && !ownership.takes_acls()
        {
            let text = "ownership controls: BucketOwnerPreferred, so objects can have ACLs";
            changes.push(Change::new(text, Step::Ownership("BucketOwnerPreferred")));
        }
        Ok(changes)
    }
}
