//! Texts that aren't UTF-8: found out as browsers do, served as what they are, and rewritten in
//! their own charset.

use encoding_rs::{EUC_JP, Encoding, GB18030, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::support::Site;
use crate::support::media::png;
use crate::support::packing::gzipped;
use crate::support::s3::Bucket;
use crate::support::web::Browser;

/// A text in this charset; UTF-16 with its byte order mark.
fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
    match encoding {
        utf_16 if utf_16 == UTF_16LE => units().flat_map(u16::to_le_bytes).collect(),
        utf_16 if utf_16 == UTF_16BE => units().flat_map(u16::to_be_bytes).collect(),
        other => other.encode(text).0.into_owned(),
    }
}

/// A page that says in its title what it shows.
fn page(charset: &str, word: &str) -> String {
    format!(
        "<!doctype html>{charset}<link rel=\"icon\" href=\"data:,\"><title>loading</title>\
         <link rel=\"stylesheet\" href=\"look.css\"><p id=\"word\">{word}</p><img src=\"{word}.png\">\
         <script src=\"run.js\"></script>"
    )
}

fn style(word: &str) -> String {
    format!("p {{ background: url(\"{word}.png\") }} p::after {{ content: \"{word}\" }}")
}

fn script(word: &str) -> String {
    format!(
        "onload = () => {{ const of = (it) => getComputedStyle(document.querySelector(\"#word\"), it); \
         const all = [document.querySelector(\"#word\").textContent, of(\"::after\").content, \"{word}\"]; \
         const shown = document.querySelector(\"img\").naturalWidth; \
         document.title = \"done \" + all.join(\" \") + shown; }};"
    )
}

/// Pages in any charset show their words and what they refer to.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn pages_work_in_any_charset() {
    for (encoding, meta, word, served) in [
        (
            WINDOWS_1252,
            "<meta charset=iso-8859-1>",
            "caf\u{e9}",
            "windows-1252",
        ),
        (
            SHIFT_JIS,
            "<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'>",
            "日本",
            "shift_jis",
        ),
        (EUC_JP, "<meta charset=euc-jp>", "日本", "euc-jp"),
        (GB18030, "<meta charset=gb2312>", "中文", "gbk"),
        (UTF_16LE, "", "日é", "utf-16le"),
        (UTF_16BE, "", "日é", "utf-16be"),
    ] {
        let folder = "[[folder]]\nmatch = \".\"\n";
        // What stays in a folder needs no rewriting.
        let namings = if encoding == SHIFT_JIS {
            &["", folder][..]
        } else {
            &[""]
        };
        for rules in namings {
            let bucket = Bucket::on_rgw();
            // A style and a script that say nothing are what their page is, but for UTF-16.
            let beside = if meta.is_empty() {
                encoding_rs::UTF_8
            } else {
                encoding
            };
            let site = Site::new()
                .config(&format!("{rules}{}", bucket.target()))
                .file("index.html", encoded(&page(meta, word), encoding))
                .file("look.css", encoded(&style(word), beside))
                .file("run.js", encoded(&script(word), beside))
                .file(&format!("{word}.png"), png(&[]));
            let run = bucket.run(
                &site,
                &["push", "--deny-warnings", "--overwrite-live", "**"],
            );
            let is_told = run
                .stderr
                .lines()
                .filter(|line| line.starts_with("warning"));
            let told: Vec<&str> = is_told.filter(|line| !line.contains("No page")).collect();
            assert_eq!(told, Vec::<&str>::new(), "{served}: {run}");
            let url = bucket.run(&site, &["url", "index.html"]).stdout;
            let seen = Browser::start().visit(url.trim());
            let wanted = format!("done {word} \"{word}\" {word}1");
            assert_eq!(seen, (wanted, Vec::new()), "{served} {rules}");
            let answer = bucket.anonymous(
                url.trim()
                    .strip_prefix(&format!("{}/{}", bucket.endpoint, bucket.name))
                    .expect("in the bucket"),
            );
            let wanted = format!("text/html; charset={served}");
            assert_eq!(answer.header("content-type"), Some(wanted.as_str()));
            let audit = bucket.run(&site, &["audit", "--all"]);
            assert!(audit.stdout.contains("0 failed"), "{audit}");
        }
    }
}

