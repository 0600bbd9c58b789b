//! JSON pointers (RFC 6901) in which `*` stands for any one key or index.

use crate::refs::Fault;

/// One part of a pointer.
pub(super) enum Part {
    Any,
    Named { key: String, index: Option<usize> },
}

impl Part {
    fn parse(part: &str) -> Part {
        // `~1` first: `~01` is the key `~1`.
        let key = part.replace("~1", "/").replace("~0", "~");
        let has_leading_zero = key.len() > 1 && key.starts_with('0');
        let is_index = key.bytes().all(|b| b.is_ascii_digit()) && !has_leading_zero;
        match part {
            "*" => Part::Any,
            _ => Part::Named {
                index: is_index.then(|| key.parse().ok()).flatten(),
                key,
            },
        }
    }

    pub(super) fn is_key(&self, wanted: &str) -> bool {
        matches!(self, Part::Any) || matches!(self, Part::Named { key, .. } if key == wanted)
    }

    pub(super) fn is_index(&self, wanted: usize) -> bool {
        matches!(self, Part::Any)
            || matches!(self, Part::Named { index, .. } if *index == Some(wanted))
    }
}

/// Cuts a pointer into its parts.
pub(super) fn parse(pointer: &str) -> Result<Vec<Part>, Fault> {
    match pointer.strip_prefix('/') {
        Some(parts) => Ok(parts.split('/').map(Part::parse).collect()),
        None if pointer.is_empty() => Ok(Vec::new()),
        None => Err(Fault::unread(
            0,
            format!("`{pointer}` isn't a JSON pointer: it must begin with `/`"),
        )),
    }
}

/// The rest of a pointer.
#[derive(Clone, Copy)]
pub(super) struct Trail<'p> {
    /// Its place among all pointers.
    pub pointer: usize,
    pub rest: &'p [Part],
}
