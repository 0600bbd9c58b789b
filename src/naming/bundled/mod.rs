//! Finds the output of bundlers whose files would get keyed names. Its scripts name each other by
//! strings, and by hashes that they put into strings, so references in them can't be rewritten.
//! Returns rules that let these files keep their names.

pub(super) mod hash;
mod look;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::hash::Hash;
use self::look::{Failed, Form, Look, Spot};
use super::cover::{self, Cover, Group};
use super::link::Links;
use super::read::Draft;
use crate::base::name::NameStyle;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::progress::Progress;
use crate::base::text::{escape, plain};
use crate::levels::LevelId;
use crate::refs::{Extra, Language};
use crate::rules::Defaults;
use crate::tree::{Asset, Tree};

/// Folders that bundlers make, whose files find each other by their names.
const FOLDERS: [&str; 4] = ["_app/immutable/", "_astro/", "_next/", "_nuxt/"];

/// Folders with files that a rule takes for those of a bundler.
pub(super) struct Chunks<'a> {
    folders: BTreeSet<&'a str>,
}

impl<'a> Chunks<'a> {
    pub(super) fn of(tree: &'a Tree) -> Chunks<'a> {
        let is_chunk = |asset: &&Asset| asset.policy.names == NameStyle::Fingerprinted;
        let chunks = tree.assets.iter().filter(is_chunk);
        Chunks {
            folders: chunks.map(|asset| asset.path.folder()).collect(),
        }
    }

    /// Returns true if a bundler put a hash into a path: surely, or perhaps, and in one of these
    /// folders.
    pub(super) fn are_named_like(&self, path: &str) -> bool {
        let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
        hash::of(path).is_some_and(|hash| hash.is_certain || self.folders.contains(folder))
    }
}

/// Returns why a tree that a bundler made can't be published as it is, with the rules that let it.
/// `files` has the references of each asset. None if it's something else, or has such rules.
pub(super) fn check(
    tree: &Tree,
    drafts: &[Draft],
    files: &[Links],
    progress: &Progress,
) -> Option<Problem> {
    let bundle = Bundle::new(tree, drafts, files);
    bundle.check(progress).unwrap_or_else(|(file, error)| {
        let message = format!("can't be read: {}", plain(&error));
        Some(Problem::new(&tree.assets[file].path, message))
    })
}

/// A tree, and what a bundler may have named in it.
struct Bundle<'a> {
    tree: &'a Tree,
    drafts: &'a [Draft],
    files: &'a [Links],
    /// The hash in the path of each asset that would get a keyed name, and may keep its own.
    hashes: Vec<Option<Hash<'a>>>,
}

/// Files that are named without a hash, and therefore have to keep their names.
#[derive(Debug, Default)]
struct Unhashed<'w> {
    /// Files, and where their paths stand.
    named: BTreeMap<usize, Spot>,
    /// Files that a file of the bundler refers to: it isn't rewritten.
    referred: BTreeSet<usize>,
    /// Names of data beside pages, and the first place of each.
    beside: BTreeMap<&'w str, Spot>,
}

/// Names of data beside pages, as `__data.json`, and endings that replace a page's, as `.txt`: with
/// the files that are called so.
type Data = BTreeMap<String, BTreeSet<usize>>;

impl<'a> Bundle<'a> {
    fn new(tree: &'a Tree, drafts: &'a [Draft], files: &'a [Links]) -> Bundle<'a> {
        let hash = |asset: &'a Asset| {
            if is_unasked(tree, asset) && !is_page(asset) {
                hash::of(asset.path.as_str())
            } else {
                None
            }
        };
        Bundle {
            tree,
            drafts,
            files,
            hashes: tree.assets.iter().map(hash).collect(),
        }
    }

