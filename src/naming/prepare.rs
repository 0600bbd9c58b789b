//! Prepares the bytes of an object for sending: reads, checks and compresses them. The result is
//! what was hashed, or an error.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::Object;
use crate::base::disk::files;
use crate::base::encode;
use crate::base::progress::Progress;
use crate::store::body::{Body, Content, Parts, changed, explain};
use crate::store::{PART_BYTES, StoreError};

/// Returns the memory that preparing and sending `object` takes at most, in bytes.
pub(crate) fn memory_bytes(object: &Object) -> usize {
    match usize::try_from(object.size_bytes) {
        Ok(size) if size <= PART_BYTES && object.try_gzip => 2 * size,
        Ok(size) if size <= PART_BYTES => size,
        _ => 4 * PART_BYTES,
    }
}

/// Reads, checks and compresses what is to be sent for `object`. Blocking; meant for a worker
/// thread.
///
/// # Errors
/// The file can't be read, or its bytes aren't those that were hashed
/// (`StoreErrorKind::FileChanged`).
pub fn prepare(
    object: &Object,
    gzip_level: u32,
    progress: &Arc<Progress>,
) -> Result<Body, StoreError> {
    let prepared = if object.size_bytes <= PART_BYTES as u64 {
        in_memory(object, gzip_level)
    } else {
        on_disk(object, gzip_level, progress)
    };
    prepared.map_err(|error| explain(&object.file, &error))
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
        "no space in `{}` for a temporary copy of it: free some, or set TMPDIR to another folder",
        folder.display()
    );
    io::Error::new(error.kind(), message)
}

/// A file without a name, for what is too large for memory.
fn spool() -> io::Result<File> {
    files::with_few_handles(tempfile::tempfile).map_err(no_spool)
}

fn no_spool(error: io::Error) -> io::Error {
    let (folder, why) = (std::env::temp_dir(), crate::base::text::plain(&error));
    io::Error::new(
        error.kind(),
        format!(
            "cannot create a temporary file in `{}`: {why} (the variable TMPDIR sets this folder)",
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
