//! The bytes of an object on their way to a store: in memory if they are few, in parts from a file if
//! they are many. What is sent is what was hashed, or an error.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;

use crate::build::Object;
use crate::encode::{self, read_full};
use crate::files;
use crate::progress::Progress;
use crate::store::{PART_BYTES, StoreError, StoreErrorKind};

/// What is sent for one object.
#[derive(Debug)]
pub struct Body {
    /// The bytes.
    pub content: Content,
    /// Whether they are gzipped.
    pub is_gzipped: bool,
}

/// Where a body's bytes are.
#[derive(Debug)]
pub enum Content {
    /// Here.
    Memory(Bytes),
    /// On disk; read in parts.
    File(Parts),
}

impl Body {
    /// The size as sent, in bytes.
    pub fn size_bytes(&self) -> u64 {
        match &self.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File(parts) => parts.size_bytes,
        }
    }
}

/// How much memory preparing and sending `object` takes at most, in bytes.
pub fn memory_bytes(object: &Object) -> usize {
    match usize::try_from(object.size_bytes) {
        Ok(size) if size <= PART_BYTES && object.try_gzip => 2 * size,
        Ok(size) if size <= PART_BYTES => size,
        _ => 4 * PART_BYTES,
    }
}

/// Reads, checks and compresses what is to be sent for `object`. Blocking; meant for a worker thread.
///
/// # Errors
/// The file can't be read, or its bytes aren't those that were hashed ([`StoreErrorKind::FileChanged`]).
pub fn prepare(
    object: &Object,
    gzip_level: u32,
    progress: &Arc<Progress>,
) -> Result<Body, StoreError> {
    let prepared = match object.size_bytes <= PART_BYTES as u64 {
        true => in_memory(object, gzip_level),
        false => on_disk(object, gzip_level, progress),
    };
    prepared.map_err(|error| explain(object, &error))
}

/// The file's bytes as they are published.
pub(crate) fn open(object: &Object) -> io::Result<Box<dyn Read + '_>> {
    let file = files::open(&object.file)?;
    Ok(match &object.edits {
        None => Box::new(file),
        Some(edits) => Box::new(edits.reader(io::BufReader::new(file))),
    })
}

fn in_memory(object: &Object, gzip_level: u32) -> io::Result<Body> {
    let bytes = files::read_from(open(object)?, object.size_bytes, object.size_bytes + 1)?;
    if blake3::hash(&bytes) != object.digest {
        return Err(changed());
    }
    let gzipped = if object.try_gzip {
        encode::gzip(&bytes, gzip_level)
    } else {
        None
    };
    Ok(match gzipped {
        Some(gzipped) => Body {
            content: Content::Memory(gzipped.into()),
            is_gzipped: true,
        },
        None => Body {
            content: Content::Memory(bytes.into()),
            is_gzipped: false,
        },
    })
}

fn on_disk(object: &Object, gzip_level: u32, progress: &Arc<Progress>) -> io::Result<Body> {
    if object.try_gzip
        && let Some(parts) = gzipped_on_disk(object, gzip_level, progress)?
    {
        return Ok(Body {
            content: Content::File(parts),
            is_gzipped: true,
        });
    }
    let file = match object.edits {
        None => files::open(&object.file)?,
        Some(_) => edited_on_disk(object)?,
    };
    let content = Content::File(Parts::new(
        file,
        object.size_bytes,
        Some(object.digest),
        progress,
    ));
    Ok(Body {
        content,
        is_gzipped: false,
    })
}

/// None if gzip doesn't save enough.
fn gzipped_on_disk(
    object: &Object,
    gzip_level: u32,
    progress: &Arc<Progress>,
) -> io::Result<Option<Parts>> {
    let mut content = Hashing {
        inner: open(object)?,
        hasher: blake3::Hasher::new(),
    };
    let mut gzipped = spool()?;
    let (read, written) =
        encode::gzip_stream(&mut content, &mut gzipped, gzip_level).map_err(no_room)?;
    if content.hasher.finalize() != object.digest {
        return Err(changed());
    }
    if !encode::is_worthwhile(read, written) {
        return Ok(None);
    }
    gzipped.seek(SeekFrom::Start(0))?;
    Ok(Some(Parts::new(gzipped, written, None, progress)))
}

fn edited_on_disk(object: &Object) -> io::Result<File> {
    let mut edited = spool()?;
    io::copy(&mut open(object)?, &mut edited).map_err(no_room)?;
    edited.seek(SeekFrom::Start(0))?;
    Ok(edited)
}

/// A full disk is the spool's, which isn't where one would look.
fn no_room(error: io::Error) -> io::Error {
    if !matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    ) {
        return error;
    }
    let folder = std::env::temp_dir();
    let message = format!(
        "no room in `{}` for its compressed form; TMPDIR names another folder",
        folder.display()
    );
    io::Error::new(error.kind(), message)
}

/// A file without a name, for what is too large for memory.
fn spool() -> io::Result<File> {
    files::with_few_handles(tempfile::tempfile).map_err(no_spool)
}

fn no_spool(error: io::Error) -> io::Error {
    let (folder, why) = (std::env::temp_dir(), crate::error::plain(&error));
    io::Error::new(
        error.kind(),
        format!(
            "no temporary file can be made in `{}`: {why}",
            folder.display()
        ),
    )
}

struct Hashing<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
}

/// A file that is read once, part by part. The last part is given only if all parts together have the
/// digest that was asked for.
#[derive(Debug)]
pub struct Parts {
    file: File,
    size_bytes: u64,
    left_bytes: u64,
    expected: Option<blake3::Hash>,
    /// Two kilobytes, so not in the variant of an enum.
    hasher: Box<blake3::Hasher>,
    progress: Arc<Progress>,
}

impl Parts {
    fn new(
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

    /// All of it, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// What isn't read yet, in bytes.
    pub fn left_bytes(&self) -> u64 {
        self.left_bytes
    }

    /// The CRC32C of the whole file, read from its start and wound back.
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

    /// The next part, of `part_bytes` unless it's the last; empty at the end. Blocking.
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

/// [`Parts::next`] off the async threads.
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
#[error("changed while it was published")]
struct Changed;

fn changed() -> io::Error {
    io::Error::other(Changed)
}

/// An I/O error of `object`'s file as a store error.
pub(crate) fn explain(object: &Object, error: &io::Error) -> StoreError {
    let kind = match error.get_ref().is_some_and(|inner| inner.is::<Changed>()) {
        true => StoreErrorKind::FileChanged,
        false if error.kind() == io::ErrorKind::Interrupted => StoreErrorKind::Interrupted,
        false => StoreErrorKind::Other,
    };
    let why = crate::error::plain(error);
    let message = format!("`{}`: {why}", object.file.display());
    let hint = if crate::error::is_out_of_files(error) {
        crate::error::OUT_OF_FILES_HINT
    } else {
        ""
    };
    StoreError::new(kind, message).cause(why).hint(hint)
}
