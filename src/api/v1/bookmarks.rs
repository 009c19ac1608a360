//! `/messages/{id}/bookmark`, `/bookmarks`: what one wants to find again.

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

/// Why.
#[derive(Object)]
#[oai(example)]
struct Note {
    /// Up to 1,000 characters, for oneself.
    note: Option<String>,
}

impl Example for Note {
    fn example() -> Self {
        Self { note: Some("Answer on Monday".to_owned()) }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Bookmarks {
    /// List one's bookmarks
    ///
    /// The newest first. Those at messages that were deleted, or hidden from oneself, are gone, and so are those in chats that
    /// one is in no more: `message.deleted`, `message.hidden` and `chat.removed` take them along.
    #[oai(path = "/bookmarks", method = "get", operation_id = "bookmarks")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// Only older ones: the `id` of a bookmark.
        before_id: Query<Option<i64>>,
        /// At most so many, up to 200; 50 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Bookmark>>> {
        let caller = messenger.as_user(caller.0);
        let bookmarks = caller.bookmarks(before_id.0.map(BookmarkId), limit.0).await?;
        Ok(Json(bookmarks.into_iter().map(Bookmark::from).collect()))
    }

    /// Bookmark a message
    ///
    /// Or give the bookmark that is there another note. Nobody else learns of it; one's own devices hear it as
    /// `bookmark.saved`. At most 5,000.
    #[oai(path = "/messages/:message_id/bookmark", method = "put", operation_id = "saveBookmark")]
    async fn save(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
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

    /// Take a bookmark away
    ///
    /// One's own devices hear it as `bookmark.removed`.
    #[oai(path = "/messages/:message_id/bookmark", method = "delete", operation_id = "removeBookmark")]
    async fn remove(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        message_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.message(MessageId(message_id.0)).await?.remove_bookmark().await?;
        Ok(Done::Done)
    }
}
