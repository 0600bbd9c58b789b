//! The `assetsync` program: parses, runs, prints the error, and exits with its code.

mod cli;
mod commands;
mod output;

use std::process::ExitCode;

use assetsync::{Error, Result, plain};
use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Color};

/// A tree of many files makes many small allocations, on all cores.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    set_color(cli.global.color);
    let code = go_to_directory(&cli)
        .and_then(|()| commands::run(&cli, &matches))
        .unwrap_or_else(|error| {
            print_error(&error);
            error.exit_code()
        });
    ExitCode::from(code)
}

fn set_color(color: Color) {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

fn go_to_directory(cli: &Cli) -> Result<()> {
    let Some(directory) = &cli.global.directory else {
        return Ok(());
    };
    std::env::set_current_dir(directory).map_err(|e| Error::Usage {
        message: format!("Cannot go to `{}`: {}", directory.display(), plain(&e)),
        hint: "`-C` takes a folder that exists".to_string(),
    })
}

fn print_error(error: &Error) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    anstream::eprintln!("{red}error{red:#}: {error}");
    if let Some(hint) = error.hint() {
        anstream::eprintln!("hint: {hint}");
    }
}
