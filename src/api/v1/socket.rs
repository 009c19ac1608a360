//! `/ws`: everything as it happens.

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
use besedka_core::hub::{Close, Form, Taken};
use besedka_core::messenger::{Access, Cursor, Error, Limit, Listener, Messenger};
use besedka_core::model::{ChatId, MessageId, Scopes};

/// v1's way of writing events.
const FORM: Form = Form(0);
/// A client that sent no token must say who it is within this time.
const INTRODUCTION: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(25);
/// A client of which nothing is heard for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A client that takes no bytes for so long is gone.
const PATIENCE: Duration = Duration::from_secs(20);
const LARGEST_FRAME: usize = 64 * 1024;
/// How many frames a client may send between two pings.
const MOST_FRAMES: u32 = 250;

/// What the address may say.
#[derive(Deserialize)]
struct Opening {
    token: Option<String>,
    ticket: Option<String>,
    cursor: Option<String>,
}

/// Opens a socket. Who asks is known by a token and never by a cookie, so any page may open one.
#[handler]
pub async fn socket(
    request: &Request,
    messenger: Data<&Messenger>,
    site: Data<&Site>,
    Query(opening): Query<Opening>,
    socket: WebSocket,
) -> poem::Result<Response> {
    let messenger = messenger.0.clone();
    messenger.limit(Limit::ConnectFrom(site.address(request).into())).map_err(Refusal::from)?;
    let access = introduced(&messenger, request, &opening).await?;
    let cursor = read_cursor(opening.cursor.as_deref()).map_err(Refusal::from)?;
    // tungstenite's defaults keep 128 KiB for each socket and let what is unsent grow without end.
    let config = WebSocketConfig::default()
        .read_buffer_size(2 * 1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(256 * 1024)
        .max_message_size(Some(LARGEST_FRAME))
        .max_frame_size(Some(LARGEST_FRAME));
    let socket = socket.config(config).on_upgrade(move |stream| serve(messenger, stream, access, cursor));
    Ok(socket.into_response())
}

async fn introduced(messenger: &Messenger, request: &Request, opening: &Opening) -> Answer<Option<Access>> {
    let bearer = Bearer::from_request(request).ok().map(|bearer| bearer.token);
    let access = match (&opening.ticket, opening.token.as_ref().or(bearer.as_ref())) {
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

/// Why a socket is over: with a code, or because the client is gone.
struct Over(Option<(u16, &'static str)>);

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self(None)
    }
}

fn over<T>(code: u16, reason: &'static str) -> Result<T, Over> {
    Err(Over(Some((code, reason))))
}

async fn serve(
    messenger: Messenger,
    mut stream: WebSocketStream,
    access: Option<Access>,
    cursor: Option<Cursor>,
) {
    if let Err(Over(Some((code, reason)))) = Box::pin(converse(&messenger, &mut stream, access, cursor)).await
    {
        let farewell = Message::Close(Some((CloseCode::from(code), reason.to_owned())));
        let _ = timeout(PATIENCE, stream.send(farewell)).await;
    }
}

/// What happens once at the beginning is boxed, so that an idle socket keeps only what listening needs.
async fn converse(
    messenger: &Messenger,
    stream: &mut WebSocketStream,
    access: Option<Access>,
    cursor: Option<Cursor>,
) -> Result<(), Over> {
    let (access, cursor) = match access {
        Some(access) => (access, cursor),
        None => Box::pin(introduce(messenger, stream, cursor)).await?,
    };
    let mut listener = match Box::pin(messenger.listen(access, cursor.as_ref())).await {
        Ok(listener) => listener,
        Err(Error::SessionEnded) => return over(4403, "revoked"),
        Err(error) => return fault(&error),
    };
    drop(cursor);
    Box::pin(catch_up(stream, &mut listener)).await?;
    listen(stream, listener).await
}

fn fault<T>(error: &Error) -> Result<T, Over> {
    tracing::error!(%error, "a socket failed");
    over(1011, "internal")
}

/// Waits for the frame that says who it is.
async fn introduce(
    messenger: &Messenger,
    stream: &mut WebSocketStream,
    cursor: Option<Cursor>,
) -> Result<(Access, Option<Cursor>), Over> {
    let introduction = timeout(INTRODUCTION, async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return over(1003, "text only"),
                Some(Ok(Message::Close(_))) | None => return Err(Over(None)),
                Some(Err(error)) => return Err(error.into()),
            }
        }
    });
    let Ok(text) = introduction.await else {
        return over(4401, "no token came in time");
    };
    let frame = Frame::read(&text?);
    let token =
        frame.as_ref().filter(|frame| frame.event == "auth").and_then(|frame| frame.data["token"].as_str());
    let access = match token {
        Some(token) => messenger.access(token, Scopes::READ).await,
        None => Err(Error::Unauthorized),
    };
    let Ok(access) = access else {
        return over(4401, "unauthorized");
    };
    if messenger.limit(Limit::Connect(access.user)).is_err() {
        return over(4429, "too many connections");
    }
    let given = frame.as_ref().and_then(|frame| frame.data["cursor"].as_str());
    match read_cursor(given) {
        Ok(given) => Ok((access, given.or(cursor))),
        Err(error) => {
            send(stream, events::wrong(&error.to_string(), error.code())).await?;
            over(1008, "the cursor can't be read")
        }
    }
}

