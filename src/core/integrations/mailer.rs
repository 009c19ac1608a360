//! Sends e-mail by SMTP.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::DeliveryError;
use crate::boxed;

/// How long sending a message to the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A mail server and the sender's address.
pub struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// `url` is like `smtps://user:password@mail.example.org`. Without `from` the user must be an e-mail address.
    pub fn new(url: &str, from: Option<&str>) -> Result<Self, String> {
        // The library's error is not shown: it may contain the URL with the password.
        let invalid = || "it must be as smtps://USER:PASSWORD@HOST or smtp://HOST".to_owned();
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| invalid())?;
        let user = url::Url::parse(url).map_err(|_| invalid())?.username().replace("%40", "@");
        let from = from.unwrap_or(&user);
        let from =
            from.parse().map_err(|_| "--mail-from must say from which address letters come".to_owned());
        Ok(Self { server: server.timeout(Some(TIMEOUT)).build(), from: from? })
    }

    /// Whether the mail server can be reached and accepts the account.
    #[boxed]
    pub async fn check(&self) -> Result<(), String> {
        match tokio::time::timeout(TIMEOUT, self.server.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the mail server does not answer as it should".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the mail server does not answer".to_owned()),
        }
    }

    #[boxed]
    pub async fn send(&self, to: &str, subject: &str, text: String) -> Result<(), DeliveryError> {
        let refused = |why: &dyn std::fmt::Display| DeliveryError::Refused(why.to_string());
        let to: Mailbox = to.parse().map_err(|error| refused(&error))?;
        // Spam filters penalise messages without a Message-ID.
        let id = format!("<{}@{}>", uuid::Uuid::new_v4().simple(), self.from.email.domain());
        let message = Message::builder()
            .message_id(Some(id))
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text);
        let message = message.map_err(|error| refused(&error))?;
        match tokio::time::timeout(TIMEOUT, self.server.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_timeout() => Err(DeliveryError::TimedOut),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(DeliveryError::TimedOut),
        }
    }
}
