//! Ways in which people mention a solution by mistake: each is refused or a warning, but for those
//! that `docs/src/concepts/hidden-names.md` names.

mod binary;
mod more;
mod scripts;

use std::collections::BTreeMap;

use assetsync::testing::{Error, ProblemKind, Progress, build, walk};

use self::binary::in_binary_files;
use self::more::{UMLAUT, in_other_writing};
use self::scripts::in_styles_and_scripts;
use crate::support::Site;
use crate::support::library::{built, config, secret};
use crate::support::packing::{gzipped, utf16};

const LEVELS: &str = r#"
[[rule]]
match = "**/*.{docx,xlsx,epub,odt,cbz,jar,vcf,map,mkv,yaml}"
publish = true
[[level]]
name = "solution"
match = "**/solution/**"
[target.local]
url = "file:out"
"#;

const PICTURE: &str = "hunt/lantern/solution/oil-and-wick.png";
const PAGE: &str = "hunt/lantern/solution/index.html";
const FOLDER: &str = "hunt/lantern/solution/";
const SCRIPT: &str = "hunt/lantern/solution/flame.js";

/// A place in a site, and what somebody wrote there.
type Way = (&'static str, &'static str, Vec<u8>);

fn way(name: &'static str, path: &'static str, content: impl AsRef<[u8]>) -> Way {
    (name, path, content.as_ref().to_vec())
}

fn hidden() -> Site {
    Site::new()
        .config(LEVELS)
        .file("hunt/lantern/index.html", "<p>a puzzle")
        .file(PAGE, "<p>the lantern is lit")
        .file(PICTURE, "a picture")
        .file(SCRIPT, "light()")
        .file("hunt/lantern/solution/wax.html", "<p>wax")
        .file(UMLAUT, "<p>size")
}

