//! Output and files for the user, and what clap generates: completions and the manual page.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::base::error::{Error, Result};
use crate::base::refusal::Guard;
use crate::commands::display::tell;
use crate::hidden::without_hidden;
use clap::CommandFactory;
use clap_complete::Shell;
use rustix::fs::FileType;

use crate::cli::Cli;

/// Prints requested output. Replaces the names of hidden files.
pub fn print(text: &str) -> Result<()> {
    write(&without_hidden(text))
}

/// Prints names unchanged, for further use: to a file, or anywhere if none of them is hidden.
/// `ways`: what else a command has to write a file.
///
/// # Errors
/// Returns [`Error::Refused`] if a hidden file is among them and the output may end up in a log.
pub fn print_names(text: &str, ways: &str) -> Result<()> {
    // Looking for hidden names counts as having replaced some.
    if is_file() || without_hidden(text) == text {
        return write(text);
    }
    Err(Error::refused(
        Guard::HiddenOutput,
        "The output names hidden files, and it may end up in a log that others can read",
        format!(
            "write it to a file with {ways}, or print it here with `--show-hidden`. \
             To show a level's paths in all output, \
             set `hide_paths = false` in its [[level]] section"
        ),
    ))
}

/// Returns whether standard output is a file.
fn is_file() -> bool {
    rustix::fs::fstat(io::stdout())
        .is_ok_and(|out| FileType::from_raw_mode(out.st_mode) == FileType::RegularFile)
}

fn write(text: &str) -> Result<()> {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // A closed pipe is no error: `assetsync diff | head` has read enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Error::Io {
            doing: "write to",
            path: "standard output".into(),
            source: e,
        }),
        Ok(()) => Ok(()),
    }
}

pub fn eprint(text: &str) {
    tell(text);
}

/// Prints JSON: one document for one target, a list for several.
pub fn print_json(documents: &[serde_json::Value]) -> Result<()> {
    let text = match documents {
        [] => return Ok(()),
        [one] => serde_json::to_string_pretty(one),
        several => serde_json::to_string_pretty(several),
    };
    print(&(text.expect("values are JSON") + "\n"))
}

/// Replaces a file atomically. If the path isn't a regular file, such as `/dev/stdout` or a FIFO,
/// the text is appended to it.
pub fn write_atomically(file: &Path, text: &str) -> Result<()> {
    let error = |e: io::Error| Error::Io {
        doing: "write",
        path: file.to_path_buf(),
        source: e,
    };
    let is_stream = |there: fs::Metadata| !there.is_file() && !there.is_dir();
    // `/dev/stdout` leads to a file if the output is redirected to one. The link must stay.
    let is_output = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"];
    let is_output = is_output.iter().any(|stream| file.starts_with(stream));
    if is_output || fs::metadata(file).is_ok_and(is_stream) {
        let opened = fs::OpenOptions::new().append(true).open(file);
        let mut stream = opened.map_err(error)?;
        return stream.write_all(text.as_bytes()).map_err(error);
    }
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(error)?;
    let mut unfinished = tempfile::NamedTempFile::new_in(folder).map_err(error)?;
    unfinished.write_all(text.as_bytes()).map_err(error)?;
    keep_rights(unfinished.as_file(), file)?;
    unfinished.persist(file).map_err(|e| error(e.error))?;
    Ok(())
}

/// Gives a new file the permissions of the file that it replaces, so the same readers, such as a
/// web server, can read it. If there was none, owner and group may read the new file, since
/// manifests name every object.
#[cfg(unix)]
fn keep_rights(new: &fs::File, old: &Path) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let error = |doing| {
        move |e: io::Error| Error::Io {
            doing,
            path: old.to_path_buf(),
            source: e,
        }
    };
    let mut mode = 0o640;
    match fs::metadata(old) {
        Ok(replaced) => {
            mode = replaced.mode() & 0o777;
            let group = new
                .metadata()
                .map_err(error("read the permissions of"))?
                .gid();
            if group != replaced.gid() {
                fchown(new, None, Some(replaced.gid())).map_err(error("keep the group of"))?;
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(error("read the permissions of")(e)),
    }
    new.set_permissions(fs::Permissions::from_mode(mode))
        .map_err(error("set the permissions of"))
}

#[cfg(not(unix))]
fn keep_rights(_new: &fs::File, _old: &Path) -> Result<()> {
    Ok(())
}

pub fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "assetsync", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual as one page: the program, then each command with its options.
pub fn man() -> Result<()> {
    let mut page = Vec::new();
    render_man(&mut page).expect("a vector takes every write");
    print(&String::from_utf8_lossy(&page))
}

fn render_man(page: &mut Vec<u8>) -> io::Result<()> {
    let mut cli = Cli::command();
    cli.build();
    let program = clap_mangen::Man::new(cli.clone());
    program.render_title(page)?;
    program.render_name_section(page)?;
    program.render_synopsis_section(page)?;
    program.render_description_section(page)?;
    program.render_options_section(page)?;
    for command in cli.get_subcommands() {
        writeln!(page, ".SH ASSETSYNC {}", command.get_name().to_uppercase())?;
        let man = clap_mangen::Man::new(command.clone());
        man.render_synopsis_section(page)?;
        man.render_description_section(page)?;
        man.render_options_section(page)?;
    }
    program.render_extra_section(page)?;
    program.render_version_section(page)
}
