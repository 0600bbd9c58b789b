//! Paths and patterns of names that may be overwritten.

use super::*;

const PATHS: [&str; 6] = [
    "a.html",
    "a[1].html",
    "a1.html",
    "img/a.png",
    "img/deep/b.png",
    "img/deep/{c}.png",
];

fn excused(given: &[&str]) -> Result<Excused> {
    let given: Vec<String> = given.iter().map(ToString::to_string).collect();
    Excused::new(&given, &PATHS.into(), "the tree")
}

fn set(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(ToString::to_string).collect()
}

/// Patterns match as they do in rules.
#[test]
fn patterns_match_like_those_of_rules() {
    let found = excused(&["img/*.png"]).expect("something");
    assert_eq!(found.matched, set(&["img/a.png"]));
    let found = excused(&["img/**"]).expect("something");
    assert_eq!(found.matched.len(), 3);
    let found = excused(&["{a,a1}.html"]).expect("something");
    assert_eq!(found.matched, set(&["a.html", "a1.html"]));
}

/// An existing path is taken literally, even if it looks like a pattern.
#[test]
fn existing_path_is_taken_literally() {
    let found = excused(&["a[1].html", "img/deep/{c}.png"]).expect("both");
    assert_eq!(found.named, set(&["a[1].html", "img/deep/{c}.png"]));
    assert!(found.matched.is_empty(), "not `a1.html`");
    let found = excused(&["a.html", "*.html"]).expect("something");
    assert_eq!(found.named, set(&["a.html"]));
    assert_eq!(found.matched, set(&["a1.html", "a[1].html"]));
    assert_eq!(found.all().len(), 3);
}

/// A pattern that is invalid or matches nothing is an error.
#[test]
fn unmatched_or_invalid_pattern_is_refused() {
    for (given, told) in [
        ("b.html", "There is no `b.html` in the tree"),
        ("*.css", "`*.css` matches nothing in the tree"),
        ("[", "`[` isn't a valid glob"),
        ("{a", "`{a` isn't a valid glob"),
    ] {
        let error = excused(&["a.html", given]).expect_err(given);
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().starts_with(told), "{error}");
    }
    let error = excused(&["a.htm"]).expect_err("misspelt");
    assert_eq!(error.hint().as_deref(), Some("did you mean `a.html`?"));
}

/// A path matches with or without a leading `/` or `./`.
#[test]
fn leading_slash_or_dot_is_ignored() {
    let paths = BTreeSet::from(["index.html", "sub/index.html"]);
    for given in ["index.html", "./index.html", "/index.html"] {
        let found = Excused::new(&[given.to_string()], &paths, "the tree").expect("meant");
        assert_eq!(found.named, set(&["index.html"]), "{given}");
    }
}

/// An advised pattern covers the given files and no other folder or type.
#[test]
fn advised_patterns_cover_only_given_files() {
    let of = |paths: &[&str]| options_for(paths);
    assert_eq!(of(&["a.html"]), "--overwrite-live a.html");
    assert_eq!(of(&["a b's.html"]), r"--overwrite-live 'a b'\''s.html'");
    let many = ["x[y]/1.html", "x[y]/2.html", "x[y]/3.html", "x[y]/4.html"];
    assert_eq!(of(&many), "--overwrite-live 'x[[]y[]]/*.html'");
    let paths: BTreeSet<&str> = many
        .into_iter()
        .chain(["x[y]/a.css", "xy/1.html"])
        .collect();
    let given = [pattern(many[0])];
    let found = Excused::new(&given, &paths, "the tree").expect("some");
    assert_eq!(found.matched, set(&many));
    let scattered = ["a/1.html", "b/1.html", "c/1.html", "d/1.html"];
    assert_eq!(of(&scattered), "--overwrite-live '**'");
    assert_eq!(
        (pattern("CNAME"), pattern("a/.htaccess")),
        ("*".into(), "a/*".into())
    );
}
