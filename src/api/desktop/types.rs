//! What the desktop messenger sends and takes. The comments of fields are its documentation.

use poem_openapi::Object;
use poem_openapi::types::Example;

use crate::api::refusal::Body;
use crate::api::v1::avatar_path;
use crate::model::{self, Presence, Status};

/// An error.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Problem {
    /// What is wrong, in words.
    pub detail: String,
}

impl Body for Problem {
    fn new(detail: String, _: &'static str) -> Self {
        Self { detail }
    }
}

impl Example for Problem {
    fn example() -> Self {
        Self { detail: "Wrong name or password".to_owned() }
    }
}

/// Somebody.
#[derive(Object, Debug)]
#[oai(example)]
pub struct User {
    pub id: i64,
    pub username: Option<String>,
    /// One's own alone; of others null.
    pub email: Option<String>,
    /// The name that others see.
    pub display_name: String,
    pub avatar_url: Option<String>,
    pub created_at: String,
    pub is_online: bool,
    /// When they were last here; null while they are, and when it is not known.
    pub last_seen: Option<String>,
}

impl User {
    /// `base` is what links begin with.
    pub fn new(person: model::Person, base: &str) -> Self {
        let presence = person.presence.unwrap_or(Presence::HIDDEN);
        Self {
            id: person.id.0,
            username: person.username,
            email: None,
            display_name: person.display_name,
            avatar_url: person
                .avatar
                .map(|avatar| format!("{base}{}", avatar_path(avatar)))
                .or(person.avatar_url),
            created_at: person.created_at.iso(),
            is_online: presence.status != Status::Offline,
            last_seen: presence.last_seen_at.map(model::Time::iso),
        }
    }

    /// Somebody as they see themselves.
    pub fn own(user: model::User, base: &str) -> Self {
        Self { email: user.email, ..Self::new(user.person, base) }
    }
}

impl Example for User {
    fn example() -> Self {
        Self {
            id: 253_402_300_799,
            username: Some("ivan".to_owned()),
            email: Some("ivan@example.com".to_owned()),
            display_name: "Иван".to_owned(),
            avatar_url: None,
            created_at: "2024-03-26T10:00:00".to_owned(),
            is_online: true,
            last_seen: None,
        }
    }
}

/// Signed in.
#[derive(Object, Debug)]
#[oai(example)]
pub struct SignedIn {
    /// A JWT for the header `Authorization: Bearer …`, good for 15 minutes.
    pub access_token: String,
    /// For `POST /auth/refresh`; good for 7 days and one use.
    pub refresh_token: String,
    /// Always `bearer`.
    pub token_type: String,
    pub user: User,
}

impl Example for SignedIn {
    fn example() -> Self {
        Self {
            access_token: "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9…".to_owned(),
            refresh_token: "Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4".to_owned(),
            token_type: "bearer".to_owned(),
            user: User::example(),
        }
    }
}
