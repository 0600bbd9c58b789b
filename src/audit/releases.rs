//! Facts about a target from its releases, as far as their documents can be read.

use std::collections::{BTreeSet, HashSet};

use super::Subject;
use super::finding::{Finding, Kind};
use crate::base::error::{Error, Result};
use crate::base::hint::Verb;
use crate::config::Target;
use crate::doctor;
use crate::release::leftover::{Leftover, after_rollback};
use crate::release::manifest::Manifest;
use crate::release::rollback::nothing_published;
use crate::release::root::{Plain, Release, Root};
use crate::release::state::{Held, State};
use crate::store::StoreErrorKind;

/// Facts about the target from its releases, as far as they can be read.
#[derive(Debug, Default)]
pub(super) struct Releases {
    pub(super) current: Option<Release>,
    pub(super) is_live: bool,
    pub(super) manifest: Option<Manifest>,
    /// The keys that retained releases need, held ones among them.
    pub(super) known: HashSet<String>,
    /// Objects of retained releases that the current one doesn't publish, and that people who
    /// shouldn't can find.
    pub(super) left: Vec<Leftover>,
    /// Held levels that pushes publish all the same.
    pub(super) unlocked: BTreeSet<String>,
    pub(super) findings: Vec<Finding>,
}

/// Reads the root, the current release, and all retained releases.
pub(super) async fn read(
    subject: &Subject<'_>,
    opened: Result<(State, Option<Held>)>,
) -> Result<Releases> {
    let mut releases = Releases::default();
    let (state, root) = match opened {
        Ok((state, held)) => (state, held.ok_or_else(nothing_published)?.root),
        Err(error @ Error::Refused { .. }) => {
            releases.findings.push(damaged(error, subject.target));
            return Ok(releases);
        }
        Err(error) => return Err(error),
    };
    let current = root.current.clone().ok_or_else(nothing_published)?;
    releases.is_live = root.live.is_some();
    releases.unlocked = root.unlocked_names();
    if root.plain == Plain::Pending {
        releases.findings.push(unfinished(subject.target));
    }
    match state.manifest(&current.manifest).await {
        Ok(manifest) => releases.manifest = Some(manifest),
        Err(error) => releases.findings.push(readable_or(error, subject.target)?),
    }
    retained(subject.target, &state, &root, &current, &mut releases).await?;
    releases.current = Some(current);
    Ok(releases)
}

fn unfinished(target: &Target) -> Finding {
    let seen = "not all plain names are written yet: a push is running or was interrupted";
    let finding = Finding::warning(Kind::Releases, "a finished push", seen);
    finding.fix(doctor::own_command(target, Verb::Resolve))
}

async fn retained(
    target: &Target,
    state: &State,
    root: &Root,
    current: &Release,
    releases: &mut Releases,
) -> Result<()> {
    let retained = state.retained(root).await.or_else(|error| {
        releases.findings.push(readable_or(error, target)?);
        Ok::<_, Error>(Vec::new())
    })?;
    releases.left = root.left.clone();
    if let Some(manifest) = &releases.manifest {
        releases.known.extend(keys(manifest));
        releases.left = after_rollback(&root.left, manifest, manifest);
    }
    let mut seen = BTreeSet::from([current.manifest.clone()]);
    for release in retained {
        if !seen.insert(release.manifest.clone()) {
            continue;
        }
        match state.manifest(&release.manifest).await {
            Ok(manifest) => releases.add(&manifest),
            Err(error) => releases.findings.push(readable_or(error, target)?),
        }
    }
    Ok(())
}

fn keys(manifest: &Manifest) -> impl Iterator<Item = String> {
    let entries = manifest.entries.iter();
    entries.map(|entry| entry.key.to_string())
}

impl Releases {
    /// Adds an earlier release that is retained.
    fn add(&mut self, manifest: &Manifest) {
        self.known.extend(keys(manifest));
        if let Some(now) = &self.manifest {
            self.left = after_rollback(&self.left, manifest, now);
        }
    }
}

/// A document that is damaged is a finding; a storage that doesn't answer ends the audit.
fn readable_or(error: Error, target: &Target) -> Result<Finding> {
    match &error {
        Error::Store(store) if store.kind != StoreErrorKind::Other => Err(error),
        _ => Ok(damaged(error, target)),
    }
}

fn damaged(error: Error, target: &Target) -> Finding {
    let error = error.of_target(target);
    let finding = Finding::failed(Kind::Releases, "readable documents", error.to_string());
    finding.fix(error.what_helps().to_string())
}
