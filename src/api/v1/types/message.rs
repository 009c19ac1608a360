//! Messages.

use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use serde_json::{Value, json};

use super::{Attachment, Poll};
use besedka_core::model;

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
    Location,
    Poll,
    /// Written by the assistant only.
    Ai,
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
            MessageType::Location => Self::Location,
            MessageType::Poll => Self::Poll,
            MessageType::Ai => Self::Ai,
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
            model::Kind::Location => Self::Location,
            model::Kind::Poll => Self::Poll,
            model::Kind::Ai => Self::Ai,
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

/// A message as it is shown in an answer to it.
#[derive(Object, Debug)]
pub struct Quote {
    pub id: i64,
    pub author_id: i64,
    #[oai(rename = "type")]
    pub kind: MessageType,
    /// The beginning of it in words, up to 200 characters; null when it was deleted.
    pub text: Option<String>,
}

/// What was said below a message.
#[derive(Object, Debug)]
pub struct Thread {
    /// How many answers there are.
    pub count: i64,
    /// When the last one came.
    pub last_ts: String,
}

/// Where a forwarded message was said first.
#[derive(Object, Debug)]
pub struct Origin {
    /// Null, like the other ids, where they are not known here: of what was imported.
    pub chat_id: Option<i64>,
    pub message_id: Option<i64>,
    pub author_id: Option<i64>,
    /// The author's name at that time.
    pub author_name: String,
    pub ts: String,
}

/// What a page that a message links to says of itself.
#[derive(Object, Debug)]
pub struct Preview {
    /// The address as it stands in the message, in its normal form.
    pub url: String,
    /// Up to 200 characters, in one line.
    pub title: String,
    /// Up to 500 characters, in one line.
    #[oai(skip_serializing_if_is_none)]
    pub description: Option<String>,
    /// What the site as a whole is called.
    #[oai(skip_serializing_if_is_none)]
    pub site_name: Option<String>,
}

impl From<model::Preview> for Preview {
    fn from(preview: model::Preview) -> Self {
        let model::Page { title, description, site_name } = preview.page;
        Self { url: preview.url, title, description, site_name }
    }
}

/// What a message said before it was edited.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Edit {
    pub content: Option<String>,
    pub payload: Option<Value>,
    /// From when on it said that.
    pub ts: String,
}

impl From<model::Edit> for Edit {
    fn from(edit: model::Edit) -> Self {
        Self {
            content: edit.content.text().map(str::to_owned),
            payload: edit.content.payload().cloned().map(Value::Object),
            ts: edit.since.iso(),
        }
    }
}

impl Example for Edit {
    fn example() -> Self {
        Self {
            content: Some("Helo everyone!".to_owned()),
            payload: None,
            ts: "2024-03-26T12:05:00".to_owned(),
        }
    }
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
    /// `{attachment_id}` or `{attachment_ids}`; of a location `{latitude, longitude, …}`; of a poll `{options, …}`;
    /// of a system message `{kind, …}`; with what else its sender put there.
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
    /// Of the pages that it links to. A message comes without them; when they are there, it is told again as
    /// `message.updated`, with the same `edited_at`.
    #[oai(skip_serializing_if_is_empty)]
    pub previews: Vec<Preview>,
    /// Of what is no text: the message in words, for what can show nothing else.
    #[oai(skip_serializing_if_is_none)]
    pub plain: Option<String>,
    /// What it answers.
    #[oai(skip_serializing_if_is_none)]
    pub reply_to: Option<Quote>,
    /// The message that began the thread in which it stands.
    #[oai(skip_serializing_if_is_none)]
    pub thread_id: Option<i64>,
    /// Of a message that began a thread.
    #[oai(skip_serializing_if_is_none)]
    pub thread: Option<Thread>,
    /// Of a forwarded message.
    #[oai(skip_serializing_if_is_none)]
    pub forwarded_from: Option<Origin>,
    /// Who is meant by it.
    #[oai(skip_serializing_if_is_empty)]
    pub mentions: Vec<i64>,
    /// Whether everybody in the chat is meant.
    #[oai(skip_serializing_if = "is_false")]
    pub mentions_all: bool,
    /// Nobody is to be disturbed by it.
    #[oai(skip_serializing_if = "is_false")]
    pub silent: bool,
    /// When it disappears.
    #[oai(skip_serializing_if_is_none)]
    pub expires_at: Option<String>,
    /// When it was pinned.
    #[oai(skip_serializing_if_is_none)]
    pub pinned_at: Option<String>,
    /// Of a poll: how the votes stand.
    #[oai(skip_serializing_if_is_none)]
    pub poll: Option<Poll>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl From<model::Message> for Message {
    fn from(message: model::Message) -> Self {
        let plain = (message.kind != model::Kind::Text && message.content.is_some()).then(|| message.plain());
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
            previews: message.previews.into_iter().map(Preview::from).collect(),
            plain,
            reply_to: message.reply_to.map(|quote| Quote {
                id: quote.id.0,
                author_id: quote.author.0,
                kind: quote.kind.into(),
                text: quote.text,
            }),
            thread_id: message.thread.map(|id| id.0),
            thread: message
                .replies
                .map(|thread| Thread { count: thread.count, last_ts: thread.last_at.iso() }),
            forwarded_from: message.origin.map(|origin| Origin {
                chat_id: origin.chat.map(|id| id.0),
                message_id: origin.message.map(|id| id.0),
                author_id: origin.author.map(|id| id.0),
                author_name: origin.author_name,
                ts: origin.sent_at.iso(),
            }),
            mentions: message.mentions.iter().map(|user| user.0).collect(),
            mentions_all: message.mentions_all,
            silent: message.is_silent,
            expires_at: message.expires_at.map(model::Time::iso),
            pinned_at: message.pinned_at.map(model::Time::iso),
            poll: message.poll.map(Poll::from),
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
            content: Some("Hello everyone! https://example.org/pavilion".to_owned()),
            payload: None,
            ts: "2024-03-26T12:05:00".to_owned(),
            edited_at: None,
            deleted: false,
            client_id: None,
            reactions: vec![Reaction { emoji: "👍".to_owned(), count: 1, user_ids: vec![253_402_300_863] }],
            attachments: Vec::new(),
            previews: vec![Preview {
                url: "https://example.org/pavilion".to_owned(),
                title: "Pavilions and where to build them".to_owned(),
                description: Some("A garden is not complete without one.".to_owned()),
                site_name: Some("Example".to_owned()),
            }],
            plain: None,
            reply_to: None,
            thread_id: None,
            thread: None,
            forwarded_from: None,
            mentions: Vec::new(),
            mentions_all: false,
            silent: false,
            expires_at: None,
            pinned_at: None,
            poll: None,
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
