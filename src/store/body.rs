//! Content of an object on its way to a store: small objects in memory, large ones in parts from a
//! file. The bytes that are sent are those that were hashed; otherwise the upload fails.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::base::disk::files;
use crate::base::encode::read_full;
use crate::base::progress::Progress;
use crate::store::{StoreError, StoreErrorKind};

/// Content that is sent for one object.
#[derive(Debug)]
pub struct Body {
    /// Bytes to send.
    pub content: Content,
    /// True if the bytes are gzipped.
    pub is_gzipped: bool,
}

/// Source of a body's bytes.
#[derive(Debug)]
pub enum Content {
    /// In memory.
    Memory(Bytes),
    /// On disk, read in parts.
    File(Parts),
}

impl Body {
    /// Returns the size as sent, in bytes.
    pub fn size_bytes(&self) -> u64 {
        match &self.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File(parts) => parts.size_bytes,
        }
    }
}

/// File that is read once, part by part. The last part is returned only if all parts together have
/// the expected digest.
#[derive(Debug)]
pub struct Parts {
    file: File,
    size_bytes: u64,
    left_bytes: u64,
    expected: Option<blake3::Hash>,
    /// Boxed because it takes two kilobytes, too much for the variant of an enum.
    hasher: Box<blake3::Hasher>,
    progress: Arc<Progress>,
}

impl Parts {
    pub(crate) fn new(
        file: File,
        size_bytes: u64,
        expected: Option<blake3::Hash>,
        progress: &Arc<Progress>,
    ) -> Parts {
        let progress = Arc::clone(progress);
        Parts {
            file,
            size_bytes,
            left_bytes: size_bytes,
            expected,
            hasher: Box::new(blake3::Hasher::new()),
            progress,
        }
    }

    /// Size of the whole file, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Returns the number of bytes that aren't read yet.
    pub fn left_bytes(&self) -> u64 {
        self.left_bytes
    }

    /// Returns the CRC32C of the whole file. Reads the file from its start, then rewinds it.
    pub fn crc32c(&mut self) -> io::Result<u32> {
        let mut buffer = files::zeros(1 << 20)?;
        let mut crc = 0;
        loop {
            let n = read_full(&mut self.file, &mut buffer)?;
            if n == 0 {
                break;
            }
            crc = crc32c::crc32c_append(crc, &buffer[..n]);
        }
        self.file.seek(SeekFrom::Start(0))?;
        Ok(crc)
    }

    /// Reads the next part: `part_bytes` unless it's the last one, and empty at the end of the
    /// file. Blocks the thread.
    pub fn next(&mut self, part_bytes: usize) -> io::Result<Bytes> {
        if self.progress.is_stopped() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "stopped"));
        }
        let size = self.left_bytes.min(part_bytes as u64) as usize;
        let mut part = files::zeros(size)?;
        if read_full(&mut self.file, &mut part)? != size {
            return Err(changed());
        }
        self.left_bytes -= size as u64;
        if let Some(expected) = self.expected {
            self.hasher.update(&part);
            if self.left_bytes == 0
                && (self.hasher.finalize() != expected || self.file.read(&mut [0])? != 0)
            {
                return Err(changed());
            }
        }
        Ok(part.into())
    }
}

/// Runs [`Parts::next`] outside the async threads.
pub(crate) async fn next_part(mut parts: Parts, part_bytes: usize) -> (Parts, io::Result<Bytes>) {
    let read = move || {
        let part = parts.next(part_bytes);
        (parts, part)
    };
    tokio::task::spawn_blocking(read)
        .await
        .expect("reading a part doesn't panic")
}

#[derive(Debug, thiserror::Error)]
#[error("changed while being published")]
struct Changed;

/// Returns the error for a file that isn't the one that was hashed.
pub(crate) fn changed() -> io::Error {
    io::Error::other(Changed)
}

/// Converts an I/O error of a file to an error of a storage.
pub fn explain(file: &Path, error: &io::Error) -> StoreError {
    let kind = match error.get_ref().is_some_and(|inner| inner.is::<Changed>()) {
        true => StoreErrorKind::FileChanged,
        false if error.kind() == io::ErrorKind::Interrupted => StoreErrorKind::Interrupted,
        false => StoreErrorKind::Other,
    };
    let why = crate::base::text::plain(error);
    let message = format!("`{}`: {why}", file.display());
    let hint = if crate::base::text::is_out_of_files(error) {
        crate::base::text::OUT_OF_FILES_HINT
    } else {
        ""
    };
    let told = StoreError::new(kind, message).cause(why).of_file(error);
    told.hint(hint)
}
