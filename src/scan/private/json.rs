//! Private data in JSON: keys, OAuth clients and their tokens, recorded sessions. Serde reads the
//! objects one by one, and none is kept. JSON Web Keys are also found in scripts and pages, which
//! contain them unchanged.

use std::borrow::Cow;
use std::fmt;

use memchr::{memchr, memchr_iter, memmem, memrchr};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Form, Private, is_placeholder};

/// Maximum size of a JSON Web Key: one of 16,384 bits has 8 KB of base64.
const JWK_BYTES_MAX: usize = 16 << 10;

/// Shorter ones are no keys: an elliptic curve's have 43 characters.
const JWK_SECRET_BYTES_MIN: usize = 20;

/// Labels of forms and words of examples are shorter.
const OAUTH_SECRET_BYTES_MIN: usize = 12;

pub(super) fn find(text: &[u8], form: Form, found: &mut Vec<(usize, Private)>) {
    find_jwk(text, found);
    let is_wanted = |word: &&str| memmem::find(text, word.as_bytes()).is_some();
    if form == Form::Json && WORDS.iter().any(is_wanted) {
        find_fields(text, found);
    }
}

/// Finds what is told by the names of fields.
fn find_fields(text: &[u8], found: &mut Vec<(usize, Private)>) {
    let origin = text.as_ptr().addr();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let mut seen = Seen {
        origin,
        ..Seen::default()
    };
    let mut json = serde_json::Deserializer::from_str(text);
    // What isn't JSON, or nested too deeply, is looked at as far as it can be read.
    let top = Value {
        seen: &mut seen,
        within: Within::Top,
    };
    let _is_read = top.deserialize(&mut json).is_ok();
    found.append(&mut seen.found);
    if seen.is_har {
        found.extend(seen.session.map(|at| (at, Private::Session)));
    }
}

/// A document without any of these has nothing that is looked for.
const WORDS: [&str; 6] = [
    "client_secret",
    "clientSecret",
    "refresh_token",
    "refreshToken",
    "\"entries\"",
    "\"Config\"",
];

/// Headers that identify a user.
const HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
];

/// State of the search.
#[derive(Default)]
struct Seen {
    /// The address of the text.
    origin: usize,
    found: Vec<(usize, Private)>,
    is_har: bool,
    /// Position of the first header or cookie that identifies a user.
    session: Option<usize>,
}

/// Place of a value in the document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Top,
    /// The value of `log`, at the top.
    Log,
    /// The value of `entries` in it.
    Entries,
    /// The value of `cookies`.
    Cookies,
    Other,
}

/// A value; of a string, its text.
struct Value<'s> {
    seen: &'s mut Seen,
    within: Within,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_string())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        if self.within == Within::Entries {
            self.seen.is_har = true;
        }
        let within = match self.within {
            Within::Cookies => Within::Cookies,
            _ => Within::Other,
        };
        while items
            .next_element_seed(Value {
                seen: self.seen,
                within,
            })?
            .is_some()
        {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::default();
        while let Some(name) = fields.next_key::<Name<'de>>()? {
            let within = match (self.within, name.0.as_ref()) {
                (Within::Top, "log") => Within::Log,
                (Within::Log, "entries") => Within::Entries,
                (_, "cookies") => Within::Cookies,
                _ => Within::Other,
            };
            let value = fields.next_value_seed(Value {
                seen: self.seen,
                within,
            })?;
            object.note(&name, value);
        }
        object.judge(self.within, self.seen);
        Ok(None)
    }
}

/// A field's name.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Name<'_> {
    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.0.as_ref())
    }
}

/// Fields of an object that matter.
#[derive(Default)]
struct Object<'de> {
    name: Option<Cow<'de, str>>,
    value: Option<Cow<'de, str>>,
    secret: Option<Cow<'de, str>>,
    refresh_token: Option<Cow<'de, str>>,
    kind: Option<Cow<'de, str>>,
    has_client: bool,
    has_token: bool,
    has_clusters: bool,
    has_users: bool,
}

