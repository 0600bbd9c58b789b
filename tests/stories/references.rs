//! References between files: found, followed, rewritten; and what is said of those that lead
//! nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::support::library::built;
use crate::support::web::{Browser, WebServer};
use crate::support::{Run, Site};

/// Every published file by logical path, as text.
fn published(site: &Site) -> BTreeMap<String, String> {
    site.ok(&["push", "-q"]);
    let objects = site.published("out");
    built(site)
        .objects
        .iter()
        .map(|object| {
            let bytes = objects[object.key.as_str()].clone();
            (
                object.path.to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
        .collect()
}

fn keys(site: &Site) -> BTreeMap<String, String> {
    let objects = built(site).objects;
    objects
        .iter()
        .map(|object| (object.path.to_string(), object.key.to_string()))
        .collect()
}

/// Which files have another name after `change`.
fn renamed_by(site: &Site, change: impl FnOnce(&Site)) -> Vec<String> {
    let before = keys(site);
    change(site);
    let after = keys(site);
    before
        .into_iter()
        .filter(|(path, key)| after[path] != *key)
        .map(|(path, _)| path)
        .collect()
}

/// Pushes a page that can't be, and returns what was said.
fn refused(site: &Site) -> Run {
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(site.published("out").is_empty());
    run
}

/// Every reference follows the file that it names.
#[test]
fn references_follow_renamed_files() {
    let site = Site::new()
        .config(
            r#"
            [[rule]]
            match = "**/*.html"
            names = "plain"
            [[rule]]
            match = "readable/**"
            names = "readable"
            [target.local]
            url = "file:out"
            "#,
        )
        .file("img/a.png", "a picture")
        .file("readable/b.png", "another")
        .file("fonts/f.woff2", "a font")
        .file("css/site.css", "@font-face { src: url('../fonts/f.woff2#x') }\nb { background: url(../img/a.png?v=1) }")
        .file("js/lib.mjs", "export const picture = new URL('../img/a.png', import.meta.url)")
        .file("js/app.js", "import { picture } from './lib.mjs'; // not './lib.mjs'\n")
        .file("puzzle/gears/index.html", concat!(
            "<link rel=stylesheet href=../../css/site.css>\n",
            "<img src='../../img/a.png' srcset=\"../../img/a.png 1x, ../../readable/b.png 2x\" alt=a>\n",
            "<script type=module src=../../js/app.js></script>\n",
            "<a href='../'>up</a> <a href=https://example.org/img/a.png>elsewhere</a> <!-- ../../img/a.png -->\n",
        ))
        .file("puzzle/index.html", "<a href=gears/>gears</a>\n");
    let files = published(&site);
    let keys = keys(&site);
    let key = |path: &str| keys[path].as_str();
    assert_eq!(
        files["css/site.css"],
        format!(
            "@font-face {{ src: url('{}#x') }}\nb {{ background: url({}?v=1) }}",
            key("fonts/f.woff2"),
            key("img/a.png")
        )
    );
    assert_eq!(
        files["js/lib.mjs"],
        format!(
            "export const picture = new URL('{}', import.meta.url)",
            key("img/a.png")
        )
    );
    assert_eq!(
        files["js/app.js"],
        format!(
            "import {{ picture }} from './{}'; // not './lib.mjs'\n",
            key("js/lib.mjs")
        )
    );
    assert_eq!(
        files["puzzle/gears/index.html"],
        format!(
            concat!(
                "<link rel=stylesheet href=../../{css}>\n",
                "<img src='../../{a}' srcset=\"../../{a} 1x, ../../{b} 2x\" alt=a>\n",
                "<script type=module src=../../{app}></script>\n",
                "<a href='../'>up</a> <a href=https://example.org/img/a.png>elsewhere</a> <!-- ../../img/a.png -->\n",
            ),
            css = key("css/site.css"),
            a = key("img/a.png"),
            b = key("readable/b.png"),
            app = key("js/app.js"),
        )
    );
    assert_eq!(
        files["puzzle/index.html"], "<a href=gears/>gears</a>\n",
        "files that keep their names need no new links"
    );
}

/// Editing a file renames only the files that show it.
#[test]
fn edit_renames_only_dependents() {
    let site = Site::new()
        .file("img/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
        .file(
            "img/other.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>",
        )
        .file("site.css", "a { background: url(img/a.svg) }")
        .file("print.css", "a { background: url(img/other.svg) }")
        .file("shown.html", "<link rel=stylesheet href=site.css>")
        .file("inside.html", "<iframe src=shown.html></iframe>")
        .file("aside.html", "<link rel=stylesheet href=print.css>");
    let renamed = renamed_by(&site, |site| {
        site.write(
            "img/a.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><path/></svg>",
        )
    });
    assert_eq!(
        renamed,
        ["img/a.svg", "inside.html", "shown.html", "site.css"]
    );
}

/// Repeated slashes in a reference count as one.
#[test]
fn repeated_slashes_count_as_one() {
    let site = Site::new()
        .config("[[rule]]\nmatch = \"*.{html,svg}\"\nnames = \"plain\"\n[target.t]\nurl = \"file:out\"\n")
        .file(
            "index.html",
            "<img src=\"img//a.png\"><a href=\"more///page.html\">more</a><img src=\".//b.svg\">",
        )
        .file("img/a.png", "a")
        .file("b.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
        .file("more/page.html", "<p>more");
    let run = site.run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.contains("warning")),
        (0, false),
        "{run}"
    );
    let page = fs::read_to_string(site.path("out/index.html")).expect("there");
    assert!(!page.contains("//"), "{page}");
    for url in page.split('"').skip(1).step_by(2) {
        assert!(site.path("out").join(url).exists(), "{url}: {page}");
    }
}

/// One suggested rule lets the dead references of many pages pass.
#[test]
fn one_rule_allows_many_dead_references() {
    let site = (0..30).fold(Site::new(), |site, n| {
        site.file(&format!("old/page{n}.html"), "<img src=\"gone.png\">")
    });
    let site = site.file("new/page.html", "<p>new");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    let lines = run.config_lines();
    assert_eq!(lines, "[[rule]]\nmatch = \"old/**\"\ndangling = \"warn\"\n");
    site.add_config(&lines);
    assert_eq!(site.run(&["push"]).code, 0);
}

/// Three pages in a cycle are renamed together, and nothing else is.
#[test]
fn page_cycle_is_renamed_together() {
    let page = |to: &str| format!("<a href={to}>on</a> <img src=a.png>");
    let site = Site::new()
        .file("a.png", "a picture")
        .file("one.html", page("two.html"))
        .file("two.html", page("three.html"))
        .file("three.html", page("one.html"))
        .file("beside.html", "<p>beside</p>")
        .file("above.html", "<a href=one.html>in</a>");
    assert_eq!(
        renamed_by(&site, |site| site
            .write("two.html", page("three.html") + "!")),
        ["above.html", "one.html", "three.html", "two.html"],
    );
    let site = Site::new()
        .file("a.png", "a picture")
        .file("one.html", page("two.html"))
        .file("two.html", page("three.html"))
        .file("three.html", page("one.html"))
        .file("beside.html", "<p>beside</p>");
    assert_eq!(
        renamed_by(&site, |site| site
            .write("two.html", page("three.html") + "!")),
        ["one.html", "three.html", "two.html"],
    );
    let files = published(&site);
    let keys = keys(&site);
    assert_eq!(
        files["three.html"],
        format!(
            "<a href={}>on</a> <img src={}>",
            keys["one.html"], keys["a.png"]
        )
    );
    assert_eq!(keys.values().collect::<BTreeSet<_>>().len(), keys.len());
    site.ok(&["diff", "--check"]);
}

/// A page that links to itself is a cycle of one.
#[test]
fn self_link_is_cycle_of_one() {
    let site = Site::new()
        .file("a.html", "<a href=a.html#top>top</a>")
        .file("b.html", "<a href=b.html>b</a>");
    let (files, before) = (published(&site), keys(&site));
    assert_eq!(
        files["a.html"],
        format!("<a href={}#top>top</a>", before["a.html"])
    );
    assert_eq!(
        renamed_by(&site, |site| site.write("a.html", "<a href=a.html>top</a>")),
        ["a.html"]
    );
}

/// All references that lead nowhere are reported at once.
#[test]
fn all_dangling_references_are_reported() {
    let site = Site::new()
        .file("img/map.png", "a picture")
        .file("img/readme.md", "not published")
        .file("site.css", "a { color: red }\n\nb { background: url(img/mop.png) }")
        .file("index.html", "<p>\n  <img src=map.png>\n  <img src=\"img/readme.md\"><a href=about>a page of the site</a>\n<img src=../x.png>")
        .file("app.js", "import './lib.js'\n//# sourceMappingURL=app.js.map\n");
    insta::assert_snapshot!("dangling", refused(&site));
}

/// A rule makes dangling references errors or warnings, or ignores them.
#[test]
fn dangling_rule_sets_severity() {
    let page = "<img src=a.png> <a href=b>b</a>";
    let site = |dangling: &str| {
        let rule = format!(
            "[[rule]]\nmatch = \"**\"\ndangling = \"{dangling}\"\n[target.local]\nurl = \"file:out\"\n"
        );
        Site::new().config(&rule).file("index.html", page)
    };
    let run = site("error").run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.matches("refers to").count()),
        (2, 2),
        "{run}"
    );
    let run = site("warn").run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.matches("warning: ").count()),
        (0, 2),
        "{run}"
    );
    let run = site("ignore").run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.matches("refers to").count()),
        (0, 0),
        "{run}"
    );
}

