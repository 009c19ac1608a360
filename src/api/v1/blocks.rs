//! `/users/me/blocked`: blocked users.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Blocked, Done};
use super::{Answer, Area};
use besedka_core::messenger::Messenger;
use besedka_core::model::UserId;

pub struct Blocks;

#[OpenApi(tag = "Area::Users")]
impl Blocks {
    /// List blocked users
    ///
    /// Sorted by when they were blocked, newest first.
    #[oai(path = "/users/me/blocked", method = "get", operation_id = "blocked")]
    async fn list(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Vec<Blocked>>> {
        let blocked = messenger.as_user(caller.0).blocked().await?;
        Ok(Json(blocked.into_iter().map(Blocked::from).collect()))
    }

    /// Block a user
    ///
    /// In their private chat, neither user can send, edit, react, vote, pin or change settings any more (403);
    /// existing messages are kept. The blocked user cannot start a private chat with the caller, cannot add them to
    /// groups, and cannot see whether they are online. The blocked user is not notified. Groups that both are in are
    /// not affected. The caller's devices receive `user.blocked`.
    #[oai(path = "/users/me/blocked/:id", method = "put", operation_id = "block")]
    async fn block(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.block(UserId(id.0)).await?;
        Ok(Done::Done)
    }

    /// Unblock a user
    ///
    /// The caller's devices receive `user.unblocked`.
    #[oai(path = "/users/me/blocked/:id", method = "delete", operation_id = "unblock")]
    async fn unblock(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.unblock(UserId(id.0)).await?;
        Ok(Done::Done)
    }
}
