//! `/sessions`: signed-in devices.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::Owner;
use super::idempotency::Key;
use super::types::Done;
use super::{Answer, Area};
use besedka_core::messenger::Messenger;
use besedka_core::model::{self, SessionId};

pub struct Sessions;

/// A signed-in device, through any API.
#[derive(Object)]
#[oai(example)]
pub struct Session {
    id: i64,
    /// The device's name as given at sign-in, or its `User-Agent`.
    device: Option<String>,
    /// The IP address at sign-in.
    address: Option<String>,
    /// UTC, ISO 8601 without a zone.
    created_at: String,
    /// The last sign-in, renewal or request, with a precision of five minutes.
    last_used_at: String,
    /// Whether this session made the request.
    current: bool,
}

impl Session {
    /// `asks` is the session that made the request.
    pub fn new(session: model::Session, asks: SessionId) -> Self {
        Self {
            id: session.id.0,
            device: session.device,
            address: session.address,
            created_at: session.created_at.iso(),
            last_used_at: session.used_at.iso(),
            current: session.id == asks,
        }
    }
}

impl Example for Session {
    fn example() -> Self {
        Self {
            id: 253_402_301_055,
            device: Some("Mozilla/5.0 (X11; Linux x86_64)".to_owned()),
            address: Some("192.0.2.7".to_owned()),
            created_at: "2024-03-26T10:00:00".to_owned(),
            last_used_at: "2024-03-26T12:00:00".to_owned(),
            current: true,
        }
    }
}

#[OpenApi(tag = "Area::Sessions")]
impl Sessions {
    /// List sessions
    ///
    /// Sorted by last use, most recent first.
    #[oai(path = "/sessions", method = "get", operation_id = "sessions")]
    async fn list(&self, messenger: Data<&Messenger>, caller: Owner) -> Answer<Json<Vec<Session>>> {
        let sessions = messenger.as_user(caller.0).sessions().await?;
        Ok(Json(sessions.into_iter().map(|session| Session::new(session, caller.0.session)).collect()))
    }

    /// Revoke all other sessions
    ///
    /// Ends every session except the current one. Their tokens become invalid and their sockets are closed at
    /// once.
    #[oai(path = "/sessions", method = "delete", operation_id = "revokeOtherSessions")]
    async fn revoke_others(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.revoke_other_sessions().await?;
        Ok(Done::Done)
    }

    /// Revoke a session
    ///
    /// Its tokens become invalid and its sockets are closed at once.
    #[oai(path = "/sessions/:id", method = "delete", operation_id = "revokeSession")]
    async fn revoke(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.revoke_session(SessionId(id.0)).await?;
        Ok(Done::Done)
    }
}