fn in_pages() -> Vec<Way> {
    let page =
        |name, path, body: &str| way(name, path, format!("<!doctype html><title>x</title>{body}"));
    vec![
        page(
            "a link in the navigation",
            "hunt/lantern/p01.html",
            "<nav><a href=solution/>Solution</a></nav>",
        ),
        page(
            "a link from the top",
            "p02.html",
            "<a href='/hunt/lantern/solution/'>Solution</a>",
        ),
        page(
            "a link with the domain",
            "p03.html",
            "<a href='https://hunt.example/hunt/lantern/solution/'>it</a>",
        ),
        page(
            "a link to the file",
            "hunt/lantern/p04.html",
            "<a href='./solution/index.html#top'>it</a>",
        ),
        page(
            "a link with entities",
            "hunt/lantern/p05.html",
            "<a href='&#115;olution&sol;'>it</a>",
        ),
        page(
            "a link that is encoded",
            "p06.html",
            "<a href='/go?to=hunt%2Flantern%2Fsolution%2F'>it</a>",
        ),
        page(
            "prefetch",
            "hunt/lantern/p07.html",
            "<link rel=prefetch href=solution/oil-and-wick.png>",
        ),
        page(
            "preload",
            "hunt/lantern/p08.html",
            "<link rel=modulepreload href=solution/flame.js>",
        ),
        page(
            "canonical",
            "p09.html",
            "<link rel=canonical href='https://hunt.example/hunt/lantern/solution/'>",
        ),
        page(
            "Open Graph",
            "p10.html",
            "<meta property=og:image content='https://hunt.example/hunt/lantern/solution/oil-and-wick.png'>",
        ),
        page(
            "a refresh",
            "hunt/lantern/p11.html",
            "<meta http-equiv=refresh content='9; url=solution/'>",
        ),
        page(
            "a comment",
            "hunt/lantern/p12.html",
            "<!-- later: solution/wax.html -->",
        ),
        page(
            "JSON-LD",
            "p13.html",
            "<script type=application/ld+json>{\"url\":\"https:\\/\\/hunt.example\\/hunt\\/lantern\\/solution\\/\"}</script>",
        ),
        page(
            "speculation rules",
            "p14.html",
            "<script type=speculationrules>{\"prefetch\":[{\"urls\":[\"/hunt/lantern/solution/\"]}]}</script>",
        ),
        page(
            "srcset",
            "hunt/lantern/p15.html",
            "<img src=data:, srcset='solution/oil-and-wick.png 2x'>",
        ),
        page(
            "lazy loading",
            "hunt/lantern/p16.html",
            "<img data-src=solution/oil-and-wick.png>",
        ),
        page(
            "an inline style",
            "hunt/lantern/p17.html",
            "<p style='background: url(solution/oil-and-wick.png)'>",
        ),
        page(
            "an event handler",
            "hunt/lantern/p18.html",
            "<p onclick=\"location='solution/'\">",
        ),
        page(
            "a form",
            "hunt/lantern/p19.html",
            "<form action='solution/'></form>",
        ),
        page(
            "a list to choose from",
            "p20.html",
            "<select><option value='/hunt/lantern/solution'>it</select>",
        ),
        page(
            "an embedded page",
            "hunt/lantern/p21.html",
            "<iframe srcdoc='&lt;img src=solution/oil-and-wick.png&gt;'></iframe>",
        ),
        page(
            "a template",
            "hunt/lantern/p22.html",
            "<template><img src=solution/oil-and-wick.png></template>",
        ),
        page(
            "noscript",
            "hunt/lantern/p23.html",
            "<noscript><img src=solution/oil-and-wick.png></noscript>",
        ),
        page(
            "alternative text",
            "p24.html",
            "<img src=data:, alt='see hunt/lantern/solution/oil-and-wick.png'>",
        ),
        page(
            "state for hydration",
            "p25.html",
            "<script>self.__STATE__='{\\u0022next\\u0022:\\u0022hunt\\u002flantern\\u002fsolution\\u002f\\u0022}'</script>",
        ),
        page(
            "another size of a picture",
            "p26.html",
            "<img data-src=/hunt/lantern/solution/oil-and-wick-600w.webp>",
        ),
        page(
            "a hidden page without its ending",
            "p27.html",
            "<a href='/hunt/lantern/solution/wax'>it</a>",
        ),
        page(
            "an import map",
            "p28.html",
            "<script type=importmap>{\"imports\":{\"flame\":\"/hunt/lantern/solution/flame.js\"}}</script>",
        ),
    ]
}

