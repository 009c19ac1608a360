//! WebSockets. poem's own copies each frame into a `String` of the connection; these write several frames at once, out of
//! bytes that all connections share.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use poem::error::WebSocketError;
use poem::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{FromRequest, OnUpgrade, Request, RequestBody, Response, Upgraded};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use besedka_core::hub::Close;

const PING_EVERY: Duration = Duration::from_secs(25);
/// A client that sends nothing for this long is considered gone.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// A client that accepts no bytes for this long is considered gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_FRAME_SIZE: usize = 64 * 1024;
/// Frames are written together up to this many bytes: what a slow client has not taken yet is a copy of its own.
const MAX_WRITE: usize = 32 * 1024;

/// A request to open a WebSocket.
pub struct WebSocketRequest {
    key: HeaderValue,
    upgrade: OnUpgrade,
}

impl WebSocketRequest {
    /// Whether a request asks for a WebSocket as RFC 6455 says.
    pub fn is_valid(request: &Request) -> bool {
        let has = |name: HeaderName, wanted: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.is_some_and(|value| value.split(',').any(|token| token.trim().eq_ignore_ascii_case(wanted)))
        };
        request.method() == Method::GET
            && has(header::UPGRADE, "websocket")
            && has(header::CONNECTION, "upgrade")
            && has(header::SEC_WEBSOCKET_VERSION, "13")
            && request.headers().contains_key(header::SEC_WEBSOCKET_KEY)
    }

    pub fn of(request: &Request) -> Result<Self, WebSocketError> {
        let key = request.headers().get(header::SEC_WEBSOCKET_KEY).filter(|_| Self::is_valid(request));
        let key = key.cloned().ok_or(WebSocketError::InvalidProtocol)?;
        Ok(Self { key, upgrade: request.take_upgrade()? })
    }

    /// Accepts the request, and runs `serve` with the connection until it ends.
    pub fn accept<F>(self, serve: impl FnOnce(Socket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { key, upgrade } = self;
        let accepted = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
            .finish();
        tokio::spawn(async move {
            // Boxed, so that an open socket keeps no room for it.
            if let Some(socket) = Box::pin(Socket::open(upgrade)).await {
                serve(socket).await;
            }
        });
        accepted
    }
}

impl<'a> FromRequest<'a> for WebSocketRequest {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::of(request)?)
    }
}

/// tungstenite's defaults keep 128 KiB for each socket and let unsent data grow without limit. What clients send is small;
/// a longer frame gets the room that it needs.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(128)
        .write_buffer_size(512)
        .max_write_buffer_size(256 * 1024)
        .max_message_size(Some(MAX_FRAME_SIZE))
        .max_frame_size(Some(MAX_FRAME_SIZE))
}

/// An open WebSocket.
pub struct Socket(WebSocketStream<Upgraded>);

/// A code that a socket is closed with, and what it tells the client.
pub struct CloseCode {
    pub code: u16,
    pub name: &'static str,
    pub meaning: &'static str,
}

/// All close codes, from which they are documented.
pub const CLOSE_CODES: [CloseCode; 10] = [
    CloseCode { code: 1003, name: "text only", meaning: "The client sent a binary frame: send text." },
    CloseCode {
        code: 1008,
        name: "invalid cursor",
        meaning: "The frame `auth` has an invalid cursor: connect without one, and reload.",
    },
    CloseCode {
        code: 1009,
        name: "frame too large",
        meaning: "The client sent a frame of more than 64 KiB: send it in smaller ones.",
    },
    CloseCode {
        code: 1011,
        name: "internal",
        meaning: "An error of the server: reconnect with the cursor after a random delay of 1 to 5 seconds.",
    },
    CloseCode {
        code: 1012,
        name: "restart",
        meaning: "The server is restarting: reconnect with the cursor after a random delay of 1 to 5 seconds.",
    },
    CloseCode {
        code: 1013,
        name: "too slow",
        meaning: "The client did not read frames fast enough: reconnect with the cursor at once.",
    },
    CloseCode {
        code: 4401,
        name: "unauthorized",
        meaning: "No valid token was sent in time, or a personal access token has expired: renew it and reconnect.",
    },
    CloseCode { code: 4403, name: "revoked", meaning: "The session was revoked: sign in again." },
    CloseCode {
        code: 4409,
        name: "replaced",
        meaning: "The user opened more than 20 sockets; this was the oldest one.",
    },
    CloseCode {
        code: 4429,
        name: "too fast",
        meaning: "The client sent more than 10 frames per second, or connected too often: slow down.",
    },
];

