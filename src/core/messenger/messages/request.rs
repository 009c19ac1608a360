//! Requests to post a message.

use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use crate::messenger::foundation::Attempt;
use crate::messenger::foundation::idempotency::digest;
use crate::model::{Attachment, ChatId, Content, MessageId, Origin, UserId};
use crate::store::idempotency::Digest;

/// A message to be posted.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub content: Content,
    /// The sender's own identifier of it: sent again, it is the same message.
    pub client_id: Option<Uuid>,
    /// A message of the same chat that it answers.
    pub reply_to: Option<MessageId>,
    /// The thread that it belongs to: its root message, or any message in it.
    pub thread: Option<MessageId>,
    /// Users to mention besides those named in the text. Those who are not in the chat are left out.
    pub mentions: Vec<UserId>,
    /// Delivered without disturbing anybody.
    pub is_silent: bool,
    /// Deletes the author's draft in the chat or thread.
    pub clears_draft: bool,
}

impl NewMessage {
    pub fn new(content: Content) -> Self {
        Self {
            content,
            client_id: None,
            reply_to: None,
            thread: None,
            mentions: Vec::new(),
            is_silent: false,
            clears_draft: false,
        }
    }

    /// The `client_id` for a client's own identifier: a UUID as it is, and a hash of anything else.
    pub fn id_of(name: &str) -> Uuid {
        Uuid::try_parse(name)
            .unwrap_or_else(|_| uuid::Builder::from_custom_bytes(digest(&[name.as_bytes()])).into_uuid())
    }
}

/// How a batch of posts is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchMode {
    /// Used idempotency keys are looked up first.
    CheckKeys,
    /// They are not: few were used, and the unique index refuses those.
    TrustIndex,
    /// As `TrustIndex`, and all posts are written or none.
    AllOrNothing,
}

/// A post without its response channel.
pub(crate) struct PostRequest {
    pub chat: ChatId,
    pub author: UserId,
    pub new: NewMessage,
    /// Set when the message is forwarded, was scheduled or is imported.
    pub prechecked: Option<Prechecked>,
    pub attempt: Option<Attempt>,
    pub chat_limit: ChatLimit,
    /// Recognises a retry of a post whose sender did not get the answer (`retry_detection`).
    pub fingerprint: Option<Digest>,
}

impl PostRequest {
    /// A post that counts towards its chat's limit.
    pub(crate) fn new(chat: ChatId, author: UserId, new: NewMessage, attempt: Option<Attempt>) -> Self {
        let chat_limit = ChatLimit::once();
        Self { chat, author, new, prechecked: None, attempt, chat_limit, fingerprint: None }
    }
}

/// Whether a post counts towards its chat's limit: once, however often it is tried to write it, and only when its author
/// may post in the chat.
pub(crate) enum ChatLimit {
    Exempt,
    Counted(AtomicBool),
}

impl ChatLimit {
    /// Counts with the first try.
    pub(crate) fn once() -> Self {
        Self::Counted(AtomicBool::new(false))
    }

    /// Whether it must be counted yet.
    pub(crate) fn is_due(&self) -> bool {
        matches!(self, Self::Counted(is_counted) if !is_counted.load(Ordering::Relaxed))
    }

    pub(crate) fn set_counted(&self) {
        if let Self::Counted(is_counted) = self {
            is_counted.store(true, Ordering::Relaxed);
        }
    }
}

/// Parts of a message that were checked before.
#[derive(Debug, Clone)]
pub(crate) struct Prechecked {
    /// Where a forwarded message was first posted.
    pub origin: Option<Origin>,
    pub files: Vec<Attachment>,
    /// It was posted long ago: its links get no previews, and nobody is notified.
    pub is_old: bool,
}
