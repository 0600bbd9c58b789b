//! Everything that is found in one document: references and other findings.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, Digested};
use super::{Base, Reference, StandsFor, paths, words};

/// Findings in one document. Offsets are bytes of the document.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// URLs, in the order they stand in the document. Their spans don't overlap.
    pub references: Vec<Reference>,
    /// `"$$ASSETS(img/*.png)$$"` and `"$$FOLDER$$"`: string literals to be replaced by an object,
    /// or a URL.
    pub placeholders: Vec<Placeholder>,
    /// Comments of HTML, XML and SVG, with their marks: people leave notes there.
    pub comments: Vec<Range<usize>>,
    /// Texts that look like the path of a file or folder, in places where nothing is rewritten.
    /// Sorted by place.
    pub mentions: Vec<Mention>,
    /// Strings that a script puts together from parts which are written in it; [`UNKNOWN`] stands
    /// for one that isn't.
    pub constants: Vec<Joined>,
    /// Comments that name or hold a source map.
    pub source_maps: Vec<SourceMap>,
    /// Digests of files, and of scripts and styles in the document.
    pub digests: Vec<Digest>,
    /// Expressions that seem to build a path, which can't be resolved before the script runs.
    pub built: Vec<Built>,
    /// Places where a parser gave up: nothing behind it was looked at.
    pub faults: Vec<Fault>,
    /// The first `<base href>` of a page.
    pub base: Option<String>,
    /// A script with `import`, `export` or `import.meta`.
    pub is_module: bool,
}

/// A string literal that stands for URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placeholder {
    /// The literal, with its quotes.
    pub span: Range<usize>,
    /// Its meaning.
    pub stands_for: StandsFor,
}

/// `//# sourceMappingURL=app.js.map`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceMap {
    /// The whole comment.
    pub comment: Range<usize>,
    /// Says whether the map itself is in there, as a `data:` URL.
    pub is_inline: bool,
}

/// A text that looks like the path of a file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Its offset, or that of what it's a part of.
    pub at: usize,
    /// The path, as it's written.
    pub text: String,
    /// Its kind of place.
    pub place: Place,
    /// The document, if it's known to be relative to that.
    pub base: Base,
}

/// A place where nothing is rewritten.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Place {
    /// A string of a script.
    Script,
    /// The beginning of a string that a script puts together: the path of a folder, with a slash at
    /// its end.
    Beginning,
    /// An attribute of a page that means nothing to a browser: `img@data-src`.
    Attribute(String),
    /// A string of JSON, by its pointer, with `*` for any index: `/pictures/*/src`.
    Pointer(String),
    /// A word of any other text.
    Text,
    /// A word of a script that couldn't be read.
    Unread,
    /// The name of a file in a folder that a script finds out when it runs, with `*` for what isn't
    /// known of it.
    Name,
}

/// A string that a script puts together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// Its beginning.
    pub at: usize,
    /// The string.
    pub text: String,
}

/// An expression that looks like the making of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// Its beginning.
    pub at: usize,
    /// The expression, at most 60 characters of it.
    pub text: String,
}

const BUILT_CHARS_MAX: usize = 60;

impl Built {
    pub(super) fn new(at: usize, expression: &str) -> Built {
        let cut = expression.char_indices().nth(BUILT_CHARS_MAX);
        let end = cut.map_or(expression.len(), |(end, _)| end);
        Built {
            at,
            text: expression[..end].to_string(),
        }
    }
}

/// A sign for a part of a string that is known only when the script runs.
pub const UNKNOWN: &str = "\0";

/// Something that couldn't be parsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its place.
    pub at: usize,
    /// Its meaning for the rest of the document.
    pub kind: FaultKind,
    /// Its reason.
    pub message: String,
}

/// Kinds of faults, by what they mean for the rest of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// A part wasn't looked into. Other languages than XML go on.
    Unread,
    /// Nothing behind it was read, not even comments.
    End,
    /// A marker isn't a string of its own, and would be published as it is.
    Misplaced,
}

impl Fault {
    /// Says that something wasn't looked into.
    pub(crate) fn unread(at: usize, message: impl Into<String>) -> Fault {
        Fault {
            at,
            kind: FaultKind::Unread,
            message: message.into(),
        }
    }

    /// Says that nothing was read from here on.
    pub(crate) fn end(at: usize, message: impl Into<String>) -> Fault {
        Fault {
            kind: FaultKind::End,
            ..Fault::unread(at, message)
        }
    }