impl<'de> Object<'de> {
    fn note(&mut self, name: &Name<'de>, value: Option<Cow<'de, str>>) {
        self.has_clusters |= name.is(&["clusters"]);
        self.has_users |= name.is(&["users"]);
        self.has_client |= name.is(&["client_id", "clientId"]);
        self.has_token |= name.is(&[
            "access_token",
            "accessToken",
            "token",
            "token_uri",
            "expiry",
            "expires_in",
        ]);
        match name.0.as_ref() {
            "name" => self.name = value,
            "value" => self.value = value,
            "client_secret" | "clientSecret" => self.secret = value,
            "refresh_token" | "refreshToken" => self.refresh_token = value,
            "kind" => self.kind = value,
            _ => {}
        }
    }

    fn judge(self, within: Within, seen: &mut Seen) {
        let is_header = |name: &str| {
            HEADERS
                .iter()
                .any(|header| name.eq_ignore_ascii_case(header))
        };
        let is_session = within == Within::Cookies || self.name.as_deref().is_some_and(is_header);
        if let Some(value) = self.value.filter(|value| is_session && !value.is_empty()) {
            let at = seen.place(value);
            seen.session.get_or_insert(at);
        }
        let secret = self.secret.filter(|_| self.has_client);
        let token = self
            .refresh_token
            .filter(|_| self.has_client || self.has_token);
        let secrets = [secret, token].into_iter().flatten();
        for secret in secrets.filter(|secret| is_secret(secret)) {
            seen.found.push((seen.place(secret), Private::OAuth));
        }
        let is_config = self.has_clusters && self.has_users;
        if let Some(kind) = self.kind.filter(|kind| kind == "Config" && is_config) {
            seen.found.push((seen.place(kind), Private::Kubeconfig));
        }
    }
}

/// Says whether a field that is called a secret holds one.
fn is_secret(value: &str) -> bool {
    value.len() >= OAUTH_SECRET_BYTES_MIN
        && !value.contains(char::is_whitespace)
        && !is_placeholder(value.as_bytes())
}

impl Seen {
    /// Returns the place of a string; at the beginning, if it's written with escapes.
    fn place(&self, text: Cow<'_, str>) -> usize {
        match text {
            Cow::Borrowed(text) => text.as_ptr().addr().saturating_sub(self.origin),
            Cow::Owned(_) => 0,
        }
    }
}

/// Finds the private parts of JSON Web Keys (RFC 7517), which are flat objects.
fn find_jwk(text: &[u8], found: &mut Vec<(usize, Private)>) {
    let mut looked_at = 0;
    for at in memmem::find_iter(text, b"kty") {
        if at < looked_at {
            continue;
        }
        let before = &text[at.saturating_sub(JWK_BYTES_MAX).max(looked_at)..at];
        let behind = &text[at..text.len().min(at + JWK_BYTES_MAX)];
        let end = memchr(b'}', behind).unwrap_or(behind.len());
        looked_at = at + end;
        let Some(open) = memrchr(b'{', before) else {
            continue;
        };
        let start = at - before.len() + open;
        if let Some(secret) = private_part(&text[start..looked_at]) {
            found.push((start + secret, Private::Jwk));
        }
    }
}

/// Returns the place of the private part of a JSON Web Key is: `d`, or `k` of a symmetric one.
fn private_part(object: &[u8]) -> Option<usize> {
    let (mut secret, mut is_key) = (None, false);
    for colon in memchr_iter(b':', object) {
        let name = object[..colon].trim_ascii_end();
        let name = name
            .strip_suffix(b"\"")
            .or(name.strip_suffix(b"'"))
            .unwrap_or(name);
        let name = name.strip_suffix(b"\\").unwrap_or(name);
        let word = name
            .iter()
            .rev()
            .take(4)
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        let is_quote = |byte: &&u8| byte.is_ascii_whitespace() || b"\"'\\".contains(byte);
        let skipped = object[colon + 1..].iter().take_while(is_quote).count();
        let value = &object[colon + 1 + skipped..];
        let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        match &name[name.len() - word..] {
            b"kty" => {
                is_key = [b"RSA", b"OKP", b"oct"]
                    .iter()
                    .any(|kind| value.starts_with(*kind))
                    || value.starts_with(b"EC")
            }
            b"d" | b"k" if value.iter().take_while(is_base64).count() >= JWK_SECRET_BYTES_MIN => {
                secret = Some(colon + 1 + skipped);
            }
            _ => {}
        }
    }
    secret.filter(|_| is_key)
}
