//! Listing of a bucket: page by page, and in several ranges side by side if it's long.

use futures_util::future::try_join_all;
use http::Method;

use super::documents::{ListBucket, ListedObject, decode_key, parse};
use super::{S3, encode_query};
use crate::store::http::Call;
use crate::store::pages::{PAGE_BYTES_MAX, Pages};
use crate::store::{Listing, StoreError, ranges};

impl S3 {
    /// Lists everything below the prefix, with one request for 1,000 objects. Each request waits
    /// for the one before. So the rest of a large bucket is listed after the first page in up to 16
    /// ranges side by side, with about one more request for each at most.
    pub(super) async fn list_all(&self) -> Result<Listing, StoreError> {
        let page = self.page(&Begin::Start).await?;
        let next = page.next()?;
        let mut pages = Pages::default();
        pages.turn(page.keys(), next.as_deref())?;
        let mut listed = page.contents;
        if let Some(next) = next {
            let last = listed
                .last()
                .and_then(|last| last.key.strip_prefix(&self.prefix));
            let cuts = last.map(ranges::cuts).unwrap_or_default();
            listed.extend(self.list_rest(next, &cuts, pages).await?);
        }
        let below = |item: ListedObject| {
            let key = item.key.strip_prefix(&self.prefix).unwrap_or(&item.key);
            (key.to_string(), item.stored())
        };
        Ok(listed.into_iter().map(below).collect())
    }

    async fn page(&self, from: &Begin) -> Result<ListBucket, StoreError> {
        let mut url = format!(
            "{}/?list-type=2&encoding-type=url&max-keys=1000",
            self.bucket_url
        );
        url += &format!("&prefix={}", encode_query(&self.prefix));
        match from {
            Begin::Start => {}
            Begin::After(key) => url += &format!("&start-after={}", encode_query(key)),
            Begin::Token(token) => url += &format!("&continuation-token={}", encode_query(token)),
        }
        let doing = format!("list the bucket `{}`", self.bucket);
        let mut call = Call::new(Method::GET, url, doing);
        call.body_bytes_max = PAGE_BYTES_MAX;
        let reply = self.expect(&call).await?;
        let mut page: ListBucket = parse(&call, &reply)?;
        if page.encoding_type.as_deref() == Some("url") {
            page.contents
                .iter_mut()
                .for_each(|item| item.key = decode_key(&item.key));
        }
        Ok(page)
    }

    /// Lists page by page, to the end or until a key is beyond `until`.
    async fn list_on(
        &self,
        mut from: Begin,
        until: Option<&str>,
        mut pages: Pages,
    ) -> Result<Vec<ListedObject>, StoreError> {
        let mut listed = Vec::new();
        loop {
            let page = self.page(&from).await?;
            let is_beyond =
                |item: &ListedObject| until.is_some_and(|until| item.key.as_str() > until);
            let is_done = page.contents.last().is_some_and(is_beyond);
            let next = page.next()?;
            pages.turn(page.keys(), next.as_deref())?;
            listed.extend(page.contents);
            match next {
                Some(next) if !is_done => from = Begin::Token(next),
                _ => return Ok(listed),
            }
        }
    }

    /// Lists everything after a first page, side by side in the ranges between `cuts` (keys without
    /// the prefix).
    async fn list_rest(
        &self,
        next: String,
        cuts: &[String],
        first: Pages,
    ) -> Result<Vec<ListedObject>, StoreError> {
        let cuts: Vec<String> = cuts
            .iter()
            .map(|cut| format!("{}{cut}", self.prefix))
            .collect();
        let begins =
            std::iter::once(Begin::Token(next)).chain(cuts.iter().cloned().map(Begin::After));
        let ends = cuts.iter().map(|cut| Some(cut.as_str())).chain([None]);
        // The first range goes on where the first page ended; the others begin after their cut.
        let pages = std::iter::once(first).chain(std::iter::repeat_with(Pages::default));
        let ranges = begins
            .zip(ends)
            .zip(pages)
            .map(|((begin, end), pages)| self.list_on(begin, end, pages));
        Ok(try_join_all(ranges).await?.concat())
    }
}

/// Start of a page of a listing.
#[derive(Debug)]
enum Begin {
    Start,
    After(String),
    Token(String),
}
