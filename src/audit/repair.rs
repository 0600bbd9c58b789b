//! Puts right what an audit found: headers and ACLs in place, missing and changed objects from the local tree. Decided first,
//! then done, on the condition that what was seen is still there; then looked at again. Strays are for
//! [`prune`](mod@crate::release::prune).

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

use super::finding::{Address, Finding, Kind};
use super::object::served;
use super::visit::Visit;
use super::{Audit, Subject, Verdict, look_at};
use crate::apply::{Options, apply};
use crate::build::{Build, Object};
use crate::error::{Error, Result};
use crate::plan::{Action, Plan, Reason, Step};
use crate::release::root::{Live, Root};
use crate::release::state::State;
use crate::store::control::Control;
use crate::store::{StoreError, StoreErrorKind};

/// What will be done, and what won't.
#[derive(Debug)]
pub struct Mends<'a> {
    /// By path.
    pub mends: Vec<Mend<'a>>,
    /// What can't be put right from here.
    pub left: Vec<Left>,
}

/// What will be done to one object.
#[derive(Debug)]
pub struct Mend<'a> {
    /// Its logical path.
    pub path: String,
    /// What.
    pub steps: Steps<'a>,
    at: usize,
}

/// What can be done to an object.
#[derive(Debug)]
pub enum Steps<'a> {
    /// Its bytes stay.
    InPlace {
        /// Its headers, and the token that is stored with it.
        headers: bool,
        /// Its ACL.
        acl: bool,
    },
    /// It's uploaded again: these are its bytes.
    Upload {
        /// From the local tree.
        object: &'a Object,
        /// Whether something is there that is written over.
        is_over: bool,
    },
}

/// What isn't put right, and why.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Left {
    /// The logical path.
    pub path: String,
    /// Why not.
    pub why: String,
}

/// What an object's findings ask for.
#[derive(Debug, Default, Clone, Copy)]
struct Needs {
    bytes: bool,
    headers: bool,
    acl: bool,
    unclear: bool,
}

/// Whether a finding is one that can be put right.
pub(super) fn is_for(finding: &Finding) -> bool {
    use Kind::{Acl, Content, Encoding, Headers, Missing, Redirect, Token};
    let kinds = [Missing, Content, Encoding, Headers, Acl, Token, Redirect];
    let is_told = !matches!(finding.verdict, Verdict::Unknown | Verdict::Passed);
    is_told && finding.address == Some(Address::Storage) && kinds.contains(&finding.kind)
}

impl Audit {
    /// Whether anything can only be put right with the files of the tree.
    pub fn needs_tree(&self) -> bool {
        self.needs().values().any(|needs| needs.bytes)
    }

    /// By place in the manifest.
    fn needs(&self) -> BTreeMap<usize, Needs> {
        let Some(manifest) = &self.manifest else {
            return BTreeMap::new();
        };
        let mut all: BTreeMap<usize, Needs> = BTreeMap::new();
        for finding in &self.findings {
            let path = finding.path.as_deref().unwrap_or_default();
            let at = manifest.entries.binary_search_by(|e| (*e.path).cmp(path));
            let Ok(at) = at else { continue };
            let is_unreadable =
                finding.kind == Kind::Unreadable && finding.address == Some(Address::Storage);
            if is_unreadable {
                all.entry(at).or_default().unclear = true;
            }
            if !is_for(finding) {
                continue;
            }
            let needs = all.entry(at).or_default();
            match finding.kind {
                Kind::Missing | Kind::Content => needs.bytes = true,
                Kind::Acl => needs.acl = true,
                Kind::Encoding if !self.is_stored_as_published(at) => needs.bytes = true,
                _ => needs.headers = true,
            }
            // S3 makes another checksum for what was sent in parts when it copies it.
            needs.bytes |= needs.headers && self.is_in_parts(at);
        }
        all
    }

