//! Checks whether the key is hard to guess and not in a repository, and which names are weaker than
//! the key.

use std::path::Path;

use super::fix::Fix;
use super::remedy::{Remedy, Step};
use super::{Finding, Verdict};
use crate::base::children::git;
use crate::base::name::{NameStyle, Secret};
use crate::base::own_key::Former;
use crate::base::strength::Weakness;
use crate::config::{Config, Target};
use crate::store::Server;
use crate::store::command::quoted;

pub(super) fn judge(secret: &Secret, fix: &Fix<'_>) -> Finding {
    const WHY: &str = "every unguessable name is derived from the key";
    let bytes = secret.bytes();
    let id = secret.id();
    match Weakness::of(bytes) {
        Some(weakness) => {
            let text = format!("the key {id} can be guessed: it {}", weakness.found());
            Finding::failed("key", WHY, text).fix(fix.new_key())
        }
        None => Finding::passed("key", WHY, format!("{id}, {} bytes", bytes.len())),
    }
}

/// Examines the project rather than its target: whether keys are in git, and which names are weaker
/// than the key.
pub fn examine_project(config: &Config, secret: &Secret, target: &Target) -> Vec<Finding> {
    let fix = Fix::of(target, Server::Unknown);
    let mut findings: Vec<Finding> = in_git(&config.key_file, secret, &fix).into_iter().collect();
    findings.extend(weaker_names(config));
    findings
}

/// Returns the warning that a push gives before it begins: keys are in git, or about to be.
pub fn warn_of_key(config: &Config, secret: &Secret, target: &Target) -> Option<Finding> {
    in_git(&config.key_file, secret, &Fix::of(target, Server::Unknown))
        .filter(|finding| finding.verdict != Verdict::Passed)
}

/// Checks whether git has the key or an earlier one, or would add it with the next `git add .`;
/// none outside a repository.
fn in_git(key_file: &Path, secret: &Secret, fix: &Fix<'_>) -> Option<Finding> {
    const CHECK: &str = "key-in-git";
    const WHY: &str =
        "anyone who can read the repository knows every name, including those of solutions";
    let own = key_file.file_name()?.to_str()?;
    let folder = match key_file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let former = secret
        .former()
        .iter()
        .map(|Former { name, .. }| name.as_str());
    let names: Vec<&str> = std::iter::once(own).chain(former).collect();
    let (tracked, free) = tracked_and_free(folder, &names)?;
    if !tracked.is_empty() {
        let text = format!("git tracks {}", called(&tracked, own));
        let remedy = take_out(folder, &tracked, own, fix);
        return Some(Finding::failed(CHECK, WHY, text).fix(remedy));
    }
    Some(if free.is_empty() {
        Finding::passed(CHECK, WHY, "git doesn't track the key file, and ignores it")
    } else {
        let text = format!(
            "git doesn't ignore {}: `git add .` adds it",
            called(&free, own)
        );
        Finding::warning(CHECK, WHY, text).fix(Remedy::all(vec![ignore(folder, &free)]))
    })
}

/// Returns those of these files that git has, and those that it neither has nor ignores; none
/// outside a repository.
fn tracked_and_free<'n>(folder: &Path, names: &[&'n str]) -> Option<(Vec<&'n str>, Vec<&'n str>)> {
    let listed = git(
        folder,
        &[&["--literal-pathspecs", "ls-files", "-z", "--"], names].concat(),
    )?;
    if !listed.status.success() {
        return None;
    }
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let listed: Vec<&str> = listed.split('\0').collect();
    let (tracked, others): (Vec<&str>, Vec<&str>) = names
        .iter()
        .copied()
        .partition(|name| listed.contains(name));
    let is_free = |name: &&&str| {
        let ignored = git(folder, &["check-ignore", "--quiet", "--", name]);
        ignored.is_some_and(|output| output.status.code() == Some(1))
    };
    let free: Vec<&str> = others.iter().filter(is_free).copied().collect();
    Some((tracked, free))
}

/// Takes files out of git; what was committed stays in its history.
fn take_out(folder: &Path, tracked: &[&str], own: &str, fix: &Fix<'_>) -> Remedy {
    let names: Vec<String> = tracked.iter().map(|name| quoted(name)).collect();
    let at = quoted(&folder.display().to_string());
    let literal = if tracked.iter().any(|name| name.contains(['*', '?', '['])) {
        " --literal-pathspecs"
    } else {
        ""
    };
    let remove = format!("git -C {at}{literal} rm --cached -- {}", names.join(" "));
    let taken_out = Remedy::all(vec![Step::Run(remove), ignore(folder, tracked)]);
    if tracked.contains(&own) {
        let taken_out = taken_out.because("git's history keeps the key, so replace it");
        taken_out.then(fix.new_key().by_hand())
    } else {
        taken_out
            .because("git's history keeps the file: treat all names made with that key as leaked")
    }
}

/// Adds files to `.gitignore`.
fn ignore(folder: &Path, names: &[&str]) -> Step {
    let lines: Vec<String> = names
        .iter()
        .map(|name| quoted(&ignore_line(name)))
        .collect();
    let file = quoted(&folder.join(".gitignore").display().to_string());
    Step::Run(format!("printf '%s\\n' {} >> {file}", lines.join(" ")))
}

/// The key file, and those that look like the key before, by their names.
fn called(names: &[&str], own: &str) -> String {
    let name = |name: &&str| {
        if *name == own {
            format!("the key file `{}`", crate::base::text::escape(name))
        } else {
            format!(
                "`{}`, which looks like a former key,",
                crate::base::text::escape(name)
            )
        }
    };
    let names: Vec<String> = names.iter().map(name).collect();
    names.join(" and ").trim_end_matches(',').to_string()
}

/// A line of `.gitignore` for a file in its folder.
fn ignore_line(name: &str) -> String {
    let escaped = name.chars().flat_map(|c| match c {
        '*' | '?' | '[' | ']' | '\\' | ' ' => vec!['\\', c],
        c => vec![c],
    });
    std::iter::once('/').chain(escaped).collect()
}

/// Names that tell more, or keep less, than those without a rule.
fn weaker_names(config: &Config) -> Option<Finding> {
    const CHECK: &str = "names";
    const WHY: &str = "a name without a rule has 128 unguessable bits and reveals nothing";
    let has = |style| config.rules.names_any(style);
    let mut told = Vec::new();
    if has(NameStyle::Palindrome2022) {
        told.push(
            "`palindrome-2022` has 64 bits, which never change \
             and which all files of a puzzle or solution share: \
             anyone with one URL of a folder can guess the other names in it",
        );
    }
    if has(NameStyle::Readable) {
        told.push(
            "`readable` puts the file's path in its URL: anyone who sees the URL knows the path",
        );
    }
    if !config.rules.folders().is_empty() && told.is_empty() {
        let text = "all files of a keyed folder (`[[folder]]`) share 128 bits: \
                    anyone with one of its URLs can guess the names of its other files, \
                    except files of another level";
        return Some(Finding::passed(CHECK, WHY, text));
    }
    (!told.is_empty()).then(|| {
        Finding::warning(CHECK, WHY, told.join("; "))
            .fix("use `names = \"opaque\"` where that matters, especially for solutions")
    })
}

#[cfg(test)]
mod tests;
