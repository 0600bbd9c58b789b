//! The first reading of a file: its digest, what it refers to, and what must not be published.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::archives;
use super::searched::{Searched, remarks_on_people, secrets_in};
use crate::encode::read_full;
use crate::error::plain;
use crate::files;
use crate::media;
use crate::metadata;
use crate::name::Secret;
use crate::private;
use crate::problem::{Problem, ProblemKind};
use crate::progress::Progress;
use crate::refs::{Found, Kind, Language, MISPLACED, Place, words};
use crate::rules::{Remarks, SourceMaps};
use crate::secrets::Scanner;
use crate::tree::Asset;

/// What a worker reads at a time, in bytes: small enough for the cache, large enough for few calls.
const READ_BYTES: usize = 256 << 10;

/// The largest file that is looked into, in bytes: a parser needs all of it in memory, and several times as much for a
/// script.
pub(super) const DOCUMENT_BYTES_MAX: u64 = 32 << 20;

/// What a file is before its references are resolved.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Draft {
    /// blake3 of the file.
    pub digest: blake3::Hash,
    pub size_bytes: u64,
    /// Whether its first bytes say that it's compressed.
    pub is_compressed: bool,
    /// A document in an encoding that nothing is looked for in.
    pub is_opaque: bool,
    /// What it refers to; line and column are those of `references` and so on, in their order.
    pub found: Found,
    pub places: Places,
    /// What its scripts put together, for the search for names of hidden files.
    pub constants: Vec<Constant>,
    /// What goes, whatever it refers to: comments, metadata.
    pub cuts: Vec<(Range<usize>, Vec<u8>)>,
    /// Why it can't be published. What else is known of it holds all the same.
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    pub notes: Vec<Problem>,
}

/// Line and column, counted from 1, of each of [`Found`]'s lists.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Places {
    pub references: Vec<(u32, u32)>,
    pub placeholders: Vec<(u32, u32)>,
    pub mentions: Vec<(u32, u32)>,
}

/// A string that a script puts together, and where: line and column, counted from 1.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Constant {
    pub place: (u32, u32),
    pub text: String,
}

/// A worker's buffer.
#[derive(Default)]
pub(super) struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    /// Reads the file once. Of one that can't be read, nothing is known but that.
    pub(super) fn draft(&mut self, asset: &Asset, secret: &Secret, progress: &Progress) -> Draft {
        self.read(asset, secret, progress).unwrap_or_else(|e| {
            let mut draft = Draft::of(blake3::hash(b""));
            draft.problems.push(unreadable(asset, &e));
            draft
        })
    }

    fn read(&mut self, asset: &Asset, secret: &Secret, progress: &Progress) -> io::Result<Draft> {
        let file = files::open(&asset.file)?;
        let size_bytes = file.metadata()?.len();
        let whole = wants(asset);
        if whole == Wants::Nothing || size_bytes > DOCUMENT_BYTES_MAX {
            let mut draft = self.in_passing(file, asset, secret, progress)?;
            too_large(asset, whole, &mut draft);
            return Ok(draft);
        }
        let content = files::read_from(file, size_bytes, DOCUMENT_BYTES_MAX + 1)?;
        let mut scanner = Scanner::new(secret);
        scanner.scan(&content);
        let mut draft = look_into(asset, &content, &scanner);
        if archives::is_archive(&content) && draft.problems.is_empty() {
            let problems = archives::search_bytes(asset, &content, secret)?;
            draft.problems.extend(problems);
        }
        Ok(draft)
    }

    /// Hashes and scans a file that isn't kept, unless it turns out to be text.
    fn in_passing(
        &mut self,
        mut file: File,
        asset: &Asset,
        secret: &Secret,
        progress: &Progress,
    ) -> io::Result<Draft> {
        let is_small = file.metadata()?.len() <= DOCUMENT_BYTES_MAX;
        // Not before it's needed: what is known isn't read.
        self.buffer.resize(READ_BYTES, 0);
        let mut hasher = blake3::Hasher::new();
        let mut scanner = Scanner::new(secret);
        let mut is_compressed = false;
        let mut size_bytes = 0;
        let (mut is_private, mut is_archive) = (None, false);
        loop {
            let n = read_full(&mut file, &mut self.buffer)?;
            let chunk = &self.buffer[..n];
            if size_bytes == 0 {
                if is_small && private::may_be_text(chunk) {
                    let content = rest_of(file, chunk)?;
                    scanner.scan(&content);
                    return Ok(look_into(asset, &content, &scanner));
                }
                is_compressed = media::is_compressed(chunk);
                is_private = private::of_start(chunk);
                is_archive = is_private.is_none() && archives::is_archive(chunk);
            }
            hasher.update(chunk);
            scanner.scan(chunk);
            size_bytes += n as u64;
            if n < self.buffer.len() || progress.is_stopped() {
                break;
            }
        }
        let mut problems = secrets_in(asset, &scanner, &Searched::of_start(is_private));
        if is_archive && problems.is_empty() && !progress.is_stopped() {
            problems.extend(archives::search_file(asset, file, secret)?);
        }
        Ok(Draft {
            size_bytes,
            is_compressed,
            problems,
            ..Draft::of(hasher.finalize())
        })
    }
}

