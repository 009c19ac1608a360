//! `/users`: user profiles.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{Object, OpenApi};

use super::caller::{Owner, SignedIn};
use super::idempotency::Key;
use super::types::{AVATARS, Done, Person, User};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::serde_json_payload::SerdeJson;
use besedka_core::messenger::{EmailProofs, Messenger, Profile};
use besedka_core::model::{SessionId, UserId};

pub struct Users;

/// The fields to change. Omitted fields are left unchanged; null clears a field that can be empty.
#[derive(Object)]
#[oai(example)]
struct ProfileChange {
    /// 1 to 64 characters.
    display_name: Option<String>,
    /// The http or https URL of an external image. Null removes the avatar, including an uploaded one. Sending
    /// back the URL of an uploaded avatar leaves it unchanged.
    avatar_url: MaybeUndefined<String>,
    /// 2 to 32 letters, digits, `_`, `-` or `.`.
    username: Option<String>,
    /// Another address needs `password`, or `code`. A code is then sent to the new address (`pending_email` in the
    /// response); repeating the request with it as `email_code` completes the change, and the old address is told.
    /// Personal access tokens cannot change the address (403). A server that sends no e-mail changes it at once.
    email: Option<String>,
    /// The current password, to change the e-mail address.
    password: Option<String>,
    /// Instead of the password: a code that `POST /auth/codes` sent to the current address, or phone number if there
    /// is no address.
    code: Option<String>,
    /// The code that was sent to the new e-mail address.
    email_code: Option<String>,
    /// Up to 500 characters.
    about: MaybeUndefined<String>,
    /// An IANA time zone, such as `Europe/Moscow`.
    time_zone: MaybeUndefined<String>,
    /// A language tag (BCP 47), such as `pt-BR`.
    language: MaybeUndefined<String>,
    /// Whether to hide the online status and last-seen time from others. Users who hide theirs cannot see those
    /// of others.
    hides_presence: Option<bool>,
    /// Whether to hide read receipts from others.
    hides_reading: Option<bool>,
}

impl Example for ProfileChange {
    fn example() -> Self {
        Self {
            display_name: Some("Иван".to_owned()),
            avatar_url: MaybeUndefined::Undefined,
            username: None,
            email: None,
            password: None,
            code: None,
            email_code: None,
            about: MaybeUndefined::Value("Садовник".to_owned()),
            time_zone: MaybeUndefined::Value("Europe/Moscow".to_owned()),
            language: MaybeUndefined::Undefined,
            hides_presence: None,
            hides_reading: Some(true),
        }
    }
}

impl From<ProfileChange> for Profile {
    fn from(change: ProfileChange) -> Self {
        let given = |field: MaybeUndefined<String>| field.as_opt_ref().map(|value| value.cloned());
        Self {
            email: change.email,
            email_proofs: EmailProofs {
                password: change.password,
                code: change.code,
                new_code: change.email_code,
            },
            username: change.username,
            display_name: change.display_name,
            avatar_url: given(change.avatar_url).filter(|url| !url.as_deref().is_some_and(is_uploaded)),
            about: given(change.about),
            time_zone: given(change.time_zone),
            language: given(change.language),
            hides_presence: change.hides_presence,
            hides_reading: change.hides_reading,
        }
    }
}

/// Whether this is the URL of an avatar that was uploaded to this server.
fn is_uploaded(url: &str) -> bool {
    url.starts_with(AVATARS)
}

/// The updated user.
#[derive(Object)]
#[oai(example)]
struct UpdatedUser {
    #[oai(flatten)]
    user: User,
    /// A new e-mail address to which a code was sent; it counts when the code is sent back as `email_code`.
    #[oai(skip_serializing_if_is_none)]
    pending_email: Option<String>,
}

impl Example for UpdatedUser {
    fn example() -> Self {
        Self { user: User::example(), pending_email: None }
    }
}

/// A password change.
#[derive(Object)]
#[oai(example)]
struct PasswordChange {
    old_password: String,
    /// 8 to 128 characters.
    new_password: String,
    /// The ids of personal access tokens to keep; all others are revoked.
    #[oai(validator(max_items = 50))]
    keep_tokens: Option<Vec<i64>>,
}

