//! `/scheduled`: saying something later.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

use super::caller::SignedIn;
use super::idempotency::Key;
use super::messages::object;
use super::types::{Created, Done, Message, MessageType, Scheduled};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger, NewMessage, Rescheduling};
use besedka_core::model::{ChatId, Content, MessageId, ScheduledId, Time, UserId};

pub struct ScheduledMessages;

/// What to say, and when.
#[derive(Object)]
#[oai(example)]
struct SayLater {
    chat_id: i64,
    /// `text` without it.
    #[oai(rename = "type", default = "text")]
    kind: MessageType,
    /// As of `POST /messages`.
    content: Option<String>,
    /// As of `POST /messages`.
    payload: Option<Value>,
    /// The message of the same chat that it answers.
    reply_to: Option<i64>,
    /// The thread in which it will stand: the message that began it.
    thread_id: Option<i64>,
    /// Who is meant, besides those whom the text names.
    #[oai(default)]
    mentions: Vec<i64>,
    /// Nobody is to be disturbed by it.
    #[oai(default)]
    silent: bool,
    /// When: UTC, ISO 8601; in the future, at most 366 days ahead.
    send_at: String,
}

fn text() -> MessageType {
    MessageType::Text
}

impl Example for SayLater {
    fn example() -> Self {
        Self {
            chat_id: 253_402_300_927,
            kind: MessageType::Text,
            content: Some("Good morning!".to_owned()),
            payload: None,
            reply_to: None,
            thread_id: None,
            mentions: Vec::new(),
            silent: true,
            send_at: "2024-03-27T06:00:00".to_owned(),
        }
    }
}

/// What to change; what is missing stays.
#[derive(Object)]
#[oai(example)]
struct ScheduledChange {
    content: Option<String>,
    /// Its file can't be changed.
    payload: Option<Value>,
    silent: Option<bool>,
    /// One that failed waits again.
    send_at: Option<String>,
}

impl Example for ScheduledChange {
    fn example() -> Self {
        Self { content: None, payload: None, silent: None, send_at: Some("2024-03-27T07:00:00".to_owned()) }
    }
}

fn moment(text: &str) -> Result<Time, Error> {
    Time::read(text).ok_or_else(|| Error::invalid("send_at", "must be a moment, as in 2024-03-26T12:00:00"))
}

#[OpenApi(tag = "Area::Messages")]
impl ScheduledMessages {
    /// Send a message later
    ///
    /// What could not be said now is refused now. When it is due, it is sent once, also when the server was down at that
    /// moment: everybody hears `message.created`, one's own devices `scheduled.removed`. What one may no longer say then is
    /// kept with the reason, and told as `scheduled.saved` with a `failure`. At most 100 of one person
    /// wait in a chat.
    #[oai(path = "/scheduled", method = "post", operation_id = "scheduleMessage")]
    async fn schedule(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<SayLater>,
    ) -> Answer<Created<Scheduled>> {
        let SayLater { chat_id, kind, content, payload, reply_to, thread_id, mentions, silent, send_at } =
            body.0;
        let new = NewMessage {
            reply_to: reply_to.map(MessageId),
            thread: thread_id.map(MessageId),
            mentions: mentions.into_iter().map(UserId).collect(),
            is_silent: silent,
            ..NewMessage::new(Content::new(kind.into(), content, object(payload)?)?)
        };
        let due_at = moment(&send_at)?;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let waiting = caller.schedule(ChatId(chat_id), new, due_at).await?;
        Ok(Created::Created(Json(waiting.into())))
    }

    /// List what waits to be sent
    ///
    /// One's own, the next first, those that failed included.
    #[oai(path = "/scheduled", method = "get", operation_id = "scheduledMessages")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// Only of this chat.
        chat_id: Query<Option<i64>>,
    ) -> Answer<Json<Vec<Scheduled>>> {
        let waiting = messenger.as_user(caller.0).scheduled(chat_id.0.map(ChatId)).await?;
        Ok(Json(waiting.into_iter().map(Scheduled::from).collect()))
    }

    /// A message that waits to be sent
    #[oai(path = "/scheduled/:scheduled_id", method = "get", operation_id = "scheduledMessage")]
    async fn one(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        scheduled_id: Path<i64>,
    ) -> Answer<Json<Scheduled>> {
        let caller = messenger.as_user(caller.0);
        Ok(Json(caller.scheduled_message(ScheduledId(scheduled_id.0)).await?.into()))
    }

    /// Change what waits to be sent
    ///
    /// One's own devices hear it as `scheduled.saved`.
    #[oai(path = "/scheduled/:scheduled_id", method = "patch", operation_id = "changeScheduledMessage")]
    async fn change(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        scheduled_id: Path<i64>,
        body: JsonBody<ScheduledChange>,
    ) -> Answer<Json<Scheduled>> {
        let ScheduledChange { content, payload, silent, send_at } = body.0;
        let change = Rescheduling {
            text: content,
            payload: object(payload)?,
            is_silent: silent,
            due_at: send_at.as_deref().map(moment).transpose()?,
        };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.reschedule(ScheduledId(scheduled_id.0), change).await?.into()))
    }

    /// Do not send it
    ///
    /// One's own devices hear it as `scheduled.removed`.
    #[oai(path = "/scheduled/:scheduled_id", method = "delete", operation_id = "cancelScheduledMessage")]
    async fn cancel(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        scheduled_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.cancel_scheduled(ScheduledId(scheduled_id.0)).await?;
        Ok(Done::Done)
    }

    /// Send it now
    ///
    /// Answers the message. Where one may not say it, it stays as it was.
    #[oai(path = "/scheduled/:scheduled_id/send", method = "post", operation_id = "sendScheduledMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        scheduled_id: Path<i64>,
    ) -> Answer<Created<Message>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let message = caller.send_scheduled(ScheduledId(scheduled_id.0)).await?;
        Ok(Created::Created(Json(message.into())))
    }
}
