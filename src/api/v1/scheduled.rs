//! `/scheduled`: scheduled messages.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Created, Done, Message, MessageType, Scheduled};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::json_object::JsonObject;
use besedka_core::messenger::{Error, Messenger, NewMessage, Rescheduling};
use besedka_core::model::{ChatId, Content, MessageId, ScheduledId, Time, UserId};

pub struct ScheduledMessages;

/// A message to be sent later.
#[derive(Object)]
#[oai(example)]
struct ScheduleMessage {
    chat_id: i64,
    /// The type of message; `text` by default.
    #[oai(rename = "type", default = "text")]
    kind: MessageType,
    /// As in `POST /messages`.
    content: Option<String>,
    /// As in `POST /messages`.
    payload: Option<JsonObject>,
    /// The message in the same chat that this one replies to.
    reply_to: Option<i64>,
    /// The thread to post in: the ID of the thread's first message.
    thread_id: Option<i64>,
    /// Mentioned users, in addition to `@username` in the text.
    #[oai(default)]
    mentions: Vec<i64>,
    /// Whether to deliver the message without a notification.
    #[oai(default)]
    silent: bool,
    /// When to send it: UTC, ISO 8601; in the future, at most 366 days ahead.
    send_at: String,
}

fn text() -> MessageType {
    MessageType::Text
}

impl Example for ScheduleMessage {
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

/// The fields to change; omitted fields are left unchanged.
#[derive(Object)]
#[oai(example)]
struct ScheduledChange {
    content: Option<String>,
    /// The new payload. The attached files cannot be changed.
    payload: Option<JsonObject>,
    silent: Option<bool>,
    /// A new time. A message that failed is scheduled again.
    send_at: Option<String>,
}

impl Example for ScheduledChange {
    fn example() -> Self {
        Self { content: None, payload: None, silent: None, send_at: Some("2024-03-27T07:00:00".to_owned()) }
    }
}

fn parse_time(text: &str) -> Result<Time, Error> {
    Time::read(text).ok_or_else(|| {
        Error::invalid("send_at", "must be an ISO 8601 timestamp, such as 2024-03-26T12:00:00")
    })
}

#[OpenApi(tag = "Area::Messages")]
impl ScheduledMessages {
    /// Schedule a message
    ///
    /// A message that could not be sent now is refused now. When it is due, it is sent exactly once, also if
    /// the server was down at that time: everyone in the chat receives `message.created`, the caller's devices
    /// `scheduled.removed`. If it can no longer be sent then, it is kept with the reason, and the caller's
    /// devices receive `scheduled.saved` with a `failure`. Each user can have up to 100 scheduled messages per
    /// chat.
    #[oai(path = "/scheduled", method = "post", operation_id = "scheduleMessage")]
    async fn schedule(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<ScheduleMessage>,
    ) -> Answer<Created<Scheduled>> {
        let ScheduleMessage {
            chat_id,
            kind,
            content,
            payload,
            reply_to,
            thread_id,
            mentions,
            silent,
            send_at,
        } = body.0;
        let new = NewMessage {
            reply_to: reply_to.map(MessageId),
            thread: thread_id.map(MessageId),
            mentions: mentions.into_iter().map(UserId).collect(),
            is_silent: silent,
            ..NewMessage::new(Content::new(kind.into(), content, payload.map(|payload| payload.0))?)
        };
        let due_at = parse_time(&send_at)?;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let waiting = caller.schedule(ChatId(chat_id), new, due_at).await?;
        Ok(Created::Created(Json(waiting.into())))
    }

    /// List scheduled messages
    ///
    /// Returns the caller's scheduled messages, the next one first, including those that failed.
    #[oai(path = "/scheduled", method = "get", operation_id = "scheduledMessages")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// Only messages in this chat.
        chat_id: Query<Option<i64>>,
    ) -> Answer<Json<Vec<Scheduled>>> {
        let waiting = messenger.as_user(caller.0).scheduled(chat_id.0.map(ChatId)).await?;
        Ok(Json(waiting.into_iter().map(Scheduled::from).collect()))
    }

    /// Get a scheduled message
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

    /// Update a scheduled message
    ///
    /// The caller's devices receive `scheduled.saved`.
    #[oai(path = "/scheduled/:scheduled_id", method = "patch", operation_id = "changeScheduledMessage")]
    async fn change(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        scheduled_id: Path<i64>,
        body: JsonBody<ScheduledChange>,
    ) -> Answer<Json<Scheduled>> {
        let ScheduledChange { content, payload, silent, send_at } = body.0;
        let change = Rescheduling {
            text: content,
            payload: payload.map(|payload| payload.0),
            is_silent: silent,
            due_at: send_at.as_deref().map(parse_time).transpose()?,
        };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.reschedule(ScheduledId(scheduled_id.0), change).await?.into()))
    }

    /// Cancel a scheduled message
    ///
    /// The caller's devices receive `scheduled.removed`.
    #[oai(path = "/scheduled/:scheduled_id", method = "delete", operation_id = "cancelScheduledMessage")]
    async fn cancel(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        scheduled_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.cancel_scheduled(ScheduledId(scheduled_id.0)).await?;
        Ok(Done::Done)
    }

    /// Send a scheduled message now
    ///
    /// Returns the sent message. If the caller is not allowed to send it, it stays scheduled.
    #[oai(path = "/scheduled/:scheduled_id/send", method = "post", operation_id = "sendScheduledMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        scheduled_id: Path<i64>,
    ) -> Answer<Created<Message>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let message = caller.send_scheduled(ScheduledId(scheduled_id.0)).await?;
        Ok(Created::Created(Json(message.into())))
    }
}
