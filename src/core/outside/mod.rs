//! Asking other servers. What leaves the machine by itself leaves through here.
//!
//! Addresses that people write are read by [`Pages`] alone, behind a [`guard`] that lets nobody
//! reach what only this machine can see.

mod address;
mod charset;
mod guard;
mod html;
mod http;
mod mail;
mod meet;
mod model;
mod page;
mod sms;

pub use guard::Exception;
pub use mail::Mail;
pub use meet::Meet;
pub use model::{Model, Mute, Said, Speaker, Words};
pub use page::{Failure, Pages};
pub use sms::Sms;

/// Why something was not sent to somebody.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// It surely did not go out.
    #[error("it was not taken: {0}")]
    Refused(String),
    /// Nobody knows.
    #[error("there was no answer in time")]
    Late,
}
