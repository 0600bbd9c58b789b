//! What must not get out, seeded: all of it is found, in one run, and nothing else is.
//!
//! Samples of credentials are put together when the tests run, so that no scanner takes this file
//! for a leak.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::support::library::built;
use crate::support::media::{self, Block, Tag, exif, gif, iptc, jpeg, mp3, pdf, png, webp, xmp};
use crate::support::{KEY, Run, Site, set_mode};

const CONFIG: &str = r#"
key_file = "hunt.key"
prefixes = ["/static/", "https://hunt.example.org/files/"]
[[source]]
dir = "assets"
[[level]]
name = "solution"
match = "**/solution/**"
open = ["**/hint/**"]
[[level]]
name = "posthunt"
match = "**/posthunt/**"
held = true
knows = ["solution"]
[[rule]]
match = "**/feed.xml"
references = ["enclosure@url"]
[[rule]]
match = "**/board.json"
references = ["/tiles/*/src"]
[[rule]]
match = "**/{solution,hint}/*.map"
source_maps = "publish"
[[rule]]
match = "vendor/**"
rewrite = false
[target.local]
url = "file:out"
"#;

/// Where a row's text differs between the seeded tree and the clean one.
const HERE: &str = "•";
/// What is told of stands behind this mark, which isn't part of the file.
const PLACE: &str = "¦";

/// Who tells of a leak, and in which words.
enum Reported {
    /// `push` refuses, with a message that has these words.
    Refused(String),
    /// `leaks` lists a line that ends like this.
    Listed(String),
    /// The file isn't published, and `push -v` lists it below a line that begins like this.
    Unpublished(&'static str),
}

/// A file of the seeded tree, the same without the leak, and what is said of it.
struct Row {
    path: String,
    seeded: Vec<u8>,
    /// None: the clean tree has no such file.
    clean: Option<Vec<u8>>,
    /// Line and column.
    place: Option<(usize, usize)>,
    told: Reported,
}

impl Row {
    /// A text with `seed` or `clean` in its place.
    fn text(path: &str, text: &str, seed: &str, clean: &str, told: Reported) -> Row {
        let seeded = text.replace(HERE, seed);
        let place = seeded.split_once(PLACE).map(|(before, _)| {
            let column = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            (before.matches('\n').count() + 1, column)
        });
        Row {
            path: path.to_string(),
            seeded: seeded.replace(PLACE, "").into_bytes(),
            clean: Some(text.replace(HERE, clean).replace(PLACE, "").into_bytes()),
            place,
            told,
        }
    }

    fn bytes(path: &str, seeded: Vec<u8>, clean: Vec<u8>, told: Reported) -> Row {
        let (path, clean) = (path.to_string(), Some(clean));
        Row {
            path,
            seeded,
            clean,
            place: None,
            told,
        }
    }

    fn by_name(path: &str, told: Reported) -> Row {
        let (path, seeded) = (path.to_string(), b"whatever is in it".to_vec());
        Row {
            path,
            seeded,
            clean: None,
            place: None,
            told,
        }
    }

    fn location(&self) -> String {
        match self.place {
            Some((line, column)) => format!("{}:{line}:{column}", self.path),
            None => self.path.clone(),
        }
    }

    /// Whether what the runs printed says all that is to be said of this row.
    fn is_told(&self, push: &Run, leaks: &Run) -> bool {
        let location = self.location();
        match &self.told {
            Reported::Refused(words) => {
                let line = format!("  `{location}`: ");
                let told = push
                    .stderr
                    .lines()
                    .filter_map(|l| l.strip_prefix(line.as_str()));
                told.into_iter()
                    .any(|message| message.contains(words.as_str()))
            }
            Reported::Listed(words) => leaks
                .stdout
                .lines()
                .any(|l| l == format!("{location}: {words}")),
            Reported::Unpublished(reason) => {
                let below = push.stderr.lines().skip_while(|l| !l.starts_with(reason));
                let mut list = below.skip(1).take_while(|l| l.starts_with("  "));
                list.any(|l| l == format!("  {location}"))
            }
        }
    }
}

fn refused(words: impl Into<String>) -> Reported {
    Reported::Refused(words.into())
}

fn listed(words: &str) -> Reported {
    Reported::Listed(words.to_string())
}

// --- The seeds

/// The same letters every time, but in no order that repeats.
fn random(alphabet: &str, len: usize) -> String {
    let step = |state: &u64| {
        Some(
            state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407),
        )
    };
    let letter =
        |state: u64| char::from(alphabet.as_bytes()[(state >> 33) as usize % alphabet.len()]);
    std::iter::successors(Some(len as u64 + 7), step)
        .skip(1)
        .map(letter)
        .take(len)
        .collect()
}

const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALNUM: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn source_maps() -> Vec<Row> {
    let inline = "sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozfQ==";
    let none = "nothing to see here";
    let row = |path: &str, text: &str| {
        Row::text(
            path,
            text,
            inline,
            none,
            refused("holds a source map, which includes the sources"),
        )
    };
    vec![
        row("maps/app.js", "let a\n¦//# •\n"),
        row("maps/app.mjs", "export let a\n¦//# •\n"),
        row("maps/site.css", "a { color: red }\n  ¦/*# • */\n"),
        row(
            "maps/script.html",
            "<p>é</p>\n<script>let a\n¦//# •\n</script>",
        ),
        row(
            "maps/style.html",
            "<style>a { color: red } ¦/*# • */</style>",
        ),
        row(
            "maps/image.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><style>a {} ¦/*# • */</style></svg>",
        ),
        row("vendor/old.js", "let a\n¦//# •\n"),
    ]
}

