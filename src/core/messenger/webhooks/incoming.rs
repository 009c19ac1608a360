//! Incoming webhooks: whoever has the secret in the URL posts in one chat, as the webhook's own account.

use std::time::Duration;

use serde_json::{Map, json};

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::accounts::profile::{Profile, announce_profile};
use crate::messenger::chats::moderation::Moderator;
use crate::messenger::chats::notices::announce_notice;
use crate::messenger::foundation::secrets::{random, sha256};
use crate::messenger::foundation::{Actor, Error, Limit, Result, Retries, Subject, UnitOfWork};
use crate::messenger::messages::mentions::find_mentioned;
use crate::messenger::messages::push_queue::queue_pushes;
use crate::messenger::webhooks::{MAX_NAME, check_name};
use crate::model::{
    self, AuditAction, AuditTarget, BotKind, Content, IncomingWebhook, IncomingWebhookId, Kind, Mentions,
    Message, MessageId, Parts, Right, UserId, text,
};
use crate::store::{accounts, chats, incoming_webhooks, links, mentions, messages, users};

/// The most webhooks of one chat.
const MAX_WEBHOOKS: usize = 50;
/// The longest text, in characters; what is longer is cut.
const MAX_TEXT: usize = 16_000;
/// How accurate the last use is stored.
const USE_EVERY: Duration = Duration::from_secs(60);
/// The characters of a secret: lower-case letters and digits, because clients for Mattermost accept only those.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const SECRET_LENGTH: usize = 32;

const NOT_FOUND: Error = Error::NotFound("webhook");

/// A webhook with the secret of its URL, which is shown only once.
#[derive(Debug, Clone)]
pub struct IncomingSecret {
    pub webhook: IncomingWebhook,
    pub secret: String,
}

/// A program that has the secret of a webhook: only [`Messenger::webhook`] returns one.
pub struct WebhookSender {
    messenger: Messenger,
    webhook: IncomingWebhook,
}

/// A random secret of 160 bits.
fn new_secret() -> String {
    random().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).take(SECRET_LENGTH).collect()
}

async fn record(
    work: &mut UnitOfWork,
    by: Actor,
    action: AuditAction,
    webhook: &IncomingWebhook,
) -> Result<()> {
    let target = AuditTarget::new("webhook", webhook.id.0, Some(webhook.name.clone()));
    let details = json!({"direction": "incoming", "chat_id": webhook.chat.0});
    work.audit(by, action, target, details).await
}

impl Moderator {
    /// Creates a webhook for the chat.
    #[boxed]
    pub async fn create_webhook(mut self, name: &str) -> Result<IncomingSecret> {
        let name = check_name(name)?;
        let mut work = self.begin_with_right(Right::ManageWebhooks).await?;
        let (chat, creator, now) = (self.chat.id, self.member.user, work.now);
        if incoming_webhooks::of_chat(&mut work.tx, chat).await?.len() >= MAX_WEBHOOKS {
            return Err(Error::Conflict("This chat has 50 webhooks already; delete one"));
        }
        let profile = Profile { display_name: Some(name.clone()), ..Profile::default() };
        let account = self.messenger.add_bot(&mut work, BotKind::Webhook, profile).await?.id();
        let id = IncomingWebhookId(self.messenger.id());
        let webhook = IncomingWebhook { id, chat, account, creator, name, created_at: now, used_at: None };
        let secret = new_secret();
        incoming_webhooks::insert(&mut work.tx, &webhook, sha256(secret.as_bytes())).await?;
        record(&mut work, self.actor, AuditAction::WebhookCreate, &webhook).await?;
        work.mark_changed();
        self.commit(work, Subject::IncomingWebhook(chat, id)).await?;
        Ok(IncomingSecret { webhook, secret })
    }

    /// The chat's webhooks, the oldest first.
    #[boxed]
    pub async fn webhooks(&self) -> Result<Vec<IncomingWebhook>> {
        self.may(Right::ManageWebhooks)?;
        Ok(incoming_webhooks::of_chat(&mut self.messenger.db.read().await?, self.chat.id).await?)
    }

    /// Renames a webhook, and the author of its messages.
    #[boxed]
    pub async fn rename_webhook(mut self, id: IncomingWebhookId, name: &str) -> Result<IncomingWebhook> {
        let name = check_name(name)?;
        let (mut work, mut webhook) = self.begin_webhook(id).await?;
        let before = users::by_id(&mut work.tx, webhook.account).await?.ok_or(NOT_FOUND)?;
        let mut after = before.clone();
        after.person.display_name.clone_from(&name);
        users::update(&mut work.tx, &after).await?;
        announce_profile(&mut work, &after, &before).await?;
        incoming_webhooks::rename(&mut work.tx, id, &name).await?;
        webhook.name = name;
        record(&mut work, self.actor, AuditAction::WebhookUpdate, &webhook).await?;
        self.commit(work, Subject::IncomingWebhook(webhook.chat, id)).await?;
        Ok(webhook)
    }

