//! Digests that pages have of what they load, and of what stands in them: right before a push, and
//! right after it.

use assetsync::testing::refs::digest::{Algorithm, Sums, base64};

use crate::support::Site;
use crate::support::media::png;
use crate::support::packing::gzipped;
use crate::support::s3::Bucket;

fn sri(algorithm: Algorithm, content: &[u8]) -> String {
    let sums = Sums::of(content);
    format!("{}-{}", algorithm.name(), base64(sums.by(algorithm)))
}

use Algorithm::{Sha256, Sha384, Sha512};

/// Files that change when they are published, since what they refer to gets another name.
const STYLE: &str = "body { background: url(\"img/bg.png\"); color: rgb(1, 2, 3) }";
const SCRIPT: &str = "window.ran = [\"classic\"]; window.more = () => import(\"./deep.mjs\");";
const MODULE: &str = "import \"./deep.mjs\"; window.ran.push(\"module\");";
const DEEP: &str = "window.ran.push(new URL(\"img/bg.png\", import.meta.url).href.slice(0, 4));";

/// Says what ran and what is shown once all of it has.
const WATCH: &str = "const watch = () => { const color = getComputedStyle(document.body).color; \
    const all = [...(window.ran ?? []), color].join(\" \"); \
    if (all.split(\" \").length === 6 && color === \"rgb(1, 2, 3)\") document.title = \"done \" + all; else setTimeout(watch, 50); }; watch();";
const SHOWN: &str = "done classic http module rgb(1, 2, 3)";

fn page() -> String {
    let style = sri(Sha384, STYLE.as_bytes());
    let several = format!(
        "{} {}",
        sri(Sha256, SCRIPT.as_bytes()),
        sri(Sha512, SCRIPT.as_bytes())
    );
    let (module, deep) = (sri(Sha384, MODULE.as_bytes()), sri(Sha256, DEEP.as_bytes()));
    format!(
        "<!doctype html><link rel=\"icon\" href=\"data:,\"><title>loading</title>\n\
         <script type=\"importmap\">{{\"imports\": {{\"deep\": \"./deep.mjs\"}}, \"integrity\": {{\"./deep.mjs\": \"{deep}\"}}}}</script>\n\
         <link rel=\"stylesheet\" href=\"app.css\" integrity=\"{style}\">\n\
         <link rel=\"modulepreload\" href=\"app.mjs\" integrity=\"{module}\">\n\
         <script src=\"app.js\" integrity=\"{several}\"></script>\n\
         <script type=\"module\" src=\"app.mjs\" integrity=\"{module}\"></script>\n\
         <body><script>{WATCH}</script>"
    )
}

fn site(config: &str) -> Site {
    Site::new()
        .config(config)
        .file("index.html", page())
        .file("app.css", STYLE)
        .file("app.js", SCRIPT)
        .file("app.mjs", MODULE)
        .file("deep.mjs", DEEP)
        .file("img/bg.png", png(&[]))
}

const FOLDER_TARGET: &str = "[target.t]\nurl = \"file:out\"\n";

/// A page with digests loads whatever the files are called.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn page_with_digests_loads_after_push() {
    for rules in [
        "",
        "[[rule]]\nmatch = \"*.{html,css,js,mjs}\"\nnames = \"plain\"\n",
        "[[folder]]\nmatch = \".\"\n",
        // The picture is outside, so that style and scripts change.
        "[[folder]]\nmatch = \".\"\n[[rule]]\nmatch = \"img/*\"\nnames = \"opaque\"\n",
    ] {
        let bucket = Bucket::on_rgw();
        let site = site(&format!("{rules}{}", bucket.target()));
        assert_eq!(
            bucket.shown(&site),
            (SHOWN.to_string(), Vec::new()),
            "{rules}"
        );
    }
}

