//! Messages.

use uuid::Uuid;

use super::{Attachment, ChatId, Content, Kind, MessageId, Time, UserId};

#[derive(Debug, Clone)]
pub struct Message {
    pub id: MessageId,
    pub chat: ChatId,
    /// Its place in the chat's stream: the order in which everybody sees it.
    pub seq: i64,
    pub author: UserId,
    pub kind: Kind,
    /// Nothing when it was deleted for all.
    pub content: Option<Content>,
    pub sent_at: Time,
    pub edited_at: Option<Time>,
    /// The sender's own name for it, by which a repeated send is recognised.
    pub client_id: Option<Uuid>,
    pub reactions: Vec<Reaction>,
    pub attachments: Vec<Attachment>,
}

/// One emoji under a message, with everybody who chose it, first come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    pub emoji: String,
    pub users: Vec<UserId>,
}
