//! Deadlines for the bodies of requests, and a bound for what unfinished bodies take of memory together.
//!
//! Only the time counts in which the server waits for the client, and it counts as a whole: a client that sends a byte now
//! and then gains nothing.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use poem::http::{Method, Version, header};
use poem::{Body, Request};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::connections::Connection;

/// How long the server waits for all parts of a body together, unless it is a file.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the server waits for a file's bytes before the slowest rate counts.
const FILE_GRACE: Duration = Duration::from_secs(15);
/// The slowest rate of files, in bytes per second.
const SLOWEST_FILE: u64 = 8 * 1024;
/// The memory for all unfinished bodies together that are not files, which are stored as they come.
const MEMORY: usize = 64 * 1024 * 1024;
/// The largest body that is awaited as a whole.
const SMALL: usize = 64 * 1024;
/// One unit of that memory.
const BLOCK: usize = 1024;

static BLOCKS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MEMORY / BLOCK)));

/// Why the rest of a body is not awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    TooSlow,
    NoMemory,
}

/// Says whether a request's body was given up.
#[derive(Clone, Default)]
pub(super) struct Watch {
    pub too_slow: CancellationToken,
    pub no_memory: CancellationToken,
}

impl Watch {
    /// Why the body was given up, if it was.
    pub(super) fn is_stopped(&self) -> Option<Stopped> {
        let too_slow = self.too_slow.is_cancelled().then_some(Stopped::TooSlow);
        too_slow.or(self.no_memory.is_cancelled().then_some(Stopped::NoMemory))
    }

    /// Waits until the body is given up.
    pub(super) async fn stopped(&self) -> Stopped {
        tokio::select! {
            () = self.too_slow.cancelled() => Stopped::TooSlow,
            () = self.no_memory.cancelled() => Stopped::NoMemory,
        }
    }
}

/// Puts the body of a request under its deadline.
pub(super) fn pace(request: &mut Request, connection: &Arc<Connection>) -> Watch {
    let watch = Watch::default();
    if !may_have_body(request) {
        return watch;
    }
    let is_file = request.content_type().is_some_and(is_file);
    let stream = PacedBody {
        body: Box::pin(request.take_body().into_bytes_stream()),
        pace: Pace { is_file, waited: Duration::ZERO, received: 0 },
        waiting: None,
        memory: Vec::new(),
        connection: connection.clone(),
        watch: watch.clone(),
    };
    request.set_body(Body::from_bytes_stream(stream));
    watch
}

/// Waits for a small body before anything is done for its request: what an answer in progress keeps in memory is more
/// than the body. A larger one is read as it comes, by whoever knows how large it may be.
pub(super) async fn receive_small(request: &mut Request) {
    if !may_have_body(request) || request.content_type().is_some_and(is_file) {
        return;
    }
    let length = request.header(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > SMALL) {
        return;
    }
    let mut stream = Box::pin(request.take_body().into_bytes_stream().fuse());
    let mut received = BytesMut::new();
    let mut failure = None;
    while received.len() <= SMALL && failure.is_none() {
        match stream.next().await {
            Some(Ok(bytes)) => received.extend_from_slice(&bytes),
            Some(Err(error)) => failure = Some(Err(error)),
            None => break,
        }
    }
    let read = std::iter::once(Ok(received.freeze())).chain(failure);
    request.set_body(Body::from_bytes_stream(stream::iter(read).chain(stream)));
}

fn may_have_body(request: &Request) -> bool {
    let headers = request.headers();
    let is_announced = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
        || headers.contains_key(header::TRANSFER_ENCODING);
    is_announced || (request.version() == Version::HTTP_2 && request.method() != Method::GET)
}

/// Whether a body is stored as it comes and not kept in memory.
fn is_file(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("multipart/form-data") || kind.eq_ignore_ascii_case("application/octet-stream")
}

/// What counts for the deadline.
struct Pace {
    is_file: bool,
    waited: Duration,
    received: u64,
}

impl Pace {
    /// How long to wait at most for the next bytes.
    fn left(&self) -> Duration {
        let allowed = match self.is_file {
            true => FILE_GRACE + Duration::from_secs(self.received / SLOWEST_FILE),
            false => BODY_TIMEOUT,
        };
        allowed.saturating_sub(self.waited)
    }
}

