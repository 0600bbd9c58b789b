//! Names: every file after what it refers to; files of a keyed folder, and files that refer to each other in a circle, together.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::cover;
use super::link::{Link, Links, Set, SetOf};
use super::memo::{Content, Edition, Memo};
use super::read::Draft;
use super::{Object, changed};
use crate::config::CONFIG_FILE;
use crate::files;
use crate::name::{
    BadStyle, Component, EncodingPolicy, Member, NameStyle, Secret, Token, folder_token,
    member_key, object_key, split_member, token,
};
use crate::path::ObjectKey;
use crate::problem::{Addition, Problem, ProblemKind};
use crate::progress::Progress;
use crate::refs::edit::Edits;
use crate::refs::order::generations;
use crate::refs::resolve::{BaseUrl, relative};
use crate::refs::{Base, Kind};
use crate::rules::UrlStyle;
use crate::site::ERROR_PAGE;
use crate::tree::{Asset, Tree};

/// Names all files, and works out what is to be replaced in each. What is wrong with one stops neither it nor others:
/// all is told of, and objects with problems are only good for looking further.
pub(super) fn name(
    memo: &Memo<'_>,
    tree: &Tree,
    secret: &Secret,
    drafts: &[Draft],
    files: &[Links],
    progress: &Progress,
) -> (Vec<Object>, Vec<Problem>) {
    let assets = &tree.assets;
    let (keys, problems): (Vec<_>, Vec<_>) = (0..assets.len())
        .into_par_iter()
        .map(|file| key(tree, file, secret, Token::ZERO))
        .unzip();
    let mut problems: Vec<Problem> = problems.into_iter().flatten().collect();
    let mut naming = Naming {
        memo,
        tree,
        secret,
        drafts,
        files,
        keys,
        nodes: Nodes::of(tree),
    };
    let mut objects: Vec<Option<Object>> = assets.iter().map(|_| None).collect();
    for generation in generations(assets.len(), naming.needs()) {
        let named: Vec<Named> = generation
            .par_iter()
            .filter(|component| naming.nodes.are_any(component) && !progress.is_stopped())
            .map(|component| naming.component(component))
            .collect();
        for named in named {
            problems.extend(named.problems);
            for (file, object) in named.objects {
                naming.keys[file] = object.key.clone();
                objects[file] = Some(object);
            }
        }
    }
    (objects.into_iter().flatten().collect(), problems)
}

/// Returns the key of a file; where its style has none for it, another one and why.
fn key(tree: &Tree, file: usize, secret: &Secret, token: Token) -> (ObjectKey, Option<Problem>) {
    let asset = &tree.assets[file];
    let key = |style: NameStyle, extension: Option<&str>| {
        object_key(style, secret, &asset.path, extension, token)
    };
    let by_rule = match tree.unit_of(file) {
        Some(unit) => member_key(token, unit.place(asset.path.as_str())).map_err(BadStyle::Key),
        None => {
            let key = key(asset.policy.names, asset.policy.key_extension.as_deref());
            key.and_then(|key| in_folder(&asset.policy.under, key))
        }
    };
    match by_rule {
        Ok(key) => (key, None),
        Err(why) => (
            key(NameStyle::Opaque, None).expect("a token is a key"),
            Some(Problem::new(&asset.path, why.to_string())),
        ),
    }
}

fn in_folder(under: &str, key: ObjectKey) -> Result<ObjectKey, BadStyle> {
    match under {
        "" => Ok(key),
        under => Ok(ObjectKey::parse(&format!("{under}{key}"))?),
    }
}

/// What is named at once: a file, or all files of a unit, which its first one stands for.
struct Nodes {
    of_file: Vec<usize>,
    /// The files of each unit, by the first.
    units: BTreeMap<usize, Vec<usize>>,
}

impl Nodes {
    fn of(tree: &Tree) -> Nodes {
        let mut of_unit: Vec<Vec<usize>> = vec![Vec::new(); tree.units.len()];
        let mut of_file: Vec<usize> = (0..tree.assets.len()).collect();
        for (file, asset) in tree.assets.iter().enumerate() {
            if let Some(unit) = asset.unit {
                let files = &mut of_unit[unit as usize];
                files.push(file);
                of_file[file] = files[0];
            }
        }
        let units = of_unit.into_iter().filter_map(|files| {
            let first = *files.first()?;
            Some((first, files))
        });
        Nodes {
            of_file,
            units: units.collect(),
        }
    }

