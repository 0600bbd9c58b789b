//! Live switch, and how it is switched on and off.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Plain, Refusal, Root, Stamp};

/// Live switch that is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Live {
    /// Time when it was switched on.
    pub since: Timestamp,
    /// User who switched it on.
    pub actor: String,
    /// Planned end. The switch doesn't go off by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Message for users that it stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Edit of an optional value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit<T> {
    /// Keep the value.
    Keep,
    /// Remove the value.
    Clear,
    /// Replace the value by this one.
    Set(T),
}

impl<T> Edit<T> {
    fn of(self, before: Option<T>) -> Option<T> {
        match self {
            Edit::Keep => before,
            Edit::Clear => None,
            Edit::Set(value) => Some(value),
        }
    }
}

impl Root {
    /// Switches live on, or changes its end and its message. Values that aren't edited stay.
    ///
    /// # Errors
    /// Returns [`Refusal::Sweeping`] or [`Refusal::Pending`] while something is being deleted or
    /// overwritten: the target can't promise then that nothing changes.
    pub fn go_live(
        root: Option<&Root>,
        until: Edit<Timestamp>,
        message: Edit<String>,
        stamp: &Stamp,
    ) -> Result<Root, Refusal> {
        if root.is_some_and(|root| root.gc.sweep.is_some()) {
            return Err(Refusal::Sweeping);
        }
        if root.is_some_and(|root| root.plain == Plain::Pending) {
            return Err(Refusal::Pending);
        }
        let before = root.and_then(|root| root.live.as_ref());
        let live = Live {
            since: before.map_or(stamp.at, |live| live.since),
            actor: stamp.actor.clone(),
            until: until.of(before.and_then(|live| live.until)),
            message: message.of(before.and_then(|live| live.message.clone())),
        };
        Ok(Root {
            live: Some(live),
            ..Root::after(root, stamp)
        })
    }

    /// Switches live off.
    ///
    /// # Errors
    /// Returns [`Refusal::Already`] if it is off.
    pub fn end_live(&self, stamp: &Stamp) -> Result<Root, Refusal> {
        match self.live {
            None => Err(Refusal::Already),
            Some(_) => Ok(Root {
                live: None,
                ..Root::after(Some(self), stamp)
            }),
        }
    }
}