struct PacedBody<S> {
    body: Pin<Box<S>>,
    pace: Pace,
    /// When the server began to wait for more, and until when.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    memory: Vec<OwnedSemaphorePermit>,
    connection: Arc<Connection>,
    watch: Watch,
}

impl<S: Stream<Item = std::io::Result<Bytes>>> Stream for PacedBody<S> {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let polled = this.body.as_mut().poll_next(context);
        let Poll::Ready(item) = polled else {
            let left = this.pace.left();
            let (_, sleep) = this.waiting.get_or_insert_with(|| {
                let now = Instant::now();
                (now, Box::pin(sleep_until(now + left)))
            });
            this.connection.waits_for_body.store(true, Ordering::Relaxed);
            if sleep.as_mut().poll(context).is_ready() {
                this.watch.too_slow.cancel();
                return Poll::Ready(Some(Err(std::io::ErrorKind::TimedOut.into())));
            }
            return Poll::Pending;
        };
        this.connection.waits_for_body.store(false, Ordering::Relaxed);
        if let Some((since, _)) = this.waiting.take() {
            this.pace.waited += since.elapsed();
        }
        if let Some(Ok(bytes)) = &item {
            this.pace.received += bytes.len() as u64;
            if !this.pace.is_file {
                let blocks = u32::try_from(bytes.len().div_ceil(BLOCK)).unwrap_or(u32::MAX);
                match BLOCKS.clone().try_acquire_many_owned(blocks) {
                    Ok(permit) => this.memory.push(permit),
                    Err(_) => {
                        this.watch.no_memory.cancel();
                        return Poll::Ready(Some(Err(std::io::ErrorKind::OutOfMemory.into())));
                    }
                }
            }
        }
        Poll::Ready(item)
    }
}

impl<S> Drop for PacedBody<S> {
    fn drop(&mut self) {
        self.connection.waits_for_body.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(is_file: bool, waited: u64, received: u64) -> u64 {
        Pace { is_file, waited: Duration::from_secs(waited), received }.left().as_secs()
    }

    #[test]
    fn waiting_counts_as_a_whole() {
        assert_eq!(left(false, 0, 0), 30);
        assert_eq!(left(false, 29, 10_000), 1);
        assert_eq!(left(false, 31, 10_000), 0);
    }

    #[test]
    fn a_file_may_take_longer_the_more_of_it_came() {
        assert_eq!(left(true, 15, 0), 0);
        assert_eq!(left(true, 100, 100 * SLOWEST_FILE), 15);
        assert_eq!(left(true, 200, 100 * SLOWEST_FILE), 0);
    }

    #[tokio::test]
    async fn a_small_body_is_awaited_and_a_large_one_is_not() {
        for (size, announced, is_awaited) in
            [(10, true, true), (SMALL * 3, true, false), (SMALL * 3, false, true)]
        {
            let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(1);
            let parts =
                stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
            let request = Request::builder().method(Method::POST).content_type("application/json");
            let request = match announced {
                true => request.header(header::CONTENT_LENGTH, size),
                false => request.header(header::TRANSFER_ENCODING, "chunked"),
            };
            let mut request = request.body(Body::from_bytes_stream(Box::pin(parts)));
            let mut receiving = Box::pin(receive_small(&mut request));
            let polled = futures_util::poll!(receiving.as_mut());
            assert_eq!(polled.is_pending(), is_awaited, "{size}");
            let sending = async move {
                for _ in 0..10 {
                    let _ = sender.send(Ok(vec![b'a'; size / 10].into())).await;
                }
                drop(sender);
            };
            let sending = tokio::spawn(sending);
            if is_awaited {
                receiving.await;
            } else {
                drop(receiving);
            }
            assert_eq!(request.take_body().into_bytes().await.unwrap().len(), size / 10 * 10);
            sending.await.unwrap();
        }
    }

    #[test]
    fn only_files_are_stored_as_they_come() {
        assert!(is_file("multipart/form-data; boundary=a") && is_file("application/octet-stream"));
        assert!(!is_file("application/json"));
    }
}
