//! Judges a bucket's settings for a target. Sends no requests.

use super::fix::Fix;
use super::{Finding, Subject, culprit};
use crate::config::{Access, Place, Target};
use crate::store::Server;
use crate::store::control::{
    Blocks, Grant, Lifecycle, LifecycleRule, Observed, Public, Right, Settings, Versioning,
};

const VERSIONING: &str = "versioning";
const VERSIONING_WHY: &str = "versions can restore what somebody deletes or overwrites by mistake";
const GRANTS: &str = "grants";
const GRANTS_WHY: &str = "permissions that the bucket grants to the public or to any cloud account apply to every object";

/// The settings of the target's bucket.
pub(super) fn judge(subject: &Subject<'_>, settings: &Settings) -> Vec<Finding> {
    let target = subject.target;
    let fix = subject.fix().given(&settings.blocks);
    let prefix = prefix(&target.place);
    vec![
        grants(&settings.grants, target, &fix),
        blocks(&settings.blocks, &fix),
        acls(&settings.takes_acls, target, &fix),
        versioning(settings, &fix),
        retention(
            "retention",
            &settings.retention,
            subject.has_state(),
            &target.place,
        ),
        lifecycle_of_target(&settings.lifecycle, &fix),
        uploads(&settings.lifecycle, prefix, &fix),
    ]
}

/// The settings of the bucket that `state` names: nothing in it is to be deleted.
pub(super) fn judge_state(subject: &Subject<'_>, settings: &Settings) -> Vec<Finding> {
    let fix = subject.fix();
    let place = subject.target.state.as_ref();
    let place = place.unwrap_or(&subject.target.place);
    vec![
        retention("releases-retention", &settings.retention, true, place),
        lifecycle_of_state(&settings.lifecycle, place, &fix),
    ]
}

pub(super) fn lifecycle_of_target(rules: &Observed<Vec<LifecycleRule>>, fix: &Fix<'_>) -> Finding {
    lifecycle("lifecycle", rules, &fix.target.place, fix)
}

pub(super) fn lifecycle_of_state(
    rules: &Observed<Vec<LifecycleRule>>,
    place: &Place,
    fix: &Fix<'_>,
) -> Finding {
    lifecycle("releases-lifecycle", rules, place, fix)
}

fn prefix(place: &Place) -> &str {
    place.bucket().map_or("", |bucket| &bucket.prefix)
}

/// Judges strangers' rights by the rules, above all those beyond reading: requests don't show what
/// any account may do.
pub(super) fn grants(grants: &Observed<Vec<Grant>>, target: &Target, fix: &Fix<'_>) -> Finding {
    let grants = match grants {
        Observed::Is(grants) => grants,
        Observed::Unknown(why) => return Finding::unknown(GRANTS, GRANTS_WHY, why.clone()),
    };
    let more: Vec<&Grant> = grants
        .iter()
        .filter(|grant| grant.right != Right::Read)
        .collect();
    if more.is_empty() {
        reading(grants, target, fix)
    } else {
        more_than_reading(&more, fix)
    }
}

fn more_than_reading(more: &[&Grant], fix: &Fix<'_>) -> Finding {
    let text = format!("strangers may {}", in_words(more));
    let remedy = match more.iter().find(|grant| grant.is_conditional) {
        Some(grant) if more.iter().all(|grant| grant.is_conditional) => fix.take_out(&grant.by),
        _ => fix.access_close(),
    };
    if more.iter().all(|grant| grant.is_conditional) {
        // Users have to judge this: the condition may let in only those who are meant.
        Finding::warning(GRANTS, GRANTS_WHY, text + ", if they meet a condition")
    } else {
        Finding::failed(GRANTS, GRANTS_WHY, text)
    }
    .fix(remedy)
}

