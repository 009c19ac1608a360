//! `/api/v1/messages`: sending, reading, editing, deleting and forwarding messages.

use poem::Request;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::create_message::CreateMessage;
use super::types::Msg;
use super::view::{Base, View};
use super::{Answer, Area, answer};
use crate::body::JsonBody;
use crate::delivery::Delivery;
use besedka_core::messenger::{Caller, Error, MessageInChat, Messenger, NewMessage};
use besedka_core::model::MessageId;

pub struct Messages;

/// The default and the maximum number of messages per page.
const PAGE: u64 = 50;
const LARGEST_PAGE: u64 = 100;

/// A message that was sent.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Sent {
    message_id: String,
    /// When the server received it.
    timestamp: String,
}

/// A message that was changed.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Touched {
    pub message_id: String,
}

/// A page of messages of a chat.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Page {
    /// Sorted oldest first.
    messages: Vec<Msg>,
    /// Whether there are older messages.
    has_more: bool,
}

/// The new content of a message.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Edit {
    chat_id: Option<String>,
    /// The new text, or the new caption of a file.
    text: String,
    /// Ignored: the server uses its own time.
    edited_at: Option<String>,
}

impl Example for Edit {
    fn example() -> Self {
        Self {
            chat_id: Some("chat-1711453500000".to_owned()),
            text: "Привет всем!".to_owned(),
            edited_at: Some("2024-03-26T12:06:00.000".to_owned()),
        }
    }
}

/// The chat of a message.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Where {
    chat_id: Option<String>,
}

impl Example for Where {
    fn example() -> Self {
        Self { chat_id: Some("chat-1711453500000".to_owned()) }
    }
}

/// The source and targets of a forwarded message.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Forward {
    from_chat_id: Option<String>,
    /// 1 to 20 chats; chats are created for unknown client IDs.
    to_chat_ids: Vec<String>,
}

impl Example for Forward {
    fn example() -> Self {
        Self {
            from_chat_id: Some("chat-1711453500000".to_owned()),
            to_chat_ids: vec!["friend-chat".to_owned(), "253402300927".to_owned()],
        }
    }
}

/// The copies in the target chats.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Forwarded {
    /// One for each of `toChatIds`, in their order; the same one for several IDs of one chat.
    message_ids: Vec<String>,
}

