//! Sends deliveries, one after the other for each webhook, and tries again later those that fail.

use std::time::Duration;

use super::outgoing::{OVERLAP, disable};
use crate::integrations::{SignedDelivery, WebhookAnswer};
use crate::messenger::Messenger;
use crate::messenger::accounts::notice::Notice;
use crate::messenger::foundation::retry::RetrySchedule;
use crate::messenger::foundation::{Error, Result, UnitOfWork};
use crate::model::{Delivery, DeliveryId, OutgoingWebhook, OutgoingWebhookId};
use crate::store::{outgoing_webhooks, users, webhook_deliveries};

/// After the last try a delivery is given up: three days in all.
const RETRIES: RetrySchedule = RetrySchedule::new(
    &[
        FIRST_DELAY,
        Duration::from_secs(5 * 60),
        Duration::from_secs(30 * 60),
        Duration::from_secs(2 * 3_600),
        Duration::from_secs(5 * 3_600),
        Duration::from_secs(10 * 3_600),
        Duration::from_secs(14 * 3_600),
        Duration::from_secs(20 * 3_600),
        Duration::from_secs(24 * 3_600),
    ],
    Duration::from_secs(24 * 3_600),
);
const FIRST_DELAY: Duration = Duration::from_secs(5);
/// For how long a delivery belongs to the node that sends it: longer than sending can take.
const CLAIM: Duration = Duration::from_secs(60);
/// How many webhooks are served at once.
const AT_ONCE: usize = 16;
/// How long deliveries are stored.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
const BATCH: u64 = 200;
const GONE: u16 = 410;

impl Messenger {
    /// Begins to send the deliveries that are due, without waiting for it.
    pub(crate) async fn start_due_deliveries(&self) -> Result<()> {
        if self.webhooks.sender.is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        for webhook in webhook_deliveries::webhooks_due(&mut self.db.read().await?, now).await? {
            let mut in_flight = self.webhooks.in_flight();
            if in_flight.len() >= AT_ONCE {
                break;
            }
            if in_flight.insert(webhook) {
                tokio::spawn(deliver_all(self.clone(), webhook));
            }
        }
        Ok(())
    }

    /// Sends the next due delivery of a webhook. Returns whether there was one.
    async fn deliver_next(&self, id: OutgoingWebhookId) -> Result<bool> {
        let Some(sender) = &self.webhooks.sender else { return Ok(false) };
        let Some((webhook, delivery)) = self.claim(id).await? else { return Ok(false) };
        let now = self.clock.now();
        let message_id = format!("msg_{}", delivery.id);
        let timestamp = now.seconds();
        let mut numbers = vec![webhook.secret_number];
        if webhook.rotated_at.is_some_and(|rotated_at| now < rotated_at + OVERLAP) {
            numbers.push(webhook.secret_number - 1);
        }
        let signature =
            self.webhooks.secrets.sign(id, &numbers, (&message_id, timestamp, delivery.body.as_str()));
        let signed = SignedDelivery {
            url: &webhook.url,
            id: &message_id,
            timestamp,
            signature: &signature,
            body: &delivery.body,
        };
        let outcome = sender.client.send(signed).await;
        self.record(id, delivery.id, outcome).await?;
        Ok(true)
    }

    /// Takes the next due delivery, so that no other node sends it too.
    async fn claim(&self, id: OutgoingWebhookId) -> Result<Option<(OutgoingWebhook, Delivery)>> {
        let mut work = self.begin_background().await?;
        let webhook = outgoing_webhooks::locked(&mut work.tx, id).await?;
        let Some(webhook) = webhook.filter(|webhook| webhook.disabled.is_none()) else { return Ok(None) };
        let now = work.now;
        let Some(mut delivery) = webhook_deliveries::first_due(&mut work.tx, id, now).await? else {
            return Ok(None);
        };
        delivery.next_at = Some(now + CLAIM);
        delivery.attempts += 1;
        delivery.attempted_at = Some(now);
        webhook_deliveries::update(&mut work.tx, &delivery).await?;
        work.commit().await?;
        Ok(Some((webhook, delivery)))
    }

