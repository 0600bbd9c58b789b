//! Address of a bucket: its server, its region, and its URL there.

use http::StatusCode;
use url::Url;

use crate::base::text::plain_words;
use crate::store::http::failed::deepest;
use crate::store::http::text;
use crate::store::http::wire::{QUESTION, reqwest_client};
use crate::store::location::{Addressing, Target};
use crate::store::{StoreError, StoreErrorKind, environment};

/// Returns the target with S3's settings from the environment, if it doesn't come from a
/// configuration, or if it's on Google's storage and keeps its releases on S3.
pub(super) fn with_environment(target: &Target) -> Result<Target, StoreError> {
    let mut target = target.clone();
    if target.endpoint.is_none() {
        target.endpoint = environment::s3_endpoint()?.map(|(_, url)| url);
    }
    if target.region.is_none() {
        target.region = environment::s3_region()?.map(|(_, region)| region);
    }
    Ok(target)
}

/// Returns the server's URL without credentials: an endpoint, or Amazon's.
pub(in crate::store) fn server(target: &Target) -> String {
    match &target.endpoint {
        Some(url) => url.origin().ascii_serialization(),
        None => "https://s3.amazonaws.com".to_string(),
    }
}

/// Returns a bucket's URL, without a final slash. Amazon's servers need the bucket in the host.
/// Others mostly need it in the path, as do names with dots, which no certificate covers.
pub(in crate::store) fn bucket_url(target: &Target, bucket: &str, region: &str) -> String {
    let endpoint = target.endpoint.clone();
    let usual = if endpoint.is_some() || bucket.contains('.') {
        Addressing::Path
    } else {
        Addressing::Virtual
    };
    let amazon = || Url::parse(&format!("https://s3.{region}.amazonaws.com")).ok();
    let server = endpoint.or_else(amazon);
    let server = server.as_ref().map_or("https://s3.amazonaws.com", |url| {
        url.as_str().trim_end_matches('/')
    });
    match (target.addressing.unwrap_or(usual), server.split_once("://")) {
        (Addressing::Virtual, Some((scheme, host))) => format!("{scheme}://{bucket}.{host}"),
        _ => format!("{server}/{bucket}"),
    }
}

/// Returns the bucket's URL, if it's valid.
pub(super) fn url_of_bucket(
    target: &Target,
    bucket: &str,
    region: &str,
) -> Result<String, StoreError> {
    let url = bucket_url(target, bucket, region);
    match Url::parse(&url) {
        Ok(_) => Ok(url),
        Err(_) => {
            let message =
                format!("`{url}` isn't a valid URL: a bucket name cannot precede an IP address");
            Err(StoreError::new(StoreErrorKind::Other, message)
                .hint("use a host name in `endpoint`, or set `addressing = \"path\"`"))
        }
    }
}

/// Asks Amazon for a bucket's region, which isn't secret.
pub(super) async fn region_of(bucket: &str) -> Result<String, StoreError> {
    let unknown = |why: &str| {
        let message = format!("Cannot determine the region of the bucket `{bucket}`: {why}");
        StoreError::new(StoreErrorKind::Region, message)
            .hint("set the target's `region`, or AWS_REGION")
    };
    let unanswered = |error: reqwest::Error| {
        let why = plain_words(deepest(&error));
        unknown(&why)
            .hint("check the network, or set the target's `region` (or AWS_REGION) to skip this request")
            .caused_by(error.without_url())
    };
    let url = if bucket.contains('.') {
        format!("https://s3.amazonaws.com/{bucket}")
    } else {
        format!("https://{bucket}.s3.amazonaws.com")
    };
    let asked = reqwest_client()?.head(url).timeout(QUESTION).send().await;
    let answer = asked.map_err(unanswered)?;
    match text(answer.headers(), "x-amz-bucket-region") {
        Some(region) => Ok(region.to_string()),
        None if answer.status() == StatusCode::NOT_FOUND => Err(unknown("no such bucket")),
        None => Err(unknown(&format!("Amazon answered {}", answer.status()))),
    }
}

pub(super) fn encode_query(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests;
