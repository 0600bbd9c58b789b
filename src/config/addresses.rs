//! Addresses as people write them in a configuration: of a target, a page, a server.

use crate::base::error::Result;
use crate::base::mask::{credentials_hint, has_credentials, shown};
use crate::base::path::LogicalPath;
use crate::store::environment::server_url;
use crate::store::location::{INDEX, Place, SCHEMES};
use std::path::Path;
use url::Url;

/// Largest size of a name on file systems in bytes, minus the suffix that assetsync adds.
pub(super) const NAME_BYTES_MAX: usize = 255 - ".releases".len();

/// The same for a whole path, minus the names below it.
pub(super) const PATH_BYTES_MAX: usize = 4096 - crate::base::path::KEY_BYTES_MAX;

pub(super) const URL_HINT: &str =
    "write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`";

/// Returns the hint for a target's URL that can't be used.
pub(super) fn url_hint(url: &str) -> &'static str {
    match credentials_hint(url) {
        "" => URL_HINT,
        hint => hint,
    }
}

pub(super) fn parse_place(url: &str, folder: &Path) -> Result<Place, String> {
    if has_credentials(url) {
        return Err(format!("`{}` contains credentials", shown(url)));
    }
    if !url.starts_with("file:") && url.contains(['?', '#']) {
        let shown = shown(url);
        return Err(format!(
            "`{shown}` contains a query or a fragment (`?` or `#`)"
        ));
    }
    if let Some(path) = url.strip_prefix("file:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err("the URL `file:` is missing a folder".to_string());
        }
        let is_too_long = |name: &str| name.len() > NAME_BYTES_MAX;
        if path.len() > PATH_BYTES_MAX || path.split('/').any(is_too_long) {
            let shown = crate::base::text::shortened(url);
            return Err(format!("`{shown}` is too long for a folder"));
        }
        if path.contains('\0') {
            return Err(format!(
                "`{}` contains a NUL",
                crate::base::text::escape(url)
            ));
        }
        if path.starts_with("~/") {
            return Err(format!(
                "`{url}`: only a shell expands `~`, so write the whole path"
            ));
        }
        return Ok(Place::Directory(folder.join(path)));
    }
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| format!("`{url}` isn't a target URL"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty()
        || !bucket
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b))
    {
        return Err(format!("`{url}` has no valid bucket name"));
    }
    let prefix = match prefix.trim_matches('/') {
        "" => String::new(),
        text => {
            // As part of a key: some names are taken for folders only.
            crate::base::path::ObjectKey::parse(&format!("{text}/x"))
                .map_err(|why| format!("invalid prefix in `{url}`: {why}"))?;
            format!("{text}/")
        }
    };
    let known = SCHEMES.iter().find(|(known, _)| *known == scheme);
    let (_, cloud) = known.ok_or_else(|| format!("`{url}` has the unknown scheme `{scheme}`"))?;
    Ok(Place::in_cloud(*cloud, bucket, &prefix))
}

pub(super) fn parse_index(text: &str) -> Result<String, String> {
    if text == INDEX {
        Ok(text.to_string())
    } else {
        Err(format!("index is `{}`, but must be `{INDEX}`", shown(text)))
    }
}

pub(super) fn parse_page(text: &str) -> Result<LogicalPath, String> {
    LogicalPath::parse(text).map_err(|_| {
        format!(
            "not_found is `{}`, but must be a path in the tree, such as `404.html`",
            shown(text)
        )
    })
}

pub(super) fn no_region(text: &str) -> String {
    let shown = shown(text);
    format!("region is `{shown}`, but must be a region such as `us-east-1`")
}

pub(super) fn parse_url(setting: &str, text: &str) -> Result<Url, String> {
    server_url(text).ok_or_else(|| {
        let shown = shown(text);
        let example = match setting {
            "endpoint" => "https://s3.example.org",
            _ => "https://cdn.example.org/static/",
        };
        format!("{setting} is `{shown}`, but must be a URL such as `{example}`")
    })
}

pub(super) fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}