fn in_data() -> Vec<Way> {
    vec![
        way(
            "robots.txt, without the slash",
            "robots.txt",
            "User-agent: *\nDisallow: /hunt/lantern/solution\nAllow: /\n",
        ),
        way(
            "a list of addresses, without the slash",
            "sitemap.txt",
            "https://lanterns.example/\nhttps://lanterns.example/hunt/lantern/solution\n",
        ),
        way(
            "a redirect, without the slash",
            "moves.txt",
            "/old /hunt/lantern/solution 301\n",
        ),
        way(
            "a table, without the slash",
            "times.csv",
            "lantern,/hunt/lantern/solution,12:00\n",
        ),
        way(
            "a comment of a style, without the slash",
            "night.css",
            "/* as on /hunt/lantern/solution, but darker */ p { color: gray }",
        ),
        way(
            "a link without quotes and slash",
            "links.html",
            "<p>and the <a href=/hunt/lantern/solution class=big>end</a>",
        ),
        way(
            "a sitemap",
            "sitemap.xml",
            format!("<urlset><url><loc>https://hunt.example/{FOLDER}</loc></url></urlset>"),
        ),
        way(
            "RSS",
            "feed.rss",
            format!("<rss><link>https://hunt.example/{PAGE}</link></rss>"),
        ),
        way(
            "RSS in CDATA",
            "more.rss",
            format!("<rss><a><![CDATA[<a href=\"/{FOLDER}\">]]></a></rss>"),
        ),
        way(
            "an entity of XML",
            "d03.xml",
            "<!DOCTYPE a [<!ENTITY s 'hunt/lantern/solu'>]><a>&s;tion/</a>",
        ),
        way(
            "a feed of JSON",
            "feed.json",
            format!(
                "{{\"items\":[{{\"id\":\"https:\\/\\/hunt.example\\/{}\"}}]}}",
                FOLDER.replace('/', "\\/")
            ),
        ),
        way(
            "a search index",
            "search.json",
            format!("{{\"docs\":[[\"{PAGE}\",\"the lantern is lit\"]]}}"),
        ),
        way(
            "a search index in JSON in JSON",
            "search2.json",
            format!(
                "{{\"a\":\"{{\\\"u\\\":\\\"{}\\\"}}\"}}",
                FOLDER.replace('/', "\\\\/")
            ),
        ),
        way(
            "a web manifest",
            "a.webmanifest",
            format!("{{\"shortcuts\":[{{\"url\":\"/{FOLDER}\"}}]}}"),
        ),
        way(
            "a manifest of a build",
            "build.json",
            format!("{{\"{PAGE}\":{{\"file\":\"x\"}}}}"),
        ),
        way(
            "geodata",
            "map.geojson",
            format!("{{\"properties\":{{\"icon\":\"/{PICTURE}\"}}}}"),
        ),
        way(
            "robots.txt",
            "robots.txt",
            format!("User-agent: *\nDisallow: /{FOLDER}\n"),
        ),
        way(
            "notes with backslashes",
            "notes.txt",
            PICTURE.replace('/', "\\"),
        ),
        way(
            "notes in UTF-16",
            "wide.txt",
            utf16(
                &format!("\u{feff}siehe, für später: {PAGE}"),
                u16::to_le_bytes,
            ),
        ),
        way(
            "a detour",
            "notes2.txt",
            "/hunt/wheel/../lantern/./solution//wax.html",
        ),
        way("a table", "table.csv", format!("12,{PICTURE},lit\n")),
        way(
            "captions",
            "captions.vtt",
            format!("WEBVTT\n\n00:01.000 --> 00:02.000\nsee {FOLDER}\n"),
        ),
        way(
            "a calendar",
            "dates.ics",
            format!("BEGIN:VCALENDAR\r\nURL:https://hunt.example/{FOLDER}\r\n"),
        ),
        way(
            "a calendar's folded line",
            "more.ics",
            "BEGIN:VCALENDAR\r\nURL:https://hunt.example/hunt/lan\r\n tern/solution/wax.html\r\n",
        ),
        way(
            "a card",
            "card.vcf",
            format!("BEGIN:VCARD\r\nURL:https://hunt.example/{FOLDER}\r\n"),
        ),
        way("a playlist", "list.m3u8", format!("#EXTM3U\n/{PICTURE}\n")),
        way(
            "a model",
            "lamp.gltf",
            format!("{{\"images\":[{{\"uri\":\"/{PICTURE}\"}}]}}"),
        ),
        way(
            "a drawing's picture",
            "hunt/lantern/d21.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><image href='solution/oil-and-wick.png'/></svg>",
        ),
        way(
            "a drawing's metadata",
            "d22.svg",
            format!("<svg xmlns='http://www.w3.org/2000/svg'><metadata>{PICTURE}</metadata></svg>"),
        ),
        way(
            "a drawing's editor",
            "d23.svg",
            format!(
                "<svg xmlns='http://www.w3.org/2000/svg' xmlns:i='urn:i' i:export-filename='/home/me/{PICTURE}'/>"
            ),
        ),
        way("the name alone", "d24.txt", "(oil-and-wick.png)"),
    ]
}

