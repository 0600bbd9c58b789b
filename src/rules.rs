//! From a path to what happens with it: name style, headers, compression, or not published at all. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::droppings::{self, Dropping, Mark};
use crate::folders::Folders;
use crate::glob::{BadGlob, Glob};
use crate::levels::{LevelId, Levels};
use crate::media;
use crate::name::{EncodingPolicy, Headers, NameStyle};
use crate::path::LogicalPath;
use crate::problem::Meant;
use crate::refs::Extra;
use crate::site::{AskedFor, asked_for, asked_for_by_heart};

/// For names that commit to their content: for ever, as far as HTTP has it
/// (<https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Cache-Control#immutable>).
pub const CACHE_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// For names whose content may change: a minute, so that a fix reaches everybody soon.
pub const CACHE_SHORTLY: &str = "public, max-age=60";

/// One `[[rule]]`: what it matches, and the fields it sets.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Which logical paths it's about.
    pub matches: Glob,
    /// How objects are called.
    pub names: Option<NameStyle>,
    /// The folder of names in the style `palindrome-2022`, with a slash at its end.
    pub under: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// Whether gzip is allowed: `auto` or `never`.
    pub gzip: Option<GzipRule>,
    /// Further headers by lower-case name; added to those of earlier rules.
    pub headers: BTreeMap<String, String>,
    /// Published or left out, whatever the extension.
    pub publish: Option<bool>,
    /// Whether references in the file are found and rewritten.
    pub rewrite: Option<bool>,
    /// What else in the file is a URL; added to that of earlier rules.
    pub references: Extra,
    /// How references to other files are written.
    pub urls: Option<UrlStyle>,
    /// What becomes of references to files that aren't there.
    pub dangling: Option<Dangling>,
    /// What becomes of source maps.
    pub source_maps: Option<SourceMaps>,
    /// What becomes of what images, audio and PDFs say about themselves.
    pub metadata: Option<Remarks>,
    /// What becomes of comments in pages and SVG images.
    pub comments: Option<Remarks>,
    /// Globs of files that this one may name, though its level doesn't know theirs; added to those of earlier rules.
    pub may_name: Vec<Glob>,
}

/// How references are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UrlStyle {
    /// From one object to the other: content doesn't depend on where it's served.
    #[default]
    Relative,
    /// With the target's `public_url`: for files that are read somewhere else, such as feeds.
    Absolute,
}

/// What becomes of references to files that aren't there.
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

/// What becomes of source maps, which carry the sources.
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

/// What becomes of remarks that visitors don't see, but finders find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Remarks {
    /// They stay: in a hunt, they may be the clue.
    #[default]
    Keep,
    /// They are taken out.
    Strip,
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
            headers: BTreeMap::new(),
            publish: None,
            rewrite: None,
            references: Extra::default(),
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

    /// Whether the pattern takes whatever is in a folder.
    fn takes_all(&self) -> bool {
        let name = self.pattern().rsplit('/').next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        // `*.json` is no more about one file than `*` is; `.env` has no stem.
        !stem.is_empty() && stem.chars().all(|c| matches!(c, '*' | '?'))
    }
}

impl Rule {
    /// Whether the pattern ends in an extension, or in several: `*.sqlite3`, `*.{db,sqlite}`.
    fn names_type(&self) -> bool {
        let name = self.pattern().rsplit('/').next().unwrap_or_default();
        let end = name.rsplit_once('.').map(|(_, end)| end);
        end.is_some_and(|end| !end.is_empty() && !end.contains(['*', '?', '[', '!']))
    }
}

/// What a rule says about compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GzipRule {
    /// By type, where it saves enough.
    Auto,
    /// Not at all.
    Never,
}

/// Whether a path is published, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Publish {
    /// A rule asks for it by `publish = true`, whatever its extension.
    ByRule,
    /// Its extension is on the allow-list.
    ByExtension,
    /// A rule leaves it out.
    LeftOut,
    /// Its extension isn't on the allow-list, and no rule asks for it.
    NotListed,
    /// What systems and editors leave behind: never published, whatever a rule says.
    Never,
    /// Its name, or that of a folder around it, says that it isn't meant, and no rule for this name asks for it.
    Dropping(Dropping),
}

