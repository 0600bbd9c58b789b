//! Checks references by level: which files of a tree may name which others.

use std::collections::{BTreeSet, HashMap};

use super::Object;
use super::bundled::{Chunks, hash};
use super::cover;
use super::link::{Link, Linked};
use super::read::Draft;
use crate::base::glob::Glob;
use crate::base::name::NameStyle;
use crate::base::path::LogicalPath;
use crate::base::problem::{Addition, Problem, ProblemKind};
use crate::base::text::escape;
use crate::config::CONFIG_FILE;
use crate::levels::{LevelId, quoted};
use crate::refs::{Base, Kind};
use crate::tree::{Asset, Tree, Unit};

/// Checks that files don't refer to files of levels that they must not know, such as open files to
/// hidden ones.
pub(super) fn check_levels(tree: &Tree, linked: &mut Linked) {
    if tree.levels.is_empty() {
        return;
    }
    for (asset, file) in tree.assets.iter().zip(&linked.files) {
        for (to, line, column) in file.all() {
            let to = &tree.assets[to as usize];
            let to = leveled(to);
            if may_name(tree, asset, to) {
                continue;
            }
            let place = Some((line, column));
            let problem = told_upwards(tree, asset, place, "refers to", to);
            linked.problems.push(problem);
        }
    }
}

/// Names that anybody can guess keep nothing hidden, unless they aren't published yet.
pub(super) fn check_names(tree: &Tree, linked: &mut Linked) {
    for asset in &tree.assets {
        let policy = &asset.policy;
        if policy.level != LevelId::OPEN
            && !tree.levels.is_held(policy.level)
            && matches!(policy.names, NameStyle::Plain | NameStyle::Fingerprinted)
        {
            let pattern = tree.levels.pattern_of(&asset.path);
            let pattern = pattern.map_or(asset.path.as_str(), Glob::pattern);
            let message = format!(
                "is {}, but is published under its path (`names = \"{}\"`), which anyone can guess \
                 or read in a script: set `names = \"opaque\"` in a later rule (`[[rule]]` with \
                 `match = {}`), or hold the level (`held = true`)",
                tree.levels.in_words(policy.level),
                policy.names.as_str(),
                quoted(pattern)
            );
            let problem = Problem::new(&asset.path, message).kind(ProblemKind::Guessable);
            linked.problems.push(problem);
        }
    }
}

/// Tells of files that a bundler named, and that need to be rewritten: they refer to what gets
/// another name, or have placeholders.
pub(super) fn check_fingerprinted(tree: &Tree, linked: &mut Linked) {
    let chunks = Chunks::of(tree);
    linked.problems.extend(pages_without_hash(tree));
    for (asset, file) in tree.assets.iter().zip(&linked.files) {
        if asset.policy.names != NameStyle::Fingerprinted {
            continue;
        }
        let renamed = file.all().filter_map(|(to, line, column)| {
            let to = &tree.assets[to as usize];
            let is_renamed = to.policy.names.is_keyed();
            is_renamed.then(|| refers_to_renamed(&chunks, asset, to, (line, column)))
        });
        let placeholders = file.sets.iter().map(|set| {
            let message = "has a placeholder, but files with `names = \"fingerprinted\"` aren't \
                           rewritten: set `names = \"plain\"` or `\"opaque\"` for it in a later \
                           `[[rule]]`";
            let problem = Problem::at(&asset.path, (set.line, set.column), message);
            problem.kind(ProblemKind::Rewriting)
        });
        linked.problems.extend(renamed.chain(placeholders));
    }
}

/// Tells of pages that would be cached for ever although a bundler put no hash into their names:
/// nobody could change them again.
fn pages_without_hash(tree: &Tree) -> Option<Problem> {
    let is_meant = |file: &usize| {
        let asset = &tree.assets[*file];
        let is_page = asset.policy.headers.content_type.starts_with("text/html");
        asset.policy.names == NameStyle::Fingerprinted
            && is_page
            && hash::of(asset.path.as_str()).is_none()
    };
    let pages: BTreeSet<usize> = (0..tree.assets.len()).filter(is_meant).collect();
    let first = &tree.assets[*pages.first()?];
    let extension = first.path.extension().unwrap_or_default();
    let pattern = format!("**/*.{}", globset::escape(&extension));
    let patterns = cover::of_files(&tree.assets, &pages, pattern);
    let rules: Vec<String> = patterns
        .iter()
        .map(|pattern| cover::rule_of_names(pattern, NameStyle::Plain))
        .collect();
    let message = format!(
        "is a page with `names = \"fingerprinted\"` and has no hash in its name{}: browsers would \
         keep it for a year, and a push could never change it",
        match pages.len() {
            1 => String::new(),
            n => format!(", and so are {} more", n - 1),
        }
    );
    let problem = Problem::new(&first.path, message).kind(ProblemKind::Mention);
    Some(problem.added(cover::addition(rules.join("\n"))))
}

fn refers_to_renamed(chunks: &Chunks<'_>, asset: &Asset, to: &Asset, place: (u32, u32)) -> Problem {
    let path = to.path.as_str();
    let message = format!(
        "refers to `{}`, which gets another name, but files with `names = \"fingerprinted\"` \
         aren't rewritten",
        escape(path)
    );
    let names = if chunks.are_named_like(path) {
        NameStyle::Fingerprinted
    } else {
        NameStyle::Plain
    };
    let rule = cover::rule_of_names(&globset::escape(path), names);
    Problem::at(&asset.path, place, message)
        .kind(ProblemKind::Bundled)
        .added(cover::addition(rule))
}

