//! Placeholders: strings of scripts and of JSON that are replaced by URLs. Pure.

use serde::{Deserialize, Serialize};

const FILES_START: &str = "$$ASSETS(";
const FILES_END: &str = ")$$";
const FOLDER: &str = "$$FOLDER$$";

/// The meaning of a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StandsFor {
    /// The URLs of these files, by their paths: a glob.
    Files(String),
    /// The URL of the keyed folder that the file is in.
    Folder,
}

/// Returns what a string stands for, if all of it is a placeholder.
pub(super) fn parse(value: &str) -> Option<StandsFor> {
    if value == FOLDER {
        return Some(StandsFor::Folder);
    }
    let glob = value.strip_prefix(FILES_START)?.strip_suffix(FILES_END)?;
    (!glob.contains(FILES_END)).then(|| StandsFor::Files(glob.to_string()))
}

/// Says whether there is one in a text, or the beginning of one.
pub(super) fn is_in(text: &str) -> bool {
    text.contains(FILES_START) || text.contains(FOLDER)
}
