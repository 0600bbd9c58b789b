//! Lines of files as they're shown: of settings, of policies, of documents. Whatever quotes a value
//! has, it's masked.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{keys, masked, masked_value};

/// A longer value of a setting that names a file may be a key instead, in characters.
const FILE_CHARS_MAX: usize = 31;

/// Settings with names like these hold secrets, but for some of ours. A line that begins with one
/// is hidden up to its end, since a mistake may be in its quotes.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    let line =
        format!(r#"^(?<before>[ \t]*["']?){NAME}(?<sign>["']?[ \t]*=[ \t]*)(?<value>[^ \t].*)$"#);
    Regex::new(&line).expect("a pattern")
});

/// The same in a line with several settings.
static PART: LazyLock<Regex> = LazyLock::new(|| {
    let sign = r#"(?<sign>["']?[ \t]*=[ \t]*|["'][ \t]*:[ \t]*)"#;
    let value = r#"(?<value>[\[{].*|"(?:[^"\\]|\\.)*"?|'[^']*'?|[^,}\] \t"'][^,}\]"']*)"#;
    Regex::new(&format!("{NAME}{sign}{value}")).expect("a pattern")
});

const NAME: &str = "(?<name>[A-Za-z0-9_.-]*(?i-u:key|secret|pass|token|cred|auth)[A-Za-z0-9_.-]*)";

/// Masks the secrets in a line of any file.
pub(crate) fn masked_line(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(['"', '\'', '`']) {
        let (before, quoted) = rest.split_at(start);
        words(before, &mut shown);
        let end = quoted_end(quoted);
        shown += &quoted[..1];
        shown += &masked_value(&quoted[1..end]);
        rest = &quoted[end..];
        // The mark at its end.
        let mark = rest.chars().next().map_or(0, char::len_utf8);
        shown += &rest[..mark];
        rest = &rest[mark..];
    }
    words(rest, &mut shown);
    keys::hide(&masked(&shown))
}

/// A line of a file of settings: what a setting holds that is called like a secret isn't shown
/// either.
pub(crate) fn masked_setting(line: &str) -> String {
    if let Some(found) = LINE.captures(line) {
        let (name, sign) = (&found["name"], &found["sign"]);
        return if is_plain(name, without_comment(&found["value"])) {
            masked_line(line)
        } else {
            format!("{}{name}{sign}…", &found["before"])
        };
    }
    let shown = PART.replace_all(line, |found: &Captures<'_>| {
        let value = if is_plain(&found["name"], &found["value"]) {
            &found["value"]
        } else {
            "…"
        };
        format!("{}{}{value}", &found["name"], &found["sign"])
    });
    masked_line(&shown)
}

fn without_comment(value: &str) -> &str {
    value.split('#').next().unwrap_or_default().trim_end()
}

/// Says whether a setting may be shown although its name is one of a secret.
fn is_plain(name: &str, value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    match name {
        "key_file" => value.chars().count() <= FILE_CHARS_MAX,
        "key_id" => value.len() == 16 && value.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "create_key" => matches!(value, "true" | "false" | "yes" | "no" | "1" | "0"),
        _ => false,
    }
}

/// Returns where a value ends that begins with its mark: at the same mark, or with the line.
fn quoted_end(quoted: &str) -> usize {
    let mark = &quoted.as_bytes()[0];
    let mut is_escaped = false;
    let inside = quoted.bytes().enumerate().skip(1);
    let mut ends = inside.filter(|(_, byte)| {
        let is_end = byte == mark && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped && *mark != b'\'';
        is_end
    });
    ends.next().map_or(quoted.len(), |(end, _)| end)
}

fn words(text: &str, shown: &mut String) {
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end_matches(char::is_whitespace);
        *shown += &masked_value(word);
        *shown += &part[word.len()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A password is masked in every kind of quotes and in none.
    #[test]
    fn passwords_masked_in_any_quotes() {
        for (line, shown) in [
            ("url = \"s3://KEY:SECRET@b\" # x", "url = \"s3://…@b\" # x"),
            ("url = 'KEY:SECRET@b'", "url = '…@b'"),
            ("url = KEY:SECRET@b", "url = …@b"),
            ("url = \"KEY:SEC\\\"RET@b\"", "url = \"…@b\""),
            ("url = \"s3://KEY:SECRET@b", "url = \"s3://…@b"),
            ("a = 'x', b = \"y\"", "a = 'x', b = \"y\""),
        ] {
            assert_eq!(masked_line(line), shown);
        }
        let key = "3f786850e387550fdab836ed7e6dc881de23001b8f0d4a7e";
        assert!(!masked_line(&format!("x = {key}")).contains(&key[..8]));
        assert!(!masked_line(&format!("x = '{key}'")).contains(&key[..8]));
    }

    /// A setting with the name of a secret is not shown.
    #[test]
    fn secret_named_settings_are_hidden() {
        for (line, shown) in [
            ("password = \"hunter2\"", "password = …"),
            ("aws_secret_access_key=hunter2", "aws_secret_access_key=…"),
            (
                "{ \"apiToken\": \"a, b\", \"x\": 1 }",
                "{ \"apiToken\": …, \"x\": 1 }",
            ),
            ("db-Pass = 'hunter 2'", "db-Pass = …"),
            ("key_id = \"correct horse\"", "key_id = …"),
            (
                "key_id = \"0123456789abcdef\"",
                "key_id = \"0123456789abcdef\"",
            ),
            ("key_file = \"hunt.key\"", "key_file = \"hunt.key\""),
            ("key_file = \"hunt.key\" # x", "key_file = \"hunt.key\" # x"),
            ("password = \"hun\"ter2\"", "password = …"),
            (
                "x = { password = \"p, q\", y = 1 }",
                "x = { password = …, y = 1 }",
            ),
            ("x = { tokens = [\"p\", \"q\"] }", "x = { tokens = …"),
            ("url = \"s3://KEY:S@b\", x = 1", "url = \"s3://…@b\", x = 1"),
            ("create_key = \"yes\"", "create_key = \"yes\""),
            (
                "key_file = \"correct horse battery staple and more\"",
                "key_file = …",
            ),
            ("names = \"plain\"", "names = \"plain\""),
        ] {
            assert_eq!(masked_setting(line), shown);
        }
    }
}