fn credentials() -> Vec<Row> {
    let row = |path: &str, text: &str, rule: &str, sample: String| {
        let words = format!("holds what looks like a credential ({rule})");
        Row::text(path, text, &sample, "YOUR_KEY_HERE", refused(words))
    };
    vec![
        row(
            "keys/aws.js",
            "let a;\nlet key = '¦•';",
            "aws-access-token",
            ["AK", "IA", &random(UPPER, 16)].concat(),
        ),
        row(
            "keys/gcp.html",
            "<p>é</p>\n<p>é <script>let key = \"¦•\"</script>",
            "gcp-api-key",
            ["AI", "za", &random(ALNUM, 35)].concat(),
        ),
        row(
            "keys/github.json",
            "{\n  \"token\": \"¦•\"\n}",
            "github-pat",
            ["gh", "p_", &random(ALNUM, 36)].concat(),
        ),
        row(
            "keys/slack.txt",
            "ask the bot\n\n¦•\n",
            "slack-bot-token",
            [
                "xo",
                "xb-",
                &random(DIGITS, 11),
                "-",
                &random(DIGITS, 12),
                "-",
                &random(ALNUM, 24),
            ]
            .concat(),
        ),
        row(
            "keys/stripe.css",
            "a { color: red } /* ¦• */",
            "stripe-access-token",
            ["s", "k_live_", &random(ALNUM, 24)].concat(),
        ),
        row(
            "keys/sendgrid.xml",
            "<a>\n<b>¦•</b></a>",
            "sendgrid-api-token",
            ["S", "G.", &random(ALNUM, 22), ".", &random(ALNUM, 43)].concat(),
        ),
        row(
            "keys/npm.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><text>¦•</text></svg>",
            "npm-access-token",
            ["np", "m_", &random(ALNUM, 36)].concat(),
        ),
        row(
            "keys/gitlab.mjs",
            "export const key = `¦•`;\n",
            "gitlab-pat",
            ["gl", "pat-", &random(ALNUM, 20)].concat(),
        ),
        row(
            "keys/openai.webmanifest",
            "{ \"name\": \"¦•\" }",
            "openai-api-key",
            [
                "s",
                "k-",
                &random(ALNUM, 20),
                "T3Blbk",
                "FJ",
                &random(ALNUM, 20),
            ]
            .concat(),
        ),
        row(
            "keys/huggingface.csv",
            "name,key,since\nbot,¦•,2026\n",
            "huggingface-access-token",
            ["h", "f_", &random(LETTERS, 34)].concat(),
        ),
        row(
            "keys/shopify.vtt",
            "WEBVTT\n\nNOTE ¦•\n",
            "shopify-access-token",
            ["shp", "at_", &random(HEX, 32)].concat(),
        ),
        row(
            "keys/digitalocean.geojson",
            "{\"key\":\"¦•\"}",
            "digitalocean-pat",
            ["do", "p_v1_", &random(HEX, 64)].concat(),
        ),
        row(
            "keys/webhook.html",
            "<form action=\"¦•\"></form>",
            "slack-webhook-url",
            ["https://hooks.sl", "ack.com/services/", &random(ALNUM, 44)].concat(),
        ),
        row(
            "vendor/databricks.js",
            "let key = '¦•'",
            "databricks-api-token",
            ["da", "pi", &random(HEX, 32)].concat(),
        ),
    ]
}

fn private_keys() -> Vec<Row> {
    let pem = |label: &str, body: &str| {
        format!(
            "-----{0} {label}-----\n{body}\n-----END {label}-----",
            "BEGIN"
        )
    };
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(8);
    let row = |path: &str, text: &str, label: &str| {
        Row::text(
            path,
            text,
            &pem(label, &body),
            &pem(label, "…"),
            refused("holds a private key"),
        )
    };
    let account = |key: &str| {
        let key = key.replace('\n', "\\n");
        format!(
            "{{ \"type\": \"{}_account\", \"private_key\": \"{PLACE}{key}\" }}",
            "service"
        )
    };
    let (own, other) = (KEY.to_string(), KEY.replace("example", "another"));
    let own_in_base64 = BASE64_STANDARD.encode(KEY);
    let own_key = || refused("holds this project's own key, which is never published");
    let behind = |text: &str| [png(&[]), text.as_bytes().to_vec()].concat();
    vec![
        row("keys/server.txt", "the key:\n¦•\n", "PRIVATE KEY"),
        row(
            "keys/ssh.js",
            "let a;\nconst key = `¦•`",
            "OPENSSH PRIVATE KEY",
        ),
        row("keys/rsa.html", "<pre>\n  ¦•</pre>", "RSA PRIVATE KEY"),
        Row::bytes(
            "keys/data.bin",
            pem("EC PRIVATE KEY", &body).into_bytes(),
            pem("EC PRIVATE KEY", "").into_bytes(),
            refused("holds a private key"),
        ),
        Row::text(
            "keys/account.json",
            "•",
            &account(&pem("PRIVATE KEY", &body)),
            &account("none"),
            refused("holds a Google service account key"),
        ),
        Row::text("keys/own.txt", "HUNT_KEY=•\n", &own, &other, own_key()),
        Row::text(
            "keys/own.json",
            "{ \"key\": \"•\" }",
            &own_in_base64,
            &BASE64_STANDARD.encode(other.as_bytes()),
            own_key(),
        ),
        Row::bytes(
            "keys/own.bin",
            format!("\0{own}\0").into_bytes(),
            format!("\0{other}\0").into_bytes(),
            own_key(),
        ),
        Row::bytes(
            "keys/own.pdf",
            pdf(&format!("/Creator ({own})")),
            pdf(""),
            own_key(),
        ),
        Row::bytes(
            "keys/behind.png",
            behind(&pem("PRIVATE KEY", &body)),
            png(&[]),
            refused("holds a private key"),
        ),
    ]
}