    fn check(&self, progress: &Progress) -> Result<Option<Problem>, Failed> {
        let look = Look {
            tree: self.tree,
            drafts: self.drafts,
            files: self.files,
            progress,
        };
        let groups = self.groups();
        let by_hash = self.by_hash(&groups);
        let runs = |file: usize| is_page(self.asset(file)) || is_script(self.asset(file));
        let mut seen = look.words(by_hash.keys().copied(), Form::Hash, runs)?;
        let named = seen.keys().flat_map(|hash| &by_hash[hash]);
        let covers = self.covers(groups, &named.copied().collect());
        let chunks: BTreeSet<usize> = covers
            .iter()
            .flat_map(|cover| cover.files.clone())
            .collect();
        let is_chunk = |file: usize| {
            chunks.contains(&file) || self.asset(file).policy.names == NameStyle::Fingerprinted
        };
        if !(0..self.tree.assets.len()).any(is_chunk) {
            return Ok(None);
        }
        let data = self.data_beside_pages();
        let unhashed = self.unhashed(&look, &data, is_chunk, &chunks)?;
        if covers.is_empty() && unhashed.is_empty() {
            return Ok(None);
        }
        seen.retain(|hash, _| by_hash[hash].iter().any(|file| chunks.contains(file)));
        let first_by_hash = seen
            .iter()
            .map(|(hash, (spot, _))| (*spot, first(&by_hash[hash])));
        let problem = match first_by_hash.min().or(unhashed.first(&data)) {
            Some((spot, to)) => Problem {
                place: look.place(spot),
                ..self.named(spot.file, to, seen.values().map(|(_, n)| n).sum())
            },
            None => self.known_by_folder(&covers),
        };
        let lines = self.rules(&covers, &unhashed, &data).join("\n");
        let problem = problem.kind(ProblemKind::Bundled);
        Ok(Some(problem.added(cover::addition(lines))))
    }