/// Ways that nothing here sees.
fn unseen() -> Vec<Way> {
    let rot13 = |c: char| match c {
        'a'..='m' => (c as u8 + 13) as char,
        'n'..='z' => (c as u8 - 13) as char,
        c => c,
    };
    vec![
        way(
            "hexadecimals",
            "u01.js",
            format!("a('{}')", hex(PICTURE.as_bytes())),
        ),
        way(
            "ROT13",
            "u02.txt",
            PICTURE.chars().map(rot13).collect::<String>(),
        ),
        way(
            "a string from a function",
            "u03.js",
            format!(
                "a('{}'.split('').reverse().join(''))",
                PICTURE.chars().rev().collect::<String>()
            ),
        ),
        way(
            "gzip in base64",
            "u04.js",
            format!(
                "a('{}')",
                data_encoding::BASE64.encode(&gzipped(PICTURE.as_bytes()))
            ),
        ),
    ]
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXUPPER.encode(bytes)
}

/// Paths of files with a mistake, and with a warning.
fn outcome(ways: &[Way]) -> (Vec<String>, Vec<String>) {
    let site = |is_there: &dyn Fn(&str) -> bool| {
        let ways = ways.iter().filter(|(_, path, _)| is_there(path));
        ways.fold(hidden(), |site, (_, path, content)| {
            site.file(path, content)
        })
    };
    let build_of = |site: &Site| {
        let config = config(site);
        build(
            &walk(&config.sources, &config.rules),
            &secret(),
            &Progress::new(),
        )
    };
    let refused: Vec<String> = match build_of(&site(&|_| true)) {
        Err(Error::Tree { problems, .. }) => problems
            .into_iter()
            .inspect(|problem| assert_eq!(problem.kind, ProblemKind::Hidden, "{problem:?}"))
            .map(|problem| problem.path)
            .collect(),
        other => panic!("{other:?}"),
    };
    let rest = build_of(&site(&|path| {
        !refused.iter().any(|refused| refused == path)
    }))
    .expect("publishable");
    let is_told = |kind| matches!(kind, ProblemKind::Doubtful | ProblemKind::Unread);
    let warned = rest
        .warnings
        .into_iter()
        .filter(|warning| is_told(warning.kind));
    (refused, warned.map(|warning| warning.path).collect())
}

/// Nearly every way to mention a solution by mistake is reported.
#[test]
fn accidental_mentions_are_reported() {
    let token = built(&hidden())
        .find(PAGE)
        .expect("it's there")
        .token
        .to_string();
    let ways = [
        in_pages(),
        in_styles_and_scripts(&token),
        in_data(),
        in_binary_files(),
        in_other_writing(),
        unseen(),
    ]
    .concat();
    let (refused, warned) = outcome(&ways);
    let table: BTreeMap<&str, &str> = ways
        .iter()
        .map(|(name, path, _)| {
            let is_in = |all: &[String]| all.iter().any(|other| other == path);
            let told = match (is_in(&refused), is_in(&warned)) {
                (true, _) => "an error",
                (false, true) => "a warning",
                (false, false) => "not found",
            };
            (*name, told)
        })
        .collect();
    assert_eq!(table.len(), ways.len(), "each has a name of its own");
    let docs = include_str!("../../docs/src/concepts/hidden-names.md");
    let rows: Vec<String> = ways
        .iter()
        .map(|(name, ..)| format!("| {name} | {} |\n", table[name]))
        .collect();
    let missing: Vec<&String> = rows
        .iter()
        .filter(|row| !docs.contains(row.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "not in the documents:\n{}",
        missing.into_iter().cloned().collect::<String>()
    );
    let not_found: Vec<&str> = table
        .iter()
        .filter(|(_, told)| **told == "not found")
        .map(|(name, _)| *name)
        .collect();
    let unseen: Vec<&str> = unseen().iter().map(|(name, ..)| *name).collect();
    assert!(
        not_found.iter().all(|name| unseen.contains(name)),
        "{not_found:?}"
    );
    assert!(ways.len() >= 99 && (ways.len() - not_found.len()) * 99 >= 95 * ways.len());
}