/// A content security policy allows the same after a push as before.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn csp_allows_the_same_after_push() {
    let script = "\r\n  window.ran = [];\r\n  import(\"./app.mjs\").then(() => { document.title = \"done \" + window.ran + getComputedStyle(document.querySelector(\"p\")).backgroundImage.slice(0, 9); });\r\n";
    let style = "p { background: url('img/bg.png') }";
    let as_read = script.replace("\r\n", "\n");
    let page = |meta: &str| {
        format!(
            "<!doctype html><meta http-equiv=\"{meta}\" content=\"script-src 'self' '{}'; style-src '{}' '{}' 'unsafe-hashes'; default-src 'self' data:\">\
             <link rel=\"icon\" href=\"data:,\"><title>loading</title><style>{style}</style><p style=\"content: url(img/bg.png)\">p</p><script>{script}</script>",
            sri(Sha256, as_read.as_bytes()),
            sri(Sha384, style.as_bytes()),
            sri(Sha256, b"content: url(img/bg.png)"),
        )
    };
    let bucket = Bucket::on_rgw();
    let site = Site::new()
        .config(&bucket.target())
        .file("index.html", page("Content-Security-Policy"))
        .file("report.html", page("Content-Security-Policy-Report-Only"))
        .file("app.mjs", "window.ran.push(\"module\");")
        .file("img/bg.png", png(&[]));
    let wanted = ("done moduleurl(\"http".to_string(), Vec::new());
    assert_eq!(bucket.shown(&site), wanted);
    let local = site.run(&["push", "--to", "file:out"]);
    assert_eq!(local.code, 0, "{local}");
    let all = site.published("out").into_values();
    let pages: Vec<String> = all
        .filter_map(|page| String::from_utf8(page).ok())
        .collect();
    let report = pages.iter().find(|page| page.contains("Report-Only"));
    assert!(
        report
            .expect("published")
            .contains(&sri(Sha384, style.as_bytes())),
        "left alone"
    );
}

/// A script that a policy allows by its integrity still runs after a push.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn csp_allows_script_by_integrity() {
    let sum = sri(Sha256, SCRIPT.as_bytes());
    let page = format!(
        "<!doctype html><meta http-equiv=\"content-security-policy\" content=\"script-src '{sum}'\">\
         <link rel=\"icon\" href=\"data:,\"><title>loading</title><script src=\"app.js\" integrity=\"{sum}\"></script>"
    );
    let bucket = Bucket::on_rgw();
    let script = format!("{SCRIPT} document.title = \"done\";");
    let page = page.replace(&sum, &sri(Sha256, script.as_bytes()));
    let site = Site::new()
        .config(&bucket.target())
        .file("index.html", page)
        .file("app.js", script)
        .file("deep.mjs", DEEP)
        .file("img/bg.png", png(&[]));
    assert_eq!(bucket.shown(&site), ("done".to_string(), Vec::new()));
}

/// A wrong integrity stops the push, and both digests are named.
#[test]
fn wrong_integrity_stops_with_both_digests() {
    let (wrong, right) = (sri(Sha384, b"other"), sri(Sha384, STYLE.as_bytes()));
    // A browser looks at the strongest algorithm alone.
    let weak = sri(Sha256, STYLE.as_bytes());
    for written in [wrong.clone(), format!("{weak} {wrong}")] {
        let site = site(FOLDER_TARGET).file(
            "wrong.html",
            format!("<!doctype html>\n<link rel=\"stylesheet\" href=\"app.css\" integrity=\"{written}\">"),
        );
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        let told = format!(
            "`wrong.html:2:30`: has an `integrity` for `app.css` that doesn't match the file, so browsers reject it: it says {wrong}, but the file has {right}"
        );
        assert!(run.stderr.contains(&told), "{told}\n{run}");
    }
    let other = sri(Sha384, b"another version");
    let either = site(FOLDER_TARGET).file(
        "either.html",
        format!("<link rel=\"stylesheet\" href=\"app.css\" integrity=\"{other} {right}\">"),
    );
    either.ok(&["push"]);
    let pages = either.published("out").into_values();
    let mut pages = pages.filter_map(|page| String::from_utf8(page).ok());
    let page = pages
        .find(|page| page.contains(&other))
        .expect("what is of another version stays");
    assert!(!page.contains(&right), "{page}");
}

