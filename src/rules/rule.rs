//! One rule of a configuration: the paths that it matches, and all that it may set for them.

use std::collections::BTreeMap;

use crate::base::coding::EncodingRule;
use crate::base::glob::{BadGlob, Glob};
use crate::base::name::NameStyle;
use crate::refs::Extra;

/// One `[[rule]]`: what it matches, and the fields it sets.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Logical paths that it applies to.
    pub matches: Glob,
    /// Style of the objects' names.
    pub names: Option<NameStyle>,
    /// The folder of names in the style `palindrome-2022`, with a slash at its end.
    pub under: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// Compression with gzip: `auto` or `never`.
    pub gzip: Option<GzipRule>,
    /// The coding that the files come in.
    pub encoding: Option<EncodingRule>,
    /// Further headers by lower-case name; added to those of earlier rules.
    pub headers: BTreeMap<String, String>,
    /// Published or left out, whatever the extension.
    pub publish: Option<bool>,
    /// True if references in the file are found and rewritten.
    pub rewrite: Option<bool>,
    /// Other parts of the file that are URLs; added to those of earlier rules.
    pub references: Extra,
    /// The `integrity` of what pages load.
    pub integrity: Option<Integrity>,
    /// Form in which references to other files are written.
    pub urls: Option<UrlStyle>,
    /// Treatment of references to files that don't exist.
    pub dangling: Option<Dangling>,
    /// Treatment of source maps.
    pub source_maps: Option<SourceMaps>,
    /// Treatment of metadata in images, audio and PDFs.
    pub metadata: Option<Remarks>,
    /// Treatment of comments in pages and SVG images.
    pub comments: Option<Remarks>,
    /// Globs of files that this one may name, though its level doesn't know theirs; added to those
    /// of earlier rules.
    pub may_name: Vec<Glob>,
}

/// Form in which references are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UrlStyle {
    /// From one object to the other: content doesn't depend on where it's served.
    #[default]
    Relative,
    /// With the target's `public_url`: for files that are read somewhere else, such as feeds.
    Absolute,
}

/// Treatments of scripts and styles that a page loads without an `integrity`. One that is there is
/// kept right anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Integrity {
    /// They have none.
    #[default]
    Keep,
    /// They get one.
    Add,
}

/// Treatment of references to files that don't exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dangling {
    /// Nothing is published.
    Error,
    /// A warning.
    Warn,
    /// Nothing.
    Ignore,
}

/// Treatment of source maps, which contain the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceMaps {
    /// Maps aren't published, and one inside a script or style is an error.
    #[default]
    Refuse,
    /// Published, and referred to.
    Publish,
    /// Maps aren't published, and the comments that name or hold them are taken out.
    Strip,
}

/// Treatment of remarks that visitors don't see, but can find in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Remarks {
    /// They stay: in a hunt, they may be the clue.
    #[default]
    Keep,
    /// They are taken out.
    Strip,
}

/// Compression with gzip, as a rule sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GzipRule {
    /// By type, where it saves enough.
    Auto,
    /// Not at all.
    Never,
}

impl Rule {
    /// A rule for `pattern` that sets nothing yet.
    ///
    /// # Errors
    /// As [`Glob::new`].
    pub fn new(pattern: &str) -> Result<Rule, BadGlob> {
        Glob::new(pattern).map(Rule::for_glob)
    }

    /// A rule for what `matches` that sets nothing yet.
    pub fn for_glob(matches: Glob) -> Rule {
        Rule {
            matches,
            names: None,
            under: None,
            cache_control: None,
            content_type: None,
            gzip: None,
            encoding: None,
            headers: BTreeMap::new(),
            publish: None,
            rewrite: None,
            references: Extra::default(),
            integrity: None,
            urls: None,
            dangling: None,
            source_maps: None,
            metadata: None,
            comments: None,
            may_name: Vec::new(),
        }
    }

    /// The pattern as it was written.
    pub fn pattern(&self) -> &str {
        self.matches.pattern()
    }

    /// Checks whether the pattern matches all files in a folder.
    pub(super) fn takes_all(&self) -> bool {
        let name = self.pattern().rsplit('/').next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        // `*.json` is no more about one file than `*` is; `.env` has no stem.
        !stem.is_empty() && stem.chars().all(|c| matches!(c, '*' | '?'))
    }
    /// Checks whether the pattern ends in one or several extensions: `*.sqlite3`, `*.{db,sqlite}`.
    pub(super) fn names_type(&self) -> bool {
        let name = self.pattern().rsplit('/').next().unwrap_or_default();
        let end = name.rsplit_once('.').map(|(_, end)| end);
        end.is_some_and(|end| !end.is_empty() && !end.contains(['*', '?', '[', '!']))
    }
}
