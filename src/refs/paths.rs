//! Detection of strings that look like paths of files.

/// Endings of files that scripts load, by what they are. Not all there are: other strings aren't
/// worth a warning.
const EXTENSIONS: [&str; 6] = [
    "avif bmp cur gif ico jpeg jpg jxl png svg webp",
    "aac flac m3u8 m4a m4s m4v mid mov mp3 mp4 mpd oga ogg ogv opus vtt wav weba webm",
    "br css gz htm html js mjs pdf unityweb wasm xhtml zip",
    "bin csv data geojson json json5 jsonl map md tsv txt webmanifest xml yaml yml",
    "eot otf ttf woff woff2",
    "atlas basis drc exr fbx fnt frag glb glsl gltf hdr ktx ktx2 mtl obj pck ply stl tmx vert wgsl",
];

/// None of them is longer.
const EXTENSION_BYTES_MAX: usize = 11;

const MENTION_BYTES_MAX: usize = 200;

/// A part of an expression that makes a string.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'t> {
    /// Text that is known.
    Text(&'t str),
    /// Anything else.
    Hole,
}

/// Says whether a whole string looks like the path of a file: `"img/a.png"`, `"/static/a.png?v=2"`.
pub(super) fn is_file_path(text: &str) -> bool {
    if text.len() > MENTION_BYTES_MAX {
        return false;
    }
    let path = path_of(text);
    extension_at_end(path).is_some_and(|dot| dot > 0 && !path[..dot].ends_with('/'))
        && !is_absolute(text)
        && text.chars().all(is_path_char)
}

/// Says whether a whole string looks like the path of a picture.
pub(super) fn is_picture_path(text: &str) -> bool {
    let path = path_of(text);
    let is_picture = |dot: usize| is_one_of(EXTENSIONS[0], &path[dot + 1..]);
    is_file_path(text) && extension_at_end(path).is_some_and(is_picture)
}

/// Returns the path of the folder that a string begins with, up to a part that is put in when the
/// script runs: of `tiles/{z}/{x}.png` and `mode/%N/%N.js`.
pub(super) fn folder_before_hole(text: &str) -> Option<String> {
    let is_hex = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    let is_hole = |(at, c): &(usize, char)| match c {
        '{' | '$' | '*' => true,
        '%' => !(is_hex(at + 1) && is_hex(at + 2)),
        _ => false,
    };
    let (hole, _) = text.char_indices().find(is_hole)?;
    let is_file = extension_at_end(path_of(text)).is_some();
    folder_at_end(&text[..hole], true).filter(|_| is_file && !text.contains(char::is_whitespace))
}

/// Returns the path of a folder that a whole string is, with a slash at its end: `"img/flags/"`,
/// `"img/flags"`.
pub(super) fn folder_path(text: &str) -> Option<String> {
    let last = text.rsplit('/').next().unwrap_or_default();
    let is_path = text.len() <= MENTION_BYTES_MAX
        && text.contains('/')
        && !is_absolute(text)
        && !last.contains('.')
        && text
            .chars()
            .all(|c| is_path_char(c) && !matches!(c, '?' | '#'));
    (is_path && has_name(text)).then(|| format!("{}/", text.trim_end_matches('/')))
}

/// Returns the path of a folder that is at the end of a text, up to its last slash: of
/// `<img src='img/flags/` it's `img/flags/`. What is in the middle of a string (`is_first` is
/// false) isn't from the top of anything.
pub(super) fn folder_at_end(text: &str, is_first: bool) -> Option<String> {
    let is_before = |c: char| c.is_whitespace() || "\"'`=(<>,".contains(c);
    let cut = text
        .rfind(is_before)
        .map(|cut| cut + text[cut..].chars().next().map_or(0, char::len_utf8));
    let path = &text[cut.unwrap_or(0)..];
    let folder = &path[..=path.rfind('/')?];
    let folder = if is_first || cut.is_some() {
        folder
    } else {
        folder.trim_start_matches('/')
    };
    let is_path = folder.len() <= MENTION_BYTES_MAX
        && !is_absolute(folder)
        && folder
            .chars()
            .all(|c| is_path_char(c) && !matches!(c, '?' | '#'));
    (is_path && has_name(folder)).then(|| folder.to_string())
}

/// Checks whether a path names any folder. `./`, `../` and `/` don't count: the author of the
/// script knows them.
fn has_name(folder: &str) -> bool {
    folder
        .split('/')
        .any(|part| !matches!(part, "" | "." | ".."))
}

/// Says whether pieces joined look like the making of a path: one of them ends like a file name,
/// where the name ends.
pub(super) fn is_built_path(pieces: &[Piece]) -> bool {
    let ends_name = |(index, piece): (usize, &Piece)| {
        let Piece::Text(text) = piece else {
            return false;
        };
        let path = path_of(text);
        let is_cut = path.len() < text.len();
        extension_at_end(path).is_some() && (is_cut || may_follow_name(pieces.get(index + 1)))
    };
    let is_path = |piece: &Piece| match piece {
        Piece::Text(text) => path_of(text).chars().all(is_path_char),
        Piece::Hole => true,
    };
    !begins_absolute(pieces)
        && pieces.iter().all(is_path)
        && pieces.iter().enumerate().any(ends_name)
}

