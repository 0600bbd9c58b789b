//! Digests of files that documents have in them: of what is published, in the order in which that
//! is known.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Keys, Naming, Written};
use crate::base::coding::Coding;
use crate::base::disk::files;
use crate::base::problem::{Problem, ProblemKind};
use crate::naming::changed;
use crate::naming::read::DOCUMENT_BYTES_MAX;
use crate::refs::digest::{self, Digest, Digested, Summing, Sums, Value};
use crate::refs::edit::Edits;
use crate::rules::UrlStyle;

/// The bytes of a file that are read at a time.
const READ_BYTES: usize = 256 << 10;

/// A stretch of a file, and the bytes that take its place.
pub(super) type Replacement = (Range<usize>, Vec<u8>);

/// Sums of a file as it stands in the tree, and as it's published.
struct OfFile {
    source: Sums,
    published: Sums,
}

/// The sums of files that documents have digests of; none of what can't be unpacked.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<usize, Option<Arc<OfFile>>>>);

impl Naming<'_> {
    /// Returns the files that a file has digests of.
    pub(super) fn digested(&self, file: usize) -> Vec<usize> {
        let digests = &self.drafts[file].found.digests;
        if digests.is_empty() {
            return Vec::new();
        }
        let targets = self.targets(file);
        let of = |digest: &Digest| match digest.of {
            Digested::File(at) => targets.get(&at).copied(),
            Digested::Text(..) => None,
        };
        let mut files: Vec<usize> = digests.iter().filter_map(of).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// The files that references lead to, by where these begin.
    fn targets(&self, file: usize) -> HashMap<usize, usize> {
        let links = self.files[file].links.iter();
        links
            .map(|link| (link.span.start as usize, link.to as usize))
            .collect()
    }

    /// Puts files that are named together into an order in which the digests of each can be known:
    /// those of one rank have none of each other. The last rank has those that lead back to
    /// themselves.
    pub(super) fn ranks(&self, files: &[usize]) -> Vec<Vec<usize>> {
        let mut left: BTreeMap<usize, Vec<usize>> = files
            .iter()
            .map(|file| (*file, self.digested(*file)))
            .collect();
        let mut ranks = Vec::new();
        while !left.is_empty() {
            let is_ready = |of: &Vec<usize>| !of.iter().any(|other| left.contains_key(other));
            let ready = left.iter().filter(|(_, of)| is_ready(of));
            let mut rank: Vec<usize> = ready.map(|(file, _)| *file).collect();
            if rank.is_empty() {
                rank = left.keys().copied().collect();
            }
            for file in &rank {
                left.remove(file);
            }
            ranks.push(rank);
        }
        ranks
    }

    /// Returns what takes the place of a file's digests, where `replacements` are all else that is
    /// replaced in it.
    pub(super) fn digests(
        &self,
        file: usize,
        written: Written<'_>,
        keys: Keys<'_>,
        replacements: &[Replacement],
        problems: &mut Vec<Problem>,
    ) -> Vec<Replacement> {
        let targets = self.targets(file);
        let mut all = Vec::new();
        for (at, digests) in self.digests_by_place(file, &targets) {
            let to = targets[&at];
            if let Written::ByPath(component) = written
                && component.binary_search(&to).is_ok()
            {
                // The path stands for what isn't known yet: its content is part of what the names
                // are made of.
                let path = format!("\0{}", self.tree.assets[to].path).into_bytes();
                let paths = digests.iter().map(|it| (it.span.clone(), path.clone()));
                all.extend(paths);
                continue;
            }
            match self.of_one_file(file, (at, to), &digests, keys) {
                Ok(new) => all.extend(new),
                Err(problem) => problems.push(problem),
            }
        }
        if written == Written::ByKey {
            match self.of_own_texts(file, replacements, &all) {
                Ok(new) => all.extend(new),
                Err(problem) => problems.push(problem),
            }
        }
        all
    }

    /// Returns a file's digests of others, by where the reference begins that they belong to.
    fn digests_by_place(
        &self,
        file: usize,
        targets: &HashMap<usize, usize>,
    ) -> BTreeMap<usize, Vec<&Digest>> {
        let mut by_place: BTreeMap<usize, Vec<&Digest>> = BTreeMap::new();
        for digest in &self.drafts[file].found.digests {
            if let Digested::File(at) = digest.of
                && targets.contains_key(&at)
            {
                by_place.entry(at).or_default().push(digest);
            }
        }
        by_place
    }

    /// Returns what takes the place of a file's digests of its own scripts and styles, where all of
    /// this is replaced in it.
    fn of_own_texts(
        &self,
        file: usize,
        replacements: &[Replacement],
        more: &[Replacement],
    ) -> Result<Vec<Replacement>, Problem> {
        let digests = self.drafts[file].found.digests.iter();
        let of_texts = digests.filter_map(|digest| match &digest.of {
            Digested::Text(range, how) => Some((digest, range, *how)),
            Digested::File(_) => None,
        });
        let of_texts: Vec<_> = of_texts.collect();
        if of_texts.is_empty() {
            return Ok(Vec::new());
        }
        let before: Vec<Replacement> = replacements.iter().chain(more).cloned().collect();
        self.of_texts(file, &of_texts, &before)
    }

    /// Digests of one file, to which the reference at `at` leads.
    fn of_one_file(
        &self,
        file: usize,
        (at, to): (usize, usize),
        digests: &[&Digest],
        keys: Keys<'_>,
    ) -> Result<Vec<Replacement>, Problem> {
        let Some(edits) = keys.edits_of(to) else {
            return Err(self.circle_of_digests(file, at, to));
        };
        // Of what can't be unpacked is told elsewhere.
        let Some(known) = self.sums(to, edits)? else {
            return Ok(Vec::new());
        };
        self.check(file, (at, to), digests, &known.source)?;
        let new = digests.iter().filter_map(|digest| {
            let text = self.written_for(file, digest, &known)?;
            Some((digest.span.clone(), self.encoded(file, text)))
        });
        Ok(new.collect())
    }

    /// Returns what is written for a digest of a file; none if it stays.
    fn written_for(&self, file: usize, digest: &Digest, known: &OfFile) -> Option<String> {
        let published = known.published.by(digest.algorithm);
        let base64 = digest::base64(published);
        match &digest.value {
            Value::Missing { has_crossorigin } => {
                let integrity = format!(" integrity=\"{}-{base64}\"", digest.algorithm.name());
                Some(match has_crossorigin {
                    true => integrity,
                    false => integrity + self.crossorigin(file),
                })
            }
            Value::Alone if self.crossorigin(file).is_empty() => None,
            Value::Alone => Some(self.crossorigin(file).to_string()),
            Value::Written(value) => {
                let is_right = value == known.source.by(digest.algorithm);
                (is_right && value != published).then_some(base64)
            }
        }
    }

    /// Returns what an element with an `integrity` needs besides: a file from another host is
    /// checked only if it's asked for without credentials.
    fn crossorigin(&self, file: usize) -> &'static str {
        match self.tree.assets[file].policy.urls {
            UrlStyle::Relative => "",
            UrlStyle::Absolute => " crossorigin=\"anonymous\"",
        }
    }

    /// A browser takes any digest of the strongest algorithm: one of these must be that of the file
    /// as it stands in the tree.
    fn check(
        &self,
        file: usize,
        (at, to): (usize, usize),
        digests: &[&Digest],
        source: &Sums,
    ) -> Result<(), Problem> {
        let written = digests
            .iter()
            .filter(|digest| digest.value.written().is_some());
        let Some(strongest) = written.clone().map(|digest| digest.algorithm).max() else {
            return Ok(());
        };
        let values = written.filter(|digest| digest.algorithm == strongest);
        let mut values = values.filter_map(|digest| digest.value.written());
        let right = source.by(strongest);
        let Some(wrong) = values
            .clone()
            .next()
            .filter(|_| !values.any(|it| it == right))
        else {
            return Ok(());
        };
        let name = strongest.name();
        let message = format!(
            "has an `integrity` for `{}` that doesn't match the file, so browsers reject it: it says {name}-{}, but the file has {name}-{}; correct the `integrity`, or remove it",
            self.tree.assets[to].path,
            digest::base64(wrong),
            digest::base64(right),
        );
        Err(self.problem(file, at, message))
    }

    fn circle_of_digests(&self, file: usize, at: usize, to: usize) -> Problem {
        let message = format!(
            "has an `integrity` for `{}`, which in turn contains the digest of this file, directly or through other files, so neither can be computed: remove the `integrity` here",
            self.tree.assets[to].path
        );
        self.problem(file, at, message)
    }

    /// A problem with the `integrity` that belongs to the reference at `at`.
    fn problem(&self, file: usize, at: usize, message: String) -> Problem {
        let mut links = self.files[file].links.iter();
        let link = links.find(|link| link.span.start as usize == at);
        let place = link.map_or((1, 1), |link| (link.line, link.column));
        let problem = Problem::at(&self.tree.assets[file].path, place, message);
        let unquoted = "has an `integrity` that doesn't match";
        problem.kind(ProblemKind::Integrity).unquoted(unquoted, "")
    }

    /// Digests of scripts and styles that stand in the file, as `replacements` leave them.
    fn of_texts(
        &self,
        file: usize,
        digests: &[(&Digest, &Range<usize>, digest::Written)],
        replacements: &[Replacement],
    ) -> Result<Vec<Replacement>, Problem> {
        let content = self.content(file)?;
        let mut new = Vec::new();
        for (digest, range, how) in digests {
            let edits = edits_within(range, replacements);
            let Some(raw) = content.get((*range).clone()).filter(|_| !edits.is_empty()) else {
                continue;
            };
            let edited = edits.apply(raw);
            let read = self.drafts[file].charset.read(&edited);
            let Ok(text) = read else { continue };
            let sums = Sums::of(digest::text_of(text.text(), *how).as_bytes());
            let base64 = digest::base64(sums.by(digest.algorithm));
            new.push((digest.span.clone(), self.encoded(file, base64)));
        }
        Ok(new)
    }

    /// Reads a file as it is and as it's published; none if browsers can't unpack it.
    fn sums(&self, file: usize, edits: Option<&Edits>) -> Result<Option<Arc<OfFile>>, Problem> {
        let lock = || self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&file) {
            return Ok(known.clone());
        }
        let asset = &self.tree.assets[file];
        let unreadable = |e: io::Error| {
            let message = format!("can't be read: {}", crate::base::text::plain(&e));
            Problem::new(&asset.path, message)
        };
        let known = match asset.policy.headers.coding() {
            Some(coding) => self.unpacked_sums(file, coding)?,
            None => {
                let (digest, known) = self.read_sums(file, edits).map_err(unreadable)?;
                if digest != self.drafts[file].digest {
                    return Err(changed(asset));
                }
                Some(known)
            }
        };
        let known = known.map(Arc::new);
        lock().insert(file, known.clone());
        Ok(known)
    }

    /// The sums of what is packed in a file, which nothing is replaced in: browsers unpack it
    /// before they look at it.
    fn unpacked_sums(&self, file: usize, coding: Coding) -> Result<Option<OfFile>, Problem> {
        let content = self.content(file)?;
        let unpacked = coding.unpack(&content, DOCUMENT_BYTES_MAX as usize).ok();
        Ok(unpacked.map(|unpacked| {
            let published = Sums::of(&unpacked);
            let source = published.clone();
            OfFile { source, published }
        }))
    }

    /// The digest of a file, and its sums.
    fn read_sums(&self, file: usize, edits: Option<&Edits>) -> io::Result<(blake3::Hash, OfFile)> {
        let opened = files::open(&self.tree.assets[file].file)?;
        let mut source = Tee {
            inner: opened,
            hasher: blake3::Hasher::new(),
            summing: Summing::default(),
        };
        let mut published = Summing::default();
        let none = Edits::default();
        let mut reader = edits.unwrap_or(&none).reader(&mut source);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let n = reader.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            published.update(&buffer[..n]);
        }
        let (digest, source) = (source.hasher.finalize(), source.summing.finish());
        let published = published.finish();
        Ok((digest, OfFile { source, published }))
    }
}

/// A reader that sums up what it reads.
struct Tee<R> {
    inner: R,
    hasher: blake3::Hasher,
    summing: Summing,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        self.summing.update(&buffer[..n]);
        Ok(n)
    }
}

/// Returns what is replaced within a stretch of a file, counted from where that begins.
fn edits_within(range: &Range<usize>, replacements: &[Replacement]) -> Edits {
    let within = replacements
        .iter()
        .filter(|(span, _)| range.start <= span.start && span.end <= range.end);
    let shifted = within.map(|(span, bytes)| {
        let span = span.start - range.start..span.end - range.start;
        (span, bytes.clone())
    });
    Edits::new(shifted.collect())
}
