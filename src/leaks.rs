//! What files say besides what visitors see: metadata of images, audio and PDFs, comments in pages and SVG images. In a
//! hunt it may give a solution away, or be the clue, so it's listed for people to judge.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::error::{Error, Result, plain};
use crate::files;
use crate::hidden::{self, is_hidden};
use crate::media;
use crate::metadata;
use crate::problem::{Problem, SHOWN_BY};
use crate::progress::Progress;
use crate::refs::Language;
use crate::refs::edit::Edits;
use crate::rules::Remarks;
use crate::tree::{Asset, Tree};

/// The largest file that is looked into, in bytes.
pub const FILE_BYTES_MAX: u64 = 32 << 20;

/// How much of a remark is kept, in characters.
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
    /// Which field; empty for comments.
    pub name: String,
    /// What it says: the first 200 characters.
    pub value: String,
}

/// What was found in a tree, and which files weren't looked into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaks {
    /// Sorted by path and place.
    pub leaks: Vec<Leak>,
    /// Files that weren't looked into, or not to their end: too large, compressed, not well-formed.
    pub skipped: Vec<Problem>,
    /// Files that can't be read.
    pub unreadable: Vec<Problem>,
}

/// Looks into every file that `tree` publishes. What rules take out isn't listed.
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
        let message = format!(
            "is larger than {} MiB, and wasn't looked into",
            FILE_BYTES_MAX >> 20
        );
        file.skipped.push(Problem::new(&asset.path, message));
        return file;
    }
    progress.read(content.len() as u64);
    let fields = metadata::find(&without_stripped(asset, &content));
    file.leaks.extend(fields.into_iter().map(|field| Leak {
        path: asset.path.to_string(),
        place: None,
        kind: field.kind.to_string(),
        name: field.name,
        value: shortened(&field.value),
    }));
    if asset.policy.comments == Remarks::Keep {
        comments(asset, &content, &mut file);
    }
    file
}

/// The file as it's published. What can't be stripped is never published, so that it doesn't matter.
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
    let is_utf16 = content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff");
    if is_utf16 || media::is_compressed(content) {
        let what = if is_utf16 { "UTF-16" } else { "compressed" };
        let message = format!("is {what}, and wasn't looked into");
        file.skipped.push(Problem::new(&asset.path, message));
        return;
    }
    let text = crate::build::same_length_utf8(content);
    let mut lines = crate::build::Lines::new(&text);
    let found = language.find(&text, &policy.references);
    file.leaks.extend(found.comments.into_iter().map(|span| {
        Leak {
            path: asset.path.to_string(),
            place: Some(lines.place(span.start)),
            kind: "comment".to_string(),
            name: String::new(),
            value: shortened(
                text[span]
                    .trim_start_matches("<!--")
                    .trim_end_matches("-->")
                    .trim(),
            ),
        }
    }));
    if let Some(fault) = found.faults.iter().find(|fault| fault.ends_reading()) {
        let message = format!("{}, and wasn't looked into from there", fault.message);
        let problem = Problem::at(&asset.path, lines.place(fault.at), message);
        let unquoted = "isn't well-formed, and wasn't looked into from there";
        file.skipped.push(problem.unquoted(unquoted, ""));
    }
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_string(),
    }
}
