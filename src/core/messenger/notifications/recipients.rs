//! Chooses whom new messages are pushed to.

use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::messenger::notifications::rules;
use crate::model::{Message, Status, UserId};
use crate::store::push::{self, Delivery};
use crate::store::{blocks, chats, messages};

/// How many messages one transaction handles.
const BATCH: u64 = 50;
/// How often it is looked up whether there is any device to push to; another node may have got the first one.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

impl Messenger {
    /// Looks up whether there is any device to push to.
    pub(crate) async fn check_push_use(&self) -> Result<()> {
        if self.pushes.client.is_some() && self.pushes.checked.due(self.clock.now(), CHECK_INTERVAL).is_some()
        {
            let is_used = push::any(&mut self.db.read().await?).await?;
            self.push_queue.set_used(is_used);
        }
        Ok(())
    }

    /// Chooses the recipients of new messages.
    pub(crate) async fn choose_push_recipients(&self) -> Result<()> {
        if self.pushes.client.is_none() || !self.push_queue.is_used() {
            return Ok(());
        }
        while push::has_messages(&mut self.db.read().await?).await? {
            let mut work = self.begin_background().await?;
            let ids = push::locked_messages(&mut work.tx, BATCH).await?;
            push::delete_messages(&mut work.tx, &ids).await?;
            for message in messages::by_ids(&mut work.tx, &ids).await? {
                let deliveries = self.deliveries_of(&mut work, &message).await?;
                push::insert_deliveries(&mut work.tx, &deliveries).await?;
            }
            work.commit().await?;
        }
        Ok(())
    }

    async fn deliveries_of(&self, work: &mut UnitOfWork, message: &Message) -> Result<Vec<Delivery>> {
        let now = work.now;
        if message.sent_at + rules::MAX_AGE < now {
            return Ok(Vec::new());
        }
        let Some(chat) = chats::by_id(&mut work.tx, message.chat).await? else { return Ok(Vec::new()) };
        let mut recipients = push::recipients(&mut work.tx, message.chat, now).await?;
        recipients.retain(|recipient| rules::is_wanted(message, chat.kind, recipient, now));
        if recipients.is_empty() {
            return Ok(Vec::new());
        }
        let users: Vec<UserId> = recipients.iter().map(|recipient| recipient.user).collect();
        let blockers = blocks::blockers(&mut work.tx, message.author, &users).await?;
        recipients.retain(|recipient| !blockers.contains(&recipient.user));
        let delivery = |recipient: push::Recipient| {
            let status = self.hub.presence.status_of(recipient.user);
            Delivery {
                subscription: recipient.subscription,
                message: message.id,
                due_at: rules::due_at(status, now),
                attempts: 0,
                is_deferred: i64::from(status == Status::Online),
                is_addressed: i64::from(rules::is_addressed(message, chat.kind, &recipient)),
            }
        };
        Ok(recipients.into_iter().map(delivery).collect())
    }
}
