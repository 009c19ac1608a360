//! Webhooks: by which programs post in chats, and are told what happens there.

use super::{ChatId, DeliveryId, IncomingWebhookId, OutgoingWebhookId, Time, UserId};

/// A webhook by which a program posts in a chat.
#[derive(Debug, Clone)]
pub struct IncomingWebhook {
    pub id: IncomingWebhookId,
    pub chat: ChatId,
    /// The author of its messages.
    pub account: UserId,
    pub creator: UserId,
    pub name: String,
    pub created_at: Time,
    /// When a message was last posted with it, accurate to a minute.
    pub used_at: Option<Time>,
}

/// Where the events of an outgoing webhook happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookScope {
    Chat(ChatId),
    /// All chats of a bot, and the bot's commands.
    Bot(UserId),
}

/// A webhook that tells a program about events.
#[derive(Debug, Clone)]
pub struct OutgoingWebhook {
    pub id: OutgoingWebhookId,
    pub scope: WebhookScope,
    pub creator: UserId,
    pub name: String,
    pub url: String,
    pub events: Vec<WebhookEvent>,
    /// Which of its secrets signs.
    pub secret_number: i64,
    /// When the secret was last replaced.
    pub rotated_at: Option<Time>,
    pub created_at: Time,
    /// Since when no delivery has succeeded; `None` after one that has.
    pub failing_since: Option<Time>,
    pub disabled: Option<Disabled>,
}

/// Why a webhook is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    pub at: Time,
    pub reason: String,
}

/// The kinds of events that webhooks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookEvent {
    MessageCreated,
    MessageUpdated,
    MessageDeleted,
    MessagesDeleted,
    MemberAdded,
    MemberUpdated,
    MemberRemoved,
    ChatUpdated,
    /// A slash command of the bot was used.
    CommandInvoked,
}

impl WebhookEvent {
    pub const ALL: [Self; 9] = [
        Self::MessageCreated,
        Self::MessageUpdated,
        Self::MessageDeleted,
        Self::MessagesDeleted,
        Self::MemberAdded,
        Self::MemberUpdated,
        Self::MemberRemoved,
        Self::ChatUpdated,
        Self::CommandInvoked,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::MessageCreated => "message.created",
            Self::MessageUpdated => "message.updated",
            Self::MessageDeleted => "message.deleted",
            Self::MessagesDeleted => "messages.deleted",
            Self::MemberAdded => "member.added",
            Self::MemberUpdated => "member.updated",
            Self::MemberRemoved => "member.removed",
            Self::ChatUpdated => "chat.updated",
            Self::CommandInvoked => "command.invoked",
        }
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

/// A delivery of an outgoing webhook: an event for a program.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: DeliveryId,
    pub webhook: OutgoingWebhookId,
    /// The name of its event.
    pub event: String,
    /// The JSON that is sent.
    pub body: String,
    pub created_at: Time,
    /// When the next try is due; `None` when it was delivered or given up.
    pub next_at: Option<Time>,
    /// The number of tries.
    pub attempts: i64,
    /// When the last try was made.
    pub attempted_at: Option<Time>,
    pub delivered_at: Option<Time>,
    /// The HTTP status of the last answer.
    pub status: Option<i64>,
    /// Why the last try failed.
    pub failure: Option<String>,
}

impl Delivery {
    /// One that is due at once.
    pub fn new(
        id: DeliveryId,
        webhook: OutgoingWebhookId,
        event: WebhookEvent,
        body: String,
        now: Time,
    ) -> Self {
        Self {
            id,
            webhook,
            event: event.name().to_owned(),
            body,
            created_at: now,
            next_at: Some(now),
            attempts: 0,
            attempted_at: None,
            delivered_at: None,
            status: None,
            failure: None,
        }
    }
}
