//! Private content of files: keys, credentials, private documents, and metadata about people.
//! Some of it must not be published; the rest is worth a warning.

use std::collections::HashSet;

use crate::base::credentials::{self, Credential};
use crate::base::media;
use crate::base::problem::{Problem, ProblemKind};
use crate::rules::Policy;
use crate::scan::metadata::{self, Personal};
use crate::scan::private::{self, Private};
use crate::scan::secrets::{OWN_KEY, Scanner};
use crate::tree::Asset;

/// Findings in a file besides keys.
#[derive(Default)]
pub(super) struct Searched {
    credentials: Vec<Credential>,
    private: Vec<private::Finding>,
    /// Kind of the whole file, if it is private.
    is: Option<Private>,
    /// True for text, in which messages give the lines of findings.
    is_placed: bool,
}

impl Searched {
    pub(super) fn of_start(is: Option<Private>) -> Searched {
        Searched {
            is,
            ..Searched::default()
        }
    }

    /// Searches what isn't a text for tokens in the texts it has: metadata, strings of a program.
    pub(super) fn binary(path: &str, content: &[u8]) -> Searched {
        let mut credentials = credentials::find(&private::texts_in(content), path);
        credentials.retain(|found| !found.is_private_key());
        credentials.truncate(1);
        Searched {
            credentials,
            ..Searched::of_start(private::of_start(content))
        }
    }

    /// Searches a text of this path and type, as UTF-8 if it's UTF-16.
    pub(super) fn text(path: &str, content_type: &str, content: &[u8]) -> Searched {
        let unpacked = private::from_utf16(content);
        let text = unpacked.as_ref().map_or(content, |text| text.as_bytes());
        let mut credentials = credentials::find(text, path);
        if !media::is_text(content_type) {
            // Keys are found by the scanner as well; in what isn't called text, they have no line.
            credentials.retain(|found| !found.is_private_key());
        }
        let mut private = private::find(text, path, content_type);
        // One secret is told once, by the rule that knows most of it.
        let known: HashSet<usize> = credentials.iter().map(|found| found.line).collect();
        private.retain(|finding| !known.contains(&finding.line));
        Searched {
            credentials,
            private,
            is: private::of_start(content),
            is_placed: true,
        }
    }

    /// Describes the first problem of the file, to follow its name.
    pub(super) fn words(&self, scanner: &Scanner, policy: &Policy) -> Option<String> {
        let is_meant = |what: Private| what.has_own_extension() && policy.is_type_meant;
        let whole = self.is.filter(|what| !is_meant(*what));
        let mut private = self.private.iter().filter(|found| !is_meant(found.what));
        let credential = self.credentials.first().map(|found| {
            let (line, rule) = (found.line, found.rule);
            if self.is_placed {
                format!("holds what looks like a credential ({rule}) on line {line}")
            } else {
                format!("holds what looks like a credential ({rule})")
            }
        });
        whole
            .map(|what| what.words().to_string())
            .or_else(|| scanner.found().map(|found| format!("holds {found}")))
            .or(credential)
            .or_else(|| {
                private
                    .next()
                    .map(|found| format!("{} (line {})", found.what.words(), found.line))
            })
    }
}

/// Returns the reasons why a file mustn't be published.
pub(super) fn secrets_in(asset: &Asset, scanner: &Scanner, searched: &Searched) -> Vec<Problem> {
    let mut problems = Vec::new();
    if scanner.found_own_key() {
        problems.push(Problem::new(&asset.path, OWN_KEY));
    }
    if asset.policy.may_be_secret {
        return problems;
    }
    problems.extend(scanner.found_former_key().map(|name| {
        let message = format!(
            "holds what looks like a former key of this project (`{}`, next to the key file); {DECIDES}",
            crate::base::text::escape(name)
        );
        Problem::new(&asset.path, message)
    }));
    problems.extend(credentials_in(asset, scanner, searched));
    problems.extend(private_in(asset, searched));
    problems
}

/// Tells of credentials, and of a private key that isn't among them.
fn credentials_in(asset: &Asset, scanner: &Scanner, searched: &Searched) -> Vec<Problem> {
    let key = |found: &str| format!("holds {found}; {DECIDES}");
    let told = |credential: &Credential| {
        let message = match scanner.found() {
            Some(found) if credential.is_private_key() => key(found),
            _ => format!(
                "holds what looks like a credential ({}); {DECIDES}",
                credential.rule
            ),
        };
        let place = (credential.line as u32, credential.column as u32);
        Problem {
            place: searched.is_placed.then_some(place),
            ..Problem::new(&asset.path, message)
        }
    };
    let mut problems: Vec<Problem> = searched.credentials.iter().map(told).collect();
    let is_placed = searched.credentials.iter().any(Credential::is_private_key);
    if let Some(found) = scanner.found().filter(|_| !is_placed) {
        problems.push(Problem::new(&asset.path, key(found)));
    }
    problems
}

/// Tells of a private document, and of private lines in another, unless a rule means files of this
/// type.
fn private_in(asset: &Asset, searched: &Searched) -> Vec<Problem> {
    let is_meant = |what: Private| what.has_own_extension() && asset.policy.is_type_meant;
    let message = |what: Private| format!("{}; {DECIDES}", what.words());
    let found = searched.private.iter();
    let found = found.filter(|found| !is_meant(found.what)).map(|found| {
        let place = (found.line as u32, found.column as u32);
        Problem::at(&asset.path, place, message(found.what))
    });
    let is = searched.is.filter(|what| !is_meant(*what));
    let is = is.map(|what| Problem::new(&asset.path, message(what)));
    found.chain(is).collect()
}

pub(super) const DECIDES: &str = "take out what is secret, or set `publish = false` in a rule for this file; `publish = true` publishes it as it is";

/// A warning if metadata that stays says where people were, or what they're called.
pub(super) fn remarks_on_people(asset: &Asset, content: &[u8]) -> Option<Problem> {
    let fields = metadata::find(content);
    let first = |personal| {
        fields
            .iter()
            .find(|field| metadata::personal(field) == Some(personal))
    };
    let (place, name) = (first(Personal::Position), first(Personal::Name));
    let said = match (place, name) {
        (Some(_), Some(name)) => format!("a location (GPS) and a name ({})", name.name),
        (Some(_), None) => "a location (GPS)".to_string(),
        (None, Some(name)) => format!("a name ({})", name.name),
        (None, None) => return None,
    };
    let message = format!("has {said} in its metadata; {STRIPS}");
    let warning = Problem::new(&asset.path, message).kind(ProblemKind::Personal);
    Some(warning.cause(format!(
        "have GPS locations or names of people in their metadata ({STRIPS})"
    )))
}

const STRIPS: &str =
    "in a rule, `metadata = \"strip\"` removes it, and `metadata = \"keep\"` allows it";