    /// Replaces a webhook's secret. The one before is no longer valid.
    #[boxed]
    pub async fn rotate_webhook(mut self, id: IncomingWebhookId) -> Result<IncomingSecret> {
        let (mut work, webhook) = self.begin_webhook(id).await?;
        let secret = new_secret();
        incoming_webhooks::set_secret(&mut work.tx, id, sha256(secret.as_bytes())).await?;
        record(&mut work, self.actor, AuditAction::WebhookRotate, &webhook).await?;
        work.mark_changed();
        self.commit(work, Subject::IncomingWebhook(webhook.chat, id)).await?;
        Ok(IncomingSecret { webhook, secret })
    }

    /// Deletes a webhook. Its messages stay.
    #[boxed]
    pub async fn delete_webhook(mut self, id: IncomingWebhookId) -> Result<()> {
        let (mut work, webhook) = self.begin_webhook(id).await?;
        let now = work.now;
        incoming_webhooks::delete(&mut work.tx, id).await?;
        record(&mut work, self.actor, AuditAction::WebhookDelete, &webhook).await?;
        accounts::deactivate(&mut work.tx, webhook.account, Some(now)).await?;
        work.mark_changed();
        self.commit(work, Subject::Nothing).await
    }

    async fn begin_webhook(&mut self, id: IncomingWebhookId) -> Result<(UnitOfWork, IncomingWebhook)> {
        let mut work = self.begin_with_right(Right::ManageWebhooks).await?;
        let found = incoming_webhooks::of_chat(&mut work.tx, self.chat.id).await?;
        let webhook = found.into_iter().find(|webhook| webhook.id == id).ok_or(NOT_FOUND)?;
        Ok((work, webhook))
    }
}

impl Messenger {
    /// The webhook of a secret. Counts towards the webhook's limit.
    #[boxed]
    pub async fn webhook(&self, secret: &str) -> Result<WebhookSender> {
        if secret.len() != SECRET_LENGTH || !secret.bytes().all(|byte| ALPHABET.contains(&byte)) {
            return Err(NOT_FOUND);
        }
        let found =
            incoming_webhooks::by_secret(&mut self.db.read().await?, sha256(secret.as_bytes())).await?;
        let webhook = found.ok_or(NOT_FOUND)?;
        self.limit(Limit::Webhook(webhook.id))?;
        Ok(WebhookSender { messenger: self.clone(), webhook })
    }
}

impl WebhookSender {
    /// Posts a message. A name that differs from the webhook's is stored with the message as `sender_name`. In a chat that
    /// was deleted it fails with `NotFound("chat")`.
    #[boxed]
    pub async fn post(
        self,
        text: &str,
        sender_name: Option<&str>,
        mentioned: Vec<UserId>,
    ) -> Result<Message> {
        let name = sender_name.and_then(text::line).filter(|name| name.chars().count() <= MAX_NAME);
        let name = name.filter(|name| *name != self.webhook.name);
        let payload = name.map(|name| Map::from_iter([("sender_name".to_owned(), name.into())]));
        let content = Content::new(Kind::Text, Some(cut(text)), payload)?;
        let mut retries = Retries::default();
        loop {
            match self.try_post(&content, &mentioned).await {
                Err(Error::Again) if retries.wait().await => {}
                done => return done,
            }
        }
    }

    async fn try_post(&self, content: &Content, mentioned: &[UserId]) -> Result<Message> {
        let (messenger, webhook) = (&self.messenger, &self.webhook);
        let mut work = messenger.begin().await?;
        chats::lock(&mut work.tx, webhook.chat).await?;
        let there = incoming_webhooks::of_chat(&mut work.tx, webhook.chat).await?;
        let webhook = there.iter().find(|there| there.id == webhook.id).ok_or(NOT_FOUND)?;
        let chat = chats::by_id(&mut work.tx, webhook.chat).await?.ok_or(Error::NotFound("chat"))?;
        let place = work.reserve_seq(chat.id).await?;
        let (id, now) = (MessageId(messenger.id()), work.now);
        let mut message = Message::new(id, (chat.id, place.seq), webhook.account, content.clone(), now);
        let life = chat.message_life.map(i64::unsigned_abs).map(Duration::from_millis);
        message.expires_at = life.map(|life| now + life);
        let named = content.text().map(Mentions::in_text).unwrap_or_default();
        (message.mentions, message.mentions_all) =
            find_mentioned(&mut work, chat.id, webhook.account, named, mentioned.to_vec()).await?;
        let found = content.text().map(model::links).unwrap_or_default();
        message.parts = Parts::NONE
            .with(Parts::MENTIONS, message.mentions_all || !message.mentions.is_empty())
            .with(Parts::LINKS, !found.is_empty());
        messages::insert_many(&mut work.tx, &[(&message, None)]).await?;
        mentions::insert_many(&mut work.tx, [&message]).await?;
        if !found.is_empty() {
            let addresses = vec![(id, chat.id, found)];
            links::insert_many(&mut work.tx, &addresses).await?;
            work.after_commit(|messenger| messenger.preview(addresses));
        }
        queue_pushes(&mut work, &[&message]).await?;
        if webhook.used_at.is_none_or(|used_at| used_at + USE_EVERY <= now) {
            incoming_webhooks::touch(&mut work.tx, webhook.id, now).await?;
        }
        announce_notice(&mut work, message.clone());
        work.commit().await?;
        Ok(message)
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        None => text.to_owned(),
        Some(_) => text.chars().take(MAX_TEXT - 1).chain(['…']).collect(),
    }
}