/// Paths below a prefix of the site are paths of the tree.
#[test]
fn site_prefix_paths_resolve_to_tree() {
    let site = Site::bare()
        .raw_config(
            r#"
            key_file = "hunt.key"
            prefixes = ["/static/", "https://cdn.example.org/hunt/"]
            [[source]]
            dir = "assets"
            [target.local]
            url = "file:out"
            "#,
        )
        .file("a.png", "a picture")
        .file("p/index.html", "<img src=/static/a.png><img src=https://cdn.example.org/hunt/a.png?x><img src=/other/a.png>");
    let files = published(&site);
    let a = &keys(&site)["a.png"];
    assert_eq!(
        files["p/index.html"],
        format!("<img src={a}><img src={a}?x><img src=/other/a.png>")
    );
    let site = site.file("p/index.html", "<img src=/static/b.png>");
    assert!(
        site.run(&["push"])
            .stderr
            .contains("`p/index.html:1:10`: refers to `/static/b.png`, but there is no `b.png`")
    );
}

/// References are absolute where a rule says so.
#[test]
fn rule_makes_references_absolute() {
    let config = |url: &str| {
        format!(
            "[[rule]]\nmatch = \"**/*.xml\"\nurls = \"absolute\"\nreferences = [\"enclosure@url\"]\n{url}"
        )
    };
    let targets = "[target.one]\nurl = \"file:one\"\npublic_url = \"https://one.example.org/x/\"\nstate = \"file:kept\"\n[target.two]\nurl = \"file:two\"\npublic_url = \"https://two.example.org/\"\n";
    let site = Site::new()
        .config(&config(targets))
        .file("talk.mp3", "a talk")
        .file("feed.xml", "<rss><enclosure url=\"talk.mp3\"/></rss>");
    site.ok(&["push", "-q", "one", "two"]);
    let talk = &keys_of_target(&site, "one", "talk.mp3");
    for (folder, url) in [
        ("one", "https://one.example.org/x/"),
        ("two", "https://two.example.org/"),
    ] {
        let objects = site.published(folder);
        let feed = objects
            .iter()
            .find(|(key, _)| key.ends_with(".xml"))
            .expect("it's there");
        assert_eq!(
            String::from_utf8_lossy(feed.1),
            format!("<rss><enclosure url=\"{url}{talk}\"/></rss>")
        );
    }
    let site = site.config(&config("[target.local]\nurl = \"file:out\"\n"));
    assert!(
        refused(&site)
            .stderr
            .contains("needs the target's `public_url`")
    );
}

