//! The workflow that people copy: its steps, as GitHub runs them, in a checkout of a hunt that is
//! published on Ceph's radosgw.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use serde_json::Value;

use super::deployers::policy;
use crate::support::s3::Bucket;
use crate::support::{KEY, Run, Site, from_test_command};

const WORKFLOW: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/.github/workflows/deploy-puzzle-files.yml"
);

/// It needs GitHub, or builds for minutes.
const NOT_RUN: [&str; 2] = ["Look for assetsync in the cache", "Build assetsync"];

/// The workflow as data.
fn workflow() -> Value {
    let read =
        "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1])), default=str))";
    let mut python = Command::new(from_test_command("ASSETSYNC_TEST_PYTHON"));
    python.args(["-c", read, WORKFLOW]);
    let run = Run::of(&mut python, Path::new("/nowhere"));
    assert_eq!(run.code, 0, "{run}");
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// A checkout of the hunt's repository, the storage, and a runner.
struct Runner {
    site: Site,
    assets: Bucket,
    releases: Bucket,
    steps: Vec<Value>,
}

impl Runner {
    /// Whoever deploys has the rights of the example's policies, without what radosgw doesn't know.
    fn new() -> Runner {
        let (assets, releases) = (Bucket::on_rgw(), Bucket::on_rgw());
        for (bucket, file) in [(&assets, "s3-assets.json"), (&releases, "s3-releases.json")] {
            let mut policy: Value =
                serde_json::from_str(&policy(file, &bucket.name)).expect("JSON");
            let statements = policy["Statement"].as_array_mut().expect("a list");
            statements.retain(|statement| statement["Effect"] == "Allow");
            let answer = bucket.signed("PUT", "?policy", policy.to_string().as_bytes());
            assert!(answer.status < 300, "{}", answer.text());
        }
        let config = format!(
            "key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n[target.prod]\nurl = \"s3://{}/static\"\nstate = \"s3://{}/prod\"\nendpoint = \"{}\"\n",
            assets.name, releases.name, assets.endpoint
        );
        let site = Site::bare().raw_config(&config).file("map.png", "a map");
        fs::remove_file(site.path("hunt.key")).expect("it isn't in the repository");
        let workflow = workflow();
        let steps = workflow["jobs"]["deploy"]["steps"]
            .as_array()
            .expect("steps")
            .clone();
        let runner = Runner {
            site,
            assets,
            releases,
            steps,
        };
        runner.git(&["init", "-q"]);
        runner.commit("The first map");
        runner
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org"])
            .args(arguments)
            .current_dir(self.site.path(""));
        let run = Run::of(&mut git, Path::new("/nowhere"));
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
        run.stdout.trim().to_string()
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "assets", "assetsync.toml"]);
        self.git(&["commit", "-qm", message]);
    }

    fn secrets() -> BTreeMap<&'static str, String> {
        let key = base64::engine::general_purpose::STANDARD.encode(KEY);
        // As `base64` prints it: in lines.
        let (first, rest) = key.split_at(40);
        BTreeMap::from([
            ("HUNT_KEY", format!("{first}\n{rest}\n")),
            ("GCS_CREDENTIALS", String::new()),
            (
                "AWS_ACCESS_KEY_ID",
                from_test_command("ASSETSYNC_TEST_STRANGER_ACCESS_KEY"),
            ),
            (
                "AWS_SECRET_ACCESS_KEY",
                from_test_command("ASSETSYNC_TEST_STRANGER_SECRET_KEY"),
            ),
        ])
    }

    /// Runs the steps of a push to main, or of a pull request; returns each step's name and how it
    /// went, up to the first that failed, and then what runs always.
    fn run(&self, event: &str) -> Vec<(String, Run)> {
        let temp = self.site.path(".git/runner");
        fs::create_dir_all(&temp).expect("a folder");
        let environment = temp.join("env");
        fs::write(&environment, "").expect("written");
        let mut done: Vec<(String, Run)> = Vec::new();
        for step in &self.steps {
            let (name, Some(script)) = (
                step["name"].as_str().unwrap_or_default(),
                step["run"].as_str(),
            ) else {
                continue;
            };
            let condition = step["if"].as_str().unwrap_or_default();
            let has_failed = done.iter().any(|(_, run)| run.code != 0);
            let is_meant = match condition {
                "" => !has_failed,
                "always()" => true,
                "github.event_name == 'pull_request'" => !has_failed && event == "pull_request",
                "github.event_name != 'pull_request' && github.ref == 'refs/heads/main'" => {
                    !has_failed && event == "push"
                }
                _ => !NOT_RUN.contains(&name),
            };
            if is_meant && !NOT_RUN.contains(&name) {
                done.push((
                    name.to_string(),
                    self.step(step, script, &temp, &environment),
                ));
            }
        }
        done
    }

    fn step(&self, step: &Value, script: &str, temp: &Path, environment: &PathBuf) -> Run {
        let program = Path::new(env!("CARGO_BIN_EXE_assetsync"))
            .parent()
            .expect("a folder");
        let mut bash = self.site.command(&[]);
        let settings: Vec<(String, std::ffi::OsString)> = bash
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_str()?.to_string(), value?.to_os_string())))
            .collect();
        bash = Command::new("bash");
        bash.args(["-e", "-c", script])
            .current_dir(self.site.path(""))
            .env_clear()
            .envs(settings)
            .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
            .env("RUNNER_TEMP", temp)
            .env("GITHUB_ENV", environment)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTOR", "ann")
            .env("CI", "true");
        let set = fs::read_to_string(environment).expect("readable");
        bash.envs(set.lines().filter_map(|line| line.split_once('=')));
        let secrets = Runner::secrets();
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let secret = value
                .as_str()
                .expect("text")
                .trim_start_matches("${{ secrets.")
                .trim_end_matches(" }}");
            bash.env(name, &secrets[secret]);
        }
        Run::of(&mut bash, &self.site.path(""))
    }
}

