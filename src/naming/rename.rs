//! Names every file after those that it refers to. Files of a keyed folder, and files that refer to
//! each other in a circle, are named together.

mod edited;
mod integrity;
mod nodes;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use self::edited::Edited;
use self::nodes::Nodes;
use super::Object;
use super::link::{Links, Set};
use super::memo::Memo;
use super::read::Draft;
use crate::base::name::{
    BadStyle, Component, EncodingPolicy, Member, NameStyle, Secret, Token, folder_token,
    member_key, object_key, token,
};
use crate::base::path::ObjectKey;
use crate::base::problem::Problem;
use crate::base::progress::Progress;
use crate::refs::Base;
use crate::refs::edit::Edits;
use crate::refs::order::generations;
use crate::rules::UrlStyle;
use crate::tree::Tree;

/// Names all files, and determines the replacements in each. A problem with one file stops neither
/// this file nor others: all problems are reported, and objects with problems are only good for
/// further checks.
pub(super) fn name(
    memo: &Memo<'_>,
    tree: &Tree,
    secret: &Secret,
    drafts: &[Draft],
    files: &[Links],
    progress: &Progress,
) -> (Vec<Object>, Vec<Problem>) {
    let (mut naming, mut problems) = Naming::begin(memo, tree, secret, drafts, files);
    let mut objects: Vec<Option<Object>> = tree.assets.iter().map(|_| None).collect();
    for generation in generations(tree.assets.len(), naming.needs()) {
        let named: Vec<Named> = generation
            .par_iter()
            .filter(|component| naming.nodes.are_any(component) && !progress.is_stopped())
            .map(|component| naming.component(component))
            .collect();
        for named in named {
            problems.extend(named.problems);
            for (file, object) in named.objects {
                naming.keys[file] = object.key.clone();
                naming.edits[file] = object.edits.clone();
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
    /// The keys of all files. Those that commit to content have a dummy token until they are named:
    /// their folder is right.
    keys: Vec<ObjectKey>,
    /// The replacements in all files, as far as they have names.
    edits: Vec<Option<Arc<Edits>>>,
    nodes: Nodes,
    known: integrity::Known,
}

/// The keys of all files and what is replaced in them, and those of files that are being named
/// together.
#[derive(Debug, Clone, Copy)]
struct Keys<'a> {
    all: &'a [ObjectKey],
    own: Option<&'a BTreeMap<usize, ObjectKey>>,
    edits: &'a [Option<Arc<Edits>>],
    own_edits: &'a BTreeMap<usize, Option<Arc<Edits>>>,
    /// The files that are being named together.
    files: &'a [usize],
}

impl<'a> Keys<'a> {
    /// Returns what is replaced in a file; none as long as that isn't known.
    fn edits_of(&self, file: usize) -> Option<Option<&'a Edits>> {
        let edits = match self.files.binary_search(&file) {
            Ok(_) => self.own_edits.get(&file)?,
            Err(_) => &self.edits[file],
        };
        Some(edits.as_deref())
    }

    fn of_file(&self, file: usize) -> &'a ObjectKey {
        let own = self.own.and_then(|own| own.get(&file));
        own.unwrap_or(&self.all[file])
    }
}

/// Form in which a reference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written<'a> {
    /// As published.
    ByKey,
    /// Within a component, whose digest its names depend on: with dummy tokens and logical paths.
    ByPath(&'a [usize]),
}

impl<'a> Naming<'a> {
    /// Returns the beginning of it, in which no file is named, and what is wrong with names of some
    /// style.
    fn begin(
        memo: &'a Memo<'a>,
        tree: &'a Tree,
        secret: &'a Secret,
        drafts: &'a [Draft],
        files: &'a [Links],
    ) -> (Naming<'a>, Vec<Problem>) {
        let (keys, problems): (Vec<_>, Vec<_>) = (0..tree.assets.len())
            .into_par_iter()
            .map(|file| key(tree, file, secret, Token::ZERO))
            .unzip();
        let naming = Naming {
            memo,
            tree,
            secret,
            drafts,
            files,
            keys,
            edits: tree.assets.iter().map(|_| None).collect(),
            nodes: Nodes::of(tree),
            known: integrity::Known::default(),
        };
        (naming, problems.into_iter().flatten().collect())
    }
}

