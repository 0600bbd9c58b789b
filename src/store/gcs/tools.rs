//! `gcloud`, for Google's buckets.

use crate::store::Server;
use crate::store::command::quoted;
use crate::store::location::Bucket;
use crate::store::tools::{Edit, Tools};

/// Commands for one bucket.
pub(crate) struct Gcloud<'a>(pub &'a Bucket);

impl Gcloud<'_> {
    fn update(&self, with: &str) -> String {
        format!("gcloud storage buckets update gs://{} {with}", self.0.name)
    }
}

impl Tools for Gcloud<'_> {
    fn only_server(&self) -> Option<Server> {
        Some(Server::Google)
    }

    fn make_private(&self, url: &str) -> String {
        format!(
            "gcloud storage buckets create {url} --uniform-bucket-level-access --public-access-prevention"
        )
    }

    fn remove(&self, name: &str) -> String {
        format!("gcloud storage rm {}", quoted(&self.0.url_of(name)))
    }

    fn remove_folder(&self, folder: &str) -> String {
        let folder = quoted(&self.0.url_of(folder));
        format!("gcloud storage rm --recursive {folder}")
    }

    fn keep_versions(&self) -> String {
        self.update("--soft-delete-duration=7d")
    }

    fn suspend_versioning(&self) -> Option<String> {
        None
    }

    fn clear_retention(&self) -> Option<String> {
        Some(self.update("--clear-retention-period"))
    }

    fn clear_lifecycle(&self) -> String {
        self.update("--clear-lifecycle")
    }

    fn lifecycle(&self) -> Edit {
        let name = &self.0.name;
        Edit {
            get: format!(
                "gcloud storage buckets describe gs://{name} --raw --format='json(lifecycle)'"
            ),
            set: self.update("--lifecycle-file=rules.json"),
            delete: None,
        }
    }

    fn lifecycle_without(&self, _names: &[&str]) -> Option<String> {
        None
    }

    fn clear_uploads(&self, _others: bool) -> Option<String> {
        None
    }

    fn policy(&self) -> Edit {
        let bucket = format!("gs://{}", self.0.name);
        Edit {
            get: format!("gcloud storage buckets get-iam-policy {bucket} --format=json"),
            set: format!("gcloud storage buckets set-iam-policy {bucket} policy.json"),
            delete: None,
        }
    }

    fn opens_releases(&self, _state: Option<&str>) -> Option<&'static str> {
        Some("on Google Cloud, a permission applies to the whole bucket")
    }
}
