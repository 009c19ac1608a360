//! Turns new events into deliveries.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::outgoing::{chats_of, disable};
use crate::messenger::Messenger;
use crate::messenger::foundation::{Result, event_log};
use crate::model::{
    Change, ChatId, Delivery, DeliveryId, Event, Message, OutgoingWebhook, OutgoingWebhookId, Stream, User,
    UserId, WebhookEvent,
};
use crate::store::chats::ChatRecord;
use crate::store::{chats, events, outgoing_webhooks, streams, users, webhook_deliveries};

/// How many events of a chat become deliveries in one transaction.
const BATCH: i64 = 100;
/// How many deliveries of a webhook may wait. Its receiver is gone when there are more.
const MAX_WAITING: i64 = 10_000;
/// Events have no reader of their own here: what a user hid for themselves stays.
const NOBODY: UserId = UserId(0);

impl Messenger {
    /// Turns events that happened since the last call into deliveries.
    pub(crate) async fn collect_webhook_events(&self) -> Result<()> {
        if self.webhooks.sender.is_none() {
            return Ok(());
        }
        let mut read = self.db.read().await?;
        let webhooks = outgoing_webhooks::active(&mut read).await?;
        if webhooks.is_empty() {
            return Ok(());
        }
        let ids: Vec<OutgoingWebhookId> = webhooks.iter().map(|webhook| webhook.id).collect();
        let mut cursors: HashMap<OutgoingWebhookId, HashMap<ChatId, i64>> = HashMap::new();
        for (webhook, chat, seq) in outgoing_webhooks::cursors(&mut read, &ids).await? {
            cursors.entry(webhook).or_default().insert(chat, seq);
        }
        let mut targets = Vec::with_capacity(webhooks.len());
        for webhook in webhooks {
            let chats = chats_of(&mut read, &webhook).await?;
            targets.push((webhook, chats));
        }
        let mut wanted: Vec<Stream> =
            targets.iter().flat_map(|(_, chats)| chats.iter().map(|(chat, _)| (*chat).into())).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let last = streams::seqs(&mut read, &wanted).await?;
        drop(read);
        for (webhook, chats) in targets {
            let mut known = cursors.remove(&webhook.id).unwrap_or_default();
            for (chat, joined) in chats {
                let from = known.remove(&chat);
                let up_to = last.get(&chat.into()).copied().unwrap_or_default();
                if from.is_none_or(|from| from < up_to) {
                    self.collect(&webhook, chat, (from, joined), up_to).await?;
                }
            }
            if !known.is_empty() {
                // The bot left these.
                let left: Vec<ChatId> = known.into_keys().collect();
                let mut work = self.begin_background().await?;
                outgoing_webhooks::delete_cursors(&mut work.tx, webhook.id, &left).await?;
                work.commit().await?;
            }
        }
        Ok(())
    }

    /// Makes deliveries of the next events of a chat, and moves the cursor.
    async fn collect(
        &self,
        webhook: &OutgoingWebhook,
        chat: ChatId,
        (cursor, joined): (Option<i64>, i64),
        up_to: i64,
    ) -> Result<()> {
        let after = cursor.unwrap_or(joined);
        let up_to = up_to.min(after + BATCH).max(after);
        let bodies = self.bodies(webhook, chat, after, up_to).await?;
        let mut work = self.begin_background().await?;
        let there = outgoing_webhooks::locked(&mut work.tx, webhook.id).await?;
        let Some(mut webhook) = there.filter(|webhook| webhook.disabled.is_none()) else { return Ok(()) };
        if outgoing_webhooks::locked_cursor(&mut work.tx, webhook.id, chat).await? != cursor {
            // Another node was faster.
            return Ok(());
        }
        match cursor {
            Some(_) => outgoing_webhooks::set_cursor(&mut work.tx, webhook.id, chat, up_to).await?,
            None => outgoing_webhooks::insert_cursor(&mut work.tx, webhook.id, chat, up_to).await?,
        }
        let now = work.now;
        let new: Vec<Delivery> = bodies
            .into_iter()
            .map(|(event, body)| Delivery::new(DeliveryId(self.id()), webhook.id, event, body, now))
            .collect();
        webhook_deliveries::insert_many(&mut work.tx, &new).await?;
        if !new.is_empty() && webhook_deliveries::count_waiting(&mut work.tx, webhook.id).await? > MAX_WAITING
        {
            disable(&mut work, &mut webhook, "More than 10,000 deliveries were waiting").await?;
            outgoing_webhooks::update(&mut work.tx, &webhook).await?;
            tracing::warn!(webhook = webhook.id.0, "a webhook was switched off: too many deliveries wait");
        }
        work.commit().await
    }

