//! Safe opening and reading of files that may be replaced at any moment. Nothing here waits for the
//! other end of a FIFO, reads a device, or takes more memory than there is.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Maximum number of attempts to open a file while the process has reached its limit of open files.
/// Other files are closed soon.
const TRIES_MAX: usize = 200;

/// The pause between two of these.
const PAUSE: Duration = Duration::from_millis(25);

/// Error for a path that leads to something other than a file.
#[derive(Debug, thiserror::Error)]
#[error("is a FIFO, socket or device, not a file")]
pub(crate) struct NotAFile;

/// Opens a file to be read. Blocks no longer than other files of this process take.
///
/// # Errors
/// As for [`File::open`]; and [`NotAFile`].
pub(crate) fn open(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    never_wait(&mut options);
    let opened = with_few_handles(|| options.open(file))?;
    // The check uses the opened file. By now, the path may lead to another one.
    let kind = opened.metadata()?.file_type();
    match (kind.is_file(), kind.is_dir()) {
        (true, _) => Ok(opened),
        (_, true) => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::other(NotAFile)),
    }
}

/// Runs an operation that needs a file handle, and repeats it while no handle is left.
pub(crate) fn with_few_handles<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..TRIES_MAX {
        match work() {
            Err(error) if crate::base::text::is_out_of_files(&error) => thread::sleep(PAUSE),
            done => return done,
        }
    }
    work()
}

/// Reads the whole file, or its first bytes if it has more than `bytes_max`.
///
/// # Errors
/// As for [`open`]; [`io::ErrorKind::OutOfMemory`].
pub(crate) fn read(file: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let opened = open(file)?;
    let size_bytes = opened.metadata()?.len().min(bytes_max);
    read_from(opened, size_bytes, bytes_max)
}

/// Reads everything from a source that should have `size_bytes`, but no more than `bytes_max`.
///
/// # Errors
/// As for [`Read::read`]; [`io::ErrorKind::OutOfMemory`].
pub(crate) fn read_from(from: impl Read, size_bytes: u64, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // One more shows the end without another allocation.
    let size = usize::try_from(size_bytes + 1).unwrap_or(usize::MAX);
    content
        .try_reserve_exact(size)
        .map_err(|_| io::ErrorKind::OutOfMemory)?;
    from.take(bytes_max).read_to_end(&mut content)?;
    Ok(content)
}

/// Allocates a buffer of zeros.
///
/// # Errors
/// [`io::ErrorKind::OutOfMemory`].
pub(crate) fn zeros(bytes: usize) -> io::Result<Vec<u8>> {
    let mut zeros = Vec::new();
    zeros
        .try_reserve_exact(bytes)
        .map_err(|_| io::ErrorKind::OutOfMemory)?;
    zeros.resize(bytes, 0);
    Ok(zeros)
}

#[cfg(unix)]
fn never_wait(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    // Opening a FIFO waits for a writer. A terminal must not become the controlling terminal.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    options.custom_flags(flags.bits() as i32);
}

#[cfg(not(unix))]
fn never_wait(_options: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder, a pipe or a device is refused at once.
    #[test]
    #[cfg(unix)]
    fn non_files_are_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.expect("mkfifo runs").success());
        let error = read(folder.path(), 10).expect_err("a folder");
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        for path in [fifo.as_path(), Path::new("/dev/zero")] {
            let error = read(path, 10).expect_err("no file");
            assert!(
                error.get_ref().is_some_and(|e| e.is::<NotAFile>()),
                "{error}"
            );
        }
    }

    /// A file is read up to the bound.
    #[test]
    fn read_stops_at_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "0123456789").expect("written");
        assert_eq!(read(&file, 4).expect("read"), b"0123");
        assert_eq!(read(&file, u64::MAX).expect("read"), b"0123456789");
    }

    /// Memory that cannot be allocated is an error.
    #[test]
    fn unavailable_memory_is_an_error() {
        let error = zeros(usize::MAX / 2).expect_err("too much");
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        let error = read_from(io::empty(), u64::MAX / 2, 1).expect_err("too much");
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    }
}
