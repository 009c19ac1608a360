//! `/messages/{id}/pin`, `/chats/{id}/pins`: pinned messages.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Done, Message};
use super::{Answer, Area};
use besedka_core::messenger::Messenger;
use besedka_core::model::{ChatId, MessageId};

pub struct Pins;

#[OpenApi(tag = "Area::Messages")]
impl Pins {
    /// Pin a message
    ///
    /// Pins a message for everyone in the chat, who receive `message.updated` with `pinned_at`. In a private
    /// chat both people can pin; in a group, its owner and admins. A chat can have up to 100 pinned messages.
    #[oai(path = "/messages/:message_id/pin", method = "put", operation_id = "pinMessage")]
    async fn pin(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
    ) -> Answer<Json<Message>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.message(MessageId(message_id.0)).await?.pin().await?.into()))
    }

    /// Unpin a message
    ///
    /// Everyone in the chat receives `message.updated`.
    #[oai(path = "/messages/:message_id/pin", method = "delete", operation_id = "unpinMessage")]
    async fn unpin(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.message(MessageId(message_id.0)).await?.unpin().await?;
        Ok(Done::Done)
    }

    /// List pinned messages
    ///
    /// Returns up to 100 messages, the most recently pinned first.
    #[oai(path = "/chats/:chat_id/pins", method = "get", operation_id = "pinnedMessages")]
    async fn pins(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
    ) -> Answer<Json<Vec<Message>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.pins().await?.into_iter().map(Message::from).collect()))
    }
}
