//! Whether the releases of a folder are where a web server shows them: it's set up by somebody else, so it's told by signs, and by
//! asking it.

use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use futures_util::future::join_all;

use super::mend::{Mend, Step};
use super::readers::{STATE, STATE_WHY};
use super::{Finding, Patient};
use crate::config::command::{quoted, url};
use crate::config::{CONFIG_FILE, Place, Target};
use crate::release::layout::{ROOT, beside};
use crate::release::root::Nonce;
use crate::spot::{Relation, Spot};
use crate::store::stranger::{Question, Stranger};
use crate::store::{PutMode, StoreError};

pub(super) const CHECK: &str = "releases-private";
pub(super) const WHY: &str = "the releases name every object, those of solutions too";

/// A folder with one of these is shown by a web server, or about to be.
const INDEXES: [&str; 4] = ["index.html", "index.htm", "index.xhtml", "index.php"];

/// How many folders above a published one are looked at, whatever its URL: sites have their static files a few folders down.
const LOOKED_UP: usize = 3;

/// What a probe among the releases says.
const PROBE: &[u8] = b"assetsync doctor looks whether visitors can read this";

/// How many URLs are asked for it.
const ASKED_MAX: usize = 16;

/// Releases in a folder that is taken for one that visitors see.
struct Shown<'a> {
    releases: PathBuf,
    /// How many folders above the published one that is.
    up: usize,
    sign: Sign<'a>,
}

/// What tells that visitors see a folder.
enum Sign<'a> {
    /// It has a page that servers show by themselves.
    Index(PathBuf),
    /// The published folder is below the top of a site, at this path.
    PublicUrl(&'a str),
}

/// Refuses releases that a web server seems to show: none if they are elsewhere, or in a bucket.
pub(super) fn judge(target: &Target) -> Option<Finding> {
    let Place::Directory(folder) = &target.place else {
        return None;
    };
    let shown = shown(target, folder)?;
    let (releases, published) = (shown.releases.display(), folder.display());
    let text = match &shown.sign {
        Sign::Index(index) => format!(
            "a web server that shows `{}` shows the releases in `{releases}`, too",
            index.display()
        ),
        Sign::PublicUrl(path) => format!(
            "`public_url` has the path `{path}`, so a web server shows more than `{published}`, and perhaps the releases in `{releases}`"
        ),
    };
    Some(Finding::failed(CHECK, WHY, text).fix(mend(target, folder, &shown)))
}

fn shown<'a>(target: &'a Target, folder: &Path) -> Option<Shown<'a>> {
    let (releases, is_default) = match &target.state {
        Some(Place::Directory(state)) => (state.clone(), false),
        Some(_) => return None,
        None => (beside(folder).ok()?, true),
    };
    let path = target.public_url.as_ref().map_or("", |url| url.path());
    let depth = depth(path);
    let (place, spot) = (Spot::of(&releases).ok()?, Spot::of(folder).ok()?.path());
    let looked_up = match is_default {
        true => depth.max(LOOKED_UP),
        false => depth.max(1),
    };
    let mut with_index = (1..=looked_up).rev().filter_map(|up| {
        let above = spot.ancestors().nth(up)?;
        let index = index_of(above)?;
        let is_in = Spot::of(above).is_ok_and(|above| place.relation(&above) == Relation::Inside);
        is_in.then_some((up, index))
    });
    let (up, sign) = match (with_index.next(), is_default && depth > 0) {
        (Some((up, index)), _) => (up, Sign::Index(index)),
        (None, true) => (1, Sign::PublicUrl(path)),
        (None, false) => return None,
    };
    let up = up.max(depth);
    Some(Shown { releases, up, sign })
}

/// Whether a folder has a page that servers show by themselves.
pub(crate) fn has_index(folder: &Path) -> bool {
    index_of(folder).is_some()
}

fn index_of(folder: &Path) -> Option<PathBuf> {
    let mut all = INDEXES.iter().map(|name| folder.join(name));
    all.find(|index| index.is_file())
}

/// How far below the top of its site a URL's path is.
fn depth(path: &str) -> usize {
    path.split('/').filter(|part| !part.is_empty()).count()
}

/// A place for the releases of `folder` beside the folder that is so many above it, in whose stead visitors see that one.
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
    Some(match folder.is_relative() && is_down && is_below {
        true => folder.ancestors().nth(up + 1)?.join(name),
        false => above.join(name),
    })
}

