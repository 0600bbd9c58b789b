//! A folder: whether we can write it, and others can't.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::rights::ROOT_WHY;
use super::web_root::{CHECK, WHY};
use super::{Finding, Subject, host, root, web_root};
use crate::base::disk::spot::{Relation, Spot};
use crate::base::text::plain;
use crate::release::layout::Home;
use crate::release::root::Nonce;
use crate::store::{PutMode, Store, StoreError, StoreErrorKind};

pub(super) async fn examine(subject: &Subject<'_>, folder: &Path) -> Vec<Finding> {
    const WRITE: &str = "nothing can be published without write access";
    let state = state_folder(subject);
    let mut findings = vec![
        written("write", WRITE, try_writing_to(folder)),
        written("releases", ROOT_WHY, try_writing(&*subject.state).await),
        root::judge(subject).await,
    ];
    findings.extend(open_to_others("permissions", folder));
    findings.extend(host::examine(subject).await);
    if let Some(state) = state {
        let shown = web_root::judge(subject.target);
        findings.push(shown.unwrap_or_else(|| outside(&state, folder)));
        findings.extend(web_root::ask(subject, folder, &state).await);
        findings.extend(open_to_others("releases-permissions", &state));
    }
    findings
}

fn state_folder(subject: &Subject<'_>) -> Option<PathBuf> {
    match &subject.home {
        Home::Elsewhere(place) => place.folder().map(Path::to_path_buf),
        Home::Within(_) => None,
    }
}

/// Makes a file among those that are published, and takes it away.
fn try_writing_to(folder: &Path) -> Result<(), StoreError> {
    let tried = std::fs::create_dir_all(folder).and_then(|()| {
        tempfile::Builder::new()
            .prefix(".assetsync-probe-")
            .tempfile_in(folder)?
            .close()
    });
    tried.map_err(|e| {
        let message = format!("Cannot write to `{}`: {}", folder.display(), plain(&e));
        StoreError::new(StoreErrorKind::Other, message)
            .hint("make the user that publishes the folder's owner, or run this as that user")
    })
}

async fn try_writing(store: &dyn Store) -> Result<(), StoreError> {
    let Nonce(nonce) = Nonce::random();
    let key = format!("probe-{nonce}");
    let bytes = Bytes::from_static(b"assetsync doctor was here");
    let version = store.write(&key, bytes, &PutMode::Create).await?;
    store.delete(&key, &version).await
}

fn written(check: &'static str, why: &'static str, tried: Result<(), StoreError>) -> Finding {
    match tried {
        Ok(()) => Finding::passed(check, why, "can write and delete"),
        Err(error) => Finding::failed(check, why, error.message).fix(error.hint),
    }
}

/// Checks whether a server that shows the folder shows the releases as well.
fn outside(state: &Path, folder: &Path) -> Finding {
    let (Ok(state), Ok(folder)) = (Spot::of(state), Spot::of(folder)) else {
        let text = "cannot follow the path of the releases or of the published folder";
        return Finding::unknown(CHECK, WHY, text);
    };
    if matches!(state.relation(&folder), Relation::Same | Relation::Inside) {
        Finding::failed(CHECK, WHY, "the releases are inside the published folder")
            .fix("set `state = \"file:FOLDER\"` to a folder next to the published one")
    } else {
        Finding::passed(CHECK, WHY, "the releases are outside the published folder")
    }
}

#[cfg(unix)]
fn open_to_others(check: &'static str, folder: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    const WHY: &str = "anyone who can write there can change what players see";
    let metadata = std::fs::metadata(folder).ok()?;
    let mode = metadata.permissions().mode() & 0o7777;
    Some(match mode & 0o002 {
        0 => Finding::passed(
            check,
            WHY,
            format!("other users can't write (mode {mode:04o})"),
        ),
        _ => Finding::failed(
            check,
            WHY,
            format!("every user of this machine can write there (mode {mode:04o})"),
        )
        .fix(format!("chmod o-w {}", folder.display())),
    })
}

#[cfg(not(unix))]
fn open_to_others(_check: &'static str, _folder: &Path) -> Option<Finding> {
    None
}