/// Tells what was missed.
async fn catch_up(stream: &mut WebSocketStream, listener: &mut Listener) -> Result<(), Over> {
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
            Err(error) => return fault(&error),
        }
    }
}

async fn listen(stream: &mut WebSocketStream, mut listener: Listener) -> Result<(), Over> {
    let mut heard = Instant::now();
    let mut frames = 0;
    let mut ping = interval_at(heard + PING_EVERY, PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = listener.woken() => tell(stream, listener.take()).await?,
            frame = stream.next() => {
                heard = Instant::now();
                frames += 1;
                if frames > MOST_FRAMES {
                    return over(4429, "too fast");
                }
                answer(stream, &listener, frame).await?;
            }
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return Err(Over(None));
                }
                frames = 0;
                listener.settle();
                timed(stream.send(Message::ping(Vec::new()))).await?;
            }
        }
    }
}

/// Writes everything that waits, in one go.
async fn tell(stream: &mut WebSocketStream, taken: Taken) -> Result<(), Over> {
    let events = taken.events.iter().map(|telling| telling.written(FORM, events::write).to_string());
    let whispers =
        taken.whispers.iter().map(|whispering| whispering.written(FORM, events::whispered).to_string());
    send_all(stream, events.chain(whispers)).await?;
    match taken.closed {
        None => Ok(()),
        Some(Close::TooSlow) => over(1013, "too slow; resume from your cursor"),
        Some(Close::Expired) => over(4401, "expired"),
        Some(Close::Revoked) => over(4403, "revoked"),
        Some(Close::Removed) => over(4403, "removed"),
        Some(Close::Replaced) => over(4409, "replaced"),
        Some(Close::Restart) => over(1012, "restart"),
    }
}

async fn answer(
    stream: &mut WebSocketStream,
    listener: &Listener,
    frame: Option<std::io::Result<Message>>,
) -> Result<(), Over> {
    let text = match frame {
        Some(Ok(Message::Text(text))) => text,
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
        Some(Ok(Message::Binary(_))) => return over(1003, "text only"),
        Some(Ok(Message::Close(_))) | None => return Err(Over(None)),
        Some(Err(error)) if error.to_string().contains("too long") => return over(1009, "frame too large"),
        Some(Err(error)) => return Err(error.into()),
    };
    let Some(frame) = Frame::read(&text) else {
        return send(stream, events::wrong("a frame is a JSON object with event and data", "invalid")).await;
    };
    match frame.event.as_str() {
        "ping" => send(stream, events::pong()).await,
        "typing" => match frame.data["chat_id"].as_i64() {
            // Boxed, so that an idle socket keeps no room for it.
            Some(chat) => match Box::pin(listener.typing(ChatId(chat))).await {
                Ok(()) => Ok(()),
                Err(Error::Internal(error)) => fault(&Error::Internal(error)),
                Err(error) => send(stream, events::wrong(&error.to_string(), error.code())).await,
            },
            None => send(stream, events::wrong("data.chat_id is missing", "invalid")).await,
        },
        "read" | "delivered" => match Box::pin(mark(listener, &frame)).await {
            Ok(()) => Ok(()),
            Err(Error::Internal(error)) => fault(&Error::Internal(error)),
            Err(error) => send(stream, events::wrong(&error.to_string(), error.code())).await,
        },
        "presence" => match frame.data["status"].as_str() {
            Some(status @ ("online" | "away")) => {
                listener.turn(status == "away");
                Ok(())
            }
            _ => send(stream, events::wrong("data.status must be online or away", "invalid")).await,
        },
        // Who they are is known: a client that says so again, as after a renewal, is right already.
        "auth" => Ok(()),
        _ => send(stream, events::wrong("unknown event", "invalid")).await,
    }
}

/// Marks a chat as read, or its messages as arrived.
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

/// What a client sends.
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

async fn send(stream: &mut WebSocketStream, frame: String) -> Result<(), Over> {
    timed(stream.send(Message::Text(frame))).await
}

async fn send_all(stream: &mut WebSocketStream, frames: impl Iterator<Item = String>) -> Result<(), Over> {
    timed(async {
        for frame in frames {
            stream.feed(Message::Text(frame)).await?;
        }
        stream.flush().await
    })
    .await
}

/// A client that takes nothing for a while is gone.
async fn timed(write: impl Future<Output = std::io::Result<()>>) -> Result<(), Over> {
    match timeout(PATIENCE, write).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(Over(None)),
    }
}
