//! Sources, targets, releases, cache and key: each needs a place of its own. All pairs are
//! compared, those of targets that aren't meant in this run as well, and every place by what the
//! storage or the file system calls it.

mod setting;

use std::path::{Path, PathBuf};

use url::Url;

use self::setting::{Choice, Setting, What, Written};
use super::Origin;
use super::raw::{RawConfig, RawTarget};
use super::reader::Reader;
use crate::base::disk::spot::{Relation, Spot};
use crate::base::error::{Error, Result, shown_key_file};
use crate::store::command;
use crate::store::documents::{FOLDER, beside};
use crate::store::environment;
use crate::store::location::{Bucket, Place, Target};
use crate::store::server;
use crate::tree::Source;

/// Location of a place.
#[derive(Debug)]
pub(super) enum Located {
    Disk {
        spot: Spot,
        /// As called by the setting, from the current folder.
        path: PathBuf,
    },
    Bucket {
        scheme: &'static str,
        server: String,
        bucket: String,
        prefix: String,
    },
}

impl Located {
    /// `target`'s storage, with `place` in it.
    pub(super) fn of(target: &Target, place: &Place) -> Result<Located> {
        let bucket = match place {
            Place::Directory(path) => return Located::on_disk(path),
            Place::Bucket(bucket) => bucket,
        };
        let mut target = Target {
            place: place.clone(),
            ..target.clone()
        };
        // Targets that aren't meant in this run are on the same server. A variable that can't be
        // used is told of where it's used.
        if let (None, Ok(Some(url))) = (&target.endpoint, environment::endpoint(bucket.cloud)) {
            target.endpoint = Some(url);
        }
        Ok(Located::Bucket {
            scheme: bucket.scheme(),
            server: server(&target).map_or(String::new(), |url| usual(&url)),
            bucket: bucket.name.clone(),
            prefix: bucket.prefix.clone(),
        })
    }

    fn on_disk(path: &Path) -> Result<Located> {
        Ok(Located::Disk {
            spot: Spot::of(path).map_err(|e| Error::io("find", path, e))?,
            path: path.to_path_buf(),
        })
    }

    /// Returns the relation of this place to `other`. All comparisons of places use this function.
    pub(super) fn relation(&self, other: &Located) -> Relation {
        match (self, other) {
            (Located::Disk { spot, .. }, Located::Disk { spot: other, .. }) => spot.relation(other),
            (
                Located::Bucket {
                    scheme: a,
                    server: b,
                    bucket: c,
                    prefix,
                },
                Located::Bucket {
                    scheme,
                    server,
                    bucket,
                    prefix: other,
                },
                // If the bucket is in the host's name, upper and lower case are the same.
            ) if (a, b) == (scheme, server) && c.eq_ignore_ascii_case(bucket) => {
                match (prefix.starts_with(other), other.starts_with(prefix)) {
                    (true, true) => Relation::Same,
                    (true, false) => Relation::Inside,
                    (false, true) => Relation::Around,
                    (false, false) => Relation::Apart,
                }
            }
            _ => Relation::Apart,
        }
    }
}

/// A server by the one of its names that counts: a bucket of Amazon's is the same in every
/// region's.
fn usual(server: &str) -> String {
    let host = Url::parse(server).ok();
    match host.as_ref().and_then(Url::host_str) {
        Some(host) if host.ends_with(".amazonaws.com") => "amazonaws.com".to_string(),
        Some(host @ ("localhost" | "[::1]")) => server.replace(host, "127.0.0.1"),
        _ => server.to_string(),
    }
}