#[OpenApi(tag = "Area::Messages")]
impl Messages {
    /// Send a message
    ///
    /// The response is sent once the message is stored durably. Sending again with the same `clientMessageId`
    /// or `Idempotency-Key` returns the existing message. Without either, an identical message is treated as a
    /// retry only once, within 20 seconds after a connection closed before its response was written.
    #[oai(path = "/api/v1/messages", method = "post", operation_id = "sendMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        delivery: Data<&Delivery>,
        caller: SignedIn,
        /// The same as `clientMessageId`.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: JsonBody<CreateMessage>,
    ) -> Answer<Sent> {
        let (caller, say) = (messenger.as_user(caller.0), body.0);
        let recording = match say.recording()? {
            Some(id) => {
                Some(caller.attachment(id, super::view::LINK_LIFE).await.map_err(translate_file_error)?.0)
            }
            None => None,
        };
        let (chat, name) = (say.chat_id.clone(), say.name(key.0.as_deref()).map(NewMessage::id_of));
        let new = say.message(recording.as_deref())?;
        let posted = caller.post_called(&chat, NewMessage { client_id: name, ..new }).await;
        let (message, unacknowledged) = posted.map_err(translate_file_error)?;
        if let Some(unacknowledged) = unacknowledged {
            delivery.then(move || unacknowledged.acknowledge());
        }
        answer(Sent { message_id: message.id.to_string(), timestamp: message.sent_at.iso_millis() })
    }

    /// List messages
    ///
    /// Returns the newest messages, or those before a message, sorted oldest first. Empty for a chat that does
    /// not exist yet.
    #[oai(path = "/api/v1/messages", method = "get", operation_id = "messages")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        base: Base,
        caller: SignedIn,
        #[oai(name = "chatId")] chat_id: Query<String>,
        /// The maximum number of results, 1 to 100; 50 by default.
        limit: Query<Option<u64>>,
        /// Only messages older than this one.
        before: Query<Option<String>>,
    ) -> Answer<Page> {
        let access = caller.0;
        let caller = messenger.as_user(access);
        let Some(chat) = caller.chat_called(&chat_id.0).await? else {
            return answer(Page { messages: Vec::new(), has_more: false });
        };
        let before = before.0.filter(|id| !id.is_empty()).map(|id| message_id(&id)).transpose()?;
        let limit = limit.0.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        let (messages, has_more) = caller.chat(chat).await?.posts_before(before, limit).await?;
        let view = View::of(&messenger, access, base, &messages, &mut []).await?;
        let messages = messages.into_iter().rev().map(|message| view.message(message)).collect();
        answer(Page { messages, has_more })
    }

    /// Edit a message
    ///
    /// Only the author can edit a message.
    #[oai(path = "/api/v1/messages/:message_id", method = "put", operation_id = "editMessage")]
    async fn edit(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<String>,
        body: JsonBody<Edit>,
    ) -> Answer<Touched> {
        let caller = messenger.as_user(caller.0);
        let message = of_chat(caller, &message_id.0, body.0.chat_id.as_deref()).await?;
        touched(message.edit_text(body.0.text).await?.id)
    }

    /// Delete a message
    ///
    /// Deletes a message for everyone. Allowed for its author and the chat's moderators. Succeeds if the
    /// message was already deleted.
    #[oai(path = "/api/v1/messages/:message_id", method = "delete", operation_id = "deleteMessage")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        request: &Request,
        caller: SignedIn,
        message_id: Path<String>,
    ) -> Answer<Touched> {
        let caller = messenger.as_user(caller.0);
        let id = self::message_id(&message_id.0)?;
        let message = caller.message_called(chat_of(request), id).await?;
        if !message.is_deleted() {
            message.delete_for_all().await?;
        }
        touched(id)
    }

    /// Mark messages as read
    ///
    /// Marks this message and all earlier ones as read.
    #[oai(path = "/api/v1/messages/:message_id/read", method = "post", operation_id = "readMessage")]
    async fn read(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<String>,
        body: JsonBody<Where>,
    ) -> Answer<Touched> {
        let id = self::message_id(&message_id.0)?;
        let message = messenger.as_user(caller.0).message_called(body.0.chat_id.as_deref(), id).await?;
        messenger.as_user(caller.0).chat(message.view().chat).await?.read(Some(id)).await?;
        touched(id)
    }

    /// Forward a message
    ///
    /// Forwards the message to all of the chats or, if any of them refuses it, to none. Retries are detected as
    /// for sending a message.
    #[oai(path = "/api/v1/messages/:message_id/forward", method = "post", operation_id = "forwardMessage")]
    async fn forward(
        &self,
        messenger: Data<&Messenger>,
        delivery: Data<&Delivery>,
        caller: SignedIn,
        /// Sending again with the same value returns the existing messages.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        message_id: Path<String>,
        body: JsonBody<Forward>,
    ) -> Answer<Forwarded> {
        let caller = messenger.as_user(caller.0);
        let Forward { from_chat_id, to_chat_ids } = body.0;
        let message = of_chat(caller, &message_id.0, from_chat_id.as_deref()).await?;
        let key = key.0.as_deref().map(str::trim).filter(|key| !key.is_empty());
        let forwarded = message.forward_called(&to_chat_ids, key).await;
        let (messages, unacknowledged) =
            forwarded.map_err(|error| error.rename_field("chat_ids", "toChatIds"))?;
        for unacknowledged in unacknowledged {
            delivery.then(move || unacknowledged.acknowledge());
        }
        answer(Forwarded { message_ids: messages.iter().map(|message| message.id.to_string()).collect() })
    }
}

/// Parses a message ID; a malformed one refers to no message.
pub fn message_id(text: &str) -> Result<MessageId, Error> {
    text.parse().map(MessageId).map_err(|_| Error::NotFound("message"))
}

/// The chat named by a request without a body.
pub fn chat_of(request: &Request) -> Option<&str> {
    let named = request.headers().get("X-ChatId")?;
    std::str::from_utf8(named.as_bytes()).ok().map(str::trim).filter(|name| !name.is_empty())
}

/// A message, if it is in the chat that the client names.
pub async fn of_chat(caller: Caller, id: &str, chat: Option<&str>) -> Result<MessageInChat, Error> {
    caller.message_called(chat.filter(|name| !name.is_empty()), message_id(id)?).await
}

pub fn touched(id: MessageId) -> Answer<Touched> {
    answer(Touched { message_id: id.to_string() })
}

/// Translates an error about a message's file to this API's field names.
fn translate_file_error(error: Error) -> Error {
    match error {
        Error::Invalid { field: "payload", reason } => Error::invalid(
            "fileId",
            reason.replace("attachment_id", "fileId").replace("duration_ms", "durationSeconds"),
        ),
        Error::NotFound("attachment") => Error::invalid("fileId", "is not a file that you uploaded"),
        error => error,
    }
}
