//! Nothing that is open says anything of what isn't: references, strings, held levels.

use assetsync::testing::{
    Build, Error, Former, ObjectKey, Problem, Progress, build, check_former, walk,
};

use crate::support::Site;
use crate::support::library::{built, config, secret};

const LEVELS: &str = r#"
[[level]]
name = "solution"
match = "**/solution/**"
[[level]]
name = "posthunt"
match = "**/posthunt/**"
held = true
knows = ["solution"]
[target.local]
url = "file:out"
"#;

fn hunt() -> Site {
    Site::new()
        .config(LEVELS)
        .file("puzzle/x/index.html", "<img src=map.png>")
        .file("puzzle/x/map.png", "a map")
        .file(
            "puzzle/x/solution/index.html",
            "<img src=answer.png> <img src=../map.png>",
        )
        .file("puzzle/x/solution/answer.png", "an answer")
        .file(
            "puzzle/x/posthunt/index.html",
            "<a href=../solution/>solution</a> <a href=../>puzzle</a>",
        )
}

fn key(site: &Site, path: &str) -> String {
    built(site).find(path).expect("it's there").key.to_string()
}

/// A reference into a level that the file may not know is an error naming both ends.
#[test]
fn upward_reference_error_shows_both_ends() {
    let site = hunt()
        .file(
            "index.html",
            "<p>\n<a href=puzzle/x/solution/>the answer</a>",
        )
        .file(
            "puzzle/x/solution/late.html",
            "<img src=../posthunt/index.html>",
        )
        .file(
            "style.css",
            "a { background: url(puzzle/x/solution/answer.png) }",
        );
    let run = site.run(&["push"]);
    insta::assert_snapshot!("upwards", run);
    assert!(site.published("out").is_empty());
}

/// The name of a file that is not open is found wherever it is written.
#[test]
fn hidden_names_are_found_everywhere() {
    let solution = key(&hunt(), "puzzle/x/solution/index.html");
    let token = solution.trim_end_matches(".html");
    for (path, text, line) in [
        ("data.json", format!("{{\n\"next\": \"{token}\" }}"), 2),
        (
            "notes.txt",
            "see puzzle/x/solution/index.html".to_string(),
            1,
        ),
        (
            "notes.txt",
            "see /static/puzzle/x/solution/index.html?v".to_string(),
            1,
        ),
        (
            "puzzle/x/map.css",
            "/* solution/answer.png */".to_string(),
            1,
        ),
        (
            "puzzle/x/app.js",
            "fetch('./solution/' + name); // './solution/answer.png'".to_string(),
            1,
        ),
        (
            "puzzle/y/index.html",
            "<p>\n\n<!-- ../x/solution/index.html -->".to_string(),
            3,
        ),
        (
            "php.json",
            "\"puzzle\\/x\\/solution\\/answer.png\"".to_string(),
            1,
        ),
        (
            "puzzle/x/php.json",
            "{\"a\":\".\\/solution\\/answer.png\"}".to_string(),
            1,
        ),
        (
            "puzzle/y/php.json",
            "{\"a\":\"..\\/x\\/solution\\/answer.png\"}".to_string(),
            1,
        ),
        ("LOUD.txt", "PUZZLE/X/SOLUTION/INDEX.HTML".to_string(), 1),
        ("upper.txt", token.to_uppercase(), 1),
        (
            "puzzle/x/q.js",
            "let next = '\\u0073olution/answer.png'".to_string(),
            1,
        ),
        ("blob.bin", format!("\0\x01\x02{token}\0"), 1),
    ] {
        let site = hunt().file(path, &text);
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{path}: {text}\n{run}");
        assert!(
            run.stderr.contains(&format!("`{path}:{line}:")),
            "{path}: {text}\n{run}"
        );
        assert!(
            run.stderr
                .contains("is open, and names `puzzle/x/solution/"),
            "{path}: {text}\n{run}"
        );
        assert!(site.published("out").is_empty());
    }
}

