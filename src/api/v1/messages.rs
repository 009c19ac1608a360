//! `/messages`: saying, reading, editing, deleting, reacting.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::Value;
use uuid::Uuid;

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Created, Done, Message, MessageType, voice_payload};
use super::{Answer, Area};
use crate::api::body::JsonBody;
use crate::messenger::{Around, Draft, Error, Messenger};
use crate::model::{ChatId, Content, MessageId, Payload};

pub struct Messages;

/// What to say.
#[derive(Object)]
#[oai(example)]
struct NewMessage {
    chat_id: i64,
    /// `text` without it.
    #[oai(rename = "type", default = "text")]
    kind: MessageType,
    /// The text, up to 16,000 characters; of a file its caption.
    content: Option<String>,
    /// Of a voice message `{attachment_id, duration_ms, codec, waveform?}`, of image, video and file
    /// `{attachment_id}` at least. The file must have been uploaded.
    payload: Option<Value>,
    /// A UUID by which the sender knows it: sent again, it is the same message.
    client_id: Option<Uuid>,
}

fn text() -> MessageType {
    MessageType::Text
}

impl Example for NewMessage {
    fn example() -> Self {
        Self {
            chat_id: 253_402_300_927,
            kind: MessageType::Voice,
            content: None,
            payload: Some(voice_payload()),
            client_id: None,
        }
    }
}

/// What it says now.
#[derive(Object)]
#[oai(example)]
struct MessageChange {
    /// The new text; as before without it.
    content: Option<String>,
    /// The new payload; as before when null. Its file can't be changed.
    payload: Option<Value>,
}

impl Example for MessageChange {
    fn example() -> Self {
        Self { content: Some("Updated message text".to_owned()), payload: None }
    }
}

/// For whom.
#[derive(Enum)]
#[oai(rename_all = "lowercase")]
enum For {
    /// Nobody sees it any more. Its author may, and whoever moderates the chat.
    All,
    /// Only oneself.
    Me,
}

#[OpenApi(tag = "Area::Messages")]
impl Messages {
    /// Read a chat's messages
    ///
    /// The newest first: of the whole chat, or next to a message.
    #[oai(path = "/messages", method = "get", operation_id = "messages")]
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Query<i64>,
        /// Only messages older than this one.
        before_id: Query<Option<i64>>,
        /// Only messages newer than this one, the nearest.
        after_id: Query<Option<i64>>,
        /// Messages on both sides of this one, and itself.
        around_id: Query<Option<i64>>,
        /// How many at most: 1 to 200, 50 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Message>>> {
        let around = match (before_id.0, after_id.0, around_id.0) {
            (None, None, None) => Around::Newest,
            (Some(id), None, None) => Around::Before(MessageId(id)),
            (None, Some(id), None) => Around::After(MessageId(id)),
            (None, None, Some(id)) => Around::Middle(MessageId(id)),
            _ => return Err(Error::invalid("before_id", "goes with neither after_id nor around_id").into()),
        };
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        let messages = chat.history(around, limit.0.unwrap_or(50)).await?;
        Ok(Json(messages.into_iter().map(Message::from).collect()))
    }

    /// Send a message
    ///
    /// Answers when it is on the disk. Everybody in the chat hears it as `message.created`, on all
    /// connections, one's own included.
    #[oai(path = "/messages", method = "post", operation_id = "sendMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewMessage>,
    ) -> Answer<Created<Message>> {
        let NewMessage { chat_id, kind, content, payload, client_id } = body.0;
        let content = Content::new(kind.into(), content, object(payload)?)?;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let message = caller.post(ChatId(chat_id), Draft { content, client_id }).await?;
        Ok(Created::Created(Json(message.into())))
    }

    /// Edit a message
    ///
    /// Only one's own. Everybody hears it as `message.updated`.
    #[oai(path = "/messages/:message_id", method = "patch", operation_id = "editMessage")]
    async fn edit(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        body: JsonBody<MessageChange>,
    ) -> Answer<Json<Message>> {
        let MessageChange { content, payload } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let message = caller.edit(MessageId(message_id.0), content, object(payload)?).await?;
        Ok(Json(message.into()))
    }

    /// Delete a message
    #[oai(path = "/messages/:message_id", method = "delete", operation_id = "deleteMessage")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        /// `all` without it.
        r#for: Query<Option<For>>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        match r#for.0 {
            Some(For::Me) => caller.delete_for_me(MessageId(message_id.0)).await?,
            Some(For::All) | None => caller.delete_for_all(MessageId(message_id.0)).await?,
        }
        Ok(Done::Done)
    }

    /// React to a message
    ///
    /// Puts one's emoji under it; one that is there already stays. Everybody hears it as `message.updated`.
    #[oai(path = "/messages/:message_id/reactions/:emoji", method = "put", operation_id = "react")]
    async fn react(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        /// An emoji, percent-encoded.
        emoji: Path<String>,
    ) -> Answer<Json<Message>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.react(MessageId(message_id.0), &emoji.0).await?.into()))
    }

    /// Take a reaction back
    #[oai(path = "/messages/:message_id/reactions/:emoji", method = "delete", operation_id = "unreact")]
    async fn unreact(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        /// An emoji, percent-encoded.
        emoji: Path<String>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.unreact(MessageId(message_id.0), &emoji.0).await?;
        Ok(Done::Done)
    }
}

fn object(payload: Option<Value>) -> Result<Option<Payload>, Error> {
    match payload {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(payload)) => Ok(Some(payload)),
        Some(_) => Err(Error::invalid("payload", "must be an object")),
    }
}
