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
    pub metadata: MediaMetadata,
}

/// What a picture, a sound or a film tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaMetadata {
    /// Pixels, as it is shown: turned upright.
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub duration_ms: Option<i64>,
    /// How loud a sound is, from its beginning to its end: bars of 0 to 100.
    pub waveform: Option<Vec<u8>>,
    /// A blur of a picture: a ThumbHash.
    pub placeholder: Option<Vec<u8>>,
    /// The media type of its thumbnail, when there is one.
    pub thumbnail: Option<String>,
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

    /// Where its thumbnail is. No file's name begins with a dot, so none is in its way.
    pub fn thumbnail_key(&self) -> String {
        format!("{}/.thumbnail", self.id)
    }
}

/// What a file is for whoever looks at it. The numbers are what the database keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Picture = 1,
    Video = 2,
    Sound = 3,
    Other = 4,
}

impl Class {
    /// By the first part of a media type.
    pub fn of(content_type: &str) -> Self {
        match content_type.split('/').next().unwrap_or_default() {
            "image" => Self::Picture,
            "video" => Self::Video,
            "audio" => Self::Sound,
            _ => Self::Other,
        }
    }
}
