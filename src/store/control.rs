//! What only the owner of a bucket asks of it: how it's set up, and who may read it. S3 and Google say so in different
//! words; here they are the same plain data. A folder has nobody to ask.

use std::fmt;

use async_trait::async_trait;
use http::Method;
use serde::Serialize;
use serde_json::Value;

use super::StoreError;
use super::kept::{Kept, Served};
use crate::config::Access;
use crate::cors::Policy;
use crate::path::ObjectKey;

/// Asks and changes how a bucket is set up.
#[async_trait]
pub trait Control: fmt::Debug + Send + Sync {
    /// Whose credentials are in use, as far as it's known without asking anybody. No secret.
    fn who(&self) -> String;

    /// The ways in which a stranger may try to list the bucket.
    fn listings(&self) -> Vec<Door>;

    /// The ways in which a stranger may try to write an object of this key, which is below the target's prefix.
    fn writes(&self, key: &str) -> Vec<Door>;

    /// How the bucket is set up. What can't be found out is told of as such.
    async fn settings(&self) -> Settings;

    /// What strangers may do by the bucket's own rules: that part of the settings alone, which takes two requests on S3 and one
    /// on Google.
    async fn grants(&self) -> Told<Vec<Grant>>;

    /// What would have to change so that strangers can read as `wish` says, in the order in which it's safe; empty if
    /// nothing would.
    ///
    /// # Errors
    /// What is there can't be read, or can't be made so.
    async fn access_changes(&self, wish: &Wish) -> Result<Vec<Change>, StoreError>;

    /// What would have to change so that strangers can do no more than read; and, where a policy of S3 can say so, not the
    /// releases either, if `wish` has them in the bucket. Who could read what is published still can, unless strangers are to
    /// keep nothing. Rules with a condition are left alone.
    ///
    /// # Errors
    /// What is there can't be read.
    async fn closing_changes(&self, wish: &Wish) -> Result<Vec<Change>, StoreError>;

    /// Makes one of these changes, if what it's about is still as it was.
    ///
    /// # Errors
    /// [`Precondition`](super::StoreErrorKind::Precondition) if somebody else was faster, where the storage minds.
    async fn change(&self, change: &Change) -> Result<(), StoreError>;

    /// The policy for cross-origin requests; none if the bucket has none.
    ///
    /// # Errors
    /// It can't be read.
    async fn cors(&self) -> Result<Option<Policy>, StoreError>;

    /// Replaces that policy, whatever it is, in one step; one without rules takes it away. Done twice, it's done once.
    ///
    /// # Errors
    /// It can't be set.
    async fn set_cors(&self, policy: &Policy) -> Result<(), StoreError>;

    /// How an object is kept, as only its owner sees it; none if there's nothing.
    ///
    /// # Errors
    /// It can't be looked at. That its ACL can't is no error.
    async fn examine(&self, key: &ObjectKey) -> Result<Option<Kept>, StoreError>;

    /// Gives an object other headers, and its token, without sending its bytes, if it's still what was seen. On S3, where that
    /// is a copy, it gets the target's ACL too.
    ///
    /// # Errors
    /// [`Precondition`](super::StoreErrorKind::Precondition) if it isn't any more. Above 5 GiB S3 can't.
    async fn set_headers(
        &self,
        key: &ObjectKey,
        served: &Served<'_>,
        seen: &Kept,
    ) -> Result<(), StoreError>;

    /// Gives an object the ACL that the target wants.
    ///
    /// # Errors
    /// It can't be set; on Google, as for [`Control::set_headers`].
    async fn set_acl(&self, key: &ObjectKey, seen: &Kept) -> Result<(), StoreError>;

    /// Takes every right of strangers from an object's own ACL, whatever the target wants: for documents.
    ///
    /// # Errors
    /// As for [`Control::set_acl`].
    async fn close(&self, key: &ObjectKey, seen: &Kept) -> Result<(), StoreError>;
}

/// A request that a stranger can make.
#[derive(Debug, Clone)]
pub struct Door {
    /// What it's called: `list-type=2`.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its URL.
    pub url: String,
}