    /// Says that a marker isn't a string of its own.
    pub(crate) fn misplaced(at: usize) -> Fault {
        const MISPLACED: &str = "a placeholder must be the whole string, without other text: \
                                 \"$$ASSETS(img/*.png)$$\", \"$$FOLDER$$\"";
        Fault {
            kind: FaultKind::Misplaced,
            ..Fault::unread(at, MISPLACED)
        }
    }
}

impl Found {
    /// Returns the same where `map` tells the place of an offset.
    pub fn mapped(mut self, map: impl Fn(usize) -> usize) -> Found {
        let mut found = Found {
            base: self.base.take(),
            is_module: self.is_module,
            ..Found::default()
        };
        found.absorb(self, map);
        found
    }

    /// Adds a path of which only a player knows the part at `hole`: `seg-$Number$.m4s`. Files that
    /// it may mean are looked for beside the document.
    pub(super) fn add_built(&mut self, at: usize, path: &str, hole: Range<usize>) {
        if paths::is_absolute(path) {
            return;
        }
        self.built.push(Built::new(at, path));
        let (before, behind) = (&path[..hole.start], paths::path_of(&path[hole.end..]));
        let is_of_one_folder = !path[hole].contains('/') && !behind.contains('/');
        let (text, place) = match (is_of_one_folder, before.rfind('/')) {
            // Any file may be meant.
            (true, _) if before.is_empty() && behind.is_empty() => return,
            (true, _) => (format!("{before}*{behind}"), Place::Name),
            (false, Some(slash)) => (before[..=slash].to_string(), Place::Beginning),
            (false, None) => return,
        };
        self.mentions.push(Mention {
            at,
            text,
            place,
            base: Base::Document,
        });
    }

    /// Adds the words of the document that look like the path of a file, but for those in
    /// references.
    pub(super) fn mention_rest(&mut self, text: &str) {
        let references = &self.references;
        let is_in_reference = |at: usize| {
            let next = references.partition_point(|reference| reference.span.start <= at);
            next > 0 && at < references[next - 1].span.end
        };
        // Strings of styles are words, too.
        self.mentions.retain(|mention| mention.place != Place::Text);
        let words = words::find(text, &Place::Text, |at| at);
        let words = words.into_iter().filter(|word| !is_in_reference(word.at));
        self.mentions.extend(words);
        self.mentions.sort_by_key(|mention| mention.at);
    }

    /// Takes over what was found in a part of the document; `map` tells where an offset of the part
    /// is in the whole.
    pub fn absorb(&mut self, mut part: Found, map: impl Fn(usize) -> usize) {
        part.move_spans(&map);
        part.move_places(&map);
        self.references.append(&mut part.references);
        self.placeholders.append(&mut part.placeholders);
        self.comments.append(&mut part.comments);
        self.mentions.append(&mut part.mentions);
        self.constants.append(&mut part.constants);
        self.source_maps.append(&mut part.source_maps);
        self.digests.append(&mut part.digests);
        self.built.append(&mut part.built);
        self.faults.append(&mut part.faults);
    }

    /// Moves what has a beginning and an end.
    fn move_spans(&mut self, map: &impl Fn(usize) -> usize) {
        let move_span = |span: &mut Range<usize>| *span = map(span.start)..map(span.end);
        let spans = self.references.iter_mut().map(|it| &mut it.span);
        let spans = spans.chain(self.placeholders.iter_mut().map(|it| &mut it.span));
        let spans = spans.chain(self.source_maps.iter_mut().map(|it| &mut it.comment));
        spans.chain(&mut self.comments).for_each(move_span);
        for digest in &mut self.digests {
            move_span(&mut digest.span);
            match &mut digest.of {
                Digested::File(at) => *at = map(*at),
                Digested::Text(text, _) => move_span(text),
            }
        }
    }

    /// Moves what has a beginning alone.
    fn move_places(&mut self, map: &impl Fn(usize) -> usize) {
        let places = self.mentions.iter_mut().map(|it| &mut it.at);
        let places = places.chain(self.constants.iter_mut().map(|it| &mut it.at));
        let places = places.chain(self.built.iter_mut().map(|it| &mut it.at));
        let places = places.chain(self.faults.iter_mut().map(|it| &mut it.at));
        places.for_each(|at| *at = map(*at));
    }
}

#[cfg(test)]
mod tests;
