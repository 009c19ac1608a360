//! `/users`: people and one's own profile.

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
use besedka_core::messenger::{Messenger, Profile};
use besedka_core::model::UserId;

pub struct Users;

/// What to change. What is missing stays; what may be empty is taken away by null.
#[derive(Object)]
#[oai(example)]
struct ProfileChange {
    /// 1 to 64 characters.
    display_name: Option<String>,
    /// An http or https address of a picture elsewhere; null takes away an uploaded one, too. The address of an uploaded
    /// one, sent back, leaves it as it is.
    avatar_url: MaybeUndefined<String>,
    /// 2 to 32 letters, digits, `_`, `-` or `.`.
    username: Option<String>,
    email: Option<String>,
    /// At most 500 characters.
    about: MaybeUndefined<String>,
    /// A name of the IANA database, as in `Europe/Moscow`.
    time_zone: MaybeUndefined<String>,
    /// A language tag (BCP 47), as in `pt-BR`.
    language: MaybeUndefined<String>,
    /// Whether others don't see if one is there, nor when one was last; then one does not see theirs either.
    hides_presence: Option<bool>,
    /// Whether others don't see how far one has read.
    hides_reading: Option<bool>,
}

impl Example for ProfileChange {
    fn example() -> Self {
        Self {
            display_name: Some("Иван".to_owned()),
            avatar_url: MaybeUndefined::Undefined,
            username: None,
            email: None,
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

/// Whether it is the address of an avatar that was uploaded here.
fn is_uploaded(url: &str) -> bool {
    url.starts_with(AVATARS)
}

/// A new password.
#[derive(Object)]
#[oai(example)]
struct PasswordChange {
    old_password: String,
    /// 8 to 128 characters.
    new_password: String,
}

impl Example for PasswordChange {
    fn example() -> Self {
        Self {
            old_password: "securePassword123".to_owned(),
            new_password: "a bench in the garden".to_owned(),
        }
    }
}

/// One's password, once more.
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
    /// Oneself
    #[oai(path = "/users/me", method = "get", operation_id = "me")]
    async fn me(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<User>> {
        Ok(Json(messenger.as_user(caller.0).me().await?.into()))
    }

    /// Change one's profile
    ///
    /// Everybody in one's chats hears `member.updated` when they see a difference.
    #[oai(path = "/users/me", method = "put", operation_id = "updateMe")]
    async fn update_me(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<ProfileChange>,
    ) -> Answer<Json<User>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.update_profile(body.0.into()).await?.into()))
    }

    /// Change one's password
    ///
    /// Ends all other sessions: their tokens work no more, and their sockets are closed at once. A wrong
    /// old password answers 400.
    #[oai(path = "/users/me/password", method = "put", operation_id = "changePassword")]
    async fn change_password(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<PasswordChange>,
    ) -> Answer<Done> {
        let PasswordChange { old_password, new_password } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.change_password(&old_password, &new_password).await?;
        Ok(Done::Done)
    }

    /// Deactivate one's account
    ///
    /// All sessions end and all sockets are closed at once; signing in answers 403 with code `deactivated` until an
    /// administrator reactivates the account. What one said stays, and one is shown as deactivated. Groups that one
    /// owns go to an admin or the member who came first. The server's only administrator can't go (409).
    #[oai(path = "/users/me/deactivate", method = "post", operation_id = "deactivateMe")]
    async fn deactivate(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Password>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.deactivate(&body.0.password).await?;
        Ok(Done::Done)
    }

    /// Find people
    ///
    /// By words or parts of words of their name or username, in any order and without regard to case, accents and
    /// ё/е; or by their whole e-mail address. People who are deactivated are left out.
    #[oai(path = "/users/search", method = "get", operation_id = "searchUsers")]
    async fn search(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// Some letters.
        q: Query<String>,
        /// How many at most: 1 to 50, 20 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Person>>> {
        let found = messenger.as_user(caller.0).find_people(&q.0, limit.0).await?;
        Ok(Json(found.into_iter().map(Person::from).collect()))
    }

    /// Somebody
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
