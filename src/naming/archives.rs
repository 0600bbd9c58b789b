//! Searches archives for private data: their members are searched like files of the tree.

use std::fs::File;
use std::io::{self, Read};

use super::searched::{DECIDES, Searched};
use crate::base::media;
use crate::base::name::Secret;
use crate::base::problem::Problem;
use crate::base::text::escape;
use crate::scan::packed::{Found, Limits, Packed, walk_bytes, walk_file};
use crate::scan::private;
use crate::scan::secrets::{Scanner, looks_secret};
use crate::tree::Asset;

/// Number of bytes of a member that are searched.
const MEMBER_BYTES_MAX: u64 = 8 << 20;

/// Number of bytes of a member by which text is recognized.
const HEAD_BYTES: u64 = 4096;

/// Largest number of members that are reported.
const TOLD_MAX: usize = 20;

/// Says whether a file that begins like this has members, and isn't a document of another kind:
/// zip, gzip, tar; or compressed texts, as a PNG may have.
pub(super) fn is_archive(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04")
        || start.starts_with(b"\x1f\x8b")
        || start.starts_with(b"\x89PNG\r\n\x1a\n")
        || start.get(257..262) == Some(b"ustar")
}

/// Searches an archive. Members that can't be unpacked aren't reported: they may be meant so.
///
/// # Errors
/// The file can't be read.
pub(super) fn search_file(asset: &Asset, file: File, secret: &Secret) -> io::Result<Vec<Problem>> {
    let mut search = Search::new(asset, secret);
    let mut look = |packed: Packed<'_>| search.look(packed);
    walk_file(asset.path.as_str(), file, &Limits::default(), &mut look)?;
    Ok(search.problems)
}

/// As [`search_file`], in memory.
pub(super) fn search_bytes(
    asset: &Asset,
    bytes: &[u8],
    secret: &Secret,
) -> io::Result<Vec<Problem>> {
    let mut search = Search::new(asset, secret);
    let mut look = |packed: Packed<'_>| search.look(packed);
    walk_bytes(asset.path.as_str(), bytes, &Limits::default(), &mut look)?;
    Ok(search.problems)
}

struct Search<'a> {
    asset: &'a Asset,
    secret: &'a Secret,
    problems: Vec<Problem>,
}

impl<'a> Search<'a> {
    fn new(asset: &'a Asset, secret: &'a Secret) -> Search<'a> {
        Search {
            asset,
            secret,
            problems: Vec::new(),
        }
    }

    fn look(&mut self, packed: Packed<'_>) -> io::Result<()> {
        if self.problems.len() >= TOLD_MAX {
            // Ends the walk: there's nothing left to be told of.
            return Err(io::Error::other("enough is told"));
        }
        match packed.found {
            Found::Name => self.name(packed.path),
            Found::Content(content) => self.content(packed.path, content)?,
            Found::Digest(_) | Found::Closed(_) => {}
        }
        Ok(())
    }

    fn name(&mut self, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        if looks_secret(name) && !self.asset.policy.may_be_secret {
            self.tell(path, &format!("looks like a secret by its name; {DECIDES}"));
        }
    }

    fn content(&mut self, path: &str, content: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        content.take(HEAD_BYTES).read_to_end(&mut bytes)?;
        let is_text = private::may_be_text(&bytes);
        if is_text {
            content.take(MEMBER_BYTES_MAX).read_to_end(&mut bytes)?;
        }
        let mut scanner = Scanner::new(self.secret);
        scanner.scan(&bytes);
        // Documents cut words into pieces, as they were typed.
        let bare = (is_text && bytes.trim_ascii_start().starts_with(b"<"))
            .then(|| private::without_tags(&bytes));
        if let Some(bare) = &bare {
            scanner.restart();
            scanner.scan(bare);
        }
        if scanner.found_own_key() {
            self.tell(
                path,
                "holds this project's own key, which is never published: take the key out of this \
                 file, or exclude the file by a rule with `publish = false`",
            );
        }
        if self.asset.policy.may_be_secret {
            return Ok(());
        }
        let extension = path
            .rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase());
        let content_type = media::content_type(extension.as_deref());
        let searched = if is_text {
            Searched::text(path, &content_type, &bytes)
        } else {
            Searched::of_start(private::of_start(&bytes))
        };
        let words = searched.words(&scanner, &self.asset.policy);
        let words = words.or_else(|| {
            let bare = Searched::text(path, &content_type, bare.as_ref()?);
            bare.words(&scanner, &self.asset.policy)
        });
        if let Some(words) = words {
            self.tell(path, &format!("{words}; {DECIDES}"));
        }
        Ok(())
    }

    fn tell(&mut self, path: &str, words: &str) {
        let (message, unquoted) = if path.is_empty() {
            let message = format!("compressed data in it {words}");
            (message.clone(), message)
        } else {
            (
                format!("contains `{}`, which {words}", escape(path)),
                format!("contains a file that {words}"),
            )
        };
        let problem = Problem::new(&self.asset.path, message);
        self.problems.push(problem.unquoted(&unquoted, ""));
    }
}
