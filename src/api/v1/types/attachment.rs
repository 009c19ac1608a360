//! Files, and the form by which they come.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem_openapi::Object;
use poem_openapi::types::Example;

use besedka_core::files::{ALGORITHM, BucketForm};
use besedka_core::messenger::{self, UploadTarget};
use besedka_core::model;

/// An uploaded file.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Attachment {
    /// A UUID.
    pub id: String,
    pub filename: String,
    /// The media type, checked against the file's first bytes.
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// Of a picture (PNG, JPEG, GIF, WebP) and of a film (MP4, QuickTime, WebM, Matroska): pixels, as it is shown.
    #[oai(skip_serializing_if_is_none)]
    pub width: Option<i64>,
    #[oai(skip_serializing_if_is_none)]
    pub height: Option<i64>,
    /// Of a film and of a sound, when its container tells.
    #[oai(skip_serializing_if_is_none)]
    pub duration_ms: Option<i64>,
    /// Of a sound of up to 20 minutes: how loud it is, from its beginning to its end, as up to 64 numbers of 0 to 100.
    #[oai(skip_serializing_if_is_none)]
    pub waveform: Option<Vec<u8>>,
    /// Of a picture: a blur to show until it is there, as a [ThumbHash](https://evanw.github.io/thumbhash/) in base64.
    #[oai(skip_serializing_if_is_none)]
    pub placeholder: Option<String>,
    /// Whether there is a smaller picture of it, at most 512 pixels on a side, at `/attachments/{id}/thumbnail`.
    pub has_thumbnail: bool,
    /// A link that needs no token, good for 5 minutes; for `<img>`, `<audio>` and `<video>`.
    #[oai(skip_serializing_if_is_none)]
    pub url: Option<String>,
    /// Such a link to the thumbnail, when there is one.
    #[oai(skip_serializing_if_is_none)]
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

/// How to upload a file: a `multipart/form-data` POST to `url` with every one of the fields first and `file` last.
#[derive(Object, Debug)]
#[oai(example)]
pub struct UploadForm {
    /// For the message's payload.
    pub attachment_id: String,
    /// Where to send the form: this server, or a bucket of S3.
    pub url: String,
    pub fields: UploadFields,
    /// Until when the form is good: UTC, ISO 8601 without a zone.
    pub expires_at: String,
}

/// The fields of the form, as they are. Those after the third are there when the form goes to a bucket.
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
    /// `here` is where forms are taken that go through us.
    pub fn new(form: messenger::UploadForm, here: String) -> Self {
        let messenger::UploadForm { attachment, target } = form;
        let (url, fields) = match target {
            UploadTarget::Server { key, signature } => {
                (here, UploadFields::plain(key, attachment.content_type, signature))
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
                "550e8400-e29b-41d4-a716-446655440000/audio.opus".to_owned(),
                "audio/opus".to_owned(),
                "signature-here".to_owned(),
            ),
            expires_at: "2024-03-26T12:15:00".to_owned(),
        }
    }
}

/// How much room one's files take.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Quota {
    /// Bytes of files that were uploaded and are there still.
    pub used: u64,
    /// The most bytes that they may take; null where there is no bound for each person.
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

/// Below which addresses avatars are.
pub const AVATARS: &str = "/api/v1/avatars/";

/// Where an avatar is, below the server's own address.
pub fn avatar_path(id: model::AttachmentId) -> String {
    format!("{AVATARS}{id}")
}

/// Which uploaded picture to make an avatar of.
#[derive(Object)]
#[oai(example)]
pub struct NewAvatar {
    /// A PNG, JPEG, GIF or WebP of one's own. Its middle is taken; the picture itself is no longer needed.
    pub attachment_id: uuid::Uuid,
}

impl Example for NewAvatar {
    fn example() -> Self {
        Self { attachment_id: uuid::Uuid::from_u128(0x0190_7c5e_4b1f_7a60_9d3e_5f2a_1c8b_7d40) }
    }
}
