//! Accepts connections and serves them with hyper.
//!
//! poem's own server has no timeout for HTTP/1 headers, no working one for idle connections, and loops without a pause
//! when the process runs out of file descriptors. `connections` says how long what may take, and `body_pace` bodies.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::http::Version;
use hyper::http::uri::Scheme;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use poem::endpoint::DynEndpoint;
use poem::http::{StatusCode, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Response};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body_pace::{self, Stopped, Watch};
use super::connections::{Connection, Connections};
use super::delivery_tracking::{PendingResponses, TrackedStream};
use super::tls::Tls;
use besedka_api::delivery::Delivery;
use besedka_api::site::Site;
use besedka_api::upgrade::Upgrade;

/// The maximum number of open connections, WebSockets included.
const MAX_CONNECTIONS: usize = 32_768;
/// How often an HTTP/2 client is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(75);
/// The maximum size of the head of a request.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The delay after a failed accept, for example when there are no more file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

pub(super) type App = Arc<dyn DynEndpoint<Output = Response>>;

/// Serves connections until `stop` is cancelled, then waits for the requests in progress.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<Tls>,
    app: App,
    site: Site,
    stop: CancellationToken,
) {
    let connections = Connections::default();
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
        // All clients behind a proxy share its address.
        let Some(entry) = connections.add(peer.ip(), !site.is_proxy(peer.ip())) else { continue };
        let _ = entry.connection.permit.set(permit);
        // Small responses must not wait for the acknowledgement of the previous packet.
        let _ = stream.set_nodelay(true);
        let addresses = (
            LocalAddr(listener.local_addr().map(Addr::SocketAddr).unwrap_or(Addr::SocketAddr(peer))),
            RemoteAddr(Addr::SocketAddr(peer)),
        );
        let (app, tls, stop) = (app.clone(), tls.clone(), stop.clone());
        open.spawn(async move {
            let connection = entry.connection.clone();
            match tls {
                None => serve(stream, Scheme::HTTP, addresses, app, connection, stop).await,
                Some(tls) => {
                    let handshake = tls.handshake(stream, &connection);
                    let encrypted = tokio::select! {
                        () = stop.cancelled() => None,
                        encrypted = handshake => encrypted,
                    };
                    if let Some(stream) = encrypted {
                        serve(stream, Scheme::HTTPS, addresses, app, connection, stop).await;
                    }
                }
            }
            drop(entry);
        });
    }
    open.close();
    open.wait().await;
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    scheme: Scheme,
    (local, remote): (LocalAddr, RemoteAddr),
    app: App,
    connection: Arc<Connection>,
    stop: CancellationToken,
) {
    let pending = PendingResponses::default();
    let stream = TrackedStream::new(stream, pending.clone(), connection.clone());
    let watched = connection.clone();
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let (app, local, remote, pending) = (app.clone(), local.clone(), remote.clone(), pending.clone());
        let (connection, scheme) = (connection.clone(), scheme.clone());
        let delivery = Delivery::default();
        request.extensions_mut().insert(delivery.clone());
        request.extensions_mut().insert(connection.mark.clone());
        Upgrade::keep(&mut request);
        let active = connection.begin(request.version() == Version::HTTP_2);
        async move {
            let mut request: poem::Request = (request, local, remote, scheme).into();
            let response = match body_pace::receive(&mut request, &connection).await {
                Ok(None) => respond(&app, request).await,
                Ok(Some(body)) => respond_while(&app, request, &body).await,
                Err(stopped) => refuse(stopped),
            };
            drop(active);
            pending.add(delivery);
            Ok::<_, Infallible>(hyper::Response::from(response))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None::<Duration>)
        .max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .keep_alive_interval(PING_INTERVAL);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A client that disconnects is not an error.
        _ = connection.as_mut() => {}
        () = watched.expired() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// The response of the application.
fn respond(app: &App, request: poem::Request) -> impl Future<Output = Response> + Send {
    let answer = DynEndpoint::call(app.as_ref(), request);
    async move { answer.await.unwrap_or_else(poem::Error::into_response) }
}

/// The response of the application, unless the body of the request is given up.
async fn respond_while(app: &App, request: poem::Request, body: &Watch) -> Response {
    let response = tokio::select! {
        biased;
        response = respond(app, request) => response,
        stopped = body.stopped() => refuse(stopped),
    };
    // Whoever read the body answers that it could not be read.
    body.is_stopped().map_or(response, refuse)
}

/// The response to a request whose body is not awaited any longer. The connection ends with it.
fn refuse(stopped: Stopped) -> Response {
    let (status, detail, code) = match stopped {
        Stopped::TooSlow => {
            (StatusCode::REQUEST_TIMEOUT, "The request's body did not arrive in time", "timeout")
        }
        Stopped::NoMemory => {
            (StatusCode::SERVICE_UNAVAILABLE, "The server is busy; try again in a moment", "busy")
        }
    };
    // All dialects find the field that they know.
    let body = json!({"detail": detail, "message": detail, "error": code, "code": code, "success": false});
    Response::builder()
        .status(status)
        .header(header::CONNECTION, "close")
        .header(header::RETRY_AFTER, "1")
        .content_type("application/json")
        .body(body.to_string())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use poem::EndpointExt;
    use poem::endpoint::make;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;

    /// A connection to a server that answers with the size of each body.
    fn open() -> DuplexStream {
        let app = make(async |request: poem::Request| {
            let body = request.into_body().into_vec().await?;
            Ok::<_, poem::Error>(body.len().to_string())
        });
        open_to(app, Arc::default()).0
    }

    /// A connection to an endpoint; also the task that serves requests.
    fn open_to(
        app: impl poem::Endpoint<Output: poem::IntoResponse> + 'static,
        connection: Arc<Connection>,
    ) -> (DuplexStream, JoinHandle<()>) {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let app: App = Arc::new(poem::endpoint::ToDynEndpoint(app.map_to_response()));
        let address = Addr::SocketAddr(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
        let addresses = (LocalAddr(address.clone()), RemoteAddr(address));
        let serving = serve(ours, Scheme::HTTP, addresses, app, connection, CancellationToken::new());
        (theirs, tokio::spawn(serving))
    }

    /// Sends a part every second until the server closes the connection or answers; tells how many seconds it took.
    async fn drip(client: &mut DuplexStream, part: &[u8]) -> (u64, String) {
        let started = Instant::now();
        let mut answer = Vec::new();
        loop {
            let mut bytes = [0; 1024];
            tokio::select! {
                read = client.read(&mut bytes) => {
                    answer.extend_from_slice(&bytes[..*read.as_ref().unwrap_or(&0)]);
                    if !matches!(read, Ok(1..)) || answer.ends_with(b"}") {
                        return (started.elapsed().as_secs(), String::from_utf8_lossy(&answer).into_owned());
                    }
                }
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    if client.write_all(part).await.is_err() {
                        return (started.elapsed().as_secs(), String::new());
                    }
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_ends() {
        assert_eq!(drip(&mut open(), b"").await, (15, String::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_counts_as_a_whole() {
        let mut client = open();
        client.write_all(b"GET / HTTP/1.1\r\nX-Long: ").await.unwrap();
        let (took, answer) = drip(&mut client, b"a").await;
        assert!((15..=16).contains(&took) && answer.is_empty(), "{took} {answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_counts_as_a_whole() {
        let mut client = open();
        let head =
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
        client.write_all(head).await.unwrap();
        let (took, answer) = drip(&mut client, b"a").await;
        assert!((30..=31).contains(&took) && answer.starts_with("HTTP/1.1 408"), "{took} {answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_may_take_long_but_not_for_ever() {
        let head = |length: usize| {
            let kind = "application/octet-stream";
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
        };
        let mut client = open();
        client.write_all(head(100 * 10_000).as_bytes()).await.unwrap();
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            client.write_all(&[0; 10_000]).await.unwrap();
        }
        let mut begin = [0; 12];
        client.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
        let mut client = open();
        client.write_all(head(1_000_000).as_bytes()).await.unwrap();
        let (took, answer) = drip(&mut client, &[0; 100]).await;
        assert!((15..=17).contains(&took) && answer.starts_with("HTTP/1.1 408"), "{took} {answer}");
    }

    #[tokio::test]
    async fn an_upgraded_connection_counts_until_it_is_closed() {
        let permits = Arc::new(Semaphore::new(1));
        let connection = Arc::<Connection>::default();
        connection.permit.set(permits.clone().try_acquire_owned().unwrap()).unwrap();
        let app = make(async |request: poem::Request| {
            let upgrade = request.take_upgrade()?;
            tokio::spawn(async move {
                if let Ok(mut connection) = upgrade.await {
                    let _ = connection.read_u8().await;
                }
            });
            let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            Ok::<_, poem::Error>(
                response.header(header::CONNECTION, "upgrade").header(header::UPGRADE, "echo").finish(),
            )
        });
        let (mut client, serving) = open_to(app, connection);
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
            .await
            .unwrap();
        let mut begin = [0; 12];
        client.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 101");
        serving.await.unwrap();
        assert_eq!(permits.available_permits(), 0, "it is open");
        drop(client);
        let closed = tokio::time::timeout(Duration::from_secs(10), permits.acquire()).await;
        assert!(closed.is_ok(), "it is closed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_may_be_idle_between_requests() {
        let mut client = open();
        for _ in 0..2 {
            client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let mut begin = [0; 12];
            client.read_exact(&mut begin).await.unwrap();
            assert_eq!(&begin, b"HTTP/1.1 200");
            tokio::time::sleep(Duration::from_secs(60)).await;
            let mut rest = [0; 1024];
            assert_ne!(client.read(&mut rest).await.unwrap(), 0);
        }
        let (took, _) = drip(&mut client, b"").await;
        assert!((14..=16).contains(&took), "{took}");
    }
}
