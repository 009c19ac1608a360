//! Letters, by SMTP.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::Unsent;

/// How long it may take until the mail server has taken a letter.
const PATIENCE: Duration = Duration::from_secs(15);

/// A mail server that takes our letters.
pub struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    /// By an address as in `smtps://user:password@mail.example.org`. Without `from` the user must be an address.
    pub fn new(url: &str, from: Option<&str>) -> Result<Self, String> {
        // Not the library's words: they may repeat the address, and with it the password.
        let wrong = || "it must be as smtps://USER:PASSWORD@HOST or smtp://HOST".to_owned();
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| wrong())?;
        let user = url::Url::parse(url).map_err(|_| wrong())?.username().replace("%40", "@");
        let from = from.unwrap_or(&user);
        let from =
            from.parse().map_err(|_| "--mail-from must say from which address letters come".to_owned());
        Ok(Self { server: server.timeout(Some(PATIENCE)).build(), from: from? })
    }

    pub async fn send(&self, to: &str, subject: &str, text: String) -> Result<(), Unsent> {
        let refused = |why: &dyn std::fmt::Display| Unsent::Refused(why.to_string());
        let to: Mailbox = to.parse().map_err(|error| refused(&error))?;
        // Without a name of its own for the letter, filters take it for spam.
        let id = format!("<{}@{}>", uuid::Uuid::new_v4().simple(), self.from.email.domain());
        let letter = Message::builder()
            .message_id(Some(id))
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text);
        let letter = letter.map_err(|error| refused(&error))?;
        match tokio::time::timeout(PATIENCE, self.server.send(letter)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_timeout() => Err(Unsent::Late),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(Unsent::Late),
        }
    }
}
