//! Syntax of JSON: texts that aren't UTF-8 or JSON, and syntax errors in plain words. The parser is jsonc-parser, since
//! it knows the place of every value and keeps duplicate fields.

use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, ParseResult, ParseStringErrorKind, parse_to_ast};

use super::Finding;
use super::json::EXAMPLE;
use super::lint::{Found, error};
use crate::base::text::escape;

/// Far more than any cloud takes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// The text of a file.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, Finding> {
    let at_start = |message: &str, instead: &str| Err(error(0, message, instead).for_all(""));
    if bytes.len() > FILE_BYTES_MAX {
        return at_start("the file is too large for a policy", "S3 takes 64 KiB");
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return at_start("the file is UTF-16", "save it as UTF-8");
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let message = "the file begins with a byte order mark, which other tools refuse";
        return at_start(message, "save it as UTF-8 without one");
    }
    std::str::from_utf8(bytes).map_err(|e| {
        let good = std::str::from_utf8(&bytes[..e.valid_up_to()]).expect("it's valid up to there");
        error(good.len(), "this isn't UTF-8", "save the file as UTF-8").for_all(good)
    })
}

/// JSON and nothing else.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The values of a text that isn't empty. Strictly JSON: what other tools would refuse isn't let pass here.
pub(super) fn parse(text: &str) -> Result<ParseResult<'_>, Finding> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT)
        .map_err(|e| in_words(text, &e).for_all(text))?;
    // Odd spaces, and line breaks in strings.
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(parsed),
        Err(e) => {
            let what = "an odd space or control character, which JSON doesn't have here";
            let near = offset(text, e.line(), e.column());
            let at = near + odd(text.get(near..).unwrap_or_default());
            Err(error(at, what, "write a plain space, or nothing").for_all(text))
        }
    }
}

/// Finds the first character that isn't plain.
fn odd(text: &str) -> usize {
    let is_odd = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
    text.find(is_odd).unwrap_or(0)
}

/// About the byte that serde_json means: it counts both from 1, the column in bytes, and sometimes from 0.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    start + column.saturating_sub(1)
}

/// Reports HTML or XML in place of JSON.
pub(super) fn markup(text: &str, at: usize) -> Found {
    let head = text[at..].get(..400).unwrap_or(&text[at..]).to_lowercase();
    if head.contains("<corsconfig") || head.contains("<corsconfiguration") {
        return error(at, "this is XML, which isn't read here", EXAMPLE);
    }
    let what = match head.contains("<html") {
        true => "this is HTML, not JSON: was an error page saved?",
        false => "this is XML or HTML, not JSON",
    };
    error(at, what, EXAMPLE)
}

/// Describes a syntax error in plain words.
fn in_words(text: &str, e: &ParseError) -> Found {
    use ParseErrorKind::*;
    let at = e.range().start.min(text.len());
    let (message, instead) = match e.kind() {
        UnexpectedWord | UnexpectedToken => {
            let message = format!(
                "`{}` isn't JSON",
                escape(&word(text.get(at..).unwrap_or_default()))
            );
            let instead = "write a string in double quotes, or a whole number, such as 3600";
            return error(at, &message, instead);
        }
        CommentsNotAllowed => ("JSON has no comments", "take the comment out"),
        UnterminatedCommentBlock => ("a comment without an end", "take it out: JSON has none"),
        TrailingCommasNotAllowed => ("a comma behind the last value", "take the comma out"),
        ExpectedComma => ("a comma is missing here", "write `,`"),
        SingleQuotedStringsNotAllowed => ("a string in single quotes", "write it in double quotes"),
        NonFiniteNumbersNotAllowed => (
            "`NaN` and `Infinity` aren't JSON",
            "write whole seconds, such as 3600",
        ),
        HexadecimalNumbersNotAllowed
        | UnaryPlusNumbersNotAllowed
        | BareDecimalPointNumbersNotAllowed
        | ExpectedDigit
        | ExpectedDigitFollowingNegativeSign
        | ExpectedPlusMinusOrDigitInNumberLiteral => (
            "this isn't a number as JSON has it",
            "write whole seconds, such as 3600",
        ),
        UnterminatedArray => ("the list that begins here has no end", "close it with `]`"),
        UnterminatedObject => (
            "the object that begins here has no end",
            "close it with `}`",
        ),
        String(ParseStringErrorKind::UnterminatedStringLiteral) => (
            "a string without an end",
            "close it with `\"` on the same line",
        ),
        String(_) => (
            "this escape isn't JSON's",
            "write the character itself, or `\\u` and four hexadecimal digits",
        ),
        ExpectedStringObjectProperty => {
            ("a field's name without quotes", "write it in double quotes")
        }
        ExpectedColonAfterObjectKey => ("a colon is missing behind this field's name", "write `:`"),
        ExpectedObjectValue => ("this field has no value", "give it one, or take it out"),
        MultipleRootJsonValues => ("there is more behind the policy's end", "take it out"),
        UnexpectedCloseBrace | UnexpectedCloseBracket => (
            "a bracket that closes nothing here",
            "take it out, or write the value that is missing",
        ),
        UnexpectedComma => (
            "a comma where a value is expected",
            "take it out, or write the value",
        ),
        NestingDepthExceeded => ("brackets in brackets, without an end", EXAMPLE),
        _ => ("this isn't JSON", EXAMPLE),
    };
    error(at, message, instead)
}

/// Returns the word that `text` begins with, or the character if there's no word.
fn word(text: &str) -> String {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
    match word.is_empty() {
        true => text.chars().take(1).collect(),
        false => word,
    }
}
