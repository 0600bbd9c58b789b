//! Levels match what people meant: in any case, by any spelling, as deep as files are; and what
//! they miss is told of.

use std::fs;

use crate::support::library::built;
use crate::support::{Run, Site, refused};

const LOCAL: &str = "[target.local]\nurl = \"file:out\"\n";

/// A level for endings of stories, and what else the table says.
fn ending(more: &str) -> String {
    format!("[[level]]\nname = \"ending\"\nmatch = \"**/ending/**\"\n{more}{LOCAL}")
}

fn tale(config: &str) -> Site {
    Site::new()
        .config(config)
        .file("index.html", "<p>Once upon a time")
        .file("fox/ending/grapes.png", "sour grapes")
}

fn warnings(run: &Run) -> Vec<&str> {
    let lines = run.stderr.lines();
    lines.filter(|line| line.starts_with("warning: ")).collect()
}

fn level(site: &Site, path: &str) -> String {
    let build = built(site);
    let object = build.find(path).expect("it's there");
    build.levels.name(object.policy.level).to_string()
}

/// The part of a warning in backticks that begins so.
fn advised<'a>(warning: &'a str, setting: &str) -> &'a str {
    let parts = warning.split('`');
    let mut advised = parts.filter(|part| part.starts_with(&format!("{setting} = ")));
    advised
        .next()
        .unwrap_or_else(|| panic!("no {setting}: {warning}"))
}

/// A folder in another case belongs to the level, unless case is `exact`.
#[test]
fn folder_case_is_ignored_unless_exact() {
    let site = tale(&ending("")).file("crow/Ending/cheese.png", "no cheese");
    assert_eq!(level(&site, "crow/Ending/cheese.png"), "ending");
    assert_eq!(warnings(&site.run(&["push"])), [] as [&str; 0]);
    let run = site
        .file("crow/index.html", "<img src=Ending/cheese.png>")
        .run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("is in the level `ending`"), "{run}");

    let exact = tale(&ending("case = \"exact\"\n")).file("crow/Ending/cheese.png", "no cheese");
    assert_eq!(level(&exact, "crow/Ending/cheese.png"), "open");
    let run = exact.run(&["push"]);
    let [warning] = warnings(&run).try_into().expect("one");
    assert!(warning.contains("`crow/Ending/cheese.png`"), "{warning}");
    assert_eq!(advised(warning, "also"), "also = [\"**/Ending/**\"]");
    let wrong = tale(&ending("case = \"upper\"\n")).run(&["push"]);
    assert!(
        wrong.stderr.contains("expected `any` or `exact`"),
        "{wrong}"
    );
}

/// A rule with a level's pattern applies to the level's files in any case.
#[test]
fn level_rule_applies_in_any_case() {
    let rules = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[[rule]]\nmatch = \"**/ending/**\"\nnames = \"opaque\"\n";
    let site = tale(&format!("{rules}{}", ending(""))).file("crow/ENDING/a.html", "<p>no cheese");
    site.ok(&["push"]);
    assert!(!site.published("out").contains_key("crow/ENDING/a.html"));
    assert!(site.published("out").contains_key("index.html"));
}

/// Each of these is in no level, and is told of with a line that puts it in one, and another that
/// says it's open.
#[test]
fn level_like_file_gets_fixing_lines() {
    let levels = "[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\n[[level]]\nname = \"postgame\"\nmatch = \"**/postgame/**\"\n";
    let hunt = |more: &str| {
        let (first, second) = levels.split_once("\n[[level]]").expect("two");
        let (own, other) = if more.contains("post") || more.contains("Post") {
            ("", more)
        } else {
            (more, "")
        };
        let config = format!("{first}\n{own}[[level]]{second}{other}{LOCAL}");
        Site::new()
            .config(&config)
            .file("index.html", "<p>Welcome")
            .file("map/solution/a.png", "an answer")
            .file("map/postgame/a.png", "a party")
    };
    for (path, name) in [
        ("map/solutions/b.png", "solution"),
        ("map/soluton/b.png", "solution"),
        ("map/slution.png", "solution"),
        ("map/map-solution.html", "solution"),
        ("map/MapSolution.html", "solution"),
        ("SOLUTIONS.pdf", "solution"),
        ("map/answers.json", "solution"),
        ("answer/b \"[1]\".png", "solution"),
        ("map/post-game/b.png", "postgame"),
        ("map/postGame.html", "postgame"),
        ("map/Post_Games/b.png", "postgame"),
    ] {
        let run = hunt("").file(path, "not for all").run(&["push"]);
        assert_eq!(run.code, 0, "{path}: {run}");
        let [warning] = warnings(&run).try_into().expect("one");
        assert!(warning.contains(&format!("`{path}` is open")), "{warning}");
        assert!(
            warning.contains(&format!("the level `{name}`")),
            "{warning}"
        );
        for setting in ["also", "open"] {
            // Which level it goes into is read from its name.
            let line = format!("{} # {name}\n", advised(warning, setting));
            let site = hunt(&line).file(path, "not for all");
            let run = site.run(&["push"]);
            assert_eq!((run.code, warnings(&run)), (0, vec![]), "{line}: {run}");
            let expected = if setting == "also" { name } else { "open" };
            assert_eq!(level(&site, path), expected, "{line}");
        }
    }
}

