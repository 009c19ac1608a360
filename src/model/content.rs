//! What a message says. A `Content` that exists is a valid one.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{AttachmentId, UserId};

/// The longest text, in characters and in bytes of UTF-8.
const LONGEST_TEXT: (usize, usize) = (16_000, 64 * 1024);
/// The most that a payload may hold, in bytes of JSON.
const LARGEST_PAYLOAD: usize = 16 * 1024;
/// How deep a payload may be nested: what reads JSON has limits of its own, serde_json's is 128 in all.
const DEEPEST_PAYLOAD: usize = 32;
/// The longest voice message: 15 minutes.
const LONGEST_VOICE_MS: i64 = 15 * 60 * 1_000;
/// Bars of a drawn voice message.
const MOST_BARS: usize = 1_024;

/// What kind of message it is. The numbers are what the database keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Text = 1,
    Voice = 2,
    Image = 3,
    Video = 4,
    File = 5,
    /// Said by the server about the chat itself.
    System = 6,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::Text, Self::Voice, Self::Image, Self::Video, Self::File, Self::System];

    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Voice => "voice",
            Self::Image => "image",
            Self::Video => "video",
            Self::File => "file",
            Self::System => "system",
        }
    }
}

/// The structured part of a message: an object, as the client sent it.
pub type Payload = Map<String, Value>;

/// Why some content can't be a message; `field` is the one to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    pub field: &'static str,
    pub reason: String,
}

fn flaw<T>(field: &'static str, reason: impl Into<String>) -> Result<T, Flaw> {
    Err(Flaw { field, reason: reason.into() })
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    kind: Kind,
    text: Option<String>,
    payload: Option<Payload>,
}

impl Content {
    /// Checks what a client wants to say. `text` is the text of a text message and the caption of the others.
    pub fn new(kind: Kind, text: Option<String>, payload: Option<Payload>) -> Result<Self, Flaw> {
        let text = text.filter(|text| kind == Kind::Text || !text.trim().is_empty());
        if let Some(text) = &text {
            check_text(text)?;
        }
        match kind {
            Kind::Text => check_is_text(text.as_deref(), payload.as_ref())?,
            Kind::Voice => check_voice(payload.as_ref())?,
            Kind::Image | Kind::Video | Kind::File => check_media(payload.as_ref())?,
            Kind::System => return flaw("type", "system messages are written by the server"),
        }
        Ok(Self { kind, text, payload })
    }

    /// The server's own word about a chat.
    pub fn notice(notice: &Notice) -> Self {
        Self { kind: Kind::System, text: Some(notice.text()), payload: Some(notice.payload()) }
    }

    /// What was checked before it was kept.
    pub fn kept(kind: Kind, text: Option<String>, payload: Option<Payload>) -> Self {
        Self { kind, text, payload }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub fn payload(&self) -> Option<&Payload> {
        self.payload.as_ref()
    }

    /// The file that it stands for.
    pub fn attachment(&self) -> Option<AttachmentId> {
        match self.kind {
            Kind::Voice | Kind::Image | Kind::Video | Kind::File => {
                self.payload.as_ref().and_then(attachment_of)
            }
            Kind::Text | Kind::System => None,
        }
    }
}

fn attachment_of(payload: &Payload) -> Option<AttachmentId> {
    let id = payload.get("attachment_id")?.as_str()?;
    Uuid::try_parse(id).ok().map(AttachmentId)
}

fn check_text(text: &str) -> Result<(), Flaw> {
    let (most_chars, most_bytes) = LONGEST_TEXT;
    if text.len() > most_bytes || text.chars().count() > most_chars {
        return flaw("content", format!("longer than {most_chars} characters"));
    }
    if text.contains('\0') {
        return flaw("content", "must not contain the NUL character");
    }
    Ok(())
}

fn check_is_text(text: Option<&str>, payload: Option<&Payload>) -> Result<(), Flaw> {
    if text.is_none_or(|text| text.trim().is_empty()) {
        return flaw("content", "a text message needs a text");
    }
    match payload {
        Some(payload) => check_size(payload),
        None => Ok(()),
    }
}

fn check_media(payload: Option<&Payload>) -> Result<(), Flaw> {
    let Some(payload) = payload else {
        return flaw("payload", "attachment_id is missing");
    };
    check_size(payload)?;
    if attachment_of(payload).is_none() {
        return flaw("payload", "attachment_id must be the UUID that POST /attachments answered");
    }
    for side in ["width", "height"] {
        if payload.get(side).is_some_and(|n| !n.is_null() && !in_range(n, 1, 100_000)) {
            return flaw("payload", format!("{side} must be 1 to 100,000 pixels"));
        }
    }
    if payload.get("duration_ms").is_some_and(|n| !n.is_null() && !in_range(n, 0, i64::MAX)) {
        return flaw("payload", "duration_ms must be a number of milliseconds");
    }
    Ok(())
}

fn check_voice(payload: Option<&Payload>) -> Result<(), Flaw> {
    check_media(payload)?;
    let Some(payload) = payload else {
        return flaw("payload", "is missing");
    };
    if !payload.get("duration_ms").is_some_and(|n| in_range(n, 0, LONGEST_VOICE_MS)) {
        return flaw("payload", "duration_ms must be 0 to 900,000 milliseconds");
    }
    let codec = payload.get("codec").and_then(Value::as_str);
    if codec.is_none_or(|codec| codec.is_empty() || codec.len() > 64) {
        return flaw("payload", "codec must name the audio codec, as in \"opus\"");
    }
    match payload.get("waveform") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(bars)) if bars.len() <= MOST_BARS && bars.iter().all(Value::is_number) => Ok(()),
        Some(_) => flaw("payload", format!("waveform must be at most {MOST_BARS} numbers")),
    }
}

