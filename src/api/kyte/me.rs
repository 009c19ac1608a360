//! `/user`: oneself.

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

/// Oneself: as every object in its field, and bare for builds that look for it there.
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

/// What to change; what is missing or null stays.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct ProfileChange {
    name: Option<String>,
    /// An http or https address; an empty one takes the picture away.
    avatar_url: Option<String>,
}

impl Example for ProfileChange {
    fn example() -> Self {
        Self { name: Some("User Name".to_owned()), avatar_url: None }
    }
}

#[OpenApi(tag = "Area::Account")]
impl Me {
    /// Oneself
    #[oai(path = "/user/me", method = "get", operation_id = "me")]
    async fn me(&self, messenger: Data<&Messenger>, visit: Visit, caller: SignedIn) -> Answer<Json<Oneself>> {
        let user = messenger.as_user(caller.0).me().await?;
        Ok(Json(User::new(user, &Links::new(&messenger, &visit.base)).into()))
    }

    /// Change one's name or picture
    #[oai(path = "/user/profile", method = "put", operation_id = "updateProfile")]
    async fn update(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Owner,
        body: JsonBody<ProfileChange>,
    ) -> Answer<Json<Oneself>> {
        // The address of an uploaded picture, sent back, leaves it as it is.
        let is_uploaded = |url: &String| url.strip_prefix(&visit.base).unwrap_or(url).starts_with(AVATARS);
        let change = Profile {
            display_name: body.0.name,
            avatar_url: body.0.avatar_url.filter(|url| !is_uploaded(url)).map(Some),
            ..Profile::default()
        };
        let user = messenger.as_user(caller.0).update_profile(change).await.map_err(renamed)?;
        Ok(Json(User::new(user, &Links::new(&messenger, &visit.base)).into()))
    }

    /// Say where to push
    ///
    /// For builds that ask for it at their start: this server pushes nothing, so it keeps nothing.
    #[oai(path = "/user/fcm-token", method = "put", operation_id = "fcmToken")]
    async fn fcm_token(&self, _caller: SignedIn) -> Answer<Json<Success>> {
        Ok(Json(Success::YES))
    }
}

/// The messenger does not know what this API calls its fields.
fn renamed(error: Error) -> Error {
    match error {
        Error::Invalid { field: "display_name", reason } => Error::invalid("name", reason),
        Error::Invalid { field: "avatar_url", reason } => Error::invalid("avatarUrl", reason),
        error => error,
    }
}
