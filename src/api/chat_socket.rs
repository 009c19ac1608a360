//! The socket of one chat, as dialects have it: who may not listen is refused at the handshake, and
//! then everything that happens in the chat is told as it happens.
//!
//! A dialect says how things are written and what a frame means ([`Speech`]). There is no cursor: what
//! was said while a client was away it reads from the history.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use poem::web::websocket::{CloseCode, Message as Frame, WebSocket, WebSocketConfig, WebSocketStream};
use poem::{IntoResponse, Request, Response};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::links::Links;
use super::site::Site;
use besedka_core::hub::{Close, EphemeralEvent, Form, OutboundEvent, Queued};
use besedka_core::messenger::{Error, Limit, Listener, Messenger, NewMessage, Result};
use besedka_core::model::{Change, ChatId, Event, Message, MessageId, Scopes};

const PING_EVERY: Duration = Duration::from_secs(25);
/// A client of which nothing is heard for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A client that takes no bytes for so long is gone.
const PATIENCE: Duration = Duration::from_secs(20);
const LARGEST_FRAME: usize = 64 * 1024;
/// How many frames a client may send between two pings.
const MOST_FRAMES: u32 = 250;

/// The room in which a socket is: what a dialect may need to write something.
pub struct Room {
    pub messenger: Messenger,
    pub chat: ChatId,
    pub links: Links,
}

/// What a client's frame means.
pub enum Heard {
    Post(NewMessage),
    Typing,
    /// Everything is read, up to a message or to the newest.
    Read(Option<MessageId>),
    /// It is answered to this client alone.
    Answer(String),
    Nothing,
}

/// How a dialect talks on the socket of a chat.
pub trait Speech: Send + Sync + 'static {
    /// Which of the hub's forms is this dialect's.
    const FORM: Form;

    /// Something that happened in the chat; nothing when this dialect does not tell it. What it writes
    /// is written once for everybody, unless there are links in it.
    fn event(room: &Room, event: &Event) -> impl Future<Output = Option<String>> + Send;

    /// Something that is not kept: somebody is typing, or comes or goes.
    fn whisper(whisper: &EphemeralEvent) -> Option<String>;

    /// What a client says.
    fn hear(text: &str) -> Heard;

    /// What a client said was refused; nothing when this dialect has no words for it.
    fn refuse(error: &Error) -> Option<String>;
}

/// Opens the socket of a chat, or refuses it: 401 without a valid token, 403 to a stranger.
pub async fn open<T: Speech>(
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
    let links = Links::new(messenger, &site.base(request));
    let room = Room { messenger: messenger.clone(), chat, links };
    // tungstenite's defaults keep 128 KiB for each socket and let what is unsent grow without end.
    let config = WebSocketConfig::default()
        .read_buffer_size(2 * 1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(256 * 1024)
        .max_message_size(Some(LARGEST_FRAME))
        .max_frame_size(Some(LARGEST_FRAME));
    let upgraded = socket.config(config).on_upgrade(move |stream| serve::<T>(stream, listener, room));
    Ok(upgraded.into_response())
}

/// Why a socket is over: with a code, or because the client is gone. Never 1000, which clients take
/// for the end of all.
struct Over(Option<(u16, &'static str)>);

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self(None)
    }
}

fn over<R>(code: u16, reason: &'static str) -> std::result::Result<R, Over> {
    Err(Over(Some((code, reason))))
}

async fn serve<T: Speech>(mut stream: WebSocketStream, listener: Listener, room: Room) {
    if let Err(Over(Some((code, reason)))) = listen::<T>(&mut stream, listener, room).await {
        let farewell = Frame::Close(Some((CloseCode::from(code), reason.to_owned())));
        let _ = timeout(PATIENCE, stream.send(farewell)).await;
    }
}

async fn listen<T: Speech>(
    stream: &mut WebSocketStream,
    mut listener: Listener,
    room: Room,
) -> std::result::Result<(), Over> {
    let mut heard = Instant::now();
    let mut frames = 0;
    let mut ping = interval_at(heard + PING_EVERY, PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = listener.ready() => Box::pin(tell::<T>(stream, &room, listener.take())).await?,
            frame = stream.next() => {
                heard = Instant::now();
                frames += 1;
                if frames > MOST_FRAMES {
                    return over(4429, "too fast");
                }
                // Boxed, so that an idle socket keeps no room for it.
                Box::pin(answer::<T>(stream, &room, &listener, frame)).await?;
            }
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return Err(Over(None));
                }
                frames = 0;
                listener.forget_replay();
                timed(stream.send(Frame::ping(Vec::new()))).await?;
            }
        }
    }
}

