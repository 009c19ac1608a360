//! `/users`: people and one's own profile.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Done, Person, User};
use super::{Answer, Area};
use crate::api::body::JsonBody;
use crate::messenger::{Messenger, Profile};
use crate::model::UserId;

pub struct Users;

/// What to change; what is missing stays.
#[derive(Object)]
#[oai(example)]
struct ProfileChange {
    /// 1 to 64 characters.
    display_name: Option<String>,
    /// An http or https address; an empty one takes it away.
    avatar_url: Option<String>,
    /// 2 to 32 letters, digits, `_`, `-` or `.`.
    username: Option<String>,
    email: Option<String>,
}

impl Example for ProfileChange {
    fn example() -> Self {
        Self { display_name: Some("Иван".to_owned()), avatar_url: None, username: None, email: None }
    }
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

#[OpenApi(tag = "Area::Users")]
impl Users {
    /// Oneself
    #[oai(path = "/users/me", method = "get", operation_id = "me")]
    async fn me(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<User>> {
        Ok(Json(messenger.as_user(caller.0).me().await?.into()))
    }

    /// Change one's profile
    #[oai(path = "/users/me", method = "put", operation_id = "updateMe")]
    async fn update_me(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<ProfileChange>,
    ) -> Answer<Json<User>> {
        let ProfileChange { display_name, avatar_url, username, email } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let profile = Profile { email, username, display_name, avatar_url };
        Ok(Json(caller.update_profile(profile).await?.into()))
    }

    /// Change one's password
    ///
    /// Ends all other sessions: their tokens work no more, and their sockets are closed at once. A wrong
    /// old password answers 400.
    #[oai(path = "/users/me/password", method = "put", operation_id = "changePassword")]
    async fn change_password(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
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

    /// Find people
    ///
    /// By the beginning of a word of their name or of their username, or by their whole e-mail address.
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
