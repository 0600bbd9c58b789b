//! The names of a hunt of 2022: a keyed folder for each puzzle, in which files keep their names.

use std::fs;
use std::path::Path;

use crate::support::Site;

const RULE: &str =
    "[[rule]]\nmatch = \"{puzzle,round,auxiliary}/**\"\nnames = \"palindrome-2022\"\n";
const TARGET: &str = "[target.t]\nurl = \"file:out\"\nstate = \"file:releases\"\n";

/// The folder that a file is published in, below the target.
fn folder(site: &Site, path: &str) -> String {
    let url = site.ok(&["url", path]);
    let (_, key) = url.trim().rsplit_once("/out/").expect("it's in the target");
    let name = path.rsplit('/').next().expect("a name");
    let folder = key.strip_suffix(name).expect("its name stays");
    folder.trim_end_matches('/').to_string()
}

/// Posthunt content is a variant of its own only in puzzles.
#[test]
fn posthunt_varies_only_puzzles() {
    let site = ["puzzle/gears", "round/harbor", "auxiliary/faq"]
        .iter()
        .fold(
            Site::new().config(&format!("{RULE}{TARGET}")),
            |site, part| {
                site.file(&format!("{part}/a.png"), *part)
                    .file(&format!("{part}/solution/b.png"), format!("{part} b"))
                    .file(&format!("{part}/posthunt/c.png"), format!("{part} c"))
            },
        );
    site.ok(&["push"]);
    let of = |path: &str| folder(&site, path);
    assert_ne!(of("puzzle/gears/posthunt/c.png"), of("puzzle/gears/a.png"));
    assert_eq!(of("puzzle/gears/posthunt/c.png").len(), 16);
    for part in ["round/harbor", "auxiliary/faq"] {
        let own = of(&format!("{part}/a.png"));
        assert_eq!(
            of(&format!("{part}/posthunt/c.png")),
            format!("{own}/posthunt")
        );
        assert_ne!(of(&format!("{part}/solution/b.png")), own);
    }
}

/// Files that the hunt's server reads are published only by a rule.
#[test]
fn server_files_need_a_rule() {
    let names = ["metadata.json", "hints.json", "config.json", "__build/x.js"];
    let site = Site::new().config(&format!(
        "{RULE}[[rule]]\nmatch = \"**/*.json\"\npublish = true\n{TARGET}"
    ));
    let site = names
        .iter()
        .fold(site, |site, name| {
            site.file(&format!("puzzle/gears/{name}"), "{}")
        })
        .file("puzzle/gears/teeth.json", "{\"teeth\": 3}")
        .file("data/config.json", "{\"open\": true}");
    let run = site.run(&["push", "-v"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stderr
            .contains("players could guess their `palindrome-2022` names"),
        "{run}"
    );
    let published = site.published("out");
    let names: Vec<&str> = published
        .keys()
        .filter_map(|key| key.rsplit('/').next())
        .collect();
    assert!(names.contains(&"teeth.json"), "{names:?}");
    let is_of_server =
        |name: &&&str| ["metadata.json", "hints.json", "config.json", "x.js"].contains(*name);
    assert_eq!(names.iter().filter(is_of_server).count(), 0, "{names:?}");
    assert!(
        site.ok(&["url", "data/config.json"]).contains("/out/"),
        "another style"
    );

    site.add_config("[[rule]]\nmatch = \"puzzle/*/hints.json\"\npublish = true\n");
    site.ok(&["push"]);
    let own = folder(&site, "puzzle/gears/teeth.json");
    assert!(site.path("out").join(own).join("hints.json").exists());
}

/// The keyed folders may be inside another folder.
#[test]
fn puzzle_folders_may_be_nested() {
    let rule = RULE.replace("2022\"\n", "2022\"\nunder = \"puzzle_files/\"\n");
    let site = Site::new()
        .config(&format!(
            "{rule}[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\n{TARGET}"
        ))
        .file(
            "puzzle/gears/index.html",
            "<img src=\"img/a.png\"><script src=\"../../app.js\"></script>",
        )
        .file("puzzle/gears/img/a.png", "a")
        .file(
            "puzzle/gears/solution/index.html",
            "<img src=\"../img/a.png\">",
        )
        .file("app.js", "1");
    site.ok(&["push"]);
    let own = folder(&site, "puzzle/gears/index.html");
    assert!(
        own.starts_with("puzzle_files/") && own.len() == "puzzle_files/".len() + 16,
        "{own}"
    );
    let out = site.path("out");
    let page = fs::read_to_string(out.join(&own).join("index.html")).expect("there");
    for url in page.split('"').filter(|part| part.contains('.')) {
        assert!(out.join(&own).join(url).exists(), "{url} of {page}");
    }
    for (line, told) in [
        (
            "names = \"opaque\"\nunder = \"a\"\n",
            "requires `names = \"palindrome-2022\"` in the same rule",
        ),
        (
            "names = \"palindrome-2022\"\nunder = \"../a\"\n",
            "isn't a valid folder",
        ),
    ] {
        let site = Site::new().config(&format!("[[rule]]\nmatch = \"**\"\n{line}{TARGET}"));
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(told), "{run}");
    }
}

/// The configuration in the docs publishes such a hunt.
#[test]
fn documented_configuration_publishes_hunt() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/guides/palindrome-2022.md");
    let docs = fs::read_to_string(docs).expect("there");
    let (_, config) = docs.split_once("```toml\n").expect("a configuration");
    let (config, _) = config.split_once("```").expect("its end");
    let config = config
        .replace("gs://hunt-assets", "file:out")
        .replace("gs://hunt-releases/prod", "file:releases");
    let site = Site::bare().raw_config(&config);
    for (path, content) in [
        (
            "hunt/data/puzzle/gears/index.html",
            "<script type=\"module\" src=\"/static/chunks/chunk-4f2a9c1b.js\"></script><link rel=\"stylesheet\" href=\"/static/site/main.css\">",
        ),
        (
            "hunt/data/puzzle/gears/metadata.json",
            "{\"answer\": \"COGS\"}",
        ),
        ("hunt/data/puzzle/gears/solution/index.html", "<p>COGS</p>"),
        (
            "hunt/data/puzzle/gears/posthunt/index.html",
            "<p>thanks</p>",
        ),
        (
            "client/dist/chunks/chunk-4f2a9c1b.js",
            "import(\"/static/chunks/chunk-77aa01bc.js\".slice(7));",
        ),
        ("client/dist/chunks/chunk-77aa01bc.js", "export default 1;"),
        ("static_root/main.css", "p { color: teal }"),
    ] {
        let file = site.path(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, content).expect("written");
    }
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    let published = site.published("out");
    let names: Vec<&String> = published.keys().collect();
    assert!(
        !names.iter().any(|name| name.contains("metadata")),
        "{names:?}"
    );
    assert!(
        published.contains_key("chunks/chunk-4f2a9c1b.js"),
        "{names:?}"
    );
    let posthunt = |bytes: &Vec<u8>| bytes == b"<p>thanks</p>";
    assert!(!published.values().any(posthunt), "it's held");
}