impl Reader<'_> {
    /// Refuses two settings that are in each other's way, with what flags say of `targets`, which
    /// are meant in this run.
    pub(super) fn check_places(
        &self,
        raw: &RawConfig,
        sources: &[Source],
        key_file: &Path,
        targets: &[Target],
    ) -> Result<()> {
        let mut settings = self.places_of_sources(raw, sources)?;
        let mut names: Vec<&String> = raw.target.keys().collect();
        names.sort_by_key(|name| raw.target[*name].url.span().start);
        for name in names {
            let target = targets.iter().find(|target| target.name == *name);
            settings.extend(self.places_of_target(name, &raw.target[name], target)?);
        }
        let given = targets.iter().filter(|t| !raw.target.contains_key(&t.name));
        for target in given {
            settings = self.with_given(settings, target)?;
        }
        settings.extend(self.place_of_cache()?);
        settings.extend(self.place_of_key(raw, key_file)?);
        for (at, later) in settings.iter().enumerate() {
            for earlier in &settings[..at] {
                if let Some(conflict) = Conflict::between(earlier, later) {
                    return Err(self.refusal(&conflict));
                }
            }
        }
        Ok(())
    }

    fn places_of_sources(&self, raw: &RawConfig, sources: &[Source]) -> Result<Vec<Setting>> {
        let given = self.overrides.get("from");
        let written = |at: usize| match given {
            Some((text, origin)) => (text.clone(), Written::Given(origin.clone())),
            None => {
                let dir = &raw.source[at].dir;
                (dir.get_ref().clone(), Written::File(dir.span()))
            }
        };
        let setting = |(at, source): (usize, &Source)| {
            let (text, written) = written(at);
            Ok(Setting {
                what: What::Source,
                of: None,
                text,
                written,
                choice: Choice::Made,
                located: Located::on_disk(&source.dir)?,
            })
        };
        sources.iter().enumerate().map(setting).collect()
    }

    /// A target of the configuration, and its releases: as the file has them, but for a `state`
    /// that is given for this run.
    fn places_of_target(
        &self,
        name: &str,
        raw: &RawTarget,
        meant: Option<&Target>,
    ) -> Result<[Setting; 2]> {
        let target = self.as_written(name, raw);
        let written = Written::File(raw.url.span());
        let given = self.overrides.get("state").filter(|_| meant.is_some());
        let state = match (given, &raw.state) {
            (Some((text, origin)), _) => Some((text.clone(), Written::Given(origin.clone()))),
            (None, Some(state)) => Some((state.get_ref().clone(), Written::File(state.span()))),
            (None, None) => None,
        };
        let target = match (given, meant) {
            (Some(_), Some(meant)) => Target {
                state: meant.state.clone(),
                ..target
            },
            _ => target,
        };
        of_target(&target, raw.url.get_ref().clone(), written, state).map_err(|error| match error {
            Error::Usage { message, hint } => self.mistake(&raw.url.span(), message, hint),
            other => other,
        })
    }

    /// Adds a target that is given by its URL, unless it is one of the configuration under another
    /// name.
    fn with_given(&self, mut settings: Vec<Setting>, target: &Target) -> Result<Vec<Setting>> {
        let given = |setting| {
            let given = self.overrides.get(setting);
            given.map(|(text, origin)| (text.clone(), Written::Given(origin.clone())))
        };
        let (url, written) = given("to").expect("else the configuration has it");
        let [target, state] = of_target(target, url, written, given("state"))?;
        let is_same = |setting: &Setting, other: &Setting| {
            setting.what == other.what && setting.located.relation(&other.located) == Relation::Same
        };
        let is_known = settings.iter().any(|known| {
            let of = |setting: &&Setting| setting.of == known.of && is_same(setting, &state);
            is_same(known, &target) && settings.iter().any(|setting| of(&setting))
        });
        if !is_known {
            settings.extend([target, state]);
        }
        Ok(settings)
    }

    fn place_of_cache(&self) -> Result<Option<Setting>> {
        let Some((text, origin)) = self.overrides.get("cache") else {
            return Ok(None);
        };
        Ok(Some(Setting {
            what: What::Cache,
            of: None,
            text: text.clone(),
            written: Written::Given(origin.clone()),
            choice: Choice::Made,
            located: Located::on_disk(Path::new(text))?,
        }))
    }

    /// None where no key is named, for commands that need none.
    fn place_of_key(&self, raw: &RawConfig, key_file: &Path) -> Result<Option<Setting>> {
        let written = match (self.overrides.get("key_file"), &raw.key_file) {
            (Some((_, origin)), _) => Written::Given(origin.clone()),
            (None, Some(text)) => Written::File(text.span()),
            (None, None) => return Ok(None),
        };
        Ok(Some(Setting {
            what: What::Key,
            of: None,
            text: shown_key_file(key_file),
            written,
            choice: Choice::Made,
            located: Located::on_disk(key_file)?,
        }))
    }

    fn refusal(&self, conflict: &Conflict<'_>) -> Error {
        let (message, hint) = (conflict.message(), conflict.hint());
        match &conflict.moved.written {
            Written::File(span) => self.mistake(span, message, hint),
            Written::Given(origin) => Error::usage(format!("{message} ({origin})"), hint),
        }
    }
}

