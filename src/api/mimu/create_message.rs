//! Translates a client's new message for the messenger.

use std::collections::BTreeMap;

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde_json::{Map, Value, json};

use super::view::OWN;
use besedka_core::messenger::{Error, NewMessage, Result};
use besedka_core::model::{Attachment, AttachmentId, Content, Kind, MessageId, Payload, is_blank, text};

/// The longest name of a client-defined type.
const MAX_TYPE: usize = 32;

/// A new message.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
pub struct CreateMessage {
    /// The chat's ID, or the client's own ID for it; a chat is created for an unknown client ID.
    pub chat_id: String,
    /// `text` (the default), `image`, `video`, `voice`, `file`, `location`, `poll`, or a type defined by the
    /// client, whose fields are stored.
    #[oai(rename = "type")]
    kind: Option<String>,
    /// The text, up to 16,000 characters.
    text: Option<String>,
    /// For a file: the caption.
    caption: Option<String>,
    /// For a file: the ID returned by `POST /api/v1/upload`, within a day.
    file_id: Option<String>,
    /// For a file: its name, if it differs from the uploaded one.
    file_name: Option<String>,
    /// Ignored: the server knows it.
    file_size: Option<Value>,
    /// For a voice message: the duration; detected from the file if omitted.
    duration_seconds: Option<f64>,
    /// The message in the same chat that this one replies to.
    reply_to_message_id: Option<String>,
    /// The client's ID for the message. Sending again with the same one returns the existing message, as with
    /// `Idempotency-Key`.
    client_message_id: Option<String>,
    /// The client's time of sending. The server's time of receipt is used instead.
    timestamp: Option<Value>,
    #[oai(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Example for CreateMessage {
    fn example() -> Self {
        Self {
            chat_id: "chat-1711453500000".to_owned(),
            kind: Some("text".to_owned()),
            text: Some("Привет!".to_owned()),
            caption: None,
            file_id: None,
            file_name: None,
            file_size: None,
            duration_seconds: None,
            reply_to_message_id: None,
            client_message_id: None,
            timestamp: Some("2024-03-26T12:05:00.000".into()),
            rest: BTreeMap::new(),
        }
    }
}

impl CreateMessage {
    /// The client's ID for the message.
    pub fn name<'a>(&'a self, key: Option<&'a str>) -> Option<&'a str> {
        let given = self.client_message_id.as_deref().or(key).map(|name| name.trim().trim_matches('"'));
        given.filter(|name| !name.is_empty())
    }

    fn kind(&self) -> Option<Kind> {
        Some(match self.kind.as_deref().unwrap_or("text") {
            "text" => Kind::Text,
            "image" => Kind::Image,
            "video" => Kind::Video,
            "voice" => Kind::Voice,
            "file" => Kind::File,
            _ => return None,
        })
    }

    /// The file to look up for details, if the message needs them.
    pub fn recording(&self) -> Result<Option<AttachmentId>> {
        match self.kind() {
            Some(Kind::Voice) => Ok(Some(self.file()?)),
            _ => Ok(None),
        }
    }

    fn file(&self) -> Result<AttachmentId> {
        let id = self.file_id.as_deref().ok_or_else(|| Error::invalid("fileId", "is missing"))?;
        file_id(id).map_err(|_| Error::invalid("fileId", "is not the id of an upload"))
    }

    /// The message; for a recording, with what is known about the file.
    pub fn message(self, recording: Option<&Attachment>) -> Result<NewMessage> {
        let reply_to = self.reply_to_message_id.as_deref().filter(|id| !id.is_empty());
        let reply_to = reply_to
            .map(|id| id.parse().map(MessageId))
            .transpose()
            .map_err(|_| Error::invalid("replyToMessageId", "is not a message in this chat"))?;
        let content = match self.kind() {
            Some(Kind::Text) => Content::new(Kind::Text, self.text, None).map_err(rename_fields)?,
            Some(kind) => {
                let mut payload = Payload::new();
                payload.insert("attachment_id".to_owned(), self.file()?.to_string().into());
                if let Some(name) = self.file_name.as_deref().and_then(text::file_name) {
                    payload.insert("file_name".to_owned(), name.into());
                }
                if kind == Kind::Voice {
                    let length = self.duration_seconds.map(|seconds| (seconds * 1_000.0).round() as i64);
                    payload.insert("duration_ms".to_owned(), length.into());
                    payload.insert("codec".to_owned(), codec(recording).into());
                }
                Content::new(kind, self.caption.or(self.text), Some(payload)).map_err(rename_fields)?
            }
            None => self.of_its_own()?,
        };
        Ok(NewMessage { reply_to, ..NewMessage::new(content) })
    }