fn names(done: &[(String, Run)]) -> Vec<&str> {
    done.iter().map(|(name, _)| name.as_str()).collect()
}

#[track_caller]
fn all_well(done: &[(String, Run)]) {
    for (name, run) in done {
        assert_eq!(run.code, 0, "{name}: {run}");
        for secret in Runner::secrets()
            .values()
            .filter(|secret| !secret.is_empty())
        {
            assert!(
                !format!("{run}").contains(secret.trim()),
                "{name} tells a secret"
            );
        }
        assert!(!format!("{run}").contains(KEY), "{name} tells the key");
    }
}

/// The workflow previews pull requests, publishes main and leaves no secret behind.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn workflow_previews_publishes_and_cleans_up() {
    let runner = Runner::new();
    let shown = runner.run("pull_request");
    all_well(&shown);
    assert_eq!(
        names(&shown),
        [
            "Write the key and the credentials",
            "Show what would be published",
            "Remove the key and the credentials"
        ]
    );
    assert!(shown[1].1.stdout.contains("map.png"), "{}", shown[1].1);
    assert_eq!(runner.assets.all_keys(), [""; 0], "nothing is published");

    let published = runner.run("push");
    all_well(&published);
    assert_eq!(names(&published)[1], "Publish");
    let keys = runner.assets.keys();
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_eq!(
        runner.assets.anonymous(&format!("/{}", keys[0])).status,
        200
    );
    assert_eq!(runner.releases.anonymous("/prod/root.json").status, 403);
    assert!(!runner.site.path(".git/runner/hunt.key").exists());
}

/// The workflow checks out enough history to refuse an older commit.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn workflow_fetches_enough_history() {
    let runner = Runner::new();
    runner.site.write("map.png", "a better map");
    runner.commit("A better map");
    all_well(&runner.run("push"));
    runner.git(&["checkout", "-q", "HEAD~1"]);
    let checkout = runner.steps.iter().find(|step| {
        step["uses"]
            .as_str()
            .is_some_and(|uses| uses.starts_with("actions/checkout"))
    });
    if checkout.expect("a step")["with"]["fetch-depth"] != 0 {
        // As the step does by itself.
        let here = runner.git(&["rev-parse", "HEAD"]);
        runner.git(&["checkout", "-q", "--orphan", "shallow"]);
        runner.git(&["commit", "-qm", &here]);
    }
    let refused = runner.run("push");
    assert_eq!(refused[1].1.code, 3, "{}", refused[1].1);
    assert!(
        refused[1].1.stderr.contains("This checkout is older"),
        "{}",
        refused[1].1
    );
    assert_eq!(
        names(&refused).last(),
        Some(&"Remove the key and the credentials")
    );
    assert!(!runner.site.path(".git/runner/hunt.key").exists());
}
