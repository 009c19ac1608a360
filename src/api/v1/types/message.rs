//! Messages.

use super::{Attachment, Poll};
use crate::json_object::JsonObject;
use besedka_core::model;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use serde::Serialize;

/// The type of a message.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum MessageType {
    Text,
    Voice,
    Image,
    Video,
    File,
    /// Created by the server only.
    System,
    Location,
    Poll,
    /// Created by the assistant only.
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

/// A reaction to a message.
#[derive(Object, Debug, Serialize)]
pub struct Reaction {
    pub emoji: String,
    /// How many users chose this emoji.
    pub count: usize,
    /// The users who chose it, earliest first.
    pub user_ids: Vec<i64>,
}

/// The message that another message replies to.
#[derive(Object, Debug, Serialize)]
pub struct Quote {
    pub id: i64,
    pub author_id: i64,
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The beginning of its text, up to 200 characters; null if it was deleted.
    pub text: Option<String>,
}

/// Information about a thread.
#[derive(Object, Debug, Serialize)]
pub struct Thread {
    /// The number of replies.
    pub count: i64,
    /// When the last reply was sent.
    pub last_ts: String,
}

/// The origin of a forwarded or imported message.
#[derive(Object, Debug, Serialize)]
pub struct Origin {
    /// Null for imported messages, like the other IDs, if they are not known on this server.
    pub chat_id: Option<i64>,
    pub message_id: Option<i64>,
    pub author_id: Option<i64>,
    /// The author's name at that time.
    pub author_name: String,
    pub ts: String,
}

/// A preview of a page that a message links to.
#[derive(Object, Debug, Serialize)]
pub struct Preview {
    /// The normalised URL from the message.
    pub url: String,
    /// Up to 200 characters, in one line.
    pub title: String,
    /// Up to 500 characters, in one line.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The name of the website.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_name: Option<String>,
}

impl From<model::Preview> for Preview {
    fn from(preview: model::Preview) -> Self {
        let model::Page { title, description, site_name } = preview.page;
        Self { url: preview.url, title, description, site_name }
    }
}

/// An earlier version of an edited message.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Edit {
    pub content: Option<String>,
    pub payload: Option<JsonObject>,
    /// When this version was written.
    pub ts: String,
}

impl From<model::Edit> for Edit {
    fn from(edit: model::Edit) -> Self {
        Self {
            content: edit.content.text().map(str::to_owned),
            payload: edit.content.payload().cloned().map(JsonObject),
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
#[derive(Object, Debug, Serialize)]
#[oai(example)]
pub struct Message {
    pub id: i64,
    pub chat_id: i64,
    pub author_id: i64,
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The text, or the caption of a file; null if the message was deleted.
    pub content: Option<String>,
    /// The content that depends on `type`. For `voice`: `{attachment_id, duration_ms, codec, waveform}`. For
    /// `image`, `video` and `file`: `{attachment_id}` or `{attachment_ids}`. For `location`: `{latitude,
    /// longitude, …}`. For `poll`: `{options, …}`. For `system`: `{kind, …}`. It can contain additional fields
    /// set by the sender.
    pub payload: Option<JsonObject>,
    /// When it was sent: UTC, ISO 8601 without a zone.
    pub ts: String,
    /// When it was last edited.
    pub edited_at: Option<String>,
    /// Whether it was deleted for everyone. Deleted messages remain in the list without content.
    pub deleted: bool,
    /// The UUID that the sender's client chose.
    pub client_id: Option<String>,
    pub reactions: Vec<Reaction>,
    /// The attached files.
    pub attachments: Vec<Attachment>,
    /// Previews of linked pages; absent if there are none. They are added after the message was sent, with a `message.updated` event that
    /// leaves `edited_at` unchanged.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previews: Option<Vec<Preview>>,
    /// For types other than `text`: a textual form, for clients that cannot display the type.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plain: Option<String>,
    /// The message that this one replies to.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Quote>,
    /// The first message of the thread that this message belongs to.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<i64>,
    /// For the first message of a thread: information about the thread.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<Thread>,
    /// For a forwarded message: its origin.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<Origin>,
    /// The mentioned users; absent if there are none.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<i64>>,
    /// True if everyone in the chat is mentioned; otherwise absent.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentions_all: Option<bool>,
    /// True if it was sent without a notification; otherwise absent.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<bool>,
    /// When it disappears.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When it was pinned.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<String>,
    /// For a poll: its options and votes.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
}

/// A list that is left out when it is empty.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
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
            payload: content.and_then(|content| content.payload().cloned().map(JsonObject)),
            ts: message.sent_at.iso(),
            edited_at: message.edited_at.map(model::Time::iso),
            deleted: message.content.is_none(),
            client_id: message.client_id.map(|id| id.to_string()),
            reactions: message.reactions.into_iter().map(reaction).collect(),
            attachments: message.attachments.into_iter().map(|file| Attachment::new(file, None)).collect(),
            previews: some(message.previews.into_iter().map(Preview::from).collect()),
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
            mentions: some(message.mentions.iter().map(|user| user.0).collect()),
            mentions_all: message.mentions_all.then_some(true),
            silent: message.is_silent.then_some(true),
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
            previews: Some(vec![Preview {
                url: "https://example.org/pavilion".to_owned(),
                title: "Pavilions and where to build them".to_owned(),
                description: Some("A garden is not complete without one.".to_owned()),
                site_name: Some("Example".to_owned()),
            }]),
            plain: None,
            reply_to: None,
            thread_id: None,
            thread: None,
            forwarded_from: None,
            mentions: None,
            mentions_all: None,
            silent: None,
            expires_at: None,
            pinned_at: None,
            poll: None,
        }
    }
}
