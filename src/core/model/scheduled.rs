//! Scheduled messages.

use super::{Attachment, ChatId, Content, MessageId, ScheduledId, Time, UserId};

/// A message to be sent later, visible only to its author.
#[derive(Debug, Clone)]
pub struct Scheduled {
    pub id: ScheduledId,
    pub author: UserId,
    pub chat: ChatId,
    pub content: Content,
    pub attachments: Vec<Attachment>,
    pub reply_to: Option<MessageId>,
    pub thread: Option<MessageId>,
    /// Users mentioned besides those in the text.
    pub mentions: Vec<UserId>,
    pub is_silent: bool,
    pub due_at: Time,
    pub created_at: Time,
    /// Why sending it failed. It is not retried automatically.
    pub failure: Option<Failure>,
}

/// Why a message could not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The machine-readable error code.
    pub code: String,
    pub reason: String,
}

impl Scheduled {
    pub fn is_due(&self, now: Time) -> bool {
        self.failure.is_none() && self.due_at <= now
    }
}
