//! Whole sites of packages (documentation of many generators, apps of many bundlers), crawled in a
//! browser as they are, and as they are published with what `init` writes and exactly the lines
//! that pushes print.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use regex::Regex;

use crate::sites::{ONE_FOLDER, Works};
use crate::support::s3::Bucket;
use crate::support::web::{Browser, WebServer};
use crate::support::{Run, Site, from_test_command};

use Works::{AtOnce, Stopped, WithLines};

/// The sites of `tests/sites/whole.txt`, by the folder of each, in their order, and how each gets
/// to work.
const SITES: [(&str, Works); 30] = [
    ("chainlit/frontend/dist", AtOnce),
    ("dagster_webserver/webapp/build", WithLines),
    ("locust/webui/dist", WithLines),
    ("marimo/_static", AtOnce),
    ("mlflow/server/js/build", WithLines),
    ("prefect/server/ui", WithLines),
    ("prefect/server/ui-v2", WithLines),
    ("swagger_ui_bundle/vendor/swagger-ui-4.15.5", AtOnce),
    ("usr/share/doc/aptitude/html/en", AtOnce),
    ("usr/share/doc/cmake-data/html", WithLines),
    ("usr/share/doc/debian-handbook/html/en-US", AtOnce),
    ("usr/share/debian-reference", Stopped),
    ("usr/share/developers-reference", AtOnce),
    ("usr/share/doc/doxygen/html", WithLines),
    ("usr/share/doc/git-doc", Stopped),
    ("usr/share/doc/gnuplot/htmldocs", AtOnce),
    ("usr/share/doc/libboost1.74-doc/doc/html", WithLines),
    ("usr/share/gtk-doc/html/gtk3", WithLines),
    ("usr/share/doc/libjs-jquery-ui-docs", AtOnce),
    ("usr/share/doc/libjsoup-java/api", WithLines),
    ("usr/share/doc/libsdl2-doc/html", WithLines),
    ("usr/share/doc/nodejs/api", Stopped),
    ("usr/share/doc/octave/octave.html", AtOnce),
    ("usr/share/doc/python-django-doc/html", Stopped),
    ("usr/share/doc/python3.11/html", Stopped),
    ("usr/share/doc/rust-doc/html/book", WithLines),
    ("usr/share/doc/sphinx-doc/html", AtOnce),
    ("usr/share/doc/valgrind/html", WithLines),
    ("usr/share/doc/vim/html", AtOnce),
    ("usr/share/doc/zsh-common/html", AtOnce),
];

/// Those that ask for addresses from the top of their host, or above their own folder: only there
/// they can work.
const FROM_ABOVE: [&str; 3] = [
    "chainlit/frontend/dist",
    "locust/webui/dist",
    "usr/share/doc/libboost1.74-doc/doc/html",
];

/// How many pages of a site are opened, breadth first.
const PAGES_MAX: usize = 12;

/// How often lines are added until it works.
const ROUNDS_MAX: usize = 5;

/// What went wrong on the pages of a site, in words that don't depend on where it is served, and
/// how many pages were opened.
#[derive(Debug, Default)]
struct Crawl {
    pages: usize,
    errors: BTreeSet<String>,
}

/// Opens the pages of a site in a browser of its own: what was opened before may still complain.
fn crawl(server: &WebServer, start: &str) -> Crawl {
    let browser = Browser::start();
    let token = Regex::new(r"\b[a-z2-7]{26}\b").expect("a pattern");
    let place = Regex::new(r"[^\s/]+/").expect("a pattern");
    // A file that isn't there may be missed at another place than before.
    let in_words = |error: String| {
        // A bucket doesn't say whether there is something.
        let error = error.replace(&server.url, "/").replace("403", "404");
        place
            .replace_all(&token.replace_all(&error, "TOKEN"), "")
            .into_owned()
    };
    let first = format!("{}{start}", server.url);
    let mut seen = BTreeSet::from([first.clone()]);
    let mut waiting = VecDeque::from([first]);
    let mut crawl = Crawl::default();
    while let Some(url) = waiting.pop_front().filter(|_| crawl.pages < PAGES_MAX) {
        crawl.pages += 1;
        let mut errors = browser.open(&url);
        if crawl.pages == 1 {
            wait_until_quiet(server);
            errors.extend(browser.errors());
        }
        // What is preloaded in vain, as a slow machine has it, isn't an error.
        let errors = errors.into_iter();
        let errors = errors.filter(|error| !error.contains("was preloaded using link preload"));
        crawl.errors.extend(errors.map(in_words));
        let links = browser.value(
            "[...document.querySelectorAll('a[href], area[href], frame[src], iframe[src]')].map((a) => a.href || a.src).join('\\n')",
        );
        for link in links.as_str().unwrap_or_default().lines() {
            let link = link.split(['#', '?']).next().unwrap_or_default();
            let is_page = link.ends_with(".html") || link.ends_with('/');
            if link.starts_with(&server.url) && is_page && seen.insert(link.to_string()) {
                waiting.push_back(link.to_string());
            }
        }
    }
    // What was asked for, and isn't there, whether or not a console says so.
    let missing = server
        .asked()
        .into_iter()
        .filter(|(_, status)| *status >= 400);
    let missing = missing.map(|(path, status)| in_words(format!("{status} {path}")));
    crawl.errors.extend(missing);
    crawl
}

