//! Messages.

use uuid::Uuid;

use super::{Attachment, ChatId, Content, Kind, MessageId, Poll, Preview, Time, UserId};

#[derive(Debug, Clone)]
pub struct Message {
    pub id: MessageId,
    pub chat: ChatId,
    /// Its sequence number in the chat's stream, by which messages are ordered for everybody.
    pub seq: i64,
    pub author: UserId,
    pub kind: Kind,
    /// `None` when it was deleted for everybody.
    pub content: Option<Content>,
    pub sent_at: Time,
    pub edited_at: Option<Time>,
    /// An id chosen by the sender, by which a repeated request is recognised.
    pub client_id: Option<Uuid>,
    /// Which of the following exist.
    pub parts: Parts,
    /// The message that it replies to.
    pub reply_to: Option<Quote>,
    /// The root message of its thread.
    pub thread: Option<MessageId>,
    /// The thread that it is the root of.
    pub replies: Option<Thread>,
    /// The original of a forwarded message.
    pub origin: Option<Origin>,
    /// The mentioned users, and whether all members are mentioned.
    pub mentions: Vec<UserId>,
    pub mentions_all: bool,
    /// Sent without notification.
    pub is_silent: bool,
    /// When it is deleted.
    pub expires_at: Option<Time>,
    pub pinned_at: Option<Time>,
    /// For a poll.
    pub poll: Option<Poll>,
    pub reactions: Vec<Reaction>,
    pub attachments: Vec<Attachment>,
    /// The available previews of its links, unless the author removed them.
    pub previews: Vec<Preview>,
    /// Users to whom changes of it are not told, because they have hidden it; known only for announced events.
    pub hidden_from: Vec<UserId>,
    /// Users who have hidden the message that it replies to; known only for announced events.
    pub quote_hidden_from: Vec<UserId>,
}

impl Message {
    /// A message with nothing but content.
    pub fn new(
        id: MessageId,
        (chat, seq): (ChatId, i64),
        author: UserId,
        content: Content,
        now: Time,
    ) -> Self {
        Self {
            id,
            chat,
            seq,
            author,
            kind: content.kind(),
            poll: Poll::of(&content),
            content: Some(content),
            sent_at: now,
            edited_at: None,
            client_id: None,
            parts: Parts::NONE,
            reply_to: None,
            thread: None,
            replies: None,
            origin: None,
            mentions: Vec::new(),
            mentions_all: false,
            is_silent: false,
            expires_at: None,
            pinned_at: None,
            reactions: Vec::new(),
            attachments: Vec::new(),
            previews: Vec::new(),
            hidden_from: Vec::new(),
            quote_hidden_from: Vec::new(),
        }
    }

    /// The message as plain text; for a file without a caption, its name.
    pub fn plain(&self) -> String {
        let Some(content) = &self.content else { return String::new() };
        match (content.text(), self.attachments.first()) {
            (None, Some(file)) if self.kind == Kind::File => format!("{} {}", content.plain(), file.filename),
            _ => content.plain(),
        }
    }
}

/// Which messages the clients of an API are shown. None are shown deleted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageFilter {
    /// Notices by the server about the chat.
    pub notices: bool,
    /// Answers that the assistant is still writing. Clients that do not follow changes would keep the first words.
    pub unfinished_answers: bool,
}

impl MessageFilter {
    pub fn includes(self, message: &Message) -> bool {
        message.content.as_ref().is_some_and(|content| {
            (self.notices || content.kind() != Kind::System)
                && (self.unfinished_answers || !content.is_unfinished())
        })
    }
}

/// A bit set of the tables that hold data of a message besides its own row. Bits are never cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts(pub i64);

impl Parts {
    pub const NONE: Self = Self(0);
    pub const REACTIONS: Self = Self(1);
    pub const FILES: Self = Self(2);
    pub const MENTIONS: Self = Self(4);
    /// It is the root of a thread.
    pub const REPLIES: Self = Self(8);
    /// It contains links, which may have previews.
    pub const LINKS: Self = Self(16);
    /// A poll that has votes or was closed.
    pub const VOTES: Self = Self(32);
    /// Its author removed the link previews.
    pub const NO_PREVIEWS: Self = Self(64);

    pub fn has(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }

    #[must_use]
    pub fn with(self, part: Self, is_there: bool) -> Self {
        if is_there { Self(self.0 | part.0) } else { self }
    }
}

/// A message as quoted in a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub id: MessageId,
    /// Its sequence number in the chat.
    pub seq: i64,
    pub author: UserId,
    pub kind: Kind,
    /// The beginning of its plain text; `None` when it was deleted, or the reader has hidden it.
    pub text: Option<String>,
}

impl Quote {
    /// The maximum length of the text in characters.
    const LENGTH: usize = 200;

    pub fn of(message: &Message) -> Self {
        let text = message.content.is_some().then(|| message.plain().chars().take(Self::LENGTH).collect());
        Self { id: message.id, seq: message.seq, author: message.author, kind: message.kind, text }
    }
}

/// The replies in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thread {
    /// The number of replies.
    pub count: i64,
    pub last_at: Time,
}

/// The original of a forwarded message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `None` when the original or its author is unknown here, as after an import.
    pub chat: Option<ChatId>,
    pub message: Option<MessageId>,
    pub author: Option<UserId>,
    /// The author's name at that time: not every reader may look up the author.
    pub author_name: String,
    pub sent_at: Time,
}

/// A previous version of an edited message.
#[derive(Debug, Clone)]
pub struct Edit {
    pub content: Content,
    /// When this version was written.
    pub since: Time,
}

/// Whether two spellings are one emoji: keyboards write many with and without a variation selector (U+FE0F, or
/// U+FE0E for the plain form).
pub fn is_same_emoji(one: &str, other: &str) -> bool {
    let bare =
        |emoji: &'_ str| emoji.chars().filter(|c| !matches!(c, '\u{fe0e}' | '\u{fe0f}')).collect::<String>();
    one == other || bare(one) == bare(other)
}

/// A reaction to a message with all users who chose it, the earliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    pub emoji: String,
    pub users: Vec<UserId>,
}