/// Digests that depend on themselves stop the push, and other cycles do not.
#[test]
fn only_circular_digests_stop_the_push() {
    let sum = |text: &str| sri(Sha256, text.as_bytes());
    let one =
        "<!doctype html><link rel=\"preload\" as=\"fetch\" href=\"two.html\" integrity=\"SUM\">";
    let two = "<!doctype html><link rel=\"preload\" as=\"fetch\" href=\"one.html\" integrity=\"\">";
    let script = "window.back = () => import(\"./circle.html\");";
    let page = format!(
        "<!doctype html><script src=\"circle.js\" integrity=\"{}\"></script><a href=\"circle.html\">me</a>",
        sum(script)
    );
    let site = Site::new()
        .config(FOLDER_TARGET)
        .file("circle.html", page)
        .file("circle.js", script)
        .file("one.html", one.replace("SUM", &sum(two)))
        .file("two.html", two);
    site.ok(&["push"]);
    let published = site.published("out");
    let find = |part: &str| {
        let mut all = published.values();
        let found = all.find(|it| String::from_utf8_lossy(it).contains(part));
        String::from_utf8(found.expect("published").clone()).expect("text")
    };
    let (page, script) = (find("me</a>"), find("window.back"));
    assert!(page.contains(&sum(&script)), "{page}\n{script}");

    // Nobody can have written both, but a wrong one is told as such only where the other one has
    // none.
    let both = site.file(
        "two.html",
        two.replace("\"\"", &format!("\"{}\"", sum("x"))),
    );
    let run = both.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("has an `integrity` for `one.html`"),
        "{run}"
    );
    assert!(run.stderr.contains("remove the `integrity` here"), "{run}");
}

/// A rule adds digests to scripts and styles.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn rule_adds_integrity() {
    let bucket = Bucket::on_rgw();
    let rule = "[[rule]]\nmatch = \"**/*.html\"\nintegrity = \"add\"\n";
    let page = page();
    let bare = regex::Regex::new(" integrity=\"[^\"]*\"")
        .expect("a pattern")
        .replace_all(&page, "")
        .into_owned();
    let site = site(&format!("{rule}{}", bucket.target())).file("index.html", bare);
    assert_eq!(bucket.shown(&site), (SHOWN.to_string(), Vec::new()));
    let local = site.run(&["push", "--to", "file:out"]);
    assert_eq!(local.code, 0, "{local}");
    let all = site.published("out");
    let text = |it: &Vec<u8>| String::from_utf8(it.clone()).ok();
    let page = all
        .values()
        .filter_map(text)
        .find(|it| it.starts_with("<!doctype"));
    let page = page.expect("published");
    assert_eq!(page.matches(" integrity=\"sha384-").count(), 4, "{page}");
    let style = all
        .values()
        .filter_map(text)
        .find(|it| it.starts_with("body"));
    assert!(page.contains(&sri(Sha384, style.expect("published").as_bytes())));
}

/// A digest is added only where it breaks nothing.
#[test]
fn integrity_is_added_only_where_safe() {
    let rule =
        "[[rule]]\nmatch = \"**/*.{html,xhtml}\"\nintegrity = \"add\"\nurls = \"absolute\"\n";
    let target = "[target.t]\nurl = \"file:out\"\npublic_url = \"https://cdn.example.org/\"\n";
    let frame = "<!doctype html><iframe srcdoc=\"<script src=app.js></script>\"></iframe>";
    let xhtml = "<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>x</title><script src=\"app.js\" type=\"module\" crossorigin=\"anonymous\"></script></head></html>";
    let site = site(&format!("{rule}{target}"))
        .file("frame.html", frame)
        .file("page.xhtml", xhtml);
    site.ok(&["push"]);
    let all = site.published("out");
    let text = |part: &str| {
        let mut all = all.values().map(|it| String::from_utf8_lossy(it));
        all.find(|it| it.contains(part))
            .expect("published")
            .into_owned()
    };
    assert!(
        !text("srcdoc").contains("integrity"),
        "its quotes would end the attribute"
    );
    let page = text("1999/xhtml");
    assert_eq!(page.matches("crossorigin=").count(), 1, "{page}");
    assert_eq!(page.matches("integrity=").count(), 1, "{page}");
}

