//! Contents that aren't meant to be published: metadata and secrets in files, leftovers of tools.
//! Nothing here knows how files are published.

pub(crate) mod junk;
pub mod metadata;
pub mod packed;
pub(crate) mod private;
pub(crate) mod secrets;
