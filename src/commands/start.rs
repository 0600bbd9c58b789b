//! Start of the program: from the command line to the exit code.

use std::env::VarError;
use std::process::ExitCode;

use crate::base::error::{Error, Result};
use crate::base::mask::shown;
use crate::base::text::plain;
use crate::commands::display::tell;
use crate::report::{listed, problems_json, warnings_text};
use crate::store::environment;
use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::mistakes::{without_guesses, without_secrets};
use crate::cli::settings::SETTINGS;
use crate::cli::{Cli, Color};
use crate::commands::settings::is_ci;
use crate::commands::{Failed, log, output, threads};

/// Runs the program: parses the command line, runs the command, prints the error, and returns the
/// exit code.
pub fn main() -> ExitCode {
    threads::set_hook();
    let parsed = Cli::command()
        .try_get_matches()
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return print_usage(&without_secrets(without_guesses(error))),
    };
    set_color(cli.global.color);
    log::begin(&cli.global);
    let outcome = go_to_directory(&cli)
        .map_err(Failed::early)
        .and_then(|()| super::run(&cli, &matches));
    if !cli.global.quiet {
        for remark in environment::remarks() {
            tell(&format!("warning: {remark}\n"));
        }
    }
    let code = outcome.unwrap_or_else(|failed| {
        print_error(&failed, &cli, &matches);
        failed.error.exit_code()
    });
    if !cli.global.quiet && crate::hidden::is_any_replaced() {
        tell(
            "paths and contents of hidden files aren't shown here: to see them, run `assetsync diff --show-hidden` on your own machine\n",
        );
    }
    crate::store::end_helpers();
    ExitCode::from(code)
}

/// Returns whether a program reads the output.
fn wants_json(matches: &ArgMatches) -> bool {
    let asked = matches.try_get_one::<bool>("json");
    matches!(asked, Ok(Some(true)))
        || matches
            .subcommand()
            .is_some_and(|(_, matches)| wants_json(matches))
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
    std::env::set_current_dir(directory).map_err(|e| {
        Error::usage(
            format!(
                "Cannot change to the folder `{}`: {}",
                shown(&directory.to_string_lossy()),
                plain(&e)
            ),
            "`-C` requires an existing folder",
        )
    })
}

fn print_error(failed: &Failed, cli: &Cli, matches: &ArgMatches) {
    let (error, aftermath) = (&*failed.error, &failed.aftermath);
    if let Error::Tree { problems, warnings } = error {
        // Prints the warnings as well, so they can be fixed in the same round.
        if !cli.global.quiet {
            tell(&warnings_text(warnings, listed(cli.global.is_verbose())));
        }
        if wants_json(matches)
            && let Err(error) = output::print_json(&[problems_json(problems, warnings)])
        {
            tell(&format!("error: {error}\n"));
        }
    }
    let (message, hint) = if cli.global.is_verbose() {
        error.in_full()
    } else {
        (error.to_string(), error.hint())
    };
    if log::is_for_programs() {
        log_error(failed, &message, &hint.unwrap_or_default());
        return;
    }
    // A configuration may name hidden files, and at this point it isn't known which files are
    // hidden.
    let names_hidden = matches!(error, Error::Config { .. });
    let message = if names_hidden && is_ci() && !cli.global.show_hidden {
        message
    } else {
        error.illustrated(listed(cli.global.is_verbose()))
    };
    let red = anstyle::AnsiColor::Red.on_default().bold();
    tell(&format!("{red}error{red:#}: {message}\n"));
    if let Some(hint) = hint {
        tell(&format!("hint: {hint}\n"));
    }
    if let Some(aftermath) = aftermath {
        tell(&format!("{aftermath}\n"));
    }
}

/// Writes an error to the log for programs.
fn log_error(failed: &Failed, message: &str, hint: &str) {
    let (error, aftermath) = (&*failed.error, &failed.aftermath);
    let (exit_code, kind) = (error.exit_code(), error.kind().name());
    let guards: Vec<String> = error.guards().iter().map(|guard| guard.name()).collect();
    let guards = (!guards.is_empty()).then(|| guards.join(","));
    tracing::error!(exit_code, kind, guards, hint, aftermath, "{message}");
}

/// Prints help or an error from clap. An error may contain a URL with its password.
fn print_usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    tell(&error.render().ansi().to_string());
    if error.kind() == ErrorKind::InvalidUtf8 {
        let is_bad = |name: &&str| std::env::var(name).is_err_and(|e| e != VarError::NotPresent);
        let variables = SETTINGS.iter().map(|(_, _, variable)| *variable);
        for variable in variables.filter(is_bad) {
            tell(&format!(
                "hint: {variable} isn't valid UTF-8: correct it, or unset it\n"
            ));
        }
    }
    ExitCode::from(2)
}
