//! Hidden files that are inside of others: in archives, as data URLs, as covers of sounds; and
//! texts that are the same but for what editors change.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use crate::support::Site;
use crate::support::packing::{attached_pdf, gzipped, tarred, utf16, zip};

const LEVELS: &str = r#"
[[rule]]
match = "*.{docx,epub,eml,flac}"
publish = true
[[level]]
name = "solution"
match = "**/solution/**"
[target.local]
url = "file:out"
"#;

const PICTURE: &str = "maze/solution/way-out.png";
const DRAWING: &str = "maze/solution/plan.svg";
const DATA: &str = "maze/solution/steps.json";
const PAGE: &str = "maze/solution/index.html";

const SVG: &str = "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\">\n  <path id=\"way\" d=\"M1 2h3v4\"/>\n</svg>\n";
const JSON: &str = "{\n  \"first\": \"left\",\n  \"then\": [\"right\", \"up\"]\n}\n";
const HTML: &str = "<!doctype html>\n<title>Out</title>\n<p>Keep your left hand on the hedge.\n";

/// A picture with a gradient, which `change` changes, stored as `format` has it.
fn picture(format: ImageFormat, change: impl Fn(&mut RgbImage)) -> Vec<u8> {
    let mut picture = RgbImage::from_fn(24, 16, |x, y| Rgb([x as u8 * 9, y as u8 * 13, 77]));
    change(&mut picture);
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("written");
    bytes.into_inner()
}

fn png() -> Vec<u8> {
    picture(ImageFormat::Png, |_| {})
}

fn site() -> Site {
    Site::new()
        .config(LEVELS)
        .file("maze/index.html", "<p>a maze")
        .file(PICTURE, png())
        .file(DRAWING, SVG)
        .file(DATA, JSON)
        .file(PAGE, HTML)
}

fn base64(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(bytes)
}

