//! Text form of a manifest: one line of JSON for the whole, then one for
//! each object. It is packed in blocks of lines, so that all cores can read it.
//!
//! ```text
//! {"format":"assetsync release manifest","version":3,"key_id":…,"headers":[…],"levels":[…],"objects":2}
//! ["css/app.css","ycqlw4rz226sf3rz3sgvwxlbzq.css",null,1200,"DGhLbg4I…",0,0,[412,"0cc175b9…"]]
//! ["index.html","index.html","qnl2…",900,"3J5CC9AT…",1,0,[388,""]]
//! ["js/app-4f1c.js",null,"h5wz…",700,"9bKq01Xe…",2,0,[301,""]]
//! ```
//!
//! A line has the logical path, the key (null if it is the path and the content never changes), the
//! token (unless the key contains it), the size and the blake3 of the content (in URL-safe base64),
//! and the indexes in `headers` and in `levels`. At the end, it has the stored size and the
//! storage's checksum; null if the object is held, and so isn't in the target.
//!
//! Version 2 has no fingerprinted keys. It is still written if there are none, so that earlier
//! programs can read it. Version 1 can still be read as well. It has digests in hex, and ETags with
//! quotes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::{HeaderName, HeaderValue};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Entry, Manifest, StoredAs};
use crate::base::name::{EncodingPolicy, Headers, Token};
use crate::base::path::ObjectKey;
use crate::release::root;
use crate::release::{Unusable, packed};
use crate::store::token_in_name;

/// Newest version of [`Manifest`] that this crate writes.
pub const VERSION: u32 = 3;

/// Version without fingerprinted names.
const VERSION_WITHOUT: u32 = 2;

const FORMAT: &str = "assetsync release manifest";

/// Minimum length of an object's line, in bytes: it has a token and a digest.
const LINE_BYTES_MIN: usize = 64;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    key_id: String,
    headers: Vec<HeadersLine>,
    levels: Vec<String>,
    objects: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeadersLine {
    content_type: String,
    cache_control: String,
    encoding: EncodingPolicy,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    further: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Line<'a>(
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Option<Cow<'a, str>>,
    #[serde(borrow)] Option<Cow<'a, str>>,
    u64,
    #[serde(borrow)] Cow<'a, str>,
    u32,
    u32,
    #[serde(borrow)] Option<StoredLine<'a>>,
);

#[derive(Serialize, Deserialize)]
struct StoredLine<'a>(u64, #[serde(borrow)] Cow<'a, str>);

impl Manifest {
    /// Returns the document without compression. A release refers to it by its blake3.
    pub fn to_text(&self) -> Vec<u8> {
        let headers = self.headers.iter().map(|headers| HeadersLine {
            content_type: headers.content_type.clone(),
            cache_control: headers.cache_control.clone(),
            encoding: headers.encoding,
            further: headers.further.clone(),
        });
        let head = Head {
            format: FORMAT.to_string(),
            version: self.version(),
            key_id: self.key_id.clone(),
            headers: headers.collect(),
            levels: self.levels.clone(),
            objects: self.entries.len(),
        };
        let mut text = serde_json::to_vec(&head).expect("strings and numbers are JSON");
        let lines = self.entries.par_chunks(1000).map(lines);
        for chunk in lines.collect::<Vec<_>>() {
            text.extend(chunk);
        }
        text.push(b'\n');
        text
    }

    fn version(&self) -> u32 {
        if self.entries.iter().any(|entry| entry.is_fingerprinted) {
            VERSION
        } else {
            VERSION_WITHOUT
        }
    }

    /// Parses the output of [`Manifest::to_text`].
    ///
    /// # Errors
    /// Returns an error if this isn't a manifest, is of a newer version, or is damaged.
    pub fn from_text(text: &[u8]) -> Result<Manifest, Unusable> {
        let text = str::from_utf8(text).map_err(Unusable::damaged)?;
        Manifest::from_blocks(&[text])
    }

    /// Returns the packed manifest, as it is stored, and the blake3 of its text.
    pub fn pack(&self) -> (Bytes, blake3::Hash) {
        let text = self.to_text();
        (packed::pack(&text), blake3::hash(&text))
    }

    /// Unpacks a manifest with this digest, in hex.
    ///
    /// # Errors
    /// Returns the errors of [`Manifest::from_text`], or an error if this is another manifest.
    pub fn unpack(bytes: &[u8], digest: &str) -> Result<Manifest, Unusable> {
        let blocks = packed::unpack(bytes)?;
        let (actual, manifest) = rayon::join(
            || packed::digest(&blocks),
            || Manifest::from_blocks(&blocks),
        );
        if actual.to_hex().as_str() == digest {
            manifest
        } else {
            Err(Unusable::damaged("its digest differs"))
        }
    }

    /// Parses a text that is split between lines.
    fn from_blocks<T: AsRef<str> + Sync>(blocks: &[T]) -> Result<Manifest, Unusable> {
        let whole = blocks.first().map(AsRef::as_ref).unwrap_or_default();
        let head = parse_head(lines_of(whole).next().unwrap_or_default())?;
        let parse = |(at, block): (usize, &T)| {
            let block = block.as_ref();
            let mut entries = Vec::with_capacity(lines_at_most(block));
            for line in lines_of(block).skip(usize::from(at == 0)) {
                entries.push(parse_line(line, &head)?);
            }
            in_order(&entries).then_some(entries).ok_or_else(disorder)
        };
        let parsed = blocks
            .par_iter()
            .enumerate()
            .map(parse)
            .collect::<Result<Vec<_>, String>>()
            .map_err(Unusable::damaged)?;
        let entries = joined(parsed)?;
        if entries.len() != head.objects {
            return Err(Unusable::damaged("objects are missing"));
        }
        Ok(head.with(entries))
    }
}