/// Text that only looks like a hidden name raises no alarm.
#[test]
fn lookalike_names_raise_no_alarm() {
    let site = hunt()
        .file(
            "puzzle/y/index.html",
            "<p>x/solution/index.htmls, my-solution/answer.png, answer.png, solution</p>",
        )
        .file(
            "puzzle/y/other.html",
            "<a href=https://example.org/solution/answer.png>elsewhere</a>",
        )
        .file(
            "puzzle/y/more.html",
            "<p>resolution/answer.png y/solution/answer.png</p>",
        )
        .file(
            "puzzle/x/solution/more.html",
            "<p>solution/answer.png index.html</p>",
        )
        .file(
            "puzzle/x/near.html",
            "<p>resolution/answer.png my-solution/answer.png</p>",
        );
    site.ok(&["push"]);
}

#[test]
fn a_name_means_the_nearest_file() {
    let levels = LEVELS.replace("**/solution/**", "{index.html,app/pages/end.html}");
    let site = || {
        Site::new()
            .config(&levels)
            .file("index.html", "<p>later")
            .file("app/posthunt/index.html", "<p>much later")
            .file("app/pages/end.html", "<p>the end")
            .file("app/js/pages/end.html", "<p>a note")
    };
    for (path, text) in [
        ("app/list.json", "{\"index.html\": \"./index.html\"}"),
        ("app/js/list.json", "{\"end\": \"pages/end.html\"}"),
    ] {
        let run = site().file(path, text).run(&["diff"]);
        assert_eq!(run.code, 0, "{path}: {run}");
    }
    for (path, text) in [
        ("list.json", "{\"index.html\": 1}"),
        ("app/list.json", "{\"a\": \"../index.html\"}"),
        ("app/list.json", "{\"a\": \"/index.html\"}"),
        ("app/css/list.json", "{\"end\": \"pages/end.html\"}"),
        ("app/js/list.json", "{\"end\": \"/app/pages/end.html\"}"),
    ] {
        let run = site().file(path, text).run(&["diff"]);
        assert_eq!(run.code, 2, "{path}: {run}");
    }
}

/// A word that means both a page and a folder causes one warning.
#[test]
fn page_and_folder_warn_once() {
    let run = hunt()
        .file("puzzle/x/solution/gears.html", "<p>gears")
        .file("puzzle/x/solution/gears/wheel.png", "a wheel")
        .file("puzzle/x/map.css", "/* '/puzzle/x/solution/gears' */")
        .run(&["push"]);
    let warning = "warning: `puzzle/x/map.css:1:6` is open, and names, without its extension, `puzzle/x/solution/gears.html`, which is in the level `solution`";
    assert!(run.code == 0 && run.stderr.contains(warning), "{run}");
    assert_eq!(run.stderr.matches("warning").count(), 1, "{run}");
}

/// A hidden name that spans two reads is found.
#[test]
fn name_across_read_boundary_is_found() {
    let name = "puzzle/x/solution/answer.png";
    for start in [(1 << 20) - 10, (1 << 20) + 3060, (2 << 20) + 3070] {
        let text = format!("{}{name} ", " ".repeat(start));
        let run = hunt().file("long.txt", &text).run(&["push"]);
        assert_eq!(
            (run.code, run.stderr.matches("is open, and names").count()),
            (2, 1),
            "{start}\n{run}"
        );
    }
}

/// A longer name that spans two reads raises no alarm.
#[test]
fn longer_name_across_boundary_passes() {
    for start in (1 << 20) - 3..(1 << 20) + 3 {
        let text = format!("{}mysolution/answer.png ", " ".repeat(start));
        hunt()
            .file("puzzle/x/long.txt", &text)
            .ok(&["push", "-q", "--gzip-level", "1"]);
    }
}

/// `may_name` excuses the pair it names and no other.
#[test]
fn rule_excuses_only_its_pair() {
    let excuse = "[[rule]]\nmatch = \"index.html\"\nmay_name = [\"**/solution/answer.png\"]\n";
    let site = |page: &str| {
        hunt()
            .config(&format!("{excuse}{LEVELS}"))
            .file("index.html", page)
    };
    site("<img src=puzzle/x/solution/answer.png>").ok(&["push"]);
    site("<p>puzzle/x/solution/answer.png</p>").ok(&["push"]);
    assert_eq!(
        site("<a href=puzzle/x/solution/index.html>a</a>")
            .run(&["push"])
            .code,
        2
    );
}

