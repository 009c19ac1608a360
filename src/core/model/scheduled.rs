//! What somebody wants to say later.

use super::{Attachment, ChatId, Content, MessageId, ScheduledId, Time, UserId};

/// A message that waits for its time. Nobody but its author sees it.
#[derive(Debug, Clone)]
pub struct Scheduled {
    pub id: ScheduledId,
    pub author: UserId,
    pub chat: ChatId,
    pub content: Content,
    pub attachments: Vec<Attachment>,
    pub reply_to: Option<MessageId>,
    pub thread: Option<MessageId>,
    /// Who is meant besides those whom the text names.
    pub mentions: Vec<UserId>,
    pub is_silent: bool,
    pub due_at: Time,
    pub created_at: Time,
    /// Why it could not be said when it was due. It is not tried again by itself.
    pub failure: Option<Failure>,
}

/// Why something could not be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A word for programs.
    pub code: String,
    pub reason: String,
}

impl Scheduled {
    pub fn is_due(&self, now: Time) -> bool {
        self.failure.is_none() && self.due_at <= now
    }
}
