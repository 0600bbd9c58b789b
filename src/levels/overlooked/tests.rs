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

#[test]
fn a_pattern_goes_on_where_it_stopped() {
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

#[test]
fn a_pattern_is_as_narrow_as_its_files_allow() {
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

#[test]
fn files_that_one_line_mends_are_one_group() {
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

#[test]
fn what_opens_many_files_opens_none_that_belongs_to_a_level() {
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

#[test]
fn the_box_for_an_answer_is_no_alarm_and_a_list_of_them_is() {
    let levels = Levels::new(vec![solution()]);
    let page = ["lib/answer.js", "check-Answer.css", "answer.mjs"];
    assert_eq!(told(&levels, &page), [] as [&str; 0]);
    for path in ["answers.js", "answer.json", "answer/a.js", "solution.js"] {
        assert_eq!(told(&levels, &[path]).len(), 1, "{path}");
    }
}

#[test]
fn what_is_said_to_be_open_is_not_told_of() {
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
