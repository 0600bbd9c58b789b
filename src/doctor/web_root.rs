//! Checks whether a web server seems to show the releases of a folder. Others configure the server,
//! so this looks for signs, and requests a probe.

use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use futures_util::future::join_all;

use super::readers::{STATE, STATE_OPEN_WHY, STATE_WHY};
use super::remedy::{Remedy, Step};
use super::{Finding, Subject};
use crate::base::disk::spot::{Relation, Spot};
use crate::base::hint::Verb;
use crate::config::{CONFIG_FILE, Place, Target};
use crate::release::layout::{ROOT, beside};
use crate::release::root::Nonce;
use crate::store::command::{quoted, url};
use crate::store::stranger::{Question, Stranger};
use crate::store::{PutMode, StoreError};

pub(super) const CHECK: &str = "releases-private";
pub(super) const WHY: &str = "the releases name every object, including solutions";

/// A folder with one of these is shown by a web server, or about to be.
const INDEXES: [&str; 4] = ["index.html", "index.htm", "index.xhtml", "index.php"];

/// Number of folders above the published one that are checked whatever its URL: sites keep static
/// files a few levels down.
const LOOKED_UP: usize = 3;

/// Content of a probe among the releases.
const PROBE: &[u8] = b"assetsync doctor tests whether visitors can read this";

/// Largest number of URLs at which the probe is requested.
const ASKED_MAX: usize = 16;

/// Releases in a folder that is taken for one that visitors see.
struct Shown<'a> {
    releases: PathBuf,
    /// Number of levels from the published folder up to the visible one.
    up: usize,
    sign: Sign<'a>,
}

/// Sign that visitors see a folder.
enum Sign<'a> {
    /// It has a page that servers show by themselves.
    Index(PathBuf),
    /// The published folder is below the top of a site, at this path.
    PublicUrl(&'a str),
}

/// Refuses releases that a web server seems to show: none if they are elsewhere, or in a bucket.
pub(super) fn judge(target: &Target) -> Option<Finding> {
    let folder = target.place.folder()?;
    let shown = shown(target, folder)?;
    let (releases, published) = (shown.releases.display(), folder.display());
    let text = match &shown.sign {
        Sign::Index(index) => format!(
            "a web server that serves `{}` also serves the releases in `{releases}`",
            index.display()
        ),
        Sign::PublicUrl(path) => format!(
            "`public_url` has the path `{path}`, so a web server serves more than `{published}`, and perhaps the releases in `{releases}`"
        ),
    };
    Some(Finding::failed(CHECK, WHY, text).fix(remedy(target, folder, &shown)))
}

fn shown<'a>(target: &'a Target, folder: &Path) -> Option<Shown<'a>> {
    let (releases, is_default) = match &target.state {
        Some(place) => (place.folder()?.to_path_buf(), false),
        None => (beside(folder).ok()?, true),
    };
    let path = target.public_url.as_ref().map_or("", |url| url.path());
    let depth = depth(path);
    let (place, spot) = (Spot::of(&releases).ok()?, Spot::of(folder).ok()?.path());
    let looked_up = if is_default {
        depth.max(LOOKED_UP)
    } else {
        depth.max(1)
    };
    let mut with_index = (1..=looked_up).rev().filter_map(|up| {
        let index = index_around(&place, spot.ancestors().nth(up)?)?;
        Some((up, index))
    });
    let (up, sign) = match (with_index.next(), is_default && depth > 0) {
        (Some((up, index)), _) => (up, Sign::Index(index)),
        (None, true) => (1, Sign::PublicUrl(path)),
        (None, false) => return None,
    };
    let up = up.max(depth);
    Some(Shown { releases, up, sign })
}

/// The page of a folder that has `place` in it.
fn index_around(place: &Spot, folder: &Path) -> Option<PathBuf> {
    let index = index_of(folder)?;
    let is_in = Spot::of(folder).is_ok_and(|folder| place.relation(&folder) == Relation::Inside);
    is_in.then_some(index)
}

/// Checks whether a folder has a page that servers show by themselves.
pub(crate) fn has_index(folder: &Path) -> bool {
    index_of(folder).is_some()
}

fn index_of(folder: &Path) -> Option<PathBuf> {
    let mut all = INDEXES.iter().map(|name| folder.join(name));
    all.find(|index| index.is_file())
}

/// Returns the depth of a URL's path below the top of its site.
fn depth(path: &str) -> usize {
    path.split('/').filter(|part| !part.is_empty()).count()
}

/// A place for the releases of `folder` beside the folder that is so many above it, in whose stead
/// visitors see that one.
pub(crate) fn outside(folder: &Path, up: usize) -> Option<PathBuf> {
    let whole = std::path::absolute(folder).ok()?;
    let above = whole.ancestors().nth(up + 1)?;
    let mut name = whole.file_name()?.to_os_string();
    name.push(".releases");
    // As people write it, where that is possible.
    let is_down = folder
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let is_below = folder.components().count() > up;
    Some(if folder.is_relative() && is_down && is_below {
        folder.ancestors().nth(up + 1)?.join(name)
    } else {
        above.join(name)
    })
}

