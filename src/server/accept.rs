//! Taking connections, with a deadline for each phase.
//!
//! poem's own server has no timer for HTTP/1 headers, none for idle connections that counts right,
//! and spins when the process runs out of file descriptors; so hyper is driven here.

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

use super::wire::{Waiting, Wire};
use besedka_api::delivery::Delivery;
use besedka_api::upgrade::Upgrade;

/// The most connections at once, sockets included.
const MOST_CONNECTIONS: usize = 32_768;
/// How long the head of a request may take, also on a connection that is kept open.
const HEADERS: Duration = Duration::from_secs(75);
/// The largest head.
const LARGEST_HEAD: usize = 64 * 1024;
/// After a failed accept, as when there are no more file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) type App = Arc<dyn poem::endpoint::DynEndpoint<Output = Response>>;

/// Serves connections until `stop`; then lets requests finish.
pub(super) async fn accept(listener: TcpListener, app: App, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let open = TaskTracker::new();
    let refused = AtomicUsize::new(0);
    loop {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            if refused.fetch_add(1, Ordering::Relaxed).is_multiple_of(1_000) {
                tracing::warn!("{MOST_CONNECTIONS} connections are open; new ones are refused");
            }
            continue;
        };
        // Small answers must not wait for the other side's acknowledgement.
        let _ = stream.set_nodelay(true);
        let addresses = (
            LocalAddr(listener.local_addr().map(Addr::SocketAddr).unwrap_or(Addr::SocketAddr(peer))),
            RemoteAddr(Addr::SocketAddr(peer)),
        );
        let (app, stop) = (app.clone(), stop.clone());
        open.spawn(async move {
            serve(stream, addresses, app, stop).await;
            drop(place);
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
    let waiting = Waiting::default();
    let wire = Wire::new(stream, waiting.clone());
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let (app, local, remote, waiting) = (app.clone(), local.clone(), remote.clone(), waiting.clone());
        let delivery = Delivery::default();
        request.extensions_mut().insert(delivery.clone());
        Upgrade::keep(&mut request);
        async move {
            let request = (request, local, remote, Scheme::HTTP).into();
            let response = app.get_response(request).await;
            waiting.add(delivery);
            Ok::<_, Infallible>(hyper::Response::from(response))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(LARGEST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(LARGEST_HEAD as u32)
        .keep_alive_interval(HEADERS);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(wire), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A client that hangs up is no news.
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