fn wrapped(text: &str, between: &str) -> String {
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).expect("ASCII"))
        .collect();
    lines.join(between)
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Files that have a hidden one inside, and which one.
fn with_copies() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let png = png();
    let url = format!("data:image/png;base64,{}", base64(&png));
    let cover = |before: &[u8]| [before, &png, &[0xff, 0xfb, 0x90, 0, 1, 2, 3]].concat();
    let id3 = cover(b"ID3\x03\0\0\0\0\x7f\x7fAPIC\0\0\x09\x09\0\0\0image/png\0\x03\0");
    let text = |text: String| text.into_bytes();
    let again = picture(ImageFormat::WebP, |_| {});
    vec![
        // As data URLs.
        (
            "a01.html",
            text(format!("<p>x<img src=\"{url}\">")),
            PICTURE,
        ),
        (
            "a02.css",
            text(format!("p {{ background: url({url}) }}")),
            PICTURE,
        ),
        (
            "a03.json",
            text(format!("{{\"a\": \"{}\"}}", url.replace('/', "\\/"))),
            PICTURE,
        ),
        (
            "a04.svg",
            text(format!(
                "<svg xmlns='http://www.w3.org/2000/svg'><image href='data:image/png;base64,{}'/></svg>",
                wrapped(&base64(&png), "&#10;")
            )),
            PICTURE,
        ),
        (
            "a05.js",
            text(format!("const a = [\"{}\"]", base64(&png))),
            PICTURE,
        ),
        (
            "a06.js",
            text(format!(
                "a.src = '{}'",
                url.replace('+', "%2B").replace('=', "%3D")
            )),
            PICTURE,
        ),
        (
            "a07.eml",
            text(format!(
                "Content-Transfer-Encoding: base64\r\nX-Id: one\r\n\r\n{}\r\n--end--\r\n",
                wrapped(&base64(&png), "\r\n")
            )),
            PICTURE,
        ),
        (
            "a08.html",
            text(format!("<img src=\"data:image/svg+xml,{}\">", percent(SVG))),
            DRAWING,
        ),
        (
            "a09.css",
            text(format!(
                "p {{ background: url('data:image/svg+xml;utf8,{}') }}",
                SVG.replace('\n', "")
                    .replace("  ", " ")
                    .replace('<', "%3C")
                    .replace('"', "\\'")
            )),
            DRAWING,
        ),
        (
            "a10.html",
            text(format!("<p>see {} here", &SVG[22..])),
            DRAWING,
        ),
        (
            "a11.html",
            text(format!(
                "<a href='data:text/html;base64,{}'>x</a>",
                base64(HTML.as_bytes())
            )),
            PAGE,
        ),
        (
            "a12.js",
            text(format!("a(`data:application/json,{}`)", percent(JSON))),
            DATA,
        ),
        // In archives.
        ("b01.zip", zip(&[("a.png", &png)]), PICTURE),
        ("b02.docx", zip(&[("word/media/image1.png", &png)]), PICTURE),
        (
            "b03.epub",
            zip(&[(
                "text/1.xhtml",
                text(format!("<img src='{url}'/>")).as_slice(),
            )]),
            PICTURE,
        ),
        ("b04.tgz", gzipped(&tarred("one/two.bin", &png)), PICTURE),
        ("b05.gz", gzipped(&png), PICTURE),
        ("b06.svgz", gzipped(SVG.as_bytes()), DRAWING),
        (
            "b07.zip",
            zip(&[(
                "more.zip",
                &zip(&[("a.htm", HTML.replace('\n', "\r\n").as_bytes())]),
            )]),
            PAGE,
        ),
        (
            "b08.zip",
            zip(&[("min.json", JSON.replace(['\n', ' '], "").as_bytes())]),
            DATA,
        ),
        // In sounds, icons and documents.
        ("c01.mp3", id3, PICTURE),
        (
            "c02.flac",
            cover(b"fLaC\x06\0\0\0\0\0\0\x03\0\0\0\x09image/png"),
            PICTURE,
        ),
        (
            "c03.ico.bin",
            cover(b"\0\0\x01\0\x01\0\x18\x10\0\0\x01\0\x20\0\x01\x02\0\0\x16\0\0\0"),
            PICTURE,
        ),
        ("c04.pdf", attached_pdf(&png), PICTURE),
        ("c06.ogg", cover_in_ogg(&png), PICTURE),
        // Saved once more.
        (
            "f01.html",
            text(format!(
                "<img src='data:image/webp;base64,{}'>",
                base64(&again)
            )),
            PICTURE,
        ),
        ("f02.zip", zip(&[("again.webp", &again)]), PICTURE),
        (
            "f03.mp3",
            [
                b"ID3\x03\0\0\0\0\x7f\x7fAPIC".as_slice(),
                &with_text(&png),
                &[0xff, 0xfb, 0x90, 0],
            ]
            .concat(),
            PICTURE,
        ),
        (
            "c05.jpg",
            cover(b"\xff\xd8\xff\xe0\0\x10JFIF\0and so on"),
            PICTURE,
        ),
    ]
}

/// A PNG with a text in it: another file that shows the same.
fn with_text(png: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: usize = 33;
    let (header, rest) = png.split_at(HEADER_BYTES);
    [header, b"\0\0\0\x0dtEXtTitle\0A hedge\0\0\0\0", rest].concat()
}

/// An Ogg file with a cover, as its comments have one.
fn cover_in_ogg(png: &[u8]) -> Vec<u8> {
    let block = [
        b"\0\0\0\x03\0\0\0\x09image/png\0\0\0\0".as_slice(),
        &[0; 20],
        png,
    ]
    .concat();
    let comment = format!("METADATA_BLOCK_PICTURE={}", base64(&block));
    [b"OggS\0\x02\x03vorbis\0\0", comment.as_bytes(), b"\0\x01"].concat()
}

