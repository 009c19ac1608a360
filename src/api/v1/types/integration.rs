//! Bots and webhooks.

use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};

use super::Person;
use besedka_core::messenger::{IncomingSecret, OutgoingSecret};
use besedka_core::model::{self, Time, WebhookScope};

/// A slash command of a bot.
#[derive(Object, Debug)]
#[oai(example)]
pub struct BotCommand {
    /// Without the slash: 1 to 32 letters, digits, `_` or `-`, of which the first is a letter. Upper case counts as
    /// lower case.
    pub name: String,
    /// What the command does, up to 100 characters.
    #[oai(default)]
    pub description: String,
}

impl From<model::BotCommand> for BotCommand {
    fn from(command: model::BotCommand) -> Self {
        Self { name: command.name, description: command.description }
    }
}

impl From<BotCommand> for model::BotCommand {
    fn from(command: BotCommand) -> Self {
        Self { name: command.name, description: command.description }
    }
}

impl Example for BotCommand {
    fn example() -> Self {
        Self { name: "deploy".to_owned(), description: "Deploys a service: /deploy NAME".to_owned() }
    }
}

/// The account of a program.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Bot {
    pub user: Person,
    /// Who created it.
    pub owner_id: i64,
    /// Sorted by name.
    pub commands: Vec<BotCommand>,
}

impl From<model::Bot> for Bot {
    fn from(bot: model::Bot) -> Self {
        Self {
            user: bot.person.into(),
            owner_id: bot.owner.0,
            commands: bot.commands.into_iter().map(BotCommand::from).collect(),
        }
    }
}

impl Example for Bot {
    fn example() -> Self {
        let user = Person {
            id: 253_402_301_247,
            username: Some("builds".to_owned()),
            display_name: "Build bot".to_owned(),
            about: None,
            time_zone: None,
            presence: None,
            is_bot: Some(true),
            ..Person::example()
        };
        Self { user, owner_id: 253_402_300_863, commands: vec![BotCommand::example()] }
    }
}

/// An incoming webhook, without its secret URL.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Webhook {
    pub id: i64,
    pub chat_id: i64,
    /// Shown as the author of its messages.
    pub name: String,
    /// The `author_id` of its messages.
    pub author_id: i64,
    /// Who created it.
    pub creator_id: i64,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// When a message was last posted with it, accurate to a minute; null if never.
    pub last_used_at: Option<String>,
}

impl From<model::IncomingWebhook> for Webhook {
    fn from(webhook: model::IncomingWebhook) -> Self {
        Self {
            id: webhook.id.0,
            chat_id: webhook.chat.0,
            name: webhook.name,
            author_id: webhook.account.0,
            creator_id: webhook.creator.0,
            created_at: webhook.created_at.iso(),
            last_used_at: webhook.used_at.map(Time::iso),
        }
    }
}

impl Example for Webhook {
    fn example() -> Self {
        Self {
            id: 253_402_301_311,
            chat_id: 253_402_300_927,
            name: "Alertmanager".to_owned(),
            author_id: 253_402_301_375,
            creator_id: 253_402_300_863,
            created_at: "2024-03-26T12:00:00".to_owned(),
            last_used_at: None,
        }
    }
}

/// An incoming webhook with its secret URL.
#[derive(Object, Debug)]
#[oai(example)]
pub struct WebhookWithUrl {
    /// Where programs POST messages. Whoever knows it can post in the chat. It is only returned once.
    pub url: String,
    #[oai(flatten)]
    pub about: Webhook,
}

impl WebhookWithUrl {
    pub fn new(made: IncomingSecret, base: &str) -> Self {
        Self { url: format!("{base}/hooks/{}", made.secret), about: made.webhook.into() }
    }
}

impl Example for WebhookWithUrl {
    fn example() -> Self {
        let url = "https://chat.example.org/hooks/c7n3kq5x2yv4mzb6wd8h9ta7rj2fpg4s";
        Self { url: url.to_owned(), about: Webhook::example() }
    }
}

/// An event that outgoing webhooks tell.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookEvent {
    #[oai(rename = "message.created")]
    MessageCreated,
    #[oai(rename = "message.updated")]
    MessageUpdated,
    #[oai(rename = "message.deleted")]
    MessageDeleted,
    #[oai(rename = "messages.deleted")]
    MessagesDeleted,
    #[oai(rename = "member.added")]
    MemberAdded,
    #[oai(rename = "member.updated")]
    MemberUpdated,
    #[oai(rename = "member.removed")]
    MemberRemoved,
    #[oai(rename = "chat.updated")]
    ChatUpdated,
    /// A slash command of the bot was used.
    #[oai(rename = "command.invoked")]
    CommandInvoked,
}

impl From<WebhookEvent> for model::WebhookEvent {
    fn from(event: WebhookEvent) -> Self {
        match event {
            WebhookEvent::MessageCreated => Self::MessageCreated,
            WebhookEvent::MessageUpdated => Self::MessageUpdated,
            WebhookEvent::MessageDeleted => Self::MessageDeleted,
            WebhookEvent::MessagesDeleted => Self::MessagesDeleted,
            WebhookEvent::MemberAdded => Self::MemberAdded,
            WebhookEvent::MemberUpdated => Self::MemberUpdated,
            WebhookEvent::MemberRemoved => Self::MemberRemoved,
            WebhookEvent::ChatUpdated => Self::ChatUpdated,
            WebhookEvent::CommandInvoked => Self::CommandInvoked,
        }
    }
}