/// Writes everything that waits, in one go.
async fn tell<T: Speech>(
    stream: &mut WebSocketStream,
    room: &Room,
    taken: Queued,
) -> std::result::Result<(), Over> {
    let mut frames = Vec::with_capacity(taken.events.len() + taken.ephemeral.len());
    for telling in &taken.events {
        frames.push(written::<T>(room, telling).await);
    }
    for whispering in &taken.ephemeral {
        frames.push(whispering.written(T::FORM, |whisper| T::whisper(whisper).unwrap_or_default()).clone());
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
        Some(Close::TooSlow) => over(1013, "too slow"),
        Some(Close::Expired) => over(4401, "expired"),
        Some(Close::Revoked) => over(4403, "revoked"),
        Some(Close::Removed) => over(4403, "removed"),
        Some(Close::Replaced) => over(4409, "replaced"),
        Some(Close::Restart) => over(1012, "restart"),
    }
}

/// An event as this dialect writes it; empty when it does not.
async fn written<T: Speech>(room: &Room, telling: &OutboundEvent) -> Arc<str> {
    if let Some(known) = telling.known(T::FORM) {
        return known.clone();
    }
    let text = T::event(room, &telling.event).await.unwrap_or_default();
    // A link begins with the address by which its reader came.
    if has_links(&telling.event.change) { text.into() } else { telling.written(T::FORM, |_| text).clone() }
}

fn has_links(change: &Change) -> bool {
    match change {
        Change::MessageCreated(message)
        | Change::MessageUpdated(message)
        | Change::AnswerFinished(message) => !message.attachments.is_empty(),
        Change::MemberAdded { .. } | Change::MemberUpdated { .. } => true,
        _ => false,
    }
}

async fn answer<T: Speech>(
    stream: &mut WebSocketStream,
    room: &Room,
    listener: &Listener,
    frame: Option<std::io::Result<Frame>>,
) -> std::result::Result<(), Over> {
    let text = match frame {
        Some(Ok(Frame::Text(text))) => text,
        Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => return Ok(()),
        Some(Ok(Frame::Binary(_))) => return over(1003, "text only"),
        Some(Ok(Frame::Close(_))) | None => return Err(Over(None)),
        Some(Err(error)) if error.to_string().contains("too long") => return over(1009, "frame too large"),
        Some(Err(error)) => return Err(error.into()),
    };
    let done = match T::hear(&text) {
        // The sender hears it like everybody else.
        Heard::Post(new) => listener.post(room.chat, new).await.map(|_: Message| ()),
        Heard::Typing => listener.typing(room.chat).await,
        Heard::Read(upto) => listener.read(room.chat, upto).await,
        Heard::Answer(frame) => return timed(stream.send(Frame::Text(frame))).await,
        Heard::Nothing => Ok(()),
    };
    let Err(error) = done else { return Ok(()) };
    if let Error::Internal(cause) = &error {
        tracing::error!(%cause, "what a socket said failed");
    }
    match T::refuse(&error) {
        Some(frame) => timed(stream.send(Frame::Text(frame))).await,
        None => Ok(()),
    }
}

/// A client that takes nothing for a while is gone.
async fn timed(write: impl Future<Output = std::io::Result<()>>) -> std::result::Result<(), Over> {
    match timeout(PATIENCE, write).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(Over(None)),
    }
}

/// The token of an address or a header, with or without `Bearer` before it.
pub fn bare(token: &str) -> &str {
    let token = token.trim();
    token.strip_prefix("Bearer ").map_or(token, str::trim)
}
