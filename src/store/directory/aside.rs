//! What only assetsync needs of a folder, where visitors don't get it: `plain.json` and `lock` are in the private folder
//! `.assetsync` of the place that has the releases. Earlier versions had them in the published folder: what is there is brought
//! out, and its lock is held, too, for as long as it's there.
//!
//! In the published folder are unfinished files alone, for as long as they are: what is made elsewhere and brought there has
//! neither the labels of SELinux nor the ACLs of the folder, without which a web server can't read it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::documents::LOCK_FILE;
use super::{Folder, exists, failed, noted};
use crate::rights;
use crate::store::StoreError;

pub(crate) const OWN_FOLDER: &str = ".assetsync";
pub(crate) const PLAIN_FILE: &str = "plain.json";
const UNFINISHED: &str = "unfinished";

/// Unfinished files that are called so are locked by whoever writes them.
const PREFIX: &str = "new-";

/// Nobody needs longer than this to lock a file after making it.
const LOCKED_AGE: Duration = Duration::from_secs(60);

/// Those of earlier versions aren't locked: at this age, they belong to a run that was killed.
const UNFINISHED_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How often an unfinished file is tried to be made in a folder that others take away.
const TRIES: usize = 100;

/// Where it is.
#[derive(Debug)]
pub(super) struct Aside {
    /// The place that has the releases.
    place: PathBuf,
    /// In the published folder.
    within: PathBuf,
}

/// Held until it's dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _files: Vec<File>,
}

/// There's no private folder, and it can't be made.
#[derive(Debug, thiserror::Error)]
#[error("the private folder `{}` can't be made: {}", folder.display(), crate::error::plain(why))]
pub(super) struct NoPlace {
    folder: PathBuf,
    why: io::Error,
}

impl NoPlace {
    /// This one, if it's behind an error.
    pub(super) fn behind(error: &io::Error) -> Option<&NoPlace> {
        error.get_ref()?.downcast_ref()
    }

    pub(super) fn hint(&self) -> String {
        let folder = self.folder.display().to_string();
        let folder = crate::config::command::quoted(&folder);
        format!(
            "make it once with `sudo install -d -m 700 -o \"$(id -un)\" {folder}`, or write `state = \"file:FOLDER\"` in the target, with a folder \
             that you may write to and visitors can't read"
        )
    }
}

impl Aside {
    /// Of the folder `root`, whose releases are in `place`; the same for a folder of releases.
    pub(super) fn new(root: &Path, place: &Path) -> Aside {
        Aside {
            place: place.to_path_buf(),
            within: root.join(OWN_FOLDER),
        }
    }

    fn folder(&self) -> PathBuf {
        self.place.join(OWN_FOLDER)
    }

    /// Whether it's about a folder of releases, which is private as a whole.
    fn is_of_releases(&self) -> bool {
        self.folder() == self.within
    }

    /// What the mutable names were stored for.
    pub(super) fn notes(&self) -> PathBuf {
        self.folder().join(PLAIN_FILE)
    }

    /// The same, where earlier versions have it.
    pub(super) fn former_notes(&self) -> Option<PathBuf> {
        (!self.is_of_releases()).then(|| self.within.join(PLAIN_FILE))
    }

    fn unfinished(&self) -> PathBuf {
        self.within.join(UNFINISHED)
    }

    fn make(&self) -> io::Result<()> {
        make_place(&self.place).map_err(|why| {
            let folder = std::path::absolute(&self.place).unwrap_or_else(|_| self.place.clone());
            io::Error::new(why.kind(), NoPlace { folder, why })
        })
    }
}

impl Folder {
    /// Held while objects are looked at and changed. The folder itself is locked, too: it's the same for those who call it by another
    /// path, or keep its releases elsewhere. It doesn't do alone, since some file systems lock folders for one machine only.
    pub(super) fn lock(&self) -> io::Result<Lock> {
        self.aside.make()?;
        let folder = self.aside.folder();
        rights::make_folders(&folder)?;
        rights::close(&folder)?;
        let mut files = vec![rights::locked(&folder.join(LOCK_FILE))?];
        files.extend(locked_folder(&self.root)?);
        if !self.aside.is_of_releases() {
            files.extend(locked_if_there(&self.aside.within.join(LOCK_FILE))?);
        }
        Ok(Lock { _files: files })
    }

