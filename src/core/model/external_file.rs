//! Files that are kept elsewhere: some clients know no uploads, only links.
//!
//! To whoever knows nothing of it, the message is a text that ends with the link.

use serde_json::{Value, json};

use super::content::Flaw;
use super::{Class, Content, Kind, Link, Payload, text};

/// Where it stands in the payload of a text, and where those stand that came after it.
const FIELD: &str = "file";
const MORE: &str = "files";
/// The most of one message.
const MOST: usize = 10;
/// In characters.
const LONGEST_NAME: usize = 255;

/// A file elsewhere, to which a message links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    pub url: String,
    pub name: String,
    /// Bytes, as its sender says.
    pub size: Option<i64>,
    /// What it is, as its sender says.
    pub class: Option<Class>,
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
            class: None,
            url: link.url,
        })
    }

    fn write(&self) -> Value {
        let kind = self.class.map(|class| match class {
            Class::Picture => "image",
            Class::Video => "video",
            Class::Sound => "audio",
            Class::Other => "file",
        });
        json!({"url": self.url, "name": self.name, "size": self.size, "type": kind})
    }

    /// Anybody may write a payload, so it is read like something new.
    fn read(file: &Value) -> Option<Self> {
        let (url, name) = (file["url"].as_str()?, file["name"].as_str());
        let class = match file["type"].as_str() {
            Some("image") => Some(Class::Picture),
            Some("video") => Some(Class::Video),
            Some("audio") => Some(Class::Sound),
            Some("file") => Some(Class::Other),
            _ => None,
        };
        let new = Self::new(url, name, file["size"].as_i64()).ok()?;
        Some(Self { class, ..new })
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
        Self::new(Kind::Text, Some(text), Some(Payload::from_iter([(FIELD.to_owned(), file.write())])))
    }

    /// A text with one more file elsewhere.
    pub fn linking_more(&self, file: &Elsewhere) -> Result<Self, Flaw> {
        let (files, text) = self.all_linked();
        let Some((first, more)) = files.split_first() else { return Self::linking(self.text(), file) };
        if files.len() >= MOST {
            return Err(Flaw { field: "file_url", reason: format!("a message has at most {MOST} files") });
        }
        let more: Vec<&Elsewhere> = more.iter().chain([file]).collect();
        // The first comes last: who knows one file only takes its link away from the end.
        let links = more.iter().copied().chain([first]).map(|file| format!("\n{}", file.url));
        let text = text.to_owned() + &links.collect::<String>();
        let mut payload = self.payload().cloned().unwrap_or_default();
        payload.insert(MORE.to_owned(), more.iter().map(|file| file.write()).collect());
        Self::new(Kind::Text, Some(text), Some(payload))
    }

    /// All files elsewhere to which a text links, and the text without the links.
    pub fn all_linked(&self) -> (Vec<Elsewhere>, &str) {
        let Some((first, mut rest)) = self.linked() else {
            return (Vec::new(), self.text().unwrap_or_default());
        };
        let more = self.payload().and_then(|payload| payload.get(MORE)?.as_array());
        let more: Vec<_> = more.into_iter().flatten().filter_map(Elsewhere::read).take(MOST - 1).collect();
        for file in more.iter().rev() {
            rest = rest.strip_suffix(&file.url).map_or(rest, str::trim_end);
        }
        (std::iter::once(first).chain(more).collect(), rest)
    }

    /// The file elsewhere to which a text links, and the text without the link: the file's name when it has no other.
    pub fn linked(&self) -> Option<(Elsewhere, &str)> {
        let file = Elsewhere::read(self.payload().filter(|_| self.kind() == Kind::Text)?.get(FIELD)?)?;
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
    fn a_text_links_to_several_files_and_keeps_its_words() {
        let file = |number: usize| Elsewhere {
            class: Some(Class::Picture),
            ..Elsewhere::new(&format!("https://example.com/{number}.png"), None, Some(5)).unwrap()
        };
        let all: Vec<Elsewhere> = (0..MOST).map(file).collect();
        let mut content = Content::new(Kind::Text, Some("Look".to_owned()), None).unwrap();
        assert_eq!(content.all_linked(), (Vec::new(), "Look"));
        for file in &all {
            content = content.linking_more(file).unwrap();
        }
        assert_eq!(content.all_linked(), (all.clone(), "Look"));
        assert_eq!(content.linked().unwrap().0, all[0]);
        assert!(content.linking_more(&file(MOST)).is_err());
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
