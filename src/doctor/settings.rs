//! What a bucket's settings mean for a target. Nothing is asked here.

use super::fix::Fix;
use super::{Finding, Patient, culprit};
use crate::config::{Access, Place, Target};
use crate::store::Server;
use crate::store::control::{
    Blocks, Grant, Lifecycle, LifecycleRule, Public, Right, Settings, Told, Versioning,
};

/// The settings of the target's bucket.
pub(super) fn judge(patient: &Patient<'_>, settings: &Settings) -> Vec<Finding> {
    let target = patient.target;
    let fix = patient.fix().given(&settings.blocks);
    let prefix = prefix(&target.place);
    vec![
        grants(&settings.grants, target, &fix),
        blocks(&settings.blocks, &fix),
        acls(&settings.takes_acls, target, &fix),
        versioning(settings, &fix),
        retention(
            "retention",
            &settings.retention,
            patient.has_state(),
            &target.place,
        ),
        lifecycle_of_target(&settings.lifecycle, &fix),
        uploads(&settings.lifecycle, prefix, &fix),
    ]
}

/// The settings of the bucket that `state` names: nothing in it is to be deleted.
pub(super) fn judge_state(patient: &Patient<'_>, settings: &Settings) -> Vec<Finding> {
    let fix = patient.fix();
    let place = patient.target.state.as_ref();
    let place = place.unwrap_or(&patient.target.place);
    vec![
        retention("releases-retention", &settings.retention, true, place),
        lifecycle_of_state(&settings.lifecycle, place, &fix),
    ]
}

pub(super) fn lifecycle_of_target(rules: &Told<Vec<LifecycleRule>>, fix: &Fix<'_>) -> Finding {
    lifecycle("lifecycle", rules, &fix.target.place, fix)
}

pub(super) fn lifecycle_of_state(
    rules: &Told<Vec<LifecycleRule>>,
    place: &Place,
    fix: &Fix<'_>,
) -> Finding {
    lifecycle("releases-lifecycle", rules, place, fix)
}

fn prefix(place: &Place) -> &str {
    match place {
        Place::S3 { prefix, .. } | Place::Gcs { prefix, .. } => prefix,
        Place::Directory(_) => "",
    }
}

/// Rights that are more than to read, whoever tries them: what any account may do, no stranger's request shows.
pub(super) fn grants(grants: &Told<Vec<Grant>>, target: &Target, fix: &Fix<'_>) -> Finding {
    const CHECK: &str = "grants";
    const WHY: &str = "what the bucket grants to the whole world, or to any account of the cloud, counts for every object";
    let grants = match grants {
        Told::Is(grants) => grants,
        Told::Unknown(why) => return Finding::unknown(CHECK, WHY, why.clone()),
    };
    let more: Vec<&Grant> = grants
        .iter()
        .filter(|grant| grant.right != Right::Read)
        .collect();
    if !more.is_empty() {
        let text = format!("strangers may {}", in_words(&more));
        let mend = match more.iter().find(|grant| grant.is_conditional) {
            Some(grant) if more.iter().all(|grant| grant.is_conditional) => fix.take_out(&grant.by),
            _ => fix.access_close(),
        };
        return match more.iter().all(|grant| grant.is_conditional) {
            // A person has to judge of that: the condition may let nobody in who isn't meant.
            true => Finding::warning(CHECK, WHY, text + ", if they fulfil a condition").fix(mend),
            false => Finding::failed(CHECK, WHY, text).fix(mend),
        };
    }
    let is_read = |grant: &Grant| !grant.is_conditional;
    match (target.access, !grants.iter().any(is_read)) {
        (Access::Bucket, false) => Finding::passed(CHECK, WHY, "strangers may read, and no more"),
        (Access::Bucket, true) if target.public_url.is_some() => Finding::passed(
            CHECK,
            WHY,
            "nothing, which is right if visitors read by `public_url` alone",
        ),
        (Access::Bucket, true) => Finding::warning(
            CHECK,
            WHY,
            "the bucket's own rules grant strangers nothing, not even to read",
        )
        .fix(fix.access_apply()),
        (Access::ObjectAcl, true) => Finding::passed(
            CHECK,
            WHY,
            "nothing: objects are public one by one, as `access = \"object-acl\"` has it",
        ),
        (Access::ObjectAcl, false) => Finding::warning(
            CHECK,
            WHY,
            "strangers may read every object, though `access = \"object-acl\"` makes them public one by one",
        )
        .fix(fix.access_bucket().or(&format!(
            "take {} out, if nothing that is published needs it",
            readers(grants)
        ))),
    }
}

/// Who lets strangers read.
fn readers(grants: &[Grant]) -> String {
    culprit::named(&culprit::that_grant(grants, &[Right::Read]))
}

