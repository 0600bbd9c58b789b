//! Policies for cross-origin requests (CORS): which pages of other origins may load a bucket's
//! objects. Reads them and finds mistakes ([`check`]), predicts a bucket's answers
//! ([`Policy::preflight`], [`Policy::simple`]), and compares policies by meaning ([`diff`]). One
//! policy serves Google's and Amazon's storage. [`crate::store::Control`] sets it.

mod diff;
mod evaluate;
mod json;
mod lint;
mod names;
mod origin;
mod syntax;
mod write;

#[cfg(test)]
mod broken;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use crate::base::disk::bounded::{self, Contents};
use crate::base::error::{Error, Result};
use crate::base::excerpt::Excerpt;
use crate::base::mask::masked_quotes;
use crate::base::problem::Problem;
use crate::base::text::{escape, plain};

pub use diff::{Change, Difference, diff};
pub use evaluate::Allowed;
pub use json::Format;
pub(crate) use write::{GcsRule, from_gcs, from_s3, gcs_rules, s3_xml};

/// Cloud whose rules a policy is judged by. S3 is Amazon's, and all servers that are compatible
/// with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cloud {
    /// Google Cloud Storage.
    Gcs,
    /// Amazon S3 and servers like it.
    S3,
}

impl Cloud {
    /// Both.
    pub const ALL: [Cloud; 2] = [Cloud::Gcs, Cloud::S3];
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cloud::Gcs => "Google Cloud Storage",
            Cloud::S3 => "S3",
        })
    }
}

/// A bucket's policy for pages of other origins: the first rule that matches a request decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// In the order in which they are tried. None at all: no page of another origin may read
    /// anything by script.
    pub rules: Vec<Rule>,
}

/// A rule that lets pages send requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// A name for people, at most 255 characters; only S3 keeps it.
    pub id: Option<String>,
    /// As browsers send them, such as `https://hunt.example.org`; or `*` for all. On S3, one `*`
    /// may stand anywhere.
    pub origins: Vec<String>,
    /// `GET`, `HEAD`, …
    pub methods: Vec<String>,
    /// Headers that scripts may send. Google has one list for these and the next.
    pub allowed_headers: Vec<String>,
    /// Headers of answers that scripts may read.
    pub exposed_headers: Vec<String>,
    /// Time for which a browser needn't ask again, in seconds.
    pub max_age_s: Option<u32>,
}

impl Policy {
    /// Returns the policy as `cloud` understands it: Google has one list of headers for both
    /// requests and answers.
    pub fn on(&self, cloud: Cloud) -> Policy {
        let mut policy = self.clone();
        if cloud == Cloud::Gcs {
            for rule in &mut policy.rules {
                let union = [&rule.allowed_headers[..], &rule.exposed_headers[..]].concat();
                let union = without_doubles(&union);
                rule.allowed_headers = union.clone();
                rule.exposed_headers = union;
                rule.id = None;
            }
        }
        policy
    }

    /// The policy on `cloud`, in a form that is the same for all that mean the same: sorted and
    /// without doubles, headers in lower case, without names of rules, and without an age of
    /// nothing.
    pub fn normal(&self, cloud: Cloud) -> Policy {
        let sorted = |texts: Vec<String>| -> Vec<String> {
            let set: BTreeSet<String> = texts.into_iter().collect();
            set.into_iter().collect()
        };
        let lower = |texts: Vec<String>| {
            let texts = texts.iter().map(|text| text.to_ascii_lowercase());
            sorted(texts.collect())
        };
        let rules = self.on(cloud).rules.into_iter().map(|rule| Rule {
            id: None,
            origins: sorted(rule.origins),
            methods: sorted(rule.methods),
            allowed_headers: lower(rule.allowed_headers),
            exposed_headers: lower(rule.exposed_headers),
            max_age_s: rule.max_age_s.filter(|age_s| *age_s > 0),
        });
        Policy {
            rules: rules.collect(),
        }
    }

    /// Checks whether both policies mean the same on `cloud`.
    pub fn means(&self, other: &Policy, cloud: Cloud) -> bool {
        self.normal(cloud) == other.normal(cloud)
    }
}

/// Names of headers, whose case means nothing.
fn without_doubles(headers: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let is_new = |header: &&String| seen.insert(header.to_ascii_lowercase());
    headers.iter().filter(is_new).cloned().collect()
}

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A cloud would refuse the policy, or no browser would ever match it.
    Error,
    /// It works, but is unwise.
    Warning,
}

