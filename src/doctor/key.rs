//! Whether the key is one that nobody guesses, or finds in a repository; and which names are weaker than it is.

use std::path::Path;

use super::fix::Fix;
use super::mend::{Mend, Step};
use super::{Finding, Verdict};
use crate::children::git;
use crate::config::command::quoted;
use crate::config::{Config, Target};
use crate::name::{NameStyle, Secret};
use crate::own_key::Former;
use crate::store::Server;
use crate::strength::Weakness;

pub(super) fn judge(secret: &Secret, fix: &Fix<'_>) -> Finding {
    const WHY: &str = "every unguessable name is made with it";
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

/// What concerns a project rather than its target: where its keys are, and which of its names are weaker than they.
pub fn examine_project(config: &Config, secret: &Secret, target: &Target) -> Vec<Finding> {
    let fix = Fix::of(target, Server::Unknown);
    let mut findings: Vec<Finding> = in_git(&config.key_file, secret, &fix).into_iter().collect();
    findings.extend(weaker_names(config));
    findings
}

/// What a push warns of before it begins: keys that are in git, or about to be.
pub fn warn_of_key(config: &Config, secret: &Secret, target: &Target) -> Option<Finding> {
    in_git(&config.key_file, secret, &Fix::of(target, Server::Unknown))
        .filter(|finding| finding.verdict != Verdict::Passed)
}

/// Whether git has the key, or one before it, or takes it with the next `git add .`; none outside of a repository.
fn in_git(key_file: &Path, secret: &Secret, fix: &Fix<'_>) -> Option<Finding> {
    const CHECK: &str = "key-in-git";
    const WHY: &str = "whoever can read the repository knows every name, those of solutions too";
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
    let listed = git(
        folder,
        &[&["--literal-pathspecs", "ls-files", "-z", "--"], &names[..]].concat(),
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
    let ignore = |names: &[&str]| {
        let lines: Vec<String> = names
            .iter()
            .map(|name| quoted(&ignore_line(name)))
            .collect();
        let file = quoted(&folder.join(".gitignore").display().to_string());
        Step::Run(format!("printf '%s\\n' {} >> {file}", lines.join(" ")))
    };
    if !tracked.is_empty() {
        let text = format!("git has {}", called(&tracked, own));
        let names: Vec<String> = tracked.iter().map(|name| quoted(name)).collect();
        let at = quoted(&folder.display().to_string());
        let literal = match tracked.iter().any(|name| name.contains(['*', '?', '['])) {
            true => " --literal-pathspecs",
            false => "",
        };
        let remove = format!("git -C {at}{literal} rm --cached -- {}", names.join(" "));
        let again = match tracked.contains(&own) {
            true => format!(
                "what was committed stays in its history: {}",
                fix.new_key().text
            ),
            false => "what was committed stays in its history".to_string(),
        };
        let mend = Mend::all(vec![Step::Run(remove), ignore(&tracked)]).because(&again);
        return Some(Finding::failed(CHECK, WHY, text).fix(mend));
    }
    Some(match free.is_empty() {
        true => Finding::passed(CHECK, WHY, "git doesn't have it, and ignores it"),
        false => {
            let text = format!(
                "git doesn't ignore {}: `git add .` takes it",
                called(&free, own)
            );
            Finding::warning(CHECK, WHY, text).fix(Mend::all(vec![ignore(&free)]))
        }
    })
}

/// The key file, and those that look like the key before, by their names.
fn called(names: &[&str], own: &str) -> String {
    let name = |name: &&str| match *name == own {
        true => format!("the key file `{}`", crate::error::escape(name)),
        false => format!(
            "`{}`, which looks like a former key,",
            crate::error::escape(name)
        ),
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
    const WHY: &str = "a name without a rule has 128 bits that nobody guesses, and tells nothing";
    let has = |style| config.rules.names_any(style);
    let mut told = Vec::new();
    if has(NameStyle::Palindrome2022) {
        told.push(
            "`palindrome-2022` has 64 bits for all files of a puzzle or solution, which stay the same: whoever has one URL of a folder can \
             guess the names in it",
        );
    }
    if has(NameStyle::Readable) {
        told.push("`readable` tells the path of the file in its URL: whoever sees one knows what it's called and where it belongs");
    }
    if !config.rules.folders().is_empty() && told.is_empty() {
        let text = "each keyed folder (`[[folder]]`) has 128 bits for all that is in it: whoever has one of its URLs can guess the names \
                    of its other files, but not those of levels in it";
        return Some(Finding::passed(CHECK, WHY, text));
    }
    (!told.is_empty()).then(|| {
        Finding::warning(CHECK, WHY, told.join("; "))
            .fix("use `names = \"opaque\"` where that matters, for solutions above all")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(key: &str) -> Finding {
        let secret = Secret::new(key.as_bytes()).expect("long enough");
        let target = super::super::settings::tests::target();
        judge(&secret, &Fix::of(&target, Server::Ceph))
    }

    #[test]
    fn a_key_that_can_be_guessed_is_told_from_one_that_cant() {
        let verdict = |key: &str| judged(key).verdict;
        for weak in [
            &"a".repeat(64),
            &"changeme".repeat(8),
            &"0123456789abcdef".repeat(3),
            "00000000000000000000000000000000000000000000000000000000000000ff",
        ] {
            assert_eq!(verdict(weak), Verdict::Failed, "{weak}");
        }
        for good in [
            "an example secret, of more than thirty-two bytes",
            "3f786850e387550fdab836ed7e6dc881de23001b9c0a5b6d7c3d2a9e5f1b4c8a",
            "django-insecure-k2#9v!x0(q8w_m5^z7r&t1y@u3i$o6p+a4s=d",
        ] {
            assert_eq!(verdict(good), Verdict::Passed, "{good}");
        }
    }

    #[test]
    fn nothing_of_the_key_is_told() {
        let key = "an example secret, of more than thirty-two bytes";
        let finding = judged(key);
        assert!(!format!("{finding:?}").contains("example"), "{finding:?}");
    }
}
