//! Keyed folders (`[[folder]]`): one name for all that is in them, so that scripts that build paths
//! find their files.

mod address;
mod copies;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::support::web::{Browser, WebServer};
use crate::support::{Run, Site, from_test_command};

const FOLDERS: &str = "[[rule]]\nmatch = \"{index.html,shared/*.html}\"\nnames = \"plain\"\n[[folder]]\nmatch = \"shop/*\"\n[target.local]\nurl = \"file:out\"\n";

/// A shop whose scripts build the names of what they load.
fn shop() -> Site {
    Site::new()
        .config(FOLDERS)
        .file(
            "index.html",
            r#"<!doctype html><title>shop</title><a href="shop/clocks/index.html">clocks</a><img src="shop/clocks/faces/1.svg">"#,
        )
        .file("logo.svg", SVG)
        .file(
            "shop/clocks/index.html",
            r#"<!doctype html><title>clocks</title><link rel="icon" href="../../logo.svg"><script src="tick.js"></script><a href="../../index.html">back</a>"#,
        )
        .file(
            "shop/clocks/tick.js",
            r#"const images = [1, 2].map((number) => { const image = new Image(); image.src = "faces/" + number + ".svg"; return image.decode(); });
const hours = fetch("hours" + ".json").then((answer) => answer.json());
Promise.all([...images, hours]).then((all) => document.title = "done " + all[2].open, (why) => document.title = "failed " + why);"#,
        )
        .file("shop/clocks/hours.json", r#"{"open": 9}"#)
        .file("shop/clocks/faces/1.svg", SVG)
        .file("shop/clocks/faces/2.svg", SVG)
        .file("shop/lamps/index.html", "<!doctype html><title>lamps</title>")
}

const SVG: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle r="3"/></svg>"#;

/// The token that each published folder has, by one of the files in it.
fn token_of(published: &BTreeMap<String, Vec<u8>>, file: &str) -> String {
    let mut found = published.keys().filter_map(|key| {
        let (token, rest) = key.split_once('/')?;
        (rest == file).then(|| token.to_string())
    });
    let token = found
        .next()
        .unwrap_or_else(|| panic!("no {file} in {:?}", published.keys()));
    assert_eq!(found.next(), None, "{file} is there once");
    assert_eq!(token.len(), 26, "{token}");
    token
}

fn text(content: &[u8]) -> &str {
    std::str::from_utf8(content).expect("text")
}

/// Scripts that build paths find their files in a keyed folder.
#[test]
fn scripts_build_paths_in_keyed_folder() {
    let site = shop();
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    let published = site.published("out");
    let clocks = token_of(&published, "tick.js");
    assert_eq!(token_of(&published, "faces/1.svg"), clocks);
    let server = WebServer::of(site.path("out"));
    let browser = Browser::start();
    let (title, errors) = browser.visit(&format!("{}{clocks}/index.html", server.url));
    assert_eq!((title.as_str(), errors), ("done 9", Vec::new()));
    browser.open(&server.url);
    assert_eq!(
        browser.value("document.querySelector('a').getAttribute('href')"),
        format!("{clocks}/index.html")
    );
    assert_eq!(browser.value("document.images[0].naturalWidth"), 8);
}

/// Files of a keyed folder keep their bytes, except for links that lead out of it.
#[test]
fn only_links_out_are_rewritten() {
    let site = shop();
    site.ok(&["push"]);
    let published = site.published("out");
    let clocks = token_of(&published, "tick.js");
    let member = |path: &str| published[&format!("{clocks}/{path}")].clone();
    let script = fs::read(site.asset("shop/clocks/tick.js")).expect("there");
    assert_eq!(member("tick.js"), script);
    let page = member("index.html");
    let page = text(&page);
    assert!(page.contains(r#"<script src="tick.js">"#), "{page}");
    assert!(page.contains(r#"<a href="../index.html">"#), "{page}");
    let logo = published
        .keys()
        .find(|key| !key.contains('/') && key.ends_with(".svg"));
    let logo = logo.expect("it has a name of its own");
    assert!(page.contains(&format!(r#"href="../{logo}""#)), "{page}");
    let address = site.ok(&["url", "shop/clocks/"]);
    assert!(
        address.trim().ends_with(&format!("/{clocks}/")),
        "{address}"
    );
    assert_eq!(
        site.ok(&["url", "--target", "local", "shop/clocks/hours.json"])
            .trim()
            .rsplit_once('/')
            .expect("a URL")
            .1,
        "hours.json"
    );
}

/// A change in a keyed folder renames that folder and no other.
#[test]
fn folder_change_renames_only_that_folder() {
    let site = shop();
    site.ok(&["push"]);
    let before = site.published("out");
    let (clocks, lamps) = (token_of(&before, "tick.js"), {
        let keys: Vec<&String> = before
            .keys()
            .filter(|key| key.ends_with("/index.html"))
            .collect();
        assert_eq!(keys.len(), 2);
        let lamps = keys
            .into_iter()
            .find(|key| text(&before[*key]).contains("lamps"));
        lamps.expect("there").clone()
    });
    site.write("shop/clocks/faces/2.svg", SVG.replace('3', "2"));
    let diff = site.ok(&["diff"]);
    assert!(diff.contains("shop/clocks/faces/2.svg"), "{diff}");
    site.ok(&["push"]);
    let after = site.published("out");
    let new: Vec<&String> = after
        .keys()
        .filter(|key| !before.contains_key(*key))
        .collect();
    let renamed = new[0].split('/').next().expect("a folder");
    assert_ne!(renamed, clocks);
    assert!(new.iter().all(|key| key.starts_with(renamed)), "{new:?}");
    let whole = new.iter().filter(|key| !key.ends_with(".gz"));
    assert_eq!(whole.count(), 5, "all of them are there under the new name");
    assert!(
        before.keys().all(|key| after.contains_key(key)),
        "visitors still have the old ones"
    );
    assert_eq!(after[&lamps], before[&lamps]);
    assert!(
        text(&after["index.html"]).contains(renamed),
        "the page says where they are now"
    );
    let again = site.ok(&["push"]);
    assert!(again.contains("no changes"), "{again}");
}

/// A level that begins in a keyed folder is a folder of its own.
#[test]
fn level_inside_folder_gets_own_folder() {
    let site = shop()
        .config(&format!("[[level]]\nname = \"answer\"\nmatch = \"**/answer/**\"\n[[level]]\nname = \"sheet\"\nmatch = \"**/*-sheet.json\"\n{FOLDERS}"))
        .file("shop/clocks/answer/index.html", r#"<!doctype html><script src="shown.js"></script>"#)
        .file("shop/clocks/answer/shown.js", "document.title = 'it is noon'")
        .file("shop/clocks/hours-sheet.json", "[12]");
    site.ok(&["push"]);
    let published = site.published("out");
    let (clocks, answer) = (
        token_of(&published, "tick.js"),
        token_of(&published, "shown.js"),
    );
    assert_ne!(clocks, answer);
    assert!(
        published.contains_key(&format!("{answer}/index.html")),
        "{published:?}"
    );
    let alone = published
        .keys()
        .filter(|key| key.ends_with(".json") && !key.contains('/'));
    assert_eq!(alone.count(), 1, "a single file has a name of its own");

    // Whoever has the folder's address must not learn that of the answer.
    site.write(
        "shop/clocks/tick.js",
        "location.href = 'answer/index.html';",
    );
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("names `shop/clocks/answer/index.html`"),
        "{run}"
    );
}

/// A keyed folder in a cycle with files outside is named together with them.
#[test]
fn folder_in_cycle_is_named_whole() {
    let site = Site::new()
        .config("[[folder]]\nmatch = \"{east,west}\"\n[target.local]\nurl = \"file:out\"\n")
        .file("start.html", r#"<a href="east/hall/index.html">in</a>"#)
        .file(
            "east/hall/index.html",
            r#"<a href="../../west/index.html">west</a><img src="../map.svg">"#,
        )
        .file("east/map.svg", SVG)
        .file(
            "west/index.html",
            r#"<a href="../east/hall/index.html">east</a><a href="../start.html">out</a>"#,
        )
        .file("apart.html", "<p>apart</p>");
    site.ok(&["push"]);
    let before = site.published("out");
    let (east, west) = (
        token_of(&before, "map.svg"),
        token_of(&before, "index.html"),
    );
    let page = |published: &BTreeMap<String, Vec<u8>>, key: &str| text(&published[key]).to_string();
    assert_eq!(
        page(&before, &format!("{east}/hall/index.html")),
        format!(r#"<a href="../../{west}/index.html">west</a><img src="../map.svg">"#)
    );
    assert!(
        page(&before, &format!("{west}/index.html"))
            .contains(&format!("../{east}/hall/index.html"))
    );
    // What changes anywhere in the circle renames all of it.
    site.write(
        "west/index.html",
        r#"<a href="../east/hall/index.html">east</a><a href="../start.html">out!</a>"#,
    );
    site.ok(&["push"]);
    let after = site.published("out");
    let new = after.keys().filter(|key| !before.contains_key(*key));
    assert_eq!(new.count(), 4, "{after:?}");
}

/// A rule takes a file out of its keyed folder.
#[test]
fn rule_takes_file_out_of_folder() {
    let site = shop().config(&format!(
        "{FOLDERS}[[rule]]\nmatch = \"**/*.json\"\nnames = \"opaque\"\n"
    ));
    site.ok(&["push"]);
    let published = site.published("out");
    assert!(
        published
            .keys()
            .any(|key| key.ends_with(".json") && !key.contains('/')),
        "{published:?}"
    );
}

/// A folder that does not exist is reported with the one that does.
#[test]
fn unknown_folder_suggests_existing_one() {
    let site =
        shop().config("[[folder]]\nmatch = \"shpo/*\"\n[target.local]\nurl = \"file:out\"\n");
    let run = site.run(&["diff"]);
    assert!(
        run.stderr.contains("`shpo/*`") || run.stderr.contains("shpo/*"),
        "{run}"
    );
    assert!(run.stderr.contains("did you mean `shop`?"), "{run}");
    for wrong in ["", "/", "/shop"] {
        let site = shop().config(&format!(
            "[[folder]]\nmatch = \"{wrong}\"\n[target.local]\nurl = \"file:out\"\n"
        ));
        let run = site.run(&["diff"]);
        assert_eq!(run.code, 2, "{wrong}: {run}");
        assert!(run.stderr.contains("assetsync.toml:"), "{run}");
    }
}

/// The names of 500 folders equal those that an independent program makes.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn folder_names_match_independent_program() {
    let rule = "[[rule]]\nmatch = \"**/*.txt\"\nheaders = { \"content-language\" = \"tlh\" }\n";
    let config = format!("[[folder]]\nmatch = \"all/*\"\n{rule}[target.t]\nurl = \"file:out\"\n");
    let site = Site::new().config(&config);
    let mut drawn = 0u32;
    let mut random = || {
        drawn += 1;
        let hash = blake3::hash(&drawn.to_le_bytes());
        u32::from_le_bytes(hash.as_bytes()[..4].try_into().expect("four bytes"))
    };
    let names = ["a", "Z", "ü", "五", "a b", "a-b", "x/y", "~1"];
    for folder in 0..500 {
        for _ in 0..1 + random() % 5 {
            let name = names[random() as usize % names.len()];
            let number = random();
            let (ending, content) = match number % 2 {
                // Stored as it is, and gzipped.
                0 => ("png", number.to_le_bytes().to_vec()),
                _ => ("txt", format!("{number} ").repeat(200).into_bytes()),
            };
            site.write(
                &format!("all/{folder} {}/{name}{}.{ending}", number % 7, number % 3),
                content,
            );
        }
    }
    site.ok(&["manifest", "--out", "manifest.json"]);
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/names/folders.py");
    let mut python = Command::new(from_test_command("ASSETSYNC_TEST_PYTHON"));
    python
        .current_dir(site.path(""))
        .args([program, "hunt.key", "assets", "manifest.json", "all"]);
    let run = Run::of(&mut python, &site.path(""));
    assert_eq!(run.code, 0, "{run}");
    let manifest = fs::read_to_string(site.path("manifest.json")).expect("written");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let objects = manifest["objects"].as_object().expect("objects");
    let ours: BTreeMap<String, String> = objects
        .iter()
        .map(|(path, object)| {
            let folder: Vec<&str> = path.splitn(3, '/').collect();
            let key = object["key"].as_str().expect("a key");
            let (token, place) = key.split_once('/').expect("a folder's");
            assert_eq!(place, folder[2], "{path} keeps its place");
            (format!("{}/{}", folder[0], folder[1]), token.to_string())
        })
        .collect();
    let theirs: BTreeMap<String, String> = run
        .stdout
        .lines()
        .map(|line| line.rsplit_once(' ').expect("a path and a token"))
        .map(|(path, token)| (path.to_string(), token.to_string()))
        .collect();
    assert!(theirs.len() >= 500, "{}", theirs.len());
    assert_eq!(ours, theirs);
}

/// A page that keeps its name joins the keyed folder as the warning advises.
#[test]
fn plain_page_joins_folder_as_advised() {
    let config = FOLDERS.replace("{index.html,shared/*.html}", "**/*.html");
    let site = shop().config(&config);
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stderr.contains("shop/clocks/index.html"), "{run}");
    assert!(run.stderr.contains("outside its keyed folder"), "{run}");
    assert!(
        !run.stderr.contains("shop/lamps"),
        "it runs no script: {run}"
    );
    let site = shop().config(&config);
    site.add_config(&run.config_lines());
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(!run.stderr.contains("outside its keyed folder"), "{run}");
    let clocks = token_of(&site.published("out"), "tick.js");
    let server = WebServer::of(site.path("out"));
    let (title, errors) = Browser::start().visit(&format!("{}{clocks}/index.html", server.url));
    assert_eq!((title.as_str(), errors), ("done 9", Vec::new()));
}

/// A `folder` rule for something that is no keyed folder says how to make it one.
#[test]
fn rule_without_folder_explains_the_fix() {
    let rule = "[[rule]]\nmatch = \"fair/**\"\nnames = \"folder\"\n";
    let target = "[target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .config(&format!("{rule}{target}"))
        .file("fair/a b/map.svg", SVG);
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr
            .contains("`[[folder]]` with `match = \"fair/a b\"`"),
        "{run}"
    );
    let site = site.config(&format!("{rule}[[folder]]\nmatch = \"fair/a b\"\n{target}"));
    site.ok(&["push"]);
    token_of(&site.published("out"), "map.svg");
}

/// A folder that a script names stays only if all of it is beside the script.
#[test]
fn named_folder_stays_only_beside_script() {
    let level = "[[level]]\nname = \"late\"\nmatch = \"**/late/**\"\n";
    let site = shop()
        .config(&format!("{level}{FOLDERS}"))
        .file(
            "shop/lamps/index.html",
            r#"<!doctype html><script type="importmap">{"imports": {"lib/": "./lib/", "late/": "./late/"}}</script>"#,
        )
        .file("shop/lamps/lib/a.js", "export default 1")
        .file("shop/lamps/late/b.js", "export default 2");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("`./late/`"),
        "it's another folder: {run}"
    );
    assert!(!run.stderr.contains("`./lib/`"), "{run}");
}