/// A target's place, and that of its releases; `state` is how the latter is written, if it is.
fn of_target(
    target: &Target,
    url: String,
    written: Written,
    state: Option<(String, Written)>,
) -> Result<[Setting; 2]> {
    let place = match (&target.state, &target.place) {
        (Some(place), _) => place.clone(),
        (None, Place::Directory(folder)) => Place::Directory(beside(folder)?),
        (None, Place::Bucket(bucket)) => Place::Bucket(Bucket {
            prefix: format!("{}{FOLDER}", bucket.prefix),
            ..bucket.clone()
        }),
    };
    let (text, state, choice) = match state {
        Some((text, written)) => (text, written, Choice::Made),
        None => (
            text_of_default(&url, &place),
            written.clone(),
            Choice::Default,
        ),
    };
    let setting = |what, text, written, place| {
        Ok::<_, Error>(Setting {
            what,
            of: Some(target.name.clone()),
            text,
            written,
            choice: Choice::Made,
            located: Located::of(target, place)?,
        })
    };
    Ok([
        setting(What::Target, url, written, &target.place)?,
        Setting {
            choice,
            ..setting(What::State, text, state, &place)?
        },
    ])
}

/// Returns the default place of releases, in the form in which a user would write it.
fn text_of_default(url: &str, place: &Place) -> String {
    match place.folder() {
        Some(_) => format!("{}.releases", url.trim_end_matches('/')),
        None => command::url(place),
    }
}

/// Two settings that are in each other's way.
struct Conflict<'a> {
    inner: &'a Setting,
    outer: &'a Setting,
    is_same: bool,
    /// The one that is to be written otherwise.
    moved: &'a Setting,
    /// The other one.
    stays: &'a Setting,
}

impl<'a> Conflict<'a> {
    fn between(earlier: &'a Setting, later: &'a Setting) -> Option<Conflict<'a>> {
        let relation = later.located.relation(&earlier.located);
        let (inner, outer) = match relation {
            Relation::Apart => return None,
            Relation::Inside => (later, earlier),
            Relation::Around => (earlier, later),
            Relation::Same if later.what < earlier.what => (earlier, later),
            Relation::Same => (later, earlier),
        };
        let is_same = relation == Relation::Same;
        if !is_in_the_way(inner, outer, is_same) {
            return None;
        }
        let moved = to_move(earlier, later, inner, is_same);
        Some(Conflict {
            inner,
            outer,
            is_same,
            moved,
            stays: if std::ptr::eq(moved, earlier) {
                later
            } else {
                earlier
            },
        })
    }

    fn message(&self) -> String {
        let (inner, outer) = (self.inner.described(), self.outer.described());
        let why = why(self.inner.what, self.outer.what, self.is_same);
        let of_one = (self.inner.what, self.outer.what) == (What::State, What::Target)
            && self.inner.of == self.outer.of;
        if self.is_same && of_one {
            let inner = self.inner.described_as_own();
            format!("{outer} and the place for {inner} are in the same place: {why}")
        } else if self.is_same {
            format!("{outer} and {inner} are in the same place: {why}")
        } else {
            format!("{inner} is inside {outer}: {why}")
        }
    }

    fn hint(&self) -> String {
        let (moved, stays) = (self.moved, self.stays);
        if let (What::Target, What::Target, Some(name)) = (stays.what, moved.what, &stays.of)
            && moved.is_given()
        {
            return format!("this is the target `{name}`: use its name instead of its URL");
        }
        let write = |value: &str| moved.to_write(value);
        match moved.what {
            What::Source => "choose a folder that contains only the files to publish".to_string(),
            What::State if moved.is_given() && stays.is_given() && stays.what == What::State => {
                "publish to one target at a time, and give each its own `--state`".to_string()
            }
            What::Cache => {
                "set ASSETSYNC_CACHE_DIR to a separate folder, or pass `--no-cache`".to_string()
            }
            What::Key if stays.what == What::Target => format!(
                "move the key file and {}; if visitors could already read it, create a new key with `assetsync key new` and push with `--rotate-key`",
                write(&self.elsewhere())
            ),
            What::Key => format!("move the key file and {}", write(&self.elsewhere())),
            What::Target if stays.what == What::Source => format!(
                "{}; or move the files to publish into a separate folder and use that as the source",
                write(&self.elsewhere())
            ),
            What::State
                if stays.what == What::Target
                    && matches!(stays.located, Located::Bucket { .. }) =>
            {
                format!(
                    "create another bucket, which must be private, and {}",
                    write(&self.elsewhere())
                )
            }
            _ => write(&self.elsewhere()),
        }
    }

    /// A place for what has to move, beside what stays.
    fn elsewhere(&self) -> String {
        let (moved, stays) = (self.moved, self.stays);
        let name = moved.of.as_deref().filter(|name| !name.contains(':'));
        match (moved.what, stays.what, &stays.located) {
            (What::State, What::Target, Located::Bucket { scheme, bucket, .. }) => {
                format!("{scheme}://{bucket}-releases/{}", name.unwrap_or("prod"))
            }
            (What::Key, ..) => {
                let file = Path::new(&moved.text).file_name().unwrap_or_default();
                stays.beside(moved, &|_| file.to_string_lossy().into_owned())
            }
            (What::State, What::Target, _) if moved.of == stays.of => {
                stays.beside(moved, &|it| format!("{it}.releases"))
            }
            (what, ..) => {
                let word = match what {
                    What::State => "releases",
                    _ => "published",
                };
                let is_among_targets = stays.of.is_some() && moved.of != stays.of;
                let suffix = match name.filter(|_| is_among_targets) {
                    Some(name) if what == What::State && stays.what == What::Target => {
                        format!("{name}-releases")
                    }
                    Some(name) => name.to_string(),
                    None => word.to_string(),
                };
                stays.beside(moved, &|it| format!("{it}-{suffix}"))
            }
        }
    }
}

