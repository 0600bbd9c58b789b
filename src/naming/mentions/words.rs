//! Words for paths of files that get other names.

use super::{Advice, Mentioned, To};
use crate::base::name::NameStyle;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::escape;
use crate::naming::read::Draft;
use crate::refs::Place;
use crate::tree::Asset;

/// Advice for a script that names a file in a string.
const WRITE_INSTEAD: &str =
    "write `new URL(\"…\", import.meta.url)` in a module, or `\"$$ASSETS(…)$$\"`";

/// Warning about names that a hidden file assembles, after its verb.
const UNQUOTED_NAMES: &str = "names of files that get other names";

/// A line longer than this, in characters, was written by a program.
const LINE_CHARS_MAX: u32 = 1000;

/// A script larger than this, in bytes, is a library, or was made by a program.
const BY_HAND_BYTES_MAX: u64 = 100 << 10;

/// Folders that libraries are put into.
const OF_LIBRARIES: [&str; 6] = [
    "dist",
    "lib",
    "libs",
    "node_modules",
    "third-party",
    "vendor",
];

/// The meaning of a path, in words.
struct Words {
    /// The one that has this path.
    named: String,
    /// All that are meant by paths like it.
    what: String,
    /// The place where it stands.
    why: String,
}

impl Words {
    fn alike(words: String) -> Words {
        Words {
            named: words.clone(),
            what: words,
            why: String::new(),
        }
    }
}

impl Advice<'_> {
    pub(super) fn in_words(&self, mentioned: &Mentioned) -> Problem {
        let text = format!("`{}`", escape(&mentioned.text));
        let Words { named, what, why } = self.words(mentioned, &text);
        let asset = &self.tree.assets[mentioned.file];
        let draft = &self.drafts[mentioned.file];
        let instead = match (&mentioned.place, &mentioned.to) {
            (Place::Script, To::File(_)) if is_by_hand(asset, draft, mentioned.at) => {
                format!(": {WRITE_INSTEAD}")
            }
            _ => String::new(),
        };
        let (one, several) = match mentioned.to {
            To::Folder(_) | To::Files { .. } => ("builds", "build"),
            To::File(_) | To::Skipped(_) => ("names", "name"),
        };
        let message = format!("{one} {named}{why}{instead}");
        let cause = format!("{several} {what}{why}{instead}");
        // A pattern has the beginning of a name, which hides like the whole.
        let (unquoted, unquoted_cause) = match &mentioned.to {
            To::Files { .. } => (
                format!("{one} {UNQUOTED_NAMES}"),
                format!("{several} {UNQUOTED_NAMES}"),
            ),
            _ => (message.replace(&text, "a file"), cause.clone()),
        };
        let problem = Problem::at(&asset.path, mentioned.at, message);
        let problem = problem.unquoted(&unquoted, &unquoted_cause).cause(cause);
        problem.kind(ProblemKind::Mention)
    }

    fn words(&self, mentioned: &Mentioned, text: &str) -> Words {
        match &mentioned.to {
            To::Folder(folder) => {
                let folder = escape(folder);
                Words::alike(format!(
                    "paths into `{folder}`, whose files get other names"
                ))
            }
            To::Files { pattern, .. } => {
                let pattern = escape(pattern);
                Words::alike(format!(
                    "names of files such as `{pattern}`, which get other names"
                ))
            }
            To::Skipped(_) => Words {
                named: format!("{text}, which isn't published because of its uncommon extension"),
                what: "files that aren't published because of their uncommon extensions"
                    .to_string(),
                why: String::new(),
            },
            To::File(file) => Words {
                named: format!("{text}, which gets another name"),
                ..self.words_for_place(&mentioned.place, *file)
            },
        }
    }

    /// Returns the words for a place that names this file.
    fn words_for_place(&self, place: &Place, file: usize) -> Words {
        let why = match place {
            Place::Attribute(attribute) => format!(
                ", in an attribute unknown to browsers (`{}`)",
                escape(attribute)
            ),
            Place::Pointer(pointer) => format!(", at `{}`", escape(pointer)),
            Place::Unread => ", but the script can't be parsed".to_string(),
            _ => ", but text like this isn't rewritten".to_string(),
        };
        let folder = match (place, self.tree.assets[file].path.folder()) {
            (Place::Attribute(_) | Place::Pointer(_) | Place::Unread, _) | (_, "") => String::new(),
            (_, folder) => format!(" in `{}`", escape(folder)),
        };
        Words {
            named: String::new(),
            what: format!("files{folder} that get other names"),
            why,
        }
    }
}

/// Says whether a person wrote the script which has a path there, and can write it otherwise.
pub(in crate::naming) fn is_by_hand(
    script: &Asset,
    draft: &Draft,
    (_, column): (u32, u32),
) -> bool {
    let mut folders = script.path.folder().split('/');
    column <= LINE_CHARS_MAX
        && draft.size_bytes <= BY_HAND_BYTES_MAX
        && !folders.any(|folder| OF_LIBRARIES.contains(&folder))
        && !script.path.as_str().contains(".min.")
        && script.policy.names != NameStyle::Fingerprinted
}
