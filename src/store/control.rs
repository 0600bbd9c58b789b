//! Settings of a bucket that only its owner can read and change, and who may read its objects. S3
//! and Google describe them differently; this module has one plain model for both. A folder has no
//! such settings.

use std::fmt;

use async_trait::async_trait;
use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::StoreError;
use super::kept::{Kept, Served};
use crate::base::path::ObjectKey;
use crate::cors::Policy;
use crate::store::location::Access;

/// Reads and changes the settings of a bucket.
#[async_trait]
pub trait Control: fmt::Debug + Send + Sync {
    /// Returns the identity of the credentials in use, as far as it's known without a request.
    /// Contains no secret.
    fn who(&self) -> String;

    /// Returns the requests by which a stranger may try to list the bucket.
    fn listings(&self) -> Vec<PublicRequest>;

    /// Returns the requests by which a stranger may try to write an object of this key, which is
    /// below the target's prefix.
    fn writes(&self, key: &str) -> Vec<PublicRequest>;

    /// Reads the settings of the bucket. A setting that can't be read is [`Observed::Unknown`],
    /// with the reason.
    async fn settings(&self) -> Settings;

    /// Reads what strangers may do by the bucket's own rules. It's that part of the settings alone,
    /// and takes two requests on S3 and one on Google.
    async fn grants(&self) -> Observed<Vec<Grant>>;

    /// Returns the changes that are needed so that strangers can read as `goal` says, in an order
    /// that is safe. Empty if nothing has to change.
    ///
    /// # Errors
    /// Fails if the current settings can't be read, or can't be changed to what is wanted.
    async fn access_changes(&self, goal: &AccessGoal) -> Result<Vec<Change>, StoreError>;

    /// Returns the changes that are needed so that strangers can only read. If `goal` has the
    /// releases in the bucket, strangers also lose access to these, where a policy of S3 can
    /// express that. Strangers who could read published objects still can, unless `goal` takes all
    /// rights from them. Rules with a condition stay as they are.
    ///
    /// # Errors
    /// Fails if the current settings can't be read.
    async fn closing_changes(&self, goal: &AccessGoal) -> Result<Vec<Change>, StoreError>;

    /// Makes one of these changes, if the setting is still as it was read.
    ///
    /// # Errors
    /// [`Precondition`](super::StoreErrorKind::Precondition) if another change finished first,
    /// where the storage checks this.
    async fn change(&self, change: &Change) -> Result<(), StoreError>;

    /// Reads the policy for cross-origin requests; `None` if the bucket has none.
    ///
    /// # Errors
    /// Fails if the policy can't be read.
    async fn cors(&self) -> Result<Option<Policy>, StoreError>;

    /// Replaces that policy, whatever it is, in one step. A policy without rules removes it.
    /// Setting the same policy twice changes nothing.
    ///
    /// # Errors
    /// Fails if the policy can't be set.
    async fn set_cors(&self, policy: &Policy) -> Result<(), StoreError>;

    /// Reads the state of an object as only its owner sees it; `None` if there is no object.
    ///
    /// # Errors
    /// Fails if the object can't be read. An ACL that can't be read is no error.
    async fn examine(&self, key: &ObjectKey) -> Result<Option<Kept>, StoreError>;

    /// Gives an object other headers, and its token, without sending its bytes, if the object is
    /// still the one in `seen`. On S3, where this is a copy, the object gets the target's ACL too.
    ///
    /// # Errors
    /// [`Precondition`](super::StoreErrorKind::Precondition) if the object has changed. Also fails
    /// on S3 for objects above 5 GiB.
    async fn set_headers(
        &self,
        key: &ObjectKey,
        served: &Served<'_>,
        seen: &Kept,
    ) -> Result<(), StoreError>;

    /// Gives an object the ACL that the target wants.
    ///
    /// # Errors
    /// Fails if the ACL can't be set; on Google, also as [`Control::set_headers`] does.
    async fn set_acl(&self, key: &ObjectKey, seen: &Kept) -> Result<(), StoreError>;

    /// Removes all rights of strangers from an object's own ACL, whatever the target wants. It's
    /// for documents.
    ///
    /// # Errors
    /// Fails as [`Control::set_acl`] does.
    async fn close(&self, key: &ObjectKey, seen: &Kept) -> Result<(), StoreError>;
}

/// Request that a stranger can make.
#[derive(Debug, Clone)]
pub struct PublicRequest {
    /// Name of the request: `list-type=2`.
    pub name: &'static str,
    /// HTTP method.
    pub method: Method,
    /// URL.
    pub url: String,
}

