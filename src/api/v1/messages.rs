//! `/messages`: sending, reading, editing and deleting messages, and reactions.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use uuid::Uuid;

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Done, Edit, Message, MessageType, Posted};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::json_object::JsonObject;
use crate::serde_json_payload::SerdeJson;
use besedka_core::messenger::{Around, Error, InvokedCommand, Media, Messenger, NewMessage, Sent};
use besedka_core::model::{ChatId, Content, FileClass, MessageId, Time, UserId};

pub struct Messages;

/// A new message.
#[derive(Object)]
#[oai(example)]
struct CreateMessage {
    chat_id: i64,
    /// The type of message; `text` by default.
    #[oai(rename = "type", default = "text")]
    kind: MessageType,
    /// The text, up to 16,000 characters. For files, the caption; for a poll, the question.
    content: Option<String>,
    /// The content that depends on `type`. For `voice`: `{attachment_id, duration_ms, codec, waveform?}`. For
    /// `image`, `video` and `file`: `{attachment_id}`, or `{attachment_ids}` with up to 10; the files must have
    /// been uploaded. For `location`: `{latitude, longitude, accuracy_m?, name?}`. For `poll`: `{options,
    /// multiple?, anonymous?}`.
    payload: Option<JsonObject>,
    /// A UUID chosen by the client. Sending again with the same one returns the existing message.
    client_id: Option<Uuid>,
    /// The message in the same chat that this one replies to.
    reply_to: Option<i64>,
    /// The thread to post in: the ID of the thread's first message.
    thread_id: Option<i64>,
    /// Mentioned users, in addition to `@username` in the text; `@all` mentions everyone.
    #[oai(default)]
    mentions: Vec<i64>,
    /// Whether to deliver the message without a notification.
    #[oai(default)]
    silent: bool,
    /// Whether to remove the sender's draft of this chat, or of `thread_id`.
    #[oai(default)]
    clear_draft: bool,
}

fn text() -> MessageType {
    MessageType::Text
}

impl Example for CreateMessage {
    fn example() -> Self {
        Self {
            chat_id: 253_402_300_927,
            kind: MessageType::Text,
            content: Some("Hello, everyone!".to_owned()),
            payload: None,
            client_id: None,
            reply_to: None,
            thread_id: None,
            mentions: Vec::new(),
            silent: false,
            clear_draft: false,
        }
    }
}

/// A slash command that was handed to a bot.
#[derive(Object)]
#[oai(example)]
struct CommandInvoked {
    /// The name of the command, without the slash.
    command: String,
    /// What followed it.
    arguments: String,
    bot_id: i64,
}

impl Example for CommandInvoked {
    fn example() -> Self {
        Self { command: "deploy".to_owned(), arguments: "api".to_owned(), bot_id: 253_402_301_247 }
    }
}

/// A posted message, or a command.
#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "there is one for each request, and it is written at once")]
enum PostedOrInvoked {
    /// Created.
    #[oai(status = 201)]
    Created(SerdeJson<Message>),
    /// It was a slash command, and was handed to its bot. No message was posted.
    #[oai(status = 202)]
    Invoked(Json<CommandInvoked>),
}

/// The new content of a message.
#[derive(Object)]
#[oai(example)]
struct MessageChange {
    /// The new text; unchanged if omitted.
    content: Option<String>,
    /// The new payload; unchanged if null. The attached files cannot be changed.
    payload: Option<JsonObject>,
}

impl Example for MessageChange {
    fn example() -> Self {
        Self { content: Some("Updated message text".to_owned()), payload: None }
    }
}

/// The kind of shared content.
#[derive(Enum)]
#[oai(rename_all = "lowercase")]
enum MediaType {
    Image,
    Video,
    Audio,
    /// Files of any other type.
    File,
    /// Messages that contain links.
    Link,
}

impl From<MediaType> for Media {
    fn from(kind: MediaType) -> Self {
        match kind {
            MediaType::Image => Self::Files(FileClass::Picture),
            MediaType::Video => Self::Files(FileClass::Video),
            MediaType::Audio => Self::Files(FileClass::Sound),
            MediaType::File => Self::Files(FileClass::Other),
            MediaType::Link => Self::Links,
        }
    }
}

/// The target chats.
#[derive(Object)]
#[oai(example)]
struct Forward {
    /// 1 to 20 chats.
    chat_ids: Vec<i64>,
    /// Whether to deliver the messages without a notification.
    #[oai(default)]
    silent: bool,
}

impl Example for Forward {
    fn example() -> Self {
        Self { chat_ids: vec![253_402_300_927], silent: false }
    }
}

/// For whom to delete a message.
#[derive(Enum)]
#[oai(rename_all = "lowercase")]
enum For {
    /// For everyone. Allowed for the message's author and the chat's moderators.
    All,
    /// For the caller only.
    Me,
}

#[OpenApi(tag = "Area::Messages")]
impl Messages {
    /// List messages
    ///
    /// Returns messages of a chat, newest first. At most one of `before_id`, `after_id`, `around_id` and
    /// `since` can be given; without them, the newest messages are returned.
    #[oai(path = "/messages", method = "get", operation_id = "messages")]
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Query<i64>,
        /// Only messages older than this one.
        before_id: Query<Option<i64>>,
        /// Only messages newer than this one, starting with the closest.
        after_id: Query<Option<i64>>,
        /// This message and the messages on both sides of it.
        around_id: Query<Option<i64>>,
        /// Only messages sent at or after this time, starting with the closest: UTC, ISO 8601.
        since: Query<Option<String>>,
        /// Only replies in the thread that this message started.
        thread_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<SerdeJson<Vec<Message>>> {
        let since =
            since.0.as_deref().map(|text| Time::read(text).ok_or_else(|| not_a_time("since"))).transpose()?;
        let around = match (before_id.0, after_id.0, around_id.0, since) {
            (None, None, None, None) => Around::Newest,
            (Some(id), None, None, None) => Around::Before(MessageId(id)),
            (None, Some(id), None, None) => Around::After(MessageId(id)),
            (None, None, Some(id), None) => Around::Middle(MessageId(id)),
            (None, None, None, Some(time)) => Around::Since(time),
            _ => {
                let reason = "cannot be combined with after_id, around_id or since";
                return Err(Error::invalid("before_id", reason).into());
            }
        };
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        let messages = chat.history(thread_id.0.map(MessageId), around, limit.0.unwrap_or(50)).await?;
        Ok(SerdeJson(messages.into_iter().map(Message::from).collect()))
    }

