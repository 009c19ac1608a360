//! `/chats/{id}/messages`: the messages of a chat.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::auth::Caller;
use super::types::{Created, Message, SHOWN, is_read};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::links::{self, Links};
use crate::visit::Visit;
use besedka_core::messenger::{Attached, Error, Messenger, NewMessage};
use besedka_core::model::{AttachmentId, ChatId, Content, Kind};

pub struct Messages;

/// A new message.
#[derive(Object)]
#[oai(example)]
struct CreateMessage {
    /// The text, up to 16,000 characters; optional if there is an attachment.
    content: Option<String>,
    /// The ID of a file that the caller uploaded, or the http or https URL of an external file.
    attachment: Option<String>,
    /// A UUID chosen by the client. Sending again with the same one returns the existing message.
    client_id: Option<Uuid>,
}

impl Example for CreateMessage {
    fn example() -> Self {
        Self { content: Some("Всем привет!".to_owned()), attachment: None, client_id: None }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Messages {
    /// List messages
    ///
    /// Returns the newest messages after skipping `offset` of them, sorted oldest first.
    #[oai(path = "/chats/:id/messages", method = "get", operation_id = "messages")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        id: Path<i64>,
        /// How many of the newest messages to skip.
        offset: Query<Option<u64>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Message>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(id.0)).await?;
        let messages = chat.latest(SHOWN, offset.0.unwrap_or(0), limit.0.unwrap_or(50)).await?;
        let readings = messenger.as_user(caller.0).readings(&messages).await?;
        let links = Links::to(&messenger, &visit, caller.0.user);
        let shown = messages
            .iter()
            .map(|message| Message::new(message, is_read(&readings, message, caller.0.user), &links));
        Ok(Json(shown.collect()))
    }

    /// Send a message
    ///
    /// Everyone in the chat receives it on the socket, including the sender.
    #[oai(path = "/chats/:id/messages", method = "post", operation_id = "sendMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        id: Path<i64>,
        body: JsonBody<CreateMessage>,
    ) -> Answer<Created<Message>> {
        let CreateMessage { content, attachment, client_id } = body.0;
        let reader = caller.0.user;
        let caller = messenger.as_user(caller.0);
        let content = match attachment.filter(|attachment| !attachment.trim().is_empty()) {
            Some(given) => {
                let id = Uuid::try_parse(given.trim()).ok().map(AttachmentId);
                // A link of ours is valid for its reader and for some time: the file gets new ones.
                let id = id.or_else(|| links::attachment(&visit.base, given.trim()));
                caller.content_with(content, id.map_or(Attached::Url(given), Attached::File)).await?
            }
            None => Content::new(Kind::Text, content, None).map_err(Error::from)?,
        };
        let new = NewMessage { client_id, ..NewMessage::new(content) };
        let message = caller.post(ChatId(id.0), new).await?;
        let links = Links::to(&messenger, &visit, reader);
        Ok(Created::Created(Json(Message::new(&message, false, &links))))
    }
}
