//! Names of hidden files are found in every way that a language can write them, wherever they
//! stand, as `docs/src/concepts/hidden-names.md` says.

use std::collections::BTreeMap;

use assetsync::testing::{Error, ProblemKind, Progress, build, walk};

use crate::support::library::{config, secret};
use crate::support::{Site, packing};

const LEVELS: &str = r#"
[[level]]
name = "solution"
match = "**/solution/**"
[target.local]
url = "file:out"
"#;

/// A hidden file, as seen from the top of the tree.
const FILE: &str = "puzzle/gears/solution/answer-key.png";

/// The address of a hidden page.
const FOLDER: &str = "puzzle/gears/solution/";

/// Writes every character of a path otherwise.
fn each(path: &str, write: impl Fn(char) -> String) -> String {
    path.chars().map(write).collect()
}

fn slashes(path: &str, slash: &str) -> String {
    path.replace('/', slash)
}

fn base64(path: &str) -> String {
    data_encoding::BASE64.encode(path.as_bytes())
}

/// How a path is spelled: the name of it, and what is written.
fn spellings() -> Vec<(&'static str, String)> {
    let cut = FILE.find("lution").expect("it's there");
    let (one, other) = FILE.split_at(cut);
    vec![
        ("as it is", FILE.to_string()),
        ("in upper case", FILE.to_uppercase()),
        ("below a prefix, `/static/…`", format!("/static/{FILE}")),
        (
            "as an absolute URL",
            format!("https://hunt.example/a/{FILE}?v=2#top"),
        ),
        ("`%2F`", slashes(FILE, "%2F")),
        ("`%252F`", slashes(FILE, "%252f")),
        (
            "`%70`, every letter",
            each(FILE, |c| format!("%{:02x}", c as u32)),
        ),
        ("`%u002F`", slashes(FILE, "%u002F")),
        ("`\\/`", slashes(FILE, "\\/")),
        ("`\\u002f`", slashes(FILE, "\\u002f")),
        (
            "`\\u0070`, every letter",
            each(FILE, |c| format!("\\u{:04X}", c as u32)),
        ),
        ("`\\u{2f}`", slashes(FILE, "\\u{2f}")),
        ("`\\x2f`", slashes(FILE, "\\x2F")),
        ("`\\57`", slashes(FILE, "\\57")),
        ("`\\\\u002f`, JSON in JSON", slashes(FILE, "\\\\u002f")),
        ("`\\\\/`, JSON in JSON", slashes(FILE, "\\\\\\/")),
        ("`\\2f `", slashes(FILE, "\\2f ")),
        ("`\\00002f`", slashes(FILE, "\\00002f")),
        ("`&#47;`", slashes(FILE, "&#47;")),
        ("`&#47`, without its semicolon", slashes(FILE, "&#47")),
        ("`&sol;`", slashes(FILE, "&sol;")),
        (
            "`&#112;`, every letter",
            each(FILE, |c| format!("&#{};", c as u32)),
        ),
        ("`&amp;#47;`, HTML in HTML", slashes(FILE, "&amp;#47;")),
        ("`&#37;2F`", slashes(FILE, "&#37;2F")),
        ("`\\u0026#47;`", slashes(FILE, "\\u0026#47;")),
        ("`\\`", slashes(FILE, "\\")),
        ("`\\\\`", slashes(FILE, "\\\\")),
        ("`%5C`", slashes(FILE, "%5C")),
        ("`//`", slashes(FILE, "//")),
        ("`/./`", slashes(FILE, "/./")),
        ("`/a/../`", slashes(FILE, "/other/../")),
        ("`/a/b/../../`", slashes(FILE, "/other/one/../../")),
        ("`\"a\" + \"b\"`", format!("{one}\" + \"{other}")),
        (
            "`'a' + `, and the rest in the next line",
            format!("{one}' +\n  '{other}"),
        ),
        ("`${\"a\"}`", format!("${{\"{one}\"}}{other}")),
        ("base64", base64(FILE)),
        (
            "base64 of a text with it",
            base64(&format!("{{\"next\": \"/{FILE}\"}}")),
        ),
        (
            "base64url",
            base64(&format!("??>{FILE}"))
                .replace('+', "-")
                .replace('/', "_"),
        ),
        (
            "base64, wrapped",
            wrapped(&base64(&format!("{}{FILE}", " ".repeat(70)))),
        ),
        ("base64 in base64", base64(&base64(FILE))),
        ("the folder's address", FOLDER.to_string()),
        (
            "the folder's address, absolute",
            format!("https://hunt.example/{FOLDER}"),
        ),
        (
            "the folder's address without its slash",
            format!("\"/{}\"", FOLDER.trim_end_matches('/')),
        ),
        (
            "another size of a picture",
            FILE.replace(".png", "-600w.png"),
        ),
        ("another format of a picture", FILE.replace(".png", ".webp")),
        (
            "a list and its base",
            "\"base\": \"/puzzle/gears/\", \"files\": [\"solution/answer-key.png\"]".to_string(),
        ),
        (
            "a list of names and its folder",
            "{base: '/puzzle/gears/solution', files: ['answer-key.png']}".to_string(),
        ),
        ("UTF-16, little-endian", utf16(FILE, u16::to_le_bytes)),
        ("UTF-16, big-endian", utf16(FILE, u16::to_be_bytes)),
    ]
}