    fn asset(&self, file: usize) -> &'a Asset {
        &self.tree.assets[file]
    }

    /// Returns groups of files whose names a bundler may have made.
    fn groups(&self) -> Vec<Group<'a>> {
        // People name files in strings as well: by words.
        let may_be_bundlers = |group: &Group<'_>| {
            let hashes = group.files.iter().filter_map(|file| self.hashes[*file]);
            let certain = hashes.clone().filter(|hash| hash.is_certain).count();
            let lengths: BTreeSet<usize> = hashes.map(|hash| hash.text.len()).collect();
            2 * certain >= group.files.len() || (certain > 0 && lengths.len() == 1)
        };
        let groups = cover::groups(&self.tree.assets, &self.hashes).into_iter();
        groups.filter(may_be_bundlers).collect()
    }

    fn by_hash(&self, groups: &[Group<'_>]) -> BTreeMap<&'a str, BTreeSet<usize>> {
        let mut by_hash: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for file in groups.iter().flat_map(|group| &group.files) {
            if let Some(hash) = &self.hashes[*file] {
                by_hash.entry(hash.text).or_default().insert(*file);
            }
        }
        by_hash
    }

    /// Returns patterns for groups that have one of `named`, or are where bundlers put their files.
    fn covers(&self, groups: Vec<Group<'_>>, named: &BTreeSet<usize>) -> Vec<Cover> {
        let in_its_folder = |file: &usize| {
            let path = self.asset(*file).path.as_str();
            let is_there =
                |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
            FOLDERS.iter().any(|folder| is_there(folder))
        };
        let is_bundlers = |group: &Group<'_>| {
            let mut files = group.files.iter();
            files.any(|file| named.contains(file) || in_its_folder(file))
        };
        let groups = groups.into_iter().filter(is_bundlers);
        let cover = |group| cover::of_group(&self.tree.assets, &self.hashes, group);
        let mut covers: Vec<Cover> = groups.map(cover).collect();
        covers.sort_by(|one, other| one.pattern.cmp(&other.pattern));
        covers
    }

    fn data_beside_pages(&self) -> Data {
        let pages = self.tree.assets.iter().filter(|asset| is_page(asset));
        let pages: BTreeSet<&str> = pages.map(|page| page.path.as_str()).collect();
        let folder_of = |page: &&'a str| &page[..page.rfind('/').map_or(0, |slash| slash + 1)];
        let folders: BTreeSet<&str> = pages.iter().map(folder_of).collect();
        let mut data = Data::new();
        for (file, asset) in self.tree.assets.iter().enumerate() {
            let extension = self.extension_of_data(file);
            let is_beside = folders.contains(asset.path.folder());
            let Some(extension) = extension.filter(|_| is_beside) else {
                continue;
            };
            let (path, name) = (asset.path.as_str(), asset.path.file_name());
            data.entry(name.to_string()).or_default().insert(file);
            let stem = &path[..path.len() - extension.len() - 1];
            if pages.contains(format!("{stem}.html").as_str()) {
                let ending = format!(".{extension}");
                data.entry(ending).or_default().insert(file);
            }
        }
        data
    }

    /// Returns the extension of a file that has no hash, if it's one of those that data of pages
    /// have.
    fn extension_of_data(&self, file: usize) -> Option<String> {
        const DATA: [&str; 4] = ["bin", "json", "rsc", "txt"];
        let asset = self.asset(file);
        let extension = asset.path.extension()?;
        let is_data = is_unasked(self.tree, asset)
            && self.hashes[file].is_none()
            && DATA.contains(&extension.as_str());
        is_data.then_some(extension)
    }

    fn unhashed<'w>(
        &self,
        look: &Look<'_>,
        data: &'w Data,
        is_chunk: impl Fn(usize) -> bool + Sync,
        chunks: &BTreeSet<usize>,
    ) -> Result<Unhashed<'w>, Failed>
    where
        'a: 'w,
    {
        let is_other = |file: usize| {
            let asset = self.asset(file);
            is_unasked(self.tree, asset) && !is_page(asset) && !is_chunk(file)
        };
        let others = (0..self.tree.assets.len()).filter(|file| is_other(*file));
        let paths: BTreeMap<&'w str, usize> = others
            .map(|file| (self.asset(file).path.as_str(), file))
            .collect();
        let words = paths.keys().copied().chain(data.keys().map(String::as_str));
        let words: BTreeSet<&str> = words.collect();
        // A page is rewritten, but not what a bundler's script in it does.
        let names_them = |file: usize| {
            is_page(self.asset(file)) || (is_script(self.asset(file)) && is_chunk(file))
        };
        let seen = look.words(words.into_iter(), Form::Path, names_them)?;
        let mut unhashed = Unhashed::default();
        for (word, (spot, _)) in seen {
            let called_so = data.get(word).map_or(0, BTreeSet::len);
            match paths.get(word) {
                Some(file) if called_so < 2 || !is_chunk(spot.file) => {
                    unhashed.named.insert(*file, spot);
                }
                _ if is_chunk(spot.file) => {
                    unhashed.beside.insert(word, spot);
                }
                _ => {}
            }
        }
        let all = chunks.iter().flat_map(|file| self.files[*file].all());
        let referred = all.map(|(to, ..)| to as usize);
        unhashed.referred = referred.filter(|to| is_other(*to)).collect();
        Ok(unhashed)
    }

    /// Returns the rules that let all of that keep its names.
    fn rules(&self, covers: &[Cover], unhashed: &Unhashed<'_>, data: &Data) -> Vec<String> {
        let of_pages = self.pages().into_iter();
        let of_pages = of_pages.map(|pattern| cover::rule_of_names(&pattern, NameStyle::Plain));
        let chunks = covers.iter().map(|cover| cover.pattern.clone()).collect();
        let chunks = cover::joined(chunks);
        let chunks = chunks
            .iter()
            .map(|pattern| cover::rule_of_names(pattern, NameStyle::Fingerprinted));
        let plain = cover::joined(self.plain_patterns(unhashed, data));
        let plain = plain
            .iter()
            .map(|pattern| cover::rule_of_names(pattern, NameStyle::Plain));
        of_pages.chain(chunks).chain(plain).collect()
    }

    /// Returns patterns for files without a hash that keep their names.
    fn plain_patterns(&self, unhashed: &Unhashed<'_>, data: &Data) -> Vec<String> {
        let assets = &self.tree.assets;
        let called = unhashed.names_and_endings();
        let is_called_so = |file: &&usize| called.iter().any(|name| data[*name].contains(file));
        let others = unhashed.named.keys().chain(&unhashed.referred);
        let others = others.filter(|file| !is_called_so(file));
        let others = others.map(|file| globset::escape(assets[*file].path.as_str()));
        let others: BTreeSet<String> = others.collect();
        let mut plain = cover::few(assets, others.into_iter().collect());
        plain.extend(called.iter().flat_map(|name| {
            let pattern = match name.strip_prefix('.') {
                Some(extension) => format!("**/*.{}", globset::escape(extension)),
                None => format!("**/{}", globset::escape(name)),
            };
            cover::of_files(assets, &data[*name], pattern)
        }));
        plain
    }

    /// Returns patterns for pages that people are to find, where no rule tells which these are.
    fn pages(&self) -> Vec<String> {
        let assets = &self.tree.assets;
        let is_told = |page: &Asset| {
            is_page(page) && page.policy.is_name_asked && page.policy.names == NameStyle::Plain
        };
        if assets.iter().any(is_told) {
            return Vec::new();
        }
        let is_open =
            |file: &usize| is_page(&assets[*file]) && is_unasked(self.tree, &assets[*file]);
        let mut by_extension: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for file in (0..assets.len()).filter(is_open) {
            if let Some(extension) = assets[file].path.extension() {
                by_extension.entry(extension).or_default().insert(file);
            }
        }
        let of_files = |(extension, files): (&String, &BTreeSet<usize>)| {
            let pattern = format!("**/*.{}", globset::escape(extension));
            cover::of_files(assets, files, pattern)
        };
        cover::joined(by_extension.iter().flat_map(of_files).collect())
    }

    fn named(&self, file: usize, to: usize, places: usize) -> Problem {
        let more = match places {
            0 | 1 => String::new(),
            n => format!(" ({n} places in total)"),
        };
        let message = format!(
            "names `{}` in text that isn't rewritten, but that file would get another name, so it wouldn't be found{more}{}",
            escape(self.asset(to).path.as_str()),
            self.by_init()
        );
        Problem::new(&self.asset(file).path, message)
    }

    fn known_by_folder(&self, covers: &[Cover]) -> Problem {
        let file = covers[0].files[0];
        let message = format!(
            "was named by a bundler, but would get another name, so the bundler's scripts wouldn't find it{}",
            self.by_init()
        );
        Problem::new(&self.asset(file).path, message)
    }

    /// Says how to get a configuration, where there is none.
    fn by_init(&self) -> &'static str {
        match self.tree.defaults {
            Defaults::Site => {
                ". `assetsync init` with the same `--from`, `--to` and `--key-file` writes a configuration with the rules for it"
            }
            Defaults::Keyed => "",
        }
    }
}

