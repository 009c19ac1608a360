//! Outgoing e-mail. A message is stored with the change that causes it and tried at once; while the mail server refuses
//! it for now or does not answer, it is tried again until it expires, by whichever node leads the jobs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::integrations::{DeliveryError, Mailer};
use crate::messenger::Messenger;
use crate::messenger::foundation::encryption::Encryptor;
use crate::messenger::foundation::retry::RetrySchedule;
use crate::messenger::foundation::secrets::Secrets;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::Time;
use crate::store::outgoing_mail::{self, OutgoingMail};

/// After the last of these delays a message is tried every quarter of an hour until it expires.
const RETRIES: RetrySchedule = RetrySchedule::new(
    &[
        Duration::from_secs(20),
        Duration::from_secs(40),
        Duration::from_secs(80),
        Duration::from_secs(160),
        Duration::from_secs(320),
        Duration::from_secs(640),
    ],
    Duration::ZERO,
);
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);
/// How many messages one run tries.
const BATCH: u64 = 20;

/// The mail server, and what protects messages that wait.
pub(crate) struct MailQueue {
    mailer: Mailer,
    encryptor: Encryptor,
    /// Held while messages are tried again: one run at a time.
    retrying: tokio::sync::Mutex<()>,
}

/// A message to one recipient.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// A stored message whose first try is to be made.
#[derive(Debug)]
pub(crate) struct QueuedMail {
    id: i64,
    mail: Mail,
}

impl MailQueue {
    pub(crate) fn new(mailer: Mailer, secrets: &Secrets) -> Result<Self> {
        let encryptor = Encryptor::new(secrets.key("outgoing mail"))?;
        Ok(Self { mailer, encryptor, retrying: tokio::sync::Mutex::default() })
    }

    /// Stores a message within a unit of work. With a contact it replaces an earlier one of the same contact. After the
    /// commit, [`Messenger::send_queued_mail`] is called for it.
    pub(crate) async fn add(
        &self,
        work: &mut UnitOfWork,
        mail: Mail,
        contact: Option<&str>,
        life: Duration,
    ) -> Result<QueuedMail> {
        let id = work.messenger().id();
        let json = serde_json::to_string(&mail).unwrap_or_default();
        let sealed = self.encryptor.encrypt(id, &json)?;
        let row = OutgoingMail { id, sealed, tries: 1, expires_at: work.now + life };
        outgoing_mail::add(&mut work.tx, &row, contact, next_try(&row, work.now)).await?;
        Ok(QueuedMail { id, mail })
    }
}

impl Messenger {
    /// Makes the first try. A message that could not be sent now stays in the queue; one that was refused for good is
    /// removed, and the error says why.
    pub(crate) async fn send_queued_mail(
        &self,
        queued: QueuedMail,
    ) -> std::result::Result<(), DeliveryError> {
        let Some(queue) = &self.code_delivery.mail else { return Ok(()) };
        let QueuedMail { id, mail } = queued;
        let sent = queue.mailer.send(&mail.to, &mail.subject, mail.text).await;
        match &sent {
            Err(error @ (DeliveryError::Deferred(_) | DeliveryError::TimedOut)) => {
                tracing::warn!(%error, "an e-mail waits for the next try");
                return Ok(());
            }
            Err(error @ DeliveryError::Refused(_)) => tracing::error!(%error, "an e-mail could not be sent"),
            Ok(()) => {}
        }
        if let Err(error) = self.remove_mail(id).await {
            tracing::error!(%error, "an e-mail that was sent or refused could not be removed from the queue");
        }
        sent
    }

    async fn remove_mail(&self, id: i64) -> Result<()> {
        let mut work = self.begin().await?;
        outgoing_mail::delete(&mut work.tx, id).await?;
        work.commit().await
    }

    /// Tries messages again that are due, without waiting for the mail server.
    pub(crate) async fn retry_mail(&self) -> Result<()> {
        let Some(queue) = &self.code_delivery.mail else { return Ok(()) };
        if queue.retrying.try_lock().is_err()
            || !outgoing_mail::is_any_due(&mut self.db.read().await?, self.clock.now()).await?
        {
            return Ok(());
        }
        let messenger = self.clone();
        tokio::spawn(async move {
            if let Err(error) = messenger.retry_due_mail().await {
                tracing::error!(%error, "failed: trying e-mail again");
            }
        });
        Ok(())
    }

    async fn retry_due_mail(&self) -> Result<()> {
        let Some(queue) = &self.code_delivery.mail else { return Ok(()) };
        let Ok(_one_run) = queue.retrying.try_lock() else { return Ok(()) };
        let mut work = self.begin_background().await?;
        let now = work.now;
        let due = outgoing_mail::due(&mut work.tx, now, BATCH).await?;
        let mut tried = Vec::with_capacity(due.len());
        for row in due {
            if row.expires_at <= now {
                tracing::error!(
                    tries = row.tries,
                    "an e-mail was given up: the mail server did not take it in time"
                );
                outgoing_mail::delete(&mut work.tx, row.id).await?;
                continue;
            }
            let row = OutgoingMail { tries: row.tries + 1, ..row };
            outgoing_mail::begin_try(&mut work.tx, row.id, row.tries, next_try(&row, now)).await?;
            tried.push(row);
        }
        work.commit().await?;
        for row in tried {
            let mail = queue.encryptor.decrypt(row.id, &row.sealed);
            let Some(mail) = mail.and_then(|json| serde_json::from_str(&json).ok()) else {
                tracing::error!("an e-mail was given up: it was encrypted with another secret");
                self.remove_mail(row.id).await?;
                continue;
            };
            // What it fails with is in the log.
            let _ = self.send_queued_mail(QueuedMail { id: row.id, mail }).await;
        }
        Ok(())
    }
}

/// When a message is tried after the try that is its latest; the last time when it expires.
fn next_try(row: &OutgoingMail, now: Time) -> Time {
    let next = RETRIES.next(row.tries, now, None).unwrap_or(now + LONGEST_DELAY);
    row.expires_at.min(next)
}
