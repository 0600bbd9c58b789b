//! Audits a target: checks whether visitors get what is published. Looks at every object of the
//! current release as a stranger and as a browser see it, at the storage and at `public_url`. Also
//! checks what is beside the objects, and finds what can be repaired.
//!
//! ```text
//! releases ─▶ listing ─▶ sample ─▶ look at each ─▶ findings ─▶ repairs ─▶ look again
//! ```
//!
//! Answers are judged by functions without side effects (`judge.rs`). Bodies are measured while
//! they arrive, and aren't kept.

mod beside;
pub mod carry_out;
mod cause;
mod finding;
mod fix;
mod folder;
mod host;
mod judge;
mod leftovers;
mod measure;
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
use crate::base::error::Result;
use crate::base::progress::Progress;
use crate::config::{Access, Target};
use crate::doctor::{self, Exposure, Look, look_at_settings};
use crate::release::manifest::{Entry, Manifest};
use crate::release::rollback::nothing_published;
use crate::release::root::Release;
use crate::release::state::{Held, State};
use crate::release::verify::{self, Verify, verify};
use crate::store::kept::Kept;
use crate::store::{Listing, Store, StoreErrorKind, Timeouts};

/// Subject of an audit, and its settings.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The target.
    pub target: &'a Target,
    /// Store that has the objects.
    pub store: &'a Arc<dyn Store>,
    /// Store that has the releases.
    pub releases: &'a Arc<dyn Store>,
    /// Number of objects to look at.
    pub sample: Sample,
    /// Requests a second at most.
    pub rate: u32,
    /// Objects looked at side by side.
    pub requests: usize,
    /// Time for which a request is retried.
    pub timeouts: Timeouts,
    /// Counters.
    pub progress: &'a Arc<Progress>,
}

/// Outcome of an audit.
#[derive(Debug, Default)]
pub struct Audit {
    /// The release that was looked at; none if the root can't be read.
    pub release: Option<Release>,
    /// Objects of it that are published.
    pub published: usize,
    /// Number of these objects that were inspected.
    pub looked_at: usize,
    /// HTTP requests sent.
    pub requests: u64,
    /// All that isn't as it should be, the worst first.
    pub findings: Vec<Finding>,
    /// True if the target is live: then nothing may be overwritten.
    is_live: bool,
    /// Content of the release, if it can be read.
    manifest: Option<Manifest>,
    /// Objects as their owner sees them, by their places in the manifest.
    kept: HashMap<usize, Kept>,
}

/// Number of findings of each verdict.
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
    /// Counts these findings.
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

    /// Adds the findings of an object. Objects without findings aren't remembered.
    fn add(&mut self, looked: Looked) {
        if !looked.findings.is_empty() {
            self.kept.extend(looked.kept.map(|kept| (looked.at, kept)));
        }
        self.findings.extend(looked.findings);
    }

    /// Keeps the causes alone, the most severe first, in each kind by path. Adds the fix to each.
    fn finish(&mut self, target: &Target) {
        cause::only_causes(&mut self.findings, target, self.looked_at);
        let over = if self.is_live {
            self.written_over()
        } else {
            BTreeSet::new()
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
    let visit = Visit::new(subject, subject.timeouts);
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
    audit
        .findings
        .extend(documents(&visit, &releases, exposure.as_ref()).await);
    if let Some(manifest) = &releases.manifest {
        look_at_objects(&visit, &releases, manifest, &mut audit).await?;
    }
    audit.requests = subject.store.requests() - requests_before + visit.requests();
    audit.manifest = releases.manifest;
    audit.finish(subject.target);
    Ok(audit)
}

/// Documents of the releases that strangers can read.
async fn documents(
    visit: &Visit<'_>,
    releases: &Releases,
    exposure: Option<&Exposure>,
) -> Vec<Finding> {
    let mut documents = state::look(visit, releases.current.as_ref()).await;
    if exposure.is_some_and(Exposure::is_read) {
        // It follows from the rules of their bucket.
        documents.retain(|finding| finding.document.is_some());
    }
    documents
}

/// Checks what strangers can do in another bucket that has the releases.
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

/// Returns the settings by which the bucket lets strangers do too much or too little, as `doctor`
/// judges them.
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
        findings.push(of_doctor(visit, found).await);
    }
    findings
}

/// A finding of `doctor` as one of an audit.
async fn of_doctor(visit: &Visit<'_>, found: doctor::Finding) -> Finding {
    let kind = match found.check {
        "cors" => Kind::CorsPolicy,
        _ => Kind::Bucket,
    };
    let seen = match (kind, found.verdict) {
        _ if found.check == "releases-lifecycle" => {
            format!("in the releases' bucket: {}", found.text)
        }
        (Kind::CorsPolicy, Verdict::Failed) if has_no_cors(visit).await => {
            "the bucket has no CORS policy".to_string()
        }
        _ => found.text,
    };
    let wanted = wanted(found.check, found.verdict, visit.subject.target.access);
    Finding::new(kind, found.verdict, wanted, seen).fix(found.fix)
}

