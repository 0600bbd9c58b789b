//! What a real browser makes of what was published: headless Chromium, packages that half the web
//! uses, and the sample hunt.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Site;
use crate::support::library::built;
use crate::support::web::{Browser, WebServer};

/// A tree of real packages, laid out by tests/run.
pub fn packages() -> PathBuf {
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

/// Pages that use large packages load without an error.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn pages_with_large_packages_load() {
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

// --- The sample hunt

/// A copy of it.
fn gannet_point() -> Site {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hunt");
    let site = Site::bare();
    let copied = Command::new("cp")
        .arg("-r")
        .args([sample.join("assets"), sample.join("assetsync.toml")])
        .arg(site.path(""))
        .status();
    assert!(copied.expect("cp starts").success());
    site
}

/// Pictures that are there, but couldn't be shown.
const BROKEN: &str = "[...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)";

/// The twelve boats, when all of them have their pictures, and how many sevens are among the
/// pennants, whose paths a script builds.
const BOATS: &str = "(async () => {
    const boats = () => [...document.querySelectorAll('.boat')];
    while (boats().length < 12) await new Promise((again) => setTimeout(again, 20));
    await Promise.all([...document.querySelectorAll('.sea image')].map((image) => image.decode()));
    return [boats().length, document.querySelectorAll('.sea image[href*=\"/7.svg\"]').length];
})()";

/// What the page says to an answer that is typed in.
fn says_to(browser: &Browser, answer: &str) -> String {
    let script = format!(
        "(async () => {{
            const form = document.querySelector('form.answer');
            const output = form.querySelector('output');
            output.textContent = '';
            form.elements.answer.value = '{answer}';
            form.requestSubmit();
            while (!output.textContent) await new Promise((again) => setTimeout(again, 20));
            return output.textContent;
        }})()"
    );
    let said = browser.value(&script);
    said.as_str().expect("a sentence").to_string()
}

/// The sample hunt works both unpublished and published.
#[test]
fn sample_hunt_works_before_and_after() {
    let site = gannet_point();
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        !run.stderr.contains("warning") && !run.stderr.contains("note"),
        "{run}"
    );
    let build = built(&site);
    let key = |path: &str| build.find(path).expect("it's there").key.to_string();
    let posthunt = "puzzle/the-way-in/posthunt/index.html";
    let bucket = || site.published("out/bucket");
    assert!(!bucket().contains_key(&key(posthunt)));
    site.ok(&["push", "-q", "--unlock", "posthunt"]);
    assert!(bucket().contains_key(&key(posthunt)));
    let pages: Vec<String> = build
        .objects
        .iter()
        .map(|object| object.path.to_string())
        .filter(|path| path.ends_with(".html"))
        .collect();
    assert_eq!(pages.len(), 13);

    let browser = Browser::start();
    for (folder, is_published) in [("assets", false), ("out/bucket", true)] {
        let server = WebServer::of(site.path(folder));
        let open = |path: &str| {
            let file = if is_published {
                key(path)
            } else {
                path.to_string()
            };
            let errors = browser.open(&format!("{}{file}", server.url));
            assert_eq!(errors, Vec::<String>::new(), "{folder}: {path}");
            assert_eq!(browser.value(BROKEN), serde_json::json!([]), "{path}");
        };
        pages.iter().for_each(|page| open(page));

        open("puzzle/night-sweep/index.html");
        assert_eq!(browser.value(BOATS), serde_json::json!([12, 3]), "{folder}");
        assert!(says_to(&browser, "wind lass").starts_with("WINDLASS! "));
        assert_eq!(says_to(&browser, "LANDFALL"), "LANDFALL isn’t it.");
        open("puzzle/the-way-in/index.html");
        assert!(says_to(&browser, "landfall").starts_with("LANDFALL! "));
        open("index.html");
        let ticks = "document.querySelectorAll('.tick').length";
        assert_eq!(browser.value(ticks), 2, "{folder}");
        let lit = key("img/gannet-point-lit.svg");
        let lit = if is_published {
            &lit
        } else {
            "img/gannet-point-lit.svg"
        };
        assert_eq!(
            browser.value("document.getElementById('view').src"),
            format!("{}{lit}", server.url)
        );
        assert_eq!(browser.errors(), Vec::<String>::new(), "{folder}");
        let failed: Vec<_> = server
            .asked()
            .into_iter()
            .filter(|(_, status)| *status != 200)
            .collect();
        assert_eq!(failed, [], "{folder}");
    }
}
