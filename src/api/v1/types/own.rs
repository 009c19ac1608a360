//! Data that only its owner sees: bookmarks, drafts, scheduled messages and imports.

use poem_openapi::Object;
use poem_openapi::types::Example;

use super::{Attachment, Message, MessageType};
use crate::json_object::JsonObject;
use besedka_core::messenger;
use besedka_core::model;

/// A bookmarked message.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Bookmark {
    /// The bookmark's ID; newer bookmarks have larger IDs.
    pub id: i64,
    pub note: Option<String>,
    /// When it was created: UTC, ISO 8601 without a zone.
    pub ts: String,
    pub message: Message,
}

impl From<model::Bookmark> for Bookmark {
    fn from(bookmark: model::Bookmark) -> Self {
        let model::Bookmark { id, message, note, at } = bookmark;
        Self { id: id.0, note, ts: at.iso(), message: message.into() }
    }
}

impl Example for Bookmark {
    fn example() -> Self {
        Self {
            id: 253_402_301_119,
            note: Some("Answer on Monday".to_owned()),
            ts: "2024-03-26T12:10:00".to_owned(),
            message: Message::example(),
        }
    }
}

/// A draft.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Draft {
    pub chat_id: i64,
    /// The first message of the thread that the draft belongs to; null outside of threads.
    pub thread_id: Option<i64>,
    pub content: String,
    /// The message that the draft replies to.
    pub reply_to: Option<i64>,
    /// When it was written: UTC, ISO 8601 without a zone.
    pub written_at: String,
}

impl From<model::Draft> for Draft {
    fn from(draft: model::Draft) -> Self {
        let model::Draft { chat, thread, text, reply_to, at } = draft;
        Self {
            chat_id: chat.0,
            thread_id: thread.map(|id| id.0),
            content: text,
            reply_to: reply_to.map(|id| id.0),
            written_at: at.iso(),
        }
    }
}

impl Example for Draft {
    fn example() -> Self {
        Self {
            chat_id: 253_402_300_927,
            thread_id: None,
            content: "Let us meet on".to_owned(),
            reply_to: Some(253_402_300_991),
            written_at: "2024-03-26T12:07:00".to_owned(),
        }
    }
}

/// A scheduled message.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Scheduled {
    pub id: i64,
    pub chat_id: i64,
    #[oai(rename = "type")]
    pub kind: MessageType,
    pub content: Option<String>,
    pub payload: Option<JsonObject>,
    /// The attached files.
    pub attachments: Vec<Attachment>,
    /// The message that it replies to.
    pub reply_to: Option<i64>,
    /// The first message of the thread that it belongs to.
    pub thread_id: Option<i64>,
    /// Mentioned users, in addition to `@username` in the text.
    pub mentions: Vec<i64>,
    /// Whether it will be sent without a notification.
    pub silent: bool,
    /// When it will be sent: UTC, ISO 8601 without a zone.
    pub send_at: String,
    pub created_at: String,
    /// Why it could not be sent when it was due, for example because the user can no longer post in the chat.
    /// It is not retried automatically: set another `send_at`, send it now, or cancel it.
    pub failure: Option<Failure>,
}

/// Why a scheduled message was not sent.
#[derive(Object, Debug)]
pub struct Failure {
    pub detail: String,
    /// A stable code for programs, as in errors.
    pub code: String,
}

impl From<model::Scheduled> for Scheduled {
    fn from(waiting: model::Scheduled) -> Self {
        let content = waiting.content;
        Self {
            id: waiting.id.0,
            chat_id: waiting.chat.0,
            kind: content.kind().into(),
            content: content.text().map(str::to_owned),
            payload: content.payload().cloned().map(JsonObject),
            attachments: waiting.attachments.into_iter().map(|file| Attachment::new(file, None)).collect(),
            reply_to: waiting.reply_to.map(|id| id.0),
            thread_id: waiting.thread.map(|id| id.0),
            mentions: waiting.mentions.iter().map(|user| user.0).collect(),
            silent: waiting.is_silent,
            send_at: waiting.due_at.iso(),
            created_at: waiting.created_at.iso(),
            failure: waiting.failure.map(|failure| Failure { detail: failure.reason, code: failure.code }),
        }
    }
}

impl Example for Scheduled {
    fn example() -> Self {
        Self {
            id: 253_402_301_183,
            chat_id: 253_402_300_927,
            kind: MessageType::Text,
            content: Some("Good morning!".to_owned()),
            payload: None,
            attachments: Vec::new(),
            reply_to: None,
            thread_id: None,
            mentions: Vec::new(),
            silent: true,
            send_at: "2024-03-27T06:00:00".to_owned(),
            created_at: "2024-03-26T12:05:00".to_owned(),
            failure: None,
        }
    }
}

/// The result of an import.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Imported {
    /// The number of groups created.
    pub chats: u64,
    pub messages: u64,
    pub files: u64,
    /// The number of messages skipped, not counting those that were imported before.
    pub skipped: u64,
}

impl From<messenger::ImportSummary> for Imported {
    fn from(done: messenger::ImportSummary) -> Self {
        let messenger::ImportSummary { chats, messages, files, skipped } = done;
        Self { chats, messages, files, skipped }
    }
}

impl Example for Imported {
    fn example() -> Self {
        Self { chats: 12, messages: 20_480, files: 160, skipped: 75 }
    }
}
