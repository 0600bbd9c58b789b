//! Levels that know each other, and the paths that belong to them.

use super::*;

fn level(name: &str, knows: &[&str]) -> Level {
    Level {
        held: name == "posthunt",
        knows: knows.iter().map(ToString::to_string).collect(),
        ..Level::new(name, &format!("**/{name}/**")).expect("a glob")
    }
}

#[test]
fn a_level_knows_itself_and_what_is_open_and_what_it_says() {
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
#[test]
fn a_path_belongs_by_any_pattern_in_any_case_unless_it_is_said_to_be_open() {
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