    /// The events of a part of a chat's log that a webhook tells, as JSON.
    async fn bodies(
        &self,
        webhook: &OutgoingWebhook,
        chat: ChatId,
        after: i64,
        up_to: i64,
    ) -> Result<Vec<(WebhookEvent, String)>> {
        let Some(sender) = &self.webhooks.sender else { return Ok(Vec::new()) };
        let mut read = self.db.snapshot().await?;
        let Some(about) = chats::by_id(&mut read, chat).await? else { return Ok(Vec::new()) };
        let range = events::Range { stream: chat.into(), after, up_to };
        let records = events::in_ranges(&mut read, &[range]).await?;
        let events = event_log::hydrate(&mut read, NOBODY, &records).await?;
        let authors: HashSet<UserId> =
            events.iter().filter_map(message_of).map(|message| message.author).collect();
        let authors: Vec<UserId> = authors.into_iter().collect();
        let authors: HashMap<UserId, User> =
            users::by_ids(&mut read, &authors).await?.into_iter().map(|user| (user.id(), user)).collect();
        let told = |event: &Event| {
            let kind = kind_of(&event.change).filter(|kind| webhook.events.contains(kind))?;
            let author = message_of(event).and_then(|message| authors.get(&message.author));
            // Two programs that answer each other would go on for ever.
            if author.is_some_and(|author| author.person.is_bot) {
                return None;
            }
            let data = (sender.event_data)(&event.change)?;
            Some((kind, body(kind, event, &about, author, &data)))
        };
        Ok(events.iter().filter_map(told).collect())
    }
}

fn kind_of(change: &Change) -> Option<WebhookEvent> {
    Some(match change {
        Change::MessageCreated(_) => WebhookEvent::MessageCreated,
        Change::MessageUpdated(_) | Change::AnswerFinished(_) => WebhookEvent::MessageUpdated,
        Change::MessageDeleted { .. } => WebhookEvent::MessageDeleted,
        Change::MessagesDeleted { .. } => WebhookEvent::MessagesDeleted,
        Change::MemberAdded { .. } => WebhookEvent::MemberAdded,
        Change::MemberUpdated { .. } => WebhookEvent::MemberUpdated,
        Change::MemberRemoved { .. } => WebhookEvent::MemberRemoved,
        Change::ChatUpdated(_) => WebhookEvent::ChatUpdated,
        // Marks, and what is told to one user only.
        _ => return None,
    })
}

fn message_of(event: &Event) -> Option<&Message> {
    match &event.change {
        Change::MessageCreated(message)
        | Change::MessageUpdated(message)
        | Change::AnswerFinished(message) => Some(message),
        _ => None,
    }
}

fn body(kind: WebhookEvent, event: &Event, chat: &ChatRecord, author: Option<&User>, data: &Value) -> String {
    let mut body = json!({
        "type": kind.name(),
        "timestamp": format!("{}Z", event.at.iso()),
        "chat": {"id": chat.id.0, "title": chat.title},
        "data": data,
    });
    if let Some(author) = author {
        body["author"] = json!({
            "id": author.id().0,
            "username": author.person.username,
            "display_name": author.person.display_name,
        });
    }
    body.to_string()
}
