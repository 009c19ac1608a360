//! The bodies that are sent to incoming webhooks of Slack and Mattermost.
//!
//! Everything may be missing, null or empty; fields that are not shown are ignored.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The most attachments of a message, as Slack allows.
pub const MAX_ATTACHMENTS: usize = 100;

/// A message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Body {
    #[serde(deserialize_with = "text")]
    pub text: Option<String>,
    #[serde(deserialize_with = "text")]
    pub username: Option<String>,
    #[serde(deserialize_with = "list")]
    pub attachments: Vec<Attachment>,
    /// Slack's layout blocks.
    #[serde(deserialize_with = "list")]
    pub blocks: Vec<Value>,
    /// `false` if `text` is not formatted.
    pub mrkdwn: Option<bool>,
}

/// A part with a title and fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Attachment {
    #[serde(deserialize_with = "text")]
    pub fallback: Option<String>,
    #[serde(deserialize_with = "text")]
    pub pretext: Option<String>,
    #[serde(deserialize_with = "text")]
    pub author_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub author_link: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title_link: Option<String>,
    #[serde(deserialize_with = "text")]
    pub text: Option<String>,
    #[serde(deserialize_with = "list")]
    pub fields: Vec<Field>,
    #[serde(deserialize_with = "text")]
    pub image_url: Option<String>,
    /// Buttons, of which those with an address are links.
    #[serde(deserialize_with = "list")]
    pub actions: Vec<Action>,
    #[serde(deserialize_with = "list")]
    pub blocks: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Field {
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Action {
    /// A string, or an object of blocks with a `text`.
    pub text: Value,
    #[serde(deserialize_with = "text")]
    pub url: Option<String>,
}

/// A text; numbers and booleans are taken for one, as field values often are.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(is_so.to_string()),
        Value::Null => None,
        Value::Array(_) | Value::Object(_) => return Err(serde::de::Error::custom("a text is expected")),
    })
}

/// A list that may be null.
fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a body: JSON, or a form whose field `payload` is JSON. What it is called does not matter, because `curl -d` calls
/// everything a form.
pub fn read(bytes: &[u8]) -> Option<Body> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let is_json = text.starts_with('{');
    if is_json {
        return serde_json::from_str(text).ok();
    }
    let payload = url::form_urlencoded::parse(text.as_bytes()).find(|(name, _)| name == "payload")?.1;
    serde_json::from_str(payload.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(body: &str) -> Option<String> {
        read(body.as_bytes()).and_then(|body| body.text)
    }

    #[test]
    fn a_body_is_json_or_a_form() {
        let hello = Some("Hello & good bye".to_owned());
        assert_eq!(text_of(r#"{"text": "Hello & good bye"}"#), hello);
        assert_eq!(text_of(" {\"text\": \"Hello & good bye\"}\n"), hello);
        assert_eq!(text_of("payload=%7B%22text%22%3A+%22Hello+%26+good+bye%22%7D"), hello);
        assert_eq!(text_of("a=b&payload=%7B%22text%22%3A%22Hello%20%26%20good%20bye%22%7D"), hello);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for body in [
            "",
            "text",
            "[]",
            r#"{"text": "#,
            r#"{"text": {}}"#,
            r#"{"attachments": "none"}"#,
            "text=hello",
            "payload=hello",
        ] {
            assert!(read(body.as_bytes()).is_none(), "{body}");
        }
        assert!(read(&[0xff, 0xfe]).is_none());
    }

    #[test]
    fn null_is_nothing_and_a_number_is_a_text() {
        let body = r#"{"text": null, "attachments": [{"title": null, "fields": [{"title": "Load", "value": 0.9}]}], "blocks": null}"#;
        let body = read(body.as_bytes()).unwrap();
        assert!(body.text.is_none() && body.blocks.is_empty());
        assert_eq!(body.attachments[0].fields[0].value.as_deref(), Some("0.9"));
    }
}
