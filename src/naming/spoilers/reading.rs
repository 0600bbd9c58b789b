//! A file's bytes as the languages in it read them: without entities, escapes, percent-encoding and
//! detours. Nothing here knows which of them a file is written in; a name is found if any of them
//! reads it.

use std::borrow::Cow;

use super::base64;
use super::layers::{self, Change, Layer, Table};

/// Kinds of files, by their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Text.
    Text,
    /// Text of a script, or JSON: its `=` at the end of a line is no mail's.
    Script,
    /// Text of a calendar, card or mail: a line goes on, if the next one begins with a space.
    Folded,
    /// Text of a page or drawing: tags may stand within a word.
    Markup,
    /// Text of a document that an office made: tags may stand within a word.
    Runs,
    /// Text in units of two bytes.
    Utf16(Utf16),
    /// Anything, and what is text in it may stand beside what isn't.
    Anything,
}

/// Orders of the two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Utf16 {
    LittleEndian,
    BigEndian,
}

impl Utf16 {
    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Utf16::LittleEndian => u16::from_le_bytes(bytes),
            Utf16::BigEndian => u16::from_be_bytes(bytes),
        }
    }
}

/// Bytes of a file, or of a part of it, as a reader decodes them.
pub(super) struct Reading<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// Pairs: what is at this byte here, and what follows it, stands at that byte of the file.
    marks: Vec<(usize, usize)>,
    /// The bytes at which it differs from the reading it was made of; None if all of it does.
    changed: Option<Vec<usize>>,
}

