//! Files and upload forms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;
use serde_json::{Value, json};

use besedka_core::files::{ALGORITHM, BucketForm};
use besedka_core::messenger::{self, UploadTarget};
use besedka_core::model;

/// An uploaded file.
#[derive(Object, Debug, Serialize)]
#[oai(example)]
pub struct Attachment {
    /// A UUID.
    pub id: String,
    pub filename: String,
    /// The media type, verified against the file's first bytes.
    pub content_type: String,
    /// In bytes.
    pub size: i64,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// For images (PNG, JPEG, GIF, WebP) and videos (MP4, QuickTime, WebM, Matroska): the width as displayed,
    /// in pixels.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<i64>,
    /// For video and audio: the duration, if the container specifies it.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// For audio of up to 20 minutes: the loudness over time, as up to 64 numbers from 0 to 100.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waveform: Option<Vec<u8>>,
    /// For images: a blurred placeholder to show while loading, as a base64-encoded
    /// [ThumbHash](https://evanw.github.io/thumbhash/).
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// Whether there is a thumbnail, at most 512 pixels on each side, at `/attachments/{id}/thumbnail`.
    pub has_thumbnail: bool,
    /// A link that needs no token, valid for 5 minutes; for `<img>`, `<audio>` and `<video>`.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The same kind of link for the thumbnail, if there is one.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<String>,
}

/// Links to a file that need no token.
pub struct Links {
    pub file: String,
    pub thumbnail: String,
}

impl Attachment {
    pub fn new(attachment: model::Attachment, links: Option<Links>) -> Self {
        let model::MediaMetadata { width, height, duration_ms, waveform, placeholder, thumbnail } =
            attachment.metadata;
        let (url, thumbnail_url) = links.map(|links| (links.file, links.thumbnail)).unzip();
        Self {
            id: attachment.id.to_string(),
            filename: attachment.filename,
            content_type: attachment.content_type,
            size: attachment.size,
            created_at: attachment.created_at.iso(),
            width,
            height,
            duration_ms,
            waveform,
            placeholder: placeholder.map(|bytes| STANDARD.encode(bytes)),
            has_thumbnail: thumbnail.is_some(),
            url,
            thumbnail_url: thumbnail_url.filter(|_| thumbnail.is_some()),
        }
    }
}

impl Example for Attachment {
    fn example() -> Self {
        Self {
            id: "550e8400-e29b-41d4-a716-446655440000".to_owned(),
            filename: "audio.opus".to_owned(),
            content_type: "audio/opus".to_owned(),
            size: 20_480,
            created_at: "2024-03-26T12:00:00".to_owned(),
            width: None,
            height: None,
            duration_ms: Some(5_000),
            waveform: Some(vec![10, 40, 100, 70, 20]),
            placeholder: None,
            has_thumbnail: false,
            thumbnail_url: None,
            url: Some("http://localhost:8000/api/v1/attachments/550e8400-e29b-41d4-a716-446655440000?expires=1711454700000&signature=…".to_owned()),
        }
    }
}

/// An upload form: send it to `url` as a `multipart/form-data` POST, with all of the fields first and `file`
/// last.
#[derive(Object, Debug)]
#[oai(example)]
pub struct UploadForm {
    /// The ID to use in a message's payload.
    pub attachment_id: String,
    /// Where to send the form: this server, or an S3 bucket.
    pub url: String,
    pub fields: UploadFields,
    /// Until when the form can be used: UTC, ISO 8601 without a zone.
    pub expires_at: String,
}

/// The form fields, to be sent unchanged. Those after the third are only present if the form goes to a bucket.
#[derive(Object, Debug)]
#[oai(skip_serializing_if_is_none)]
pub struct UploadFields {
    pub key: String,
    #[oai(rename = "Content-Type")]
    pub content_type: String,
    #[oai(rename = "X-Amz-Signature")]
    pub signature: String,
    #[oai(rename = "X-Amz-Algorithm")]
    pub algorithm: Option<String>,
    #[oai(rename = "X-Amz-Credential")]
    pub credential: Option<String>,
    #[oai(rename = "X-Amz-Date")]
    pub date: Option<String>,
    #[oai(rename = "X-Amz-Security-Token")]
    pub token: Option<String>,
    #[oai(rename = "Policy")]
    pub policy: Option<String>,
}

/// The schema of the fields for clients, who send whatever there is.
pub fn upload_fields() -> Value {
    json!({
        "type": "object",
        "description": "The form fields, to be sent unchanged: `key`, `Content-Type`, `X-Amz-Signature`, and more if the \
            form goes to a bucket.",
        "additionalProperties": {"type": "string"},
    })
}

impl UploadFields {
    fn plain(key: String, content_type: String, signature: String) -> Self {
        Self {
            key,
            content_type,
            signature,
            algorithm: None,
            credential: None,
            date: None,
            token: None,
            policy: None,
        }
    }
}

impl UploadForm {
    /// `base` is this server's address.
    pub fn new(form: messenger::UploadForm, base: &str) -> Self {
        let messenger::UploadForm { attachment, target } = form;
        let (url, fields) = match target {
            UploadTarget::Server { key, signature } => {
                let url = format!("{base}/api/v1/uploads");
                (url, UploadFields::plain(key, attachment.content_type, signature))
            }
            UploadTarget::Bucket(form) => {
                let BucketForm { url, key, policy, credential, date, token, signature } = *form;
                let fields = UploadFields {
                    algorithm: Some(ALGORITHM.to_owned()),
                    credential: Some(credential),
                    date: Some(date),
                    token,
                    policy: Some(policy),
                    ..UploadFields::plain(key, attachment.content_type, signature)
                };
                (url, fields)
            }
        };
        Self {
            attachment_id: attachment.id.to_string(),
            url,
            expires_at: attachment.expires_at.iso(),
            fields,
        }
    }
}

impl Example for UploadForm {
    fn example() -> Self {
        Self {
            attachment_id: "550e8400-e29b-41d4-a716-446655440000".to_owned(),
            url: "http://localhost:8000/api/v1/uploads".to_owned(),
            fields: UploadFields::plain(
                "550e8400-e29b-41d4-a716-446655440000/file".to_owned(),
                "audio/opus".to_owned(),
                "signature-here".to_owned(),
            ),
            expires_at: "2024-03-26T12:15:00".to_owned(),
        }
    }
}

/// Storage usage of the caller's files.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Quota {
    /// The size of all stored files that the caller uploaded, in bytes.
    pub used: u64,
    /// The maximum size in bytes; null if there is no per-user limit.
    pub limit: Option<u64>,
}

impl From<messenger::Quota> for Quota {
    fn from(quota: messenger::Quota) -> Self {
        Self { used: quota.used, limit: quota.limit }
    }
}

impl Example for Quota {
    fn example() -> Self {
        Self { used: 48_234_567, limit: Some(5_368_709_120) }
    }
}

/// The path prefix of avatars.
pub const AVATARS: &str = "/api/v1/avatars/";

/// The path of an avatar on this server.
pub fn avatar_path(id: model::AttachmentId) -> String {
    format!("{AVATARS}{id}")
}

/// The uploaded image to use as an avatar.
#[derive(Object)]
#[oai(example)]
pub struct NewAvatar {
    /// A PNG, JPEG, GIF or WebP that the caller uploaded. It is cropped to its centre; the original is not
    /// needed afterwards.
    pub attachment_id: uuid::Uuid,
}

impl Example for NewAvatar {
    fn example() -> Self {
        Self { attachment_id: uuid::Uuid::from_u128(0x0190_7c5e_4b1f_7a60_9d3e_5f2a_1c8b_7d40) }
    }
}
