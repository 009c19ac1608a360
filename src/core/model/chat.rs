//! Chats and their members.

use super::{AttachmentId, ChatId, ChatKind, Message, MessageId, Person, Role, Time, Topic, UserId};

/// The properties of a chat that are the same for all members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatInfo {
    pub id: ChatId,
    pub kind: ChatKind,
    /// Empty unless it is a group or a channel.
    pub title: String,
    pub description: Option<String>,
    pub avatar: Option<AttachmentId>,
    /// Only the owner and admins may post.
    pub is_read_only: bool,
    /// The lifetime of new messages in milliseconds; `None` for unlimited.
    pub message_life: Option<i64>,
    /// Asking the assistant is disabled.
    pub assistant_off: bool,
}

/// A chat as one of its members sees it.
#[derive(Debug, Clone)]
pub struct Chat {
    pub about: ChatInfo,
    /// In a private chat, the other person's name.
    pub title: String,
    pub created_at: Time,
    pub member_count: i64,
    /// The other person of a private chat.
    pub peer: Option<Person>,
    pub last_message: Option<Message>,
    /// Messages of others after the reader's read mark.
    pub unread_count: i64,
    /// Those of them that mention the reader.
    pub mention_count: i64,
    pub last_read: Option<MessageId>,
    /// The sequence number at which the reader joined: later events are visible to them.
    pub since: i64,
    /// The reader's role.
    pub role: Role,
    /// The short code for joining; only for those who may invite.
    pub code: Option<String>,
    pub preferences: Preferences,
}

impl Chat {
    pub fn id(&self) -> ChatId {
        self.about.id
    }
}

/// A group or a channel as administrators see it, without what is said in it.
#[derive(Debug, Clone)]
pub struct ChatOverview {
    pub id: ChatId,
    pub kind: ChatKind,
    pub title: String,
    /// `None` if nobody owns it.
    pub owner: Option<Person>,
    pub member_count: i64,
    pub created_at: Time,
    /// When the newest message was sent; if there is none, when the chat was created.
    pub active_at: Time,
    /// The server keeps its messages for ever.
    pub is_exempt: bool,
}

/// Which groups and channels are looked for.
#[derive(Debug, Clone, Default)]
pub struct ChatFilter {
    /// Words or parts of words of the title.
    pub words: String,
    /// Only those whose messages the server keeps for ever.
    pub only_exempt: bool,
}

/// A member's personal settings of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    pub muted_until: Option<Time>,
    pub is_pinned: bool,
    pub is_archived: bool,
    pub notify: Notify,
}

/// Which messages a member is notified of. The numbers are stored in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    Everything = 1,
    Mentions = 2,
    Nothing = 3,
}

/// A member of a chat.
#[derive(Debug, Clone)]
pub struct Member {
    pub person: Person,
    pub role: Role,
    pub joined_at: Time,
    pub last_read: Option<MessageId>,
    /// The newest message that was delivered to one of their devices.
    pub last_delivered: Option<MessageId>,
}

impl Member {
    pub fn user(&self) -> UserId {
        self.person.id
    }
}

/// The members of a chat, its creator and topic.
#[derive(Debug, Clone)]
pub struct Roster {
    /// The user who created the chat.
    pub creator: UserId,
    /// In the order in which they joined.
    pub members: Vec<Member>,
    pub topic: Option<Topic>,
}

/// A public channel as a search result.
#[derive(Debug, Clone)]
pub struct Channel {
    pub about: ChatInfo,
    pub member_count: i64,
    /// Whether the reader is a member.
    pub is_member: bool,
}
