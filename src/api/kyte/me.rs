//! `/user`: the current user.

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::{Owner, SignedIn};
use super::types::{Success, User};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::links::Links;
use crate::v1::AVATARS;
use crate::visit::Visit;
use besedka_core::messenger::{Error, Messenger, Profile};

pub struct Me;

/// The current user: in a field, and at the top level for client builds that look for it there.
#[derive(Object)]
#[oai(example)]
struct Oneself {
    user: User,
    #[oai(flatten)]
    bare: User,
}

impl From<User> for Oneself {
    fn from(user: User) -> Self {
        Self { bare: user.clone(), user }
    }
}

impl Example for Oneself {
    fn example() -> Self {
        User::example().into()
    }
}

/// The fields to change; omitted and null fields are left unchanged.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct ProfileChange {
    name: Option<String>,
    /// An http or https URL; an empty string removes the avatar.
    avatar_url: Option<String>,
}

impl Example for ProfileChange {
    fn example() -> Self {
        Self { name: Some("User Name".to_owned()), avatar_url: None }
    }
}

#[OpenApi(tag = "Area::Account")]
impl Me {
    /// Get current user
    #[oai(path = "/user/me", method = "get", operation_id = "me")]
    async fn me(&self, messenger: Data<&Messenger>, visit: Visit, caller: SignedIn) -> Answer<Json<Oneself>> {
        let user = messenger.as_user(caller.0).me().await?;
        Ok(Json(User::new(user, &Links::to(&messenger, &visit, caller.0.user)).into()))
    }

    /// Update my profile
    ///
    /// Changes the display name or the avatar.
    #[oai(path = "/user/profile", method = "put", operation_id = "updateProfile")]
    async fn update(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Owner,
        body: JsonBody<ProfileChange>,
    ) -> Answer<Json<Oneself>> {
        // Sending back the URL of an uploaded avatar leaves it unchanged.
        let is_uploaded = |url: &String| url.strip_prefix(&visit.base).unwrap_or(url).starts_with(AVATARS);
        let change = Profile {
            display_name: body.0.name,
            avatar_url: body.0.avatar_url.filter(|url| !is_uploaded(url)).map(Some),
            ..Profile::default()
        };
        let user = messenger.as_user(caller.0).update_profile(change).await.map_err(rename_fields)?;
        Ok(Json(User::new(user, &Links::to(&messenger, &visit, caller.0.user)).into()))
    }

    /// Register for push notifications
    ///
    /// Accepted for client builds that send it at start. This server sends no push notifications and stores
    /// nothing.
    #[oai(path = "/user/fcm-token", method = "put", operation_id = "fcmToken")]
    async fn fcm_token(&self, _caller: SignedIn) -> Answer<Json<Success>> {
        Ok(Json(Success::YES))
    }
}

/// An error with this API's names of fields.
fn rename_fields(error: Error) -> Error {
    error.rename_field("display_name", "name").rename_field("avatar_url", "avatarUrl")
}
