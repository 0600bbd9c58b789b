//! Names that keep a file where it is.

use super::*;

fn is_by_name(path: &str) -> bool {
    asked_for(&LogicalPath::parse(path).expect("valid")) != AskedFor::ByReference
}

/// Pages and files that are requested by name keep their names.
#[test]
fn conventional_names_are_kept() {
    for path in [
        "index.html",
        "a/b/About.HTM",
        "404.html",
        "feed.xml",
        "blog/sitemap.xml",
        "site.webmanifest",
        "app/manifest.json",
        "robots.txt",
        "favicon.ico",
        "apple-touch-icon-precomposed.png",
        "sw.js",
        "app/service-worker.js",
        "ServiceWorker.mjs",
        "firebase-messaging-sw.js",
        "my.service_worker.js",
        "ngsw-worker.js",
        ".well-known/security.txt",
        ".well-known/apple-app-site-association",
    ] {
        assert!(is_by_name(path), "{path}");
    }
}

/// Files that pages merely refer to do not keep their names.
#[test]
fn referenced_files_lose_their_names() {
    for path in [
        "style.css",
        "app.js",
        "news.js",
        "worker.js",
        "data.json",
        "img/map.svg",
        "icons/favicon.ico",
        "notes/answer.txt",
        "html",
    ] {
        assert!(!is_by_name(path), "{path}");
    }
}