impl Draft {
    fn of(digest: blake3::Hash) -> Draft {
        Draft {
            digest,
            size_bytes: 0,
            is_compressed: false,
            is_opaque: false,
            found: Found::default(),
            places: Places::default(),
            constants: Vec::new(),
            cuts: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// What a file is read as a whole for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    Nothing,
    /// It's text that may hold credentials.
    Text,
    /// It's a document.
    Document(Language),
    /// Its metadata goes.
    Metadata,
    /// Its metadata stays, and may be about people, or hold tokens, as programs may.
    Remarks,
}

fn wants(asset: &Asset) -> Wants {
    let policy = &asset.policy;
    match Language::of(
        &policy.headers.content_type,
        asset.path.extension().as_deref(),
        &policy.references,
    ) {
        // Comments and source maps are another matter than references.
        Some(language)
            if policy.rewrite
                || policy.comments == Remarks::Strip
                || policy.source_maps != SourceMaps::Publish =>
        {
            Wants::Document(language)
        }
        _ if media::is_text(&policy.headers.content_type) => Wants::Text,
        _ if policy.metadata == Some(Remarks::Strip) => Wants::Metadata,
        _ if media::has_texts(&policy.headers.content_type) => Wants::Remarks,
        _ => Wants::Nothing,
    }
}

/// All of a file of which `start` was read.
fn rest_of(mut file: File, start: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = start.to_vec();
    file.by_ref()
        .take(DOCUMENT_BYTES_MAX)
        .read_to_end(&mut content)?;
    Ok(content)
}

fn unreadable(asset: &Asset, e: &io::Error) -> Problem {
    if e.kind() == io::ErrorKind::OutOfMemory {
        let message = "can't be read: out of memory (raise the limit, `ulimit -v`)";
        return Problem::new(&asset.path, message);
    }
    Problem::new(&asset.path, format!("can't be read: {}", plain(e)))
}

fn too_large(asset: &Asset, whole: Wants, draft: &mut Draft) {
    let limit = DOCUMENT_BYTES_MAX >> 20;
    let problem =
        |why: &str| Problem::new(&asset.path, format!("is larger than {limit} MiB, {why}"));
    let warning = |why: &str| {
        let cause = format!("are larger than {limit} MiB, {why}");
        // It repeats nothing of the file.
        let words = problem(why).message;
        let warning = problem(why).kind(ProblemKind::Unread);
        warning.unquoted(&words, &cause).cause(cause)
    };
    let policy = &asset.policy;
    match whole {
        Wants::Nothing | Wants::Remarks => {}
        Wants::Document(_) if policy.rewrite => draft.problems.push(problem(
            "too large to look for references; a rule with `rewrite = false` publishes it as it is",
        )),
        Wants::Document(_) if policy.comments == Remarks::Strip => draft
            .problems
            .push(problem("too large for `comments = \"strip\"`")),
        Wants::Document(_) if policy.source_maps == SourceMaps::Strip => draft
            .problems
            .push(problem("too large for `source_maps = \"strip\"`")),
        Wants::Document(_) => draft
            .warnings
            .push(warning("so credentials and source maps weren't looked for")),
        Wants::Text => draft
            .warnings
            .push(warning("so credentials weren't looked for")),
        Wants::Metadata => draft
            .problems
            .push(problem("too large for `metadata = \"strip\"`")),
    }
}

fn look_into(asset: &Asset, content: &[u8], scanner: &Scanner) -> Draft {
    let policy = &asset.policy;
    let is_text = media::is_text(&policy.headers.content_type) || private::may_be_text(content);
    let searched = match is_text && !policy.may_be_secret {
        true => Searched::text(asset.path.as_str(), &policy.headers.content_type, content),
        false if policy.may_be_secret => Searched::of_start(private::of_start(content)),
        false => Searched::binary(asset.path.as_str(), content),
    };
    let is_utf16 = content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff");
    let mut draft = Draft {
        is_opaque: media::is_text(&policy.headers.content_type) && is_utf16,
        problems: secrets_in(asset, scanner, &searched),
        size_bytes: content.len() as u64,
        is_compressed: media::is_compressed(content),
        ..Draft::of(blake3::hash(content))
    };
    match wants(asset) {
        Wants::Document(_) if draft.is_compressed && policy.comments == Remarks::Strip => {
            let message = "is compressed, so comments can't be taken out";
            draft.problems.push(Problem::new(&asset.path, message));
        }
        Wants::Document(language) if !draft.is_compressed => {
            references_in(asset, language, content, &mut draft);
        }
        Wants::Text if is_text && policy.rewrite && !draft.is_compressed && !draft.is_opaque => {
            mentions_in(content, &mut draft);
        }
        Wants::Metadata => match metadata::strip(content) {
            Ok(edits) => {
                draft.cuts = edits
                    .into_iter()
                    .map(|edit| (edit.span, edit.text))
                    .collect()
            }
            Err(why) => draft
                .problems
                .push(Problem::new(&asset.path, why.to_string())),
        },
        Wants::Remarks if policy.metadata.is_none() => {
            draft.warnings.extend(remarks_on_people(asset, content));
        }
        _ => {}
    }
    draft
}

fn references_in(asset: &Asset, language: Language, content: &[u8], draft: &mut Draft) {
    let policy = &asset.policy;
    if draft.is_opaque {
        let problem = |why: &str| {
            Problem::new(
                &asset.path,
                format!("is UTF-16, so {why}: save it as UTF-8"),
            )
        };
        match policy.comments {
            Remarks::Strip => draft.problems.push(problem("comments can't be taken out")),
            Remarks::Keep => {
                let cause = "are UTF-16, so references weren't looked for: save them as UTF-8";
                let warning = problem("references weren't looked for");
                let words = warning.message.clone();
                let warning = warning.kind(ProblemKind::Unread).cause(cause);
                draft.warnings.push(warning.unquoted(&words, cause));
            }
        }
        return;
    }
    let text = same_length_utf8(content);
    let mut found = language.find(&text, &policy.references);
    let mut lines = Lines::new(&text);
    source_map(asset, &mut found, &mut lines, draft);
    let constants = std::mem::take(&mut found.constants).into_iter();
    draft.constants = constants
        .map(|constant| Constant {
            place: lines.place(constant.at),
            text: constant.text,
        })
        .collect();
    let is_unread = found.faults.iter().any(|fault| fault.message != MISPLACED);
    if is_unread
        && policy.source_maps != SourceMaps::Publish
        && let Some(at) = text.find("sourceMappingURL=data:")
    {
        let message = "can't be parsed, and seems to hold a source map, which carries the sources: mend it, or a rule with `source_maps = \"publish\"` leaves it in";
        let problem = Problem::at(&asset.path, lines.place(at), message);
        draft.problems.push(problem);
    }
    if policy.comments == Remarks::Strip {
        let comments = found.comments.iter().map(|span| (span.clone(), Vec::new()));
        draft.cuts.extend(comments);
        if let Some(fault) = found.faults.iter().find(|fault| fault.ends_reading()) {
            let message = format!("{}, so comments can't be taken out", fault.message);
            let problem = Problem::at(&asset.path, lines.place(fault.at), message);
            let unquoted = "can't be parsed, so comments can't be taken out";
            draft.problems.push(problem.unquoted(unquoted, ""));
        }
    }
    if !policy.rewrite {
        return;
    }
    for fault in &found.faults {
        let problem = Problem::at(&asset.path, lines.place(fault.at), fault.message.clone());
        match fault.message == MISPLACED {
            true => draft.problems.push(problem.kind(ProblemKind::Rewriting)),
            false => {
                let cause = format!("weren't looked into from some place on: {}", fault.message);
                draft
                    .warnings
                    .push(problem.kind(ProblemKind::Unread).cause(cause));
            }
        }
    }
    for built in &found.built {
        let message = format!(
            "builds a path when it runs: `{}`",
            crate::error::escape(&built.text)
        );
        let note = Problem::at(&asset.path, lines.place(built.at), message);
        let note = note.unquoted("builds a path when it runs", "");
        draft.notes.push(note.kind(ProblemKind::BuiltPath));
    }
    draft.places = Places {
        references: found
            .references
            .iter()
            .map(|r| lines.place(r.span.start))
            .collect(),
        placeholders: found
            .placeholders
            .iter()
            .map(|p| lines.place(p.span.start))
            .collect(),
        mentions: found.mentions.iter().map(|m| lines.place(m.at)).collect(),
    };
    // Lists that nobody asks for any more, out of memory.
    found.comments = Vec::new();
    found.built = Vec::new();
    found.faults = Vec::new();
    draft.found = found;
}

/// Paths of files in a text that has no references.
fn mentions_in(content: &[u8], draft: &mut Draft) {
    let text = same_length_utf8(content);
    let mut lines = Lines::new(&text);
    draft.found.mentions = words::find(&text, &Place::Text, |at| at);
    let mentions = draft.found.mentions.iter();
    draft.places.mentions = mentions.map(|mention| lines.place(mention.at)).collect();
}

/// Maps carry the sources: one that is part of a file is refused, published or taken out, as the rules say.
fn source_map(asset: &Asset, found: &mut Found, lines: &mut Lines<'_>, draft: &mut Draft) {
    for map in &found.source_maps {
        match asset.policy.source_maps {
            SourceMaps::Strip => draft.cuts.push((map.comment.clone(), Vec::new())),
            SourceMaps::Refuse if map.is_inline => {
                let message = "holds a source map, which carries the sources; a rule with `source_maps = \"strip\"` takes it out, with `\"publish\"` leaves it in";
                draft.problems.push(Problem::at(
                    &asset.path,
                    lines.place(map.comment.start),
                    message,
                ));
            }
            SourceMaps::Refuse | SourceMaps::Publish => {}
        }
    }
    if asset.policy.source_maps == SourceMaps::Strip {
        found
            .references
            .retain(|reference| reference.kind != Kind::SourceMap);
    }
}

/// The text as parsers want it: what isn't UTF-8 becomes `?`, byte by byte, so that every offset stays.
pub(crate) fn same_length_utf8(content: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(content) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(content.len());
    for chunk in content.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

/// Lines and columns of a text, found in one go as long as offsets rise.
pub(crate) struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Lines<'a> {
        Lines {
            text,
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    /// Line and column of a byte, counted from 1; columns in characters.
    pub(crate) fn place(&mut self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        if offset < self.offset {
            *self = Lines::new(self.text);
        }
        let between = &self.text[self.offset..offset];
        self.offset = offset;
        self.line += memchr::memchr_iter(b'\n', between.as_bytes()).count() as u32;
        self.column = match between.rfind('\n') {
            Some(newline) => between[newline + 1..].chars().count() as u32 + 1,
            None => self.column + between.chars().count() as u32,
        };
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one_in_characters() {
        let mut lines = Lines::new("ab\né🐘c\n\nd");
        for (offset, place) in [
            (0, (1, 1)),
            (2, (1, 3)),
            (3, (2, 1)),
            (5, (2, 2)),
            (9, (2, 3)),
            (11, (3, 1)),
            (12, (4, 1)),
        ] {
            assert_eq!(lines.place(offset), place, "{offset}");
        }
        assert_eq!(lines.place(9), (2, 3), "backwards too");
    }

    #[test]
    fn text_in_another_encoding_keeps_its_offsets() {
        assert_eq!(same_length_utf8(b"caf\xe9 <a href=x>"), "caf? <a href=x>");
        assert_eq!(same_length_utf8("café".as_bytes()), "café");
    }
}
