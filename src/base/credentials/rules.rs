//! Gitleaks' rules and some more: what they say in `gitleaks.toml` and `more.toml`, and which of it
//! counts here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::reach::Reach;
use crate::base::matcher;

const RULES: &str = include_str!("gitleaks.toml");

/// Rules for credentials that gitleaks has no rules for.
const MORE: &str = include_str!("more.toml");

/// Rules that are off, and why.
const OFF: [(&str, &str); 1] = [(
    "generic-api-key",
    "Names no service: anything random behind a name with `key`, `token`, `auth` or `api` in it. In 198 MB of web \
     libraries all three hits were minified assignments (`g.token,N=g.parent.kind`); elsewhere they were public \
     keys, ids, examples and more assignments.",
)];

/// Beginning of patterns that look for an assignment to a name with a keyword in it. Matching from
/// the keyword on is about twice as fast, because there is a fixed text to search for. The name is
/// then added to the match.
const NAME: &str = r"(?i)[\w.-]{0,50}?";
const NAME_BYTES_MAX: usize = 50;

/// Patterns that Rust's regex doesn't take (and Go's does): a brace that stands for itself needs a
/// backslash.
const REWRITTEN: [(&str, &str); 4] = [
    (r"^\$(?:\d+|{\d+})$", r"^\$(?:\d+|\{\d+})$"),
    (r"^\${(?:[A-Z_]+|[a-z_]+)}$", r"^\$\{(?:[A-Z_]+|[a-z_]+)}$"),
    (
        r#"['"]?\$?{{[^}]+}}['"]?:['"]?\$?{{[^}]+}}['"]?"#,
        r#"['"]?\$?\{\{[^}]+}}['"]?:['"]?\$?\{\{[^}]+}}['"]?"#,
    ),
    (
        r#"import[ \t]+{[ \t\w,]+}[ \t]+from[ \t]+['"][^'"]+['"]"#,
        r#"import[ \t]+\{[ \t\w,]+}[ \t]+from[ \t]+['"][^'"]+['"]"#,
    ),
];

/// End of most patterns, and its replacement. The replacement accepts more characters, because in
/// pages, images and data, a secret may end where a tag, an entity or the next field begins:
/// `<td>…</td>`, `&quot;…&quot;`, `a,…,b`.
const BEHIND: (&str, &str) = (
    r#"(?:[\x60'"\s;]|\\[nr]|$)"#,
    r#"(?:[\x60'"\s;<&,]|\\[nr]|$)"#,
);

/// Maximum memory of one regex, in bytes. Counted repetitions such as `[\w-]{50,1000}` need a lot.
const REGEX_BYTES_MAX: usize = 32 << 20;

/// Maximum length of the part of a line that an allowlist sees on either side of a match. Gitleaks
/// uses the whole line for every match. In minified code, that is the whole file.
const LINE_BYTES_MAX: usize = 1024;

/// The rules that are on.
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) keywords: matcher::Matcher,
    /// Rules of each keyword, by the keyword's number in `keywords`.
    pub(super) by_keyword: Vec<Vec<usize>>,
    /// Rules that every file is matched with.
    pub(super) without_keywords: Vec<usize>,
    /// Allowlist for all rules.
    everywhere: Allowlist,
}

/// One rule.
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) description: String,
    pattern: Option<String>,
    keywords: Vec<String>,
    secret_group: Option<usize>,
    entropy_above: Option<f64>,
    path: Option<Regex>,
    allowlists: Vec<AllowlistText>,
    matcher: OnceLock<Matcher>,
}

/// Compiled form of a rule. It's made when it's first needed, because compiling all rules takes
/// longer than scanning most sites.
pub(super) struct Matcher {
    /// None: any file with the right name is a secret.
    pub(super) regex: Option<Regex>,
    pub(super) reach: Reach,
    allowlists: Vec<Allowlist>,
}

/// A match of a rule.
pub(super) struct Place {
    pub(super) whole: Range<usize>,
    pub(super) secret: Range<usize>,
}

/// Exceptions: texts that look like secrets but aren't.
struct Allowlist {
    needs: Needs,
    paths: Option<RegexSet>,
    regexes: Option<RegexSet>,
    target: Target,
    stopwords: Option<AhoCorasick>,
}

/// Number of an allowlist's conditions that must hold.
#[derive(Clone, Copy, Default, Deserialize)]
enum Needs {
    #[default]
    #[serde(rename = "OR")]
    Any,
    #[serde(rename = "AND")]
    All,
}

/// Text that an allowlist's regexes are matched against.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Target {
    #[default]
    Secret,
    Match,
    Line,
}

/// `more.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoreText {
    rules: Vec<RuleText>,
}

