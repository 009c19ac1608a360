//! The WebSocket of a single chat, as the dialects have it. Callers who are not members are refused at the
//! handshake; the others receive the chat's events as they happen.
//!
//! A dialect defines how events are written and what a frame means ([`SocketFormat`]). There is no cursor: a client
//! reads what it missed from the message history.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use poem::http::header;
use poem::web::websocket::{CloseCode, Message as Frame, WebSocket, WebSocketConfig, WebSocketStream};
use poem::{IntoResponse, Request, Response};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::links::{self, Links};
use super::site::Site;
use besedka_core::hub::{Close, EphemeralEvent, EventFormat, OutboundEvent, Queued};
use besedka_core::messenger::{Error, Limit, Listener, Messenger, NewMessage, Result};
use besedka_core::model::{Change, ChatId, Event, Kind, Language, Message, MessageId, Scopes};

const PING_EVERY: Duration = Duration::from_secs(25);
/// A client that sends nothing for this long is considered gone.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// A client that accepts no bytes for this long is considered gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_FRAME_SIZE: usize = 64 * 1024;
/// How many frames a client may send between two pings.
const MAX_FRAMES: u32 = 250;

/// The chat of a socket, with what a dialect may need to write an event.
pub struct Room {
    pub messenger: Messenger,
    pub chat: ChatId,
    pub links: Links,
}

/// The meaning of a client's frame.
pub enum ClientFrame {
    Post(NewMessage),
    Typing,
    /// Mark messages as read, up to a message or to the newest.
    Read(Option<MessageId>),
    /// Mark messages as delivered, up to a message.
    Delivered(MessageId),
    /// A response to this client only.
    Answer(String),
    Nothing,
}

/// How a dialect serialises events and parses frames on the socket of a chat.
pub trait SocketFormat: Send + Sync + 'static {
    /// The hub's number for the form in which this dialect writes events.
    const FORMAT: EventFormat;

    /// How long links to files are valid.
    const LINK_LIFE: Duration = links::LIFE;

    /// Serialises an event of the chat; nothing if this dialect does not deliver it. The text is produced once
    /// for all sockets, unless it contains links.
    fn event(room: &Room, event: &Event) -> impl Future<Output = Option<String>> + Send;

    /// Serialises an event that is not stored: typing or presence.
    fn ephemeral(event: &EphemeralEvent) -> Option<String>;

    /// Parses a client's frame.
    fn parse(text: &str) -> ClientFrame;

    /// Reports an error in a client's frame; nothing if this dialect has no such frame.
    fn refuse(error: &Error) -> Option<String>;
}

