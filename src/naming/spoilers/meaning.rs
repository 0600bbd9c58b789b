//! Decides which hidden file a name means in the place where it was found, if any.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::Search;
use super::needles::{self, Needle, picture};

/// Shorter names in binary files may be there by chance: they need to stand by themselves.
const BINARY_NAME_BYTES_MIN: usize = 8;

/// Ways in which a name is meant, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// The file's own name.
    Named,
    /// The name of its folder.
    AsFolder,
    /// The name of the same picture in another size or format.
    AsPicture,
    /// The own name of a page or script, without its ending.
    Endless,
    /// Another address of a page.
    AsTwin,
    /// Of a folder that has hidden files.
    AsFolderOfFiles,
    /// One of the addresses that a script builds of parts, one of which isn't known.
    Built,
    /// Its name without a folder.
    Bare,
}

/// A place in which a pattern was found.
pub(super) struct Place<'a> {
    pub text: &'a [u8],
    pub before: &'a [u8],
    pub after: &'a [u8],
    /// Folders above hidden files that the text names, once they are asked for.
    pub bases: &'a OnceCell<BTreeSet<String>>,
}

/// A file in which names are found.
pub(super) struct Meaning<'a> {
    pub search: &'a Search<'a>,
    pub file: usize,
    pub is_binary: bool,
}

