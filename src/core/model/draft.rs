//! What somebody began to write.

use super::{ChatId, MessageId, Time};

/// One for each chat, and for each thread in it. Nobody else sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub chat: ChatId,
    /// The message that began the thread in which it will stand.
    pub thread: Option<MessageId>,
    pub text: String,
    pub reply_to: Option<MessageId>,
    /// When it was written.
    pub at: Time,
}
