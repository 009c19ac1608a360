//! Messages.

use uuid::Uuid;

use super::{Attachment, ChatId, Content, Kind, MessageId, Poll, Preview, Time, UserId};

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
    /// Which of the following there are.
    pub parts: Parts,
    /// What it answers.
    pub reply_to: Option<Quote>,
    /// The message that began the thread in which it stands.
    pub thread: Option<MessageId>,
    /// Of a message that began a thread.
    pub replies: Option<Thread>,
    /// Where a forwarded message was said first.
    pub origin: Option<Origin>,
    /// Who is meant by it, and whether all are.
    pub mentions: Vec<UserId>,
    pub mentions_all: bool,
    /// Nobody is to be disturbed by it.
    pub is_silent: bool,
    /// When it disappears.
    pub expires_at: Option<Time>,
    pub pinned_at: Option<Time>,
    /// Of a poll.
    pub poll: Option<Poll>,
    pub reactions: Vec<Reaction>,
    pub attachments: Vec<Attachment>,
    /// Of the pages that it links to, those that are known and were not taken away.
    pub previews: Vec<Preview>,
}

impl Message {
    /// A message that only says something.
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
        }
    }

    /// It in words; of a file without a caption its name.
    pub fn plain(&self) -> String {
        let Some(content) = &self.content else { return String::new() };
        match (content.text(), self.attachments.first()) {
            (None, Some(file)) if self.kind == Kind::File => format!("{} {}", content.plain(), file.filename),
            _ => content.plain(),
        }
    }
}

/// Which tables hold something of a message beside its own row. A bit that is set stays set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts(pub i64);

impl Parts {
    pub const NONE: Self = Self(0);
    pub const REACTIONS: Self = Self(1);
    pub const FILES: Self = Self(2);
    pub const MENTIONS: Self = Self(4);
    /// It began a thread.
    pub const REPLIES: Self = Self(8);
    /// There are web addresses in it, which may have previews.
    pub const LINKS: Self = Self(16);
    /// Of a poll: there are votes, or it was closed.
    pub const VOTES: Self = Self(32);
    /// Its author wants no previews below it.
    pub const BARE: Self = Self(64);

    pub fn has(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }

    #[must_use]
    pub fn with(self, part: Self, is_there: bool) -> Self {
        if is_there { Self(self.0 | part.0) } else { self }
    }
}

/// A message as it is shown in an answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub id: MessageId,
    pub author: UserId,
    pub kind: Kind,
    /// The beginning of it in words; nothing when it was deleted.
    pub text: Option<String>,
}

impl Quote {
    /// Its longest text, in characters.
    const LENGTH: usize = 200;

    pub fn of(message: &Message) -> Self {
        let text = message.content.is_some().then(|| message.plain().chars().take(Self::LENGTH).collect());
        Self { id: message.id, author: message.author, kind: message.kind, text }
    }
}

/// What was said below a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thread {
    /// How many answers there are.
    pub count: i64,
    pub last_at: Time,
}

/// Where a forwarded message was said first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Nothing where it was said on another server, or by somebody who is not known here.
    pub chat: Option<ChatId>,
    pub message: Option<MessageId>,
    pub author: Option<UserId>,
    /// The author's name at the time: not everybody who reads it can look it up.
    pub author_name: String,
    pub sent_at: Time,
}

/// What a message said before it was edited.
#[derive(Debug, Clone)]
pub struct Edit {
    pub content: Content,
    /// From when on it said that.
    pub since: Time,
}

/// One emoji under a message, with everybody who chose it, first come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    pub emoji: String,
    pub users: Vec<UserId>,
}