/// Names that say nothing of a level raise no warning.
#[test]
fn unrelated_names_raise_no_warning() {
    let site = tale(&ending("")).file("trending/weekend.html", "<p>bending, spending");
    let site = site
        .file("end/ended.html", "<p>end")
        .file("solution.html", "<p>of salt");
    assert_eq!(warnings(&site.run(&["push"])), [] as [&str; 0]);
    let none = Site::new().file("solution/a.png", "there are no levels");
    assert_eq!(warnings(&none.run(&["push"])), [] as [&str; 0]);
}

/// Files that the same line fixes share one warning.
#[test]
fn files_with_same_fix_share_warning() {
    let mut site = tale(&ending(""));
    for animal in ["ant", "bee", "cat", "dog"] {
        site = site.file(&format!("{animal}/{animal}-ending.html"), animal);
    }
    let run = site.run(&["push"]);
    let [warning] = warnings(&run).try_into().expect("one");
    insta::assert_snapshot!("overlooked", warning);
    let open = advised(warning, "open").to_string();
    let site = site.config(&ending(&format!("{open}\n")));
    assert_eq!(warnings(&site.run(&["push"])), [] as [&str; 0]);
    let json = site.config(&ending("")).ok(&["diff", "--json"]);
    assert_eq!(json.matches("\"overlooked\"").count(), 4, "{json}");
}

/// A top-level `open` setting opens files for all levels.
#[test]
fn top_level_open_overrides_all_levels() {
    let config = fs::read_to_string(tale(&ending("")).path("assetsync.toml")).expect("readable");
    let site = tale(&ending(""))
        .raw_config(&format!("open = [\"about/**\"]\n{config}"))
        .file("about/endings.html", "<p>Every tale has one")
        .file("about/ending/index.html", "<p>Every tale has one");
    assert_eq!(warnings(&site.run(&["push"])), [] as [&str; 0]);
    assert_eq!(level(&site, "about/ending/index.html"), "open");
    let idle = site.raw_config(&format!("open = [\"abuot/**\"]\n{config}"));
    let run = idle.run(&["push"]);
    assert!(
        run.stderr
            .contains("`abuot/**` is `open`, but matches no file; did you mean `about`?"),
        "{run}"
    );
}

/// A pattern that stops at a slash is reported with one that goes deeper.
#[test]
fn pattern_stopping_at_slash_is_extended() {
    let shallow = |pattern: &str| {
        let config = ending("").replace("**/ending/**", pattern);
        tale(&config).file("fox/ending/img/vine.png", "too high")
    };
    for (pattern, on) in [
        ("**/ending/*", "**/ending/**"),
        ("fox/*/*", "fox/**"),
        ("**/ending/*.png", "**/ending/**/*.png"),
    ] {
        let run = shallow(pattern).run(&["push"]);
        let [warning] = warnings(&run).try_into().expect("one");
        let words = format!(
            "`fox/ending/img/vine.png` is open, because `{pattern}` of the level `ending` (assetsync.toml:7) stops at a slash: write \"{on}\" instead"
        );
        assert!(warning.contains(&words), "{warning}");
        let mended = shallow(on);
        assert_eq!(warnings(&mended.run(&["push"])), [] as [&str; 0]);
        assert_eq!(level(&mended, "fox/ending/img/vine.png"), "ending");
    }
}

