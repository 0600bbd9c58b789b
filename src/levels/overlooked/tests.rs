//! Tests of files that a level seems to miss, and of the lines that fix that.

use super::*;

fn told(levels: &Levels, paths: &[&str]) -> Vec<String> {
    let paths: Vec<LogicalPath> = paths
        .iter()
        .map(|path| LogicalPath::parse(path).expect("valid"))
        .collect();
    let named = |path| (path, levels.of(path), NameStyle::Opaque);
    let files = paths.iter().map(named);
    let mut causes: Vec<String> = Vec::new();
    for warning in overlooked(levels, files, &[]).warnings {
        if !causes.contains(&warning.cause) {
            causes.push(warning.cause);
        }
    }
    causes
}

fn solution() -> Level {
    Level::new("solution", "**/solution/**").expect("a glob")
}

/// A pattern that stops at a slash is extended to match deeper folders.
#[test]
fn patterns_extend_past_their_last_slash() {
    for (pattern, on) in [
        ("**/solution/*", Some("**/solution/**")),
        ("solution/*/*", Some("solution/**")),
        ("puzzle/*/solution/**", Some("puzzle/**/solution/**")),
        ("**/solution/*.html", Some("**/solution/**/*.html")),
        ("**/solution/**", None),
        ("*", None),
        ("*.html", None),
        ("**/*.html", None),
        ("a-*", None),
        ("{a,b}/*", None),
    ] {
        assert_eq!(deeper(pattern).as_deref(), on, "{pattern}");
    }
}

/// A suggested pattern is as narrow as the name of the file or folder allows.
#[test]
fn suggested_patterns_are_narrow() {
    for (part, word, is_file, pattern) in [
        (
            "gears-solution.html",
            "solution",
            true,
            "**/*-solution.html",
        ),
        ("solution.v2.pdf", "solution", true, "**/solution.*.pdf"),
        (
            "GearsSolution.html",
            "Solution",
            true,
            "**/GearsSolution.html",
        ),
        ("solutions", "solutions", false, "**/solutions/**"),
        ("post-hunt-solve", "post-hunt", false, "**/post-hunt-*/**"),
        ("a[1] solution", "solution", true, "**/* solution"),
        ("[solution]*", "solution", false, "**/*[[]solution[]]*/**"),
    ] {
        let start = part.find(word).expect("it's there");
        let at = (start, start + word.len());
        assert_eq!(shape(part, at, is_file), pattern);
        let glob = Glob::new(pattern).expect("a glob");
        let inside = if is_file { "" } else { "/x" };
        assert!(glob.is_match(format!("a/{part}{inside}")), "{pattern}");
    }
}

/// Files that one configuration line fixes are reported together.
#[test]
fn files_with_same_fix_are_grouped() {
    let levels = Levels::new(vec![solution()]);
    let paths = [
        "x/solution/a.png",
        "a/solutions/1.png",
        "b/Solutions/2.png",
        "a-solution.html",
        "b-solution.html",
        "index.html",
    ];
    let told = told(&levels, &paths);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told.iter()
            .any(|cause| cause.contains("`also = [\"**/*-solution.html\"]`")),
        "{told:#?}"
    );
    assert!(
        told.iter()
            .any(|cause| cause.contains("`open = [\"a/solutions/1.png\", \"b/Solutions/2.png\"]`")),
        "{told:#?}"
    );
}

/// A broad `open` pattern is suggested only if it opens no file of a level.
#[test]
fn broad_open_patterns_skip_level_files() {
    let levels = Levels::new(vec![solution()]);
    let many = ["solutions/1", "solutions/2", "solutions/3", "solutions/4"];
    let free = told(&levels, &many);
    assert!(
        free[0].contains("`open = [\"**/solutions/**\"]`"),
        "{free:#?}"
    );
    let mut with_hidden = many.to_vec();
    with_hidden.push("solutions/solution/5");
    let told = told(&levels, &with_hidden);
    assert!(told[0].contains("or list them in `open`"), "{told:#?}");
}

/// A list of answers is reported, and a script or style for an answer box is not.
#[test]
fn answer_lists_warn_answer_boxes_dont() {
    let levels = Levels::new(vec![solution()]);
    let page = ["lib/answer.js", "check-Answer.css", "answer.mjs"];
    assert_eq!(told(&levels, &page), [] as [&str; 0]);
    for path in ["answers.js", "answer.json", "answer/a.js", "solution.js"] {
        assert_eq!(told(&levels, &[path]).len(), 1, "{path}");
    }
}

/// Files that the configuration declares open are not reported.
#[test]
fn open_files_are_not_reported() {
    let glob = |pattern: &str| Glob::in_case(pattern, Case::Any).expect("a glob");
    let excepted = Level {
        open: vec![glob("**/about-solutions.html")],
        ..solution()
    };
    let levels = Levels::new(vec![excepted]).with_open(vec![glob("faq/**")]);
    assert_eq!(
        told(&levels, &["About-Solutions.html", "faq/answers.html"]),
        [] as [&str; 0]
    );
    assert_eq!(told(&levels, &["all-solutions.html"]).len(), 1);
}
