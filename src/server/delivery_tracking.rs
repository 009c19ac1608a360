//! A connection that knows when a response has been written to it.
//!
//! hyper copies the head and a body of one piece into its buffer as soon as it gets the response, writes the buffer to
//! the connection, and flushes the connection only when the buffer is empty. So the first successful flush after a
//! response was passed to hyper means that the operating system has all of it. When the client has disconnected, hyper
//! drops the request's future or ends the connection, and the response is dropped unwritten. (For a streamed body, and
//! for one of several responses on an HTTP/2 connection, a flush may come too early; nobody tracks those.)

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connections::Connection;
use besedka_api::delivery::Delivery;

/// The responses of a connection that were passed to hyper and are not written yet.
#[derive(Clone, Default)]
pub(super) struct PendingResponses(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Saves taking the lock at every flush.
    is_any: AtomicBool,
    responses: Mutex<Vec<Delivery>>,
}

impl PendingResponses {
    /// Adds a response that was passed to hyper, if its delivery is tracked.
    pub(super) fn add(&self, delivery: Delivery) {
        if delivery.matters() {
            self.0.responses.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
            self.0.is_any.store(true, Ordering::Release);
        }
    }

    fn flushed(&self) {
        if self.0.is_any.swap(false, Ordering::AcqRel) {
            let written =
                std::mem::take(&mut *self.0.responses.lock().unwrap_or_else(PoisonError::into_inner));
            for response in written {
                response.written();
            }
        }
    }
}

/// A connection that reports its pending responses as written when it is flushed.
/// It also tells its entry when bytes come and go.
pub(super) struct TrackedStream<S> {
    stream: S,
    pending: PendingResponses,
    connection: Arc<Connection>,
}

impl<S> TrackedStream<S> {
    pub(super) fn new(stream: S, pending: PendingResponses, connection: Arc<Connection>) -> Self {
        Self { stream, pending, connection }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TrackedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.connection.received();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TrackedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if polled.is_ready() {
            self.connection.sent();
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        if polled.is_ready() {
            self.connection.sent();
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.pending.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A response, and whether it was reported as written.
    fn response() -> (Delivery, Arc<AtomicBool>) {
        let (delivery, written) = (Delivery::default(), Arc::new(AtomicBool::new(false)));
        let report = written.clone();
        delivery.then(move || report.store(true, Ordering::Relaxed));
        (delivery, written)
    }

    #[tokio::test]
    async fn a_response_is_written_once_everything_before_it_is_flushed() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let pending = PendingResponses::default();
        let mut stream = TrackedStream::new(ours, pending.clone(), Arc::default());
        let (delivery, written) = response();
        pending.add(delivery);
        stream.write_all(b"answer").await.unwrap();
        assert!(!written.load(Ordering::Relaxed));
        stream.flush().await.unwrap();
        assert!(written.load(Ordering::Relaxed));
        let mut read = [0; 6];
        theirs.read_exact(&mut read).await.unwrap();
    }

    #[tokio::test]
    async fn a_response_to_a_disconnected_client_is_not_written() {
        let (ours, theirs) = tokio::io::duplex(4);
        let pending = PendingResponses::default();
        let mut stream = TrackedStream::new(ours, pending.clone(), Arc::default());
        let (delivery, written) = response();
        pending.add(delivery);
        drop(theirs);
        assert!(stream.write_all(b"answer").await.is_err());
        drop((stream, pending));
        assert!(!written.load(Ordering::Relaxed));
    }
}
