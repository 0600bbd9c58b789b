//! Pages around real libraries, opened in a browser as they are, and as they are published: they
//! work at once, or with the lines that a push prints.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::media::pdf;
use crate::support::s3::Bucket;
use crate::support::web::{Browser, WebServer};
use crate::support::{Site, from_test_command};

/// How a site gets to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Works {
    AtOnce,
    /// With exactly the lines that pushes print.
    WithLines,
    /// No push that ends well publishes it.
    Stopped,
}

use Works::{AtOnce, WithLines};

/// Pages of `tests/sites`, and how each gets to work.
const SITES: [(&str, Works); 30] = [
    ("ace-builds", WithLines),
    ("bootstrap", AtOnce),
    ("ckeditor4", WithLines),
    ("codemirror", WithLines),
    ("docsify", WithLines),
    ("flag-icons", AtOnce),
    ("fontawesome-free", AtOnce),
    ("howler", WithLines),
    ("jquery-ui-dist", AtOnce),
    ("katex", AtOnce),
    ("lazysizes", WithLines),
    ("leaflet", WithLines),
    ("mathjax", WithLines),
    ("mermaid", AtOnce),
    ("monaco-editor", WithLines),
    ("p5", WithLines),
    ("pannellum", WithLines),
    ("pdfjs-dist", WithLines),
    ("phaser", WithLines),
    ("photoswipe", AtOnce),
    ("plotly.js-dist-min", AtOnce),
    ("prismjs", WithLines),
    ("reveal.js", WithLines),
    ("sql.js", WithLines),
    ("stockfish", WithLines),
    ("swagger-ui-dist", WithLines),
    ("three", WithLines),
    ("tinymce", WithLines),
    ("video.js", WithLines),
    ("xterm", AtOnce),
];

/// How often lines are added until it works.
const ROUNDS_MAX: usize = 5;

/// Pages that people find by their path.
const PLAIN_PAGES: &str = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";

/// All in one keyed folder, pages as well.
pub const ONE_FOLDER: &str = "[[folder]]\nmatch = \".\"\n";

/// A page, what it shows, and the library.
struct Real {
    site: Site,
    library: PathBuf,
    /// Where it's published; a folder, if there's none.
    bucket: Option<Bucket>,
}