    /// Says whether there's anything to name: what another file stands for is named with that one.
    fn are_any(&self, component: &[usize]) -> bool {
        component.iter().any(|file| self.of_file[*file] == *file)
    }

    /// Returns all files of these nodes, sorted.
    fn files(&self, nodes: &[usize]) -> Vec<usize> {
        let of_node = |node: &usize| match self.units.get(node) {
            Some(files) => files.clone(),
            None => vec![*node],
        };
        let mut files: Vec<usize> = nodes.iter().flat_map(of_node).collect();
        files.sort_unstable();
        files
    }
}

/// Some files with their names.
#[derive(Default)]
struct Named {
    objects: Vec<(usize, Object)>,
    problems: Vec<Problem>,
}

struct Naming<'a> {
    memo: &'a Memo<'a>,
    tree: &'a Tree,
    secret: &'a Secret,
    drafts: &'a [Draft],
    files: &'a [Links],
    /// The keys of all files. Those that commit to content have a dummy token until they are named: their folder
    /// is right.
    keys: Vec<ObjectKey>,
    nodes: Nodes,
}

/// The keys of all files, and those of a circle that is being named.
#[derive(Debug, Clone, Copy)]
struct Keys<'a> {
    all: &'a [ObjectKey],
    own: Option<&'a BTreeMap<usize, ObjectKey>>,
}

impl<'a> Keys<'a> {
    fn of(all: &'a [ObjectKey]) -> Keys<'a> {
        Keys { all, own: None }
    }

    fn of_file(&self, file: usize) -> &'a ObjectKey {
        let own = self.own.and_then(|own| own.get(&file));
        own.unwrap_or(&self.all[file])
    }
}

/// What stands for the name of a unit that has none yet, as seen from another such unit.
const ELSEWHERE: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbb";

/// How a reference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written<'a> {
    /// As published.
    ByKey,
    /// Within a component, whose digest its names depend on: with dummy tokens and logical paths.
    ByPath(&'a [usize]),
}

