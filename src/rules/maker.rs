//! Tools that make the files of a project, and the rules that these need from the start.

/// A tool that writes a site, or what a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// <https://vite.dev>: `dist/`, with what is bundled in `assets/`.
    Vite,
    /// <https://nextjs.org>, by `output: "export"`: `out/`.
    Next,
    /// <https://nuxt.com>, by `nuxt generate`: `.output/public/`.
    Nuxt,
    /// <https://svelte.dev/docs/kit>, by adapter-static: `build/`.
    SvelteKit,
    /// <https://astro.build>: `dist/`.
    Astro,
    /// <https://gohugo.io>: `public/`.
    Hugo,
    /// <https://rubyonrails.org>, after `rails assets:precompile`: `public/`.
    Rails,
    /// <https://www.djangoproject.com>, after `collectstatic`: `STATIC_ROOT`.
    Django,
    /// A puzzle hunt: a folder for each puzzle, and solutions inside.
    Hunt,
}

impl Maker {
    /// All of them, by name.
    pub const ALL: [(&str, Maker); 9] = [
        ("vite", Maker::Vite),
        ("next", Maker::Next),
        ("nuxt", Maker::Nuxt),
        ("sveltekit", Maker::SvelteKit),
        ("astro", Maker::Astro),
        ("hugo", Maker::Hugo),
        ("rails", Maker::Rails),
        ("django", Maker::Django),
        ("hunt", Maker::Hunt),
    ];

    /// Returns the one of this name.
    pub fn of(name: &str) -> Option<Maker> {
        let mut all = Maker::ALL.into_iter();
        all.find(|(other, _)| *other == name)
            .map(|(_, maker)| maker)
    }

    /// Returns its rules, which come after those that every project has.
    pub(crate) fn rules(self) -> &'static str {
        match self {
            Maker::Vite => VITE,
            Maker::Next => NEXT,
            Maker::Nuxt => NUXT,
            Maker::SvelteKit => SVELTEKIT,
            Maker::Astro => ASTRO,
            Maker::Hugo => HUGO,
            Maker::Rails => RAILS,
            Maker::Django => "",
            Maker::Hunt => HUNT,
        }
    }

    /// Returns what URLs in its files begin with that mean the top of the tree.
    pub(crate) fn prefix(self) -> Option<&'static str> {
        match self {
            Maker::Django => Some("/static/"),
            Maker::Hunt => None,
            _ => Some("/"),
        }
    }
}

/// A configuration as `init` writes it.
pub(crate) const TEMPLATE: &str = include_str!("template.toml");

/// Says whether `pattern` stands in the configuration that `init` writes: it's no mistake that it
/// matches nothing yet.
pub(crate) fn writes(pattern: &str) -> bool {
    TEMPLATE.contains(&format!("match = \"{pattern}\"")) || any_writes(pattern)
}

/// Says whether one of them has a rule for this pattern: what it's about may not be built yet.
fn any_writes(pattern: &str) -> bool {
    let line = format!("match = \"{pattern}\"");
    Maker::ALL
        .iter()
        .any(|(_, maker)| maker.rules().contains(&line))
}

const VITE: &str = r#"
# Vite adds a hash to these names, and its scripts contain them.
[[rule]]
match = "assets/**"
names = "fingerprinted"
"#;

const NEXT: &str = r#"
# Next adds a hash to these names, and its scripts contain them.
[[rule]]
match = "_next/**"
names = "fingerprinted"

# Its router requests a `.txt` file beside each page.
[[rule]]
match = "**/*.txt"
names = "plain"
"#;

const NUXT: &str = r#"
# Nuxt adds a hash to these names, and its scripts contain them. They request the other files by path.
[[rule]]
match = "_nuxt/**"
names = "fingerprinted"

[[rule]]
match = "{_nuxt/builds/**,**/_payload.json}"
names = "plain"
"#;

const SVELTEKIT: &str = r#"
# SvelteKit adds a hash to these names, and its scripts contain them. They request the other files by path.
[[rule]]
match = "_app/immutable/**"
names = "fingerprinted"

[[rule]]
match = "{_app/env.js,_app/version.json,**/__data.json}"
names = "plain"
"#;

const ASTRO: &str = r#"
# Astro adds a hash to these names, and its scripts contain them.
[[rule]]
match = "_astro/**"
names = "fingerprinted"
"#;

const HUGO: &str = r#"
# Feed readers rely on stable addresses.
[[rule]]
match = "**/index.xml"
names = "plain"
"#;

const RAILS: &str = r#"
# Rails adds a hash to these names, and its helpers write them into pages.
[[rule]]
match = "assets/**"
names = "fingerprinted"
"#;

const HUNT: &str = r#"
# Each puzzle's folder gets one unguessable name. Its files keep their paths, so scripts find them.
[[folder]]
match = "{puzzle,puzzles}/*"

[[rule]]
match = "{puzzle,puzzles}/*/**/*.html"
names = "folder"

[[rule]]
match = "**/solution/**"
names = "opaque"
"#;