/// Absolute references to a bucket need no `public_url` if the bucket's own address is known.
#[test]
fn bucket_needs_no_public_url() {
    let name = |target: &str| {
        let rule = "[[rule]]\nmatch = \"feed.xml\"\nurls = \"absolute\"\nreferences = [\"enclosure@url\"]\n";
        let site = Site::new()
            .config(&format!("{rule}[target.prod]\n{target}"))
            .file("talk.mp3", "a talk")
            .file("feed.xml", "<rss><enclosure url=\"talk.mp3\"/></rss>");
        let run = site.run(&["url", "feed.xml", "--target", "prod"]);
        let name = run.stdout.trim().rsplit('/').next().map(str::to_string);
        (run.code, name.filter(|_| run.code == 0))
    };
    let google = "url = \"gs://hunt/2027/\"\n";
    let address = "public_url = \"https://storage.googleapis.com/hunt/2027/\"\n";
    let other = "public_url = \"https://cdn.example.org/2027/\"\n";
    let by_bucket = name(google);
    assert_eq!(by_bucket.0, 0);
    assert_eq!(by_bucket, name(&format!("{google}{address}")));
    assert_ne!(by_bucket, name(&format!("{google}{other}")));
    assert_eq!(
        name("url = \"s3://hunt/2027/\"\nregion = \"eu-west-1\"\n").0,
        0
    );
    assert_eq!(
        name("url = \"s3://hunt/2027/\"\n").0,
        2,
        "in an unknown region"
    );
}

