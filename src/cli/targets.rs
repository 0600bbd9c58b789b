//! Targets as people name them: as an argument, as a flag, or both.

use std::collections::BTreeSet;

use clap::Args;

use crate::base::error::{Error, Result};

/// The target of a command. People type it as an argument or as a flag: either is understood.
#[derive(Debug, Args)]
pub struct TargetName {
    /// As in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    #[command(flatten)]
    flag: TargetFlag,
}

/// The targets of a command that takes several.
#[derive(Debug, Args)]
pub struct TargetNames {
    /// As in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// The same as TARGET. Repeatable
    #[arg(long = "target", id = "target_flags", value_name = "NAME")]
    flags: Vec<String>,
}

#[derive(Debug, Args)]
struct TargetFlag {
    /// The same as TARGET
    #[arg(long = "target", id = "target_flag", value_name = "NAME")]
    name: Option<String>,
}

/// A target and a release, of which either may be missing.
#[derive(Debug, Args)]
pub struct TargetOrRelease {
    /// As in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]. If there's no such
    /// target, the release
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// A release, or the beginning or end of its name [default: the previous release]
    release: Option<String>,
    #[command(flatten)]
    flag: TargetFlag,
}

/// Paths, and a target before them.
#[derive(Debug, Args)]
pub struct TargetOrPaths {
    /// Files such as puzzle/gears/index.html, or folders for their index.html. The first may be a
    /// target
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// As in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]
    #[arg(long = "target", id = "target_flag", value_name = "NAME")]
    flag: Option<String>,
}

/// Files, and a target before them.
#[derive(Debug, Args)]
pub struct TargetAndFiles {
    /// The target, as in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]. Then
    /// paths or URLs of files, or folders with a slash at the end
    #[arg(value_name = "TARGET] [FILE")]
    names: Vec<String>,
    #[command(flatten)]
    flag: TargetFlag,
}

/// Levels, and a target before them.
#[derive(Debug, Args)]
pub struct TargetAndLevels {
    /// The target, as in [target.NAME] [default: default_target] [env: ASSETSYNC_TARGET]. Then one
    /// or more held levels, as in [[level]]
    #[arg(value_name = "TARGET] [LEVEL")]
    names: Vec<String>,
    #[command(flatten)]
    flag: TargetFlag,
}

/// Names as they were typed, of which the first may be a target.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'n> {
    names: &'n [String],
    flag: &'n Option<String>,
}

impl TargetAndFiles {
    /// Returns what was typed.
    pub fn typed(&self) -> Typed<'_> {
        Typed {
            names: &self.names,
            flag: &self.flag.name,
        }
    }
}

impl TargetAndLevels {
    /// Returns what was typed.
    pub fn typed(&self) -> Typed<'_> {
        Typed {
            names: &self.names,
            flag: &self.flag.name,
        }
    }
}

impl<'n> Typed<'n> {
    /// Returns the target as a list, empty if none is given, and the names. `is_target` knows the
    /// names of targets.
    ///
    /// # Errors
    /// Returns an error if two different targets are given.
    pub fn parts(self, is_target: impl Fn(&str) -> bool) -> Result<(Vec<String>, &'n [String])> {
        let flag = self.flag.as_slice();
        match self.names.split_first() {
            Some((name, names)) if is_target(name) => {
                Ok((one_way(std::slice::from_ref(name), flag)?, names))
            }
            _ => Ok((flag.to_vec(), self.names)),
        }
    }
}

impl TargetName {
    /// The name as a list; empty if none is given.
    ///
    /// # Errors
    /// Two different ones are given.
    pub fn names(&self) -> Result<Vec<String>> {
        one_way(self.target.as_slice(), self.flag.name.as_slice())
    }
}

impl TargetNames {
    /// All names; empty if none is given.
    ///
    /// # Errors
    /// Different ones are given as arguments and as flags.
    pub fn names(&self) -> Result<Vec<String>> {
        one_way(&self.targets, &self.flags)
    }
}

impl TargetOrRelease {
    /// The target as a list, empty if none is given, and the release. `is_target` knows the names
    /// of targets.
    ///
    /// # Errors
    /// Two different targets are given.
    pub fn parts(&self, is_target: impl Fn(&str) -> bool) -> Result<(Vec<String>, Option<String>)> {
        let flag = self.flag.name.as_slice();
        match (&self.target, &self.release) {
            (Some(name), None) if !is_target(name) && !flag.contains(name) => {
                Ok((flag.to_vec(), Some(name.clone())))
            }
            (target, release) => Ok((one_way(target.as_slice(), flag)?, release.clone())),
        }
    }
}

impl TargetOrPaths {
    /// The target as a list, empty if none is given, and the paths. `is_target` knows the names of
    /// targets that aren't paths.
    ///
    /// # Errors
    /// Two different targets are given.
    pub fn parts(&self, is_target: impl Fn(&str) -> bool) -> Result<(Vec<String>, &[String])> {
        let flag = self.flag.as_slice();
        match self.paths.split_first() {
            Some((name, paths)) if !paths.is_empty() && is_target(name) => {
                Ok((one_way(std::slice::from_ref(name), flag)?, paths))
            }
            _ => Ok((flag.to_vec(), &self.paths)),
        }
    }
}

/// Targets that were named as arguments, as flags, or the same ones in both ways.
fn one_way(arguments: &[String], flags: &[String]) -> Result<Vec<String>> {
    let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    if arguments.is_empty() {
        return Ok(flags.to_vec());
    }
    if !flags.is_empty() && sorted(arguments) != sorted(flags) {
        let (arguments, flags) = (arguments.join("`, `"), flags.join("`, `"));
        return Err(Error::usage(
            format!(
                "Which target? `{}` is given, and `{}` by --target",
                arguments.escape_debug(),
                flags.escape_debug()
            ),
            "name it once: `push prod` and `push --target prod` mean the same",
        ));
    }
    Ok(arguments.to_vec())
}
