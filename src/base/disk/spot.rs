//! Places on disk, identified by device and inode, whatever path leads to them.

mod mounts;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Links that are followed on one path, as on Linux.
const LINKS_MAX: usize = 40;

/// A place on disk, whether it's there yet or not.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    /// The path with all links followed.
    there: Way,
    /// Other paths to the same place: through the links on its way, and through other mounts of its
    /// folder.
    others: Vec<Way>,
}

/// A path without links or dots.
#[derive(Debug, Clone, Default)]
struct Way {
    path: PathBuf,
    /// Of the folders that exist, from the top to the nearest one.
    ids: Vec<Id>,
    /// Components below the nearest folder that exists.
    rest: Vec<OsString>,
}

/// Relation of one place to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// They are one.
    Same,
    /// It's inside of the other.
    Inside,
    /// The other is inside of it.
    Around,
    /// Neither.
    Apart,
}

impl Spot {
    /// The place that `path` leads to.
    ///
    /// # Errors
    /// The current folder isn't known; links that lead to each other.
    pub(crate) fn of(path: &Path) -> io::Result<Spot> {
        let whole = std::path::absolute(path)?;
        let mut parts: VecDeque<OsString> = parts(&whole).collect();
        let (mut there, mut links) = (Way::default(), Vec::new());
        while let Some(part) = parts.pop_front() {
            match there.enter(&part)? {
                None => {}
                Some(_) if links.len() >= LINKS_MAX => {
                    return Err(io::Error::other("too many symbolic links"));
                }
                Some(to) => {
                    links.push(there.below(&part, &parts));
                    for part in self::parts(&to).collect::<Vec<_>>().into_iter().rev() {
                        parts.push_front(part);
                    }
                }
            }
        }
        // After a link, `..` leads out of the link's target.
        let mut others: Vec<Way> = links.into_iter().flatten().collect();
        others.extend(there.mounted_elsewhere());
        Ok(Spot { there, others })
    }

    /// The path without links and dots.
    pub(crate) fn path(&self) -> PathBuf {
        self.there.whole()
    }

    /// Compares this place with `other`.
    pub(crate) fn relation(&self, other: &Spot) -> Relation {
        let is_in = |inner: &Spot, outer: &Spot| inner.ways().any(|way| way.is_in(&outer.there));
        match (is_in(self, other), is_in(other, self)) {
            (true, true) => Relation::Same,
            (true, false) => Relation::Inside,
            (false, true) => Relation::Around,
            (false, false) => Relation::Apart,
        }
    }

    fn ways(&self) -> impl Iterator<Item = &Way> {
        std::iter::once(&self.there).chain(&self.others)
    }
}

/// With the root as the first of them.
fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components()
        .map(|part| part.as_os_str().to_os_string())
}

impl Way {
    /// Goes on to `part`. If that's a link, stays, and returns where it leads.
    fn enter(&mut self, part: &OsString) -> io::Result<Option<PathBuf>> {
        match Path::new(part).components().next() {
            None | Some(Component::CurDir) => Ok(None),
            Some(Component::ParentDir) => {
                if self.rest.pop().is_none() && self.path.pop() {
                    self.ids.pop();
                }
                Ok(None)
            }
            Some(Component::Prefix(_)) => {
                self.path = PathBuf::from(part);
                Ok(None)
            }
            Some(Component::RootDir | Component::Normal(_)) => self.go_to(part),
        }
    }

    fn go_to(&mut self, part: &OsString) -> io::Result<Option<PathBuf>> {
        let next = self.path.join(part);
        let is_there = self.rest.is_empty().then(|| next.symlink_metadata());
        match is_there {
            Some(Ok(metadata)) if metadata.is_symlink() => next.read_link().map(Some),
            Some(Ok(metadata)) => {
                if next.parent().is_none() {
                    self.ids.clear();
                }
                self.ids.push(id(&next, &metadata)?);
                self.path = next;
                Ok(None)
            }
            // It isn't there, or not for us.
            Some(Err(_)) | None => {
                self.rest.push(part.clone());
                Ok(None)
            }
        }
    }

    /// The same way as far as the link `part`, and what is behind it; none if that leads out again.
    fn below(&self, part: &OsString, behind: &VecDeque<OsString>) -> Option<Way> {
        let is_up = |part: &OsString| part == "..";
        let rest = std::iter::once(part).chain(behind).cloned();
        (!behind.iter().any(is_up)).then(|| Way {
            rest: rest.collect(),
            ..self.clone()
        })
    }