impl Example for PasswordChange {
    fn example() -> Self {
        Self {
            old_password: "securePassword123".to_owned(),
            new_password: "a bench in the garden".to_owned(),
            keep_tokens: None,
        }
    }
}

/// The caller's current password, as confirmation.
#[derive(Object)]
#[oai(example)]
struct Password {
    password: String,
}

impl Example for Password {
    fn example() -> Self {
        Self { password: "securePassword123".to_owned() }
    }
}

#[OpenApi(tag = "Area::Users")]
impl Users {
    /// Get current user
    #[oai(path = "/users/me", method = "get", operation_id = "me")]
    async fn me(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<SerdeJson<User>> {
        Ok(SerdeJson(messenger.as_user(caller.0).me().await?.into()))
    }

    /// Update my profile
    ///
    /// Everyone who shares a chat with the caller receives `member.updated` if the visible profile changes.
    #[oai(path = "/users/me", method = "put", operation_id = "updateMe")]
    async fn update_me(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<ProfileChange>,
    ) -> Answer<Json<UpdatedUser>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let email = body.0.email.clone();
        let user = caller.update_profile(body.0.into()).await?;
        let pending_email = email.filter(|email| user.email.as_deref() != Some(email.trim()));
        Ok(Json(UpdatedUser { user: user.into(), pending_email }))
    }

    /// Change my password
    ///
    /// Ends all other sessions and revokes personal access tokens, apart from those in `keep_tokens`: their
    /// tokens become invalid and their sockets are closed at once. A wrong current password answers 400. Personal
    /// access tokens cannot change the password (403).
    #[oai(path = "/users/me/password", method = "put", operation_id = "changePassword")]
    async fn change_password(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<PasswordChange>,
    ) -> Answer<Done> {
        let PasswordChange { old_password, new_password, keep_tokens } = body.0;
        let kept: Vec<SessionId> = keep_tokens.unwrap_or_default().into_iter().map(SessionId).collect();
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.change_password(&old_password, &new_password, &kept).await?;
        Ok(Done::Done)
    }

    /// End earlier access to my account
    ///
    /// For users who were told about `earlier_access` when they signed in by a code: ends the password, all other
    /// sessions and all personal access tokens that existed before. Only the session that first proved the e-mail
    /// address can do this (403).
    #[oai(path = "/users/me/earlier-access", method = "delete", operation_id = "endEarlierAccess")]
    async fn end_earlier_access(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.end_earlier_access().await?;
        Ok(Done::Done)
    }

    /// Deactivate my account
    ///
    /// Ends all sessions and closes all sockets at once. Signing in answers 403 with code `deactivated` until
    /// an administrator reactivates the account. Messages are kept and the user is shown as deactivated. Groups
    /// that the user owns pass to an admin or, without one, to the longest-standing member. The server's only
    /// administrator cannot deactivate their account (409).
    #[oai(path = "/users/me/deactivate", method = "post", operation_id = "deactivateMe")]
    async fn deactivate(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Password>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.deactivate(&body.0.password).await?;
        Ok(Done::Done)
    }

    /// Search users
    ///
    /// Matches words or parts of words in the name or username, in any order, ignoring case, accents and ё/е;
    /// or a complete e-mail address. Deactivated users are not included.
    #[oai(path = "/users/search", method = "get", operation_id = "searchUsers")]
    async fn search(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// The search text.
        q: Query<String>,
        /// The maximum number of results, 1 to 50; 20 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Person>>> {
        let found = messenger.as_user(caller.0).find_people(&q.0, limit.0).await?;
        Ok(Json(found.into_iter().map(Person::from).collect()))
    }

    /// Get a user
    #[oai(path = "/users/:id", method = "get", operation_id = "user")]
    async fn user(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        id: Path<i64>,
    ) -> Answer<Json<Person>> {
        Ok(Json(messenger.as_user(caller.0).person(UserId(id.0)).await?.into()))
    }
}