fn keys_of_target(site: &Site, target: &str, path: &str) -> String {
    let url = site.ok(&["url", path, "--target", target]);
    url.trim().rsplit('/').next().expect("a name").to_string()
}

/// A placeholder is replaced by the URLs of the files that it names.
#[test]
fn placeholder_becomes_file_urls() {
    let site = Site::new()
        .config("[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n")
        .file("puzzle/a/img/1.png", "one")
        .file("puzzle/a/img/2.png", "two")
        .file("puzzle/b/img/1.png", "of another puzzle")
        .file("puzzle/a/data.json", "{ \"pictures\": \"$$ASSETS(img/*.png)$$\" }")
        .file("puzzle/a/classic.js", "const pictures = \"$$ASSETS(img/*.png)$$\"; // \"$$ASSETS(img/*.png)$$\"\n")
        .file("puzzle/a/module.js", "export const pictures = '$$ASSETS(img/1.png)$$'\n")
        .file("puzzle/a/index.html", "<script src=classic.js></script><script type=module src=module.js></script><script>let a = \"$$ASSETS(img/2.png)$$\"</script>");
    let (files, keys) = (published(&site), keys(&site));
    let (one, two) = (&keys["puzzle/a/img/1.png"], &keys["puzzle/a/img/2.png"]);
    assert_eq!(
        files["puzzle/a/data.json"],
        format!("{{ \"pictures\": {{\"img/1.png\": \"{one}\", \"img/2.png\": \"{two}\"}} }}"),
    );
    assert_eq!(
        files["puzzle/a/classic.js"],
        format!(
            "const pictures = {{\"img/1.png\": \"../../{one}\", \"img/2.png\": \"../../{two}\"}}; // \"$$ASSETS(img/*.png)$$\"\n"
        ),
        "relative to the page that runs it",
    );
    assert_eq!(
        files["puzzle/a/module.js"],
        format!(
            "export const pictures = {{\"img/1.png\": new URL(\"{one}\", import.meta.url).href}}\n"
        ),
    );
    assert!(files["puzzle/a/index.html"].ends_with(&format!(
        "<script>let a = {{\"img/2.png\": \"../../{two}\"}}</script>"
    )));
}

/// A placeholder that stands for nothing is an error.
#[test]
fn unmatched_placeholder_is_an_error() {
    for (pattern, why) in [
        ("img/*.gif", "it matches no file in `p/`"),
        (
            "../b/*.png",
            "patterns are relative to the file's own folder",
        ),
        (
            "/img/*.png",
            "patterns are relative to the file's own folder",
        ),
        ("img/{", "it isn't a valid glob"),
    ] {
        let site = Site::new()
            .file("p/img/1.png", "one")
            .file("p/app.js", format!("let a =\n  \"$$ASSETS({pattern})$$\""));
        let run = refused(&site);
        assert!(
            run.stderr.contains("`p/app.js:2:3`: `$$ASSETS(") && run.stderr.contains(why),
            "{pattern}\n{run}"
        );
    }
}

/// The URL of a worker is relative to the page that starts it.
#[test]
fn worker_resolves_from_its_page() {
    let rules =
        "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .config(rules)
        .file("p/worker.js", "importScripts('help.js')")
        .file("p/help.js", "let help")
        .file("js/app.js", "new Worker('worker.js')")
        .file("p/index.html", "<script src=../js/app.js></script>");
    let (files, keys) = (published(&site), keys(&site));
    assert_eq!(
        files["js/app.js"],
        format!("new Worker('../{}')", keys["p/worker.js"])
    );
    assert_eq!(
        files["p/worker.js"],
        format!("importScripts('{}')", keys["p/help.js"])
    );

    let site = Site::new()
        .config(rules)
        .file("p/worker.js", "let work")
        .file("q/worker.js", "let other")
        .file("js/app.js", "new Worker('worker.js')")
        .file("p/index.html", "<script src=../js/app.js></script>")
        .file("q/index.html", "<script src=../js/app.js></script>");
    let run = refused(&site);
    assert!(run.stderr.contains("`js/app.js:1:13`: `worker.js` is relative to the page, and means different files for the pages in `p/` and `q/` that run this script"), "{run}");
}

