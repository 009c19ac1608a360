//! `/messages`: sending, reading, editing and deleting messages.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::{Created, Done, Message, SHOWN};
use super::{Answer, Area, ids};
use crate::body::JsonBody;
use crate::links::{LONG_LIFE, Links};
use crate::visit::Visit;
use besedka_core::messenger::{Error, Messenger, NewMessage};
use besedka_core::model::{ChatId, Content, Kind, MessageId};

pub struct Messages;

/// A new message.
#[derive(Object)]
#[oai(example)]
struct CreateMessage {
    conversation_id: String,
    /// The caller's ID; other IDs are refused.
    sender_id: Option<i64>,
    /// Up to 16,000 characters.
    text: Option<String>,
    /// The message in the same conversation that this one replies to.
    reply_to: Option<String>,
}

impl Example for CreateMessage {
    fn example() -> Self {
        Self {
            conversation_id: ids::of_chat(ChatId(253_402_300_927)),
            sender_id: Some(253_402_300_799),
            text: Some("Привет!".to_owned()),
            reply_to: None,
        }
    }
}

/// The new content of a message.
#[derive(Object)]
#[oai(example)]
struct MessageChange {
    text: String,
}

impl Example for MessageChange {
    fn example() -> Self {
        Self { text: "Привет всем!".to_owned() }
    }
}

/// Builds a new message.
pub fn new(text: Option<String>, reply_to: Option<MessageId>) -> Result<NewMessage, Error> {
    Ok(NewMessage { reply_to, ..NewMessage::new(Content::new(Kind::Text, text, None)?) })
}

#[OpenApi(tag = "Area::Messages", prefix_path = "/api/unet-chat")]
impl Messages {
    /// Send a message
    ///
    /// All participants receive `message:new` on the socket, including the sender.
    #[oai(path = "/messages", method = "post", operation_id = "sendMessage")]
    async fn send(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        body: JsonBody<CreateMessage>,
    ) -> Answer<Created<Message>> {
        let CreateMessage { conversation_id, sender_id, text, reply_to } = body.0;
        if sender_id.is_some_and(|sender| sender != caller.0.user.0) {
            return Err(Error::Forbidden("sender_id: must be your own id").into());
        }
        let chat = ids::chat(&conversation_id)?;
        let new = new(text, reply_to.as_deref().map(ids::message).transpose()?)?;
        let message = messenger.as_user(caller.0).post(chat, new).await?;
        let links = Links::to(&messenger, &visit, caller.0.user).lasting(LONG_LIFE);
        Ok(Created::Created(Json(Message::new(&message, &links))))
    }

    /// List messages
    ///
    /// Returns the newest messages after skipping `offset` of them, sorted oldest first.
    #[oai(path = "/messages/:id", method = "get", operation_id = "messages")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        /// The conversation's ID.
        id: Path<String>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
        /// How many of the newest messages to skip.
        offset: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Message>>> {
        let chat = messenger.as_user(caller.0).chat(ids::chat(&id.0)?).await?;
        let messages = chat.latest(SHOWN, offset.0.unwrap_or(0), limit.0.unwrap_or(50)).await?;
        let links = Links::to(&messenger, &visit, caller.0.user).lasting(LONG_LIFE);
        Ok(Json(messages.iter().map(|message| Message::new(message, &links)).collect()))
    }

    /// Edit a message
    ///
    /// Only the author can edit a message. The other participants receive `message:updated`.
    #[oai(path = "/messages/:id", method = "put", operation_id = "editMessage")]
    async fn edit(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        /// The message's ID.
        id: Path<String>,
        body: JsonBody<MessageChange>,
    ) -> Answer<Json<Message>> {
        let edited =
            messenger.as_user(caller.0).message(ids::message(&id.0)?).await?.edit_text(body.0.text).await?;
        Ok(Json(Message::new(&edited, &Links::to(&messenger, &visit, caller.0.user).lasting(LONG_LIFE))))
    }

    /// Delete a message
    ///
    /// Deletes a message for everyone. Allowed for its author and for admins. The other participants receive
    /// `message:deleted`.
    #[oai(path = "/messages/:id", method = "delete", operation_id = "deleteMessage")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: Caller,
        /// The message's ID.
        id: Path<String>,
    ) -> Answer<Done> {
        messenger.as_user(caller.0).message(ids::message(&id.0)?).await?.delete_for_all().await?;
        Ok(Done::Done)
    }
}
