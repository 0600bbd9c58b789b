//! `cors check`, `show`, `diff` and `apply`: the policy for cross-origin requests, in its file and
//! in the bucket.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result};
use crate::base::hint::{Hint, Verb};
use crate::config::CONFIG_FILE;
use crate::config::{Config, Target, Wanted};
use crate::cors;
use crate::cors::{Cloud, Difference, Policy, Severity};
use crate::report::{checked_json, checked_text, difference_json, difference_text, policy_text};
use crate::store::Control;
use crate::store::{Timeouts, open};
use tokio::runtime::Runtime;

use super::ask::{Question, confirm};
use super::settings::config_variable;
use super::{BAD_INPUT, CHANGES_FOUND, Code, DONE, Session};
use crate::cli::buckets::{CorsApplyArgs, CorsCheckArgs, CorsDiffArgs, CorsShowArgs};
use crate::commands::output::{print, print_json};

/// Number of times that a bucket is asked for its new policy, with [`PAUSE`] in between: on S3, a
/// new setting may take a while to apply
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel>).
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_secs(1);

/// Bucket of a target, with what is needed to read and change its policy.
struct Bucket {
    target: Target,
    cloud: Cloud,
    control: Arc<dyn Control>,
}

impl Bucket {
    async fn policy(&self) -> Result<Policy> {
        Ok(self.control.cors().await?.unwrap_or_default())
    }
}