fn check_size(payload: &Payload) -> Result<(), Flaw> {
    let size = serde_json::to_vec(payload).map_or(usize::MAX, |json| json.len());
    if size > LARGEST_PAYLOAD {
        flaw("payload", "larger than 16 KiB")
    } else if !payload.values().all(|value| is_within(value, DEEPEST_PAYLOAD)) {
        flaw("payload", format!("nested deeper than {DEEPEST_PAYLOAD} levels"))
    } else {
        Ok(())
    }
}

fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(fields) => levels > 0 && fields.values().all(|field| is_within(field, levels - 1)),
        _ => true,
    }
}

fn in_range(number: &Value, least: i64, most: i64) -> bool {
    number.as_i64().is_some_and(|number| (least..=most).contains(&number))
}

/// Something that happened to a chat, told in it as a system message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    Created { title: String },
    Renamed { title: String },
    Added { user: UserId, name: String },
    Removed { user: UserId, name: String },
    Left { name: String },
}

impl Notice {
    /// In English, for clients that know no better; others read the payload.
    fn text(&self) -> String {
        match self {
            Self::Created { title } => format!("The group “{title}” was created"),
            Self::Renamed { title } => format!("The group is now called “{title}”"),
            Self::Added { name, .. } => format!("{name} was added"),
            Self::Removed { name, .. } => format!("{name} was removed"),
            Self::Left { name } => format!("{name} left"),
        }
    }

    fn payload(&self) -> Payload {
        let (kind, more) = match self {
            Self::Created { title } => ("chat.created", vec![("title", Value::from(title.as_str()))]),
            Self::Renamed { title } => ("chat.renamed", vec![("title", Value::from(title.as_str()))]),
            Self::Added { user, name } => {
                ("member.added", vec![("user_id", user.0.into()), ("name", name.as_str().into())])
            }
            Self::Removed { user, name } => {
                ("member.removed", vec![("user_id", user.0.into()), ("name", name.as_str().into())])
            }
            Self::Left { name } => ("member.left", vec![("name", name.as_str().into())]),
        };
        let mut payload = Payload::from_iter([("kind".to_owned(), Value::from(kind))]);
        payload.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        payload
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(kind: Kind, text: Option<&str>, payload: Value) -> Flaw {
        let payload = payload.as_object().cloned();
        Content::new(kind, text.map(str::to_owned), payload).unwrap_err()
    }

    #[test]
    fn a_text_needs_words() {
        assert_eq!(refused(Kind::Text, None, Value::Null).field, "content");
        assert_eq!(refused(Kind::Text, Some(" \n "), Value::Null).field, "content");
        assert_eq!(refused(Kind::Text, Some(&"я".repeat(16_001)), Value::Null).field, "content");
        assert!(Content::new(Kind::Text, Some("я".repeat(16_000)), None).is_ok());
    }

    #[test]
    fn a_voice_message_needs_file_duration_and_codec() {
        let whole = json!({"attachment_id": Uuid::nil(), "duration_ms": 5000, "codec": "opus", "waveform": [10, 20.5]});
        assert!(Content::new(Kind::Voice, None, whole.as_object().cloned()).is_ok());
        for field in ["attachment_id", "duration_ms", "codec"] {
            let mut lacking = whole.clone();
            lacking.as_object_mut().unwrap().remove(field);
            assert!(refused(Kind::Voice, None, lacking).reason.contains(field));
        }
        let odd =
            json!({"attachment_id": Uuid::nil(), "duration_ms": 1, "codec": "opus", "waveform": "loud"});
        assert!(refused(Kind::Voice, None, odd).reason.contains("waveform"));
    }

    #[test]
    fn nobody_speaks_for_the_server() {
        assert_eq!(refused(Kind::System, Some("hello"), Value::Null).field, "type");
    }
}
