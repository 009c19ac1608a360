//! Uploaded files.

use super::{AttachmentId, Time, UserId};

/// A file that was announced, and perhaps uploaded.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub id: AttachmentId,
    pub owner: UserId,
    pub filename: String,
    /// Whether its bytes are stored under its filename, as earlier versions stored them.
    pub stored_by_name: bool,
    /// As declared; checked against the first bytes when it arrives.
    pub content_type: String,
    /// Bytes. Until it is uploaded: the most that will be taken.
    pub size: i64,
    pub created_at: Time,
    /// Until when the upload form is good.
    pub expires_at: Time,
    pub uploaded: bool,
    pub facts: Facts,
}

/// What a picture, a sound or a film tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
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
    /// Where the bytes are, in the bucket or below the folder. A filename may be longer there than a name may be, since
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
        const LONGEST: usize = 255;
        const LONGEST_END: usize = 32;
        let name = self.plain_name();
        if name.len() <= LONGEST {
            return name;
        }
        let end = &name[name.ceil_char_boundary(name.len() - LONGEST_END)..];
        let start = &name[..name.floor_char_boundary(LONGEST - LONGEST_END)];
        format!("{start}{end}")
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
