//! Globs that people write in rules, levels, placeholders and ignore files. They are checked
//! against bounds before anything compiles them, since globset recurses into nested parts, and
//! panics if a pattern gets too large for it. Pure.

use std::cell::OnceCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet};
use serde::Deserialize;

use crate::base::path::folded;

/// The longest pattern, in bytes: sixteen of the longest paths there are.
pub const PATTERN_BYTES_MAX: usize = 16 << 10;

/// Maximum nesting depth of alternatives.
pub const NESTING_MAX: usize = 16;

/// Maximum number of alternatives that a pattern may have.
pub const ALTERNATIVES_MAX: usize = 1024;

/// A pattern, ready to be matched: `*` stops at `/`, `**` doesn't. Cheap to clone; equal to others
/// of the same text and case.
#[derive(Clone)]
pub struct Glob(Arc<Compiled>);

/// Says whether upper and lower case are the same to a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// `Solution` and `solution` are the same, and so is `é` however it's composed.
    #[default]
    Any,
    /// They are two names.
    Exact,
}

/// A path as patterns of either kind read it.
#[derive(Debug)]
pub struct Spelt<'a> {
    path: &'a str,
    folded: OnceCell<String>,
}

impl<'a> Spelt<'a> {
    /// Takes a path, and folds it when a pattern asks.
    pub fn new(path: &'a str) -> Spelt<'a> {
        Spelt {
            path,
            folded: OnceCell::new(),
        }
    }

    fn folded(&self) -> &str {
        self.folded.get_or_init(|| folded(self.path))
    }
}

struct Compiled {
    pattern: String,
    case: Case,
    /// Of this one pattern: unlike a matcher's, a set's failure to compile is an error.
    set: GlobSet,
}

impl Glob {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// It isn't a glob, or larger than a glob may be.
    pub fn new(pattern: &str) -> Result<Glob, BadGlob> {
        Glob::in_case(pattern, Case::Exact)
    }

    /// Compiles `pattern`, which tells cases apart or doesn't.
    ///
    /// # Errors
    /// As [`Glob::new`].
    pub fn in_case(pattern: &str, case: Case) -> Result<Glob, BadGlob> {
        check_bounds(pattern)?;
        let text = match case {
            Case::Exact => pattern.to_string(),
            Case::Any => folded(pattern),
        };
        let mut builder = GlobBuilder::new(&text);
        let glob = builder.literal_separator(true).build().map_err(syntax)?;
        let set = GlobSet::builder().add(glob).build();
        Ok(Glob(Arc::new(Compiled {
            pattern: pattern.to_string(),
            case,
            set: set.map_err(|_| BadGlob::TooComplex)?,
        })))
    }

    /// The pattern as it was written.
    pub fn pattern(&self) -> &str {
        &self.0.pattern
    }

    /// Checks whether the whole `path` matches.
    pub fn is_match(&self, path: impl AsRef<Path>) -> bool {
        match self.0.case {
            Case::Exact => self.0.set.is_match(path),
            Case::Any => {
                let path = path.as_ref().to_string_lossy();
                self.0.set.is_match(folded(&path))
            }
        }
    }

    /// Returns the same for a path that many patterns are asked about, which is folded once.
    pub fn matches(&self, path: &Spelt<'_>) -> bool {
        match self.0.case {
            Case::Exact => self.0.set.is_match(path.path),
            Case::Any => self.0.set.is_match(path.folded()),
        }
    }

    /// Says whether it tells cases apart.
    pub fn case(&self) -> Case {
        self.0.case
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({:?}, {:?})", self.pattern(), self.case())
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Glob) -> bool {
        (self.pattern(), self.case()) == (other.pattern(), other.case())
    }
}

impl Eq for Glob {}

impl Hash for Glob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.pattern(), self.case()).hash(state);
    }
}

/// Why a text can't be used as a glob. `Display` goes on behind the pattern's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadGlob {
    /// globset's words for what is wrong.
    Syntax(String),
    /// Longer than [`PATTERN_BYTES_MAX`].
    TooLong(usize),
    /// Alternatives deeper in each other than [`NESTING_MAX`].
    TooDeep(usize),
    /// More alternatives than [`ALTERNATIVES_MAX`].
    TooManyAlternatives(usize),
    /// Within these bounds, and too large all the same when compiled.
    TooComplex,
}

impl fmt::Display for BadGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadGlob::Syntax(why) => write!(f, "isn't a valid glob: {why}"),
            BadGlob::TooLong(bytes) => write!(
                f,
                "is too long for a glob: {bytes} bytes, the maximum is {PATTERN_BYTES_MAX}"
            ),
            BadGlob::TooDeep(depth) => write!(
                f,
                "is nested too deeply for a glob: {depth} levels of `{{`, the maximum is {NESTING_MAX}"
            ),
            BadGlob::TooManyAlternatives(count) => write!(
                f,
                "has too many alternatives for a glob: {count}, the maximum is {ALTERNATIVES_MAX}"
            ),
            BadGlob::TooComplex => f.write_str("is too complex for a glob"),
        }
    }
}

