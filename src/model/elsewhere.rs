//! Files that are kept elsewhere: some clients know no uploads, only links.
//!
//! To whoever knows nothing of it, the message is a text that ends with the link.

use serde_json::{Value, json};

use super::content::Flaw;
use super::{Content, Kind, Link, Payload, text};

/// Where it stands in the payload of a text.
const FIELD: &str = "file";
/// In characters.
const LONGEST_NAME: usize = 255;

/// A file elsewhere, to which a message links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    pub url: String,
    pub name: String,
    /// Bytes, as its sender says.
    pub size: Option<i64>,
}

impl Elsewhere {
    /// Without a name, it is called as its address ends.
    pub fn new(url: &str, name: Option<&str>, size: Option<i64>) -> Result<Self, Flaw> {
        let flaw = |reason: &str| Flaw { field: "file_url", reason: reason.to_owned() };
        let link = Link::new(url.trim()).ok_or_else(|| flaw("must be an http or https address"))?;
        let name = name.and_then(text::line).or_else(|| last_part(&link)).unwrap_or_else(|| link.url.clone());
        Ok(Self {
            name: name.chars().take(LONGEST_NAME).collect(),
            size: size.filter(|size| *size >= 0),
            url: link.url,
        })
    }
}

fn last_part(link: &Link) -> Option<String> {
    let path = link.address().split_once("://")?.1.split('?').next()?;
    let part = path.split_once('/')?.1.rsplit('/').next()?;
    text::line(part)
}

impl Content {
    /// A text with a file elsewhere; without a text, the file alone.
    pub fn linking(text: Option<&str>, file: &Elsewhere) -> Result<Self, Flaw> {
        let text = format!("{}\n{}", text.unwrap_or(&file.name), file.url);
        let file = json!({"url": file.url, "name": file.name, "size": file.size});
        Self::new(Kind::Text, Some(text), Some(Payload::from_iter([(FIELD.to_owned(), file)])))
    }

    /// The file elsewhere to which a text links, and the text without the link: the file's name when it has no other.
    pub fn linked(&self) -> Option<(Elsewhere, &str)> {
        let file = self.payload().filter(|_| self.kind() == Kind::Text)?.get(FIELD)?;
        let (url, name) = (file["url"].as_str()?, file.get("name").and_then(Value::as_str));
        // Anybody may write a payload, so it is read like something new.
        let file = Elsewhere::new(url, name, file["size"].as_i64()).ok()?;
        let text = self.text()?;
        let rest = text.strip_suffix(&file.url).map(str::trim_end);
        Some((file, rest.unwrap_or(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_elsewhere_is_a_link_to_whoever_knows_no_better() {
        let file = Elsewhere::new(" https://example.com/a/plan.pdf?x=1 ", None, Some(12)).unwrap();
        assert_eq!(
            (file.name.as_str(), file.url.as_str()),
            ("plan.pdf", "https://example.com/a/plan.pdf?x=1")
        );
        let alone = Content::linking(None, &file).unwrap();
        assert_eq!(alone.plain(), "plan.pdf\nhttps://example.com/a/plan.pdf?x=1");
        assert_eq!(alone.linked(), Some((file.clone(), "plan.pdf")));
        assert_eq!(Content::linking(Some("Our garden"), &file).unwrap().linked().unwrap().1, "Our garden");
    }

    #[test]
    fn what_is_no_web_address_is_no_file() {
        for url in ["", "javascript:alert(1)", "file:///etc/passwd", "https://", "//example.com/a"] {
            assert!(Elsewhere::new(url, Some("a"), None).is_err(), "{url}");
        }
        let payload = json!({"file": {"url": "javascript:alert(1)", "name": "a"}});
        let content = Content::new(Kind::Text, Some("a".to_owned()), payload.as_object().cloned()).unwrap();
        assert_eq!(content.linked(), None);
    }
}
