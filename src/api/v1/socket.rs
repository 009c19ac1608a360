//! `/ws`: the WebSocket that delivers events as they happen.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use poem::web::websocket::{CloseCode, Message, WebSocket, WebSocketConfig, WebSocketStream};
use poem::web::{Data, Query};
use poem::{IntoResponse, Request, Response, handler};
use poem_openapi::auth::{Bearer, BearerAuthorization};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::{Answer, Refusal, events};
use crate::site::Site;
use besedka_core::hub::{Close, EventFormat, Queued};
use besedka_core::messenger::{Access, Cursor, Error, Limit, Listener, Messenger};
use besedka_core::model::{ChatId, MessageId, Scopes};

/// The hub's number for the form in which v1 writes events.
const FORMAT: EventFormat = EventFormat(0);
/// A client that sent no token has to authenticate within this time.
const AUTH_TIMEOUT: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(25);
/// A client that sends nothing for this long is considered gone.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// A client that accepts no bytes for this long is considered gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_FRAME_SIZE: usize = 64 * 1024;
/// How many frames a client may send between two pings.
const MAX_FRAMES: u32 = 250;

/// The query parameters of the address.
#[derive(Deserialize)]
struct Parameters {
    token: Option<String>,
    ticket: Option<String>,
    cursor: Option<String>,
}

/// Opens a socket. The caller is identified by a token and never by a cookie, so any page may open one.
#[handler]
pub async fn socket(
    request: &Request,
    messenger: Data<&Messenger>,
    site: Data<&Site>,
    Query(parameters): Query<Parameters>,
    socket: WebSocket,
) -> poem::Result<Response> {
    let messenger = messenger.0.clone();
    messenger.limit(Limit::ConnectFrom(site.address(request).into())).map_err(Refusal::from)?;
    let access = authenticate(&messenger, request, &parameters).await?;
    let cursor = read_cursor(parameters.cursor.as_deref()).map_err(Refusal::from)?;
    // tungstenite's defaults keep 128 KiB for each socket and let unsent data grow without limit.
    let config = WebSocketConfig::default()
        .read_buffer_size(2 * 1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(256 * 1024)
        .max_message_size(Some(MAX_FRAME_SIZE))
        .max_frame_size(Some(MAX_FRAME_SIZE));
    let socket = socket.config(config).on_upgrade(move |stream| serve(messenger, stream, access, cursor));
    Ok(socket.into_response())
}

async fn authenticate(
    messenger: &Messenger,
    request: &Request,
    parameters: &Parameters,
) -> Answer<Option<Access>> {
    let bearer = Bearer::from_request(request).ok().map(|bearer| bearer.token);
    let access = match (&parameters.ticket, parameters.token.as_ref().or(bearer.as_ref())) {
        (Some(ticket), _) => Box::pin(messenger.redeem_ticket(ticket)).await?,
        (None, Some(token)) => {
            messenger.access(token.strip_prefix("Bearer ").unwrap_or(token), Scopes::READ).await?
        }
        (None, None) => return Ok(None),
    };
    messenger.limit(Limit::Connect(access.user))?;
    Ok(Some(access))
}

fn read_cursor(text: Option<&str>) -> Result<Option<Cursor>, Error> {
    text.filter(|text| !text.is_empty()).map(str::parse).transpose()
}

/// Why a socket ends: with a close code, or because the client is gone.
struct Ended(Option<(u16, &'static str)>);

impl From<std::io::Error> for Ended {
    fn from(_: std::io::Error) -> Self {
        Self(None)
    }
}

fn end<T>(code: u16, reason: &'static str) -> Result<T, Ended> {
    Err(Ended(Some((code, reason))))
}

async fn serve(
    messenger: Messenger,
    mut stream: WebSocketStream,
    access: Option<Access>,
    cursor: Option<Cursor>,
) {
    if let Err(Ended(Some((code, reason)))) = Box::pin(run(&messenger, &mut stream, access, cursor)).await {
        let close = Message::Close(Some((CloseCode::from(code), reason.to_owned())));
        let _ = timeout(WRITE_TIMEOUT, stream.send(close)).await;
    }
}

/// What happens once at the beginning is boxed, so that an idle socket keeps only what it needs to listen.
async fn run(
    messenger: &Messenger,
    stream: &mut WebSocketStream,
    access: Option<Access>,
    cursor: Option<Cursor>,
) -> Result<(), Ended> {
    let (access, cursor) = match access {
        Some(access) => (access, cursor),
        None => Box::pin(authenticate_by_frame(messenger, stream, cursor)).await?,
    };
    let mut listener = match Box::pin(messenger.listen(access, cursor.as_ref())).await {
        Ok(listener) => listener,
        Err(Error::SessionEnded) => return end(4403, "revoked"),
        Err(error) => return internal_error(&error),
    };
    drop(cursor);
    Box::pin(catch_up(stream, &mut listener)).await?;
    listen(stream, listener).await
}

fn internal_error<T>(error: &Error) -> Result<T, Ended> {
    tracing::error!(%error, "a socket failed");
    end(1011, "internal")
}

/// Waits for the frame that authenticates the client.
async fn authenticate_by_frame(
    messenger: &Messenger,
    stream: &mut WebSocketStream,
    cursor: Option<Cursor>,
) -> Result<(Access, Option<Cursor>), Ended> {
    let first_frame = timeout(AUTH_TIMEOUT, async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return end(1003, "text only"),
                Some(Ok(Message::Close(_))) | None => return Err(Ended(None)),
                Some(Err(error)) => return Err(error.into()),
            }
        }
    });
    let Ok(text) = first_frame.await else {
        return end(4401, "no token was sent in time");
    };
    let frame = Frame::read(&text?);
    let token =
        frame.as_ref().filter(|frame| frame.event == "auth").and_then(|frame| frame.data["token"].as_str());
    let access = match token {
        Some(token) => messenger.access(token, Scopes::READ).await,
        None => Err(Error::Unauthorized),
    };
    let Ok(access) = access else {
        return end(4401, "unauthorized");
    };
    if messenger.limit(Limit::Connect(access.user)).is_err() {
        return end(4429, "too many connections");
    }
    let given = frame.as_ref().and_then(|frame| frame.data["cursor"].as_str());
    match read_cursor(given) {
        Ok(given) => Ok((access, given.or(cursor))),
        Err(error) => {
            send(stream, events::wrong(&error.to_string(), error.code())).await?;
            end(1008, "invalid cursor")
        }
    }
}