impl Naming<'_> {
    /// Returns which node's name depends on which other's: names that stay don't count.
    fn needs(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = self
            .files
            .iter()
            .enumerate()
            .flat_map(|(from, file)| file.all().map(move |(to, ..)| (from, to as usize)));
        let mut needs: Vec<_> = all
            .filter(|(_, to)| self.tree.assets[*to].policy.names.is_keyed())
            .map(|(from, to)| (self.nodes.of_file[from], self.nodes.of_file[to]))
            .collect();
        needs.sort_unstable();
        needs.dedup();
        needs.into_iter()
    }

    fn component(&self, component: &[usize]) -> Named {
        let mut named = Named::default();
        let files = self.nodes.files(component);
        let is_alone = component.len() == 1 && !files.iter().any(|file| self.names_itself(*file));
        match (is_alone, self.tree.assets[component[0]].unit) {
            (false, _) => self.circle(&files, &mut named),
            (true, None) => self.single(component[0], &mut named),
            (true, Some(_)) => self.unit(&files, &mut named),
        }
        named
    }

    /// Says whether a file has its own name in it, or that of the unit it's in: all but relative URLs from one place of a unit to
    /// another.
    fn names_itself(&self, file: usize) -> bool {
        let is_own = |to: u32| self.nodes.of_file[to as usize] == self.nodes.of_file[file];
        let Links { links, sets, .. } = &self.files[file];
        let links = links.iter().filter(|link| is_own(link.to));
        let mut links = links.map(|link| (link.to, link.base));
        let is_of_unit = self.tree.assets[file].unit.is_some();
        let has_folder = is_of_unit && self.files[file].has_own_folder();
        let sets = sets.iter().flat_map(Set::files);
        let mut sets = sets
            .copied()
            .filter(|to| is_own(*to))
            .chain(has_folder.then_some(file as u32))
            .map(|to| (to, self.base_of_sets(file)));
        let names_own = |(to, base): (u32, Base)| {
            let to = to as usize;
            self.tree.assets[to].policy.names.is_keyed() && !self.is_within(file, to, base)
        };
        links.any(names_own) || sets.any(names_own)
    }

    /// Says whether a reference is from one place of a unit to another, whatever the unit is called.
    fn is_within(&self, file: usize, to: usize, base: Base) -> bool {
        let pages = &self.files[file].pages;
        self.tree.are_together(file, to)
            && self.tree.assets[file].policy.urls == UrlStyle::Relative
            && (base == Base::Document
                || pages
                    .iter()
                    .all(|page| self.tree.are_together(*page as usize, to)))
    }

    /// Returns what the URLs of placeholders are relative to. A module knows where it is, so that it doesn't matter which page runs
    /// it.
    fn base_of_sets(&self, file: usize) -> Base {
        let is_module = self.drafts[file].found.is_module
            && self.tree.assets[file].policy.urls == UrlStyle::Relative;
        match is_module {
            true => Base::Document,
            false => Base::Page,
        }
    }

    fn single(&self, file: usize, named: &mut Named) {
        let keys = Keys::of(&self.keys);
        let edited = self.edited(file, Written::ByKey, keys, &mut named.problems);
        let token = self.token(file, &edited.digest);
        self.object(file, token, edited, named);
    }

    fn token(&self, file: usize, named_after: &blake3::Hash) -> Token {
        let asset = &self.tree.assets[file];
        token(self.secret, &asset.path, named_after, &asset.policy.headers)
    }

    /// A unit is named after all of its files.
    fn unit(&self, files: &[usize], named: &mut Named) {
        let keys = Keys::of(&self.keys);
        let edited = |file: &usize| {
            let mut problems = Vec::new();
            let edited = self.edited(*file, Written::ByKey, keys, &mut problems);
            (edited, problems)
        };
        let (edited, problems): (Vec<Edited>, Vec<Vec<Problem>>) =
            files.par_iter().map(edited).unzip();
        named.problems.extend(problems.into_iter().flatten());
        let digests = edited.iter().map(|edited| edited.digest);
        let token = self.unit_token(files, digests);
        for (file, edited) in files.iter().zip(edited) {
            self.object(*file, token, edited, named);
        }
    }

    /// Returns the token of the unit that has these files, of which each is named after one of `contents`.
    fn unit_token(&self, files: &[usize], contents: impl Iterator<Item = blake3::Hash>) -> Token {
        let assets = &self.tree.assets;
        let unit = self.tree.unit_of(files[0]).expect("these are of a unit");
        let members = files.iter().zip(contents).map(|(file, content)| Member {
            path: unit.place(assets[*file].path.as_str()),
            content,
            headers: &assets[*file].policy.headers,
        });
        folder_token(self.secret, &unit.folder, members.collect())
    }

    /// All files of a circle are named after what all of them hold.
    fn circle(&self, files: &[usize], named: &mut Named) {
        let mut hasher = Component::new();
        for file in files {
            let (written, keys) = (Written::ByPath(files), Keys::of(&self.keys));
            let edited = self.edited(*file, written, keys, &mut named.problems);
            let asset = &self.tree.assets[*file];
            hasher.add(&asset.path, &edited.digest, &asset.policy.headers);
        }
        let shared = hasher.digest();
        let mut tokens: BTreeMap<usize, Token> = BTreeMap::new();
        let mut own = BTreeMap::new();
        for file in files {
            let node = self.nodes.of_file[*file];
            let token = *tokens
                .entry(node)
                .or_insert_with(|| match self.nodes.units.get(&node) {
                    Some(files) => self.unit_token(files, files.iter().map(|_| shared)),
                    None => self.token(*file, &shared),
                });
            own.insert(*file, key(self.tree, *file, self.secret, token).0);
        }
        let keys = Keys {
            all: &self.keys,
            own: Some(&own),
        };
        for file in files {
            let edited = self.edited(*file, Written::ByKey, keys, &mut named.problems);
            self.object(*file, tokens[&self.nodes.of_file[*file]], edited, named);
        }
    }

    fn object(&self, file: usize, token: Token, edited: Edited, named: &mut Named) {
        let asset = &self.tree.assets[file];
        let policy = &asset.policy;
        let may_shrink = edited.size_bytes > 0 && !self.drafts[file].is_compressed;
        let object = Object {
            path: asset.path.clone(),
            file: asset.file.clone(),
            size_bytes: edited.size_bytes,
            digest: edited.digest,
            token,
            key: key(self.tree, file, self.secret, token).0,
            try_gzip: policy.headers.encoding == EncodingPolicy::Gzip && may_shrink,
            policy: Arc::clone(policy),
            is_held: self.tree.levels.is_held(policy.level),
            edits: (!edited.edits.is_empty()).then(|| Arc::new(edited.edits)),
        };
        named.objects.push((file, object));
    }

    /// The file, which must not have changed since it was looked into.
    fn content(&self, file: usize) -> Result<Vec<u8>, Problem> {
        let asset = &self.tree.assets[file];
        let size_bytes = self.drafts[file].size_bytes;
        let content = files::read(&asset.file, size_bytes + 1).map_err(|e| {
            Problem::new(
                &asset.path,
                format!("can't be read: {}", crate::error::plain(&e)),
            )
        })?;
        match blake3::hash(&content) == self.drafts[file].digest {
            true => Ok(content),
            false => Err(changed(asset)),
        }
    }

    /// The file with its references written. One that can't be written stays, and is a problem.
    fn edited(
        &self,
        file: usize,
        written: Written<'_>,
        keys: Keys<'_>,
        problems: &mut Vec<Problem>,
    ) -> Edited {
        let draft = &self.drafts[file];
        let unedited = Edited {
            digest: draft.digest,
            size_bytes: draft.size_bytes,
            edits: Edits::default(),
        };
        let Links { links, sets, .. } = &self.files[file];
        // Its name says what its bytes are; it refers to nothing that gets another name.
        let (links, sets) = match self.tree.assets[file].policy.names {
            NameStyle::Fingerprinted => (&[][..], &[][..]),
            _ => (&links[..], &sets[..]),
        };
        if draft.cuts.is_empty() && links.is_empty() && sets.is_empty() {
            return unedited;
        }
        let mut replacements = draft.cuts.clone();
        let references = Written::at(self, file, written, keys);
        for link in links {
            let span = link.span.start as usize..link.span.end as usize;
            match references.link(link) {
                Ok(Some(url)) => {
                    replacements.push((span, format!("{url}{}", link.tail).into_bytes()))
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        for set in sets {
            let span = set.span.start as usize..set.span.end as usize;
            match references.set(set) {
                Ok(urls) => replacements.push((span, urls.into_bytes())),
                Err(problem) => problems.push(problem),
            }
        }
        let edits = Edits::new(replacements);
        if edits.is_empty() {
            return unedited;
        }
        let edition = match written {
            Written::ByKey => Edition::Published,
            Written::ByPath(_) => Edition::InCircle,
        };
        let asset = &self.tree.assets[file];
        let read = || {
            let content = edits.apply(&self.content(file)?);
            Ok(Content {
                digest: blake3::hash(&content),
                size_bytes: content.len() as u64,
            })
        };
        match self.memo.edited(asset, edition, draft, &edits, read) {
            Ok(Content { digest, size_bytes }) => Edited {
                digest,
                size_bytes,
                edits,
            },
            Err(problem) => {
                problems.push(problem);
                unedited
            }
        }
    }
}

/// What is replaced in a file, and what comes of it.
struct Edited {
    edits: Edits,
    digest: blake3::Hash,
    size_bytes: u64,
}

/// A file whose references are being written.
struct Writer<'a> {
    naming: &'a Naming<'a>,
    asset: &'a Asset,
    file: usize,
    written: Written<'a>,
    keys: Keys<'a>,
}

impl Written<'_> {
    fn at<'a>(
        naming: &'a Naming<'a>,
        file: usize,
        written: Written<'a>,
        keys: Keys<'a>,
    ) -> Writer<'a> {
        Writer {
            naming,
            asset: &naming.tree.assets[file],
            file,
            written,
            keys,
        }
    }
}

