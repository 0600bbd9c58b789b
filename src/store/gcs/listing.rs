//! Listing of a bucket: page by page, and in several ranges side by side if it's long.

use futures_util::future::try_join_all;
use http::Method;
use serde::Deserialize;

use super::{FIELDS, Gcs, Item, encode, parse};
use crate::store::http::Call;
use crate::store::pages::{PAGE_BYTES_MAX, Pages};
use crate::store::{Listing, StoreError, ranges};

impl Gcs {
    /// Lists everything below the prefix, with one request for 1,000 objects. Each request waits
    /// for the one before. So the rest of a large bucket is listed after the first page in up to 16
    /// ranges side by side, with about one more request for each at most.
    pub(super) async fn list_all(&self) -> Result<Listing, StoreError> {
        let page = self.page(&Range::default(), "").await?;
        let mut pages = Pages::default();
        pages.turn(page.keys(), page.next())?;
        let mut listed = page.items;
        if !page.next_page_token.is_empty() {
            let last = listed.last().map(|last| last.name.clone());
            let last = last.unwrap_or_default();
            listed.extend(self.list_rest(&last, page.next_page_token, pages).await?);
        }
        let below = |item: Item| {
            let key = item.name.strip_prefix(&self.prefix).unwrap_or(&item.name);
            (key.to_string(), item.stored())
        };
        Ok(listed.into_iter().map(below).collect())
    }

    /// Reads a page of a listing, of names from `range`.
    async fn page(&self, range: &Range, page_token: &str) -> Result<Page, StoreError> {
        let mut url = format!(
            "{}/storage/v1/b/{}/o?maxResults=1000",
            self.server, self.bucket
        );
        for (name, value) in [
            ("prefix", self.prefix.as_str()),
            ("fields", &format!("nextPageToken,items({FIELDS})")),
            ("startOffset", &range.begin),
            ("endOffset", &range.end),
            ("pageToken", page_token),
        ] {
            if !value.is_empty() {
                url += &format!("&{name}={}", encode(value));
            }
        }
        let doing = format!("list the bucket `{}`", self.bucket);
        let mut call = Call::new(Method::GET, url, doing);
        call.body_bytes_max = PAGE_BYTES_MAX;
        let reply = self.expect(&call).await?;
        parse(&call, &reply)
    }

    /// Lists `range` from the page of `page_token` on.
    async fn list_on(
        &self,
        range: Range,
        mut page_token: String,
        mut pages: Pages,
    ) -> Result<Vec<Item>, StoreError> {
        let mut listed = Vec::new();
        loop {
            let page = self.page(&range, &page_token).await?;
            pages.turn(page.keys(), page.next())?;
            listed.extend(page.items);
            if page.next_page_token.is_empty() {
                return Ok(listed);
            }
            page_token = page.next_page_token;
        }
    }

    /// Lists everything after a first page: in ranges side by side if its last name can be used to
    /// cut the rest, otherwise page by page.
    async fn list_rest(
        &self,
        last: &str,
        page_token: String,
        first: Pages,
    ) -> Result<Vec<Item>, StoreError> {
        let cuts = ranges::cuts(last.strip_prefix(&self.prefix).unwrap_or_default());
        if cuts.is_empty() {
            return self.list_on(Range::default(), page_token, first).await;
        }
        // A page's token is valid only for the same request, so the first range begins with the
        // last name again.
        let cuts = cuts.iter().map(|cut| self.full(cut));
        let begins = std::iter::once(last.to_string()).chain(cuts.clone());
        let ends = cuts.chain([String::new()]);
        let ranges = begins.zip(ends).map(|(begin, end)| {
            let range = Range { begin, end };
            self.list_on(range, String::new(), Pages::default())
        });
        let listed = try_join_all(ranges).await?;
        Ok(listed.into_iter().flatten().collect())
    }
}

/// Range of names to list: from `begin` on, and before `end`. An empty string stands for no bound.
#[derive(Debug, Default)]
struct Range {
    begin: String,
    end: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    next_page_token: String,
}

impl Page {
    /// Returns the first and the last name; `None` for an empty page.
    fn keys(&self) -> Option<(&str, &str)> {
        let (first, last) = (self.items.first()?, self.items.last()?);
        Some((&first.name, &last.name))
    }

    /// Returns the token of the next page; `None` if this is the last.
    fn next(&self) -> Option<&str> {
        Some(self.next_page_token.as_str()).filter(|token| !token.is_empty())
    }
}
