//! Chats and who is in them.

use super::{ChatId, Message, MessageId, Person, Role, Time, UserId};

/// What kind of chat it is. The numbers are what the database keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChatKind {
    /// Of two people; there is one for each pair.
    Private = 1,
    /// Of those who were brought in.
    Group = 2,
    /// A group that everybody on the server can find and join.
    Channel = 3,
    /// What somebody keeps for themselves; everybody has one at most.
    Saved = 4,
}

impl ChatKind {
    pub const ALL: [Self; 4] = [Self::Private, Self::Group, Self::Channel, Self::Saved];

    /// Whether people come and go: a group or a channel.
    pub fn is_group(self) -> bool {
        match self {
            Self::Group | Self::Channel => true,
            Self::Private | Self::Saved => false,
        }
    }
}

/// A chat as one of its members sees it.
#[derive(Debug, Clone)]
pub struct Chat {
    pub id: ChatId,
    /// Of a private chat: the other person's name.
    pub title: String,
    pub kind: ChatKind,
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
