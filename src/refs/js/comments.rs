//! `//# sourceMappingURL=app.js.map` in the comments of a script.

use oxc_ast::ast::Comment;

use crate::refs::{Found, Kind, Reference, SourceMap};

const NAME: &str = "sourceMappingURL=";

/// Finds the comments that name or hold source maps; browsers take the last.
pub(super) fn find_source_map(text: &str, comments: &[Comment], found: &mut Found) {
    let mut last = None;
    for comment in comments {
        let Some((start, url)) = map_url(text, comment) else {
            continue;
        };
        let is_inline = url
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        let comment = comment.span.start as usize..comment.span.end as usize;
        found.source_maps.push(SourceMap { comment, is_inline });
        last = (!is_inline).then(|| Reference::verbatim(start, url, Kind::SourceMap));
    }
    found.references.extend(last);
}

/// The URL in `//# sourceMappingURL=…`, `//@ …` or `/*# … */`, and where it begins.
fn map_url<'t>(text: &'t str, comment: &Comment) -> Option<(usize, &'t str)> {
    let content = comment.content_span();
    let content = text.get(content.start as usize..content.end as usize)?;
    let rest = content
        .strip_prefix(['#', '@'])?
        .trim_start()
        .strip_prefix(NAME)?;
    let start = content_end(text, comment) - rest.len();
    let url = rest
        .split(char::is_whitespace)
        .next()
        .filter(|url| !url.is_empty())?;
    Some((start, url))
}

fn content_end(text: &str, comment: &Comment) -> usize {
    (comment.content_span().end as usize).min(text.len())
}