/// A held level is in the manifest but is published only once it is unlocked.
#[test]
fn held_level_is_published_after_unlock() {
    let site = hunt();
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stdout.contains("4 (") && run.stdout.contains(", 1 held (posthunt)"),
        "{run}"
    );
    let posthunt = key(&site, "puzzle/x/posthunt/index.html");
    assert!(!site.published("out").contains_key(&posthunt));
    assert!(
        site.ok(&["manifest"]).contains(&posthunt),
        "the site needs its name to be built"
    );
    assert!(site.ok(&["diff", "--check"]).contains("0 to upload"));

    let run = site.run(&["diff", "--unlock", "posthunt"]);
    assert!(
        run.stdout
            .contains("upload    puzzle/x/posthunt/index.html"),
        "{run}"
    );
    site.ok(&["push", "--unlock", "posthunt"]);
    assert!(site.published("out").contains_key(&posthunt));
    site.ok(&["push"]);
    assert!(
        site.published("out").contains_key(&posthunt),
        "it's unlocked until somebody locks it"
    );
    site.ok(&["push", "--relock", "posthunt"]);
    assert!(
        site.published("out").contains_key(&posthunt),
        "what is published stays"
    );
}

/// A manifest can be limited to some levels.
#[test]
fn manifest_can_list_selected_levels() {
    let site = hunt();
    let paths = |arguments: &[&str]| {
        let manifest: serde_json::Value = serde_json::from_str(&site.ok(arguments)).expect("JSON");
        let paths = manifest["objects"]
            .as_object()
            .or(manifest["paths"].as_object())
            .expect("paths");
        paths.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        paths(&["manifest", "--level", "open"]),
        ["puzzle/x/index.html", "puzzle/x/map.png"]
    );
    assert_eq!(
        paths(&["manifest", "--level", "open", "--format", "django"]).len(),
        2
    );
    assert_eq!(
        paths(&["manifest", "--level", "open", "--level", "solution"]).len(),
        4
    );
    assert_eq!(paths(&["manifest"]).len(), 5);
}

/// An unknown or malformed level is an error that names the mistake.
#[test]
fn unknown_level_is_an_error() {
    let site = hunt();
    for arguments in [
        &["push", "--unlock", "posthnt"][..],
        &["manifest", "--level", "posthnt"],
    ] {
        let run = site.run(arguments);
        assert_eq!(run.code, 2, "{run}");
        assert!(
            run.stderr.contains("There is no level `posthnt`")
                && run.stderr.contains("did you mean `posthunt`?"),
            "{run}"
        );
    }
    for (level, message) in [
        (
            "name = \"open\"\nmatch = \"a\"",
            "assetsync.toml:7:8: the level `open` already exists",
        ),
        (
            "name = \"a b\"\nmatch = \"a\"",
            "assetsync.toml:7:8: `a b` isn't a valid level name",
        ),
        (
            "name = \"a\"\nmatch = \"/a\"",
            "assetsync.toml:8:9: `/a` can't match any path",
        ),
        (
            "name = \"a\"\nmatch = \"a\"\nknows = [\"b\"]",
            "assetsync.toml:9:10: there is no level `b`",
        ),
        (
            "name = \"a\"\nmatch = \"a\"\nhold = true",
            "did you mean `held`?",
        ),
    ] {
        let run = Site::new()
            .config(&format!(
                "[[level]]\n{level}\n[target.local]\nurl = \"file:out\"\n"
            ))
            .run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(message), "{message}\n{run}");
    }
}

/// No message contains the token of a hidden file.
#[test]
fn messages_hide_tokens_of_hidden_files() {
    let site = hunt();
    let token = key(&site, "puzzle/x/solution/index.html")
        .trim_end_matches(".html")
        .to_string();
    let run = site.file("notes.txt", &token).run(&["push"]);
    assert!(
        !run.stderr.contains(&token) && !run.stdout.contains(&token),
        "{run}"
    );
}