fn secret_names() -> Vec<Row> {
    let secret = |path: &str| Row::by_name(path, refused("looks like a secret by its name"));
    let private = |path: &str, inside: &str| Row {
        path: path.to_string(),
        ..Row::by_name(
            &format!("{path}/{inside}"),
            refused("looks private: folders of this name hold history, keys or credentials"),
        )
    };
    vec![
        secret(".env"),
        secret("site/.env.production"),
        secret("site/certificate.pem"),
        secret("site/hunt.key"),
        secret("site/id_ed25519"),
        secret("site/.htpasswd"),
        private("site/.git", "config"),
        private("site/.aws", "credentials"),
    ]
}

fn metadata() -> Vec<Row> {
    let jpg = |name: &str, block: Block, told: &str| {
        Row::bytes(
            &format!("media/{name}.jpg"),
            jpeg(&[block]),
            jpeg(&[]),
            listed(told),
        )
    };
    let png_with = |name: &str, block: Block, told: &str| {
        Row::bytes(
            &format!("media/{name}.png"),
            png(&[block]),
            png(&[]),
            listed(told),
        )
    };
    let webp_with = |name: &str, block: Block, told: &str| {
        Row::bytes(
            &format!("media/{name}.webp"),
            webp(&[block]),
            webp(&[]),
            listed(told),
        )
    };
    let pdf_with = |name: &str, property: &str, told: &str| {
        Row::bytes(
            &format!("media/{name}.pdf"),
            pdf(property),
            pdf(""),
            listed(told),
        )
    };
    let behind = b"PK\x03\x04 the rest of a puzzle".to_vec();
    let description = || exif(&[Tag::text(0x010E, "KRAKEN by the sea")], &[], &[]);
    vec![
        jpg(
            "description",
            Block::Exif(description()),
            "EXIF ImageDescription: KRAKEN by the sea",
        ),
        jpg(
            "place",
            Block::Exif(exif(&[], &[], &Tag::latitude([48, 51, 29]))),
            "GPS GPSLatitude: 48 deg 51 min 29 sec N",
        ),
        jpg(
            "note",
            Block::Exif(exif(&[], &[Tag::user_comment("KRAKEN, says Jo")], &[])),
            "EXIF UserComment: KRAKEN, says Jo",
        ),
        jpg(
            "xmp",
            Block::Xmp(xmp("dc:description", "KRAKEN in XMP")),
            "XMP dc:description: KRAKEN in XMP",
        ),
        jpg(
            "comment",
            Block::Comment("KRAKEN in a comment"),
            "text Comment: KRAKEN in a comment",
        ),
        jpg(
            "caption",
            Block::Iptc(iptc(120, "KRAKEN in a caption")),
            "IPTC Caption-Abstract: KRAKEN in a caption",
        ),
        Row::bytes(
            "media/behind.jpg",
            [jpeg(&[]), behind.clone()].concat(),
            jpeg(&[]),
            listed("other trailing data: 25 bytes after the end of the image"),
        ),
        png_with(
            "text",
            Block::Chunk(b"tEXt", b"Title\0KRAKEN".to_vec()),
            "text tEXt Title: KRAKEN",
        ),
        png_with(
            "packed",
            Block::Chunk(
                b"zTXt",
                [b"Comment\0\0".to_vec(), media::deflated(b"KRAKEN, packed")].concat(),
            ),
            "text zTXt Comment: KRAKEN, packed",
        ),
        png_with(
            "unicode",
            Block::Chunk(b"iTXt", "Author\0\0\0fr\0\0KRÄKEN".as_bytes().to_vec()),
            "text iTXt Author: KRÄKEN",
        ),
        png_with(
            "xmp",
            Block::Xmp(xmp("dc:title", "KRAKEN of XMP")),
            "XMP dc:title: KRAKEN of XMP",
        ),
        png_with(
            "exif",
            Block::Exif(description()),
            "EXIF ImageDescription: KRAKEN by the sea",
        ),
        Row::bytes(
            "media/trailing.png",
            [png(&[]), behind].concat(),
            png(&[]),
            listed("other trailing data: 25 bytes after the end of the image"),
        ),
        webp_with(
            "xmp",
            Block::Xmp(xmp(
                "dc:creator",
                "KRAKEN & Co".replace('&', "&amp;").as_str(),
            )),
            "XMP dc:creator: KRAKEN & Co",
        ),
        webp_with(
            "exif",
            Block::Exif(description()),
            "EXIF ImageDescription: KRAKEN by the sea",
        ),
        Row::bytes(
            "media/comment.gif",
            gif(&[Block::Comment("KRAKEN in a GIF")]),
            gif(&[]),
            listed("text Comment: KRAKEN in a GIF"),
        ),
        pdf_with(
            "title",
            "/Title (KRAKEN, draft 3)",
            "PDF Title: KRAKEN, draft 3",
        ),
        pdf_with("author", "/Author (Jo Public)", "PDF Author: Jo Public"),
        pdf_with(
            "keywords",
            "/Keywords (kraken, answer)",
            "PDF Keywords: kraken, answer",
        ),
        Row::bytes(
            "media/sound.mp3",
            mp3(&[(b"TIT2", "KRAKEN sings")]),
            mp3(&[]),
            listed("tag Title: KRAKEN sings"),
        ),
    ]
}