fn remedy(target: &Target, folder: &Path, shown: &Shown<'_>) -> Remedy {
    let Some(place) = outside(folder, shown.up) else {
        return "set `state = \"file:FOLDER\"` to a folder that no web server serves".into();
    };
    // Paths of a configuration are relative to it, and this one may be elsewhere.
    let place = if Path::new(CONFIG_FILE).exists() || target.is_bare() {
        place
    } else {
        std::path::absolute(&place).unwrap_or(place)
    };
    let state = url(&Place::Directory(place.clone()));
    let is_there = shown.releases.join(ROOT).exists();
    let words = [&shown.releases, &place].map(|path| quoted(&path.display().to_string()));
    let mv = is_there.then(|| Step::Run(format!("mv {}", words.join(" "))));
    let moved = Target {
        state: Some(Place::Directory(place)),
        ..target.clone()
    };
    let adopt = is_there.then(|| moved.command(Verb::ReleasesAdopt));
    if target.is_bare() {
        return mend_bare(mv, &state, adopt);
    }
    let write = Step::Write {
        line: format!("state = \"{state}\""),
        table: format!("target.{}", target.name),
    };
    let steps = mv.into_iter().chain([write]);
    let steps = steps.chain(adopt.map(Step::Run)).collect();
    Remedy::all(steps).because("a folder that no web server serves; keep it out of git")
}

/// The same for a target without a configuration, in which the new place could be written.
fn mend_bare(mv: Option<Step>, state: &str, adopt: Option<String>) -> Remedy {
    let last = adopt.map(|adopt| format!(", starting with `{adopt}`"));
    let pass = Remedy::from(format!(
        "pass `--state {}` to every command{}",
        quoted(state),
        last.unwrap_or_default()
    ));
    match mv {
        Some(mv) => Remedy::all(vec![mv]).by_hand().then(pass),
        None => pass,
    }
}

/// Asks for the releases at `public_url` and above it, as a stranger does.
pub(super) async fn ask(subject: &Subject<'_>, folder: &Path, releases: &Path) -> Option<Finding> {
    let urls = urls(subject.target, folder, releases);
    let first = urls.first()?.clone();
    let Nonce(nonce) = Nonce::random();
    let key = format!("probe-{nonce}");
    let probe = Bytes::from_static(PROBE);
    // That nothing can be written there is told by another check.
    let write = subject.state.write(&key, probe, &PutMode::Create);
    let version = write.await.ok()?;
    let heard = try_all(&subject.stranger, &urls, &key).await;
    if let Err(error) = subject.state.delete(&key, &version).await {
        return Some(Finding::unknown(STATE, STATE_WHY, error.message));
    }
    Some(match heard {
        Ok(None) => {
            let text = format!("strangers can't read the releases at `{first}` or above it");
            Finding::passed(STATE, STATE_WHY, text)
        }
        Ok(Some(url)) => {
            let text = format!("strangers can read the releases at `{url}`");
            Finding::failed(STATE, STATE_OPEN_WHY, text).fix(hide(subject.target))
        }
        Err(error) => Finding::unknown(STATE, STATE_WHY, error.message),
    })
}

/// Returns the fix for releases that a web server shows.
fn hide(target: &Target) -> Remedy {
    judge(target).map_or_else(
        || Remedy::from("configure the server not to serve that folder, or set `state` to one that it doesn't serve"),
        |finding| finding.remedy,
    )
}

/// The first of `urls` at which a stranger gets the document `key`.
async fn try_all(
    stranger: &Stranger,
    urls: &[String],
    key: &str,
) -> Result<Option<String>, StoreError> {
    let asked = urls.iter().map(|url| async move {
        let heard = stranger.ask(&Question::get(&format!("{url}{key}"))).await?;
        Ok::<_, StoreError>((heard.body == PROBE).then(|| url.clone()))
    });
    let heard = join_all(asked).await;
    match heard.iter().find_map(|heard| heard.as_ref().ok()?.clone()) {
        Some(url) => Ok(Some(url)),
        None => heard
            .into_iter()
            .find_map(Result::err)
            .map_or(Ok(None), Err),
    }
}

/// Returns the URLs at which the releases might be, if visitors see the published folder at
/// `public_url`, and the folders above it at the URLs above.
fn urls(target: &Target, folder: &Path, releases: &Path) -> Vec<String> {
    let (Some(base), Ok(folder), Ok(releases)) =
        (&target.public_url, Spot::of(folder), Spot::of(releases))
    else {
        return Vec::new();
    };
    let (folder, releases) = (folder.path(), releases.path());
    let segments: Vec<&str> = base
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let mut urls = Vec::new();
    for up in 0..=segments.len() {
        let mut at = base.clone();
        let path = segments[..segments.len() - up]
            .iter()
            .map(|part| format!("/{part}"));
        at.set_path(&(path.collect::<String>() + "/"));
        let last = segments.last().filter(|_| up == 1);
        for path in paths_below(folder.ancestors().nth(up), &releases, last.copied()) {
            urls.push(format!("{at}{}/", crate::base::path::url_path(&path)));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    urls.retain(|url| seen.insert(url.clone()));
    urls.truncate(ASKED_MAX);
    urls
}

/// Paths at which releases may be below the URL of the folder `above`: where they are in it, by
/// their name alone, and by that of `last`, the last part of the URL below.
fn paths_below(
    above: Option<&Path>,
    releases: &Path,
    last: Option<&str>,
) -> impl Iterator<Item = String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let in_it = above.and_then(|above| releases.strip_prefix(above).ok());
    let name = releases.file_name();
    let paths = [
        in_it.map(text),
        name.map(|name| name.to_string_lossy().into_owned()),
        last.map(|last| format!("{last}.releases")),
    ];
    paths.into_iter().flatten()
}

#[cfg(test)]
mod tests;
