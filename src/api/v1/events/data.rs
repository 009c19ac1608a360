//! What stands in frames that no request and no answer has.

use poem_openapi::Object;

use super::super::types::{Member, Status};

/// A message of a chat.
#[derive(Object)]
pub struct MessageRef {
    pub id: i64,
    pub chat_id: i64,
}

/// Messages of a chat.
#[derive(Object)]
pub struct MessageRefs {
    pub chat_id: i64,
    /// At most 200.
    pub ids: Vec<i64>,
}

/// A message of a chat, by its bookmark.
#[derive(Object)]
pub struct BookmarkRef {
    pub message_id: i64,
    pub chat_id: i64,
}

/// Where a draft was.
#[derive(Object)]
pub struct DraftRef {
    pub chat_id: i64,
    /// The message that began the thread in which it stood.
    pub thread_id: Option<i64>,
}

/// What no longer waits to be sent.
#[derive(Object)]
pub struct ScheduledRef {
    pub id: i64,
    pub chat_id: i64,
    /// The message that it has become; null when it was taken away.
    pub message_id: Option<i64>,
}

/// A chat that is gone for oneself.
#[derive(Object)]
pub struct ChatLost {
    pub id: i64,
    /// Whether one is still in it: a chat that one hid comes back with the next message in it.
    pub hidden: bool,
}

/// A chat.
#[derive(Object)]
pub struct ChatRef {
    pub id: i64,
}

/// Somebody in a chat, as they are now.
#[derive(Object)]
pub struct MemberChange {
    pub chat_id: i64,
    pub member: Member,
}

/// Somebody of a chat.
#[derive(Object)]
pub struct ChatPerson {
    pub chat_id: i64,
    pub user_id: i64,
}

/// How far somebody has read.
#[derive(Object)]
pub struct ChatRead {
    pub chat_id: i64,
    pub user_id: i64,
    /// The newest message that they have read.
    pub message_id: i64,
}

/// Somebody.
#[derive(Object)]
pub struct PersonRef {
    pub user_id: i64,
}

/// A sign-in on one more device.
#[derive(Object)]
pub struct SessionBegun {
    pub id: i64,
    /// What the client called its device, or its `User-Agent`.
    pub device: Option<String>,
    /// The address it signed in from.
    pub address: Option<String>,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
}

/// A session.
#[derive(Object)]
pub struct SessionRef {
    pub id: i64,
}

/// How far messages have reached somebody.
#[derive(Object)]
pub struct ChatDelivered {
    pub chat_id: i64,
    pub user_id: i64,
    /// The newest message that one of their devices has.
    pub message_id: i64,
}

/// Whether somebody is there.
#[derive(Object)]
pub struct PresenceChange {
    pub user_id: i64,
    pub status: Status,
    /// UTC, ISO 8601 without a zone; null while they are there, and when it is not known.
    pub last_seen_at: Option<String>,
}

/// Whether one looks.
#[derive(Object)]
pub struct Looking {
    /// `online` or `away`.
    pub status: Status,
}

/// A personal access token.
#[derive(Object)]
pub struct TokenRef {
    pub id: i64,
}

/// Live from here.
#[derive(Object)]
pub struct Ready {
    /// Who one is.
    pub user_id: i64,
    /// Where one is: to resume from later.
    pub cursor: String,
}

/// Whose older events are no longer kept.
#[derive(Object)]
pub struct Missing {
    /// The chat to load anew; null: one's profile and list of chats.
    pub chat_id: Option<i64>,
}

/// What was wrong with a frame.
#[derive(Object)]
pub struct Wrong {
    pub detail: String,
    pub code: String,
}

/// The first frame of a socket that was opened without a token.
#[derive(Object)]
pub struct Authenticate {
    /// An access token.
    pub token: String,
    /// From where to resume; only what happens from now on without it.
    pub cursor: Option<String>,
}

/// A chat.
#[derive(Object)]
pub struct Where {
    pub chat_id: i64,
}

/// Up to where one has read.
#[derive(Object)]
pub struct Read {
    pub chat_id: i64,
    /// The newest message of the chat without it.
    pub message_id: Option<i64>,
}

/// Up to where messages have arrived.
#[derive(Object)]
pub struct Delivered {
    pub chat_id: i64,
    pub message_id: i64,
}

/// Nothing.
#[derive(Object)]
pub struct Nothing {}
