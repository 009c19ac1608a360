//! What unet's client sends and takes. The comments of fields are the documentation.

use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{ApiResponse, Enum, Object};

use super::ids;
use crate::links::Links;
use crate::refusal::Body;
use besedka_core::model::{self, ChatKind, FileClass, Kind};

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
        Self { detail: "You are not a member of this chat".to_owned() }
    }
}

/// Done; there is nothing to say.
#[derive(ApiResponse)]
pub enum Done {
    /// Done.
    #[oai(status = 204)]
    Done,
}

/// Something new.
#[derive(ApiResponse)]
pub enum Created<T: ToJSON> {
    /// It was made.
    #[oai(status = 201)]
    Created(Json<T>),
}

/// What kind of conversation.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum ConversationType {
    /// Of two.
    Private,
    Group,
}

impl From<ChatKind> for ConversationType {
    fn from(kind: ChatKind) -> Self {
        match kind {
            // With oneself: of nobody else at any rate.
            ChatKind::Private | ChatKind::Saved => Self::Private,
            ChatKind::Group | ChatKind::Channel => Self::Group,
        }
    }
}

/// What somebody may do in a conversation.
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
    /// Of a group; null of a private one.
    pub title: Option<String>,
    pub created_by: i64,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// What it is about in the application around the chat, as in `course`.
    pub service: Option<String>,
    /// Which of those it is about.
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
            last_message: chat.last_message.and_then(LastMessage::new),
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

/// What was said last in a conversation.
#[derive(Object, Debug)]
pub struct LastMessage {
    pub id: String,
    pub sender_id: i64,
    pub text: Option<String>,
    pub created_at: String,
}

impl LastMessage {
    /// Nothing of what the server says, and of what was deleted.
    fn new(message: model::Message) -> Option<Self> {
        is_said(&message).then(|| Self {
            id: ids::of_message(message.id),
            sender_id: message.author.0,
            text: words(&message),
            created_at: message.sent_at.iso(),
        })
    }
}

/// Whether a message is somebody's and still there.
pub fn is_said(message: &model::Message) -> bool {
    message.content.is_some() && message.kind != Kind::System
}

/// A message.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Message {
    /// A UUID.
    pub id: String,
    pub conversation_id: String,
    pub sender_id: i64,
    /// What it says; of what is no text the same in words. Null when it is only files.
    pub text: Option<String>,
    /// The message that it answers.
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
            // An answer in a thread answers what began it, if nothing else.
            reply_to: message.reply_to.as_ref().map(|quote| quote.id).or(message.thread).map(ids::of_message),
            is_edited: message.edited_at.is_some(),
            created_at: message.sent_at.iso(),
            attachments: files.chain(linked).collect(),
            id,
        }
    }
}

/// A message in words; what is only files has none.
fn words(message: &model::Message) -> Option<String> {
    let content = message.content.as_ref()?;
    match message.kind {
        // The links to files elsewhere are attachments here.
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

/// What a file is for whoever looks at it.
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
    /// Of files that are kept here a link that needs no token and is good for 24 hours; or an address elsewhere.
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

    /// The files elsewhere to which a message links.
    pub fn linked(message: &model::Message) -> Vec<Self> {
        let Some(content) = &message.content else { return Vec::new() };
        let (files, _) = content.external_files();
        let attachment = |(place, file): (usize, model::ExternalFile)| Self {
            id: ids::of_file(message.id, place),
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

/// Somebody in a conversation.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Participant {
    pub user_id: i64,
    pub role: Role,
    pub joined_at: String,
    pub first_name: String,
    pub last_name: String,
    /// The address of a picture.
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

/// A name split at its first space.
pub fn names(display_name: &str) -> (String, String) {
    let (first, last) = display_name.split_once(' ').unwrap_or((display_name, ""));
    (first.to_owned(), last.to_owned())
}
