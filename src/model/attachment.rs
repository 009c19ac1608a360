//! Uploaded files.

use super::{AttachmentId, Time, UserId};

/// A file that was announced, and perhaps uploaded.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub id: AttachmentId,
    pub owner: UserId,
    pub filename: String,
    /// As declared; checked against the first bytes when it arrives.
    pub content_type: String,
    /// Bytes. Until it is uploaded: the most that will be taken.
    pub size: i64,
    pub created_at: Time,
    /// Until when the upload form is good.
    pub expires_at: Time,
    pub uploaded: bool,
}

impl Attachment {
    /// Where the bytes are, in the bucket or below the folder. The name is for people who look there.
    pub fn key(&self) -> String {
        let name: String = self
            .filename
            .chars()
            .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
            .collect();
        let name = name.trim_start_matches('.');
        format!("{}/{}", self.id, if name.is_empty() { "file" } else { name })
    }
}