/// What the rules make of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Whether it's published.
    pub publish: Publish,
    /// A rule with `publish = true` means this file, even if it looks like a secret: its pattern ends in more
    /// than `*` or `**`.
    pub may_be_secret: bool,
    /// A rule with `publish = true` means files of this type, which aren't published otherwise: its pattern ends in
    /// their extension.
    pub is_type_meant: bool,
    /// How the object is called.
    pub names: NameStyle,
    /// The folder that its name is in, with a slash at its end; empty for the top. Of `palindrome-2022` alone.
    pub under: String,
    /// True if a rule says so.
    pub is_name_asked: bool,
    /// What it's served with.
    pub headers: Headers,
    /// The extension the object's key ends in.
    pub key_extension: Option<String>,
    /// No extension and no rule with a type: served as `application/octet-stream`.
    pub type_is_guess: bool,
    /// Who may know of it.
    pub level: LevelId,
    /// Whether its references are found and rewritten.
    pub rewrite: bool,
    /// What else in it is a URL.
    pub references: Extra,
    /// How its references are written.
    pub urls: UrlStyle,
    /// What a rule says of its references to files that aren't there.
    pub dangling: Option<Dangling>,
    /// What becomes of source maps.
    pub source_maps: SourceMaps,
    /// What a rule says of what it says about itself; it's kept if none does.
    pub metadata: Option<Remarks>,
    /// What becomes of its comments.
    pub comments: Remarks,
    /// Globs of files it may name, whatever their level.
    pub may_name: Vec<Glob>,
}

impl Policy {
    /// Says whether a rule or its level wants that nobody guesses its name.
    pub(crate) fn is_kept_unguessable(&self) -> bool {
        self.names.is_keyed() && (self.is_name_asked || self.level != LevelId::OPEN)
    }

    /// Of an object that is published already, and isn't built anew.
    pub(crate) fn of_published(names: NameStyle, headers: Headers, level: LevelId) -> Policy {
        Policy {
            publish: Publish::ByExtension,
            may_be_secret: false,
            is_type_meant: false,
            names,
            under: String::new(),
            is_name_asked: false,
            headers,
            key_extension: None,
            type_is_guess: false,
            level,
            rewrite: false,
            references: Extra::default(),
            urls: UrlStyle::default(),
            dangling: None,
            source_maps: SourceMaps::default(),
            metadata: None,
            comments: Remarks::default(),
            may_name: Vec::new(),
        }
    }
}

/// Paths of one kind have one policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    extension: Option<String>,
    is_dotfile: bool,
    is_left_behind: bool,
    dropping: Option<Dropping>,
    /// The places of the rules that match.
    matching: Vec<usize>,
    asked_for: AskedFor,
    level: LevelId,
    is_in_folder: bool,
}

impl Kind {
    /// The same of a path that is meant, whatever its name says.
    pub(crate) fn meant(self) -> Kind {
        Kind {
            dropping: None,
            ..self
        }
    }
}

/// What holds where no rule says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Defaults {
    /// Every name is keyed, and the tree is a part of a site: with a configuration.
    #[default]
    Keyed,
    /// The tree is a whole site, which has to work as it is: what is asked for by name keeps it, and `/` is the top of the tree.
    Site,
}

/// All rules of a configuration, in order: every rule that matches applies, later ones win, field by field.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    extensions: BTreeSet<String>,
    levels: Levels,
    folders: Folders,
    prefixes: Vec<String>,
    defaults: Defaults,
    key_file: Option<PathBuf>,
    meant: Meant,
}

impl Rules {
    /// `extensions` (lower case, without dot; "" for names that have none) are published besides the
    /// built-in allow-list.
    pub fn new(rules: Vec<Rule>, extensions: BTreeSet<String>) -> Rules {
        Rules {
            rules,
            extensions,
            levels: Levels::default(),
            folders: Folders::default(),
            prefixes: Vec::new(),
            defaults: Defaults::default(),
            key_file: None,
            meant: Meant::default(),
        }
    }

    /// Returns the same rules with these warnings left out.
    pub fn with_meant(self, meant: Meant) -> Rules {
        Rules { meant, ..self }
    }

    /// Returns the rules in their order: of those that set the same, the last one counts.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// Returns the extensions (lower case, without dot) that are published besides the usual ones.
    pub fn extensions(&self) -> impl Iterator<Item = &String> {
        self.extensions.iter()
    }

    /// Returns which warnings are meant to be.
    pub fn meant(&self) -> &Meant {
        &self.meant
    }

    /// The same rules for a tree that is a whole site.
    pub fn for_a_site(self) -> Rules {
        Rules {
            prefixes: vec!["/".to_string()],
            defaults: Defaults::Site,
            ..self
        }
    }

    /// What holds where no rule says anything.
    pub fn defaults(&self) -> Defaults {
        self.defaults
    }