/// The `Content-Type` of each published file, by its path.
fn types(site: &Site, paths: &[&str]) -> Vec<String> {
    let manifest = site.ok(&["manifest"]);
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let of = |path: &&str| {
        manifest["objects"][path]["content_type"]
            .as_str()
            .map(str::to_string)
    };
    paths
        .iter()
        .map(|path| of(path).unwrap_or_else(|| panic!("{path}: {manifest:#}")))
        .collect()
}

/// Drawings, styles and data keep their charset, and UTF-8 stays UTF-8.
#[test]
fn other_files_keep_their_charset() {
    let latin = |text: &str| encoded(text, WINDOWS_1252);
    let xml = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>";
    let site = Site::new()
        .config("[[rule]]\nmatch = \"by-rule.txt\"\ncontent_type = \"text/plain; charset=iso-8859-15\"\n[target.t]\nurl = \"file:out\"\n")
        .file("a.svg", latin(&format!("{xml}<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"\u{e9}.png\"/></svg>")))
        .file("b.xml", latin(&format!("{xml}<r>\u{e9}</r>")))
        .file("c.css", latin("@charset \"iso-8859-1\";p{content:\"\u{e9}\"}"))
        .file("d.html", "<meta charset=utf-8><p>é")
        .file("e.html", "<meta charset=iso-8859-1><p>e")
        .file("f.js", "say('é')")
        .file("by-rule.txt", latin("\u{e9}"))
        .file("\u{e9}.png", png(&[]));
    site.ok(&["push", "--deny-warnings", "--overwrite-live", "**"]);
    let seen = types(
        &site,
        &[
            "a.svg",
            "b.xml",
            "c.css",
            "d.html",
            "e.html",
            "f.js",
            "by-rule.txt",
        ],
    );
    let wanted = [
        "image/svg+xml; charset=windows-1252",
        "application/xml; charset=windows-1252",
        "text/css; charset=windows-1252",
        "text/html; charset=utf-8",
        "text/html; charset=utf-8",
        "text/javascript; charset=utf-8",
        "text/plain; charset=iso-8859-15",
    ];
    assert_eq!(seen, wanted);
}

/// A file that is not in the charset it claims stops the push with its place.
#[test]
fn false_charset_stops_with_place() {
    for (name, content, told) in [
        (
            "a.html",
            &b"<meta charset=utf-8>caf\xe9"[..],
            "isn't valid utf-8 at byte 23, although the file declares that charset",
        ),
        (
            "a.html",
            b"\xef\xbb\xbf<p>caf\xe9",
            "isn't valid utf-8 at byte 9, although it begins with that charset's byte order mark",
        ),
        (
            "a.html",
            b"<meta charset=shift_jis>\x93\xfa\xff",
            "isn't valid shift_jis at byte 26",
        ),
        (
            "a.json",
            b"{\"a\": \"\xe9\"}",
            "isn't valid utf-8 at byte 7, and browsers accept no other charset",
        ),
        (
            "a.vtt",
            b"WEBVTT\n\n00:00.000 --> 00:01.000\n\xe9\n",
            "isn't valid utf-8 at byte 32, and browsers accept no other charset",
        ),
        (
            "a.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'>\xe9</svg>",
            "isn't valid utf-8 at byte 40",
        ),
        (
            "a.css",
            b"@charset \"utf-8\";p{content:'\xe9'}",
            "isn't valid utf-8 at byte 28",
        ),
    ] {
        let site = Site::new()
            .config("[target.t]\nurl = \"file:out\"\n")
            .file(name, content);
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(&format!("`{name}`: {told}")), "{run}");
        site.add_config(&run.config_lines());
        site.ok(&["push"]);
        assert_eq!(
            site.published("out")
                .into_values()
                .filter(|it| it == content)
                .count(),
            1
        );
    }
}

