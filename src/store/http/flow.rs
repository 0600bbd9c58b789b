//! Body of an answer while it arrives: it must keep moving, fast enough and within bounds.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::client::{HttpError, HttpResponseBody};

use super::failed::{Failed, stalled, transport};
use super::{BodySink, ERROR_BYTES_MAX};
use crate::store::{StoreError, StoreErrorKind};

/// Slowest answer that is waited for, in bytes a second.
const SLOW_ANSWER_BYTES: f64 = 1024.0;

/// Shortest time over which the speed is measured: a small answer may come in pieces.
const FLOW_WINDOW_MIN: Duration = Duration::from_secs(6);

/// Body of an answer while it arrives, for as long as it moves fast enough.
pub(super) struct Flow {
    stream: BoxStream<'static, Result<Bytes, HttpError>>,
    stall: Duration,
    window: Duration,
    began: Instant,
    /// Bytes that arrived since then.
    bytes: u64,
}

impl Flow {
    pub(super) fn new(body: HttpResponseBody, stall: Duration) -> Flow {
        Flow {
            stream: body.bytes_stream(),
            stall,
            window: (2 * stall).max(FLOW_WINDOW_MIN),
            began: Instant::now(),
            bytes: 0,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Failed> {
        let chunk = tokio::time::timeout(self.stall, self.stream.next()).await;
        let Some(chunk) = chunk.map_err(|_| stalled("the connection stalled"))? else {
            return Ok(None);
        };
        let chunk = chunk.map_err(transport)?;
        self.bytes += chunk.len() as u64;
        let elapsed = self.began.elapsed();
        if elapsed >= self.window {
            if (self.bytes as f64) < SLOW_ANSWER_BYTES * elapsed.as_secs_f64() {
                let (bytes, seconds) = (self.bytes, elapsed.as_secs());
                return Err(stalled(&format!(
                    "the response is too slow: {bytes} bytes in {seconds} s"
                )));
            }
            (self.began, self.bytes) = (Instant::now(), 0);
        }
        Ok(Some(chunk))
    }

    /// Reads the body, `bytes_max` bytes at most. Of a body that doesn't begin with `begin`, it
    /// reads no more than of an error. Also returns where the body was cut, if it's longer.
    pub(super) async fn receive(
        mut self,
        mut bytes_max: usize,
        begin: &[u8],
    ) -> Result<(Bytes, Option<usize>), Failed> {
        let mut received: Vec<u8> = Vec::new();
        if bytes_max == 0 {
            return Ok((Bytes::new(), None));
        }
        while let Some(chunk) = self.next().await? {
            if received.try_reserve(chunk.len()).is_err() {
                return Err(Failed::Final(out_of_memory(received.len())));
            }
            received.extend_from_slice(&chunk);
            if !received.iter().zip(begin).all(|(is, wanted)| is == wanted) {
                bytes_max = bytes_max.min(ERROR_BYTES_MAX);
            }
            if received.len() > bytes_max {
                received.truncate(bytes_max);
                return Ok((received.into(), Some(bytes_max)));
            }
        }
        Ok((received.into(), None))
    }

    /// Passes on the body, about `bytes_max` bytes of it at most.
    pub(super) async fn pour(
        mut self,
        pour: &Mutex<dyn BodySink>,
        bytes_max: u64,
    ) -> Result<(), Failed> {
        pour.lock().expect("no holder panics").begin();
        let mut poured: u64 = 0;
        while let Some(chunk) = self.next().await? {
            poured += chunk.len() as u64;
            pour.lock().expect("no holder panics").take(&chunk);
            if poured > bytes_max {
                break;
            }
        }
        Ok(())
    }
}

/// Returns the error for an answer that doesn't fit in memory.
fn out_of_memory(bytes: usize) -> StoreError {
    let message = format!("Out of memory after {bytes} bytes of a response");
    StoreError::new(StoreErrorKind::Other, message).hint("raise the memory limit (`ulimit -v`)")
}
