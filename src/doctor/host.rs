//! Tries what the target says of the host before it: a page for a folder, and a page for names that
//! aren't there.

use std::fs;
use std::path::Path;

use http::StatusCode;

use super::published;
use super::strangers::try_reading;
use super::{Finding, Subject};
use crate::base::path::{LogicalPath, ObjectKey};
use crate::base::text::plain;
use crate::config::INDEX;
use crate::release::root::Nonce;
use crate::store::body::{Body, Content};
use crate::store::probe::PUBLISHED;
use crate::store::stranger::Response;
use crate::store::{PutMode, StoreError, StoreErrorKind};

const INDEX_CHECK: &str = "index";
const INDEX_WHY: &str = "links to folders lead to these pages";
const NOT_FOUND: &str = "not-found";
const NOT_FOUND_WHY: &str = "visitors with an old link get this page";

/// Advice where a host shows no pages for folders.
pub(crate) const SHOW_INDEX: &str = "configure the host to show `index.html` for folders: \
     the default document of a CDN, the website setting of a bucket, \
     or the index file of a web server. \
     Or remove `index` from the target: the next push then lists the links to folders, \
     which must end in `index.html`";

/// Advice where a host doesn't show the page for names that aren't there.
pub(crate) const SHOW_NOT_FOUND: &str = "configure the host to answer with this page and the status 404 (its error document), or remove \
     `not_found` from the target";

/// Tries both, as far as the target says that there are such pages.
pub(super) async fn examine(subject: &Subject<'_>) -> Vec<Finding> {
    let host = &subject.target.host;
    let index = async {
        match &host.index {
            Some(_) => Some(try_index(subject).await),
            None => None,
        }
    };
    let not_found = async {
        match &host.not_found {
            Some(page) => Some(try_not_found(subject, page).await),
            None => None,
        }
    };
    let (index, not_found) = futures_util::join!(index, not_found);
    index.into_iter().chain(not_found).collect()
}

/// Returns the address at which visitors find what is under a key; none for a folder without a web
/// server that is known.
fn url(subject: &Subject<'_>, key: &str) -> Option<String> {
    let key = ObjectKey::parse(key).ok()?;
    match &subject.target.public_url {
        Some(base) => Some(format!("{base}{}", key.url_path())),
        None if subject.target.place.folder().is_some() => None,
        None => Some(subject.store.url(&key)),
    }
}

/// Publishes a page in a folder of its own, asks for the folder, and takes both away.
async fn try_index(subject: &Subject<'_>) -> Finding {
    let Nonce(nonce) = Nonce::random();
    let folder = format!("assetsync-doctor-{nonce}");
    let key = format!("{folder}/{INDEX}");
    let Some(page) = url(subject, &key) else {
        return Finding::unknown(
            INDEX_CHECK,
            INDEX_WHY,
            "not tried: the target has no `public_url`",
        );
    };
    let asked = page.strip_suffix(INDEX).unwrap_or(&page).to_string();
    let heard = match subject.target.place.folder() {
        Some(root) => in_folder(subject, &root.join(&folder), asked).await,
        None => in_bucket(subject, &key, asked).await,
    };
    match heard {
        Ok(heard) => judge_index(&heard),
        Err(error) => Finding::unknown(INDEX_CHECK, INDEX_WHY, error.message),
    }
}

fn judge_index(heard: &Response) -> Finding {
    if heard.status == StatusCode::OK && heard.body == PUBLISHED {
        let text = format!("the host shows `{INDEX}` for a folder");
        return Finding::passed(INDEX_CHECK, INDEX_WHY, text);
    }
    let text = format!(
        "the host doesn't show `{INDEX}` for a folder: {}",
        heard.status
    );
    Finding::failed(INDEX_CHECK, INDEX_WHY, text).fix(SHOW_INDEX)
}

async fn in_bucket(
    subject: &Subject<'_>,
    key: &str,
    asked: String,
) -> Result<Response, StoreError> {
    let object = published::probe_page(subject, key);
    let body = Body {
        content: Content::Memory(bytes::Bytes::from_static(PUBLISHED)),
        is_gzipped: false,
    };
    let stored = subject.store.put(&object, body, &PutMode::Create).await?;
    let heard = try_reading(subject, asked).await;
    match subject.store.delete(key, &stored.version).await {
        Ok(()) => heard,
        Err(mut error) => {
            error.message += &format!(
                "; the page `{key}` stays ({} bytes, harmless, safe to delete)",
                PUBLISHED.len()
            );
            Err(error)
        }
    }
}

async fn in_folder(
    subject: &Subject<'_>,
    folder: &Path,
    asked: String,
) -> Result<Response, StoreError> {
    let failed = |e: std::io::Error| {
        let message = format!("Cannot write to `{}`: {}", folder.display(), plain(&e));
        StoreError::new(StoreErrorKind::Other, message)
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let written = fs::write(folder.join(INDEX), PUBLISHED);
    let heard = try_reading(subject, asked).await;
    fs::remove_dir_all(folder).map_err(failed)?;
    written.map_err(failed)?;
    heard
}

/// Asks for the page, and for a name that isn't there.
async fn try_not_found(subject: &Subject<'_>, page: &LogicalPath) -> Finding {
    let Nonce(nonce) = Nonce::random();
    let urls = (
        url(subject, page.as_str()),
        url(subject, &format!("{nonce}.html")),
    );
    let (Some(page_url), Some(nowhere)) = urls else {
        let text = "not tried: the target has no `public_url`";
        return Finding::unknown(NOT_FOUND, NOT_FOUND_WHY, text);
    };
    let asked = (
        try_reading(subject, page_url),
        try_reading(subject, nowhere),
    );
    match futures_util::join!(asked.0, asked.1) {
        (Ok(shown), Ok(nowhere)) => judge_not_found(page, &shown, &nowhere),
        (Err(error), _) | (_, Err(error)) => {
            Finding::unknown(NOT_FOUND, NOT_FOUND_WHY, error.message)
        }
    }
}

/// Judges what is shown at a page's own name, and where nothing is.
fn judge_not_found(page: &LogicalPath, shown: &Response, nowhere: &Response) -> Finding {
    match (shown.status, nowhere.status) {
        (StatusCode::OK, StatusCode::NOT_FOUND) if shown.body == nowhere.body => Finding::passed(
            NOT_FOUND,
            NOT_FOUND_WHY,
            format!("the host shows `{page}` for missing names"),
        ),
        (StatusCode::OK, status) => {
            let seen = match status {
                StatusCode::NOT_FOUND => "it answers 404 with different content".to_string(),
                status => format!("it answers {status}"),
            };
            let text = format!("the host doesn't show `{page}` for missing names: {seen}");
            Finding::failed(NOT_FOUND, NOT_FOUND_WHY, text).fix(SHOW_NOT_FOUND)
        }
        (status, _) => Finding::unknown(
            NOT_FOUND,
            NOT_FOUND_WHY,
            format!("`{page}` can't be read, and may not be published yet: {status}"),
        ),
    }
}
