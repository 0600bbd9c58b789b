//! Whether what is published is what visitors get: every object of the current release as a stranger and as a browser see it,
//! at the storage and at `public_url`; what is beside them; and what can be put right.
//!
//! ```text
//! releases ─▶ listing ─▶ sample ─▶ look at each ─▶ findings ─▶ mends ─▶ look again
//! ```
//!
//! What an answer means is decided by functions that touch nothing (`judge.rs`). Bodies are measured while they pass, and not
//! kept.

mod beside;
mod cause;
mod finding;
mod fix;
mod folder;
mod host;
mod judge;
mod leftovers;
mod measure;
pub mod mend;
mod object;
mod origins;
mod pace;
mod releases;
pub mod repair;
mod sample;
mod state;
pub mod strays;
mod visit;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

pub use self::finding::{Address, Finding, Kind};
pub use self::sample::Sample;
pub use crate::doctor::Verdict;

use self::object::Looked;
use self::releases::Releases;
use self::visit::Visit;
use crate::config::{Access, Place, Target};
use crate::doctor::{self, Exposure, Look, look_at_settings};
use crate::error::Result;
use crate::progress::Progress;
use crate::release::manifest::{Entry, Manifest};
use crate::release::rollback::nothing_published;
use crate::release::root::Release;
use crate::release::state::{Held, State};
use crate::release::verify::{self, Verify, verify};
use crate::store::kept::Kept;
use crate::store::{Patience, Store, StoreErrorKind};

/// What is looked at, and how.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The target.
    pub target: &'a Target,
    /// Where its objects are.
    pub store: &'a Arc<dyn Store>,
    /// Where its releases are.
    pub releases: &'a Arc<dyn Store>,
    /// How many objects.
    pub sample: Sample,
    /// Requests a second at most.
    pub rate: u32,
    /// Objects looked at side by side.
    pub requests: usize,
    /// How long a request is tried again.
    pub patience: Patience,
    /// Counters.
    pub progress: &'a Arc<Progress>,
}

/// What came of an audit.
#[derive(Debug, Default)]
pub struct Audit {
    /// The release that was looked at; none if the root can't be read.
    pub release: Option<Release>,
    /// Objects of it that are published.
    pub published: usize,
    /// How many of them were looked at.
    pub looked_at: usize,
    /// HTTP requests sent.
    pub requests: u64,
    /// All that isn't as it should be, the worst first.
    pub findings: Vec<Finding>,
    /// Whether the target is live, so that nothing is written over.
    is_live: bool,
    /// What the release consists of, if that can be read.
    manifest: Option<Manifest>,
    /// What the owner saw of objects, by their places in the manifest.
    kept: HashMap<usize, Kept>,
}

/// How many findings there are of each verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Summary {
    /// Visitors get something wrong, or could get what they mustn't.
    pub failed: usize,
    /// That could be better.
    pub warnings: usize,
    /// That couldn't be told.
    pub unknown: usize,
}

impl Summary {
    /// Of these findings.
    pub fn of(findings: &[Finding]) -> Summary {
        let count = |verdict| findings.iter().filter(|f| f.verdict == verdict).count();
        Summary {
            failed: count(Verdict::Failed),
            warnings: count(Verdict::Warning),
            unknown: count(Verdict::Unknown),
        }
    }
}

impl Audit {
    /// The exit code: 3 if anything is dangerous, 1 if an object couldn't be looked at.
    pub fn exit_code(&self) -> u8 {
        let is_unanswered = |finding: &Finding| finding.kind == Kind::Unanswered;
        match Summary::of(&self.findings).failed {
            0 if self.findings.iter().any(is_unanswered) => 1,
            0 => 0,
            _ => 3,
        }
    }

    /// What is right needn't be remembered.
    fn add(&mut self, looked: Looked) {
        if !looked.findings.is_empty() {
            self.kept.extend(looked.kept.map(|kept| (looked.at, kept)));
        }
        self.findings.extend(looked.findings);
    }

    /// Causes alone, the worst first, in each kind by path, each with what mends it.
    fn finish(&mut self, target: &Target) {
        cause::only_causes(&mut self.findings, target, self.looked_at);
        let over = match self.is_live {
            true => self.written_over(),
            false => BTreeSet::new(),
        };
        for finding in self.findings.iter_mut().filter(|f| f.fix.is_empty()) {
            let is_over = finding
                .path
                .as_ref()
                .is_some_and(|path| over.contains(path));
            finding.fix = fix::fix(finding, target, is_over);
        }
        self.findings.sort_by(|a, b| {
            let order = |f: &Finding| (f.kind, f.path.clone(), f.key.clone(), f.address);
            order(a).cmp(&order(b))
        });
        self.findings.dedup();
    }
}

