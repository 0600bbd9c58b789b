//! Settings from flags and environment variables.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::base::error::Result;
use crate::cache::Cache;
use crate::cli::Global;
use crate::cli::settings::SETTINGS;
use crate::config::{Origin, Overrides};
use crate::store::environment;

/// Returns the settings from flags and environment variables, each with its origin.
pub(super) fn overrides(matches: &ArgMatches, global: &Global) -> Result<Overrides> {
    let mut overrides = Overrides::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        for (setting, flag, variable) in SETTINGS {
            let Ok(Some(value)) = matches.try_get_one::<String>(setting) else {
                continue;
            };
            let given = match matches.value_source(setting) {
                Some(ValueSource::EnvVariable) => match environment::variable(variable)? {
                    Some(value) => (value, Origin::Environment(variable.to_string())),
                    None => continue,
                },
                _ => (value.clone(), Origin::Flag(flag.to_string())),
            };
            overrides.insert(setting.to_string(), given);
        }
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    if let Some(target) = environment::variable("ASSETSYNC_TARGET")? {
        overrides.insert(
            "target".to_string(),
            (target, Origin::Environment("ASSETSYNC_TARGET".to_string())),
        );
    }
    if !global.no_cache {
        overrides.extend(cache_folder()?.map(|folder| ("cache".to_string(), folder)));
    }
    Ok(overrides)
}

/// Returns the folder of the cache, which keeps what earlier runs found out about files.
fn cache_folder() -> Result<Option<(String, Origin)>> {
    const VARIABLE: &str = "ASSETSYNC_CACHE_DIR";
    if let Some(folder) = environment::variable(VARIABLE)? {
        return Ok(Some((folder, Origin::Environment(VARIABLE.to_string()))));
    }
    let usual = Cache::usual_folder();
    Ok(usual.and_then(|folder| Some((folder.to_str()?.to_string(), Origin::Default))))
}

/// Returns the configuration file, if the environment names one.
pub(super) fn config_variable() -> Result<Option<String>> {
    environment::variable("ASSETSYNC_CONFIG")
}

/// Returns whether this runs in a CI, where others may read the logs: CIs set the variable `CI`.
pub(super) fn is_ci() -> bool {
    variable("CI").is_some_and(|value| !matches!(value.as_str(), "false" | "0"))
}

/// Returns a variable that isn't empty, for display only: bytes that aren't text are replaced.
pub(super) fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}
