//! Names that mean a level, and such that are only like one.

use super::*;

fn marks(levels: &[(&str, &str)]) -> Marks {
    let levels = levels
        .iter()
        .map(|(name, pattern)| Level::new(name, pattern).expect("a glob"));
    Marks::of(&levels.collect::<Vec<_>>())
}

#[track_caller]
fn means(levels: &[(&str, &str)], name: &str, word: Option<&str>) {
    let found = marks(levels).find(name, name);
    let found = found.map(|meant| &name[meant.at.0..meant.at.1]);
    assert_eq!(found, word, "{name}");
}

/// Names are split into words at punctuation, digits and changes of case.
#[test]
fn names_split_at_visible_words() {
    for (name, cut) in [
        ("gears-solution.html", &["gears", "solution", "html"][..]),
        ("GearsSolution2b", &["Gears", "Solution", "2", "b"]),
        ("HTMLPage", &["HTML", "Page"]),
        ("post_hunt", &["post", "hunt"]),
        ("SOLUTION", &["SOLUTION"]),
        ("e\u{301}te\u{301}", &["e\u{301}te\u{301}"]),
        ("..", &[]),
        ("", &[]),
    ] {
        let found = words(name).into_iter().map(|word| &name[word]);
        assert_eq!(found.collect::<Vec<_>>(), cut, "{name}");
    }
}

/// Plurals, typos, synonyms and other spellings of a level's name are recognised.
#[test]
fn level_names_match_with_variations() {
    for (name, word) in [
        ("solutions", "solutions"),
        ("SOLUTION.pdf", "SOLUTION"),
        ("gears-solution.html", "solution"),
        ("mySolutionPage.js", "Solution"),
        ("soluton", "soluton"),
        ("soultions", "soultions"),
        ("answers.json", "answers"),
        ("the_answer", "answer"),
        ("anwser.txt", "anwser"),
        ("gears.soln.txt", "soln"),
        ("post-hunt", "post-hunt"),
        ("postHunt", "postHunt"),
        ("Post_Hunts2", "Post_Hunts"),
        ("posthnt", "posthnt"),
    ] {
        means(&SOLUTION_AND_POSTHUNT, name, Some(word));
    }
}

/// Words that merely resemble a level's name do not match it.
#[test]
fn similar_words_match_no_level() {
    for name in [
        "solve",
        "solved.html",
        "resolution.png",
        "Dissolute",
        "absolution",
        "pollution",
        "evolution",
        "hunt",
        "post",
        "answering",
        "sol.mp3",
        "index.html",
        "dans-we.png",
    ] {
        means(&SOLUTION_AND_POSTHUNT, name, None);
    }
}

const SOLUTION_AND_POSTHUNT: [(&str, &str); 2] = [
    ("solution", "**/solution/**"),
    ("posthunt", "**/posthunt/**"),
];

/// Short names and names with numbers tolerate no typos.
#[test]
fn short_names_tolerate_no_typos() {
    means(&[("meta", "meta/**")], "Metas.html", Some("Metas"));
    means(&[("meta", "meta/**")], "mesa.html", None);
    means(&[("new", "new/**")], "news.html", None);
    means(&[("x", "x/**")], "x.html", None);
    let round = [("round2", "round2/**")];
    means(&round, "Round-2.html", Some("Round-2"));
    means(&round, "round-3.html", None);
    means(&round, "rounds", None);
    means(&[("finale", "finale/**")], "final.css", None);
}

/// The name of a puzzle is no sign of a level, even if each puzzle has its own level.
#[test]
fn puzzle_names_are_no_level_signs() {
    let levels = [
        ("gears", "puzzle/gears/solution/**"),
        ("bolts", "puzzle/bolts/solution/**"),
        ("nuts", "solution/nuts/**"),
    ];
    for name in ["gears", "bolts.html", "nuts", "puzzle"] {
        means(&levels, name, None);
    }
    let found = marks(&levels).find("solutions", "puzzle/bolts/solutions/a.png");
    assert_eq!(found.map(|meant| meant.level), Some(1));
    means(
        &[("secret", "puzzle/*/solution/**")],
        "secret-map.png",
        Some("secret"),
    );
    means(
        &[("late", "**/posthunt/*.html")],
        "post-hunt",
        Some("post-hunt"),
    );
}
