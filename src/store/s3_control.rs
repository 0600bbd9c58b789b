//! How a bucket on S3 is set up: its policy, ACL, public access block, ownership, versioning, lifecycle. Servers other than
//! Amazon's know some of these; what they don't know is told of as such.

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use md5::{Digest, Md5};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::control::{
    Blocks, Change, Control, Door, Grant, Keeps, Right, Settings, Step, Told, Versioning, Wish,
};
use super::http::{Call, Reply};
use super::kept::{Kept, Served};
use super::s3::{S3, encode_query};
use super::s3_access::{
    is_empty, policy_change, policy_grants, with_everybody_reading, with_nothing_below,
    with_reading_only,
};
use super::s3_acl::Acl;
use super::s3_documents::{error_document, parse};
use super::s3_objects::PRIVATE;
use super::s3_settings::{
    LifecycleConfiguration, LocationConstraint, ObjectLockConfiguration, OwnershipControls,
    PublicAccessBlock, VersioningConfiguration, retention,
};
use super::{Server, Store, StoreError, StoreErrorKind};
use crate::config::Access;
use crate::config::command::quoted;
use crate::cors::Policy;
use crate::path::{ObjectKey, url_path};
use crate::release::layout::FOLDER;

/// A part of how a bucket is set up: the query that asks for it, the document that answers, what S3 says where there's none,
/// and the permission that is needed.
struct Part {
    query: &'static str,
    root: &'static str,
    none: &'static str,
    permission: &'static str,
}

