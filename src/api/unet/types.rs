//! The request and response types of unet's API. The comments of fields are the API's documentation.

use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{ApiResponse, Enum, Object};

use super::ids;
use crate::links::Links;
use crate::refusal::Body;
use besedka_core::model::{self, ChatKind, FileClass, Kind, MessageFilter};

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
        Self { detail: "You are not a member of this chat".to_owned() }
    }
}

/// A successful response without a body.
#[derive(ApiResponse)]
pub enum Done {
    /// Success.
    #[oai(status = 204)]
    Done,
}

/// A response with a created resource.
#[derive(ApiResponse)]
pub enum Created<T: ToJSON> {
    /// Created.
    #[oai(status = 201)]
    Created(Json<T>),
}

/// The kind of conversation.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum ConversationType {
    /// Between two people.
    Private,
    Group,
}

impl From<ChatKind> for ConversationType {
    fn from(kind: ChatKind) -> Self {
        match kind {
            // Saved messages: a conversation with nobody else.
            ChatKind::Private | ChatKind::Saved => Self::Private,
            ChatKind::Group | ChatKind::Channel => Self::Group,
        }
    }
}

/// A participant's role in a conversation.
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

impl From<Role> for model::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}

/// A conversation.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Conversation {
    /// A UUID.
    pub id: String,
    #[oai(rename = "type")]
    pub kind: ConversationType,
    /// The title of a group; null for a private conversation.
    pub title: Option<String>,
    pub created_by: i64,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// The type of object in the surrounding application that the conversation belongs to, such as `course`.
    pub service: Option<String>,
    /// The ID of that object.
    pub service_id: Option<String>,
    pub last_message: Option<LastMessage>,
    pub participants: Vec<Participant>,
}

impl Conversation {
    pub fn new(chat: model::Chat, roster: model::Roster, links: &Links) -> Self {
        let (service, service_id) = match roster.topic {
            Some(topic) => (Some(topic.service), topic.id),
            None => (None, None),
        };
        Self {
            id: ids::of_chat(chat.id()),
            kind: chat.about.kind.into(),
            title: chat.about.kind.is_group().then_some(chat.about.title),
            created_by: roster.creator.0,
            created_at: chat.created_at.iso(),
            service,
            service_id,
            last_message: chat.last_message.map(LastMessage::new),
            participants: roster.members.into_iter().map(|member| Participant::new(member, links)).collect(),
        }
    }
}

impl Example for Conversation {
    fn example() -> Self {
        Self {
            id: ids::of_chat(model::ChatId(253_402_300_927)),
            kind: ConversationType::Group,
            title: Some("Математика, 2 курс".to_owned()),
            created_by: 253_402_300_799,
            created_at: "2024-01-01T12:00:00".to_owned(),
            service: Some("course".to_owned()),
            service_id: Some("42".to_owned()),
            last_message: Some(LastMessage {
                id: ids::of_message(model::MessageId(253_402_300_991)),
                sender_id: 253_402_300_799,
                text: Some("Привет!".to_owned()),
                created_at: "2024-01-01T12:00:00".to_owned(),
            }),
            participants: vec![Participant::example()],
        }
    }
}

/// The newest message of a conversation.
#[derive(Object, Debug)]
pub struct LastMessage {
    pub id: String,
    pub sender_id: i64,
    pub text: Option<String>,
    pub created_at: String,
}

impl LastMessage {
    fn new(message: model::Message) -> Self {
        Self {
            id: ids::of_message(message.id),
            sender_id: message.author.0,
            text: words(&message),
            created_at: message.sent_at.iso(),
        }
    }
}

/// The messages that clients see: those by users, and answers of the assistant when they are complete.
pub const SHOWN: MessageFilter = MessageFilter { notices: false, unfinished_answers: false };

/// A message.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Message {
    /// A UUID.
    pub id: String,
    pub conversation_id: String,
    pub sender_id: i64,
    /// The text, or a textual form for other types. Null if the message consists of files only.
    pub text: Option<String>,
    /// The message that this one replies to.
    pub reply_to: Option<String>,
    pub is_edited: bool,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    pub attachments: Vec<Attachment>,
}

impl Message {
    pub fn new(message: &model::Message, links: &Links) -> Self {
        let id = ids::of_message(message.id);
        let files = message.attachments.iter().map(|file| Attachment::file(file, &id, links));
        let linked = Attachment::linked(message);
        Self {
            conversation_id: ids::of_chat(message.chat),
            sender_id: message.author.0,
            text: words(message),
            // A reply in a thread replies to the thread's first message, unless it names another one.
            reply_to: message.reply_to.as_ref().map(|quote| quote.id).or(message.thread).map(ids::of_message),
            is_edited: message.edited_at.is_some(),
            created_at: message.sent_at.iso(),
            attachments: files.chain(linked).collect(),
            id,
        }
    }
}

