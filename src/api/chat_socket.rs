//! The WebSocket of a single chat, as the dialects have it. Callers who are not members are refused at the
//! handshake; the others receive the chat's events as they happen.
//!
//! A dialect defines how events are written and what a frame means ([`SocketFormat`]). There is no cursor: a client
//! reads what it missed from the message history.

use std::time::Duration;

use bytes::Bytes;
use poem::http::header;
use poem::{Request, Response};
use tokio::time::Instant;

use super::links::{self, Links};
use super::site::Site;
use super::websocket::{Ended, IDLE_TIMEOUT, Socket, WebSocketRequest, end, end_if_closed, pings};
use besedka_core::hub::{EphemeralEvent, EventFormat, OutboundEvent, Queued};
use besedka_core::messenger::{Error, Limit, Listener, Messenger, NewMessage, Result};
use besedka_core::model::{Change, ChatId, Event, Language, Message, MessageId, Scopes};

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
    /// for all sockets of a language, unless it contains links.
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
    socket: WebSocketRequest,
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
    Ok(socket.accept(move |socket| serve::<T>(socket, listener, room)))
}

async fn serve<T: SocketFormat>(mut socket: Socket, listener: Listener, room: Room) {
    if let Err(ended) = listen::<T>(&mut socket, listener, room).await {
        Box::pin(socket.close(ended)).await;
    }
}

/// What does not happen all the time is boxed, so that an idle socket keeps only what it needs to listen.
async fn listen<T: SocketFormat>(
    socket: &mut Socket,
    mut listener: Listener,
    room: Room,
) -> std::result::Result<(), Ended> {
    let mut last_received = Instant::now();
    let mut frames = 0;
    let mut ping = pings(last_received);
    loop {
        tokio::select! {
            () = listener.ready() => Box::pin(deliver::<T>(socket, &room, listener.take())).await?,
            received = socket.receive() => {
                last_received = Instant::now();
                frames += 1;
                if frames > MAX_FRAMES {
                    return end(4429, "too fast");
                }
                if let Some(text) = received? {
                    Box::pin(handle::<T>(socket, &room, &listener, &text)).await?;
                }
            }
            _ = ping.tick() => {
                if last_received.elapsed() > IDLE_TIMEOUT {
                    return Err(Ended::GONE);
                }
                frames = 0;
                listener.forget_replay();
                Box::pin(socket.ping()).await?;
            }
        }
    }
}

/// Sends everything that is queued.
async fn deliver<T: SocketFormat>(
    socket: &mut Socket,
    room: &Room,
    taken: Queued,
) -> std::result::Result<(), Ended> {
    let mut frames = Vec::with_capacity(taken.events.len() + taken.ephemeral.len());
    for outbound in &taken.events {
        frames.push(written::<T>(room, outbound).await);
    }
    for outbound in &taken.ephemeral {
        frames.push(outbound.written(T::FORMAT, |event| T::ephemeral(event).unwrap_or_default()).clone());
    }
    // Those that are empty are not delivered by this dialect.
    frames.retain(|frame| !frame.is_empty());
    socket.send_all(frames).await?;
    end_if_closed(taken.closed)
}

/// An event in this dialect's form; empty if the dialect does not deliver it.
async fn written<T: SocketFormat>(room: &Room, outbound: &OutboundEvent) -> Bytes {
    let format = T::FORMAT.in_language(room.links.language);
    if let Some(known) = outbound.known(format) {
        return known.clone();
    }
    let text = T::event(room, &outbound.event).await.unwrap_or_default();
    if depends_on_reader(&outbound.event.change) {
        text.into()
    } else {
        outbound.written(format, |_| text).clone()
    }
}

/// Whether an event is not the same for all readers of a language: it contains links, which begin with the address
/// that their reader used.
pub fn depends_on_reader(change: &Change) -> bool {
    match change {
        Change::MessageCreated(message)
        | Change::MessageUpdated(message)
        | Change::AnswerFinished(message) => !message.attachments.is_empty(),
        Change::MemberAdded { .. } | Change::MemberUpdated { .. } => true,
        _ => false,
    }
}

async fn handle<T: SocketFormat>(
    socket: &mut Socket,
    room: &Room,
    listener: &Listener,
    text: &str,
) -> std::result::Result<(), Ended> {
    let done = match T::parse(text) {
        // The sender receives the event like everyone else.
        ClientFrame::Post(new) => listener.post(room.chat, new).await.map(|_: Message| ()),
        ClientFrame::Typing => listener.typing(room.chat).await,
        ClientFrame::Delivered(upto) => listener.delivered(room.chat, upto).await,
        ClientFrame::Read(upto) => listener.read(room.chat, upto).await,
        ClientFrame::Answer(frame) => return socket.send(frame).await,
        ClientFrame::Nothing => Ok(()),
    };
    let Err(error) = done else { return Ok(()) };
    if let Error::Internal(cause) = &error {
        tracing::error!(%cause, "a frame failed");
    }
    match T::refuse(&error) {
        Some(frame) => socket.send(frame).await,
        None => Ok(()),
    }
}

/// The token from an address or a header, with or without the prefix `Bearer`.
pub fn bare(token: &str) -> &str {
    let token = token.trim();
    token.strip_prefix("Bearer ").map_or(token, str::trim)
}
