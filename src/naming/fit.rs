//! Names that a target has no place for.

use std::borrow::Cow;

use super::{Build, Object};
use crate::base::error::Error;
use crate::base::name::{EncodingPolicy, NameStyle, Token};
use crate::base::path::KEY_BYTES_MAX;
use crate::base::problem::Problem;
use crate::config::{Place, Target};
use crate::store::directory::{self, Named};
use crate::store::documents::FOLDER;
use crate::tree::{Asset, Tree};

/// Checks whether all objects of `build` fit into `target`. Call this before anything is planned.
///
/// # Errors
/// [`Error::Tree`] lists every file that doesn't fit: its name is one that a directory needs for
/// itself, or its key gets too long with the target's prefix.
pub fn check(target: &Target, build: &Build) -> Result<(), Error> {
    let objects: Vec<Named<'_>> = build.objects.iter().map(Named::object).collect();
    let problems = misnamed(target, &objects);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::of_tree(problems))
    }
}

/// Notes with the other problems of `tree` which of its files have no place in `targets`, as far as
/// their paths tell: those whose objects are called after them. [`check`] knows the others.
pub fn check_names(targets: &[Target], tree: &mut Tree) {
    let named = (0..tree.assets.len()).filter_map(|file| Named::asset(tree, file));
    let named: Vec<Named<'_>> = named.collect();
    let problems = targets.iter().flat_map(|target| misnamed(target, &named));
    let mut problems: Vec<Problem> = problems.collect();
    problems.sort();
    problems.dedup();
    tree.problems.extend(problems);
    tree.problems.sort();
}

impl<'a> Named<'a> {
    fn object(object: &'a Object) -> Named<'a> {
        Named {
            path: &object.path,
            key: Cow::Borrowed(object.key.as_str()),
            is_keyed: object.is_keyed(),
            is_gzipped: object.headers().encoding == EncodingPolicy::Gzip,
        }
    }

    /// The same before it's named; none if its path is no part of its name. Any token is as long as
    /// another.
    fn asset(tree: &'a Tree, file: usize) -> Option<Named<'a>> {
        let Asset { path, policy, .. } = &tree.assets[file];
        let key = match policy.names {
            NameStyle::Folder => {
                let place = tree.unit_of(file)?.place(path.as_str());
                Cow::Owned(format!("{}/{place}", Token::ZERO))
            }
            NameStyle::Opaque | NameStyle::Palindrome2022 => return None,
            NameStyle::Plain | NameStyle::Fingerprinted => Cow::Borrowed(path.as_str()),
            NameStyle::Readable => {
                let extension = policy.key_extension.as_ref();
                let extension = extension.map_or(String::new(), |e| format!(".{e}"));
                let (folder, stem) = (path.folder(), path.stem());
                Cow::Owned(format!("{folder}{stem}.{}{extension}", Token::ZERO))
            }
        };
        Some(Named {
            path,
            key,
            is_keyed: policy.names.is_keyed(),
            is_gzipped: policy.headers.encoding == EncodingPolicy::Gzip,
        })
    }
}

fn misnamed(target: &Target, named: &[Named<'_>]) -> Vec<Problem> {
    let mut problems = match &target.place {
        Place::Directory(folder) => directory::misfits(folder, named),
        Place::Bucket(bucket) => too_long(&bucket.prefix, named),
    };
    problems.extend(reserved(named));
    problems
}

/// The folder of releases is assetsync's own, in every target.
fn reserved(named: &[Named<'_>]) -> Vec<Problem> {
    let reserved = named.iter().filter(|one| one.key.starts_with(FOLDER));
    let message = format!(
        "would be published below `{FOLDER}`, which is reserved for assetsync: move it to another \
         folder, or set `names = \"opaque\"` for it in a rule"
    );
    reserved
        .map(|one| Problem::new(one.path, &message))
        .collect()
}

/// Keys are limited with the prefix they stand behind.
fn too_long(prefix: &str, named: &[Named<'_>]) -> Vec<Problem> {
    let is_too_long = |one: &&Named<'_>| prefix.len() + one.key.len() > KEY_BYTES_MAX;
    let problem = |one: &Named<'_>| {
        Problem::new(
            one.path,
            format!(
                "its key and the target's prefix together exceed {KEY_BYTES_MAX} bytes: shorten \
                 its path or the prefix, or set `names = \"opaque\"` for it in a rule"
            ),
        )
    };
    named.iter().filter(is_too_long).map(problem).collect()
}