/// Judges rules by which strangers read at most.
fn reading(grants: &[Grant], target: &Target, fix: &Fix<'_>) -> Finding {
    let passed = |text: &str| Finding::passed(GRANTS, GRANTS_WHY, text);
    let warning = |text: &str| Finding::warning(GRANTS, GRANTS_WHY, text);
    let is_read = |grant: &Grant| !grant.is_conditional;
    match (target.access, !grants.iter().any(is_read)) {
        (Access::Bucket, false) => passed("strangers can read, and no more"),
        (Access::Bucket, true) if target.public_url.is_some() => {
            passed("none, which is right if visitors only read through `public_url`")
        }
        (Access::Bucket, true) => {
            warning("the bucket's own rules grant strangers nothing, not even read access")
                .fix(fix.access_apply())
        }
        (Access::ObjectAcl, true) => {
            passed("none: objects are public individually, as `access = \"object-acl\"` requires")
        }
        (Access::ObjectAcl, false) => {
            let out = without_readers(grants) + ", if no published object needs it";
            warning("strangers can read every object, although `access = \"object-acl\"` makes them public individually")
                .fix(fix.access_bucket().or(out.into()))
        }
    }
}

/// Says to remove the rules that let strangers read.
fn without_readers(grants: &[Grant]) -> String {
    culprit::named("remove", &culprit::that_grant(grants, &[Right::Read]))
}

/// "list (READ in …; with any account: …), and write or delete (…)": each rule with all its rights,
/// and rules with the same rights together.
pub(super) fn in_words(grants: &[&Grant]) -> String {
    let mut alike: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for (by, verbs) in by_rule(grants) {
        match alike.iter_mut().find(|(those, _)| *those == verbs) {
            Some((_, rules)) => rules.push(by),
            None => alike.push((verbs, vec![by])),
        }
    }
    let words = alike
        .iter()
        .map(|(verbs, rules)| format!("{} ({})", verbs.join(", "), rules.join("; ")));
    words.collect::<Vec<_>>().join(", and ")
}

/// Each rule, and what it lets strangers do.
fn by_rule(grants: &[&Grant]) -> Vec<(String, Vec<&'static str>)> {
    let mut rules: Vec<(String, Vec<&'static str>)> = Vec::new();
    for grant in grants {
        let verb = match grant.right {
            Right::Read => "read objects",
            Right::List => "list",
            Right::Write => "write or delete",
            Right::Manage => "see or change the bucket's settings",
        };
        let by = match grant.to {
            Public::Everybody => grant.by.clone(),
            Public::AnyAccount => format!("with any account: {}", grant.by),
        };
        match rules.iter_mut().find(|(rule, _)| *rule == by) {
            Some((_, verbs)) if verbs.contains(&verb) => {}
            Some((_, verbs)) => verbs.push(verb),
            None => rules.push((by, vec![verb])),
        }
    }
    rules
}

/// Protections against being public, against what is wanted.
pub(super) fn blocks(blocks: &Observed<Blocks>, fix: &Fix<'_>) -> Finding {
    const CHECK: &str = "public-access-block";
    const WHY: &str =
        "the protection prevents accidental public access, but can also block intended access";
    let remedy = fix.given(blocks).access_apply();
    let blocks = match blocks {
        Observed::Is(blocks) => blocks,
        Observed::Unknown(why) => return Finding::unknown(CHECK, WHY, why.clone()),
    };
    if fix.refuses_uploads(blocks) {
        let text =
            "BlockPublicAcls makes Ceph's radosgw reject every upload, with or without an ACL";
        return Finding::failed(CHECK, WHY, text).fix(remedy);
    }
    let target = fix.target;
    let Some(stops) = stopped_by(blocks, target.access) else {
        let text = match target.access {
            Access::Bucket if blocks.refuses_policies => {
                "new public policies are rejected, but the bucket's present rules stay in force"
            }
            _ => "the protection allows the access that the target needs",
        };
        return Finding::passed(CHECK, WHY, text);
    };
    match (target.access, &target.public_url) {
        (Access::Bucket, Some(_)) => Finding::warning(
            CHECK,
            WHY,
            format!(
                "the protection {stops}, which is right if visitors only read through `public_url`"
            ),
        ),
        _ => Finding::failed(CHECK, WHY, format!("the protection {stops}")),
    }
    .fix(remedy)
}

/// The harm that protections do to what the target wants, in words.
fn stopped_by(blocks: &Blocks, access: Access) -> Option<&'static str> {
    match access {
        Access::Bucket if blocks.ignores_policies => {
            Some("keeps strangers from reading, whatever the bucket grants")
        }
        Access::ObjectAcl if blocks.refuses_acls => {
            Some("rejects objects with a public ACL, so every push fails")
        }
        Access::ObjectAcl if blocks.ignores_acls => {
            Some("keeps strangers from reading, whatever the objects' ACLs grant")
        }
        Access::Bucket | Access::ObjectAcl => None,
    }
}

