//! `/users/me/blocked`: whom one does not want to hear from.

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
    /// List whom one has blocked
    ///
    /// The latest first.
    #[oai(path = "/users/me/blocked", method = "get", operation_id = "blocked")]
    async fn list(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Vec<Blocked>>> {
        let blocked = messenger.as_user(caller.0).blocked().await?;
        Ok(Json(blocked.into_iter().map(Blocked::from).collect()))
    }

    /// Block somebody
    ///
    /// Neither can write to the other in their private chat, nor edit or react there (403); what was said stays. They
    /// can't begin a private chat with one or bring one into groups, and don't see whether one is there. They are not
    /// told. Groups that both are in stay as they are. One's own devices hear `user.blocked`.
    #[oai(path = "/users/me/blocked/:id", method = "put", operation_id = "block")]
    async fn block(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.block(UserId(id.0)).await?;
        Ok(Done::Done)
    }

    /// Unblock somebody
    ///
    /// One's own devices hear `user.unblocked`.
    #[oai(path = "/users/me/blocked/:id", method = "delete", operation_id = "unblock")]
    async fn unblock(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.unblock(UserId(id.0)).await?;
        Ok(Done::Done)
    }
}