const ACL: Part = part("acl", "AccessControlPolicy", "", "s3:GetBucketAcl");
const POLICY: Part = part("policy", "", "NoSuchBucketPolicy", "s3:GetBucketPolicy");
const BLOCK: Part = part(
    "publicAccessBlock",
    // radosgw calls it `BlockPublicAccessBlockConfiguration`.
    "PublicAccessBlockConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "s3:GetBucketPublicAccessBlock",
);
const OWNERSHIP: Part = part(
    "ownershipControls",
    "OwnershipControls",
    "OwnershipControlsNotFoundError",
    "s3:GetBucketOwnershipControls",
);
const LOCATION: Part = part("location", "LocationConstraint", "", "s3:GetBucketLocation");
const VERSIONING: Part = part(
    "versioning",
    // moto calls it `GetBucketVersioningResponse`.
    "Versioning",
    "",
    "s3:GetBucketVersioning",
);
const LIFECYCLE: Part = part(
    "lifecycle",
    "LifecycleConfiguration",
    "NoSuchLifecycleConfiguration",
    "s3:GetLifecycleConfiguration",
);
const OBJECT_LOCK: Part = part(
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

/// What a server says of a part of how a bucket is set up.
enum Answer<T> {
    Is(T),
    /// It isn't set.
    Unset,
    /// The server has no such thing.
    Unheard,
}

impl<T> Answer<T> {
    /// What it says, or what it means that it isn't set; none if there's no such thing.
    fn or(self, unset: T) -> Option<T> {
        match self {
            Answer::Is(value) => Some(value),
            Answer::Unset => Some(unset),
            Answer::Unheard => None,
        }
    }
}

impl S3 {
    fn part_url(&self, part: &Part) -> String {
        format!("{}/?{}=", self.bucket_url, part.query)
    }

    async fn ask(&self, part: &Part) -> Result<(Call, Answer<Reply>), StoreError> {
        let doing = format!("ask for the bucket's {}", part.query);
        let call = Call::new(Method::GET, self.part_url(part), doing);
        let reply = self.send(&call).await?;
        if reply.status.is_success() {
            // A server that doesn't know the query lists the bucket instead.
            let has_root = memchr::memmem::find(&reply.body, part.root.as_bytes()).is_some();
            let is_listing = memchr::memmem::find(&reply.body, b"<ListBucketResult").is_some();
            return Ok(match has_root && !is_listing {
                true => (call, Answer::Is(reply)),
                false => (call, Answer::Unheard),
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

    async fn document<T: DeserializeOwned>(&self, part: &Part) -> Result<Answer<T>, StoreError> {
        let (call, answer) = self.ask(part).await?;
        Ok(match answer {
            Answer::Is(reply) => Answer::Is(parse(&call, &reply)?),
            Answer::Unset => Answer::Unset,
            Answer::Unheard => Answer::Unheard,
        })
    }

    async fn policy(&self) -> Result<Answer<Value>, StoreError> {
        let (call, answer) = self.ask(&POLICY).await?;
        Ok(match answer {
            Answer::Is(reply) => Answer::Is(serde_json::from_slice(&reply.body).map_err(|e| {
                let message = format!("Cannot {}: the policy isn't JSON: {e}", call.doing);
                StoreError::new(StoreErrorKind::Other, message)
            })?),
            Answer::Unset => Answer::Unset,
            Answer::Unheard => Answer::Unheard,
        })
    }

    async fn blocks(&self) -> Result<Answer<Blocks>, StoreError> {
        let block: Answer<PublicAccessBlock> = self.document(&BLOCK).await?;
        Ok(match block {
            Answer::Is(block) => Answer::Is(block.blocks()),
            Answer::Unset => Answer::Unset,
            Answer::Unheard => Answer::Unheard,
        })
    }

    /// What ACL and policy grant. If one of them can't be read, or the server has no policies, the other is enough only to tell
    /// of what is dangerous.
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
                let message = "this server has no bucket policies, or doesn't tell";
                Err(StoreError::new(StoreErrorKind::Other, message))
            }
        });
        match (by_acl, by_policy) {
            (Ok(by_acl), Ok(by_policy)) => Ok([by_acl, by_policy].concat()),
            (Ok(one), Err(error)) | (Err(error), Ok(one)) => {
                match one.iter().any(|grant| grant.right != Right::Read) {
                    true => Ok(one),
                    false => Err(error),
                }
            }
            (Err(error), Err(_)) => Err(error),
        }
    }

    async fn put_part(&self, part: &Part, body: String) -> Result<(), StoreError> {
        let doing = format!("set the bucket's {}", part.query);
        let md5 = BASE64_STANDARD.encode(Md5::digest(&body));
        let call = Call::new(Method::PUT, self.part_url(part), doing)
            .header("content-md5", &md5)
            .body([Bytes::from(body)]);
        let reply = self.send(&call).await?;
        match reply.status.is_success() && error_document(&reply).is_none() {
            true => Ok(()),
            false => {
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
    }

    /// What may have refused a part: a permission that is missing, and for what can be public, a public access block. The bucket's
    /// own tells whether it's that.
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
        let open = match part.query == ACL.query {
            true => without_acls(blocks),
            false => without_policies(blocks),
        };
        match is_blocked {
            true => format!(
                "the bucket's own public access block may refuse it ({name}): this takes that off and leaves the rest: `{}`; else {needed}",
                self.block_command(open)
            ),
            false => format!(
                "{needed}; the bucket's own public access block doesn't refuse it, but that of the whole account may"
            ),
        }
    }

    /// Sets the bucket's public access block, as a command.
    fn block_command(&self, blocks: Blocks) -> String {
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

    /// Whether the bucket's own block refuses a policy. Ceph's radosgw 16 takes every policy for public that lets anybody do
    /// anything without a condition.
    fn is_refused(&self, policy: &Value, blocks: &Blocks) -> bool {
        let is_public = || {
            let grants = policy_grants(policy, &self.bucket);
            grants.iter().any(|grant| !grant.is_conditional)
        };
        blocks.refuses_policies && (self.server() == Server::Ceph || is_public())
    }

    /// Takes the refusal of public policies off, sets the policy, and puts the refusal back, whatever came of it.
    async fn put_policy_past(
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
            "BlockPublicPolicy may still be off; this puts it back: `{}`",
            self.block_command(blocks)
        );
        error.hint(hint)
    }

    /// S3 has no condition for this, so the look comes right before the write.
    async fn put_policy(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<(), StoreError> {
        let now = match self.policy().await? {
            Answer::Is(policy) => Some(policy),
            _ => None,
        };
        if now.as_ref() != before {
            let message = "Cannot set the bucket's policy: somebody else changed it meanwhile";
            return Err(StoreError::new(StoreErrorKind::Precondition, message)
                .hint("run it again: what they wrote is kept"));
        }
        match after {
            Some(after) => self.put_part(&POLICY, after.to_string()).await,
            None => self.delete_policy().await,
        }
    }

    async fn delete_policy(&self) -> Result<(), StoreError> {
        let doing = "take the bucket's policy away";
        let call = Call::new(Method::DELETE, self.part_url(&POLICY), doing);
        let reply = self.send(&call).await?;
        match reply.status.is_success() {
            true => Ok(()),
            false => {
                let error = self.explain(&call, &reply);
                Err(match error.kind {
                    StoreErrorKind::Denied => error.hint("s3:DeleteBucketPolicy is needed"),
                    _ => error,
                })
            }
        }
    }

    /// Strangers taken out of the bucket's ACL.
    async fn acl_closing(&self) -> Result<Option<Change>, StoreError> {
        let Answer::Is(acl) = self.document::<Acl>(&ACL).await? else {
            return Ok(None);
        };
        let text =
            "bucket ACL: strangers are taken out of it, who can list or write; all others stay";
        let without = acl.without_strangers();
        Ok(without.map(|without| Change::new(text, Step::Acl(without))))
    }

    /// Whether every upload is refused: Ceph's radosgw 16 does so where public ACLs are, with an ACL or without.
    fn refuses_all(&self, blocks: &Blocks) -> bool {
        blocks.refuses_acls && self.server() == Server::Ceph
    }

    /// Explains why an upload was refused. If that may be for the bucket's public access block, it's asked for: what S3 answers
    /// doesn't tell.
    pub(super) async fn explain_upload(&self, call: &Call, reply: &Reply) -> StoreError {
        let error = self.explain(call, reply);
        let has_acl = call.headers.contains_key("x-amz-acl");
        if error.kind != StoreErrorKind::Denied || !(has_acl || self.server() == Server::Ceph) {
            return error;
        }
        match self.blocks().await {
            Ok(Answer::Is(blocks)) if blocks.refuses_acls => StoreError {
                kind: StoreErrorKind::AclRefused,
                hint: self.unblocking_hint(blocks),
                ..error
            },
            _ => error,
        }
    }

    fn unblocking_hint(&self, blocks: Blocks) -> String {
        let (bucket, server) = (&self.bucket, self.server().name());
        let why = match self.server() {
            Server::Ceph => {
                format!("for which {server} refuses every upload, with an ACL or without")
            }
            _ => "and objects of this target have one (`access = \"object-acl\"`)".to_string(),
        };
        format!(
            "the bucket `{bucket}` refuses public ACLs (BlockPublicAcls in its public access block), {why}. This takes that off and leaves the rest: `{}`",
            self.block_command(without_acls(blocks))
        )
    }

    /// What has to change before objects can be public by a policy.
    async fn policy_changes(&self, wish: &Wish) -> Result<Vec<Change>, StoreError> {
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
            let off = match self.refuses_all(&blocks) {
                true => "BlockPublicAcls, with which this server refuses every upload, ",
                false => "",
            };
            let text = format!(
                "public access block: {off}BlockPublicPolicy and RestrictPublicBuckets off; the others stay"
            );
            changes.push(Change::unblocking(text, Step::Block(open)));
        }
        let before = match self.policy().await? {
            Answer::Is(policy) => Some(policy),
            _ => None,
        };
        let folder = wish.has_state.then_some(FOLDER);
        let after = with_everybody_reading(before.as_ref(), &self.bucket, &self.prefix, folder);
        if let Some(after) = after {
            let text = policy_change(&self.bucket, &self.prefix, folder);
            let step = Step::Policy {
                before,
                after: Some(after),
                // It's off by now.
                past: None,
            };
            changes.push(Change::new(text, step));
        }
        Ok(changes)
    }

    /// What has to change before objects can be public by ACLs of their own.
    async fn acl_changes(&self) -> Result<Vec<Change>, StoreError> {
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
                "public access block: BlockPublicAcls and IgnorePublicAcls off; the others stay";
            changes.push(Change::unblocking(text, Step::Block(open)));
        }
        let ownership: Answer<OwnershipControls> = self.document(&OWNERSHIP).await?;
        if let Answer::Is(ownership) = ownership
            && !ownership.takes_acls()
        {
            let text = "ownership controls: BucketOwnerPreferred, so that objects can have ACLs";
            changes.push(Change::new(text, Step::Ownership("BucketOwnerPreferred")));
        }
        Ok(changes)
    }
}

#[async_trait]
impl Control for S3 {
    fn who(&self) -> String {
        self.access_key()
    }

    fn listings(&self) -> Vec<Door> {
        let (url, prefix) = (&self.bucket_url, encode_query(&self.prefix));
        let door = |name, query: String| Door {
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

    fn writes(&self, key: &str) -> Vec<Door> {
        let url = format!(
            "{}/{}",
            self.bucket_url,
            url_path(&format!("{}{key}", self.prefix))
        );
        vec![Door {
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
            soft_delete_seconds: Told::Is(0),
            retention: lock.map(|lock| retention(&lock)),
            lifecycle: told(lifecycle, LifecycleConfiguration::default())
                .map(LifecycleConfiguration::rules),
        }
    }

    async fn grants(&self) -> Told<Vec<Grant>> {
        self.rules().await.into()
    }

    async fn access_changes(&self, wish: &Wish) -> Result<Vec<Change>, StoreError> {
        let mut changes = match wish.access {
            Access::Bucket => self.policy_changes(wish).await?,
            Access::ObjectAcl => self.acl_changes().await?,
        };
        if let Some(change) = self.acl_closing().await? {
            // Closed before anything is opened.
            changes.insert(0, change);
        }
        Ok(changes)
    }

    async fn closing_changes(&self, wish: &Wish) -> Result<Vec<Change>, StoreError> {
        let mut changes: Vec<Change> = self.acl_closing().await?.into_iter().collect();
        let Answer::Is(before) = self.policy().await? else {
            return Ok(changes);
        };
        let private = (wish.has_state && self.prefix.is_empty()).then_some(FOLDER);
        let closed = match wish.keeps {
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
            says.push("public access block: BlockPublicPolicy is off while the policy is written, since it would refuse that, and on again right after".to_string());
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

fn without_policies(blocks: Blocks) -> Blocks {
    Blocks {
        refuses_policies: false,
        ..blocks
    }
}

fn without_acls(blocks: Blocks) -> Blocks {
    Blocks {
        refuses_acls: false,
        ..blocks
    }
}

/// What was told, with what it means that it isn't set.
fn told<T>(answer: Result<Answer<T>, StoreError>, unset: T) -> Told<T> {
    match answer {
        Ok(answer) => match answer.or(unset) {
            Some(value) => Told::Is(value),
            None => Told::Unknown("this server has no such setting, or doesn't tell".to_string()),
        },
        Err(error) => Err(error).into(),
    }
}