impl Naming<'_> {
    /// Returns which node's name depends on which other's: names that stay don't count.
    fn needs(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = self
            .files
            .iter()
            .enumerate()
            .flat_map(|(from, file)| file.all().map(move |(to, ..)| (from, to as usize)));
        let keyed = all.filter(|(_, to)| self.tree.assets[*to].policy.names.is_keyed());
        // A digest is of what is in a file, whatever it's called.
        let files = 0..self.files.len();
        let digested =
            files.flat_map(|from| self.digested(from).into_iter().map(move |to| (from, to)));
        let mut needs: Vec<_> = keyed
            .chain(digested)
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

    /// Says whether a file has its own name in it, or that of the unit it's in: all but relative
    /// URLs from one place of a unit to another.
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

    /// Says whether a reference is from one place of a unit to another, whatever the unit is
    /// called.
    fn is_within(&self, file: usize, to: usize, base: Base) -> bool {
        let pages = &self.files[file].pages;
        self.tree.are_together(file, to)
            && self.tree.assets[file].policy.urls == UrlStyle::Relative
            && (base == Base::Document
                || pages
                    .iter()
                    .all(|page| self.tree.are_together(*page as usize, to)))
    }

    /// Returns what the URLs of placeholders are relative to. A module knows where it is, so that
    /// it doesn't matter which page runs it.
    fn base_of_sets(&self, file: usize) -> Base {
        let is_module = self.drafts[file].found.is_module
            && self.tree.assets[file].policy.urls == UrlStyle::Relative;
        if is_module {
            Base::Document
        } else {
            Base::Page
        }
    }

    /// The keys of all files, of which `files` are being named.
    fn keys<'k>(
        &'k self,
        files: &'k [usize],
        own_edits: &'k BTreeMap<usize, Option<Arc<Edits>>>,
    ) -> Keys<'k> {
        Keys {
            all: &self.keys,
            own: None,
            edits: &self.edits,
            own_edits,
            files,
        }
    }

    fn single(&self, file: usize, named: &mut Named) {
        let (files, none) = ([file], BTreeMap::new());
        let keys = self.keys(&files, &none);
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
        let edited = self.all_edited(files, None, named);
        let digests = edited.iter().map(|edited| edited.digest);
        let token = self.unit_token(files, digests);
        for (file, edited) in files.iter().zip(edited) {
            self.object(*file, token, edited, named);
        }
    }

    /// Writes the references of files that are named together, and that have these keys.
    fn all_edited(
        &self,
        files: &[usize],
        own: Option<&BTreeMap<usize, ObjectKey>>,
        named: &mut Named,
    ) -> Vec<Edited> {
        let mut all = BTreeMap::new();
        let mut edits = BTreeMap::new();
        for rank in self.ranks(files) {
            let keys = Keys {
                own,
                ..self.keys(files, &edits)
            };
            let edited = |file: &usize| {
                let mut problems = Vec::new();
                let edited = self.edited(*file, Written::ByKey, keys, &mut problems);
                (*file, edited, problems)
            };
            for (file, edited, problems) in rank.par_iter().map(edited).collect::<Vec<_>>() {
                named.problems.extend(problems);
                edits.insert(file, edited.edits.clone());
                all.insert(file, edited);
            }
        }
        all.into_values().collect()
    }

    /// Returns the token of the unit that has these files, of which each is named after one of
    /// `contents`.
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
        let shared = self.digest_of_circle(files, named);
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
        let edited = self.all_edited(files, Some(&own), named);
        for (file, edited) in files.iter().zip(edited) {
            self.object(*file, tokens[&self.nodes.of_file[*file]], edited, named);
        }
    }

    fn digest_of_circle(&self, files: &[usize], named: &mut Named) -> blake3::Hash {
        let mut hasher = Component::new();
        let none = BTreeMap::new();
        for file in files {
            let (written, keys) = (Written::ByPath(files), self.keys(files, &none));
            let edited = self.edited(*file, written, keys, &mut named.problems);
            let asset = &self.tree.assets[*file];
            hasher.add(&asset.path, &edited.digest, &asset.policy.headers);
        }
        hasher.digest()
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
            edits: edited.edits,
        };
        named.objects.push((file, object));
    }
}
