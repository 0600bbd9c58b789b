//! The text of a file: unpacked as it's served, and in the charset that browsers read it in.

use super::wants::extension;
use super::{DOCUMENT_BYTES_MAX, Draft};
use crate::base::coding::{BadPack, Coding};
use crate::base::media;
use crate::base::problem::{Problem, ProblemKind};
use crate::charset::{By, Known, Text};
use crate::naming::cover;
use crate::tree::Asset;

/// Unpacks a file that is served as compressed, with a warning if that can't be done to its end.
pub(super) fn unpack(asset: &Asset, content: &[u8]) -> (Option<Vec<u8>>, Option<Problem>) {
    let Some(coding) = asset.policy.headers.coding() else {
        return (None, None);
    };
    match coding.unpack(content, DOCUMENT_BYTES_MAX as usize) {
        Ok(unpacked) => (Some(unpacked), None),
        Err(BadPack::Damaged) if coding.may_begin(content) => {
            let name = coding.name();
            let message =
                format!("is damaged {name} data, so browsers can't show it: compress it again");
            let warning = Problem::new(&asset.path, message).kind(ProblemKind::Packed);
            let cause = format!(
                "are damaged {name} data, so browsers can't show them (compress them again)"
            );
            (None, Some(warning.cause(cause)))
        }
        Err(BadPack::TooLarge | BadPack::Damaged) => (None, None),
    }
}

/// Tells of a file that is served as compressed, and can't be: it begins with `start`.
pub(super) fn wrongly_packed(asset: &Asset, start: &[u8]) -> Option<Problem> {
    let coding = asset.policy.headers.coding();
    let coding = coding.filter(|coding| !coding.may_begin(start))?;
    let name = coding.name();
    let who = if asset.policy.is_encoding_asked {
        format!("a rule says `encoding = \"{name}\"`")
    } else {
        "its name says so".to_string()
    };
    let message = format!("isn't {name}, although {who}: browsers can't show it");
    let right = Coding::of_start(start).map_or("identity", Coding::name);
    let path = globset::escape(asset.path.as_str());
    let problem = Problem::new(&asset.path, message).kind(ProblemKind::Packed);
    Some(problem.added(cover::addition(cover::rule(
        &path,
        &format!("encoding = \"{right}\""),
    ))))
}

/// Reads a text in the charset that browsers read it in. One with other bytes is a problem, if it's
/// to be rewritten.
pub(super) fn read_text<'c>(asset: &Asset, content: &'c [u8], draft: &mut Draft) -> Text<'c> {
    let policy = &asset.policy;
    let content_type = &policy.headers.content_type;
    if !media::is_text(content_type) {
        return Text::lossy(content);
    }
    let extension = extension(asset).unwrap_or_default();
    let known = Known::of(content, content_type, &extension, policy.type_by);
    match known.read(content) {
        Ok(text) => {
            draft.charset = known;
            text
        }
        Err(at) => {
            if policy.rewrite {
                draft.problems.push(not_of(asset, known, at));
            }
            Text::lossy(content)
        }
    }
}

/// Tells of a text that isn't in the charset that browsers read it in: its byte at `at` isn't of
/// that.
fn not_of(asset: &Asset, known: Known, at: usize) -> Problem {
    let essence = media::essence(&asset.policy.headers.content_type);
    let as_it_is = "rewrite = false".to_string();
    let (who, line) = match known.by {
        By::Mark => (
            "although it begins with that charset's byte order mark",
            as_it_is,
        ),
        By::Rule => ("although a rule's `content_type` says so", as_it_is),
        By::Text => ("although the file declares that charset", as_it_is),
        By::Format | By::Nobody => ("and browsers accept no other charset here", as_it_is),
        By::Pages => (
            "although the pages that load it have that charset",
            format!("content_type = \"{essence}; charset=windows-1252\""),
        ),
    };
    let message = format!("isn't valid {} at byte {at}, {who}", known.name());
    let path = globset::escape(asset.path.as_str());
    let problem = Problem::new(&asset.path, message).kind(ProblemKind::Charset);
    problem.added(cover::addition(cover::rule(&path, &line)))
}
