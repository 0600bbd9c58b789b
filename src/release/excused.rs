//! Names that may be overwritten while a target is live: given by `--overwrite-live`, in full or by
//! pattern. Pure.

use std::collections::BTreeSet;

use crate::base::error::{Error, Result};
use crate::base::glob::Glob;
use crate::base::likeness::nearest;
use crate::base::text::escape;
use crate::store::command::quoted;

/// Maximum number of names that a hint lists as options. For more, it uses patterns.
const OPTIONS_MAX: usize = 3;

/// Number of characters of an argument that a message repeats.
const SHOWN_CHARS_MAX: usize = 200;

/// Logical paths that may be overwritten while live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excused {
    /// Paths that were given in full.
    pub named: BTreeSet<String>,
    /// Paths that match a pattern. The user may not know all of them.
    pub matched: BTreeSet<String>,
}

impl Excused {
    /// Selects those of `paths` that `given` names or matches. `paths` are from `place`. If an
    /// argument is one of the paths, it stands for that path, even if it contains characters of a
    /// pattern. In a pattern, `*` doesn't match `/`, but `**` does.
    ///
    /// # Errors
    /// Returns [`Error::Usage`] if an argument isn't a valid pattern, or matches nothing.
    pub fn new(given: &[String], paths: &BTreeSet<&str>, place: &str) -> Result<Excused> {
        let mut excused = Excused::default();
        for given in given {
            let bare = given.strip_prefix("./").or_else(|| given.strip_prefix('/'));
            let spellings = [Some(given.as_str()), bare];
            let named = spellings.into_iter().flatten();
            if let Some(path) = named.into_iter().find(|path| paths.contains(path)) {
                excused.named.insert(path.to_string());
                continue;
            }
            let glob = Glob::new(given).map_err(|error| Error::usage(format!("`{}` {error} (--overwrite-live)", start(given)), "`*` matches any part of a name, `**` also matches across folders, and `[*]` is a literal `*`"))?;
            let mut matching = paths.iter().filter(|path| glob.is_match(path)).peekable();
            if matching.peek().is_none() {
                return Err(no_such(given, paths, place));
            }
            excused
                .matched
                .extend(matching.map(|path| path.to_string()));
        }
        let Excused { named, matched } = &mut excused;
        matched.retain(|path| !named.contains(path));
        Ok(excused)
    }

    /// Returns all selected paths.
    pub fn all(&self) -> BTreeSet<String> {
        self.named.union(&self.matched).cloned().collect()
    }
}

/// Returns the beginning of a pattern, as much as fits into a message.
fn start(given: &str) -> String {
    match given.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => escape(&given[..end]) + "…",
        None => escape(given),
    }
}

fn no_such(given: &str, paths: &BTreeSet<&str>, place: &str) -> Error {
    let is_pattern = given.contains(['*', '?', '[', '{']);
    let message = if is_pattern {
        format!(
            "`{}` matches nothing in {place} (--overwrite-live)",
            start(given)
        )
    } else {
        format!(
            "There is no `{}` in {place} (--overwrite-live)",
            start(given)
        )
    };
    let near = nearest(given, paths.iter().copied()).filter(|_| !is_pattern);
    let hint = match near {
        Some(near) => format!("did you mean `{}`?", escape(near)),
        None => "give paths of the tree, such as `puzzle/gears/index.html`; in a pattern, `**` matches slashes, and `*` doesn't".to_string(),
    };
    Error::usage(message, hint)
}

/// Returns the options that permit `paths`. Lists a few paths by name, and more by patterns. Each
/// pattern matches files of one folder and type only.
pub(crate) fn options_for(paths: &[&str]) -> String {
    let meant: Vec<String> = if paths.len() <= OPTIONS_MAX {
        paths.iter().map(|path| path.to_string()).collect()
    } else {
        let patterns: BTreeSet<String> = paths.iter().map(|path| pattern(path)).collect();
        if patterns.len() <= OPTIONS_MAX {
            patterns.into_iter().collect()
        } else {
            vec!["**".to_string()]
        }
    };
    let options = meant
        .iter()
        .map(|meant| format!("--overwrite-live {}", quoted(&escape(meant))));
    options.collect::<Vec<_>>().join(" ")
}

/// Returns `puzzle/*.html` for `puzzle/gears.html`.
pub(crate) fn pattern(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = match folder {
        "" => String::new(),
        folder => globset::escape(folder) + "/",
    };
    match name.rfind('.') {
        Some(dot) if dot > 0 => format!("{folder}*{}", globset::escape(&name[dot..])),
        _ => format!("{folder}*"),
    }
}

#[cfg(test)]
mod tests;
