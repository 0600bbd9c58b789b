//! PHP, which servers of files don't run but send as it is.

use memchr::memmem;

use super::{Form, Private};

/// Maximum distance from the beginning of a piece of PHP at which its end is looked for, in bytes.
const PIECE_BYTES_MAX: usize = 2048;

pub(super) fn find(text: &[u8], form: Form, found: &mut Vec<(usize, Private)>) {
    let begin = text
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(text)
        .trim_ascii_start();
    if opens(begin) {
        found.push((text.len() - begin.len(), Private::Php));
        return;
    }
    let is_code = match form {
        Form::Markup => is_piece,
        // Highlighters and editors have the bare words in strings.
        Form::Script => is_whole_piece,
        Form::Style | Form::Json | Form::Other => return,
    };
    let mut pieces = memmem::find_iter(text, b"<?");
    found.extend(
        pieces
            .find(|&at| is_code(&text[at..]))
            .map(|at| (at, Private::Php)),
    );
}

/// Says whether `text` begins with `<?php` and a space.
fn opens(text: &[u8]) -> bool {
    text.get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"<?php"))
        && text.get(5).is_none_or(u8::is_ascii_whitespace)
}

/// `<?php …`, or `<?= $title ?>`.
fn is_piece(text: &[u8]) -> bool {
    opens(text) || (text.starts_with(b"<?=") && has_variable(inside(text)))
}

/// `<?php echo $title ?>`, with its end.
fn is_whole_piece(text: &[u8]) -> bool {
    let inside = inside(text);
    (opens(text) || text.starts_with(b"<?=")) && has_variable(inside)
}

/// Returns the text between `<?` and `?>`; empty if there's no end.
fn inside(text: &[u8]) -> &[u8] {
    let piece = &text[..text.len().min(PIECE_BYTES_MAX)];
    memmem::find(piece, b"?>").map_or(&[], |end| &piece[..end])
}

fn has_variable(code: &[u8]) -> bool {
    code.windows(2)
        .any(|pair| pair[0] == b'$' && (pair[1].is_ascii_alphabetic() || pair[1] == b'_'))
}
