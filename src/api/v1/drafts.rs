//! `/chats/{id}/draft`, `/drafts`: drafts, synchronised across the user's devices.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Done, Draft};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger, NewDraft};
use besedka_core::model::{ChatId, MessageId, Time};

pub struct Drafts;

/// A draft.
#[derive(Object)]
#[oai(example)]
struct DraftChange {
    /// Up to 16,000 characters. To remove a draft, use DELETE.
    content: String,
    /// The message in the same chat that the draft replies to.
    reply_to: Option<i64>,
    /// The thread that the draft belongs to: the ID of the thread's first message.
    thread_id: Option<i64>,
    /// When the draft was written, UTC; defaults to now. A device that was offline should send it, so that it
    /// does not overwrite a newer draft from another device.
    written_at: Option<String>,
}

impl Example for DraftChange {
    fn example() -> Self {
        Self {
            content: "Let us meet on".to_owned(),
            reply_to: Some(253_402_300_991),
            thread_id: None,
            written_at: Some("2024-03-26T12:07:00".to_owned()),
        }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Drafts {
    /// List drafts
    ///
    /// Sorted newest first; a user can have up to 1,000. When a `chat.removed` event arrives, discard the
    /// drafts of that chat.
    #[oai(path = "/drafts", method = "get", operation_id = "drafts")]
    async fn list(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Vec<Draft>>> {
        let drafts = messenger.as_user(caller.0).drafts().await?;
        Ok(Json(drafts.into_iter().map(Draft::from).collect()))
    }

    /// Save a draft
    ///
    /// There is one draft per chat and one per thread. The caller's devices receive `draft.saved`. If a
    /// newer draft exists, the request is refused with 409. `POST /messages` with `clear_draft` removes the
    /// draft together with sending the message.
    #[oai(path = "/chats/:chat_id/draft", method = "put", operation_id = "saveDraft")]
    async fn save(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<DraftChange>,
    ) -> Answer<Json<Draft>> {
        let DraftChange { content, reply_to, thread_id, written_at } = body.0;
        let time = |text: String| {
            Time::read(&text).ok_or_else(|| {
                Error::invalid("written_at", "must be an ISO 8601 timestamp, such as 2024-03-26T12:00:00")
            })
        };
        let new = NewDraft {
            text: content,
            reply_to: reply_to.map(MessageId),
            thread: thread_id.map(MessageId),
            at: written_at.map(time).transpose()?,
        };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.save_draft(new).await?.into()))
    }

    /// Delete a draft
    ///
    /// Succeeds even if there is no draft. The caller's devices receive `draft.removed`.
    #[oai(path = "/chats/:chat_id/draft", method = "delete", operation_id = "removeDraft")]
    async fn remove(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        /// The thread that the draft belongs to.
        thread_id: Query<Option<i64>>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        chat.remove_draft(thread_id.0.map(MessageId)).await?;
        Ok(Done::Done)
    }
}
