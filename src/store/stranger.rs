//! Client without credentials, which tests by real requests what the whole world can do with a
//! target.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use object_store::client::HttpRequest;

pub use super::http::BodySink;
use super::http::{Call, Http, Reply, Sign};
use super::{StoreError, StoreErrorKind, Timeouts};

/// Time to wait for an answer, retries included.
const WAIT: Duration = Duration::from_secs(5);

/// Time for which requests are tried again, so once or twice.
const AGAIN: Duration = Duration::from_secs(2);

/// Size of an answer's body that is read, in bytes, unless the question sets another one.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Client that signs nothing.
#[derive(Debug)]
pub struct Stranger {
    http: Http,
    /// Time limit of an answer, retries included; none if it's enough that the answer keeps moving.
    wait: Option<Duration>,
}

/// Request of a stranger.
#[derive(Debug, Clone)]
pub struct Question(Call);

/// Answer to a stranger.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body; for a long one, its beginning.
    pub body: Bytes,
}

impl Question {
    /// Makes a request without headers and body.
    pub fn new(method: Method, url: &str) -> Question {
        let call = Call::new(method, url.to_string(), "send an anonymous request");
        Question(call.for_content(BODY_BYTES_MAX))
    }

    /// Makes a `GET` request.
    pub fn get(url: &str) -> Question {
        Question::new(Method::GET, url)
    }

    /// Returns the URL.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Adds a header, which must be valid.
    #[must_use]
    pub fn header(self, name: &'static str, value: &str) -> Question {
        Question(self.0.header(name, value))
    }

    /// Adds a body.
    #[must_use]
    pub fn body(self, bytes: Bytes) -> Question {
        Question(self.0.body([bytes]))
    }

    /// Passes the body of a successful answer to `pour` instead of keeping it: about `bytes_max`
    /// bytes of it.
    #[must_use]
    pub fn pouring(mut self, pour: Arc<Mutex<dyn BodySink>>, bytes_max: u64) -> Question {
        self.0.pour = Some((pour, bytes_max));
        self
    }

    /// Sets the size of the answer's body that is read, in bytes.
    #[must_use]
    pub fn taking(mut self, bytes_max: usize) -> Question {
        self.0.body_bytes_max = bytes_max;
        self
    }
}

impl Stranger {
    /// Makes a client that waits five seconds for an answer.
    pub fn new() -> Stranger {
        let timeouts = Timeouts {
            deadline: AGAIN,
            stall: WAIT,
            backoff: Duration::from_millis(500),
        };
        Stranger {
            http: Http::new(timeouts),
            wait: Some(WAIT),
        }
    }

    /// Makes a client that has time for long answers.
    pub fn with_timeouts(timeouts: Timeouts) -> Stranger {
        Stranger {
            http: Http::new(timeouts),
            wait: None,
        }
    }

    /// Sends a request. The answer may have any status; redirects aren't followed.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unreachable`] if there is no answer in time.
    pub async fn ask(&self, question: &Question) -> Result<Response, StoreError> {
        let Question(call) = question;
        let answer = self.http.send(call, &Nobody);
        let reply = match self.wait {
            None => answer.await?,
            Some(wait) => tokio::time::timeout(wait, answer).await.map_err(|_| {
                let message = format!("Cannot {}: no answer in {} s", call.doing, wait.as_secs());
                StoreError::new(StoreErrorKind::Unreachable, message)
            })??,
        };
        Ok(Response {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        })
    }

    /// Returns the number of requests sent so far.
    pub fn requests(&self) -> u64 {
        self.http.requests()
    }
}

impl Default for Stranger {
    fn default() -> Stranger {
        Stranger::new()
    }
}

impl Response {
    /// Returns true if this is a listing of a bucket, in any of the formats of S3 and Google, and
    /// not another page with the status 200.
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

/// Signer without credentials.
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
mod tests;
