//! The request and response types of Kyte's API. The comments of fields are the API's documentation.

use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{ApiResponse, Enum, Object};

use crate::links::Links;
use crate::refusal::Body;
use besedka_core::messenger::TokenPair;
use besedka_core::model::{self, Content, ExternalFile, Kind, Language, MessageFilter, UserId};

/// An error.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Problem {
    /// A description of the error.
    pub message: String,
    /// For a wrong code: the number of remaining attempts.
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
        Self::new("content: a text message requires text".to_owned(), "invalid")
    }
}

/// The current user.
#[derive(Object, Debug, Clone)]
#[oai(example)]
pub struct User {
    pub id: String,
    /// Empty if there is none, never null.
    pub email: String,
    pub name: String,
    /// For example `+79991234567`.
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

/// A signed-in user with tokens.
#[derive(Object, Debug)]
#[oai(example, rename_all = "camelCase")]
pub struct SignedIn {
    pub user: User,
    /// For the header `Authorization: Bearer …`, valid for 15 minutes.
    pub access_token: String,
    /// For `POST /auth/refresh`. It stays the same and is valid until the session ends.
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
    /// Between two people, or the user's saved messages.
    Direct,
}

/// A chat, as the caller sees it.
#[derive(Object, Debug)]
#[oai(example, rename_all = "camelCase")]
pub struct Chat {
    pub id: String,
    /// The title of a group, or the name of the other person.
    pub name: String,
    #[oai(rename = "type")]
    pub kind: ChatType,
    pub participant_ids: Vec<String>,
    /// The six-character code for joining a group; only visible to members who can invite others.
    #[oai(skip_serializing_if_is_none)]
    pub invite_code: Option<String>,
    pub created_at: String,
    #[oai(skip_serializing_if_is_none)]
    pub last_message_at: Option<String>,
    /// The last message as text.
    #[oai(skip_serializing_if_is_none)]
    pub last_message: Option<String>,
    pub unread_count: i64,
}

impl Chat {
    pub fn new(chat: model::Chat, participants: &[UserId], language: Language) -> Self {
        Self {
            id: chat.id().to_string(),
            kind: if chat.about.kind.is_group() { ChatType::Group } else { ChatType::Direct },
            name: chat.title,
            participant_ids: participants.iter().map(ToString::to_string).collect(),
            invite_code: chat.code,
            created_at: chat.created_at.iso_millis(),
            last_message_at: chat.last_message.as_ref().map(|message| message.sent_at.iso_millis()),
            last_message: chat.last_message.as_ref().map(|message| in_words(message, language)),
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

/// The type of a message. Types that exist only in other clients appear as text.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum MessageType {
    Text,
    /// Written by the assistant.
    Ai,
    /// Written by the server about the chat.
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

/// Meeting details of a message.
#[derive(Object, Debug, Clone, PartialEq, Eq)]
#[oai(rename_all = "camelCase")]
pub struct Metadata {
    /// The link to a meeting.
    #[oai(skip_serializing_if_is_none)]
    pub meet_url: Option<String>,
    /// Whether the assistant proposes a meeting.
    #[oai(skip_serializing_if_is_none)]
    pub suggest_meet: Option<bool>,
}

/// The messages that clients see: an answer of the assistant only when it is complete.
pub const SHOWN: MessageFilter = MessageFilter { notices: true, unfinished_answers: false };

/// A message.
#[derive(Object, Debug)]
#[oai(example, rename_all = "camelCase")]
pub struct Message {
    pub id: String,
    pub chat_id: String,
    pub user_id: String,
    pub user_name: String,
    /// The text; for locations, polls, recordings and similar types a textual form; for a file without text its
    /// name.
    pub content: String,
    #[oai(rename = "type")]
    pub kind: MessageType,
    pub created_at: String,
    #[oai(skip_serializing_if_is_none)]
    pub metadata: Option<Metadata>,
    /// The URL of the message's file. A link to a file on this server is valid for an hour.
    #[oai(skip_serializing_if_is_none)]
    pub file_url: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    pub file_name: Option<String>,
    /// In bytes.
    #[oai(skip_serializing_if_is_none)]
    pub file_size: Option<i64>,
}

impl Message {
    /// A message with its author's name.
    pub fn new(message: &model::Message, author: &str, links: &Links) -> Self {
        let file = file(message, links);
        Self {
            id: message.id.to_string(),
            chat_id: message.chat.to_string(),
            user_id: message.author.to_string(),
            user_name: author.to_string(),
            content: in_words(message, links.language),
            kind: message.kind.into(),
            created_at: message.sent_at.iso_millis(),
            metadata: metadata(message),
            file_size: file.as_ref().and_then(|file| file.size),
            file_name: file.as_ref().map(|file| file.name.clone()),
            file_url: file.map(|file| file.url),
        }
    }
}

/// The message as text; the link of a file has a field of its own.
fn in_words(message: &model::Message, language: Language) -> String {
    let content = message.content.as_ref();
    match (message.kind, content.and_then(Content::external_file), message.attachments.first()) {
        (_, Some((_, text)), _) => text.to_owned(),
        (Kind::Image | Kind::Video | Kind::File, _, Some(file)) => {
            content.and_then(Content::text).unwrap_or(&file.filename).to_owned()
        }
        _ => message.plain_in(language),
    }
}

/// The external file that a message links to, or the first attached file.
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

/// A successful response.
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

/// A response with a created resource.
#[derive(ApiResponse)]
pub enum Created<T: ToJSON> {
    /// Created.
    #[oai(status = 201)]
    Created(Json<T>),
}
