//! What a real browser makes of a bucket's policy: a page of one origin, files of another.

use std::fs;

use serde_json::{Value, json};

use crate::support::Site;
use crate::support::s3::Bucket;
use crate::support::web::{Browser, WebServer};

use super::SAMPLES;

/// A font with one glyph is more work to make than to borrow.
fn font() -> Vec<u8> {
    let file =
        crate::browser::packages().join("vendor/fontawesome-free/webfonts/fa-solid-900.woff2");
    fs::read(file).expect("tests/run fetched it")
}

/// A red square: pictures can always be shown, but not read.
const PICTURE: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="red"/></svg>"#;

const PAGE: &str = r#"<!doctype html><title>loading</title><link rel="icon" href="data:,">
<script type="module">
const results = {};
const attempt = async (name, work) => { try { results[name] = await work() } catch { results[name] = "refused" } };
await attempt("module", async () => (await import("MODULE")).answer);
await attempt("font", async () => { await new FontFace("Borrowed", "url(FONT)").load(); return "loaded" });
await attempt("fetch", async () => {
  // Such a type is asked for in advance.
  const answer = await fetch("DATA", { headers: { "Content-Type": "application/json" } });
  return (await answer.json()).answer;
});
await attempt("part", async () => {
  const answer = await fetch("DATA", { headers: { Range: "bytes=0-4" } });
  return [await answer.text(), answer.headers.get("Content-Range")];
});
await attempt("canvas", async () => {
  const image = new Image();
  image.crossOrigin = "anonymous";
  image.src = "PICTURE";
  await image.decode();
  const canvas = new OffscreenCanvas(8, 8).getContext("2d");
  canvas.drawImage(image, 0, 0);
  return [...canvas.getImageData(4, 4, 1, 1).data];
});
window.results = results;
document.title = "done";
</script>"#;

/// What the page got, in a browser that has seen nothing before: it would remember old answers with
/// the files.
fn results(page: &str) -> Value {
    let browser = Browser::start();
    let (title, _) = browser.visit(page);
    assert_eq!(title, "done");
    browser.value("window.results")
}

/// A page elsewhere loads module, font, data and picture only with the policy.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn page_elsewhere_needs_the_policy() {
    let bucket = Bucket::on_rgw();
    let (url, endpoint) = (bucket.url(), &bucket.endpoint);
    let site = Site::bare()
        .config(&format!(
            "[target.prod]\nurl = \"{url}\"\nendpoint = \"{endpoint}\"\naccess = \"object-acl\"\ncors = \"cors.json\"\n"
        ))
        .file("answer.mjs", "export const answer = 'GANNET'")
        .file("icons.woff2", font())
        .file("answer.json", r#"{"answer": "GANNET"}"#)
        .file("picture.svg", PICTURE);
    fs::write(site.path("cors.json"), SAMPLES[0].1).expect("written");
    let run = |arguments: &[&str]| {
        let run = bucket.run(&site, arguments);
        assert_eq!(run.code, 0, "{run}");
        run.stdout
    };
    run(&["push", "-q"]);
    let files = [
        ("MODULE", "answer.mjs"),
        ("FONT", "icons.woff2"),
        ("DATA", "answer.json"),
        ("PICTURE", "picture.svg"),
    ];
    let page = files.iter().fold(PAGE.to_string(), |page, (name, path)| {
        page.replace(name, run(&["url", path]).trim())
    });
    fs::create_dir(site.path("web")).expect("a folder");
    fs::write(site.path("web/page.html"), page).expect("written");
    let server = WebServer::of(site.path("web"));
    let page = format!("{}page.html", server.url);

    let refused = json!({ "module": "refused", "font": "refused", "fetch": "refused", "part": "refused", "canvas": "refused" });
    assert_eq!(results(&page), refused);
    run(&["cors", "apply", "--yes"]);
    let loaded = json!({
        "module": "GANNET",
        "font": "loaded",
        "fetch": "GANNET",
        "part": ["{\"ans", "bytes 0-4/20"],
        "canvas": [255, 0, 0, 255],
    });
    assert_eq!(results(&page), loaded);
}