/// Waits until nothing more is asked for: an app without its server fails sooner or later.
fn wait_until_quiet(server: &WebServer) {
    const QUIET: Duration = Duration::from_secs(1);
    const ROUNDS_MAX: usize = 10;
    let mut asked = server.asked().len();
    for _ in 0..ROUNDS_MAX {
        thread::sleep(QUIET);
        let before = std::mem::replace(&mut asked, server.asked().len());
        if before == asked {
            return;
        }
    }
}

/// Copies a site, with the files that its links lead to.
fn copied(folder: &str) -> (PathBuf, tempfile::TempDir) {
    let all = PathBuf::from(from_test_command("ASSETSYNC_TEST_WHOLE_SITES"));
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/whole.txt");
    let list = fs::read_to_string(list).expect("a list");
    let line = list
        .lines()
        .find(|line| line.ends_with(&format!(" {folder}")));
    let package = line
        .and_then(|line| line.split(' ').nth(1))
        .expect("it's in the list");
    let package = package.split([',', '=']).next().expect("a name");
    let from = all.join(package).join(folder);
    assert!(
        from.exists(),
        "{from:?} isn't there: `tests/run -- --ignored` fetches it"
    );
    let to = tempfile::tempdir().expect("a temporary folder");
    let site = to.path().join("site");
    // Links that lead nowhere stay behind.
    let _ = Command::new("cp")
        .arg("-rL")
        .arg(from)
        .arg(&site)
        .output()
        .expect("cp runs");
    (site, to)
}

/// A site with its configuration, and the bucket that it's published to; a folder, if there's none.
struct Whole {
    site: Site,
    bucket: Option<Bucket>,
}

impl Whole {
    /// Runs the program, and serves what it published.
    fn run(&self, arguments: &[&str]) -> Run {
        match &self.bucket {
            Some(bucket) => bucket.run(&self.site, arguments),
            None => self.site.run(arguments),
        }
    }

    fn server(&self) -> WebServer {
        match &self.bucket {
            Some(bucket) => WebServer::before(format!("{}/{}/", bucket.endpoint, bucket.name)),
            None => WebServer::of(self.site.path("out")),
        }
    }

    /// The key of a file, which a server has under its address.
    fn key(&self, path: &str) -> String {
        let run = self.run(&["url", path]);
        let place = match &self.bucket {
            Some(bucket) => format!("/{}/", bucket.name),
            None => "/out/".to_string(),
        };
        let key = run.stdout.trim().split_once(&place);
        key.unwrap_or_else(|| panic!("{run}")).1.to_string()
    }
}

/// Configures a site as `init` does.
fn by_init(source: &str) -> Whole {
    let site = Site::bare();
    site.ok(&["init", "--from", source, "--to", "file:out"]);
    Whole { site, bucket: None }
}

/// Configures a site so that all of it is in one keyed folder, with its pages.
fn in_one_folder(source: &str) -> Whole {
    let site = all_in_one_folder(source, "[target.t]\nurl = \"file:out\"\n");
    Whole { site, bucket: None }
}

/// The same, published to a bucket of a real S3 server.
fn in_one_folder_of_a_bucket(source: &str) -> Whole {
    let bucket = Bucket::on_rgw();
    Whole {
        site: all_in_one_folder(source, &bucket.target()),
        bucket: Some(bucket),
    }
}

fn all_in_one_folder(source: &str, target: &str) -> Site {
    Site::bare().raw_config(&format!(
        "key_file = \"hunt.key\"\n[[source]]\ndir = {source:?}\n{ONE_FOLDER}[[rule]]\nmatch = \"**\"\ndangling = \"warn\"\nsource_maps = \"publish\"\n{target}"
    ))
}

