//! Environment variables for the programs that assetsync starts. They get what they need to run,
//! and to find a user's settings and agents. They don't get a CI's secrets or assetsync's own
//! settings.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Names further variables that programs for credentials get, with blanks or commas between them.
const FURTHER: &str = "ASSETSYNC_HELPER_ENV";

/// Variables for every program: paths and language.
const SYSTEM: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TZ",
    "LANG",
    "LANGUAGE",
    "TMPDIR",
    "TEMP",
    "TMP",
    // On Windows.
    "USERPROFILE",
    "USERNAME",
    "SYSTEMROOT",
    "WINDIR",
    "SYSTEMDRIVE",
    "COMSPEC",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "HOMEDRIVE",
    "HOMEPATH",
];
const OF_SYSTEM: &[&str] = &["LC_", "XDG_"];

/// Variables for programs that are asked for credentials: proxies and certificates, a user's agents
/// and windows, settings of clouds.
const OF_HELPERS: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "SSH_TTY",
    "SSH_CONNECTION",
    "GPG_TTY",
    "GPG_AGENT_INFO",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "BROWSER",
    "DBUS_SESSION_BUS_ADDRESS",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    "SUDO_USER",
    "CLOUDSDK_CONFIG",
    "PYTHONIOENCODING",
    "PYTHONUTF8",
    "VIRTUAL_ENV",
];

/// Settings of Amazon's tools, and all that password managers read: they were made for these
/// programs.
const FAMILIES: &[&str] = &[
    "AWS_",
    "VAULT_",
    "OP_",
    "BW_",
    "OKTA_",
    "SAML2AWS_",
    "GRANTED_",
];

/// The secrets among Amazon's variables. If they are in the environment, no program is asked for
/// credentials.
const SECRETS_OF_AWS: &[&str] = &[
    "SECRET",
    "ACCESS_KEY",
    "SESSION_TOKEN",
    "AUTHORIZATION_TOKEN",
];

type Variable = (OsString, OsString);

/// Checks whether a program that is asked for credentials gets this variable. `further` lists
/// additional variables.
fn is_for_helper(name: &str, further: &str) -> bool {
    // Windows doesn't tell case apart, and proxies are set in either.
    let name = name.to_ascii_uppercase();
    let begins = |prefix: &&str| name.starts_with(prefix);
    if name.starts_with("AWS_") && SECRETS_OF_AWS.iter().any(|part| name.contains(part)) {
        return is_named(&name, further);
    }
    is_of_system(&name)
        || OF_HELPERS.contains(&name.as_str())
        || FAMILIES.iter().any(begins)
        || is_named(&name, further)
}

fn is_named(name: &str, further: &str) -> bool {
    let mut names = further.split([',', ' ']);
    !name.starts_with("ASSETSYNC_") && names.any(|further| further.eq_ignore_ascii_case(name))
}

fn is_of_system(name: &str) -> bool {
    SYSTEM.contains(&name) || OF_SYSTEM.iter().any(|prefix| name.starts_with(prefix))
}

/// Returns the variables for a program that is asked for credentials.
pub(crate) fn for_helper() -> Vec<Variable> {
    let further = std::env::var(FURTHER).unwrap_or_default();
    of_environment(|name| is_for_helper(name, &further))
}

fn of_environment(is_passed: impl Fn(&str) -> bool) -> Vec<Variable> {
    std::env::vars_os()
        .filter(|(name, _)| name.to_str().is_some_and(&is_passed))
        .collect()
}

/// Runs git in `folder` and returns its output, or none if git can't be started. It finds its
/// settings, and nothing else.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let is_passed = |name: &str| is_of_system(&name.to_ascii_uppercase());
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env_clear()
        .envs(of_environment(is_passed))
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command.output().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Helpers get settings and agents from the environment but no secrets of a CI.
    #[test]
    fn helpers_get_settings_without_ci_secrets() {
        for name in [
            "PATH",
            "HOME",
            "LC_ALL",
            "XDG_CONFIG_HOME",
            "https_proxy",
            "SSH_AUTH_SOCK",
            "AWS_PROFILE",
            "AWS_CONFIG_FILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_VAULT_BACKEND",
            "VAULT_TOKEN",
            "OP_SERVICE_ACCOUNT_TOKEN",
        ] {
            assert!(is_for_helper(name, ""), "{name}");
        }
        for name in [
            "ASSETSYNC_KEY_FILE",
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "ACTIONS_RUNTIME_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "CI_JOB_TOKEN",
            "CI_REGISTRY_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SESSION_TOKEN",
            "HUNT_KEY",
            "DISCORD_WEBHOOK",
            "DATABASE_URL",
            "NPM_TOKEN",
            "LD_PRELOAD_X",
        ] {
            assert!(!is_for_helper(name, ""), "{name}");
        }
    }

    /// Variables that are named are passed on, except those of assetsync.
    #[test]
    fn named_variables_pass_except_own() {
        let further = "CONJUR_AUTHN, aws_session_token ASSETSYNC_ACTOR";
        assert!(is_for_helper("CONJUR_AUTHN", further));
        assert!(is_for_helper("AWS_SESSION_TOKEN", further));
        assert!(!is_for_helper("ASSETSYNC_ACTOR", further));
        assert!(!is_for_helper("CONJUR_AUTHN_LOGIN", further));
    }
}
