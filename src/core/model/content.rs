//! The content of messages. A `Content` is always valid.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Attachment, AttachmentId};

/// The longest text, in characters and in bytes of UTF-8.
const MAX_TEXT: (usize, usize) = (16_000, 64 * 1024);
/// The largest payload, in bytes of JSON.
const LARGEST_PAYLOAD: usize = 16 * 1024;
/// How deep a payload may be nested: JSON parsers have limits of their own, serde_json's is 128.
const DEEPEST_PAYLOAD: usize = 32;
/// The most bars of a voice message's waveform.
const MAX_BARS: usize = 1_024;
/// The most files of one message.
const MAX_FILES: usize = 10;
/// The number of options of a poll, and their maximum length in characters.
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=20;
const MAX_OPTION: usize = 200;

/// The kind of a message. The numbers are stored in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Text = 1,
    Voice = 2,
    Image = 3,
    Video = 4,
    File = 5,
    /// A notice by the server about the chat itself.
    System = 6,
    Location = 7,
    Poll = 8,
    /// Written by the assistant.
    Ai = 9,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Voice,
        Self::Image,
        Self::Video,
        Self::File,
        Self::System,
        Self::Location,
        Self::Poll,
        Self::Ai,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Voice => "voice",
            Self::Image => "image",
            Self::Video => "video",
            Self::File => "file",
            Self::System => "system",
            Self::Location => "location",
            Self::Poll => "poll",
            Self::Ai => "ai",
        }
    }
}

/// The structured part of a message: an object, as the client sent it.
pub type Payload = Map<String, Value>;

/// A validation error: the invalid field and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    pub field: &'static str,
    pub reason: String,
}

fn invalid<T>(field: &'static str, reason: impl Into<String>) -> Result<T, InvalidField> {
    Err(InvalidField { field, reason: reason.into() })
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    kind: Kind,
    text: Option<String>,
    payload: Option<Payload>,
}

impl Content {
    /// The longest voice message: 15 minutes.
    pub const MAX_VOICE_MS: i64 = 15 * 60 * 1_000;

    /// Validates what a client sends. `text` is the text of a text message and the caption of other kinds.
    pub fn new(kind: Kind, text: Option<String>, payload: Option<Payload>) -> Result<Self, InvalidField> {
        let text = text.filter(|text| kind == Kind::Text || !is_blank(text));
        if let Some(text) = &text {
            check_text(text)?;
        }
        match kind {
            Kind::Text => check_is_text(text.as_deref(), payload.as_ref())?,
            Kind::Voice => check_voice(payload.as_ref())?,
            Kind::Image | Kind::Video | Kind::File => check_media(payload.as_ref())?,
            Kind::Location => check_location(payload.as_ref())?,
            Kind::Poll => check_poll(text.as_deref(), payload.as_ref())?,
            Kind::System => return invalid("type", "system messages can only be sent by the server"),
            Kind::Ai => return invalid("type", "these messages can only be sent by the assistant"),
        }
        Ok(Self { kind, text, payload })
    }

    /// A message of the assistant.
    pub fn assistant(text: String, payload: Option<Payload>) -> Result<Self, InvalidField> {
        check_is_text(Some(&text), payload.as_ref())?;
        check_text(&text)?;
        Ok(Self { kind: Kind::Ai, text: Some(text), payload })
    }

