//! Sends pushes that are due, tries those that failed again, and logs what became of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::integrations::{Push, PushClient, PushError, Urgency};
use crate::messenger::Messenger;
use crate::messenger::foundation::last_run::LastRun;
use crate::messenger::foundation::retry::RetrySchedule;
use crate::messenger::foundation::settings::PushSettings;
use crate::messenger::foundation::{Error, Result, Secrets};
use crate::messenger::notifications::rules;
use crate::model::{
    ChatId, ChatKind, Message, MessageId, PushLogEntry, PushOutcome, PushSubscription, PushSubscriptionId,
    Status, Time, UserId,
};
use crate::store::chats::ChatRecord;
use crate::store::push::{self, Delivery};
use crate::store::{chats, messages, users};

/// For how long a push is tried, and kept by the push service for a device that is off.
pub(crate) const LIFE: Duration = Duration::from_secs(24 * 3_600);
/// After the last try a push is given up.
const RETRIES: RetrySchedule = RetrySchedule::new(
    &[
        Duration::from_secs(10),
        Duration::from_secs(60),
        Duration::from_secs(5 * 60),
        Duration::from_secs(30 * 60),
        Duration::from_secs(2 * 3_600),
    ],
    Duration::from_secs(6 * 3_600),
);
/// How long no other node tries a push that one has begun to send: longer than that takes.
const CLAIM: Duration = Duration::from_secs(60);
/// The most pushes that are sent at once, and the most to one user's devices: an address that does not answer delays only
/// its owner's.
const MAX_AT_ONCE: usize = 128;
const MAX_AT_ONCE_TO_USER: usize = 8;
/// How much later those that are too many are tried.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest text of a push in characters: push services take 4,096 bytes in all.
const MAX_TEXT: usize = 300;
const MAX_NAME: usize = 100;

/// Sends pushes.
pub(crate) struct Pushes {
    /// `None` when pushes are off.
    pub(super) client: Option<PushClient>,
    /// When it was last looked up whether there is any device to push to.
    pub(super) checked: LastRun,
    /// For the topics, by which push services must not see who is in a chat with whom.
    topics: Key,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Pushes that are being sent, or were sent and are not recorded yet.
    in_flight: HashMap<(PushSubscriptionId, MessageId), UserId>,
    /// What became of those that were sent.
    results: Vec<Sent>,
}

/// A push that was tried.
struct Sent {
    delivery: Delivery,
    user: UserId,
    service: String,
    result: std::result::Result<u16, PushError>,
}

/// A push with all that it takes to send it.
struct Ready {
    delivery: Delivery,
    subscription: PushSubscription,
    text: Vec<u8>,
    ttl: Duration,
    topic: String,
}