/// A file that declares no charset is served as browsers read it, with a warning.
#[test]
fn undeclared_charset_warns() {
    let site = Site::new()
        .config("[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[target.t]\nurl = \"file:out\"\n")
        .file("a.txt", b"na\xefve")
        .file("b.csv", b"a;\xe9");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stderr.contains(
            "2 files aren't UTF-8 and don't declare their charset (served as windows-1252"
        ),
        "{run}"
    );
    let wanted = [
        "text/plain; charset=windows-1252",
        "text/csv; charset=windows-1252",
    ];
    assert_eq!(types(&site, &["a.txt", "b.csv"]), wanted);
    site.add_config(
        "[[rule]]\nmatch = \"*.{txt,csv}\"\ncontent_type = \"text/plain; charset=iso-8859-1\"\n",
    );
    let run = site.run(&["push", "--overwrite-live", "**"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
}

/// Names in any charset are shown decoded in messages.
#[test]
fn messages_decode_names_from_charset() {
    let page = "<!doctype html><meta charset=iso-8859-1><title>caf\u{e9}</title>\n<img src=\"fehlt-\u{e9}.png\">";
    let site = Site::new()
        .config("[target.t]\nurl = \"file:out\"\n")
        .file("index.html", encoded(page, WINDOWS_1252));
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr
            .contains("`index.html:2:11`: refers to `fehlt-é.png`"),
        "{run}"
    );
}