impl Real {
    fn new(name: &str, names: &str, bucket: Option<Bucket>) -> Real {
        let packages = PathBuf::from(from_test_command("ASSETSYNC_TEST_PACKAGES")).join("vendor");
        let sites = PathBuf::from(from_test_command("ASSETSYNC_TEST_SITES"));
        let mut places = [sites.join(name), packages.join(name)].into_iter();
        let library = places
            .find(|place| place.exists())
            .unwrap_or_else(|| panic!("{name} isn't there: `tests/run -- --ignored` fetches it"));
        // Types for editors, larger than what is looked into.
        let left_out = match name {
            "phaser" => "[[rule]]\nmatch = \"lib/types/**\"\npublish = false\n",
            _ => "",
        };
        let page = format!("{}/tests/sites/{name}.html", env!("CARGO_MANIFEST_DIR"));
        let config = format!(
            "key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n[[source]]\ndir = \"{}\"\nmount = \"lib/\"\n[[rule]]\nmatch = \"lib/**\"\ndangling = \"warn\"\nsource_maps = \"publish\"\n{names}{left_out}[target.t]\n{}",
            library.display(),
            match &bucket {
                Some(bucket) => format!(
                    "url = \"{}\"\nendpoint = \"{}\"\naccess = \"object-acl\"\n",
                    bucket.url(),
                    bucket.endpoint
                ),
                None => "url = \"file:out\"\n".to_string(),
            }
        );
        let site = Site::bare()
            .raw_config(&config)
            .file("index.html", fs::read(page).expect("a page"))
            .file("pics/lamp.png", picture(16))
            .file("pics/gear.png", picture(32))
            .file("sounds/beep.wav", beep())
            .file("levels.json", r#"{"first": {"picture": "pics/lamp.png"}}"#)
            .file("README.md", "# Lamp\n")
            .file(
                "api.json",
                r#"{"openapi": "3.0.0", "info": {"title": "Lamp", "version": "1"}, "paths": {}}"#,
            )
            .file("doc.pdf", pdf("/Title (Lamp)"));
        Real {
            site,
            library,
            bucket,
        }
    }

    /// Opens the page as it is.
    fn open_unpublished(&self, browser: &Browser) -> (String, Vec<String>) {
        let link = self.site.path("assets/lib");
        symlink(&self.library, &link).expect("a link");
        let server = WebServer::of(self.site.path("assets"));
        let seen = browser.visit(&format!("{}index.html", server.url));
        fs::remove_file(link).expect("removed");
        seen
    }

    /// Opens the page as it's published.
    fn open(&self, browser: &Browser) -> (String, Vec<String>) {
        let url = self.site.ok(&["url", "index.html"]);
        match url.trim().rsplit_once("/out/") {
            Some((_, key)) => {
                let server = WebServer::of(self.site.path("out"));
                browser.visit(&format!("{}{key}", server.url))
            }
            None => browser.visit(url.trim()),
        }
    }

    /// Publishes until it works, and says how often lines had to be added; why not, if it doesn't.
    fn publish(&self, browser: &Browser) -> Result<Works, String> {
        let mut works = AtOnce;
        let mut said = String::new();
        for _ in 0..ROUNDS_MAX {
            let run = match &self.bucket {
                Some(bucket) => bucket.run(&self.site, &["push"]),
                None => self.site.run(&["push"]),
            };
            said += &format!("{run}\n");
            if run.code == 0 {
                let (title, errors) = self.open(browser);
                if title == "done" && errors.is_empty() {
                    return Ok(works);
                }
                said += &format!("{title} {errors:?}\n");
            }
            let lines = run.config_lines();
            let config = fs::read_to_string(self.site.path("assetsync.toml")).expect("there");
            match (lines.is_empty() || config.contains(&lines), run.code) {
                (true, 2) => {
                    return Ok(Works::Stopped);
                }
                (true, _) => return Err(said),
                (false, _) => {}
            }
            fs::write(self.site.path("assetsync.toml"), config + &lines).expect("written");
            works = WithLines;
        }
        Err(said)
    }
}

/// A sound of a tenth of a second.
fn beep() -> Vec<u8> {
    const RATE: u32 = 8000;
    let samples: Vec<u8> = (0..RATE / 10)
        .map(|n| (128.0 + 90.0 * (f64::from(n) / 3.0).sin()) as u8)
        .collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + samples.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(RATE.to_le_bytes());
    wav.extend(RATE.to_le_bytes());
    wav.extend(b"\x01\0\x08\0data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    wav
}

fn picture(size: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_fn(size, size / 2, |x, y| {
        image::Rgb([x as u8 * 7, y as u8 * 7, 99])
    });
    pixels
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a picture");
    bytes.into_inner()
}

/// Pages that use libraries work at once or with the printed lines.
#[test]
#[ignore = "takes minutes, and 500 MB from npm: tests/run --test stories -- --ignored sites"]
fn library_pages_work_with_printed_lines() {
    assert_work(PLAIN_PAGES, SITES, || None);
}

/// Pages that use libraries work at once in one keyed folder.
#[test]
#[ignore = "takes minutes, and 500 MB from npm: tests/run --test stories -- --ignored sites"]
fn library_pages_work_in_keyed_folder() {
    assert_work(ONE_FOLDER, in_one_folder(), || None);
}

/// Pages that use libraries work at once in one keyed folder of a bucket.
#[test]
#[ignore = "takes minutes, and 500 MB from npm: tests/run --test stories -- --ignored sites"]
fn library_pages_work_in_keyed_bucket() {
    assert_work(ONE_FOLDER, in_one_folder(), || Some(Bucket::on_rgw()));
}

fn in_one_folder() -> [(&'static str, Works); 30] {
    let wanted = |name| match name {
        // Its pages are files of a kind that isn't published without a rule.
        "docsify" => WithLines,
        _ => AtOnce,
    };
    SITES.map(|(name, _)| (name, wanted(name)))
}

/// Publishes each library with these names, into a folder or buckets, and makes sure that it gets
/// to work as wanted.
fn assert_work(names: &str, sites: [(&str, Works); 30], bucket: fn() -> Option<Bucket>) {
    let only = std::env::var("TEST_SITE").ok();
    let mut wrong = Vec::new();
    let mut counts = [0; 3];
    for (name, wanted) in sites {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let real = Real::new(name, names, bucket());
        // Workers of a page that was left may still complain: each page has a browser of its own.
        let before = real.open_unpublished(&Browser::start());
        let browser = Browser::start();
        if before != ("done".to_string(), Vec::new()) {
            wrong.push(format!("=== {name}, as it is: {before:?}"));
            continue;
        }
        let works = real.publish(&browser);
        println!("site {name}: {:?}", works.as_ref().map_err(|_| "broken"));
        if let Ok(works) = works {
            counts[works as usize] += 1;
        }
        if works.as_ref() != Ok(&wanted) {
            if let Err(said) = &works {
                println!("{said}");
            }
            wrong.push(format!("=== {name}: {works:?}"));
        }
    }
    println!("at once, with lines, stopped: {counts:?}");
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join("\n").replace("\\n", "\n")
    );
}
