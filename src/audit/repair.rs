//! Decides what is put right of what an audit found: headers and ACLs in place, missing and changed objects from the local tree.
//! Then it's done ([`mend`](mod@super::mend)). Strays are for [`prune`](mod@crate::release::prune).

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Address, Finding, Kind};
use super::{Audit, Verdict};
use crate::build::{Build, Object};
use crate::error::Result;
use crate::release::root::Live;
use crate::store::{StoreError, StoreErrorKind};

/// What will be done, and what won't.
#[derive(Debug)]
pub struct Mends<'a> {
    /// By path.
    pub mends: Vec<Mend<'a>>,
    /// Documents of the releases that lose an ACL which lets strangers read them, by their names among these.
    pub documents: Vec<String>,
    /// What can't be put right from here.
    pub left: Vec<Left>,
    /// The paths that may be written over while the target is live.
    pub(super) overwrite_live: BTreeSet<String>,
}

/// What will be done to one object.
#[derive(Debug)]
pub struct Mend<'a> {
    /// Its logical path.
    pub path: String,
    /// What.
    pub steps: Steps<'a>,
    /// Its place in the manifest.
    pub(super) at: usize,
}

/// What can be done to an object.
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
        /// Whether something is there that is written over.
        is_over: bool,
    },
}

/// What isn't put right, and why.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Left {
    /// The logical path.
    pub path: String,
    /// Why not.
    pub why: String,
}

/// What an object's findings ask for.
#[derive(Debug, Default, Clone, Copy)]
struct Needs {
    bytes: bool,
    headers: bool,
    acl: bool,
    unclear: bool,
}

/// What is as wrong as before the repair that was said to have worked.
const IN_VAIN: &str = "it was put right just now, and isn't: another repair does the same";

/// How many objects an error names.
const NAMED_MAX: usize = 3;

/// Whether a finding is one that can be put right.
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

impl Mends<'_> {
    /// Whether nothing can be put right.
    pub fn is_empty(&self) -> bool {
        self.mends.is_empty() && self.documents.is_empty()
    }
}

impl Audit {
    /// The logical paths of the release.
    pub fn paths(&self) -> BTreeSet<&str> {
        let manifest = self.manifest.iter();
        let entries = manifest.flat_map(|manifest| &manifest.entries);
        entries.map(|entry| &*entry.path).collect()
    }

    /// Doesn't call for the repair any more, which is going on: says why it leaves what it leaves, as far as that's known.
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
    pub fn explain_after(&mut self, mends: &Mends<'_>) {
        self.explain(&mends.left);
        for finding in self.findings.iter_mut().filter(|finding| is_for(finding)) {
            let name = finding.document.as_deref().or(finding.path.as_deref());
            let is_mended = mends.mends.iter().any(|mend| Some(&*mend.path) == name)
                || mends
                    .documents
                    .iter()
                    .any(|document| Some(&**document) == name);
            if finding.fix.is_empty() && is_mended {
                finding.fix = IN_VAIN.to_string();
                finding.is_in_vain = true;
            }
        }
    }

