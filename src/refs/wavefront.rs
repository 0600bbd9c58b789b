//! Wavefront models (`.obj`), which name libraries of materials (`.mtl`), which name pictures.
//! Loaders on the web put names behind the folder of what names them and fetch that, so that names
//! are URLs.

use std::iter;

use super::lines::{lines, offset};
use super::{Found, Kind, Reference, paths};

/// Statements of a material that name a picture, besides `map_Kd` and the like.
const PICTURES: [&str; 5] = ["bump", "decal", "disp", "norm", "refl"];

/// Finds the material libraries of a model.
pub fn model(text: &str) -> Found {
    let mut found = Found::default();
    for statement in statements(text) {
        let mut words = words(statement);
        if let Some("mtllib" | "maplib") = words.next() {
            let names: Vec<&str> = words.collect();
            found.references.extend(libraries(text, &names));
        }
    }
    found.mention_rest(text);
    found
}

/// Finds the pictures of materials.
pub fn materials(text: &str) -> Found {
    let mut found = Found::default();
    for statement in statements(text) {
        let mut words = words(statement);
        if words.next().is_some_and(names_picture) {
            let words: Vec<&str> = words.collect();
            // The rest of the line is one name, with blanks in it.
            found.references.extend(name(text, behind_options(&words)));
        }
    }
    found.mention_rest(text);
    found
}

/// Returns the statements of a text, each on a line, or on several of which all but the last end in
/// a backslash.
fn statements(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = lines(text);
    iter::from_fn(move || {
        let mut statement = lines.next()?;
        while text[statement.clone()].ends_with('\\')
            && let Some(next) = lines.next()
        {
            statement.end = next.end;
        }
        Some(&text[statement])
    })
}

/// Returns the words of a statement, without the backslashes at the ends of its lines.
fn words(statement: &str) -> impl Iterator<Item = &str> {
    let without_mark = move |word| {
        let behind = &statement[offset(statement, word) + word.len()..];
        let is_last = behind.is_empty() || behind.starts_with(['\r', '\n']);
        word.strip_suffix('\\').filter(|_| is_last).unwrap_or(word)
    };
    statement
        .split_ascii_whitespace()
        .map(without_mark)
        .filter(|word: &&str| !word.is_empty())
}

/// Returns the files that `mtllib` names. Blanks stand between them, and in the names that many
/// programs write: such a name goes on up to its `.mtl`.
fn libraries(text: &str, words: &[&str]) -> Vec<Reference> {
    let each = |words: &[&str]| -> Vec<Reference> {
        let one = |word: &&str| name(text, &[*word]);
        words.iter().filter_map(one).collect()
    };
    let mut references = Vec::new();
    let mut rest = words;
    let mut len = 0;
    for word in words {
        len += 1;
        let is_end = is_library(word);
        // A query ends a name, too.
        if !is_end && !word.contains(['?', '#']) {
            continue;
        }
        let (names, next) = rest.split_at(len);
        match name(text, names).filter(|_| is_end) {
            Some(reference) => references.push(reference),
            None => references.extend(each(names)),
        }
        (rest, len) = (next, 0);
    }
    references.extend(each(rest));
    references
}

/// Says whether a word ends with the extension of a library, in front of its query.
fn is_library(word: &str) -> bool {
    let extension = paths::path_of(word).rsplit_once('.');
    extension.is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("mtl"))
}

/// Returns the file whose name is all of these words and the blanks between them, if they are on
/// one line.
fn name(text: &str, words: &[&str]) -> Option<Reference> {
    let (first, last) = (words.first()?, words.last()?);
    let start = offset(text, first);
    let name = &text[start..offset(text, last) + last.len()];
    let is_on_one_line = !name.contains(['\r', '\n']);
    is_on_one_line.then(|| Reference::verbatim(start, name, Kind::Load))
}

fn names_picture(statement: &str) -> bool {
    let statement = statement.to_ascii_lowercase();
    // `map_aat on` is a switch.
    let is_map = statement.starts_with("map_") && statement != "map_aat";
    is_map || PICTURES.contains(&statement.as_str())
}

/// Returns what stands behind the options: `-s 1 1 1 -clamp on wood.png`.
fn behind_options<'w, 't>(words: &'w [&'t str]) -> &'w [&'t str] {
    let mut rest = words;
    while let Some((option, values)) = rest.split_first()
        && let Some(count) = values_of(option, values)
    {
        rest = values.get(count..).unwrap_or_default();
    }
    rest
}

/// Returns how many values an option has, if it's one.
fn values_of(option: &str, next: &[&str]) -> Option<usize> {
    Some(match option.to_ascii_lowercase().as_str() {
        "-o" | "-s" | "-t" => next
            .iter()
            .take(3)
            .take_while(|word| is_number(word))
            .count(),
        "-mm" => 2,
        "-blendu" | "-blendv" | "-bm" | "-boost" | "-cc" | "-clamp" | "-colorspace"
        | "-imfchan" | "-texres" | "-type" => 1,
        _ => return None,
    })
}

fn is_number(word: &str) -> bool {
    word.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests;