    /// Content from the database, which was validated before it was stored.
    pub fn from_stored(kind: Kind, text: Option<String>, payload: Option<Payload>) -> Self {
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

    /// The attached files, in order.
    pub fn attachments(&self) -> Vec<AttachmentId> {
        match self.kind {
            Kind::Voice | Kind::Image | Kind::Video | Kind::File => {
                self.payload.as_ref().and_then(attachments_of).unwrap_or_default()
            }
            Kind::Text | Kind::System | Kind::Location | Kind::Poll | Kind::Ai => Vec::new(),
        }
    }

    /// Whether a voice message's duration must be taken from its file.
    pub fn lacks_duration(&self) -> bool {
        self.kind == Kind::Voice
            && self.payload.as_ref().is_some_and(|payload| payload.get("duration_ms") == Some(&Value::Null))
    }

    /// Fills in a voice message's duration and waveform from its file where the sender gave none.
    pub fn fill_from_file(&mut self, files: &[Attachment]) {
        let (Kind::Voice, Some(payload), [file]) = (self.kind, &mut self.payload, files) else { return };
        let values = [
            ("duration_ms", file.metadata.duration_ms.map(Value::from)),
            ("waveform", file.metadata.waveform.clone().map(Value::from)),
        ];
        for (name, value) in values {
            if let Some(value) = value
                && payload.get(name).is_none_or(Value::is_null)
            {
                payload.insert(name.to_owned(), value);
            }
        }
    }

    /// The content as plain text, for old clients, notifications and quotes.
    pub fn plain(&self) -> String {
        let text = self.text.as_deref();
        let titled = |sign: &str, title: Option<&str>| {
            [Some(sign), title.filter(|title| !title.is_empty())]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ")
        };
        match self.kind {
            Kind::Text | Kind::System | Kind::Ai => text.unwrap_or_default().to_owned(),
            Kind::Voice => {
                let seconds = self.number("duration_ms").unwrap_or_default() as i64 / 1_000;
                titled(&format!("🎤 {}:{:02}", seconds / 60, seconds % 60), text)
            }
            Kind::Image => titled("🖼", text),
            Kind::Video => titled("🎬", text),
            Kind::File => titled("📎", text),
            Kind::Location => {
                let [latitude, longitude] =
                    ["latitude", "longitude"].map(|name| self.number(name).unwrap_or_default());
                let place = self.payload.as_ref().and_then(|payload| payload.get("name")?.as_str());
                titled(&format!("📍 {latitude:.5}, {longitude:.5}"), place.or(text))
            }
            Kind::Poll => {
                let options = self.options();
                format!("📊 {} ({})", text.unwrap_or_default(), options.join(" / "))
            }
        }
    }

    /// The options of a poll.
    pub fn options(&self) -> Vec<&str> {
        let options = self.payload.as_ref().and_then(|payload| payload.get("options")?.as_array());
        options.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether the assistant is still writing this answer.
    pub fn is_unfinished(&self) -> bool {
        self.kind == Kind::Ai && self.flag("writing")
    }

    /// A boolean of the payload; `false` when it is missing.
    pub fn flag(&self, name: &str) -> bool {
        self.payload.as_ref().and_then(|payload| payload.get(name)?.as_bool()).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.payload.as_ref()?.get(name)?.as_f64()
    }
}

/// The ids in `attachment_id` and `attachment_ids`; `None` when one of them is not a UUID.
fn attachments_of(payload: &Payload) -> Option<Vec<AttachmentId>> {
    let one = payload.get("attachment_id").filter(|id| !id.is_null());
    let more = match payload.get("attachment_ids") {
        None | Some(Value::Null) => &[][..],
        Some(ids) => ids.as_array()?,
    };
    let mut found = Vec::new();
    for id in one.into_iter().chain(more) {
        let id = AttachmentId(Uuid::try_parse(id.as_str()?).ok()?);
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Some(found)
}

/// Whether a text has no visible characters.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    })
}

fn check_text(text: &str) -> Result<(), InvalidField> {
    let (most_chars, most_bytes) = MAX_TEXT;
    if text.len() > most_bytes || text.chars().count() > most_chars {
        return invalid("content", format!("must have at most {most_chars} characters"));
    }
    if text.contains('\0') {
        return invalid("content", "must not contain the NUL character");
    }
    Ok(())
}

fn check_is_text(text: Option<&str>, payload: Option<&Payload>) -> Result<(), InvalidField> {
    if text.is_none_or(is_blank) {
        return invalid("content", "a text message requires text");
    }
    match payload {
        Some(payload) => check_size(payload),
        None => Ok(()),
    }
}

fn check_media(payload: Option<&Payload>) -> Result<(), InvalidField> {
    let Some(payload) = payload else {
        return invalid("payload", "attachment_id is missing");
    };
    check_size(payload)?;
    match attachments_of(payload) {
        Some(files) if files.len() > MAX_FILES => {
            return invalid("payload", format!("a message can have at most {MAX_FILES} files"));
        }
        Some(files) if !files.is_empty() => {}
        _ => return invalid("payload", "attachment_id must be a UUID from POST /attachments"),
    }
    for side in ["width", "height"] {
        if payload.get(side).is_some_and(|n| !n.is_null() && !in_range(n, 1, 100_000)) {
            return invalid("payload", format!("{side} must be 1 to 100,000 pixels"));
        }
    }
    if payload.get("duration_ms").is_some_and(|n| !n.is_null() && !in_range(n, 0, i64::MAX)) {
        return invalid("payload", "duration_ms must be a number of milliseconds");
    }
    Ok(())
}

fn check_voice(payload: Option<&Payload>) -> Result<(), InvalidField> {
    check_media(payload)?;
    let Some(payload) = payload else {
        return invalid("payload", "is missing");
    };
    if attachments_of(payload).is_some_and(|files| files.len() > 1) {
        return invalid("payload", "a voice message must have exactly one file");
    }
    if !payload.get("duration_ms").is_some_and(|n| n.is_null() || in_range(n, 0, Content::MAX_VOICE_MS)) {
        return invalid("payload", "duration_ms must be 0 to 900,000 milliseconds, or null to detect it");
    }
    let codec = payload.get("codec").and_then(Value::as_str);
    if codec.is_none_or(|codec| codec.is_empty() || codec.len() > 64) {
        return invalid("payload", "codec must name the audio codec, such as \"opus\"");
    }
    match payload.get("waveform") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(bars)) if bars.len() <= MAX_BARS && bars.iter().all(Value::is_number) => Ok(()),
        Some(_) => invalid("payload", format!("waveform must be at most {MAX_BARS} numbers")),
    }
}

