//! Events: committed changes, in order.

use super::{
    Blocked, Bookmark, Chat, ChatId, ChatInfo, Draft, Member, Message, MessageId, Preferences, Scheduled,
    ScheduledId, Session, SessionId, Stream, Time, User, UserId,
};

/// A committed change at its position in a stream.
#[derive(Debug, Clone)]
pub struct Event {
    pub position: Position,
    pub at: Time,
    pub change: Change,
}

/// A position in a stream: its sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub stream: Stream,
    pub seq: i64,
}

/// The changes of a chat's stream and of a user's own stream.
#[derive(Debug, Clone)]
pub enum Change {
    MessageCreated(Message),
    /// Edited, or its reactions, votes or pin changed.
    MessageUpdated(Message),
    /// The assistant has completed an answer, which was created and updated before.
    AnswerFinished(Message),
    MessageDeleted {
        id: MessageId,
        chat: ChatId,
    },
    /// Several at once, in chronological order.
    MessagesDeleted {
        chat: ChatId,
        ids: Vec<MessageId>,
    },
    MemberAdded {
        chat: ChatId,
        member: Member,
    },
    MemberRemoved {
        chat: ChatId,
        user: UserId,
    },
    /// Their profile or role has changed.
    MemberUpdated {
        chat: ChatId,
        member: Member,
    },
    /// The properties that all members share have changed.
    ChatUpdated(ChatInfo),
    /// In the reader's own stream when they hide their read receipts.
    ChatRead {
        chat: ChatId,
        user: UserId,
        message: MessageId,
        /// The sequence numbers that were read: after one, up to another. `None` in events of earlier versions.
        range: Option<(i64, i64)>,
    },
    ChatDelivered {
        chat: ChatId,
        user: UserId,
        message: MessageId,
    },
    /// Own stream: deleted for this user only.
    MessageHidden {
        id: MessageId,
        chat: ChatId,
    },
    /// Own stream: the user's vote in a poll.
    PollVoted {
        message: MessageId,
        chat: ChatId,
        /// Indices of options, from 0.
        choices: Vec<usize>,
    },
    /// Own stream: new, or changed.
    BookmarkSaved(Box<Bookmark>),
    /// Own stream.
    BookmarkRemoved {
        message: MessageId,
        chat: ChatId,
    },
    /// Own stream: new, or changed.
    DraftSaved(Draft),
    /// Own stream: sent or deleted.
    DraftRemoved {
        chat: ChatId,
        /// The root message of its thread.
        thread: Option<MessageId>,
    },
    /// Own stream: new or changed, or sending failed.
    ScheduledSaved(Box<Scheduled>),
    /// Own stream: sent or cancelled.
    ScheduledRemoved {
        id: ScheduledId,
        chat: ChatId,
        /// The sent message.
        message: Option<MessageId>,
    },
    /// Own stream: a chat was added to the user's list.
    ChatGained(Box<Chat>),
    /// Own stream: left, removed from it, or the chat was deleted or hidden; in a hidden chat the user is still a member.
    ChatLost {
        chat: ChatId,
        hidden: bool,
    },
    /// Own stream: personal settings of a chat.
    ChatPreferred {
        chat: ChatId,
        preferences: Preferences,
    },
    /// Own stream of an administrator of the server: there are so many reports about which nobody has decided.
    ReportsUpdated {
        open: i64,
    },
    /// Own stream of those who may invite or ban: invitations, the short code or bans have changed.
    ChatAccess(ChatId),
    /// Own stream.
    UserUpdated(User),
    /// Own stream.
    UserBlocked(Blocked),
    /// Own stream.
    UserUnblocked(UserId),
    /// Own stream: signed in on another device.
    SessionCreated(Session),
    /// Own stream.
    SessionRevoked(SessionId),
    /// Own stream: a personal access token was created.
    TokenCreated(Session),
    /// Own stream.
    TokenRevoked(SessionId),
}

impl Change {
    /// Whose profile may have changed.
    pub fn changes_profile_of(&self) -> Option<UserId> {
        match self {
            Self::UserUpdated(user) => Some(user.id()),
            Self::MemberUpdated { member, .. } => Some(member.user()),
            _ => None,
        }
    }

    /// The message of a change that shows it.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::MessageCreated(message) | Self::MessageUpdated(message) | Self::AnswerFinished(message) => {
                Some(message)
            }
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn message_mut(&mut self) -> Option<&mut Message> {
        match self {
            Self::MessageCreated(message) | Self::MessageUpdated(message) | Self::AnswerFinished(message) => {
                Some(message)
            }
            _ => None,
        }
    }
}
