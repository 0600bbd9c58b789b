//! URLs in styles, by the rules of CSS. Reads only tokens (from `cssparser`) and blocks, so it also
//! finds URLs in properties that are unknown, or that a browser would reject.

use super::{Base, Fault, Found, Kind, Mention, Place, Reference, SourceMap, paths, words};
use cssparser::{ParseError, Parser, Token};
use std::ops::Range;

/// Part of CSS that a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A file, or the text of a `<style>`.
    Stylesheet,
    /// A `style` attribute, or a bare value such as that of SVG's `fill`.
    Declarations,
}

/// Blocks within blocks that are looked into: each costs some stack.
const DEPTH_MAX: usize = 200;

/// Finds the URLs of a style. All are [`Kind::Load`], except the one of the source map.
///
/// Conditions (`@supports (…)`, `supports(…)`), `@namespace` and `@document` contain URLs that are
/// never fetched: they're left out.
pub fn find(text: &str, part: Part) -> Found {
    let mut finder = Finder {
        text,
        part,
        found: Found::default(),
        map_url: None,
    };
    // It reads a byte order mark as a name, which changes nothing here.
    let mut parser = Parser::new(text);
    // `DEPTH_MAX` does that. The parser's own limit would go on within the block as if it hadn't
    // begun.
    parser.set_nested_block_limit(0);
    finder.block(&mut parser, Strings::Plain, 0);
    finder.finish()
}

/// Meaning of strings at the parser's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strings {
    /// Nothing. `url()` does.
    Plain,
    /// If a string comes next, it's a URL: `@import "a.css"`,
    /// `url("a.png" crossorigin(anonymous))`.
    FirstIsUrl,
    /// Each one is a URL: `image-set("a.png" 1x, "b.png" 2x)`.
    AllAreUrls,
    /// Nothing, and `url()` neither: `@namespace url(http://www.w3.org/1999/xhtml)`.
    Inert,
}

struct Finder<'t> {
    text: &'t str,
    part: Part,
    found: Found,
    /// Position of the last source map's URL.
    map_url: Option<Range<usize>>,
}

impl<'t> Finder<'t> {
    /// Reads a block to its end; `scope` holds for what stands directly in it.
    fn block(&mut self, parser: &mut Parser<'t>, scope: Strings, depth: usize) {
        let settled = after_value(scope);
        let mut strings = scope;
        loop {
            let start = parser.position().byte_index();
            let Ok(token) = parser.next_including_whitespace_and_comments().cloned() else {
                return;
            };
            let span = start..parser.position().byte_index();
            strings = match token {
                Token::WhiteSpace(_) => strings,
                Token::Comment(_) => {
                    self.comment(span);
                    strings
                }
                Token::QuotedString(url) => {
                    match strings {
                        Strings::FirstIsUrl | Strings::AllAreUrls => self.string(span, &url),
                        Strings::Plain | Strings::Inert => self.mention(span.start, &url),
                    }
                    after_value(strings)
                }
                Token::UnquotedUrl(url) => {
                    if strings != Strings::Inert {
                        self.unquoted(span, &url);
                    }
                    after_value(strings)
                }
                Token::AtKeyword(name) => {
                    self.at_rule(&name, depth).unwrap_or(after_value(strings))
                }
                Token::Function(name) => {
                    self.nested(parser, start, in_function(&name, strings), depth);
                    after_value(strings)
                }
                Token::ParenthesisBlock | Token::SquareBracketBlock => {
                    self.nested(parser, start, within(strings), depth);
                    after_value(strings)
                }
                // What an at-rule said in front of its block doesn't hold inside, nor behind.
                Token::CurlyBracketBlock => {
                    self.nested(parser, start, within(settled), depth);
                    settled
                }
                Token::Semicolon => settled,
                _ => after_value(strings),
            };
        }
    }

    fn nested(&mut self, parser: &mut Parser<'t>, start: usize, scope: Strings, depth: usize) {
        let is_too_deep = depth >= DEPTH_MAX;
        if is_too_deep {
            let fault = Fault::unread(start, "nested too deeply");
            self.found.faults.push(fault);
        }
        // The result only tells whether the closure left something of the block, which is skipped.
        let _: Result<(), ParseError<()>> = parser.parse_nested_block(|parser| {
            if !is_too_deep {
                self.block(parser, scope, depth + 1);
            }
            Ok(())
        });
    }

