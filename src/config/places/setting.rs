//! Settings that name a place, and how each is told of and changed.

use super::Located;
use super::Origin;
use crate::base::disk::spot::Spot;
use crate::store::command;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Purpose of a place. If two places conflict, the one that is later in this list has to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Source,
    Target,
    State,
    Cache,
    Key,
}

/// A place that a setting names, or has without being written.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) what: What,
    /// The target that it's about.
    pub(super) of: Option<String>,
    /// As written.
    pub(super) text: String,
    pub(super) written: Written,
    pub(super) choice: Choice,
    pub(super) located: Located,
}

#[derive(Debug, Clone)]
pub(super) enum Written {
    File(Range<usize>),
    Given(Origin),
}

/// Origin of a place: written by the user, or derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Made,
    /// It follows from the target's URL.
    Default,
}

impl Setting {
    pub(super) fn is_given(&self) -> bool {
        matches!(self.written, Written::Given(_))
    }

    pub(super) fn described(&self) -> String {
        let (text, really) = (&self.text, self.really());
        let of = self.of.as_deref().unwrap_or_default();
        match self.what {
            What::Source => format!("the source `{text}`{really}"),
            What::Target if of.contains(':') => format!("the target `{text}`{really}"),
            What::Target => format!("the target `{of}` (`url = \"{text}\"`{really})"),
            What::State if self.choice == Choice::Default => {
                format!("the place `{text}` for releases of `{of}`{really}")
            }
            What::State => {
                format!(
                    "the place for releases of `{of}` ({}{really})",
                    self.as_written()
                )
            }
            What::Cache => format!("the cache `{text}`{really}"),
            What::Key => format!("the key file `{text}`{really}"),
        }
    }

    /// The place of a target's own releases, told beside the target.
    pub(super) fn described_as_own(&self) -> String {
        match self.choice {
            Choice::Made => format!("its releases ({}{})", self.as_written(), self.really()),
            Choice::Default => format!("its releases `{}`{}", self.text, self.really()),
        }
    }

    /// The `state` that names the place, as it's written.
    fn as_written(&self) -> String {
        let text = &self.text;
        match &self.written {
            Written::Given(Origin::Flag(flag)) => format!("`{flag} {text}`"),
            Written::Given(Origin::Environment(variable)) => format!("`{variable}={text}`"),
            _ => format!("`state = \"{text}\"`"),
        }
    }

    /// Returns the real path, if the setting names it differently.
    pub(super) fn really(&self) -> String {
        let Located::Disk { spot, path } = &self.located else {
            return String::new();
        };
        // Text that was entered instead of a key file's name isn't shown.
        let is_shown = self.what != What::Key || path.display().to_string() == self.text;
        let (called, real) = (std::path::absolute(path), spot.path());
        if !is_shown || called.is_ok_and(|called| called == real) {
            String::new()
        } else {
            format!(", which is `{}`", real.display())
        }
    }

    /// Describes how to write `value` for this setting.
    pub(super) fn to_write(&self, value: &str) -> String {
        let key = match self.what {
            What::Source => "dir",
            What::Target => "url",
            What::State => "state",
            What::Cache | What::Key => "key_file",
        };
        match (&self.written, &self.of) {
            (Written::Given(Origin::Environment(variable)), _) => {
                format!("set {variable} to `{value}`")
            }
            (Written::Given(Origin::Flag(flag)), _) => {
                format!("pass `{flag} {}`", command::quoted(value))
            }
            (_, Some(name)) => format!("write `{key} = \"{value}\"` below `[target.{name}]`"),
            (_, None) => format!("write `{key} = \"{value}\"`"),
        }
    }

    /// The URL or path of what is called `name` of this place's own name, and is beside it, for
    /// `moved`.
    pub(super) fn beside(&self, moved: &Setting, name: &dyn Fn(&str) -> String) -> String {
        let is_url = matches!(moved.what, What::Target | What::State);
        match &self.located {
            Located::Bucket { .. } => {
                let text = self.text.trim_end_matches('/');
                let (folder, own) = text.rsplit_once('/').unwrap_or(("", text));
                format!("{folder}/{}", name(own))
            }
            Located::Disk { spot, .. } => {
                let path = if self.is_given() == moved.is_given() {
                    sibling(self.path_as_written(), spot, name)
                } else {
                    sibling(&spot.path(), spot, name)
                };
                if is_url {
                    format!("file:{}", path.display())
                } else {
                    path.display().to_string()
                }
            }
        }
    }

    pub(super) fn path_as_written(&self) -> &Path {
        let path = self.text.strip_prefix("file:").unwrap_or(&self.text);
        Path::new(path.strip_prefix("//").unwrap_or(path))
    }
}

/// Beside `path`, which leads to `spot`.
fn sibling(path: &Path, spot: &Spot, name: &dyn Fn(&str) -> String) -> PathBuf {
    let called = |own: &std::ffi::OsStr| name(&own.to_string_lossy());
    let ends_in_name = path
        .components()
        .next_back()
        .is_some_and(|last| matches!(last, std::path::Component::Normal(_)));
    match (path.file_name(), spot.path().file_name()) {
        (Some(own), _) if ends_in_name => path.with_file_name(called(own)),
        (_, Some(own)) => {
            let up: PathBuf = path
                .components()
                .filter(|part| *part != std::path::Component::CurDir)
                .collect();
            up.join("..").join(called(own))
        }
        (_, None) => PathBuf::from(called(std::ffi::OsStr::new("site"))),
    }
}
