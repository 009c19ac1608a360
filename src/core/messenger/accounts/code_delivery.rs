//! Delivery of sign-in codes: by e-mail, by SMS, or to the log.

use crate::integrations::{DeliveryError, Mailer, SmsClient};
use crate::messenger::Messenger;
use crate::messenger::accounts::contact::Contact;
use crate::messenger::foundation::settings::Senders;
use crate::messenger::foundation::{Error, Result};
use crate::model::{Language, Time};

/// The configured delivery channels.
pub(crate) struct CodeDelivery {
    to_log: bool,
    mail: Option<Mailer>,
    sms: Option<SmsClient>,
}

impl CodeDelivery {
    pub(crate) fn new(senders: &Senders) -> Result<Self> {
        if senders.to_log {
            tracing::warn!("sign-in codes are written to this log: whoever reads it can use them");
        }
        let mail = senders.mail.as_ref().map(|server| Mailer::new(&server.url, server.from.as_deref()));
        let sms = senders.sms.as_ref().map(|gateway| SmsClient::new(&gateway.url, &gateway.secret));
        Ok(Self {
            to_log: senders.to_log,
            mail: mail.transpose().map_err(|why| Error::invalid("--smtp-url", why))?,
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

impl CodeDelivery {
    /// Sends another message than a code to an e-mail address, where the server sends e-mail.
    pub(crate) async fn notify(
        &self,
        address: &str,
        subject: &str,
        text: &str,
    ) -> std::result::Result<(), DeliveryError> {
        match &self.mail {
            _ if self.to_log => {
                tracing::warn!(to = address, text, "{subject}");
                Ok(())
            }
            Some(mail) => mail.send(address, subject, text.to_owned()).await,
            None => Ok(()),
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
    /// Sends a code.
    pub(crate) async fn deliver_code(
        &self,
        to: &Contact,
        code: &str,
        language: Language,
        now: Time,
    ) -> std::result::Result<(), DeliveryError> {
        let (subject, text) = message_with(code, language);
        let channels = &self.code_delivery;
        if channels.to_log {
            tracing::warn!(to = to.key(), code, "sign-in code");
            return Ok(());
        }
        match (to, &channels.mail, &channels.sms) {
            (Contact::Email(address), Some(mail), _) => mail.send(address, &subject, text).await,
            (Contact::Phone(number), _, Some(sms)) => sms.send(number, &text, code, now).await,
            (Contact::Email(_) | Contact::Phone(_), ..) => {
                Err(DeliveryError::Refused("there is no channel for it".to_owned()))
            }
        }
    }
}