/// A held level that matches nothing is an error with similar files named.
#[test]
fn empty_held_level_suggests_similar_files() {
    let held = |pattern: &str, held: &str| {
        let level = format!("[[level]]\nname = \"party\"\nmatch = {pattern}\n{held}{LOCAL}");
        tale(&level).file("aftergame/cake.html", "<p>Cake")
    };
    let site = held("\"aftergmae/**\"", "held = true\n");
    let run = site.run(&["push"]);
    insta::assert_snapshot!("held_without_files", run);
    assert!(site.published("out").is_empty());
    let mended = advised(&run.stderr, "match").trim_start_matches("match = ");
    held(mended, "held = true\n").ok(&["push"]);
    // Its files would get names that anybody can guess.
    let not_held = held("\"aftergmae/**\"", "").run(&["push"]);
    assert_eq!(not_held.code, 2, "{not_held}");
    assert!(
        not_held.stderr.contains("did you mean `aftergame`?"),
        "{not_held}"
    );
    let elsewhere = held("\"nowhere/**\"", "").run(&["push"]);
    assert_eq!(elsewhere.code, 0, "nothing is like it: {elsewhere}");

    let again = held("\"aftergmae/**\"", "held = true\nalso = [\"**/cake.*\"]\n").run(&["push"]);
    assert_eq!(again.code, 0, "it has a file: {again}");
    assert!(
        again
            .stderr
            .contains("`aftergmae/**` belongs to the level `party`, but matches no file"),
        "{again}"
    );
    let near = held("\"nowhere/**\"", "held = true\n").file("party-cake.html", "<p>More");
    let run = near.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert_eq!(
        advised(&run.stderr, "match"),
        "match = \"**/party-cake.html\""
    );
}

/// A plain name in a level is reported with a rule that fixes it.
#[test]
fn plain_name_in_level_gets_rule() {
    let config = |rule: &str| {
        let plain = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n";
        format!("{plain}{rule}{}", ending("also = [\"**/*-end.html\"]\n"))
    };
    let site = tale(&config("")).file("fox/fox-end.html", "<p>sour");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    let rule = advised(&run.stderr, "match");
    assert_eq!(rule, "match = \"**/*-end.html\"");
    let site = site.config(&config(&format!("[[rule]]\n{rule}\nnames = \"opaque\"\n")));
    site.ok(&["push"]);
}

/// A page that a level misses is reported with all lines that hide it.
#[test]
fn missed_page_gets_lines_hiding_it() {
    let plain = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n";
    let site = tale(&format!("{plain}{}", ending("")));
    let site = site.file("crow/endings/cheese.html", "<p>no cheese");
    let run = site.run(&["diff"]);
    let [warning] = warnings(&run).try_into().expect("one");
    let (also, rule) = (advised(warning, "also"), advised(warning, "match"));
    let rule = format!("[[rule]]\n{rule}\n{}\n", advised(warning, "names"));
    let config = format!("{plain}{rule}{}", ending(&format!("{also}\n")));
    let site = site.config(&config);
    site.ok(&["push"]);
    assert_eq!(level(&site, "crow/endings/cheese.html"), "ending");
}