/// Tells of pages that keep their names although they are in a keyed folder, and run a script of
/// it: what the script builds paths to is looked for beside the page.
pub(super) fn check_pages(tree: &Tree, drafts: &[Draft], linked: &mut Linked) {
    let is_page = |file: &usize| tree.assets[*file].policy.names == NameStyle::Plain;
    // A module finds what it builds from its own address, and says so.
    let looks_from_page = |script: usize| {
        let found = &drafts[script].found;
        let mut mentions = found.mentions.iter();
        let is_from_page = mentions.any(|mention| mention.base == Base::Page);
        !linked.files[script].has_own_folder() && (!found.is_module || is_from_page)
    };
    let mut warnings = Vec::new();
    for page in (0..tree.assets.len()).filter(is_page) {
        let asset = &tree.assets[page];
        let run = |link: &&Link| matches!(link.kind, Kind::Script | Kind::ModuleScript);
        let scripts = linked.files[page].links.iter().filter(run);
        let scripts = scripts.map(|link| link.to as usize);
        let mut units = scripts
            .filter(|script| looks_from_page(*script))
            .filter_map(|script| tree.unit_of(script));
        if let Some(unit) = units.find(|unit| unit.has(asset.path.as_str())) {
            warnings.push(is_outside_of(unit, asset));
        }
    }
    linked.warnings.extend(warnings);
}

/// Tells of a page that is outside of its keyed folder, with the rule that puts it in.
fn is_outside_of(unit: &Unit, page: &Asset) -> Problem {
    // Other files may be outside as they are meant to be.
    let pages = match page.path.extension() {
        Some(extension) => format!("**/*.{}", globset::escape(&extension)),
        None => format!("**/{}", globset::escape(page.path.file_name())),
    };
    let pattern = match unit.folder.as_str() {
        "" => pages,
        folder => format!("{}/{pages}", globset::escape(folder)),
    };
    let message = "has `names = \"plain\"`, so it's published outside its keyed folder. It runs a \
                   script from that folder, and paths that this script builds won't work";
    let cause = format!(
        "have `names = \"plain\"`, so they are published outside the keyed folder `{}`, but run \
         scripts from it whose built paths won't work",
        escape(&unit.folder)
    );
    let problem = Problem::new(&page.path, message).kind(ProblemKind::Mention);
    problem.cause(cause).added(Addition {
        file: CONFIG_FILE.to_string(),
        lines: cover::rule_of_names(&pattern, NameStyle::Folder),
    })
}

/// Checks keyed folders: a reader of one file knows the folder's name, and can guess other files
/// that they must not know.
pub(super) fn check_folders(tree: &Tree, objects: &[Object]) -> Vec<Problem> {
    let keyed = objects
        .iter()
        .filter(|object| object.policy.names == NameStyle::Palindrome2022);
    let folder = |object: &Object| {
        let key = object.key.as_str().strip_prefix(&*object.policy.under)?;
        key.split('/').next().map(str::to_string)
    };
    let mut known: HashMap<Option<String>, BTreeSet<LevelId>> = HashMap::new();
    for object in keyed.clone() {
        let levels = known.entry(folder(object)).or_default();
        levels.insert(object.policy.level);
    }
    let can_be_guessed = |object: &&Object| {
        let level = object.policy.level;
        let mut others = known[&folder(object)].iter();
        !tree.levels.is_held(level) && others.any(|other| !tree.levels.may_know(*other, level))
    };
    let guessable = keyed.filter(can_be_guessed);
    guessable
        .map(|object| guessable_in_folder(tree, object))
        .collect()
}

fn guessable_in_folder(tree: &Tree, object: &Object) -> Problem {
    let message = format!(
        "is {}, but shares its keyed folder with files that must not refer to it. Anyone who knows \
         the address of one of them can guess that of this file: set `names = \"opaque\"` for it \
         in a later rule",
        tree.levels.in_words(object.policy.level)
    );
    Problem::new(&object.path, message).kind(ProblemKind::Guessable)
}

/// A file's path and level.
pub(super) fn leveled(asset: &Asset) -> (&LogicalPath, LevelId) {
    (&asset.path, asset.policy.level)
}

/// Both ends of a reference or name that leads upwards.
pub(super) fn told_upwards(
    tree: &Tree,
    asset: &Asset,
    place: Option<(u32, u32)>,
    verb: &str,
    (to, level): (&LogicalPath, LevelId),
) -> Problem {
    let own = tree.levels.in_words(asset.policy.level);
    let other = tree.levels.in_words(level);
    let message = format!(
        "is {own}, and {verb} `{}`, which is {other}",
        escape(to.as_str())
    );
    let problem = Problem::new(&asset.path, message).kind(ProblemKind::Hidden);
    Problem { place, ..problem }
}

/// Checks whether `asset` may refer to a file, or contain its name: by their levels, or by a rule.
pub(super) fn may_name(tree: &Tree, asset: &Asset, (to, level): (&LogicalPath, LevelId)) -> bool {
    tree.levels.may_know(asset.policy.level, level)
        || asset
            .policy
            .may_name
            .iter()
            .any(|glob| glob.is_match(to.as_str()))
}
