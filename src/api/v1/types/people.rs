//! Users, members and tokens.

use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use serde::Serialize;

use super::attachment::avatar_path;
use besedka_core::messenger::TokenPair;
use besedka_core::model;

/// An access token and a refresh token.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Tokens {
    /// A JWT for the `Authorization: Bearer` header, valid for 15 minutes.
    pub access_token: String,
    /// Valid for 7 days and a single use in `POST /auth/refresh`. Omitted if it was set as a cookie
    /// (`X-Besedka-Session: cookie`).
    #[oai(skip_serializing_if_is_none)]
    pub refresh_token: Option<String>,
    /// Always `bearer`.
    pub token_type: String,
    /// How long the access token is valid, in seconds.
    pub expires_in: f64,
}

impl From<TokenPair> for Tokens {
    fn from(grant: TokenPair) -> Self {
        Self {
            access_token: grant.access_token,
            refresh_token: Some(grant.refresh_token),
            token_type: "bearer".to_owned(),
            expires_in: grant.expires_in.as_secs_f64(),
        }
    }
}

impl Example for Tokens {
    fn example() -> Self {
        Self {
            access_token: "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9…".to_owned(),
            refresh_token: Some("Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4".to_owned()),
            token_type: "bearer".to_owned(),
            expires_in: 900.0,
        }
    }
}

/// The current user.
#[derive(Object, Debug, Serialize)]
#[oai(example)]
pub struct User {
    pub id: i64,
    /// The e-mail address; not visible to others.
    pub email: Option<String>,
    /// In E.164 format, for users who sign in with a code; not visible to others.
    pub phone: Option<String>,
    /// The name for signing in and for being found.
    pub username: Option<String>,
    /// The name that others see.
    pub display_name: String,
    /// A square image: a path on this server (`/api/v1/avatars/…`) if it was uploaded, or an external http or
    /// https URL.
    pub avatar_url: Option<String>,
    /// A short self-description.
    pub about: Option<String>,
    /// An IANA time zone, such as `Europe/Moscow`.
    pub time_zone: Option<String>,
    /// A language tag (BCP 47), such as `pt-BR`; not visible to others.
    pub language: Option<String>,
    /// Whether the online status and last-seen time are hidden from others. Users who hide theirs cannot see
    /// those of others.
    pub hides_presence: bool,
    /// Whether read receipts are hidden from others.
    pub hides_reading: bool,
    /// Whether the user is a server administrator.
    pub is_admin: bool,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
}

impl From<model::User> for User {
    fn from(user: model::User) -> Self {
        let model::User { person, email, phone, language, hides_presence, hides_reading, is_admin } = user;
        Self {
            id: person.id.0,
            email,
            phone,
            avatar_url: person.avatar.map(avatar_path).or(person.avatar_url),
            username: person.username,
            display_name: person.display_name,
            about: person.about,
            time_zone: person.time_zone,
            language,
            hides_presence,
            hides_reading,
            is_admin,
            created_at: person.created_at.iso(),
        }
    }
}

impl Example for User {
    fn example() -> Self {
        Self {
            id: 253_402_300_799,
            email: Some("user@example.com".to_owned()),
            phone: None,
            username: Some("john".to_owned()),
            display_name: "John Doe".to_owned(),
            avatar_url: Some("https://example.com/avatar.jpg".to_owned()),
            about: None,
            time_zone: Some("Europe/Moscow".to_owned()),
            language: Some("ru".to_owned()),
            hides_presence: false,
            hides_reading: false,
            is_admin: false,
            created_at: "2024-03-26T10:00:00".to_owned(),
        }
    }
}

/// A user's online status.
#[derive(Enum, Debug, Clone, Copy, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Online,
    Away,
    Offline,
}

impl From<model::Status> for Status {
    fn from(status: model::Status) -> Self {
        match status {
            model::Status::Online => Self::Online,
            model::Status::Away => Self::Away,
            model::Status::Offline => Self::Offline,
        }
    }
}

/// A user's presence. For users who hide their presence, and to callers who hide theirs, the status is
/// `offline` and `last_seen_at` is null.
#[derive(Object, Debug, Serialize)]
#[oai(example)]
pub struct Presence {
    pub status: Status,
    /// When the user was last online: UTC, ISO 8601 without a zone. Null while they are online, and if unknown.
    pub last_seen_at: Option<String>,
}