/// A script that names a file where nothing is rewritten gets a warning.
#[test]
fn unrewritten_name_in_script_warns() {
    let site = Site::new().file("p/a.png", "a picture").file(
        "p/app.js",
        "const picture = 'a.png';\nfor (let n = 0; n < 9; n++) load('img/' + n + '.png');\n",
    );
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stderr
            .contains("warning: `p/app.js:1:17` names `a.png`, which gets another name"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("note: scripts build paths at run time in 1 place"),
        "{run}"
    );
    assert!(
        site.ok(&["refs"])
            .contains("note: `p/app.js:2:34` builds a path at run time, so it isn't rewritten: `'img/' + n + '.png'`\n")
    );
}

/// A push tells of paths that scripts build only if it publishes another version of the script.
#[test]
fn built_paths_are_told_of_changes() {
    const NOTE: &str = "note: scripts build paths at run time in ";
    let script = |path: &str| format!("for (let n = 0; n < 9; n++) load('{path}' + n + '.png');");
    let site = Site::new()
        .file("one.js", script("one/"))
        .file("two.js", script("two/"));
    let told = |arguments: &[&str]| {
        let run = site.run(arguments);
        assert_eq!(run.code, 0, "{run}");
        run.stderr
    };
    for first in ["diff", "push"] {
        let note = format!("{NOTE}2 places of new or changed files");
        assert!(told(&[first]).contains(&note), "{first}");
    }
    site.write("a.png", "a picture");
    for later in [&["diff"][..], &["push"], &["push", "-v"]] {
        assert!(!told(later).contains("at run time"), "{later:?}");
    }
    site.write("two.js", script("three/"));
    for changed in [&["diff"][..], &["push", "--dry-run"], &["push"]] {
        let note = format!("{NOTE}1 place of new or changed files");
        assert!(told(changed).contains(&note), "{changed:?}");
    }
    assert_eq!(site.ok(&["refs"]).matches("at run time").count(), 2);
    let of_one = site.ok(&["refs", "one.js"]);
    assert_eq!(of_one.matches("note: `one.js:1:").count(), 1, "{of_one}");
    assert_eq!(of_one.matches("at run time").count(), 1, "{of_one}");
    site.write("two.js", script("four/"));
    let all = told(&["push", "-v"]);
    assert_eq!(all.matches("at run time").count(), 1, "{all}");
    assert!(all.contains("note: `two.js:1:"), "{all}");
}

/// A script that refers to a folder gets a warning.
#[test]
fn script_base_folder_warns() {
    let script = |url: &str| format!("let from = new URL('{url}', import.meta.url)");
    for (url, folder) in [("./", "p/"), (".", "p/"), ("../q/", "q/"), ("../", "")] {
        let run = Site::new()
            .file("p/app.mjs", script(url))
            .file("q/a.png", "a picture")
            .run(&["push"]);
        assert_eq!(run.code, 0, "{run}");
        let warning = format!(
            "warning: `p/app.mjs:1:21` refers to `{url}`, but there is no `{folder}index.html`\n"
        );
        assert!(run.stderr.contains(&warning), "{run}");
    }
    for url in ["../nowhere/", "../q"] {
        let run = refused(
            &Site::new()
                .file("p/app.mjs", script(url))
                .file("q/a.png", "a picture"),
        );
        assert!(run.stderr.contains("`p/app.mjs:1:21`: refers to"), "{run}");
    }
}

/// `refs` shows references in both directions and draws the graph.
#[test]
fn refs_shows_both_directions_and_graph() {
    let site = Site::new()
        .config("[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n")
        .file("a.png", "a picture")
        .file("site.css", "a { background: url(a.png) }")
        .file("index.html", "<link rel=stylesheet href=site.css>\n<img src=a.png>");
    insta::assert_snapshot!("refs", site.run(&["refs", "site.css", "a.png"]));
    insta::assert_snapshot!("refs_dot", site.run(&["refs", "--dot"]));
    let run = site.run(&["refs", "sites.css"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("did you mean `site.css`?"), "{run}");
}

/// A file that is too large to parse is published only by a rule.
#[test]
fn oversized_file_needs_a_rule() {
    let large = " ".repeat(33 << 20);
    let site = Site::new().file("a.html", &large);
    assert!(
        refused(&site)
            .stderr
            .contains("too large to search for references: set `rewrite = false`")
    );
    let site = site
        .config("[[rule]]\nmatch = \"**\"\nrewrite = false\n[target.local]\nurl = \"file:out\"\n");
    assert_eq!(site.run(&["push"]).code, 0);
}

/// A file that is not UTF-8 keeps every byte that is no reference.
#[test]
fn non_utf8_bytes_are_preserved() {
    let site = Site::new()
        .file("a.png", "a picture")
        .file("page.html", b"<p>caf\xe9</p><img src=a.png>\xff");
    site.ok(&["push", "-q"]);
    let keys = keys(&site);
    let expected = [
        b"<p>caf\xe9</p><img src=",
        keys["a.png"].as_bytes(),
        b">\xff",
    ]
    .concat();
    assert_eq!(site.published("out")[&keys["page.html"]], expected);
}

/// Missing source maps are one warning with their number.
#[test]
fn missing_source_maps_warn_once() {
    let names = (0..30).map(|n| format!("v{}/style{n}.css", n % 3));
    let site = names.fold(Site::new(), |site, name| {
        let map = name.rsplit('/').next().expect("a name");
        site.file(&name, format!("a{{}}\n/*# sourceMappingURL={map}.map */"))
    });
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    let lines = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning"));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(
        lines,
        [
            "warning: 30 references lead to missing source maps: `v0/style0.css:2:22`, `v0/style12.css:2:22`, `v0/style15.css:2:22` and 27 more"
        ]
    );
}

