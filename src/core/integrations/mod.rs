//! Clients of external services. All outgoing requests but those to the storage are made here.
//!
//! URLs that users write are requested by [`PageFetcher`], [`WebhookClient`] and [`PushClient`] only, behind a guard against
//! server-side request forgery ([`ssrf_guard`]).

mod acme;
mod certificate;
mod charset;
mod google_meet;
mod http;
mod ip_ranges;
mod language_model;
mod mailer;
mod page_fetcher;
mod page_metadata;
mod public_address;
mod push_client;
mod push_encryption;
mod sms;
mod ssrf_guard;
mod trace_collector;
mod webhook_client;

pub use acme::{Acme, AcmeError, Challenge, IssuedCertificate, Proof, write_private};
pub use certificate::validity;
pub use google_meet::GoogleMeet;
pub use language_model::{AnswerStream, LanguageModel, ModelError, PromptMessage, PromptRole};
pub use mailer::{Mailer, is_mail_address};
pub use page_fetcher::{PageError, PageFetcher};
pub use public_address::{OutsideAnswer, PublicAddress, check_model_server};
pub use push_client::{Push, PushClient, PushError, Urgency};
pub use sms::SmsClient;
pub use ssrf_guard::AllowedTarget;
pub use trace_collector::TraceCollector;
pub use webhook_client::{SignedDelivery, WebhookAnswer, WebhookClient};

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// It was not sent, and would be refused again.
    #[error("it was refused: {0}")]
    Refused(String),
    /// It was not sent now, but may be later.
    #[error("it could not be sent now: {0}")]
    Deferred(String),
    /// It may have been sent or not.
    #[error("there was no answer in time")]
    TimedOut,
}
