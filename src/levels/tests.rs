//! Levels that know each other, and the paths that belong to them.

use super::*;

fn level(name: &str, knows: &[&str]) -> Level {
    Level {
        held: name == "posthunt",
        knows: knows.iter().map(ToString::to_string).collect(),
        ..Level::new(name, &format!("**/{name}/**")).expect("a glob")
    }
}

/// A level knows itself, open files and the levels it lists; the last match counts.
#[test]
fn levels_know_themselves_and_listed_levels() {
    let levels = Levels::new(vec![
        level("solution", &[]),
        level("posthunt", &["solution"]),
    ]);
    let of = |path: &str| levels.of(&LogicalPath::parse(path).expect("valid"));
    let open = of("a/index.html");
    let solution = of("a/solution/index.html");
    let posthunt = of("a/posthunt/index.html");
    assert_eq!(open, LevelId::OPEN);
    for (who, whom, may) in [
        (open, open, true),
        (open, solution, false),
        (open, posthunt, false),
        (solution, open, true),
        (solution, solution, true),
        (solution, posthunt, false),
        (posthunt, solution, true),
        (posthunt, open, true),
    ] {
        assert_eq!(levels.may_know(who, whom), may, "{who:?} {whom:?}");
    }
    assert!(levels.is_held(posthunt) && !levels.is_held(solution) && !levels.is_held(open));
    assert_eq!(
        of("a/solution/posthunt/x"),
        posthunt,
        "the last level that matches counts"
    );
}
/// Any pattern of a level matches in any case, unless the path is declared open.
#[test]
fn patterns_match_any_case_except_open() {
    let glob = |pattern: &str| Glob::in_case(pattern, Case::Any).expect("a glob");
    let solution = Level {
        matches: vec![glob("**/solution/**"), glob("**/*-answers.*")],
        open: vec![glob("**/solution/common.css")],
        ..level("solution", &[])
    };
    let levels = Levels::new(vec![solution]).with_open(vec![glob("about/**")]);
    for (path, name) in [
        ("x/Solution/a.png", "solution"),
        ("x/Gears-ANSWERS.json", "solution"),
        ("x/answers.json", OPEN),
        ("x/SOLUTION/Common.css", OPEN),
        ("about/solution/a.png", OPEN),
    ] {
        let id = levels.of(&LogicalPath::parse(path).expect("valid"));
        assert_eq!(levels.name(id), name, "{path}");
    }
}