    /// Stores the outcome of a try.
    async fn record(
        &self,
        id: OutgoingWebhookId,
        delivery: DeliveryId,
        outcome: std::result::Result<WebhookAnswer, String>,
    ) -> Result<()> {
        let mut work = self.begin_background().await?;
        let Some(mut webhook) = outgoing_webhooks::locked(&mut work.tx, id).await? else { return Ok(()) };
        let Some(mut delivery) = webhook_deliveries::locked(&mut work.tx, id, delivery).await? else {
            return Ok(());
        };
        let now = work.now;
        let status = outcome.as_ref().ok().map(|answer| answer.status);
        delivery.status = status.map(i64::from);
        delivery.failure = failure(&outcome);
        if delivery.failure.is_none() {
            (delivery.delivered_at, delivery.next_at) = (Some(now), None);
            webhook.failing_since = None;
        } else {
            webhook.failing_since = webhook.failing_since.or(Some(now));
            let retry_after = outcome.ok().and_then(|answer| answer.retry_after);
            delivery.next_at = RETRIES.next(delivery.attempts, now, retry_after);
        }
        webhook_deliveries::update(&mut work.tx, &delivery).await?;
        let since = webhook.failing_since.filter(|since| *since <= delivery.created_at + FIRST_DELAY);
        let reason = match () {
            () if status == Some(GONE) => Some("The receiver answered 410 (gone)".to_owned()),
            () if delivery.next_at.is_none() && since.is_some() => Some(format!(
                "A delivery was given up after {} tries, and none succeeded meanwhile; the last one failed because {}",
                delivery.attempts,
                delivery.failure.as_deref().unwrap_or_default()
            )),
            () => None,
        };
        if let Some(reason) = reason
            && webhook.disabled.is_none()
        {
            disable(&mut work, &mut webhook, &reason).await?;
            notify_creator(&mut work, &webhook).await?;
        }
        outgoing_webhooks::update(&mut work.tx, &webhook).await?;
        work.commit().await
    }

    /// Deletes deliveries from long ago.
    pub(crate) async fn delete_old_deliveries(&self) -> Result<()> {
        let before = self.clock.now() - KEPT;
        loop {
            let old = webhook_deliveries::older(&mut self.db.read().await?, before, BATCH).await?;
            if old.is_empty() {
                return Ok(());
            }
            let mut work = self.begin_background().await?;
            webhook_deliveries::delete(&mut work.tx, &old).await?;
            work.commit().await?;
        }
    }
}

/// Sends all due deliveries of a webhook.
async fn deliver_all(messenger: Messenger, webhook: OutgoingWebhookId) {
    loop {
        match messenger.deliver_next(webhook).await {
            Ok(true) => {}
            Ok(false) => break,
            // The server stops, or another node changed the same; what is left is found again.
            Err(Error::Busy | Error::Again) => break,
            Err(error) => {
                tracing::error!(%error, webhook = webhook.0, "could not deliver a webhook");
                break;
            }
        }
    }
    messenger.webhooks.in_flight().remove(&webhook);
}

/// Why a try failed; `None` if it succeeded.
fn failure(outcome: &std::result::Result<WebhookAnswer, String>) -> Option<String> {
    match outcome {
        Ok(answer) if (200..300).contains(&answer.status) => None,
        Ok(answer) if (300..400).contains(&answer.status) => {
            Some(format!("it was redirected ({}), which is not followed", answer.status))
        }
        Ok(answer) => Some(format!("the receiver answered {}", answer.status)),
        Err(why) => Some(why.chars().take(500).collect()),
    }
}

/// Tells the creator of a webhook by e-mail that it was switched off.
async fn notify_creator(work: &mut UnitOfWork, webhook: &OutgoingWebhook) -> Result<()> {
    tracing::warn!(webhook = webhook.id.0, "a webhook was switched off after repeated failures");
    let creator = users::by_id(&mut work.tx, webhook.creator).await?;
    if let Some(address) = creator.as_ref().and_then(|creator| creator.email.clone()) {
        let language = creator.and_then(|creator| creator.language);
        let language = work.messenger().profile_language(language.as_deref());
        Notice::WebhookDisabled.send(work, address, language).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;

    #[test]
    fn a_delivery_is_tried_ten_times_in_about_three_days() {
        let mut now = Time(0);
        let mut attempts = 1;
        while let Some(next) = RETRIES.next(attempts, now, None) {
            assert!(next > now);
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, 10);
        assert!((3 * 24..=4 * 24).contains(&(now.seconds() / 3_600)), "{}", now.seconds() / 3_600);
    }
}
