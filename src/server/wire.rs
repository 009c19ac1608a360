//! A connection that knows when an answer was written to it.
//!
//! hyper writes the head and a body of one piece into its buffer as soon as it is handed them, writes the buffer to the
//! connection, and flushes the connection only when the buffer is empty. So the first flush that succeeds after an
//! answer was handed over says that all of it is with the operating system. When the client is gone, hyper drops the
//! request's future or ends the connection instead, and the answer is dropped unwritten. (Of a body that comes in
//! pieces, and of one of many answers on an HTTP/2 connection, a flush may tell it too soon: nobody asks for those.)

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use besedka_api::delivery::Delivery;

/// The answers that were handed over for a connection and are not written yet.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Answers>);

#[derive(Default)]
struct Answers {
    some: AtomicBool,
    answers: Mutex<Vec<Delivery>>,
}

impl Waiting {
    /// An answer is handed over, if anybody asks what becomes of it.
    pub(super) fn add(&self, delivery: Delivery) {
        if delivery.matters() {
            self.0.answers.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
            self.0.some.store(true, Ordering::Release);
        }
    }

    fn flushed(&self) {
        if self.0.some.swap(false, Ordering::AcqRel) {
            let answers = std::mem::take(&mut *self.0.answers.lock().unwrap_or_else(PoisonError::into_inner));
            for answer in answers {
                answer.written();
            }
        }
    }
}

/// A connection, with the answers that wait for it.
pub(super) struct Wire<S> {
    stream: S,
    waiting: Waiting,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, waiting: Waiting) -> Self {
        Self { stream, waiting }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.waiting.flushed();
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

    /// An answer, and whether it was written.
    fn answer() -> (Delivery, Arc<AtomicBool>) {
        let (delivery, written) = (Delivery::default(), Arc::new(AtomicBool::new(false)));
        let tell = written.clone();
        delivery.then(move || tell.store(true, Ordering::Relaxed));
        (delivery, written)
    }

    #[tokio::test]
    async fn an_answer_is_written_once_all_before_it_is_flushed() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let waiting = Waiting::default();
        let mut wire = Wire::new(ours, waiting.clone());
        let (delivery, written) = answer();
        waiting.add(delivery);
        wire.write_all(b"answer").await.unwrap();
        assert!(!written.load(Ordering::Relaxed));
        wire.flush().await.unwrap();
        assert!(written.load(Ordering::Relaxed));
        let mut read = [0; 6];
        theirs.read_exact(&mut read).await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_to_somebody_who_is_gone_is_not_written() {
        let (ours, theirs) = tokio::io::duplex(4);
        let waiting = Waiting::default();
        let mut wire = Wire::new(ours, waiting.clone());
        let (delivery, written) = answer();
        waiting.add(delivery);
        drop(theirs);
        assert!(wire.write_all(b"answer").await.is_err());
        drop((wire, waiting));
        assert!(!written.load(Ordering::Relaxed));
    }
}
