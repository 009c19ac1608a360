//! `/messages/{id}/bookmark`, `/bookmarks`: bookmarked messages.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Bookmark, Done};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::Messenger;
use besedka_core::model::{BookmarkId, MessageId};

pub struct Bookmarks;

/// A bookmark's note.
#[derive(Object)]
#[oai(example)]
struct Note {
    /// Up to 1,000 characters; visible to the caller only.
    note: Option<String>,
}

impl Example for Note {
    fn example() -> Self {
        Self { note: Some("Answer on Monday".to_owned()) }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Bookmarks {
    /// List bookmarks
    ///
    /// Sorted newest first. Bookmarks of messages that were deleted, or hidden by the caller, and of messages
    /// in chats that the caller has left are not included: clients should drop them on `message.deleted`,
    /// `message.hidden` and `chat.removed`.
    #[oai(path = "/bookmarks", method = "get", operation_id = "bookmarks")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// Only bookmarks older than the one with this `id`.
        before_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Bookmark>>> {
        let caller = messenger.as_user(caller.0);
        let bookmarks = caller.bookmarks(before_id.0.map(BookmarkId), limit.0).await?;
        Ok(Json(bookmarks.into_iter().map(Bookmark::from).collect()))
    }

    /// Bookmark a message
    ///
    /// Creates a bookmark, or replaces the note of the existing one. Bookmarks are private; the caller's
    /// devices receive `bookmark.saved`. Each user can have up to 5,000 bookmarks.
    #[oai(path = "/messages/:message_id/bookmark", method = "put", operation_id = "saveBookmark")]
    async fn save(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
        body: JsonBody<Note>,
    ) -> Answer<Json<Bookmark>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let bookmark =
            caller.message(MessageId(message_id.0)).await?.bookmark(body.0.note.as_deref()).await?;
        Ok(Json(bookmark.into()))
    }

    /// Remove a bookmark
    ///
    /// The caller's devices receive `bookmark.removed`.
    #[oai(path = "/messages/:message_id/bookmark", method = "delete", operation_id = "removeBookmark")]
    async fn remove(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.message(MessageId(message_id.0)).await?.remove_bookmark().await?;
        Ok(Done::Done)
    }
}
