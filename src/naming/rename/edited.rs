//! Replacements in a file, and what comes of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::integrity::Replacement;
use super::writer::in_ascii;
use super::{Keys, Naming, Written};
use crate::base::coding::Coding;
use crate::base::disk::files;
use crate::base::name::NameStyle;
use crate::base::problem::{Addition, Problem, ProblemKind};
use crate::naming::link::Links;
use crate::naming::memo::{Content, Edition};
use crate::naming::{changed, cover};
use crate::refs::edit::Edits;
use crate::refs::glb;

/// The replacements in a file, if there are any, and what comes of it.
pub(super) struct Edited {
    pub edits: Option<Arc<Edits>>,
    pub digest: blake3::Hash,
    pub size_bytes: u64,
}

impl Naming<'_> {
    /// The file with its references written. One that can't be written stays, and is a problem.
    pub(super) fn edited(
        &self,
        file: usize,
        written: Written<'_>,
        keys: Keys<'_>,
        problems: &mut Vec<Problem>,
    ) -> Edited {
        let draft = &self.drafts[file];
        let unedited = Edited {
            digest: draft.digest,
            size_bytes: draft.size_bytes,
            edits: None,
        };
        let replacements = self.replacements(file, written, keys, problems);
        let edits = Edits::new(replacements);
        if edits.is_empty() {
            return unedited;
        }
        if let Some(coding) = self.tree.assets[file].policy.headers.coding() {
            problems.push(self.packed(file, coding));
            return unedited;
        }
        match self.content_with(&edits, file, written) {
            Ok(Content { digest, size_bytes }) => Edited {
                digest,
                size_bytes,
                edits: Some(Arc::new(edits)),
            },
            Err(problem) => {
                problems.push(problem);
                unedited
            }
        }
    }

    /// Returns all that is replaced in a file; nothing if it can't be.
    fn replacements(
        &self,
        file: usize,
        written: Written<'_>,
        keys: Keys<'_>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Replacement> {
        let draft = &self.drafts[file];
        let mut replacements = draft.cuts.clone();
        // A fingerprinted name says what its bytes are; it refers to nothing that gets another
        // name.
        if self.tree.assets[file].policy.names != NameStyle::Fingerprinted {
            self.write_references(file, written, keys, &mut replacements, problems);
            if !draft.found.digests.is_empty() {
                let digests = self.digests(file, written, keys, &replacements, problems);
                replacements.extend(digests);
            }
        }
        if draft.is_glb && !replacements.is_empty() {
            match self.lengths(file, &replacements) {
                Ok(lengths) => replacements.extend(lengths),
                Err(problem) => {
                    problems.push(problem);
                    return Vec::new();
                }
            }
        }
        replacements
    }

    fn write_references(
        &self,
        file: usize,
        written: Written<'_>,
        keys: Keys<'_>,
        replacements: &mut Vec<Replacement>,
        problems: &mut Vec<Problem>,
    ) {
        let Links { links, sets, .. } = &self.files[file];
        let references = Written::at(self, file, written, keys);
        for link in links {
            let span = link.span.start as usize..link.span.end as usize;
            match references.link(link) {
                Ok(Some(url)) => {
                    replacements.push((span, self.encoded(file, format!("{url}{}", link.tail))))
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        for set in sets {
            let span = set.span.start as usize..set.span.end as usize;
            match references.set(set) {
                Ok(urls) => replacements.push((span, self.encoded_literals(file, urls))),
                Err(problem) => problems.push(problem),
            }
        }
    }

    /// Returns digest and size of a file with these edits, as the cache knows them or as they are
    /// read.
    fn content_with(
        &self,
        edits: &Edits,
        file: usize,
        written: Written<'_>,
    ) -> Result<Content, Problem> {
        let edition = match written {
            Written::ByKey => Edition::Published,
            Written::ByPath(_) => Edition::InCircle,
        };
        let read = || {
            let content = edits.apply(&self.content(file)?);
            Ok(Content {
                digest: blake3::hash(&content),
                size_bytes: content.len() as u64,
            })
        };
        let (asset, draft) = (&self.tree.assets[file], &self.drafts[file]);
        self.memo.edited(asset, edition, draft, edits, read)
    }

    /// Reports a compressed file that can't be published with its references rewritten. Suggests
    /// rules by which all of them keep their names, unless one has to stay unguessable.
    fn packed(&self, file: usize, coding: Coding) -> Problem {
        let assets = &self.tree.assets;
        let message = format!(
            "is compressed ({}), so its references can't be rewritten: publish the uncompressed file, which a push compresses itself, or put this file and those that it refers to into one keyed folder",
            coding.name()
        );
        let problem = Problem::new(&assets[file].path, message);
        let referred = self.files[file].all().map(|(to, ..)| to as usize);
        let is_renamed = |file: &usize| assets[*file].policy.names.is_keyed();
        let renamed: BTreeSet<usize> = referred.chain([file]).filter(is_renamed).collect();
        let mut policies = renamed.iter().map(|file| &assets[*file].policy);
        if policies.any(|policy| policy.is_kept_unguessable()) {
            problem
        } else {
            problem
                .kind(ProblemKind::Mention)
                .added(self.kept_names(&renamed))
        }
    }

    /// Returns the rules by which these files keep their names.
    fn kept_names(&self, files: &BTreeSet<usize>) -> Addition {
        let assets = &self.tree.assets;
        let paths = files
            .iter()
            .map(|file| globset::escape(assets[*file].path.as_str()));
        let patterns = cover::joined(cover::few(assets, paths.collect()));
        let rules: Vec<String> = patterns
            .iter()
            .map(|pattern| cover::rule_of_names(pattern, NameStyle::Plain))
            .collect();
        cover::addition(rules.join("\n"))
    }

    /// Returns what else is replaced in a binary glTF scene: its lengths.
    fn lengths(
        &self,
        file: usize,
        replacements: &[Replacement],
    ) -> Result<Vec<Replacement>, Problem> {
        let longer = |(span, bytes): &Replacement| bytes.len() as isize - span.len() as isize;
        let delta = replacements.iter().map(longer).sum();
        let lengths = glb::lengths(&self.content(file)?, delta);
        lengths.ok_or_else(|| {
            let path = &self.tree.assets[file].path;
            let message = "is a binary glTF scene that would become too large for its format with the new names";
            Problem::new(path, message).kind(ProblemKind::Rewriting)
        })
    }

    /// A text as it's written in a file.
    pub(super) fn encoded(&self, file: usize, text: String) -> Vec<u8> {
        match self.drafts[file].charset.charset {
            Some(charset) => charset.encode(&text),
            None => text.into_bytes(),
        }
    }

    /// Literals of JavaScript and JSON as they are written in a file.
    fn encoded_literals(&self, file: usize, literals: String) -> Vec<u8> {
        match self.drafts[file].charset.charset {
            Some(_) => self.encoded(file, in_ascii(&literals)),
            None => literals.into_bytes(),
        }
    }

    /// The file, which must not have changed since it was looked into.
    pub(super) fn content(&self, file: usize) -> Result<Vec<u8>, Problem> {
        let asset = &self.tree.assets[file];
        let size_bytes = self.drafts[file].size_bytes;
        let content = files::read(&asset.file, size_bytes + 1).map_err(|e| {
            Problem::new(
                &asset.path,
                format!("can't be read: {}", crate::base::text::plain(&e)),
            )
        })?;
        if blake3::hash(&content) == self.drafts[file].digest {
            Ok(content)
        } else {
            Err(changed(asset))
        }
    }
}
