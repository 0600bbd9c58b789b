//! Reads a policy's JSON: Google's list of rules, and S3's `{"CORSRules": […]}` or (as its console
//! has it) the list in there. Everything keeps its place in the text, so that every mistake can be
//! told with line and column.

use std::collections::BTreeSet;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;

use super::lint::{Found, error};
use super::{Finding, Policy, Rule, syntax};
use crate::base::likeness::nearest;
use crate::base::text::escape;

/// Format of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `origin`, `method`, `responseHeader`, `maxAgeSeconds`.
    Gcs,
    /// `AllowedOrigins`, `AllowedMethods`, `AllowedHeaders`, `ExposeHeaders`, `MaxAgeSeconds`,
    /// `ID`.
    S3,
}

/// A value, and where it stands: its first byte.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) at: usize,
    pub(super) value: T,
}

/// A policy as it's written.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) format: Format,
    /// Position of its list of rules.
    pub(super) at: usize,
    pub(super) rules: Vec<At<WrittenRule>>,
}

/// A rule as it's written; the lists stand where they begin.
#[derive(Debug, Default)]
pub(super) struct WrittenRule {
    /// `true` if all its fields could be read. Otherwise, a field that seems to be missing may be
    /// misspelt.
    pub(super) is_whole: bool,
    pub(super) id: Option<At<String>>,
    pub(super) origins: Option<List>,
    pub(super) methods: Option<List>,
    pub(super) allowed: Option<List>,
    pub(super) exposed: Option<List>,
    pub(super) max_age_s: Option<At<u32>>,
}

pub(super) type List = At<Vec<At<String>>>;

/// The fields of a rule, in each format.
const GCS: [&str; 4] = ["origin", "method", "responseHeader", "maxAgeSeconds"];
const S3: [&str; 6] = [
    "ID",
    "AllowedOrigins",
    "AllowedMethods",
    "AllowedHeaders",
    "ExposeHeaders",
    "MaxAgeSeconds",
];

/// S3's name for a list of rules.
const CORS_RULES: &str = "CORSRules";

/// Ages are 32-bit numbers on both clouds.
const AGE_S_MAX: u32 = i32::MAX as u32;

pub(super) const EXAMPLE: &str =
    r#"write a list of rules: [{"origin": ["*"], "method": ["GET", "HEAD"]}]"#;

impl Document {
    pub(super) fn policy(&self) -> Policy {
        let texts = |list: &Option<List>| -> Vec<String> {
            let items = list.iter().flat_map(|list| &list.value);
            items.map(|item| item.value.clone()).collect()
        };
        let rules = self.rules.iter().map(|rule| &rule.value);
        let rules = rules.map(|rule| Rule {
            id: rule.id.as_ref().map(|id| id.value.clone()),
            origins: texts(&rule.origins),
            methods: texts(&rule.methods),
            allowed_headers: texts(&rule.allowed),
            exposed_headers: texts(&rule.exposed),
            max_age_s: rule.max_age_s.as_ref().map(|age| age.value),
        });
        Policy {
            rules: rules.collect(),
        }
    }
}

/// Reads a policy.
///
/// # Errors
/// Mistakes that make it unreadable as a whole.
pub(super) fn read(text: &str) -> Result<(Document, Vec<Found>), Finding> {
    let start = text.len() - text.trim_start().len();
    let give_up = |found: Found| Err(found.for_all(text));
    match text.trim_start().as_bytes() {
        [] => return give_up(error(0, "the file is empty", EXAMPLE)),
        [b'<', ..] => return give_up(syntax::markup(text, start)),
        _ => {}
    }
    let parsed = syntax::parse(text)?;
    let Some(value) = parsed.value else {
        return give_up(error(0, "the file is empty", EXAMPLE));
    };
    let mut reader = Reader { found: Vec::new() };
    match reader.document(&value) {
        Ok(document) => Ok((document, reader.found)),
        Err(found) => give_up(found),
    }
}

struct Reader {
    found: Vec<Found>,
}

impl Reader {
    fn document(&mut self, value: &Value<'_>) -> Result<Document, Found> {
        let at = value.start();
        match value {
            Value::Array(list) => {
                let format = format_of(&list.elements);
                let rules = self.rules(&list.elements, format);
                Ok(Document { format, at, rules })
            }
            Value::Object(object) => self.wrapped(object),
            _ => Err(error(at, "a policy must be a list of rules", EXAMPLE)),
        }
    }

