//! Which of a bucket's own rules let strangers do what they can. Nothing is asked here.

use super::fix::Fix;
use super::mend::Mend;
use crate::config::{Place, Target};
use crate::release::layout::FOLDER;
use crate::store::Server;
use crate::store::control::{Blocks, Grant, Public, Right, RuleKind, Settings, Told};

/// The rules that count: what a bucket's protections make void is left out. Servers other than the clouds' own may take a
/// protection against policies and let strangers in all the same, as Ceph's radosgw 16 does: there it isn't relied on.
pub(super) fn in_force(
    grants: &Told<Vec<Grant>>,
    blocks: &Told<Blocks>,
    fix: &Fix<'_>,
) -> Told<Vec<Grant>> {
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
pub(super) fn of_settings(settings: &Settings, fix: &Fix<'_>) -> Told<Vec<Grant>> {
    in_force(&settings.grants, &settings.blocks, fix)
}

/// Those that give one of these rights.
pub(super) fn that_grant<'a>(grants: &'a [Grant], rights: &[Right]) -> Vec<&'a Grant> {
    grants
        .iter()
        .filter(|grant| rights.contains(&grant.right))
        .collect()
}

/// Those that let strangers read the releases, which are at `place`.
pub(super) fn that_open<'a>(grants: &'a [Grant], place: &Place, is_own: bool) -> Vec<&'a Grant> {
    let (Place::S3 { prefix, .. } | Place::Gcs { prefix, .. }) = place else {
        return Vec::new();
    };
    let folder = if is_own { FOLDER } else { "" };
    let key = format!("{prefix}{folder}x/root.json");
    grants
        .iter()
        .filter(|grant| grant.right == Right::Read && grant.reach.covers(&key))
        .collect()
}

/// Whether everybody may read what a target publishes, by these rules.
pub(super) fn lets_everybody_read(grants: &[Grant], target: &Target) -> bool {
    let (Place::S3 { prefix, .. } | Place::Gcs { prefix, .. }) = &target.place else {
        return false;
    };
    grants.iter().any(|grant| {
        grant.right == Right::Read
            && grant.to == Public::Everybody
            && grant.reach.covers(&format!("{prefix}x"))
    })
}

/// "; by `Oops` of the bucket policy, which allows s3:GetObject, s3:ListBucket": each rule once.
pub(super) fn named(culprits: &[&Grant]) -> String {
    let mut names: Vec<String> = Vec::new();
    for culprit in culprits {
        let name = match culprit.allows.as_slice() {
            [] => culprit.by.clone(),
            allows => format!("{}, which allows {}", culprit.by, allows.join(", ")),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join("; ")
}

/// What lets strangers do this, to be said behind that they can; and what ends it.
pub(super) fn behind(grants: &Told<Vec<Grant>>, right: Right, fix: &Fix<'_>) -> (String, Mend) {
    let grants = match grants {
        Told::Is(grants) => grants,
        Told::Unknown(why) => {
            let text = format!("; what lets them can't be told: {why}");
            return (text, fix.access_close());
        }
    };
    let culprits = that_grant(grants, &[right]);
    if culprits.is_empty() {
        return (NOT_ITS_OWN.to_string(), ASK.into());
    }
    let mend = match culprits.iter().find(|grant| grant.is_conditional) {
        Some(grant) if culprits.iter().all(|grant| grant.is_conditional) => fix.take_out(&grant.by),
        _ => fix.access_close(),
    };
    (format!("; by {}", named(&culprits)), mend)
}

/// No rule of the bucket's own lets them.
pub(super) const NOT_ITS_OWN: &str = "; none of the bucket's own rules says so, so it's one of the account, the organisation or the server";
pub(super) const ASK: &str = "ask whoever runs the account or the server to take that rule away, and publish nothing until then";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::control::Reach;

    fn grant(right: Right, by: &str) -> Grant {
        Grant {
            to: Public::Everybody,
            right,
            by: by.into(),
            allows: vec!["s3:GetObject".into(), "s3:ListBucket".into()],
            kind: RuleKind::Policy,
            reach: Reach::Only(vec!["static/*".into()]),
            is_conditional: false,
        }
    }

    #[test]
    fn whoever_is_to_blame_is_named_once() {
        let grants = vec![
            grant(Right::Read, "`Oops`"),
            grant(Right::List, "`Oops`"),
            grant(Right::Manage, "`Oops`"),
        ];
        let target = super::super::settings::tests::target();
        let fix = Fix::of(&target, Server::Ceph);
        let (text, mend) = behind(&Told::Is(grants.clone()), Right::List, &fix);
        assert_eq!(
            text,
            "; by `Oops`, which allows s3:GetObject, s3:ListBucket"
        );
        assert_eq!(mend.text, "assetsync access close prod");
        let mut conditional = grants;
        conditional[1].is_conditional = true;
        let (_, mend) = behind(&Told::Is(conditional), Right::List, &fix);
        assert!(
            mend.text
                .contains("take `Oops` out: aws s3api get-bucket-policy --bucket hunt")
        );
        let (text, mend) = behind(&Told::Is(vec![]), Right::List, &fix);
        assert!(text.contains("none of the bucket's own rules"), "{text}");
        assert!(!mend.text.contains("assetsync"), "{mend:?}");
        let (text, _) = behind(&Told::Unknown("s3:GetBucketAcl".into()), Right::List, &fix);
        assert!(text.contains("can't be told: s3:GetBucketAcl"), "{text}");
    }

    #[test]
    fn releases_are_open_to_whom_their_folder_is() {
        let place = |prefix: &str| Place::S3 {
            bucket: "hunt".into(),
            prefix: prefix.into(),
        };
        let grants = [grant(Right::Read, "`Public`")];
        assert_eq!(that_open(&grants, &place("static/"), true).len(), 1);
        assert_eq!(that_open(&grants, &place(""), true).len(), 0);
        assert_eq!(that_open(&grants, &place("static/prod/"), false).len(), 1);
    }

    #[test]
    fn a_rule_that_a_protection_makes_void_is_nobodys_fault() {
        let grants = Told::Is(vec![grant(Right::List, "`Oops`")]);
        let blocks = Told::Is(Blocks {
            ignores_policies: true,
            ..Blocks::default()
        });
        let target = super::super::settings::tests::target();
        let amazon = Fix::of(&target, Server::Amazon);
        assert_eq!(in_force(&grants, &blocks, &amazon), Told::Is(vec![]));
        let ceph = Fix::of(&target, Server::Ceph);
        assert_eq!(
            in_force(&grants, &blocks, &ceph),
            grants,
            "radosgw takes such a protection, and lets strangers in"
        );
        let acls = Told::Is(Blocks {
            ignores_acls: true,
            ..Blocks::default()
        });
        assert_eq!(in_force(&grants, &acls, &amazon), grants);
    }
}
