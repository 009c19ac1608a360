//! The data of frames that appears in no request and no response.

use poem_openapi::Object;
use serde::Serialize;

use super::super::types::{Member, Status};

/// A message in a chat.
#[derive(Object, Serialize)]
pub struct MessageRef {
    pub id: i64,
    pub chat_id: i64,
}

/// Messages in a chat.
#[derive(Object, Serialize)]
pub struct MessageRefs {
    pub chat_id: i64,
    /// Up to 200.
    pub ids: Vec<i64>,
}

/// The message of a bookmark.
#[derive(Object)]
pub struct BookmarkRef {
    pub message_id: i64,
    pub chat_id: i64,
}

/// The location of a draft.
#[derive(Object)]
pub struct DraftRef {
    pub chat_id: i64,
    /// The first message of the draft's thread; null outside of threads.
    pub thread_id: Option<i64>,
}

/// A message that is no longer scheduled.
#[derive(Object)]
pub struct ScheduledRef {
    pub id: i64,
    pub chat_id: i64,
    /// The message that was sent; null if it was cancelled.
    pub message_id: Option<i64>,
}

/// A chat that the user no longer sees.
#[derive(Object)]
pub struct ChatLost {
    pub id: i64,
    /// Whether the user is still a member: a hidden chat comes back with its next message.
    pub hidden: bool,
}

/// A chat.
#[derive(Object)]
pub struct ChatRef {
    pub id: i64,
}

/// The reports of messages and people.
#[derive(Object)]
pub struct OpenReports {
    /// How many are open: nobody has decided about them.
    pub open: i64,
}

/// A member of a chat, with the current state.
#[derive(Object)]
pub struct MemberChange {
    pub chat_id: i64,
    pub member: Member,
}

/// A user in a chat.
#[derive(Object, Serialize)]
pub struct ChatPerson {
    pub chat_id: i64,
    pub user_id: i64,
}

/// A user's read position.
#[derive(Object, Serialize)]
pub struct ChatRead {
    pub chat_id: i64,
    pub user_id: i64,
    /// The newest message that the user has read.
    pub message_id: i64,
}

/// A user.
#[derive(Object)]
pub struct PersonRef {
    pub user_id: i64,
}

/// A new session.
#[derive(Object)]
pub struct SessionCreated {
    pub id: i64,
    /// The device's name as given at sign-in, or its `User-Agent`.
    pub device: Option<String>,
    /// The IP address at sign-in.
    pub address: Option<String>,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
}

/// A session.
#[derive(Object)]
pub struct SessionRef {
    pub id: i64,
}

/// A user's delivery position.
#[derive(Object, Serialize)]
pub struct ChatDelivered {
    pub chat_id: i64,
    pub user_id: i64,
    /// The newest message that was delivered to one of the user's devices.
    pub message_id: i64,
}

/// A user's presence.
#[derive(Object, Serialize)]
pub struct PresenceChange {
    pub user_id: i64,
    pub status: Status,
    /// When the user was last online: UTC, ISO 8601 without a zone. Null while they are online, and if unknown.
    pub last_seen_at: Option<String>,
}

/// The status of this connection.
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

/// The start of live delivery.
#[derive(Object)]
pub struct Ready {
    /// The authenticated user.
    pub user_id: i64,
    /// The current cursor, for resuming later.
    pub cursor: String,
}

/// A gap in the stored events.
#[derive(Object)]
pub struct GapData {
    /// The chat to reload; null for the user's profile and chat list.
    pub chat_id: Option<i64>,
}

/// An error in a frame.
#[derive(Object)]
pub struct ErrorData {
    pub detail: String,
    pub code: String,
}

/// The first frame on a socket that was opened without a token.
#[derive(Object)]
pub struct Authenticate {
    /// An access token.
    pub token: String,
    /// Where to resume; without it, only new events are delivered.
    pub cursor: Option<String>,
}

/// A chat.
#[derive(Object)]
pub struct Where {
    pub chat_id: i64,
}

/// The caller's read position.
#[derive(Object)]
pub struct Read {
    pub chat_id: i64,
    /// The newest message that was read; defaults to the newest message of the chat.
    pub message_id: Option<i64>,
}

/// The caller's delivery position.
#[derive(Object)]
pub struct Delivered {
    pub chat_id: i64,
    pub message_id: i64,
}

/// Empty.
#[derive(Object)]
pub struct Nothing {}
