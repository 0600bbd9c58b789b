//! Notes about the mutable names of a folder: `plain.json` says what was stored under each.
//!
//! Before the first write, all files that will be written are noted as begun, in one step. If a run
//! is killed, its files show how far it came. When a run ends, the files that it wrote are noted
//! permanently. Both steps change the notes as they are at that moment, under the folder's lock,
//! and leave the notes of other runs alone.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{exists, failed, file_version};
use crate::store::Upload;
use crate::store::{StoreError, StoreErrorKind, Version};

/// `plain.json`, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plain {
    version: u32,
    /// Finished objects by key.
    pub(super) objects: BTreeMap<String, PlainObject>,
    /// Objects by key that unfinished runs are about to write, or were about to write when they
    /// were killed. Older files have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) begun: BTreeMap<String, PlainObject>,
}

impl Plain {
    /// Adds what an earlier version of the program has noted since.
    pub(super) fn add(&mut self, former: Plain) {
        for key in former.objects.keys() {
            self.begun.remove(key);
        }
        self.objects.extend(former.objects);
        self.begun.extend(former.begun);
    }
}

/// Object that was stored under a mutable name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlainObject {
    pub(super) token: String,
    /// blake3 of the file, in hex. It shows edits by hand.
    pub(super) digest: String,
}

impl PlainObject {
    pub(super) fn of(object: &Upload) -> PlainObject {
        PlainObject {
            token: object.token.to_string(),
            digest: object.digest.to_hex().to_string(),
        }
    }
}

/// Change of this run under a mutable name.
#[derive(Debug)]
pub(super) enum Own {
    /// The run is about to write this object.
    Begun(PlainObject),
    /// The run wrote this object; the file then had this version.
    Written(PlainObject, Version),
    /// The run deleted the file.
    Deleted,
}

/// Objects that are known for a mutable name. At most one of these is in the file.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Objects that were written completely.
    pub(super) whole: Vec<PlainObject>,
    /// Object that may be written, or written in part: the file, but not the `.gz` beside it.
    pub(super) begun: Option<PlainObject>,
}

/// Notes about a folder, and the changes of this run.
#[derive(Debug)]
pub(super) struct Noted {
    file: PathBuf,
    /// File where earlier versions have the notes.
    former: Option<PathBuf>,
    /// Notes as last read, with the versions of both files, if these existed.
    read: Option<([Option<Version>; 2], Plain)>,
    pub(super) own: BTreeMap<String, Own>,
}

impl Noted {
    pub(super) fn new(file: PathBuf, former: Option<PathBuf>) -> Noted {
        Noted {
            file,
            former,
            read: None,
            own: BTreeMap::new(),
        }
    }

    pub(super) fn known(&mut self, key: &str) -> Result<Known, StoreError> {
        let noted = self.noted()?;
        let whole = noted.objects.get(key).cloned();
        let begun = noted.begun.get(key).cloned();
        let own = match self.own.get(key) {
            Some(Own::Written(object, _)) => Some(object.clone()),
            Some(Own::Deleted) => return Ok(Known::default()),
            Some(Own::Begun(_)) | None => None,
        };
        Ok(Known {
            whole: own.into_iter().chain(whole).collect(),
            begun,
        })
    }

    /// Returns true if a file of the tree has this name.
    pub(super) fn is_object(&mut self, key: &str) -> Result<bool, StoreError> {
        let known = self.known(key)?;
        Ok(!known.whole.is_empty() || known.begun.is_some())
    }

    /// Returns the current notes: another run may have changed them.
    fn noted(&mut self) -> Result<&Plain, StoreError> {
        let version = |file: &Path| {
            let metadata = exists(file).map_err(|e| failed("access", file, &e))?;
            Ok::<_, StoreError>(metadata.as_ref().map(file_version))
        };
        let former = match &self.former {
            Some(former) => version(former)?,
            None => None,
        };
        let versions = [version(&self.file)?, former];
        let read = match self.read.take() {
            Some((of, plain)) if of == versions => (of, plain),
            _ => {
                let mut plain = read(&self.file)?;
                if let (Some(former), [_, Some(_)]) = (&self.former, &versions) {
                    plain.add(read(former)?);
                }
                (versions, plain)
            }
        };
        Ok(&self.read.insert(read).1)
    }
}

/// Reads the notes in `file`; they are empty if there is no file.
pub(super) fn read(file: &Path) -> Result<Plain, StoreError> {
    let nothing = Plain {
        version: 1,
        objects: BTreeMap::new(),
        begun: BTreeMap::new(),
    };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(nothing),
        Err(e) => return Err(failed("read", file, &e)),
    };
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match value["version"].as_u64() {
        Some(version) if version != 1 => {
            let message = format!(
                "`{}` has version {version}, but this assetsync supports only version 1",
                file.display()
            );
            Err(StoreError::new(StoreErrorKind::Other, message).hint("install a newer assetsync"))
        }
        // Unreadable notes are started anew: at worst, every plain name is written once more.
        _ => Ok(serde_json::from_value(value).unwrap_or(nothing)),
    }
}

#[cfg(test)]
mod tests;
