//! The messenger's error type for all APIs; each error has a stable code.

use std::time::Duration;

use crate::messenger::foundation::Original;
use crate::model::InvalidField;
use crate::{files, store};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The value of `field` is invalid.
    #[error("{field}: {reason}")]
    Invalid { field: &'static str, reason: String },
    /// Another account has this e-mail address, phone number or username.
    #[error("{0} is already registered")]
    Taken(&'static str),
    #[error("Wrong username, e-mail address or password")]
    WrongPassword,
    /// Not the code that was sent, or it is no longer valid.
    #[error("{}", wrong_code(*left))]
    WrongCode { left: u64 },
    #[error("Missing, invalid or expired token")]
    Unauthorized,
    #[error("The session has ended; sign in again")]
    SessionEnded,
    #[error("This account is deactivated; ask an administrator of the server to reactivate it")]
    Deactivated,
    #[error("This token does not have the required scope `{0}`")]
    InsufficientScope(&'static str),
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("No such {0}")]
    NotFound(&'static str),
    /// The request was executed before, or is in progress.
    #[error("This request was already made with this Idempotency-Key")]
    Repeated(Option<Box<Original>>),
    #[error("This Idempotency-Key was used for another request")]
    KeyReused,
    #[error("{0}")]
    Conflict(&'static str),
    #[error("Too many requests; try again in {} s", .0.as_secs().max(1))]
    TooMany(Duration),
    #[error("{0}")]
    TooLarge(String),
    /// The quota of files is used up, the user's or the server's.
    #[error("{0}")]
    OverQuota(&'static str),
    #[error("Registration is closed on this server")]
    RegistrationClosed,
    #[error("The server's disk is full; nothing was saved")]
    Full,
    #[error("The server is busy; try again in a moment")]
    Busy,
    /// A conflict with another transaction. Nothing was changed; it may be retried at once.
    #[error("The server is busy; try again in a moment")]
    Again,
    /// The bucket is down; everything else works.
    #[error("Files are temporarily unavailable; try again later")]
    FilesUnavailable,
    #[error("You have reached today's limit of questions to the assistant; try again tomorrow")]
    DailyLimit(Duration),
    /// It needs another service that is not configured.
    #[error("{0}")]
    NotConfigured(&'static str),
    /// Another service failed; the log says more.
    #[error("{0}")]
    UpstreamFailed(&'static str),
    /// A failure of the server; the log says more.
    #[error("Internal server error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A stable code for clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Taken(_) => "taken",
            Self::WrongPassword => "wrong_password",
            Self::WrongCode { .. } => "wrong_code",
            Self::Unauthorized => "unauthorized",
            Self::SessionEnded => "session_ended",
            Self::Deactivated => "deactivated",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not_found",
            Self::Repeated(_) => "duplicate_request",
            Self::KeyReused => "key_reused",
            Self::Conflict(_) => "conflict",
            Self::TooMany(_) => "too_many_requests",
            Self::TooLarge(_) => "too_large",
            Self::OverQuota(_) => "quota_exceeded",
            Self::RegistrationClosed => "registration_closed",
            Self::Full => "storage_full",
            Self::Busy | Self::Again => "busy",
            Self::FilesUnavailable => "files_unavailable",
            Self::DailyLimit(_) => "daily_limit",
            Self::NotConfigured(_) => "not_configured",
            Self::UpstreamFailed(_) => "bad_gateway",
            Self::Internal(_) => "internal",
        }
    }

    pub fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }

    /// The same error with an API's own name of a field, which the messenger does not know.
    #[must_use]
    pub fn rename_field(self, from: &str, to: &'static str) -> Self {
        match self {
            Self::Invalid { field, reason } if field == from => Self::Invalid { field: to, reason },
            error => error,
        }
    }
}

fn wrong_code(left: u64) -> String {
    match left {
        0 => "This code is no longer valid; request a new one".to_owned(),
        1 => "The code is wrong; 1 attempt is left".to_owned(),
        left => format!("The code is wrong; {left} attempts are left"),
    }
}

impl From<InvalidField> for Error {
    fn from(error: InvalidField) -> Self {
        Self::Invalid { field: error.field, reason: error.reason }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Full => Self::Full,
            store::Error::Again => Self::Again,
            store::Error::Unavailable | store::Error::Closed => Self::Busy,
            error @ (store::Error::Taken | store::Error::Refused(_) | store::Error::Failed(_)) => {
                Self::Internal(error.into())
            }
        }
    }
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Self {
        match error {
            files::Error::TooLarge(_) => Self::TooLarge(error.to_string()),
            files::Error::Empty | files::Error::WrongType { .. } | files::Error::Truncated(_) => {
                Self::invalid("file", error.to_string())
            }
            files::Error::Archive(_) => Self::invalid("attachment_id", error.to_string()),
            files::Error::Full => Self::Full,
            files::Error::Missing => Self::NotFound("file"),
            files::Error::Unavailable(why) => {
                tracing::warn!(why, "the bucket is not available");
                Self::FilesUnavailable
            }
            files::Error::Failed(error) => Self::Internal(error.into()),
        }
    }
}
