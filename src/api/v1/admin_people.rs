//! `/admin`: a person's sessions and password, the storage that people use, the announcement to everybody.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::admin::administrator;
use super::caller::{Owner, SignedIn};
use super::idempotency::Key;
use super::sessions::Session;
use super::types::Done;
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger};
use besedka_core::model::{self, SessionId, Time, User, UserId};

pub struct AdminPeople;

/// A new password, which is shown only once.
#[derive(Object)]
#[oai(example)]
struct GeneratedPassword {
    password: String,
}

impl Example for GeneratedPassword {
    fn example() -> Self {
        Self { password: "5f0c3b1e8a6d4f7f9f0e2f1a4c7b9d3e".to_owned() }
    }
}

#[derive(ApiResponse)]
enum PasswordAnswer {
    /// The new password.
    #[oai(status = 200)]
    Ok(Json<GeneratedPassword>),
}

/// The storage that a user's files use.
#[derive(Object)]
#[oai(example)]
struct StorageUse {
    user_id: i64,
    username: Option<String>,
    display_name: String,
    bytes: u64,
}

impl From<(User, u64)> for StorageUse {
    fn from((user, bytes): (User, u64)) -> Self {
        Self {
            user_id: user.id().0,
            username: user.person.username,
            display_name: user.person.display_name,
            bytes,
        }
    }
}

impl Example for StorageUse {
    fn example() -> Self {
        Self {
            user_id: 253_402_300_863,
            username: Some("anna".to_owned()),
            display_name: "Анна".to_owned(),
            bytes: 1_073_741_824,
        }
    }
}

/// What the administrators announce to everybody.
#[derive(Object)]
#[oai(example)]
pub struct Announcement {
    /// 1 to 500 characters.
    text: String,
    /// When it disappears; null if it stays until it is removed. UTC, ISO 8601 without a zone.
    until: Option<String>,
}

impl From<model::Announcement> for Announcement {
    fn from(announcement: model::Announcement) -> Self {
        Self { text: announcement.text, until: announcement.until.map(Time::iso) }
    }
}

impl Example for Announcement {
    fn example() -> Self {
        Self {
            text: "The server is updated on Saturday at 10:00".to_owned(),
            until: Some("2024-03-30T12:00:00".to_owned()),
        }
    }
}

/// The announcement, if there is one.
#[derive(Object)]
#[oai(example)]
pub struct CurrentAnnouncement {
    announcement: Option<Announcement>,
}

impl From<Option<model::Announcement>> for CurrentAnnouncement {
    fn from(announcement: Option<model::Announcement>) -> Self {
        Self { announcement: announcement.map(Announcement::from) }
    }
}

impl Example for CurrentAnnouncement {
    fn example() -> Self {
        Self { announcement: Some(Announcement::example()) }
    }
}

#[OpenApi]
impl AdminPeople {
    /// List a user's sessions
    ///
    /// Sorted by last use, most recent first. Only for server administrators.
    #[oai(
        path = "/admin/users/:id/sessions",
        method = "get",
        operation_id = "sessionsOfUser",
        tag = "Area::Admin"
    )]
    async fn sessions(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        id: Path<i64>,
    ) -> Answer<Json<Vec<Session>>> {
        let asks = caller.0.session;
        let sessions = messenger.as_user(caller.0).administering().await?.sessions_of(UserId(id.0)).await?;
        Ok(Json(sessions.into_iter().map(|session| Session::new(session, asks)).collect()))
    }

    /// End all of a user's sessions
    ///
    /// Also revokes their personal access tokens. Their sockets are closed at once. Only for server administrators.
    #[oai(
        path = "/admin/users/:id/sessions",
        method = "delete",
        operation_id = "revokeSessionsOfUser",
        tag = "Area::Admin"
    )]
    async fn revoke_all(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        administrator(&messenger, caller, &key).await?.revoke_sessions_of(UserId(id.0)).await?;
        Ok(Done::Done)
    }

    /// End one of a user's sessions
    ///
    /// Its tokens become invalid and its sockets are closed at once. Only for server administrators.
    #[oai(
        path = "/admin/users/:id/sessions/:session_id",
        method = "delete",
        operation_id = "revokeSessionOfUser",
        tag = "Area::Admin"
    )]
    async fn revoke(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
        session_id: Path<i64>,
    ) -> Answer<Done> {
        let administrator = administrator(&messenger, caller, &key).await?;
        administrator.revoke_session_of(UserId(id.0), SessionId(session_id.0)).await?;
        Ok(Done::Done)
    }

    /// Reset a user's password
    ///
    /// Sets a random password and returns it, for the administrator to hand over. All of the user's sessions and
    /// personal access tokens end. Needs a sign-in, not a personal access token. Only for server administrators.
    #[oai(
        path = "/admin/users/:id/password",
        method = "post",
        operation_id = "resetPasswordOfUser",
        tag = "Area::Admin"
    )]
    async fn reset_password(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<PasswordAnswer> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let password = caller.administering().await?.reset_password(UserId(id.0)).await?;
        Ok(PasswordAnswer::Ok(Json(GeneratedPassword { password })))
    }

    /// Who uses the most storage
    ///
    /// The users with the most bytes of files, the largest first. Only for server administrators.
    #[oai(path = "/admin/storage", method = "get", operation_id = "storageUse", tag = "Area::Admin")]
    async fn storage(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<StorageUse>>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let largest = administrator.largest_storage(limit.0).await?;
        Ok(Json(largest.into_iter().map(StorageUse::from).collect()))
    }

    /// The announcement to everybody
    ///
    /// Clients show it above all chats. They ask for it when they connect, and are told of changes by
    /// `announcement.updated`.
    #[oai(path = "/announcement", method = "get", operation_id = "announcement", tag = "Area::Users")]
    async fn announcement(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
    ) -> Answer<Json<CurrentAnnouncement>> {
        let announcement = messenger.as_user(caller.0).announcement().await?;
        Ok(Json(announcement.into()))
    }

    /// Announce something to everybody
    ///
    /// Replaces the announcement before. Only for server administrators.
    #[oai(path = "/admin/announcement", method = "put", operation_id = "announce", tag = "Area::Admin")]
    async fn announce(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Announcement>,
    ) -> Answer<Done> {
        let administrator = administrator(&messenger, caller, &key).await?;
        let Announcement { text, until } = body.0;
        let until = until.map(|until| {
            Time::read(&until).ok_or_else(|| Error::invalid("until", "must be a time, ISO 8601"))
        });
        administrator.announce(&text, until.transpose()?).await?;
        Ok(Done::Done)
    }

    /// Remove the announcement
    ///
    /// 404 if there is none. Only for server administrators.
    #[oai(
        path = "/admin/announcement",
        method = "delete",
        operation_id = "removeAnnouncement",
        tag = "Area::Admin"
    )]
    async fn remove_announcement(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Done> {
        administrator(&messenger, caller, &key).await?.remove_announcement().await?;
        Ok(Done::Done)
    }
}
