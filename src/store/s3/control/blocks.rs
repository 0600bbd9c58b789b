//! Public access block of a bucket: uploads and policies that it refuses, and the command that sets
//! it.

use serde_json::Value;

use super::parts::Answer;
use crate::store::command::quoted;
use crate::store::control::Blocks;
use crate::store::http::{Call, Reply};
use crate::store::s3::S3;
use crate::store::s3::access::policy_grants;
use crate::store::{Server, Store, StoreError, StoreErrorKind};

impl S3 {
    /// Returns the command that sets the bucket's public access block.
    pub(super) fn block_command(&self, blocks: Blocks) -> String {
        let bucket = &self.bucket;
        let endpoint = match self.server() {
            Server::Amazon => String::new(),
            _ => format!(" --endpoint-url {}", quoted(&self.server_url())),
        };
        format!(
            "aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration BlockPublicAcls={},IgnorePublicAcls={},BlockPublicPolicy={},RestrictPublicBuckets={}{endpoint}",
            blocks.refuses_acls,
            blocks.ignores_acls,
            blocks.refuses_policies,
            blocks.ignores_policies
        )
    }

    /// Returns true if the bucket's own public access block refuses a policy. Ceph's radosgw 16
    /// treats every policy as public that allows anybody anything without a condition.
    pub(super) fn is_refused(&self, policy: &Value, blocks: &Blocks) -> bool {
        let is_public = || {
            let grants = policy_grants(policy, &self.bucket);
            grants.iter().any(|grant| !grant.is_conditional)
        };
        blocks.refuses_policies && (self.server() == Server::Ceph || is_public())
    }

    /// Returns true if every upload is refused, with an ACL or without: Ceph's radosgw 16 does so
    /// if the public access block refuses public ACLs.
    pub(super) fn refuses_all(&self, blocks: &Blocks) -> bool {
        blocks.refuses_acls && self.server() == Server::Ceph
    }

    /// Explains why an upload was refused. If the cause may be the bucket's public access block,
    /// it's read first, since S3's answer doesn't say.
    pub(in crate::store::s3) async fn explain_upload(
        &self,
        call: &Call,
        reply: &Reply,
    ) -> StoreError {
        let error = self.explain(call, reply);
        let has_acl = call.headers.contains_key("x-amz-acl");
        if error.kind != StoreErrorKind::Denied || !(has_acl || self.server() == Server::Ceph) {
            return error;
        }
        match self.blocks().await {
            Ok(Answer::Is(blocks)) if blocks.refuses_acls => StoreError {
                kind: StoreErrorKind::AclRefused,
                hint: self.unblocking_hint(blocks).into(),
                ..error
            },
            _ => error,
        }
    }

    fn unblocking_hint(&self, blocks: Blocks) -> String {
        let (bucket, server) = (&self.bucket, self.server().name());
        let why = match self.server() {
            Server::Ceph => {
                format!("so {server} rejects every upload, with or without an ACL")
            }
            _ => "but every object of this target has one (`access = \"object-acl\"`)".to_string(),
        };
        format!(
            "the bucket `{bucket}` rejects public ACLs (BlockPublicAcls in its public access block), {why}. \
             Turn BlockPublicAcls off and keep the rest with `{}`",
            self.block_command(without_acls(blocks))
        )
    }
}

pub(super) fn without_policies(blocks: Blocks) -> Blocks {
    Blocks {
        refuses_policies: false,
        ..blocks
    }
}

pub(super) fn without_acls(blocks: Blocks) -> Blocks {
    Blocks {
        refuses_acls: false,
        ..blocks
    }
}
