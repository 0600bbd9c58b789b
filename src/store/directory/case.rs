//! Case sensitivity of a folder: whether it distinguishes case, and which objects would be one file
//! if it doesn't. It depends on the file system, and sometimes on the folder, not on the operating
//! system. So it's found out by a test.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::path::Path;

use crate::base::path::folded;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::escape;

use super::Named;

/// Number of names in a folder that are searched for one with letters.
const NAMES_MAX: usize = 1000;

/// Finds objects that would be one file in `folder`.
pub(super) fn twins(folder: &Path, named: &[Named<'_>]) -> Vec<Problem> {
    let twins = pairs(named);
    // Most trees have no such names, so the folder needn't be tested.
    if twins.is_empty() || tells_case_apart(folder) {
        return Vec::new();
    }
    let problem = |(one, other): &(&Named<'_>, &Named<'_>)| {
        let message = format!(
            "would be the same file as `{}` in `{}`, which is case-insensitive",
            escape(one.path.as_str()),
            escape(&folder.display().to_string())
        );
        Problem::new(other.path, message).kind(ProblemKind::Twins)
    };
    twins.iter().map(problem).collect()
}

/// Returns pairs of objects whose keys differ only in case. If two keyed names differ only in case,
/// their content is the same.
fn pairs<'n, 'a>(named: &'n [Named<'a>]) -> Vec<(&'n Named<'a>, &'n Named<'a>)> {
    let mut seen: HashMap<String, &Named<'_>> = HashMap::with_capacity(named.len());
    let mut pairs = Vec::new();
    for other in named {
        let Some(one) = seen.insert(folded(&other.key), other) else {
            continue;
        };
        if one.key != other.key && !(one.is_keyed && other.is_keyed) {
            pairs.push((one, other));
        }
    }
    pairs
}

/// Returns true if `a` and `A` are two files in `folder`, which needn't exist yet.
fn tells_case_apart(folder: &Path) -> bool {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    // A folder that doesn't exist yet will behave like the one in which it's made.
    let here = folder.ancestors().find(|folder| folder.is_dir());
    let told = here.and_then(|here| by_names(here).or_else(|| by_trying(here)));
    told.unwrap_or(true)
}

/// Finds out by the names in `folder`; `None` if none of them has letters.
fn by_names(folder: &Path) -> Option<bool> {
    let names = fs::read_dir(folder).ok()?.flatten().take(NAMES_MAX);
    let mut names = names.map(|entry| entry.file_name());
    names.find_map(|name| tells_apart(folder, &name))
}

/// Finds out by a temporary file, which is deleted at once.
fn by_trying(folder: &Path) -> Option<bool> {
    let file = tempfile::Builder::new()
        .prefix("assetsync-")
        .tempfile_in(folder)
        .ok()?;
    tells_apart(folder, file.path().file_name()?)
}

/// Returns true if the same name in the other case is another file or no file; `None` if the name
/// has no letters.
fn tells_apart(folder: &Path, name: &OsStr) -> Option<bool> {
    let other = folder.join(in_other_case(name)?);
    let file = folder.join(name);
    let Ok(there) = other.symlink_metadata() else {
        return Some(true);
    };
    let here = file.symlink_metadata().ok()?;
    Some(!is_same((&other, &there), (&file, &here)))
}

/// Returns true if two names lead to one file. A link counts as a file of its own. The path that
/// the system returns isn't enough: Linux keeps every name as it was asked for.
#[cfg(unix)]
fn is_same(one: (&Path, &Metadata), other: (&Path, &Metadata)) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: &Metadata| (metadata.dev(), metadata.ino());
    identity(one.1) == identity(other.1)
}

#[cfg(not(unix))]
fn is_same(one: (&Path, &Metadata), other: (&Path, &Metadata)) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    one.1.is_symlink() == other.1.is_symlink() && real(one.0) == real(other.0)
}

fn in_other_case(name: &OsStr) -> Option<OsString> {
    let name = name.to_str()?;
    let swap = |c: char| {
        if c.is_ascii_uppercase() {
            c.to_ascii_lowercase()
        } else {
            c.to_ascii_uppercase()
        }
    };
    let other: String = name.chars().map(swap).collect();
    (other != name).then(|| other.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Case sensitivity is probed with existing names or with a temporary file.
    #[test]
    fn case_sensitivity_is_probed() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        // A folder without names with letters is tested by a file, and one that doesn't exist by
        // the folders above it.
        let is_sensitive = tells_case_apart(here);
        assert_eq!(fs::read_dir(here).expect("readable").count(), 0);
        assert_eq!(tells_case_apart(&here.join("not/yet")), is_sensitive);
        fs::write(here.join("Map.png"), "").expect("written");
        let is_other = !here.join("mAP.PNG").exists();
        assert_eq!(tells_case_apart(here), is_other);
        assert_eq!(is_sensitive, is_other);
        assert_eq!(by_names(here), Some(is_other));
    }

    #[test]
    fn names_without_letters_tell_nothing() {
        assert_eq!(in_other_case("1.2".as_ref()), None);
        assert_eq!(in_other_case("aB1".as_ref()), Some("Ab1".into()));
    }
}
