//! A folder's files, and the `.gz` beside them, as they are on disk.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::Subject;
use super::finding::{Address, Finding, Kind};
use super::object::missing;
use crate::config::Place;
use crate::encode;
use crate::error::plain;
use crate::name::EncodingPolicy;
use crate::release::manifest::{Entry, Manifest};
use crate::store::PART_BYTES;

/// Everything that is wrong with an entry's file.
pub(super) async fn look(subject: &Subject<'_>, manifest: &Manifest, at: usize) -> Vec<Finding> {
    let Place::Directory(folder) = &subject.target.place else {
        return Vec::new();
    };
    let (folder, entry) = (folder.clone(), manifest.entries[at].clone());
    // A file of the tree may be called like another one's `.gz`.
    let gz_key = format!("{}.gz", entry.key);
    let is_taken = manifest.entries.iter().any(|e| e.key.as_str() == gz_key);
    let may_have_gz = manifest.headers_of(&entry).encoding == EncodingPolicy::Gzip && !is_taken;
    let work = move || {
        let file = folder.join(entry.key.as_str());
        let mut findings: Vec<Finding> = whole(&entry, &file).into_iter().collect();
        if may_have_gz && findings.is_empty() {
            findings.extend(gz(&entry, &file, &folder.join(gz_key)));
        }
        let place = |finding: Finding| finding.of(&entry).at(Address::Storage);
        findings.into_iter().map(place).collect()
    };
    tokio::task::spawn_blocking(work)
        .await
        .expect("reading a file doesn't panic")
}

/// Whether an entry's file has a `.gz` beside it, which a server should send to whoever takes gzip.
pub(super) fn has_gz(subject: &Subject<'_>, manifest: &Manifest, entry: &Entry) -> bool {
    let Place::Directory(folder) = &subject.target.place else {
        return false;
    };
    let is_allowed = manifest.headers_of(entry).encoding == EncodingPolicy::Gzip;
    is_allowed && folder.join(format!("{}.gz", entry.key)).exists()
}

fn whole(entry: &Entry, file: &Path) -> Option<Finding> {
    let wanted = || format!("{} bytes, as published", entry.size_bytes);
    match File::open(file).and_then(measure) {
        Ok((bytes, digest)) if bytes == entry.size_bytes && digest == entry.digest => None,
        Ok((bytes, _)) if bytes == entry.size_bytes => {
            let seen = format!("{bytes} other bytes");
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

fn measure(mut from: impl Read) -> io::Result<(u64, blake3::Hash)> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut from, &mut hasher)?;
    Ok((bytes, hasher.finalize()))
}

fn gz(entry: &Entry, file: &Path, gz: &PathBuf) -> Option<Finding> {
    // More than was published is enough to know.
    let unpacked = |gz| measure(GzDecoder::new(gz).take(entry.size_bytes + 1));
    match File::open(gz) {
        Ok(opened) => match unpacked(opened) {
            Ok((bytes, digest)) if bytes == entry.size_bytes && digest == entry.digest => None,
            _ => {
                let seen = "its `.gz` holds something else, which browsers get";
                Some(Finding::failed(Kind::Encoding, "the same gzipped", seen))
            }
        },
        Err(_) if is_worth_gz(entry, file) => {
            let seen = "no `.gz` beside it, so slow";
            Some(Finding::warning(Kind::Encoding, "the same gzipped", seen))
        }
        Err(_) => None,
    }
}

/// Whether a push would make a `.gz`; of large files nobody asks.
fn is_worth_gz(entry: &Entry, file: &Path) -> bool {
    if entry.size_bytes > PART_BYTES as u64 {
        return false;
    }
    let content = std::fs::read(file);
    content.is_ok_and(|content| encode::gzip(&content, 9).is_some())
}
