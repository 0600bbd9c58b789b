//! Paths that no parser follows: in strings of scripts, in attributes that browsers know nothing
//! of, in data. A push tells of those that mean files which get other names, with the lines that
//! let the page work.

use crate::support::Site;
use crate::support::web::{Browser, WebServer};

const FOLDER: &str = "[target.t]\nurl = \"file:out\"\n";
const PAGES: &str = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n";
const SVG: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle r="3"/></svg>"#;

fn site(rules: &str, files: &[(&str, &str)]) -> Site {
    let site = Site::new().config(&format!("{rules}{FOLDER}"));
    files
        .iter()
        .fold(site, |site, (path, content)| site.file(path, content))
}

/// Makes sure that a push warns in these words, prints these lines, and warns no more once they are
/// in the configuration.
#[track_caller]
fn assert_mended(site: &Site, words: &str, wanted: &str) {
    let warned = site.run(&["diff"]);
    assert_eq!(warned.code, 0, "{warned}");
    assert!(warned.stderr.contains(words), "{warned}");
    assert_eq!(warned.config_lines(), wanted, "{warned}");
    site.add_config(&warned.config_lines());
    let run = site.run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.contains("warning")),
        (0, false),
        "{run}"
    );
}

/// Opens a page, by what `assetsync url` says, and makes sure that it says it's done.
#[track_caller]
fn assert_done(site: &Site, page: &str) {
    let server = WebServer::of(site.path("out"));
    let url = site.ok(&["url", page]);
    let (_, key) = url.trim().rsplit_once("/out/").expect("it's in the target");
    let (title, errors) = Browser::start().visit(&format!("{}{key}", server.url));
    assert_eq!((title.as_str(), errors), ("done", Vec::new()));
}

/// A page whose script puts the name of a picture together, and says whether it loads.
fn page_with(expression: &str) -> String {
    format!(
        r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script>const code = ["at"][0]; const image = new Image(); image.onload = () => document.title = "done"; image.onerror = () => document.title = "failed"; image.src = {expression};</script>"#
    )
}

/// A string that builds paths into a folder warns, and the printed rule fixes it.
#[test]
fn path_built_into_folder_warns() {
    for expression in [
        r#""img/flags/" + code + ".svg""#,
        r#"`img/flags/${code}.svg`"#,
        r#"(() => { let n = 0; n++; return "img/flags/" + (n && code) + ".svg"; })()"#,
        r#"["img/flags/", code].reduce((a, b) => a + b) + ".svg""#,
        r#"(() => { const base = "img"; return base + "/flags/" + code + ".svg"; })()"#,
    ] {
        let site = site(
            "",
            &[
                ("index.html", &page_with(expression)),
                ("img/flags/at.svg", SVG),
            ],
        );
        assert_mended(
            &site,
            "builds paths into `img/flags/`, whose files get other names",
            "[[folder]]\nmatch = \".\"\n",
        );
        assert_done(&site, "index.html");
    }
}

/// Markup in a string that ends in a folder causes a warning.
#[test]
fn markup_string_ending_in_folder_warns() {
    let page = r#"<!doctype html><title>t</title><div id="x"></div><script>var all = [{ src: "a.svg" }]; x.innerHTML = "<img alt='' src='pics/logos/" + all[0].src + "'>";</script>"#;
    let site = site("", &[("s/index.html", page), ("s/pics/logos/a.svg", SVG)]);
    assert_mended(&site, "`s/pics/logos/`", "[[folder]]\nmatch = \"s\"\n");
}