/// Looks at a target, with its state and root as they were opened.
///
/// # Errors
/// Nothing was published yet; the storage doesn't answer its owner.
pub async fn audit(subject: &Subject<'_>, opened: Result<(State, Option<Held>)>) -> Result<Audit> {
    let visit = Visit::new(subject, subject.patience);
    let requests_before = subject.store.requests();
    let releases = releases::read(subject, opened).await?;
    let mut audit = Audit {
        release: releases.current.clone(),
        is_live: releases.is_live,
        findings: releases.findings.clone(),
        ..Audit::default()
    };
    let exposure = exposure(&visit).await;
    audit
        .findings
        .extend(settings(&visit, exposure.as_ref()).await);
    let mut documents = state::look(&visit, releases.current.as_ref()).await;
    if exposure.is_some_and(|exposure| exposure.is_read()) {
        // It follows from the rules of their bucket.
        documents.retain(|finding| finding.document.is_some());
    }
    audit.findings.extend(documents);
    if let Some(manifest) = &releases.manifest {
        look_at_objects(&visit, &releases, manifest, &mut audit).await?;
    }
    audit.requests = subject.store.requests() - requests_before + visit.requests();
    audit.manifest = releases.manifest;
    audit.finish(subject.target);
    Ok(audit)
}

/// What strangers can do in another bucket that has the releases.
async fn exposure(visit: &Visit<'_>) -> Option<Exposure> {
    visit.control.as_ref()?;
    let subject = visit.subject;
    Exposure::of(
        subject.target,
        subject.store,
        subject.releases,
        &visit.stranger,
        Look::Close,
    )
    .await
}

/// What the bucket's settings let strangers do, as `doctor` judges it, as far as it's wrong.
async fn settings(visit: &Visit<'_>, exposure: Option<&Exposure>) -> Vec<Finding> {
    let subject = visit.subject;
    let (target, store, stranger) = (subject.target, subject.store, &visit.stranger);
    let mut found = look_at_settings(target, store, stranger).await;
    found.extend(doctor::former_releases(target, store, subject.releases, stranger).await);
    if let Some(exposure) = exposure {
        found.push(exposure.judge(target));
        found.extend(doctor::judge_lifecycle_of_state(target, exposure));
    }
    let mut findings = Vec::new();
    for found in found.into_iter().filter(|f| f.verdict != Verdict::Passed) {
        let kind = match found.check {
            "cors" => Kind::CorsPolicy,
            _ => Kind::Bucket,
        };
        let seen = match (kind, found.verdict) {
            _ if found.check == "releases-lifecycle" => {
                format!("where the releases are kept: {}", found.text)
            }
            (Kind::CorsPolicy, Verdict::Failed) if has_no_cors(visit).await => {
                "the bucket has no CORS policy".to_string()
            }
            _ => found.text,
        };
        let wanted = wanted(found.check, found.verdict, target.access);
        findings.push(Finding::new(kind, found.verdict, wanted, seen).fix(found.fix));
    }
    findings
}

async fn has_no_cors(visit: &Visit<'_>) -> bool {
    match &visit.control {
        Some(control) => matches!(control.cors().await, Ok(None)),
        None => false,
    }
}

/// How a setting should be, by the name of `doctor`'s check.
fn wanted(check: &str, verdict: Verdict, access: Access) -> &'static str {
    match (check, access) {
        _ if verdict == Verdict::Unknown => "",
        ("anonymous-list", _) => "strangers can't list it",
        ("grants", Access::Bucket) => "strangers may read objects, and no more",
        ("grants", Access::ObjectAcl) => "no right of strangers by its own rules",
        ("public-access-block", _) => "strangers can be let in as the target wants it",
        ("cors", _) => "as the target's file says",
        ("lifecycle" | "releases-lifecycle", _) => "no rule deletes what is in use",
        ("releases-grants", _) => "strangers may do nothing where the releases are kept",
        ("old-releases", _) => "no releases but those where `state` says",
        _ => "",
    }
}

