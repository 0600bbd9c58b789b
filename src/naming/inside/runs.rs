//! Finds long stretches of base64 in text, however they are wrapped or escaped, piece by piece.

/// Shorter stretches hold nothing that is looked for, in characters.
const RUN_CHARS_MIN: usize = 22;

/// A stretch may be so much longer than its base64, by line breaks and escapes.
const ESCAPED_MAX: usize = 3;

/// Characters of base64, and those that may stand between them.
const RUN: [bool; 256] = {
    let mut table = [false; 256];
    let all = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_\r\n\\%&#;";
    let mut at = 0;
    while at < all.len() {
        table[all[at] as usize] = true;
        at += 1;
    }
    table
};

/// A text in which stretches of base64 are looked for.
pub(super) struct Runs {
    /// The stretch that the last piece ended in.
    run: Vec<u8>,
    run_at: u64,
    is_too_long: bool,
    /// Its text without escapes; the room is kept for the next one.
    unescaped: Vec<u8>,
    /// The longest stretch that can hold anything, in bytes.
    run_bytes_max: usize,
}

impl Runs {
    /// Returns the beginning of a text in which at most `bytes_max` bytes are packed at once.
    pub(super) fn new(bytes_max: u64) -> Runs {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        Runs {
            run: Vec::new(),
            run_at: 0,
            is_too_long: false,
            unescaped: Vec::new(),
            run_bytes_max: bytes_max
                .saturating_mul(ESCAPED_MAX)
                .saturating_add(1 << 10),
        }
    }

    /// Reads the next piece, whose first byte is the text's `offset`th. Calls `found` with the
    /// base64 of each stretch that ends.
    pub(super) fn feed(&mut self, bytes: &[u8], offset: u64, found: &mut impl FnMut(u64, &[u8])) {
        let mut at = 0;
        if !self.run.is_empty() || self.is_too_long {
            at = extent(self.run.last().copied(), bytes);
            self.keep(&bytes[..at]);
            if at == bytes.len() {
                return;
            }
            self.end(found);
        }
        while at < bytes.len() {
            // If a character that belongs to none stands within the shortest stretch, it begins
            // behind that.
            let probed = bytes.len().min(at + RUN_CHARS_MIN);
            let outside = bytes[at..probed]
                .iter()
                .rposition(|byte| !RUN[usize::from(*byte)]);
            if let Some(outside) = outside {
                at += outside + 1;
                continue;
            }
            let end = at + extent(None, &bytes[at..]);
            if end == bytes.len() {
                self.run_at = offset + at as u64;
                return self.keep(&bytes[at..end]);
            }
            self.run_at = offset + at as u64;
            self.keep(&bytes[at..end]);
            self.end(found);
            at = end;
        }
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, found: &mut impl FnMut(u64, &[u8])) {
        self.end(found);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.run.len() + bytes.len() > self.run_bytes_max {
            self.is_too_long = true;
            self.run.clear();
        }
        if !self.is_too_long {
            self.run.extend_from_slice(bytes);
        }
    }

    fn end(&mut self, found: &mut impl FnMut(u64, &[u8])) {
        let is_too_long = std::mem::take(&mut self.is_too_long);
        if !is_too_long {
            unescape_lines(&self.run, &mut self.unescaped);
            let pieces = self.unescaped.split(|byte| !is_standard(*byte));
            for piece in pieces.filter(|piece| piece.len() >= RUN_CHARS_MIN) {
                found(self.run_at, piece);
            }
        }
        self.run.clear();
    }
}

/// Returns the length of a stretch. Indentation of lines is part of it.
fn extent(before: Option<u8>, bytes: &[u8]) -> usize {
    let mut before = before;
    let mut is_indent = matches!(before, Some(b' ' | b'\t'));
    let ends = |byte: &u8| {
        let is_blank = matches!(byte, b' ' | b'\t');
        is_indent = is_blank && (is_indent || before == Some(b'\n'));
        before = Some(*byte);
        !is_indent && !RUN[usize::from(*byte)]
    };
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

/// Says whether base64 has it, but for that of URLs.
fn is_standard(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/')
}

/// Writes what was written into `to`, without line breaks and escapes, and a space wherever
/// something else begins.
fn unescape_lines(run: &[u8], to: &mut Vec<u8>) {
    to.clear();
    for line in run.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        // In mails, an empty line stands before it, and two hyphens behind it.
        if line.is_empty() || line.starts_with(b"--") {
            to.push(b' ');
        }
        unescape(line, to);
    }
}

/// Appends a line without its escapes: those of URLs, scripts and HTML.
fn unescape(line: &[u8], to: &mut Vec<u8>) {
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let plain = rest.iter().take_while(|byte| !b"-_\\%&".contains(byte));
        let plain = plain.count();
        to.extend_from_slice(&rest[..plain]);
        at += plain;
        let rest = &line[at..];
        let (read, len) = match rest.first() {
            None => return,
            Some(b'-') => (Some(b'+'), 1),
            Some(b'_') => (Some(b'/'), 1),
            Some(b'\\') => script_escape(rest),
            Some(b'%') => hex(rest.get(1..3)).map_or((Some(b'%'), 1), |byte| (Some(byte), 3)),
            Some(_) => entity(rest),
        };
        to.extend(read.filter(|byte| !matches!(byte, b'\n' | b'\r')));
        at += len;
    }
}

/// Returns what is read, if anything, and how long what is written is.
fn script_escape(rest: &[u8]) -> (Option<u8>, usize) {
    match rest.get(1) {
        Some(b'n' | b'r' | b't') => (None, 2),
        Some(b'u') if rest.get(2..4) == Some(b"00") => match hex(rest.get(4..6)) {
            Some(byte) => (Some(byte), 6),
            None => (Some(b'\\'), 1),
        },
        Some(b'x') => hex(rest.get(2..4)).map_or((Some(b'\\'), 1), |byte| (Some(byte), 4)),
        Some(byte) if !byte.is_ascii_alphanumeric() => (Some(*byte), 2),
        // A line that goes on.
        None => (None, 1),
        _ => (Some(b'\\'), 1),
    }
}

fn entity(rest: &[u8]) -> (Option<u8>, usize) {
    const ENTITY_BYTES_MAX: usize = 10;
    let end = rest
        .iter()
        .take(ENTITY_BYTES_MAX)
        .position(|byte| *byte == b';');
    let written = end.and_then(|end| std::str::from_utf8(&rest[..=end]).ok());
    let Some(written) = written else {
        return (Some(b'&'), 1);
    };
    match htmlize::unescape(written).as_bytes() {
        [byte] => (Some(*byte), written.len()),
        _ => (Some(b'&'), 1),
    }
}

fn hex(digits: Option<&[u8]>) -> Option<u8> {
    let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests;
