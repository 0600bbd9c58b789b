//! Multipart uploads: begun, sent in parts, finished under preconditions, or given up.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use md5::{Digest as _, Md5};

use super::documents::{CompletedPart, Outcome, completion, document, element, invalid, refuse};
use super::objects::{STORED_WITH, check_body, is_same};
use super::{Errand, Object, Refusal, Setup, State, etag};
use crate::support::serving::reply;

/// Every part of an upload but the last is at least as large.
pub const PART_BYTES_MIN: usize = 5 << 20;
const PARTS_MAX: u16 = 10_000;

/// An object whose bytes come in parts.
pub struct Upload {
    pub bucket: String,
    pub key: String,
    object: Object,
    parts: BTreeMap<u16, Part>,
}

struct Part {
    etag: String,
    bytes: Vec<u8>,
}

impl State {
    pub fn begin_upload(&mut self, errand: &Errand<'_>) -> Outcome {
        errand.accept(STORED_WITH)?;
        errand.reject("if-none-match if-match")?;
        // A policy on overwriting is about the request that makes the object.
        self.authorize(errand, Setup::NoCreate)?;
        let object = self.described(errand)?;
        self.uploads_begun += 1;
        let id = format!("2~upload.{}", self.uploads_begun);
        let names = element("Bucket", errand.bucket) + &element("Key", errand.key);
        let names = names + &element("UploadId", &id);
        let upload = Upload {
            bucket: errand.bucket.to_owned(),
            key: errand.key.to_owned(),
            object,
            parts: BTreeMap::new(),
        };
        self.uploads.insert(id, upload);
        let root =
            format!("<InitiateMultipartUploadResult>{names}</InitiateMultipartUploadResult>");
        Ok(document(200, &root))
    }

    pub fn put_part(&mut self, errand: &Errand<'_>) -> Outcome {
        errand.accept("x-amz-checksum-sha256 x-amz-sdk-checksum-algorithm")?;
        errand.reject("if-none-match if-match")?;
        self.authorize(errand, Setup::NoCreate)?;
        let number = errand.call.parameter("partNumber").unwrap_or_default();
        let number = number.parse().ok();
        let number = number.filter(|number| (1..=PARTS_MAX).contains(number));
        let Some(number) = number else {
            let message = "Part number must be an integer between 1 and 10000, inclusive";
            return Err(invalid(message));
        };
        check_body(errand)?;
        let upload = self.upload(errand)?;
        let part = Part {
            etag: etag(&errand.call.body),
            bytes: errand.call.body.clone(),
        };
        let told = part.etag.clone();
        upload.parts.insert(number, part);
        Ok(reply(200, &[("etag", told)], ""))
    }

    /// What is refused can be finished later, or must be given up.
    pub fn finish_upload(&mut self, errand: &Errand<'_>) -> Outcome {
        errand.accept("")?;
        self.check_may_write(errand)?;
        let wanted = completion(&errand.call.body)?;
        let object = self.upload(errand)?.assemble(&wanted.part)?;
        let object = self.commit(errand, object)?;
        self.uploads
            .remove(errand.call.parameter("uploadId").unwrap_or_default());
        let names = element("Bucket", errand.bucket) + &element("Key", errand.key);
        let names = names + &element("ETag", &object.etag);
        let root =
            format!("<CompleteMultipartUploadResult>{names}</CompleteMultipartUploadResult>");
        Ok(document(200, &root))
    }

    pub fn abort_upload(&mut self, errand: &Errand<'_>) -> Outcome {
        errand.accept("")?;
        self.authorize(errand, Setup::NoCreate)?;
        self.upload(errand)?;
        self.uploads
            .remove(errand.call.parameter("uploadId").unwrap_or_default());
        Ok(reply(204, &[], ""))
    }

    fn upload(&mut self, errand: &Errand<'_>) -> Outcome<&mut Upload> {
        let id = errand.call.parameter("uploadId").unwrap_or_default();
        let upload = self.uploads.get_mut(id);
        let is_here =
            |upload: &&mut Upload| upload.bucket == errand.bucket && upload.key == errand.key;
        upload.filter(is_here).ok_or_else(|| {
            let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
            refuse(404, "NoSuchUpload", message).with("UploadId", id)
        })
    }
}

impl Upload {
    /// The object of these parts.
    fn assemble(&self, wanted: &[CompletedPart]) -> Outcome<Object> {
        if !wanted.is_sorted_by(|a, b| a.number < b.number) {
            let message = "The list of parts was not in ascending order. The parts list must be specified in order by part number.";
            return Err(refuse(400, "InvalidPartOrder", message));
        }
        let parts = wanted.iter().map(|one| self.part(one));
        let parts = parts.collect::<Outcome<Vec<&Part>>>()?;
        let all_but_last = parts.split_last().map_or(&[][..], |(_, rest)| rest);
        if all_but_last
            .iter()
            .any(|part| part.bytes.len() < PART_BYTES_MIN)
        {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            return Err(refuse(400, "EntityTooSmall", message));
        }
        let bytes: Vec<&[u8]> = parts.iter().map(|part| part.bytes.as_slice()).collect();
        let sums = parts.iter().map(|part| Md5::digest(&part.bytes));
        let sum = sums.fold(Md5::new(), |sum, part| sum.chain_update(part));
        let sum = HEXLOWER.encode(&sum.finalize());
        Ok(Object {
            bytes: bytes.concat(),
            etag: format!("\"{sum}-{}\"", parts.len()),
            ..self.object.clone()
        })
    }

    fn part(&self, wanted: &CompletedPart) -> Outcome<&Part> {
        let part = self.parts.get(&wanted.number);
        let part = part.filter(|part| is_same(&wanted.etag, &part.etag));
        if wanted.checksum_sha256.is_some() {
            return Err(super::not_implemented());
        }
        part.ok_or_else(no_such_part)
    }
}

fn no_such_part() -> Refusal {
    let message = "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    refuse(400, "InvalidPart", message)
}