    /// The same rules with these levels.
    pub fn with_levels(self, levels: Levels) -> Rules {
        Rules { levels, ..self }
    }

    /// The same rules with these keyed folders.
    pub fn with_folders(self, folders: Folders) -> Rules {
        Rules { folders, ..self }
    }

    /// Returns which folders have one name for all that is in them.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The same rules; URLs that begin with one of `prefixes`, such as `/static/`, are paths of the tree.
    pub fn with_prefixes(self, prefixes: Vec<String>) -> Rules {
        Rules { prefixes, ..self }
    }

    /// The same rules for a project with this key, which no rule publishes.
    pub fn with_key_file(self, key_file: &Path) -> Rules {
        // Of one that isn't there, nothing can be published.
        let key_file = key_file.canonicalize().ok();
        Rules { key_file, ..self }
    }

    /// Says whether a file on disk is the project's key.
    pub(crate) fn is_key_file(&self, file: &Path) -> bool {
        self.key_file.is_some() && file.canonicalize().ok() == self.key_file
    }

    /// Whether any rule sets this header.
    pub fn sets_header(&self, name: &str) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.headers.contains_key(name))
    }

    /// Whether any rule asks for names of this style.
    pub fn names_any(&self, style: NameStyle) -> bool {
        self.rules.iter().any(|rule| rule.names == Some(style))
    }

    /// Whether any rule wants absolute URLs: then content depends on the target.
    pub fn write_absolute_urls(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.urls == Some(UrlStyle::Absolute))
    }

    /// Who may know what.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Beginnings of URLs that stand for the top of the tree.
    pub fn prefixes(&self) -> &[String] {
        &self.prefixes
    }

    /// The patterns of rules that match none of `paths`: misspelt, perhaps.
    /// `odd` are paths that can't be logical ones, and are left out by a rule.
    pub(crate) fn unused<'a>(
        &self,
        paths: impl Iterator<Item = &'a LogicalPath> + Clone,
        odd: &[PathBuf],
    ) -> Vec<&str> {
        // There may be no file of a level yet.
        let is_level = |rule: &Rule| {
            self.levels
                .patterns()
                .any(|glob| glob.pattern() == rule.pattern())
        };
        let is_unused = |rule: &&Rule| {
            !is_level(rule)
                && !odd.iter().any(|path| rule.matches.is_match(path))
                && !paths
                    .clone()
                    .any(|path| rule.matches.is_match(path.as_str()))
        };
        self.rules
            .iter()
            .filter(is_unused)
            .map(Rule::pattern)
            .collect()
    }

    /// Whether a file of this name, which needn't be a logical path, is left out.
    pub(crate) fn leave_out(&self, path: &Path) -> bool {
        let matching = self.rules.iter().rev();
        let matching = matching.filter(|rule| rule.matches.is_match(path));
        matching.filter_map(|rule| rule.publish).next() == Some(false)
    }

    /// The first part of `path` by which it's left out.
    pub(crate) fn dropping(&self, path: &str) -> Option<Mark> {
        let guessed = droppings::guessed(path).filter(|_| self.is_in_named_folder(path));
        let mut marks = droppings::marks(path).chain(guessed);
        marks.find(|mark| !self.ask_for(path, &mark.unmarked(path)))
    }

    /// Says whether a file keeps its name in a folder that is keyed without it, so that whoever knows the folder can guess it.
    fn is_in_named_folder(&self, path: &str) -> bool {
        let mut rules = self.rules.iter().rev();
        let names = rules.find_map(|rule| rule.names.filter(|_| rule.matches.is_match(path)));
        names == Some(NameStyle::Palindrome2022)
    }

    /// Whether a rule asks for `path` by what sets it apart from `unmarked`: one that takes all isn't about it.
    pub(crate) fn ask_for(&self, path: &str, unmarked: &str) -> bool {
        let matches = |rule: &&Rule, path: &str| rule.matches.is_match(path);
        let mut rules = self.rules.iter().filter(|rule| rule.publish == Some(true));
        rules.any(|rule| matches(&rule, path) && !matches(&rule, unmarked))
    }

    /// What becomes of `path`.
    pub fn policy(&self, path: &LogicalPath) -> Policy {
        self.policy_of(&self.kind(path))
    }

    /// What of `path` decides what becomes of it.
    pub(crate) fn kind(&self, path: &LogicalPath) -> Kind {
        let rules = self.rules.iter().enumerate();
        let level = self.levels.of(path);
        let is_in_folder = self.folders.around(path.as_str()).is_some();
        Kind {
            extension: path.extension(),
            is_dotfile: path.file_name().starts_with('.'),
            is_left_behind: media::is_left_behind(path.file_name()),
            dropping: self.dropping(path.as_str()).map(|mark| mark.dropping),
            matching: rules
                .filter(|(_, rule)| rule.matches.is_match(path.as_str()))
                .map(|(index, _)| index)
                .collect(),
            asked_for: match self.defaults {
                Defaults::Site => asked_for(path),
                // Nobody is to find these, or they keep their places.
                Defaults::Keyed if level != LevelId::OPEN => AskedFor::ByReference,
                Defaults::Keyed if is_in_folder && !path.folder().is_empty() => {
                    AskedFor::ByReference
                }
                Defaults::Keyed => asked_for_by_heart(path),
            },
            level,
            is_in_folder,
        }
    }

    /// What becomes of paths of a kind.
    pub(crate) fn policy_of(&self, kind: &Kind) -> Policy {
        let extension = kind.extension.clone();
        let matching: Vec<&Rule> = kind.matching.iter().map(|at| &self.rules[*at]).collect();
        let last = |field: fn(&Rule) -> Option<&String>| {
            matching.iter().rev().find_map(|r| field(r)).cloned()
        };

        let names = find(&matching, |r| r.names).unwrap_or(match kind.asked_for {
            AskedFor::ByReference if kind.is_in_folder => NameStyle::Folder,
            AskedFor::ByReference => NameStyle::default(),
            AskedFor::ByName | AskedFor::WellKnown { .. } => NameStyle::Plain,
        });
        let type_of_name = match kind.asked_for {
            AskedFor::WellKnown { bare_type } if extension.is_none() => Some(bare_type.to_string()),
            _ => None,
        };
        let configured_type = last(|r| r.content_type.as_ref()).or(type_of_name);
        let cache_control = last(|r| r.cache_control.as_ref()).unwrap_or_else(|| {
            if names.is_mutable() {
                CACHE_SHORTLY
            } else {
                CACHE_FOR_EVER
            }
            .to_string()
        });
        let mut further = BTreeMap::new();
        for rule in &matching {
            further.extend(rule.headers.clone());
        }
        let source_maps = find(&matching, |r| r.source_maps).unwrap_or_default();
        let is_map = extension.as_deref() == Some("map");
        let is_listed = self.is_listed(kind) || (is_map && source_maps == SourceMaps::Publish);
        if extension.as_deref() == Some("svgz") && configured_type.is_none() {
            // An SVG that is gzipped on disk; browsers show it only if they are told.
            further.insert("content-encoding".into(), "gzip".into());
        }
        let content_type = configured_type
            .clone()
            .unwrap_or_else(|| media::content_type(extension.as_deref()));
        let gzip = find(&matching, |r| r.gzip).unwrap_or(GzipRule::Auto);
        let may_gzip = gzip == GzipRule::Auto
            && media::is_compressible(&content_type)
            && !further.contains_key("content-encoding");
        Policy {
            publish: match (find(&matching, |r| r.publish), kind.dropping) {
                _ if kind.is_left_behind => Publish::Never,
                (Some(false), _) => Publish::LeftOut,
                (_, Some(dropping)) => Publish::Dropping(dropping),
                (Some(true), None) => Publish::ByRule,
                _ if is_listed || matches!(kind.asked_for, AskedFor::WellKnown { .. }) => {
                    Publish::ByExtension
                }
                _ => Publish::NotListed,
            },
            may_be_secret: matching
                .iter()
                .any(|rule| rule.publish == Some(true) && !rule.takes_all()),
            is_type_meant: !is_listed
                && matching
                    .iter()
                    .any(|rule| rule.publish == Some(true) && rule.names_type()),
            names,
            under: match names {
                NameStyle::Palindrome2022 => last(|r| r.under.as_ref()).unwrap_or_default(),
                _ => String::new(),
            },
            is_name_asked: matching.iter().any(|rule| rule.names.is_some()),
            type_is_guess: configured_type.is_none() && content_type == "application/octet-stream",
            headers: Headers {
                content_type,
                cache_control,
                encoding: if may_gzip {
                    EncodingPolicy::Gzip
                } else {
                    EncodingPolicy::Identity
                },
                further,
            },
            key_extension: extension.filter(|_| is_listed),
            level: kind.level,
            rewrite: find(&matching, |r| r.rewrite).unwrap_or(true),
            references: references(&matching),
            urls: find(&matching, |r| r.urls).unwrap_or_default(),
            dangling: find(&matching, |r| r.dangling),
            source_maps,
            metadata: find(&matching, |r| r.metadata),
            comments: find(&matching, |r| r.comments).unwrap_or_default(),
            may_name: matching.iter().flat_map(|r| r.may_name.clone()).collect(),
        }
    }

    fn is_listed(&self, kind: &Kind) -> bool {
        match &kind.extension {
            Some(extension) => media::is_allowed(extension) || self.extensions.contains(extension),
            // Files of the desktop and of tools, such as .DS_Store, have no extension either.
            None => self.extensions.contains("") && !kind.is_dotfile,
        }
    }
}

