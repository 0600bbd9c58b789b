//! `"$$FOLDER$$"`: a script's keyed folder, by its address.

use super::SVG;
use crate::support::Site;
use crate::support::web::{Browser, WebServer};

/// Loads two images whose paths it builds from the folder's address, and says in the title how that
/// went.
const SCRIPT: &str = r#"const folder = "$$FOLDER$$";
const images = [1, 2].map((number) => { const image = new Image(); image.src = `${folder}faces/${number}.svg`; return image.decode(); });
Promise.all(images).then(() => document.title = "done", (why) => document.title = "failed " + why);"#;

const TARGET: &str =
    "[target.local]\nurl = \"file:out\"\npublic_url = \"https://cdn.example.org/\"\n";

fn page(script: &str) -> String {
    format!("<!doctype html><title>clocks</title><link rel=\"icon\" href=\"data:,\">{script}")
}

/// A shop whose script is in a folder below that of the images.
fn shop(config: &str) -> Site {
    Site::new()
        .config(&format!("{config}{TARGET}"))
        .file("shop/clocks/js/tick.js", SCRIPT)
        .file("shop/clocks/faces/1.svg", SVG)
        .file("shop/clocks/faces/2.svg", SVG)
}

const FOLDER: &str = "[[folder]]\nmatch = \"shop/*\"\n";

/// Opens a page as it's published, in which everything must be found.
fn works(site: &Site, page: &str) {
    let run = site.run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.contains("warning")),
        (0, false),
        "{run}"
    );
    let url = site.ok(&["url", "--target", "local", page]);
    let path = url.trim().strip_prefix("https://cdn.example.org/");
    let server = WebServer::of(site.path("out"));
    let browser = Browser::start();
    let (title, errors) = browser.visit(&format!("{}{}", server.url, path.expect("a URL")));
    assert_eq!((title.as_str(), errors), ("done", Vec::new()), "{page}");
}

/// A script of a page in the keyed folder has the folder's address.
#[test]
fn script_in_folder_gets_its_address() {
    for (path, script) in [
        (
            "shop/clocks/pages/index.html",
            "<script src=\"../js/tick.js\"></script>",
        ),
        (
            "shop/clocks/index.html",
            "<script src=\"js/tick.js\"></script>",
        ),
    ] {
        works(&shop(FOLDER).file(path, page(script)), path);
    }
    let path = "shop/clocks/pages/index.html";
    let site = shop(FOLDER).file("shop/clocks/js/tick.js", "1");
    works(
        &site.file(path, page(&format!("<script>{SCRIPT}</script>"))),
        path,
    );
}

/// A module works out the folder's address whatever page runs it.
#[test]
fn module_finds_address_on_any_page() {
    let site = shop(&format!(
        "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n{FOLDER}"
    ))
    .file("shop/clocks/js/tick.js", format!("export {{}};\n{SCRIPT}"))
    .file(
        "shop/clocks/index.html",
        page("<script type=\"module\" src=\"js/tick.js\"></script>"),
    )
    .file(
        "a/b/index.html",
        page("<script type=\"module\" src=\"../../shop/clocks/js/tick.js\"></script>"),
    );
    works(&site, "a/b/index.html");
    works(&site, "shop/clocks/index.html");
}

/// A page outside of the keyed folder has its script find the folder by its name.
#[test]
fn script_of_outside_page_finds_folder() {
    let site = shop(&format!(
        "[[rule]]\nmatch = \"index.html\"\nnames = \"plain\"\n{FOLDER}"
    ))
    .file(
        "index.html",
        page("<script src=\"shop/clocks/js/tick.js\"></script>"),
    );
    works(&site, "index.html");
    let before = site.ok(&["url", "shop/clocks/"]);
    site.write("shop/clocks/faces/2.svg", SVG.replace("\"3\"", "\"2\""));
    works(&site, "index.html");
    assert_ne!(
        site.ok(&["url", "shop/clocks/"]),
        before,
        "it's named after all that is in it"
    );
}

/// A script that no page of the tree runs has the whole address.
#[test]
fn script_without_page_gets_full_address() {
    let site = shop(FOLDER);
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    site.add_config(&run.config_lines());
    site.ok(&["push"]);
    let folder = site.ok(&["url", "--target", "local", "shop/clocks/"]);
    let published = site.published("out");
    let (token, script) = published
        .iter()
        .find_map(|(key, script)| Some((key.strip_suffix("/js/tick.js")?, script)))
        .expect("it's published");
    assert_eq!(folder.trim(), format!("https://cdn.example.org/{token}/"));
    let first = format!("const folder = \"{}\";", folder.trim());
    assert!(super::text(script).starts_with(&first), "{first}");
}

/// A hunt of 2022 whose server makes the pages has the whole address.
#[test]
fn server_made_pages_get_full_address() {
    let rule =
        "[[rule]]\nmatch = \"shop/**\"\nnames = \"palindrome-2022\"\nunder = \"puzzle_files\"\n";
    let site = Site::new()
        .config(&format!("{}{TARGET}", rule.replace("shop", "puzzle")))
        .file("puzzle/clocks/js/tick.js", SCRIPT)
        .file("puzzle/clocks/faces/1.svg", SVG);
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("no page of the tree runs"), "{run}");
    site.add_config(&run.config_lines());
    site.ok(&["push"]);
    let address = site.ok(&["url", "--target", "local", "puzzle/clocks/js/tick.js"]);
    let (folder, _) = address.split_once("js/").expect("the folder");
    let published = site.published("out");
    let script = published.iter().find(|(key, _)| key.ends_with("tick.js"));
    let script = super::text(script.expect("it's published").1);
    assert!(
        script.starts_with(&format!("const folder = \"{folder}\";")),
        "{folder} {script}"
    );
}

/// Outside of a keyed folder, the lines are printed that make one.
#[test]
fn missing_keyed_folder_prints_the_rule() {
    for rule in ["", "[[rule]]\nmatch = \"**/*.js\"\nnames = \"opaque\"\n"] {
        let site = Site::new()
            .config(&format!("{rule}{TARGET}"))
            .file("clocks/tick.js", SCRIPT)
            .file("clocks/faces/1.svg", SVG)
            .file("clocks/faces/2.svg", SVG)
            .file(
                "clocks/index.html",
                page("<script src=\"tick.js\"></script>"),
            );
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains("clocks/tick.js:1:16"), "{run}");
        site.add_config(&run.config_lines());
        works(&site, "clocks/index.html");
    }
}
