//! Reasons to read a file as a whole, and words on one that is too large for that.

use super::{DOCUMENT_BYTES_MAX, Draft};
use crate::base::coding;
use crate::base::media;
use crate::base::problem::{Problem, ProblemKind};
use crate::refs::Language;
use crate::rules::{Remarks, SourceMaps};
use crate::tree::Asset;

/// Purpose of reading a file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    Nothing,
    /// It's text that may hold credentials.
    Text,
    /// It's a document.
    Document(Language),
    /// Its metadata goes.
    Metadata,
    /// It's packed, and has to be whole.
    Packed,
    /// Its metadata stays, and may be about people, or hold tokens, as programs may.
    Remarks,
}

pub(super) fn wants(asset: &Asset) -> Wants {
    let policy = &asset.policy;
    match Language::of(
        &policy.headers.content_type,
        extension(asset).as_deref(),
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
        _ if policy.headers.coding().is_some() => Wants::Packed,
        _ => Wants::Nothing,
    }
}

/// The extension of what is in the file, once it's unpacked.
pub(super) fn extension(asset: &Asset) -> Option<String> {
    let inner = asset.policy.headers.coding();
    let inner = inner.and_then(|_| coding::inner_extension(asset.path.file_name()));
    inner.or_else(|| asset.path.extension())
}

pub(super) fn too_large(asset: &Asset, whole: Wants, draft: &mut Draft) {
    let policy = &asset.policy;
    let problems = &mut draft.problems;
    match whole {
        Wants::Nothing | Wants::Packed | Wants::Remarks => {}
        // Most have all that they show in them.
        Wants::Document(Language::Glb | Language::Gltf | Language::Obj) => {
            let why = "so references weren't searched for";
            draft.warnings.push(unread(asset, why));
        }
        Wants::Document(_) if policy.rewrite => problems.push(larger(
            asset,
            "too large to search for references: set `rewrite = false` for it in a rule to publish it unchanged",
        )),
        Wants::Document(_) if policy.comments == Remarks::Strip => {
            let why = "too large to remove its comments: set `comments = \"keep\"` for it in a rule";
            problems.push(larger(asset, why))
        }
        Wants::Document(_) if policy.source_maps == SourceMaps::Strip => {
            let why = "too large to remove its source map: if it has none that must stay private, set `source_maps = \"publish\"` for it in a rule";
            problems.push(larger(asset, why))
        }
        Wants::Document(_) => {
            let why = "so credentials and source maps weren't searched for";
            draft.warnings.push(unread(asset, why));
        }
        Wants::Text => draft
            .warnings
            .push(unread(asset, "so credentials weren't searched for")),
        Wants::Metadata => {
            let why = "too large to remove its metadata: remove it yourself, then set `metadata = \"keep\"` for the file in a rule";
            problems.push(larger(asset, why))
        }
    }
}

fn larger(asset: &Asset, why: &str) -> Problem {
    let limit = DOCUMENT_BYTES_MAX >> 20;
    Problem::new(&asset.path, format!("is larger than {limit} MiB, {why}"))
}

fn unread(asset: &Asset, why: &str) -> Problem {
    let limit = DOCUMENT_BYTES_MAX >> 20;
    let cause = format!("are larger than {limit} MiB, {why}");
    let warning = larger(asset, why).kind(ProblemKind::Unread);
    // It repeats nothing of the file.
    let words = warning.message.clone();
    warning.unquoted(&words, &cause).cause(cause)
}
