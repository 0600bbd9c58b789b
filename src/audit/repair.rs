//! Decides which findings of an audit are repaired, and how. Headers and ACLs are set in place;
//! missing and changed objects are uploaded from the local tree. [`repair`](mod@super::repair)
//! makes the repairs. Strays are for [`prune`](mod@crate::release::prune).

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Address, Finding, Kind};
use super::{Audit, Verdict};
use crate::base::error::Result;
use crate::naming::{Build, Object};
use crate::release::root::Live;
use crate::store::{StoreError, StoreErrorKind};

/// Repairs to be done, and those that can't be.
#[derive(Debug)]
pub struct Repairs<'a> {
    /// By path.
    pub repairs: Vec<Repair<'a>>,
    /// Documents of the releases that lose an ACL which lets strangers read them, by their names
    /// among these.
    pub documents: Vec<String>,
    /// Problems that can't be repaired from here.
    pub left: Vec<Left>,
    /// The paths that may be written over while the target is live.
    pub(super) overwrite_live: BTreeSet<String>,
}

/// Repair of one object.
#[derive(Debug)]
pub struct Repair<'a> {
    /// Its logical path.
    pub path: String,
    /// Steps of the repair.
    pub steps: Steps<'a>,
    /// Its place in the manifest.
    pub(super) at: usize,
}

/// Steps that can be done to repair an object.
#[derive(Debug)]
pub enum Steps<'a> {
    /// Its bytes stay.
    InPlace {
        /// Its headers, and the token that is stored with it.
        headers: bool,
        /// Its ACL.
        acl: bool,
    },
    /// It's uploaded again: these are its bytes.
    Upload {
        /// From the local tree.
        object: &'a Object,
        /// True if the upload overwrites an existing object.
        is_over: bool,
    },
}

/// Problem that isn't repaired, and the reason.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Left {
    /// The logical path.
    pub path: String,
    /// Why not.
    pub why: String,
}

/// Needs of an object, according to its findings.
#[derive(Debug, Default, Clone, Copy)]
struct Needs {
    bytes: bool,
    headers: bool,
    acl: bool,
    unclear: bool,
}

/// Reason why an object isn't repaired if an earlier repair succeeded, and the problem is still
/// there.
const IN_VAIN: &str = "still wrong after the repair, and another one won't help: check who else \
                       writes to the storage";

/// Largest number of objects that an error names.
const NAMED_MAX: usize = 3;

/// Checks whether a finding is one that can be repaired.
pub(super) fn is_for(finding: &Finding) -> bool {
    if finding.document.is_some() {
        return true;
    }
    use Kind::{Acl, Content, Encoding, Headers, Missing, Redirect, Token};
    let kinds = [Missing, Content, Encoding, Headers, Acl, Token, Redirect];
    let is_told = !matches!(finding.verdict, Verdict::Unknown | Verdict::Passed);
    let is_of_object = finding.path.is_some() && finding.address == Some(Address::Storage);
    is_told && is_of_object && kinds.contains(&finding.kind)
}

impl Repairs<'_> {
    /// Checks whether nothing can be repaired.
    pub fn is_empty(&self) -> bool {
        self.repairs.is_empty() && self.documents.is_empty()
    }
}

impl Audit {
    /// The logical paths of the release.
    pub fn paths(&self) -> BTreeSet<&str> {
        let manifest = self.manifest.iter();
        let entries = manifest.flat_map(|manifest| &manifest.entries);
        entries.map(|entry| &*entry.path).collect()
    }

    /// Doesn't call for the repair any more, which is going on: says why it leaves what it leaves,
    /// as far as that's known.
    pub fn explain(&mut self, left: &[Left]) {
        let why = |name: &str| left.iter().find(|left| left.path == name);
        for finding in self.findings.iter_mut().filter(|finding| is_for(finding)) {
            let name = finding.document.as_deref().or(finding.path.as_deref());
            let left = name.and_then(why);
            finding.is_in_vain = false;
            finding.fix = left.map_or(String::new(), |left| left.why.clone());
        }
    }

