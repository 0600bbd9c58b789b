//! What a release consists of: every object with its name, headers and size. One line of JSON for the whole, then one for
//! each object; packed in blocks of lines, so that all cores read it.
//!
//! ```text
//! {"format":"assetsync release manifest","version":3,"key_id":…,"headers":[…],"levels":[…],"objects":2}
//! ["css/app.css","ycqlw4rz226sf3rz3sgvwxlbzq.css",null,1200,"DGhLbg4I…",0,0,[412,"0cc175b9…"]]
//! ["index.html","index.html","qnl2…",900,"3J5CC9AT…",1,0,[388,""]]
//! ["js/app-4f1c.js",null,"h5wz…",700,"9bKq01Xe…",2,0,[301,""]]
//! ```
//!
//! A line has: logical path, key (null if it's the path, and what is there never changes), token (unless the key has it), size and blake3 of the content (base64 as in URLs), its place in
//! `headers` and in `levels`, and what is stored: size and the storage's checksum; null if it's held, and not there.
//!
//! Version 2 had no such keys, and is still written where there are none, so that earlier programs read it. Version 1, which is still
//! read as well, had digests in hex, and ETags with their quotes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::{HeaderName, HeaderValue};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Unusable;
use super::packed;
use super::root::{self, Changes};
use crate::build::{Build, Object};
use crate::name::{EncodingPolicy, Headers, NameStyle, Token};
use crate::path::ObjectKey;
use crate::store::{Stored, Version, token_in_name};

/// The newest version of [`Manifest`] that this crate writes.
pub const VERSION: u32 = 3;

/// The version without fingerprinted names.
const VERSION_WITHOUT: u32 = 2;

const FORMAT: &str = "assetsync release manifest";

/// No object's line is shorter, in bytes: it has a token and a digest.
const LINE_BYTES_MIN: usize = 64;

/// All objects of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which secret named them.
    pub key_id: String,
    /// Each combination of headers once.
    pub headers: Vec<Headers>,
    /// The names of levels.
    pub levels: Vec<String>,
    /// Sorted by path.
    pub entries: Vec<Entry>,
}

/// One object of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its logical path.
    pub path: Box<str>,
    /// Below the target's URL, not percent-encoded.
    pub key: ObjectKey,
    /// What its name commits to.
    pub token: Token,
    /// True if its key is its path, and what is there never changes (`names = "fingerprinted"`).
    pub is_fingerprinted: bool,
    /// Of the content, in bytes.
    pub size_bytes: u64,
    /// blake3 of the content.
    pub digest: blake3::Hash,
    /// Its place in [`Manifest::headers`].
    pub headers: u32,
    /// Its place in [`Manifest::levels`].
    pub level: u32,
    /// What is in the target; none while its level is held.
    pub stored: Option<StoredAs>,
}

/// How an object is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAs {
    /// After gzip, in bytes.
    pub size_bytes: u64,
    /// As [`Stored::fingerprint`]; empty if it isn't known.
    pub fingerprint: Box<str>,
}

impl Entry {
    /// Whether the key stays when the content changes.
    pub fn is_mutable(&self) -> bool {
        !self.is_fingerprinted && !self.is_keyed()
    }

    /// Says whether a token is in the key.
    pub fn is_keyed(&self) -> bool {
        token_in_name(self.key.as_str()) == Some(self.token)
    }

