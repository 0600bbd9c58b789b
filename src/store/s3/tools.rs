//! `aws`, for Amazon's buckets and those of all servers that speak S3.

use url::Url;

use crate::store::Server;
use crate::store::command::{quoted, server};
use crate::store::location::Bucket;
use crate::store::tools::{Edit, Tools};

/// Lifecycle rule that deletes uploads that were never finished.
const UPLOADS_RULE: &str = r#"{"ID": "assetsync-uploads", "Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}"#;

/// Commands for one bucket.
pub(crate) struct Aws<'a> {
    pub bucket: &'a Bucket,
    /// Server, if it isn't Amazon's.
    pub endpoint: Option<&'a Url>,
}

impl Aws<'_> {
    /// Returns `aws s3api COMMAND --bucket NAME WITH`.
    fn api(&self, command: &str, with: &str) -> String {
        let (name, endpoint) = (&self.bucket.name, self.endpoint_url());
        let space = if with.is_empty() { "" } else { " " };
        format!("aws s3api {command} --bucket {name}{space}{with}{endpoint}")
    }

    fn endpoint_url(&self) -> String {
        self.endpoint.map_or(String::new(), |url| {
            format!(" --endpoint-url {}", quoted(&server(url)))
        })
    }

    fn set_lifecycle(&self, rules: &str) -> String {
        let with = format!("--lifecycle-configuration {rules}");
        self.api("put-bucket-lifecycle-configuration", &with)
    }

    /// Returns the command that sets the rules that `query` makes of the current ones.
    fn lifecycle_from(&self, query: &str) -> String {
        let with = format!("--query {}", quoted(query));
        let get = self.api("get-bucket-lifecycle-configuration", &with);
        format!("{get} > rules.json && {}", self.lifecycle().set)
    }

    fn versioning(&self, status: &str) -> String {
        let with = format!("--versioning-configuration Status={status}");
        self.api("put-bucket-versioning", &with)
    }
}

impl Tools for Aws<'_> {
    fn only_server(&self) -> Option<Server> {
        None
    }

    fn make_private(&self, url: &str) -> String {
        format!("aws s3 mb {url}{}", self.endpoint_url())
    }

    fn remove(&self, name: &str) -> String {
        let object = quoted(&self.bucket.url_of(name));
        format!("aws s3 rm {object}{}", self.endpoint_url())
    }

    fn remove_folder(&self, folder: &str) -> String {
        let folder = quoted(&self.bucket.url_of(folder));
        format!("aws s3 rm --recursive {folder}{}", self.endpoint_url())
    }

    fn keep_versions(&self) -> String {
        self.versioning("Enabled")
    }

    fn suspend_versioning(&self) -> Option<String> {
        Some(self.versioning("Suspended"))
    }

    fn clear_retention(&self) -> Option<String> {
        None
    }

    fn clear_lifecycle(&self) -> String {
        self.api("delete-bucket-lifecycle", "")
    }

    fn lifecycle(&self) -> Edit {
        Edit {
            get: self.api(
                "get-bucket-lifecycle-configuration",
                "--query '{Rules: Rules}'",
            ),
            set: self.set_lifecycle("file://rules.json"),
            delete: None,
        }
    }

    fn lifecycle_without(&self, names: &[&str]) -> Option<String> {
        let is_simple = |c: char| c.is_ascii_alphanumeric() || " ._-".contains(c);
        if !names.iter().all(|name| name.chars().all(is_simple)) {
            return None;
        }
        let others = names.iter().map(|name| format!("ID!='{name}'"));
        let others = others.collect::<Vec<_>>().join(" && ");
        Some(self.lifecycle_from(&format!("{{Rules: Rules[?{others}]}}")))
    }

    fn clear_uploads(&self, others: bool) -> Option<String> {
        Some(if others {
            self.lifecycle_from(&format!(
                "{{Rules: [Rules[?ID!='assetsync-uploads'], [`{UPLOADS_RULE}`]][]}}"
            ))
        } else {
            self.set_lifecycle(&quoted(&format!("{{\"Rules\": [{UPLOADS_RULE}]}}")))
        })
    }

    fn policy(&self) -> Edit {
        Edit {
            get: self.api("get-bucket-policy", "--query Policy --output text"),
            set: self.api("put-bucket-policy", "--policy file://policy.json"),
            delete: Some(self.api("delete-bucket-policy", "")),
        }
    }

    fn opens_releases(&self, state: Option<&str>) -> Option<&'static str> {
        let prefix = &self.bucket.prefix;
        match state {
            None if !prefix.is_empty() => Some(
                "a bucket policy can't let everybody read below a prefix, except in one folder",
            ),
            Some(state) if state.starts_with(prefix.as_str()) => {
                Some("`state` is in the part of the bucket that everybody may read")
            }
            _ => None,
        }
    }
}