    /// Makes an unfinished file in the folder, where a rename can bring it to any key. It's private.
    pub(super) fn unfinished(&self) -> io::Result<NamedTempFile> {
        match self.aside.is_of_releases() {
            true => self.aside.make()?,
            false => rights::make_public(&self.root)?,
        }
        let folder = self.aside.unfinished();
        for _ in 1..TRIES {
            match unfinished_in(&folder) {
                // Somebody else is done, and took the folder away.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                made => return made,
            }
        }
        unfinished_in(&folder)
    }

    /// Brings what earlier versions noted in the published folder to where visitors don't get it. To be asked under the lock.
    pub(super) fn bring_out(&self) -> Result<(), StoreError> {
        let Some(former) = self.aside.former_notes() else {
            return Ok(());
        };
        let is_there = exists(&former).map_err(|e| failed("look at", &former, &e))?;
        if is_there.is_none() {
            return Ok(());
        }
        let notes = self.aside.notes();
        let mut all = noted::read(&notes)?;
        all.add(noted::read(&former)?);
        // Killed in between, both are there, and say the same.
        self.write_notes(&notes, &all)?;
        fs::remove_file(&former).map_err(|e| failed("remove", &former, &e))
    }

    /// Takes away what is in the published folder and isn't for visitors: what killed runs left, and what earlier versions had there.
    pub(super) fn clear_away(&self) -> io::Result<()> {
        let within = &self.aside.within;
        if !within.is_dir() {
            return Ok(());
        }
        sweep(&self.aside.unfinished())?;
        if self.aside.is_of_releases() {
            return Ok(());
        }
        let _lock = self.lock()?;
        if exists(&within.join(PLAIN_FILE))?.is_none() {
            gone(fs::remove_file(within.join(LOCK_FILE)))?;
        }
        remove_if_empty(&self.aside.unfinished())?;
        remove_if_empty(within)
    }
}

/// The folder for what is private. It's made for its owner alone; those above it aren't: they may be the published one's.
fn make_place(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| *above != Path::new("")) {
        rights::make_public(above)?;
    }
    rights::make_folder(folder).map(drop)
}

/// An unfinished file, held by us.
fn unfinished_in(folder: &Path) -> io::Result<NamedTempFile> {
    rights::make_folders(folder)?;
    let file = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempfile_in(folder)?;
    // Where files can't be locked, age alone tells.
    drop(file.as_file().try_lock());
    Ok(file)
}

/// Locks a folder by itself, if it's there, and if its file system can do that.
#[cfg(unix)]
fn locked_folder(folder: &Path) -> io::Result<Option<File>> {
    let opened = match File::open(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    Ok(opened.lock().is_ok().then_some(opened))
}

#[cfg(not(unix))]
fn locked_folder(_folder: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Locks a file of earlier versions, if there's one.
fn locked_if_there(file: &Path) -> io::Result<Option<File>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match File::options().append(true).open(file) {
        Err(e) if matches!(e.kind(), NotFound | NotADirectory) => Ok(None),
        Err(e) => Err(e),
        Ok(opened) => {
            opened.lock()?;
            Ok(Some(opened))
        }
    }
}

/// Removes what killed runs left. Other runs may do the same at this moment, so what is gone is fine.
fn sweep(unfinished: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(unfinished) else {
        return Ok(());
    };
    for entry in entries {
        gone(remove_if_left(&entry?))?;
    }
    Ok(())
}

fn remove_if_left(entry: &fs::DirEntry) -> io::Result<()> {
    let age = SystemTime::now().duration_since(entry.metadata()?.modified()?);
    let is_older = |least: Duration| age.as_ref().is_ok_and(|age| *age > least);
    let name = entry.file_name();
    let is_ours = name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
    let is_left =
        is_older(UNFINISHED_AGE_MAX) || is_ours && is_older(LOCKED_AGE) && is_free(&entry.path())?;
    match is_left {
        true => fs::remove_file(entry.path()),
        false => Ok(()),
    }
}

/// Whether nobody holds a file, as far as we may know.
fn is_free(file: &Path) -> io::Result<bool> {
    match File::options().append(true).open(file) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(false),
        opened => Ok(opened?.try_lock().is_ok()),
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn remove_if_empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => gone(removed),
    }
}
