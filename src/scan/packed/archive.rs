//! Archives: zip and tar.

use std::io::{self, Read};

use flate2::read::DeflateDecoder;
use rawzip::{
    CompressionMethod, RangeReader, ReaderAt, ZipArchive, ZipFileHeaderRecord, ZipLocator,
};

use super::{Closed, Place, Walk};
use crate::base::encode::read_full;

/// Bytes of the end of a zip, without its comment, and the longest comment.
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
            let member = place.named(&path);
            if !self.name(member) {
                return self.closed(place, Closed::TooMany);
            }
            let is_read = !record.is_dir() && self.member(&archive, &record, member);
            if is_read && self.is_spent() {
                return;
            }
        }
    }

    /// Looks at a file in a zip; false if it can't be opened.
    fn member<R: ReaderAt>(
        &mut self,
        archive: &ZipArchive<R>,
        record: &ZipFileHeaderRecord<'_>,
        member: Place<'_>,
    ) -> bool {
        if record.flags().is_encrypted() {
            self.closed(member, Closed::Encrypted);
            return false;
        }
        let Ok(entry) = archive.get_entry(record.wayfinder()) else {
            self.closed(member, Closed::Damaged);
            return false;
        };
        match record.compression_method() {
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
        true
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
            let member = place.named(&path);
            if !self.name(member) {
                return self.closed(place, Closed::TooMany);
            }
            if let Some(target) = entry.link_name_bytes() {
                self.name(place.named(&joined(place.path, &target)));
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
