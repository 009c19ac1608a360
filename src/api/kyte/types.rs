//! What Kyte's clients send and are sent. The comments of fields are the documentation of this API.

use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{ApiResponse, Enum, Object};

use crate::links::Links;
use crate::refusal::Body;
use besedka_core::messenger::TokenPair;
use besedka_core::model::{self, ExternalFile, Kind, UserId};

/// An error.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Problem {
    /// What is wrong, in words.
    pub message: String,
    /// Of a wrong code: how many more may be tried.
    #[oai(rename = "attemptsLeft", skip_serializing_if_is_none)]
    pub attempts_left: Option<u64>,
}

impl Body for Problem {
    fn new(detail: String, _: &'static str) -> Self {
        Self { message: detail, attempts_left: None }
    }
}

impl Example for Problem {
    fn example() -> Self {
        Self::new("content: a text message needs a text".to_owned(), "invalid")
    }
}

/// Somebody, as they see themselves.
#[derive(Object, Debug, Clone)]
#[oai(example)]
pub struct User {
    pub id: String,
    /// Empty when there is none, never null.
    pub email: String,
    pub name: String,
    /// As `+79991234567`.
    pub phone: Option<String>,
    #[oai(rename = "avatarUrl", skip_serializing_if_is_none)]
    pub avatar_url: Option<String>,
}

impl User {
    pub fn new(user: model::User, links: &Links) -> Self {
        let person = user.person;
        Self {
            id: person.id.to_string(),
            email: user.email.unwrap_or_default(),
            avatar_url: links.avatar(&person),
            name: person.display_name,
            phone: user.phone,
        }
    }
}

impl Example for User {
    fn example() -> Self {
        Self {
            id: "253402300799".to_owned(),
            email: "user@example.com".to_owned(),
            name: "User Name".to_owned(),
            phone: Some("+79991234567".to_owned()),
            avatar_url: None,
        }
    }
}

/// Somebody who has signed in.
#[derive(Object, Debug)]
#[oai(example, rename_all = "camelCase")]
pub struct SignedIn {
    pub user: User,
    /// For the header `Authorization: Bearer …`, good for 15 minutes.
    pub access_token: String,
    /// For `POST /auth/refresh`. It stays the same and is good until the session ends.
    pub refresh_token: String,
}

impl SignedIn {
    pub fn new(user: User, grant: TokenPair) -> Self {
        Self { user, access_token: grant.access_token, refresh_token: grant.refresh_token }
    }
}

impl Example for SignedIn {
    fn example() -> Self {
        Self {
            user: User::example(),
            access_token: "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9…".to_owned(),
            refresh_token: "Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXJkZW4".to_owned(),
        }
    }
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum ChatType {
    /// A group or a channel.
    Group,
    /// Of two people, or one's saved messages.
    Direct,
}

/// A chat, as its reader sees it.
#[derive(Object, Debug)]
#[oai(example, rename_all = "camelCase")]
pub struct Chat {
    pub id: String,
    /// The title of a group; the name of the other person.
    pub name: String,
    #[oai(rename = "type")]
    pub kind: ChatType,
    pub participant_ids: Vec<String>,
    /// Six letters and digits by which others join a group; for those who may invite.
    #[oai(skip_serializing_if_is_none)]
    pub invite_code: Option<String>,
    pub created_at: String,
    #[oai(skip_serializing_if_is_none)]
    pub last_message_at: Option<String>,
    /// It in words.
    #[oai(skip_serializing_if_is_none)]
    pub last_message: Option<String>,
    pub unread_count: i64,
}

impl Chat {
    pub fn new(chat: model::Chat, participants: &[UserId]) -> Self {
        Self {
            id: chat.id().to_string(),
            kind: if chat.about.kind.is_group() { ChatType::Group } else { ChatType::Direct },
            name: chat.title,
            participant_ids: participants.iter().map(ToString::to_string).collect(),
            invite_code: chat.code,
            created_at: chat.created_at.iso_millis(),
            last_message_at: chat.last_message.as_ref().map(|message| message.sent_at.iso_millis()),
            last_message: chat.last_message.as_ref().map(in_words),
            unread_count: chat.unread_count,
        }
    }
}

impl Example for Chat {
    fn example() -> Self {
        Self {
            id: "253402300927".to_owned(),
            name: "Group Name".to_owned(),
            kind: ChatType::Group,
            participant_ids: vec!["253402300799".to_owned(), "253402300863".to_owned()],
            invite_code: Some("ABC123".to_owned()),
            created_at: "2024-01-01T00:00:00.000Z".to_owned(),
            last_message_at: Some("2024-01-01T12:00:00.000Z".to_owned()),
            last_message: Some("Последнее сообщение".to_owned()),
            unread_count: 1,
        }
    }
}

/// What sort of message it is; what else there is in other clients is a text here.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum MessageType {
    Text,
    /// Said by the assistant.
    Ai,
    /// Said by the server about the chat.
    System,
}

