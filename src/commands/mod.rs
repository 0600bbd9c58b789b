//! Commands, each in its own file. Requested output goes to standard output, everything else to
//! standard error.

mod ask;
mod audit;
mod bucket;
mod cors;
pub(crate) mod display;
mod failed;
mod guards;
mod init;
mod inspect;
mod key;
mod levels;
mod limits;
mod live;
mod log;
pub(crate) mod output;
mod paths;
mod publish;
mod releases;
mod say;
mod session;
mod settings;
pub(crate) mod start;
mod stop;
mod takedown;
mod threads;

use std::cell::RefCell;
use std::sync::Arc;

use clap::ArgMatches;

pub use self::failed::Failed;
use self::limits::Limits;
use self::session::{Nothing, Session, held_names, levels, refuse_without_source};
use self::settings::overrides;
use self::stop::Stop;
use crate::base::error::Result;
use crate::base::progress::Progress;
use crate::cli::buckets::{AccessCommand, CorsCommand};
use crate::cli::local::KeyCommand;
use crate::cli::releases::ReleasesCommand;
use crate::cli::{Cli, Command};

/// Exit code of a run without an error.
type Code = u8;

const DONE: Code = 0;
const BAD_INPUT: Code = 2;
const CHANGES_FOUND: Code = 6;

/// Runs the command that was given on the command line.
pub fn run(cli: &Cli, matches: &ArgMatches) -> Result<Code, Failed> {
    let progress = Arc::new(Progress::new());
    let session = Session {
        limits: Limits::raise().map_err(Failed::early)?,
        new_key: RefCell::default(),
        global: &cli.global,
        overrides: overrides(matches, &cli.global).map_err(Failed::early)?,
        stop: Stop::of(&progress),
        progress,
        switched: RefCell::default(),
    };
    threads::start_workers(session.limits)
        .and_then(|()| run_command(&session, &cli.command))
        .map_err(|error| Failed::after(error, &cli.command, &session.switched.borrow()))
}

fn run_command(session: &Session<'_>, command: &Command) -> Result<Code> {
    match command {
        Command::Init(args) => session.init(args),
        Command::Key(KeyCommand::New(args)) => session.new_key(args),
        Command::Key(KeyCommand::Id(args)) => session.key_id(args),
        Command::Diff(args) => session.diff(args),
        Command::Push(args) => session.push(args),
        Command::Releases(args) => match &args.command {
            Some(ReleasesCommand::Adopt(args)) => session.adopt(args),
            None => session.releases(args),
        },
        Command::Rollback(args) => session.rollback(args),
        Command::Live(args) => session.live(args),
        Command::Prune(args) => session.prune(args),
        Command::Takedown(args) => session.take_down(args),
        Command::Unlock(args) => session.unlock(args),
        Command::Lock(args) => session.lock(args),
        Command::Resolve(args) => session.resolve(args),
        Command::Cors(CorsCommand::Check(args)) => session.cors_check(args),
        Command::Cors(CorsCommand::Show(args)) => session.cors_show(args),
        Command::Cors(CorsCommand::Diff(args)) => session.cors_diff(args),
        Command::Cors(CorsCommand::Apply(args)) => session.cors_apply(args),
        Command::Doctor(args) => session.doctor(args),
        Command::Audit(args) => session.audit(args),
        Command::Access(AccessCommand::Show(args)) => session.access_show(args),
        Command::Access(AccessCommand::Apply(args)) => session.access_apply(args),
        Command::Access(AccessCommand::Close(args)) => session.access_close(args),
        Command::Url(args) => session.url(&args.which),
        Command::Manifest(args) => session.manifest(args),
        Command::Refs(args) => session.refs(&args.paths, &args.form),
        Command::Leaks(args) => session.leaks(args.json),
        Command::Completions(args) => output::completions(args.shell).map(|()| DONE),
        Command::Man => output::man().map(|()| DONE),
    }
}
