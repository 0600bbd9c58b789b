//! Addresses that a script builds of parts, one of which isn't known before it runs:
//! `"/puzzle/" + name + "/solution/"`.

use super::{Search, folders_up};
use crate::levels::LevelId;

/// Largest number of files that are compared with one address.
const FILES_MAX: usize = 20_000;

/// Returns the first hidden file that has such an address, if no other file of the tree has.
pub(super) fn only_hidden(
    search: &Search<'_>,
    file: usize,
    before: &str,
    after: &str,
) -> Option<usize> {
    let after = &after[..after.find(['?', '#']).unwrap_or(after.len())];
    let has_letters = |text: &str| text.contains(|c: char| c.is_alphanumeric());
    if !has_letters(before) || !has_letters(after) {
        return None;
    }
    let own = search.objects[file].path.folder();
    let is_absolute = before.starts_with('/') || before.contains("://");
    let relative = folders_up(own).filter(|_| !is_absolute).map(|folder| {
        let before = before.trim_start_matches("./");
        format!("{folder}{before}")
    });
    let from_top = before
        .match_indices('/')
        .map(|(slash, _)| before[slash + 1..].to_string());
    let starts = relative.chain(from_top).filter(|start| has_letters(start));
    starts.filter_map(|start| of(search, &start, after)).next()
}

/// Returns the first hidden file below `start`, then one unknown part of a path, then `after`; None
/// if an open one is there, too.
fn of(search: &Search<'_>, start: &str, after: &str) -> Option<usize> {
    let first = search
        .objects
        .partition_point(|object| object.path.as_str() < start);
    let mut hidden = None;
    for (file, object) in search
        .objects
        .iter()
        .enumerate()
        .skip(first)
        .take(FILES_MAX)
    {
        let Some(rest) = object.path.as_str().strip_prefix(start) else {
            break;
        };
        if !has_address(rest, after) {
            continue;
        }
        if object.policy.level == LevelId::OPEN {
            return None;
        }
        hidden = hidden.or(Some(file));
    }
    hidden
}

/// Returns whether one part of a path, and `after`, is the address of a file, or of a folder above
/// it.
fn has_address(path: &str, after: &str) -> bool {
    let Some(at) = path.find(after).filter(|at| *at > 0) else {
        return false;
    };
    let rest = &path[at + after.len()..];
    !path[..at].contains('/') && (rest.is_empty() || rest.starts_with('/') || after.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A built path matches a file if exactly one of its parts is unknown.
    #[test]
    fn one_path_segment_may_be_unknown() {
        for (path, after, has) in [
            ("gears/solution/index.html", "/solution/", true),
            ("gears/solution/index.html", "/solution", true),
            ("gears/solution/index.html", "/solution/index.html", true),
            ("gears/solutions/index.html", "/solution", false),
            ("gears/part/solution/index.html", "/solution/", false),
            ("solution/index.html", "solution/", false),
            ("gears-answer.png", "-answer.png", true),
        ] {
            assert_eq!(has_address(path, after), has, "{path} {after}");
        }
    }
}