impl From<model::WebhookEvent> for WebhookEvent {
    fn from(event: model::WebhookEvent) -> Self {
        match event {
            model::WebhookEvent::MessageCreated => Self::MessageCreated,
            model::WebhookEvent::MessageUpdated => Self::MessageUpdated,
            model::WebhookEvent::MessageDeleted => Self::MessageDeleted,
            model::WebhookEvent::MessagesDeleted => Self::MessagesDeleted,
            model::WebhookEvent::MemberAdded => Self::MemberAdded,
            model::WebhookEvent::MemberUpdated => Self::MemberUpdated,
            model::WebhookEvent::MemberRemoved => Self::MemberRemoved,
            model::WebhookEvent::ChatUpdated => Self::ChatUpdated,
            model::WebhookEvent::CommandInvoked => Self::CommandInvoked,
        }
    }
}

/// An outgoing webhook, without its secret.
#[derive(Object, Debug)]
#[oai(example)]
pub struct OutgoingWebhook {
    pub id: i64,
    /// The chat whose events it tells; null if it tells those of a bot's chats.
    pub chat_id: Option<i64>,
    /// The bot whose chats' events and commands it tells; null if it tells those of one chat.
    pub bot_id: Option<i64>,
    pub name: String,
    pub url: String,
    pub events: Vec<WebhookEvent>,
    /// Who created it.
    pub creator_id: i64,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// When it was switched off, by hand or after repeated failures.
    pub disabled_at: Option<String>,
    pub disabled_reason: Option<String>,
    /// Since when no delivery has succeeded; null if the last one did.
    pub failing_since: Option<String>,
}

impl From<model::OutgoingWebhook> for OutgoingWebhook {
    fn from(webhook: model::OutgoingWebhook) -> Self {
        let (chat_id, bot_id) = match webhook.scope {
            WebhookScope::Chat(chat) => (Some(chat.0), None),
            WebhookScope::Bot(bot) => (None, Some(bot.0)),
        };
        let (disabled_at, disabled_reason) =
            webhook.disabled.map(|disabled| (disabled.at.iso(), disabled.reason)).unzip();
        Self {
            id: webhook.id.0,
            chat_id,
            bot_id,
            name: webhook.name,
            url: webhook.url,
            events: webhook.events.into_iter().map(WebhookEvent::from).collect(),
            creator_id: webhook.creator.0,
            created_at: webhook.created_at.iso(),
            enabled: disabled_at.is_none(),
            disabled_at,
            disabled_reason,
            failing_since: webhook.failing_since.map(Time::iso),
        }
    }
}

impl Example for OutgoingWebhook {
    fn example() -> Self {
        Self {
            id: 253_402_301_439,
            chat_id: Some(253_402_300_927),
            bot_id: None,
            name: "Archive".to_owned(),
            url: "https://archive.example.org/besedka".to_owned(),
            events: vec![WebhookEvent::MessageCreated],
            creator_id: 253_402_300_863,
            created_at: "2024-03-26T12:00:00".to_owned(),
            enabled: true,
            disabled_at: None,
            disabled_reason: None,
            failing_since: None,
        }
    }
}

/// An outgoing webhook with its signing secret.
#[derive(Object, Debug)]
#[oai(example)]
pub struct OutgoingWebhookWithSecret {
    /// With which the receiver verifies signatures, as Standard Webhooks define it. It is only returned once.
    pub secret: String,
    #[oai(flatten)]
    pub about: OutgoingWebhook,
}

impl From<OutgoingSecret> for OutgoingWebhookWithSecret {
    fn from(made: OutgoingSecret) -> Self {
        Self { secret: made.secret, about: made.webhook.into() }
    }
}

impl Example for OutgoingWebhookWithSecret {
    fn example() -> Self {
        let secret = "whsec_Qm9vdHN0cmFwIGlzIGEgcGF2aWxpb24gaW4gYSBnYXI=".to_owned();
        Self { secret, about: OutgoingWebhook::example() }
    }
}

/// The state of a delivery.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It will be tried, or tried again.
    Waiting,
    Delivered,
    /// It was given up.
    Failed,
}

/// A delivery of an outgoing webhook.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Delivery {
    pub id: i64,
    /// Its `webhook-id`, the same each time that it is sent.
    pub message_id: String,
    pub event: String,
    pub state: DeliveryState,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// The number of tries.
    pub attempts: i64,
    pub last_attempt_at: Option<String>,
    /// When the next try is due.
    pub next_attempt_at: Option<String>,
    pub delivered_at: Option<String>,
    /// The HTTP status of the last answer.
    pub status: Option<i64>,
    /// Why the last try failed.
    pub failure: Option<String>,
}

impl From<model::Delivery> for Delivery {
    fn from(delivery: model::Delivery) -> Self {
        let state = match (delivery.next_at, delivery.delivered_at) {
            (Some(_), _) => DeliveryState::Waiting,
            (None, Some(_)) => DeliveryState::Delivered,
            (None, None) => DeliveryState::Failed,
        };
        Self {
            id: delivery.id.0,
            message_id: format!("msg_{}", delivery.id),
            event: delivery.event,
            state,
            created_at: delivery.created_at.iso(),
            attempts: delivery.attempts,
            last_attempt_at: delivery.attempted_at.map(Time::iso),
            next_attempt_at: delivery.next_at.map(Time::iso),
            delivered_at: delivery.delivered_at.map(Time::iso),
            status: delivery.status,
            failure: delivery.failure,
        }
    }
}

impl Example for Delivery {
    fn example() -> Self {
        Self {
            id: 253_402_301_503,
            message_id: "msg_253402301503".to_owned(),
            event: "message.created".to_owned(),
            state: DeliveryState::Delivered,
            created_at: "2024-03-26T12:00:00".to_owned(),
            attempts: 1,
            last_attempt_at: Some("2024-03-26T12:00:00".to_owned()),
            next_attempt_at: None,
            delivered_at: Some("2024-03-26T12:00:00".to_owned()),
            status: Some(200),
            failure: None,
        }
    }
}
