//! Deadlines for the bodies of requests, and a bound for what unfinished bodies take of memory together.
//!
//! Only the time counts in which the server waits for the client, and it counts as a whole: a client that sends a byte now
//! and then gains nothing.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use besedka_api::whole_body::Pieces;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use futures_util::task::AtomicWaker;
use poem::http::{Method, Version, header};
use poem::{Body, Request};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

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
pub(super) struct Watch(Arc<Given>);

#[derive(Default)]
struct Given {
    up: OnceLock<Stopped>,
    waker: AtomicWaker,
}

impl Watch {
    /// Why the body was given up, if it was.
    pub(super) fn is_stopped(&self) -> Option<Stopped> {
        self.0.up.get().copied()
    }

    /// Waits until the body is given up.
    pub(super) async fn stopped(&self) -> Stopped {
        std::future::poll_fn(|context| {
            self.0.waker.register(context.waker());
            self.is_stopped().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn stop(&self, why: Stopped) {
        let _ = self.0.up.set(why);
        self.0.waker.wake();
    }
}

/// Puts the body of a request under its deadline, and waits for a small one before anything is done for its request: what
/// an answer in progress keeps in memory is more than the body. A larger one is read as it comes, by whoever knows how
/// large it may be; then the result says whether it is given up.
pub(super) async fn receive(
    request: &mut Request,
    connection: &Arc<Connection>,
) -> Result<Option<Watch>, Stopped> {
    if !may_have_body(request) {
        return Ok(None);
    }
    let is_file = request.content_type().is_some_and(is_file);
    let watch = Watch::default();
    let mut stream = PacedBody {
        body: Box::pin(request.take_body().into_bytes_stream()),
        pace: Pace { is_file, waited: Duration::ZERO, received: 0 },
        waiting: None,
        memory: None,
        connection: connection.clone(),
        watch: watch.clone(),
    };
    let length = request.header(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    if is_file || length.is_some_and(|length: usize| length > SMALL) {
        request.set_body(Body::from_bytes_stream(stream));
        return Ok(Some(watch));
    }
    let mut received = Pieces::default();
    while received.size() <= SMALL {
        match stream.next().await {
            Some(Ok(piece)) => received.push(piece),
            Some(Err(error)) => {
                let failed = stream::iter([Ok(received.join()), Err(error)]);
                request.set_body(Body::from_bytes_stream(failed));
                return watch.is_stopped().map_or(Ok(None), Err);
            }
            None => {
                request.set_body(received.join());
                return Ok(None);
            }
        }
    }
    let whole = stream::iter([Ok(received.join())]).chain(stream);
    request.set_body(Body::from_bytes_stream(whole));
    Ok(Some(watch))
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
    memory: Option<OwnedSemaphorePermit>,
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
                this.watch.stop(Stopped::TooSlow);
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
                    Ok(permit) => match &mut this.memory {
                        Some(memory) => memory.merge(permit),
                        None => this.memory = Some(permit),
                    },
                    Err(_) => {
                        this.watch.stop(Stopped::NoMemory);
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
        for (size, announced, is_awaited, is_whole) in
            [(10, true, true, true), (SMALL * 3, true, false, false), (SMALL * 3, false, true, false)]
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
            let connection = Arc::<Connection>::default();
            let mut receiving = Box::pin(receive(&mut request, &connection));
            let polled = futures_util::poll!(receiving.as_mut());
            assert_eq!(polled.is_pending(), is_awaited, "{size}");
            let sending = async move {
                for _ in 0..10 {
                    let _ = sender.send(Ok(vec![b'a'; size / 10].into())).await;
                }
                drop(sender);
            };
            let sending = tokio::spawn(sending);
            let watch = match polled {
                Poll::Ready(watch) => {
                    drop(receiving);
                    watch
                }
                Poll::Pending => receiving.await,
            };
            assert_eq!(watch.unwrap().is_none(), is_whole, "{size}");
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
