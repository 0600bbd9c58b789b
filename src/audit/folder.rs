//! A folder's files as they are on disk: their bytes, the `.gz` beside them, who may read and write
//! them, and `_headers`.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;

use flate2::read::GzDecoder;

use super::Subject;
use super::finding::{Address, Finding, Kind};
use super::object::missing;
use crate::base::disk::files;
use crate::base::encode;
use crate::base::hint::Verb;
use crate::base::name::EncodingPolicy;
use crate::base::text::plain;
use crate::doctor;
use crate::release::manifest::{Entry, Manifest};
use crate::store::command::quoted;
use crate::store::directory::headers_file::{HEADERS_FILE, Served, lacking};
use crate::store::directory::{OWN_FOLDER, PLAIN_FILE};
use crate::store::{PART_BYTES, StoreError, StoreErrorKind};

/// Everything that is wrong with an entry's file.
pub(super) async fn look(subject: &Subject<'_>, manifest: &Manifest, at: usize) -> Vec<Finding> {
    let Some(folder) = subject.target.place.folder() else {
        return Vec::new();
    };
    let (folder, entry) = (folder.to_path_buf(), manifest.entries[at].clone());
    // A file of the tree may be called like another one's `.gz`.
    let gz_key = format!("{}.gz", entry.key);
    let is_taken = manifest.entries.iter().any(|e| e.key.as_str() == gz_key);
    let is_compressible = manifest.headers_of(&entry).encoding == EncodingPolicy::Gzip;
    let work = move || {
        let file = folder.join(entry.key.as_str());
        let twin = (!is_taken).then(|| folder.join(gz_key));
        let findings = look_at_file(&entry, &file, twin.as_deref(), is_compressible).into_iter();
        let place = |finding: Finding| finding.of(&entry).at(Address::Storage);
        findings.map(place).collect()
    };
    tokio::task::spawn_blocking(work)
        .await
        .expect("reading a file doesn't panic")
}

/// Everything that is wrong with a file, and with its `.gz`: none where that is the name of another
/// file.
fn look_at_file(
    entry: &Entry,
    file: &Path,
    twin: Option<&Path>,
    is_compressible: bool,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = whole(entry, file).into_iter().collect();
    match (twin, is_compressible) {
        (Some(twin), true) if findings.is_empty() => findings.extend(gz(entry, file, twin)),
        (Some(twin), false) if twin.exists() => findings.push(odd_gz()),
        _ => {}
    }
    let wrong = [Some(file), twin].into_iter().flatten();
    findings.extend(wrong.filter_map(mode).next());
    findings
}

/// Checks whether a `.gz` file is beside an entry's file. Servers send it to clients that accept
/// gzip.
pub(super) fn has_gz(subject: &Subject<'_>, manifest: &Manifest, entry: &Entry) -> bool {
    let Some(folder) = subject.target.place.folder() else {
        return false;
    };
    let is_allowed = manifest.headers_of(entry).encoding == EncodingPolicy::Gzip;
    is_allowed && folder.join(format!("{}.gz", entry.key)).exists()
}

