//! Commands that people are told to type.

use clap::Parser;

use super::Cli;
use crate::base::hint::{Command, Verb};
use crate::base::path::LogicalPath;
use crate::config::{Access, Addressing, Place, Target};

/// Returns all that stands behind the target where hints and findings have the command of a verb.
fn words_of(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::AccessApply => &["", "--unblock", "--unblock --state s3://private/prod"],
        Verb::Audit => &[
            "",
            "--all",
            "--repair",
            "--repair --overwrite-live PATH",
            "--show-urls",
        ],
        Verb::CorsShow => &["", "--json"],
        Verb::Lock | Verb::Unlock => &["solution"],
        Verb::Push => &[
            "",
            "--begin-anew",
            "--key-file new.key --rotate-key",
            "--rotate-key",
            "--unlock solution",
            "--verify list",
        ],
        Verb::Takedown => &[
            "a.html 'b c/'",
            "--level solution",
            "a.html --level solution",
            "a.html --stale",
        ],
        Verb::Url => &["a.html"],
        Verb::AccessClose
        | Verb::AccessShow
        | Verb::CorsApply
        | Verb::CorsDiff
        | Verb::Doctor
        | Verb::InitCaddy
        | Verb::InitNginx
        | Verb::LiveOff
        | Verb::LiveOn
        | Verb::Prune
        | Verb::Releases
        | Verb::ReleasesAdopt
        | Verb::Resolve
        | Verb::Rollback => &[""],
    }
}

fn commands() -> impl Iterator<Item = Command> {
    let commands = |verb: Verb| words_of(verb).iter().map(move |words| verb.with(*words));
    Verb::ALL.into_iter().flat_map(commands)
}

fn target(name: &str) -> Target {
    Target::at(name, Place::in_cloud(crate::cors::Cloud::S3, "hunt", ""))
}

/// A target of which flags and environment say all there is to say.
fn full() -> Target {
    let mut full = target("s3://hunt");
    full.public_url = Some("https://hunt.example/".parse().expect("a URL"));
    full.access = Access::ObjectAcl;
    full.endpoint = Some("http://localhost:9000/".parse().expect("a URL"));
    full.region = Some("eu".to_string());
    full.addressing = Some(Addressing::Path);
    full.state = Some(Place::Directory("the team's/releases".into()));
    full.cors = Some("cors.json".into());
    full.host.index = Some("index.html".to_string());
    full.host.not_found = Some(LogicalPath::parse("404.html").expect("a path"));
    full.flags.from = Some("the site".to_string());
    full.flags.key_file = Some("hunt.key".to_string());
    full
}

/// Splits a command as a shell does.
fn typed(command: &str) -> Vec<String> {
    shlex::split(command).expect("a shell reads it")
}

/// Every command that hints contain can be typed for every kind of target.
#[test]
fn hint_commands_parse_for_every_target() {
    for target in [target("prod"), target("s3://hunt"), full()] {
        for command in commands() {
            let command = target.command(command);
            if let Err(error) = Cli::try_parse_from(typed(&command)) {
                panic!("{command}\n{error}");
            }
        }
    }
}

/// Every command that hints contain can be typed without a target.
#[test]
fn hint_commands_parse_without_a_target() {
    for command in commands() {
        if let Err(error) = Cli::try_parse_from(typed(&command.to_string())) {
            panic!("{command}\n{error}");
        }
    }
}

/// A suggested command that reads the tree says where the tree is.
#[test]
fn tree_commands_name_the_source() {
    for (command, is_told) in [
        (Verb::Push.into(), true),
        (Verb::Url.with("a.html"), true),
        (Verb::Audit.with("--repair"), true),
        (Verb::Audit.with("--all"), false),
        (Verb::Prune.into(), false),
    ] {
        let command = full().command(command);
        assert_eq!(command.contains(" --from 'the site'"), is_told, "{command}");
    }
}

/// A flag that a suggested command already has is not added again.
#[test]
fn explicit_flags_are_not_repeated() {
    let push = full().command(Verb::Push.with("--key-file new.key --rotate-key"));
    assert!(push.ends_with(" --key-file new.key --rotate-key"), "{push}");
    assert_eq!(push.matches("--key-file").count(), 1, "{push}");
}
