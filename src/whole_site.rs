//! Files that keep their names if no rule says otherwise: people, browsers and robots request them
//! by name. Pure.

use crate::base::path::LogicalPath;

/// Documents that are found by their address: pages, feeds and sitemaps, calendars, and the
/// manifests of installed sites, whose `start_url` and `scope` are relative to them.
const DOCUMENTS: [&str; 7] = ["htm", "html", "ics", "rss", "webmanifest", "xhtml", "xml"];

/// Beginnings of names that a service worker has by itself or behind another word:
/// `firebase-messaging-sw.js`.
const SERVICE_WORKERS: [&str; 4] = ["serviceworker", "sw", "swjs", "ngswworker"];

/// The folder of RFC 8615, whose files are found by name.
const WELL_KNOWN: &str = ".well-known/";

/// Way in which files of a site without rules are requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AskedFor {
    /// By references to it.
    ByReference,
    /// By its name, which has to stay.
    ByName,
    /// By its name in `.well-known/`: published whatever its extension, with this type if it has
    /// none.
    WellKnown {
        /// `Content-Type` of a file without extension.
        bare_type: &'static str,
    },
}

/// Determines whether visitors request `path` of a whole site by its name.
pub(crate) fn asked_for(path: &LogicalPath) -> AskedFor {
    let is_at_the_top = path.folder().is_empty() && is_asked_for_at_the_top(path.file_name());
    known(
        path,
        is_document(path) || is_service_worker(path) || is_at_the_top,
    )
}

/// Determines the same for a configuration that has rules for pages and the like: only
/// files that are requested without a link have fixed names.
pub(crate) fn asked_for_by_heart(path: &LogicalPath) -> AskedFor {
    let is_at_the_top = path.folder().is_empty() && is_known_by_heart(path.file_name());
    known(path, is_service_worker(path) || is_at_the_top)
}

fn known(path: &LogicalPath, is_by_name: bool) -> AskedFor {
    match path.as_str().strip_prefix(WELL_KNOWN) {
        Some("apple-app-site-association" | "openid-configuration") => AskedFor::WellKnown {
            bare_type: "application/json",
        },
        Some(_) => AskedFor::WellKnown {
            bare_type: "text/plain; charset=utf-8",
        },
        None if is_by_name => AskedFor::ByName,
        None => AskedFor::ByReference,
    }
}

fn is_document(path: &LogicalPath) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| DOCUMENTS.contains(&extension.as_str()))
        || path.file_name() == "manifest.json"
}

/// A browser looks for a new version of a service worker at the URL of the old one, for ever. So
/// its URL must stay
/// (<https://web.dev/articles/service-worker-lifecycle#avoid_changing_the_url_of_your_service_worker_script>).
fn is_service_worker(path: &LogicalPath) -> bool {
    let name = path.file_name().to_lowercase();
    let Some(stem) = name.strip_suffix(".js").or(name.strip_suffix(".mjs")) else {
        return false;
    };
    let words: Vec<&str> = stem.split(['-', '_', '.']).collect();
    let ends_so = |from: usize| SERVICE_WORKERS.contains(&words[from..].concat().as_str());
    (0..words.len()).any(ends_so)
}

/// `robots.txt`, `ads.txt`, proofs of ownership; icons that browsers look for without being told.
fn is_asked_for_at_the_top(name: &str) -> bool {
    name.ends_with(".txt")
        || name == "favicon.ico"
        || (name.starts_with("apple-touch-icon") && name.ends_with(".png"))
}

/// Page that many hosts show for addresses that don't exist.
pub(crate) const ERROR_PAGE: &str = "404.html";

/// Checks whether robots and browsers request this name from every host, or it is the page for
/// addresses that don't exist.
fn is_known_by_heart(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        ERROR_PAGE,
        "ads.txt",
        "app-ads.txt",
        "browserconfig.xml",
        "favicon.ico",
        "humans.txt",
        "robots.txt",
        "security.txt",
    ];
    NAMES.contains(&name)
        || (name.starts_with("sitemap") && name.ends_with(".xml"))
        || (name.starts_with("apple-touch-icon") && name.ends_with(".png"))
}

#[cfg(test)]
mod tests;
