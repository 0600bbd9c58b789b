//! Object that `doctor` publishes to test a target, and deletes again.

use super::Stored;
use crate::base::name::Token;

/// Content of the probe.
pub(crate) const PUBLISHED: &[u8] =
    b"This shows that visitors can read. assetsync doctor wrote it.\n";

/// Returns whether an object may be a probe that `doctor` wasn't allowed to delete.
pub(crate) fn may_be_probe(key: &str, stored: &Stored) -> bool {
    let token = key.strip_suffix(".txt");
    stored.size_bytes == PUBLISHED.len() as u64 && token.is_some_and(|t| Token::parse(t).is_some())
}
