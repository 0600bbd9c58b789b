//! Deletions: how the root announces one, and notes its end.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::names::is_part_of_a_name;
use super::{Plain, Refusal, ReleaseId, Root, Seen, Stamp};

/// State of deletions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gc {
    /// Epoch, which increases by one at every start and every end of a sweep.
    pub epoch: u64,
    /// Document that lists what is being deleted; none if there is no deletion.
    #[serde(default, deserialize_with = "sweep")]
    pub sweep: Option<String>,
}

impl Root {
    /// Returns whether no deletion is in progress.
    pub(in crate::release) fn is_idle(root: Option<&Root>) -> bool {
        root.is_none_or(|root| root.gc.sweep.is_none())
    }

    /// Announces that the objects in the document `plan` will be deleted, and that `oldest` is the
    /// oldest retained release.
    ///
    /// # Errors
    /// Returns [`Refusal::Live`], [`Refusal::Sweeping`], [`Refusal::Pending`], or
    /// [`Refusal::Moved`] or [`Refusal::LostRace`] if the plan was made from another root.
    pub fn begin_sweep(
        &self,
        seen: &Seen,
        plan: String,
        oldest: ReleaseId,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        if self.live.is_some() {
            return Err(Refusal::Live);
        }
        if self.gc.sweep.is_some() {
            return Err(Refusal::Sweeping);
        }
        Root::is_as_seen(Some(self), seen)?;
        if self.plain == Plain::Pending {
            return Err(Refusal::Pending);
        }
        let gc = Gc {
            epoch: self.gc.epoch + 1,
            sweep: Some(plan),
        };
        Ok(Root {
            oldest: Some(oldest),
            gc,
            ..Root::after(Some(self), stamp)
        })
    }

    /// Notes that everything in `plan` is deleted.
    ///
    /// # Errors
    /// Returns [`Refusal::Already`] if this sweep isn't in progress.
    pub fn end_sweep(&self, plan: &str, stamp: &Stamp) -> Result<Root, Refusal> {
        if self.gc.sweep.as_deref() != Some(plan) {
            return Err(Refusal::Already);
        }
        let gc = Gc {
            epoch: self.gc.epoch + 1,
            sweep: None,
        };
        Ok(Root {
            gc,
            ..Root::after(Some(self), stamp)
        })
    }
}

fn sweep<'de, D: Deserializer<'de>>(name: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(name)?;
    let is_sweep = |name: &String| {
        let name = name.strip_prefix("sweeps/");
        let name = name.and_then(|name| name.strip_suffix(".json.gz"));
        name.is_some_and(is_part_of_a_name)
    };
    if name.as_ref().is_none_or(is_sweep) {
        Ok(name)
    } else {
        Err(D::Error::custom("invalid sweep name"))
    }
}
