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
use super::types::{Created, Done, Edit, Message, MessageType, voice_payload};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Around, Error, Media, Messenger, NewMessage};
use besedka_core::model::{ChatId, Class, Content, MessageId, Payload, Time, UserId};

pub struct Messages;

/// What to say.
#[derive(Object)]
#[oai(example)]
struct Say {
    chat_id: i64,
    /// `text` without it.
    #[oai(rename = "type", default = "text")]
    kind: MessageType,
    /// The text, up to 16,000 characters; of a file its caption.
    content: Option<String>,
    /// Of a voice message `{attachment_id, duration_ms, codec, waveform?}`; of image, video and file `{attachment_id}` at
    /// least, or `{attachment_ids}` with up to 10; the files must have been uploaded. Of a location `{latitude, longitude,
    /// accuracy_m?, name?}`; of a poll, whose question is `content`, `{options, multiple?, anonymous?}`.
    payload: Option<Value>,
    /// A UUID by which the sender knows it: sent again, it is the same message.
    client_id: Option<Uuid>,
    /// The message of the same chat that it answers.
    reply_to: Option<i64>,
    /// The thread in which it stands: the message that began it.
    thread_id: Option<i64>,
    /// Who is meant, besides those whom the text names as `@username`; `@all` means everybody.
    #[oai(default)]
    mentions: Vec<i64>,
    /// Nobody is to be disturbed by it.
    #[oai(default)]
    silent: bool,
    /// Takes away the sender's draft of the chat, or of the thread in which it stands.
    #[oai(default)]
    clear_draft: bool,
}

fn text() -> MessageType {
    MessageType::Text
}

