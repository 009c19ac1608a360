//! `/presence`: who is online.

use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::types::{Presence, Status};
use super::{Answer, Area};
use besedka_core::messenger::Messenger;
use besedka_core::model::{self, UserId};

pub struct Presences;

/// A user's presence. For users who hide their presence, and to callers who hide theirs, the status is
/// `offline` and `last_seen_at` is null.
#[derive(Object)]
#[oai(example)]
struct PersonPresence {
    user_id: i64,
    status: Status,
    /// When the user was last online: UTC, ISO 8601 without a zone. Null while they are online, and if unknown.
    last_seen_at: Option<String>,
}

impl PersonPresence {
    fn new(user: UserId, presence: model::Presence) -> Self {
        let Presence { status, last_seen_at } = presence.into();
        Self { user_id: user.0, status, last_seen_at }
    }
}

impl Example for PersonPresence {
    fn example() -> Self {
        let Presence { status, last_seen_at } = Presence::example();
        Self { user_id: 253_402_300_863, status, last_seen_at }
    }
}

#[OpenApi(tag = "Area::Users")]
impl Presences {
    /// Get users' presence
    ///
    /// Returns the presence of several users at once. Unknown users are omitted.
    #[oai(path = "/presence", method = "get", operation_id = "presence")]
    async fn presence(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// 1 to 200 user IDs, separated by commas.
        // Without a default, poem-openapi 5.1 panics if the parameter is missing.
        #[oai(explode = false, default)]
        user_ids: Query<Vec<i64>>,
    ) -> Answer<Json<Vec<PersonPresence>>> {
        let ids: Vec<UserId> = user_ids.0.into_iter().map(UserId).collect();
        let mut known = messenger.as_user(caller.0).presence_of(&ids).await?;
        let people = ids.into_iter().filter_map(|id| Some(PersonPresence::new(id, known.remove(&id)?)));
        Ok(Json(people.collect()))
    }
}