fn mend(target: &Target, folder: &Path, shown: &Shown<'_>) -> Mend {
    let Some(place) = outside(folder, shown.up) else {
        return "set `state = \"file:FOLDER\"` to a folder that no web server shows".into();
    };
    // Paths of a configuration are relative to it, and this one may be elsewhere.
    let place = match Path::new(CONFIG_FILE).exists() || target.is_bare() {
        true => place,
        false => std::path::absolute(&place).unwrap_or(place),
    };
    let state = url(&Place::Directory(place.clone()));
    let mut steps = Vec::new();
    let is_there = shown.releases.join(ROOT).exists();
    if is_there {
        let words = [&shown.releases, &place].map(|path| quoted(&path.display().to_string()));
        steps.push(Step::Run(format!("mv {}", words.join(" "))));
    }
    let moved = Target {
        state: Some(Place::Directory(place)),
        ..target.clone()
    };
    let adopt = moved.command("releases adopt");
    if target.is_bare() {
        let first = Mend::all(steps).text;
        let first = if first.is_empty() {
            first
        } else {
            first + "; then "
        };
        let last = if is_there {
            format!(", beginning with `{adopt}`")
        } else {
            String::new()
        };
        return format!(
            "{first}give `--state {}` with every command{last}",
            quoted(&state)
        )
        .into();
    }
    steps.push(Step::Write {
        line: format!("state = \"{state}\""),
        table: format!("target.{}", target.name),
    });
    if is_there {
        steps.push(Step::Run(adopt));
    }
    Mend::all(steps).because("a folder that no web server shows; keep it out of git")
}

/// Asks for the releases at `public_url` and above it, as a stranger does.
pub(super) async fn ask(patient: &Patient<'_>, folder: &Path, releases: &Path) -> Option<Finding> {
    let urls = urls(patient.target, folder, releases);
    let first = urls.first()?.clone();
    let Nonce(nonce) = Nonce::random();
    let key = format!("probe-{nonce}");
    let probe = Bytes::from_static(PROBE);
    // That nothing can be written there is told by another check.
    let version = patient
        .state
        .write(&key, probe, &PutMode::Create)
        .await
        .ok()?;
    let heard = try_all(&patient.stranger, &urls, &key).await;
    if let Err(error) = patient.state.delete(&key, &version).await {
        return Some(Finding::unknown(STATE, STATE_WHY, error.message));
    }
    Some(match heard {
        Ok(None) => {
            let text = format!("strangers don't get the releases at `{first}`, nor above it");
            Finding::passed(STATE, STATE_WHY, text)
        }
        Ok(Some(url)) => {
            let text = format!("strangers can read the releases at `{url}`");
            let fix = judge(patient.target).map_or_else(
                || Mend::from("let the server show nothing of that folder, or set `state` to one that it doesn't show"),
                |finding| Mend { text: finding.fix, steps: finding.steps },
            );
            Finding::failed(STATE, STATE_WHY, text).fix(fix)
        }
        Err(error) => Finding::unknown(STATE, STATE_WHY, error.message),
    })
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

/// Where the releases may be had, if visitors see the published folder at `public_url`, and the folders above it at the URLs above.
fn urls(target: &Target, folder: &Path, releases: &Path) -> Vec<String> {
    let (Some(base), Ok(folder), Ok(releases)) =
        (&target.public_url, Spot::of(folder), Spot::of(releases))
    else {
        return Vec::new();
    };
    let (folder, releases) = (folder.path(), releases.path());
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
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
        let in_it = folder
            .ancestors()
            .nth(up)
            .and_then(|above| releases.strip_prefix(above).ok());
        let of_url = segments
            .last()
            .filter(|_| up == 1)
            .map(|last| format!("{last}.releases"));
        let paths = [
            in_it.map(|path| path.to_string_lossy().into_owned()),
            name(&releases),
            of_url,
        ];
        for path in paths.into_iter().flatten() {
            urls.push(format!("{at}{}/", crate::path::url_path(&path)));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    urls.retain(|url| seen.insert(url.clone()));
    urls.truncate(ASKED_MAX);
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(public_url: &str) -> Target {
        Target {
            place: Place::Directory("site/htdocs/live".into()),
            public_url: (!public_url.is_empty()).then(|| public_url.parse().expect("a URL")),
            state: None,
            ..super::super::settings::tests::target()
        }
    }

    #[test]
    fn releases_are_asked_for_at_the_url_and_all_above_it() {
        let asked = |public_url: &str, releases: &str| {
            urls(
                &target(public_url),
                Path::new("site/htdocs/live"),
                Path::new(releases),
            )
        };
        assert_eq!(
            asked("https://x.example/art/now/", "site/htdocs/live.releases"),
            [
                "https://x.example/art/now/live.releases/",
                "https://x.example/art/live.releases/",
                "https://x.example/art/now.releases/",
                "https://x.example/htdocs/live.releases/",
                "https://x.example/live.releases/",
            ]
        );
        assert_eq!(asked("", "site/htdocs/live.releases"), [""; 0]);
    }

    #[test]
    fn the_place_outside_is_beside_the_folder_that_visitors_see() {
        let outside = |folder: &str, up| outside(Path::new(folder), up).expect("a place");
        assert_eq!(outside("htdocs/live", 1), Path::new("live.releases"));
        assert_eq!(outside("a/htdocs/x/live", 2), Path::new("a/live.releases"));
        assert_eq!(
            outside("/srv/htdocs/live", 1),
            Path::new("/srv/live.releases")
        );
        assert!(outside("live", 1).is_absolute());
        assert!(outside("../htdocs/live", 1).is_absolute());
    }
}
