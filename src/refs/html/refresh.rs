//! `<meta http-equiv="refresh" content="5; url=next.html">`, as the standard's "shared declarative
//! refresh steps" read it: the `url=` may be missing, and so may the quotes.

use std::ops::Range;

/// Finds the URL.
pub(super) fn url(content: &str) -> Option<Range<usize>> {
    let rest = after_time(content.trim_ascii_start())?.trim_ascii_start();
    let rest = rest
        .strip_prefix([';', ','])
        .unwrap_or(rest)
        .trim_ascii_start();
    let url = unquoted(after_name(rest).unwrap_or(rest));
    let start = content.len() - rest.len() + offset_in(rest, url)?;
    Some(start..start + url.len())
}

/// Behind the seconds, if something that may follow them does.
fn after_time(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_end = |c: char| c == ';' || c == ',' || c.is_ascii_whitespace();
    (rest.len() < text.len() && rest.starts_with(is_end)).then_some(rest)
}

/// Behind `url =`.
fn after_name(text: &str) -> Option<&str> {
    let (name, rest) = text.split_at_checked(3)?;
    let value = rest.trim_ascii_start().strip_prefix('=')?;
    name.eq_ignore_ascii_case("url")
        .then(|| value.trim_ascii_start())
}

fn unquoted(text: &str) -> &str {
    let in_quotes = |quote| {
        text.strip_prefix(quote)
            .map(|inner: &str| inner.split(quote).next().unwrap_or(inner))
    };
    in_quotes('"').or_else(|| in_quotes('\'')).unwrap_or(text)
}

/// Returns the position of `part` in `whole`, of which it's a slice.
fn offset_in(whole: &str, part: &str) -> Option<usize> {
    (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)
}

#[cfg(test)]
mod tests {
    use super::url;

    /// The URL of a meta refresh is found as the HTML standard defines it.
    #[test]
    fn refresh_url_follows_the_standard() {
        for (content, expected) in [
            ("5; url=next.html", Some("next.html")),
            ("5;URL='next.html'", Some("next.html")),
            ("0, url = \"next.html\" x", Some("next.html")),
            ("0.5 url=next.html", Some("next.html")),
            (" 5 ; next.html", Some("next.html")),
            ("5; 'next.html", Some("next.html")),
            ("5; ur.html", Some("ur.html")),
            ("5; url.html", Some("url.html")),
            ("5; u'x'", Some("u'x'")),
            (".; url=next.html", Some("next.html")),
            ("5; url='é.html'", Some("é.html")),
            ("5; uré", Some("uré")),
            ("5; url=", Some("")),
            ("5;", Some("")),
            ("5", None),
            ("5x; url=next.html", None),
            ("url=next.html", None),
            ("", None),
        ] {
            assert_eq!(url(content).map(|url| &content[url]), expected, "{content}");
        }
    }
}
