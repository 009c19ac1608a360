//! Delivery of sign-in codes: by e-mail, by SMS, or to the log.

use std::time::Duration;

use crate::integrations::{DeliveryError, Mailer, SmsClient};
use crate::messenger::Messenger;
use crate::messenger::accounts::contact::Contact;
use crate::messenger::accounts::mail_queue::{Mail, MailQueue, QueuedMail};
use crate::messenger::foundation::secrets::Secrets;
use crate::messenger::foundation::settings::Senders;
use crate::messenger::foundation::{Error, Result, UnitOfWork};
use crate::model::{Language, Time};

/// The configured delivery channels.
pub(crate) struct CodeDelivery {
    pub(super) to_log: bool,
    pub(super) mail: Option<MailQueue>,
    sms: Option<SmsClient>,
}

impl CodeDelivery {
    pub(crate) fn new(senders: &Senders, secrets: &Secrets) -> Result<Self> {
        if senders.to_log {
            tracing::warn!("sign-in codes are written to this log: whoever reads it can use them");
        }
        let mailer = senders.mail.as_ref().map(|server| {
            Mailer::new(&server.url, server.from.as_deref(), server.name.as_deref())
                .map_err(|why| Error::invalid("--smtp-url", why))
        });
        let sms = senders.sms.as_ref().map(|gateway| SmsClient::new(&gateway.url, &gateway.secret));
        Ok(Self {
            to_log: senders.to_log,
            mail: mailer.transpose()?.map(|mailer| MailQueue::new(mailer, secrets)).transpose()?,
            sms: sms.transpose().map_err(|why| Error::invalid("--sms-webhook", why))?,
        })
    }

    /// Whether e-mail can be sent.
    pub(crate) fn sends_mail(&self) -> bool {
        self.to_log || self.mail.is_some()
    }

    /// Fails if there is no channel for this contact.
    pub(crate) fn check(&self, to: &Contact) -> Result<()> {
        match to {
            _ if self.to_log => Ok(()),
            Contact::Email(_) if self.mail.is_none() => {
                Err(Error::NotConfigured("This server does not send e-mail; sign in with a password"))
            }
            Contact::Phone(_) if self.sms.is_none() => {
                Err(Error::NotConfigured("This server does not send SMS; sign in another way"))
            }
            Contact::Email(_) | Contact::Phone(_) => Ok(()),
        }
    }
}

/// Subject and text of the message with a code.
fn message_with(code: &str, language: Language) -> (String, String) {
    match language {
        Language::Russian => (
            format!("Код для входа: {code}"),
            format!("{code} — код для входа в Беседку. Он действует 10 минут. Никому его не сообщайте."),
        ),
        Language::English => (
            format!("Your code: {code}"),
            format!(
                "{code} is your code for Besedka. It is valid for 10 minutes. Do not share it with anyone."
            ),
        ),
    }
}

impl Messenger {
    /// Stores the e-mail with a code within a unit of work, for [`Messenger::deliver_code`] after the commit. `None` where
    /// the code goes another way.
    pub(crate) async fn queue_code(
        &self,
        work: &mut UnitOfWork,
        to: &Contact,
        code: &str,
        language: Language,
        life: Duration,
    ) -> Result<Option<QueuedMail>> {
        let channels = &self.code_delivery;
        let (Contact::Email(address), Some(queue), false) = (to, &channels.mail, channels.to_log) else {
            return Ok(None);
        };
        let (subject, text) = message_with(code, language);
        let mail = Mail { to: address.clone(), subject, text };
        // Only the newest code of an address is valid.
        queue.add(work, mail, Some(&to.key()), life).await.map(Some)
    }

    /// Sends a code. `Ok` too if the mail server does not take it now: it is tried again.
    pub(crate) async fn deliver_code(
        &self,
        to: &Contact,
        code: &str,
        queued: Option<QueuedMail>,
        language: Language,
        now: Time,
    ) -> std::result::Result<(), DeliveryError> {
        let channels = &self.code_delivery;
        if let Some(mail) = queued {
            return self.send_queued_mail(mail).await;
        }
        if channels.to_log {
            tracing::warn!(to = to.key(), code, "sign-in code");
            return Ok(());
        }
        match (to, &channels.sms) {
            (Contact::Phone(number), Some(sms)) => {
                let (_, text) = message_with(code, language);
                sms.send(number, &text, code, now).await
            }
            (Contact::Email(_) | Contact::Phone(_), _) => {
                Err(DeliveryError::Refused("there is no channel for it".to_owned()))
            }
        }
    }
}
