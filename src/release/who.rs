//! Who publishes, and from which commit: for people to read, and for the guard against old checkouts.

use std::path::Path;

use super::guard::Age;
use super::root::Commit;
use crate::children;

/// A CI: the variable that tells of it, those that may tell who started the run, and what the run is called and numbered by.
struct Service {
    sign: &'static str,
    who: &'static [&'static str],
    run: &'static str,
    number: &'static str,
}

const SERVICES: [Service; 9] = [
    Service {
        sign: "GITHUB_ACTIONS",
        // Who started it again, before who started it first.
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

/// What systems call the user; whoever became another one by `sudo` is still themselves.
const USERS: [&str; 4] = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"];

/// The longest actor that is written down, in characters.
const ACTOR_MAX: usize = 200;

/// Who publishes: ASSETSYNC_ACTOR, what a CI says, or user@host. `variable` looks into the environment.
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
    crate::error::escape(&actor)
        .chars()
        .take(ACTOR_MAX)
        .collect()
}

/// The name of the user that this process runs as; in a container that doesn't know it, the number.
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

/// What git prints, if it succeeds.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = children::git(folder, arguments)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
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
        for (variables, actor) in [
            (
                vec![
                    ("GITLAB_CI", "true"),
                    ("GITLAB_USER_LOGIN", "bob"),
                    ("CI_JOB_ID", "9"),
                ],
                "bob (GitLab job 9)",
            ),
            (
                vec![("CIRCLECI", "true"), ("CIRCLE_PR_USERNAME", "cid")],
                "cid (CircleCI build)",
            ),
            (
                vec![("BUILDKITE", "true"), ("BUILDKITE_BUILD_CREATOR", "Dot D.")],
                "Dot D. (Buildkite build)",
            ),
            (
                vec![("JENKINS_URL", "https://ci"), ("BUILD_USER_ID", "eve")],
                "eve (Jenkins build)",
            ),
            (
                vec![
                    ("BITBUCKET_BUILD_NUMBER", "4"),
                    ("BITBUCKET_STEP_TRIGGERER_UUID", "{1f}"),
                ],
                "{1f} (Bitbucket build 4)",
            ),
        ] {
            assert_eq!(said(&variables), actor);
        }
        let again = [github.as_slice(), &[("GITHUB_TRIGGERING_ACTOR", "bob")]].concat();
        assert_eq!(said(&again), "bob (GitHub run 77)", "who started it again");
    }

    #[test]
    fn a_run_that_tells_nobody_is_the_user_s() {
        let run = [("GITLAB_CI", "true"), ("USER", "gitlab-runner")];
        let actor = said(&run);
        assert!(actor.starts_with("gitlab-runner@"), "{actor}");
        assert!(actor.ends_with(" (GitLab job)"), "{actor}");
        // Nor does the environment: the system knows.
        let actor = said(&[]);
        let (user, host) = actor.split_once('@').expect("user and host");
        assert!(!user.is_empty() && !host.is_empty(), "{actor}");
        assert!(!actor.contains("somebody"), "{actor}");
    }

    #[test]
    fn a_person_is_known_by_user_and_host() {
        assert!(said(&[("USER", "ann")]).starts_with("ann@"));
        assert!(said(&[("USER", "root"), ("SUDO_USER", "ann")]).starts_with("ann@"));
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