fn check_location(payload: Option<&Payload>) -> Result<(), InvalidField> {
    let Some(payload) = payload else {
        return invalid("payload", "latitude and longitude are missing");
    };
    check_size(payload)?;
    for (name, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        if !payload.get(name).and_then(Value::as_f64).is_some_and(|degrees| degrees.abs() <= most) {
            return invalid("payload", format!("{name} must be -{most} to {most} degrees"));
        }
    }
    if payload
        .get("accuracy_m")
        .is_some_and(|metres| !metres.is_null() && metres.as_f64().is_none_or(|m| m < 0.0))
    {
        return invalid("payload", "accuracy_m must be a number of metres");
    }
    if payload
        .get("name")
        .is_some_and(|name| !name.is_null() && name.as_str().is_none_or(|name| name.chars().count() > 200))
    {
        return invalid("payload", "name must be a string of at most 200 characters");
    }
    Ok(())
}

fn check_poll(question: Option<&str>, payload: Option<&Payload>) -> Result<(), InvalidField> {
    if question.is_none() {
        return invalid("content", "a poll requires a question");
    }
    let options = payload.and_then(|payload| payload.get("options")?.as_array());
    let (Some(payload), Some(options)) = (payload, options) else {
        return invalid("payload", "options are missing");
    };
    check_size(payload)?;
    let texts: Vec<&str> = options.iter().filter_map(Value::as_str).map(str::trim).collect();
    let sound = |text: &&str| !is_blank(text) && text.chars().count() <= MAX_OPTION && !text.contains('\0');
    if texts.len() != options.len() || !OPTIONS.contains(&texts.len()) || !texts.iter().all(sound) {
        return invalid(
            "payload",
            format!("options must be 2 to 20 strings of 1 to {MAX_OPTION} characters"),
        );
    }
    if (1..texts.len()).any(|index| texts[..index].contains(&texts[index])) {
        return invalid("payload", "options must be unique");
    }
    for name in ["multiple", "anonymous"] {
        if payload.get(name).is_some_and(|value| !value.is_null() && !value.is_boolean()) {
            return invalid("payload", format!("{name} must be true or false"));
        }
    }
    Ok(())
}

fn check_size(payload: &Payload) -> Result<(), InvalidField> {
    let size = serde_json::to_vec(payload).map_or(usize::MAX, |json| json.len());
    if size > LARGEST_PAYLOAD {
        invalid("payload", "must not be larger than 16 KiB")
    } else if !payload.values().all(|value| is_within(value, DEEPEST_PAYLOAD)) {
        invalid("payload", format!("must not be nested deeper than {DEEPEST_PAYLOAD} levels"))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(kind: Kind, text: Option<&str>, payload: Value) -> InvalidField {
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
