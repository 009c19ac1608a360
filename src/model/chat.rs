//! Chats and who is in them.

use super::{ChatId, Message, MessageId, Person, Time, UserId};

/// What a member may do in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Member,
    Admin,
    Owner,
}

impl Role {
    /// Whether the role may rename and delete the chat, add and remove members.
    pub fn moderates(self) -> bool {
        self >= Self::Admin
    }
}

/// A chat as one of its members sees it.
#[derive(Debug, Clone)]
pub struct Chat {
    pub id: ChatId,
    /// Of a private chat: the other person's name.
    pub title: String,
    pub is_group: bool,
    pub created_at: Time,
    pub member_count: i64,
    /// The other one of a private chat.
    pub peer: Option<Person>,
    pub last_message: Option<Message>,
    /// Messages of others after the reader's mark.
    pub unread_count: i64,
    pub last_read: Option<MessageId>,
}

/// A person's place in a chat.
#[derive(Debug, Clone)]
pub struct Member {
    pub person: Person,
    pub role: Role,
    pub joined_at: Time,
    pub last_read: Option<MessageId>,
}

impl Member {
    pub fn user(&self) -> UserId {
        self.person.id
    }
}