/// "list (whoever has an account, by …), write (…)".
pub(super) fn in_words(grants: &[&Grant]) -> String {
    let words = grants.iter().map(|grant| {
        let verb = match grant.right {
            Right::Read => "read objects",
            Right::List => "list",
            Right::Write => "write or delete",
            Right::Manage => "see or change the bucket's settings",
        };
        match grant.to {
            Public::Everybody => format!("{verb} ({})", grant.by),
            Public::AnyAccount => format!("{verb} (any account, {})", grant.by),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Protections against being public, against what is wanted.
pub(super) fn blocks(blocks: &Told<Blocks>, fix: &Fix<'_>) -> Finding {
    const CHECK: &str = "public-access-block";
    const WHY: &str =
        "it keeps buckets from being public by mistake, and this one from being so on purpose";
    let mend = fix.given(blocks).access_apply();
    let blocks = match blocks {
        Told::Is(blocks) => blocks,
        Told::Unknown(why) => return Finding::unknown(CHECK, WHY, why.clone()),
    };
    if fix.refuses_uploads(blocks) {
        let text =
            "BlockPublicAcls makes Ceph's radosgw refuse every upload, with an ACL or without";
        return Finding::failed(CHECK, WHY, text).fix(mend);
    }
    let target = fix.target;
    let stops = match target.access {
        Access::Bucket if blocks.ignores_policies => {
            "lets no stranger read, whatever the bucket grants"
        }
        Access::ObjectAcl if blocks.refuses_acls => {
            "refuses objects with a public ACL, so every push"
        }
        Access::ObjectAcl if blocks.ignores_acls => {
            "lets no stranger read, whatever the objects' ACLs grant"
        }
        Access::Bucket if blocks.refuses_policies => {
            return Finding::passed(
                CHECK,
                WHY,
                "the bucket's rules can't be made more public than they are",
            );
        }
        _ => {
            return Finding::passed(CHECK, WHY, "it isn't in the way of what the target wants");
        }
    };
    match (target.access, &target.public_url) {
        (Access::Bucket, Some(_)) => Finding::warning(
            CHECK,
            WHY,
            format!("it {stops}, which is right if visitors read by `public_url` alone"),
        ),
        _ => Finding::failed(CHECK, WHY, format!("it {stops}")),
    }
    .fix(mend)
}

fn acls(takes_acls: &Told<bool>, target: &Target, fix: &Fix<'_>) -> Finding {
    const CHECK: &str = "acls";
    const WHY: &str =
        "with `access = \"object-acl\"` every object has one, with `access = \"bucket\"` none";
    let is_google = matches!(target.place, Place::Gcs { .. });
    match (takes_acls, target.access) {
        (Told::Unknown(why), _) => Finding::unknown(CHECK, WHY, why.clone()),
        (Told::Is(true), Access::ObjectAcl) => {
            Finding::passed(CHECK, WHY, "objects can have ACLs, as the target wants it")
        }
        (Told::Is(false), Access::Bucket) => {
            Finding::passed(CHECK, WHY, "no object has an ACL of its own")
        }
        (Told::Is(false), Access::ObjectAcl) => Finding::failed(
            CHECK,
            WHY,
            "the bucket takes no ACLs, so every push is refused",
        )
        .fix(fix.access_apply().or(&fix.access_bucket().text)),
        (Told::Is(true), Access::Bucket) if is_google => Finding::warning(
            CHECK,
            WHY,
            "objects can have ACLs of their own, so nobody sees at a glance who can read what",
        )
        .fix(fix.access_apply()),
        (Told::Is(true), Access::Bucket) => {
            Finding::passed(CHECK, WHY, "objects can have ACLs; assetsync sends none")
        }
    }
}

fn versioning(settings: &Settings, fix: &Fix<'_>) -> Finding {
    const CHECK: &str = "versioning";
    const WHY: &str = "it brings back what somebody deletes or writes over by mistake";
    let soft = settings.soft_delete_seconds.known().copied().unwrap_or(0);
    match &settings.versioning {
        Told::Is(Versioning::On | Versioning::Locked) if fix.server() == Server::Ceph => {
            Finding::failed(
                CHECK,
                WHY,
                "on: Ceph's radosgw keeps no conditions in versioned buckets, and every push fails",
            )
            .fix(fix.conditions(&settings.versioning))
        }
        Told::Is(Versioning::On | Versioning::Locked) => Finding::passed(CHECK, WHY, "on"),
        Told::Is(_) if soft > 0 => Finding::passed(
            CHECK,
            WHY,
            format!(
                "off, but what is deleted can be brought back for {} days",
                soft / 86_400
            ),
        ),
        Told::Is(state) => {
            let state = match state {
                Versioning::Suspended => "suspended: what is deleted now is gone",
                _ => "off: what is deleted is gone",
            };
            match (fix.keep_versions(), fix.server()) {
                (Some(mend), _) => Finding::warning(CHECK, WHY, state).fix(mend),
                (None, Server::Ceph) => Finding::passed(
                    CHECK,
                    WHY,
                    format!(
                        "{state}; leave it so: Ceph's radosgw keeps no conditions in versioned buckets, and every push would fail"
                    ),
                ),
                (None, _) => Finding::passed(
                    CHECK,
                    WHY,
                    format!(
                        "{state}; leave it so, unless the documentation of {} says that it keeps conditions (`If-Match`) in versioned buckets",
                        fix.server().name()
                    ),
                ),
            }
        }
        Told::Unknown(why) => Finding::unknown(CHECK, WHY, why.clone()),
    }
}

/// What keeps objects for a time keeps the root from changing on Google; on S3, it keeps old versions only.
fn retention(
    check: &'static str,
    retention: &Told<Option<String>>,
    has_state: bool,
    place: &Place,
) -> Finding {
    const WHY: &str =
        "the root of the releases is written over by every push, and plain names when they change";
    match (retention, place) {
        (Told::Unknown(why), _) => Finding::unknown(check, WHY, why.clone()),
        (Told::Is(None), _) => Finding::passed(check, WHY, "nothing keeps objects from being written over"),
        (Told::Is(Some(what)), Place::Gcs { bucket, .. }) if has_state => Finding::failed(
            check,
            WHY,
            format!("{what}: no second push is possible"),
        )
        .fix(format!(
            "gcloud storage buckets update gs://{bucket} --clear-retention-period, or keep the releases elsewhere (`state`)"
        )),
        (Told::Is(Some(what)), Place::Gcs { .. }) => Finding::warning(
            check,
            WHY,
            format!("{what}: plain names can't change, and `prune` can't delete"),
        )
        .fix("leave it if all names are keyed; else clear the retention period"),
        (Told::Is(Some(what)), _) => Finding::passed(
            check,
            WHY,
            format!("{what}; new versions can be written all the same"),
        ),
    }
}

/// Whether a rule deletes, or makes unreadable, what is below a prefix.
fn takes_what_is_in_use(rule: &LifecycleRule, prefix: &str) -> bool {
    let is_about = rule.prefix.starts_with(prefix) || prefix.starts_with(rule.prefix.as_str());
    is_about && matches!(rule.does, Lifecycle::Deletes | Lifecycle::Freezes)
}

/// Rules that delete, or make unreadable, what is below the prefix.
fn lifecycle(
    check: &'static str,
    rules: &Told<Vec<LifecycleRule>>,
    place: &Place,
    fix: &Fix<'_>,
) -> Finding {
    let prefix = prefix(place);
    const WHY: &str =
        "old objects are still in use: a file that hasn't changed since is published as it was";
    let rules = match rules {
        Told::Is(rules) => rules,
        Told::Unknown(why) => return Finding::unknown(check, WHY, why.clone()),
    };
    let bad: Vec<&LifecycleRule> = rules
        .iter()
        .filter(|rule| takes_what_is_in_use(rule, prefix))
        .collect();
    if bad.is_empty() {
        return Finding::passed(check, WHY, "no rule deletes objects that are in use");
    }
    let said = bad.iter().map(|rule| match rule.does {
        Lifecycle::Freezes => format!(
            "`{}` moves objects to where they can't be read at once",
            rule.name
        ),
        _ => format!("`{}` deletes objects", rule.name),
    });
    let said = said.collect::<Vec<_>>().join("; ");
    let mut names: Vec<&str> = bad.iter().map(|rule| rule.name.as_str()).collect();
    names.dedup();
    let mut all: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    all.dedup();
    Finding::failed(check, WHY, said).fix(fix.without_lifecycle(place, &names, all.len()))
}

/// A rule that clears away what killed uploads leave. Google's own uploads in parts end by themselves after a week.
fn uploads(rules: &Told<Vec<LifecycleRule>>, prefix: &str, fix: &Fix<'_>) -> Finding {
    const CHECK: &str = "uploads";
    const WHY: &str =
        "a push that is killed leaves parts of large files, which cost money and aren't seen";
    let ends = match fix.server() {
        Server::Google => Some("uploads that aren't finished end after a week"),
        // https://docs.min.io/aistor/developers/s3-api-compatibility/: it knows no such rule.
        Server::Minio => Some("MinIO clears away uploads that aren't finished by itself"),
        _ => None,
    };
    if let Some(text) = ends {
        return Finding::passed(CHECK, WHY, text);
    }
    let rules = match rules {
        Told::Is(rules) => rules,
        Told::Unknown(why) => return Finding::unknown(CHECK, WHY, why.clone()),
    };
    let clears = |rule: &LifecycleRule| {
        rule.does == Lifecycle::ClearsUploads && prefix.starts_with(rule.prefix.as_str())
    };
    match rules.iter().any(clears) {
        true => Finding::passed(
            CHECK,
            WHY,
            "a lifecycle rule clears away uploads that aren't finished",
        ),
        false => {
            let others: Vec<&LifecycleRule> = rules
                .iter()
                .filter(|rule| !takes_what_is_in_use(rule, prefix))
                .collect();
            let mend = fix.uploads_rule(&others);
            Finding::warning(
                CHECK,
                WHY,
                "no lifecycle rule clears away uploads that aren't finished",
            )
            .fix(mend)
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
