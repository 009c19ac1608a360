//! Reports of messages and people to the administrators of the server.

use super::{ChatId, Kind, MessageId, Time, UserId};

/// Why something is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportReason {
    Spam,
    Harassment,
    Violence,
    Sexual,
    Fraud,
    Illegal,
    Other,
}

impl ReportReason {
    pub const ALL: [Self; 7] =
        [Self::Spam, Self::Harassment, Self::Violence, Self::Sexual, Self::Fraud, Self::Illegal, Self::Other];

    pub fn name(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Harassment => "harassment",
            Self::Violence => "violence",
            Self::Sexual => "sexual",
            Self::Fraud => "fraud",
            Self::Illegal => "illegal",
            Self::Other => "other",
        }
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// What is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportSubject {
    User(UserId),
    Message(ReportedMessage),
}

/// A message as it was when it was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedMessage {
    pub id: MessageId,
    pub chat: ChatId,
    pub author: UserId,
    pub kind: Kind,
    pub text: String,
    pub sent_at: Time,
}

impl ReportSubject {
    /// The person who is reported, or who wrote the message.
    pub fn user(&self) -> UserId {
        match self {
            Self::User(user) => *user,
            Self::Message(message) => message.author,
        }
    }
}

/// What an administrator decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportDecision {
    pub at: Time,
    pub by: UserId,
    /// Whether it was resolved; otherwise it was dismissed.
    pub is_upheld: bool,
    pub note: Option<String>,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub id: i64,
    pub reporter: UserId,
    pub subject: ReportSubject,
    pub reason: ReportReason,
    pub comment: Option<String>,
    pub created_at: Time,
    /// `None` while nobody has decided.
    pub decision: Option<ReportDecision>,
}
