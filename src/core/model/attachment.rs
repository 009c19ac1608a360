//! Uploaded files.

use super::{AttachmentId, Time, UserId};

/// A file whose upload was requested, and perhaps completed.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub id: AttachmentId,
    pub owner: UserId,
    pub filename: String,
    /// As declared; checked against the first bytes on upload.
    pub content_type: String,
    /// Bytes. Until it is uploaded, the maximum size.
    pub size: i64,
    pub created_at: Time,
    /// When the upload form expires.
    pub expires_at: Time,
    pub uploaded: bool,
    pub metadata: MediaMetadata,
}

/// Metadata read from a picture, audio or video file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaMetadata {
    /// Pixels, after applying the orientation.
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub duration_ms: Option<i64>,
    /// The loudness of audio over time: bars of 0 to 100.
    pub waveform: Option<Vec<u8>>,
    /// A ThumbHash of a picture, shown while it loads.
    pub placeholder: Option<Vec<u8>>,
    /// The media type of the thumbnail, if there is one.
    pub thumbnail: Option<String>,
}

impl Attachment {
    /// The object key or relative path in the storage. It contains the file name for administrators who look there.
    pub fn key(&self) -> String {
        let name: String = self
            .filename
            .chars()
            .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
            .collect();
        let name = name.trim_start_matches('.');
        format!("{}/{}", self.id, if name.is_empty() { "file" } else { name })
    }

    /// The thumbnail's key. It can't collide with a file's, because those never begin with a dot.
    pub fn thumbnail_key(&self) -> String {
        format!("{}/.thumbnail", self.id)
    }
}

/// The general type of a file. The numbers are stored in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileClass {
    Picture = 1,
    Video = 2,
    Sound = 3,
    Other = 4,
}

impl FileClass {
    /// By the top-level media type.
    pub fn of(content_type: &str) -> Self {
        match content_type.split('/').next().unwrap_or_default() {
            "image" => Self::Picture,
            "video" => Self::Video,
            "audio" => Self::Sound,
            _ => Self::Other,
        }
    }
}
