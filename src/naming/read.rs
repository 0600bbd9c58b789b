//! The first reading of a file: its digest, what it refers to, and what must not be published.

mod references;
mod text;
mod wants;

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use self::references::{mentions_in, references_in, references_in_glb};
use self::text::{read_text, unpack, wrongly_packed};
use self::wants::{Wants, too_large, wants};
use super::archives;
use super::searched::{Searched, remarks_on_people, secrets_in};
use crate::base::coding::Coding;
use crate::base::disk::files;
use crate::base::encode::read_full;
use crate::base::media;
use crate::base::name::Secret;
use crate::base::problem::Problem;
use crate::base::progress::Progress;
use crate::base::text::{Lines, plain};
use crate::charset::{Known, Text};
use crate::refs::{Found, Language};
use crate::rules::Remarks;
use crate::scan::metadata;
use crate::scan::private::{self, Private};
use crate::scan::secrets::Scanner;
use crate::tree::Asset;

/// Number of bytes that a worker reads at a time: few enough for the cache, and enough for few
/// calls.
const READ_BYTES: usize = 256 << 10;

/// The largest file that is looked into, in bytes: a parser needs all of it in memory, and several
/// times as much for a script.
pub(super) const DOCUMENT_BYTES_MAX: u64 = 32 << 20;

/// Facts about a file before its references are resolved.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Draft {
    /// blake3 of the file.
    pub digest: blake3::Hash,
    pub size_bytes: u64,
    /// True if its first bytes say that it is compressed.
    pub is_compressed: bool,
    /// Its coding, if its first bytes tell one.
    pub coding: Option<Coding>,
    /// The charset that it's in, if it's a text.
    pub charset: Known,
    /// A binary glTF scene: lengths in it change with its references.
    pub is_glb: bool,
    /// References in it. Lines and columns are in `places`, in the same order.
    pub found: Found,
    pub places: Places,
    /// Strings that its scripts assemble, for the search for names of hidden files.
    pub constants: Vec<Constant>,
    /// Parts that are removed regardless of its references: comments, metadata.
    pub cuts: Vec<(Range<usize>, Vec<u8>)>,
    /// Reasons why it can't be published. The other facts about it are valid all the same.
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