/// A page that people reach by a link goes into the keyed folder with its files.
#[test]
fn linked_page_joins_the_folder() {
    let page = page_with(r#""flags/" + code + ".svg""#);
    let site = site(
        PAGES,
        &[
            (
                "index.html",
                r#"<a href="puzzle/gears/index.html">gears</a>"#,
            ),
            ("puzzle/gears/index.html", &page),
            ("puzzle/gears/flags/at.svg", SVG),
        ],
    );
    assert_mended(
        &site,
        "`puzzle/gears/flags/`",
        "[[folder]]\nmatch = \"puzzle/gears\"\n[[rule]]\nmatch = \"puzzle/gears/**/*.html\"\nnames = \"folder\"\n",
    );
    assert_done(&site, "puzzle/gears/index.html");
}

/// File names that only a script can build are reported with the rule that keeps them.
#[test]
fn script_built_file_names_warn() {
    // As generators of documentation write: the page says how far up the top is.
    for (expression, files, line) in [
        (r#"up + "lamp.svg""#, vec!["lamp.svg"], "lamp.svg"),
        (r#"up + "/lamp.svg?v=2""#, vec!["lamp.svg"], "lamp.svg"),
        (
            r#"up + "lamp" + 2 * one + ".svg""#,
            vec!["lamp1.svg", "lamp2.svg"],
            "lamp*.svg",
        ),
        (
            r#"`${up}lamp-${code}.svg`"#,
            vec!["lamp-at.svg", "lamp-be.svg"],
            "lamp-*.svg",
        ),
        (
            r#"new DOMParser().parseFromString("<img src='" + up + "lamp.svg' alt=''>", "text/html").images[0].getAttribute("src")"#,
            vec!["lamp.svg"],
            "lamp.svg",
        ),
        (
            r#"((name) => name + ".svg")(up + "lamps" + one)"#,
            vec!["lamps0.svg", "lamps1.svg"],
            "{lamps*.svg,lamps0.svg,lamps1.svg}",
        ),
    ] {
        let page = page_with(expression).replace(
            "const code",
            "const one = [1][0], up = document.title === 't' ? './' : '../', code",
        );
        let all: Vec<(&str, &str)> = files.iter().map(|file| (*file, SVG)).collect();
        let site = site(
            PAGES,
            &[&[("index.html", page.as_str())], &all[..]].concat(),
        );
        assert_mended(
            &site,
            "other name",
            &format!("[[rule]]\nmatch = \"{line}\"\nnames = \"plain\"\n"),
        );
        assert_done(&site, "index.html");
    }
    // Names without their extension, as menus have them: what nothing refers to is meant.
    let page = page_with(r#"up + ["lamp_dup", "lamp_all"][0] + ".svg""#)
        .replace("const code", "const up = './', code");
    let menu = site(
        PAGES,
        &[
            ("index.html", &page),
            ("lamp_dup.svg", SVG),
            ("lamp_all.svg", SVG),
            (
                "about.html",
                "<!doctype html><title>a</title><img src=\"seen.svg\" alt=\"\">",
            ),
            ("seen.svg", SVG),
        ],
    );
    assert_mended(
        &menu,
        "builds names of files such as `*.svg`, which get other names",
        "[[rule]]\nmatch = \"{lamp_all.svg,lamp_dup.svg}\"\nnames = \"plain\"\n",
    );
    assert_done(&menu, "index.html");
    // A rule says that nobody guesses these: then no part of a name means them, and no line opens
    // them.
    let hidden = site(
        &format!("{PAGES}[[rule]]\nmatch = \"*.svg\"\nnames = \"opaque\"\n"),
        &[("index.html", &page), ("lamp_dup.svg", SVG)],
    );
    let run = hidden.run(&["push"]);
    assert!(!run.stderr.contains("warning"), "{run}");
    let other = site(
        PAGES,
        &[
            (
                "index.html",
                r#"<!doctype html><title>t</title><script>const n = 1; document.body.id = "lamp" + n; console.log("lamp" + n + " of 2", n + "px.png")</script>"#,
            ),
            ("lamp1.svg", SVG),
            ("lamp of 2.svg", SVG),
        ],
    );
    let run = other.run(&["push"]);
    assert!(!run.stderr.contains("warning"), "these are no names: {run}");
}

/// Not even the beginning of a hidden name is shown.
#[test]
fn hidden_name_beginnings_are_masked() {
    let site = site(
        "[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\nhide_paths = true\n",
        &[
            ("index.html", "<!doctype html><title>t</title>"),
            (
                "a/solution/page.html",
                r#"<!doctype html><title>t</title><script>const n = [1][0], up = ["./"][0]; new Image().src = up + "tigers-" + n + ".svg"</script>"#,
            ),
            ("a/solution/tigers-1.svg", SVG),
        ],
    );
    let shown = site.run(&["diff", "--show-hidden"]);
    assert!(shown.stderr.contains("tigers-*.svg"), "{shown}");
    let run = site.run(&["diff"]);
    assert!(run.stderr.contains("builds names of files"), "{run}");
    assert!(!run.to_string().contains("tigers"), "{run}");
    let json = site.run(&["diff", "--json"]);
    assert!(!json.to_string().contains("tigers"), "{json}");
}

/// A script that cannot be parsed and names a renamed file stops the push.
#[test]
fn unparsable_script_naming_renamed_file_fails() {
    // More brackets than a parser has room for; a browser has.
    let deep = format!("{}1{}", "(".repeat(200_000), ")".repeat(200_000));
    let script =
        format!("import {{ turn }} from \"./gear.js\";\nconst n = () => {deep};\nturn();\n");
    let site = site(
        PAGES,
        &[
            (
                "index.html",
                r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script type="module" src="app.js"></script>"#,
            ),
            ("app.js", &script),
            (
                "gear.js",
                "export const turn = () => document.title = \"done\";\n",
            ),
        ],
    );
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr
            .contains("names `./gear.js`, which gets another name, but the script can't be parsed"),
        "{run}"
    );
    site.add_config(&run.config_lines());
    assert_eq!(site.run(&["push"]).code, 0);
}

/// Files that a script of a plain page builds paths to keep their names as well.
#[test]
fn plain_pages_keep_files_plain() {
    let site = site(
        PAGES,
        &[
            ("index.html", &page_with(r#""img/flags/" + code + ".svg""#)),
            ("img/flags/at.svg", SVG),
            ("img/other.svg", SVG),
        ],
    );
    assert_mended(
        &site,
        "`img/flags/`",
        "[[rule]]\nmatch = \"img/flags/**\"\nnames = \"plain\"\n",
    );
    assert_done(&site, "index.html");
    assert!(!site.published("out").contains_key("img/other.svg"));
}

/// Parts that a script joins into a whole path count as a path.
#[test]
fn joined_parts_count_as_path() {
    let page = r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script>
        var url = "build", config = { code: url + "/game.parts.gz", data: url + "/game.data" };
        Promise.all(Object.values(config).map((part) => fetch(part))).then((all) => document.title = all.every((one) => one.ok) ? "done" : "failed");
    </script>"#;
    let files = [
        ("index.html", page),
        ("build/game.parts.gz", "wasm"),
        ("build/game.data", "data"),
        ("build/other.data", "other"),
    ];
    let site = site(
        &format!("{PAGES}[[rule]]\nmatch = \"build/*\"\npublish = true\n"),
        &files,
    );
    assert_mended(
        &site,
        "2 places name files in `build/` that get other names, but text like this isn't rewritten",
        "[[rule]]\nmatch = \"{build/game.data,build/game.parts.gz}\"\nnames = \"plain\"\n",
    );
    assert_done(&site, "index.html");
}

/// A script that nobody wrote by hand gets a keyed folder instead of being rewritten.
#[test]
fn generated_script_gets_keyed_folder() {
    let library = format!(
        "/*{}*/const code = 'at'; const image = new Image(); image.onload = () => document.title = 'done'; image.src = 'lib/marker.svg';",
        "x".repeat(2000)
    );
    let page = r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script src="lib/map.js"></script>"#;
    let site = site(
        "",
        &[
            ("index.html", page),
            ("lib/map.js", &library),
            ("lib/marker.svg", SVG),
        ],
    );
    assert_mended(
        &site,
        "names `lib/marker.svg`, which gets another name, but text like this isn't rewritten",
        "[[folder]]\nmatch = \".\"\n",
    );
    assert_done(&site, "index.html");
}

/// Attributes for scripts warn, with the `references` rule that makes them URLs.
#[test]
fn script_attributes_warn_with_rule() {
    let page = r#"<!doctype html><title>t</title><img class="lazyload" alt="img/a.svg" data-src="img/a.svg" data-srcset="img/a.svg 1x, img/b.svg 2x"><div data-bg="img/b.svg"></div><x-card picture="img/a.svg"></x-card>"#;
    let site = site(
        PAGES,
        &[
            ("index.html", page),
            ("img/a.svg", SVG),
            ("img/b.svg", &SVG.replace('3', "2")),
        ],
    );
    assert_mended(
        &site,
        "an attribute unknown to browsers (`img@data-srcset`)",
        "[[rule]]\nmatch = \"**/*.html\"\nreferences = [\"div@data-bg\", \"img@data-src\", \"img@data-srcset\", \"x-card@picture\"]\n",
    );
    let published = site.published("out");
    let page = String::from_utf8_lossy(&published["index.html"]);
    assert_eq!(page.matches("img/").count(), 1, "but for `alt`: {page}");
}

/// Paths in the data of a page cause a warning whose rule fixes them.
#[test]
fn paths_in_page_data_warn() {
    let story = r#"<!doctype html><title>t</title><tw-storydata name="x" hidden><tw-passagedata pid="1" name="Start">&lt;img src=&quot;img/a.svg&quot;&gt; [img[img/b.svg]] in prose. &lt;audio src=&quot;s.mp3&quot;&gt;</tw-passagedata></tw-storydata>"#;
    let config = r#"<!doctype html><title>t</title><video data-setup='{"poster":"img/a.svg"}'></video><script type="application/json">{"next": "img/b.svg"}</script>"#;
    for page in [story, config] {
        let site = site(
            PAGES,
            &[
                ("index.html", page),
                ("img/a.svg", SVG),
                ("img/b.svg", &SVG.replace('3', "2")),
                ("s.mp3", "ID3"),
            ],
        );
        let warned = site.run(&["push"]);
        assert!(
            warned
                .stderr
                .contains("files in `img/` that get other names"),
            "{warned}"
        );
        let plain = warned.config_lines();
        assert!(plain.contains("match = \"{img/a.svg,img/b.svg"), "{warned}");
        site.add_config(&plain);
        let run = site.run(&["push"]);
        assert!(!run.stderr.contains("warning"), "{run}");
    }
}

#[test]
fn json_is_told_with_the_pointer() {
    let levels = r#"{"levels": [{"map": "maps/1.svg", "title": "one"}, {"map": "maps/2.svg"}]}"#;
    let site = site(
        "",
        &[
            ("levels.json", levels),
            ("maps/1.svg", SVG),
            ("maps/2.svg", &SVG.replace('3', "2")),
            (
                "index.html",
                r#"<script type="module">fetch(new URL("levels.json", import.meta.url))</script>"#,
            ),
            ("package.json", r#"{"main": "maps/1.svg"}"#),
            ("notes.txt", "maps/2.svg is the other one"),
        ],
    );
    assert_mended(
        &site,
        "2 places name files that get other names, at `/levels/*/map`",
        "[[rule]]\nmatch = \"levels.json\"\nreferences = [\"/levels/*/map\"]\n",
    );
}

/// Paths inside a keyed folder or among plain names cause no warning.
#[test]
fn no_warning_within_folder_or_plain() {
    let files = [
        ("index.html", &*page_with(r#""img/" + code + ".svg""#)),
        ("app.js", "const all = ['img/at.svg', `img/${x}/`];"),
        ("img/at.svg", SVG),
        ("data.json", r#"["img/at.svg"]"#),
    ];
    for rules in [
        "[[folder]]\nmatch = \".\"\n",
        "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n",
    ] {
        let run = site(rules, &files).run(&["push"]);
        assert_eq!(
            (run.code, run.stderr.contains("warning")),
            (0, false),
            "{run}"
        );
    }
}

/// Strings that are no paths cause no warning.
#[test]
fn non_path_strings_cause_no_warning() {
    let script = r#"
        const types = ["image/svg+xml", "text/html", "application/json"];
        const near = ["./" + x, "../" + x, "/" + x];
        const far = ["https://example.org/img/" + x, "//example.org/img/" + x];
        const key = pictures["img/" + x] || pictures[`img/${x}`];
        const words = "either/or", date = "2024/06/" + x;
    "#;
    let site = site(
        "",
        &[
            ("index.html", "<script src=a.js></script>"),
            ("a.js", script),
            ("img/at.svg", SVG),
            ("text.svg", SVG),
        ],
    );
    let run = site.run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.contains("warning")),
        (0, false),
        "{run}"
    );
}

/// `--deny-warnings` stops a push unless the configuration allows the warning.
#[test]
fn deny_warnings_stops_unless_allowed() {
    let files = [
        ("index.html", &*page_with(r#""img/flags/" + code + ".svg""#)),
        ("img/flags/at.svg", SVG),
    ];
    for allow in ["mention", "mention:*.html"] {
        let site = site("", &files);
        for verb in ["diff", "push"] {
            let denied = site.run(&[verb, "--deny-warnings"]);
            assert_eq!(denied.code, 2, "{denied}");
            let words = "Found a warning about the files, and `--deny-warnings` allows none";
            assert!(denied.stderr.contains(words), "{denied}");
            assert!(
                denied.stderr.contains("`allow = [\"mention\"]`"),
                "{denied}"
            );
        }
        assert!(site.published("out").is_empty());
        site.add_config(&format!("[warnings]\nallow = [\"{allow}\"]\n"));
        let run = site.run(&["push", "--deny-warnings"]);
        assert_eq!(
            (run.code, run.stderr.contains("warning")),
            (0, false),
            "{run}"
        );
    }
    let site = site("[warnings]\nallow = [\"mentoin\"]\n", &files);
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("unknown kind of warning `mentoin`"),
        "{run}"
    );
    assert!(run.stderr.contains("`mention`"), "{run}");
}

/// Allowing another kind or file of warnings leaves this warning in place.
#[test]
fn allowing_other_warnings_changes_nothing() {
    let files = [
        ("index.html", &*page_with(r#""img/flags/" + code + ".svg""#)),
        ("img/flags/at.svg", SVG),
    ];
    for allow in ["unread", "mention:vendor/**"] {
        let rules = format!("[warnings]\nallow = [\"{allow}\"]\n");
        let run = site(&rules, &files).run(&["push", "--deny-warnings"]);
        assert_eq!(
            (run.code, run.stderr.contains("warning: ")),
            (2, true),
            "{run}"
        );
    }
}

/// A script that names an unpublished file warns with the rule that publishes it.
#[test]
fn unpublished_file_warns_with_publish_rule() {
    let page = r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script>fetch("texts/rules.md").then((answer) => document.title = answer.ok ? "done" : "failed");</script>"#;
    let site = site(
        PAGES,
        &[
            ("index.html", page),
            ("texts/rules.md", "# Rules"),
            ("texts/other.md", "# Other"),
        ],
    );
    assert_mended(
        &site,
        "names `texts/rules.md`, which isn't published because of its uncommon extension",
        "[[rule]]\nmatch = \"texts/rules.md\"\npublish = true\nnames = \"plain\"\n",
    );
    assert_done(&site, "index.html");
}

/// A bare file name in a library means no hidden file.
#[test]
fn bare_names_mean_no_hidden_file() {
    let rules = "[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\n";
    let site = site(
        rules,
        &[
            ("index.html", "<script src=lib/router.js></script>"),
            ("lib/router.js", "const pages = ['view.html', 'lamp.svg'];"),
            ("lib/solution/view.html", "<p>GEAR</p>"),
            ("lib/solution/lamp.svg", SVG),
            ("lib/z/lamp.svg", &SVG.replace('3', "2")),
        ],
    );
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    let warnings = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning"));
    let warnings: Vec<&str> = warnings.collect();
    assert_eq!(warnings.len(), 1, "{run}");
    assert!(warnings[0].contains("names `lamp.svg`"), "{run}");
}

/// Suggested rules never match files that a rule keeps unguessable.
#[test]
fn suggested_rules_spare_unguessable_files() {
    let rules = format!("{PAGES}[[rule]]\nmatch = \"img/answers/**\"\nnames = \"opaque\"\n");
    let site = site(
        &rules,
        &[
            ("index.html", &page_with(r#""img/" + code + ".svg""#)),
            ("img/at.svg", SVG),
            ("img/answers/gear.svg", &SVG.replace('3', "2")),
        ],
    );
    assert_mended(
        &site,
        "`img/`",
        "[[rule]]\nmatch = \"img/at.svg\"\nnames = \"plain\"\n",
    );
    assert_done(&site, "index.html");
    assert!(!site.published("out").contains_key("img/answers/gear.svg"));
}

/// A folder in an import map stops the push until its files keep their places.
#[test]
fn import_map_folder_keeps_its_place() {
    let page = r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script type="importmap">{ "imports": { "parts/": "./lib/parts/" } }</script><script type="module">import { name } from "parts/lamp.js"; document.title = name;</script>"#;
    let files = [
        ("index.html", page),
        ("lib/parts/lamp.js", "export const name = 'done';"),
    ];
    for (rules, wanted) in [
        (
            PAGES,
            "[[rule]]\nmatch = \"lib/parts/**\"\nnames = \"plain\"\n",
        ),
        ("", "[[folder]]\nmatch = \".\"\n"),
    ] {
        let site = site(rules, &files);
        let stopped = site.run(&["push"]);
        assert_eq!(stopped.code, 2, "{stopped}");
        assert_eq!(stopped.config_lines(), wanted, "{stopped}");
        site.add_config(wanted);
        site.ok(&["push"]);
        assert_done(&site, "index.html");
    }
}

/// A module in a keyed folder that loads a picture and a script whose paths it builds, run by a
/// page outside.
fn beside(module: &str) -> Site {
    site(
        &format!("{PAGES}[[folder]]\nmatch = \"lib\"\n"),
        &[
            (
                "index.html",
                r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script type="module" src="lib/show.js"></script>"#,
            ),
            ("lib/show.js", module),
            ("lib/img/lamp-at.svg", SVG),
            ("lib/words/at.js", "export const title = \"done\";"),
        ],
    )
}

/// Paths that a module builds from its own URL work inside a keyed folder.
#[test]
fn module_relative_paths_work_in_folder() {
    let site = beside(
        r#"const code = ["at"][0]; const image = new Image(); image.src = new URL(`./img/lamp-${code}.svg`, import.meta.url);
image.decode().then(() => import("./words/" + code + ".js")).then((words) => document.title = words.title, () => document.title = "failed");"#,
    );
    let run = site.run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.contains("warning")),
        (0, false),
        "{run}"
    );
    assert_done(&site, "index.html");
}

/// Paths that a module builds from its own URL to files elsewhere cause a warning.
#[test]
fn module_relative_paths_elsewhere_warn() {
    let module = r#"const code = ["at"][0]; const image = new Image(); image.src = new URL(`../img/lamp-${code}.svg`, import.meta.url);
image.decode().then(() => document.title = "done", () => document.title = "failed");"#;
    let site = beside(module).file("img/lamp-at.svg", SVG);
    // The keyed folder of the script would stay apart from one around both.
    assert_mended(
        &site,
        "builds paths into `img/`, whose files get other names",
        "[[rule]]\nmatch = \"{img/**,lib/show.js}\"\nnames = \"plain\"\n",
    );
    assert_done(&site, "index.html");
}

/// Paths in XML that a script loads cause a warning.
#[test]
fn paths_in_loaded_xml_warn() {
    let site = site(
        PAGES,
        &[
            (
                "index.html",
                r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script>
fetch(new URL("tour.xml", location)).then((answer) => answer.text()).then((text) => {
  const tour = new DOMParser().parseFromString(text, "text/xml");
  const paths = [tour.querySelector("scene").getAttribute("picture"), tour.querySelector("map").textContent];
  return Promise.all(paths.map((path) => { const image = new Image(); image.src = path; return image.decode(); }));
}).then(() => document.title = "done", () => document.title = "failed");</script>"#,
            ),
            (
                "tour.xml",
                "<tour title=\"img/lamp.svg\"><scene picture=\"img/lamp.svg\"/><map>img/map.svg</map></tour>",
            ),
            ("img/lamp.svg", SVG),
            ("img/map.svg", SVG),
            // Nobody loads it.
            (
                "notes.xml",
                "<notes><note picture=\"img/lamp.svg\"/></notes>",
            ),
        ],
    );
    for _ in 0..3 {
        let run = site.run(&["push"]);
        assert_eq!(run.code, 0, "{run}");
        assert!(!run.stderr.contains("notes.xml"), "{run}");
        site.add_config(&run.config_lines());
    }
    let config = std::fs::read_to_string(site.path("assetsync.toml")).expect("there");
    assert!(
        config.contains("references = [\"scene@picture\"]"),
        "{config}"
    );
    assert!(site.run(&["push", "--deny-warnings"]).code == 0);
    assert_done(&site, "index.html");
}

/// A path in a style property that a script reads causes a warning.
#[test]
fn path_in_style_property_warns() {
    let site = site(
        PAGES,
        &[
            (
                "index.html",
                r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><link rel="stylesheet" href="look.css"><script>
addEventListener("load", () => { const image = new Image();
image.onload = () => document.title = "done"; image.onerror = () => document.title = "failed";
image.src = getComputedStyle(document.body).getPropertyValue("--lamp").trim().slice(1, -1); });</script>"#,
            ),
            (
                "look.css",
                "body { --lamp: \"img/lamp.svg\"; content: \"no path.\" }",
            ),
            ("img/lamp.svg", SVG),
        ],
    );
    assert_mended(
        &site,
        "`look.css:1:16` names `img/lamp.svg`",
        "[[rule]]\nmatch = \"img/lamp.svg\"\nnames = \"plain\"\n",
    );
    assert_done(&site, "index.html");
}

/// A viewer that shows what its address says.
const VIEWER: &str = r#"<!doctype html><title>v</title><link rel="icon" href="data:,"><script>
const image = new Image(); image.onload = () => document.title = "done"; image.onerror = () => document.title = "failed";
image.src = new URLSearchParams(location.search || location.hash.slice(1)).get("file");</script>"#;

/// A path that a link hands to a viewer causes a warning.
#[test]
fn path_in_viewer_link_warns() {
    for link in [
        "view/viewer.html?file=../img/lamp.svg",
        "view/viewer.html?zoom=2&file=..%2Fimg%2Flamp.svg",
        "view/viewer.html#file=../img/lamp.svg",
    ] {
        let page = format!("<!doctype html><title>t</title><a href=\"{link}\">lamp</a>");
        let site = site(
            "[[rule]]\nmatch = \"index.html\"\nnames = \"plain\"\n",
            &[
                ("index.html", &page),
                ("view/viewer.html", VIEWER),
                ("img/lamp.svg", SVG),
                ("img/other.svg", SVG),
            ],
        );
        assert_mended(
            &site,
            "names `../img/lamp.svg`",
            "[[folder]]\nmatch = \".\"\n",
        );
        let server = WebServer::of(site.path("out"));
        let browser = Browser::start();
        browser.open(&server.url);
        let link = browser.value("document.querySelector('a').href");
        let (title, errors) = browser.visit(link.as_str().expect("a link"));
        assert_eq!((title.as_str(), errors), ("done", Vec::new()), "{link}");
    }
}

/// A link that hands over no renamed path causes no warning.
#[test]
fn link_without_renamed_path_passes() {
    for link in [
        "viewer.html?file=img/lamp.svg",
        "viewer.html?page=about.html",
        "app.js?v=1.2.js",
        "viewer.html?q=no+file.here",
    ] {
        let page = format!("<!doctype html><title>t</title><a href=\"{link}\">lamp</a>");
        let site = site(
            &format!("{PAGES}[[rule]]\nmatch = \"img/**\"\nnames = \"plain\"\n"),
            &[
                ("index.html", &page),
                ("about.html", "<!doctype html><title>a</title>"),
                ("viewer.html", VIEWER),
                ("img/lamp.svg", SVG),
                ("app.js", "1"),
            ],
        );
        let run = site.run(&["push"]);
        assert_eq!(
            (run.code, run.stderr.contains("warning")),
            (0, false),
            "{link}: {run}"
        );
    }
}

/// An unpublished file joins the keyed folder of the page that requests it.
#[test]
fn unpublished_file_joins_pages_folder() {
    let site = site(
        "[[folder]]\nmatch = \"book\"\n",
        &[
            (
                "book/index.html",
                r#"<!doctype html><title>t</title><link rel="icon" href="data:,"><script>fetch("chapter.md").then((answer) => document.title = answer.ok ? "done" : "failed")</script>"#,
            ),
            ("book/chapter.md", "# One"),
        ],
    );
    assert_mended(
        &site,
        "names `chapter.md`, which isn't published",
        "[[rule]]\nmatch = \"book/chapter.md\"\npublish = true\n",
    );
    assert_done(&site, "book/index.html");
}

/// Files in a keyed folder to which a script outside builds paths keep their names.
#[test]
fn outside_script_keeps_folder_files_plain() {
    let page = page_with(r#""lib/img/lamp-" + code + ".svg""#);
    let site = site(
        "[[folder]]\nmatch = \"lib\"\n",
        &[
            ("index.html", &page),
            ("lib/img/lamp-at.svg", SVG),
            ("lib/other.js", "1"),
        ],
    );
    // A folder around both would leave this one as it is.
    assert_mended(
        &site,
        "builds paths into `lib/img/`, whose files get other names",
        "[[rule]]\nmatch = \"lib/img/**\"\nnames = \"plain\"\n",
    );
    assert_done(&site, "index.html");
}
