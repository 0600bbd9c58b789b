//! The lowest layer: paths, names, texts and types that all other layers use.

pub(crate) mod caught;
pub(crate) mod children;
pub mod coding;
pub mod credentials;
pub(crate) mod disk;
pub mod encode;
pub(crate) mod error;
pub(crate) mod excerpt;
pub(crate) mod failure;
pub mod glob;
pub mod hint;
pub(crate) mod key_file;
pub mod likeness;
pub(crate) mod listed;
pub(crate) mod mask;
pub(crate) mod matcher;
pub mod media;
pub mod name;
pub(crate) mod own_key;
pub mod path;
pub(crate) mod problem;
pub(crate) mod progress;
pub(crate) mod refusal;
pub(crate) mod strength;
pub mod text;

/// Returns how many of so many random cases a test tries: all with `tests/run`, a tenth of them
/// without, so that the tests of a change end in seconds.
#[cfg(test)]
pub(crate) const fn cases(all: u32) -> u32 {
    if cfg!(feature = "servers") {
        all
    } else {
        all / 10
    }
}
