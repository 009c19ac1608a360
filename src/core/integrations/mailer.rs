//! Sends e-mail by SMTP.

use std::borrow::Cow;
use std::time::Duration;

use lettre::address::Address;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::DeliveryError;
use crate::boxed;
use crate::model::{ascii_domain, with_ascii_domain};
use crate::traces;

/// How long sending a message to the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The longest part before the @, part of a domain, and address, in bytes (RFC 5321, 4.5.3.1; RFC 1035, 2.3.4).
const MAX_LOCAL: usize = 64;
const MAX_LABEL: usize = 63;
const MAX_ADDRESS: usize = 254;

/// A mail server and the sender's address.
pub struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Whether there can be a mailbox with this address.
pub fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let Some(domain) = ascii_domain(domain) else { return false };
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.split('.').all(is_label)
        && local.len() <= MAX_LOCAL
        && local.len() + 1 + domain.len() <= MAX_ADDRESS
        && !local.contains('"')
        && Address::new(local, &domain).is_ok()
}

impl Mailer {
    /// `url` is like `smtps://user:password@mail.example.org`. Without `from` the user must be an e-mail address. The mail
    /// server is greeted by the name in the path of `url`, by `name` or by the domain of the sender.
    pub fn new(url: &str, from: Option<&str>, name: Option<&str>) -> Result<Self, String> {
        // The library's error is not shown: it may contain the URL with the password.
        let invalid = || "it must be as smtps://USER:PASSWORD@HOST or smtp://HOST".to_owned();
        let url = Url::parse(url).map_err(|_| invalid())?;
        let user = url.username().replace("%40", "@");
        let from: Mailbox = from
            .unwrap_or(&user)
            .parse()
            .map_err(|_| "--mail-from must say from which address letters come".to_owned())?;
        let address = with_ascii_domain(from.email.as_ref()).parse().map_err(|_| invalid())?;
        let from = Mailbox::new(from.name, address);
        // The URL has an address of IPv6 in brackets, but a connection is made without them.
        let host = match url.host().ok_or_else(invalid)? {
            // In a URL of another scheme than http a host is not parsed any further.
            Host::Domain(name) => Host::parse(name).map_err(|_| invalid())?,
            Host::Ipv4(address) => Host::Ipv4(address),
            Host::Ipv6(address) => Host::Ipv6(address),
        };
        let host = match host {
            Host::Domain(name) => name,
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let tls = || TlsParameters::new(host.clone()).map_err(|_| invalid());
        let mode = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, mode)| mode.into_owned());
        let (port, tls) = match (url.scheme(), mode.as_deref()) {
            ("smtp", None) => (25, Tls::None),
            ("smtp", Some("required")) => (587, Tls::Required(tls()?)),
            ("smtp", Some("opportunistic")) => (587, Tls::Opportunistic(tls()?)),
            ("smtps", _) => (465, Tls::Wrapper(tls()?)),
            _ => return Err(invalid()),
        };
        let greeting = match (url.path().trim_matches('/'), name) {
            ("", Some(name)) => name,
            ("", None) => from.email.domain(),
            (path, _) => path,
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .hello_name(client_id(greeting))
            .timeout(Some(TIMEOUT));
        if let Some(password) = url.password() {
            let decode = |text| percent_decode_str(text).decode_utf8().map(Cow::into_owned);
            let user = decode(url.username()).map_err(|_| invalid())?;
            server = server.credentials(Credentials::new(user, decode(password).map_err(|_| invalid())?));
        }
        Ok(Self { server: server.build(), from })
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
        let to: Address = with_ascii_domain(to).parse().map_err(|error| refused(&error))?;
        // Spam filters penalise messages without a Message-ID.
        let id = format!("<{}@{}>", uuid::Uuid::new_v4().simple(), self.from.email.domain());
        let message = Message::builder()
            .message_id(Some(id))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text);
        let message = message.map_err(|error| refused(&error))?;
        match tokio::time::timeout(TIMEOUT, traces::call("mail server", self.server.send(message), |_| None))
            .await
        {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_timeout() => Err(DeliveryError::TimedOut),
            // The library calls an address that this mail server does not take an error of the client.
            Ok(Err(error)) if error.is_permanent() || error.is_client() => Err(refused(&error)),
            Ok(Err(error)) => Err(DeliveryError::Deferred(error.to_string())),
            Err(_) => Err(DeliveryError::TimedOut),
        }
    }
}

/// How to greet a mail server: an address is written in brackets (RFC 5321, 4.1.3).
fn client_id(name: &str) -> ClientId {
    match Host::parse(name) {
        Ok(Host::Ipv4(address)) => ClientId::Ipv4(address),
        Ok(Host::Ipv6(address)) => ClientId::Ipv6(address),
        Ok(Host::Domain(name)) => ClientId::Domain(name),
        Err(_) => ClientId::Domain(name.to_owned()),
    }
}