impl Places {
    fn of(found: &Found, lines: &mut Lines<'_>) -> Places {
        let references = found.references.iter().map(|r| r.span.start);
        let references = references.map(|at| lines.place(at)).collect();
        let placeholders = found.placeholders.iter().map(|p| p.span.start);
        let placeholders = placeholders.map(|at| lines.place(at)).collect();
        let mentions = found.mentions.iter().map(|m| lines.place(m.at));
        Places {
            references,
            placeholders,
            mentions: mentions.collect(),
        }
    }
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
        let (unpacked, odd) = unpack(asset, &content);
        let mut draft = match &unpacked {
            Some(unpacked) => {
                scanner.restart();
                scanner.scan(unpacked);
                look_into(asset, unpacked, &scanner)
            }
            None => look_into(asset, &content, &scanner),
        };
        draft.of_file(&content);
        draft.problems.extend(wrongly_packed(asset, &content));
        draft.warnings.extend(odd);
        if archives::is_archive(&content) && unpacked.is_none() && draft.problems.is_empty() {
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
        let mut start = Start::default();
        let mut size_bytes = 0;
        loop {
            let n = read_full(&mut file, &mut self.buffer)?;
            let chunk = &self.buffer[..n];
            if size_bytes == 0 {
                if is_small && private::may_be_text(chunk) {
                    return text_in_passing(asset, rest_of(file, chunk)?, scanner);
                }
                start = Start::of(asset, chunk);
            }
            hasher.update(chunk);
            scanner.scan(chunk);
            size_bytes += n as u64;
            if n < self.buffer.len() || progress.is_stopped() {
                break;
            }
        }
        let mut problems = secrets_in(asset, &scanner, &Searched::of_start(start.is_private));
        if start.is_archive && problems.is_empty() && !progress.is_stopped() {
            problems.extend(archives::search_file(asset, file, secret)?);
        }
        problems.extend(start.wrong);
        Ok(Draft {
            size_bytes,
            is_compressed: start.is_compressed,
            coding: start.coding,
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
            coding: None,
            charset: Known::UTF_8,
            is_glb: false,
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

impl Draft {
    /// Takes over what is known of the file itself, whatever was found in it.
    fn of_file(&mut self, content: &[u8]) {
        self.digest = blake3::hash(content);
        self.size_bytes = content.len() as u64;
        self.is_compressed = media::is_compressed(content);
        self.coding = Coding::of_start(content);
    }
}

/// Facts that the first bytes of a file tell.
#[derive(Default)]
struct Start {
    is_compressed: bool,
    coding: Option<Coding>,
    wrong: Option<Problem>,
    is_private: Option<Private>,
    is_archive: bool,
}

impl Start {
    fn of(asset: &Asset, chunk: &[u8]) -> Start {
        let is_private = private::of_start(chunk);
        Start {
            is_compressed: media::is_compressed(chunk),
            coding: Coding::of_start(chunk),
            wrong: wrongly_packed(asset, chunk),
            is_private,
            is_archive: is_private.is_none() && archives::is_archive(chunk),
        }
    }
}

/// Looks into a file that turned out to be text.
fn text_in_passing(asset: &Asset, content: Vec<u8>, mut scanner: Scanner) -> io::Result<Draft> {
    scanner.scan(&content);
    let mut draft = look_into(asset, &content, &scanner);
    draft.of_file(&content);
    draft.problems.extend(wrongly_packed(asset, &content));
    Ok(draft)
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

/// Looks into the content of a file, or into what was packed in it.
fn look_into(asset: &Asset, content: &[u8], scanner: &Scanner) -> Draft {
    let policy = &asset.policy;
    let content_type = &policy.headers.content_type;
    let is_text = media::is_text(content_type) || private::may_be_text(content);
    let is_packed = media::is_compressed(content);
    let mut draft = Draft::of(blake3::hash(b""));
    let text = if is_text && !is_packed {
        read_text(asset, content, &mut draft)
    } else {
        Text::default()
    };
    let bytes = match draft.charset.charset {
        Some(_) => text.text().trim_start_matches('\u{feff}').as_bytes(),
        None => content,
    };
    let searched = match is_text && !policy.may_be_secret {
        true => Searched::text(asset.path.as_str(), content_type, bytes),
        false if policy.may_be_secret => Searched::of_start(private::of_start(content)),
        false => Searched::binary(asset.path.as_str(), content),
    };
    draft.problems.extend(secrets_in(asset, scanner, &searched));
    match wants(asset) {
        Wants::Document(_) if is_packed && policy.comments == Remarks::Strip => {
            let message = "is compressed, so comments can't be removed: publish the uncompressed \
                           file, or set `comments = \"keep\"` for it in a rule";
            draft.problems.push(Problem::new(&asset.path, message));
        }
        Wants::Document(Language::Glb) => references_in_glb(asset, content, &mut draft),
        Wants::Document(language) if !is_packed => {
            references_in(asset, language, &text, &mut draft);
        }
        Wants::Text if is_text && policy.rewrite && !is_packed => mentions_in(&text, &mut draft),
        Wants::Metadata => strip_metadata(asset, content, &mut draft),
        Wants::Remarks if policy.metadata.is_none() => {
            draft.warnings.extend(remarks_on_people(asset, content));
        }
        _ => {}
    }
    draft
}

fn strip_metadata(asset: &Asset, content: &[u8], draft: &mut Draft) {
    match metadata::strip(content) {
        Ok(edits) => {
            let cuts = edits.into_iter().map(|edit| (edit.span, edit.text));
            draft.cuts = cuts.collect();
        }
        Err(why) => draft
            .problems
            .push(Problem::new(&asset.path, why.to_string())),
    }
}
