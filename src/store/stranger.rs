//! Somebody without credentials: what the whole world gets to see of a target, really tried.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use object_store::client::HttpRequest;

pub use super::http::Pour;
use super::http::{Call, Http, Reply, Sign};
use super::{Patience, StoreError, StoreErrorKind};

/// How long a stranger waits for an answer, tries included.
const WAIT: Duration = Duration::from_secs(5);

/// Tried again until then, so once or twice.
const AGAIN: Duration = Duration::from_secs(2);

/// How much of an answer is taken in, in bytes, unless it's asked for more.
const BODY_BYTES_MAX: usize = 64 << 10;

/// A client that signs nothing.
#[derive(Debug)]
pub struct Stranger {
    http: Http,
    /// How long an answer may take, tries included; none if only its moving counts.
    wait: Option<Duration>,
}

/// What a stranger asks.
#[derive(Debug, Clone)]
pub struct Question(Call);

/// What a stranger is answered.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; of a long one, its beginning.
    pub body: Bytes,
}

impl Question {
    /// A request without headers and body.
    pub fn new(method: Method, url: &str) -> Question {
        let call = Call::new(method, url.to_string(), "ask as a stranger");
        Question(call.for_content(BODY_BYTES_MAX))
    }

    /// A `GET`.
    pub fn get(url: &str) -> Question {
        Question::new(Method::GET, url)
    }

    /// Where it goes.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The same with a header, which must be a valid one.
    #[must_use]
    pub fn header(self, name: &'static str, value: &str) -> Question {
        Question(self.0.header(name, value))
    }

    /// The same with a body.
    #[must_use]
    pub fn body(self, bytes: Bytes) -> Question {
        Question(self.0.body([bytes]))
    }

    /// The same, with the body of a successful answer passed on, and not taken in: about `bytes_max` bytes of it.
    #[must_use]
    pub fn pouring(mut self, pour: Arc<Mutex<dyn Pour>>, bytes_max: u64) -> Question {
        self.0.pour = Some((pour, bytes_max));
        self
    }

    /// The same, with so much of the answer's body taken in, in bytes.
    #[must_use]
    pub fn taking(mut self, bytes_max: usize) -> Question {
        self.0.body_bytes_max = bytes_max;
        self
    }
}

impl Stranger {
    /// Knows nobody, and waits five seconds for an answer.
    pub fn new() -> Stranger {
        let patience = Patience {
            deadline: AGAIN,
            stall: WAIT,
            backoff: Duration::from_millis(500),
        };
        Stranger {
            http: Http::new(patience),
            wait: Some(WAIT),
        }
    }

    /// Knows nobody, and has time for long answers.
    pub fn patient(patience: Patience) -> Stranger {
        Stranger {
            http: Http::new(patience),
            wait: None,
        }
    }

    /// Asks. Whatever the status is, it's an answer; redirects aren't followed.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unreachable`] if there's none in time.
    pub async fn ask(&self, question: &Question) -> Result<Heard, StoreError> {
        let Question(call) = question;
        let answer = self.http.send(call, &Nobody);
        let reply = match self.wait {
            None => answer.await?,
            Some(wait) => tokio::time::timeout(wait, answer).await.map_err(|_| {
                let message = format!("Cannot {}: no answer in {} s", call.doing, wait.as_secs());
                StoreError::new(StoreErrorKind::Unreachable, message)
            })??,
        };
        Ok(Heard {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        })
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u64 {
        self.http.requests()
    }
}

impl Default for Stranger {
    fn default() -> Stranger {
        Stranger::new()
    }
}

impl Heard {
    /// Whether this is a listing of a bucket, in any of the forms that S3 and Google have, and not some page with the status
    /// 200.
    pub fn is_listing(&self) -> bool {
        const MARKS: [&[u8]; 5] = [
            b"<ListBucketResult",
            b"<ListVersionsResult",
            b"<ListMultipartUploadsResult",
            b"\"storage#objects\"",
            b"\"nextPageToken\"",
        ];
        self.status.is_success()
            && MARKS
                .iter()
                .any(|mark| memchr::memmem::find(&self.body, mark).is_some())
    }
}

/// No credentials.
struct Nobody;

#[async_trait]
impl Sign for Nobody {
    async fn sign(&self, _request: &mut HttpRequest, _sha256: &[u8; 32]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn has_expired(&self, _reply: &Reply) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(status: StatusCode, body: &'static str) -> Heard {
        Heard {
            status,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn a_listing_is_told_from_a_page() {
        let xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"></ListBucketResult>";
        assert!(heard(StatusCode::OK, xml).is_listing());
        assert!(heard(StatusCode::OK, "{\"kind\":\"storage#objects\"}").is_listing());
        assert!(
            heard(StatusCode::OK, "<ListVersionsResult/>").is_listing(),
            "old versions have names too"
        );
        assert!(!heard(StatusCode::FORBIDDEN, xml).is_listing());
        assert!(
            !heard(StatusCode::OK, "<!doctype html><title>The hunt</title>").is_listing(),
            "the page of a site that a CDN shows"
        );
    }
}