impl Pushes {
    pub(crate) fn new(settings: Option<&PushSettings>, secrets: &Secrets) -> Result<Self> {
        let seeds = (0..u8::MAX).map(|number| secrets.key(&format!("push key {number}")));
        let client = settings.map(|settings| {
            PushClient::new(seeds, settings.contact.as_deref(), settings.allowed.clone())
                .map_err(Error::Internal)
        });
        Ok(Self {
            client: client.transpose()?,
            checked: LastRun::default(),
            topics: Key::new(HMAC_SHA256, &secrets.key("push topic")),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for all pushes of a chat to a device: the push service keeps only the newest for a device that is off.
    fn topic(&self, chat: ChatId, subscription: PushSubscriptionId) -> String {
        let hash = hmac::sign(&self.topics, format!("{chat} {subscription}").as_bytes());
        let mut topic = URL_SAFE_NO_PAD.encode(hash.as_ref());
        topic.truncate(32);
        topic
    }
}

impl Messenger {
    /// Records what became of pushes, and begins to send those that are due.
    pub(crate) async fn send_due_pushes(&self) -> Result<()> {
        if self.pushes.client.is_none() || !self.push_queue.is_used() {
            return Ok(());
        }
        self.record_sent_pushes().await?;
        let free = MAX_AT_ONCE.saturating_sub(self.pushes.state().in_flight.len());
        let now = self.clock.now();
        if free == 0 || !push::is_any_due(&mut self.db.read().await?, now).await? {
            return Ok(());
        }
        for ready in self.claim_due_pushes(free).await? {
            tokio::spawn(send(self.clone(), ready));
        }
        Ok(())
    }

    /// Takes pushes that are due: no other node sends them now. Those that are no longer wanted are deleted.
    async fn claim_due_pushes(&self, limit: usize) -> Result<Vec<Ready>> {
        let mut work = self.begin_background().await?;
        let now = work.now;
        let mut due = push::locked_due(&mut work.tx, now, limit as u64).await?;
        due.retain(|one| !self.pushes.state().in_flight.contains_key(&(one.subscription, one.message)));
        let ids: Vec<MessageId> = due.iter().map(|one| one.message).collect();
        let found: HashMap<MessageId, Message> =
            messages::by_ids(&mut work.tx, &ids).await?.into_iter().map(|one| (one.id, one)).collect();
        let ids: Vec<PushSubscriptionId> = due.iter().map(|one| one.subscription).collect();
        let devices: HashMap<PushSubscriptionId, PushSubscription> =
            push::by_ids(&mut work.tx, &ids).await?.into_iter().map(|one| (one.id, one)).collect();
        let mut chat_ids: Vec<ChatId> = found.values().map(|message| message.chat).collect();
        chat_ids.sort_unstable();
        chat_ids.dedup();
        let chats: HashMap<ChatId, ChatRecord> =
            chats::by_ids(&mut work.tx, &chat_ids).await?.into_iter().map(|chat| (chat.id, chat)).collect();
        let mut recipients = HashMap::new();
        for chat in chat_ids {
            let among = push::recipients_among(&mut work.tx, chat, &ids, now).await?;
            recipients.extend(among.into_iter().map(|one| ((chat, one.subscription), one)));
        }
        let authors: Vec<UserId> = found.values().map(|message| message.author).collect();
        let names: HashMap<UserId, String> =
            users::names(&mut work.tx, &authors).await?.into_iter().collect();

        let mut sending: HashMap<UserId, usize> = HashMap::new();
        for user in self.pushes.state().in_flight.values() {
            *sending.entry(*user).or_default() += 1;
        }
        let mut ready = Vec::with_capacity(due.len());
        for delivery in due {
            let device = devices.get(&delivery.subscription);
            let message = found.get(&delivery.message);
            let chat = message.and_then(|message| chats.get(&message.chat));
            let (Some(device), Some(message), Some(chat)) = (device, message, chat) else {
                push::delete_delivery(&mut work.tx, &delivery).await?;
                continue;
            };
            let is_active =
                delivery.is_deferred != 0 && self.hub.presence.status_of(device.user) == Status::Online;
            let is_wanted = recipients
                .get(&(chat.id, device.id))
                .is_some_and(|recipient| rules::is_wanted(message, chat.kind, recipient, now));
            if is_active || !is_wanted || message.sent_at + LIFE <= now {
                push::delete_delivery(&mut work.tx, &delivery).await?;
                continue;
            }
            let sending = sending.entry(device.user).or_default();
            if *sending >= MAX_AT_ONCE_TO_USER {
                push::postpone(&mut work.tx, &delivery, now + PAUSE, delivery.attempts).await?;
                continue;
            }
            *sending += 1;
            push::postpone(&mut work.tx, &delivery, now + CLAIM, delivery.attempts).await?;
            let author = names.get(&message.author).map_or("", String::as_str);
            ready.push(Ready {
                text: text(message, chat, author, &delivery, device.hides_content),
                ttl: ttl(message, now),
                topic: self.pushes.topic(chat.id, device.id),
                subscription: device.clone(),
                delivery,
            });
        }
        work.commit().await?;
        let mut state = self.pushes.state();
        for one in &ready {
            state.in_flight.insert((one.delivery.subscription, one.delivery.message), one.subscription.user);
        }
        Ok(ready)
    }

    /// Records what became of pushes that were sent.
    async fn record_sent_pushes(&self) -> Result<()> {
        let results = std::mem::take(&mut self.pushes.state().results);
        if results.is_empty() {
            return Ok(());
        }
        let recorded = self.record_push(&results).await;
        let mut state = self.pushes.state();
        match recorded {
            Ok(()) => {
                for one in results {
                    state.in_flight.remove(&(one.delivery.subscription, one.delivery.message));
                }
                Ok(())
            }
            Err(error) => {
                state.results.extend(results);
                Err(error)
            }
        }
    }

    async fn record_push(&self, results: &[Sent]) -> Result<()> {
        let mut work = self.begin_background().await?;
        let now = work.now;
        for Sent { delivery, user, service, result } in results {
            let attempts = delivery.attempts + 1;
            let (outcome, status) = match *result {
                Ok(status) => (PushOutcome::Sent, Some(status)),
                Err(PushError::Gone(status)) => (PushOutcome::Removed, Some(status)),
                Err(PushError::Later { status, after }) => match RETRIES.next(attempts, now, after) {
                    Some(next) => {
                        push::postpone(&mut work.tx, delivery, next, attempts).await?;
                        (PushOutcome::Retried, status)
                    }
                    None => (PushOutcome::Failed, status),
                },
                Err(PushError::Refused(status)) => (PushOutcome::Failed, status),
            };
            match outcome {
                PushOutcome::Sent | PushOutcome::Failed => {
                    push::delete_delivery(&mut work.tx, delivery).await?;
                }
                PushOutcome::Removed => push::delete(&mut work.tx, &[delivery.subscription]).await?,
                PushOutcome::Retried => {}
            }
            let (id, user, service) = (self.id(), *user, service.clone());
            let entry = PushLogEntry { id, at: now, user, service, outcome, status, attempts };
            push::log(&mut work.tx, &entry).await?;
        }
        work.commit().await
    }
}

/// Sends a push. What became of it is recorded with the next run.
async fn send(messenger: Messenger, ready: Ready) {
    let Some(client) = &messenger.pushes.client else { return };
    let Ready { delivery, subscription, text, ttl, topic } = ready;
    let push = Push {
        endpoint: &subscription.endpoint,
        keys: &subscription.keys,
        text: &text,
        ttl,
        topic: &topic,
        urgency: if delivery.is_addressed != 0 { Urgency::High } else { Urgency::Normal },
    };
    let result = client.send(&push, messenger.clock.now()).await;
    let service = subscription.service().to_owned();
    messenger.pushes.state().results.push(Sent { delivery, user: subscription.user, service, result });
}

fn ttl(message: &Message, now: Time) -> Duration {
    let end = message.expires_at.map_or(message.sent_at + LIFE, |at| at.min(message.sent_at + LIFE));
    Duration::from_millis((end.0 - now.0).max(0).unsigned_abs())
}

/// What a device is told.
fn text(
    message: &Message,
    chat: &ChatRecord,
    author: &str,
    delivery: &Delivery,
    hides_content: bool,
) -> Vec<u8> {
    let mut told = json!({"type": "message", "chat_id": message.chat.0, "message_id": message.id.0});
    if !hides_content {
        let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
        let is_private = chat.kind == ChatKind::Private;
        told["chat_title"] = json!((!is_private).then(|| cut(&chat.title, MAX_NAME)));
        told["author_id"] = json!(message.author.0);
        told["author_name"] = json!(cut(author, MAX_NAME));
        told["text"] = json!(cut(&message.plain(), MAX_TEXT));
        told["mention"] = json!(delivery.is_addressed != 0 && !is_private);
    }
    told.to_string().into_bytes()
}