    /// Whether as many bytes are stored as were sent.
    fn is_stored_as_published(&self, at: usize) -> bool {
        let Some(manifest) = &self.manifest else {
            return false;
        };
        let there = self.kept.get(&at).map(|kept| kept.stored.size_bytes);
        let sent = manifest.entries[at].stored.as_ref();
        there.is_some() && there == sent.map(|stored| stored.size_bytes)
    }

    fn is_in_parts(&self, at: usize) -> bool {
        let kept = self.kept.get(&at);
        kept.is_some_and(|kept| kept.stored.fingerprint.contains('-'))
    }

    /// Decides what to do. `build` is the local tree, if it's at hand.
    pub fn plan<'a>(&self, build: Option<&'a Build>, live: Option<&Live>) -> Mends<'a> {
        let mut mends = Mends {
            mends: Vec::new(),
            left: Vec::new(),
        };
        let Some(manifest) = &self.manifest else {
            return mends;
        };
        for (at, needs) in self.needs() {
            let path = manifest.entries[at].path.to_string();
            let token = manifest.entries[at].token;
            let steps = match needs {
                Needs { bytes: true, .. } => {
                    let object = build.and_then(|build| build.find(&path));
                    upload(
                        object.filter(|object| object.token == token),
                        self.is_there(at),
                        live,
                    )
                }
                Needs {
                    headers: false,
                    acl: false,
                    ..
                } => Err("why strangers don't get it isn't known: see what is said of the bucket"),
                needs => Ok(Steps::InPlace {
                    headers: needs.headers,
                    acl: needs.acl,
                }),
            };
            match steps {
                Ok(steps) => mends.mends.push(Mend { path, steps, at }),
                Err(why) => mends.left.push(Left {
                    path,
                    why: why.to_string(),
                }),
            }
        }
        mends
    }

    fn is_there(&self, at: usize) -> bool {
        let path = self.manifest.as_ref().map(|m| &*m.entries[at].path);
        let is_missing = |f: &Finding| f.kind == Kind::Missing && f.path.as_deref() == path;
        !self.findings.iter().any(is_missing)
    }
}

fn upload<'a>(
    object: Option<&'a Object>,
    is_there: bool,
    live: Option<&Live>,
) -> Result<Steps<'a>, &'static str> {
    let Some(object) = object else {
        return Err(
            "the local tree hasn't the file that was published: check out what was, or push what you have",
        );
    };
    match (is_there, live) {
        (true, Some(_)) => Err("the target is live, and something is there: it isn't written over"),
        (is_over, _) => Ok(Steps::Upload { object, is_over }),
    }
}

/// Does it, and looks again at what was mended. Adds to `mends.left` what didn't work.
///
/// # Errors
/// [`Error::LostRace`] if another release is the current one by now; nothing was changed then.
pub async fn mend(
    subject: &Subject<'_>,
    state: &State,
    audit: &mut Audit,
    mends: &mut Mends<'_>,
    options: &Options,
) -> Result<()> {
    let root = state.root().await?.map(|held| held.root);
    refuse_if_changed(root.as_ref(), audit, mends)?;
    let failed = in_place(subject, audit, mends).await;
    mends.left.extend(failed);
    let failed = upload_all(subject, audit, mends, options).await?;
    mends.left.extend(failed);
    look_again(subject, audit, mends).await;
    Ok(())
}

fn refuse_if_changed(root: Option<&Root>, audit: &Audit, mends: &Mends<'_>) -> Result<()> {
    let now = root.and_then(|root| root.current_id());
    if now != audit.release.as_ref().map(|release| &release.id) {
        return Err(Error::LostRace {
            message: "Another release is the current one by now: nothing was changed".to_string(),
            hint: "audit again".to_string(),
        });
    }
    let is_over = |mend: &Mend<'_>| matches!(mend.steps, Steps::Upload { is_over: true, .. });
    match root.and_then(|root| root.live.as_ref()) {
        Some(_) if mends.mends.iter().any(is_over) => Err(Error::Refused {
            message: "The target went live meanwhile: nothing was changed".to_string(),
            hint: "run it again: what writes over nothing is done".to_string(),
        }),
        _ => Ok(()),
    }
}

