//! From a path to what happens with it: name style, headers, compression, or not published at all.
//! Pure.

pub(crate) mod maker;
mod matching;
mod policy;
mod rule;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::matching::Matching;
pub(crate) use self::policy::Kind;
pub use self::policy::{Policy, Publish, TypeBy};
pub use self::rule::{Dangling, GzipRule, Integrity, Remarks, Rule, SourceMaps, UrlStyle};
use crate::base::coding;
use crate::base::media;
use crate::base::name::NameStyle;
use crate::base::path::LogicalPath;
use crate::base::problem::Meant;
use crate::folders::Folders;
use crate::levels::{LevelId, Levels};
use crate::scan::junk::{self, Mark};
use crate::whole_site::{AskedFor, asked_for, asked_for_by_heart};

/// Policy for paths that no rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Defaults {
    /// Every name is keyed, and the tree is a part of a site: with a configuration.
    #[default]
    Keyed,
    /// The tree is a whole site, which has to work as it is: what is asked for by name keeps it,
    /// and `/` is the top of the tree.
    Site,
}

/// All rules of a configuration, in order: every rule that matches applies, later ones win, field
/// by field.
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
    /// `extensions` (lower case, without dot; "" for names that have none) are published besides
    /// the built-in allow-list.
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

    /// Returns the policy for paths that no rule matches.
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

    /// The same rules; URLs that begin with one of `prefixes`, such as `/static/`, are paths of the
    /// tree.
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

    /// Checks whether any rule sets this header.
    pub fn sets_header(&self, name: &str) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.headers.contains_key(name))
    }

    /// Checks whether any rule asks for names of this style.
    pub fn names_any(&self, style: NameStyle) -> bool {
        self.rules.iter().any(|rule| rule.names == Some(style))
    }

    /// Checks whether any rule asks for absolute URLs: then content depends on the target.
    pub fn write_absolute_urls(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.urls == Some(UrlStyle::Absolute))
    }

    /// Returns the levels, which decide who may know what.
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

    /// Checks whether a file with this name is left out. The name needn't be a logical path.
    pub(crate) fn leave_out(&self, path: &Path) -> bool {
        let matching = self.rules.iter().rev();
        let matching = matching.filter(|rule| rule.matches.is_match(path));
        matching.filter_map(|rule| rule.publish).next() == Some(false)
    }

    /// The first part of `path` by which it's left out.
    pub(crate) fn junk(&self, path: &str) -> Option<Mark> {
        let guessed = junk::guessed(path).filter(|_| self.is_in_named_folder(path));
        let mut marks = junk::marks(path).chain(guessed);
        marks.find(|mark| !self.ask_for(path, &mark.unmarked(path)))
    }

    /// Checks whether a file keeps its name in a keyed folder: then anybody who knows the folder
    /// can guess the file's name.
    fn is_in_named_folder(&self, path: &str) -> bool {
        let mut rules = self.rules.iter().rev();
        let names = rules.find_map(|rule| rule.names.filter(|_| rule.matches.is_match(path)));
        names == Some(NameStyle::Palindrome2022)
    }

    /// Checks whether a rule asks for `path` in particular: it matches `path`, but not `unmarked`.
    pub(crate) fn ask_for(&self, path: &str, unmarked: &str) -> bool {
        let matches = |rule: &&Rule, path: &str| rule.matches.is_match(path);
        let mut rules = self.rules.iter().filter(|rule| rule.publish == Some(true));
        rules.any(|rule| matches(&rule, path) && !matches(&rule, unmarked))
    }

    /// Returns the policy for `path`.
    pub fn policy(&self, path: &LogicalPath) -> Policy {
        self.policy_of(&self.kind(path))
    }

    /// Returns the properties of `path` that decide its policy.
    pub(crate) fn kind(&self, path: &LogicalPath) -> Kind {
        let rules = self.rules.iter().enumerate();
        let level = self.levels.of(path);
        let is_in_folder = self.folders.around(path.as_str()).is_some();
        Kind {
            extension: path.extension(),
            inner_extension: coding::inner_extension(path.file_name()),
            usual_coding: coding::usual(path.file_name()),
            is_dotfile: path.file_name().starts_with('.'),
            is_left_behind: media::is_left_behind(path.file_name()),
            junk: self.junk(path.as_str()).map(|mark| mark.junk),
            matching: rules
                .filter(|(_, rule)| rule.matches.is_match(path.as_str()))
                .map(|(index, _)| index)
                .collect(),
            asked_for: self.asked_for(path, level, is_in_folder),
            level,
            is_in_folder,
        }
    }

    fn asked_for(&self, path: &LogicalPath, level: LevelId, is_in_folder: bool) -> AskedFor {
        match self.defaults {
            Defaults::Site => asked_for(path),
            // These have to stay unknown, or keep their places.
            Defaults::Keyed if level != LevelId::OPEN => AskedFor::ByReference,
            Defaults::Keyed if is_in_folder && !path.folder().is_empty() => AskedFor::ByReference,
            Defaults::Keyed => asked_for_by_heart(path),
        }
    }

    /// Returns the policy for paths of a kind.
    pub(crate) fn policy_of(&self, kind: &Kind) -> Policy {
        let rules = kind.matching.iter().map(|at| &self.rules[*at]).collect();
        Matching { rules, kind }.policy(self.is_listed(kind))
    }

    fn is_listed(&self, kind: &Kind) -> bool {
        match &kind.extension {
            Some(extension) => media::is_allowed(extension) || self.extensions.contains(extension),
            // Files of the desktop and of tools, such as .DS_Store, have no extension either.
            None => self.extensions.contains("") && !kind.is_dotfile,
        }
    }
}

#[cfg(test)]
mod tests;