/// Why a socket ends: with a close code, or because the client is gone. Never 1000, after which clients do not
/// reconnect.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended(Option<(u16, &'static str)>);

impl Ended {
    pub const GONE: Self = Self(None);
}

/// Ends a socket with a close code.
pub fn end<T>(code: u16, reason: &'static str) -> Result<T, Ended> {
    Err(Ended(Some((code, reason))))
}

/// Ends a socket whose connection the hub has closed.
pub fn end_if_closed(closed: Option<Close>) -> Result<(), Ended> {
    match closed {
        None => Ok(()),
        Some(Close::TooSlow) => end(1013, "too slow"),
        Some(Close::Expired) => end(4401, "expired"),
        Some(Close::Revoked) => end(4403, "revoked"),
        Some(Close::Removed) => end(4403, "removed"),
        Some(Close::Replaced) => end(4409, "replaced"),
        Some(Close::Restart) => end(1012, "restart"),
    }
}

impl Socket {
    async fn open(upgrade: OnUpgrade) -> Option<Self> {
        let connection = upgrade.await.ok()?;
        Some(Self(WebSocketStream::from_raw_socket(connection, Role::Server, Some(config())).await))
    }

    /// The next text that the client sends; `None` for a ping or its answer.
    pub async fn receive(&mut self) -> Result<Option<Utf8Bytes>, Ended> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Ok(Some(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
            Some(Ok(Message::Binary(_))) => end(1003, "text only"),
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => end(1009, "frame too large"),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Ended::GONE),
        }
    }

    pub async fn send(&mut self, text: String) -> Result<(), Ended> {
        self.send_all(vec![Bytes::from(text)]).await
    }

    /// Sends texts, which are UTF-8. Several frames are one write: most of what a delivery costs is the system call.
    pub async fn send_all(&mut self, texts: Vec<Bytes>) -> Result<(), Ended> {
        timed(async {
            // First what tungstenite answered by itself.
            self.0.flush().await?;
            let stream = self.0.get_mut();
            // Unlike a message of tungstenite a text isn't checked to be UTF-8 for each socket.
            let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
            let mut frames = Vec::new();
            for text in texts {
                header.format(text.len() as u64, &mut frames)?;
                frames.extend_from_slice(&text);
                if frames.len() >= MAX_WRITE {
                    stream.write_all(&frames).await?;
                    frames.clear();
                }
            }
            stream.write_all(&frames).await?;
            Ok(stream.flush().await?)
        })
        .await
    }

    pub async fn ping(&mut self) -> Result<(), Ended> {
        timed(self.0.send(Message::Ping(Bytes::new()))).await
    }

    /// Tells the client why the socket ends, if it is still there.
    pub async fn close(&mut self, Ended(reason): Ended) {
        if let Some((code, reason)) = reason {
            let close = Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() }));
            let _ = timeout(WRITE_TIMEOUT, self.0.send(close)).await;
        }
    }
}

/// Ticks when a socket is to be pinged.
pub fn pings(now: Instant) -> Interval {
    let mut pings = interval_at(now + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

/// Fails if the client accepts nothing for a while.
async fn timed(write: impl Future<Output = Result<(), Error>>) -> Result<(), Ended> {
    match timeout(WRITE_TIMEOUT, write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Ended::GONE),
    }
}