/// A message as text; `None` if it consists of files only.
fn words(message: &model::Message) -> Option<String> {
    let content = message.content.as_ref()?;
    match message.kind {
        // Links to external files are shown as attachments in this API.
        Kind::Text => Some(content.external_files().1.to_owned()),
        Kind::Image | Kind::Video | Kind::File | Kind::Ai | Kind::System => content.text().map(str::to_owned),
        Kind::Voice | Kind::Location | Kind::Poll => Some(message.plain()),
    }
}

impl Example for Message {
    fn example() -> Self {
        Self {
            id: ids::of_message(model::MessageId(253_402_300_991)),
            conversation_id: ids::of_chat(model::ChatId(253_402_300_927)),
            sender_id: 253_402_300_799,
            text: Some("Привет!".to_owned()),
            reply_to: None,
            is_edited: false,
            created_at: "2024-01-01T12:00:00".to_owned(),
            attachments: Vec::new(),
        }
    }
}

/// The kind of a file, for display.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum FileType {
    Image,
    Video,
    File,
}

impl From<FileClass> for FileType {
    fn from(class: FileClass) -> Self {
        match class {
            FileClass::Picture => Self::Image,
            FileClass::Video => Self::Video,
            FileClass::Sound | FileClass::Other => Self::File,
        }
    }
}

impl From<FileType> for FileClass {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::Image => Self::Picture,
            FileType::Video => Self::Video,
            FileType::File => Self::Other,
        }
    }
}

/// A file of a message.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Attachment {
    pub id: String,
    pub message_id: String,
    /// For a file on this server, a link that needs no token and is valid for 24 hours; otherwise an external
    /// URL.
    pub file_url: String,
    pub file_type: FileType,
    /// In bytes.
    pub file_size: i64,
    pub created_at: String,
}

impl Attachment {
    fn file(file: &model::Attachment, message: &str, links: &Links) -> Self {
        Self {
            id: file.id.to_string(),
            message_id: message.to_owned(),
            file_url: links.file(file),
            file_type: FileClass::of(&file.content_type).into(),
            file_size: file.size,
            created_at: file.created_at.iso(),
        }
    }

    /// The external files that a message links to.
    pub fn linked(message: &model::Message) -> Vec<Self> {
        let Some(content) = &message.content else { return Vec::new() };
        let (files, _) = content.external_files();
        let attachment = |(index, file): (usize, model::ExternalFile)| Self {
            id: ids::of_file(message.id, index),
            message_id: ids::of_message(message.id),
            file_url: file.url,
            file_type: file.class.unwrap_or(FileClass::Other).into(),
            file_size: file.size.unwrap_or_default(),
            created_at: message.sent_at.iso(),
        };
        files.into_iter().enumerate().map(attachment).collect()
    }
}

impl Example for Attachment {
    fn example() -> Self {
        Self {
            id: "7f7b2c34-1f2b-4d4a-9b70-6a5a7a3c2f11".to_owned(),
            message_id: ids::of_message(model::MessageId(253_402_300_991)),
            file_url: "https://files.example.com/plan.pdf".to_owned(),
            file_type: FileType::File,
            file_size: 48_234,
            created_at: "2024-01-01T12:00:00".to_owned(),
        }
    }
}

/// A participant of a conversation.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Participant {
    pub user_id: i64,
    pub role: Role,
    pub joined_at: String,
    pub first_name: String,
    pub last_name: String,
    /// The URL of the avatar.
    pub avatar: Option<String>,
}

impl Participant {
    pub fn new(member: model::Member, links: &Links) -> Self {
        let (first_name, last_name) = names(&member.person.display_name);
        Self {
            user_id: member.user().0,
            role: member.role.into(),
            joined_at: member.joined_at.iso(),
            first_name,
            last_name,
            avatar: links.avatar(&member.person),
        }
    }
}

impl Example for Participant {
    fn example() -> Self {
        Self {
            user_id: 253_402_300_799,
            role: Role::Admin,
            joined_at: "2024-01-01T12:00:00".to_owned(),
            first_name: "Айгуль".to_owned(),
            last_name: "Садыкова".to_owned(),
            avatar: None,
        }
    }
}

/// Splits a name at its first space.
pub fn names(display_name: &str) -> (String, String) {
    let (first, last) = display_name.split_once(' ').unwrap_or((display_name, ""));
    (first.to_owned(), last.to_owned())
}
