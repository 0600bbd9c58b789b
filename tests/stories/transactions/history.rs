//! What happened to a bucket, object by object, and whether it may happen: checked at every change.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use assetsync::testing::name::Token;
use assetsync::testing::release::manifest::{Entry, Manifest};
use assetsync::testing::release::root::{self, Plain, Root};
use flate2::read::GzDecoder;

/// Where all of these stories publish to.
pub const BUCKET: &str = "hunt";
pub const PREFIX: &str = "site/";

/// An object, whatever storage it's in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thing {
    pub bytes: Vec<u8>,
    pub content_type: String,
    pub cache_control: Option<String>,
    pub encoding: Option<String>,
    pub metadata: BTreeMap<String, String>,
}

/// A bucket at one instant.
pub type Snapshot = BTreeMap<String, Thing>;

/// An object that is looked at.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub bytes: &'a [u8],
    pub encoding: Option<&'a str>,
    pub token: Option<&'a str>,
}

pub type Find<'a> = &'a dyn Fn(&str) -> Option<Seen<'a>>;

impl Thing {
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            bytes: &self.bytes,
            encoding: self.encoding.as_deref(),
            token: self.metadata.get("assetsync").map(String::as_str),
        }
    }
}

impl Seen<'_> {
    /// blake3 of what a browser gets; none if the gzip is damaged.
    pub fn digest(&self) -> Option<blake3::Hash> {
        if self.encoding != Some("gzip") {
            return Some(blake3::hash(self.bytes));
        }
        gunzipped(self.bytes).map(|content| blake3::hash(&content))
    }
}

pub fn gunzipped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut content).ok()?;
    Some(content)
}

/// The name of the root, if there is one.
pub fn root_name<'n>(names: impl IntoIterator<Item = &'n String>) -> Option<&'n str> {
    let mut names = names.into_iter().map(String::as_str);
    names.find(|name| name.ends_with("/root.json"))
}

/// All that became of a bucket, and what of it is wrong.
#[derive(Default)]
pub struct History {
    /// Every root there was, from the first.
    pub roots: Vec<Root>,
    pub wrong: Vec<String>,
    /// What is there, by name.
    there: HashMap<String, blake3::Hash>,
    /// What ever was under a name that never changes.
    ever: HashMap<String, blake3::Hash>,
    folder: String,
    manifests: HashMap<String, Manifest>,
}

impl History {
    /// Of a bucket that has these objects already.
    pub fn from(snapshot: &Snapshot) -> History {
        let mut history = History::default();
        for (name, thing) in snapshot {
            let hash = blake3::hash(&thing.bytes);
            history.there.insert(name.clone(), hash);
            if never_changes(name) {
                history.ever.insert(name.clone(), hash);
            }
        }
        if let Some(name) = root_name(snapshot.keys()) {
            history.note_root(name, &snapshot[name].bytes);
        }
        history
    }

    /// One object was put or removed.
    pub fn note(&mut self, name: &str, find: Find<'_>) {
        let seen = find(name);
        let now = seen.map(|seen| blake3::hash(seen.bytes));
        let before = match now {
            Some(hash) => self.there.insert(name.to_string(), hash),
            None => self.there.remove(name),
        };
        if name.ends_with("/root.json") {
            match seen {
                Some(seen) => self.note_root(name, seen.bytes),
                None => self.wrong.push("the root was deleted".to_string()),
            }
            let damaged = self.damaged(find);
            self.wrong.extend(damaged);
        } else {
            let is_asked_for = now.is_none() && self.is_taken_down(name, find);
            self.note_object(name, before, now, is_asked_for);
        }
        let torn = self.torn(find);
        self.wrong.extend(torn);
    }

    fn note_root(&mut self, name: &str, bytes: &[u8]) {
        self.folder = name.trim_end_matches("root.json").to_string();
        match root::parse(bytes) {
            Ok(root) => {
                if let Some(last) = self.roots.last()
                    && (root.seq != last.seq + 1 || !root.has(&last.nonce))
                {
                    let (one, other) = (last.seq, root.seq);
                    self.wrong
                        .push(format!("root {other} doesn't come after {one}"));
                }
                self.roots.push(root);
            }
            Err(why) => self.wrong.push(format!("the root: {why}")),
        }
    }