/// Joins the entries of all blocks. They must be in order from block to block, too.
fn joined(blocks: Vec<Vec<Entry>>) -> Result<Vec<Entry>, Unusable> {
    let mut entries: Vec<Entry> = Vec::with_capacity(blocks.iter().map(Vec::len).sum());
    for block in blocks {
        let seam = [entries.last(), block.first()];
        if !seam.into_iter().flatten().is_sorted_by(is_before) {
            return Err(Unusable::damaged(disorder()));
        }
        entries.extend(block);
    }
    Ok(entries)
}

impl Head {
    fn with(self, entries: Vec<Entry>) -> Manifest {
        let headers = self.headers.into_iter().map(|line| Headers {
            content_type: line.content_type,
            cache_control: line.cache_control,
            encoding: line.encoding,
            further: line.further,
        });
        Manifest {
            key_id: self.key_id,
            headers: headers.collect(),
            levels: self.levels,
            entries,
        }
    }
}

fn in_order(entries: &[Entry]) -> bool {
    entries.iter().is_sorted_by(is_before)
}

fn is_before(a: &&Entry, b: &&Entry) -> bool {
    a.path < b.path
}

fn disorder() -> String {
    "objects are out of order".to_string()
}

/// Returns the maximum number of lines in a block: the number of line ends, unless most lines are
/// empty.
fn lines_at_most(block: &str) -> usize {
    let ends = memchr::memchr_iter(b'\n', block.as_bytes()).count();
    ends.min(block.len() / LINE_BYTES_MIN) + 1
}

fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    let mut start = 0;
    let lines = ends.map(move |end| {
        let line = &text[start..end];
        start = end + 1;
        line
    });
    lines.filter(|line| !line.is_empty())
}

fn lines(entries: &[Entry]) -> Vec<u8> {
    let mut text = Vec::with_capacity(entries.len() * 160);
    for entry in entries {
        let token = (!entry.is_keyed()).then(|| entry.token.to_string().into());
        let stored = entry.stored.as_ref();
        let line = Line(
            Cow::Borrowed(&entry.path),
            (!entry.is_fingerprinted).then(|| Cow::Borrowed(entry.key.as_str())),
            token,
            entry.size_bytes,
            BASE64URL_NOPAD.encode(entry.digest.as_bytes()).into(),
            entry.headers,
            entry.level,
            stored.map(|stored| StoredLine(stored.size_bytes, Cow::Borrowed(&stored.fingerprint))),
        );
        text.push(b'\n');
        serde_json::to_writer(&mut text, &line).expect("strings and numbers are JSON");
    }
    text
}

fn parse_head(line: &str) -> Result<Head, Unusable> {
    root::check_format(line.as_bytes(), FORMAT, VERSION)?;
    let head: Head = serde_json::from_str(line).map_err(Unusable::damaged)?;
    if head.headers.iter().all(HeadersLine::can_be_sent) {
        Ok(head)
    } else {
        Err(Unusable::damaged("it has invalid headers"))
    }
}

impl HeadersLine {
    fn can_be_sent(&self) -> bool {
        let mut values = self
            .further
            .values()
            .chain([&self.content_type, &self.cache_control]);
        let mut names = self.further.keys();
        values.all(|value| HeaderValue::from_str(value).is_ok())
            && names.all(|name| HeaderName::from_bytes(name.as_bytes()).is_ok())
    }
}

/// Parses a digest in hex, as in version 1, or in base64.
fn parse_digest(text: &str) -> Option<blake3::Hash> {
    let encoding = if text.len() == 2 * blake3::OUT_LEN {
        HEXLOWER
    } else {
        BASE64URL_NOPAD
    };
    let mut digest = [0; blake3::OUT_LEN];
    let fits = encoding.decode_len(text.len()) == Ok(digest.len());
    fits.then(|| encoding.decode_mut(text.as_bytes(), &mut digest).ok())??;
    Some(digest.into())
}

fn parse_line(line: &str, head: &Head) -> Result<Entry, String> {
    let Line(path, key, token, size_bytes, digest, headers, level, stored) =
        serde_json::from_str(line).map_err(|e| e.to_string())?;
    let is_fingerprinted = key.is_none();
    let key = key.as_ref().unwrap_or(&path);
    let token = match token {
        Some(token) => Token::parse(&token),
        None => token_in_name(key),
    };
    if headers as usize >= head.headers.len() || level as usize >= head.levels.len() {
        return Err(format!(
            "`{path}` refers to missing headers or a missing level"
        ));
    }
    Ok(Entry {
        key: ObjectKey::parse(key).map_err(|e| format!("`{path}`: {e}"))?,
        token: token.ok_or_else(|| format!("`{path}` has no token"))?,
        is_fingerprinted,
        size_bytes,
        digest: parse_digest(&digest).ok_or_else(|| format!("`{path}` has no digest"))?,
        headers,
        level,
        stored: stored.map(|StoredLine(size_bytes, fingerprint)| StoredAs {
            size_bytes,
            fingerprint: bare(&fingerprint).into(),
        }),
        path: path.into_owned().into_boxed_str(),
    })
}

/// Returns an ETag without the quotes of version 1.
fn bare(fingerprint: &str) -> &str {
    fingerprint.trim_matches('"')
}

#[cfg(test)]
mod tests;