fn acls(takes_acls: &Observed<bool>, target: &Target, fix: &Fix<'_>) -> Finding {
    const CHECK: &str = "acls";
    const WHY: &str =
        "`access = \"object-acl\"` gives every object an ACL, `access = \"bucket\"` gives none";
    let is_google = fix.server() == Server::Google;
    match (takes_acls, target.access) {
        (Observed::Unknown(why), _) => Finding::unknown(CHECK, WHY, why.clone()),
        (Observed::Is(true), Access::ObjectAcl) => {
            Finding::passed(CHECK, WHY, "objects can have ACLs, as the target requires")
        }
        (Observed::Is(false), Access::Bucket) => {
            Finding::passed(CHECK, WHY, "no object has an ACL of its own")
        }
        (Observed::Is(false), Access::ObjectAcl) => Finding::failed(
            CHECK,
            WHY,
            "the bucket does not accept ACLs, so every push is rejected",
        )
        .fix(fix.access_apply().or(fix.access_bucket())),
        (Observed::Is(true), Access::Bucket) if is_google => Finding::warning(
            CHECK,
            WHY,
            "objects can have their own ACLs, so it's hard to see who can read what",
        )
        .fix(fix.access_apply()),
        (Observed::Is(true), Access::Bucket) => {
            Finding::passed(CHECK, WHY, "objects can have ACLs; assetsync sends none")
        }
    }
}

fn versioning(settings: &Settings, fix: &Fix<'_>) -> Finding {
    let soft = settings.soft_delete_seconds.known().copied().unwrap_or(0);
    let passed = |text: &str| Finding::passed(VERSIONING, VERSIONING_WHY, text);
    match &settings.versioning {
        Observed::Is(Versioning::On | Versioning::Locked) if fix.server() == Server::Ceph => {
            let text = "on: Ceph's radosgw lacks conditional writes in versioned buckets, so every push fails";
            Finding::failed(VERSIONING, VERSIONING_WHY, text)
                .fix(fix.conditions(&settings.versioning))
        }
        Observed::Is(Versioning::On | Versioning::Locked) => passed("on"),
        Observed::Is(_) if soft > 0 => passed(&format!(
            "off, but deleted objects can be restored for {} days",
            soft / 86_400
        )),
        Observed::Is(Versioning::Suspended) => {
            no_versions("suspended: newly deleted objects cannot be restored", fix)
        }
        Observed::Is(_) => no_versions("off: deleted objects cannot be restored", fix),
        Observed::Unknown(why) => Finding::unknown(VERSIONING, VERSIONING_WHY, why.clone()),
    }
}

/// Judges a bucket without versions, where some servers can't do better.
fn no_versions(state: &str, fix: &Fix<'_>) -> Finding {
    let text = match (fix.keep_versions(), fix.server()) {
        (Some(remedy), _) => {
            return Finding::warning(VERSIONING, VERSIONING_WHY, state).fix(remedy);
        }
        (None, Server::Ceph) => format!(
            "{state}. Leave it so: Ceph's radosgw doesn't support conditional writes in versioned buckets, so every push would fail"
        ),
        (None, server) => format!(
            "{state}. Leave it so unless the documentation of {} says that it supports conditions (`If-Match`) in versioned buckets",
            server.name()
        ),
    };
    Finding::passed(VERSIONING, VERSIONING_WHY, text)
}

/// Judges a retention period. On Google, it prevents changes of the root; on S3, it only keeps old
/// versions.
fn retention(
    check: &'static str,
    retention: &Observed<Option<String>>,
    has_state: bool,
    place: &Place,
) -> Finding {
    const WHY: &str =
        "every push overwrites `root.json`, and objects with plain names that changed";
    let clear = || place.bucket()?.tools(None).clear_retention();
    let what = match retention {
        Observed::Unknown(why) => return Finding::unknown(check, WHY, why.clone()),
        Observed::Is(None) => {
            return Finding::passed(check, WHY, "nothing keeps objects from being overwritten");
        }
        Observed::Is(Some(what)) => what,
    };
    match clear() {
        Some(clear) if has_state => {
            Finding::failed(check, WHY, format!("{what}: no second push is possible")).fix(format!(
                "run `{clear}`. If that fails because the retention policy is locked, \
                 set `state` to a place in another bucket, and publish no file with a plain name"
            ))
        }
        Some(clear) => {
            let text = format!("{what}: plain names can't change, and `prune` can't delete");
            Finding::warning(check, WHY, text).fix(format!(
                "leave it if no file has a plain name and nothing has to be pruned. \
                 Otherwise run `{clear}`"
            ))
        }
        None => {
            let text = format!("{what}; new versions can still be written");
            Finding::passed(check, WHY, text)
        }
    }
}

