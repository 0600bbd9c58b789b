//! Profile in use, read from Amazon's files, and its settings of single sign-on.

use ini::Ini;
use reqsign_aws_core::SSOCredentialProvider;
use reqsign_core::{Context, Error};

use super::{answer, causes, missing};
use crate::store::StoreError;

pub(super) const CONFIG: &str = "AWS_CONFIG_FILE";

pub(super) const CREDENTIALS: &str = "AWS_SHARED_CREDENTIALS_FILE";

/// Settings of single sign-on, from a profile or the session that it names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sso {
    /// Name from which the name of the token's file is derived: the session, or the start URL.
    pub(super) token: String,
    pub(super) region: String,
    pub(super) account: String,
    pub(super) role: String,
}

impl Sso {
    pub(super) fn of(profile: &Profile) -> Option<Sso> {
        let get = |name| profile.get(name).or_else(|| of(&profile.sso_session, name));
        let token = profile.get("sso_session").or(get("sso_start_url"))?;
        Some(Sso {
            token: token.to_string(),
            region: get("sso_region").unwrap_or_default().to_string(),
            account: get("sso_account_id")?.to_string(),
            role: get("sso_role_name")?.to_string(),
        })
    }

    /// Returns the provider for this sign-on. reqsign names the token's file after the start URL,
    /// and uses the URL for nothing else. If the token belongs to a session, the session's name is
    /// passed in place of the URL.
    pub(super) fn provider(&self) -> SSOCredentialProvider {
        SSOCredentialProvider::new()
            .with_start_url(&self.token)
            .with_region(&self.region)
            .with_account_id(&self.account)
            .with_role_name(&self.role)
    }
}

/// Settings of the profile in use.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) name: String,
    /// Settings of both files; those of the credentials file win.
    pub(super) settings: Vec<(String, String)>,
    pub(super) sso_session: Vec<(String, String)>,
}

impl Profile {
    /// Reads the profile that AWS_PROFILE names, or `default`, which needn't exist.
    pub(super) async fn read(context: &Context) -> Result<Profile, StoreError> {
        let named = context
            .env_var("AWS_PROFILE")
            .filter(|name| !name.is_empty());
        let name = named.clone().unwrap_or_else(|| "default".to_string());
        let config = file(context, CONFIG, "~/.aws/config").await?;
        let credentials = file(context, CREDENTIALS, "~/.aws/credentials").await?;
        let long = match name.as_str() {
            "default" => name.clone(),
            name => format!("profile {name}"),
        };
        let mut profile = Profile {
            name,
            ..Profile::default()
        };
        let sections = [(&credentials, profile.name.clone()), (&config, long)];
        let mut is_there = false;
        for (file, section) in sections {
            let section = file.as_ref().and_then(|file| file.section(Some(section)));
            is_there |= section.is_some();
            profile.settings.extend(settings(section));
        }
        if let (Some(named), false) = (named, is_there) {
            return Err(no_profile(context, &named));
        }
        if let (Some(session), Some(config)) = (profile.get("sso_session"), &config) {
            let section = config.section(Some(format!("sso-session {session}")));
            profile.sso_session = settings(section).collect();
        }
        Ok(profile)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        of(&self.settings, name)
    }
}

fn settings(section: Option<&ini::Properties>) -> impl Iterator<Item = (String, String)> {
    let settings = section.into_iter().flat_map(ini::Properties::iter);
    settings.map(|(name, value)| (name.to_string(), value.to_string()))
}

fn no_profile(context: &Context, named: &str) -> StoreError {
    let message = format!("No AWS credentials: profile `{named}` not found (AWS_PROFILE)");
    missing(message).hint(format!(
        "`aws configure list-profiles` lists the profiles in {} and {}",
        path(context, CONFIG, "~/.aws/config"),
        path(context, CREDENTIALS, "~/.aws/credentials")
    ))
}

fn of<'a>(settings: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = settings.iter().find(|(this, _)| this == name);
    found.map(|(_, value)| value.as_str())
}

fn path(context: &Context, variable: &str, usual: &str) -> String {
    let named = context.env_var(variable).filter(|path| !path.is_empty());
    named.unwrap_or_else(|| usual.to_string())
}

/// Reads one of Amazon's files; `None` if it doesn't exist.
async fn file(context: &Context, variable: &str, usual: &str) -> Result<Option<Ini>, StoreError> {
    let path = path(context, variable, usual);
    let Some(whole) = context.expand_home_dir(&path) else {
        return Ok(None);
    };
    let bytes = match context.file_read(&whole).await {
        Ok(bytes) => bytes,
        Err(error) if is_not_found(&error) => return Ok(None),
        Err(error) => {
            let message = format!(
                "No AWS credentials: cannot read `{path}`: {}",
                answer(&error)
            );
            return Err(missing(message).hint("check the file's permissions"));
        }
    };
    match Ini::load_from_str(&String::from_utf8_lossy(&bytes)) {
        Ok(file) => Ok(Some(file)),
        Err(error) => {
            let message = format!(
                "No AWS credentials: `{path}` isn't a valid profile file ({}:{})",
                error.line, error.col
            );
            Err(missing(message)
                .hint("write each setting as a line `name = value` below a `[profile name]`"))
        }
    }
}

fn is_not_found(error: &Error) -> bool {
    let mut io = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.any(|io| {
        let nothing = [
            std::io::ErrorKind::NotFound,
            std::io::ErrorKind::NotADirectory,
        ];
        nothing.contains(&io.kind())
    })
}
