//! Deserializes TOML with typed mistakes. toml's own deserializer turns mistakes into text at once,
//! and text decides nothing here.

use std::borrow::Cow;
use std::fmt;
use std::iter;
use std::ops::Range;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserialize, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_spanned::de::{SpannedDeserializer, is_spanned};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_datetime::de::DatetimeDeserializer;

use crate::base::likeness::nearest;

/// A mistake in a setting, with its place.
#[derive(Debug)]
pub(super) struct Mistake {
    what: What,
    setting: Option<String>,
    span: Option<Range<usize>>,
}

#[derive(Debug)]
enum What {
    /// A name that no setting, or no value, has.
    Unknown {
        noun: &'static str,
        name: String,
        known: &'static [&'static str],
    },
    /// A value that is no text, where one of these is meant.
    NoChoice(&'static [&'static str]),
    /// One table, where a list of them is meant.
    OneTable,
    /// A table, where a list of something else is meant.
    NoList,
    /// A list, where one value is meant.
    List,
    /// A word without quotes: what to write if it means yes or no.
    Bare(Option<bool>),
    /// Any other mistake, in the words of a library.
    Other(String),
}

/// Reads a text.
///
/// # Errors
/// It's no TOML, or its settings aren't those of `T`.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Mistake> {
    let table = DeTable::parse(text).map_err(|e| {
        let word = e.span().and_then(|span| bare_word(text, span.start));
        let words = || What::Other(first_line(e.message()));
        Mistake {
            span: e.span(),
            ..Mistake::new(word.map_or_else(words, |word| What::Bare(meaning(word))))
        }
    })?;
    let span = table.span();
    T::deserialize(Value {
        setting: None,
        span,
        value: DeValue::Table(table.into_inner()),
    })
}

/// Returns the word without quotes that is the value at this place.
fn bare_word(text: &str, at: usize) -> Option<&str> {
    let (before, rest) = (text.get(..at)?, text.get(at..)?);
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '*');
    let word = rest.split(|c| !is_of_word(c)).next()?;
    let is_word = word.starts_with(|c: char| c.is_alphabetic());
    (is_word && before.trim_end().ends_with('=')).then_some(word)
}

/// Returns what a word means that stands for yes or no.
fn meaning(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "yes" | "on" | "true" => Some(true),
        "no" | "off" | "false" => Some(false),
        _ => None,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_string()
}

impl Mistake {
    fn new(what: What) -> Mistake {
        Mistake {
            what,
            setting: None,
            span: None,
        }
    }

    /// Returns its place; the beginning of the text, if nothing tells.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone().unwrap_or(0..0)
    }

    pub(super) fn message(&self) -> String {
        let setting = self.setting.as_deref().unwrap_or_default();
        match &self.what {
            What::Unknown { noun, name, known } => {
                format!("unknown {noun} `{name}`, expected {}", one_of(known))
            }
            What::NoChoice(_) => format!("`{setting}` has an invalid value"),
            What::OneTable => format!("`{setting}` must be a list of tables"),
            What::NoList => format!("`{setting}` must be a list, not a table"),
            What::List => format!("`{setting}` must be one value, not a list"),
            What::Bare(_) => "this is neither a text in quotes nor a number".to_string(),
            What::Other(words) => words.clone(),
        }
    }

    /// Says what to write instead; empty if there's nothing to add.
    pub(super) fn hint(&self) -> String {
        let setting = self.setting.as_deref().unwrap_or_default();
        match &self.what {
            What::Unknown { name, known, .. } => nearest(name, known.iter().copied())
                .map_or(String::new(), |near| format!("did you mean `{near}`?")),
            What::NoChoice(choices) => format!("write {}, in quotes", quoted(choices, " or ")),
            What::OneTable => format!("write `[[{setting}]]`, with two brackets"),
            What::NoList => format!("write `{setting} = [\"…\"]`, above the first table"),
            What::List => {
                "write it without brackets; in a pattern, `{a,b}` matches either".to_string()
            }
            What::Bare(Some(is_so)) => format!("write `{is_so}`"),
            What::Bare(None) => "write it in quotes".to_string(),
            What::Other(_) => String::new(),
        }
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [_, _, _, ..] => format!("one of {}", quoted(names, ", ")),
        _ => quoted(names, " or "),
    }
}

