//! Syntax of JSON: texts that aren't UTF-8 or JSON, and syntax errors in plain words. The parser is
//! jsonc-parser, since it knows the place of every value and keeps duplicate fields.

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
        return at_start(
            "the file is too large for a policy",
            "S3 allows at most 64 KiB",
        );
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return at_start("the file is UTF-16", "save it as UTF-8");
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let message = "the file begins with a byte order mark, which other tools reject";
        return at_start(message, "save it as UTF-8 without one");
    }
    std::str::from_utf8(bytes).map_err(|e| {
        let good = std::str::from_utf8(&bytes[..e.valid_up_to()]).expect("it's valid up to there");
        error(good.len(), "invalid UTF-8", "save the file as UTF-8").for_all(good)
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

/// The values of a text that isn't empty. Strictly JSON: what other tools would refuse isn't let
/// pass here.
pub(super) fn parse(text: &str) -> Result<ParseResult<'_>, Finding> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT)
        .map_err(|e| in_words(text, &e).for_all(text))?;
    // Odd spaces, and line breaks in strings.
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(parsed),
        Err(e) => {
            let what = "unusual space or control character, which JSON does not allow here";
            let near = offset(text, e.line(), e.column());
            let at = near + odd(text.get(near..).unwrap_or_default());
            Err(error(at, what, "replace it with a plain space, or remove it").for_all(text))
        }
    }
}

/// Finds the first character that isn't plain.
fn odd(text: &str) -> usize {
    let is_odd = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
    text.find(is_odd).unwrap_or(0)
}

/// About the byte that serde_json means: it counts both from 1, the column in bytes, and sometimes
/// from 0.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    start + column.saturating_sub(1)
}

/// Reports HTML or XML in place of JSON.
pub(super) fn markup(text: &str, at: usize) -> Found {
    let head = text[at..].get(..400).unwrap_or(&text[at..]).to_lowercase();
    if head.contains("<corsconfig") || head.contains("<corsconfiguration") {
        return error(at, "this is XML, but policies must be JSON", EXAMPLE);
    }
    let what = if head.contains("<html") {
        "this is HTML, not JSON (perhaps a saved error page)"
    } else {
        "this is XML or HTML, not JSON"
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
                "`{}` isn't valid JSON",
                escape(&word(text.get(at..).unwrap_or_default()))
            );
            let instead = "write a string in double quotes, or a whole number, such as 3600";
            return error(at, &message, instead);
        }
        CommentsNotAllowed => ("JSON does not allow comments", "remove the comment"),
        UnterminatedCommentBlock => (
            "unterminated comment",
            "remove it: JSON does not allow comments",
        ),
        TrailingCommasNotAllowed => ("trailing comma after the last value", "remove the comma"),
        ExpectedComma => ("missing comma", "write `,`"),
        SingleQuotedStringsNotAllowed => ("string in single quotes", "put it in double quotes"),
        NonFiniteNumbersNotAllowed => (
            "JSON does not allow `NaN` and `Infinity`",
            "write whole seconds, such as 3600",
        ),
        HexadecimalNumbersNotAllowed
        | UnaryPlusNumbersNotAllowed
        | BareDecimalPointNumbersNotAllowed
        | ExpectedDigit
        | ExpectedDigitFollowingNegativeSign
        | ExpectedPlusMinusOrDigitInNumberLiteral => {
            ("invalid JSON number", "write whole seconds, such as 3600")
        }
        UnterminatedArray => (
            "the list that begins here isn't closed",
            "close it with `]`",
        ),
        UnterminatedObject => (
            "the object that begins here isn't closed",
            "close it with `}`",
        ),
        String(ParseStringErrorKind::UnterminatedStringLiteral) => {
            ("unterminated string", "close it with `\"` on the same line")
        }
        String(_) => (
            "invalid escape sequence",
            "write the character itself, or `\\u` with four hexadecimal digits",
        ),
        ExpectedStringObjectProperty => ("field name without quotes", "put it in double quotes"),
        ExpectedColonAfterObjectKey => ("missing colon after this field name", "write `:`"),
        ExpectedObjectValue => ("this field has no value", "add one, or remove the field"),
        MultipleRootJsonValues => ("unexpected text after the end of the policy", "remove it"),
        UnexpectedCloseBrace | UnexpectedCloseBracket => (
            "unmatched closing bracket",
            "remove the bracket, or add the value that is missing before it",
        ),
        UnexpectedComma => (
            "expected a value, but found a comma",
            "remove the comma, or add the value before it",
        ),
        NestingDepthExceeded => ("brackets are nested too deeply", EXAMPLE),
        _ => ("this isn't valid JSON", EXAMPLE),
    };
    error(at, message, instead)
}

/// Returns the word that `text` begins with, or the character if there's no word.
fn word(text: &str) -> String {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
    if word.is_empty() {
        text.chars().take(1).collect()
    } else {
        word
    }
}
