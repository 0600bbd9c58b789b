//! What files say besides what visitors see: metadata of images, audio and PDFs, comments in pages and SVG images. In a
//! hunt it may give a solution away, or be the clue, so it's listed for people to judge.

use std::fs::File;
use std::io::Read;

use rayon::prelude::*;

use crate::error::{Error, Problem, Result, plain};
use crate::metadata;
use crate::progress::Progress;
use crate::refs::Language;
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
    /// Files that are too large.
    pub skipped: Vec<Problem>,
}

/// Looks into every file that `tree` publishes. What rules take out isn't listed.
///
/// # Errors
/// [`Error::Tree`] lists files that can't be read; [`Error::Interrupted`] if `progress` was stopped.
pub fn leaks(tree: &Tree, progress: &Progress) -> Result<Leaks> {
    let outcomes: Vec<Result<Vec<Leak>, Outcome>> = tree
        .assets
        .par_iter()
        .filter(|_| !progress.is_stopped())
        .map(|asset| look_into(asset, progress))
        .collect();
    if progress.is_stopped() {
        return Err(Error::Interrupted);
    }
    let mut all = Leaks::default();
    let mut problems = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(leaks) => all.leaks.extend(leaks),
            Err(Outcome::TooLarge(problem)) => all.skipped.push(problem),
            Err(Outcome::Unreadable(problem)) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Tree(problems));
    }
    all.leaks.sort();
    Ok(all)
}

/// Why nothing can be said of a file.
enum Outcome {
    TooLarge(Problem),
    Unreadable(Problem),
}

fn look_into(asset: &Asset, progress: &Progress) -> Result<Vec<Leak>, Outcome> {
    let mut content = Vec::new();
    File::open(&asset.file)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content))
        .map_err(|e| {
            Outcome::Unreadable(Problem::new(
                &asset.path,
                format!("can't be read: {}", plain(&e)),
            ))
        })?;
    if content.len() as u64 > FILE_BYTES_MAX {
        let message = format!(
            "is larger than {} MiB, and wasn't looked into",
            FILE_BYTES_MAX >> 20
        );
        return Err(Outcome::TooLarge(Problem::new(&asset.path, message)));
    }
    progress.read(content.len() as u64);
    let mut leaks = Vec::new();
    if asset.policy.metadata == Remarks::Keep {
        leaks.extend(metadata::find(&content).into_iter().map(|field| Leak {
            path: asset.path.to_string(),
            place: None,
            kind: field.kind.to_string(),
            name: field.name,
            value: shortened(&field.value),
        }));
    }
    if asset.policy.comments == Remarks::Keep {
        leaks.extend(comments(asset, &content));
    }
    Ok(leaks)
}

fn comments(asset: &Asset, content: &[u8]) -> Vec<Leak> {
    let policy = &asset.policy;
    let extension = asset.path.extension();
    let language = Language::of(
        &policy.headers.content_type,
        extension.as_deref(),
        &policy.references,
    );
    let Some(language @ (Language::Html | Language::Xml(_))) = language else {
        return Vec::new();
    };
    let text = crate::build::same_length_utf8(content);
    let mut lines = crate::build::Lines::new(&text);
    let found = language.find(&text, &policy.references);
    let comments = found.comments.into_iter().map(|span| Leak {
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
    });
    comments.collect()
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_string(),
    }
}
