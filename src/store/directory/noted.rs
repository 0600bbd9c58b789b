//! What the mutable names of a folder were stored for: `plain.json`.
//!
//! What is about to be written is noted as begun, all at once, before the first write; the files themselves tell how far a
//! killed run came. When a run ends, what it wrote is noted for good. Both change what is noted at that moment, under the folder's
//! lock, and nothing of others.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{exists, failed, file_version};
use crate::build::Object;
use crate::store::{StoreError, StoreErrorKind, Version};

/// `plain.json`, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plain {
    version: u32,
    /// By key.
    pub(super) objects: BTreeMap<String, PlainObject>,
    /// What runs that haven't ended are about to write, or were when they were killed. By key; none in older files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) begun: BTreeMap<String, PlainObject>,
}

impl Plain {
    /// Takes in what an earlier version of the program noted since.
    pub(super) fn add(&mut self, former: Plain) {
        for key in former.objects.keys() {
            self.begun.remove(key);
        }
        self.objects.extend(former.objects);
        self.begun.extend(former.begun);
    }
}

/// What a mutable name was stored for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlainObject {
    pub(super) token: String,
    /// blake3 of the file, in hex: an edit by hand is seen.
    pub(super) digest: String,
}

impl PlainObject {
    pub(super) fn of(object: &Object) -> PlainObject {
        PlainObject {
            token: object.token.to_string(),
            digest: object.digest.to_hex().to_string(),
        }
    }
}

/// What this run does under a mutable name.
#[derive(Debug)]
pub(super) enum Own {
    /// It's about to write this.
    Begun(PlainObject),
    /// It wrote this, which made the file this version.
    Written(PlainObject, Version),
    /// It deleted the file.
    Deleted,
}

/// What is known of a mutable name: at most one of these is in the file.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Written as a whole.
    pub(super) whole: Vec<PlainObject>,
    /// Perhaps written, perhaps in part: the file, but not the `.gz` beside it.
    pub(super) begun: Option<PlainObject>,
}

/// What is noted, and what this run adds to it.
#[derive(Debug)]
pub(super) struct Noted {
    file: PathBuf,
    /// Where earlier versions have it.
    former: Option<PathBuf>,
    /// As it was read last, and of which versions of the files, if there were any.
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

    /// Whether a file of the tree has this name.
    pub(super) fn is_object(&mut self, key: &str) -> Result<bool, StoreError> {
        let known = self.known(key)?;
        Ok(!known.whole.is_empty() || known.begun.is_some())
    }

    /// As it is now: another run may have changed it.
    fn noted(&mut self) -> Result<&Plain, StoreError> {
        let version = |file: &Path| {
            let metadata = exists(file).map_err(|e| failed("look at", file, &e))?;
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

/// What is noted in `file`; nothing, if there is none.
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
                "`{}` is of version {version}, and this assetsync knows version 1",
                file.display()
            );
            Err(StoreError::new(StoreErrorKind::Other, message).hint("use a newer assetsync"))
        }
        // What can't be read is made anew: at worst, every plain name is written once more.
        _ => Ok(serde_json::from_value(value).unwrap_or(nothing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_of_what_is_remembered_still_loads() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/plain/v1.json");
        let plain = read(Path::new(file)).expect("loads");
        assert_eq!(
            plain.objects["index.html"].token,
            "ogcpbu2qiv2ak6ufu23mzqqkxa"
        );
    }

    #[test]
    fn a_later_version_is_refused_and_nonsense_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("plain.json");
        fs::write(&file, r#"{"version": 2, "things": []}"#).expect("written");
        assert!(
            read(&file)
                .expect_err("refused")
                .message
                .contains("version 2")
        );
        fs::write(&file, "{").expect("written");
        assert!(read(&file).expect("forgotten").objects.is_empty());
    }
}
