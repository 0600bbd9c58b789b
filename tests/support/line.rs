//! A connection that can break in the middle of a reply, as hyper's own cannot.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection, as hyper reads and writes it.
pub struct Line {
    stream: TcpStream,
    end: End,
    /// Of a reply that is to be cut: what hyper has written, and how much of it was sent.
    held: Vec<u8>,
    sent_bytes: usize,
}

/// How a connection is to end, for the side that knows.
#[derive(Clone, Default)]
pub struct End(Arc<Mutex<Plan>>);

#[derive(Clone, Copy, Default)]
enum Plan {
    #[default]
    InOrder,
    Reset,
    /// Send half of a reply whose body is so long; then close, or be silent.
    Cut {
        body_bytes: usize,
        silent: bool,
    },
}

impl End {
    /// From now on, to close is to reset.
    pub fn reset(&self) {
        *self.plan() = Plan::Reset;
    }

    /// Sends half of the next reply, whose body is so long.
    pub fn cut(&self, body_bytes: usize, silent: bool) {
        *self.plan() = Plan::Cut { body_bytes, silent };
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().expect("no holder panics")
    }
}

impl Line {
    pub fn new(stream: TcpStream) -> (Self, End) {
        let end = End::default();
        let line = Self {
            stream,
            end: end.clone(),
            held: Vec::new(),
            sent_bytes: 0,
        };
        (line, end)
    }

    /// How much of a whole reply is to be sent; none while it is not whole.
    fn half_bytes(&self, body_bytes: usize) -> Option<usize> {
        let head_bytes = self.held.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        if self.held.len() < head_bytes + body_bytes {
            return None;
        }
        Some(match body_bytes {
            0 => head_bytes / 2,
            body => head_bytes + body / 2,
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if matches!(*self.end.plan(), Plan::Reset) {
            // Of a connection that the other side has closed, nothing is left to reset.
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let plan = *self.end.plan();
        if let Plan::Cut { .. } = plan {
            self.held.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let plan = *self.end.plan();
        let Plan::Cut { body_bytes, silent } = plan else {
            return Pin::new(&mut self.stream).poll_flush(context);
        };
        let Some(half) = self.half_bytes(body_bytes) else {
            return Poll::Ready(Ok(()));
        };
        while self.sent_bytes < half {
            let line = &mut *self;
            let rest = &line.held[line.sent_bytes..half];
            let sent = ready!(Pin::new(&mut line.stream).poll_write(context, rest))?;
            line.sent_bytes += sent;
        }
        if silent {
            Poll::Pending
        } else {
            Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let plan = *self.end.plan();
        match plan {
            // Closing in order would tell the other side before the reset does.
            Plan::Reset => Poll::Ready(Ok(())),
            _ => Pin::new(&mut self.stream).poll_shutdown(context),
        }
    }
}
