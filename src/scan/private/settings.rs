//! Passwords among settings: names of passwords with values that look like passwords. Labels of
//! forms, translations and placeholders have the same names. So a value counts by its characters,
//! by the text beside it, and by the file's kind.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr, memrchr};
use regex::bytes::Regex;

use super::{Form, Private, is_placeholder};

/// Ends of names of passwords. A short list, in one case each, is several times as fast as a search
/// in any case.
static NAMES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let names = [
        "password",
        "Password",
        "PASSWORD",
        "passwd",
        "Passwd",
        "PASSWD",
        "passphrase",
        "PASSPHRASE",
        "pwd",
        "Pwd",
        "PWD",
        "secret",
        "Secret",
        "SECRET",
        "pass",
        "Pass",
        "PASS",
    ];
    let mut builder = AhoCorasick::builder();
    let names = builder.match_kind(MatchKind::LeftmostFirst).build(names);
    names.expect("a few words")
});

/// Pattern for a place to log in, beside a password: a host, a port, an address to send mail to.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?i-u)(?:^|[\s{,;"'_.-])(?:(?:host|hostname|server|endpoint)["']?\s{0,4}[:=]\s{0,4}["'`]?(?:localhost|[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})\b|port["']?\s{0,4}[:=]\s{0,4}["']?\d{2,5}\b|(?:user|username|login)["']?\s{0,4}[:=]\s{0,4}["'`]?[\w.+-]{1,64}@[\w-]{1,63}\.)"#;
    Regex::new(pattern).expect("a test uses it")
});

/// Sections of a file of MySQL's programs.
static SECTION: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?m-u)^\[(?:client|mysql|mysqldump|mysqladmin)\]\s{0,4}$";
    Regex::new(pattern).expect("a test uses it")
});

/// Length of the text on either side of a password that shows what it's for, in bytes.
const AROUND_BYTES_MAX: usize = 400;

/// The longest name that is looked at, in bytes.
const NAME_BYTES_MAX: usize = 60;

/// Longer ones are texts.
const VALUE_BYTES_MAX: usize = 128;

/// Shorter ones are variables, or words of a form.
const VALUE_BYTES_MIN: usize = 4;

/// The shortest value that is taken for a password by what it's made of.
const MIXED_BYTES_MIN: usize = 6;

/// A secret is longer than a password, as programs make it.
const SECRET_BYTES_MIN: usize = 16;

/// Extensions of files that hold settings, and nothing else.
const OF_SETTINGS: [&str; 22] = [
    "bash",
    "bat",
    "cfg",
    "cmd",
    "cnf",
    "conf",
    "config",
    "env",
    "envrc",
    "hcl",
    "ini",
    "local",
    "production",
    "properties",
    "ps1",
    "sh",
    "tf",
    "tfvars",
    "toml",
    "yaml",
    "yml",
    "zsh",
];

/// Names of such files that have no extension.
const NAMES_OF_SETTINGS: [&str; 9] = [
    "config",
    "credentials",
    "dockerfile",
    "env",
    "hosts",
    "inventory",
    "secrets",
    "settings",
    "vars",
];

/// Prefixes of variables whose value is taken for a password even without mixed characters.
const OF_SERVERS: [&str; 16] = [
    "ADMIN", "DATABASE", "DB", "EMAIL", "FTP", "LDAP", "MAIL", "MARIADB", "MONGO", "MYSQL", "PG",
    "POSTGRES", "RABBITMQ", "REDIS", "ROOT", "SMTP",
];

/// Finds passwords in a text of this path.
pub(super) fn find(text: &[u8], path: &str, form: Form, found: &mut Vec<(usize, Private)>) {
    for hit in NAMES.find_iter(text) {
        let Some(value) = Value::behind(text, hit.end()) else {
            continue;
        };
        let setting = Setting {
            text,
            name: name(text, hit.range()),
            value,
        };
        let is_password = match form {
            Form::Style => false,
            Form::Json | Form::Script | Form::Markup => setting.is_of_object(form),
            Form::Other => {
                setting.is_of_line(is_of_settings(path)) || setting.is_of_object(Form::Script)
            }
        };
        if is_password {
            found.push((setting.value.at, Private::Password));
        }
    }
}

/// A name and its value.
struct Setting<'t> {
    text: &'t [u8],
    name: Range<usize>,
    value: Value<'t>,
}

struct Value<'t> {
    at: usize,
    text: &'t [u8],
    mark: Mark,
}

/// Sign between a name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Colon,
    Equals,
    /// `<password>…</password>`
    Tag,
}

