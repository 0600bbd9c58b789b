//! Front page of a site: its address, or what a site needs to get one. Pure.

use crate::base::hint::Verb;
use crate::base::name::NameStyle;
use crate::config::{CONFIG_FILE, INDEX, Target};
use crate::levels::{LevelId, quoted};
use crate::naming::{Build, Object};
use crate::store::command::quoted as word;
use crate::store::public_url;
use crate::whole_site::ERROR_PAGE;

/// Returns a line with the address of the front page: the page of the topmost folder that has one,
/// or the only page. Returns nothing if its address is secret.
pub fn front_text(target: &Target, build: &Build) -> String {
    let named: Vec<&Object> = pages(build).filter(|page| !page.is_keyed()).collect();
    let only = match named[..] {
        [page] => Some(page),
        _ => None,
    };
    let Some(front) = topmost(named.iter().copied()).or(only) else {
        return String::new();
    };
    let url = public_url(target, &front.key);
    let url = match target.host.index {
        Some(_) => url.strip_suffix(INDEX).unwrap_or(&url),
        None => &url,
    };
    format!("front page: {url}\n")
}

/// Returns a note for a site whose pages all have unguessable names, unless a rule asks for these
/// names. It says how people can reach a page.
pub fn unfound_text(target: &Target, build: &Build) -> String {
    let pages: Vec<&Object> = pages(build).collect();
    if pages.is_empty() || pages.iter().any(|page| !page.is_keyed()) {
        return String::new();
    }
    let together = pages.iter().copied();
    let together = together.filter(|page| page.policy.names == NameStyle::Folder);
    let hint = match topmost(together) {
        Some(front) => format!(
            "`{}` prints the address of `{}`. It changes whenever a file in its keyed folder \
             changes",
            command(target, front),
            crate::base::text::escape(front.path.as_str())
        ),
        None => {
            let meant =
                |page: &&Object| !page.policy.is_name_asked && page.policy.level == LevelId::OPEN;
            let Some(pattern) = pattern(build, pages.iter().copied().filter(meant).collect())
            else {
                return String::new();
            };
            format!(
                "to let pages keep their names, add this after all other rules in `{CONFIG_FILE}`:\n        [[rule]]\n        match = {}\n        names = \"plain\"",
                quoted(&pattern)
            )
        }
    };
    let those = match pages.len() {
        1 => "The only page has a name".to_string(),
        n => format!("All {n} pages have names"),
    };
    format!("{those} that can't be guessed, so visitors can't find the site\nhint: {hint}\n")
}

fn pages(build: &Build) -> impl Iterator<Item = &Object> {
    let published = build.published();
    published.filter(|object| {
        object.headers().content_type.starts_with("text/html")
            && object.path.file_name() != ERROR_PAGE
    })
}

/// Returns the page of the topmost folder.
fn topmost<'b>(pages: impl Iterator<Item = &'b Object>) -> Option<&'b Object> {
    let indexes = pages.filter(|page| page.path.file_name() == INDEX);
    indexes.min_by_key(|page| (page.path.folder().matches('/').count(), &page.path))
}

/// Returns a pattern for all these pages, if it matches no other files; otherwise a pattern for the
/// first page to be visited.
fn pattern(build: &Build, pages: Vec<&Object>) -> Option<String> {
    let first = topmost(pages.iter().copied()).or(pages.first().copied())?;
    let extension = first.path.extension()?;
    let has_extension = |object: &&Object| object.path.extension().as_ref() == Some(&extension);
    let all = build.objects.iter().filter(has_extension).count();
    if all == pages.iter().copied().filter(has_extension).count() {
        Some(format!("**/*.{}", globset::escape(&extension)))
    } else {
        Some(globset::escape(first.path.as_str()))
    }
}

fn command(target: &Target, page: &Object) -> String {
    target.command(Verb::Url.with(word(page.path.as_str())))
}