fn wrapped(text: &str) -> String {
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).expect("ASCII"))
        .collect();
    lines.join("\r\n")
}

/// As bytes that are characters of a string, for they have zeros.
fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> String {
    let bytes = text.encode_utf16().flat_map(bytes).collect();
    String::from_utf8(bytes).expect("ASCII and zeros")
}

/// Where it stands: the file, what it's called in the table, and what is around it.
const POSITIONS: [(&str, &str, &str, &str); 27] = [
    (
        "text.html",
        "HTML: text",
        "<!doctype html><p>see ",
        " for more",
    ),
    (
        "comment.html",
        "HTML: comment",
        "<!doctype html><!-- ",
        " -->",
    ),
    (
        "attribute.html",
        "HTML: attribute",
        "<!doctype html><p data-next='[\"",
        "\"]'>",
    ),
    (
        "alt.html",
        "HTML: `alt`",
        "<!doctype html><img src=data:, alt=\"",
        "\">",
    ),
    (
        "handler.html",
        "HTML: event handler",
        "<!doctype html><p onclick=\"go('",
        "')\">",
    ),
    (
        "script.html",
        "HTML: script",
        "<!doctype html><script>let a = \"",
        "\"</script>",
    ),
    (
        "ld.html",
        "HTML: JSON-LD",
        "<script type=application/ld+json>{\"a\":\"",
        "\"}</script>",
    ),
    (
        "style.html",
        "HTML: style",
        "<style>p::after { content: \"",
        "\" }</style>",
    ),
    ("comment.css", "CSS: comment", "/* ", " */"),
    (
        "string.css",
        "CSS: string",
        "p::after { content: \"",
        "\" }",
    ),
    ("string.js", "JavaScript: string", "const a = \"", "\";"),
    ("template.js", "JavaScript: template", "const a = `", "`;"),
    ("comment.js", "JavaScript: comment", "// ", "\nlet a;"),
    ("value.json", "JSON: value", "{\"a\": \"", "\"}"),
    ("key.json", "JSON: key", "{\"", "\": 1}"),
    (
        "a.webmanifest",
        "web manifest",
        "{\"description\": \"",
        "\"}",
    ),
    (
        "text.svg",
        "SVG: text",
        "<svg xmlns='http://www.w3.org/2000/svg'><text>",
        "</text></svg>",
    ),
    (
        "title.svg",
        "SVG: attribute",
        "<svg xmlns='http://www.w3.org/2000/svg' id='",
        "'/>",
    ),
    ("cdata.xml", "XML: CDATA", "<a><![CDATA[ ", " ]]></a>"),
    ("feed.xml", "XML: text", "<rss><a>", "</a></rss>"),
    ("notes.txt", "text", "see ", "."),
    ("table.csv", "CSV", "1,", ",2"),
    (
        "captions.vtt",
        "captions",
        "WEBVTT\n\n00:01.000 --> 00:02.000\nsee ",
        "\n",
    ),
    (
        "dates.ics",
        "calendar",
        "BEGIN:VCALENDAR\r\nURL:",
        "\r\nEND:VCALENDAR",
    ),
    (
        "data.bin",
        "binary, beside letters",
        "\0\u{1}abc",
        "xyz\u{2}\0",
    ),
    (
        "code.wasm",
        "WebAssembly, beside letters",
        "\0asm\u{1}\0\0\0next",
        "then",
    ),
    (
        "font.ttf",
        "font, beside letters",
        "\0\u{1}\0\0name",
        "copy\0",
    ),
];

