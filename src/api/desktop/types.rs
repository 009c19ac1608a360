//! The request and response types of the desktop messenger's API. The comments of fields are the API's
//! documentation.

use std::collections::HashMap;

use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{ApiResponse, Enum, Object};

use crate::links::Links;
use crate::refusal::Body;
use besedka_core::messenger::Reading;
use besedka_core::model::{self, ChatId, Kind, MessageFilter, Presence, Status, UserId};

/// An error.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Problem {
    /// A description of the error.
    pub detail: String,
}

impl Body for Problem {
    fn new(detail: String, _: &'static str) -> Self {
        Self { detail }
    }
}

impl Example for Problem {
    fn example() -> Self {
        Self { detail: "Wrong username, e-mail address or password".to_owned() }
    }
}

/// A user.
#[derive(Object, Debug)]
#[oai(example)]
pub struct User {
    pub id: i64,
    pub username: Option<String>,
    /// Only for the caller; null for other users.
    pub email: Option<String>,
    /// The name that others see.
    pub display_name: String,
    pub avatar_url: Option<String>,
    pub created_at: String,
    pub is_online: bool,
    /// When the user was last online; null while they are online, and if unknown.
    pub last_seen: Option<String>,
}

impl User {
    pub fn new(person: model::Person, links: &Links) -> Self {
        let presence = person.presence.unwrap_or(Presence::HIDDEN);
        Self {
            avatar_url: links.avatar(&person),
            id: person.id.0,
            username: person.username,
            email: None,
            display_name: person.display_name,
            created_at: person.created_at.iso(),
            is_online: presence.status != Status::Offline,
            last_seen: presence.last_seen_at.map(model::Time::iso),
        }
    }

    /// The current user.
    pub fn own(user: model::User, links: &Links) -> Self {
        Self { email: user.email, ..Self::new(user.person, links) }
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

/// The tokens of a signed-in user.
#[derive(Object, Debug)]
#[oai(example)]
pub struct SignedIn {
    /// A JWT for the header `Authorization: Bearer …`, valid for 15 minutes.
    pub access_token: String,
    /// For `POST /auth/refresh`; valid for 7 days and a single use.
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

/// The kind of chat.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum ChatType {
    /// Between two people.
    Direct,
    Group,
}

/// A participant's role in a chat.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum Role {
    Admin,
    Member,
}

impl From<model::Role> for Role {
    fn from(role: model::Role) -> Self {
        match role {
            model::Role::Owner | model::Role::Admin => Self::Admin,
            model::Role::Member => Self::Member,
        }
    }
}

/// A participant of a chat.
#[derive(Object, Debug)]
pub struct Participant {
    pub id: i64,
    pub username: Option<String>,
    pub display_name: String,
    pub avatar_url: Option<String>,
    pub created_at: String,
    pub is_online: bool,
    pub last_seen: Option<String>,
    pub role: Role,
    pub joined_at: String,
}

impl Participant {
    fn new(member: model::Member, links: &Links) -> Self {
        let user = User::new(member.person, links);
        Self {
            id: user.id,
            username: user.username,
            display_name: user.display_name,
            avatar_url: user.avatar_url,
            created_at: user.created_at,
            is_online: user.is_online,
            last_seen: user.last_seen,
            role: member.role.into(),
            joined_at: member.joined_at.iso(),
        }
    }
}

/// A chat.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Chat {
    pub id: i64,
    #[oai(rename = "type")]
    pub kind: ChatType,
    /// For a direct chat: the other person's name.
    pub title: String,
    pub is_group: bool,
    pub created_at: String,
    pub last_message: Option<Message>,
    /// The number of unread messages from others.
    pub unread_count: i64,
    pub participants: Vec<Participant>,
}

impl Chat {
    /// `last` is the newest message that somebody sent.
    pub fn new(chat: model::Chat, last: Option<Message>, roster: model::Roster, links: &Links) -> Self {
        let is_group = chat.about.kind.is_group();
        Self {
            id: chat.id().0,
            kind: if is_group { ChatType::Group } else { ChatType::Direct },
            is_group,
            created_at: chat.created_at.iso(),
            last_message: last,
            unread_count: chat.unread_count,
            participants: roster.members.into_iter().map(|member| Participant::new(member, links)).collect(),
            title: chat.title,
        }
    }
}

impl Example for Chat {
    fn example() -> Self {
        let User { id, username, display_name, avatar_url, created_at, is_online, last_seen, .. } =
            User::example();
        let participant = Participant {
            id,
            username,
            display_name,
            avatar_url,
            created_at: created_at.clone(),
            is_online,
            last_seen,
            role: Role::Admin,
            joined_at: created_at,
        };
        Self {
            id: 253_402_300_927,
            kind: ChatType::Group,
            title: "Проект".to_owned(),
            is_group: true,
            created_at: "2024-03-26T10:00:00".to_owned(),
            last_message: Some(Message::example()),
            unread_count: 1,
            participants: vec![participant],
        }
    }
}

/// The messages that clients see: those by users, and answers of the assistant when they are complete. Notices are
/// delivered on the socket as `system`.
pub const SHOWN: MessageFilter = MessageFilter { notices: false, unfinished_answers: false };

/// Whether a recipient has read a message, as far as the caller may see it.
pub fn is_read(readings: &HashMap<ChatId, Reading>, message: &model::Message, reader: UserId) -> bool {
    readings.get(&message.chat).is_some_and(|reading| reading.has(message, reader))
}

/// A message.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Message {
    pub id: i64,
    pub chat_id: i64,
    pub sender_id: i64,
    /// The text, or a textual form for other types; for a file without a caption, its name.
    pub content: String,
    /// For the caller's own messages: whether somebody else has read it. For others' messages: whether the caller
    /// has; on the socket, whether anybody but its sender has.
    pub is_read: bool,
    /// For a file on this server, a link that needs no token and is valid for an hour; otherwise an external
    /// URL.
    pub attachment_url: Option<String>,
    pub created_at: String,
}

impl Message {
    pub fn new(message: &model::Message, is_read: bool, links: &Links) -> Self {
        let content = message.content.as_ref();
        let elsewhere = content.and_then(model::Content::external_file);
        let words = match (message.kind, &elsewhere, message.attachments.first()) {
            (Kind::Text, Some((_, text)), _) => (*text).to_owned(),
            (Kind::Image | Kind::Video | Kind::File, _, Some(file)) => {
                content.and_then(model::Content::text).unwrap_or(&file.filename).to_owned()
            }
            _ => message.plain_in(links.language),
        };
        Self {
            id: message.id.0,
            chat_id: message.chat.0,
            sender_id: message.author.0,
            content: words,
            is_read,
            attachment_url: message
                .attachments
                .first()
                .map(|file| links.file(file))
                .or(elsewhere.map(|(file, _)| file.url)),
            created_at: message.sent_at.iso(),
        }
    }
}

impl Example for Message {
    fn example() -> Self {
        Self {
            id: 253_402_300_991,
            chat_id: 253_402_300_927,
            sender_id: 253_402_300_799,
            content: "Всем привет!".to_owned(),
            is_read: false,
            attachment_url: None,
            created_at: "2024-03-26T12:00:00".to_owned(),
        }
    }
}

/// A response with a created resource.
#[derive(ApiResponse)]
pub enum Created<T: ToJSON> {
    /// Created.
    #[oai(status = 201)]
    Created(Json<T>),
}