    /// The same place by other names of the folder that is there.
    fn mounted_elsewhere(&self) -> Vec<Way> {
        let way = |path: PathBuf| {
            let mut way = Way::default();
            for part in parts(&path) {
                way.enter(&part).ok().filter(Option::is_none)?;
            }
            let leads_here = way.rest.is_empty() && way.ids.last() == self.ids.last();
            let rest = self.rest.clone();
            leads_here.then_some(Way { rest, ..way })
        };
        mounts::other_names(&self.path)
            .into_iter()
            .filter_map(way)
            .collect()
    }

    fn whole(&self) -> PathBuf {
        self.path.join(self.rest.iter().collect::<PathBuf>())
    }

    /// Checks whether this is `outer`, or inside of it.
    fn is_in(&self, outer: &Way) -> bool {
        let (Some(nearest), Some(last)) = (outer.ids.last(), self.ids.last()) else {
            return false;
        };
        if outer.rest.is_empty() {
            self.ids.contains(nearest)
        } else {
            last == nearest && self.rest.starts_with(&outer.rest)
        }
    }
}

/// Device and inode.
#[cfg(unix)]
type Id = (u64, u64);

#[cfg(unix)]
fn id(_path: &Path, metadata: &std::fs::Metadata) -> io::Result<Id> {
    use std::os::unix::fs::MetadataExt;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
type Id = PathBuf;

#[cfg(not(unix))]
fn id(path: &Path, _metadata: &std::fs::Metadata) -> io::Result<Id> {
    path.canonicalize()
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::create_dir_all;
    use std::os::unix::fs::symlink;

    use super::*;

    fn relation(a: &Path, b: &Path) -> Relation {
        let spot = |path| Spot::of(path).expect("found");
        spot(a).relation(&spot(b))
    }

    /// A place is recognised by every name, through links and dots.
    #[test]
    fn place_is_same_by_every_name() {
        let top = tempfile::tempdir().expect("a folder");
        let at = |path: &str| top.path().join(path);
        create_dir_all(at("site/art")).expect("made");
        create_dir_all(at("other")).expect("made");
        symlink(at("site"), at("link")).expect("linked");
        symlink("../site/art", at("other/art")).expect("linked");
        symlink("site/later", at("dangling")).expect("linked");
        for (inner, outer) in [
            ("site/art", "site"),
            ("./other/../site/art/.", "site"),
            ("link/art", "site"),
            ("site/art", "link"),
            ("other/art", "site"),
            ("site/new/deep", "link"),
            ("link/new/deep", "site/new"),
            ("gone/../site/art", "site"),
            ("new/deep", "new"),
            ("dangling/x", "site"),
            ("dangling", "site"),
        ] {
            assert_eq!(
                relation(&at(inner), &at(outer)),
                Relation::Inside,
                "{inner}"
            );
            assert_eq!(
                relation(&at(outer), &at(inner)),
                Relation::Around,
                "{inner}"
            );
        }
        for (a, b) in [
            ("site", "link"),
            ("site/art", "other/art"),
            ("site/new", "link/./new"),
            ("dangling", "link/later"),
        ] {
            assert_eq!(relation(&at(a), &at(b)), Relation::Same, "{a}");
        }
        for (a, b) in [
            ("site", "site-two"),
            ("site", "other"),
            ("new", "newer"),
            ("site/art/../../x", "site"),
            // Up again behind a link is up from where it leads to.
            ("other/art/../../x", "other"),
        ] {
            assert_eq!(relation(&at(a), &at(b)), Relation::Apart, "{a}");
        }
    }

    /// The target of a link in a folder can be read inside that folder.
    #[test]
    fn link_target_counts_as_inside() {
        let top = tempfile::tempdir().expect("a folder");
        let at = |path: &str| top.path().join(path);
        create_dir_all(at("out")).expect("made");
        create_dir_all(at("private")).expect("made");
        symlink("../private", at("out/state")).expect("linked");
        assert_eq!(relation(&at("out/state"), &at("out")), Relation::Inside);
        assert_eq!(relation(&at("out/state/x"), &at("out")), Relation::Inside);
        assert_eq!(relation(&at("private"), &at("out")), Relation::Apart);
        assert_eq!(Spot::of(&at("out/state/x")).expect("found").path(), {
            top.path().canonicalize().expect("there").join("private/x")
        });
    }

    /// Links that lead in a circle are an error.
    #[test]
    fn circular_links_are_an_error() {
        let top = tempfile::tempdir().expect("a folder");
        symlink("b", top.path().join("a")).expect("linked");
        symlink("a", top.path().join("b")).expect("linked");
        Spot::of(&top.path().join("a/x")).expect_err("a circle");
    }
}
