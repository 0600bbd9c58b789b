//! The commit of a release, broken at every request in every way: whatever is lost, late, refused
//! or damaged, and whoever is stopped or killed, the current release is whole at every instant,
//! what is told is true, and the next run comes to the same end.
//!
//! A part of it runs with all other stories. All of it, some minutes:
//!
//! ```text
//! tests/run --test stories -- transactions --ignored --nocapture
//! ```
//!
//! A case that fails says how it's called; alone it runs by its name, or with others by what their
//! names begin with:
//!
//! ```text
//! ASSETSYNC_TEST_CASE='s3/push/7.3+8.1/before' tests/run --test stories -- transactions::matrix::every_request --ignored --nocapture
//! ```
//!
//! Its parts are the storage, what is done, the number of each request that goes wrong with the
//! number of its effect (in [`matrix::effects`]), and when what is delayed is delivered.

mod crossing;
mod history;
mod killed;
mod matrix;
mod place;
mod scenarios;
mod sixteen;
mod stopped;