/// Sends the events that the client missed.
async fn catch_up(stream: &mut WebSocketStream, listener: &mut Listener) -> Result<(), Ended> {
    loop {
        match listener.replay().await {
            Ok(Some(page)) => {
                let frames =
                    page.gaps.iter().map(events::missing).chain(page.events.iter().map(events::write));
                send_all(stream, frames).await?;
            }
            Ok(None) => {
                let ready = events::ready(listener.user(), listener.cursor());
                return send(stream, ready).await;
            }
            Err(error) => return internal_error(&error),
        }
    }
}

async fn listen(stream: &mut WebSocketStream, mut listener: Listener) -> Result<(), Ended> {
    let mut last_received = Instant::now();
    let mut frames = 0;
    let mut ping = interval_at(last_received + PING_EVERY, PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = listener.ready() => deliver(stream, listener.take()).await?,
            frame = stream.next() => {
                last_received = Instant::now();
                frames += 1;
                if frames > MAX_FRAMES {
                    return end(4429, "too fast");
                }
                handle(stream, &listener, frame).await?;
            }
            _ = ping.tick() => {
                if last_received.elapsed() > IDLE_TIMEOUT {
                    return Err(Ended(None));
                }
                frames = 0;
                listener.forget_replay();
                timed(stream.send(Message::ping(Vec::new()))).await?;
            }
        }
    }
}