fn comments() -> Vec<Row> {
    let comment = "<!-- the answer is KRAKEN -->";
    let row = |path: &str, text: &str| {
        Row::text(
            path,
            text,
            comment,
            "",
            listed("comment: the answer is KRAKEN"),
        )
    };
    vec![
        row("notes/page.html", "<p>a\n<p>é ¦•b"),
        row("notes/head.html", "<!doctype html>¦•<title>a</title>"),
        row("notes/template.html", "<template>\n  <p>¦•</p></template>"),
        Row::text(
            "notes/condition.html",
            "<p>¦•",
            "<!--[if IE]><p>KRAKEN</p><![endif]-->",
            "",
            listed("comment: [if IE]><p>KRAKEN</p><![endif]"),
        ),
        row(
            "notes/picture.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'>\n  ¦•<g/></svg>",
        ),
        row("notes/inline.html", "<svg><g>¦•</g></svg>"),
        row("notes/news.xml", "<rss>\n<channel>¦•</channel></rss>"),
        row("vendor/readme.html", "<p>\n¦•"),
    ]
}

fn left_behind() -> Vec<Row> {
    let left = "never published, left behind by operating systems and editors";
    let skipped = "skipped because of their extension";
    [
        ("Thumbs.db", left),
        (".DS_Store", left),
        ("art/logo.psd", left),
        ("art/logo.ai", left),
        ("art/logo.xcf", left),
        ("art/page.html.orig", left),
        ("art/page.html~", left),
        ("art/.page.html.swp", left),
        ("art/._map.png", left),
        ("art/app.ts", skipped),
        ("art/app.js.map", skipped),
        ("art/notes.md", skipped),
    ]
    .map(|(path, reason)| Row::by_name(path, Reported::Unpublished(reason)))
    .into()
}

/// Names of a hidden file in places that no parser takes for a reference.
fn names() -> Vec<Row> {
    let token = built(&open_tree())
        .find("puzzle/x/solution/index.html")
        .expect("it's there")
        .token
        .to_string();
    let no_token = random(HEX, token.len());
    let by_token = |path: &str, text: &str| {
        Row::text(
            path,
            text,
            &token,
            &no_token,
            refused(
                "is open, and names `puzzle/x/solution/index.html`, which is in the level `solution`",
            ),
        )
    };
    let by_path = |path: &str, text: &str, file: &str| {
        let words = format!(
            "is open, and names `puzzle/x/solution/{file}`, which is in the level `solution`"
        );
        Row::text(path, text, "solution", "resolution", refused(words))
    };
    let text_chunk = |folder: &str| {
        png(&[Block::Exif(exif(
            &[Tag::text(0x010E, &format!("puzzle/x/{folder}/answer.png"))],
            &[],
            &[],
        ))])
    };
    let told = || {
        refused(
            "is open, and names `puzzle/x/solution/answer.png`, which is in the level `solution`",
        )
    };
    vec![
        by_token("names/next.json", "{\n  \"next\": \"¦•\" }"),
        by_token("names/quoted.js", "let a;\nlet b = '¦•'"),
        by_token("names/noted.css", "a {} /* ¦• */"),
        by_token("names/data.bin", "\u{1}\u{2}¦•\0"),
        by_path(
            "names/quoted.txt",
            "see ¦puzzle/x/•/index.html\n",
            "index.html",
        ),
        by_path(
            "names/board.js",
            "const all =\n  ['¦puzzle/x/•/answer.png']",
            "answer.png",
        ),
        by_path(
            "names/all.json",
            "{\"pictures\":\n[\"¦puzzle/x/•/answer.png\"]}",
            "answer.png",
        ),
        by_path(
            "names/list.csv",
            "1,¦puzzle/x/•/answer.png,x\n",
            "answer.png",
        ),
        by_path(
            "names/chart.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><desc>¦puzzle/x/•/answer.png</desc></svg>",
            "answer.png",
        ),
        by_path(
            "puzzle/x/slides.html",
            "<p>\n<div data-next=\"¦•/answer.png\"></div>",
            "answer.png",
        ),
        by_path(
            "puzzle/x/encoded.html",
            "<div data-next=\"¦•/the%20answer.png\"></div>",
            "the answer.png",
        ),
        by_path(
            "puzzle/x/spaced.txt",
            "\n ¦•/the answer.png",
            "the answer.png",
        ),
        by_path(
            "puzzle/y/up.html",
            "<div data-next='../¦x/•/index.html'></div>",
            "index.html",
        ),
        by_path(
            "names/prefix.txt",
            "/static/¦puzzle/x/•/answer.png",
            "answer.png",
        ),
        by_path(
            "names/query.json",
            "[\"https://hunt.example.org/files/¦puzzle/x/•/answer.png?v=2#top\"]",
            "answer.png",
        ),
        by_path(
            "names/style.css",
            "/* was ¦puzzle/x/•/style.css */ a {}",
            "style.css",
        ),
        Row {
            place: Some((3, 60)),
            ..Row::bytes("names/note.png", text_chunk("solution"), png(&[]), told())
        },
    ]
}

