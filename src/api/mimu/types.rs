//! What Mimu sends and takes. The comments of fields are its documentation.

use std::collections::BTreeMap;

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde_json::Value;

use crate::refusal::Body;

/// An error.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Problem {
    /// Always false.
    pub success: bool,
    /// A word for programs that never changes.
    pub error: String,
    /// What is wrong, in words; of a wrong field its name comes first.
    pub message: String,
}

impl Body for Problem {
    fn new(detail: String, code: &'static str) -> Self {
        Self { success: false, error: code.to_owned(), message: detail }
    }
}

impl Example for Problem {
    fn example() -> Self {
        Self::new("text: a text message needs a text".to_owned(), "invalid")
    }
}

/// A message.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct Msg {
    /// Of types that are the client's own: the fields that it sent.
    #[oai(flatten)]
    pub fields: BTreeMap<String, Value>,
    pub id: String,
    /// As the caller calls it.
    pub chat_id: String,
    /// `text`, `image`, `video`, `voice`, `file`; `location`, `poll`; or the client's own, as `call`, `sticker`.
    #[oai(rename = "type")]
    pub kind: String,
    /// When it was sent.
    pub timestamp: String,
    /// The text; of a file its caption; of other types the message in plain words.
    #[oai(skip_serializing_if_is_none)]
    pub text: Option<String>,
    /// A link to the file that needs no token, good for an hour.
    #[oai(skip_serializing_if_is_none)]
    pub media_url: Option<String>,
    /// The same for a small picture of it.
    #[oai(skip_serializing_if_is_none)]
    pub thumbnail_url: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    pub file_id: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    pub voice_duration_seconds: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    pub file_name: Option<String>,
    /// Bytes.
    #[oai(skip_serializing_if_is_none)]
    pub file_size: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    pub mime_type: Option<String>,
    /// All files, of a message that holds several; the first of them stands above.
    #[oai(skip_serializing_if_is_empty)]
    pub files: Vec<File>,
    /// Whether the caller sent it.
    pub is_me: bool,
    pub sender_id: String,
    pub sender_name: String,
    /// Of one's own: somebody else has read it. Of others': the caller has.
    pub is_read: bool,
    pub is_edited: bool,
    /// Emoji, and how many chose each.
    pub reactions: BTreeMap<String, u64>,
    #[oai(skip_serializing_if_is_none)]
    pub reply_to_message_id: Option<String>,
    /// Of a forwarded message: who said it first.
    #[oai(skip_serializing_if_is_none)]
    pub forwarded_from: Option<String>,
    /// Of types other than `text`, `image`, `video`, `voice` and `file`: their fields.
    #[oai(skip_serializing_if_is_none)]
    pub payload: Option<Value>,
}

/// A file.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct File {
    pub file_id: String,
    pub file_name: String,
    /// Bytes.
    pub size: i64,
    /// What its bytes say that it is.
    pub mime_type: String,
    /// A link that needs no token, good for an hour.
    pub url: String,
    /// The same to a small picture of it, if there is one.
    #[oai(skip_serializing_if_is_none)]
    pub thumbnail_url: Option<String>,
    /// Pixels, of a picture or a film.
    #[oai(skip_serializing_if_is_none)]
    pub width: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    pub height: Option<i64>,
    /// Of a sound or a film.
    #[oai(skip_serializing_if_is_none)]
    pub duration_seconds: Option<i64>,
    /// When it was sent here.
    pub uploaded_at: String,
}

/// A chat.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct Chat {
    /// The name that the caller's client gave it; its number when it was made elsewhere.
    pub chat_id: String,
    /// The same.
    pub id: String,
    /// Its number, by which everybody finds it who is in it.
    pub server_id: String,
    pub title: String,
    /// `private`, `group`, `channel`, or `saved` for notes to oneself.
    #[oai(rename = "type")]
    pub kind: String,
    /// Whether it is a group or a channel.
    pub is_group: bool,
    /// Everybody in it.
    pub member_ids: Vec<String>,
    /// Of others' messages.
    pub unread_count: i64,
    #[oai(skip_serializing_if_is_none)]
    pub last_message: Option<Msg>,
    pub created_at: String,
}