/// Sends everything that is queued, in one flush.
async fn deliver(stream: &mut WebSocketStream, taken: Queued) -> Result<(), Ended> {
    let events = taken.events.iter().map(|event| event.written(FORMAT, events::write).to_string());
    let ephemeral =
        taken.ephemeral.iter().map(|event| event.written(FORMAT, events::ephemeral_frame).to_string());
    send_all(stream, events.chain(ephemeral)).await?;
    match taken.closed {
        None => Ok(()),
        Some(Close::TooSlow) => end(1013, "too slow; resume from your cursor"),
        Some(Close::Expired) => end(4401, "expired"),
        Some(Close::Revoked) => end(4403, "revoked"),
        Some(Close::Removed) => end(4403, "removed"),
        Some(Close::Replaced) => end(4409, "replaced"),
        Some(Close::Restart) => end(1012, "restart"),
    }
}

async fn handle(
    stream: &mut WebSocketStream,
    listener: &Listener,
    frame: Option<std::io::Result<Message>>,
) -> Result<(), Ended> {
    let text = match frame {
        Some(Ok(Message::Text(text))) => text,
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
        Some(Ok(Message::Binary(_))) => return end(1003, "text only"),
        Some(Ok(Message::Close(_))) | None => return Err(Ended(None)),
        Some(Err(error)) if error.to_string().contains("too long") => return end(1009, "frame too large"),
        Some(Err(error)) => return Err(error.into()),
    };
    let Some(frame) = Frame::read(&text) else {
        return send(stream, events::wrong("a frame must be a JSON object with event and data", "invalid"))
            .await;
    };
    match frame.event.as_str() {
        "ping" => send(stream, events::pong()).await,
        "typing" => match frame.data["chat_id"].as_i64() {
            // Boxed, so that an idle socket keeps no room for it.
            Some(chat) => match Box::pin(listener.typing(ChatId(chat))).await {
                Ok(()) => Ok(()),
                Err(Error::Internal(error)) => internal_error(&Error::Internal(error)),
                Err(error) => send(stream, events::wrong(&error.to_string(), error.code())).await,
            },
            None => send(stream, events::wrong("data.chat_id is missing", "invalid")).await,
        },
        "read" | "delivered" => match Box::pin(mark(listener, &frame)).await {
            Ok(()) => Ok(()),
            Err(Error::Internal(error)) => internal_error(&Error::Internal(error)),
            Err(error) => send(stream, events::wrong(&error.to_string(), error.code())).await,
        },
        "presence" => match frame.data["status"].as_str() {
            Some(status @ ("online" | "away")) => {
                listener.set_away(status == "away");
                Ok(())
            }
            _ => send(stream, events::wrong("data.status must be online or away", "invalid")).await,
        },
        // The client is authenticated already, for example when it repeats this after a token renewal.
        "auth" => Ok(()),
        _ => send(stream, events::wrong("unknown event", "invalid")).await,
    }
}

/// Marks a chat as read, or its messages as delivered.
async fn mark(listener: &Listener, frame: &Frame) -> Result<(), Error> {
    let missing = |field: &'static str| Error::invalid(field, "is missing");
    let chat = frame.data["chat_id"].as_i64().map(ChatId).ok_or_else(|| missing("chat_id"))?;
    let message = match &frame.data["message_id"] {
        Value::Null => None,
        id => Some(
            id.as_i64().map(MessageId).ok_or_else(|| Error::invalid("message_id", "must be an integer"))?,
        ),
    };
    match frame.event.as_str() {
        "read" => listener.read(chat, message).await,
        _ => listener.delivered(chat, message.ok_or_else(|| missing("message_id"))?).await,
    }
}

/// A frame from the client.
#[derive(Deserialize)]
struct Frame {
    event: String,
    #[serde(default)]
    data: Value,
}

impl Frame {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

async fn send(stream: &mut WebSocketStream, frame: String) -> Result<(), Ended> {
    timed(stream.send(Message::Text(frame))).await
}

async fn send_all(stream: &mut WebSocketStream, frames: impl Iterator<Item = String>) -> Result<(), Ended> {
    timed(async {
        for frame in frames {
            stream.feed(Message::Text(frame)).await?;
        }
        stream.flush().await
    })
    .await
}

/// Fails if the client accepts nothing for a while.
async fn timed(write: impl Future<Output = std::io::Result<()>>) -> Result<(), Ended> {
    match timeout(WRITE_TIMEOUT, write).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(Ended(None)),
    }
}
