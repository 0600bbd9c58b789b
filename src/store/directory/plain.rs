//! Notes about this run's writes under mutable names, made before and after the writes.

use std::io::{self, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use tempfile::NamedTempFile;

use super::noted::{self, Own, Plain, PlainObject};
use super::writing::replace;
use super::{Folder, digest, exists, failed, file_version};
use crate::base::disk::files;
use crate::store::StoreError;

impl Folder {
    /// Notes what is about to be written under mutable names, so that it's known even if this run
    /// is killed.
    pub(super) fn announce(&self, objects: Vec<(String, PlainObject)>) -> Result<(), StoreError> {
        self.note(|plain| {
            for (key, object) in &objects {
                if let Some(begun) = plain.begun.remove(key)
                    && self.is_whole(key, &begun)?
                {
                    plain.objects.insert(key.clone(), begun);
                }
                if plain.objects.get(key) != Some(object) {
                    plain.begun.insert(key.clone(), object.clone());
                }
            }
            Ok(())
        })?;
        let begun = objects
            .into_iter()
            .map(|(key, object)| (key, Own::Begun(object)));
        self.noted().own.extend(begun);
        Ok(())
    }

    /// Returns true if an object that some run began to write is complete, with its `.gz` if it has
    /// one.
    fn is_whole(&self, key: &str, begun: &PlainObject) -> Result<bool, StoreError> {
        let file = self.file(key);
        match exists(&file).map_err(|e| failed("access", &file, &e))? {
            None => Ok(false),
            Some(_) => Ok(
                digest(&file).map_err(|e| failed("read", &file, &e))? == begun.digest
                    && self.has_its_gz(key, begun)?,
            ),
        }
    }

    /// Returns true if the `.gz` beside an object has the same content, or if there is none.
    pub(super) fn has_its_gz(&self, key: &str, object: &PlainObject) -> Result<bool, StoreError> {
        let gz = format!("{key}.gz");
        if self.noted().is_object(&gz)? {
            return Ok(true);
        }
        let file = self.file(&gz);
        let content = match files::open(&file) {
            Ok(content) => content,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(e) => return Err(failed("read", &file, &e)),
        };
        let mut hasher = blake3::Hasher::new();
        let is_read = hasher.update_reader(GzDecoder::new(content)).is_ok();
        Ok(is_read && hasher.finalize().to_hex().as_str() == object.digest)
    }

    /// Notes permanently what this run did under mutable names.
    pub(super) fn remember(&self) -> Result<(), StoreError> {
        let own = std::mem::take(&mut self.noted().own);
        if own.is_empty() {
            return self.tidy();
        }
        self.note(|plain| {
            for (key, own) in own {
                let file = self.file(&key);
                let there = exists(&file).map_err(|e| failed("access", &file, &e))?;
                let there = there.as_ref().map(file_version);
                if let Own::Begun(object) | Own::Written(object, _) = &own
                    && plain.begun.get(&key) == Some(object)
                {
                    plain.begun.remove(&key);
                }
                match own {
                    // Another run may have written since, and has noted that.
                    Own::Written(object, version) if there.as_ref() == Some(&version) => {
                        plain.objects.insert(key, object);
                    }
                    Own::Deleted if there.is_none() => {
                        plain.objects.remove(&key);
                        plain.begun.remove(&key);
                    }
                    _ => {}
                }
            }
            Ok(())
        })?;
        self.tidy()
    }

    /// Changes the notes as they are at this moment.
    pub(super) fn note(
        &self,
        change: impl FnOnce(&mut Plain) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let file = self.aside.notes();
        let _lock = self.lock().map_err(|e| failed("lock", &file, &e))?;
        self.bring_out()?;
        let before = noted::read(&file)?;
        let mut plain = before.clone();
        change(&mut plain)?;
        if plain == before {
            Ok(())
        } else {
            self.write_notes(&file, &plain)
        }
    }

    /// Writes the notes, readable only for the owner: they contain names of pages that no link
    /// leads to.
    pub(super) fn write_notes(&self, file: &Path, plain: &Plain) -> Result<(), StoreError> {
        let json = serde_json::to_string_pretty(plain).expect("strings are JSON") + "\n";
        let written = || {
            let folder = file.parent().expect("it's in a folder");
            let mut unfinished = NamedTempFile::new_in(folder)?;
            unfinished.write_all(json.as_bytes())?;
            // The bytes are synced before the rename: a crash must not leave an empty file under
            // the name.
            unfinished.as_file().sync_data()?;
            replace(unfinished, file)
        };
        written().map_err(|e| failed("write", file, &e))
    }

    pub(super) fn tidy(&self) -> Result<(), StoreError> {
        self.clear_away()
            .map_err(|e| failed("clean up", &self.root, &e))
    }
}