/// Source maps are refused, stripped or published, as a rule says.
#[test]
fn source_maps_refused_stripped_or_published() {
    let inline = "let a\n//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozfQ==\n";
    let files = |site: Site| {
        site.file("app.js", "let a\n//# sourceMappingURL=app.js.map\n")
            .file(
                "app.js.map",
                r#"{"version":3,"sources":["src/a.ts","lib.js"],"mappings":""}"#,
            )
            .file("lib.js", "let lib")
    };
    let rule = |maps: &str| {
        format!(
            "[[rule]]\nmatch = \"**\"\nsource_maps = \"{maps}\"\n[target.local]\nurl = \"file:out\"\n"
        )
    };

    let run = files(Site::new()).run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stderr.contains(
            "warning: `app.js:2:22` refers to `app.js.map`, but `app.js.map` isn't published"
        ),
        "{run}"
    );
    assert!(
        refused(&Site::new().file("app.js", inline))
            .stderr
            .contains("`app.js:2:1`: holds a source map")
    );

    let site = files(Site::new().config(&rule("strip"))).file("inline.js", inline);
    let stripped = published(&site);
    assert_eq!(
        (stripped["app.js"].as_str(), stripped["inline.js"].as_str()),
        ("let a\n\n", "let a\n\n")
    );
    assert!(!stripped.contains_key("app.js.map"));

    let site = files(Site::new().config(&rule("publish"))).file("inline.js", inline);
    let (files, keys) = (published(&site), keys(&site));
    assert_eq!(
        files["app.js"],
        format!("let a\n//# sourceMappingURL={}\n", keys["app.js.map"])
    );
    assert_eq!(
        files["app.js.map"],
        format!(
            r#"{{"version":3,"sources":["src/a.ts","{}"],"mappings":""}}"#,
            keys["lib.js"]
        )
    );
    assert_eq!(files["inline.js"], inline);
}

/// Names of files in cycles match those of an independent implementation.
#[test]
fn cycle_names_match_independent_program() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../data/names/components-v1.json")).expect("JSON");
    let texts = |field: &str| -> BTreeMap<String, String> {
        serde_json::from_value(vectors[field].clone()).expect("texts")
    };
    let site = texts("files")
        .iter()
        .fold(Site::new(), |site, (path, content)| {
            site.file(path, content)
        });
    assert_eq!(vectors["secret"], crate::support::KEY);
    assert_eq!(keys(&site), texts("keys"));
}

/// A URL that may be meant as a file of the tree gets a warning with a fix.
#[test]
fn urls_that_may_mean_tree_warn() {
    let site = |page: &str| {
        Site::new()
            .file("css/main.css", "a {}")
            .file("a b#?.png", "odd")
            .file("p/index.html", page)
    };
    for (page, warning) in [
        (
            "<link rel=stylesheet href=/css/main.css>",
            "`p/index.html:1:27` refers to `/css/main.css`, which isn't rewritten, although the tree has this file: set `prefixes = [\"/\"]`",
        ),
        (
            "<link rel=stylesheet href=/static/css/main.css>",
            "`prefixes = [\"/static/\"]`",
        ),
        (
            "<base href=/><link rel=stylesheet href=../css/main.css>",
            "which isn't rewritten because of the page's `<base>`",
        ),
    ] {
        let run = site(page).run(&["push"]);
        assert!(
            run.code == 0 && run.stderr.contains(warning),
            "{page}\n{run}"
        );
    }
    for page in [
        "<link rel=stylesheet href=/css/other.css>",
        "<a href=https://example.org/css/main.css>x</a>",
    ] {
        let run = site(page).run(&["push"]);
        assert!(
            run.code == 0 && !run.stderr.contains("warning"),
            "{page}\n{run}"
        );
    }
    let run = site("<img src='../a b#?.png'>").run(&["push"]);
    assert!(
        run.stderr
            .contains("write `%23` for a `#` in a file's name, and `%3F` for a `?`"),
        "{run}"
    );
    site("<img src='../a%20b%23%3F.png'>").ok(&["push"]);
}