impl Session<'_> {
    pub(super) fn cors_check(&self, args: &CorsCheckArgs) -> Result<Code> {
        let (file, as_json) = (args.file.as_deref(), args.json);
        let mut policies = self.policies(file)?;
        if let Some(file) = file {
            let clouds = policies.remove(&real(file)).map(|(_, clouds)| clouds);
            let clouds = clouds.unwrap_or_default();
            policies = BTreeMap::from([(real(file), (file.to_path_buf(), clouds))]);
        }
        let mut code = DONE;
        let mut documents = Vec::new();
        for (file, clouds) in policies.values() {
            let checked = cors::check_file(file, clouds)?;
            if checked.count(Severity::Error) > 0 {
                code = BAD_INPUT;
            }
            if as_json {
                documents.push(checked_json(file, &checked))
            } else {
                print(&checked_text(file, &checked))?
            }
        }
        print_json(&documents)?;
        Ok(code)
    }

    /// Returns the policies that targets name, and the clouds that each is for. A single file needs
    /// no configuration.
    fn policies(&self, file: Option<&Path>) -> Result<BTreeMap<PathBuf, (PathBuf, Vec<Cloud>)>> {
        let is_configured = self.global.config.is_some()
            || config_variable()?.is_some()
            || Path::new(CONFIG_FILE).exists();
        if file.is_some() && !is_configured {
            return Ok(BTreeMap::new());
        }
        let names = self.config(Wanted::NoTarget)?.target_names;
        let config = if names.is_empty() {
            self.config(Wanted::NoTarget)?
        } else {
            self.config(Wanted::Targets(&names))?
        };
        let mut policies: BTreeMap<PathBuf, (PathBuf, Vec<Cloud>)> = BTreeMap::new();
        for target in &config.targets {
            if let Some(file) = &target.cors {
                let entry = policies.entry(real(file));
                let (_, clouds) = entry.or_insert_with(|| (file.clone(), Vec::new()));
                clouds.extend(target.place.cloud());
            }
        }
        if policies.is_empty() && file.is_none() {
            Err(no_policy(
                "No target has a `cors` setting",
                "`assetsync cors check FILE`",
            ))
        } else {
            Ok(policies)
        }
    }

    pub(super) fn cors_show(&self, args: &CorsShowArgs) -> Result<Code> {
        let (target, as_json) = (&args.target.names()?, args.json);
        let (bucket, runtime) = self.bucket(target)?;
        let policy = self.unless_stopped(&runtime, async { Ok(bucket.control.cors().await?) })?;
        if as_json {
            print_json(&[policy.unwrap_or_default().json()])?
        } else {
            print(&policy_text(&bucket.target.name, policy.as_ref()))?
        }
        Ok(DONE)
    }

    pub(super) fn cors_diff(&self, args: &CorsDiffArgs) -> Result<Code> {
        let (target, check, as_json) = (&args.target.names()?, args.check, args.json);
        let (bucket, runtime) = self.bucket(target)?;
        let wanted = self.wanted(&bucket)?;
        let there = self.unless_stopped(&runtime, bucket.policy())?;
        let difference = cors::diff(&there, &wanted, bucket.cloud);
        let name = &bucket.target.name;
        if as_json {
            print_json(&[difference_json(name, &difference, &there, &wanted)])?
        } else {
            print(&difference_text(name, &difference))?
        }
        if check && !difference.is_empty() {
            Ok(CHANGES_FOUND)
        } else {
            Ok(DONE)
        }
    }

    pub(super) fn cors_apply(&self, args: &CorsApplyArgs) -> Result<Code> {
        let (target, is_confirmed) = (&args.target.names()?, args.yes);
        let (bucket, runtime) = self.bucket(target)?;
        let wanted = self.wanted(&bucket)?;
        let there = self.unless_stopped(&runtime, bucket.policy())?;
        let difference = cors::diff(&there, &wanted, bucket.cloud);
        let name = &bucket.target.name;
        print(&difference_text(name, &difference))?;
        if difference.is_empty() {
            return Ok(DONE);
        }
        if !is_confirmed {
            confirm(&Question {
                question: "Replace the bucket's CORS policy?",
                unasked: "Cannot confirm the new CORS policy: standard input is not a terminal",
                declined: "The bucket's CORS policy was not changed",
            })?;
        }
        let left = self.unless_stopped(&runtime, replace(&bucket, &wanted))?;
        if left.is_empty() {
            self.say(&format!(
                "{name}: CORS policy set. \
                 Browsers use a file's old headers until their cached copy expires"
            ))
        } else {
            return Err(not_there(name, &left).of_target(&bucket.target));
        }
        Ok(DONE)
    }

    /// Reads the policy from the target's file, and warns of what is unwise in it.
    fn wanted(&self, bucket: &Bucket) -> Result<Policy> {
        let name = &bucket.target.name;
        let file = bucket.target.cors.as_ref();
        let file = file.ok_or_else(|| {
            no_policy(
                &format!("The target `{name}` has no `cors` setting"),
                "`--cors FILE`",
            )
        })?;
        let (policy, warnings) = cors::load(file, bucket.cloud)?;
        for found in warnings {
            self.say(&format!("warning: {}", found.in_words(file)));
        }
        Ok(policy)
    }

    /// Opens the bucket of one target.
    fn bucket(&self, target: &[String]) -> Result<(Bucket, std::mem::ManuallyDrop<Runtime>)> {
        let Config {
            mut targets,
            retry_seconds,
            ..
        } = self.config(Wanted::Targets(target))?;
        let target = targets.remove(0);
        let runtime = self.runtime()?;
        let opening = open(&target, Timeouts::seconds(retry_seconds));
        let store = self.unless_stopped(&runtime, async { Ok(opening.await?) })?;
        match (store.control(), target.place.cloud()) {
            (Some(control), Some(cloud)) => {
                let bucket = Bucket {
                    target,
                    cloud,
                    control,
                };
                Ok((bucket, runtime))
            }
            _ => Err(Error::usage(
                format!(
                    "The target `{}` is a folder; only buckets have a CORS policy",
                    target.name
                ),
                "set the CORS headers in the web server that serves it",
            )),
        }
    }
}

fn no_policy(message: &str, otherwise: &str) -> Error {
    Error::usage(
        message.to_string(),
        format!("set `cors = \"cors/gcs.json\"` in [target.NAME], or use {otherwise}"),
    )
}

/// Sets the policy, then reads it back until it is in effect. Returns the remaining differences.
async fn replace(bucket: &Bucket, wanted: &Policy) -> Result<Difference> {
    bucket.control.set_cors(wanted).await?;
    let mut left = Difference::default();
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        left = cors::diff(&bucket.policy().await?, wanted, bucket.cloud);
        if left.is_empty() {
            break;
        }
    }
    Ok(left)
}

fn not_there(name: &str, left: &Difference) -> Error {
    let rest = difference_text(name, left);
    Error::Unknown {
        message: format!(
            "The CORS policy was set, but the bucket still has a different one\n{}",
            rest.trim_end()
        ),
        hint: Hint::from(
            "somebody else may have changed it, or the change isn't visible yet: check with ",
        )
        .then(Verb::CorsDiff),
    }
}

/// Resolves a path, since different paths may lead to the same file.
fn real(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_path_buf())
}
