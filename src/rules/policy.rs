//! Policies: all that the rules make of a path.

use std::sync::Arc;

use crate::base::coding::Coding;
use crate::base::glob::Glob;
use crate::base::name::{Headers, NameStyle};
use crate::levels::LevelId;
use crate::refs::Extra;
use crate::rules::rule::{Dangling, Remarks, SourceMaps, UrlStyle};
use crate::scan::junk::Junk;
use crate::whole_site::AskedFor;

/// Sources of a file's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TypeBy {
    /// Its name, or what is in it.
    #[default]
    Name,
    /// A rule.
    Rule,
    /// The pages that load it, which say its charset.
    Pages,
}

/// Decision whether a path is published, and its reason.
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
    /// Files that systems and editors leave behind are never published, whatever a rule says.
    Never,
    /// Its name, or that of a folder around it, says that it isn't meant, and no rule for this name
    /// asks for it.
    Junk(Junk),
}

/// Outcome of the rules for a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Decision whether it is published.
    pub publish: Publish,
    /// A rule with `publish = true` means this file, even if it looks like a secret: its pattern
    /// ends in more than `*` or `**`.
    pub may_be_secret: bool,
    /// A rule with `publish = true` means files of this type, which aren't published otherwise: its
    /// pattern ends in their extension.
    pub is_type_meant: bool,
    /// Style of the object's name.
    pub names: NameStyle,
    /// The folder that its name is in, with a slash at its end; empty for the top. Of
    /// `palindrome-2022` alone.
    pub under: String,
    /// True if a rule says so.
    pub is_name_asked: bool,
    /// Headers that it is served with.
    pub headers: Arc<Headers>,
    /// The extension the object's key ends in.
    pub key_extension: Option<String>,
    /// No extension and no rule with a type: served as `application/octet-stream`.
    pub type_is_guess: bool,
    /// The source of its type.
    pub type_by: TypeBy,
    /// A rule says how it's compressed already.
    pub is_encoding_asked: bool,
    /// Level, which decides who may know of it.
    pub level: LevelId,
    /// True if its references are found and rewritten.
    pub rewrite: bool,
    /// Other parts of it that are URLs.
    pub references: Extra,
    /// Form in which its references are written.
    pub urls: UrlStyle,
    /// Treatment of its references to files that don't exist, if a rule sets one.
    pub dangling: Option<Dangling>,
    /// Treatment of source maps.
    pub source_maps: SourceMaps,
    /// Treatment of its metadata, if a rule sets one. By default, metadata is kept.
    pub metadata: Option<Remarks>,
    /// Treatment of its comments.
    pub comments: Remarks,
    /// Globs of files it may name, whatever their level.
    pub may_name: Vec<Glob>,
}

impl Policy {
    /// Checks whether a rule or its level requires a name that is hard to guess.
    pub(crate) fn is_kept_unguessable(&self) -> bool {
        self.names.is_keyed() && (self.is_name_asked || self.level != LevelId::OPEN)
    }

    /// Makes the policy of an object that is published already, and isn't built anew.
    pub(crate) fn of_published(names: NameStyle, headers: Headers, level: LevelId) -> Policy {
        Policy {
            publish: Publish::ByExtension,
            may_be_secret: false,
            is_type_meant: false,
            names,
            under: String::new(),
            is_name_asked: false,
            headers: Arc::new(headers),
            key_extension: None,
            type_is_guess: false,
            type_by: TypeBy::default(),
            is_encoding_asked: false,
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
    pub(super) extension: Option<String>,
    /// Extension of its packed content.
    pub(super) inner_extension: Option<String>,
    pub(super) usual_coding: Option<Coding>,
    pub(super) is_dotfile: bool,
    pub(super) is_left_behind: bool,
    pub(super) junk: Option<Junk>,
    /// The places of the rules that match.
    pub(super) matching: Vec<usize>,
    pub(super) asked_for: AskedFor,
    pub(super) level: LevelId,
    pub(super) is_in_folder: bool,
}

impl Kind {
    /// The same of a path that is meant, whatever its name says.
    pub(crate) fn meant(self) -> Kind {
        Kind { junk: None, ..self }
    }
}
