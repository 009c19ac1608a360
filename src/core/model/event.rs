//! What happened, in the order in which it happened.

use super::{
    About, Blocked, Bookmark, Chat, ChatId, Draft, Member, Message, MessageId, Preferences, Scheduled,
    ScheduledId, Session, SessionId, Stream, Time, User, UserId,
};

/// A change that was committed, at its place in a stream.
#[derive(Debug, Clone)]
pub struct Event {
    pub position: Position,
    pub at: Time,
    pub change: Change,
}

/// A place in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub stream: Stream,
    pub seq: i64,
}

/// What can happen in a chat's stream, and in a user's own.
#[derive(Debug, Clone)]
pub enum Change {
    MessageCreated(Message),
    /// Edited, or its reactions, votes or pin changed.
    MessageUpdated(Message),
    /// The assistant has said all of it. Before that the message was created, and it grew by updates.
    AnswerFinished(Message),
    MessageDeleted {
        id: MessageId,
        chat: ChatId,
    },
    /// Many at once, in the order in which they were said.
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
    /// Their profile or their role is another.
    MemberUpdated {
        chat: ChatId,
        member: Member,
    },
    /// What is alike for everybody in a chat is another.
    ChatUpdated(About),
    /// In the reader's own stream, when others must not see it.
    ChatRead {
        chat: ChatId,
        user: UserId,
        message: MessageId,
    },
    ChatDelivered {
        chat: ChatId,
        user: UserId,
        message: MessageId,
    },
    /// Own stream: deleted for oneself.
    MessageHidden {
        id: MessageId,
        chat: ChatId,
    },
    /// Own stream: what one chose in a poll.
    PollVoted {
        message: MessageId,
        chat: ChatId,
        /// Which options, counted from 0.
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
    /// Own stream: sent, or taken away.
    DraftRemoved {
        chat: ChatId,
        /// The message that began the thread in which it stood.
        thread: Option<MessageId>,
    },
    /// Own stream: new or changed, or it could not be said.
    ScheduledSaved(Box<Scheduled>),
    /// Own stream: said, or taken away.
    ScheduledRemoved {
        id: ScheduledId,
        chat: ChatId,
        /// What was said.
        message: Option<MessageId>,
    },
    /// Own stream: there is a chat that was not there before.
    ChatGained(Box<Chat>),
    /// Own stream: left, removed or deleted; or hidden, and then the person is still in it.
    ChatLost {
        chat: ChatId,
        hidden: bool,
    },
    /// Own stream: how one wants to have a chat.
    ChatPreferred {
        chat: ChatId,
        preferences: Preferences,
    },
    /// Own stream of those who may invite or ban: the ways into a chat are others.
    ChatAccess(ChatId),
    /// Own stream.
    UserUpdated(User),
    /// Own stream.
    UserBlocked(Blocked),
    /// Own stream.
    UserUnblocked(UserId),
    /// Own stream: signed in on one more device.
    SessionCreated(Session),
    /// Own stream.
    SessionRevoked(SessionId),
    /// Own stream: there is one more personal access token.
    TokenCreated(Session),
    /// Own stream.
    TokenRevoked(SessionId),
}