fn syntax(error: globset::Error) -> BadGlob {
    BadGlob::Syntax(error.kind().to_string())
}

/// Checks whether a pattern is small enough to be compiled.
pub(crate) fn check_bounds(pattern: &str) -> Result<(), BadGlob> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(BadGlob::TooLong(pattern.len()));
    }
    let braces = Braces::of(pattern.as_bytes());
    if braces.depth_max > NESTING_MAX {
        return Err(BadGlob::TooDeep(braces.depth_max));
    }
    if braces.alternatives > ALTERNATIVES_MAX {
        return Err(BadGlob::TooManyAlternatives(braces.alternatives));
    }
    Ok(())
}

/// Depth and number of the alternatives in a pattern.
#[derive(Debug, Default)]
struct Braces {
    depth_max: usize,
    alternatives: usize,
}

impl Braces {
    fn of(pattern: &[u8]) -> Braces {
        let mut braces = Braces::default();
        let (mut depth, mut at) = (0usize, 0);
        while let Some(byte) = pattern.get(at) {
            match byte {
                b'\\' => at += 1,
                b'[' => at = class_end(pattern, at),
                b'{' => {
                    depth += 1;
                    braces.depth_max = braces.depth_max.max(depth);
                    braces.alternatives += 1;
                }
                b'}' => depth = depth.saturating_sub(1),
                b',' if depth > 0 => braces.alternatives += 1,
                _ => {}
            }
            at += 1;
        }
        braces
    }
}

/// Returns the end of the class that begins at `start`, or `start` if the class doesn't end. In
/// ignore files, a lone bracket stands for itself.
fn class_end(pattern: &[u8], start: usize) -> usize {
    let negation = usize::from(matches!(pattern.get(start + 1), Some(b'!' | b'^')));
    // A bracket that comes first is one of the class.
    let inside = start + negation + 2;
    let end = pattern
        .get(inside..)
        .and_then(|rest| memchr::memchr(b']', rest));
    end.map_or(start, |length| inside + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}x{}", "{a,".repeat(depth), "}".repeat(depth))
    }

    fn alternatives(count: usize) -> String {
        format!("{{{}}}", vec!["a"; count].join(","))
    }

    /// A glob within the bounds matches, and one beyond them is an error.
    #[test]
    fn globs_beyond_bounds_are_errors() {
        let deepest = Glob::new(&nested(NESTING_MAX)).expect("within bounds");
        assert!(deepest.is_match("x") && deepest.is_match("a") && !deepest.is_match("b"));
        Glob::new(&alternatives(ALTERNATIVES_MAX)).expect("within bounds");
        Glob::new(&"?".repeat(PATTERN_BYTES_MAX)).expect("within bounds");
        for (pattern, why) in [
            (nested(NESTING_MAX + 1), BadGlob::TooDeep(NESTING_MAX + 1)),
            (nested(400), BadGlob::TooDeep(400)),
            (alternatives(1025), BadGlob::TooManyAlternatives(1025)),
            ("?".repeat(300_000), BadGlob::TooLong(300_000)),
            ("{a,".repeat(100_000), BadGlob::TooLong(300_000)),
        ] {
            assert_eq!(Glob::new(&pattern).err(), Some(why));
        }
    }

    /// A glob distinguishes upper and lower case only if it is told to.
    #[test]
    fn case_matters_only_on_request() {
        let any = Glob::in_case("**/L\u{f6}sung/[A-C]*", Case::Any).expect("a glob");
        for path in ["x/L\u{f6}sung/a", "x/LO\u{308}SUNG/Cd", "lo\u{308}sung/b"] {
            assert!(
                any.is_match(path) && any.matches(&Spelt::new(path)),
                "{path}"
            );
        }
        assert!(!any.is_match("x/losung/a"));
        let exact = Glob::new("**/Losung/**").expect("a glob");
        assert!(exact.is_match("Losung/a") && !exact.is_match("losung/a"));
        assert_ne!(
            exact,
            Glob::in_case("**/Losung/**", Case::Any).expect("a glob")
        );
    }

    /// Literal braces do not count as nesting.
    #[test]
    fn literal_braces_are_no_nesting() {
        for pattern in [
            "[{]".repeat(50),
            "\\{".repeat(50),
            "[]{]".repeat(50),
            "[!]{]".repeat(50),
        ] {
            let glob = Glob::new(&pattern).unwrap_or_else(|why| panic!("`{pattern}` {why}"));
            assert_eq!(glob.is_match("{".repeat(50)), !pattern.contains('!'));
        }
        assert_eq!(
            check_bounds(&format!("[{}", "{".repeat(20))),
            Err(BadGlob::TooDeep(20)),
            "this class has no end"
        );
    }

    /// A comma outside braces does not count as an alternative.
    #[test]
    fn comma_without_braces_is_literal() {
        check_bounds(&",".repeat(2_000)).expect("no alternatives");
    }
}