    /// Whether its bytes are stored gzipped: they are, where that makes them fewer.
    pub fn is_gzipped(&self) -> bool {
        self.stored
            .as_ref()
            .is_some_and(|stored| stored.size_bytes != self.size_bytes)
    }
}

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
    /// The manifest of `build`, of which `stored` is in place, by key.
    pub fn new(build: &Build, stored: &HashMap<ObjectKey, Stored>) -> Manifest {
        let mut headers = Vec::new();
        let mut places: HashMap<&Headers, u32> = HashMap::new();
        let mut entries = Vec::with_capacity(build.objects.len());
        for object in &build.objects {
            let place = *places.entry(object.headers()).or_insert_with(|| {
                headers.push(object.headers().clone());
                headers.len() as u32 - 1
            });
            let stored = stored.get(&object.key).filter(|_| !object.is_held);
            entries.push(Entry {
                path: object.path.as_str().into(),
                key: object.key.clone(),
                token: object.token,
                is_fingerprinted: object.policy.names == NameStyle::Fingerprinted,
                size_bytes: object.size_bytes,
                digest: object.digest,
                headers: place,
                level: build.levels.index(object.policy.level) as u32,
                stored: stored.map(|stored| StoredAs {
                    size_bytes: stored.size_bytes,
                    fingerprint: stored.fingerprint.as_str().into(),
                }),
            });
        }
        Manifest {
            key_id: build.key_id.to_string(),
            headers,
            levels: build.levels.names().map(str::to_string).collect(),
            entries,
        }
    }

    /// What is published: all but what is held.
    pub fn published(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.stored.is_some())
    }

    /// The names of the levels that anything is published of.
    pub fn published_levels(&self) -> BTreeSet<&str> {
        self.published().map(|entry| self.level_of(entry)).collect()
    }

    /// The name of the level of one of its entries.
    pub fn level_of(&self, entry: &Entry) -> &str {
        &self.levels[entry.level as usize]
    }

    /// The headers of one of its entries.
    pub fn headers_of(&self, entry: &Entry) -> &Headers {
        &self.headers[entry.headers as usize]
    }

    /// What a listing would tell of its published objects, by key, if all is as it was.
    pub fn listing(&self) -> HashMap<String, Stored> {
        let stored = |entry: &Entry| {
            let stored = entry.stored.as_ref()?;
            let told = Stored {
                size_bytes: stored.size_bytes,
                token: Some(entry.token),
                token_is_known: true,
                version: Version::default(),
                fingerprint: stored.fingerprint.to_string(),
                modified: None,
            };
            Some((entry.key.to_string(), told))
        };
        let mut listing = HashMap::with_capacity(self.entries.len());
        listing.extend(self.entries.iter().filter_map(stored));
        listing
    }

    /// The entries of these levels alone.
    ///
    /// # Errors
    /// The first name that no level has.
    pub fn of_levels(mut self, names: &[String]) -> Result<Manifest, String> {
        if let Some(unknown) = names.iter().find(|name| !self.levels.contains(*name)) {
            return Err(unknown.clone());
        }
        let levels = &self.levels;
        self.entries
            .retain(|entry| names.is_empty() || names.contains(&levels[entry.level as usize]));
        Ok(self)
    }

    /// The entry of a logical path.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let found = self
            .entries
            .binary_search_by(|entry| (*entry.path).cmp(path));
        found.ok().map(|at| &self.entries[at])
    }

    /// What this release changes in what people can see, compared with the one before.
    pub fn changes(&self, before: Option<&Manifest>) -> Changes {
        let Some(before) = before else {
            return Changes {
                added: self.published().count() as u64,
                ..Changes::default()
            };
        };
        let mut changes = Changes::default();
        let old: HashMap<&str, Token> = before.published().map(|e| (&*e.path, e.token)).collect();
        let mut still = 0;
        for entry in self.published() {
            match old.get(&*entry.path) {
                None => changes.added += 1,
                Some(token) => {
                    still += 1;
                    changes.changed += u64::from(*token != entry.token);
                }
            }
        }
        changes.removed = old.len() as u64 - still;
        changes
    }

    /// Whether a release of `build` would be the same to everybody.
    pub fn is_of(&self, build: &Build) -> bool {
        let same = |(entry, object): (&Entry, &Object)| {
            *entry.path == *object.path.as_str()
                && entry.key == object.key
                && entry.is_fingerprinted == (object.policy.names == NameStyle::Fingerprinted)
                && entry.token == object.token
                && entry.stored.is_some() != object.is_held
                && self.levels[entry.level as usize] == build.levels.name(object.policy.level)
        };
        self.key_id == build.key_id.to_string()
            && self.entries.len() == build.objects.len()
            && self.entries.iter().zip(&build.objects).all(same)
    }

    /// The document, uncompressed: its blake3 is what a release names.
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
        match self.entries.iter().any(|entry| entry.is_fingerprinted) {
            true => VERSION,
            false => VERSION_WITHOUT,
        }
    }

    /// Reads what [`Manifest::to_text`] wrote.
    ///
    /// # Errors
    /// It's not a manifest, of a newer version, or damaged.
    pub fn from_text(text: &[u8]) -> Result<Manifest, Unusable> {
        let text = str::from_utf8(text).map_err(Unusable::damaged)?;
        Manifest::from_blocks(&[text])
    }

    /// As it's stored, and the blake3 of its text.
    pub fn pack(&self) -> (Bytes, blake3::Hash) {
        let text = self.to_text();
        (packed::pack(&text), blake3::hash(&text))
    }

    /// Reads a packed manifest with this digest, in hex.
    ///
    /// # Errors
    /// As for [`Manifest::from_text`]; it's another manifest.
    pub fn unpack(bytes: &[u8], digest: &str) -> Result<Manifest, Unusable> {
        let blocks = packed::unpack(bytes)?;
        let (actual, manifest) = rayon::join(
            || packed::digest(&blocks),
            || Manifest::from_blocks(&blocks),
        );
        match actual.to_hex().as_str() == digest {
            true => manifest,
            false => Err(Unusable::damaged("its digest differs")),
        }
    }

    /// Reads a text that is cut between lines.
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
        let mut entries: Vec<Entry> = Vec::with_capacity(parsed.iter().map(Vec::len).sum());
        for block in parsed {
            let seam = [entries.last(), block.first()];
            if !seam.into_iter().flatten().is_sorted_by(is_before) {
                return Err(Unusable::damaged(disorder()));
            }
            entries.extend(block);
        }
        if entries.len() != head.objects {
            return Err(Unusable::damaged("objects are missing"));
        }
        let headers = head.headers.into_iter().map(|line| Headers {
            content_type: line.content_type,
            cache_control: line.cache_control,
            encoding: line.encoding,
            further: line.further,
        });
        Ok(Manifest {
            key_id: head.key_id,
            headers: headers.collect(),
            levels: head.levels,
            entries,
        })
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

