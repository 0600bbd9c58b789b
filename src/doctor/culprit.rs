//! Finds the bucket's own rules that give strangers their rights. Sends no requests.

use super::fix::Fix;
use super::remedy::Remedy;
use crate::config::{Place, Target};
use crate::release::layout::FOLDER;
use crate::store::Server;
use crate::store::control::{Blocks, Grant, Observed, Public, Right, RuleKind, Settings};

/// The rules that count: what a bucket's protections make void is left out. Servers other than the
/// clouds' own may take a protection against policies and let strangers in all the same, as Ceph's
/// radosgw 16 does: there it isn't relied on.
pub(super) fn in_force(
    grants: &Observed<Vec<Grant>>,
    blocks: &Observed<Blocks>,
    fix: &Fix<'_>,
) -> Observed<Vec<Grant>> {
    let blocks = blocks.known().copied().unwrap_or_default();
    let is_relied_on = matches!(fix.server(), Server::Amazon | Server::Google);
    let is_void = |grant: &Grant| match grant.kind {
        RuleKind::Acl => blocks.ignores_acls,
        RuleKind::Policy => blocks.ignores_policies && is_relied_on,
    };
    grants
        .clone()
        .map(|grants| grants.into_iter().filter(|g| !is_void(g)).collect())
}

/// The same, of a bucket's settings.
pub(super) fn of_settings(settings: &Settings, fix: &Fix<'_>) -> Observed<Vec<Grant>> {
    in_force(&settings.grants, &settings.blocks, fix)
}

/// Returns the rules that give one of these rights.
pub(super) fn that_grant<'a>(grants: &'a [Grant], rights: &[Right]) -> Vec<&'a Grant> {
    grants
        .iter()
        .filter(|grant| rights.contains(&grant.right))
        .collect()
}

/// Returns the rules that let strangers read the releases, which are at `place`.
pub(super) fn that_open<'a>(grants: &'a [Grant], place: &Place, is_own: bool) -> Vec<&'a Grant> {
    let Some(bucket) = place.bucket() else {
        return Vec::new();
    };
    let folder = if is_own { FOLDER } else { "" };
    let key = format!("{}{folder}x/root.json", bucket.prefix);
    grants
        .iter()
        .filter(|grant| grant.right == Right::Read && grant.reach.covers(&key))
        .collect()
}

/// Checks whether these rules let everybody read what a target publishes.
pub(super) fn lets_everybody_read(grants: &[Grant], target: &Target) -> bool {
    let Some(bucket) = target.place.bucket() else {
        return false;
    };
    grants.iter().any(|grant| {
        grant.right == Right::Read
            && grant.to == Public::Everybody
            && grant.reach.covers(&format!("{}x", bucket.prefix))
    })
}

/// The rules, each once and behind `before`: "by the statement `Oops` of the bucket policy, which
/// allows s3:GetObject, s3:ListBucket".
pub(super) fn named(before: &str, culprits: &[&Grant]) -> String {
    let mut names: Vec<String> = Vec::new();
    for culprit in culprits {
        let by = &culprit.by;
        let name = match culprit.allows.as_slice() {
            [] => format!("{before} {by}"),
            allows => format!("{before} {by}, which allows {}", allows.join(", ")),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", and ")
}

/// Returns the reason why strangers have a right, as the end of a sentence, and the fix.
pub(super) fn behind(
    grants: &Observed<Vec<Grant>>,
    right: Right,
    fix: &Fix<'_>,
) -> (String, Remedy) {
    let grants = match grants {
        Observed::Is(grants) => grants,
        Observed::Unknown(why) => {
            let text = format!("; the rule that allows this is unknown: {why}");
            return (text, fix.access_close());
        }
    };
    let culprits = that_grant(grants, &[right]);
    if culprits.is_empty() {
        return (NOT_ITS_OWN.to_string(), ASK.into());
    }
    let remedy = match culprits.iter().find(|grant| grant.is_conditional) {
        Some(grant) if culprits.iter().all(|grant| grant.is_conditional) => fix.take_out(&grant.by),
        _ => fix.access_close(),
    };
    (format!(" {}", named(BECAUSE, &culprits)), remedy)
}

/// Words before the rules at the end of a sentence.
pub(super) const BECAUSE: &str = "because of";

/// No rule of the bucket's own lets them.
pub(super) const NOT_ITS_OWN: &str = "; none of the bucket's own rules allows it, so a rule of the account, the organisation or the server does";
pub(super) const ASK: &str = "ask the administrator of the account or server to remove that rule, and publish nothing until then";

#[cfg(test)]
mod tests;
