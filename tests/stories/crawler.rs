//! A crawler that shares no code with the rewriter follows every reference of what was published.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::Site;
use crate::support::library::built;
use crate::support::web::WebServer;

/// What the crawler says of all pages that were published to `out`.
fn crawl(site: &Site) -> Value {
    let server = WebServer::of(site.path("out"));
    let python = std::env::var("ASSETSYNC_TEST_PYTHON").expect("run the tests with tests/run");
    let mut crawler = Command::new(python)
        .args([
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/crawl.py"),
            &server.url,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the crawler starts");
    let pages: String = built(site)
        .objects
        .iter()
        .map(|object| object.key.url_path() + "\n")
        .collect();
    crawler
        .stdin
        .take()
        .expect("it's piped")
        .write_all(pages.as_bytes())
        .expect("it reads");
    let output = crawler.wait_with_output().expect("the crawler ends");
    serde_json::from_slice(&output.stdout).expect("the crawler prints JSON")
}

const RULES: &str = r#"
[[rule]]
match = "plain/**"
names = "plain"
[[rule]]
match = "readable/**"
names = "readable"
[[rule]]
match = "**"
dangling = "warn"
[target.local]
url = "file:out"
"#;

/// Every kind of reference, from and to every style of names.
fn site() -> Site {
    let folders = ["plain/a", "readable/b c", "opaque/d", "opaque/é+%3F"];
    let mut site = Site::new().config(RULES);
    for folder in folders {
        let encoded = |to: &str| to.replace('%', "%25").replace(' ', "%20");
        let urls = |name: &str| folders.map(|to| format!("../../{}/{name}", encoded(to)));
        let each =
            |name: &str, write: &dyn Fn(&str) -> String| urls(name).map(|url| write(&url)).concat();
        let page = [
            each("s.css", &|url| {
                format!("<link rel=stylesheet href='{url}'>")
            }),
            each("i.svg#x", &|url| {
                format!("<img src=\"{url}\" srcset='{url} 1x, {url} 2x' alt=''>")
            }),
            each("i.svg", &|url| {
                format!(
                    "<p style='background: url(\"{url}\")'><video poster={url} src={url}></video>"
                )
            }),
            each("i.svg?v=1", &|url| {
                format!("<style>p {{ mask: url({url}) }}</style><object data='{url}'></object>")
            }),
            each("index.html", &|url| {
                format!("<a href='{url}#top'>on</a><iframe src=\"{url}\"></iframe>")
            }),
            each("i.svg", &|url| {
                format!(
                    "<svg><image href='{url}'/><use xlink:href='{url}#g'/></svg><meta property=og:image content='{url}'>"
                )
            }),
        ];
        let style = each("i.svg", &|url| {
            format!("a {{ background: url( '{url}' ), image-set(\"{url}\" 1x) }} ")
        }) + &each("s.css", &|url| format!("@import \"{url}\";"));
        let image = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'><g id='g'/>{}</svg>",
            each("i.svg", &|url| format!(
                "<image xlink:href=\"{url}\"/><a href='{url}'/><rect fill='url({url}#g)'/>"
            ))
        );
        let manifest = format!(
            "{{ \"icons\": [{}] }}",
            urls("i.svg")
                .map(|url| format!("{{ \"src\": \"{url}\" }}"))
                .join(",")
        );
        site = site
            .file(
                &format!("{folder}/index.html"),
                format!("<!doctype html><title>x</title>{}", page.concat()),
            )
            .file(&format!("{folder}/s.css"), style)
            .file(&format!("{folder}/i.svg"), image)
            .file(&format!("{folder}/app.webmanifest"), manifest);
    }
    site
}

/// No reference in the published sites is broken.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn published_sites_have_no_broken_reference() {
    let site = site();
    let run = site.run(&["push", "--gzip-level", "1"]);
    assert!(run.code == 0 && !run.stderr.contains("warning"), "{run}");
    let crawled = crawl(&site);
    assert_eq!(crawled["broken"], Value::Array(Vec::new()));
    assert_eq!(crawled["unread"], Value::Array(Vec::new()));
    assert_eq!(crawled["documents"], 4 * 3);
    let followed = crawled["followed"].as_u64().expect("a number");
    assert!(
        followed >= 4 * 4 * 20,
        "{followed} references were followed"
    );
}

/// The crawler finds exactly the broken references that assetsync warns of.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn crawler_and_warnings_agree() {
    let site = site()
        .file(
            "plain/x.html",
            "<img src=gone.png><a href=gone/>a</a><p style='background: url(../gone.jpg)'>",
        )
        .file("opaque/x.css", "a { background: url(gone.gif) }");
    let run = site.run(&["push", "-v", "--gzip-level", "1"]);
    let said: BTreeSet<&str> = run
        .stderr
        .split("refers to `")
        .skip(1)
        .filter_map(|rest| rest.split('`').next())
        .collect();
    let crawled = crawl(&site);
    let broken: BTreeSet<&str> = crawled["broken"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry[1].as_str())
        .collect();
    assert_eq!(
        broken,
        BTreeSet::from(["../gone.jpg", "gone.gif", "gone.png", "gone/"])
    );
    assert_eq!(broken, said);
}