/// As many as there are ends of lines, unless most of them are empty.
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
    match head.headers.iter().all(HeadersLine::can_be_sent) {
        true => Ok(head),
        false => Err(Unusable::damaged("there are no such headers")),
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

/// As version 1 has it, or in base64.
fn parse_digest(text: &str) -> Option<blake3::Hash> {
    let encoding = match text.len() == 2 * blake3::OUT_LEN {
        true => HEXLOWER,
        false => BASE64URL_NOPAD,
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
            "`{path}` names headers or a level that aren't there"
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

/// An ETag without the quotes that version 1 kept.
fn bare(fingerprint: &str) -> &str {
    fingerprint.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &[u8] = include_bytes!("../../tests/data/release-manifest/v1.json.gz");
    const V2: &[u8] = include_bytes!("../../tests/data/release-manifest/v2.json.gz");
    const V3: &[u8] = include_bytes!("../../tests/data/release-manifest/v3.json.gz");

    fn text(packed: &[u8]) -> String {
        packed::unpack(packed).expect("gzip").concat()
    }

    fn load(text: &str) -> Result<Manifest, Unusable> {
        Manifest::from_text(text.as_bytes())
    }

    #[test]
    fn version_3_still_loads_and_is_written_the_same() {
        let manifest = load(&text(V3)).expect("loads");
        let kinds = manifest.entries.iter().map(|entry| {
            let kind = (entry.is_keyed(), entry.is_fingerprinted, entry.is_mutable());
            (&*entry.path, kind)
        });
        assert_eq!(
            kinds.collect::<Vec<_>>(),
            [
                ("app.css", (true, false, false)),
                ("chunks/entry-Bx31.js", (false, true, false)),
                ("chunks/tour-Q9d0.js", (false, true, false)),
                ("index.html", (false, false, true)),
                ("late/a.txt", (true, false, false)),
            ]
        );
        assert_eq!(manifest.to_text(), text(V3).as_bytes());
    }

    #[test]
    fn version_2_still_loads_and_is_written_the_same() {
        let manifest = load(&text(V2)).expect("loads");
        assert_eq!(
            (manifest.entries.len(), manifest.published().count()),
            (4, 3)
        );
        assert!(manifest.find("index.html").expect("there").is_mutable());
        assert!(!manifest.find("map.png").expect("there").is_mutable());
        let css = manifest.find("app.css").expect("there").stored.as_ref();
        assert_eq!(
            &*css.expect("stored").fingerprint,
            "9a0364b9e99bb480dd25e1f0284c8555"
        );
        assert_eq!(manifest.to_text(), text(V2).as_bytes());
    }

    #[test]
    fn version_1_still_loads_and_means_the_same() {
        assert_eq!(load(&text(V1)), load(&text(V2)));
    }

    #[test]
    fn room_is_made_for_as_many_objects_as_the_text_can_hold() {
        let text = text(V2);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert!(lines.iter().all(|line| line.len() >= LINE_BYTES_MIN));
        assert!(lines_at_most(&text) > lines.len());
        let empty = "\n".repeat(1 << 20);
        assert!(lines_at_most(&empty) <= empty.len() / LINE_BYTES_MIN + 1);
        assert!(load(&(text + &empty)).is_ok(), "empty lines are nothing");
    }

    #[test]
    fn a_newer_version_is_refused_and_so_is_half_a_manifest() {
        let text = text(V2);
        let newer = text.replace("\"version\":2", "\"version\":4");
        let error = load(&newer).expect_err("refused");
        let (version, known) = (4, VERSION);
        assert_eq!(error, Unusable::Newer { version, known });
        let lines: Vec<&str> = text.lines().collect();
        let without_the_last = lines[..lines.len() - 1].join("\n");
        assert!(load(&without_the_last).is_err());
        let swapped = [lines[0], lines[2], lines[1], lines[3], lines[4]].join("\n");
        assert!(load(&swapped).is_err(), "out of order");
        let [first, second] = [lines[..3].join("\n"), lines[3..].join("\n")];
        assert!(Manifest::from_blocks(&[&first, &second]).is_ok());
        let head = lines[0];
        let [first, second] = [
            format!("{head}\n{second}"),
            first.replacen(&format!("{head}\n"), "", 1),
        ];
        let error = Manifest::from_blocks(&[first, second]).expect_err("blocks out of order");
        assert_eq!(error, Unusable::damaged(disorder()));
        let bad_level = text.replace(",2,1,null]", ",2,9,null]");
        assert!(load(&bad_level).is_err());
        for (name, value) in [("text/css", "text/css\\r\\nx: y"), ("immutable", "\\n")] {
            assert!(load(&text.replacen(name, value, 1)).is_err(), "{value}");
        }
        let bad_digest = text.replace("_nvq-I", "_nvq-");
        assert!(load(&bad_digest).is_err());
    }
}