impl From<Kind> for MessageType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Ai => Self::Ai,
            Kind::System => Self::System,
            Kind::Text
            | Kind::Voice
            | Kind::Image
            | Kind::Video
            | Kind::File
            | Kind::Location
            | Kind::Poll => Self::Text,
        }
    }
}

/// What a message says of a meeting.
#[derive(Object, Debug, Clone, PartialEq, Eq)]
#[oai(rename_all = "camelCase")]
pub struct Metadata {
    /// The address of a meeting that was made.
    #[oai(skip_serializing_if_is_none)]
    pub meet_url: Option<String>,
    /// The assistant proposes to meet.
    #[oai(skip_serializing_if_is_none)]
    pub suggest_meet: Option<bool>,
}

/// A message.
#[derive(Object, Debug)]
#[oai(example, rename_all = "camelCase")]
pub struct Message {
    pub id: String,
    pub chat_id: String,
    pub user_id: String,
    pub user_name: String,
    /// The text; of a place, a poll, a recording and the like what they are in words; of a file without a text its name.
    pub content: String,
    #[oai(rename = "type")]
    pub kind: MessageType,
    pub created_at: String,
    #[oai(skip_serializing_if_is_none)]
    pub metadata: Option<Metadata>,
    /// Where the file of a message is. A link to one that was uploaded here is good for a day.
    #[oai(skip_serializing_if_is_none)]
    pub file_url: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    pub file_name: Option<String>,
    /// Bytes.
    #[oai(skip_serializing_if_is_none)]
    pub file_size: Option<i64>,
}

impl Message {
    /// With the name of its author.
    pub fn new(message: &model::Message, author: &str, links: &Links) -> Self {
        let file = file(message, links);
        Self {
            id: message.id.to_string(),
            chat_id: message.chat.to_string(),
            user_id: message.author.to_string(),
            user_name: author.to_string(),
            content: in_words(message),
            kind: message.kind.into(),
            created_at: message.sent_at.iso_millis(),
            metadata: metadata(message),
            file_size: file.as_ref().and_then(|file| file.size),
            file_name: file.as_ref().map(|file| file.name.clone()),
            file_url: file.map(|file| file.url),
        }
    }
}

/// A message in words; the link of a file has a field of its own.
fn in_words(message: &model::Message) -> String {
    match message.content.as_ref().and_then(|content| content.external_file()) {
        Some((_, text)) => text.to_owned(),
        None => message.plain(),
    }
}

/// The file elsewhere to which a message links, or the first that it holds.
fn file(message: &model::Message, links: &Links) -> Option<ExternalFile> {
    let held = |file: &model::Attachment| ExternalFile {
        url: links.file(file),
        name: file.filename.clone(),
        size: Some(file.size),
        class: None,
    };
    let linked = message.content.as_ref().and_then(|content| content.external_file()).map(|(file, _)| file);
    linked.or_else(|| message.attachments.first().map(held))
}

fn metadata(message: &model::Message) -> Option<Metadata> {
    let payload = message.content.as_ref()?.payload()?;
    let meet_url = payload.get("meet_url").and_then(|url| url.as_str()).map(str::to_owned);
    let suggest_meet = payload.get("suggest_meet").and_then(serde_json::Value::as_bool);
    (meet_url.is_some() || suggest_meet.is_some()).then_some(Metadata { meet_url, suggest_meet })
}

impl Example for Message {
    fn example() -> Self {
        Self {
            id: "253402301055".to_owned(),
            chat_id: "253402300927".to_owned(),
            user_id: "253402300799".to_owned(),
            user_name: "User Name".to_owned(),
            content: "Message content".to_owned(),
            kind: MessageType::Text,
            created_at: "2024-01-01T00:00:00.000Z".to_owned(),
            metadata: None,
            file_url: None,
            file_name: None,
            file_size: None,
        }
    }
}

/// Done.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Success {
    /// Always true.
    pub success: bool,
}

impl Success {
    pub const YES: Self = Self { success: true };
}

impl Example for Success {
    fn example() -> Self {
        Self::YES
    }
}

/// Something new.
#[derive(ApiResponse)]
pub enum Created<T: ToJSON> {
    /// It was made.
    #[oai(status = 201)]
    Created(Json<T>),
}
