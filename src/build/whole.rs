//! A whole build of an earlier run, for a tree that hasn't changed since: then nothing has to be looked at but the times of
//! its files.

use std::sync::Arc;
use std::time::SystemTime;

use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::memo::Memo;
use super::{Build, Object, Reference};
use crate::cache::{Key, Stat, key};
use crate::name::{Secret, Token};
use crate::path::ObjectKey;
use crate::problem::Problem;
use crate::refs::edit::Edits;
use crate::tree::{Asset, Tree};

/// Objects are remembered in portions of this size, so that all cores read them.
const PORTION: usize = 500;

/// Where what isn't in a portion stands.
const REST: usize = usize::MAX;

/// All that a build is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal {
    digest: blake3::Hash,
    /// Whether a later change of any file will show.
    pub is_settled: bool,
}

/// What isn't in the tree of an [`Object`].
#[derive(Serialize, Deserialize)]
struct Known {
    key: Box<str>,
    token: Token,
    digest: blake3::Hash,
    size_bytes: u64,
    try_gzip: bool,
    edits: Option<Edits>,
}

/// What isn't in the objects of a [`Build`].
#[derive(Serialize, Deserialize)]
struct Rest {
    references: Vec<Reference>,
    warnings: Vec<Problem>,
    notes: Vec<Problem>,
}

impl Memo<'_> {
    /// None if builds of this tree aren't remembered: names of hidden files are looked for anew each time, and what is wrong is
    /// told of anew.
    pub(super) fn seal(&self, tree: &Tree) -> Option<Seal> {
        let Tree {
            assets,
            units,
            problems,
            skipped,
            left_out,
            // Nothing can refer to these.
            oddly_left_out: _,
            left_behind,
            droppings,
            // Told of by whoever walked.
            warnings: _,
            // Left out of what is remembered by whoever asks.
            meant: _,
            levels,
            prefixes,
            defaults,
            public_url,
        } = tree;
        if !self.session.is_on() || !problems.is_empty() || !levels.is_empty() {
            return None;
        }
        let now = SystemTime::now();
        let portions: Vec<Seal> = assets
            .par_chunks(PORTION)
            .map(|assets| self.seal_portion(assets, now))
            .collect::<Option<_>>()?;
        let mut hasher = blake3::Hasher::new();
        for portion in &portions {
            hasher.update(portion.digest.as_bytes());
        }
        let unpublished = skipped.values().flatten();
        let droppings = droppings.iter().map(|dropped| &dropped.path);
        for path in unpublished
            .chain(left_out)
            .chain(left_behind)
            .chain(droppings)
        {
            field(&mut hasher, path.as_str().as_bytes());
        }
        field(
            &mut hasher,
            format!("{prefixes:?} {defaults:?} {public_url:?} {units:?}").as_bytes(),
        );
        Some(Seal {
            digest: hasher.finalize(),
            is_settled: portions.iter().all(|portion| portion.is_settled),
        })
    }

    fn seal_portion(&self, assets: &[Asset], now: SystemTime) -> Option<Seal> {
        let mut hasher = blake3::Hasher::new();
        let mut is_settled = true;
        for asset in assets {
            let Asset {
                path,
                file,
                policy,
                unit,
            } = asset;
            let stat = Stat::of(file)?;
            is_settled &= stat.is_settled(now);
            hasher.update(self.hashes(policy)?.whole.as_bytes());
            field(&mut hasher, path.as_str().as_bytes());
            field(&mut hasher, file.as_os_str().as_encoded_bytes());
            hasher.update(&stat.to_bytes());
            field(&mut hasher, format!("{unit:?}").as_bytes());
        }
        Some(Seal {
            digest: hasher.finalize(),
            is_settled,
        })
    }

    /// The build of `tree`, if the last one that was remembered has the same seal.
    pub(super) fn whole(&self, tree: &Tree, seal: &Seal, secret: &Secret) -> Option<Build> {
        // The first to be read, since it tells whether the others are right.
        let rest: Rest = self.part(tree, REST, seal)?;
        let portions: Vec<Vec<Object>> = tree
            .assets
            .par_chunks(PORTION)
            .enumerate()
            .map(|(at, assets)| {
                let known: Vec<Known> = self.part(tree, at, seal)?;
                let objects = assets.iter().zip(known);
                objects.map(|(asset, known)| known.object(asset)).collect()
            })
            .collect::<Option<_>>()?;
        let objects = portions.into_iter().flatten().collect::<Vec<_>>();
        (objects.len() == tree.assets.len()).then(|| Build {
            objects,
            key_id: secret.id(),
            references: rest.references,
            warnings: rest.warnings,
            of_tree: tree.warnings.clone(),
            notes: rest.notes,
            levels: tree.levels.clone(),
        })
    }

    /// Remembers `build` for as long as `seal` is right.
    pub(super) fn remember(&self, tree: &Tree, seal: &Seal, build: &Build) {
        let portions = build.objects.par_chunks(PORTION).enumerate();
        portions.for_each(|(at, objects)| {
            let known: Vec<Known> = objects.iter().map(Known::of).collect();
            self.put_part(tree, at, seal, &known);
        });
        let rest = Rest {
            references: build.references.clone(),
            warnings: build.warnings.clone(),
            notes: build.notes.clone(),
        };
        self.put_part(tree, REST, seal, &rest);
    }

    fn part<T: DeserializeOwned>(&self, tree: &Tree, at: usize, seal: &Seal) -> Option<T> {
        let key = self.key_of_part(tree, at);
        let (of, part) = self.session.get::<(blake3::Hash, T)>(&key)?;
        (of == seal.digest).then_some(part)
    }

    fn put_part(&self, tree: &Tree, at: usize, seal: &Seal, part: &impl Serialize) {
        let key = self.key_of_part(tree, at);
        self.session.put(key, &(seal.digest, part));
    }

    /// The next build for the same URL takes the place of the last.
    fn key_of_part(&self, tree: &Tree, at: usize) -> Key {
        let url = tree.public_url.as_ref().map_or("", Url::as_str);
        let parts = [self.origin.as_bytes(), url.as_bytes(), &at.to_le_bytes()];
        key([b"whole".as_slice()].into_iter().chain(parts))
    }
}

