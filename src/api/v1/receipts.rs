//! How far messages were read and have arrived.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Done, Person};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{self, Messenger};
use besedka_core::model::{self, ChatId, MessageId};

pub struct Receipts;

/// Up to where.
#[derive(Object)]
#[oai(example)]
struct ReadUpTo {
    /// The newest message that was read; the newest of the chat without it.
    message_id: Option<i64>,
}

impl Example for ReadUpTo {
    fn example() -> Self {
        Self { message_id: Some(253_402_300_991) }
    }
}

/// Up to where.
#[derive(Object)]
#[oai(example)]
struct DeliveredUpTo {
    /// The newest message that has arrived.
    message_id: i64,
}

impl Example for DeliveredUpTo {
    fn example() -> Self {
        Self { message_id: 253_402_300_991 }
    }
}

/// How far the caller has read.
#[derive(Object)]
#[oai(example)]
pub struct ReadMark {
    chat_id: i64,
    /// The newest message that was read.
    message_id: Option<i64>,
    /// Messages of others that are left.
    unread_count: i64,
}

impl From<model::Chat> for ReadMark {
    fn from(chat: model::Chat) -> Self {
        Self {
            chat_id: chat.id().0,
            message_id: chat.last_read.map(|id| id.0),
            unread_count: chat.unread_count,
        }
    }
}

impl Example for ReadMark {
    fn example() -> Self {
        Self { chat_id: 253_402_300_927, message_id: Some(253_402_300_991), unread_count: 0 }
    }
}

/// What became of a message, with those who were in the chat when it was said.
#[derive(Object)]
#[oai(example)]
struct MessageReceipts {
    /// Those who have read it, by name; the first 200. Who keeps their reading to themselves is not among them.
    read_by: Vec<Person>,
    read_count: usize,
    /// Those whom it has only reached, by name; the first 200.
    delivered_to: Vec<Person>,
    delivered_count: usize,
}

impl From<messenger::Receipts> for MessageReceipts {
    fn from(receipts: messenger::Receipts) -> Self {
        let messenger::Receipts { read, read_count, delivered, delivered_count } = receipts;
        Self {
            read_by: read.into_iter().map(Person::from).collect(),
            read_count,
            delivered_to: delivered.into_iter().map(Person::from).collect(),
            delivered_count,
        }
    }
}

impl Example for MessageReceipts {
    fn example() -> Self {
        Self { read_by: vec![Person::example()], read_count: 1, delivered_to: Vec::new(), delivered_count: 0 }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Receipts {
    /// Mark as read
    ///
    /// Up to a message. The mark never goes back. Others hear of it, unless the caller hides it
    /// (`hides_reading` of the profile). The socket takes the same as a frame `read`.
    #[oai(path = "/chats/:chat_id/read", method = "post", operation_id = "markRead")]
    async fn read(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<ReadUpTo>,
    ) -> Answer<Json<ReadMark>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?.read(body.0.message_id.map(MessageId)).await?;
        Ok(Json(chat.into()))
    }

    /// Mark as arrived
    ///
    /// Up to a message that one of the caller's devices has. What was read has arrived. In chats of
    /// more than 200 members it is kept, but nobody is told. The socket takes the same as a frame
    /// `delivered`.
    #[oai(path = "/chats/:chat_id/delivered", method = "post", operation_id = "markDelivered")]
    async fn delivered(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<DeliveredUpTo>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.delivered(MessageId(body.0.message_id)).await?;
        Ok(Done::Done)
    }

    /// Who has seen a message
    #[oai(path = "/messages/:message_id/receipts", method = "get", operation_id = "receipts")]
    async fn receipts(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        message_id: Path<i64>,
    ) -> Answer<Json<MessageReceipts>> {
        Ok(Json(messenger.as_user(caller.0).message(MessageId(message_id.0)).await?.receipts().await?.into()))
    }
}