/// A hidden file's copy inside another file is an error unless a rule allows it.
#[test]
fn embedded_copy_is_an_error() {
    let all = with_copies();
    let site = all
        .iter()
        .fold(site(), |site, (path, content, _)| site.file(path, content));
    let run = site.run(&["push", "-v"]);
    assert_eq!(run.code, 2, "{run}");
    let line = |path: &str| {
        let is_about =
            |line: &&str| line.contains(&format!("`{path}")) && line.contains(" inside it, ");
        run.stderr.lines().find(is_about)
    };
    let missed: Vec<&str> = all
        .iter()
        .filter(|(path, _, hidden)| {
            !line(path).is_some_and(|line| line.contains(&format!("`{hidden}`")))
        })
        .map(|(path, ..)| *path)
        .collect();
    assert_eq!(missed, [""; 0], "{run}");
    for (path, said) in [
        ("a01.html", "`a01.html:1:"),
        (
            "b01.zip",
            "`b01.zip`: is open, and has, in `a.png` inside it, the same bytes as `maze/solution/way-out.png`, which is in the level `solution`. If that's intended, add a `[[rule]]` with `match = \"b01.zip\"` and `may_name = [\"maze/solution/way-out.png\"]`",
        ),
        (
            "b07.zip",
            "`b07.zip`: is open, and has, in `more.zip/a.htm` inside it, the same text as",
        ),
        (
            "c01.mp3",
            "`c01.mp3`: is open, and has, inside it, the same bytes as",
        ),
    ] {
        assert!(
            line(path).is_some_and(|line| line.contains(said)),
            "{path}: {run}"
        );
    }
    let rules: String = all
        .iter()
        .map(|(path, _, hidden)| {
            format!("[[rule]]\nmatch = \"{path}\"\nmay_name = [\"{hidden}\"]\n")
        })
        .collect();
    site.config(&format!("{rules}{LEVELS}")).ok(&["push"]);
}

/// A text that differs only in what editors change is an error.
#[test]
fn reformatted_copy_is_an_error() {
    let all = [
        ("d1.html", HTML.replace('\n', "\r\n").into_bytes(), PAGE),
        ("d2.html", format!("\u{feff}{HTML}").into_bytes(), PAGE),
        ("d3.html", HTML.trim_end().as_bytes().to_vec(), PAGE),
        (
            "d4.txt",
            utf16(&format!("\u{feff}{HTML}"), u16::to_le_bytes),
            PAGE,
        ),
        ("d5.json", JSON.replace(['\n', ' '], "").into_bytes(), DATA),
        ("d6.svg", SVG.replace("  ", "\t").into_bytes(), DRAWING),
    ];
    let site = all
        .iter()
        .fold(site(), |site, (path, content, _)| site.file(path, content));
    let run = site.run(&["push"]);
    for (path, _, hidden) in &all {
        let said = format!("`{path}`: is open, and has the same text as `{hidden}`");
        assert!(run.code == 2 && run.stderr.contains(&said), "{path}: {run}");
    }
}

/// A file that resembles a hidden one without being a copy raises no alarm.
#[test]
fn similar_file_raises_no_alarm() {
    let mut other = png();
    let last = other.len() - 20;
    other[last] ^= 1;
    let dot: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    let logo = picture(ImageFormat::Png, |picture| {
        picture.put_pixel(3, 3, Rgb([1, 2, 3]))
    });
    let url = |bytes: &[u8]| format!("<img src='data:image/png;base64,{}'>", base64(bytes));
    let run = site()
        .file("maze/solution/clear.gif", dot)
        .file("maze/solution/site-logo.png", &logo)
        .file("maze/solution/none.json", "[]\n")
        .file(
            "maze/solution/hedge.png",
            [b"a hedge that is open, too: ".repeat(9), png()].concat(),
        )
        .file(
            "hedge.png",
            [b"a hedge that is open, too: ".repeat(9), png()].concat(),
        )
        .config(&format!(
            "[[rule]]\nmatch = \"hedge.png\"\nmay_name = [\"**\"]\n{LEVELS}"
        ))
        .file("e1.html", url(&other))
        .file("e2.html", url(dot))
        .file("e3.html", url(&logo))
        .file(
            "e4.zip",
            zip(&[
                ("a.json", b"[]"),
                ("b.png", &png()[..90]),
                ("c.html", &HTML.as_bytes()[..40]),
            ]),
        )
        .file(
            "e5.zip",
            zip(&[(
                "hedge.png",
                &[b"a hedge that is open, too: ".repeat(9), other].concat(),
            )]),
        )
        .file("e6.html", HTML.replace("left", "right"))
        .run(&["push"]);
    assert!(
        run.code == 0 && !run.stderr.contains(" inside it, "),
        "{run}"
    );
}
