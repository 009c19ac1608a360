//! Files, and the form by which they come.

use poem_openapi::Object;
use poem_openapi::types::Example;

use crate::messenger::Form;
use crate::model;

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
    /// A link that needs no token, good for 5 minutes; for `<img>`, `<audio>` and `<video>`.
    #[oai(skip_serializing_if_is_none)]
    pub url: Option<String>,
}

impl Attachment {
    pub fn new(attachment: model::Attachment, url: Option<String>) -> Self {
        Self {
            id: attachment.id.to_string(),
            filename: attachment.filename,
            content_type: attachment.content_type,
            size: attachment.size,
            created_at: attachment.created_at.iso(),
            url,
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
            url: Some("http://localhost:8000/api/v1/attachments/550e8400-e29b-41d4-a716-446655440000?expires=1711454700000&signature=…".to_owned()),
        }
    }
}

/// How to upload a file: a `multipart/form-data` POST to `url` with the fields first and `file` last.
#[derive(Object, Debug)]
#[oai(example)]
pub struct UploadForm {
    /// For the message's payload.
    pub attachment_id: String,
    /// Where to send the form.
    pub url: String,
    pub fields: UploadFields,
    /// Until when the form is good: UTC, ISO 8601 without a zone.
    pub expires_at: String,
}

/// The fields of the form, as they are.
#[derive(Object, Debug)]
pub struct UploadFields {
    pub key: String,
    #[oai(rename = "Content-Type")]
    pub content_type: String,
    #[oai(rename = "X-Amz-Signature")]
    pub signature: String,
}

impl UploadForm {
    pub fn new(form: Form, url: String) -> Self {
        Self {
            attachment_id: form.attachment.id.to_string(),
            url,
            expires_at: form.attachment.expires_at.iso(),
            fields: UploadFields {
                key: form.key,
                content_type: form.attachment.content_type,
                signature: form.signature,
            },
        }
    }
}

impl Example for UploadForm {
    fn example() -> Self {
        Self {
            attachment_id: "550e8400-e29b-41d4-a716-446655440000".to_owned(),
            url: "http://localhost:8000/api/v1/uploads".to_owned(),
            fields: UploadFields {
                key: "550e8400-e29b-41d4-a716-446655440000/audio.opus".to_owned(),
                content_type: "audio/opus".to_owned(),
                signature: "signature-here".to_owned(),
            },
            expires_at: "2024-03-26T12:15:00".to_owned(),
        }
    }
}