    /// The same once it's done: what is still wrong and wasn't left was put right in vain.
    pub fn explain_after(&mut self, repairs: &Repairs<'_>) {
        self.explain(&repairs.left);
        for finding in self.findings.iter_mut().filter(|finding| is_for(finding)) {
            let name = finding.document.as_deref().or(finding.path.as_deref());
            let is_mended = repairs
                .repairs
                .iter()
                .any(|repair| Some(&*repair.path) == name)
                || repairs
                    .documents
                    .iter()
                    .any(|document| Some(&**document) == name);
            if finding.fix.is_empty() && is_mended {
                finding.fix = IN_VAIN.to_string();
                finding.is_in_vain = true;
            }
        }
    }

    /// An error if anything that was put right is as wrong as before: another repair would do no
    /// better.
    ///
    /// # Errors
    /// It names some of that, with what was wanted and what is seen.
    pub fn check_effect(&self) -> Result<()> {
        let in_vain: Vec<&Finding> = self.findings.iter().filter(|f| f.is_in_vain).collect();
        let Some(first) = in_vain.first() else {
            return Ok(());
        };
        let name = |finding: &&Finding| {
            let name = finding.document.as_deref().or(finding.path.as_deref());
            format!("`{}`", name.unwrap_or_default())
        };
        let named: Vec<String> = in_vain.iter().take(NAMED_MAX).map(name).collect();
        let more = match in_vain.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "The storage accepted the repair, but it had no effect: {}{more} (expected: {}; seen: \
             {})",
            named.join(", "),
            first.expected,
            first.seen
        );
        Err(StoreError::new(StoreErrorKind::Other, message)
            .hint(
                "another repair won't help: check who else writes to the storage, and whether its \
                 server stores headers and ACLs",
            )
            .into())
    }

    /// Checks whether any repair needs the files of the tree.
    pub fn needs_tree(&self) -> bool {
        self.needs().values().any(|needs| needs.bytes)
    }

    /// By place in the manifest.
    fn needs(&self) -> BTreeMap<usize, Needs> {
        let Some(manifest) = &self.manifest else {
            return BTreeMap::new();
        };
        let mut all: BTreeMap<usize, Needs> = BTreeMap::new();
        for finding in &self.findings {
            let path = finding.path.as_deref().unwrap_or_default();
            let at = manifest.entries.binary_search_by(|e| (*e.path).cmp(path));
            let Ok(at) = at else { continue };
            let is_unreadable =
                finding.kind == Kind::Unreadable && finding.address == Some(Address::Storage);
            if is_unreadable {
                all.entry(at).or_default().unclear = true;
            }
            if is_for(finding) {
                self.note_need(finding.kind, at, all.entry(at).or_default());
            }
        }
        all
    }

    fn note_need(&self, kind: Kind, at: usize, needs: &mut Needs) {
        match kind {
            Kind::Missing | Kind::Content => needs.bytes = true,
            Kind::Acl => needs.acl = true,
            Kind::Encoding if !self.is_stored_as_published(at) => needs.bytes = true,
            _ => needs.headers = true,
        }
        // S3 makes another checksum for what was sent in parts when it copies it.
        needs.bytes |= needs.headers && self.is_in_parts(at);
    }

    /// Checks whether as many bytes are stored as were sent.
    fn is_stored_as_published(&self, at: usize) -> bool {
        let Some(manifest) = &self.manifest else {
            return false;
        };
        let there = self.kept.get(&at).map(|kept| kept.stored.size_bytes);
        let sent = manifest.entries[at].stored.as_ref();
        there.is_some() && there == sent.map(|stored| stored.size_bytes)
    }

    /// Checks whether a copy's checksum would differ from the release's: one of them is of an
    /// upload in parts.
    fn is_in_parts(&self, at: usize) -> bool {
        let kept = self.kept.get(&at).map(|kept| &*kept.stored.fingerprint);
        let entry = self.manifest.as_ref().map(|m| &m.entries[at]);
        let sent = entry.and_then(|entry| entry.stored.as_ref());
        is_of_parts(kept) || is_of_parts(sent.map(|stored| &*stored.fingerprint))
    }

    /// Returns the paths of objects that can only be fixed by overwriting them.
    pub(super) fn written_over(&self) -> BTreeSet<String> {
        let Some(manifest) = &self.manifest else {
            return BTreeSet::new();
        };
        let checksums = self.findings.iter().filter(|f| f.kind == Kind::Checksum);
        let checksums = checksums.filter_map(|finding| finding.path.clone());
        let needs = self.needs().into_iter();
        let over = needs.filter(|(at, needs)| needs.bytes && self.is_there(*at));
        over.map(|(at, _)| manifest.entries[at].path.to_string())
            .chain(checksums)
            .collect()
    }

    /// Decides what to do. `build` is the local tree, if it's at hand. While the target is `live`,
    /// only these paths are written over.
    pub fn plan<'a>(
        &self,
        build: Option<&'a Build>,
        live: Option<&Live>,
        overwrite_live: &BTreeSet<String>,
    ) -> Repairs<'a> {
        let documents = self.findings.iter();
        let mut repairs = Repairs {
            repairs: Vec::new(),
            documents: documents.filter_map(|f| f.document.clone()).collect(),
            left: Vec::new(),
            overwrite_live: overwrite_live.clone(),
        };
        let Some(manifest) = &self.manifest else {
            return repairs;
        };
        for (at, needs) in self.needs() {
            let entry = &manifest.entries[at];
            let path = entry.path.to_string();
            let object = build.and_then(|build| build.find(&path));
            let object = object.filter(|object| object.token == entry.token);
            let is_let = live.is_none() || overwrite_live.contains(&path);
            let steps = needs.steps(object, self.is_there(at), is_let);
            match steps {
                Ok(steps) => repairs.repairs.push(Repair { path, steps, at }),
                Err(why) => repairs.left.push(Left { path, why }),
            }
        }
        repairs
    }

    fn is_there(&self, at: usize) -> bool {
        let path = self.manifest.as_ref().map(|m| &*m.entries[at].path);
        let is_missing = |f: &Finding| f.kind == Kind::Missing && f.path.as_deref() == path;
        !self.findings.iter().any(is_missing)
    }
}