    /// S3's form, and what looks like it.
    fn wrapped(&mut self, object: &Object<'_>) -> Result<Document, Found> {
        let rules = object.get(CORS_RULES);
        let rules = rules.ok_or_else(|| without_rules(object))?;
        for field in &object.properties {
            if field.name.as_str() != CORS_RULES {
                self.found.push(unknown(field, &[CORS_RULES]));
            } else if field.range.start != rules.range.start {
                self.found.push(twice(field));
            }
        }
        let Value::Array(list) = &rules.value else {
            let at = rules.value.start();
            return Err(error(
                at,
                "`CORSRules` must be a list of rules",
                "put it in brackets: [{…}]",
            ));
        };
        Ok(Document {
            format: Format::S3,
            at: list.range.start,
            rules: self.rules(&list.elements, Format::S3),
        })
    }

    fn rules(&mut self, elements: &[Value<'_>], format: Format) -> Vec<At<WrittenRule>> {
        let mut rules = Vec::new();
        for element in elements {
            let at = element.start();
            match element {
                Value::Object(object) => {
                    let value = self.rule(object, format);
                    rules.push(At { at, value });
                }
                Value::Array(_) => self.found.push(error(
                    at,
                    "unexpected list in the list of rules",
                    "remove its brackets",
                )),
                _ => self.found.push(error(
                    at,
                    "a rule must be an object",
                    r#"write {"origin": […], "method": […]}"#,
                )),
            }
        }
        rules
    }

    fn rule(&mut self, object: &Object<'_>, format: Format) -> WrittenRule {
        let mut rule = WrittenRule::default();
        let found_before = self.found.len();
        let mut seen = BTreeSet::new();
        for field in &object.properties {
            let name = field.name.as_str();
            if !seen.insert(name) {
                self.found.push(twice(field));
                continue;
            }
            self.field(field, format, &mut rule);
        }
        rule.is_whole = self.found.len() == found_before;
        rule
    }

    fn field(&mut self, field: &ObjectProp<'_>, format: Format, rule: &mut WrittenRule) {
        match (format, field.name.as_str()) {
            (Format::Gcs, "origin") | (Format::S3, "AllowedOrigins") => {
                rule.origins = self.list(field)
            }
            (Format::Gcs, "method") | (Format::S3, "AllowedMethods") => {
                rule.methods = self.list(field)
            }
            (Format::Gcs, "responseHeader") => {
                rule.allowed = self.list(field);
                rule.exposed = rule.allowed.clone();
            }
            (Format::S3, "AllowedHeaders") => rule.allowed = self.list(field),
            (Format::S3, "ExposeHeaders") => rule.exposed = self.list(field),
            (Format::Gcs, "maxAgeSeconds") | (Format::S3, "MaxAgeSeconds") => {
                rule.max_age_s = self.age(field)
            }
            (Format::S3, "ID") => rule.id = self.text(field),
            (Format::Gcs, _) => self.found.push(unknown(field, &GCS)),
            (Format::S3, _) => self.found.push(unknown(field, &S3)),
        }
    }

    fn list(&mut self, field: &ObjectProp<'_>) -> Option<List> {
        let (name, at) = (field.name.as_str(), field.value.start());
        let list = match &field.value {
            Value::Array(list) => list,
            Value::StringLit(text) => {
                let instead = format!("write [\"{}\"]", text.value);
                self.found
                    .push(error(at, &format!("`{name}` must be a list"), &instead));
                return None;
            }
            _ => {
                self.found.push(error(
                    at,
                    &format!("`{name}` must be a list of strings"),
                    "write it as [\"…\", \"…\"]",
                ));
                return None;
            }
        };
        let value = self.strings(name, &list.elements);
        Some(At { at, value })
    }

    /// The strings of the list `name`.
    fn strings(&mut self, name: &str, elements: &[Value<'_>]) -> Vec<At<String>> {
        let mut strings = Vec::new();
        for element in elements {
            let at = element.start();
            match element {
                Value::StringLit(text) => strings.push(At {
                    at,
                    value: text.value.to_string(),
                }),
                Value::Array(_) => self.found.push(error(
                    at,
                    &format!("unexpected list in `{name}`"),
                    "remove its brackets",
                )),
                _ => self.found.push(error(
                    at,
                    &format!("`{name}` must be a list of strings"),
                    "put this value in double quotes",
                )),
            }
        }
        strings
    }

    fn text(&mut self, field: &ObjectProp<'_>) -> Option<At<String>> {
        let at = field.value.start();
        match field.value.as_string_lit() {
            Some(text) => Some(At {
                at,
                value: text.value.to_string(),
            }),
            None => {
                let message = format!("`{}` must be a string", field.name.as_str());
                self.found
                    .push(error(at, &message, "put it in double quotes"));
                None
            }
        }
    }

    fn age(&mut self, field: &ObjectProp<'_>) -> Option<At<u32>> {
        let (name, at) = (field.name.as_str(), field.value.start());
        let mut wrong = |what: &str, instead: &str| {
            self.found
                .push(error(at, &format!("`{name}` {what}"), instead));
            None
        };
        const WHOLE: &str = "write whole seconds, such as 3600";
        match &field.value {
            Value::NumberLit(number) if number.value.starts_with('-') => {
                wrong("can't be negative", WHOLE)
            }
            Value::NumberLit(number) if number.value.contains(['.', 'e', 'E']) => {
                wrong("must be a whole number", WHOLE)
            }
            Value::NumberLit(number) => match number.value.parse() {
                Ok(value) if value <= AGE_S_MAX => Some(At { at, value }),
                _ => wrong(&format!("must be at most {AGE_S_MAX}"), WHOLE),
            },
            Value::StringLit(text) => match text.value.parse::<u32>() {
                Ok(seconds) => wrong(
                    "must be a number, not a string",
                    &format!("write {seconds} without quotes"),
                ),
                Err(_) => wrong("must be a number of seconds", WHOLE),
            },
            _ => wrong("must be a number of seconds", WHOLE),
        }
    }
}

/// The finding for an object that has no list of rules.
fn without_rules(object: &Object<'_>) -> Found {
    let names = || object.properties.iter().map(|field| field.name.as_str());
    let is_rule = names().any(|name| GCS.contains(&name) || S3.contains(&name));
    let message = if is_rule {
        "this is a single rule, but a policy must be a list of rules"
    } else {
        "a policy must be a list of rules"
    };
    let instead = match names().next() {
        Some("cors" | "cors_config") => "write only the list, without the object around it",
        Some(name) if nearest(name, [CORS_RULES].into_iter()).is_some() => "write `CORSRules`",
        _ if is_rule => "put it in brackets: [{…}]",
        _ => EXAMPLE,
    };
    error(object.range.start, message, instead)
}

/// Told by the names that its rules use.
fn format_of(elements: &[Value<'_>]) -> Format {
    let objects = elements.iter().filter_map(Value::as_object);
    let mut names = objects
        .flat_map(|object| &object.properties)
        .map(|field| field.name.as_str());
    let first = names.find(|name| GCS.contains(name) || S3.contains(name));
    match first {
        Some(name) if S3.contains(&name) => Format::S3,
        _ => Format::Gcs,
    }
}

fn twice(field: &ObjectProp<'_>) -> Found {
    let message = format!("duplicate field `{}`", field.name.as_str());
    error(
        field.range.start,
        &message,
        "keep one, with all of the values",
    )
}

fn unknown(field: &ObjectProp<'_>, known: &[&str]) -> Found {
    let name = field.name.as_str();
    let lower = name.to_lowercase();
    let is_like = |known: &&&str| {
        let known = known.to_lowercase();
        known == lower || known.trim_end_matches('s') == lower.trim_end_matches('s')
    };
    let other = known.iter().find(is_like).copied();
    let other = other.or_else(|| in_other_words(&lower).filter(|other| known.contains(other)));
    let instead = match other.or_else(|| nearest(name, known.iter().copied())) {
        _ if lower.contains("credential") => {
            "remove it: policies have no such field. To allow cookies on S3, list each origin"
                .to_string()
        }
        Some(near) => format!("write `{near}`"),
        None => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("valid names: {}", known.join(", "))
        }
    };
    let message = format!("unknown field `{}`", escape(name));
    error(field.range.start, &message, &instead)
}

/// Returns the name that the formats here use for a field of the other format, or of another tool.
fn in_other_words(lower: &str) -> Option<&'static str> {
    let words = [
        ("allowedorigin", "origin"),
        ("allowedmethod", "method"),
        ("allowedheader", "responseHeader"),
        ("exposeheader", "responseHeader"),
        ("exposedheader", "responseHeader"),
        ("header", "responseHeader"),
        ("response_header", "responseHeader"),
        ("maxage", "maxAgeSeconds"),
        ("max_age", "maxAgeSeconds"),
        ("max_age_seconds", "maxAgeSeconds"),
    ];
    let lower = lower.trim_end_matches('s');
    let found = words
        .iter()
        .find(|(other, _)| other.trim_end_matches('s') == lower);
    found.map(|(_, name)| *name)
}