/// A level that matches no file, but nearly some, is an error with a suggestion.
#[test]
fn mistyped_level_is_an_error() {
    let site = hunt().config(&LEVELS.replace("**/solution/**", "**/solutions/**"));
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains(
            "`**/solutions/**`: is the `match` of the level `solution`, but matches no file; did you mean `solution`? Write `match = \"**/solution/**\"`"
        ),
        "{run}"
    );
}

/// A plain name in a level that is not held is refused, since it hides nothing.
#[test]
fn plain_names_require_a_held_level() {
    let plain = |level: &str| {
        hunt().config(&format!(
            "{LEVELS}[[rule]]\nmatch = \"**/{level}/**\"\nnames = \"plain\"\n"
        ))
    };
    let run = plain("solution").run(&["push"]);
    assert_eq!(
        (
            run.code,
            run.stderr
                .matches("is published under its path (`names = \"plain\"`), which anyone can guess or read in a script")
                .count()
        ),
        (2, 2),
        "{run}"
    );
    plain("posthunt").ok(&["push"]);
}

/// What is wrong with a site whose earlier releases had these files that are hidden now.
fn wrong_after(site: &Site, then: &Build) -> Vec<Problem> {
    let config = config(site);
    let tree = walk(&config.sources, &config.rules);
    let former: Vec<Former> = then
        .objects
        .iter()
        .map(|object| Former {
            key: object.key.clone(),
            path: object.path.clone(),
            level: tree.levels.of(&object.path),
        })
        .collect();
    let progress = Progress::new();
    let now = build(&tree, &secret(), &progress);
    match now.and_then(|now| check_former(&tree, &now, &former, |_| true, &progress)) {
        Err(Error::Tree { problems, .. }) => problems,
        other => {
            other.expect("publishable");
            Vec::new()
        }
    }
}

/// A former address of a hidden file is found like its present one.
#[test]
fn former_hidden_address_is_found() {
    for style in ["opaque", "readable", "palindrome-2022"] {
        let names = format!("[[rule]]\nmatch = \"**/solution/**\"\nnames = \"{style}\"\n{LEVELS}");
        let then = hunt()
            .config(&names)
            .file("puzzle/x/solution/index.html", "<p>as it was")
            .file("puzzle/x/solution/gone.html", "<p>an idea");
        let then = built(&then);
        let old = |path: &str| -> &ObjectKey { &then.find(path).expect("it's there").key };
        for (path, text, says) in [
            (
                "notes.txt",
                old("puzzle/x/solution/index.html"),
                "puzzle/x/solution/index.html",
            ),
            (
                "notes.txt",
                old("puzzle/x/solution/gone.html"),
                "puzzle/x/solution/gone.html",
            ),
        ] {
            let now = hunt().config(&names).file(path, format!("see {text}"));
            let problems = wrong_after(&now, &then);
            let says = format!(
                "is open, and names a former address of `{says}`, which is in the level `solution`"
            );
            // A keyed folder stays, whatever the page says.
            let is_same = style == "palindrome-2022" && text == old("puzzle/x/solution/index.html");
            let is_told = |problem: &Problem| is_same || problem.message == says;
            assert!(
                problems.len() == 1 && problems.iter().all(is_told),
                "{says}: {problems:?}"
            );
        }
        // Its own level may know it, and what was open then is open now.
        let now = hunt()
            .config(&names)
            .file(
                "puzzle/x/solution/index.html",
                format!("<p>{}", old("puzzle/x/solution/gone.html")),
            )
            .file("notes.txt", format!("see {}", old("puzzle/x/map.png")));
        assert_eq!(wrong_after(&now, &then), []);
    }
}

