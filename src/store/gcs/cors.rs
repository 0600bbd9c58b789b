//! CORS policy of a bucket on Google Cloud Storage. See
//! <https://cloud.google.com/storage/docs/json_api/v1/buckets>.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Gcs, parse};
use crate::cors::{self, GcsRule, Policy};
use crate::store::http::Call;
use crate::store::{StoreError, StoreErrorKind};

/// Number of times that a change is tried when others change the bucket at the same time.
const CHANGES_MAX: usize = 5;

/// Fields of a bucket's resource that are read.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Bucket {
    /// Number in a string. It changes with every change of the bucket's settings.
    metageneration: String,
    cors: Vec<GcsRule>,
}

impl Gcs {
    pub(super) async fn cors_policy(&self) -> Result<Option<Policy>, StoreError> {
        let policy = cors::from_gcs(self.cors_resource().await?.cors);
        Ok(Some(policy).filter(|policy| !policy.rules.is_empty()))
    }

    /// Sets the policy. If others change the bucket's settings meanwhile, it reads them again.
    pub(super) async fn set_cors_policy(&self, policy: &Policy) -> Result<(), StoreError> {
        let value = if policy.rules.is_empty() {
            // A patch removes fields that are null.
            json!({ "cors": null })
        } else {
            json!({ "cors": cors::gcs_rules(policy) })
        };
        for _ in 0..CHANGES_MAX {
            let bucket = self.cors_resource().await?;
            let there = cors::from_gcs(bucket.cors);
            if there.means(policy, cors::Cloud::Gcs) {
                return Ok(());
            }
            let condition = format!("ifMetagenerationMatch={}", bucket.metageneration);
            let call = self
                .about_cors(Method::PATCH, "set the CORS policy")
                .and_query(&condition)
                .header("content-type", "application/json; charset=utf-8")
                .body([Bytes::from(value.to_string())]);
            let permission = "storage.buckets.update (as in roles/storage.admin)";
            match self.ask_owner(&call, permission).await {
                Err(error) if error.kind == StoreErrorKind::Precondition => {}
                settled => return settled.map(|_| ()),
            }
        }
        let message = format!(
            "Cannot set the CORS policy of the bucket `{}`: someone else keeps changing its settings",
            self.bucket
        );
        Err(StoreError::new(StoreErrorKind::Precondition, message).hint("try again in a minute"))
    }

    async fn cors_resource(&self) -> Result<Bucket, StoreError> {
        let call = self.about_cors(Method::GET, "read the CORS policy");
        let permission = "storage.buckets.get (as in roles/storage.admin)";
        parse(&call, &self.ask_owner(&call, permission).await?)
    }

    fn about_cors(&self, method: Method, doing: &str) -> Call {
        let (server, bucket) = (&self.server, &self.bucket);
        let url = format!("{server}/storage/v1/b/{bucket}?fields=cors%2Cmetageneration");
        Call::new(method, url, format!("{doing} of the bucket `{bucket}`"))
    }
}
