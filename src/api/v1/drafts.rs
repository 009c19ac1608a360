//! `/chats/{id}/draft`, `/drafts`: what one began to write, on all of one's devices.

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

/// What one began to write.
#[derive(Object)]
#[oai(example)]
struct DraftChange {
    /// Up to 16,000 characters; to take a draft away there is DELETE.
    content: String,
    /// The message of the same chat that it will answer.
    reply_to: Option<i64>,
    /// The thread in which it will stand: the message that began it.
    thread_id: Option<i64>,
    /// When it was written, UTC; now without it. A device that was away says it, so that it does not undo what was written
    /// elsewhere since.
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
    /// List one's drafts
    ///
    /// The newest first; there are at most 1,000. `chat.removed` takes the drafts in the chat along.
    #[oai(path = "/drafts", method = "get", operation_id = "drafts")]
    async fn list(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Vec<Draft>>> {
        let drafts = messenger.as_user(caller.0).drafts().await?;
        Ok(Json(drafts.into_iter().map(Draft::from).collect()))
    }

    /// Keep a draft
    ///
    /// One for each chat, and for each thread in it. One's own devices hear it as `draft.saved`. What was written last
    /// counts: an older one is refused with 409. `POST /messages` with `clear_draft` takes it away again in the same change.
    #[oai(path = "/chats/:chat_id/draft", method = "put", operation_id = "saveDraft")]
    async fn save(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<DraftChange>,
    ) -> Answer<Json<Draft>> {
        let DraftChange { content, reply_to, thread_id, written_at } = body.0;
        let moment = |text: String| {
            Time::read(&text)
                .ok_or_else(|| Error::invalid("written_at", "must be a moment, as in 2024-03-26T12:00:00"))
        };
        let new = NewDraft {
            text: content,
            reply_to: reply_to.map(MessageId),
            thread: thread_id.map(MessageId),
            at: written_at.map(moment).transpose()?,
        };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.save_draft(new).await?.into()))
    }

    /// Take a draft away
    ///
    /// Where there is none, nothing happens. One's own devices hear it as `draft.removed`.
    #[oai(path = "/chats/:chat_id/draft", method = "delete", operation_id = "removeDraft")]
    async fn remove(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        /// The thread in which it stands.
        thread_id: Query<Option<i64>>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        chat.remove_draft(thread_id.0.map(MessageId)).await?;
        Ok(Done::Done)
    }
}
