//! Finds out whether a push can go on from the releases that are there, as a push itself does.

use super::{Finding, Subject};
use crate::base::error::{Error, Result};
use crate::release::Base;
use crate::release::forgotten::push_first;
use crate::release::guard::{self, Allowed};
use crate::release::presence::{Presence, presence};
use crate::release::root::Release;
use crate::store::StoreErrorKind;

const CHECK: &str = "root";
const WHY: &str = "every push builds on the current release, and is refused if that isn't possible";
const ASK: &str = "ask the storage's administrator for permission to read the releases";

/// Opens the releases as every push does, and says what it would say.
pub(super) async fn judge(subject: &Subject<'_>) -> Finding {
    match current(subject).await {
        Ok(None) => Finding::passed(CHECK, WHY, "no release yet: the first push creates one"),
        Ok(Some(release)) => {
            let text = format!("a push can build on the current release, {}", release.id);
            Finding::passed(CHECK, WHY, text)
        }
        Err(error) => refused(error.of_target(subject.target)),
    }
}

/// The current release, unless every push with this key is refused.
async fn current(subject: &Subject<'_>) -> Result<Option<Release>> {
    let (target, secret) = (subject.target, subject.secret);
    let opened = Base::open(target, &subject.store, secret, subject.timeouts, 1, "");
    let (state, base) = opened.await?;
    let key_id = secret.id().to_string();
    guard::refuse(guard::refusals_of_all(&base, &key_id, &Allowed::default()))?;
    if base.manifest.is_some() {
        state.check_not_left()?;
    }
    let root = base.root;
    if root.as_ref().is_none_or(|root| root.current.is_none())
        && let Presence::Forgotten(forgotten) =
            presence(&*subject.store, &state, root.as_ref()).await?
    {
        return Err(forgotten.refused(target, push_first(target)).into());
    }
    Ok(root.and_then(|root| root.current))
}

fn refused(error: Error) -> Finding {
    use StoreErrorKind::{OutcomeUnknown, Unreachable};
    let text = error.to_string();
    let fix = error.hint();
    match &error {
        Error::Store(error) if matches!(error.kind, Unreachable | OutcomeUnknown) => {
            Finding::unknown(CHECK, WHY, text)
        }
        _ => Finding::failed(CHECK, WHY, text),
    }
    .fix(fix.unwrap_or_else(|| ASK.to_string()))
}