impl Unhashed<'_> {
    fn is_empty(&self) -> bool {
        self.named.is_empty() && self.referred.is_empty() && self.beside.is_empty()
    }

    /// Returns all names of data, and endings; but no name that has one of the endings.
    fn names_and_endings(&self) -> Vec<&str> {
        let mut called: Vec<&str> = self.beside.keys().copied().collect();
        let endings: Vec<&str> = called
            .iter()
            .copied()
            .filter(|name| name.starts_with('.'))
            .collect();
        called.retain(|name| {
            let is_named_by = |ending: &&str| name.ends_with(*ending) && name != ending;
            !endings.iter().any(is_named_by)
        });
        called
    }

    /// Returns the first place that names one of them, and which.
    fn first(&self, data: &Data) -> Option<(Spot, usize)> {
        let named = self.named.iter().map(|(file, spot)| (*spot, *file));
        let beside = self.beside.iter();
        let beside = beside.map(|(name, spot)| (*spot, first(&data[*name])));
        named.chain(beside).min()
    }
}

fn first(files: &BTreeSet<usize>) -> usize {
    *files.first().expect("some file is called so")
}

/// Says whether a file would get a keyed name that no rule asks for, and may have another.
fn is_unasked(tree: &Tree, asset: &Asset) -> bool {
    let policy = &asset.policy;
    let may_be_known = policy.level == LevelId::OPEN || tree.levels.is_held(policy.level);
    policy.names == NameStyle::Opaque && !policy.is_name_asked && may_be_known
}

fn is_page(asset: &Asset) -> bool {
    language(asset) == Some(Language::Html)
}

fn is_script(asset: &Asset) -> bool {
    matches!(language(asset), Some(Language::Script(_)))
}

fn language(asset: &Asset) -> Option<Language> {
    let content_type = &asset.policy.headers.content_type;
    let extension = asset.path.extension();
    Language::of(content_type, extension.as_deref(), &Extra::default())
}
