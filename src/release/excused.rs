//! Which names may be written over while a target is live: those that `--overwrite-live` names, or that its patterns match. Pure.

use std::collections::BTreeSet;

use crate::config::command::quoted;
use crate::error::{Error, Result, escape};
use crate::glob::Glob;
use crate::likeness::nearest;

/// Of how many names each is an option of its own in advice; of more, patterns are.
const OPTIONS_MAX: usize = 3;

/// How much of what was given is repeated, in characters.
const SHOWN_CHARS_MAX: usize = 200;

/// Logical paths that may be written over while live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excused {
    /// Named in full.
    pub named: BTreeSet<String>,
    /// Matched by a pattern: whoever wrote it may not know all of them.
    pub matched: BTreeSet<String>,
}

impl Excused {
    /// Those of `paths`, which are in `place`, that `given` names or matches. A path that is there is meant as it is, also if it has
    /// characters of a pattern; in a pattern, `*` stops at `/`, and `**` doesn't.
    ///
    /// # Errors
    /// [`Error::Usage`]: something given isn't a pattern, or matches nothing.
    pub fn new(given: &[String], paths: &BTreeSet<&str>, place: &str) -> Result<Excused> {
        let mut excused = Excused::default();
        for given in given {
            let bare = given.strip_prefix("./").or_else(|| given.strip_prefix('/'));
            let spellings = [Some(given.as_str()), bare];
            let named = spellings.into_iter().flatten();
            if let Some(path) = named.into_iter().find(|path| paths.contains(path)) {
                excused.named.insert(path.to_string());
                continue;
            }
            let glob = Glob::new(given).map_err(|error| Error::usage(format!("`{}` {error} (--overwrite-live)", start(given)), "`*` matches any part of a name, `**` folders too; `[*]` is the character itself"))?;
            let mut matching = paths.iter().filter(|path| glob.is_match(path)).peekable();
            if matching.peek().is_none() {
                return Err(no_such(given, paths, place));
            }
            excused
                .matched
                .extend(matching.map(|path| path.to_string()));
        }
        let Excused { named, matched } = &mut excused;
        matched.retain(|path| !named.contains(path));
        Ok(excused)
    }

    /// All of them.
    pub fn all(&self) -> BTreeSet<String> {
        self.named.union(&self.matched).cloned().collect()
    }
}

/// As much of a pattern as a message has room for.
fn start(given: &str) -> String {
    match given.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => escape(&given[..end]) + "…",
        None => escape(given),
    }
}

fn no_such(given: &str, paths: &BTreeSet<&str>, place: &str) -> Error {
    let is_pattern = given.contains(['*', '?', '[', '{']);
    let message = match is_pattern {
        true => format!(
            "`{}` matches nothing in {place} (--overwrite-live)",
            start(given)
        ),
        false => format!(
            "There is no `{}` in {place} (--overwrite-live)",
            start(given)
        ),
    };
    let near = nearest(given, paths.iter().copied()).filter(|_| !is_pattern);
    let hint = match near {
        Some(near) => format!("did you mean `{}`?", escape(near)),
        None => "paths are those of the tree, such as `puzzle/gears/index.html`; in a pattern, `*` stops at a slash, and `**` doesn't".to_string(),
    };
    Error::usage(message, hint)
}

/// The options that let `paths` through: each by name if they are few, else by patterns for a folder and type, each of which
/// matches no other folder or type.
pub(crate) fn options_for(paths: &[&str]) -> String {
    let meant: Vec<String> = match paths.len() <= OPTIONS_MAX {
        true => paths.iter().map(|path| path.to_string()).collect(),
        false => {
            let patterns: BTreeSet<String> = paths.iter().map(|path| pattern(path)).collect();
            match patterns.len() <= OPTIONS_MAX {
                true => patterns.into_iter().collect(),
                false => vec!["**".to_string()],
            }
        }
    };
    let options = meant
        .iter()
        .map(|meant| format!("--overwrite-live {}", quoted(&escape(meant))));
    options.collect::<Vec<_>>().join(" ")
}

/// `puzzle/*.html` for `puzzle/gears.html`.
pub(crate) fn pattern(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = match folder {
        "" => String::new(),
        folder => globset::escape(folder) + "/",
    };
    match name.rfind('.') {
        Some(dot) if dot > 0 => format!("{folder}*{}", globset::escape(&name[dot..])),
        _ => format!("{folder}*"),
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_pattern_matches_as_those_of_rules_do() {
        let found = excused(&["img/*.png"]).expect("something");
        assert_eq!(found.matched, set(&["img/a.png"]));
        let found = excused(&["img/**"]).expect("something");
        assert_eq!(found.matched.len(), 3);
        let found = excused(&["{a,a1}.html"]).expect("something");
        assert_eq!(found.matched, set(&["a.html", "a1.html"]));
    }

    #[test]
    fn a_path_that_is_there_is_meant_as_it_is() {
        let found = excused(&["a[1].html", "img/deep/{c}.png"]).expect("both");
        assert_eq!(found.named, set(&["a[1].html", "img/deep/{c}.png"]));
        assert!(found.matched.is_empty(), "not `a1.html`");
        let found = excused(&["a.html", "*.html"]).expect("something");
        assert_eq!(found.named, set(&["a.html"]));
        assert_eq!(found.matched, set(&["a1.html", "a[1].html"]));
        assert_eq!(found.all().len(), 3);
    }

    #[test]
    fn what_matches_nothing_or_is_no_pattern_is_a_mistake() {
        for (given, told) in [
            ("b.html", "There is no `b.html` in the tree"),
            ("*.css", "`*.css` matches nothing in the tree"),
            ("[", "`[` isn't a glob"),
            ("{a", "`{a` isn't a glob"),
        ] {
            let error = excused(&["a.html", given]).expect_err(given);
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().starts_with(told), "{error}");
        }
        let error = excused(&["a.htm"]).expect_err("misspelt");
        assert_eq!(error.hint().as_deref(), Some("did you mean `a.html`?"));
    }

    #[test]
    fn a_path_is_meant_however_its_beginning_is_written() {
        let paths = BTreeSet::from(["index.html", "sub/index.html"]);
        for given in ["index.html", "./index.html", "/index.html"] {
            let found = Excused::new(&[given.to_string()], &paths, "the tree").expect("meant");
            assert_eq!(found.named, set(&["index.html"]), "{given}");
        }
    }

    #[test]
    fn advice_lets_through_what_it_is_about_and_no_other_folder_or_type() {
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
}
