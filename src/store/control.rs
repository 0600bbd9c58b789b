//! What only the owner of a bucket asks of it: its settings, apart from any object. Folders have none.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Patience, StoreError, gcs::Gcs, s3::S3};
use crate::config::{Place, Target};
use crate::cors::Policy;

/// The settings of a bucket.
#[async_trait]
pub trait Control: fmt::Debug + Send + Sync {
    /// The policy for cross-origin requests; none if the bucket has none.
    async fn cors(&self) -> Result<Option<Policy>, StoreError>;

    /// Replaces that policy, whatever it is, in one step; one without rules takes it away. Done twice, it's done once.
    async fn set_cors(&self, policy: &Policy) -> Result<(), StoreError>;
}

/// Opens the settings of `target`'s bucket; none if it's a folder.
///
/// # Errors
/// As for [`super::open`].
pub async fn open_control(
    target: &Target,
    patience: Patience,
) -> Result<Option<Arc<dyn Control>>, StoreError> {
    Ok(match &target.place {
        Place::Directory(_) => None,
        Place::S3 { bucket, prefix } => {
            Some(Arc::new(S3::open(target, bucket, prefix, patience).await?))
        }
        Place::Gcs { bucket, prefix } => {
            Some(Arc::new(Gcs::open(target, bucket, prefix, patience).await?))
        }
    })
}
