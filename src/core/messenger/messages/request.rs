//! What is asked of the server when somebody posts.

use uuid::Uuid;

use crate::messenger::foundation::Attempt;
use crate::messenger::foundation::idempotency::digest;
use crate::model::{Attachment, ChatId, Content, MessageId, Origin, UserId};
use crate::store::idempotency::Digest;

/// What somebody wants to say.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub content: Content,
    /// The sender's own name for it: sent again, it is the same message.
    pub client_id: Option<Uuid>,
    /// A message of the same chat that it answers.
    pub reply_to: Option<MessageId>,
    /// The thread in which it stands: the message that began it, or any in it.
    pub thread: Option<MessageId>,
    /// Who is meant besides those whom the text names. Those who are not in the chat are left out.
    pub mentions: Vec<UserId>,
    /// Nobody is to be disturbed by it.
    pub is_silent: bool,
    /// The author's draft there has become it.
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

    /// The `client_id` for whatever a client calls its message: a UUID as it is, and one made of anything else.
    pub fn id_of(name: &str) -> Uuid {
        Uuid::try_parse(name)
            .unwrap_or_else(|_| uuid::Builder::from_custom_bytes(digest(&[name.as_bytes()])).into_uuid())
    }
}

/// Whether to ask first which keys were used: the unique key refuses them anyway, and few are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    Asked,
    Unasked,
    /// Not asked, and all posts are written or none.
    Whole,
}

/// A post without the one who waits for it.
pub(crate) struct Wish {
    pub chat: ChatId,
    pub author: UserId,
    pub new: NewMessage,
    /// Of a message that is forwarded, was scheduled or is imported.
    pub brought: Option<Brought>,
    pub attempt: Option<Attempt>,
    /// By which it is known again when its sender did not hear that it was said (`unheard`).
    pub fingerprint: Option<Digest>,
}

/// What a message brings along that was checked before.
#[derive(Debug, Clone)]
pub(crate) struct Brought {
    /// Where a forwarded message was said first.
    pub origin: Option<Origin>,
    pub files: Vec<Attachment>,
    /// It was said long ago: nobody asks the pages that it links to.
    pub is_old: bool,
}
