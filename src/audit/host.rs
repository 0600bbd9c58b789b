//! Checks the host in front of a target by the configuration: pages for folders, and a page for
//! names that don't exist.

use http::StatusCode;

use super::finding::{Address, Finding, Kind};
use super::measure::{Measure, Measured};
use super::visit::Visit;
use crate::base::path::{LogicalPath, ObjectKey};
use crate::config::INDEX;
use crate::doctor::{SHOW_INDEX, SHOW_NOT_FOUND};
use crate::release::manifest::{Entry, Manifest};
use crate::release::root::Nonce;
use crate::store::StoreError;
use crate::store::stranger::{BodySink, Question, Response};

/// The largest page that is compared, in bytes.
const PAGE_BYTES_MAX: usize = 32 << 20;

/// Everything that isn't as the target says.
pub(super) async fn look(visit: &Visit<'_>, manifest: &Manifest) -> Vec<Finding> {
    let host = &visit.subject.target.host;
    let index = async {
        match &host.index {
            Some(_) => index(visit, manifest).await,
            None => None,
        }
    };
    let not_found = async {
        match &host.not_found {
            Some(page) => not_found(visit, manifest, page).await,
            None => None,
        }
    };
    let (index, not_found) = futures_util::join!(index, not_found);
    index.into_iter().chain(not_found).collect()
}

/// Returns the address at which visitors read what is under a key; none for a folder without a web
/// server that is known.
fn address(visit: &Visit<'_>, key: &ObjectKey) -> Option<(Address, String)> {
    visit.addresses(key).pop()
}

/// Asks for the folder of a page: one that isn't at the top, if there is one, since many hosts know
/// that one alone.
async fn index(visit: &Visit<'_>, manifest: &Manifest) -> Option<Finding> {
    let pages = manifest
        .published()
        .filter(|entry| is_plain(entry) && entry.path.rsplit('/').next() == Some(INDEX));
    let page = pages.max_by_key(|entry| entry.path.matches('/').count().min(1))?;
    let (address, url) = address(visit, &page.key)?;
    let url = url.strip_suffix(INDEX)?;
    let answer = ask(visit, page, url).await;
    let wanted = format!("`{}` when `{}` is requested", page.path, folder(&page.path));
    judge(answer, page, StatusCode::OK, wanted).map(|finding| finding.at(address).fix(SHOW_INDEX))
}

fn folder(path: &str) -> &str {
    match path.strip_suffix(INDEX) {
        None | Some("") => "/",
        Some(folder) => folder,
    }
}

/// Asks for a name that isn't there.
async fn not_found(visit: &Visit<'_>, manifest: &Manifest, page: &LogicalPath) -> Option<Finding> {
    let entry = manifest.find(page.as_str());
    let Some(entry) = entry.filter(|entry| entry.stored.is_some() && is_plain(entry)) else {
        let wanted = format!("`{page}` under its own name, as `not_found` requires");
        let fix =
            "publish it (a rule with `names = \"plain\"`), or remove `not_found` from the target";
        return Some(Finding::failed(Kind::Host, wanted, "the release doesn't have it").fix(fix));
    };
    let Nonce(nonce) = Nonce::random();
    let name =
        ObjectKey::parse(&format!("{nonce}.html")).expect("digits, letters and a dot are a key");
    let (address, url) = address(visit, &name)?;
    let answer = ask(visit, entry, &url).await;
    let wanted = format!("404 with `{page}` for missing names");
    judge(answer, entry, StatusCode::NOT_FOUND, wanted)
        .map(|finding| finding.at(address).fix(SHOW_NOT_FOUND))
}

/// Says whether an entry's name is its path, so that it can be told.
fn is_plain(entry: &Entry) -> bool {
    !entry.is_keyed() && entry.key.as_str() == &*entry.path
}

/// Takes in the body whatever the status is, which says what it is.
async fn ask(visit: &Visit<'_>, entry: &Entry, url: &str) -> Result<Response, StoreError> {
    let bytes_max = usize::try_from(entry.size_bytes.saturating_add(1)).unwrap_or(usize::MAX);
    let question = Question::get(url).taking(bytes_max.min(PAGE_BYTES_MAX));
    visit.ask(&question).await
}

fn judge(
    heard: Result<Response, StoreError>,
    entry: &Entry,
    status: StatusCode,
    wanted: String,
) -> Option<Finding> {
    let heard = match heard {
        Ok(heard) => heard,
        Err(error) => {
            let finding = Finding::unknown(Kind::Unanswered, error.message.clone());
            return Some(finding.fix(error.hint.to_string()));
        }
    };
    let mut measure = Measure::new(entry.size_bytes, &[]);
    measure.take(&heard.body);
    let Measured(levels) = measure.measured();
    let is_page = levels.iter().any(|level| level.digest == entry.digest);
    let seen = match (heard.status == status, is_page) {
        (true, true) => return None,
        (true, false) => format!("{} with different content", heard.status),
        (false, _) => heard.status.to_string(),
    };
    Some(Finding::failed(Kind::Host, wanted, seen))
}
