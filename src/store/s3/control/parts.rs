//! Settings of a bucket one by one: their names on S3, and how each is read and set.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use md5::{Digest, Md5};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::blocks::{without_acls, without_policies};
use crate::store::control::{Blocks, Observed};
use crate::store::http::{Call, Reply};
use crate::store::s3::S3;
use crate::store::s3::documents::{error_document, parse};
use crate::store::s3::settings::PublicAccessBlock;
use crate::store::{StoreError, StoreErrorKind};

/// Setting of a bucket: the query that reads it, the root element of the answer, the error code for
/// a setting that isn't set, and the permission that is needed.
pub(super) struct Part {
    query: &'static str,
    root: &'static str,
    none: &'static str,
    permission: &'static str,
}

pub(super) const ACL: Part = part("acl", "AccessControlPolicy", "", "s3:GetBucketAcl");

pub(super) const POLICY: Part = part("policy", "", "NoSuchBucketPolicy", "s3:GetBucketPolicy");

pub(super) const BLOCK: Part = part(
    "publicAccessBlock",
    // radosgw calls it `BlockPublicAccessBlockConfiguration`.
    "PublicAccessBlockConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "s3:GetBucketPublicAccessBlock",
);

pub(super) const OWNERSHIP: Part = part(
    "ownershipControls",
    "OwnershipControls",
    "OwnershipControlsNotFoundError",
    "s3:GetBucketOwnershipControls",
);

pub(super) const LOCATION: Part =
    part("location", "LocationConstraint", "", "s3:GetBucketLocation");

pub(super) const VERSIONING: Part = part(
    "versioning",
    // moto calls it `GetBucketVersioningResponse`.
    "Versioning",
    "",
    "s3:GetBucketVersioning",
);

pub(super) const LIFECYCLE: Part = part(
    "lifecycle",
    "LifecycleConfiguration",
    "NoSuchLifecycleConfiguration",
    "s3:GetLifecycleConfiguration",
);

pub(super) const OBJECT_LOCK: Part = part(
    "object-lock",
    "ObjectLockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "s3:GetBucketObjectLockConfiguration",
);

const fn part(
    query: &'static str,
    root: &'static str,
    none: &'static str,
    permission: &'static str,
) -> Part {
    Part {
        query,
        root,
        none,
        permission,
    }
}

/// Answer of a server about a setting of a bucket.
pub(super) enum Answer<T> {
    Is(T),
    /// The setting isn't set.
    Unset,
    /// The server has no such setting.
    Unheard,
}

impl<T> Answer<T> {
    /// Returns the value, or `unset` if the setting isn't set; `None` if the server has no such
    /// setting.
    fn or(self, unset: T) -> Option<T> {
        match self {
            Answer::Is(value) => Some(value),
            Answer::Unset => Some(unset),
            Answer::Unheard => None,
        }
    }
}

impl S3 {
    pub(super) fn part_url(&self, part: &Part) -> String {
        format!("{}/?{}=", self.bucket_url, part.query)
    }

    async fn ask(&self, part: &Part) -> Result<(Call, Answer<Reply>), StoreError> {
        let doing = format!("read the bucket's {}", part.query);
        let call = Call::new(Method::GET, self.part_url(part), doing);
        let reply = self.send(&call).await?;
        if reply.status.is_success() {
            // A server that doesn't know the query returns a listing of the bucket instead.
            let has_root = memchr::memmem::find(&reply.body, part.root.as_bytes()).is_some();
            let is_listing = memchr::memmem::find(&reply.body, b"<ListBucketResult").is_some();
            return Ok(if has_root && !is_listing {
                (call, Answer::Is(reply))
            } else {
                (call, Answer::Unheard)
            });
        }
        let code = error_document(&reply).unwrap_or_default().code;
        if !part.none.is_empty() && code == part.none {
            return Ok((call, Answer::Unset));
        }
        let is_unheard = matches!(
            reply.status,
            StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED
        ) || matches!(code.as_str(), "NotImplemented" | "MethodNotAllowed");
        if is_unheard {
            return Ok((call, Answer::Unheard));
        }
        let error = self.explain(&call, &reply);
        Err(match error.kind {
            StoreErrorKind::Denied => error.hint(format!("{} is needed", part.permission)),
            _ => error,
        })
    }