async fn in_place(subject: &Subject<'_>, audit: &Audit, mends: &Mends<'_>) -> Vec<Left> {
    let Some(control) = subject.store.control() else {
        return Vec::new();
    };
    let work = mends.mends.iter().filter_map(|mend| match mend.steps {
        Steps::InPlace { headers, acl } => Some((mend, headers, acl)),
        Steps::Upload { .. } => None,
    });
    let work = work.map(|(mend, headers, acl)| {
        let control = &*control;
        async move {
            let done = set(control, audit, mend.at, headers, acl).await;
            done.err().map(|error| left(&mend.path, &error))
        }
    });
    let done = stream::iter(work).buffered(subject.requests);
    done.filter_map(async |failed| failed).collect().await
}

fn left(path: &str, error: &StoreError) -> Left {
    let why = match error.hint.as_str() {
        "" => error.message.clone(),
        hint => format!("{} ({hint})", error.message),
    };
    Left {
        path: path.to_string(),
        why,
    }
}

async fn set(
    control: &dyn Control,
    audit: &Audit,
    at: usize,
    headers: bool,
    acl: bool,
) -> Result<(), StoreError> {
    let (Some(manifest), Some(kept)) = (&audit.manifest, audit.kept.get(&at)) else {
        return Ok(());
    };
    let entry = &manifest.entries[at];
    let mut kept = kept.clone();
    if headers {
        let served = served(manifest, entry);
        control.set_headers(&entry.key, &served, &kept).await?;
    }
    if !acl {
        return Ok(());
    }
    if headers {
        let now = control.examine(&entry.key).await?;
        kept = now.ok_or_else(|| {
            let message = format!("`{}` is gone meanwhile", entry.path);
            StoreError::new(StoreErrorKind::Precondition, message)
        })?;
    }
    control.set_acl(&entry.key, &kept).await
}

async fn upload_all(
    subject: &Subject<'_>,
    audit: &Audit,
    mends: &Mends<'_>,
    options: &Options,
) -> Result<Vec<Left>> {
    let mut actions = Vec::new();
    for mend in &mends.mends {
        let Steps::Upload { object, is_over } = mend.steps else {
            continue;
        };
        let there = match (is_over, audit.kept.get(&mend.at)) {
            (false, _) => None,
            (true, Some(kept)) => Some(kept.stored.clone()),
            // A folder: what was seen is looked at once more.
            (true, None) => subject.store.head(&object.key).await?,
        };
        let step = match &there {
            None => Step::Upload(Reason::Missing),
            Some(_) => Step::Overwrite(Reason::Damaged),
        };
        actions.push(Action {
            object,
            step,
            there,
        });
    }
    let plan = Plan { actions };
    let report = apply(&plan, subject.store, options, subject.progress).await;
    if report.is_interrupted {
        return Err(Error::Interrupted);
    }
    subject.store.remember().await?;
    let failures = report.failures.iter();
    Ok(failures.map(|f| left(&f.path, &f.error)).collect())
}

/// Replaces what was found out about the objects that were mended by what is so now.
async fn look_again(subject: &Subject<'_>, audit: &mut Audit, mends: &Mends<'_>) {
    let Some(manifest) = audit.manifest.take() else {
        return;
    };
    let visit = Visit::new(subject, subject.patience);
    let paths: BTreeSet<&str> = mends.mends.iter().map(|mend| mend.path.as_str()).collect();
    let looked = look_at(&visit, &manifest, mends.mends.iter().map(|mend| mend.at)).await;
    let is_old = |finding: &Finding| {
        let is_mended = finding.path.as_deref().is_some_and(|p| paths.contains(p));
        is_mended && !matches!(finding.kind, Kind::Cors | Kind::Held)
    };
    audit.findings.retain(|finding| !is_old(finding));
    for looked in looked {
        audit.add(looked);
    }
    audit.requests += visit.requests();
    audit.manifest = Some(manifest);
    audit.finish(subject.target);
}