impl Mark {
    /// Returns the mark behind a name, which may be in quotes, and what follows.
    fn behind_name(rest: &[u8]) -> Option<(Mark, &[u8])> {
        let rest = rest.strip_prefix(b"\\").unwrap_or(rest);
        let rest = rest
            .strip_prefix(b"\"")
            .or_else(|| rest.strip_prefix(b"'"))
            .unwrap_or(rest);
        match rest.trim_ascii_start() {
            [b':', b'=', behind @ ..] | [b'=', b'>', behind @ ..] => Some((Mark::Equals, behind)),
            // A comparison is no setting.
            [b'=', b'=', ..] => None,
            [b':', behind @ ..] => Some((Mark::Colon, behind)),
            [b'=', behind @ ..] => Some((Mark::Equals, behind)),
            _ => None,
        }
    }
}

/// Returns the beginning and the end of a value, without its quotes.
fn ends(value: &[u8]) -> Option<(usize, usize)> {
    let is_quote = |byte: &&u8| b"\"'`".contains(byte);
    if let Some(quote) = value.first().filter(is_quote) {
        let mut inside = value[1..].iter();
        let length = inside.position(|byte| byte == quote || *byte == b'\n')?;
        return Some((1, 1 + length));
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b",;#".contains(byte);
    Some((0, value.iter().position(ends).unwrap_or(value.len())))
}

impl<'t> Value<'t> {
    /// Returns the value that begins behind a name.
    fn behind(text: &'t [u8], name_end: usize) -> Option<Value<'t>> {
        let all = text.get(name_end..text.len().min(name_end + VALUE_BYTES_MAX + 32))?;
        let at = |rest: &[u8]| name_end + all.len() - rest.len();
        if let Some(inside) = all.strip_prefix(b">") {
            let end = memchr(b'<', inside).filter(|end| inside[*end..].starts_with(b"</"))?;
            return Some(Value {
                at: at(inside),
                text: &inside[..end],
                mark: Mark::Tag,
            });
        }
        let (mark, behind) = Mark::behind_name(all)?;
        let blanks = behind.iter().take_while(|byte| b" \t".contains(byte));
        let rest = &behind[blanks.count()..];
        let rest = rest.strip_prefix(b"\\").unwrap_or(rest);
        let (start, end) = ends(rest)?;
        let value = &rest[start..end];
        let value = value.strip_suffix(b"\\").unwrap_or(value);
        Some(Value {
            at: at(rest) + start,
            text: value,
            mark,
        })
    }

    /// Says whether it was in quotes.
    fn is_quoted(&self, text: &[u8]) -> bool {
        self.at > 0 && b"\"'`".contains(&text[self.at - 1])
    }

    /// Says whether it may be a password, and isn't a variable, a call, or a word that stands for
    /// one.
    fn is_likely(&self) -> bool {
        let lower = self.text.to_ascii_lowercase();
        let has = |word: &[u8]| memchr::memmem::find(&lower, word).is_some();
        let is_sign = |byte: &u8| byte.is_ascii_graphic() && !b"(){}[]<>`\"'\\".contains(byte);
        (VALUE_BYTES_MIN..=VALUE_BYTES_MAX).contains(&self.text.len())
            && self.text.iter().all(is_sign)
            && !self.text.starts_with(b"$")
            && !self.text.starts_with(b"/")
            && !is_placeholder(self.text)
            && ![
                &b"pass"[..],
                b"secret",
                b"pwd",
                b"example",
                b"changeme",
                b"change-me",
                b"change_me",
                b"replace",
                b"://",
            ]
            .into_iter()
            .any(has)
    }

    /// Says whether it has letters and digits, as passwords do and words don't.
    fn is_mixed(&self) -> bool {
        self.text.len() >= MIXED_BYTES_MIN
            && self.text.iter().any(u8::is_ascii_digit)
            && self.text.iter().any(u8::is_ascii_alphabetic)
    }

    /// Says whether it's four words of four letters, as Google makes passwords of programs.
    fn is_of_google(&self) -> bool {
        let mut words = self.text.split(|byte| *byte == b' ');
        self.text.len() == 19
            && words.all(|word| word.len() == 4 && word.iter().all(u8::is_ascii_lowercase))
    }
}

impl Setting<'_> {
    fn name(&self) -> &[u8] {
        &self.text[self.name.clone()]
    }

    fn is_secret(&self) -> bool {
        self.name().to_ascii_lowercase().ends_with(b"secret")
    }

    /// Says whether a field of an object, or an element, holds a password.
    fn is_of_object(&self, form: Form) -> bool {
        let value = &self.value;
        if value.mark == Mark::Tag {
            let opens = self.name.start > 0 && self.text[self.name.start - 1] == b'<';
            return form == Form::Markup && opens && value.is_likely() && value.is_mixed();
        }
        // In `"AWS::Secret": …`, it's the end of another name.
        let before = self.name.start.checked_sub(1).map(|at| self.text[at]);
        if before.is_some_and(|byte| !byte.is_ascii_whitespace() && !b"\"'`{,".contains(&byte)) {
            return false;
        }
        let is_attribute = form == Form::Markup && value.mark == Mark::Equals;
        if !(value.mark == Mark::Colon || is_attribute) || !value.is_quoted(self.text) {
            return false;
        }
        if value.is_of_google() {
            return self.has_place();
        }
        if !value.is_likely() {
            return false;
        }
        match form {
            Form::Json if self.is_secret() => {
                value.is_mixed() && value.text.len() >= SECRET_BYTES_MIN
            }
            Form::Json => value.is_mixed() || self.has_place(),
            _ => !self.is_secret() && self.has_place(),
        }
    }

    /// Says whether a place to log in stands in the same braces, or in the same tag.
    fn has_place(&self) -> bool {
        let (open, close) = match self.value.mark {
            Mark::Equals | Mark::Tag => (b'<', b'>'),
            Mark::Colon => (b'{', b'}'),
        };
        let start = self.name.start.saturating_sub(AROUND_BYTES_MAX);
        let before = &self.text[start..self.name.start];
        let Some(open) = memrchr(open, before) else {
            return false;
        };
        let behind =
            &self.text[self.value.at..self.text.len().min(self.value.at + AROUND_BYTES_MAX)];
        let close = memchr(close, behind).unwrap_or(behind.len());
        let (before, behind) = (&before[open..], &behind[..close]);
        PLACE.is_match(before) || PLACE.is_match(behind)
    }

    /// Says whether a line holds a password.
    fn is_of_line(&self, is_of_settings: bool) -> bool {
        let value = &self.value;
        if value.mark == Mark::Tag || !self.begins_line() || !value.is_likely() {
            return false;
        }
        let name = self.name();
        if name.eq_ignore_ascii_case(b"pass") {
            // Tests pass and fail, line by line.
            return false;
        }
        let is_variable = name.contains(&b'_') && !name.iter().any(u8::is_ascii_lowercase);
        if self.is_secret() {
            let is_long = value.is_mixed() && value.text.len() >= SECRET_BYTES_MIN;
            return is_long && (is_of_settings || is_variable);
        }
        match (is_of_settings, value.is_mixed()) {
            (true, true) => true,
            (false, true) => is_variable || self.is_beside_place(),
            (true, false) => {
                let is_of_server = OF_SERVERS
                    .iter()
                    .any(|server| name.starts_with(server.as_bytes()));
                (is_variable && is_of_server) || self.is_beside_place()
            }
            (false, false) => false,
        }
    }

    /// Says whether nothing stands before the name on its line but what lists, scripts and
    /// variables have there.
    fn begins_line(&self) -> bool {
        let start = self.name.start.saturating_sub(NAME_BYTES_MAX);
        let before = &self.text[start..self.name.start];
        let line = memrchr(b'\n', before).map_or(before, |end| &before[end + 1..]);
        let word = line.trim_ascii();
        matches!(
            word,
            b"" | b"-"
                | b"\""
                | b"'"
                | b"- \""
                | b"- '"
                | b"export"
                | b"set"
                | b"ENV"
                | b"ARG"
                | b"$env:"
        )
    }

    /// Says whether lines beside it tell where to log in.
    fn is_beside_place(&self) -> bool {
        let start = self.name.start.saturating_sub(AROUND_BYTES_MAX);
        let end = self.text.len().min(self.value.at + AROUND_BYTES_MAX);
        let (before, behind) = (
            &self.text[start..self.name.start],
            &self.text[self.value.at..end],
        );
        PLACE.is_match(before) || PLACE.is_match(behind) || SECTION.is_match(before)
    }
}

/// Returns where a name is that ends so.
fn name(text: &[u8], end: Range<usize>) -> Range<usize> {
    let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let before = text[..end.start].iter().rev().take(NAME_BYTES_MAX);
    let more = before.take_while(is_of_name).count();
    // `- password: …` of a list.
    let start = end.start - more;
    let dashes = text[start..end.start]
        .iter()
        .take_while(|byte| **byte == b'-')
        .count();
    start + dashes..end.end
}

/// Says whether a file holds settings, by its name.
fn is_of_settings(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    match name.rsplit_once('.') {
        Some((_, extension)) => OF_SETTINGS.contains(&extension),
        None => NAMES_OF_SETTINGS.contains(&name.as_str()),
    }
}