/// Checks whether a rule deletes objects below a prefix, or makes them unreadable.
fn takes_what_is_in_use(rule: &LifecycleRule, prefix: &str) -> bool {
    let is_about = rule.prefix.starts_with(prefix) || prefix.starts_with(rule.prefix.as_str());
    is_about && matches!(rule.does, Lifecycle::Deletes | Lifecycle::Freezes)
}

/// Rules that delete, or make unreadable, what is below the prefix.
fn lifecycle(
    check: &'static str,
    rules: &Observed<Vec<LifecycleRule>>,
    place: &Place,
    fix: &Fix<'_>,
) -> Finding {
    let prefix = prefix(place);
    const WHY: &str =
        "a push doesn't upload unchanged files again, so objects of any age are in use";
    let rules = match rules {
        Observed::Is(rules) => rules,
        Observed::Unknown(why) => return Finding::unknown(check, WHY, why.clone()),
    };
    let bad: Vec<&LifecycleRule> = rules
        .iter()
        .filter(|rule| takes_what_is_in_use(rule, prefix))
        .collect();
    if bad.is_empty() {
        return Finding::passed(check, WHY, "no rule deletes objects in use");
    }
    let (names, all) = (names(bad.iter().copied()), names(rules));
    Finding::failed(check, WHY, harm(&bad)).fix(fix.without_lifecycle(place, &names, all.len()))
}

/// Names of rules, each once, since one does several things.
fn names<'r>(rules: impl IntoIterator<Item = &'r LifecycleRule>) -> Vec<&'r str> {
    let rules = rules.into_iter();
    let mut names: Vec<&str> = rules.map(|rule| rule.name.as_str()).collect();
    names.dedup();
    names
}

fn harm(rules: &[&LifecycleRule]) -> String {
    let said = rules.iter().map(|rule| match rule.does {
        Lifecycle::Freezes => format!(
            "`{}` archives objects, which then cannot be read at once",
            rule.name
        ),
        _ => format!("`{}` deletes objects", rule.name),
    });
    said.collect::<Vec<_>>().join("; ")
}

/// A rule that clears away what killed uploads leave. Google's own uploads in parts end by
/// themselves after a week.
fn uploads(rules: &Observed<Vec<LifecycleRule>>, prefix: &str, fix: &Fix<'_>) -> Finding {
    const CHECK: &str = "uploads";
    const WHY: &str =
        "a killed push leaves parts of large files, which cost money and appear in no listing";
    if let Some(text) = ends_uploads(fix.server()) {
        return Finding::passed(CHECK, WHY, text);
    }
    let rules = match rules {
        Observed::Is(rules) => rules,
        Observed::Unknown(why) => return Finding::unknown(CHECK, WHY, why.clone()),
    };
    let clears = |rule: &LifecycleRule| {
        rule.does == Lifecycle::ClearsUploads && prefix.starts_with(rule.prefix.as_str())
    };
    if rules.iter().any(clears) {
        let text = "a lifecycle rule removes unfinished uploads";
        return Finding::passed(CHECK, WHY, text);
    }
    let is_bad = |rule: &&LifecycleRule| takes_what_is_in_use(rule, prefix);
    let (bad, others): (Vec<&LifecycleRule>, Vec<&LifecycleRule>) = rules.iter().partition(is_bad);
    let text = "no lifecycle rule removes unfinished uploads";
    Finding::warning(CHECK, WHY, text).fix(fix.uploads_rule(&others, &names(bad)))
}

/// The way in which a server ends uploads by itself, in words.
fn ends_uploads(server: Server) -> Option<&'static str> {
    match server {
        Server::Google => Some("unfinished uploads expire after a week"),
        // https://docs.min.io/aistor/developers/s3-api-compatibility/: it knows no such rule.
        Server::Minio => Some("MinIO removes unfinished uploads by itself"),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests;
