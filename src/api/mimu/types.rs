//! The request and response types of Mimu's API. The comments of fields are the API's documentation.

use std::collections::BTreeMap;

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde_json::Value;

use crate::json_object::JsonObject;
use crate::refusal::Body;

/// An error.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Problem {
    /// Always false.
    pub success: bool,
    /// A stable code for programs.
    pub error: String,
    /// A description of the error; for an invalid field, it starts with the field's name.
    pub message: String,
}

impl Body for Problem {
    fn new(detail: String, code: &'static str) -> Self {
        Self { success: false, error: code.to_owned(), message: detail }
    }
}

impl Example for Problem {
    fn example() -> Self {
        Self::new("text: a text message requires text".to_owned(), "invalid")
    }
}

/// A message.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct Msg {
    /// For client-defined types: the fields that the client sent.
    #[oai(flatten)]
    pub fields: BTreeMap<String, Value>,
    pub id: String,
    /// The caller's ID for the chat.
    pub chat_id: String,
    /// `text`, `image`, `video`, `voice`, `file`, `location`, `poll`, or a type defined by the client, such as
    /// `call` or `sticker`.
    #[oai(rename = "type")]
    pub kind: String,
    /// When it was sent.
    pub timestamp: String,
    /// The text; for a file the caption; for other types a textual form.
    #[oai(skip_serializing_if_is_none)]
    pub text: Option<String>,
    /// A link to the file that needs no token, valid for an hour.
    #[oai(skip_serializing_if_is_none)]
    pub media_url: Option<String>,
    /// The same kind of link for the thumbnail.
    #[oai(skip_serializing_if_is_none)]
    pub thumbnail_url: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    pub file_id: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    pub voice_duration_seconds: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    pub file_name: Option<String>,
    /// In bytes.
    #[oai(skip_serializing_if_is_none)]
    pub file_size: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    pub mime_type: Option<String>,
    /// All files, if the message has several; the first one is also in the fields above.
    #[oai(skip_serializing_if_is_none)]
    pub files: Option<Vec<File>>,
    /// Whether the caller sent it.
    pub is_me: bool,
    pub sender_id: String,
    pub sender_name: String,
    /// For the caller's own messages: whether somebody else has read it. For others' messages: whether the
    /// caller has.
    pub is_read: bool,
    pub is_edited: bool,
    /// The number of reactions per emoji.
    pub reactions: BTreeMap<String, u64>,
    #[oai(skip_serializing_if_is_none)]
    pub reply_to_message_id: Option<String>,
    /// For a forwarded message: its original author.
    #[oai(skip_serializing_if_is_none)]
    pub forwarded_from: Option<String>,
    /// For types other than `text`, `image`, `video`, `voice` and `file`: their fields.
    #[oai(skip_serializing_if_is_none)]
    pub payload: Option<JsonObject>,
}

/// A file.
// Many languages have a type `File` already.
#[derive(Object, Debug)]
#[oai(rename = "StoredFile", rename_all = "camelCase")]
pub struct File {
    pub file_id: String,
    pub file_name: String,
    /// In bytes.
    pub size: i64,
    /// The media type, detected from the content.
    pub mime_type: String,
    /// A link that needs no token, valid for an hour.
    pub url: String,
    /// The same kind of link for the thumbnail, if there is one.
    #[oai(skip_serializing_if_is_none)]
    pub thumbnail_url: Option<String>,
    /// For images and videos: the width in pixels.
    #[oai(skip_serializing_if_is_none)]
    pub width: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    pub height: Option<i64>,
    /// For audio and video: the duration.
    #[oai(skip_serializing_if_is_none)]
    pub duration_seconds: Option<i64>,
    /// When it was uploaded.
    pub uploaded_at: String,
}

/// A chat.
#[derive(Object, Debug)]
#[oai(rename_all = "camelCase")]
pub struct Chat {
    /// The ID that the caller's client chose; the server's ID if the chat was created elsewhere.
    pub chat_id: String,
    /// The same as `chatId`.
    pub id: String,
    /// The server's ID, which is valid for all members.
    pub server_id: String,
    pub title: String,
    /// `private`, `group`, `channel`, or `saved` for the user's saved messages.
    #[oai(rename = "type")]
    pub kind: String,
    /// Whether it is a group or a channel.
    pub is_group: bool,
    /// All members.
    pub member_ids: Vec<String>,
    /// The number of unread messages from others.
    pub unread_count: i64,
    #[oai(skip_serializing_if_is_none)]
    pub last_message: Option<Msg>,
    pub created_at: String,
}
