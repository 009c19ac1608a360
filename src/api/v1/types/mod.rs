//! What v1 sends and takes. The comments of fields are the API's documentation.

mod attachment;
mod chat;
mod message;
mod own;
mod people;
mod poll;

use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{ApiResponse, Object};
use serde_json::Value;

pub use attachment::{AVATARS, Attachment, Links, NewAvatar, Quota, UploadForm, avatar_path};
pub use chat::{Ban, Channel, Chat, ChatAbout, ChatKind, ChatSettings, Invite, InvitedTo, Notify};
pub use message::{Edit, Message, MessageType, voice_payload};
pub use own::{Bookmark, Draft, Imported, Scheduled};
pub use people::{AddedMembers, Blocked, Member, Person, Presence, Role, Status, Tokens, User};
pub use poll::{Poll, Vote};

use crate::refusal::Body;

/// An error.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Problem {
    /// What is wrong, in words; of a wrong field its name comes first.
    pub detail: String,
    /// A word for programs that never changes.
    pub code: String,
    /// Of a repeated request: what it answered the first time, as it is now.
    #[oai(skip_serializing_if_is_none)]
    pub original: Option<Original>,
}

/// The answer to the first request with an Idempotency-Key.
#[derive(Object, Debug)]
pub struct Original {
    /// Its HTTP status.
    pub status: u16,
    /// Its body; null where there was none or it held secrets.
    pub body: Value,
}

impl Body for Problem {
    fn new(detail: String, code: &'static str) -> Self {
        Self { detail, code: code.to_owned(), original: None }
    }
}

impl Example for Problem {
    fn example() -> Self {
        Self::new("content: a text message needs a text".to_owned(), "invalid")
    }
}

/// Done; there is nothing to say.
#[derive(ApiResponse)]
pub enum Done {
    /// Done.
    #[oai(status = 204)]
    Done,
}

/// Something new.
#[derive(ApiResponse)]
pub enum Created<T: ToJSON> {
    /// It was made.
    #[oai(status = 201)]
    Created(Json<T>),
}