/// `gitleaks.toml`. Its fields are all named, so that what a later version has besides fails a
/// test.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesText {
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "minVersion")]
    _min_version: String,
    allowlist: AllowlistText,
    rules: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: String,
    description: String,
    regex: Option<String>,
    path: Option<String>,
    entropy: Option<f64>,
    #[serde(rename = "secretGroup")]
    secret_group: Option<usize>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    allowlists: Vec<AllowlistText>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowlistText {
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(default)]
    condition: Needs,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    regexes: Vec<String>,
    #[serde(default, rename = "regexTarget")]
    target: Target,
    #[serde(default)]
    stopwords: Vec<String>,
}

impl Rules {
    pub(super) fn new() -> Rules {
        let text: RulesText = toml::from_str(RULES).expect("a test reads the rules");
        // Gitleaks skips pictures, fonts, `vendor/`, `jquery.js`: in a repository, they are
        // third-party files. But here, everything is about to be published, and a key in an SVG is
        // as bad as one in a script.
        let everywhere = AllowlistText {
            paths: Vec::new(),
            ..text.allowlist
        };
        let is_on = |rule: &RuleText| OFF.iter().all(|(id, _)| *id != rule.id);
        let more: MoreText = toml::from_str(MORE).expect("a test reads the rules");
        let rules = text.rules.into_iter().filter(is_on).chain(more.rules);
        let rules = rules.map(Rule::new);
        Rules::index(rules.collect(), Allowlist::new(&everywhere))
    }

    fn index(rules: Vec<Rule>, everywhere: Allowlist) -> Rules {
        let mut by_keyword: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, rule) in rules.iter().enumerate() {
            rule.keywords
                .iter()
                .for_each(|keyword| by_keyword.entry(keyword).or_default().push(number));
        }
        let keywords: Vec<&str> = by_keyword.keys().copied().collect();
        let keywords = matcher::Matcher::new(&keywords);
        let by_keyword = by_keyword.into_values().collect();
        let without_keywords = (0..rules.len())
            .filter(|&number| rules[number].keywords.is_empty())
            .collect();
        Rules {
            rules,
            keywords,
            by_keyword,
            without_keywords,
            everywhere,
        }
    }
}

impl Rules {
    /// Says whether what a rule found has enough entropy and no allowlist excuses it.
    pub(super) fn is_serious(&self, rule: &Rule, text: &[u8], place: &Place, path: &str) -> bool {
        let is_random = rule
            .entropy_above
            .is_none_or(|least| entropy(&text[place.secret.clone()]) > least);
        let mut lists = rule.matcher().allowlists.iter().chain([&self.everywhere]);
        is_random
            && !is_commit(text, &place.secret)
            && !lists.any(|list| list.excuses(text, place, path))
    }
}

/// Says whether these are the hex digits of a commit in a link, or a digest, which rules for keys
/// of the same form find: forges write them behind `/commit/` and the like, and others behind `@`,
/// as in `github.com/hunt/site@1234…`.
fn is_commit(text: &[u8], found: &Range<usize>) -> bool {
    const BEFORE: [&str; 14] = [
        "/archive/",
        "/blame/",
        "/blob/",
        "/changeset/",
        "/commit/",
        "/commits/",
        "/compare/",
        "/raw/",
        "/rev/",
        "/src/",
        "/tree/",
        "...",
        "sha256:",
        "@",
    ];
    let digits = &text[found.clone()];
    let is_id = matches!(digits.len(), 40 | 64) && digits.iter().all(u8::is_ascii_hexdigit);
    is_id
        && BEFORE
            .iter()
            .any(|before| text[..found.start].ends_with(before.as_bytes()))
}

impl Rule {
    fn new(text: RuleText) -> Rule {
        Rule {
            id: text.id,
            description: text.description,
            pattern: text
                .regex
                .map(|pattern| pattern.replace(BEHIND.0, BEHIND.1)),
            keywords: text
                .keywords
                .iter()
                .map(|keyword| keyword.to_lowercase())
                .collect(),
            secret_group: text.secret_group,
            entropy_above: text.entropy.filter(|entropy| *entropy != 0.0),
            path: text.path.map(|path| regex(&path)),
            allowlists: text.allowlists,
            matcher: OnceLock::new(),
        }
    }

    pub(super) fn matcher(&self) -> &Matcher {
        self.matcher.get_or_init(|| Matcher {
            regex: self
                .pattern
                .as_deref()
                .map(|pattern| regex(&without_name(pattern))),
            reach: self
                .pattern
                .as_deref()
                .map_or(Reach::Everywhere, |pattern| {
                    Reach::of(pattern, &self.keywords)
                }),
            allowlists: self.allowlists.iter().map(Allowlist::new).collect(),
        })
    }

    fn begins_with_name(&self) -> bool {
        self.pattern
            .as_ref()
            .is_some_and(|pattern| pattern.starts_with(NAME))
    }

    /// Says whether a file with this path is looked at.
    pub(super) fn is_for(&self, path: &str) -> bool {
        let is_excused = |list: &Allowlist| match list.needs {
            Needs::Any => list.excuses_path(path) == Some(true),
            Needs::All => {
                list.regexes.is_none()
                    && list.stopwords.is_none()
                    && list.excuses_path(path) == Some(true)
            }
        };
        let is_wanted = self
            .path
            .as_ref()
            .is_none_or(|regex| regex.is_match(path.as_bytes()));
        is_wanted && !self.matcher().allowlists.iter().any(is_excused)
    }

