//! Lists data in files that visitors don't see: metadata of images, audio and PDFs, comments in
//! pages and SVG images. In a hunt, they may give a solution away or be the clue, so people have to
//! judge them.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::base::disk::files;
use crate::base::error::{Error, Result};
use crate::base::media;
use crate::base::problem::{Problem, SHOWN_BY};
use crate::base::progress::Progress;
use crate::base::text::plain;
use crate::charset::Text;
use crate::hidden::{self, is_hidden};
use crate::refs::FaultKind;
use crate::refs::Language;
use crate::refs::edit::Edits;
use crate::rules::Remarks;
use crate::scan::metadata;
use crate::tree::{Asset, Tree};

/// The largest file that is looked into, in bytes.
pub const FILE_BYTES_MAX: u64 = 32 << 20;

/// Number of characters of a remark that are kept.
const VALUE_CHARS_MAX: usize = 200;

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// The file.
    pub path: String,
    /// Line and column of a comment, counted from 1.
    pub place: Option<(u32, u32)>,
    /// `EXIF`, `GPS`, `PNG text`, `comment`, ...
    pub kind: String,
    /// Name of the field; empty for comments.
    pub name: String,
    /// First 200 characters of the remark.
    pub value: String,
}

/// Remarks in a tree, and the files that weren't checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaks {
    /// Sorted by path and place.
    pub leaks: Vec<Leak>,
    /// Files that weren't looked into, or not to their end: too large, compressed, not well-formed.
    pub skipped: Vec<Problem>,
    /// Files that can't be read.
    pub unreadable: Vec<Problem>,
}

/// Searches every file that `tree` publishes. Remarks that rules remove aren't listed.
///
/// # Errors
/// [`Error::Interrupted`] if `progress` was stopped.
pub fn leaks(tree: &Tree, progress: &Progress) -> Result<Leaks> {
    let files: Vec<Leaks> = tree
        .assets
        .par_iter()
        .filter(|_| !progress.is_stopped())
        .map(|asset| look_into(asset, progress))
        .collect();
    if progress.is_stopped() {
        return Err(Error::Interrupted);
    }
    let mut all = Leaks::default();
    for file in files {
        all.leaks.extend(file.leaks);
        all.skipped.extend(file.skipped);
        all.unreadable.extend(file.unreadable);
    }
    all.leaks.sort();
    for leak in all.leaks.iter_mut().filter(|leak| is_hidden(&leak.path)) {
        leak.name.clear();
        leak.value = format!("({SHOWN_BY})");
    }
    hidden::veil(&mut all.skipped);
    Ok(all)
}

fn look_into(asset: &Asset, progress: &Progress) -> Leaks {
    let mut file = Leaks::default();
    let content = match files::read(&asset.file, FILE_BYTES_MAX + 1) {
        Ok(content) => content,
        Err(e) => {
            let message = format!("can't be read: {}", plain(&e));
            file.unreadable.push(Problem::new(&asset.path, message));
            return file;
        }
    };
    if content.len() as u64 > FILE_BYTES_MAX {
        let limit = FILE_BYTES_MAX >> 20;
        let message = format!(
            "is larger than {limit} MiB, so it wasn't searched for metadata or comments: {BY_HAND}"
        );
        file.skipped.push(Problem::new(&asset.path, message));
        return file;
    }
    progress.read(content.len() as u64);
    let fields = metadata::find(&without_stripped(asset, &content));
    let leaks = fields.into_iter().map(|field| of_field(asset, field));
    file.leaks.extend(leaks);
    if asset.policy.comments == Remarks::Keep {
        comments(asset, &content, &mut file);
    }
    file
}

fn of_field(asset: &Asset, field: metadata::Field) -> Leak {
    Leak {
        path: asset.path.to_string(),
        place: None,
        kind: field.kind.to_string(),
        name: field.name,
        value: shortened(&field.value),
    }
}

/// Returns the file as it is published. A file that can't be stripped is never published, so it
/// doesn't matter.
fn without_stripped<'a>(asset: &Asset, content: &'a [u8]) -> Cow<'a, [u8]> {
    match (asset.policy.metadata, metadata::strip(content)) {
        (Some(Remarks::Strip), Ok(edits)) if !edits.is_empty() => {
            let edits = edits.into_iter().map(|edit| (edit.span, edit.text));
            Edits::new(edits.collect()).apply(content).into()
        }
        _ => content.into(),
    }
}

fn comments(asset: &Asset, content: &[u8], file: &mut Leaks) {
    let policy = &asset.policy;
    let extension = asset.path.extension();
    let language = Language::of(
        &policy.headers.content_type,
        extension.as_deref(),
        &policy.references,
    );
    let Some(language @ (Language::Html | Language::Xml(_))) = language else {
        return;
    };
    if media::is_compressed(content) {
        let message = format!("is compressed, so it wasn't searched for comments: {BY_HAND}");
        file.skipped.push(Problem::new(&asset.path, message));
        return;
    }
    comments_in(asset, language, &Text::read(content, asset), file);
}

fn comments_in(asset: &Asset, language: Language, read: &Text<'_>, file: &mut Leaks) {
    let text = read.text();
    let mut lines = crate::base::text::Lines::new(text);
    let found = language.find(text, &asset.policy.references);
    file.leaks.extend(found.comments.into_iter().map(|span| {
        let place = lines.place(span.start);
        let comment = text[span].trim_start_matches("<!--");
        Leak {
            path: asset.path.to_string(),
            place: Some(place),
            kind: "comment".to_string(),
            name: String::new(),
            value: shortened(comment.trim_end_matches("-->").trim()),
        }
    }));
    if let Some(fault) = found
        .faults
        .iter()
        .find(|fault| fault.kind == FaultKind::End)
    {
        let message = format!(
            "{}, so the rest wasn't searched for comments",
            fault.message
        );
        let problem = Problem::at(&asset.path, lines.place(fault.at), message);
        let unquoted = "isn't well-formed, so the rest wasn't searched for comments";
        file.skipped.push(problem.unquoted(unquoted, ""));
    }
}

/// Advice for a file that wasn't searched.
const BY_HAND: &str = "check it by hand, or leave it out by `publish = false` in a rule";

fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_string(),
    }
}
