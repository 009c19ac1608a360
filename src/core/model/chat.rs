//! Chats and who is in them.

use super::{AttachmentId, ChatId, Message, MessageId, Person, Role, Time, Topic, UserId};

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

/// What is alike for everybody who is in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub id: ChatId,
    pub kind: ChatKind,
    /// Nothing, unless it is a group or a channel.
    pub title: String,
    pub description: Option<String>,
    pub avatar: Option<AttachmentId>,
    /// Only owner and admins post.
    pub is_read_only: bool,
    /// How many milliseconds what is said stays; for good without it.
    pub message_life: Option<i64>,
    /// The assistant may not be asked there.
    pub assistant_off: bool,
}

/// A chat as one of its members sees it.
#[derive(Debug, Clone)]
pub struct Chat {
    pub about: About,
    /// Of a private chat: the other person's name.
    pub title: String,
    pub created_at: Time,
    pub member_count: i64,
    /// The other one of a private chat.
    pub peer: Option<Person>,
    pub last_message: Option<Message>,
    /// Messages of others after the reader's mark.
    pub unread_count: i64,
    /// Those of them that mean the reader.
    pub mention_count: i64,
    pub last_read: Option<MessageId>,
    /// What happened in it after this place concerns the reader, who came in there.
    pub since: i64,
    /// The reader's own.
    pub role: Role,
    /// By which others join; for those who may invite.
    pub code: Option<String>,
    pub preferences: Preferences,
}

impl Chat {
    pub fn id(&self) -> ChatId {
        self.about.id
    }
}

/// How a member wants to have a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    pub muted_until: Option<Time>,
    pub is_pinned: bool,
    pub is_archived: bool,
    pub notify: Notify,
}

/// Of what a member wants to be notified. The numbers are what the database keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    Everything = 1,
    Mentions = 2,
    Nothing = 3,
}

/// A person's place in a chat.
#[derive(Debug, Clone)]
pub struct Member {
    pub person: Person,
    pub role: Role,
    pub joined_at: Time,
    pub last_read: Option<MessageId>,
    /// The newest message that has reached one of their devices.
    pub last_delivered: Option<MessageId>,
}

impl Member {
    pub fn user(&self) -> UserId {
        self.person.id
    }
}

/// Who is in a chat, and what it is about.
#[derive(Debug, Clone)]
pub struct Roll {
    /// Who made it.
    pub creator: UserId,
    /// In the order in which they came.
    pub members: Vec<Member>,
    pub topic: Option<Topic>,
}

/// A public channel, as somebody finds it.
#[derive(Debug, Clone)]
pub struct Channel {
    pub about: About,
    pub member_count: i64,
    /// Whether the reader is in it.
    pub is_member: bool,
}
