//! Lists of problems.

use super::*;

#[test]
fn a_hostile_name_is_escaped() {
    let problem = Problem::new("a\u{202e}gnp.\u{1b}[2J\n", "is odd");
    assert_eq!(problem.path, r"a\u{202e}gnp.\u{1b}[2J\n");
}

/// The first problems of each kind are listed, and the rest is counted.
#[test]
fn first_problems_per_kind_are_listed() {
    let broken = |n: usize| {
        let problem = Problem::at("a.html", (n as u32, 1), "leads nowhere");
        problem.kind(ProblemKind::Reference)
    };
    let mut problems: Vec<Problem> = (0..120).map(broken).collect();
    problems.push(Problem::new("b.html", "is odd"));
    let text = list(&problems, Listed::First);
    assert_eq!(text.lines().count(), 1 + 50 + 1 + 1, "{text}");
    assert!(
        text.contains("\n  `b.html`: is odd"),
        "of another kind: {text}"
    );
    assert!(text.contains("and 70 more references"), "{text}");
    assert_eq!(list(&problems, Listed::All).lines().count(), 1 + 121);
    assert_eq!(
        hint(&problems, Listed::First).lines().count(),
        2,
        "one for each kind"
    );
}
