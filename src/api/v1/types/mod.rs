//! The request and response types of v1. The comments of fields are the API's documentation.

mod attachment;
mod chat;
mod integration;
mod message;
mod own;
mod people;
mod poll;
#[cfg(test)]
mod tests;

use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON, Type};
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;
use serde_json::Value;

pub use attachment::{AVATARS, Attachment, Links, NewAvatar, Quota, UploadForm, avatar_path, upload_fields};
pub use chat::{Ban, Channel, Chat, ChatAbout, ChatKind, ChatSettings, Invite, InvitedTo, Notify, ReadMark};
pub use integration::{
    Bot, BotCommand, Delivery, OutgoingWebhook, OutgoingWebhookWithSecret, Webhook, WebhookEvent,
    WebhookWithUrl,
};
pub use message::{Edit, Message, MessageType};
pub use own::{Bookmark, Draft, Imported, Scheduled};
pub use people::{AddedMembers, Blocked, Member, Person, Presence, Role, Status, Tokens, User};
pub use poll::{Poll, Vote};

use crate::refusal::Body;
use crate::serde_json_payload::SerdeJson;

/// An error.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Problem {
    /// A description of the error; for an invalid field, it starts with the field's name.
    pub detail: String,
    /// A stable code for programs.
    pub code: String,
    /// For a repeated request: the first response, with the current state of its subject.
    #[oai(skip_serializing_if_is_none)]
    pub original: Option<Original>,
}

/// The response to the first request with the same Idempotency-Key.
#[derive(Object, Debug)]
pub struct Original {
    /// The HTTP status.
    pub status: u16,
    /// The body; null if it was empty or contained secrets.
    pub body: Value,
}

impl Body for Problem {
    fn new(detail: String, code: &'static str) -> Self {
        Self { detail, code: code.to_owned(), original: None }
    }
}

impl Example for Problem {
    fn example() -> Self {
        Self::new("content: a text message requires text".to_owned(), "invalid")
    }
}

/// A successful response without a body.
#[derive(ApiResponse)]
pub enum Done {
    /// Success.
    #[oai(status = 204)]
    Done,
}

/// A response with a created resource.
#[derive(ApiResponse)]
pub enum Created<T: ToJSON> {
    /// Created.
    #[oai(status = 201)]
    Created(Json<T>),
}

/// A response with created messages.
#[derive(ApiResponse)]
pub enum Posted<T: Type + Serialize> {
    /// Created.
    #[oai(status = 201)]
    Created(SerdeJson<T>),
}
