//! Mentions that are cut by markup, written in other encodings, in parts, or by another address.

use super::{FOLDER, PAGE, Way, way};
use crate::support::packing::{png_with, zip, zlib};

/// A hidden page with other letters than ASCII.
pub(super) const UMLAUT: &str = "hunt/lantern/solution/größe.html";

pub(super) fn in_other_writing() -> Vec<Way> {
    let page = |name, path, body: &str| way(name, path, format!("<!doctype html><p>{body}"));
    let latin: Vec<u8> = UMLAUT.chars().map(|c| c as u8).collect();
    let profile = [b"sRGB\0\0".as_slice(), &zlib(PAGE.as_bytes())].concat();
    vec![
        page(
            "a path that may wrap",
            "m01.html",
            "see hunt/<wbr>lantern/<wbr>solution/<wbr>wax.html",
        ),
        page(
            "a path in several elements",
            "m02.html",
            "<b>hunt</b>/<i>lantern</i>/<span class=x>solution</span>/wax.html",
        ),
        page(
            "a path with comments",
            "m03.html",
            "hunt/<!-- -->lantern<!-- -->/solution/wax.html",
        ),
        page(
            "soft hyphens",
            "m04.html",
            "hunt/lan&shy;tern/solu\u{ad}tion/wax.html",
        ),
        page(
            "spaces of no width",
            "m05.html",
            "hunt/\u{200b}lantern/&#8203;solution/&ZeroWidthSpace;wax.html",
        ),
        way(
            "quoted-printable",
            "m06.txt",
            "see hunt=2Flantern=2Fsolution=2Fwax.html for more",
        ),
        way(
            "quoted-printable, in two lines",
            "m07.txt",
            "see hunt/lantern/sol=\r\nution/wax.html",
        ),
        way(
            "letters with marks of their own",
            "m08.txt",
            UMLAUT.replace('ö', "o\u{308}"),
        ),
        way(
            "the same, percent-encoded",
            "m09.txt",
            UMLAUT.replace('ö', "o%CC%88").replace('ß', "%c3%9f"),
        ),
        way(
            "Latin-1",
            "m10.html",
            [b"<meta charset=latin1><p>".as_slice(), &latin].concat(),
        ),
        way(
            "Latin-1, percent-encoded",
            "m11.txt",
            UMLAUT.replace('ö', "%F6").replace('ß', "%DF"),
        ),
        page(
            "a picture without its ending",
            "m12.html",
            "<a href='/hunt/lantern/solution/oil-and-wick'>it</a>",
        ),
        page(
            "a page for its folder",
            "m13.html",
            "<a href='/hunt/lantern/solution.html'>it</a>",
        ),
        page(
            "a page by another ending",
            "m14.html",
            "<a href='/hunt/lantern/solution/wax.htm'>it</a>",
        ),
        way(
            "a folder in a text",
            "m15.txt",
            "it's in hunt/lantern/solution, of course",
        ),
        way(
            "a list of parts",
            "m16.json",
            "{\"crumbs\": [\"hunt\", \"lantern\", \"solution\"]}",
        ),
        way(
            "a tree of keys",
            "m17.json",
            "{\"hunt\": {\"lantern\": {\"solution\": {\"wax.html\": \"3f\"}}}}",
        ),
        way(
            "a tree of names",
            "m18.json",
            "[{\"name\": \"hunt\", \"children\": [{\"name\": \"lantern\", \"children\": [{\"name\": \"solution\"}]}]}]",
        ),
        way(
            "a tree in YAML",
            "m19.yaml",
            "hunt:\n  lantern:\n    - solution:\n        - wax.html\n",
        ),
        way(
            "base64 of a folder",
            "m20.js",
            format!(
                "a('{}')",
                data_encoding::BASE64.encode(FOLDER.trim_end_matches('/').as_bytes())
            ),
        ),
        way(
            "replace",
            "m21.js",
            "go('/hunt/lantern/@/wax.html'.replace('@', 'solution'))",
        ),
        way(
            "replace by a pattern",
            "m22.js",
            "const at = '/hunt/lantern/:part/wax.html'; go(at.replace(/:part/g, 'solution'))",
        ),
        way(
            "a sum with an unknown part",
            "m23.js",
            "go('/hunt/' + name + '/solution/')",
        ),
        way(
            "a template with an unknown part",
            "m24.js",
            "go(`/hunt/${name}/solution/wax.html`)",
        ),
        way(
            "a joined list with an unknown part",
            "m25.js",
            "go(['hunt', name, 'solution'].join('/'))",
        ),
        way(
            "zip: from a folder below",
            "m26.zip",
            zip(&[("lantern/solution/wax.html", b"<p>wax, and more")]),
        ),
        way(
            "PNG: a colour profile",
            "m27.png",
            png_with(b"iCCP", &profile),
        ),
    ]
}
