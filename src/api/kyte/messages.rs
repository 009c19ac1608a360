//! `/chats/{id}/messages`: reading and saying; `/messages/{id}/like`.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::types::{Created, Message};
use super::{Answer, Area, chat_id, veiled};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::Visit;
use besedka_core::messenger::{Error, Messenger, NewMessage};
use besedka_core::model::{self, Content, Elsewhere, Kind, MessageId};

/// How many messages a client gets that does not say.
const PAGE: u64 = 100;
/// What a like is in other clients.
const LIKE: &str = "❤️";

pub struct Messages;

/// The messages of a chat.
#[derive(Object)]
#[oai(example)]
struct History {
    /// The oldest first.
    messages: Vec<Message>,
}

impl Example for History {
    fn example() -> Self {
        Self { messages: vec![Message::example()] }
    }
}

/// What to say: a text, a link to a file, or both.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Say {
    /// Spaces around it are taken away.
    content: Option<String>,
    /// Of no consequence: whatever a client calls it, it is a text, with a file or without.
    #[oai(rename = "type")]
    kind: Option<String>,
    /// An https address, or a link of this server.
    file_url: Option<String>,
    file_name: Option<String>,
    /// Bytes.
    file_size: Option<i64>,
}

impl Example for Say {
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

impl Say {
    fn content(self, base: &str) -> Result<Content, Error> {
        let text = self.content.as_deref().map(str::trim).filter(|text| !model::is_blank(text));
        let Some(url) = self.file_url.as_deref().map(str::trim).filter(|url| !url.is_empty()) else {
            return Ok(Content::new(Kind::Text, Some(text.unwrap_or_default().to_owned()), None)?);
        };
        let refused = |reason: String| Error::invalid("fileUrl", reason);
        let is_ours = url.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        if !is_ours && !url.starts_with("https://") {
            return Err(refused("must be an https address, or a link of this server".to_owned()));
        }
        let file = Elsewhere::new(url, self.file_name.as_deref(), self.file_size);
        let file = file.map_err(|flaw| refused(flaw.reason))?;
        Ok(Content::linking(text, &file)?)
    }
}

/// A message.
#[derive(Object)]
#[oai(example)]
pub(super) struct Said {
    message: Message,
}

impl Example for Said {
    fn example() -> Self {
        Self { message: Message::example() }
    }
}

/// What has become of a like.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Liked {
    /// Whether the caller likes it now.
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
    /// Read a chat's messages
    ///
    /// The newest, the oldest of them first. What was deleted is left out.
    #[oai(path = "/chats/:chat_id/messages", method = "get", operation_id = "messages")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        chat_id: Path<String>,
        /// How many at most: 1 to 200, 100 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<History>> {
        let chat = self::chat_id(&chat_id.0)?;
        let chat = messenger.as_user(caller.0).chat(chat).await.map_err(veiled)?;
        let messages = chat.latest(0, limit.0.unwrap_or(PAGE)).await?;
        Ok(Json(History { messages: with_names(&messenger, &visit, &messages).await? }))
    }

    /// Send a message
    ///
    /// Answers when it is on the disk. Everybody in the chat hears it, the sender included.
    #[oai(path = "/chats/:chat_id/messages", method = "post", operation_id = "sendMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        chat_id: Path<String>,
        body: JsonBody<Say>,
    ) -> Answer<Created<Said>> {
        let chat = self::chat_id(&chat_id.0)?;
        let new = NewMessage::new(body.0.content(&visit.base)?);
        let said = messenger.as_user(caller.0).post(chat, new).await.map_err(veiled)?;
        Ok(Created::Created(Json(shown(&messenger, &visit, &said).await?)))
    }

    /// Like a message
    ///
    /// Or like it no longer: it is the reaction ❤️ of other clients.
    #[oai(path = "/messages/:message_id/like", method = "post", operation_id = "likeMessage")]
    async fn like(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<String>,
    ) -> Answer<Json<Liked>> {
        let id = message_id.0.parse().map(MessageId).map_err(|_| Error::NotFound("message"))?;
        let message = messenger.as_user(caller.0).message(id).await?.toggle(LIKE).await?;
        let hearts = message.reactions.iter().find(|reaction| reaction.emoji == LIKE);
        Ok(Json(Liked {
            liked: hearts.is_some_and(|hearts| hearts.users.contains(&caller.0.user)),
            likes_count: hearts.map_or(0, |hearts| hearts.users.len()),
        }))
    }
}

/// One message with the name of who said it.
pub(super) async fn shown(messenger: &Messenger, visit: &Visit, said: &model::Message) -> Answer<Said> {
    let author = messenger.name(said.author).await?;
    Ok(Said { message: Message::new(said, &author, &Links::new(messenger, &visit.base)) })
}

/// Messages with the names of those who said them.
async fn with_names(
    messenger: &Messenger,
    visit: &Visit,
    messages: &[model::Message],
) -> Answer<Vec<Message>> {
    let mut authors: Vec<_> = messages.iter().map(|message| message.author).collect();
    authors.sort_unstable();
    authors.dedup();
    let names = messenger.names(&authors).await?;
    let name = |author| names.get(&author).cloned().unwrap_or_default();
    let links = Links::new(messenger, &visit.base);
    Ok(messages.iter().map(|message| Message::new(message, &name(message.author), &links)).collect())
}
