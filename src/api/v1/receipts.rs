//! Read and delivery receipts.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::{Key, OptionalKey};
use super::types::{Done, Person, ReadMark};
use super::{Answer, Area};
use crate::body::{JsonBody, OptionalBody};
use besedka_core::messenger::{self, Messenger};
use besedka_core::model::{ChatId, MessageId};

pub struct Receipts;

/// How far the caller has read.
#[derive(Object)]
#[oai(example)]
struct ReadUpTo {
    /// The newest message that was read; defaults to the newest message of the chat.
    message_id: Option<i64>,
    /// Messages that were read, up to 200: everything up to the newest of them is marked.
    message_ids: Option<Vec<i64>>,
}

impl Example for ReadUpTo {
    fn example() -> Self {
        Self { message_id: Some(253_402_300_991), message_ids: None }
    }
}

/// How far messages were delivered.
#[derive(Object)]
#[oai(example)]
struct DeliveredUpTo {
    /// The newest message that was delivered.
    message_id: i64,
}

impl Example for DeliveredUpTo {
    fn example() -> Self {
        Self { message_id: 253_402_300_991 }
    }
}

/// The receipts of a message, from everyone who was in the chat when it was sent.
#[derive(Object)]
#[oai(example)]
struct MessageReceipts {
    /// The first 200 people who have read it, sorted by name. People who hide their read receipts are not
    /// included.
    read_by: Vec<Person>,
    read_count: usize,
    /// The first 200 people to whom it was delivered but who have not read it, sorted by name.
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
    /// Mark messages as read
    ///
    /// Marks all messages up to the given one as read. The position never moves back. Other members receive
    /// `chat.read`, unless the caller hides read receipts (`hides_reading` in the profile). The WebSocket
    /// accepts the same as a `read` frame. Without a body, everything is marked. Repeating it changes nothing, so the
    /// `Idempotency-Key` may be left out.
    #[oai(path = "/chats/:chat_id/read", method = "post", operation_id = "markRead")]
    async fn read(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: OptionalKey,
        chat_id: Path<i64>,
        body: OptionalBody<ReadUpTo>,
    ) -> Answer<Json<ReadMark>> {
        let (caller, _key) = key.of(messenger.as_user(caller.0), StatusCode::OK);
        let (one, several) = body.0.map_or((None, None), |body| (body.message_id, body.message_ids));
        if one.is_none() && several.as_ref().is_some_and(Vec::is_empty) {
            // None of them: nothing to mark.
            return Ok(Json(caller.chat(ChatId(chat_id.0)).await?.view().await?.into()));
        }
        let named = one.into_iter().chain(several.into_iter().flatten()).map(MessageId).collect();
        let chat = caller.chat(ChatId(chat_id.0)).await?.read_up_to(named).await?;
        Ok(Json(chat.into()))
    }

    /// Mark messages as delivered
    ///
    /// Confirms that one of the caller's devices has received all messages up to the given one. Messages that
    /// were read count as delivered. In chats with more than 200 members the position is stored, but no event
    /// is sent. The WebSocket accepts the same as a `delivered` frame.
    #[oai(path = "/chats/:chat_id/delivered", method = "post", operation_id = "markDelivered")]
    async fn delivered(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<DeliveredUpTo>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.delivered(MessageId(body.0.message_id)).await?;
        Ok(Done::Done)
    }

    /// List a message's receipts
    ///
    /// Shows who has read a message and to whom it was delivered.
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
