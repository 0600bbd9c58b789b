//! Current release: how another one replaces it, and when its mutable names are settled.

use std::collections::BTreeSet;

use super::{
    Nonce, OVERTAKEN_MAX, Plain, REPLACED_MAX, Refusal, Release, ReleaseId, Replaced, Root, Stamp,
};

/// State of the root that a publisher relied on for its plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seen {
    /// Current release at that time.
    pub parent: Option<ReleaseId>,
    /// Newest release at that time. After a rollback, this isn't the current one.
    pub newest: Option<ReleaseId>,
    /// Nonce of the change that had made the release the current one; none without a current
    /// release.
    pub switched: Option<Nonce>,
    /// Epoch at that time.
    pub epoch: u64,
    /// Levels that were unlocked at that time.
    pub unlocked: BTreeSet<String>,
}

/// Effect of a release on existing mutable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overwrites {
    /// It overwrites none.
    None,
    /// It overwrites some, and all of these are excused.
    Excused,
    /// It overwrites some that aren't excused.
    Some,
}

impl Overwrites {
    /// Returns the effect of a release that overwrites `names`. `excused` has the excused names.
    pub fn of<'n>(names: impl Iterator<Item = &'n str>, excused: &BTreeSet<String>) -> Overwrites {
        let mut names = names.peekable();
        match names.peek() {
            None => Overwrites::None,
            Some(_) => {
                if names.all(|name| excused.contains(name)) {
                    Overwrites::Excused
                } else {
                    Overwrites::Some
                }
            }
        }
    }
}

impl Root {
    /// Returns the state that a publisher has to remember of this root.
    pub fn seen(root: Option<&Root>) -> Seen {
        Seen {
            parent: root.and_then(Root::current_id).cloned(),
            newest: root.and_then(|root| root.newest.clone()),
            switched: root
                .filter(|root| root.current.is_some())
                .map(|root| root.switched.clone()),
            epoch: root.map_or(0, |root| root.gc.epoch),
            unlocked: root.map(Root::unlocked_names).unwrap_or_default(),
        }
    }

    /// Makes `release` the current one. It must have been planned and verified in the state `seen`.
    ///
    /// # Errors
    /// Returns [`Refusal::LostRace`], [`Refusal::Moved`], [`Refusal::Levels`], or [`Refusal::Live`]
    /// if it would overwrite something.
    pub fn publish(
        root: Option<&Root>,
        seen: &Seen,
        release: Release,
        overwrites: Overwrites,
        plain: Plain,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        if root.is_some_and(|root| root.gc.sweep.is_some()) {
            return Err(Refusal::Moved);
        }
        Root::is_as_seen(root, seen)?;
        Root::are_levels_as_seen(root, seen)?;
        if root.is_some_and(|root| root.live.is_some()) && overwrites == Overwrites::Some {
            return Err(Refusal::Live);
        }
        let next = Root::after(root, stamp);
        Ok(Root {
            relocked: BTreeSet::new(),
            oldest: next.oldest.clone().or_else(|| Some(release.id.clone())),
            newest: Some(release.id.clone()),
            ..next.switched_to(release, plain, stamp)
        })
    }

    /// Checks that the state that a plan relied on hasn't changed.
    pub(super) fn is_as_seen(root: Option<&Root>, seen: &Seen) -> Result<(), Refusal> {
        let now = Root::seen(root);
        if now.switched != seen.switched {
            return Err(Refusal::LostRace);
        }
        if now.epoch == seen.epoch {
            Ok(())
        } else {
            Err(Refusal::Moved)
        }
    }

    /// Notes that all mutable names show the content of the current release, and that no late write
    /// of an overtaken release can change this. Only the run that wrote them, since the change
    /// `switched`, can know.
    ///
    /// # Errors
    /// Returns [`Refusal::LostRace`] if the current release was changed since, or
    /// [`Refusal::Already`].
    pub fn settle_plain(&self, switched: &Nonce, stamp: &Stamp) -> Result<Root, Refusal> {
        if self.switched != *switched {
            return Err(Refusal::LostRace);
        }
        if self.plain == Plain::Settled {
            return Err(Refusal::Already);
        }
        Ok(Root {
            plain: Plain::Settled,
            overtaken: Vec::new(),
            ..Root::after(Some(self), stamp)
        })
    }

    /// Makes a retained release the current one again. Its objects must have been verified in the
    /// state `seen`. The caller must make sure that this root retains the release.
    ///
    /// # Errors
    /// Returns [`Refusal::Sweeping`] during a takedown, [`Refusal::LostRace`], [`Refusal::Moved`],
    /// [`Refusal::Levels`], [`Refusal::Already`] if it is the current one, or [`Refusal::Live`] if
    /// it would overwrite something.
    pub fn roll_back(
        &self,
        seen: &Seen,
        to: Release,
        overwrites: Overwrites,
        plain: Plain,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        // A takedown, unlike a prune, may delete objects of a retained release.
        if self.taking_down().is_some() {
            return Err(Refusal::Sweeping);
        }
        Root::is_as_seen(Some(self), seen)?;
        Root::are_levels_as_seen(Some(self), seen)?;
        if self.current_id() == Some(&to.id) {
            return Err(Refusal::Already);
        }
        if self.live.is_some() && overwrites == Overwrites::Some {
            return Err(Refusal::Live);
        }
        Ok(Root {
            replaced: self.replaced_now(stamp),
            ..Root::after(Some(self), stamp).switched_to(to, plain, stamp)
        })
    }

    /// Returns this root with another current release. If mutable names were being written, they
    /// may still be, so they aren't settled, whatever the release has.
    pub(super) fn switched_to(self, release: Release, plain: Plain, stamp: &Stamp) -> Root {
        let mut overtaken = match (self.plain, &self.current) {
            (Plain::Pending, Some(before)) => vec![before.manifest.clone()],
            _ => Vec::new(),
        };
        let before = self.overtaken.iter();
        overtaken.extend(
            before
                .filter(|digest| !overtaken.contains(digest))
                .cloned()
                .collect::<Vec<_>>(),
        );
        overtaken.truncate(OVERTAKEN_MAX);
        Root {
            begun: false,
            current: Some(release),
            switched: stamp.nonce.clone(),
            plain: if overtaken.is_empty() {
                plain
            } else {
                Plain::Pending
            },
            overtaken,
            ..self
        }
    }

    /// Returns the replaced releases, including the current one, which is replaced now.
    fn replaced_now(&self, stamp: &Stamp) -> Vec<Replaced> {
        let now = self.current_id().map(|id| Replaced {
            release: id.clone(),
            at: stamp.at,
        });
        let before = self.replaced.iter();
        let before = before.filter(|before| Some(&before.release) != self.current_id());
        let all = now.into_iter().chain(before.cloned());
        all.take(REPLACED_MAX).collect()
    }
}