/// Names in a row, the last one behind `last`.
fn quoted(names: &[&str], last: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, others)) => format!("{}{last}{end}", others.join(", ")),
        None => "nothing".to_string(),
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(words: T) -> Mistake {
        Mistake::new(What::Other(first_line(&words.to_string())))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Mistake {
        match found {
            Unexpected::Seq => Mistake::new(What::List),
            found => de::Error::custom(format_args!("invalid type: {found}, expected {expected}")),
        }
    }

    fn missing_field(name: &'static str) -> Mistake {
        de::Error::custom(format_args!("missing setting `{name}`"))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Mistake {
        Mistake::new(What::Unknown {
            noun: "setting",
            name: name.to_string(),
            known,
        })
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Mistake {
        Mistake::new(What::Unknown {
            noun: "value",
            name: name.to_string(),
            known,
        })
    }
}

/// A value or a name, and the setting that it's of.
struct Value<'de> {
    setting: Option<Cow<'de, str>>,
    span: Range<usize>,
    value: DeValue<'de>,
}

impl<'de> Value<'de> {
    fn of(setting: &Option<Cow<'de, str>>, value: Spanned<DeValue<'de>>) -> Value<'de> {
        Value {
            setting: setting.clone(),
            span: value.span(),
            value: value.into_inner(),
        }
    }

    /// A setting's name and its value.
    fn pair(
        (name, value): (Spanned<Cow<'de, str>>, Spanned<DeValue<'de>>),
    ) -> (Value<'de>, Value<'de>) {
        let span = name.span();
        let name = name.into_inner();
        let value = Value::of(&Some(name.clone()), value);
        let name = Value {
            setting: None,
            span,
            value: DeValue::String(name),
        };
        (name, value)
    }

    /// Returns what `visit` makes of the value; a mistake in it gets its place, unless it has one
    /// of its own.
    fn visited<T>(
        self,
        visit: impl FnOnce(Value<'de>) -> Result<T, Mistake>,
    ) -> Result<T, Mistake> {
        let (span, setting) = (self.span.clone(), self.setting.clone());
        visit(self).map_err(|mistake| Mistake {
            span: mistake.span.or(Some(span)),
            setting: mistake.setting.or(setting.map(Cow::into_owned)),
            ..mistake
        })
    }

    fn any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.value {
            DeValue::String(Cow::Owned(text)) => visitor.visit_string(text),
            DeValue::String(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => visitor.visit_i64(number),
                    Err(_) => Err(de::Error::custom("this number is too large")),
                }
            }
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(de::Error::custom("this isn't a number")),
            },
            DeValue::Boolean(is_so) => visitor.visit_bool(is_so),
            DeValue::Datetime(date) => visitor.visit_map(DatetimeDeserializer::new(date)),
            DeValue::Array(values) => {
                let values = values.into_iter();
                let values = values.map(|value| Value::of(&self.setting, value));
                visitor.visit_seq(SeqDeserializer::new(values))
            }
            DeValue::Table(table) => {
                visitor.visit_map(MapDeserializer::new(table.into_iter().map(Value::pair)))
            }
        }
    }
}

