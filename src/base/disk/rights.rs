//! Rights of files and folders: private or public, regardless of the umask and of what existed
//! before.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes the folders that are missing on the way to `folder`, for their owner only, or also for the
/// group of a folder that is shared with one.
pub(crate) fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| *above != Path::new("")) {
        make_folders(above)?;
    }
    if make_folder(folder)? {
        share_with_group(&File::open(folder)?, folder)
    } else {
        Ok(())
    }
}

/// Makes a folder for its owner only, in one that is there; says whether it wasn't.
pub(crate) fn make_folder(folder: &Path) -> io::Result<bool> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        // Another run made it first.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
        Ok(()) => Ok(true),
    }
}

/// Makes all folders that are missing on the way to `folder`, for their owner only.
pub(crate) fn make_all(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Makes the missing folders on the way to `folder`, readable for everyone and writable only for
/// their owner. A group that shares a folder uses its umask, or the folder's own bits, to write
/// there.
pub(crate) fn make_public(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| *above != Path::new("")) {
        make_public(above)?;
    }
    match fs::create_dir(folder) {
        // Another thread or run made it first.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
        Ok(()) => open_to_readers(folder),
    }
}

#[cfg(unix)]
fn open_to_readers(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = File::open(folder)?;
    let mode = folder.metadata()?.permissions().mode() & 0o7777;
    keep(&folder, (mode | 0o755) & !0o002)
}

#[cfg(not(unix))]
fn open_to_readers(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes all rights to a folder from users who neither own it nor are in its group.
#[cfg(unix)]
pub(crate) fn close(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(folder)?.permissions().mode() & 0o7777;
    match mode & 0o007 {
        0 => Ok(()),
        _ => keep(&File::open(folder)?, mode & !0o007),
    }
}

#[cfg(not(unix))]
pub(crate) fn close(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a lock file, which is made if it's missing, and waits until no other process holds it. The
/// lock is held until the file is closed.
pub(crate) fn locked(file: &Path) -> io::Result<File> {
    let opened = self::file(file)?;
    keep(&opened, 0o600)?;
    opened.lock()?;
    Ok(opened)
}

/// Opens a file to append to it. A missing file is made for its owner alone.
pub(crate) fn file(file: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// Sets exactly these rights on a file or folder that may have existed before. One of another owner
/// stays as it is.
#[cfg(unix)]
pub(crate) fn keep(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    match file.set_permissions(fs::Permissions::from_mode(mode)) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        set => set,
    }
}

#[cfg(not(unix))]
pub(crate) fn keep(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Gives a new file or folder to the group of the folder it comes to, if that folder of the
/// releases is shared: it's readable for its group, and its setgid bit is set, so that new files in
/// it belong to the group. The website may run as another user.
#[cfg(unix)]
pub(crate) fn share_with_group(new: &File, comes_to: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    const SHARED: u32 = 0o2050;
    let Some(folder) = comes_to.parent().map(fs::metadata).transpose()? else {
        return Ok(());
    };
    if folder.mode() & SHARED != SHARED {
        return Ok(());
    }
    let metadata = new.metadata()?;
    if metadata.gid() != folder.gid() {
        fchown(new, None, Some(folder.gid()))?;
    }
    let mode = if metadata.is_dir() { 0o2750 } else { 0o640 };
    new.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(crate) fn share_with_group(_new: &File, _comes_to: &Path) -> io::Result<()> {
    Ok(())
}
