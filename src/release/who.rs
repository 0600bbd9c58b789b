//! Author and commit of a release: for people to read, and for the guard against old checkouts.

use std::path::Path;

use super::guard::Age;
use super::root::Commit;
use crate::base::children;

/// CI service: the variable that identifies it, those that may name the user who started the run,
/// and the name and number of the run.
struct Service {
    sign: &'static str,
    who: &'static [&'static str],
    run: &'static str,
    number: &'static str,
}

const SERVICES: [Service; 9] = [
    Service {
        sign: "GITHUB_ACTIONS",
        // The user who restarted the run comes before the one who started it.
        who: &["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"],
        run: "GitHub run",
        number: "GITHUB_RUN_ID",
    },
    Service {
        sign: "GITLAB_CI",
        who: &["GITLAB_USER_LOGIN", "GITLAB_USER_NAME", "GITLAB_USER_EMAIL"],
        run: "GitLab job",
        number: "CI_JOB_ID",
    },
    Service {
        sign: "CIRCLECI",
        who: &["CIRCLE_USERNAME", "CIRCLE_PR_USERNAME"],
        run: "CircleCI build",
        number: "CIRCLE_BUILD_NUM",
    },
    Service {
        sign: "BUILDKITE",
        who: &["BUILDKITE_BUILD_CREATOR", "BUILDKITE_BUILD_AUTHOR"],
        run: "Buildkite build",
        number: "BUILDKITE_BUILD_NUMBER",
    },
    Service {
        sign: "BITBUCKET_BUILD_NUMBER",
        who: &["BITBUCKET_STEP_TRIGGERER_UUID"],
        run: "Bitbucket build",
        number: "BITBUCKET_BUILD_NUMBER",
    },
    Service {
        sign: "JENKINS_URL",
        who: &["BUILD_USER_ID", "BUILD_USER", "CHANGE_AUTHOR"],
        run: "Jenkins build",
        number: "BUILD_TAG",
    },
    Service {
        sign: "TF_BUILD",
        who: &["BUILD_REQUESTEDFOR", "BUILD_REQUESTEDFOREMAIL"],
        run: "Azure run",
        number: "BUILD_BUILDID",
    },
    Service {
        sign: "DRONE",
        who: &["DRONE_BUILD_TRIGGER", "DRONE_COMMIT_AUTHOR"],
        run: "Drone build",
        number: "DRONE_BUILD_NUMBER",
    },
    Service {
        sign: "CODEBUILD_BUILD_ID",
        who: &["CODEBUILD_INITIATOR"],
        run: "CodeBuild build",
        number: "CODEBUILD_BUILD_ID",
    },
];

/// Variables with the name of the user. With `sudo`, the original user counts.
const USERS: [&str; 4] = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"];

/// Maximum length of a recorded actor, in characters.
const ACTOR_MAX: usize = 200;

/// Returns the name of the publisher: ASSETSYNC_ACTOR, the name from a CI, or user@host. `variable`
/// reads the environment.
pub fn actor(variable: impl Fn(&str) -> Option<String>) -> String {
    let first = |names: &[&str]| names.iter().find_map(|name| variable(name));
    let user = || {
        let user = first(&USERS).unwrap_or_else(user_of_process);
        format!("{user}@{}", gethostname::gethostname().to_string_lossy())
    };
    let by_ci = || {
        let service = SERVICES
            .iter()
            .find(|service| variable(service.sign).is_some())?;
        let number = variable(service.number).map_or(String::new(), |number| format!(" {number}"));
        let who = first(service.who).unwrap_or_else(user);
        Some(format!("{who} ({}{number})", service.run))
    };
    let actor = variable("ASSETSYNC_ACTOR")
        .or_else(by_ci)
        .unwrap_or_else(user);
    crate::base::text::escape(&actor)
        .chars()
        .take(ACTOR_MAX)
        .collect()
}

/// Returns the name of the user that this process runs as. In a container that doesn't know the
/// name, returns the number.
fn user_of_process() -> String {
    whoami::username().unwrap_or_else(|_| match user_number() {
        Some(number) => format!("uid {number}"),
        None => "a user without a name".to_string(),
    })
}

#[cfg(unix)]
fn user_number() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let process = std::fs::metadata("/proc/self").ok()?;
    Some(process.uid())
}

#[cfg(not(unix))]
fn user_number() -> Option<u32> {
    None
}

/// Returns the commit that is checked out in `folder`; none without git.
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

/// Compares the commit of `folder` with `published`.
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
    let includes = |one: &Commit, other: &Commit| {
        git(folder, &["merge-base", "--is-ancestor", &other.id, &one.id]).is_some()
    };
    if includes(published, here) {
        Age::Older
    } else if includes(here, published) {
        Age::NotOlder
    } else {
        Age::Diverged
    }
}

/// Returns whether a text is a hash. A published commit comes from elsewhere, and git must not take
/// it for an option.
fn is_hash(id: &str) -> bool {
    id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Returns the output of git, if it succeeds.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = children::git(folder, arguments)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

#[cfg(test)]
mod tests;
