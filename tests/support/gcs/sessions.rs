//! Resumable sessions: uploads in chunks.

use super::*;

impl State {
    pub(super) fn in_session(&mut self, call: &Call, bucket: &str, id: &str) -> Outcome {
        accept(call, &["uploadType upload_id"])?;
        let found = self
            .sessions
            .remove(id)
            .filter(|upload| upload.bucket == bucket);
        let Some(mut upload) = found else {
            return refuse(404, "notFound", "No such upload session");
        };
        let answer = match (call.head.method.as_str(), &upload.stage) {
            (_, Stage::Ended(status)) => refuse(*status, "", "The upload session has ended."),
            ("PUT" | "POST", Stage::Open) => self.resume(&mut upload, call),
            ("DELETE", Stage::Open) => {
                upload.stage = Stage::Ended(499);
                refuse(499, "", "")
            }
            // Whatever is sent to a finished session, the answer is its object.
            (_, Stage::Done(resource)) => Ok(json_reply(200, resource)),
            _ => refuse(405, "methodNotAllowed", "Method Not Allowed"),
        };
        self.sessions.insert(id.to_owned(), upload);
        answer
    }

    fn resume(&mut self, upload: &mut Upload, call: &Call) -> Outcome {
        upload.append(call, self.persist_bytes_max.unwrap_or(usize::MAX))?;
        let held = upload.object.bytes.len();
        if upload.total_bytes != Some(held) {
            let range = held
                .checked_sub(1)
                .map(|last| ("range", format!("bytes=0-{last}")));
            return Ok(reply(308, range.as_slice(), ""));
        }
        let stored = self.commit(upload);
        upload.stage = match &stored {
            Ok(resource) => Stage::Done(resource.clone()),
            // All bytes are there: the last chunk can be sent again.
            Err(refusal) if refusal.status == 429 => Stage::Open,
            Err(_) => Stage::Ended(410),
        };
        Ok(json_reply(200, &stored?))
    }
}

impl Upload {
    /// Takes in a chunk; without one, the request asks how far the session is.
    fn append(&mut self, call: &Call, keep_bytes_max: usize) -> Outcome<()> {
        let (held, sent) = (self.object.bytes.len(), call.body.len());
        let range = match call.header("content-range") {
            None => Some((Some((0, sent)), Some(sent))),
            Some(range) => content_range(range),
        };
        let Some((span, total)) = range else {
            return refuse(400, "", "Failed to parse Content-Range header.");
        };
        let Some((first, end)) = span else {
            // To name the size that is there already ends an upload of unknown size.
            let named = total.filter(|total| *total == held);
            self.total_bytes = self.total_bytes.or(named);
            return plain(
                sent == 0,
                "Client sent query request with a non-empty body.",
            );
        };
        if first > held {
            let message = format!("The upload offset {first} exceeds the uploaded size {held}.");
            return refuse(503, "", message);
        }
        let total = total.or(self.total_bytes);
        let agrees = self.total_bytes.is_none() || self.total_bytes == total;
        let fits = total.is_none_or(|total| end <= total);
        let whole_units = total == Some(end) || sent % CHUNK_UNIT_BYTES == 0;
        plain(
            end - first == sent,
            "The body is not as long as the Content-Range.",
        )?;
        plain(
            agrees && fits,
            "The Content-Range conflicts with the size of the upload.",
        )?;
        plain(
            whole_units,
            "Only the last chunk may be no multiple of 256 KiB.",
        )?;
        // What is there already is not stored again.
        let new = call.body.get(held - first..).unwrap_or_default();
        let new = &new[..new.len().min(keep_bytes_max)];
        self.object.bytes.extend_from_slice(new);
        self.total_bytes = total;
        Ok(())
    }
}

/// `bytes 0-9/20` is (0, 10) and 20; for a `*` there is no span, or no size.
fn content_range(text: &str) -> Option<(Option<Span>, Option<usize>)> {
    let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    if span == "*" {
        return Some((None, total));
    }
    let (first, last) = span.split_once('-')?;
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    let end = last.checked_add(1).filter(|end| first < *end)?;
    Some((Some((first, end)), total))
}
