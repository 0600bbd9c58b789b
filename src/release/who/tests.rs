//! Names of publishers, from CI, from the system and from users.

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

/// A run that names no person belongs to the account it runs under.
#[test]
fn ci_run_without_person_uses_account() {
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

/// A person is named by user and host, seen through `sudo`.
#[test]
fn person_is_user_at_host() {
    assert!(said(&[("USER", "ann")]).starts_with("ann@"));
    assert!(said(&[("USER", "root"), ("SUDO_USER", "ann")]).starts_with("ann@"));
}

/// A given actor takes precedence, and its control characters are escaped.
#[test]
fn given_actor_wins_and_is_escaped() {
    let given = [
        ("ASSETSYNC_ACTOR", "Ann\u{1b}[2J"),
        ("GITHUB_ACTIONS", "true"),
    ];
    assert_eq!(said(&given), "Ann\\u{1b}[2J");
}
