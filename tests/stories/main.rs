//! Stories of what people see: the real program, real trees, real servers. `tests/run` runs them all.

#[path = "../support/mod.rs"]
mod support;

mod conformance;
mod gcs;
mod properties;
mod publishing;
mod s3;
