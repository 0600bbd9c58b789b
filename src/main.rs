//! The `assetsync` program: parses, runs, prints the error, and exits with its code.

mod cli;
mod commands;
mod output;

use std::env::VarError;
use std::process::ExitCode;

use assetsync::report::{listed, problems_json, tell, warnings_text};
use assetsync::{Error, Result, environment, plain, shown};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::{Cli, Color, SETTINGS};
use crate::commands::Failed;

/// A tree of many files makes many small allocations, on all cores.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let parsed = Cli::command()
        .try_get_matches()
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return print_usage(&without_secrets(without_guesses(error))),
    };
    set_color(cli.global.color);
    let outcome = go_to_directory(&cli)
        .map_err(Failed::early)
        .and_then(|()| commands::run(&cli, &matches));
    if !cli.global.quiet {
        for remark in environment::remarks() {
            tell(&format!("warning: {remark}\n"));
        }
    }
    let code = outcome.unwrap_or_else(|failed| {
        print_error(&failed, &cli, &matches);
        failed.error.exit_code()
    });
    if !cli.global.quiet && assetsync::hidden::is_any_replaced() {
        tell(
            "paths of hidden files, and what these say, aren't shown here: `assetsync diff --show-hidden` on your own machine shows them\n",
        );
    }
    assetsync::store::end_helpers();
    ExitCode::from(code)
}

/// Whether a program reads the output.
fn wants_json(matches: &ArgMatches) -> bool {
    let asked = matches.try_get_one::<bool>("json");
    matches!(asked, Ok(Some(true)))
        || matches
            .subcommand()
            .is_some_and(|(_, matches)| wants_json(matches))
}

/// The same mistake, without tips that are no more than guesses: `--force` isn't `--from`, and whoever follows such a tip gets
/// something else than they want.
fn without_guesses(mut error: clap::Error) -> clap::Error {
    for (wrong, tip) in [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (
            ContextKind::InvalidSubcommand,
            ContextKind::SuggestedSubcommand,
        ),
    ] {
        let Some(typed) = error.get(wrong).map(ToString::to_string) else {
            continue;
        };
        let tips = match error.remove(tip) {
            Some(ContextValue::String(tip)) => vec![tip],
            Some(ContextValue::Strings(tips)) => tips,
            _ => Vec::new(),
        };
        let mut tips = tips.into_iter();
        if let Some(meant) = tips.find(|tip| is_slip(&typed, tip)) {
            error.insert(tip, ContextValue::String(meant));
        }
        // "to pass '--prod' as a value": a file may be called like a flag, if it has an extension.
        if !typed.contains(['.', '/']) {
            error.remove(ContextKind::Suggested);
        }
    }
    error
}

/// The same mistake, with what was typed as it's shown everywhere.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let shown_value = |value: &ContextValue| match value {
        ContextValue::String(text) => Some(ContextValue::String(shown(text))),
        ContextValue::Strings(texts) => {
            let texts = texts.iter().map(|text| shown(text));
            Some(ContextValue::Strings(texts.collect()))
        }
        _ => None,
    };
    let typed = error.context();
    let typed = typed.filter_map(|(kind, value)| Some((kind, value, shown_value(value)?)));
    let changed = typed.filter(|(_, value, shown)| *value != shown);
    let changed: Vec<_> = changed.map(|(kind, _, shown)| (kind, shown)).collect();
    if !changed.is_empty() {
        // "to pass '--…' as a value".
        error.remove(ContextKind::Suggested);
    }
    for (kind, shown) in changed {
        error.insert(kind, shown);
    }
    error
}

/// These say where everything goes: whoever means a target gets another place.
const NEVER_GUESSED: [&str; 2] = ["--state", "--to"];

/// Whether `typed` is `meant` with a slip of the finger: two in a long word.
fn is_slip(typed: &str, meant: &str) -> bool {
    let most = if typed.len() < 8 { 1 } else { 2 };
    !NEVER_GUESSED.contains(&meant) && strsim::osa_distance(typed, meant) <= most
}

/// What clap says: help, or what is wrong with the command line, which may have a URL with its password.
fn print_usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    tell(&error.render().ansi().to_string());
    if error.kind() == ErrorKind::InvalidUtf8 {
        let is_bad = |name: &&str| std::env::var(name).is_err_and(|e| e != VarError::NotPresent);
        let variables = SETTINGS.iter().map(|(_, _, variable)| *variable);
        for variable in variables.filter(is_bad) {
            tell(&format!("hint: {variable} isn't UTF-8 text\n"));
        }
    }
    ExitCode::from(2)
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
                "Cannot go to `{}`: {}",
                shown(&directory.to_string_lossy()),
                plain(&e)
            ),
            "`-C` takes a folder that exists",
        )
    })
}

fn print_error(failed: &Failed, cli: &Cli, matches: &ArgMatches) {
    let Failed { error, aftermath } = failed;
    if let Error::Tree { problems, warnings } = error {
        // What is to be mended besides isn't kept for the next round.
        if !cli.global.quiet {
            tell(&warnings_text(warnings, listed(cli.global.verbose)));
        }
        if wants_json(matches)
            && let Err(error) = output::print_json(&[problems_json(problems, warnings)])
        {
            tell(&format!("error: {error}\n"));
        }
    }
    let (message, hint) = match cli.global.verbose {
        true => error.in_full(),
        false => (error.to_string(), error.hint()),
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