/// The objects of the release, and what is beside them.
async fn look_at_objects(
    visit: &Visit<'_>,
    releases: &Releases,
    manifest: &Manifest,
    audit: &mut Audit,
) -> Result<()> {
    let subject = visit.subject;
    let current = releases.current.as_ref().ok_or_else(nothing_published)?;
    audit.published = manifest.published().count();
    let listing = match subject.store.list().await {
        Ok(listing) => Some(listing),
        Err(error) if error.kind == StoreErrorKind::Denied => {
            let seen = format!("what else is there can't be told: {}", error.message);
            let finding = Finding::unknown(Kind::Stray, seen);
            audit.findings.push(finding.fix(error.hint));
            None
        }
        Err(error) => return Err(error.into()),
    };
    let suspicious = match &listing {
        Some(_) => suspicious(subject, manifest).await?,
        None => Vec::new(),
    };
    let sample = sample::pick(manifest, &current.id, subject.sample);
    let all: BTreeSet<usize> = sample
        .iter()
        .copied()
        .chain(suspicious.iter().map(|found| found.entry))
        .collect();
    let bytes = all.iter().map(|at| manifest.entries[*at].size_bytes).sum();
    subject.progress.planned(all.len() as u64, bytes);
    for looked in look_at(visit, manifest, all.iter().copied()).await {
        audit.looked_at += 1;
        audit.add(looked);
    }
    only_once(&mut audit.findings);
    let otherwise_fine = suspicious
        .iter()
        .filter_map(|found| checksum(manifest, found, audit));
    let otherwise_fine: Vec<Finding> = otherwise_fine.collect();
    audit.findings.extend(otherwise_fine);
    if let Some(listing) = &listing {
        let strays = strays::find(subject, listing, &releases.known).await;
        audit.findings.extend(strays);
        let left = leftovers::find(subject.target, releases, manifest, listing);
        audit.findings.extend(left);
    }
    audit
        .findings
        .extend(folder::beside(subject, manifest).await);
    let (held, not_found, host, origins) = futures_util::join!(
        beside::held(visit, manifest, listing.as_ref(), &releases.left),
        beside::not_found(visit, manifest),
        host::look(visit, manifest),
        origins::look(visit, manifest, &sample),
    );
    audit.findings.extend(held);
    audit.findings.extend(host);
    audit.findings.extend(not_found);
    audit.findings.extend(origins);
    Ok(())
}

/// Who may not see one object's ACL may see no other's either.
fn only_once(findings: &mut Vec<Finding>) {
    let mut is_told = false;
    findings.retain(|finding| {
        let is_unseen = finding.kind == Kind::Acl && finding.verdict == Verdict::Unknown;
        !is_unseen || !std::mem::replace(&mut is_told, true)
    });
}

/// What the listing says isn't as it was published.
async fn suspicious(subject: &Subject<'_>, manifest: &Manifest) -> Result<Vec<verify::Finding>> {
    let store = &**subject.store;
    // The size of a plain name is that of its copy, which is gzipped; in a folder there's the file, and its `.gz`.
    let is_folder = matches!(subject.target.place, Place::Directory(_));
    let is_meant = |entry: &Entry| !is_folder || !entry.is_mutable();
    Ok(verify(store, manifest, is_meant, Verify::List, subject.requests).await?)
}

/// Objects of which the storage's checksum is another one, and nothing else is wrong.
fn checksum(manifest: &Manifest, found: &verify::Finding, audit: &Audit) -> Option<Finding> {
    let entry = &manifest.entries[found.entry];
    let is_told = |finding: &Finding| finding.path.as_deref() == Some(&*entry.path);
    if audit.findings.iter().any(is_told) {
        return None;
    }
    let seen = format!("by the storage's listing, it isn't ({})", found.reason);
    let finding = Finding::warning(Kind::Checksum, "stored as it was published", seen);
    Some(finding.of(entry).at(Address::Storage))
}

/// Looks at these entries side by side, in their order.
async fn look_at(
    visit: &Visit<'_>,
    manifest: &Manifest,
    entries: impl Iterator<Item = usize>,
) -> Vec<Looked> {
    let subject = visit.subject;
    let is_folder = matches!(subject.target.place, Place::Directory(_));
    let looks = entries.map(|at| async move {
        if subject.progress.is_stopped() {
            return None;
        }
        let mut looked = object::look(visit, manifest, at).await;
        if is_folder {
            looked
                .findings
                .extend(folder::look(subject, manifest, at).await);
        }
        Some(looked)
    });
    let looked = stream::iter(looks).buffered(subject.requests);
    looked.filter_map(async |looked| looked).collect().await
}