/// Pages in UTF-16 are searched and their references followed like any other.
#[test]
fn utf16_pages_are_searched_and_followed() {
    for (text, says) in [
        (
            "<a href=solution/>",
            "refers to `puzzle/x/solution/index.html`",
        ),
        (
            "<a href='solution/öß-&#x65e5;.txt'>",
            "refers to `puzzle/x/solution/öß-日.txt`",
        ),
        (
            "<img src=\"/puzzle/x/solution/answer.png\">",
            "names `puzzle/x/solution/answer.png`",
        ),
    ] {
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let page = format!("\u{feff}<p>ñ\n{text}");
            let page: Vec<u8> = page.encode_utf16().flat_map(bytes).collect();
            let run = hunt()
                .file("puzzle/x/solution/öß-日.txt", "a note")
                .file("puzzle/x/odd.html", &page)
                .run(&["push"]);
            let said = "`puzzle/x/odd.html:2:";
            assert!(
                run.code == 2 && run.stderr.contains(said) && run.stderr.contains(says),
                "{text}: {run}"
            );
        }
    }
    let page: Vec<u8> = "\u{feff}<a href=map.png>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let run = hunt().file("puzzle/x/odd.html", &page).run(&["push"]);
    assert!(run.code == 0 && !run.stderr.contains("UTF-16"), "{run}");
}

/// A hidden name is found in every encoding that browsers and scripts use.
#[test]
fn encoded_hidden_names_are_found() {
    let path = "puzzle/x/solution/the answer (1) & [2]+é.txt";
    for spelling in [
        path.to_string(),
        "puzzle/x/solution/the%20answer%20(1)%20&%20[2]+%C3%A9.txt".to_string(),
        "puzzle/x/solution/the%20answer%20(1)%20&%20%5B2%5D+%C3%A9.txt".to_string(),
        "puzzle/x/solution/the%20answer%20(1)%20%26%20%5B2%5D%2B%C3%A9.txt".to_string(),
        "puzzle/x/solution/the%20answer%20%281%29%20%26%20%5B2%5D%2B%C3%A9.txt".to_string(),
        "puzzle\\/x\\/solution\\/the%20answer%20(1)%20&%20[2]+%C3%A9.txt".to_string(),
    ] {
        let site = hunt()
            .file(path, "an answer")
            .file("notes.txt", format!("see {spelling}"));
        let run = site.run(&["push"]);
        assert!(
            run.code == 2 && run.stderr.contains("`notes.txt:1:5`: is open, and names"),
            "{spelling}\n{run}"
        );
    }
}

/// A string in a script is checked against every page that runs the script.
#[test]
fn script_strings_checked_against_every_page() {
    for hidden in ["a", "b"] {
        let levels = format!(
            "[[level]]\nname = \"hidden\"\nmatch = \"{hidden}/pics/**\"\n[target.local]\nurl = \"file:out\"\n"
        );
        let site = ["a", "b"]
            .iter()
            .fold(Site::new().config(&levels), |site, page| {
                site.file(&format!("{page}/pics/answer.json"), format!("[\"{page}\"]"))
                    .file(
                        &format!("{page}/index.html"),
                        "<script src=../js/app.js></script>",
                    )
            });
        let run = site
            .file("js/app.js", "fetch('pics/answer.json')")
            .run(&["push"]);
        let words = format!("`js/app.js:1:7`: is open, and names `{hidden}/pics/answer.json`");
        assert!(run.code == 2 && run.stderr.contains(&words), "{run}");
    }
}

/// A level inside a keyed folder that players know is refused.
#[test]
fn shared_keyed_folder_hides_nothing() {
    let site = |path: &str| {
        Site::new()
            .config(&format!(
                "[[rule]]\nmatch = \"puzzle/**\"\nnames = \"palindrome-2022\"\n{LEVELS}"
            ))
            .file("puzzle/x/index.html", "<p>puzzle</p>")
            .file("posthunt/index.html", "<p>later</p>")
            .file(path, "an answer")
    };
    site("puzzle/x/solution/a.txt").ok(&["push"]);
    let run = site("puzzle/x/img/solution/a.txt").run(&["push"]);
    assert!(
        run.code == 2
            && run
                .stderr
                .contains("shares its keyed folder with files that must not refer to it"),
        "{run}"
    );
}