async fn has_no_cors(visit: &Visit<'_>) -> bool {
    match &visit.control {
        Some(control) => matches!(control.cors().await, Ok(None)),
        None => false,
    }
}

/// Returns the expected state of a setting, by the name of `doctor`'s check.
fn wanted(check: &str, verdict: Verdict, access: Access) -> &'static str {
    match (check, access) {
        _ if verdict == Verdict::Unknown => "",
        ("anonymous-list", _) => "strangers can't list the bucket",
        ("grants", Access::Bucket) => "strangers can read objects, and no more",
        ("grants", Access::ObjectAcl) => "no permissions for strangers in the bucket's own rules",
        ("public-access-block", _) => "nothing blocks the public access that the target needs",
        ("cors", _) => "the policy in the file that `cors` names",
        ("lifecycle" | "releases-lifecycle", _) => "no rule deletes objects in use",
        ("releases-grants", _) => "strangers have no access to the releases",
        ("old-releases", _) => "strangers have no access to releases left in the target",
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
    let listing = list(subject, audit).await?;
    let suspicious = match &listing {
        Some(_) => suspicious(subject, manifest).await?,
        None => Vec::new(),
    };
    let sample = sample::pick(manifest, &current.id, subject.sample);
    look_at_sample(visit, manifest, &sample, &suspicious, audit).await;
    if let Some(listing) = &listing {
        let strays = strays::find(subject, listing, &releases.known).await;
        audit.findings.extend(strays);
        let left = leftovers::find(subject.target, releases, manifest, listing);
        audit.findings.extend(left);
    }
    look_beside(visit, releases, manifest, listing.as_ref(), &sample, audit).await;
    Ok(())
}

/// Lists the target; none if we mayn't, which is a finding.
async fn list(subject: &Subject<'_>, audit: &mut Audit) -> Result<Option<Listing>> {
    match subject.store.list().await {
        Ok(listing) => Ok(Some(listing)),
        Err(error) if error.kind == StoreErrorKind::Denied => {
            let seen = format!("cannot check for unknown objects: {}", error.message);
            let finding = Finding::unknown(Kind::Stray, seen);
            audit.findings.push(finding.fix(error.hint.to_string()));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Looks at these entries, and at those that the listing has otherwise.
async fn look_at_sample(
    visit: &Visit<'_>,
    manifest: &Manifest,
    sample: &[usize],
    suspicious: &[verify::Finding],
    audit: &mut Audit,
) {
    let all: BTreeSet<usize> = sample
        .iter()
        .copied()
        .chain(suspicious.iter().map(|found| found.entry))
        .collect();
    let bytes = all.iter().map(|at| manifest.entries[*at].size_bytes).sum();
    visit.subject.progress.planned(all.len() as u64, bytes);
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
}

/// Looks at what is beside objects: held names, names that aren't there, pages of the host, other
/// origins.
async fn look_beside(
    visit: &Visit<'_>,
    releases: &Releases,
    manifest: &Manifest,
    listing: Option<&Listing>,
    sample: &[usize],
    audit: &mut Audit,
) {
    let findings = &mut audit.findings;
    findings.extend(folder::beside(visit.subject, manifest).await);
    let (held, not_found, host, origins) = futures_util::join!(
        beside::held(visit, manifest, listing, releases),
        beside::not_found(visit, manifest),
        host::look(visit, manifest),
        origins::look(visit, manifest, sample),
    );
    findings.extend(held);
    findings.extend(host);
    findings.extend(not_found);
    findings.extend(origins);
}

/// Keeps only the first finding about an ACL that can't be read: without the right to read one, no
/// other can be read either.
fn only_once(findings: &mut Vec<Finding>) {
    let mut is_told = false;
    findings.retain(|finding| {
        let is_unseen = finding.kind == Kind::Acl && finding.verdict == Verdict::Unknown;
        !is_unseen || !std::mem::replace(&mut is_told, true)
    });
}

/// Returns the objects that aren't stored as published, according to the listing.
async fn suspicious(subject: &Subject<'_>, manifest: &Manifest) -> Result<Vec<verify::Finding>> {
    let store = &**subject.store;
    // The size of a plain name is that of its copy, which is gzipped; in a folder there's the file,
    // and its `.gz`.
    let is_folder = subject.target.place.folder().is_some();
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
    let seen = format!("the storage's listing differs ({})", found.reason);
    let finding = Finding::warning(Kind::Checksum, "stored as published", seen);
    Some(finding.of(entry).at(Address::Storage))
}

/// Looks at these entries side by side, in their order.
async fn look_at(
    visit: &Visit<'_>,
    manifest: &Manifest,
    entries: impl Iterator<Item = usize>,
) -> Vec<Looked> {
    let subject = visit.subject;
    let is_folder = subject.target.place.folder().is_some();
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