impl Example for Say {
    fn example() -> Self {
        Self {
            chat_id: 253_402_300_927,
            kind: MessageType::Voice,
            content: None,
            payload: Some(voice_payload()),
            client_id: None,
            reply_to: None,
            thread_id: None,
            mentions: Vec::new(),
            silent: false,
            clear_draft: false,
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

/// What of a chat to list.
#[derive(Enum)]
#[oai(rename_all = "lowercase")]
enum MediaType {
    Image,
    Video,
    Audio,
    /// What is none of the others.
    File,
    /// Messages with web addresses.
    Link,
}

impl From<MediaType> for Media {
    fn from(kind: MediaType) -> Self {
        match kind {
            MediaType::Image => Self::Files(Class::Picture),
            MediaType::Video => Self::Files(Class::Video),
            MediaType::Audio => Self::Files(Class::Sound),
            MediaType::File => Self::Files(Class::Other),
            MediaType::Link => Self::Links,
        }
    }
}

/// Where to.
#[derive(Object)]
#[oai(example)]
struct Forward {
    /// 1 to 20 chats.
    chat_ids: Vec<i64>,
    /// Nobody is to be disturbed by it.
    #[oai(default)]
    silent: bool,
}

impl Example for Forward {
    fn example() -> Self {
        Self { chat_ids: vec![253_402_300_927], silent: false }
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
        /// Only messages from this moment on, the nearest: UTC, ISO 8601.
        since: Query<Option<String>>,
        /// Only the answers of the thread that this message began.
        thread_id: Query<Option<i64>>,
        /// How many at most: 1 to 200, 50 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Message>>> {
        let since =
            since.0.as_deref().map(|text| Time::read(text).ok_or_else(|| not_a_time("since"))).transpose()?;
        let around = match (before_id.0, after_id.0, around_id.0, since) {
            (None, None, None, None) => Around::Newest,
            (Some(id), None, None, None) => Around::Before(MessageId(id)),
            (None, Some(id), None, None) => Around::After(MessageId(id)),
            (None, None, Some(id), None) => Around::Middle(MessageId(id)),
            (None, None, None, Some(time)) => Around::Since(time),
            _ => {
                let reason = "goes with none of after_id, around_id and since";
                return Err(Error::invalid("before_id", reason).into());
            }
        };
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        let messages = chat.history(thread_id.0.map(MessageId), around, limit.0.unwrap_or(50)).await?;
        Ok(Json(messages.into_iter().map(Message::from).collect()))
    }

    /// List what is in a chat
    ///
    /// Messages with pictures, videos, sound, other files or web addresses, the newest first.
    #[oai(path = "/chats/:chat_id/media", method = "get", operation_id = "chatMedia")]
    async fn media(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
        /// What to list.
        r#type: Query<MediaType>,
        /// Only messages older than this one.
        before_id: Query<Option<i64>>,
        /// How many at most: 1 to 200, 50 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Message>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        let before = before_id.0.map(MessageId);
        let found = chat.media(r#type.0.into(), before, limit.0.unwrap_or(50)).await?;
        Ok(Json(found.into_iter().map(Message::from).collect()))
    }

    /// A message
    #[oai(path = "/messages/:message_id", method = "get", operation_id = "message")]
    async fn message(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<i64>,
    ) -> Answer<Json<Message>> {
        Ok(Json(messenger.as_user(caller.0).message(MessageId(message_id.0)).await?.view().into()))
    }

    /// What a message said before
    ///
    /// Everything that it said before it was edited, the oldest first.
    #[oai(path = "/messages/:message_id/edits", method = "get", operation_id = "messageEdits")]
    async fn edits(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<i64>,
    ) -> Answer<Json<Vec<Edit>>> {
        let edits = messenger.as_user(caller.0).message(MessageId(message_id.0)).await?.edits().await?;
        Ok(Json(edits.into_iter().map(Edit::from).collect()))
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
        body: JsonBody<Say>,
    ) -> Answer<Created<Message>> {
        let Say {
            chat_id,
            kind,
            content,
            payload,
            client_id,
            reply_to,
            thread_id,
            mentions,
            silent,
            clear_draft,
        } = body.0;
        let new = NewMessage {
            client_id,
            reply_to: reply_to.map(MessageId),
            thread: thread_id.map(MessageId),
            mentions: mentions.into_iter().map(UserId).collect(),
            is_silent: silent,
            clears_draft: clear_draft,
            ..NewMessage::new(Content::new(kind.into(), content, object(payload)?)?)
        };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let message = caller.post(ChatId(chat_id), new).await?;
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
        let message = caller.message(MessageId(message_id.0)).await?.edit(content, object(payload)?).await?;
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
            Some(For::Me) => caller.hide_message(MessageId(message_id.0)).await?,
            Some(For::All) | None => caller.message(MessageId(message_id.0)).await?.delete_for_all().await?,
        }
        Ok(Done::Done)
    }

    /// Forward a message
    ///
    /// Says it in other chats too, naming where it comes from. In all of them or in none.
    #[oai(path = "/messages/:message_id/forward", method = "post", operation_id = "forwardMessage")]
    async fn forward(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        body: JsonBody<Forward>,
    ) -> Answer<Created<Vec<Message>>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let chats: Vec<ChatId> = body.0.chat_ids.into_iter().map(ChatId).collect();
        let messages = caller.message(MessageId(message_id.0)).await?.forward(&chats, body.0.silent).await?;
        Ok(Created::Created(Json(messages.into_iter().map(Message::from).collect())))
    }

    /// Remove a message's previews
    ///
    /// Its author may; they do not come back. Everybody hears it as `message.updated`.
    #[oai(path = "/messages/:message_id/previews", method = "delete", operation_id = "removePreviews")]
    async fn remove_previews(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.message(MessageId(message_id.0)).await?.remove_previews().await?;
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
        Ok(Json(caller.message(MessageId(message_id.0)).await?.react(&emoji.0).await?.into()))
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
        caller.message(MessageId(message_id.0)).await?.unreact(&emoji.0).await?;
        Ok(Done::Done)
    }
}

fn not_a_time(field: &'static str) -> Error {
    Error::invalid(field, "must be a moment, as in 2024-03-26T12:00:00")
}

pub fn object(payload: Option<Value>) -> Result<Option<Payload>, Error> {
    match payload {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(payload)) => Ok(Some(payload)),
        Some(_) => Err(Error::invalid("payload", "must be an object")),
    }
}
