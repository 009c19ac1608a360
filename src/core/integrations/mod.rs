//! Clients of external services. All outgoing requests but those to the storage are made here.
//!
//! URLs that users write are requested by [`PageFetcher`] and [`PushClient`] only, behind a guard against server-side
//! request forgery ([`ssrf_guard`]).

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

pub use google_meet::GoogleMeet;
pub use language_model::{AnswerStream, LanguageModel, ModelError, PromptMessage, PromptRole};
pub use mailer::Mailer;
pub use page_fetcher::{PageError, PageFetcher};
pub use public_address::{OutsideAnswer, PublicAddress, check_model_server};
pub use push_client::{Push, PushClient, PushError, Urgency};
pub use sms::SmsClient;
pub use ssrf_guard::AllowedTarget;

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// It was certainly not sent.
    #[error("it was refused: {0}")]
    Refused(String),
    /// It may have been sent or not.
    #[error("there was no answer in time")]
    TimedOut,
}