/// Answer of the storage, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed<T> {
    /// The value.
    Is(T),
    /// No value, for this reason.
    Unknown(String),
}

impl<T> Observed<T> {
    /// Returns the value, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Observed::Is(value) => Some(value),
            Observed::Unknown(_) => None,
        }
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Observed::Is(value) => Observed::Is(map(value)),
            Observed::Unknown(why) => Observed::Unknown(why),
        }
    }
}

impl<T> From<Result<T, StoreError>> for Observed<T> {
    fn from(told: Result<T, StoreError>) -> Observed<T> {
        match told {
            Ok(value) => Observed::Is(value),
            Err(error) if error.hint.is_empty() => Observed::Unknown(error.message),
            Err(error) => Observed::Unknown(format!("{} ({})", error.message, error.hint)),
        }
    }
}

/// Settings of a bucket.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Location of the bucket, as the storage names it.
    pub location: Observed<String>,
    /// Rights of everybody, and of everybody with an account, by the bucket's own rules. ACLs of
    /// objects aren't included.
    pub grants: Observed<Vec<Grant>>,
    /// Settings that keep the bucket from being public, whatever is granted.
    pub blocks: Observed<Blocks>,
    /// True if objects can have ACLs of their own.
    pub takes_acls: Observed<bool>,
    /// State of versioning: whether objects are kept after they are deleted or overwritten.
    pub versioning: Observed<Versioning>,
    /// Time for which deleted objects can be restored without versioning, in seconds; 0 if they
    /// can't be restored.
    pub soft_delete_seconds: Observed<u64>,
    /// Rule that keeps objects from being deleted or overwritten for a time, in words; none if
    /// there is no such rule.
    pub retention: Observed<Option<String>>,
    /// Lifecycle rules, by which the storage changes or deletes objects on its own.
    pub lifecycle: Observed<Vec<LifecycleRule>>,
}

/// Right that strangers have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Group that has the right.
    pub to: Public,
    /// The right itself.
    pub right: Right,
    /// Name of the rule that grants the right, in words: "the statement `Oops` of the
    /// bucket policy".
    pub by: String,
    /// All actions that the rule allows, as the rule names them, where `by` doesn't say:
    /// `s3:GetObject`, `s3:ListBucket`.
    pub allows: Vec<String>,
    /// Kind of the rule.
    pub kind: RuleKind,
    /// Objects that the right is about.
    pub reach: Reach,
    /// True if the right depends on a condition, such as the address of the client.
    pub is_conditional: bool,
}

impl Grant {
    /// Returns a right to all objects, without a condition.
    pub(crate) fn of_all(to: Public, right: Right, by: String, kind: RuleKind) -> Grant {
        Grant {
            to,
            right,
            by,
            allows: Vec::new(),
            kind,
            reach: Reach::All,
            is_conditional: false,
        }
    }
}

/// Kind of a rule that grants a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// ACL of S3.
    Acl,
    /// Policy of S3, or IAM policy of Google.
    Policy,
}

/// Objects of a bucket that a rule is about, by patterns of their keys: `*` matches any characters,
/// `?` matches one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// All objects.
    All,
    /// Objects that match one of these patterns.
    Only(Vec<String>),
    /// Objects that match none of these patterns.
    AllBut(Vec<String>),
}

impl Reach {
    /// Returns true if the rule is about the object of this key.
    pub fn covers(&self, key: &str) -> bool {
        let is_like_any = |globs: &[String]| globs.iter().any(|glob| is_like(glob, key));
        match self {
            Reach::All => true,
            Reach::Only(globs) => is_like_any(globs),
            Reach::AllBut(globs) => !is_like_any(globs),
        }
    }

    /// Returns true if the rule is about every object whose key begins with `prefix`, except those
    /// that begin with `private`, which itself begins with `prefix`.
    pub fn covers_below(&self, prefix: &str, private: Option<&str>) -> bool {
        match self {
            Reach::All => true,
            // A pattern that matches both of these matches all keys: no key has such characters.
            Reach::Only(globs) => globs.iter().any(|glob| {
                is_like(glob, &format!("{prefix}\u{1}"))
                    && is_like(glob, &format!("{prefix}\u{1}/\u{1}\u{1}"))
            }),
            Reach::AllBut(globs) => globs.iter().all(|glob| {
                let fixed = glob.split(['*', '?']).next().unwrap_or_default();
                let is_beside = !fixed.starts_with(prefix) && !prefix.starts_with(fixed);
                is_beside || private.is_some_and(|private| fixed.starts_with(private))
            }),
        }
    }
}