impl<'de> IntoDeserializer<'de, Mistake> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.visited(|value| value.any(visitor))
    }

    /// Visits a value that is there: what isn't set has none.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.visited(|value| visitor.visit_some(value))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.visited(|value| {
            if is_spanned(name) {
                let span = value.span.clone();
                visitor.visit_map(SpannedDeserializer::new(value, span))
            } else {
                value.any(visitor)
            }
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        choices: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.visited(|value| match value.value {
            DeValue::String(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Err(Mistake::new(What::NoChoice(choices))),
        })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.visited(|value| match value.value {
            // A date isn't given as a map here either.
            DeValue::Table(_) => visitor.visit_seq(SeqDeserializer::new(iter::once(Probe))),
            _ => value.any(visitor),
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct newtype_struct tuple tuple_struct map identifier ignored_any
    }
}

/// Stands in for the elements of a list, to learn of what it is one.
struct Probe;

impl IntoDeserializer<'_, Mistake> for Probe {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Mistake> {
        Err(Mistake::new(What::NoList))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Mistake> {
        Err(Mistake::new(if is_spanned(name) {
            What::NoList
        } else {
            What::OneTable
        }))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Settings {
        name: Option<Spanned<String>>,
        #[serde(default)]
        words: Vec<Spanned<String>>,
        #[serde(default)]
        part: Vec<Part>,
        any: Option<Spanned<toml::Value>>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Part {
        size: Size,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Size {
        Small,
        VeryLarge,
    }

    /// A mistake in the settings has its message, its place and its hint.
    #[test]
    fn mistakes_have_message_place_and_hint() {
        for (text, place, message, hint) in [
            (
                "nmae = 1",
                "nmae",
                "unknown setting `nmae`, expected one of `name`, `words`, `part`, `any`",
                "did you mean `name`?",
            ),
            (
                "[[part]]\nsize = 'very_large'",
                "'very_large'",
                "unknown value `very_large`, expected `small` or `very-large`",
                "did you mean `very-large`?",
            ),
            (
                "[[part]]\nsize = { small = 1 }",
                "{ small = 1 }",
                "`size` has an invalid value",
                "write `small` or `very-large`, in quotes",
            ),
            (
                "[part]\nsize = 'small'",
                "[part]",
                "`part` must be a list of tables",
                "write `[[part]]`, with two brackets",
            ),
            (
                "[words]\nx = 1",
                "[words]",
                "`words` must be a list, not a table",
                "write `words = [\"…\"]`, above the first table",
            ),
            (
                "name = ['a', 'b']",
                "['a', 'b']",
                "`name` must be one value, not a list",
                "write it without brackets; in a pattern, `{a,b}` matches either",
            ),
            ("[[part]]", "[[part]]", "missing setting `size`", ""),
            (
                "words = ['a', 1]",
                "1",
                "invalid type: integer `1`, expected a string",
                "",
            ),
            (
                "name = 2027-01-01",
                "2027-01-01",
                "invalid type: map, expected a string",
                "",
            ),
            ("name = 'a", "", "invalid literal string, expected `'`", ""),
        ] {
            let mistake = read::<Settings>(text).expect_err(text);
            assert_eq!(mistake.message(), message, "{text}");
            assert_eq!(mistake.hint(), hint, "{text}");
            assert_eq!(&text[mistake.span()], place, "{text}");
        }
    }

    /// A value that looks like an error message does not change the kind of mistake.
    #[test]
    fn quoted_error_words_are_ignored() {
        let text = "[[part]]\nsize = \"wanted string or table, expected a sequence\"";
        let mistake = read::<Settings>(text).expect_err("no size is called so");
        assert!(matches!(mistake.what, What::Unknown { .. }), "{mistake}");
        assert_eq!(mistake.hint(), "", "nothing is near");
    }

    /// Values of every kind are read together with their places.
    #[test]
    fn values_are_read_with_spans() {
        let text = "name = 'a'\nwords = ['b']\nany = 2027-01-01\n[[part]]\nsize = 'small'";
        let settings: Settings = read(text).expect("all is as it has to be");
        let name = settings.name.expect("it's set");
        assert_eq!((name.get_ref().as_str(), &text[name.span()]), ("a", "'a'"));
        assert_eq!(settings.words.len() + settings.part.len(), 2);
        let any = settings.any.expect("it's set");
        assert!(any.get_ref().is_datetime());
    }
}