/// Checks whether one place must not be inside the other.
fn is_in_the_way(inner: &Setting, outer: &Setting, is_same: bool) -> bool {
    use What::{Key, Source, State, Target};
    let is_in_own_folder =
        matches!(inner.located, Located::Bucket { .. }) && inner.choice == Choice::Default;
    match (inner.what, outer.what) {
        // A source may have another one, at another place of the tree. A key in it is known by its
        // content, and left out.
        (Source | Key, Source) | (Key, Key) => false,
        // `prune` refuses.
        (Target, Target) => is_same,
        // The default place is in a folder with a name that only the key tells.
        (State, Target) if is_in_own_folder => is_same,
        _ => true,
    }
}

/// Returns the one of two places that has to move.
fn to_move<'a>(
    earlier: &'a Setting,
    later: &'a Setting,
    inner: &'a Setting,
    is_same: bool,
) -> &'a Setting {
    use What::{State, Target};
    match (earlier.is_given(), later.is_given()) {
        (true, false) => return earlier,
        (false, true) => return later,
        _ => {}
    }
    match (earlier.what, later.what) {
        // A target in another target's releases is a mistake: the target has to move.
        (Target, State) if earlier.of != later.of && is_same => earlier,
        (State, Target) if earlier.of != later.of && is_same => later,
        (Target, State) | (State, Target) if earlier.of != later.of => inner,
        (what, other) if what > other => earlier,
        _ => later,
    }
}

fn why(inner: What, outer: What, is_same: bool) -> &'static str {
    use What::{Cache, Key, Source, State, Target};
    match (inner, outer) {
        (Target, Source) => "each push would publish the output of earlier ones again",
        (State, Source) => {
            "a push would publish the releases, which list every file, including solutions"
        }
        (Source, Target) => "visitors could read every original file",
        (State, Target) => {
            "visitors could read the releases, which list every file, including solutions"
        }
        (Target, State) => "public and private files would share a folder",
        (State, State) if is_same => "a push to one would replace the release of the other",
        (Target, Target) => "a push to one would overwrite the pages of the other",
        (Key, Target) => "visitors could read the key, which reveals every name",
        (Cache, Source | Target) => "visitors could read its data about every file",
        _ => "each needs its own place",
    }
}
