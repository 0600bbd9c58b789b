//! Small files that people write, read within bounds: configuration, key, policies, ignore files. A
//! wrong name may lead to a film, or to a device that never ends.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::base::problem::{Problem, ProblemKind};
use crate::base::text::plain;

/// Contents of a small file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// All of it.
    Whole(Vec<u8>),
    /// More than the bound; nothing is kept.
    TooLarge,
}

/// Reads `file`, and no more than one byte beyond `bytes_max`.
pub(crate) fn read(file: &Path, bytes_max: usize) -> io::Result<Contents> {
    read_from(File::open(file)?, bytes_max)
}

/// The same of a file that is open.
pub(crate) fn read_from(from: impl Read, bytes_max: usize) -> io::Result<Contents> {
    let mut bytes = Vec::new();
    from.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        Ok(Contents::TooLarge)
    } else {
        Ok(Contents::Whole(bytes))
    }
}

/// Reason why there's no text.
#[derive(Debug)]
pub(crate) enum BadText {
    /// The file can't be read.
    Io(io::Error),
    /// It's larger than this many bytes.
    TooLarge(usize),
    /// It isn't UTF-8 from here on: line and column, counted from 1.
    NotUtf8(usize, usize),
}

impl BadText {
    /// The same, told of a file among others.
    pub(crate) fn problem(&self, file: &Path) -> Problem {
        let problem = match self {
            BadText::NotUtf8(line, column) => {
                let place = (*line as u32, *column as u32);
                Problem::at(file.display(), place, self.to_string())
            }
            _ => Problem::new(file.display(), self.to_string()),
        };
        problem.kind(ProblemKind::IgnoreFile)
    }
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadText::Io(error) => f.write_str(&plain(error)),
            BadText::TooLarge(bytes_max) => {
                write!(
                    f,
                    "is larger than {}: check that it's the right file",
                    size(*bytes_max)
                )
            }
            BadText::NotUtf8(..) => f.write_str("isn't valid UTF-8: save it as UTF-8"),
        }
    }
}

/// Reads a file of text, without the byte order mark that some editors begin it with.
pub(crate) fn text(file: &Path, bytes_max: usize) -> Result<String, BadText> {
    match read(file, bytes_max) {
        Ok(Contents::Whole(bytes)) => in_utf8(bytes),
        Ok(Contents::TooLarge) => Err(BadText::TooLarge(bytes_max)),
        Err(error) => Err(BadText::Io(error)),
    }
}

fn in_utf8(bytes: Vec<u8>) -> Result<String, BadText> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let before = String::from_utf8_lossy(before);
        let line = before.rsplit('\n').next().unwrap_or_default();
        BadText::NotUtf8(before.matches('\n').count() + 1, line.chars().count() + 1)
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_string(),
        None => text,
    })
}

/// A size as people read it: `4 KiB`, `1 MiB`.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        _ => format!("{} KiB", bytes >> 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Endless input is read up to the bound.
    #[test]
    fn endless_input_is_read_to_bound() {
        assert_eq!(
            read_from(io::repeat(7), 4096).expect("readable"),
            Contents::TooLarge
        );
        assert_eq!(
            read_from(&b"1234"[..], 4).expect("readable"),
            Contents::Whole(b"1234".to_vec())
        );
    }

    /// Text that is not UTF-8 is reported with its line and column.
    #[test]
    fn invalid_utf8_has_a_place() {
        let bad = in_utf8(b"a\n\xc3\xa9\xff".to_vec()).expect_err("no UTF-8");
        assert!(matches!(bad, BadText::NotUtf8(2, 2)), "{bad:?}");
        assert_eq!(in_utf8("\u{feff}a".into()).expect("UTF-8"), "a");
    }
}