fn folder(key: &ObjectKey) -> &str {
    let key = key.as_str();
    &key[..key.rfind('/').map_or(0, |slash| slash + 1)]
}

impl Writer<'_> {
    /// The URL to write; none if what stands there is right already.
    fn link(&self, link: &Link) -> Result<Option<String>, Problem> {
        let to = link.to as usize;
        if self.stays(link) {
            return Ok(None);
        }
        let place = (link.line, link.column);
        let url = self.url(to, link.base, link.kind, place);
        let is_right_at_the_top = link.from_top && self.has_stayed(to);
        match url {
            Err(_) if is_right_at_the_top && self.asset.policy.urls == UrlStyle::Relative => {
                Ok(None)
            }
            url => Ok(Some(self.with_path(to, url?))),
        }
    }

    fn has_stayed(&self, to: usize) -> bool {
        self.keys.of_file(to).as_str() == self.naming.tree.assets[to].path.as_str()
    }

    /// Within a component, whose names aren't known yet, the path says which file is meant.
    fn with_path(&self, to: usize, url: String) -> String {
        match self.is_inside(to) {
            true => format!("{url}\0{}", self.naming.tree.assets[to].path),
            false => url,
        }
    }

    fn is_inside(&self, to: usize) -> bool {
        matches!(self.written, Written::ByPath(component) if component.binary_search(&to).is_ok())
    }

    /// Returns where the relative URLs of `file` start from, to one of `to`. Of two units that have no name yet, both have the same
    /// dummy for one, but aren't in one folder.
    fn base(&self, file: usize, to: usize) -> BaseUrl {
        let tree = &self.naming.tree;
        let href = self.naming.drafts[file].found.base.as_deref();
        let own = folder(self.keys.of_file(file));
        let rest = split_member(own).filter(|_| tree.assets[file].unit.is_some());
        let is_apart = self.written != Written::ByKey && !tree.are_together(file, to);
        match rest.filter(|(token, _)| is_apart && *token == Token::ZERO) {
            Some((_, rest)) => BaseUrl::new(&format!("{ELSEWHERE}/{rest}"), href, &tree.prefixes),
            None => BaseUrl::new(own, href, &tree.prefixes),
        }
    }

    /// Between files that keep their places, every relative URL is right as it is.
    fn stays(&self, link: &Link) -> bool {
        if link.is_odd {
            return false;
        }
        if self
            .naming
            .is_within(self.file, link.to as usize, link.base)
        {
            return !link.from_prefix;
        }
        // It's served wherever there's nothing, so nothing is relative to it. Of a script that no page here runs, nobody knows where
        // its page is.
        let is_anywhere = self.asset.path.file_name() == ERROR_PAGE
            || (link.base == Base::Page && self.pages().is_empty());
        let starts_there = |file: usize| {
            folder(self.keys.of_file(file)) == self.naming.tree.assets[file].path.folder()
        };
        let from_there = match link.base {
            Base::Document => starts_there(self.file),
            Base::Page => self.pages().iter().all(|page| starts_there(*page as usize)),
        };
        self.asset.policy.urls == UrlStyle::Relative
            && self.has_stayed(link.to as usize)
            && match link.from_top {
                true => is_anywhere,
                false => link.from_prefix || from_there,
            }
    }

    fn pages(&self) -> &[u32] {
        &self.naming.files[self.file].pages
    }

    fn url(&self, to: usize, base: Base, kind: Kind, place: (u32, u32)) -> Result<String, Problem> {
        self.url_of(self.keys.of_file(to), to, base, kind, place)
    }

    /// Returns the URL of this key, which is that of `to`, or in its folder.
    fn url_of(
        &self,
        key: &ObjectKey,
        to: usize,
        base: Base,
        kind: Kind,
        place: (u32, u32),
    ) -> Result<String, Problem> {
        let problem = |message: &str| {
            Problem::at(&self.asset.path, place, message).kind(ProblemKind::Rewriting)
        };
        if self.asset.policy.urls == UrlStyle::Absolute {
            let Some(public_url) = &self.naming.tree.public_url else {
                return Err(problem(
                    "`urls = \"absolute\"` needs the target's `public_url`",
                ));
            };
            return Ok(format!("{public_url}{}", key.url_path()));
        }
        let from_base = |file: usize| {
            relative(&self.base(file, to), key, kind)
                .map_err(|_| problem("the page's `<base>` leads away from where the page will be: give it a plain name, or take the `<base>` out"))
        };
        let pages = self.pages();
        if base == Base::Document || pages.is_empty() {
            return from_base(self.file);
        }
        let mut urls = pages
            .iter()
            .map(|page| from_base(*page as usize))
            .collect::<Result<Vec<_>, _>>()?;
        urls.dedup();
        match urls.len() {
            1 => Ok(urls.remove(0)),
            _ => Err(problem(
                "this is relative to the page, and pages in several folders run this script; make it a module, and write `new URL(\"…\", import.meta.url)`, or give it `urls = \"absolute\"`",
            )),
        }
    }

    /// An object from path to URL, or the URL of the folder, as a literal of JavaScript and JSON.
    fn set(&self, set: &Set) -> Result<String, Problem> {
        let place = (set.line, set.column);
        let SetOf::Files(files) = &set.of else {
            return Ok(self.url_literal(&self.folder_url(place)?));
        };
        let base = self.naming.base_of_sets(self.file);
        let folder = self.asset.path.folder();
        let entry = |to: &u32| {
            let to = *to as usize;
            let path = self.naming.tree.assets[to].path.as_str();
            let url = self.url(to, base, Kind::Load, place)?;
            let url = self.url_literal(&self.with_path(to, url));
            Ok(format!("{}: {url}", literal(&path[folder.len()..])))
        };
        let entries: Vec<String> = files.iter().map(entry).collect::<Result<_, Problem>>()?;
        Ok(format!("{{{}}}", entries.join(", ")))
    }

    /// Returns a URL as an expression: a module works out where it is.
    fn url_literal(&self, url: &str) -> String {
        match self.naming.base_of_sets(self.file) {
            Base::Document => format!("new URL({}, import.meta.url).href", literal(url)),
            Base::Page => literal(url),
        }
    }

    /// Returns the URL of the keyed folder that the file is in, with a slash at its end.
    fn folder_url(&self, place: (u32, u32)) -> Result<String, Problem> {
        let base = self.naming.base_of_sets(self.file);
        if base == Base::Page && self.is_run_elsewhere() {
            let message = "no page of the tree runs this script, so nobody knows what the address of its folder is relative to: a module knows where it is (`import.meta`), and with `urls = \"absolute\"` the target's `public_url` is written before it";
            let path = globset::escape(self.asset.path.as_str());
            let absolute = Addition {
                file: CONFIG_FILE.to_string(),
                lines: cover::rule(&path, "urls = \"absolute\""),
            };
            let problem = Problem::at(&self.asset.path, place, message);
            return Err(problem.kind(ProblemKind::Mention).added(absolute));
        }
        let key = self.keys.of_file(self.file).as_str();
        let under = match self.asset.unit {
            Some(_) => 0,
            None => self.asset.policy.under.len(),
        };
        let top = key[under..].find('/').map_or(0, |slash| under + slash + 1);
        // Nothing of that name is published.
        let inside = ObjectKey::parse(&format!("{}x", &key[..top])).expect("a folder of a key");
        let url = self.url_of(&inside, self.file, base, Kind::Load, place)?;
        let folder = &url[..url.len() - 1];
        let url = if folder.is_empty() { "./" } else { folder };
        Ok(self.with_path(self.file, url.to_string()))
    }

    /// Says whether it's a script that only pages run which aren't in the tree.
    fn is_run_elsewhere(&self) -> bool {
        let to = self.file as u32;
        let is_worker = |links: &Links| links.links.iter().any(|link| link.to == to);
        let content_type = &self.asset.policy.headers.content_type;
        self.asset.policy.urls == UrlStyle::Relative
            && self.pages().is_empty()
            && crate::media::essence(content_type) == "text/javascript"
            && !self.naming.files.iter().any(is_worker)
    }
}

/// A string of JavaScript and JSON that is safe in a `<script>` of a page or an SVG image too.
fn literal(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a string is JSON");
    quoted
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
