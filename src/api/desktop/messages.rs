//! `/chats/{id}/messages`: what is said in a chat.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::auth::Caller;
use super::types::{Created, Message};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::Visit;
use besedka_core::messenger::{Attached, Error, Messenger, NewMessage};
use besedka_core::model::{AttachmentId, ChatId, Content, Kind};

pub struct Messages;

/// What to say.
#[derive(Object)]
#[oai(example)]
struct Say {
    /// Up to 16,000 characters; with an attachment it may be missing.
    content: Option<String>,
    /// The id of a file that one uploaded, or an http or https address of one elsewhere.
    attachment: Option<String>,
    /// A UUID by which the sender knows it: sent again, it is the same message.
    client_id: Option<Uuid>,
}

impl Example for Say {
    fn example() -> Self {
        Self { content: Some("Всем привет!".to_owned()), attachment: None, client_id: None }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Messages {
    /// Read a chat's messages
    ///
    /// The newest after as many as `offset` says were skipped, the oldest of them first.
    #[oai(path = "/chats/:id/messages", method = "get", operation_id = "messages")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        id: Path<i64>,
        /// How many of the newest to skip.
        offset: Query<Option<u64>>,
        /// How many at most: 1 to 200, 50 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Message>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(id.0)).await?;
        let said = chat.latest_posts(offset.0.unwrap_or(0), limit.0.unwrap_or(50)).await?;
        let reading = chat.reading().await?;
        let links = Links::new(&messenger, &visit.base);
        let shown = said.iter().map(|message| Message::new(message, reading.has(message), &links));
        Ok(Json(shown.collect()))
    }

    /// Send a message
    ///
    /// Everybody in the chat hears it on the socket, oneself included.
    #[oai(path = "/chats/:id/messages", method = "post", operation_id = "sendMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        id: Path<i64>,
        body: JsonBody<Say>,
    ) -> Answer<Created<Message>> {
        let Say { content, attachment, client_id } = body.0;
        let caller = messenger.as_user(caller.0);
        let content = match attachment.filter(|attachment| !attachment.trim().is_empty()) {
            Some(given) => {
                let file = Uuid::try_parse(given.trim()).map(|id| Attached::File(AttachmentId(id)));
                caller.content_with(content, file.unwrap_or(Attached::Elsewhere(given))).await?
            }
            None => Content::new(Kind::Text, content, None).map_err(Error::from)?,
        };
        let new = NewMessage { client_id, ..NewMessage::new(content) };
        let message = caller.post(ChatId(id.0), new).await?;
        let links = Links::new(&messenger, &visit.base);
        Ok(Created::Created(Json(Message::new(&message, false, &links))))
    }
}