    /// The content of a client-defined type. It keeps the fields that have the names of a file's, such as the
    /// duration of a call.
    fn of_its_own(self) -> Result<Content> {
        let is_given = |text: &String| !is_blank(text);
        // A caption is the text, unless there is one.
        let (text, caption) = match self.text.filter(is_given) {
            Some(text) => (Some(text), self.caption),
            None => (self.caption.filter(is_given), None),
        };
        let named_like_a_files = [
            ("caption", caption.map(Value::from)),
            ("fileId", self.file_id.map(Value::from)),
            ("fileName", self.file_name.map(Value::from)),
            ("fileSize", self.file_size),
            ("durationSeconds", self.duration_seconds.map(number)),
        ];
        let mut fields: Map<String, Value> = self.rest.into_iter().collect();
        for (name, value) in named_like_a_files {
            fields.extend(value.map(|value| (name.to_owned(), value)));
        }
        of_its_own(self.kind.unwrap_or_default(), text, fields)
    }
}

/// A number as clients send it: whole ones without a fraction, which typed languages read as another type.
fn number(value: f64) -> Value {
    let whole = value as i64;
    if whole as f64 == value { whole.into() } else { value.into() }
}

/// Parses a file ID.
pub fn file_id(text: &str) -> Result<AttachmentId> {
    uuid::Uuid::try_parse(text).map(AttachmentId).map_err(|_| Error::NotFound("file"))
}

/// An error with Mimu's name of the field.
fn rename_fields(flaw: besedka_core::model::InvalidField) -> Error {
    Error::from(flaw).rename_field("content", "text").rename_field("payload", "fileId")
}

/// The codec of a recording, derived from its media type, for old clients of our own.
fn codec(recording: Option<&Attachment>) -> String {
    let subtype = recording.and_then(|file| file.content_type.split_once('/')).map_or("", |(_, it)| it);
    let codec = match subtype.split(';').next().unwrap_or_default().trim() {
        "ogg" | "webm" | "opus" => "opus",
        "mp4" | "m4a" | "x-m4a" | "aac" | "3gpp" => "aac",
        "mpeg" => "mp3",
        "x-wav" | "wav" => "pcm",
        "" => "unknown",
        other => other,
    };
    codec.chars().take(64).collect()
}

/// A client-defined type: a location or a poll if its fields describe one, otherwise a text that keeps its
/// fields.
fn of_its_own(kind: String, text: Option<String>, mut fields: Map<String, Value>) -> Result<Content> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if kind.is_empty() || kind.len() > MAX_TYPE || !kind.chars().all(is_word) {
        return Err(Error::invalid("type", "must be text, image, video, voice, file or another short word"));
    }
    let known = match kind.as_str() {
        "location" => Content::new(Kind::Location, text.clone(), Some(fields.clone())).ok(),
        "poll" => {
            let question = fields.get("question").and_then(Value::as_str).map(str::to_owned);
            Content::new(Kind::Poll, question.or_else(|| text.clone()), Some(fields.clone())).ok()
        }
        _ => None,
    };
    if let Some(content) = known {
        return Ok(content);
    }
    let plain = text.unwrap_or_else(|| match kind.as_str() {
        "call" => "📞".to_owned(),
        "location" => "📍".to_owned(),
        "poll" => "📊".to_owned(),
        _ => format!("[{kind}]"),
    });
    fields.insert("type".to_owned(), kind.into());
    let Value::Object(payload) = json!({OWN: fields}) else { return Err(Error::Busy) };
    Content::new(Kind::Text, Some(plain), Some(payload)).map_err(|flaw| Error::invalid("type", flaw.reason))
}