/// The shortest beginning of a name, in bytes, that a number alone makes whole.
const NUMBERED_BYTES_MIN: usize = 4;

/// Returns names of files in pieces whose folder isn't known: `on.png` of `base + "on.png"`; with
/// `*` for a part that isn't known in the middle, `icon-*.png`; `*.png`, if nothing else is known;
/// or with `*` at the end, for a number and any extension: `index*` of `base + "index" + n`.
pub(super) fn names_in(pieces: &[Piece]) -> Vec<String> {
    if begins_absolute(pieces) {
        return Vec::new();
    }
    let texts = pieces
        .iter()
        .enumerate()
        .filter_map(|(at, piece)| match piece {
            Piece::Text(text) => Some((at, *text)),
            Piece::Hole => None,
        });
    let names = texts.flat_map(|(at, text)| {
        let behind = name_behind_hole(pieces, at, text);
        [behind, name_before_hole(pieces, at, text)]
    });
    names.flatten().collect()
}

fn is_behind_hole(pieces: &[Piece], at: usize) -> bool {
    at > 0 && matches!(pieces[at - 1], Piece::Hole)
}

/// Returns the name that ends in the text at `at`: `on.png`, or `*.png`.
fn name_behind_hole(pieces: &[Piece], at: usize, text: &str) -> Option<String> {
    let begins_in_hole = match at.checked_sub(2).map(|at| &pieces[at]) {
        Some(Piece::Text(before)) => end_of(before).is_empty(),
        Some(Piece::Hole) | None => true,
    };
    if !is_behind_hole(pieces, at) || !begins_in_hole {
        return None;
    }
    let name = beginning_of(text).trim_start_matches('/');
    if is_file_path(name) {
        Some(name.to_string())
    } else {
        (extension_at_end(name) == Some(0)).then(|| format!("*{name}"))
    }
}

/// Returns the name that begins in the text at `at`: `icon-*.png`, or `index*`.
fn name_before_hole(pieces: &[Piece], at: usize, text: &str) -> Option<String> {
    let start = end_of(text).trim_start_matches('/');
    let mut chars = start.chars();
    let is_name = !start.is_empty() && chars.all(|c| is_path_char(c) && !"/?#.".contains(c));
    match (pieces.get(at + 1), pieces.get(at + 2)) {
        (Some(Piece::Hole), Some(Piece::Text(next))) if is_name => {
            let end = beginning_of(next);
            let is_end = extension_at_end(end).is_some() && !end.contains('/');
            is_end.then(|| format!("{start}*{end}"))
        }
        (Some(Piece::Hole), None) if is_name && start.len() >= NUMBERED_BYTES_MIN => {
            is_behind_hole(pieces, at).then(|| format!("{start}*"))
        }
        _ => None,
    }
}

/// Returns the part of a text before what ends a path: `on.png` of `on.png" alt="`.
fn beginning_of(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || "\"'`<>()?#&;,".contains(c));
    &text[..end.unwrap_or(text.len())]
}

/// Returns the part of a text behind what begins a path: `icon-` of `<img src="icon-`.
fn end_of(text: &str) -> &str {
    let start = text.rfind(|c: char| c.is_whitespace() || "\"'`<>()=,;:".contains(c));
    start.map_or(text, |start| {
        let next = text[start..].chars().next().map_or(0, char::len_utf8);
        &text[start + next..]
    })
}

/// Says whether pieces joined begin with a scheme or a host.
pub(super) fn begins_absolute(pieces: &[Piece]) -> bool {
    matches!(pieces.first(), Some(Piece::Text(text)) if is_absolute(text))
}

fn may_follow_name(next: Option<&Piece>) -> bool {
    match next {
        None | Some(Piece::Hole) => true,
        Some(Piece::Text(text)) => text.is_empty() || text.starts_with(['?', '#']),
    }
}

/// Returns a URL without its query and fragment.
pub(super) fn path_of(text: &str) -> &str {
    text.find(['?', '#']).map_or(text, |end| &text[..end])
}

/// Finds the dot of a known extension at the end of `path`.
fn extension_at_end(path: &str) -> Option<usize> {
    let dot = path.rfind('.')?;
    let extension = &path[dot + 1..];
    // Most of what stands behind a dot is the end of a sentence.
    if extension.is_empty() || extension.len() > EXTENSION_BYTES_MAX {
        return None;
    }
    EXTENSIONS
        .iter()
        .any(|kind| is_one_of(kind, extension))
        .then_some(dot)
}

fn is_one_of(kind: &str, extension: &str) -> bool {
    kind.split(' ')
        .any(|known| known.eq_ignore_ascii_case(extension))
}

/// `https:`, `data:`, `//host`.
pub(super) fn is_absolute(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    text.starts_with("//")
        || text
            .split_once(':')
            .is_some_and(|(scheme, _)| is_scheme(scheme))
}

/// No white space, and nothing that patterns, messages and HTML are made of.
fn is_path_char(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !r#"<>"'`|\^*{}"#.contains(c)
}

#[cfg(test)]
mod tests;
