//! Report of what a run did to a target, and its exit code.

use std::collections::HashMap;

use crate::base::error::Error;
use crate::base::failure::{self, Failure};
use crate::base::path::ObjectKey;
use crate::config::Target;
use crate::naming::Object;
use crate::plan::{Action, Plan, Step, Tally};
use crate::store::{StoreError, StoreErrorKind, Stored};

/// Report of a run. Counts what happened, never what was planned.
#[derive(Debug, Default)]
pub struct Report {
    /// Objects written under a free key.
    pub uploaded: Tally,
    /// Objects written under a free key by a copy inside the storage.
    pub copied: Tally,
    /// Objects that replaced an existing object.
    pub overwritten: Tally,
    /// Objects that were already there: known from the plan, or found during the run.
    pub kept: Tally,
    /// Bytes sent over the network, after gzip.
    pub sent_bytes: u64,
    /// Metadata from the storage of the objects that are in place now, by key.
    pub stored: HashMap<ObjectKey, Stored>,
    /// Objects that failed, with the reasons.
    pub failures: Vec<Failure>,
    /// Number of planned objects that weren't started, because a fatal failure or the user stopped
    /// the run.
    pub not_begun: u64,
    /// True if the user stopped the run.
    pub is_interrupted: bool,
}

impl Report {
    /// Returns whether everything planned is in place.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty() && self.not_begun == 0 && !self.is_interrupted
    }

    /// Returns the report with `target` named in the commands of its hints. Otherwise, these are
    /// for the default target.
    pub fn of_target(mut self, target: &Target) -> Report {
        for Failure { error, .. } in &mut self.failures {
            error.hint = target.complete(std::mem::take(&mut error.hint));
        }
        self
    }

    /// Returns the exit code, as documented in `assetsync --help`.
    pub fn exit_code(&self) -> u8 {
        match () {
            () if self.is_interrupted => 130,
            () if self.is_complete() => 0,
            () => failure::exit_code(&self.failures),
        }
    }

    /// Turns a report that isn't complete into an error.
    pub(crate) fn into_error(self) -> Error {
        if self.is_interrupted && self.failures.is_empty() {
            Error::Interrupted
        } else {
            Error::Incomplete {
                failures: self.failures,
                not_begun: self.not_begun,
            }
        }
    }
}

/// Outcome for one object.
pub(super) enum Outcome {
    Stored(Step, u64, Stored),
    Copied(Stored),
    Found(Stored),
    Failed(StoreError),
    NotBegun,
}

impl Report {
    pub(super) fn note(&mut self, object: &Object, outcome: Outcome) {
        match outcome {
            Outcome::Stored(step, sent_bytes, stored) => {
                let tally = match step {
                    Step::Overwrite(_) => &mut self.overwritten,
                    _ => &mut self.uploaded,
                };
                tally.add(object.size_bytes);
                self.sent_bytes += sent_bytes;
                self.stored.insert(object.key.clone(), stored);
            }
            Outcome::Copied(stored) => {
                self.copied.add(object.size_bytes);
                self.stored.insert(object.key.clone(), stored);
            }
            Outcome::Found(stored) => self.keep(object, stored),
            Outcome::Failed(error) if error.kind == StoreErrorKind::Interrupted => {
                self.not_begun += 1
            }
            Outcome::Failed(error) => self.fail(object.path.as_str(), error),
            Outcome::NotBegun => self.not_begun += 1,
        }
    }

    /// Adds a failure of an object, or of something else with this path.
    pub(super) fn fail(&mut self, path: &str, error: StoreError) {
        self.failures.push(Failure {
            path: path.to_string(),
            error,
        });
    }

    /// Counts the objects that `plan` keeps, and returns the other actions.
    pub(super) fn keep_what_stays<'p>(&mut self, plan: &'p Plan<'_>) -> Vec<&'p Action<'p>> {
        let mut changes = Vec::new();
        for action in &plan.actions {
            match (action.step, &action.there) {
                (Step::Keep, Some(there)) => self.keep(action.object, there.clone()),
                _ => changes.push(action),
            }
        }
        changes
    }

    pub(super) fn keep(&mut self, object: &Object, stored: Stored) {
        self.kept.add(object.size_bytes);
        self.stored.insert(object.key.clone(), stored);
    }

    /// Counts those objects that `plan` keeps and `is_meant` selects.
    pub(crate) fn keep_all(&mut self, plan: &Plan<'_>, is_meant: impl Fn(&Object) -> bool) {
        self.stored.reserve(plan.actions.len());
        for action in plan.actions.iter().filter(|action| is_meant(action.object)) {
            if let (Step::Keep, Some(there)) = (action.step, &action.there) {
                self.keep(action.object, there.clone());
            }
        }
    }

    /// Adds the report of a later part of the same run, which handled objects again that were
    /// counted as kept.
    pub(crate) fn add_instead_of(&mut self, kept: Tally, later: Report) {
        self.kept = self.kept.without(kept);
        self.add(later);
    }

    /// Adds what an earlier part of the same run wrote. Here, these objects are counted as kept.
    pub(crate) fn add_written_by(&mut self, earlier: &Report) {
        let Report {
            uploaded,
            copied,
            overwritten,
            sent_bytes,
            ..
        } = *earlier;
        let written = Report {
            uploaded,
            copied,
            overwritten,
            sent_bytes,
            ..Report::default()
        };
        self.add_instead_of(uploaded.and(copied).and(overwritten), written);
    }

    /// Adds the report of a later part of the same run.
    pub fn add(&mut self, later: Report) {
        for (tally, more) in [
            (&mut self.uploaded, later.uploaded),
            (&mut self.copied, later.copied),
            (&mut self.overwritten, later.overwritten),
            (&mut self.kept, later.kept),
        ] {
            *tally = tally.and(more);
        }
        self.sent_bytes += later.sent_bytes;
        self.stored.extend(later.stored);
        self.failures.extend(later.failures);
        self.not_begun += later.not_begun;
        self.is_interrupted |= later.is_interrupted;
    }
}
