//! Drafts of messages.

use super::{ChatId, MessageId, Time};

/// A private draft; a user has one for each chat and each thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub chat: ChatId,
    /// The root message of the thread, if the draft is in one.
    pub thread: Option<MessageId>,
    pub text: String,
    pub reply_to: Option<MessageId>,
    /// When it was saved.
    pub at: Time,
}