    /// Whether the takedown that the root announces names it; or it's what a takedown tries
    /// deletions on.
    fn is_taken_down(&self, name: &str, find: Find<'_>) -> bool {
        if name.contains("/sweeps/probe-") {
            return true;
        }
        let takedown = self.roots.last().and_then(Root::taking_down);
        let Some(plan) = takedown.and_then(|down| find(&format!("{}{}", self.folder, down.sweep)))
        else {
            return false;
        };
        let plan = gunzipped(plan.bytes).expect("a plan that was announced");
        let plan: serde_json::Value = serde_json::from_slice(&plan).expect("JSON");
        let objects = plan["objects"].as_array().expect("a list");
        objects
            .iter()
            .any(|object| object["key"].as_str() == name.strip_prefix(PREFIX))
    }

    fn note_object(
        &mut self,
        name: &str,
        before: Option<blake3::Hash>,
        now: Option<blake3::Hash>,
        is_asked_for: bool,
    ) {
        let is_live = self.roots.last().is_some_and(|root| root.live.is_some());
        if is_live && before.is_some() && !is_asked_for {
            let how = now.map_or("deleted", |_| "written over");
            self.wrong.push(format!("{name} was {how} while live"));
        }
        if let (true, Some(now)) = (never_changes(name), now)
            && let Some(before) = self.ever.insert(name.to_string(), now)
            && before != now
        {
            self.wrong.push(format!("{name} became something else"));
        }
    }

    /// What of the current release isn't there.
    pub fn torn(&mut self, find: Find<'_>) -> Vec<String> {
        let Some(root) = self.roots.last() else {
            return Vec::new();
        };
        let Some(release) = &root.current else {
            return Vec::new();
        };
        let is_pending = root.plain == Plain::Pending;
        let release_name = format!("{}releases/{}.json", self.folder, release.id);
        let manifest_name = format!("{}manifests/{}.json.gz", self.folder, release.manifest);
        let mut torn = Vec::new();
        if find(&release_name).is_none() {
            torn.push(format!("{release_name} isn't there"));
        }
        let Some(manifest) = find(&manifest_name) else {
            torn.push(format!("{manifest_name} isn't there"));
            return torn;
        };
        let digest = release.manifest.clone();
        let manifest = match self.manifests.entry(digest) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let text = gunzipped(manifest.bytes).unwrap_or_default();
                match Manifest::from_text(&text) {
                    Ok(manifest) => free.insert(manifest),
                    Err(why) => {
                        torn.push(format!("{manifest_name}: {why}"));
                        return torn;
                    }
                }
            }
        };
        for entry in manifest.published() {
            torn.extend(missing(entry, is_pending, find));
        }
        torn
    }

    /// What of the current release has other bytes than it should; of plain names only where they
    /// are settled.
    pub fn damaged(&mut self, find: Find<'_>) -> Vec<String> {
        let Some(root) = self.roots.last() else {
            return Vec::new();
        };
        let is_pending = root.plain == Plain::Pending;
        let digest = root.current.as_ref().map(|release| &release.manifest);
        let Some(manifest) = digest.and_then(|digest| self.manifests.get(digest)) else {
            return Vec::new();
        };
        let meant = manifest
            .published()
            .filter(|entry| !(entry.is_mutable() && is_pending));
        meant
            .filter(|entry| {
                let seen = find(&format!("{PREFIX}{}", entry.key));
                seen.and_then(|seen| seen.digest()) != Some(entry.digest)
            })
            .map(|entry| format!("`{}` has other bytes", entry.path))
            .collect()
    }

    pub fn current(&self) -> Option<&Root> {
        self.roots.last()
    }
}

fn missing(entry: &Entry, is_pending: bool, find: Find<'_>) -> Option<String> {
    let (path, key) = (&entry.path, format!("{PREFIX}{}", entry.key));
    if entry.is_mutable() && is_pending {
        return None;
    }
    let Some(seen) = find(&key) else {
        return Some(format!("`{path}` isn't there"));
    };
    if seen.token != Some(entry.token.to_string().as_str()) {
        return Some(format!("`{path}` is another one"));
    }
    let wanted = entry.stored.as_ref().map(|stored| stored.size_bytes);
    (wanted != Some(seen.bytes.len() as u64)).then(|| format!("`{path}` isn't whole"))
}

/// Names that say what is in them, and all documents but the root.
fn never_changes(name: &str) -> bool {
    let has_token = |part: &str| Token::parse(part).is_some();
    let is_document = name.contains("/.assetsync/") && !name.ends_with("/root.json");
    let last = name.rsplit('/').next().unwrap_or(name);
    is_document || last.split('.').any(has_token)
}