/// What the storage told, or why it didn't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told<T> {
    /// This.
    Is(T),
    /// Nothing: this is why.
    Unknown(String),
}

impl<T> Told<T> {
    /// What was told, if anything was.
    pub fn known(&self) -> Option<&T> {
        match self {
            Told::Is(value) => Some(value),
            Told::Unknown(_) => None,
        }
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Told<U> {
        match self {
            Told::Is(value) => Told::Is(map(value)),
            Told::Unknown(why) => Told::Unknown(why),
        }
    }
}

impl<T> From<Result<T, StoreError>> for Told<T> {
    fn from(told: Result<T, StoreError>) -> Told<T> {
        match told {
            Ok(value) => Told::Is(value),
            Err(error) if error.hint.is_empty() => Told::Unknown(error.message),
            Err(error) => Told::Unknown(format!("{} ({})", error.message, error.hint)),
        }
    }
}

/// How a bucket is set up.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Where it is, in the storage's words.
    pub location: Told<String>,
    /// What everybody, or whoever has any account, may do, by the bucket's own rules. ACLs of objects aren't in it.
    pub grants: Told<Vec<Grant>>,
    /// What keeps the bucket from being public, whatever is granted.
    pub blocks: Told<Blocks>,
    /// Whether objects can have ACLs of their own.
    pub takes_acls: Told<bool>,
    /// Whether what is deleted or written over is kept.
    pub versioning: Told<Versioning>,
    /// For how long what was deleted can be brought back without versioning, in seconds; 0 if it can't.
    pub soft_delete_seconds: Told<u64>,
    /// What keeps objects from being deleted or written over for a time, in words; none if nothing does.
    pub retention: Told<Option<String>>,
    /// What the storage does to objects by itself.
    pub lifecycle: Told<Vec<LifecycleRule>>,
}

/// A right that strangers have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Who has it.
    pub to: Public,
    /// To do what.
    pub right: Right,
    /// What gives it, in words: "`Oops` of the bucket policy".
    pub by: String,
    /// All that this allows, in its own words, where `by` doesn't tell: `s3:GetObject`, `s3:ListBucket`.
    pub allows: Vec<String>,
    /// What kind of rule it is.
    pub kind: RuleKind,
    /// On which objects.
    pub reach: Reach,
    /// Whether they have it only if something else is so, such as where they ask from.
    pub is_conditional: bool,
}

impl Grant {
    /// Of all objects, whatever else is so.
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

/// What kind of rule grants something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// An ACL of S3.
    Acl,
    /// A policy of S3, or Google's IAM.
    Policy,
}

/// The objects of a bucket that a rule is about, by patterns of their keys: `*` stands for any characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// All of them.
    All,
    /// Those that one of these stands for.
    Only(Vec<String>),
    /// Those that none of these stands for.
    AllBut(Vec<String>),
}

impl Reach {
    /// Whether it's about the object of this key.
    pub fn covers(&self, key: &str) -> bool {
        let is_like_any = |globs: &[String]| globs.iter().any(|glob| is_like(glob, key));
        match self {
            Reach::All => true,
            Reach::Only(globs) => is_like_any(globs),
            Reach::AllBut(globs) => !is_like_any(globs),
        }
    }

    /// Whether it's about every object whose key begins with `prefix`, `private` aside, which begins with it too.
    pub fn covers_below(&self, prefix: &str, private: Option<&str>) -> bool {
        match self {
            Reach::All => true,
            // What stands for both of these stands for all: no key has such characters.
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

/// Whether a pattern of a policy stands for a text: `*` for any characters, `?` for one.
pub(super) fn is_like(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at_glob, mut at_text) = (0, 0);
    // Behind the last star, and how far that has reached.
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

/// Who isn't one of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Public {
    /// The whole world.
    Everybody,
    /// Whoever has an account with the cloud, which is whoever wants one.
    AnyAccount,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Read objects.
    Read,
    /// List their names.
    List,
    /// Write or delete objects.
    Write,
    /// Read or change how the bucket is set up.
    Manage,
}

/// What keeps a bucket from being public: S3's public access block, Google's public access prevention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Blocks {
    /// Public ACLs are refused.
    pub refuses_acls: bool,
    /// Public ACLs that are there count for nothing.
    pub ignores_acls: bool,
    /// Policies that make the bucket public are refused.
    pub refuses_policies: bool,
    /// Policies that are there count for nothing, as far as strangers are concerned.
    pub ignores_policies: bool,
}

/// Whether what is deleted or written over is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Versioning {
    /// It is.
    On,
    /// It is, as long as the bucket exists, since its objects can be locked.
    Locked,
    /// It was.
    Suspended,
    /// It isn't.
    Off,
}

