//! `/ws`: the WebSocket that delivers events as they happen.

use std::time::Duration;

use bytes::Bytes;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use poem_openapi::auth::{Bearer, BearerAuthorization};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::{Answer, Refusal, events};
use crate::site::Site;
use crate::websocket::{Ended, IDLE_TIMEOUT, Socket, WebSocketRequest, end, end_if_closed, pings};
use besedka_core::hub::{EventFormat, Queued};
use besedka_core::messenger::{Access, Cursor, Error, Limit, Listener, Messenger};
use besedka_core::model::{ChatId, MessageId, Scopes};

/// The hub's number for the form in which v1 writes events.
const FORMAT: EventFormat = EventFormat::new(0);
/// A client that sent no token has to authenticate within this time.
const AUTH_TIMEOUT: Duration = Duration::from_secs(10);
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
    upgrade: WebSocketRequest,
) -> poem::Result<Response> {
    let messenger = messenger.0.clone();
    messenger.limit(Limit::ConnectFrom(site.address(request).into())).map_err(Refusal::from)?;
    let access = authenticate(&messenger, request, &parameters).await?;
    let cursor = read_cursor(parameters.cursor.as_deref()).map_err(Refusal::from)?;
    Ok(upgrade.accept(move |connection| serve(messenger, connection, access, cursor)))
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

async fn serve(messenger: Messenger, mut connection: Socket, access: Option<Access>, cursor: Option<Cursor>) {
    if let Err(ended) = Box::pin(run(&messenger, &mut connection, access, cursor)).await {
        Box::pin(connection.close(ended)).await;
    }
}

/// What does not happen all the time is boxed, so that an idle socket keeps only what it needs to listen.
async fn run(
    messenger: &Messenger,
    connection: &mut Socket,
    access: Option<Access>,
    cursor: Option<Cursor>,
) -> Result<(), Ended> {
    let (access, cursor) = match access {
        Some(access) => (access, cursor),
        None => Box::pin(authenticate_by_frame(messenger, connection, cursor)).await?,
    };
    let mut listener = match Box::pin(messenger.listen(access, cursor.as_ref())).await {
        Ok(listener) => listener,
        Err(Error::SessionEnded) => return end(4403, "revoked"),
        Err(error) => return internal_error(&error),
    };
    drop(cursor);
    Box::pin(catch_up(connection, &mut listener)).await?;
    listen(connection, listener).await
}

fn internal_error<T>(error: &Error) -> Result<T, Ended> {
    tracing::error!(%error, "a socket failed");
    end(1011, "internal")
}

/// Waits for the frame that authenticates the client.
async fn authenticate_by_frame(
    messenger: &Messenger,
    connection: &mut Socket,
    cursor: Option<Cursor>,
) -> Result<(Access, Option<Cursor>), Ended> {
    let first_frame = timeout(AUTH_TIMEOUT, async {
        loop {
            if let Some(text) = connection.receive().await? {
                return Ok::<_, Ended>(text);
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
            connection.send(events::wrong(&error.to_string(), error.code())).await?;
            end(1008, "invalid cursor")
        }
    }
}

/// Sends the events that the client missed.
async fn catch_up(connection: &mut Socket, listener: &mut Listener) -> Result<(), Ended> {
    loop {
        match listener.replay().await {
            Ok(Some(page)) => {
                let gaps = page.gaps.iter().map(events::missing);
                // Each event is freed when it is written.
                let events = page.events.into_iter().map(|event| events::write(&event));
                connection.send_all(gaps.chain(events).map(Bytes::from).collect()).await?;
            }
            Ok(None) => {
                let ready = events::ready(listener.user(), listener.cursor());
                return connection.send(ready).await;
            }
            Err(error) => return internal_error(&error),
        }
    }
}

async fn listen(connection: &mut Socket, mut listener: Listener) -> Result<(), Ended> {
    let mut last_received = Instant::now();
    let mut frames = 0;
    let mut ping = pings(last_received);
    loop {
        tokio::select! {
            () = listener.ready() => Box::pin(deliver(connection, listener.take())).await?,
            received = connection.receive() => {
                last_received = Instant::now();
                frames += 1;
                if frames > MAX_FRAMES {
                    return end(4429, "too fast");
                }
                if let Some(text) = received? {
                    Box::pin(handle(connection, &listener, &text)).await?;
                }
            }
            _ = ping.tick() => {
                if last_received.elapsed() > IDLE_TIMEOUT {
                    return Err(Ended::GONE);
                }
                frames = 0;
                listener.forget_replay();
                Box::pin(connection.ping()).await?;
            }
        }
    }
}

/// Sends everything that is queued.
async fn deliver(connection: &mut Socket, taken: Queued) -> Result<(), Ended> {
    let events = taken.events.iter().map(|event| event.written(FORMAT, events::write).clone());
    let ephemeral =
        taken.ephemeral.iter().map(|event| event.written(FORMAT, events::ephemeral_frame).clone());
    connection.send_all(events.chain(ephemeral).collect()).await?;
    end_if_closed(taken.closed)
}

async fn handle(connection: &mut Socket, listener: &Listener, text: &str) -> Result<(), Ended> {
    let Some(frame) = Frame::read(text) else {
        return connection
            .send(events::wrong("a frame must be a JSON object with event and data", "invalid"))
            .await;
    };
    match frame.event.as_str() {
        "ping" => connection.send(events::pong()).await,
        "typing" => match frame.data["chat_id"].as_i64() {
            Some(chat) => match listener.typing(ChatId(chat)).await {
                Ok(()) => Ok(()),
                Err(Error::Internal(error)) => internal_error(&Error::Internal(error)),
                Err(error) => connection.send(events::wrong(&error.to_string(), error.code())).await,
            },
            None => connection.send(events::wrong("data.chat_id is missing", "invalid")).await,
        },
        "read" | "delivered" => match mark(listener, &frame).await {
            Ok(()) => Ok(()),
            Err(Error::Internal(error)) => internal_error(&Error::Internal(error)),
            Err(error) => connection.send(events::wrong(&error.to_string(), error.code())).await,
        },
        "presence" => match frame.data["status"].as_str() {
            Some(status @ ("online" | "away")) => {
                listener.set_away(status == "away");
                Ok(())
            }
            _ => connection.send(events::wrong("data.status must be online or away", "invalid")).await,
        },
        // The client is authenticated already, for example when it repeats this after a token renewal.
        "auth" => Ok(()),
        _ => connection.send(events::wrong("unknown event", "invalid")).await,
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
