//! WebVTT (<https://www.w3.org/TR/webvtt1/>): its styles, and the pictures of tracks that are for
//! previews, which players read from the text of a cue: `sprite.jpg#xywh=0,0,160,90`. No standard
//! says so.

use std::ops::Range;

use super::lines::{is_blank, lines, offset};
use super::{Found, Kind, Reference, css, paths};

/// Finds the URLs in the styles of a track, and cues that are nothing but the URL of a picture.
pub fn find(text: &str) -> Found {
    let mut found = Found::default();
    let mut has_cue = false;
    for block in blocks(text) {
        let timing = block.iter().position(|line| is_timing(text, line));
        match (timing, &block[..]) {
            (Some(timing), lines) => {
                has_cue = true;
                found.references.extend(picture(text, &lines[timing + 1..]));
            }
            // Styles hold for all cues: behind the first one, none are read.
            (None, [first, second, ..]) if !has_cue && is_style(&text[first.clone()]) => {
                let end = block.last().map_or(second.end, |last| last.end);
                let styles = css::find(&text[second.start..end], css::Part::Stylesheet);
                found.absorb(styles, |offset| second.start + offset);
            }
            _ => {}
        }
    }
    found.mention_rest(text);
    found
}

/// Returns the lines that belong together: up to an empty one, or to the beginning of another cue.
fn blocks(text: &str) -> Vec<Vec<Range<usize>>> {
    let mut blocks = Vec::new();
    let mut block: Vec<Range<usize>> = Vec::new();
    for line in lines(text) {
        // Only one line may stand before a timing: the name of its cue.
        let is_of_next = is_timing(text, &line)
            && (block.len() > 1 || block.iter().any(|line| is_timing(text, line)));
        if (line.is_empty() || is_of_next) && !block.is_empty() {
            blocks.push(std::mem::take(&mut block));
        }
        if !line.is_empty() {
            block.push(line);
        }
    }
    blocks.push(block);
    blocks
}

fn is_timing(text: &str, line: &Range<usize>) -> bool {
    text[line.clone()].contains("-->")
}

fn is_style(line: &str) -> bool {
    line.trim_end_matches([' ', '\t']) == "STYLE"
}

/// Returns the picture that the text of a cue is, if that's a line of one word.
fn picture(text: &str, lines: &[Range<usize>]) -> Option<Reference> {
    let payload = lines
        .iter()
        .map(|line| text[line.clone()].trim_matches(is_blank));
    let mut payload = payload.filter(|line| !line.is_empty());
    let (Some(word), None) = (payload.next(), payload.next()) else {
        return None;
    };
    let path = paths::path_of(word);
    let behind_scheme = ["https://", "http://"]
        .iter()
        .find_map(|scheme| path.strip_prefix(scheme));
    let is_picture = !word.contains(char::is_whitespace)
        && paths::is_picture_path(behind_scheme.unwrap_or(path));
    is_picture.then(|| Reference::verbatim(offset(text, word), word, Kind::Load))
}

#[cfg(test)]
mod tests;