    /// List shared media, files and links
    ///
    /// Returns the messages of a chat that contain images, videos, audio, other files or links, newest first.
    #[oai(path = "/chats/:chat_id/media", method = "get", operation_id = "chatMedia")]
    async fn media(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
        /// The kind of content to list.
        r#type: Query<MediaType>,
        /// Only messages older than this one.
        before_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<SerdeJson<Vec<Message>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        let before = before_id.0.map(MessageId);
        let found = chat.media(r#type.0.into(), before, limit.0.unwrap_or(50)).await?;
        Ok(SerdeJson(found.into_iter().map(Message::from).collect()))
    }

    /// Get a message
    #[oai(path = "/messages/:message_id", method = "get", operation_id = "message")]
    async fn message(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<i64>,
    ) -> Answer<SerdeJson<Message>> {
        Ok(SerdeJson(messenger.as_user(caller.0).message(MessageId(message_id.0)).await?.view().into()))
    }

    /// List a message's edits
    ///
    /// Returns the earlier versions of a message, oldest first.
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
    /// The response is sent once the message is stored durably. Everyone in the chat receives `message.created`
    /// on all of their connections, including the sender.
    ///
    /// A text that begins with `/name` of a slash command of one of the chat's bots is not posted: it is handed to
    /// the bot, and the answer is 202. With a command that no bot of the chat has, it is a message like any other.
    #[oai(path = "/messages", method = "post", operation_id = "sendMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<CreateMessage>,
    ) -> Answer<PostedOrInvoked> {
        let CreateMessage {
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
            ..NewMessage::new(Content::new(kind.into(), content, payload.map(|payload| payload.0))?)
        };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        Ok(match caller.send(ChatId(chat_id), new).await? {
            Sent::Message(message) => PostedOrInvoked::Created(SerdeJson(message.into())),
            Sent::Command(InvokedCommand { bot, call, .. }) => {
                PostedOrInvoked::Invoked(Json(CommandInvoked {
                    command: call.name,
                    arguments: call.arguments,
                    bot_id: bot.0,
                }))
            }
        })
    }

    /// Edit a message
    ///
    /// Only the author can edit a message. Everyone in the chat receives `message.updated`.
    #[oai(path = "/messages/:message_id", method = "patch", operation_id = "editMessage")]
    async fn edit(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        body: JsonBody<MessageChange>,
    ) -> Answer<SerdeJson<Message>> {
        let MessageChange { content, payload } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let message = caller
            .message(MessageId(message_id.0))
            .await?
            .edit(content, payload.map(|payload| payload.0))
            .await?;
        Ok(SerdeJson(message.into()))
    }

    /// Delete a message
    ///
    /// Deletes a message for everyone, or hides it for the caller. Everyone in the chat receives
    /// `message.deleted`; with `for=me`, only the caller's devices receive `message.hidden`.
    #[oai(path = "/messages/:message_id", method = "delete", operation_id = "deleteMessage")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        /// For whom to delete the message; `all` by default.
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
    /// Posts a copy in one or more chats, with the original author and chat in `forwarded_from`. The message is
    /// forwarded to all of the chats or, if any of them refuses it, to none.
    #[oai(path = "/messages/:message_id/forward", method = "post", operation_id = "forwardMessage")]
    async fn forward(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        body: JsonBody<Forward>,
    ) -> Answer<Posted<Vec<Message>>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let chats: Vec<ChatId> = body.0.chat_ids.into_iter().map(ChatId).collect();
        let messages = caller.message(MessageId(message_id.0)).await?.forward(&chats, body.0.silent).await?;
        Ok(Posted::Created(SerdeJson(messages.into_iter().map(Message::from).collect())))
    }

    /// Remove a message's link previews
    ///
    /// Only for the author. The previews are not created again. Everyone in the chat receives
    /// `message.updated`.
    #[oai(path = "/messages/:message_id/previews", method = "delete", operation_id = "removePreviews")]
    async fn remove_previews(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.message(MessageId(message_id.0)).await?.remove_previews().await?;
        Ok(Done::Done)
    }

    /// Add a reaction
    ///
    /// Adds the caller's emoji to a message; has no effect if it is already there. Everyone in the chat
    /// receives `message.updated`.
    #[oai(path = "/messages/:message_id/reactions/:emoji", method = "put", operation_id = "react")]
    async fn react(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        /// An emoji, percent-encoded.
        emoji: Path<String>,
    ) -> Answer<SerdeJson<Message>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(SerdeJson(caller.message(MessageId(message_id.0)).await?.react(&emoji.0).await?.into()))
    }

    /// Remove a reaction
    ///
    /// Removes the caller's emoji from a message. Everyone in the chat receives `message.updated`.
    #[oai(path = "/messages/:message_id/reactions/:emoji", method = "delete", operation_id = "unreact")]
    async fn unreact(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
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
    Error::invalid(field, "must be an ISO 8601 timestamp, such as 2024-03-26T12:00:00")
}