/// Publishes a site until it works, and says how it got there; why not, if it doesn't.
fn publish(whole: &Whole, start: &str, before: &Crawl) -> Result<Works, String> {
    let file = whole.site.path("assetsync.toml");
    let mut works = AtOnce;
    let mut said = String::new();
    for _ in 0..ROUNDS_MAX {
        let run = whole.run(&["push"]);
        said += &format!("{run}\n");
        if run.code == 0 {
            let after = crawl(&whole.server(), &whole.key(start));
            let new: Vec<&String> = after.errors.difference(&before.errors).collect();
            if new.is_empty() && after.pages == before.pages {
                let audit = whole.run(&["audit", "--all"]);
                let is_right = audit.stdout.contains("0 failed, 0 warnings, 0 unknown");
                return if is_right {
                    Ok(works)
                } else {
                    Err(format!("{said}\n{audit}"))
                };
            }
            said += &format!("{} pages, and new: {new:?}\n", after.pages);
        }
        let lines = run.config_lines();
        let config = fs::read_to_string(&file).expect("there");
        let is_secret = run
            .stderr
            .contains("take out what is secret, or set `publish = false` in a rule for this file; `publish = true` publishes it as it is");
        match (lines.is_empty() || config.contains(&lines), run.code) {
            (true, 2) if is_secret => return Ok(Stopped),
            (true, _) => return Err(said),
            (false, _) => fs::write(&file, config + &lines).expect("written"),
        }
        works = WithLines;
    }
    Err(said)
}

/// The page that a crawl begins with: the first one in the order of names, if none is called so.
fn front_page(site: &Path) -> String {
    let usual = ["index.html", "examples/index.html"];
    if let Some(page) = usual.into_iter().find(|page| site.join(page).exists()) {
        return page.to_string();
    }
    let names = fs::read_dir(site).expect("a folder").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let pages = names.filter(|name| name.ends_with(".html"));
    pages.min().expect("a page")
}

/// Entire sites work at once or with the printed lines.
#[test]
#[ignore = "takes minutes, and 400 MB of packages: tests/run --test stories -- --ignored whole_sites"]
fn whole_sites_work_with_printed_rules() {
    assert_work(by_init, &SITES);
}

/// Entire sites work in one keyed folder.
#[test]
#[ignore = "takes minutes, and 400 MB of packages: tests/run --test stories -- --ignored whole_sites"]
fn whole_sites_work_in_keyed_folder() {
    assert_work_in_one_folder(in_one_folder);
}

/// Entire sites work in one keyed folder of a bucket.
#[test]
#[ignore = "takes minutes, and 400 MB of packages: tests/run --test stories -- --ignored whole_sites"]
fn whole_sites_work_in_bucket_folder() {
    assert_work_in_one_folder(in_one_folder_of_a_bucket);
}

/// All work at once, or are stopped, or told.
fn assert_work_in_one_folder(configured: fn(&str) -> Whole) {
    let wanted = |works| match works {
        Stopped => Stopped,
        AtOnce | WithLines => AtOnce,
    };
    let sites = SITES.map(|(folder, works)| (folder, wanted(works)));
    let (told, sites): (Vec<_>, Vec<_>) = sites
        .into_iter()
        .partition(|(folder, _)| FROM_ABOVE.contains(folder));
    assert_work(configured, &sites);
    for (folder, _) in told {
        let (source, _kept) = copied(folder);
        let run = configured(source.to_str().expect("UTF-8")).run(&["diff"]);
        assert!(run.stderr.contains("warning"), "{folder}: {run}");
    }
}

/// Publishes each site as it's configured, and makes sure that it gets to work as wanted.
fn assert_work(configured: fn(&str) -> Whole, sites: &[(&str, Works)]) {
    let only = std::env::var("TEST_SITE").ok();
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for &(folder, wanted) in sites {
        if only
            .as_ref()
            .is_some_and(|only| !folder.contains(only.as_str()))
        {
            continue;
        }
        let (source, _kept) = copied(folder);
        let start = front_page(&source);
        let before = crawl(&WebServer::of(source.clone()), &start);
        let whole = configured(source.to_str().expect("UTF-8"));
        let works = publish(&whole, &start, &before);
        println!(
            "site {folder}: {:?}, {} pages",
            works.as_ref().map_err(|_| "broken"),
            before.pages
        );
        if let Ok(works) = works {
            *counts.entry(format!("{works:?}")).or_default() += 1;
        }
        if works.as_ref() != Ok(&wanted) {
            if let Err(said) = &works {
                println!("{said}");
            }
            wrong.push(format!("=== {folder}: {:?}", works.map_err(|_| "broken")));
        }
    }
    println!("{counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