impl<'a> Reading<'a> {
    /// Returns the bytes as they are.
    pub(super) fn verbatim(bytes: &'a [u8]) -> Reading<'a> {
        Reading {
            bytes: Cow::Borrowed(bytes),
            marks: Vec::new(),
            changed: None,
        }
    }

    /// Returns where in the file a byte of this reading stands.
    pub(super) fn origin(&self, at: usize) -> usize {
        let after = self.marks.partition_point(|(here, _)| *here <= at);
        match after.checked_sub(1).map(|index| self.marks[index]) {
            Some((here, there)) => there + (at - here),
            None => at,
        }
    }

    /// Returns the parts that can hold a name of `longest` bytes which the reading before hasn't:
    /// sorted, apart.
    pub(super) fn parts(&self, longest: usize) -> Vec<std::ops::Range<usize>> {
        let end = self.bytes.len();
        let Some(changed) = &self.changed else {
            return std::iter::once(0..end).collect();
        };
        let mut parts: Vec<std::ops::Range<usize>> = Vec::new();
        for at in changed {
            let part = at.saturating_sub(longest)..at.saturating_add(longest).min(end);
            match parts.last_mut() {
                Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
                _ => parts.push(part),
            }
        }
        parts
    }

    /// Calls `look` with every other way to read this one, from the outermost language to the
    /// innermost.
    pub(super) fn each(&self, bytes: Bytes, look: &mut impl FnMut(&Reading<'_>)) {
        self.each_within(bytes, UNPACKED_MAX, look);
    }

    fn each_within(&self, bytes: Bytes, unpacked_max: usize, look: &mut impl FnMut(&Reading<'_>)) {
        let text = match bytes {
            Bytes::Utf16(order) => Some(self.as_utf8(order)),
            _ => self.without_zeros(),
        };
        if let Some(text) = &text {
            look(text);
        }
        let text = text.as_ref().unwrap_or(self);
        if bytes == Bytes::Runs
            && let Some(without) = text.by(&Layer::Tags)
        {
            look(&without);
            without.each_within(Bytes::Text, unpacked_max, look);
        }
        let unfolded = match bytes {
            Bytes::Folded => text.by(&Layer::Folds),
            _ => None,
        };
        if let Some(unfolded) = &unfolded {
            look(unfolded);
        }
        let text = unfolded.as_ref().unwrap_or(text);
        text.each_of_text(bytes, unpacked_max, look);
    }

    /// Does so where no byte is left that isn't text.
    fn each_of_text(&self, bytes: Bytes, unpacked_max: usize, look: &mut impl FnMut(&Reading<'_>)) {
        let entities = Table::declared_in(&self.bytes);
        if bytes == Bytes::Markup {
            let shown = [
                Layer::Inline,
                Layer::Entities(&entities),
                Layer::Invisible,
                Layer::Percent,
                Layer::Detours,
            ];
            self.through(&shown, look);
        }
        let is_other = matches!(bytes, Bytes::Anything | Bytes::Script);
        if !is_other && layers::has_quoted(&self.bytes) {
            self.through(&[Layer::Quoted, Layer::Percent, Layer::Detours], look);
        }
        let markup = [
            Layer::Entities(&entities),
            Layer::Entities(&entities),
            Layer::Joins,
            Layer::Invisible,
        ];
        let plain = self.through(&markup, look);
        let plain = plain.as_ref().unwrap_or(self);
        plain.each_without_escapes(bytes, &entities, look);
        plain.each_in_base64(bytes, unpacked_max, look);
    }

    /// Does so for what escapes stand for, in styles, paths and scripts; and then for what URLs do.
    fn each_without_escapes(
        &self,
        bytes: Bytes,
        entities: &Table,
        look: &mut impl FnMut(&Reading<'_>),
    ) {
        let script = [
            Layer::ScriptEscapes,
            Layer::Entities(entities),
            Layer::ScriptEscapes,
            Layer::Joins,
        ];
        let unescaped = match memchr::memchr(b'\\', &self.bytes) {
            Some(_) => {
                self.each_of_styles_and_paths(bytes, look);
                self.through(&script, look)
            }
            None => None,
        };
        let url = [
            Layer::Percent,
            Layer::Percent,
            Layer::Invisible,
            Layer::Detours,
        ];
        unescaped.as_ref().unwrap_or(self).through(&url, look);
    }

    fn each_of_styles_and_paths(&self, bytes: Bytes, look: &mut impl FnMut(&Reading<'_>)) {
        let style = [Layer::CssEscapes, Layer::Percent, Layer::Detours];
        let is_of_name = |code| match bytes {
            // `\be` is a word's edge and a letter.
            Bytes::Script => (0x20..0x7f).contains(&code),
            _ => code >= 0x20,
        };
        if layers::has_css_escape(&self.bytes, is_of_name) {
            self.through(&style, look);
        }
        // In `solution\notes.txt`, as Windows writes it, `\n` is no line break.
        if layers::has_windows_path(&self.bytes) {
            self.through(&[Layer::Detours], look);
        }
    }

    fn each_in_base64(
        &self,
        bytes: Bytes,
        unpacked_max: usize,
        look: &mut impl FnMut(&Reading<'_>),
    ) {
        if unpacked_max > 0
            && let Some(unpacked) = self.base64(bytes)
        {
            look(&unpacked);
            let inner = match bytes {
                Bytes::Utf16(_) | Bytes::Runs => Bytes::Text,
                _ => bytes,
            };
            unpacked.each_within(inner, unpacked_max - 1, look);
        }
    }

    /// Calls `look` after each layer that changes anything, and returns what is left in the end.
    fn through(
        &self,
        layers: &[Layer<'_>],
        look: &mut impl FnMut(&Reading<'_>),
    ) -> Option<Reading<'static>> {
        let mut last: Option<Reading<'static>> = None;
        for layer in layers {
            let before = last.as_ref().map_or(self as &Reading<'_>, |last| last);
            if let Some(next) = before.by(layer) {
                look(&next);
                last = Some(next);
            }
        }
        last
    }

    /// Returns it as this layer reads it; None if that changes nothing.
    fn by(&self, layer: &Layer<'_>) -> Option<Reading<'static>> {
        let mut change = layer.next(&self.bytes, 0)?;
        let mut made = Made::new(self);
        let mut at = 0;
        loop {
            made.copy(at..change.at.start);
            made.put(&change);
            at = change.at.end;
            match layer.next(&self.bytes, at) {
                Some(next) => change = next,
                None => break,
            }
        }
        made.copy(at..self.bytes.len());
        Some(made.reading)
    }

    /// Returns it without its zeros, which makes text of UTF-16 as long as it's ASCII.
    fn without_zeros(&self) -> Option<Reading<'static>> {
        let mut zeros = memchr::memchr_iter(0, &self.bytes).peekable();
        zeros.peek()?;
        let mut made = Made::new(self);
        let mut at = 0;
        for zero in zeros {
            if zero > at {
                made.resume(at);
                made.copy(at..zero);
            }
            at = zero + 1;
        }
        made.resume(at);
        made.copy(at..self.bytes.len());
        made.reading.changed = None;
        Some(made.reading)
    }

    /// Returns the text as UTF-8. Invalid characters are left out.
    fn as_utf8(&self, order: Utf16) -> Reading<'static> {
        let mut made = Made::new(self);
        let units = self.bytes.chunks_exact(2);
        let units = units.map(|pair| order.unit([pair[0], pair[1]]));
        let mut at = 0;
        for decoded in char::decode_utf16(units) {
            let (c, units) = match decoded {
                Ok(c) => (c, c.len_utf16()),
                Err(_) => (char::REPLACEMENT_CHARACTER, 1),
            };
            made.resume(at);
            let bytes = made.reading.bytes.to_mut();
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            at += 2 * units;
        }
        made.reading.changed = None;
        made.reading
    }

    /// Returns what its base64 says, a line for each.
    fn base64(&self, bytes: Bytes) -> Option<Reading<'static>> {
        let mut made = Made::new(self);
        // Beside other letters, the place where it begins is unknown.
        let starts = match bytes {
            Bytes::Anything => base64::PHASES,
            _ => 1,
        };
        base64::each_base64(&self.bytes, starts, |at, unpacked| {
            made.resume(at);
            made.reading.bytes.to_mut().extend_from_slice(unpacked);
            made.reading.bytes.to_mut().push(b'\n');
        });
        made.reading.changed = None;
        (!made.reading.bytes.is_empty()).then_some(made.reading)
    }
}

/// Number of times that unpacked base64 is searched for more of it.
const UNPACKED_MAX: usize = 2;

/// A reading that is being made from another.
struct Made<'a> {
    from: &'a Reading<'a>,
    /// Number of its marks that have been passed.
    marks: usize,
    reading: Reading<'static>,
}

impl<'a> Made<'a> {
    fn new(from: &'a Reading<'a>) -> Made<'a> {
        let reading = Reading {
            bytes: Cow::Owned(Vec::with_capacity(from.bytes.len())),
            marks: Vec::new(),
            changed: Some(Vec::new()),
        };
        Made {
            from,
            marks: 0,
            reading,
        }
    }

    /// Notes that what comes next stands at `at` of the reading before, behind all that was taken
    /// over.
    fn resume(&mut self, at: usize) {
        self.go_on(at);
        let origin = match self.marks.checked_sub(1).map(|mark| self.from.marks[mark]) {
            Some((here, there)) => there + (at - here),
            None => at,
        };
        let here = self.reading.bytes.len();
        self.reading.marks.push((here, origin));
    }

    /// Takes over what is there, behind all that was taken over.
    fn copy(&mut self, part: std::ops::Range<usize>) {
        let here = self.reading.bytes.len();
        self.go_on(part.start);
        let moved = self.from.marks[self.marks..].iter();
        let moved = moved.take_while(|(at, _)| *at < part.end);
        let moved = moved.map(|(at, origin)| (here + (at - part.start), *origin));
        self.reading.marks.extend(moved);
        let bytes = &self.from.bytes[part];
        self.reading.bytes.to_mut().extend_from_slice(bytes);
    }

    /// Leaves the marks up to `at` behind.
    fn go_on(&mut self, at: usize) {
        let left = self.from.marks[self.marks..].iter();
        self.marks += left.take_while(|(here, _)| *here <= at).count();
    }

    fn put(&mut self, change: &Change<'_>) {
        let end = self.climb(change.climbs);
        let changed = self.reading.changed.get_or_insert_default();
        while changed
            .last()
            .is_some_and(|last| *last >= self.reading.bytes.len())
        {
            changed.pop();
        }
        changed.push(self.reading.bytes.len());
        self.resume(change.at.start);
        let text = end.as_deref().unwrap_or(change.text());
        self.reading.bytes.to_mut().extend_from_slice(text);
        if text.len() > 1 {
            let end = self.reading.bytes.len();
            self.reading.changed.get_or_insert_default().push(end);
        }
        self.resume(change.at.end);
    }

    /// Takes away the last folders, as `..` does. Returns what stands for the change then, if not
    /// its own text.
    fn climb(&mut self, folders: usize) -> Option<Vec<u8>> {
        let bytes = self.reading.bytes.to_mut();
        let mut text = None;
        for climbed in 0..folders {
            let left = folders - climbed;
            let start = layers::segment_start(bytes);
            if matches!(&bytes[start..], b"" | b"." | b"..") {
                text = Some([b"/..".repeat(left), b"/".to_vec()].concat());
                break;
            }
            bytes.truncate(start);
            if bytes.pop_if(|last| *last == b'/').is_none() {
                text = Some(b"../".repeat(left - 1));
                break;
            }
        }
        self.forget();
        text
    }

    /// Forgets where the bytes stand that were taken away.
    fn forget(&mut self) {
        let end = self.reading.bytes.len();
        while self
            .reading
            .marks
            .last()
            .is_some_and(|(here, _)| *here > end)
        {
            self.reading.marks.pop();
        }
    }
}

#[cfg(test)]
mod tests;