/// Opens the socket of a chat, or refuses it: 401 without a valid token, 403 for callers who are not members.
pub async fn open<T: SocketFormat>(
    request: &Request,
    token: Option<&str>,
    chat: ChatId,
    socket: WebSocket,
) -> Result<Response> {
    let (Some(messenger), Some(site)) = (request.data::<Messenger>(), request.data::<Site>()) else {
        return Err(Error::Unauthorized);
    };
    messenger.limit(Limit::ConnectFrom(site.address(request).into()))?;
    let access = messenger.access(token.ok_or(Error::Unauthorized)?, Scopes::READ).await?;
    messenger.limit(Limit::Connect(access.user))?;
    let listener = messenger.listen_to_chat(access, chat).await?;
    let accepted = Language::known(request.header(header::ACCEPT_LANGUAGE.as_str()));
    messenger.load_language(access.user).await?;
    let language = messenger.language(Some(access.user), accepted);
    let links = Links::new(messenger, &site.base(request), access.user).lasting(T::LINK_LIFE);
    let links = links.in_language(language);
    let room = Room { messenger: messenger.clone(), chat, links };
    // tungstenite's defaults keep 128 KiB for each socket and let unsent data grow without limit.
    let config = WebSocketConfig::default()
        .read_buffer_size(2 * 1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(256 * 1024)
        .max_message_size(Some(MAX_FRAME_SIZE))
        .max_frame_size(Some(MAX_FRAME_SIZE));
    let upgraded = socket.config(config).on_upgrade(move |stream| serve::<T>(stream, listener, room));
    Ok(upgraded.into_response())
}

/// Why a socket ends: with a close code, or because the client is gone. Never 1000, after which clients do not
/// reconnect.
struct Ended(Option<(u16, &'static str)>);

impl From<std::io::Error> for Ended {
    fn from(_: std::io::Error) -> Self {
        Self(None)
    }
}

fn end<R>(code: u16, reason: &'static str) -> std::result::Result<R, Ended> {
    Err(Ended(Some((code, reason))))
}

async fn serve<T: SocketFormat>(mut stream: WebSocketStream, listener: Listener, room: Room) {
    if let Err(Ended(Some((code, reason)))) = listen::<T>(&mut stream, listener, room).await {
        let close = Frame::Close(Some((CloseCode::from(code), reason.to_owned())));
        let _ = timeout(WRITE_TIMEOUT, stream.send(close)).await;
    }
}

async fn listen<T: SocketFormat>(
    stream: &mut WebSocketStream,
    mut listener: Listener,
    room: Room,
) -> std::result::Result<(), Ended> {
    let mut last_received = Instant::now();
    let mut frames = 0;
    let mut ping = interval_at(last_received + PING_EVERY, PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = listener.ready() => Box::pin(deliver::<T>(stream, &room, listener.take())).await?,
            frame = stream.next() => {
                last_received = Instant::now();
                frames += 1;
                if frames > MAX_FRAMES {
                    return end(4429, "too fast");
                }
                // Boxed, so that an idle socket keeps no room for it.
                Box::pin(handle::<T>(stream, &room, &listener, frame)).await?;
            }
            _ = ping.tick() => {
                if last_received.elapsed() > IDLE_TIMEOUT {
                    return Err(Ended(None));
                }
                frames = 0;
                listener.forget_replay();
                timed(stream.send(Frame::ping(Vec::new()))).await?;
            }
        }
    }
}

/// Sends everything that is queued, in one flush.
async fn deliver<T: SocketFormat>(
    stream: &mut WebSocketStream,
    room: &Room,
    taken: Queued,
) -> std::result::Result<(), Ended> {
    let mut frames = Vec::with_capacity(taken.events.len() + taken.ephemeral.len());
    for telling in &taken.events {
        frames.push(written::<T>(room, telling).await);
    }
    for outbound in &taken.ephemeral {
        frames.push(outbound.written(T::FORMAT, |event| T::ephemeral(event).unwrap_or_default()).clone());
    }
    timed(async {
        for frame in frames.iter().filter(|frame| !frame.is_empty()) {
            stream.feed(Frame::Text(String::from(&**frame))).await?;
        }
        stream.flush().await
    })
    .await?;
    match taken.closed {
        None => Ok(()),
        Some(Close::TooSlow) => end(1013, "too slow"),
        Some(Close::Expired) => end(4401, "expired"),
        Some(Close::Revoked) => end(4403, "revoked"),
        Some(Close::Removed) => end(4403, "removed"),
        Some(Close::Replaced) => end(4409, "replaced"),
        Some(Close::Restart) => end(1012, "restart"),
    }
}

/// An event in this dialect's form; empty if the dialect does not deliver it.
async fn written<T: SocketFormat>(room: &Room, telling: &OutboundEvent) -> Arc<str> {
    if let Some(known) = telling.known(T::FORMAT) {
        return known.clone();
    }
    let text = T::event(room, &telling.event).await.unwrap_or_default();
    // A link begins with the address that its reader used.
    if depends_on_reader(&telling.event.change) {
        text.into()
    } else {
        telling.written(T::FORMAT, |_| text).clone()
    }
}

/// Whether an event is not the same for all readers: it contains links, or a text in their language.
pub fn depends_on_reader(change: &Change) -> bool {
    match change {
        Change::MessageCreated(message)
        | Change::MessageUpdated(message)
        | Change::AnswerFinished(message) => !message.attachments.is_empty() || message.kind == Kind::System,
        Change::MemberAdded { .. } | Change::MemberUpdated { .. } => true,
        _ => false,
    }
}

async fn handle<T: SocketFormat>(
    stream: &mut WebSocketStream,
    room: &Room,
    listener: &Listener,
    frame: Option<std::io::Result<Frame>>,
) -> std::result::Result<(), Ended> {
    let text = match frame {
        Some(Ok(Frame::Text(text))) => text,
        Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => return Ok(()),
        Some(Ok(Frame::Binary(_))) => return end(1003, "text only"),
        Some(Ok(Frame::Close(_))) | None => return Err(Ended(None)),
        Some(Err(error)) if error.to_string().contains("too long") => return end(1009, "frame too large"),
        Some(Err(error)) => return Err(error.into()),
    };
    let done = match T::parse(&text) {
        // The sender receives the event like everyone else.
        ClientFrame::Post(new) => listener.post(room.chat, new).await.map(|_: Message| ()),
        ClientFrame::Typing => listener.typing(room.chat).await,
        ClientFrame::Delivered(upto) => listener.delivered(room.chat, upto).await,
        ClientFrame::Read(upto) => listener.read(room.chat, upto).await,
        ClientFrame::Answer(frame) => return timed(stream.send(Frame::Text(frame))).await,
        ClientFrame::Nothing => Ok(()),
    };
    let Err(error) = done else { return Ok(()) };
    if let Error::Internal(cause) = &error {
        tracing::error!(%cause, "a frame failed");
    }
    match T::refuse(&error) {
        Some(frame) => timed(stream.send(Frame::Text(frame))).await,
        None => Ok(()),
    }
}

/// Fails if the client accepts nothing for a while.
async fn timed(write: impl Future<Output = std::io::Result<()>>) -> std::result::Result<(), Ended> {
    match timeout(WRITE_TIMEOUT, write).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(Ended(None)),
    }
}

/// The token from an address or a header, with or without the prefix `Bearer`.
pub fn bare(token: &str) -> &str {
    let token = token.trim();
    token.strip_prefix("Bearer ").map_or(token, str::trim)
}
