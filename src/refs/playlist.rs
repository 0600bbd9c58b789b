//! HLS playlists: URIs on lines of their own, and in the attributes of tags. By RFC 8216 and its
//! second edition (<https://datatracker.ietf.org/doc/draft-pantos-hls-rfc8216bis/>).

use std::ops::Range;

use super::lines::{is_blank, lines, offset};
use super::{Found, Kind, Reference, paths};

/// Attributes of which the value is fetched: of any tag, of `EXT-X-CONTENT-STEERING`, and of
/// `EXT-X-DATERANGE`.
const URIS: [&str; 4] = ["URI", "SERVER-URI", "X-ASSET-URI", "X-ASSET-LIST"];

/// Finds the URIs of a playlist, with or without `#EXTM3U` on its first line.
///
/// A path with variables in it (`{$name}`) is no reference, but something that is built.
pub fn find(text: &str) -> Found {
    let mut found = Found::default();
    for line in lines(text) {
        let line = text[line].trim_matches(is_blank);
        match line.strip_prefix("#EXT-X-") {
            Some(tag) => {
                for (_, uri) in strings(tag).filter(|(name, _)| URIS.contains(name)) {
                    add(text, uri, &mut found);
                }
            }
            None if line.starts_with('#') => {}
            None => add(text, line, &mut found),
        }
    }
    found.mention_rest(text);
    found
}

/// Returns the attributes of a tag that are strings in quotes, with their names. No other value can
/// be a URI.
fn strings(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = tag.split_once(':').map_or("", |(_, list)| list);
    let attribute = move || {
        let (name, value) = rest.split_once('=')?;
        let (string, behind) = match value.strip_prefix('"') {
            Some(string) => string
                .split_once('"')
                .map(|(s, behind)| (Some(s), behind))?,
            None => (None, value),
        };
        rest = behind.split_once(',').map_or("", |(_, next)| next);
        Some((name.trim_matches(is_blank), string))
    };
    std::iter::from_fn(attribute).filter_map(|(name, string)| Some((name, string?)))
}

/// Adds a URI, which is a slice of `text`.
fn add(text: &str, uri: &str, found: &mut Found) {
    let uri = uri.trim_matches(is_blank);
    let at = offset(text, uri);
    match variables(uri) {
        _ if uri.is_empty() => {}
        Some(variables) => found.add_built(at, uri, variables),
        None => {
            let reference = Reference::verbatim(at, uri, Kind::Load);
            found.references.push(reference);
        }
    }
}

/// Returns where the variables are in the path of a URI: from the first one up to the end of the
/// last one. Its query stays as it is, and may have some.
fn variables(uri: &str) -> Option<Range<usize>> {
    let path = paths::path_of(uri);
    let start = path.find("{$")?;
    let end = path[start..].rfind('}').map(|end| start + end + 1);
    Some(start..end.unwrap_or(path.len()))
}

#[cfg(test)]
mod tests;
