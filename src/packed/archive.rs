//! Archives: zip and tar.

use std::io::{self, Read};

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, RangeReader, ReaderAt, ZipLocator};

use super::{Closed, Place, Walk};
use crate::encode::read_full;

/// The end of a zip, without its comment, and the longest comment.
const ZIP_END_BYTES_MAX: u64 = 22 + 65_535;

/// Returns whether a file of another kind ends with a zip: readers look there first.
pub(super) fn is_at_end<R: ReaderAt + ?Sized>(source: &R, size_bytes: u64) -> io::Result<bool> {
    let start = size_bytes.saturating_sub(ZIP_END_BYTES_MAX);
    let mut tail = vec![0; (size_bytes - start) as usize];
    let n = read_full(&mut RangeReader::new(source, start..size_bytes), &mut tail)?;
    let mut ends = memchr::memmem::find_iter(&tail[..n], b"PK\x05\x06");
    // A directory of members stands before its end.
    Ok(ends.any(|at| at >= 46 || start > 0))
}

impl Walk<'_, '_> {
    /// Looks at every member of a zip.
    pub(super) fn zip<R: ReaderAt + ?Sized>(
        &mut self,
        source: &R,
        size_bytes: u64,
        place: Place<'_>,
    ) {
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let located = ZipLocator::new()
            .max_search_space(ZIP_END_BYTES_MAX)
            .locate_in_reader(source, &mut buffer, size_bytes);
        let Ok(archive) = located else {
            return self.closed(place, Closed::Damaged);
        };
        let mut entries = archive.entries(&mut buffer);
        loop {
            let record = match entries.next_entry() {
                Ok(Some(record)) => record,
                Ok(None) => return,
                Err(_) => return self.closed(place, Closed::Damaged),
            };
            let path = joined(place.path, record.file_path().as_bytes());
            let member = Place {
                path: &path,
                depth: place.depth,
            };
            if !self.name(member) {
                return self.closed(place, Closed::TooMany);
            }
            if record.is_dir() {
                continue;
            }
            if record.flags().is_encrypted() {
                self.closed(member, Closed::Encrypted);
                continue;
            }
            let method = record.compression_method();
            let Ok(entry) = archive.get_entry(record.wayfinder()) else {
                self.closed(member, Closed::Damaged);
                continue;
            };
            match method {
                CompressionMethod::STORE => {
                    let mut content = self.metered(entry.reader());
                    self.stream(&mut content, member);
                }
                CompressionMethod::DEFLATE => {
                    let mut content = self.metered(DeflateDecoder::new(entry.reader()));
                    self.stream(&mut content, member);
                }
                _ => self.closed(member, Closed::Format),
            }
            if self.is_spent() {
                return;
            }
        }
    }

    /// Looks at every member of a tar.
    pub(super) fn tar(&mut self, source: &mut dyn Read, place: Place<'_>) {
        let mut archive = tar::Archive::new(source);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.failed(place, &error),
        };
        for entry in entries {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.failed(place, &error),
            };
            let path = joined(place.path, &entry.path_bytes());
            let member = Place {
                path: &path,
                depth: place.depth,
            };
            if !self.name(member) {
                return self.closed(place, Closed::TooMany);
            }
            if let Some(target) = entry.link_name_bytes() {
                let target = joined(place.path, &target);
                let target = Place {
                    path: &target,
                    depth: place.depth,
                };
                self.name(target);
            }
            if entry.header().entry_type().is_file() {
                self.stream(&mut entry, member);
            }
            if self.is_spent() {
                return;
            }
        }
    }
}

fn joined(folder: &str, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let name = name.strip_prefix("./").unwrap_or(&name);
    match folder {
        "" => name.to_string(),
        _ => format!("{folder}/{name}"),
    }
}
