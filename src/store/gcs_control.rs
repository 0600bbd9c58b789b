//! The settings of a bucket on Google Cloud Storage (<https://cloud.google.com/storage/docs/json_api/v1/buckets>).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::control::Control;
use super::gcs::{Gcs, parse};
use super::http::Call;
use super::{StoreError, StoreErrorKind};
use crate::cors::{self, GcsRule, Policy};

/// How often a change is tried that others' changes of the bucket get in the way of.
const CHANGES_MAX: usize = 5;

/// A bucket's resource, as far as it's asked for.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Bucket {
    /// A number in a string; another one after every change of the bucket's settings.
    metageneration: String,
    cors: Vec<GcsRule>,
}

#[async_trait]
impl Control for Gcs {
    async fn cors(&self) -> Result<Option<Policy>, StoreError> {
        let bucket = self
            .resource_of_bucket("cors", "read the CORS policy")
            .await?;
        let policy = cors::from_gcs(bucket.cors);
        Ok(Some(policy).filter(|policy| !policy.rules.is_empty()))
    }

    /// Others may change the bucket's settings meanwhile: then it's read again.
    async fn set_cors(&self, policy: &Policy) -> Result<(), StoreError> {
        let value = match policy.rules.is_empty() {
            // A patch takes away what is null.
            true => json!({ "cors": null }),
            false => json!({ "cors": cors::gcs_rules(policy) }),
        };
        for _ in 0..CHANGES_MAX {
            let bucket = self
                .resource_of_bucket("cors", "read the CORS policy")
                .await?;
            let there = cors::from_gcs(bucket.cors);
            if there.means(policy, cors::Cloud::Gcs) {
                return Ok(());
            }
            let condition = format!("ifMetagenerationMatch={}", bucket.metageneration);
            let call = self
                .bucket_call(Method::PATCH, "cors", "set the CORS policy")
                .and_query(&condition)
                .header("content-type", "application/json; charset=utf-8")
                .body([Bytes::from(value.to_string())]);
            let reply = self.send(&call).await?;
            if reply.status != StatusCode::PRECONDITION_FAILED {
                return self.success(&call, reply).map(|_| ());
            }
        }
        let message = format!(
            "Cannot set the CORS policy of the bucket `{}`: somebody else keeps changing its settings",
            self.bucket()
        );
        Err(StoreError::new(StoreErrorKind::Precondition, message).hint("try again in a minute"))
    }
}

impl Gcs {
    async fn resource_of_bucket(&self, field: &str, doing: &str) -> Result<Bucket, StoreError> {
        let call = self.bucket_call(Method::GET, field, doing);
        let reply = self.send(&call).await?;
        parse(&call, &self.success(&call, reply)?)
    }

    /// A request about one field of the bucket's resource.
    fn bucket_call(&self, method: Method, field: &str, doing: &str) -> Call {
        let (server, bucket) = (self.server(), self.bucket());
        let url = format!("{server}/storage/v1/b/{bucket}?fields={field}%2Cmetageneration");
        Call::new(method, url, format!("{doing} of the bucket `{bucket}`"))
    }
}
