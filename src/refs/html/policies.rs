//! Digests in pages: of files that elements load, and in policies.

use std::ops::Range;

use super::attributes::{self, Element};
use super::{Decode, Page};
use crate::refs::digest::{self, Digest, Digested, Loading, Sums, Value, Written};

impl<'a> Page<'a> {
    /// Adds the digests of the file that an element loads; or a place for one, `at`, behind the
    /// element's name. Its references are those from `first` on.
    pub(super) fn integrity(&mut self, element: &Decode, at: usize, first: usize) {
        let value = |name: &str| {
            let mut attributes = element.attributes.iter();
            attributes.find(|(other, _)| *other == name)
        };
        let source = attributes::source_of_integrity(element).and_then(value);
        if let Some((_, url)) = source {
            self.found.digests.extend(digest::of_element(&Loading {
                references: &self.found.references[first..],
                url: url.raw(0)..url.raw(url.text().len()),
                integrity: value("integrity").map(|(_, integrity)| integrity),
                has_crossorigin: value("crossorigin").is_some(),
                at,
                is_to_be_checked: self.extra.adds_integrity
                    && attributes::is_run_or_applied(element),
            }));
        }
    }

    /// Notes the digests of a `<meta>` with a policy. One that only reports can't be in a page.
    pub(super) fn policy(&mut self, element: &Decode) {
        let is_policy = |header: &str| header.eq_ignore_ascii_case("content-security-policy");
        if element.name() != "meta" || !element.attribute("http-equiv").is_some_and(is_policy) {
            return;
        }
        let mut attributes = element.attributes.iter();
        if let Some((_, value)) = attributes.find(|(name, _)| *name == "content") {
            let found = digest::in_policy(value.text()).into_iter();
            self.policies.extend(found.map(|found| digest::Found {
                range: value.raw(found.range.start)..value.raw(found.range.end),
                ..found
            }));
        }
    }

    /// Notes a script or style that a policy may have a digest of.
    pub(super) fn stands_inline(&mut self, range: Range<usize>, written: Written) {
        if !self.policies.is_empty() && range.start <= range.end {
            self.inline.push((range, written));
        }
    }

    /// Finds the script, style or file that each digest of a policy is of.
    pub(super) fn match_policies(&mut self) {
        let inline = self.sums_of_inline();
        for found in std::mem::take(&mut self.policies) {
            let algorithm = found.algorithm;
            let mut texts = inline.iter();
            let of_text = texts.find(|(_, sums)| sums.by(algorithm) == found.value);
            let value = Value::Written(found.value);
            // A script that a page loads passes by the digest in its `integrity`.
            let of_file = || {
                let mut digests = self.found.digests.iter();
                digests.find(|digest| digest.algorithm == algorithm && digest.value == value)
            };
            let of = match of_text {
                Some((of, _)) => Some(of.clone()),
                None => of_file().map(|digest| digest.of.clone()),
            };
            self.found.digests.extend(of.map(|of| Digest {
                span: found.range,
                algorithm,
                value,
                of,
            }));
        }
    }

    fn sums_of_inline(&mut self) -> Vec<(Digested, Sums)> {
        let inline = std::mem::take(&mut self.inline).into_iter();
        inline
            .filter_map(|(range, written)| {
                let text = digest::text_of(self.text.get(range.clone())?, written);
                Some((Digested::Text(range, written), Sums::of(text.as_bytes())))
            })
            .collect()
    }
}