    /// The first match from `at` on. The secret in it is the rule's group, or the first one with
    /// anything in it.
    pub(super) fn find_at(&self, regex: &Regex, text: &[u8], at: usize) -> Option<Place> {
        let found = regex.find_at(text, at)?.range();
        let captures = regex.captures_at(text, found.start)?;
        let group = match self.secret_group {
            Some(number) => captures.get(number),
            None => captures
                .iter()
                .skip(1)
                .flatten()
                .find(|group| !group.is_empty()),
        };
        let secret = group.map_or_else(
            || without_line_ends(text, found.clone()),
            |group| group.range(),
        );
        let name = if self.begins_with_name() {
            name_before(&text[at..found.start])
        } else {
            0
        };
        Some(Place {
            whole: found.start - name..found.end,
            secret,
        })
    }
}

impl Allowlist {
    fn new(text: &AllowlistText) -> Allowlist {
        let lower = text.stopwords.iter().map(|word| word.to_lowercase());
        let mut builder = AhoCorasick::builder();
        let words = builder
            .ascii_case_insensitive(true)
            .build(lower)
            .expect("a test builds it");
        Allowlist {
            needs: text.condition,
            paths: (!text.paths.is_empty()).then(|| regexes(&text.paths)),
            regexes: (!text.regexes.is_empty()).then(|| regexes(&text.regexes)),
            target: text.target,
            stopwords: (!text.stopwords.is_empty()).then_some(words),
        }
    }

    /// None if it doesn't say anything about paths.
    fn excuses_path(&self, path: &str) -> Option<bool> {
        self.paths
            .as_ref()
            .map(|paths| paths.is_match(path.as_bytes()))
    }

    fn excuses(&self, text: &[u8], place: &Place, path: &str) -> bool {
        let target = match self.target {
            Target::Secret => place.secret.clone(),
            Target::Match => place.whole.clone(),
            Target::Line => line(text, &place.whole),
        };
        let by_regex = self
            .regexes
            .as_ref()
            .map(|regexes| regexes.is_match(&text[target]));
        let by_word = self
            .stopwords
            .as_ref()
            .map(|words| words.is_match(&text[place.secret.clone()]));
        match self.needs {
            Needs::Any => by_regex == Some(true) || by_word == Some(true),
            Needs::All => [by_regex, by_word, self.excuses_path(path)]
                .into_iter()
                .flatten()
                .all(|holds| holds),
        }
    }
}

/// `(?i)` stays.
fn without_name(pattern: &str) -> String {
    pattern
        .strip_prefix(NAME)
        .map_or_else(|| pattern.to_string(), |rest| format!("(?i){rest}"))
}

/// Counts the bytes at the end of `text` that belong to a name.
fn name_before(text: &[u8]) -> usize {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    text.iter()
        .rev()
        .take(NAME_BYTES_MAX)
        .take_while(is_name)
        .count()
}

fn without_line_ends(text: &[u8], range: Range<usize>) -> Range<usize> {
    let is_text = |&at: &usize| text[at] != b'\n';
    let end = range
        .clone()
        .rev()
        .find(is_text)
        .map_or(range.start, |last| last + 1);
    range.clone().find(is_text).unwrap_or(end)..end
}

/// The lines of a match, or what is near it.
fn line(text: &[u8], found: &Range<usize>) -> Range<usize> {
    let before = found.start.saturating_sub(LINE_BYTES_MAX)..found.start;
    let behind = found.end..(found.end + LINE_BYTES_MAX).min(text.len());
    let start = before
        .clone()
        .rev()
        .find(|&at| text[at] == b'\n')
        .map_or(before.start, |at| at + 1);
    let end = behind
        .clone()
        .find(|&at| text[at] == b'\n')
        .unwrap_or(behind.end);
    start..end
}

/// Shannon's, in bits per byte.
fn entropy(secret: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    secret
        .iter()
        .for_each(|&byte| counts[usize::from(byte)] += 1);
    let share = |count: &u32| f64::from(*count) / secret.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(share)
        .map(|share| -share * share.log2())
        .sum()
}

fn rust(pattern: &str) -> &str {
    REWRITTEN
        .iter()
        .find(|(go, _)| *go == pattern)
        .map_or(pattern, |(_, rust)| rust)
}

/// Go's `\w`, `\d`, `\s` and `\b` are ASCII, and files needn't be UTF-8.
fn regex(pattern: &str) -> Regex {
    let mut regex = RegexBuilder::new(rust(pattern));
    regex
        .unicode(false)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .expect("a test compiles every pattern")
}

fn regexes(patterns: &[String]) -> RegexSet {
    let mut regexes = RegexSetBuilder::new(patterns.iter().map(|pattern| rust(pattern)));
    regexes
        .unicode(false)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .expect("a test compiles every pattern")
}

#[cfg(test)]
mod tests;