    /// An error if anything that was put right is as wrong as before: another repair would do no better.
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
            "The storage took the repair, and nothing changed: {}{more} (expected: {}; seen: {})",
            named.join(", "),
            first.expected,
            first.seen
        );
        Err(StoreError::new(StoreErrorKind::Other, message)
            .hint("another repair does the same: see who else writes there, and whether the server keeps headers and ACLs")
            .into())
    }

    /// Whether anything can only be put right with the files of the tree.
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
            if !is_for(finding) {
                continue;
            }
            let needs = all.entry(at).or_default();
            match finding.kind {
                Kind::Missing | Kind::Content => needs.bytes = true,
                Kind::Acl => needs.acl = true,
                Kind::Encoding if !self.is_stored_as_published(at) => needs.bytes = true,
                _ => needs.headers = true,
            }
            // S3 makes another checksum for what was sent in parts when it copies it.
            needs.bytes |= needs.headers && self.is_in_parts(at);
        }
        all
    }

    /// Whether as many bytes are stored as were sent.
    fn is_stored_as_published(&self, at: usize) -> bool {
        let Some(manifest) = &self.manifest else {
            return false;
        };
        let there = self.kept.get(&at).map(|kept| kept.stored.size_bytes);
        let sent = manifest.entries[at].stored.as_ref();
        there.is_some() && there == sent.map(|stored| stored.size_bytes)
    }

    /// Whether a copy would have another checksum than the release says: that of parts, or of no parts.
    fn is_in_parts(&self, at: usize) -> bool {
        let kept = self.kept.get(&at).map(|kept| &*kept.stored.fingerprint);
        let entry = self.manifest.as_ref().map(|m| &m.entries[at]);
        let sent = entry.and_then(|entry| entry.stored.as_ref());
        is_of_parts(kept) || is_of_parts(sent.map(|stored| &*stored.fingerprint))
    }

    /// The paths of what can only be mended by writing over something.
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

    /// Decides what to do. `build` is the local tree, if it's at hand. While the target is `live`, only these paths are
    /// written over.
    pub fn plan<'a>(
        &self,
        build: Option<&'a Build>,
        live: Option<&Live>,
        overwrite_live: &BTreeSet<String>,
    ) -> Mends<'a> {
        let documents = self.findings.iter();
        let mut mends = Mends {
            mends: Vec::new(),
            documents: documents.filter_map(|f| f.document.clone()).collect(),
            left: Vec::new(),
            overwrite_live: overwrite_live.clone(),
        };
        let Some(manifest) = &self.manifest else {
            return mends;
        };
        for (at, needs) in self.needs() {
            let path = manifest.entries[at].path.to_string();
            let token = manifest.entries[at].token;
            let steps = match needs {
                Needs { bytes: true, .. } => {
                    let object = build.and_then(|build| build.find(&path));
                    let is_let = live.is_none() || overwrite_live.contains(&path);
                    upload(
                        object.filter(|object| object.token == token),
                        self.is_there(at),
                        is_let,
                    )
                }
                Needs {
                    headers: false,
                    acl: false,
                    ..
                } => Err(
                    "why strangers don't get it isn't known: see what is said of the bucket"
                        .to_string(),
                ),
                needs => Ok(Steps::InPlace {
                    headers: needs.headers,
                    acl: needs.acl,
                }),
            };
            match steps {
                Ok(steps) => mends.mends.push(Mend { path, steps, at }),
                Err(why) => mends.left.push(Left { path, why }),
            }
        }
        mends
    }

    fn is_there(&self, at: usize) -> bool {
        let path = self.manifest.as_ref().map(|m| &*m.entries[at].path);
        let is_missing = |f: &Finding| f.kind == Kind::Missing && f.path.as_deref() == path;
        !self.findings.iter().any(is_missing)
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
            "the local tree hasn't the file that was published: check out what was, or push what you have"
                .to_string(),
        );
    };
    match is_over && !is_let {
        true => Err(format!(
            "the target is live, and something is there: `--overwrite-live '{}'` writes over it all the same",
            object.path
        )),
        false => Ok(Steps::Upload { object, is_over }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_took_and_didnt_do_isnt_left_without_a_word() {
        let mut closed = Finding::failed(Kind::Acl, "public-read", "strangers may do nothing");
        closed = closed.at(Address::Storage);
        closed.path = Some("map.png".to_string());
        let mut audit = Audit {
            findings: vec![closed],
            ..Audit::default()
        };
        let steps = Steps::InPlace {
            headers: false,
            acl: true,
        };
        let path = "map.png".to_string();
        let mut mends = Mends {
            mends: vec![Mend { path, steps, at: 0 }],
            documents: Vec::new(),
            left: Vec::new(),
            overwrite_live: BTreeSet::new(),
        };
        audit.explain_after(&mends);
        assert_eq!(audit.findings[0].fix, IN_VAIN);
        let told = audit.check_effect().expect_err("in vain").to_string();
        let seen = "`map.png` (expected: public-read; seen: strangers may do nothing)";
        assert!(told.contains(seen), "{told}");
        let (path, why) = ("map.png".to_string(), "403 Forbidden".to_string());
        mends.left.push(Left { path, why });
        audit.explain_after(&mends);
        assert_eq!(audit.findings[0].fix, "403 Forbidden");
        assert!(audit.check_effect().is_ok(), "that it failed was said");
    }
}
