//! Accepts connections and serves them with hyper.
//!
//! poem's own server has no timeout for HTTP/1 headers, no working one for idle connections, and loops without a pause
//! when the process runs out of file descriptors.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::http::uri::Scheme;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::delivery_tracking::{PendingResponses, TrackedStream};
use besedka_api::delivery::Delivery;
use besedka_api::upgrade::Upgrade;

/// The maximum number of open connections, WebSockets included.
const MAX_CONNECTIONS: usize = 32_768;
/// The time in which the head of a request must arrive, counted from the previous response on a kept-alive connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// The maximum size of the head of a request.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The delay after a failed accept, for example when there are no more file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

pub(super) type App = Arc<dyn poem::endpoint::DynEndpoint<Output = Response>>;

/// Serves connections until `stop` is cancelled, then waits for the requests in progress.
pub(super) async fn accept(listener: TcpListener, app: App, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let open = TaskTracker::new();
    let refused = AtomicUsize::new(0);
    loop {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                    continue;
                }
            },
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else {
            if refused.fetch_add(1, Ordering::Relaxed).is_multiple_of(1_000) {
                tracing::warn!("{MAX_CONNECTIONS} connections are open; new ones are refused");
            }
            continue;
        };
        // Small responses must not wait for the acknowledgement of the previous packet.
        let _ = stream.set_nodelay(true);
        let addresses = (
            LocalAddr(listener.local_addr().map(Addr::SocketAddr).unwrap_or(Addr::SocketAddr(peer))),
            RemoteAddr(Addr::SocketAddr(peer)),
        );
        let (app, stop) = (app.clone(), stop.clone());
        open.spawn(async move {
            serve(stream, addresses, app, stop).await;
            drop(permit);
        });
    }
    open.close();
    open.wait().await;
}

async fn serve(
    stream: TcpStream,
    (local, remote): (LocalAddr, RemoteAddr),
    app: App,
    stop: CancellationToken,
) {
    let pending = PendingResponses::default();
    let stream = TrackedStream::new(stream, pending.clone());
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let (app, local, remote, pending) = (app.clone(), local.clone(), remote.clone(), pending.clone());
        let delivery = Delivery::default();
        request.extensions_mut().insert(delivery.clone());
        Upgrade::keep(&mut request);
        async move {
            let request = (request, local, remote, Scheme::HTTP).into();
            let response = app.get_response(request).await;
            pending.add(delivery);
            Ok::<_, Infallible>(hyper::Response::from(response))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .keep_alive_interval(HEADER_TIMEOUT);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A client that disconnects is not an error.
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