fn whole(entry: &Entry, file: &Path) -> Option<Finding> {
    let wanted = || format!("{} bytes, as published", entry.size_bytes);
    match files::open(file).and_then(measure) {
        Ok((bytes, digest)) if bytes == entry.size_bytes && digest == entry.digest => None,
        Ok((bytes, _)) if bytes == entry.size_bytes => {
            let seen = format!("{bytes} different bytes");
            Some(Finding::failed(Kind::Content, wanted(), seen))
        }
        Ok((bytes, _)) => {
            let seen = format!("{bytes} bytes");
            Some(Finding::failed(Kind::Content, wanted(), seen))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Some(missing(entry)),
        Err(e) => Some(Finding::failed(Kind::Unreadable, wanted(), plain(&e))),
    }
}

/// Reports a `.gz` beside a file that is never compressed: servers that look for a `.gz` send it
/// instead of the file.
fn odd_gz() -> Finding {
    let seen = "a `.gz` next to it, which some servers send instead";
    Finding::failed(Kind::Encoding, "no `.gz` next to it", seen)
}

/// A file is for everybody to read, and for its owner alone to write.
#[cfg(unix)]
fn mode(file: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o7777;
    let seen = match (mode & 0o022, mode & 0o004) {
        (0, 0) => format!("mode {mode:04o}: a web server running as another user can't read it"),
        (0, _) => return None,
        _ => format!("mode {mode:04o}: users other than its owner can write to it"),
    };
    Some(Finding::failed(Kind::Acl, "mode 0644", seen))
}

#[cfg(not(unix))]
fn mode(_file: &Path) -> Option<Finding> {
    None
}

#[cfg(unix)]
fn make_readable(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// Lets everybody read a file and its `.gz`, and only the owner write them.
pub(super) async fn set_mode(subject: &Subject<'_>, entry: &Entry) -> Result<(), StoreError> {
    let Some(folder) = subject.target.place.folder() else {
        return Ok(());
    };
    let (file, gz) = (
        folder.join(entry.key.as_str()),
        folder.join(format!("{}.gz", entry.key)),
    );
    for file in [file, gz].into_iter().filter(|file| file.exists()) {
        make_readable(&file).map_err(|e| {
            let message = format!("Cannot set the mode of `{}`: {}", entry.path, plain(&e));
            StoreError::new(StoreErrorKind::Other, message)
                .hint("run the repair as the user who owns the file")
        })?;
    }
    Ok(())
}

/// Checks everything beside a folder's objects: the folders that contain them, and `_headers`.
pub(super) async fn beside(subject: &Subject<'_>, manifest: &Manifest) -> Vec<Finding> {
    let Some(folder) = subject.target.place.folder() else {
        return Vec::new();
    };
    let headers = headers_file(folder, manifest).map(|(wanted, seen)| {
        Finding::failed(Kind::Headers, wanted, seen)
            .fix(doctor::own_command(subject.target, Verb::Push))
    });
    let found = folders(folder, manifest)
        .into_iter()
        .chain(headers)
        .chain(leftovers(subject, folder));
    found.map(|finding| finding.at(Address::Storage)).collect()
}

/// Reports files of assetsync itself in the published folder: earlier versions kept them there, and
/// a killed run leaves them.
fn leftovers(subject: &Subject<'_>, folder: &Path) -> Option<Finding> {
    const WANTED: &str = "only files for visitors in the published folder";
    let own = folder.join(OWN_FOLDER);
    if !own.is_dir() {
        return None;
    }
    let push = doctor::own_command(subject.target, Verb::Push);
    if own.join(PLAIN_FILE).exists() {
        let seen = format!(
            "`{OWN_FOLDER}/{PLAIN_FILE}`, which lists all plain names, even those that nothing links to"
        );
        return Some(Finding::failed(Kind::State, WANTED, seen).fix(push));
    }
    let seen = format!("`{OWN_FOLDER}/`, left by an earlier version or a killed run");
    let own = quoted(&own.display().to_string());
    let fix = format!(
        "`{push}`; if the folder still exists then, and nobody is publishing, `rm -r {own}`"
    );
    Some(Finding::warning(Kind::State, WANTED, seen).fix(fix))
}

/// Returns the expected and the actual state of `_headers`; none if the file is right.
fn headers_file(folder: &Path, manifest: &Manifest) -> Option<(&'static str, String)> {
    const WANTED: &str = "`_headers` with the headers of this release";
    let there = match std::fs::read_to_string(folder.join(HEADERS_FILE)) {
        Ok(there) => there,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Some((WANTED, "no `_headers`".to_string()));
        }
        Err(e) => return Some((WANTED, format!("`_headers` can't be read: {}", plain(&e)))),
    };
    let served = manifest.published().map(|entry| Served {
        key: &entry.key,
        is_plain: !entry.is_keyed() && entry.key.as_str() == &*entry.path,
        headers: manifest.headers_of(entry),
    });
    let line = lacking(&there, &served.collect::<Vec<_>>())?;
    let seen = format!("`_headers` differs, first at `{line}`");
    Some((WANTED, seen))
}

/// Folders that a web server can't look into, or that everybody may write to.
#[cfg(unix)]
fn folders(folder: &Path, manifest: &Manifest) -> Vec<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let modes: Vec<u32> = all_folders(folder, manifest)
        .iter()
        .filter_map(|folder| Some(std::fs::metadata(folder).ok()?.permissions().mode()))
        .collect();
    let count = |is_wrong: fn(&u32) -> bool| modes.iter().filter(|mode| is_wrong(mode)).count();
    let closed = count(|mode| mode & 0o001 == 0);
    let open = count(|mode| mode & 0o002 != 0);
    let closed = of_folders(
        folder,
        closed,
        "that a web server running as another user can't open",
        "a+rx",
    );
    let open = of_folders(
        folder,
        open,
        "that every user of this machine can write to",
        "o-w",
    );
    closed.into_iter().chain(open).collect()
}

/// The published folder, and all below it that have published files.
#[cfg(unix)]
fn all_folders(folder: &Path, manifest: &Manifest) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::from([folder.to_path_buf()]);
    for entry in manifest.published() {
        let file = folder.join(entry.key.as_str());
        let above = file.ancestors().skip(1);
        all.extend(
            above
                .take_while(|above| *above != folder)
                .map(Path::to_path_buf),
        );
    }
    all
}

/// Returns the finding for this number of folders with wrong modes, with the `chmod` that fixes
/// them.
#[cfg(unix)]
fn of_folders(folder: &Path, number: usize, says: &str, mode: &str) -> Option<Finding> {
    let seen = format!(
        "{} {says}",
        crate::base::text::count(number as u64, "folder")
    );
    let fix = format!(
        "find {} -type d -exec chmod {mode} {{}} +",
        folder.display()
    );
    (number > 0).then(|| Finding::failed(Kind::Acl, "mode 0755", seen).fix(fix))
}

#[cfg(not(unix))]
fn folders(_folder: &Path, _manifest: &Manifest) -> Vec<Finding> {
    Vec::new()
}

fn measure(mut from: impl Read) -> io::Result<(u64, blake3::Hash)> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut from, &mut hasher)?;
    Ok((bytes, hasher.finalize()))
}

fn gz(entry: &Entry, file: &Path, gz: &Path) -> Option<Finding> {
    // More than was published is enough to know.
    let unpacked = |gz| measure(GzDecoder::new(gz).take(entry.size_bytes + 1));
    match files::open(gz) {
        Ok(opened) => match unpacked(opened) {
            Ok((bytes, digest)) if bytes == entry.size_bytes && digest == entry.digest => None,
            _ => {
                let seen = "its `.gz` has different content, and browsers get that";
                Some(Finding::failed(
                    Kind::Encoding,
                    "the same content, gzipped",
                    seen,
                ))
            }
        },
        Err(_) if is_worth_gz(entry, file) => {
            let seen = "no `.gz` next to it (slow)";
            Some(Finding::warning(
                Kind::Encoding,
                "the same content, gzipped",
                seen,
            ))
        }
        Err(_) => None,
    }
}

/// Checks whether a push would create a `.gz`. Large files are never checked.
fn is_worth_gz(entry: &Entry, file: &Path) -> bool {
    if entry.size_bytes > PART_BYTES as u64 {
        return false;
    }
    let content = files::read(file, PART_BYTES as u64);
    content.is_ok_and(|content| encode::gzip(&content, 9).is_some())
}