    pub(super) async fn document<T: DeserializeOwned>(
        &self,
        part: &Part,
    ) -> Result<Answer<T>, StoreError> {
        let (call, answer) = self.ask(part).await?;
        Ok(match answer {
            Answer::Is(reply) => Answer::Is(parse(&call, &reply)?),
            Answer::Unset => Answer::Unset,
            Answer::Unheard => Answer::Unheard,
        })
    }

    pub(super) async fn policy(&self) -> Result<Answer<Value>, StoreError> {
        let (call, answer) = self.ask(&POLICY).await?;
        Ok(match answer {
            Answer::Is(reply) => Answer::Is(serde_json::from_slice(&reply.body).map_err(|e| {
                let message = format!("Cannot {}: the policy isn't JSON: {e}", call.doing);
                StoreError::new(StoreErrorKind::Other, message)
                    .hint("check that the endpoint speaks S3")
            })?),
            Answer::Unset => Answer::Unset,
            Answer::Unheard => Answer::Unheard,
        })
    }

    pub(super) async fn blocks(&self) -> Result<Answer<Blocks>, StoreError> {
        let block: Answer<PublicAccessBlock> = self.document(&BLOCK).await?;
        Ok(match block {
            Answer::Is(block) => Answer::Is(block.blocks()),
            Answer::Unset => Answer::Unset,
            Answer::Unheard => Answer::Unheard,
        })
    }

    pub(super) async fn put_part(&self, part: &Part, body: String) -> Result<(), StoreError> {
        let doing = format!("set the bucket's {}", part.query);
        let md5 = BASE64_STANDARD.encode(Md5::digest(&body));
        let call = Call::new(Method::PUT, self.part_url(part), doing)
            .header("content-md5", &md5)
            .body([Bytes::from(body)]);
        let reply = self.send(&call).await?;
        if reply.status.is_success() && error_document(&reply).is_none() {
            Ok(())
        } else {
            let error = self.explain(&call, &reply);
            match error.kind {
                StoreErrorKind::Denied => {
                    let hint = self.hint_of_denied(part).await;
                    Err(error.hint(hint))
                }
                _ => Err(error),
            }
        }
    }

    /// Returns a hint for a setting that was refused. The cause is a missing permission or, for
    /// settings that make objects public, a public access block. The bucket's own block shows
    /// whether it's that one.
    async fn hint_of_denied(&self, part: &Part) -> String {
        let needed = format!(
            "{} is needed",
            part.permission.replacen("s3:Get", "s3:Put", 1)
        );
        let blocks = match self.blocks().await {
            Ok(Answer::Is(blocks)) => blocks,
            _ => Blocks::default(),
        };
        let (is_blocked, name) = match part.query {
            query if query == POLICY.query => (blocks.refuses_policies, "BlockPublicPolicy"),
            query if query == ACL.query => (blocks.refuses_acls, "BlockPublicAcls"),
            _ => return needed,
        };
        let open = if part.query == ACL.query {
            without_acls(blocks)
        } else {
            without_policies(blocks)
        };
        if is_blocked {
            format!(
                "{name} in the bucket's public access block may reject the change. \
                 Turn it off and keep the rest with `{}`. If the change fails again, {needed}",
                self.block_command(open)
            )
        } else {
            format!("{needed}. If the credentials have it, check the account's public access block")
        }
    }
}

/// Converts an answer; `unset` is the value of a setting that isn't set.
pub(super) fn told<T>(answer: Result<Answer<T>, StoreError>, unset: T) -> Observed<T> {
    match answer {
        Ok(answer) => match answer.or(unset) {
            Some(value) => Observed::Is(value),
            None => Observed::Unknown(
                "this server doesn't support this setting, or doesn't report it".to_string(),
            ),
        },
        Err(error) => Err(error).into(),
    }
}
