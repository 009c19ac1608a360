//! Outgoing webhooks: creating and managing them.

use std::time::Duration;

use serde_json::json;

use crate::boxed;
use crate::messenger::bots::{OwnedBot, check_may_manage};
use crate::messenger::chats::lookup::find;
use crate::messenger::chats::membership::allow;
use crate::messenger::chats::moderation::Moderator;
use crate::messenger::foundation::{Actor, Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::webhooks::check_name;
use crate::messenger::{Caller, Messenger};
use crate::model::{
    AuditAction, AuditTarget, ChatId, Delivery, DeliveryId, Disabled, OutgoingWebhook, OutgoingWebhookId,
    Right, Scopes, UserId, WebhookEvent, WebhookScope,
};
use crate::store::{Executor, members, outgoing_webhooks, streams, webhook_deliveries};

/// The most outgoing webhooks of one chat or bot.
const MAX_WEBHOOKS: usize = 10;
const MAX_URL: usize = 2_048;
/// How many deliveries are listed at most.
const MAX_LISTED: u64 = 100;
/// For how long both secrets sign after the secret was replaced.
pub(super) const OVERLAP: Duration = Duration::from_secs(24 * 3_600);

const NOT_FOUND: Error = Error::NotFound("webhook");

/// A webhook to be created.
#[derive(Debug, Clone)]
pub struct NewOutgoingWebhook {
    pub name: String,
    pub url: String,
    /// New messages, and a bot's commands, if it is empty.
    pub events: Vec<WebhookEvent>,
}

/// Changes of a webhook; what is missing stays.
#[derive(Debug, Clone, Default)]
pub struct OutgoingWebhookChange {
    pub name: Option<String>,
    pub url: Option<String>,
    pub events: Option<Vec<WebhookEvent>>,
    /// One that was switched off begins with the events after it is switched on again.
    pub is_enabled: Option<bool>,
}

/// A webhook with its signing secret.
#[derive(Debug, Clone)]
pub struct OutgoingSecret {
    pub webhook: OutgoingWebhook,
    pub secret: String,
}

/// An outgoing webhook that the caller may manage: only [`Caller::outgoing_webhook`] returns one.
pub struct ManagedWebhook {
    caller: Caller,
    webhook: OutgoingWebhook,
}

impl Moderator {
    /// Creates a webhook that tells a program what happens in the chat.
    #[boxed]
    pub async fn create_outgoing_webhook(mut self, new: NewOutgoingWebhook) -> Result<OutgoingSecret> {
        let scope = WebhookScope::Chat(self.chat.id);
        let new = checked(&self.messenger, new, scope)?;
        let mut work = self.begin_with_right(Right::ManageWebhooks).await?;
        let webhook = insert(&self.messenger, &mut work, self.member.user, scope, new).await?;
        record(&mut work, self.actor, AuditAction::WebhookCreate, &webhook).await?;
        let secret = self.messenger.webhooks.secrets.shown(webhook.id, webhook.secret_number);
        self.commit(work, Subject::OutgoingWebhook(webhook.id)).await?;
        Ok(OutgoingSecret { webhook, secret })
    }

    /// The chat's outgoing webhooks, the oldest first.
    #[boxed]
    pub async fn outgoing_webhooks(&self) -> Result<Vec<OutgoingWebhook>> {
        self.may(Right::ManageWebhooks)?;
        let scope = WebhookScope::Chat(self.chat.id);
        Ok(outgoing_webhooks::of_scope(&mut self.messenger.db.read().await?, scope).await?)
    }
}

impl OwnedBot {
    /// Creates a webhook that tells a program what happens in all chats of the bot.
    #[boxed]
    pub async fn create_outgoing_webhook(mut self, new: NewOutgoingWebhook) -> Result<OutgoingSecret> {
        self.access().require(Scopes::READ)?;
        let scope = WebhookScope::Bot(self.id());
        let new = checked(self.messenger(), new, scope)?;
        let mut work = self.begin().await?;
        let webhook = insert(self.messenger(), &mut work, self.access().user, scope, new).await?;
        record(&mut work, self.access().actor(), AuditAction::WebhookCreate, &webhook).await?;
        let secret = self.messenger().webhooks.secrets.shown(webhook.id, webhook.secret_number);
        work.once(self.take_attempt(), Subject::OutgoingWebhook(webhook.id));
        work.commit().await?;
        Ok(OutgoingSecret { webhook, secret })
    }

    /// The bot's outgoing webhooks, the oldest first.
    #[boxed]
    pub async fn outgoing_webhooks(&self) -> Result<Vec<OutgoingWebhook>> {
        let mut read = self.messenger().db.read().await?;
        Ok(outgoing_webhooks::of_scope(&mut read, WebhookScope::Bot(self.id())).await?)
    }
}

/// The address is recorded without what may be a secret: its path and query.
async fn record(
    work: &mut UnitOfWork,
    by: Actor,
    action: AuditAction,
    webhook: &OutgoingWebhook,
) -> Result<()> {
    let target = AuditTarget::new("webhook", webhook.id.0, Some(webhook.name.clone()));
    let host = webhook.url.split('/').nth(2).and_then(|host| host.rsplit('@').next());
    let mut details = json!({"direction": "outgoing", "host": host});
    match webhook.scope {
        WebhookScope::Chat(chat) => details["chat_id"] = chat.0.into(),
        WebhookScope::Bot(bot) => details["bot_id"] = bot.0.into(),
    }
    work.audit(by, action, target, details).await
}

fn checked(
    messenger: &Messenger,
    new: NewOutgoingWebhook,
    scope: WebhookScope,
) -> Result<NewOutgoingWebhook> {
    let NewOutgoingWebhook { name, url, events } = new;
    Ok(NewOutgoingWebhook {
        name: check_name(&name)?,
        url: messenger.check_webhook_url(&url)?,
        events: check_events(events, scope)?,
    })
}

fn check_events(mut events: Vec<WebhookEvent>, scope: WebhookScope) -> Result<Vec<WebhookEvent>> {
    let is_bot = matches!(scope, WebhookScope::Bot(_));
    if events.is_empty() {
        events.push(WebhookEvent::MessageCreated);
        events.extend(is_bot.then_some(WebhookEvent::CommandInvoked));
    }
    if !is_bot && events.contains(&WebhookEvent::CommandInvoked) {
        return Err(Error::invalid("events", "command.invoked is told to bots only"));
    }
    events.sort_by_key(|event| event.name());
    events.dedup();
    Ok(events)
}

async fn insert(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    creator: UserId,
    scope: WebhookScope,
    new: NewOutgoingWebhook,
) -> Result<OutgoingWebhook> {
    if outgoing_webhooks::of_scope(&mut work.tx, scope).await?.len() >= MAX_WEBHOOKS {
        return Err(Error::Conflict("There are 10 outgoing webhooks already; delete one"));
    }
    let NewOutgoingWebhook { name, url, events } = new;
    let webhook = OutgoingWebhook {
        id: OutgoingWebhookId(messenger.id()),
        scope,
        creator,
        name,
        url,
        events,
        secret_number: 1,
        rotated_at: None,
        created_at: work.now,
        failing_since: None,
        disabled: None,
    };
    outgoing_webhooks::insert(&mut work.tx, &webhook).await?;
    begin_with_the_next_event(work, &webhook).await?;
    work.mark_changed();
    Ok(webhook)
}

/// The chats whose events a webhook tells, each with the sequence number before the first of them.
pub(super) async fn chats_of(
    executor: &mut Executor,
    webhook: &OutgoingWebhook,
) -> Result<Vec<(ChatId, i64)>> {
    match webhook.scope {
        WebhookScope::Chat(chat) => Ok(vec![(chat, 0)]),
        WebhookScope::Bot(bot) => {
            let memberships = members::memberships_of(executor, bot).await?;
            Ok(memberships.into_iter().map(|member| (member.chat, member.joined_seq)).collect())
        }
    }
}

/// Moves a webhook's cursors behind all events that there are.
async fn begin_with_the_next_event(work: &mut UnitOfWork, webhook: &OutgoingWebhook) -> Result<()> {
    let before = outgoing_webhooks::cursors(&mut work.tx, &[webhook.id]).await?;
    let before: Vec<ChatId> = before.into_iter().map(|(_, chat, _)| chat).collect();
    outgoing_webhooks::delete_cursors(&mut work.tx, webhook.id, &before).await?;
    for (chat, _) in chats_of(&mut work.tx, webhook).await? {
        let seq = streams::seqs(&mut work.tx, &[chat.into()]).await?.into_values().next();
        outgoing_webhooks::insert_cursor(&mut work.tx, webhook.id, chat, seq.unwrap_or_default()).await?;
    }
    Ok(())
}

impl Messenger {
    fn check_webhook_url(&self, url: &str) -> Result<String> {
        let url = url.trim();
        if url.len() > MAX_URL {
            return Err(Error::invalid("url", "must have at most 2,048 bytes"));
        }
        match &self.webhooks.sender {
            Some(sender) => sender.client.check(url).map_err(|why| Error::invalid("url", why)),
            None => Err(Error::NotConfigured("Webhooks are sent by the server only")),
        }
    }
}

impl Caller {
    /// An outgoing webhook of a chat that the caller manages, or of the caller's bot.
    #[boxed]
    pub async fn outgoing_webhook(self, id: OutgoingWebhookId) -> Result<ManagedWebhook> {
        let mut read = self.messenger.db.read().await?;
        let webhook = outgoing_webhooks::by_id(&mut read, id).await?.ok_or(NOT_FOUND)?;
        drop(read);
        let managed = ManagedWebhook { caller: self, webhook };
        let mut read = managed.caller.messenger.db.read().await?;
        managed.check_may(&mut read).await?;
        drop(read);
        Ok(managed)
    }
}

impl ManagedWebhook {
    pub fn view(self) -> OutgoingWebhook {
        self.webhook
    }

    async fn check_may(&self, executor: &mut Executor) -> Result<()> {
        let user = self.caller.access.user;
        match self.webhook.scope {
            WebhookScope::Chat(chat) => match find(executor, chat, user).await {
                Ok((chat, member)) => allow(member.role, Right::ManageWebhooks, chat.kind),
                Err(Error::Forbidden(_) | Error::NotFound(_)) => Err(NOT_FOUND),
                Err(error) => Err(error),
            },
            WebhookScope::Bot(bot) => check_may_manage(executor, bot, user)
                .await
                .map_err(|error| if matches!(error, Error::NotFound(_)) { NOT_FOUND } else { error }),
        }
    }

    /// Begins a change, with the webhook as it is now. The right is checked again within the transaction.
    async fn begin(&mut self) -> Result<UnitOfWork> {
        let messenger = self.caller.messenger.clone();
        messenger.limit(Limit::Change(self.caller.access.user))?;
        let mut work = messenger.begin_for([self.caller.access.user]).await?;
        self.webhook = outgoing_webhooks::locked(&mut work.tx, self.webhook.id).await?.ok_or(NOT_FOUND)?;
        self.check_may(&mut work.tx).await?;
        Ok(work)
    }

    async fn commit(&mut self, mut work: UnitOfWork, subject: Subject) -> Result<()> {
        work.once(self.caller.attempt.take(), subject);
        work.mark_changed();
        work.commit().await
    }

    /// Changes the webhook.
    #[boxed]
    pub async fn update(mut self, change: OutgoingWebhookChange) -> Result<OutgoingWebhook> {
        // Events go to another address with it.
        self.caller.access.require(Scopes::READ)?;
        let OutgoingWebhookChange { name, url, events, is_enabled } = change;
        let name = name.as_deref().map(check_name).transpose()?;
        let url = url.as_deref().map(|url| self.caller.messenger.check_webhook_url(url)).transpose()?;
        let events = events.map(|events| check_events(events, self.webhook.scope)).transpose()?;
        let mut work = self.begin().await?;
        let webhook = &mut self.webhook;
        webhook.name = name.unwrap_or(std::mem::take(&mut webhook.name));
        webhook.url = url.unwrap_or(std::mem::take(&mut webhook.url));
        webhook.events = events.unwrap_or(std::mem::take(&mut webhook.events));
        match is_enabled {
            Some(true) if webhook.disabled.is_some() => {
                (webhook.disabled, webhook.failing_since) = (None, None);
                begin_with_the_next_event(&mut work, webhook).await?;
            }
            Some(false) if webhook.disabled.is_none() => {
                disable(&mut work, webhook, "It was switched off by hand").await?;
            }
            _ => {}
        }
        outgoing_webhooks::update(&mut work.tx, webhook).await?;
        record(&mut work, self.caller.access.actor(), AuditAction::WebhookUpdate, webhook).await?;
        let id = self.webhook.id;
        self.commit(work, Subject::OutgoingWebhook(id)).await?;
        Ok(self.webhook)
    }

    /// Replaces the signing secret. For a day deliveries are signed with both.
    #[boxed]
    pub async fn rotate(mut self) -> Result<OutgoingSecret> {
        let mut work = self.begin().await?;
        self.webhook.secret_number += 1;
        self.webhook.rotated_at = Some(work.now);
        outgoing_webhooks::update(&mut work.tx, &self.webhook).await?;
        record(&mut work, self.caller.access.actor(), AuditAction::WebhookRotate, &self.webhook).await?;
        let (id, number) = (self.webhook.id, self.webhook.secret_number);
        self.commit(work, Subject::OutgoingWebhook(id)).await?;
        let secret = self.caller.messenger.webhooks.secrets.shown(id, number);
        Ok(OutgoingSecret { webhook: self.webhook, secret })
    }

    /// Deletes the webhook with its deliveries.
    #[boxed]
    pub async fn delete(mut self) -> Result<()> {
        let mut work = self.begin().await?;
        outgoing_webhooks::delete(&mut work.tx, self.webhook.id).await?;
        record(&mut work, self.caller.access.actor(), AuditAction::WebhookDelete, &self.webhook).await?;
        self.commit(work, Subject::Nothing).await
    }

    /// The webhook's deliveries, the newest first, before one of them.
    #[boxed]
    pub async fn deliveries(&self, before: Option<DeliveryId>, limit: Option<u64>) -> Result<Vec<Delivery>> {
        let limit = limit.unwrap_or(50).clamp(1, MAX_LISTED);
        let mut read = self.caller.messenger.db.read().await?;
        Ok(webhook_deliveries::list(&mut read, self.webhook.id, before, limit).await?)
    }

    /// Sends a delivery again, with the same `webhook-id` and body.
    #[boxed]
    pub async fn replay(mut self, id: DeliveryId) -> Result<Delivery> {
        let mut work = self.begin().await?;
        if self.webhook.disabled.is_some() {
            return Err(Error::Conflict("The webhook is switched off; switch it on first"));
        }
        let found = webhook_deliveries::locked(&mut work.tx, self.webhook.id, id).await?;
        let mut delivery = found.ok_or(Error::NotFound("delivery"))?;
        if delivery.next_at.is_none() {
            delivery.attempts = 0;
            delivery.delivered_at = None;
        }
        delivery.next_at = Some(work.now);
        webhook_deliveries::update(&mut work.tx, &delivery).await?;
        self.commit(work, Subject::Nothing).await?;
        Ok(delivery)
    }
}

/// Switches a webhook off within a unit of work, and gives up its deliveries. The caller stores the webhook.
pub(super) async fn disable(
    work: &mut UnitOfWork,
    webhook: &mut OutgoingWebhook,
    reason: &str,
) -> Result<()> {
    webhook.disabled = Some(Disabled { at: work.now, reason: reason.to_owned() });
    Ok(webhook_deliveries::give_up(&mut work.tx, webhook.id, "the webhook was switched off").await?)
}