/// A page in UTF-16 is searched and stripped like any other.
#[test]
fn utf_16_pages_are_processed() {
    let level = "[[level]]\nname = \"solution\"\nmatch = \"solution/**\"\n";
    let target = "[target.t]\nurl = \"file:out\"\n";
    for encoding in [UTF_16LE, UTF_16BE] {
        let leaky = Site::new()
            .config(&format!("{level}{target}"))
            .file("solution/kraken.png", png(&[]))
            .file(
                "index.html",
                encoded(
                    "<!doctype html><title>é</title><!-- --><p>\n<img src=\"solution/kraken.png\">",
                    encoding,
                ),
            );
        let run = leaky.run(&["push", "--show-hidden"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains("index.html:2:"), "{run}");
        let noted = Site::new()
            .config(&format!(
                "[[rule]]\nmatch = \"**\"\ncomments = \"strip\"\n{target}"
            ))
            .file(
                "index.html",
                encoded(
                    "<!doctype html><title>é</title><!-- the answer is 7 --><p>é",
                    encoding,
                ),
            );
        noted.ok(&["push"]);
        let published: Vec<Vec<u8>> = noted.published("out").into_values().collect();
        let wanted = encoded("<!doctype html><title>é</title><p>é", encoding);
        assert!(published.contains(&wanted), "nothing else is changed");
    }
}

/// A script that is not in the charset of its pages gets a rule that lets it pass.
#[test]
fn script_outside_page_charset_gets_fix() {
    let page =
        "<!doctype html><meta charset=shift_jis><title>loading</title><script src=run.js></script>";
    let site = Site::new()
        .config("[target.t]\nurl = \"file:out\"\n")
        .file("index.html", encoded(&format!("{page}日本"), SHIFT_JIS))
        .file("run.js", b"// by Andr\xe9\nrun()");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    let told = "`run.js`: isn't valid shift_jis at byte 10, although the pages that load it have that charset";
    assert!(run.stderr.contains(told), "{run}");
    site.add_config(&run.config_lines());
    site.ok(&["push"]);
    assert_eq!(
        types(&site, &["run.js"]),
        ["text/javascript; charset=windows-1252"]
    );
}

const HUNT: &str =
    "[[level]]\nname = \"solution\"\nmatch = \"**/решение/**\"\n[target.t]\nurl = \"file:out\"\n";

/// Names of hidden files are found in any charset.
#[test]
fn hidden_names_found_in_any_charset() {
    let hidden = "загадка/решение/ответ.html";
    let html = |label: &str| format!("<!doctype html><meta charset={label}><p>Привет\n{hidden}");
    let legacy = |name: &str| Encoding::for_label(name.as_bytes()).expect("known");
    for (name, content) in [
        (
            "a.html",
            encoded(&html("windows-1251"), legacy("windows-1251")),
        ),
        ("b.html", encoded(&html("koi8-r"), legacy("koi8-r"))),
        ("c.html", encoded(&html("euc-jp"), EUC_JP)),
        ("d.html", encoded(&html("utf-16"), UTF_16LE)),
        (
            "e.css",
            encoded(
                &format!("@charset \"koi8-r\";\np::before{{content:\"{hidden}\"}}"),
                legacy("koi8-r"),
            ),
        ),
        (
            "f.xml",
            encoded(
                &format!("<?xml version=\"1.0\" encoding=\"windows-1251\"?>\n<r>{hidden}</r>"),
                legacy("windows-1251"),
            ),
        ),
    ] {
        let site = Site::new()
            .config(HUNT)
            .file(hidden, "the answer")
            .file(name, &content);
        let run = site.run(&["push", "--show-hidden"]);
        assert_eq!(run.code, 2, "{name}: {run}");
        assert!(run.stderr.contains(&format!("`{name}:2:")), "{name}: {run}");
        let packed = Site::new()
            .config(&format!(
                "[[rule]]\nmatch = \"{name}\"\nencoding = \"gzip\"\n{HUNT}"
            ))
            .file(hidden, "the answer")
            .file(name, gzipped(&content));
        let run = packed.run(&["push", "--show-hidden"]);
        assert_eq!(run.code, 2, "{name}, packed: {run}");
    }
}

/// A style that another style imports has the charset of the page.
#[test]
fn imported_style_inherits_page_charset() {
    let sjis = |text: &str| encoded(text, SHIFT_JIS);
    let site = Site::new()
        .config("[target.t]\nurl = \"file:out\"\n")
        .file(
            "index.html",
            "<!doctype html><meta charset=shift_jis><link rel=stylesheet href=a.css>",
        )
        .file("a.css", "@import \"b.css\"; p { color: red }")
        .file(
            "b.css",
            sjis("@import \"c.css\"; q::before { content: \"語の\" }"),
        )
        .file("c.css", sjis("q { background: url(\"日.png\") }"))
        .file("日.png", png(&[]));
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(!run.stderr.contains("UTF-8"), "{run}");
    let wanted = [
        "text/css; charset=utf-8",
        "text/css; charset=shift_jis",
        "text/css; charset=shift_jis",
    ];
    assert_eq!(types(&site, &["a.css", "b.css", "c.css"]), wanted);
}

/// A file that must be UTF-8 is not published as UTF-16.
#[test]
fn utf_16_is_refused_where_invalid() {
    for name in ["a.json", "a.vtt", "a.mjs", "a.webmanifest"] {
        let site = Site::new()
            .config("[target.t]\nurl = \"file:out\"\n")
            .file(name, encoded("{}", UTF_16LE));
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(
            run.stderr
                .contains(&format!("`{name}`: isn't valid utf-8 at byte 0")),
            "{run}"
        );
    }
}

/// The headers file names the pages that have another charset.
#[test]
fn headers_file_names_other_charsets() {
    let page = |label: &str, encoding| {
        encoded(
            &format!("<!doctype html><meta charset={label}><p>Привет"),
            encoding,
        )
    };
    let cyrillic = Encoding::for_label(b"windows-1251").expect("known");
    let site = Site::new()
        .config("[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n[target.t]\nurl = \"file:out\"\n")
        .file("a.html", page("windows-1251", cyrillic))
        .file("b.html", page("windows-1251", cyrillic))
        .file("c.html", page("utf-8", encoding_rs::UTF_8));
    site.ok(&["push"]);
    let headers = String::from_utf8(site.published("out")["_headers"].clone()).expect("text");
    for path in ["/a.html", "/b.html"] {
        let line = format!("{path}\n  content-type: text/html; charset=windows-1251\n");
        assert!(headers.contains(&line), "{headers}");
    }
    assert!(!headers.contains("/c.html"), "as hosts have it: {headers}");
}