/// Warnings are shown beside errors.
#[test]
fn warnings_are_shown_beside_errors() {
    let site = tale(&ending(""))
        .file("fox/ending/moonlight-serenade.png", "a tune")
        .file("note.txt", "see moonlight-serenade.png")
        .file("crow/endings/cheese.png", "no cheese")
        .file("wrong.html", "<img src=gone.png>");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert_eq!(warnings(&run).len(), 2, "{run}");
    for told in ["`crow/endings/cheese.png`", "`note.txt:1:5`", "gone.png"] {
        assert!(run.stderr.contains(told), "{told}: {run}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&site.run(&["push", "--json"]).stdout).expect("JSON");
    assert_eq!(json["problems"][0]["path"], "wrong.html");
    assert_eq!(json["warnings"][0]["path"], "note.txt");
    assert_eq!(
        site.run(&["push", "-q"])
            .stderr
            .matches("warning: ")
            .count(),
        0
    );
}

/// `diff` and `push` show the level of each file and count files by level.
#[test]
fn diff_and_push_show_levels() {
    let levels = format!(
        "[[level]]\nname = \"party\"\nmatch = \"party/**\"\nheld = true\n{}",
        ending("")
    );
    let site = tale(&levels)
        .file("party/cake.png", "a cake")
        .file("party/tea.png", "some tea");
    let diff = site.run(&["diff"]);
    insta::assert_snapshot!("levels_diff", diff);
    let json: serde_json::Value =
        serde_json::from_str(&site.ok(&["diff", "--json"])).expect("JSON");
    let levels: Vec<&str> = json["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| change["level"].as_str().expect("text"))
        .collect();
    assert_eq!(levels, ["ending", "open"]);
    let counted = &json["levels"][1];
    assert_eq!(
        (&counted["level"], &counted["files"], &counted["held"]),
        (&"party".into(), &2.into(), &2.into())
    );
    assert_eq!(counted["patterns"][0]["match"], "party/**");
    let push = site.run(&["push"]);
    insta::assert_snapshot!("levels_push", push);
    let report: serde_json::Value =
        serde_json::from_str(&site.ok(&["push", "--json"])).expect("JSON");
    assert_eq!(report["levels"], json["levels"]);
    fs::remove_file(site.asset("fox/ending/grapes.png")).expect("removed");
    site.write("fox/ending/vine.png", "a vine");
    let gone = site.ok(&["diff"]);
    assert!(
        gone.contains("(no longer in the tree, level ending,"),
        "{gone}"
    );
}

/// The files of each level are listed when levels are new or files change level.
#[test]
fn level_matches_are_listed_on_change() {
    let listed = |site: &Site, arguments: &[&str]| {
        let run = site.run(arguments);
        assert_eq!(run.code, 0, "{run}");
        format!("{run}").contains("levels and the files that they match:")
    };
    let site = tale(&ending(""));
    assert!(listed(&site, &["push"]));
    site.write("index.html", "<p>Twice upon a time");
    assert!(!listed(&site, &["push"]), "as before");
    let site = site.config(&ending("also = [\"index.*\"]\n"));
    assert!(listed(&site, &["diff"]), "a file has another level");
    assert!(listed(&site, &["push"]), "a file has another level");
    let site = Site::new().file("a.png", "there are no levels");
    assert!(!listed(&site, &["push"]));
}

/// The same bytes under an open path are an error, unless a rule allows the pair.
#[test]
fn same_bytes_in_open_are_error() {
    for (path, hidden) in [
        ("img/teaser.png", "fox/ending/grapes.png"),
        ("Ending-of-fox.txt", "fox/ending/grapes.png"),
        ("fox/index.html", "fox/ending/page.html"),
    ] {
        let page = "<!doctype html><p>They were sour";
        let site = |rule: &str| {
            let site = tale(&format!("{rule}{}", ending("open = [\"*\"]\n")));
            let content = if hidden.ends_with("html") {
                page
            } else {
                "sour grapes"
            };
            site.file("fox/ending/page.html", page).file(path, content)
        };
        let run = site("").run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        let words = format!(
            "`{path}`: is open, and has the same bytes as `{hidden}`, which is in the level `ending`"
        );
        assert!(run.stderr.contains(&words), "{run}");
        let may = advised(&run.stderr, "may_name");
        let rule = format!("[[rule]]\n{}\n{may}\n", advised(&run.stderr, "match"));
        site(&rule).ok(&["push"]);
        let other = rule.replace(hidden, "fox/ending/other.png");
        assert_eq!(
            site(&other).run(&["push"]).code,
            2,
            "it excuses this pair alone"
        );
    }
}

/// The same bytes in two levels are an error, unless they know each other.
#[test]
fn same_bytes_across_levels_are_error() {
    let site = |knows: &str| {
        let party = format!("[[level]]\nname = \"party\"\nmatch = \"party/**\"\n{knows}");
        tale(&format!("{party}{}", ending(""))).file("party/invitation.png", "sour grapes")
    };
    let run = site("").run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("`party/invitation.png`: is in the level `party`, and has the same bytes as `fox/ending/grapes.png`"),
        "{run}"
    );
    let run = site("knows = [\"ending\"]\n").run(&["push"]);
    assert_eq!(run.code, 2, "the ending doesn't know the party: {run}");
    assert!(
        run.stderr
            .contains("`fox/ending/grapes.png`: is in the level `ending`"),
        "{run}"
    );
}

/// Content that is empty or that all pages share raises no alarm.
#[test]
fn common_content_raises_no_alarm() {
    let dot: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    let mut site = tale(&ending(""));
    for (name, content) in [
        ("empty.txt", &b""[..]),
        ("line.txt", b"\n"),
        ("list.json", b"[]"),
        ("clear.gif", dot),
        ("common.css", b"body { color: teal }"),
        ("common.js", b"let shared = 'by all pages'"),
        ("type.woff2", b"wOF2 and so on"),
        ("favicon.ico", b"an icon of the site"),
        ("site-logo.svg", b"<svg><title>The logo</title></svg>"),
    ] {
        site = site
            .file(name, content)
            .file(&format!("fox/ending/{name}"), content);
    }
    for folder in ["fox", "crow", "hare"] {
        site = site.file(&format!("{folder}/ending/soon.html"), "<p>Coming soon");
    }
    let run = site.file("soon.html", "<p>Coming soon").run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
}

/// A picture with a gradient, stored as `format` has it.
fn picture(format: image::ImageFormat, change: impl Fn(&mut image::RgbImage)) -> Vec<u8> {
    let mut picture =
        image::RgbImage::from_fn(24, 16, |x, y| image::Rgb([x as u8 * 9, y as u8 * 13, 77]));
    change(&mut picture);
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("written");
    bytes.into_inner()
}

/// The same picture is an error however it is encoded, and another one is not.
#[test]
fn same_picture_in_open_is_error() {
    use image::ImageFormat::{Jpeg, Png, WebP};
    let same = |_: &mut image::RgbImage| {};
    let dot = |picture: &mut image::RgbImage| picture.put_pixel(3, 3, image::Rgb([255, 0, 0]));
    let blank = |picture: &mut image::RgbImage| picture.pixels_mut().for_each(|p| p.0 = [9, 9, 9]);
    let site = |hidden: (&str, Vec<u8>), open: (&str, Vec<u8>)| {
        tale(&ending(""))
            .file(&format!("fox/ending/{}", hidden.0), hidden.1)
            .file(open.0, open.1)
            .run(&["push"])
    };
    let photo = picture(Jpeg, same);
    // A comment behind the first mark.
    let remarked = [&photo[..2], b"\xff\xfe\0\x06vine", &photo[2..]].concat();
    for (hidden, open) in [
        (
            ("vine.png", picture(Png, same)),
            ("teaser.webp", picture(WebP, same)),
        ),
        (("vine.jpg", remarked), ("teaser.JPEG", photo)),
    ] {
        let run = site(hidden, open);
        assert_eq!(run.code, 2, "{run}");
        assert!(
            run.stderr
                .contains(": is open, and shows the same picture as `fox/ending/vine."),
            "{run}"
        );
    }
    for (hidden, open) in [
        (
            ("vine.png", picture(Png, same)),
            ("teaser.webp", picture(WebP, dot)),
        ),
        (
            ("vine.png", picture(Png, blank)),
            ("teaser.webp", picture(WebP, blank)),
        ),
        (
            ("vine.png", b"\x89PNG\r\n\x1a\nand no picture".to_vec()),
            ("teaser.png", picture(Png, same)),
        ),
    ] {
        let run = site(hidden, open);
        assert_eq!(run.code, 0, "{run}");
    }
}

/// A change of a pattern that makes a level miss its files doesn't publish them for everyone to guess.
#[test]
fn changed_pattern_reveals_nothing() {
    let rules = |folder: &str| {
        format!(
            "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[[rule]]\nmatch = \"**/{folder}/**\"\n\
             names = \"opaque\"\n[[level]]\nname = \"finale\"\nmatch = \"**/{folder}/**\"\n{LOCAL}"
        )
    };
    let site = Site::new()
        .config(&rules("ending"))
        .file("index.html", "<p>Once upon a time")
        .file("fox/ending/index.html", "<p>sour grapes");
    site.ok(&["push"]);
    let site = site.config(&rules("epilogue"));
    let diff = site.run(&["diff"]);
    assert!(diff.stderr.contains("A push would be refused"), "{diff}");
    let run = site.run(&["push"]);
    refused(
        &run,
        &[
            "reveal 1 file",
            "`fox/ending/index.html` (level `finale`)",
            "`--allow-plain`",
        ],
    );
    assert!(!site.path("out/fox/ending/index.html").exists());
    site.ok(&["push", "--allow-plain"]);
    assert!(site.path("out/fox/ending/index.html").exists());
}
