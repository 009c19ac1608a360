//! `/users`: users.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::User;
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::Visit;
use besedka_core::messenger::{EmailProofs, Error, Messenger, Profile};
use besedka_core::model::UserId;

pub struct Users;

/// The fields of the caller's profile to change; omitted fields are left unchanged.
#[derive(Object)]
#[oai(example)]
struct ProfileChange {
    /// 1 to 64 characters.
    display_name: Option<String>,
    /// The http or https URL of an avatar image; null removes the avatar.
    avatar_url: MaybeUndefined<String>,
    /// Another address needs `password`, or `code`. A code is then sent to the new address; repeating the request
    /// with it as `email_code` completes the change.
    email: Option<String>,
    /// The current password, to change the e-mail address.
    password: Option<String>,
    /// Instead of the password: a code that `POST /auth/password/forgot` sent to the current address.
    code: Option<String>,
    /// The code that was sent to the new e-mail address.
    email_code: Option<String>,
}

impl Example for ProfileChange {
    fn example() -> Self {
        Self {
            display_name: Some("Иван Садовник".to_owned()),
            avatar_url: MaybeUndefined::Undefined,
            email: None,
            password: None,
            code: None,
            email_code: None,
        }
    }
}

#[OpenApi(tag = "Area::Users")]
impl Users {
    /// Search users
    ///
    /// Matches users whose name or username contains each of the words, or whose e-mail address is the query.
    #[oai(path = "/users/search", method = "get", operation_id = "searchUsers")]
    async fn search(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        /// The search text.
        query: Query<Option<String>>,
        /// The same as `query`.
        q: Query<Option<String>>,
        /// The maximum number of results, 1 to 50; 20 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<User>>> {
        let words = query.0.or(q.0).ok_or_else(|| Error::invalid("query", "is missing"))?;
        let found = messenger.as_user(caller.0).find_people(&words, limit.0).await?;
        let links = Links::to(&messenger, &visit, caller.0.user);
        Ok(Json(found.into_iter().map(|person| User::new(person, &links)).collect()))
    }

    /// Get a user
    #[oai(path = "/users/:id", method = "get", operation_id = "user")]
    async fn user(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        id: Path<i64>,
    ) -> Answer<Json<User>> {
        let person = messenger.as_user(caller.0).person(UserId(id.0)).await?;
        Ok(Json(User::new(person, &Links::to(&messenger, &visit, caller.0.user))))
    }

    /// Update my profile
    #[oai(path = "/users/me", method = "patch", operation_id = "updateMe")]
    async fn update_me(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        body: JsonBody<ProfileChange>,
    ) -> Answer<Json<User>> {
        let ProfileChange { display_name, avatar_url, email, password, code, email_code } = body.0;
        let avatar_url = match avatar_url {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(url) => Some(Some(url)),
        };
        let email_proofs = EmailProofs { password, code, new_code: email_code };
        let profile = Profile { display_name, avatar_url, email, email_proofs, ..Profile::default() };
        let user = messenger.as_user(caller.0).update_profile(profile).await?;
        Ok(Json(User::own(user, &Links::to(&messenger, &visit, caller.0.user))))
    }
}