/// Returns true if a pattern of a policy matches a text: `*` matches any characters, `?` matches
/// one.
pub(super) fn is_like(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at_glob, mut at_text) = (0, 0);
    // Position after the last star, and the end of the text that the star matches so far.
    let mut star = None;
    while at_text < text.len() {
        match glob.get(at_glob) {
            Some('*') => {
                at_glob += 1;
                star = Some((at_glob, at_text));
            }
            Some(c) if *c == '?' || *c == text[at_text] => {
                at_glob += 1;
                at_text += 1;
            }
            _ => {
                let Some((behind, reached)) = star else {
                    return false;
                };
                star = Some((behind, reached + 1));
                (at_glob, at_text) = (behind, reached + 1);
            }
        }
    }
    glob[at_glob..].iter().all(|c| *c == '*')
}

/// Group of strangers: people outside the owner's own accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Public {
    /// Everybody, without credentials.
    Everybody,
    /// Everybody with an account with the cloud. Anybody can open one.
    AnyAccount,
}

/// Kind of right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Read objects.
    Read,
    /// List their names.
    List,
    /// Write or delete objects.
    Write,
    /// Read or change the settings of the bucket.
    Manage,
}

/// Settings that keep a bucket from being public: S3's public access block, Google's public access
/// prevention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Blocks {
    /// Public ACLs are refused.
    pub refuses_acls: bool,
    /// Existing public ACLs have no effect.
    pub ignores_acls: bool,
    /// Policies that make the bucket public are refused.
    pub refuses_policies: bool,
    /// Existing policies have no effect for strangers.
    pub ignores_policies: bool,
}

/// State of versioning: whether objects are kept after they are deleted or overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Versioning {
    /// Old versions are kept.
    On,
    /// Old versions are kept for as long as the bucket exists, since its objects can be locked.
    Locked,
    /// Old versions were kept earlier, but no longer are.
    Suspended,
    /// Old versions aren't kept.
    Off,
}

/// Lifecycle rule, by which the storage changes or deletes objects on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LifecycleRule {
    /// Name of the rule.
    pub name: String,
    /// Effect of the rule.
    pub does: Lifecycle,
    /// Prefix of the keys that the rule is about; empty for all.
    pub prefix: String,
}

/// Effect of a lifecycle rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    /// Deletes objects that are in use.
    Deletes,
    /// Moves objects to a storage class from which they can't be read at once.
    Freezes,
    /// Deletes uploads that were never finished.
    ClearsUploads,
    /// Does something that isn't relevant here.
    Harmless,
}

/// Intended access to a bucket.
#[derive(Debug, Clone, Copy)]
pub struct AccessGoal {
    /// Access as the target is configured.
    pub access: Access,
    /// True if the target's releases are in the same bucket, below its prefix.
    pub has_state: bool,
    /// Rights that strangers keep when the bucket is closed.
    pub keeps: Keeps,
}

/// Rights that strangers keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// The right to read.
    Reading,
    /// No right, for a bucket that has only releases.
    Nothing,
}

/// Change of a bucket's settings.
#[derive(Debug, Clone)]
pub struct Change {
    /// Description of the change, for people.
    pub text: String,
    /// True if the change removes a protection that was set on purpose.
    pub is_unblocking: bool,
    /// True if the change is to the bucket that has the releases, not to the target's own bucket.
    pub is_of_releases: bool,
    pub(super) step: Step,
}

/// Request that makes a change.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// S3's public access block.
    Block(Blocks),
    /// S3's ownership controls.
    Ownership(&'static str),
    /// S3's ACL of the bucket, as XML.
    Acl(String),
    /// S3's bucket policy: the current one, and the new one.
    Policy {
        before: Option<Value>,
        after: Option<Value>,
        /// Public access block that refuses the new policy. It's lifted for the write and restored
        /// afterwards.
        past: Option<Blocks>,
    },
    /// Google's IAM policy, with its etag.
    Iam(Value),
    /// Part of Google's bucket resource, and the metageneration that the change is based on.
    Patch(Value, String),
}

impl Change {
    pub(super) fn new(text: impl Into<String>, step: Step) -> Change {
        Change {
            text: text.into(),
            is_unblocking: false,
            is_of_releases: false,
            step,
        }
    }

    pub(super) fn unblocking(text: impl Into<String>, step: Step) -> Change {
        Change {
            is_unblocking: true,
            ..Change::new(text, step)
        }
    }
}

#[cfg(test)]
mod tests;