fn upward() -> Vec<Row> {
    let row = |path: &str, text: &str, file: &str| {
        let words = format!(
            "is open, and refers to `puzzle/x/solution/{file}`, which is in the level `solution`"
        );
        Row::text(
            &format!("puzzle/x/{path}"),
            text,
            "solution",
            "hint",
            refused(words),
        )
    };
    let svg = |inside: &str| {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>\n{inside}</svg>"
        )
    };
    vec![
        row(
            "a.html",
            "<p>é\n<a href=\"¦•/index.html\">a</a>",
            "index.html",
        ),
        row("folder.html", "<a href=¦•/>a</a>", "index.html"),
        row("img.html", "<img src=¦•/answer.png>", "answer.png"),
        row(
            "srcset.html",
            "<img src=map.png srcset=\"map.png 1x, ¦•/answer.png 2x\">",
            "answer.png",
        ),
        row(
            "site.css",
            "a { color: red }\nb { background: url(¦•/answer.png) }",
            "answer.png",
        ),
        row(
            "style.html",
            "<style>\na { background: url('¦•/answer.png') }</style>",
            "answer.png",
        ),
        row(
            "attribute.html",
            "<p style=\"background: url(&quot;¦•/answer.png&quot;)\">",
            "answer.png",
        ),
        row("import.css", "@import \"¦•/style.css\";", "style.css"),
        row(
            "import.mjs",
            "import {\n  a } from '¦./•/code.js';",
            "code.js",
        ),
        row("later.js", "if (won) import('¦./•/code.js')", "code.js"),
        row(
            "url.mjs",
            "export let a = new URL(`¦•/answer.png`, import.meta.url)",
            "answer.png",
        ),
        row("worker.js", "new Worker(\"¦•/code.js\")", "code.js"),
        row("work.js", "importScripts('¦•/code.js')", "code.js"),
        row(
            "map.html",
            "<script type=importmap>{ \"imports\": { \"a\": \"¦./•/code.js\" } }</script>",
            "code.js",
        ),
        row(
            "image.svg",
            &svg("<image href='¦•/answer.png'/>"),
            "answer.png",
        ),
        row(
            "use.svg",
            &svg("<use xlink:href='¦•/answer.svg#part'/>"),
            "answer.svg",
        ),
        row(
            "app.webmanifest",
            "{ \"icons\": [{ \"src\": \"¦•/answer.png\" }] }",
            "answer.png",
        ),
        row(
            "prefetch.html",
            "<link rel=prefetch href='¦•/index.html'>",
            "index.html",
        ),
        row(
            "meta.html",
            "<meta property=og:image content=¦/static/puzzle/x/•/answer.png>",
            "answer.png",
        ),
        row(
            "feed.xml",
            "<rss>\n<enclosure url='¦•/answer.png'/></rss>",
            "answer.png",
        ),
        row(
            "board.json",
            "{ \"tiles\": [{ \"src\": \"¦•/answer.png\" }] }",
            "answer.png",
        ),
        row(
            "all.js",
            "let all =\n  ¦\"$$ASSETS(•/*.png)$$\"",
            "answer.png",
        ),
        row(
            "code.js",
            "let a\n//# sourceMappingURL=¦•/code.js.map",
            "code.js.map",
        ),
        row(
            "frame.html",
            "<iframe src=\"¦•/index.html?a=1\"></iframe>",
            "index.html",
        ),
        row(
            "escaped.html",
            "<img src=\"¦•/the&#32;answer.png\">",
            "the answer.png",
        ),
        Row::text(
            "puzzle/x/solution/more.html",
            "<a href=¦../•/index.html>more</a>",
            "posthunt",
            "hint",
            refused(
                "is in the level `solution`, and refers to `puzzle/x/posthunt/index.html`, which is in the level `posthunt`",
            ),
        ),
    ]
}

// --- The trees

/// What there is to find out, and the same once more in the open.
fn open_tree() -> Site {
    let mut site = Site::bare()
        .raw_config(CONFIG)
        .file("puzzle/x/map.png", png(&[]))
        .file("puzzle/x/posthunt/index.html", "<p>thanks</p>");
    for folder in ["puzzle/x/solution", "puzzle/x/hint"] {
        let at = |name: &str| format!("{folder}/{name}");
        // A hint that has the bytes of the solution would be an error.
        let own = folder.len();
        site = site
            .file(&at("index.html"), format!("<p>it was simple, {own}</p>"))
            .file(&at("answer.png"), png(&[]))
            .file(&at("the answer.png"), png(&[]))
            .file(
                &at("answer.svg"),
                format!("<svg xmlns='http://www.w3.org/2000/svg' width='{own}'/>"),
            )
            .file(&at("style.css"), "a { color: blue }")
            .file(&at("code.js"), "let code")
            .file(
                &at("code.js.map"),
                r#"{"version":3,"sources":[],"mappings":""}"#,
            );
    }
    site
}