/// What the storage does to objects by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LifecycleRule {
    /// What it's called.
    pub name: String,
    /// What it does.
    pub does: Lifecycle,
    /// The beginning of the keys it's about; empty for all.
    pub prefix: String,
}

/// What a lifecycle rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    /// Deletes objects that are in use.
    Deletes,
    /// Moves objects to a class from which they can't be read at once.
    Freezes,
    /// Clears away uploads that were never finished.
    ClearsUploads,
    /// Anything that doesn't matter here.
    Harmless,
}

/// How a bucket is to be set up.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// As the target has it.
    pub access: Access,
    /// Whether the target's releases are in the same bucket, below its prefix.
    pub has_state: bool,
    /// What strangers keep where the bucket is closed.
    pub keeps: Keeps,
}

/// What strangers keep of their rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// To read.
    Reading,
    /// Nothing, where only releases are.
    Nothing,
}

/// A change of how a bucket is set up.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it changes, for people.
    pub text: String,
    /// Whether it takes a protection away that somebody chose.
    pub is_unblocking: bool,
    /// Whether it's of the bucket that has the releases, and not of the target's.
    pub is_of_releases: bool,
    pub(super) step: Step,
}

/// What is sent for a change.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// S3's public access block.
    Block(Blocks),
    /// S3's ownership controls.
    Ownership(&'static str),
    /// S3's ACL of the bucket, as XML.
    Acl(String),
    /// S3's bucket policy: the one that was there, and the one to be.
    Policy {
        before: Option<Value>,
        after: Option<Value>,
        /// The public access block that refuses it, and is as it was when the policy is written.
        past: Option<Blocks>,
    },
    /// Google's IAM policy, with its etag.
    Iam(Value),
    /// A part of Google's bucket resource, and the metageneration that it's a change of.
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
mod tests {
    use super::*;

    #[test]
    fn patterns_of_policies() {
        for (glob, text, is) in [
            ("s3:GetObject", "s3:GetObject", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:*Object", "s3:GetObjectAcl", false),
            ("*", "", true),
            ("", "a", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "a.b.b.c", true),
            ("a*b*c", "a.b.b.d", false),
            ("static/*", "static/img/1.png", true),
        ] {
            assert_eq!(is_like(glob, text), is, "{glob} {text}");
        }
    }

    #[test]
    fn which_objects_a_rule_is_about() {
        let only = |globs: &[&str]| Reach::Only(globs.iter().map(|g| g.to_string()).collect());
        let all_but = |globs: &[&str]| Reach::AllBut(globs.iter().map(|g| g.to_string()).collect());
        for (reach, prefix, private, is) in [
            (Reach::All, "", None, true),
            (only(&["*"]), "", None, true),
            (only(&["static/*"]), "static/", None, true),
            (only(&["*"]), "static/", None, true),
            (only(&["static/*"]), "", None, false),
            (only(&["static/*.png"]), "static/", None, false),
            (only(&["static/?"]), "static/", None, false),
            (all_but(&["secret/*"]), "static/", None, true),
            (all_but(&["static/secret/*"]), "static/", None, false),
            (all_but(&["*.zip"]), "static/", None, false),
            (all_but(&[".assetsync/*"]), "", Some(".assetsync/"), true),
            (all_but(&[".assetsync/*"]), "", None, false),
        ] {
            let found = reach.covers_below(prefix, private);
            assert_eq!(found, is, "{reach:?} {prefix} {private:?}");
        }
        assert!(!all_but(&[".assetsync/*"]).covers(".assetsync/x/root.json"));
    }
}