/// In a cycle too, a name changes with everything that a browser sees.
#[test]
fn cycle_names_cover_headers_and_style() {
    let rules = |more: &str| {
        format!("[[rule]]\nmatch = \"b.html\"\n{more}\n[target.local]\nurl = \"file:out\"\n")
    };
    let site = |more: &str| {
        Site::new()
            .config(&rules(more))
            .file("a.html", "<a href=b.html>b</a>")
            .file("b.html", "<a href=a.html>a</a><a href=b.html>b</a>")
    };
    let usual = keys(&site("gzip = \"auto\""));
    for more in [
        "cache_control = \"public, max-age=5\"",
        "names = \"readable\"",
        "headers = { \"content-language\" = \"en\" }",
    ] {
        let changed = keys(&site(more));
        assert!(
            usual["a.html"] != changed["a.html"] && usual["b.html"] != changed["b.html"],
            "{more}"
        );
    }
    let absolute = |url: &str| {
        let rules = format!(
            "[[rule]]\nmatch = \"**\"\nurls = \"absolute\"\n[target.local]\nurl = \"file:out\"\npublic_url = \"{url}\"\n"
        );
        let site = Site::new()
            .config(&rules)
            .file("a.html", "<link rel=canonical href=a.html>");
        site.ok(&["url", "a.html"])
            .trim_start_matches(url)
            .to_string()
    };
    assert_ne!(
        absolute("https://one.example.org/"),
        absolute("https://two.example.org/")
    );
}

/// The URL of a worker is relative to the base URL of the page that starts it.
#[test]
fn worker_resolves_from_page_base() {
    let site = Site::new()
        .file("w.js", "let wrong")
        .file("lib/w.js", "let right")
        .file("app.js", "new Worker('w.js')")
        .file(
            "index.html",
            "<base href=lib/><script src=../app.js></script>",
        );
    let shown = site.ok(&["refs", "app.js"]);
    assert!(
        shown.starts_with("app.js refers to\n  1:13 lib/w.js\n"),
        "{shown}"
    );
}

/// A source map in a script that cannot be parsed is refused.
#[test]
fn source_map_in_unparsable_script_refused() {
    let script =
        "const x = {{ template }};\n//# sourceMappingURL=data:application/json;base64,eyJ9\n";
    for rule in ["refuse", "strip"] {
        let site = Site::new()
            .config(&format!("[[rule]]\nmatch = \"**\"\nrewrite = false\nsource_maps = \"{rule}\"\n[target.local]\nurl = \"file:out\"\n"))
            .file("app.js", script);
        assert!(
            refused(&site)
                .stderr
                .contains("`app.js:2:5`: can't be parsed, but seems to hold a source map")
        );
    }
}

/// A reference that leads out of the tree is never a file of the tree.
#[test]
fn references_out_of_tree_are_rejected() {
    for folder in ["t", "tree", "assets"] {
        let site = Site::new()
            .file("a.txt", "a")
            .file("index.html", format!("<a href=../{folder}/a.txt>a</a>"));
        let run = site.run(&["push"]);
        assert!(
            run.stderr.contains("but it leads outside the tree"),
            "{run}"
        );
    }
}