impl Meaning<'_> {
    /// Returns which object a name means in this file, if any.
    pub(super) fn of(&self, needle: &Needle, place: &Place<'_>) -> Option<(usize, How)> {
        match needle {
            Needle::Key(other) => Some((*other, How::Named)),
            Needle::Path(tail) => Some((self.by_tail(tail, place)?, How::Named)),
            Needle::Folder(tail) => {
                let other = self.by_tail(tail, place)?;
                Some((other, self.of_folder(other)))
            }
            Needle::Slashless(tail) => {
                let other = self.by_address(tail, place)?;
                Some((other, self.of_folder(other)))
            }
            Needle::Endless(tail) => Some((self.by_address(tail, place)?, How::Endless)),
            Needle::Twin(tail, ending) => Some((self.by_twin(tail, ending, place)?, How::AsTwin)),
            Needle::Picture(tail) => Some((self.by_picture(tail, place)?, How::AsPicture)),
            Needle::Bare(name) => self.bare(name, place),
        }
    }

    /// Returns the page that is meant by another address, unless a file has that.
    fn by_twin(&self, tail: &str, ending: &str, place: &Place<'_>) -> Option<usize> {
        let other = self.by_tail(tail, place)?;
        let path = self.search.other(other).0.as_str();
        let mut twins = needles::twins(path).filter(|(_, other)| *other == ending);
        let is_taken = twins.any(|(stem, ending)| {
            let twin = format!("{stem}{ending}");
            self.search.is_file(&twin) || ending == "/" && self.search.is_folder(&twin)
        });
        (!is_taken).then_some(other)
    }

    /// Returns the picture of which another form is meant, unless a file is that.
    fn by_picture(&self, tail: &str, place: &Place<'_>) -> Option<usize> {
        let form = self.other_form(tail, place.after)?;
        let stem_alone = Place {
            after: b"",
            ..*place
        };
        let other = self.by_tail(tail, &stem_alone)?;
        (!self.is_file(other, form)).then_some(other)
    }

    fn of_folder(&self, other: usize) -> How {
        match self.search.other(other).0.file_name() {
            "index.html" => How::AsFolder,
            _ => How::AsFolderOfFiles,
        }
    }

    /// As [`File::by_tail`], if it stands where addresses do: without an ending, it may be any two
    /// words. Behind a slash, it's an address whatever follows: a blank, a comma, the end of a
    /// line.
    fn by_address(&self, tail: &str, place: &Place<'_>) -> Option<usize> {
        let before = place.before.last();
        let is_behind_slash = before == Some(&b'/');
        let is_alone = before.is_none_or(|byte| *byte == b'\n')
            && matches!(place.after, [] | [b'\r' | b'\n', ..]);
        // So many folders aren't two words by chance.
        let is_whole = tail.trim_end_matches('/').matches('/').count() >= 2
            && self.search.needles.at(tail).is_some();
        if (is_behind_slash || is_alone || is_whole) && !goes_on(place.after) {
            return self.by_tail(tail, place);
        }
        let ends = place.after.first().is_none_or(|byte| {
            matches!(byte, b'"' | b'\'' | b'`' | b'?' | b'#' | b')' | b'&' | b'<')
        });
        let begins = place
            .before
            .last()
            .is_none_or(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'/' | b'=' | b'('));
        if ends && begins {
            self.by_tail(tail, place)
        } else {
            None
        }
    }

    /// Returns the object that `tail` means in this place.
    fn by_tail(&self, tail: &str, place: &Place<'_>) -> Option<usize> {
        let whole = || self.search.needles.at(tail);
        // `index.html` alone isn't that of a folder above.
        let is_alone = !tail.contains('/') && !place.before.ends_with(b"../");
        let relative = || self.by_relative(tail, is_alone, place);
        // In binary files, anything may stand beside a name.
        if self.is_binary && tail.len() >= BINARY_NAME_BYTES_MIN {
            return if is_alone {
                relative()
            } else {
                whole().or_else(relative)
            };
        }
        if place.after.first().copied().is_some_and(is_name) {
            return None;
        }
        match place.before.last() {
            // Behind another folder, only the whole path can be meant: the site's own prefix may
            // stand there.
            Some(b'/') if !place.before.ends_with(b"./") => whole(),
            Some(b'/') | None => relative(),
            Some(byte) if is_name(*byte) || *byte == b'.' => None,
            Some(_) => relative(),
        }
    }

    fn by_relative(&self, tail: &str, is_alone: bool, place: &Place<'_>) -> Option<usize> {
        let seen = if is_alone {
            self.search.beside(self.file, tail)
        } else {
            self.search.seen_from(self.file, tail)
        };
        seen.or_else(|| self.by_base(tail, place))
    }

    /// Returns the object that `tail` means below a folder that the same text names, unless it's a
    /// file seen from here.
    fn by_base(&self, tail: &str, place: &Place<'_>) -> Option<usize> {
        let bases = place.bases.get_or_init(|| self.search.bases(place.text));
        let mut meant = bases
            .iter()
            .filter_map(|base| self.search.seen_from(self.file, &format!("{base}{tail}")));
        let other = meant.next()?;
        (!self.search.is_file_seen_from(self.file, tail)).then_some(other)
    }

    fn bare(&self, name: &str, place: &Place<'_>) -> Option<(usize, How)> {
        let is_beside = |byte: &u8| is_name(*byte) || matches!(byte, b'.' | b'/' | b'%');
        if place.before.last().is_some_and(is_beside)
            || place.after.first().copied().is_some_and(is_name)
        {
            return None;
        }
        if let Some(other) = self.by_base(name, place) {
            return Some((other, How::Named));
        }
        let needles = &self.search.needles;
        let distinctive = needles.distinctive(&name.to_ascii_lowercase())?;
        Some((distinctive, How::Bare))
    }

    /// Returns what stands behind a picture's name without its ending, if that is another size or
    /// format: `-600w.webp`.
    fn other_form<'t>(&self, tail: &str, after: &'t [u8]) -> Option<&'t str> {
        const FORM_BYTES_MAX: usize = 48;
        let is_form = |byte: &&u8| is_name(**byte) || matches!(byte, b'.' | b'@');
        let len = after
            .iter()
            .take(FORM_BYTES_MAX)
            .take_while(is_form)
            .count();
        let form = std::str::from_utf8(&after[..len]).ok()?;
        let form = form.trim_end_matches('.');
        let form = if self.is_binary {
            needles::up_to_picture(form)?
        } else {
            form
        };
        let (_, own) = picture(tail)?;
        let (between, extension) = picture(form)?;
        let is_own = between.is_empty() && extension.eq_ignore_ascii_case(own);
        (form.starts_with(['.', '-', '_', '@']) && !is_own).then_some(form)
    }

    /// Returns whether the tree has a file that is called like `other`, but for its ending.
    fn is_file(&self, other: usize, form: &str) -> bool {
        let path = self.search.other(other).0.as_str();
        let stem = picture(path).map_or(path, |(stem, _)| stem);
        self.search.is_file(&format!("{stem}{form}"))
    }
}

/// Tells whether a path goes on with what follows: letters, another folder, or an ending.
fn goes_on(after: &[u8]) -> bool {
    match after {
        [] => false,
        [b'/' | b'%', ..] => true,
        [b'.', next, ..] => is_name(*next),
        [byte, ..] => is_name(*byte),
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
