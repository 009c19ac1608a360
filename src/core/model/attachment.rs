//! Uploaded files.

use super::{AttachmentId, Time, UserId};

/// A file whose upload was requested, and perhaps completed.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub id: AttachmentId,
    pub owner: UserId,
    pub filename: String,
    /// Whether its bytes are stored under its filename, as earlier versions stored them.
    pub stored_by_name: bool,
    /// Whether metadata of a picture or film stays in it.
    pub keep_original: bool,
    /// As declared, or as the first bytes tell where they contradict it.
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
    /// The object key or relative path in the storage. A filename may be longer there than a name may be, since
    /// a letter takes up to 12 bytes.
    pub fn key(&self) -> String {
        format!("{}/{}", self.id, if self.stored_by_name { self.plain_name() } else { "file".to_owned() })
    }

    /// The filename without what means something in a path.
    fn plain_name(&self) -> String {
        let name: String = self
            .filename
            .chars()
            .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
            .collect();
        let name = name.trim_start_matches('.');
        if name.is_empty() { "file".to_owned() } else { name.to_owned() }
    }

    /// A filename that every file system takes: of a longer one, the beginning and the end, which tells its type.
    pub fn portable_name(&self) -> String {
        /// In bytes.
        const MAX_LENGTH: usize = 255;
        const MAX_END: usize = 32;
        let name = self.plain_name();
        if name.len() <= MAX_LENGTH {
            return name;
        }
        let end = &name[name.ceil_char_boundary(name.len() - MAX_END)..];
        let start = &name[..name.floor_char_boundary(MAX_LENGTH - MAX_END)];
        format!("{start}{end}")
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
