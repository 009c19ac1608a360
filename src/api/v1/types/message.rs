//! Messages.

use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use serde_json::{Value, json};

use super::Attachment;
use crate::model;

/// What kind of message it is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum MessageType {
    Text,
    Voice,
    Image,
    Video,
    File,
    /// Written by the server only.
    System,
}

impl From<MessageType> for model::Kind {
    fn from(kind: MessageType) -> Self {
        match kind {
            MessageType::Text => Self::Text,
            MessageType::Voice => Self::Voice,
            MessageType::Image => Self::Image,
            MessageType::Video => Self::Video,
            MessageType::File => Self::File,
            MessageType::System => Self::System,
        }
    }
}

impl From<model::Kind> for MessageType {
    fn from(kind: model::Kind) -> Self {
        match kind {
            model::Kind::Text => Self::Text,
            model::Kind::Voice => Self::Voice,
            model::Kind::Image => Self::Image,
            model::Kind::Video => Self::Video,
            model::Kind::File => Self::File,
            model::Kind::System => Self::System,
        }
    }
}

/// An emoji under a message.
#[derive(Object, Debug)]
pub struct Reaction {
    pub emoji: String,
    /// How many chose it.
    pub count: usize,
    /// Who chose it, first come first.
    pub user_ids: Vec<i64>,
}

/// A message.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Message {
    pub id: i64,
    pub chat_id: i64,
    pub author_id: i64,
    #[oai(rename = "type")]
    pub kind: MessageType,
    /// The text; the caption of a file; null of a deleted message.
    pub content: Option<String>,
    /// Of a voice message `{attachment_id, duration_ms, codec, waveform}`; of image, video and file
    /// `{attachment_id}`; of a system message `{kind, …}`; with what else its sender put there.
    pub payload: Option<Value>,
    /// When it was sent: UTC, ISO 8601 without a zone.
    pub ts: String,
    /// When it was last edited.
    pub edited_at: Option<String>,
    /// Whether it was deleted for all; its place stays.
    pub deleted: bool,
    /// The sender's own name for it.
    pub client_id: Option<String>,
    pub reactions: Vec<Reaction>,
    /// What is known of the files in it.
    pub attachments: Vec<Attachment>,
}

impl From<model::Message> for Message {
    fn from(message: model::Message) -> Self {
        let content = message.content.as_ref();
        let reaction = |reaction: model::Reaction| Reaction {
            emoji: reaction.emoji,
            count: reaction.users.len(),
            user_ids: reaction.users.iter().map(|user| user.0).collect(),
        };
        Self {
            id: message.id.0,
            chat_id: message.chat.0,
            author_id: message.author.0,
            kind: message.kind.into(),
            content: content.and_then(|content| content.text().map(str::to_owned)),
            payload: content.and_then(|content| content.payload().cloned().map(Value::Object)),
            ts: message.sent_at.iso(),
            edited_at: message.edited_at.map(model::Time::iso),
            deleted: message.content.is_none(),
            client_id: message.client_id.map(|id| id.to_string()),
            reactions: message.reactions.into_iter().map(reaction).collect(),
            attachments: message.attachments.into_iter().map(|file| Attachment::new(file, None)).collect(),
        }
    }
}

impl Example for Message {
    fn example() -> Self {
        Self {
            id: 253_402_300_991,
            chat_id: 253_402_300_927,
            author_id: 253_402_300_799,
            kind: MessageType::Text,
            content: Some("Hello everyone!".to_owned()),
            payload: None,
            ts: "2024-03-26T12:05:00".to_owned(),
            edited_at: None,
            deleted: false,
            client_id: None,
            reactions: vec![Reaction { emoji: "👍".to_owned(), count: 1, user_ids: vec![253_402_300_863] }],
            attachments: Vec::new(),
        }
    }
}

/// What a voice message holds, for examples.
pub fn voice_payload() -> Value {
    json!({
        "attachment_id": "550e8400-e29b-41d4-a716-446655440000",
        "duration_ms": 5000,
        "codec": "opus",
        "waveform": [10, 20, 30, 40, 50],
    })
}