    /// Returns the meaning of strings in the prelude of an at-rule, if the rule changes it.
    fn at_rule(&self, name: &str, depth: usize) -> Option<Strings> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("import") && depth == 0 && self.part == Part::Stylesheet {
            return Some(Strings::FirstIsUrl);
        }
        let is_inert = ["namespace", "supports", "document", "-moz-document"]
            .into_iter()
            .any(is);
        is_inert.then_some(Strings::Inert)
    }

    /// A string that a script may read: `--picture: "lamp.png"`, `[src="lamp.png"]`.
    fn mention(&mut self, at: usize, text: &str) {
        if self.found.mentions.len() < words::KEPT_MAX && paths::is_file_path(text) {
            self.found.mentions.push(Mention {
                at,
                text: text.to_string(),
                place: Place::Text,
                base: Base::Page,
            });
        }
    }

    /// A string token that is a URL. It lacks the second quote only at the end of the text.
    fn string(&mut self, token: Range<usize>, url: &str) {
        let raw = &self.text[token.clone()];
        let Some(quote) = raw.chars().next() else {
            return;
        };
        let start = token.start + quote.len_utf8();
        self.reference(start, without_end(&self.text[start..token.end], quote), url);
    }

    /// A `url(…)` token without quotes. Its name may have escapes, but none that stands for a
    /// bracket.
    fn unquoted(&mut self, token: Range<usize>, url: &str) {
        let Some(bracket) = self.text[token.clone()].find('(') else {
            return;
        };
        let start = token.start + bracket + 1;
        self.reference(start, without_end(&self.text[start..token.end], ')'), url);
    }

    /// `raw` stands at `start` and means `url`; either may have blanks around it.
    fn reference(&mut self, start: usize, raw: &str, url: &str) {
        let start = start + raw.len() - raw.trim_start_matches(is_blank).len();
        let raw = trim_end(raw.trim_start_matches(is_blank));
        let url = url.trim_matches(is_blank);
        if url.is_empty() {
            return;
        }
        self.found.references.push(if raw == url {
            Reference::verbatim(start, url, Kind::Load)
        } else {
            Reference::escaped(start..start + raw.len(), url, Kind::Load)
        });
    }

    /// `/*# sourceMappingURL=app.css.map */`, with the pattern of ECMA-426, and like Firefox
    /// whatever follows.
    fn comment(&mut self, comment: Range<usize>) {
        let text = self.text;
        let content = &text[comment.start + "/*".len()..comment.end];
        let content = content.strip_suffix("*/").unwrap_or(content);
        let url = content
            .strip_prefix(['#', '@'])
            .and_then(|rest| rest.trim_start().strip_prefix("sourceMappingURL="))
            .and_then(|rest| rest.split(char::is_whitespace).next())
            .filter(|url| !url.is_empty());
        let (Some(url), Part::Stylesheet) = (url, self.part) else {
            return;
        };
        let start = url.as_ptr() as usize - text.as_ptr() as usize;
        let is_inline = url
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        self.found
            .source_maps
            .push(SourceMap { comment, is_inline });
        self.map_url = (!is_inline).then_some(start..start + url.len());
    }

    fn finish(mut self) -> Found {
        if let Some(span) = self.map_url {
            let reference = Reference::verbatim(span.start, &self.text[span], Kind::SourceMap);
            let place = self
                .found
                .references
                .partition_point(|r| r.span.start < reference.span.start);
            self.found.references.insert(place, reference);
        }
        self.found
    }
}

/// Returns the meaning of strings after a value.
fn after_value(strings: Strings) -> Strings {
    match strings {
        Strings::FirstIsUrl => Strings::Plain,
        other => other,
    }
}

/// Returns the meaning of strings within brackets.
fn within(strings: Strings) -> Strings {
    match strings {
        Strings::Inert => Strings::Inert,
        _ => Strings::Plain,
    }
}

/// Returns the meaning of strings in the arguments of a function.
fn in_function(name: &str, outside: Strings) -> Strings {
    let is_one_of = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
    match outside {
        Strings::Inert => Strings::Inert,
        _ if is_one_of(&["url", "src"]) => Strings::FirstIsUrl,
        _ if is_one_of(&["image-set", "-webkit-image-set", "image"]) => Strings::AllAreUrls,
        _ if is_one_of(&["supports"]) => Strings::Inert,
        _ => Strings::Plain,
    }
}

/// Checks whether a character is stripped from the ends of a URL:
/// https://url.spec.whatwg.org/#concept-basic-url-parser, step 1. NUL isn't, as CSS replaces it.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{1}'..=' ')
}

/// Without `end`, unless that's missing: where the text ends, `"a\"` is still open.
fn without_end(raw: &str, end: char) -> &str {
    match raw.strip_suffix(end) {
        Some(inner) if !escapes_next(inner) => inner,
        _ => raw,
    }
}

/// Without the blanks at the end, but for one that belongs to an escape: `a\ `, `\61 `.
fn trim_end(raw: &str) -> &str {
    let trimmed = raw.trim_end_matches(is_blank);
    let blanks = &raw[trimmed.len()..];
    let kept = match escapes_next(trimmed) || ends_in_hexadecimal(trimmed) {
        false => 0,
        true if blanks.starts_with("\r\n") => 2,
        true => blanks.len().min(1),
    };
    &raw[..trimmed.len() + kept]
}

/// Says whether it ends with an escape such as `\61`, which takes a blank with it.
fn ends_in_hexadecimal(raw: &str) -> bool {
    let before = raw.trim_end_matches(|c: char| c.is_ascii_hexdigit());
    (1..=6).contains(&(raw.len() - before.len())) && escapes_next(before)
}

/// Says whether it ends with a backslash that isn't escaped itself.
fn escapes_next(raw: &str) -> bool {
    raw.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests;