#[test]
fn refs_shows_which_references_have_digests() {
    let site = site(FOLDER_TARGET);
    let told = site.ok(&["refs", "index.html"]);
    for line in [
        "  2:77 deep.mjs (integrity, sha256)\n",
        "  3:30 app.css (integrity, sha384)\n",
        "  5:14 app.js (integrity, sha512)\n",
    ] {
        assert!(told.contains(line), "{line}{told}");
    }
    assert!(told.contains("  2:48 deep.mjs\n"), "{told}");
    let report: serde_json::Value =
        serde_json::from_str(&site.ok(&["refs", "--json", "app.css"])).expect("JSON");
    let to_style = &report["references"][1];
    assert_eq!(to_style["to"], "app.css", "{report:#}");
    assert_eq!(to_style["integrity"], "sha384", "{report:#}");
}

/// The digest of a precompressed file covers its content.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn precompressed_digest_covers_content() {
    let bucket = Bucket::on_rgw();
    let script = "document.title = \"done\";";
    let page = format!(
        "<!doctype html><link rel=\"icon\" href=\"data:,\"><title>loading</title><script src=\"app.js\" integrity=\"{}\"></script>",
        sri(Sha384, script.as_bytes())
    );
    let rule = "[[rule]]\nmatch = \"app.js\"\nencoding = \"gzip\"\n";
    let site = Site::new()
        .config(&format!("{rule}{}", bucket.target()))
        .file("index.html", page)
        .file("app.js", gzipped(script.as_bytes()));
    assert_eq!(bucket.shown(&site), ("done".to_string(), Vec::new()));
}

/// Digests in drawings and XHTML pages are updated too.
#[test]
fn svg_and_xhtml_integrity_is_updated() {
    let sum = sri(Sha256, SCRIPT.as_bytes());
    let drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><script href=\"app.js\" integrity=\"{sum}\"/></svg>"
    );
    let page = format!(
        "<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>x</title><script src=\"app.js\" integrity=\"{sum}\"></script></head></html>"
    );
    let site = site(FOLDER_TARGET)
        .file("drawing.svg", drawing)
        .file("page.xhtml", page);
    site.ok(&["push"]);
    let published = site.published("out");
    let script = published
        .values()
        .find(|it| it.starts_with(b"window.ran = "));
    let right = sri(Sha256, script.expect("published"));
    assert_ne!(right, sum);
    for (key, content) in &published {
        if key.ends_with(".svg") || key.ends_with(".xhtml") {
            let text = String::from_utf8_lossy(content);
            assert!(text.contains(&right), "{text}");
        }
    }
}

/// A file checked on another host is requested without credentials.
#[test]
fn cross_origin_integrity_gets_crossorigin() {
    let rule = "[[rule]]\nmatch = \"**/*.html\"\nurls = \"absolute\"\n";
    let target = "[target.t]\nurl = \"file:out\"\npublic_url = \"https://cdn.example.org/\"\n";
    let sum = sri(Sha256, STYLE.as_bytes());
    let page = format!(
        "<!doctype html><link rel=\"stylesheet\" href=\"app.css\" integrity=\"{sum}\"><link rel=\"stylesheet\" href=\"app.css\" crossorigin integrity=\"{sum}\">"
    );
    for (rule, wanted) in [(rule, 1), ("", 0)] {
        let site = site(&format!("{rule}{target}")).file("page.html", &page);
        site.ok(&["push"]);
        let all = site.published("out");
        let mut pages = all.values().map(|it| String::from_utf8_lossy(it));
        let page = pages.find(|it| it.contains("crossorigin integrity"));
        let page = page.expect("published");
        let added = page.matches(" crossorigin=\"anonymous\"").count();
        assert_eq!(added, wanted, "{page}");
    }
}