/// Packs a text.
type Pack = fn(&str) -> Vec<u8>;

/// Packed files: what each is called, in the table too, and how it's made of a text.
const PACKED: [(&str, &str, Pack); 6] = [
    ("notes.zip", "zip: text", |text| {
        packing::zip(&[("notes.txt", text.as_bytes())])
    }),
    ("notes.docx", "docx: text", |text| {
        let text = format!("<w:p><w:t>see {text} for more</w:t></w:p>");
        packing::zip(&[("word/document.xml", text.as_bytes())])
    }),
    ("notes.tgz", "tar and gzip: text", |text| {
        packing::gzipped(&packing::tarred("notes.txt", text.as_bytes()))
    }),
    ("drawing.svgz", "svgz: text", |text| {
        packing::gzipped(format!("<svg><text>{text}</text></svg>").as_bytes())
    }),
    ("picture.png", "PNG: compressed text", |text| {
        let text = packing::zlib(text.as_bytes());
        packing::png_with(b"zTXt", &[b"Comment\0\0".as_slice(), &text].concat())
    }),
    ("paper.pdf", "PDF: stream", |text| {
        packing::deflated_pdf(&format!("% {text} \n"))
    }),
];

fn site(spelling: &str) -> Site {
    let site = unpacked_site(spelling);
    PACKED.iter().fold(site, |site, (path, _, pack)| {
        site.file(path, pack(spelling))
    })
}

fn unpacked_site(spelling: &str) -> Site {
    let site = Site::new()
        .config(&format!(
            "[[rule]]\nmatch = \"*.docx\"\npublish = true\n{LEVELS}"
        ))
        .file("puzzle/gears/index.html", "<p>a puzzle")
        .file("puzzle/gears/solution/index.html", "<p>a solution")
        .file(FILE, "a picture");
    POSITIONS
        .iter()
        .fold(site, |site, (path, _, before, after)| {
            site.file(path, format!("{before}{spelling}{after}"))
        })
}

/// Every file, and what it's called in the table.
fn positions() -> impl Iterator<Item = (&'static str, &'static str)> {
    let plain = POSITIONS.iter().map(|(path, name, ..)| (*path, *name));
    plain.chain(PACKED.iter().map(|(path, name, _)| (*path, *name)))
}

/// Which files name what is hidden.
fn found(site: &Site) -> BTreeMap<String, String> {
    let config = config(site);
    let tree = walk(&config.sources, &config.rules);
    match build(&tree, &secret(), &Progress::new()) {
        Ok(_) => BTreeMap::new(),
        Err(Error::Tree { problems, .. }) => problems
            .into_iter()
            .map(|problem| {
                assert_eq!(problem.kind, ProblemKind::Hidden, "{problem:?}");
                (problem.path, problem.message)
            })
            .collect(),
        Err(error) => panic!("{error}"),
    }
}

