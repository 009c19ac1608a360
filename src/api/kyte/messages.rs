//! `/chats/{id}/messages`: reading and sending messages; `/messages/{id}/like`: likes.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::types::{Created, Message, SHOWN};
use super::{Answer, Area, chat_id, hide_existence};
use crate::body::JsonBody;
use crate::links::{self, Links};
use crate::visit::Visit;
use besedka_core::messenger::{Attached, Caller, Error, Messenger, NewMessage};
use besedka_core::model::{self, Content, ExternalFile, Kind, MessageId, is_same_emoji};

/// How many messages are returned by default.
const PAGE: u64 = 100;
/// The reaction that a like is in other clients.
const LIKE: &str = "❤️";

pub struct Messages;

/// The messages of a chat.
#[derive(Object)]
#[oai(example)]
struct History {
    /// Sorted oldest first.
    messages: Vec<Message>,
}

impl Example for History {
    fn example() -> Self {
        Self { messages: vec![Message::example()] }
    }
}

/// A new message: text, a link to a file, or both.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct CreateMessage {
    /// The text. Surrounding spaces are removed.
    content: Option<String>,
    /// Ignored: every message is text, with or without a file.
    #[oai(rename = "type")]
    kind: Option<String>,
    /// An https URL, or a link to a file on this server.
    file_url: Option<String>,
    file_name: Option<String>,
    /// In bytes.
    file_size: Option<i64>,
}

impl Example for CreateMessage {
    fn example() -> Self {
        Self {
            content: Some("Message text".to_owned()),
            kind: None,
            file_url: None,
            file_name: None,
            file_size: None,
        }
    }
}

impl CreateMessage {
    async fn content(self, caller: &Caller, base: &str) -> Result<Content, Error> {
        let text = self.content.as_deref().map(str::trim).filter(|text| !model::is_blank(text));
        let Some(url) = self.file_url.as_deref().map(str::trim).filter(|url| !url.is_empty()) else {
            return Ok(Content::new(Kind::Text, Some(text.unwrap_or_default().to_owned()), None)?);
        };
        // A link of ours is valid for its reader and for some time: the file gets new ones.
        if let Some(file) = links::attachment(base, url) {
            let content = caller.content_with(text.map(str::to_owned), Attached::File(file)).await;
            return content.map_err(translate_file_error);
        }
        let refused = |reason: String| Error::invalid("fileUrl", reason);
        let is_ours = url.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        if !is_ours && !url.starts_with("https://") {
            return Err(refused("must be an https URL or a link to this server".to_owned()));
        }
        let file = ExternalFile::new(url, self.file_name.as_deref(), self.file_size);
        let file = file.map_err(|flaw| refused(flaw.reason))?;
        Ok(Content::with_external_file(text, &file)?)
    }
}

/// A message.
#[derive(Object)]
#[oai(example)]
pub(super) struct SentMessage {
    message: Message,
}

impl Example for SentMessage {
    fn example() -> Self {
        Self { message: Message::example() }
    }
}

/// The state of a like.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Liked {
    /// Whether the caller likes the message now.
    liked: bool,
    likes_count: usize,
}

impl Example for Liked {
    fn example() -> Self {
        Self { liked: true, likes_count: 1 }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Messages {
    /// List messages
    ///
    /// Returns the newest messages of a chat, sorted oldest first. Deleted messages are not included.
    #[oai(path = "/chats/:chat_id/messages", method = "get", operation_id = "messages")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        chat_id: Path<String>,
        /// The maximum number of results, 1 to 200; 100 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<History>> {
        let chat = self::chat_id(&chat_id.0)?;
        let chat = messenger.as_user(caller.0).chat(chat).await.map_err(hide_existence)?;
        let messages = chat.latest(SHOWN, 0, limit.0.unwrap_or(PAGE)).await?;
        let links = Links::to(&messenger, &visit, caller.0.user);
        Ok(Json(History { messages: with_names(&messenger, &links, &messages).await? }))
    }

    /// Send a message
    ///
    /// The response is sent once the message is stored durably. Everyone in the chat receives it on the socket,
    /// including the sender.
    #[oai(path = "/chats/:chat_id/messages", method = "post", operation_id = "sendMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        chat_id: Path<String>,
        body: JsonBody<CreateMessage>,
    ) -> Answer<Created<SentMessage>> {
        let chat = self::chat_id(&chat_id.0)?;
        let links = Links::to(&messenger, &visit, caller.0.user);
        let caller = messenger.as_user(caller.0);
        let new = NewMessage::new(body.0.content(&caller, &visit.base).await?);
        let posted = caller.post(chat, new).await.map_err(translate_file_error);
        let message = posted.map_err(hide_existence)?;
        Ok(Created::Created(Json(shown(&messenger, &links, &message).await?)))
    }

    /// Like or unlike a message
    ///
    /// Toggles the caller's like. Other clients show it as the reaction ❤️.
    #[oai(path = "/messages/:message_id/like", method = "post", operation_id = "likeMessage")]
    async fn like(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<String>,
    ) -> Answer<Json<Liked>> {
        let id = message_id.0.parse().map(MessageId).map_err(|_| Error::NotFound("message"))?;
        let message = messenger.as_user(caller.0).message(id).await?.toggle(LIKE).await?;
        let hearts = message.reactions.iter().find(|reaction| is_same_emoji(&reaction.emoji, LIKE));
        Ok(Json(Liked {
            liked: hearts.is_some_and(|hearts| hearts.users.contains(&caller.0.user)),
            likes_count: hearts.map_or(0, |hearts| hearts.users.len()),
        }))
    }
}

/// Translates an error about a message's file to this API's field names.
fn translate_file_error(error: Error) -> Error {
    match error {
        Error::Invalid { field: "payload", reason } => {
            Error::invalid("fileUrl", reason.replace("attachment_id", "the link"))
        }
        Error::NotFound("attachment") => Error::invalid("fileUrl", "is not a file that you uploaded"),
        error => error,
    }
}

/// A message with its author's name.
pub(super) async fn shown(
    messenger: &Messenger,
    links: &Links,
    message: &model::Message,
) -> Answer<SentMessage> {
    let author = messenger.name(message.author).await?;
    Ok(SentMessage { message: Message::new(message, &author, links) })
}

/// Messages with their authors' names.
async fn with_names(
    messenger: &Messenger,
    links: &Links,
    messages: &[model::Message],
) -> Answer<Vec<Message>> {
    let mut authors: Vec<_> = messages.iter().map(|message| message.author).collect();
    authors.sort_unstable();
    authors.dedup();
    let names = messenger.names(&authors).await?;
    let name = |author| names.get(&author).cloned().unwrap_or_default();
    Ok(messages.iter().map(|message| Message::new(message, &name(message.author), links)).collect())
}