impl Needs {
    /// The steps that serve these needs: `object` has the bytes, and `is_let` says that it may be
    /// written over what `is_there`.
    fn steps(
        self,
        object: Option<&Object>,
        is_there: bool,
        is_let: bool,
    ) -> Result<Steps<'_>, String> {
        match self {
            Needs { bytes: true, .. } => upload(object, is_there, is_let),
            Needs {
                headers: false,
                acl: false,
                ..
            } => Err(
                "strangers can't read it, and the cause is unknown: see the bucket's findings"
                    .to_string(),
            ),
            Needs { headers, acl, .. } => Ok(Steps::InPlace { headers, acl }),
        }
    }
}

/// S3's checksum of what was sent in parts tells their number.
fn is_of_parts(fingerprint: Option<&str>) -> bool {
    fingerprint.is_some_and(|fingerprint| fingerprint.contains('-'))
}

fn upload<'a>(
    object: Option<&'a Object>,
    is_over: bool,
    is_let: bool,
) -> Result<Steps<'a>, String> {
    let Some(object) = object else {
        return Err(
            "the local tree doesn't have the published version of this file: check out that version, or push yours"
                .to_string(),
        );
    };
    if is_over && !is_let {
        Err(format!(
            "the target is live, and the object exists: `--overwrite-live '{}'` overwrites it anyway",
            object.path
        ))
    } else {
        Ok(Steps::Upload { object, is_over })
    }
}

#[cfg(test)]
mod tests;