/// What the last rule says that says anything.
fn find<T>(matching: &[&Rule], field: fn(&Rule) -> Option<T>) -> Option<T> {
    matching.iter().rev().find_map(|rule| field(rule))
}

fn references(matching: &[&Rule]) -> Extra {
    let mut all = Extra::default();
    for rule in matching {
        all.pointers.extend(rule.references.pointers.clone());
        all.attributes.extend(rule.references.attributes.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> LogicalPath {
        LogicalPath::parse(text).expect("valid")
    }

    fn rule(pattern: &str, set: impl FnOnce(&mut Rule)) -> Rule {
        let mut rule = Rule::new(pattern).expect("a glob");
        set(&mut rule);
        rule
    }

    #[test]
    fn later_rules_win_field_by_field() {
        let rules = Rules::new(
            vec![
                rule("**/*.html", |r| {
                    r.names = Some(NameStyle::Plain);
                    r.headers.insert("content-language".into(), "en".into());
                }),
                rule("solution/**", |r| {
                    r.names = Some(NameStyle::Opaque);
                    r.headers
                        .insert("content-disposition".into(), "inline".into());
                }),
            ],
            BTreeSet::new(),
        );
        let page = rules.policy(&path("a/index.html"));
        assert_eq!(
            (page.names, page.headers.cache_control.as_str()),
            (NameStyle::Plain, CACHE_SHORTLY)
        );
        let solution = rules.policy(&path("solution/index.html"));
        assert_eq!(
            (solution.names, solution.headers.cache_control.as_str()),
            (NameStyle::Opaque, CACHE_FOR_EVER)
        );
        assert_eq!(solution.headers.further.len(), 2);
        assert!(rules.policy(&path("a.css")).headers.further.is_empty());
    }

    #[test]
    fn one_star_stops_at_a_folder() {
        let rules = Rules::new(
            vec![rule("*.txt", |r| r.publish = Some(false))],
            BTreeSet::new(),
        );
        assert_eq!(rules.policy(&path("a.txt")).publish, Publish::LeftOut);
        assert_eq!(rules.policy(&path("b/a.txt")).publish, Publish::ByExtension);
    }

    #[test]
    fn what_is_not_listed_needs_a_rule() {
        let rules = Rules::new(
            vec![
                rule("keep.blend", |r| r.publish = Some(true)),
                rule("**/*.psd", |r| r.publish = Some(true)),
            ],
            BTreeSet::from(["glsl".into(), String::new()]),
        );
        assert_eq!(rules.policy(&path("a.blend")).publish, Publish::NotListed);
        assert_eq!(rules.policy(&path("a.psd")).publish, Publish::Never);
        assert_eq!(rules.policy(&path("a.glsl")).publish, Publish::ByExtension);
        assert_eq!(rules.policy(&path("CNAME")).publish, Publish::ByExtension);
        let kept = rules.policy(&path("keep.blend"));
        assert_eq!(
            (kept.publish, kept.key_extension),
            (Publish::ByRule, None),
            "an unlisted extension isn't shown"
        );
    }

    #[test]
    fn gzip_is_for_what_shrinks_unless_a_rule_forbids_it() {
        let rules = Rules::new(
            vec![rule("raw/**", |r| r.gzip = Some(GzipRule::Never))],
            BTreeSet::new(),
        );
        let encoding = |p: &str| rules.policy(&path(p)).headers.encoding;
        assert_eq!(encoding("a.js"), EncodingPolicy::Gzip);
        assert_eq!(encoding("raw/a.js"), EncodingPolicy::Identity);
        assert_eq!(encoding("a.mp3"), EncodingPolicy::Identity);
    }

    #[test]
    fn an_svgz_says_that_it_is_gzipped() {
        let policy = Rules::default().policy(&path("a.svgz"));
        assert_eq!(
            policy
                .headers
                .further
                .get("content-encoding")
                .map(String::as_str),
            Some("gzip")
        );
        assert_eq!(policy.headers.encoding, EncodingPolicy::Identity);
    }
}
