//! What is printed and written for the user, and what clap makes: completions and the manual page.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use assetsync::report::tell;
use assetsync::{Error, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

pub fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // `assetsync diff | head` has seen enough.
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

/// One document for one target, a list for several.
pub fn print_json(documents: &[serde_json::Value]) -> Result<()> {
    let text = match documents {
        [] => return Ok(()),
        [one] => serde_json::to_string_pretty(one),
        several => serde_json::to_string_pretty(several),
    };
    print(&(text.expect("values are JSON") + "\n"))
}

pub fn write_atomically(file: &Path, text: &str) -> Result<()> {
    let error = |e: io::Error| Error::Io {
        doing: "write",
        path: file.to_path_buf(),
        source: e,
    };
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(error)?;
    let mut unfinished = tempfile::NamedTempFile::new_in(folder).map_err(error)?;
    unfinished.write_all(text.as_bytes()).map_err(error)?;
    unfinished.persist(file).map_err(|e| error(e.error))?;
    Ok(())
}

pub fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "assetsync", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// One page: the program, then each command with its options.
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
