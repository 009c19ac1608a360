//! `/educations/api/v1/users`: sign-in, token renewal and the list of users.

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::names;
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::Visit;
use besedka_core::messenger::{Messenger, SignIn};
use besedka_core::model::{self, Scopes};

pub struct Users;

/// Credentials.
#[derive(Object)]
#[oai(example)]
struct Credentials {
    /// The e-mail address or the username.
    email: String,
    password: String,
}

impl Example for Credentials {
    fn example() -> Self {
        Self { email: "aigul@example.com".to_owned(), password: "securePassword123".to_owned() }
    }
}

/// The tokens of a signed-in user.
#[derive(Object)]
#[oai(example)]
struct SignedIn {
    /// A JWT for the header `Authorization: Bearer …`, valid for 15 minutes.
    access: String,
    /// For `POST …/refresh/`; can be used repeatedly.
    refresh: String,
    user_id: i64,
    /// The same as `refresh`.
    id: i64,
    email: Option<String>,
    first_name: String,
    last_name: String,
    avatar: Option<String>,
    /// Not supported by this server: always null.
    position: Option<String>,
}

impl Example for SignedIn {
    fn example() -> Self {
        Self {
            access: "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9…".to_owned(),
            refresh: "Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4".to_owned(),
            user_id: 253_402_300_799,
            id: 253_402_300_799,
            email: Some("aigul@example.com".to_owned()),
            first_name: "Айгуль".to_owned(),
            last_name: "Садыкова".to_owned(),
            avatar: None,
            position: None,
        }
    }
}

/// A refresh token.
#[derive(Object)]
#[oai(example)]
struct Refresh {
    refresh: String,
}

impl Example for Refresh {
    fn example() -> Self {
        Self { refresh: "Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4".to_owned() }
    }
}

/// A new access token.
#[derive(Object)]
#[oai(example)]
struct Renewed {
    access: String,
}

impl Example for Renewed {
    fn example() -> Self {
        Self { access: "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9…".to_owned() }
    }
}

/// A user who can be added to a conversation.
#[derive(Object)]
#[oai(example)]
struct ChatUser {
    id: i64,
    first_name: String,
    last_name: String,
    /// Not supported by this server: always empty.
    middle_name: String,
    avatar: Option<String>,
    /// Not supported by this server: always null.
    role: Option<String>,
    /// Not supported by this server: always null.
    position: Option<String>,
    /// Only for the caller; null for other users.
    email: Option<String>,
    /// Whether the user is online.
    is_online: bool,
}

impl ChatUser {
    fn new(person: model::Person, email: Option<String>, links: &Links) -> Self {
        let (first_name, last_name) = names(&person.display_name);
        Self {
            id: person.id.0,
            first_name,
            last_name,
            middle_name: String::new(),
            avatar: links.avatar(&person),
            role: None,
            position: None,
            email,
            is_online: person.presence.is_some_and(|presence| presence.status != model::Status::Offline),
        }
    }
}

impl Example for ChatUser {
    fn example() -> Self {
        Self {
            id: 253_402_300_863,
            first_name: "Айгуль".to_owned(),
            last_name: "Садыкова".to_owned(),
            middle_name: String::new(),
            avatar: None,
            role: None,
            position: None,
            email: None,
            is_online: true,
        }
    }
}

#[OpenApi(tag = "Area::Users", prefix_path = "/educations/api/v1/users")]
impl Users {
    /// Sign in
    ///
    /// Returns an access token, valid for 15 minutes, and a refresh token.
    #[oai(path = "/auth", method = "post", operation_id = "signIn")]
    async fn sign_in(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Credentials>,
    ) -> Answer<Json<SignedIn>> {
        let Credentials { email, password } = body.0;
        let who = SignIn { name: email, password, device: visit.agent.clone() };
        // The client reads the refresh token once and uses it repeatedly.
        let grant = messenger.visitor(visit.address).for_long().sign_in(who).await?;
        let access = messenger.access(&grant.access_token, Scopes::READ).await?;
        let model::User { person, email, .. } = messenger.as_user(access).me().await?;
        let (first_name, last_name) = names(&person.display_name);
        Ok(Json(SignedIn {
            access: grant.access_token,
            refresh: grant.refresh_token,
            user_id: person.id.0,
            id: person.id.0,
            email,
            first_name,
            last_name,
            avatar: Links::to(&messenger, &visit, person.id).avatar(&person),
            position: None,
        }))
    }

    /// Refresh the access token
    ///
    /// The refresh token stays valid as long as the session lasts.
    #[oai(path = "/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        body: JsonBody<Refresh>,
    ) -> Answer<Json<Renewed>> {
        let grant = messenger.visitor(visit.address).refresh(&body.0.refresh).await?;
        Ok(Json(Renewed { access: grant.access_token }))
    }

    /// List users
    ///
    /// Sorted by name; includes the caller.
    #[oai(path = "/chat-users", method = "get", operation_id = "chatUsers")]
    async fn chat_users(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
    ) -> Answer<Json<Vec<ChatUser>>> {
        let reader = caller.0.user;
        let caller = messenger.as_user(caller.0);
        let links = Links::to(&messenger, &visit, reader);
        let own = caller.me().await?;
        let email = |person: &model::Person| own.email.clone().filter(|_| person.id == own.id());
        let everybody = caller.everybody().await?.into_iter();
        Ok(Json(
            everybody
                .map(|person| {
                    let email = email(&person);
                    ChatUser::new(person, email, &links)
                })
                .collect(),
        ))
    }
}
