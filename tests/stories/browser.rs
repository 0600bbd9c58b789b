//! What a real browser makes of what was published: headless Chromium, and packages that half the web uses.

use std::path::PathBuf;

use crate::support::Site;
use crate::support::web::{Browser, WebServer};

/// A tree of real packages, laid out by tests/run.
fn packages() -> PathBuf {
    let variable = std::env::var_os("ASSETSYNC_TEST_PACKAGES");
    PathBuf::from(variable.expect("run the tests with tests/run, which fetches packages from npm"))
}

const THREE: &str = include_str!("../data/browser/three.html");
const PAGE: &str = include_str!("../data/browser/page.html");

/// A page of A8 size with a black square.
fn paper() -> String {
    let ink = "10 10 50 50 re f";
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_string(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_string(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 147 210]/Contents 4 0 R>>".to_string(),
        format!("<</Length {}>>stream\n{ink}\nendstream", ink.len()),
    ];
    let mut pdf = "%PDF-1.4\n".to_string();
    let mut table = "0000000000 65535 f \n".to_string();
    for (number, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", pdf.len());
        pdf += &format!("{} 0 obj{object}endobj\n", number + 1);
    }
    let start = pdf.len();
    format!("{pdf}xref\n0 5\n{table}trailer<</Size 5/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n")
}

fn with_packages() -> Site {
    let site = Site::bare().raw_config(
        r#"
        key_file = "hunt.key"
        [[source]]
        dir = "assets"
        [[source]]
        dir = "packages"
        [[rule]]
        match = "vendor/**"
        dangling = "warn"
        [target.local]
        url = "file:out"
        "#,
    );
    std::os::unix::fs::symlink(packages(), site.path("packages")).expect("linked");
    site
}

#[test]
fn pages_made_of_large_packages_load_without_an_error() {
    let site = with_packages()
        .file("three.html", THREE)
        .file("page.html", PAGE)
        .file("paper.pdf", paper());
    site.ok(&["push", "-q", "--gzip-level", "1"]);
    let server = WebServer::of(site.path("out"));
    let key = |path: &str| {
        site.ok(&["url", path])
            .trim()
            .rsplit('/')
            .next()
            .expect("a name")
            .to_string()
    };
    let browser = Browser::start();

    let visit = |path: &str| {
        let (title, errors) = browser.visit(&format!("{}{}", server.url, key(path)));
        assert_eq!((title.as_str(), errors), ("done", Vec::new()), "{path}");
    };
    visit("three.html");
    assert_eq!(browser.value("window.hits"), 1);
    let modules = server.asked().len();
    assert!(
        modules > 350,
        "three is some 400 modules, and {modules} files were asked for"
    );
    visit("page.html");
    let (black, white) = ([0, 0, 0, 255], [255, 255, 255, 255]);
    assert_eq!(
        browser.value("window.pixels"),
        serde_json::json!([black, white])
    );
    assert_eq!(browser.value("window.button"), "rgb(13, 110, 253)");
    assert!(browser.value("window.fonts").as_u64() >= Some(3));
    let failed: Vec<_> = server
        .asked()
        .into_iter()
        .filter(|(_, status)| *status != 200)
        .collect();
    assert_eq!(failed, []);
}