/// A site whose URLs begin with a slash works below a prefix.
#[test]
fn root_relative_site_works_below_prefix() {
    let site = Site::new()
        .raw_config(
            "key_file = \"hunt.key\"\nprefixes = [\"/\"]\n[[source]]\ndir = \"assets\"\n[[rule]]\nmatch = \"{**/*.html,fixed/**}\"\nnames = \"plain\"\n[target.t]\nurl = \"file:web/fair/2031\"\n",
        )
        .file(
            "index.html",
            r#"<!doctype html><title>fair</title><link rel="icon" href="/b.svg"><img src="/fixed/a.svg"><img src="/b.svg"><a href="/stalls/">stalls</a><script src="/fixed/later.js"></script>"#,
        )
        .file("stalls/index.html", r#"<title>stalls</title><link rel="icon" href="/b.svg"><a href="/">fair</a>"#)
        .file("fixed/later.js", "document.title = 'done';")
        .file("fixed/a.svg", SVG)
        .file("b.svg", SVG)
        .file("404.html", r#"<a href="/stalls/">stalls</a>"#)
        .file("fixed/deep/unused.js", "new Worker('/fixed/later.js')");
    site.ok(&["push"]);
    let server = WebServer::of(site.path("web"));
    let browser = Browser::start();
    let (title, errors) = browser.visit(&format!("{}fair/2031/index.html", server.url));
    assert_eq!((title.as_str(), errors), ("done", Vec::new()));
    let broken = "[...document.images].filter((image) => !image.naturalWidth).length";
    assert_eq!(browser.value(broken), 0);
    let there = browser.value("document.querySelector('a').href");
    assert_eq!(there, format!("{}fair/2031/stalls/index.html", server.url));
    assert_eq!(
        browser.open(there.as_str().expect("a URL")),
        Vec::<String>::new()
    );
    let back = browser.value("document.querySelector('a').href");
    assert_eq!(back, format!("{}fair/2031/index.html", server.url));
    // Nobody knows which page runs a script that none here does.
    let script = site.published("web")["fair/2031/fixed/deep/unused.js"].clone();
    assert_eq!(script, b"new Worker('/fixed/later.js')");
    // It's shown for addresses in any folder, so nothing can be relative to it.
    let page = String::from_utf8(site.published("web")["fair/2031/404.html"].clone());
    assert_eq!(page.expect("text"), r#"<a href="/stalls/">stalls</a>"#);
}

const SVG: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle r="3"/></svg>"#;

/// Well-known names are kept, unless the file is in a level or has a rule.
#[test]
fn conventional_names_stay_unless_in_level() {
    let site = Site::new().config(
        "[[level]]\nname = \"later\"\nmatch = \"later/**\"\n[[rule]]\nmatch = \"humans.txt\"\nnames = \"opaque\"\n[target.t]\nurl = \"file:out\"\n",
    );
    let by_heart = [
        "robots.txt",
        "favicon.ico",
        "sitemap.xml",
        "sitemap-2.xml",
        "404.html",
        "browserconfig.xml",
        "apple-touch-icon-120x120.png",
        ".well-known/security.txt",
        "sw.js",
        "app/service-worker.js",
    ];
    let others = [
        "humans.txt",
        "later/sw.js",
        "notes.txt",
        "art/favicon.ico",
        "index.html",
    ];
    for path in by_heart.iter().chain(&others) {
        site.write(path, format!("this is {path}"));
    }
    site.ok(&["push"]);
    let published = site.published("out");
    for path in by_heart {
        assert!(published.contains_key(path), "{path}");
    }
    for path in others {
        assert!(!published.contains_key(path), "{path}");
    }
}

/// The first reference that leads nowhere is shown with its line and a caret.
#[test]
fn dangling_reference_shows_line_and_caret() {
    let page = "<p>\n\t<img src=\"mop.png\" alt=\"漢\"><img src=mip.png>\n";
    let site = Site::new().file("index.html", page).file("z.html", page);
    let told = concat!(
        "error: 2 files can't be published\n",
        "  `index.html:2:12`: refers to `mop.png`, but there is no `mop.png`\n",
        "  |\n",
        "2 |     <img src=\"mop.png\" alt=\"漢\"><img src=mip.png>\n",
        "  |               ^^^^^^^\n",
        "  `index.html:2:38`: refers to `mip.png`, but there is no `mip.png`\n",
    );
    let run = refused(&site);
    assert!(run.stderr.starts_with(told), "{run}");
    assert_eq!(run.stderr.matches('^').count(), 7, "{run}");
    let run = site.run(&["push", "--log-format", "json", "--json"]);
    assert!(
        !format!("{}{}", run.stdout, run.stderr).contains('^'),
        "{run}"
    );
}

/// Of a minified file, only the part near the fault is shown.
#[test]
fn minified_line_is_shown_in_part() {
    let many = "b{color:red}".repeat(9000);
    let site = Site::new().file("a.css", format!("{many}i{{background:url(mop.png)}}{many}"));
    let run = refused(&site);
    let line = run.stderr.lines().find(|line| line.starts_with("1 | "));
    let line = line.expect("a line");
    assert!(
        line.chars().count() < 120 && line.contains("url(mop.png)"),
        "{run}"
    );
    let carets = run
        .stderr
        .lines()
        .find(|line| line.contains('^'))
        .expect("carets");
    let above = line.chars().skip(carets.find('^').expect("one")).take(7);
    assert_eq!(above.collect::<String>(), "mop.png");
}