/// Something wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Severity of the finding.
    pub severity: Severity,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// Description of the mistake.
    pub message: String,
    /// Text to write instead; empty if there's nothing to add.
    pub instead: String,
    /// The line, where there is one.
    pub excerpt: Option<Box<Excerpt>>,
}

/// A policy that was read, and all that is wrong with it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checked {
    /// None if it can't be read at all.
    pub policy: Option<Policy>,
    /// Sorted by place.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Counts the findings of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        let found = self.findings.iter();
        found.filter(|found| found.severity == severity).count()
    }
}

/// Reads a policy in Google's format or S3's, and finds its mistakes. If only one cloud refuses
/// something, it's an error if the policy is for that cloud, else a warning. A policy in S3's
/// format is always for S3.
pub fn check(text: &[u8], clouds: &[Cloud]) -> Checked {
    let text = match syntax::decode(text) {
        Ok(text) => text,
        Err(finding) => return unreadable(finding),
    };
    let (document, mut findings) = match json::read(text) {
        Ok(read) => read,
        Err(finding) => return unreadable(finding),
    };
    let mut clouds = clouds.to_vec();
    if document.format == Format::S3 && clouds.is_empty() {
        clouds.push(Cloud::S3);
    }
    findings.extend(lint::lint(&document));
    let mut findings: Vec<Finding> = findings
        .into_iter()
        .filter_map(|found| found.judged(text, &clouds))
        .collect();
    findings.sort_by_key(|found| (found.line, found.column, found.severity));
    findings.dedup();
    Checked {
        policy: Some(document.policy()),
        findings,
    }
}

fn unreadable(finding: Finding) -> Checked {
    Checked {
        policy: None,
        findings: vec![finding],
    }
}

/// The largest policy, in bytes: S3 takes 64 KB.
const POLICY_BYTES_MAX: usize = 1 << 20;

/// Reads and checks the policy in `file`.
///
/// # Errors
/// The file can't be read. Mistakes in it are no error here, but in what is returned.
pub fn check_file(file: &Path, clouds: &[Cloud]) -> Result<Checked> {
    let shown = file.display();
    let contents = bounded::read(file, POLICY_BYTES_MAX).map_err(|e| {
        let message = format!("Cannot read the CORS policy `{shown}`: {}", plain(&e));
        Error::usage(message, "")
    })?;
    match contents {
        Contents::Whole(text) => Ok(check(&text, clouds)),
        Contents::TooLarge => {
            let most = bounded::size(POLICY_BYTES_MAX);
            let message = format!("The CORS policy `{shown}` is larger than {most}");
            Err(Error::usage(message, "check that it's a CORS policy"))
        }
    }
}

/// The policy in `file`, which must be fit for `cloud`, and what is unwise in it.
///
/// # Errors
/// [`Error::Policy`] lists all mistakes with line and column; [`Error::Usage`] if it can't be read.
pub fn load(file: &Path, cloud: Cloud) -> Result<(Policy, Vec<Finding>)> {
    let checked = check_file(file, &[cloud])?;
    let is_error = |found: &Finding| found.severity == Severity::Error;
    let (errors, warnings): (Vec<_>, Vec<_>) = checked.findings.into_iter().partition(is_error);
    if let ([], Some(policy)) = (&errors[..], checked.policy) {
        return Ok((policy, warnings));
    }
    Err(Error::Policy {
        file: file.to_path_buf(),
        mistakes: errors.iter().map(|found| found.problem(file)).collect(),
    })
}

impl Finding {
    fn problem(&self, file: &Path) -> Problem {
        let problem = Problem::at(
            file.display(),
            (self.line as u32, self.column as u32),
            masked_quotes(&self.told()),
        );
        Problem {
            excerpt: self.excerpt.clone(),
            ..problem
        }
    }

    /// On one line, as editors and people take it: `cors/prod.json:3:14: … (write …)`.
    pub fn in_words(&self, file: &Path) -> String {
        let (line, column) = (self.line, self.column);
        let place = format!("{}:{line}:{column}", file.display());
        format!("{place}: {}", self.told())
    }

    /// Says what is wrong, and what to write instead.
    fn told(&self) -> String {
        let message = escape(&self.message);
        match self.instead.as_str() {
            "" => message,
            instead => format!("{message}: {}", escape(instead)),
        }
    }
}