/// Every spelling of a hidden name is found in every position and documented.
#[test]
fn every_spelling_is_found_everywhere() {
    let docs = include_str!("../../docs/src/concepts/hidden-names.md");
    let mut missed = Vec::new();
    for (name, spelling) in spellings() {
        let found = found(&site(&spelling));
        let not: Vec<&str> = positions()
            .filter(|(path, _)| !found.contains_key(*path))
            .map(|(_, name)| name)
            .collect();
        if !not.is_empty() {
            missed.push(format!("{name} ({spelling:?}): {}", not.join(", ")));
        }
        assert!(
            docs.contains(&format!(
                "| {name} |
"
            )),
            "{name} isn't in the documents"
        );
    }
    for (_, name) in positions() {
        assert!(
            docs.contains(&format!("| {name} |\n")),
            "{name} isn't in the documents"
        );
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Spellings that only some file formats can write are found in those files.
#[test]
fn format_specific_spellings_are_found() {
    let (one, other) = FILE.split_at(FILE.len() / 2);
    let blob = data_encoding::BASE64.encode(&vec![b'a'; 900_000]);
    let late = base64(&format!("{}{FILE} and on", " ".repeat(1_500_000)));
    for (path, text) in [
        (
            "dates.ics",
            format!("DESCRIPTION:see {one}\r\n {other}\r\n"),
        ),
        ("card.vcf", format!("NOTE:{one}\n\t{other}\n")),
        ("letter.eml", format!("see {one}=\r\n{other}\r\n")),
        (
            "map.svg",
            format!(
                "<!DOCTYPE svg [<!ENTITY dir \"{one}\">]><svg xmlns='http://www.w3.org/2000/svg'><text>&dir;{other}</text></svg>"
            ),
        ),
        (
            "feed.xml",
            format!("<a><![CDATA[{one}]]> <![CDATA[{other}]]></a>"),
        ),
        ("long0.json", format!("[\"{blob}\", \"{late}\"]")),
        ("long1.json", format!("[ \"{blob}\", \"{late}\"]")),
        ("long2.json", format!("[  \"{blob}\", \"{late}\"]")),
        (
            "far.txt",
            format!("{}{}", " ".repeat((1 << 20) - 9), slashes(FILE, "\\u002f")),
        ),
    ] {
        let site = Site::new()
            .config(&format!(
                "[[rule]]\nmatch = \"[cl]*.[ev]*\"\npublish = true\n{LEVELS}"
            ))
            .file(FILE, "a picture")
            .file(path, text);
        assert!(found(&site).contains_key(path), "{path}");
    }
}

/// A site with one open file, which is published with warnings if its text isn't a mistake.
fn said_of(text: &str) -> String {
    let site = Site::new()
        .config(LEVELS)
        .file("puzzle/gears/index.html", "<p>a puzzle")
        .file("puzzle/gears/wheel.png", "a wheel")
        .file("puzzle/gears/solution/gears.html", "<p>a solution")
        .file("puzzle/gears/solution/wheel.png", "another wheel")
        .file("puzzle/gears/solution/teeth-of-gears.json", "{}")
        .file("puzzle/gears/notes.txt", text);
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{text}: {run}");
    let excused =
        format!("[[rule]]\nmatch = \"**/notes.txt\"\nmay_name = [\"**/solution/*\"]\n{LEVELS}");
    let excused = site.config(&excused).run(&["push"]);
    assert_eq!(excused.code, 0, "{text}: {excused}");
    assert!(!excused.stderr.contains("warning"), "{text}: {excused}");
    run.stderr
}

/// An ambiguous mention of a hidden file is a warning that a rule silences.
#[test]
fn ambiguous_names_are_warnings() {
    for (text, warning) in [
        (
            "href=\"/puzzle/gears/solution/gears\"",
            "`puzzle/gears/notes.txt:1:8` is open, and names, without its extension, `puzzle/gears/solution/gears.html`",
        ),
        (
            "see solution/ for more",
            "`puzzle/gears/notes.txt:1:5` is open, and names the folder of `puzzle/gears/solution/gears.html`",
        ),
        (
            "{7: \"puzzle/gears/solution/teeth-of-gears\"}",
            "`puzzle/gears/notes.txt:1:6` is open, and names, without its extension, `puzzle/gears/solution/teeth-of-gears.json`",
        ),
        // The wheel is that of its own folder.
        (
            "{dir: \"/puzzle/gears/solution/\", files: [\"wheel.png\"]}",
            "`puzzle/gears/notes.txt:1:9` is open, and names the folder of",
        ),
        (
            "teeth-of-gears.json",
            "`puzzle/gears/notes.txt:1:1` is open, and may name `puzzle/gears/solution/teeth-of-gears.json`",
        ),
    ] {
        let said = said_of(text);
        assert!(said.contains(warning), "{text}: {said}");
    }
}

/// Text that only looks like a hidden name raises no alarm.
#[test]
fn lookalike_names_raise_no_alarm() {
    for text in [
        "wheel.png, solution",
        "dir = \"/puzzle/gears\", picture = \"wheel.png\"",
        "the gears/solution of it",
        "my-teeth-of-gears.json",
        "resolution/gears.html and solutions/wheel.png",
        "\\u0073olutions, %73olved, &#115;olve",
        "../../other/solution/wheel.png",
        "../../other/solution/../wheel.png",
        "https://elsewhere.example/solution/wheel.png",
        "[\"gears\", \"solution\"]",
        "<b>gears</b>/<b>solution</b> of it",
        "gears=2Fsolutions and so=\nlution",
    ] {
        let said = said_of(text);
        assert!(!said.contains("notes.txt"), "{text}: {said}");
    }
}
