//! Who publishes, and from which commit: for people to read, and for the guard against old checkouts.

use std::path::Path;
use std::process::{Command, Stdio};

use super::guard::Age;
use super::root::Commit;

/// What CIs call whoever started a run, and the run.
const SERVICES: [(&str, &str, &str, &str); 6] = [
    (
        "GITHUB_ACTIONS",
        "GITHUB_ACTOR",
        "GitHub run",
        "GITHUB_RUN_ID",
    ),
    ("GITLAB_CI", "GITLAB_USER_LOGIN", "GitLab job", "CI_JOB_ID"),
    (
        "CIRCLECI",
        "CIRCLE_USERNAME",
        "CircleCI build",
        "CIRCLE_BUILD_NUM",
    ),
    (
        "BUILDKITE",
        "BUILDKITE_BUILD_CREATOR",
        "Buildkite build",
        "BUILDKITE_BUILD_NUMBER",
    ),
    ("JENKINS_URL", "BUILD_USER_ID", "Jenkins build", "BUILD_TAG"),
    (
        "TF_BUILD",
        "BUILD_REQUESTEDFOR",
        "Azure run",
        "BUILD_BUILDID",
    ),
];

/// The longest actor that is written down, in characters.
const ACTOR_MAX: usize = 200;

/// Who publishes: ASSETSYNC_ACTOR, what a CI says, or user@host. `variable` looks into the environment.
pub fn actor(variable: impl Fn(&str) -> Option<String>) -> String {
    let by_ci = || {
        let (_, who, what, run) = SERVICES
            .iter()
            .find(|(sign, ..)| variable(sign).is_some())?;
        let run = variable(run).map_or(String::new(), |run| format!(" {run}"));
        let who = variable(who).unwrap_or_else(|| "somebody".to_string());
        Some(format!("{who} ({what}{run})"))
    };
    let by_hand = || {
        let user = ["USER", "LOGNAME", "USERNAME"]
            .into_iter()
            .find_map(&variable);
        let user = user.unwrap_or_else(|| "somebody".to_string());
        format!("{user}@{}", gethostname::gethostname().to_string_lossy())
    };
    let actor = variable("ASSETSYNC_ACTOR")
        .or_else(by_ci)
        .unwrap_or_else(by_hand);
    crate::error::escape(&actor)
        .chars()
        .take(ACTOR_MAX)
        .collect()
}

/// The commit that `folder` is a checkout of; none without git.
pub fn commit(folder: &Path) -> Option<Commit> {
    let id = git(folder, &["rev-parse", "--verify", "--quiet", "HEAD"])?;
    let changes = git(
        folder,
        &[
            "status",
            "--porcelain",
            "--untracked-files=normal",
            "--",
            ".",
        ],
    )?;
    Some(Commit {
        id: id.trim().to_string(),
        is_clean: changes.trim().is_empty(),
    })
}

/// How the commit of `folder` stands to `published`.
pub fn age(folder: &Path, here: Option<&Commit>, published: Option<&Commit>) -> Age {
    let (Some(here), Some(published)) = (here, published) else {
        return Age::Unknown;
    };
    if here.id == published.id {
        return Age::NotOlder;
    }
    let is_known = git(
        folder,
        &["cat-file", "-e", &format!("{}^{{commit}}", published.id)],
    );
    if is_known.is_none() || !is_hash(&published.id) {
        return Age::Unknown;
    }
    match git(
        folder,
        &["merge-base", "--is-ancestor", &here.id, &published.id],
    ) {
        Some(_) => Age::Older,
        None => Age::NotOlder,
    }
}

/// What was published came from elsewhere: it must not be taken for an option of git's.
fn is_hash(id: &str) -> bool {
    id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What git prints, if it succeeds. It gets nothing of our environment but what it needs to run: no credentials.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let kept = ["PATH", "HOME", "USERPROFILE", "SYSTEMROOT"];
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env_clear()
        .envs(
            kept.iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(variables: &[(&str, &str)]) -> String {
        actor(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn a_ci_says_who_started_it() {
        let github = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "ann"),
            ("GITHUB_RUN_ID", "77"),
        ];
        assert_eq!(said(&github), "ann (GitHub run 77)");
        assert_eq!(said(&[("GITLAB_CI", "true")]), "somebody (GitLab job)");
    }

    #[test]
    fn a_person_is_known_by_user_and_host() {
        assert!(said(&[("USER", "ann")]).starts_with("ann@"));
    }

    #[test]
    fn what_the_user_says_counts_before_all_else_and_cannot_rewrite_a_terminal() {
        let given = [
            ("ASSETSYNC_ACTOR", "Ann\u{1b}[2J"),
            ("GITHUB_ACTIONS", "true"),
        ];
        assert_eq!(said(&given), "Ann\\u{1b}[2J");
    }
}