impl From<model::Presence> for Presence {
    fn from(presence: model::Presence) -> Self {
        let model::Presence { status, last_seen_at } = presence;
        Self { status: status.into(), last_seen_at: last_seen_at.map(model::Time::iso) }
    }
}

impl Example for Presence {
    fn example() -> Self {
        Self { status: Status::Offline, last_seen_at: Some("2024-03-26T12:00:00".to_owned()) }
    }
}

/// A user, as others see them.
#[derive(Object, Debug, Serialize)]
#[oai(example)]
pub struct Person {
    pub id: i64,
    pub username: Option<String>,
    pub display_name: String,
    /// A square image: a path on this server (`/api/v1/avatars/…`) if it was uploaded, or an external http or
    /// https URL.
    pub avatar_url: Option<String>,
    /// A short self-description.
    pub about: Option<String>,
    /// An IANA time zone, such as `Europe/Moscow`.
    pub time_zone: Option<String>,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// Whether the account is deactivated. The user cannot sign in; their messages are kept.
    pub deactivated: bool,
    /// The online status. Only in responses, not in events, which go to many users.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// Whether the account was deleted. It has no name any more: show one in the reader's language.
    pub deleted: bool,
    /// True for the account of a program: a bot, an incoming webhook or the assistant. Absent for people.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_bot: Option<bool>,
}

impl From<model::Person> for Person {
    fn from(person: model::Person) -> Self {
        Self {
            id: person.id.0,
            avatar_url: person.avatar.map(avatar_path).or(person.avatar_url),
            username: person.username,
            display_name: person.display_name,
            about: person.about,
            time_zone: person.time_zone,
            created_at: person.created_at.iso(),
            deactivated: person.is_deactivated,
            presence: person.presence.map(Presence::from),
            deleted: person.is_deleted,
            is_bot: person.is_bot.then_some(true),
        }
    }
}

impl Example for Person {
    fn example() -> Self {
        Self {
            id: 253_402_300_863,
            username: Some("anna".to_owned()),
            display_name: "Анна".to_owned(),
            avatar_url: None,
            about: Some("Садовник".to_owned()),
            time_zone: Some("Europe/Moscow".to_owned()),
            created_at: "2024-03-26T10:00:00".to_owned(),
            deactivated: false,
            presence: Some(Presence::example()),
            deleted: false,
            is_bot: None,
        }
    }
}

/// A blocked user.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Blocked {
    pub user: Person,
    /// UTC, ISO 8601 without a zone.
    pub blocked_at: String,
}

impl From<model::Blocked> for Blocked {
    fn from(blocked: model::Blocked) -> Self {
        Self { user: blocked.person.into(), blocked_at: blocked.at.iso() }
    }
}

impl Example for Blocked {
    fn example() -> Self {
        Self { user: Person::example(), blocked_at: "2024-03-26T12:00:00".to_owned() }
    }
}

/// A member's role in a chat.
#[derive(Enum, Debug, Clone, Copy, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Owner,
    Admin,
    Member,
}

impl From<model::Role> for Role {
    fn from(role: model::Role) -> Self {
        match role {
            model::Role::Owner => Self::Owner,
            model::Role::Admin => Self::Admin,
            model::Role::Member => Self::Member,
        }
    }
}

impl From<Role> for model::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}

/// A user's membership in a chat.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Member {
    pub user: Person,
    pub role: Role,
    /// UTC, ISO 8601 without a zone.
    pub joined_at: String,
    /// The newest message that they have read; null if they hide read receipts.
    pub last_read_message_id: Option<i64>,
    /// The newest message that was delivered to one of their devices.
    pub last_delivered_message_id: Option<i64>,
}

/// The members that were added.
#[derive(Object, Debug)]
pub struct AddedMembers {
    pub members: Vec<Member>,
}

impl From<Vec<model::Member>> for AddedMembers {
    fn from(members: Vec<model::Member>) -> Self {
        Self { members: members.into_iter().map(Member::from).collect() }
    }
}

impl From<model::Member> for Member {
    fn from(member: model::Member) -> Self {
        Self {
            user: member.person.into(),
            role: member.role.into(),
            joined_at: member.joined_at.iso(),
            last_read_message_id: member.last_read.map(|id| id.0),
            last_delivered_message_id: member.last_delivered.map(|id| id.0),
        }
    }
}

impl Example for Member {
    fn example() -> Self {
        Self {
            user: Person::example(),
            role: Role::Member,
            joined_at: "2024-03-26T12:00:00".to_owned(),
            last_read_message_id: None,
            last_delivered_message_id: None,
        }
    }
}