fn leaks() -> Vec<Row> {
    [
        source_maps(),
        credentials(),
        private_keys(),
        secret_names(),
        metadata(),
        comments(),
        left_behind(),
        names(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn seeded(rows: &[Row]) -> Site {
    rows.iter().fold(open_tree(), |site, row| {
        let is_folder = row
            .path
            .rsplit('/')
            .next()
            .is_some_and(|name| matches!(name, ".git" | ".aws"));
        let file = if is_folder {
            format!("{}/config", row.path)
        } else {
            row.path.clone()
        };
        site.file(&file, &row.seeded)
    })
}

fn clean(rows: &[Row]) -> Site {
    rows.iter().fold(open_tree(), |site, row| match &row.clean {
        Some(content) => site.file(&row.path, content),
        None => site,
    })
}

/// All rows that nothing was said of, with who should have.
fn untold(rows: &[Row], push: &Run, leaks: &Run) -> Vec<String> {
    let silent = rows.iter().filter(|row| !row.is_told(push, leaks));
    silent
        .map(|row| match &row.told {
            Reported::Refused(words) => format!("push: {}: {words}", row.location()),
            Reported::Listed(words) => format!("leaks: {}: {words}", row.location()),
            Reported::Unpublished(reason) => format!("push -v: {}: {reason}", row.location()),
        })
        .collect()
}

/// Every seeded leak and every upward reference is reported in one run.
#[test]
fn all_seeded_leaks_found_at_once() {
    let (leaks, upward) = (leaks(), upward());
    assert!(
        leaks.len() >= 60 && upward.len() >= 20,
        "{} and {}",
        leaks.len(),
        upward.len()
    );
    let rows: Vec<Row> = leaks.into_iter().chain(upward).collect();
    let site = seeded(&rows);
    let (push, leaks) = (site.run(&["push", "-v"]), site.run(&["leaks"]));
    assert_eq!((push.code, leaks.code), (2, 2), "{push}\n{leaks}");
    assert_eq!(untold(&rows, &push, &leaks), [""; 0], "{push}\n{leaks}");
    assert!(site.published("out").is_empty());
}

/// The same tree without the seeded leaks raises no alarm.
#[test]
fn clean_tree_raises_no_alarm() {
    let rows: Vec<Row> = leaks().into_iter().chain(upward()).collect();
    let site = clean(&rows);
    let push = site.run(&["push"]);
    assert_eq!(push.code, 0, "{push}");
    for word in ["warning", "error", "skipped", "never published"] {
        assert!(!push.stderr.contains(word), "{word}\n{push}");
    }
    let leaks = site.run(&["leaks"]);
    assert_eq!((leaks.code, leaks.stdout.as_str()), (0, ""), "{leaks}");
    site.ok(&["diff", "--check"]);
}

// --- leaks

/// Everything that `leaks` says something of, and what it's silent about.
fn remarks() -> Site {
    Site::new()
        .config(
            r#"
            [[rule]]
            match = "stripped/**"
            metadata = "strip"
            comments = "strip"
            [target.local]
            url = "file:out"
            "#,
        )
        .file("plain.png", png(&[]))
        .file(
            "page.html",
            "<p>\n<!-- first --><p><!--\tsecond,\n  \u{1b}[2J over two lines -->",
        )
        .file(
            "image.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><!-- in an image --></svg>",
        )
        .file(
            "photo.jpg",
            jpeg(&[
                Block::Exif(exif(
                    &[Tag::text(0x013B, "Jo Public"), Tag::orientation(6)],
                    &[Tag::user_comment("at the sea")],
                    &Tag::latitude([48, 51, 29]),
                )),
                Block::Comment("a comment"),
            ]),
        )
        .file("long.pdf", pdf(&format!("/Title ({})", "long ".repeat(99))))
        .file("stripped/photo.jpg", jpeg(&[Block::Comment("a comment")]))
        .file(
            "stripped/behind.png",
            [
                png(&[Block::Chunk(b"tEXt", b"Title\0text".to_vec())]),
                b"more".to_vec(),
            ]
            .concat(),
        )
        .file("stripped/page.html", "<p><!-- gone -->")
        .file(
            "cut.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><!-- seen --><g>\n</svg><!-- not seen -->",
        )
        .file(
            "wide.html",
            [
                b"\xff\xfe".as_slice(),
                &"<!-- wide -->"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<u8>>(),
            ]
            .concat(),
        )
        .file("packed.svg", b"\x1f\x8b\x08 an image that is compressed")
        .file("large.html", "<!-- large -->".repeat((33 << 20) / 14))
}

/// `leaks` lists what files say beyond what visitors see.
#[test]
fn leaks_lists_hidden_remarks() {
    let site = remarks();
    insta::assert_snapshot!("leaks", site.run(&["leaks"]));
    insta::assert_snapshot!("leaks_json", site.run(&["leaks", "--json"]));
    assert!(!site.path("out").exists(), "it only looks");
}

/// A file that cannot be read is an error and hides no other finding.
#[test]
fn unreadable_file_hides_no_others() {
    let site = Site::new()
        .file("a.html", "<!-- a note -->")
        .file("b.html", "<!-- unreadable -->")
        .file(".env", "KEY=1");
    set_mode(&site.asset("b.html"), 0);
    let run = site.run_as_anybody(&["leaks"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (2, "a.html:1:1: comment: a note\n"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("`b.html`: can't be read: permission denied\n"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("`.env`: looks like a secret by its name"),
        "{run}"
    );
}

/// Everything that is wrong with a tree is reported in one run.
#[test]
fn all_problems_reported_in_one_run() {
    let names = "[[rule]]\nmatch = \"odd/**\"\nnames = \"palindrome-2022\"\n[[rule]]\nmatch = \"feed.xml\"\nurls = \"absolute\"\nreferences = [\"enclosure@url\"]\n";
    let site = open_tree()
        .raw_config(&CONFIG.replacen("[[rule]]", &format!("{names}[[rule]]"), 1))
        .file("unreadable.html", "<img src=nowhere.png>")
        .file("odd/name.html", "<img src=nowhere.png>")
        .file("feed.xml", "<rss><enclosure url='puzzle/x/map.png'/></rss>")
        .file(
            "based.html",
            "<base href=/elsewhere/><img src=/static/puzzle/x/map.png>",
        )
        .file(
            "secret.html",
            format!(
                "<img src=nowhere.png> '{}'",
                ["AK", "IA", &random(UPPER, 16)].concat()
            ),
        )
        .file("mention.html", "<p>puzzle/x/solution/answer.png")
        .file(".env", "KEY=1");
    set_mode(&site.asset("unreadable.html"), 0);
    let run = site.run_as_anybody(&["push"]);
    insta::assert_snapshot!("all_at_once", run);
    assert!(site.published("out").is_empty());
}

// --- What rules take out, and what they excuse

/// What is published of a file.
fn published(site: &Site, path: &str) -> Vec<u8> {
    site.ok(&["push", "-q"]);
    let key = built(site).find(path).expect("it's there").key.to_string();
    site.published("out").remove(&key).expect("it's published")
}

fn with_rule(rule: &str) -> Site {
    Site::new().config(&format!(
        "[[rule]]\nmatch = \"**\"\n{rule}\n[target.local]\nurl = \"file:out\"\n"
    ))
}

/// Metadata is stripped, and everything else stays.
#[test]
fn only_metadata_is_stripped() {
    let way_up = || Tag::orientation(6);
    let artist = || Tag::text(0x013B, "KRAKEN");
    let text = || Block::Chunk(b"tEXt", b"Title\0KRAKEN".to_vec());
    for (path, file, stripped) in [
        ("a.jpg", jpeg(&[Block::Comment("KRAKEN")]), jpeg(&[])),
        (
            "a.jpg",
            jpeg(&[Block::Exif(exif(
                &[artist()],
                &[],
                &Tag::latitude([1, 2, 3]),
            ))]),
            jpeg(&[]),
        ),
        (
            "a.jpg",
            jpeg(&[Block::Exif(exif(&[artist(), way_up()], &[], &[]))]),
            jpeg(&[Block::Exif(exif(&[way_up()], &[], &[]))]),
        ),
        (
            "a.jpg",
            jpeg(&[
                Block::Iptc(iptc(120, "KRAKEN")),
                Block::Xmp(xmp("dc:title", "KRAKEN")),
            ]),
            jpeg(&[]),
        ),
        (
            "a.png",
            png(&[text(), Block::Xmp(xmp("dc:title", "KRAKEN"))]),
            png(&[]),
        ),
        (
            "a.png",
            [png(&[text()]), b"behind".to_vec()].concat(),
            [png(&[]), b"behind".to_vec()].concat(),
        ),
        ("a.gif", gif(&[Block::Comment("KRAKEN")]), gif(&[])),
        ("a.mp3", mp3(&[(b"TIT2", "KRAKEN")]), mp3(&[])),
        ("a.pdf", pdf(""), pdf("")),
    ] {
        let site = with_rule("metadata = \"strip\"").file(path, &file);
        let kept = Site::new().file(path, &file);
        assert!(
            published(&kept, path) == file,
            "{path}: without a rule it stays"
        );
        let object = published(&site, path);
        assert!(object == stripped, "{path}\n{}", object.escape_ascii());
        assert!(memchr::memmem::find(&object, b"KRAKEN").is_none());
        site.ok(&["diff", "--check"]);
        let is_renamed = built(&site).objects[0].key != built(&kept).objects[0].key;
        assert_eq!(
            is_renamed,
            file != stripped,
            "{path}: names are of what is published"
        );
    }
}

/// A file that cannot be stripped is refused with advice.
#[test]
fn unstrippable_file_is_refused_with_advice() {
    for (path, file, words) in [
        (
            "a.pdf",
            pdf("/Title (KRAKEN)"),
            "PDFs can't be stripped; export it again without properties, or use `exiftool",
        ),
        (
            "a.jpg",
            jpeg(&[])[..30].to_vec(),
            "the file is damaged at byte 20",
        ),
    ] {
        let run = with_rule("metadata = \"strip\"")
            .file(path, file)
            .run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(
            run.stderr.contains(&format!("  `{path}`: {words}")),
            "{run}"
        );
    }
    let note = "<!-- KRAKEN -->";
    for (path, file, words) in [
        (
            "a.svg",
            format!("<svg xmlns='http://www.w3.org/2000/svg'><g>\n</svg>{note}").into_bytes(),
            ":2:1`: isn't well-formed XML: ",
        ),
        (
            "a.svg",
            [b"\x1f\x8b\x08".as_slice(), note.as_bytes()].concat(),
            "`: is compressed, so comments can't be removed",
        ),
        (
            "a.html",
            note.repeat((33 << 20) / note.len()).into_bytes(),
            "`: is larger than 32 MiB, too large ",
        ),
    ] {
        for rule in [
            "comments = \"strip\"",
            "comments = \"strip\"\nrewrite = false",
        ] {
            let run = with_rule(rule).file(path, &file).run(&["push"]);
            assert_eq!(run.code, 2, "{rule}\n{run}");
            assert!(
                run.stderr.contains(&format!("  `{path}{words}")),
                "{rule}\n{run}"
            );
        }
    }
}

/// Comments are stripped, and everything else stays.
#[test]
fn only_comments_are_stripped() {
    for (path, file, stripped) in [
        (
            "a.html",
            "<!doctype html><!-- a -->\n<p title='<!-- b -->'>é<!---->\r\n<!--[if IE]>c<![endif]--></p>  \n",
            "<!doctype html>\n<p title='<!-- b -->'>é\r\n</p>  \n",
        ),
        (
            "a.html",
            "<script>let a = '<!-- b -->' // c\n</script><template><!-- d --></template>",
            "<script>let a = '<!-- b -->' // c\n</script><template></template>",
        ),
        (
            "a.html",
            "<img src=b.png><!-- b.png --><a href=b.png>",
            "<img src=KEY><a href=KEY>",
        ),
        (
            "a.svg",
            "<?xml version='1.0'?>\n<!-- a -->\n<svg xmlns='http://www.w3.org/2000/svg'><style>/* b */ c {}</style><!-- d --></svg>\n",
            "<?xml version='1.0'?>\n\n<svg xmlns='http://www.w3.org/2000/svg'><style>/* b */ c {}</style></svg>\n",
        ),
        ("a.js", "let a // b\n/* c */", "let a // b\n/* c */"),
        (
            "a.css",
            "/* a */ b {} <!-- c -->",
            "/* a */ b {} <!-- c -->",
        ),
        ("a.txt", "a <!-- b -->", "a <!-- b -->"),
    ] {
        let site = with_rule("comments = \"strip\"")
            .file(path, file)
            .file("b.png", png(&[]));
        let key = built(&site)
            .find("b.png")
            .expect("it's there")
            .key
            .to_string();
        let object = String::from_utf8(published(&site, path)).expect("text");
        assert_eq!(object, stripped.replace("KEY", &key), "{path}: {file}");
        site.ok(&["diff", "--check"]);
        assert_eq!(site.ok(&["leaks"]), "", "{path}");
        let unwritten = with_rule("comments = \"strip\"\nrewrite = false")
            .file(path, file)
            .file("b.png", png(&[]));
        let object = String::from_utf8(published(&unwritten, path)).expect("text");
        assert_eq!(
            object,
            stripped.replace("KEY", "b.png"),
            "{path}, without references: {file}"
        );
    }
}

/// A credential is excused only by a rule for that file alone.
#[test]
fn credential_excused_only_by_specific_rule() {
    let key = ["AK", "IA", &random(UPPER, 16)].concat();
    let site = |pattern: &str| {
        Site::new()
            .config(&format!("[[rule]]\nmatch = \"{pattern}\"\npublish = true\n[target.local]\nurl = \"file:out\"\n"))
            .file("puzzle/clue.js", format!("let clue = '{key}'"))
            .file("puzzle/other.js", "let other")
    };
    for pattern in ["puzzle/clue.js", "**/clue.js", "puzzle/cl*.js"] {
        assert_eq!(
            published(&site(pattern), "puzzle/clue.js"),
            format!("let clue = '{key}'").into_bytes()
        );
    }
    for pattern in [
        "**",
        "puzzle/**",
        "puzzle/*",
        "**/*.*",
        "puzzle/*.js",
        "puzzle/other.js",
    ] {
        let run = site(pattern).run(&["push"]);
        assert_eq!(run.code, 2, "{pattern}\n{run}");
        assert!(run.stderr.contains("`puzzle/clue.js:1:13`: holds what looks like a credential (aws-access-token); take out what is secret"), "{pattern}\n{run}");
        assert!(!run.stderr.contains(&key), "no log has it\n{run}");
    }
    let run = site("puzzle/clue.js")
        .file("puzzle/other.js", format!("let other = '{KEY}'"))
        .run(&["push"]);
    assert!(
        run.stderr
            .contains("`puzzle/other.js`: holds this project's own key, which is never published"),
        "{run}"
    );
    let run = site("puzzle/clue.js")
        .file("puzzle/clue.js", format!("'{key}' {KEY}"))
        .run(&["push"]);
    assert_eq!(run.code, 2, "no rule excuses the own key\n{run}");
}