fn field(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

impl Known {
    fn of(object: &Object) -> Known {
        Known {
            key: object.key.as_str().into(),
            token: object.token,
            digest: object.digest,
            size_bytes: object.size_bytes,
            try_gzip: object.try_gzip,
            edits: object.edits.as_deref().cloned(),
        }
    }

    fn object(self, asset: &Asset) -> Option<Object> {
        Some(Object {
            path: asset.path.clone(),
            file: asset.file.clone(),
            edits: self.edits.map(Arc::new),
            size_bytes: self.size_bytes,
            digest: self.digest,
            token: self.token,
            key: ObjectKey::parse(&self.key).ok()?,
            policy: Arc::clone(&asset.policy),
            // There are no levels.
            is_held: false,
            try_gzip: self.try_gzip,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::build::{build, build_with};
    use crate::cache::Cache;
    use crate::progress::Progress;
    use crate::rules::{Rule, Rules};
    use crate::tree::{Source, walk};

    fn secret() -> Secret {
        Secret::new(&[7; 32]).expect("long enough")
    }

    fn site(folder: &Path) -> Tree {
        fs::create_dir_all(folder).expect("made");
        let page = r#"<a href="b.html">B</a><img src="gone.png">"#;
        fs::write(folder.join("a.html"), page).expect("written");
        fs::write(folder.join("b.html"), "<img src=c.svg>").expect("written");
        fs::write(folder.join("c.svg"), "<svg/>").expect("written");
        tree(folder)
    }

    fn tree(folder: &Path) -> Tree {
        let mut rule = Rule::new("*.html").expect("a glob");
        rule.dangling = Some(crate::rules::Dangling::Warn);
        walk(&[Source::new(folder)], &Rules::new(vec![rule], [].into()))
    }

    /// What is remembered of a build of `tree`.
    fn remembered(cache: &Cache, tree: &Tree) -> Option<Build> {
        let memo = Memo::new(cache, tree, &secret());
        memo.seal(tree)
            .and_then(|seal| memo.whole(tree, &seal, &secret()))
    }

    fn told(build: &Build) -> String {
        format!("{build:#?}")
    }

    #[test]
    fn a_build_is_remembered_until_anything_it_is_made_of_is_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("site");
        let unchanged = site(&source);
        let cache = Cache::open(&folder.path().join("cache"), &source);
        let build_it = |tree: &Tree| {
            build_with(&cache, tree, &secret(), &Progress::new()).expect("publishable")
        };
        build_it(&unchanged);
        assert!(remembered(&cache, &unchanged).is_none(), "just written");
        std::thread::sleep(Duration::from_secs(4));
        build_it(&unchanged);

        let known = remembered(&cache, &unchanged).expect("nothing has changed");
        let anew = build(&unchanged, &secret(), &Progress::new()).expect("publishable");
        assert_eq!(told(&known), told(&anew));
        assert_eq!(known.warnings.len(), 1, "`gone.png`");
        assert!(known.objects[0].edits.is_some(), "and what is rewritten");

        let path = |text: &str| crate::path::LogicalPath::parse(text).expect("valid");
        type Change<'a> = &'a dyn Fn(&mut Tree);
        let changes: [(&str, Change<'_>); 9] = [
            ("a file less", &|tree| drop(tree.assets.pop())),
            ("the same file under another path", &|tree| {
                tree.assets[2].path = path("d.svg");
            }),
            ("another file under the same path", &|tree| {
                tree.assets[2].file = source.join("b.html");
            }),
            ("another rule", &|tree| {
                let mut policy = (*tree.assets[2].policy).clone();
                policy.headers.cache_control = "no-store".to_string();
                tree.assets[2].policy = Arc::new(policy);
            }),
            ("a file that isn't listed", &|tree| {
                tree.skipped.insert("x".into(), vec![path("gone.x")]);
            }),
            ("a file that is left out", &|tree| {
                tree.left_out.push(path("gone.png"));
            }),
            ("a file that is left behind", &|tree| {
                tree.left_behind.push(path("gone.png"));
            }),
            ("other prefixes", &|tree| {
                tree.prefixes.push("/static/".to_string());
            }),
            ("another URL", &|tree| {
                tree.public_url = Url::parse("https://cdn.example.org/").ok();
            }),
        ];
        for (change, apply) in changes {
            let mut changed = unchanged.clone();
            apply(&mut changed);
            assert!(remembered(&cache, &changed).is_none(), "{change}");
        }
        let mut broken = unchanged.clone();
        broken.problems.push(Problem::new("a.html", "is broken"));
        assert!(remembered(&cache, &broken).is_none(), "something is wrong");
        assert!(remembered(&cache, &unchanged).is_some(), "still");

        fs::write(source.join("c.svg"), "<svg />").expect("written");
        assert!(remembered(&cache, &tree(&source)).is_none(), "written");
    }
}
