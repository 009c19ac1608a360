//! Files on other servers, for clients that can't upload and send links instead.
//!
//! For all other clients the message is a text that ends with the link.

use serde_json::{Value, json};

use super::content::InvalidField;
use super::{Content, FileClass, Kind, Link, Payload, is_blank, text};

/// The payload's fields for the first file and for further ones.
const FIELD: &str = "file";
const MORE: &str = "files";
/// The most files of one message.
const MOST: usize = 10;
/// In characters.
const MAX_NAME: usize = 255;

/// A file on another server that a message links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalFile {
    pub url: String,
    pub name: String,
    /// Bytes, as declared by the sender.
    pub size: Option<i64>,
    /// As declared by the sender.
    pub class: Option<FileClass>,
}

impl ExternalFile {
    /// Without a name, the last part of the URL's path is used.
    pub fn new(url: &str, name: Option<&str>, size: Option<i64>) -> Result<Self, InvalidField> {
        let invalid = |reason: &str| InvalidField { field: "file_url", reason: reason.to_owned() };
        let link = Link::new(url.trim()).ok_or_else(|| invalid("must be an http or https URL"))?;
        let name = name.and_then(text::line).or_else(|| last_part(&link)).unwrap_or_else(|| link.url.clone());
        Ok(Self {
            name: name.chars().take(MAX_NAME).collect(),
            size: size.filter(|size| *size >= 0),
            class: None,
            url: link.url,
        })
    }

    fn write(&self) -> Value {
        let kind = self.class.map(|class| match class {
            FileClass::Picture => "image",
            FileClass::Video => "video",
            FileClass::Sound => "audio",
            FileClass::Other => "file",
        });
        json!({"url": self.url, "name": self.name, "size": self.size, "type": kind})
    }

    /// Clients may send any payload, so it is validated like new input.
    fn read(file: &Value) -> Option<Self> {
        let (url, name) = (file["url"].as_str()?, file["name"].as_str());
        let class = match file["type"].as_str() {
            Some("image") => Some(FileClass::Picture),
            Some("video") => Some(FileClass::Video),
            Some("audio") => Some(FileClass::Sound),
            Some("file") => Some(FileClass::Other),
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

/// Files in the order in which their links end a text. The first file's link comes last: clients that know one file
/// only strip its link from the end.
fn in_text_order(files: &[ExternalFile]) -> impl DoubleEndedIterator<Item = &ExternalFile> {
    files.iter().skip(1).chain(files.first())
}

fn with_links(text: &str, files: &[ExternalFile]) -> String {
    let links = in_text_order(files).map(|file| format!("\n{}", file.url));
    text.to_owned() + &links.collect::<String>()
}

impl Content {
    /// A text with an external file; the file's name without a text.
    pub fn with_external_file(text: Option<&str>, file: &ExternalFile) -> Result<Self, InvalidField> {
        let text = format!("{}\n{}", text.unwrap_or(&file.name), file.url);
        Self::new(Kind::Text, Some(text), Some(Payload::from_iter([(FIELD.to_owned(), file.write())])))
    }

    /// A text with one more external file.
    pub fn add_external_file(&self, file: &ExternalFile) -> Result<Self, InvalidField> {
        let (mut files, text) = self.external_files();
        if files.is_empty() {
            return Self::with_external_file(self.text(), file);
        }
        if files.len() >= MOST {
            return Err(InvalidField {
                field: "file_url",
                reason: format!("a message can have at most {MOST} files"),
            });
        }
        files.push(file.clone());
        let text = with_links(text, &files);
        let mut payload = self.payload().cloned().unwrap_or_default();
        payload.insert(MORE.to_owned(), files.iter().skip(1).map(ExternalFile::write).collect());
        Self::new(Kind::Text, Some(text), Some(payload))
    }

    /// The same with another text, which ends with the links to the external files again.
    pub fn with_text(&self, text: &str) -> Result<Self, InvalidField> {
        let (files, _) = self.external_files();
        let mut rest = text;
        // Clients that know one file only have the links to the others in the text.
        for file in in_text_order(&files).rev() {
            let before = rest.trim_end().strip_suffix(&file.url).filter(|before| before.ends_with('\n'));
            rest = before.map_or(rest, str::trim_end);
        }
        // Links alone are no text.
        let text = if is_blank(rest) { String::new() } else { with_links(rest, &files) };
        Self::new(self.kind(), Some(text), self.payload().cloned())
    }

    /// All external files of a text, and the text without their links.
    pub fn external_files(&self) -> (Vec<ExternalFile>, &str) {
        let Some((first, mut rest)) = self.external_file() else {
            return (Vec::new(), self.text().unwrap_or_default());
        };
        let more = self.payload().and_then(|payload| payload.get(MORE)?.as_array());
        let more: Vec<_> = more.into_iter().flatten().filter_map(ExternalFile::read).take(MOST - 1).collect();
        for file in more.iter().rev() {
            rest = rest.strip_suffix(&file.url).map_or(rest, str::trim_end);
        }
        (std::iter::once(first).chain(more).collect(), rest)
    }

    /// The first external file of a text, and the text without its link.
    pub fn external_file(&self) -> Option<(ExternalFile, &str)> {
        let file = ExternalFile::read(self.payload().filter(|_| self.kind() == Kind::Text)?.get(FIELD)?)?;
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
        let file = ExternalFile::new(" https://example.com/a/plan.pdf?x=1 ", None, Some(12)).unwrap();
        assert_eq!(
            (file.name.as_str(), file.url.as_str()),
            ("plan.pdf", "https://example.com/a/plan.pdf?x=1")
        );
        let alone = Content::with_external_file(None, &file).unwrap();
        assert_eq!(alone.plain(), "plan.pdf\nhttps://example.com/a/plan.pdf?x=1");
        assert_eq!(alone.external_file(), Some((file.clone(), "plan.pdf")));
        assert_eq!(
            Content::with_external_file(Some("Our garden"), &file).unwrap().external_file().unwrap().1,
            "Our garden"
        );
    }

    #[test]
    fn a_text_links_to_several_files_and_keeps_its_words() {
        let file = |number: usize| ExternalFile {
            class: Some(FileClass::Picture),
            ..ExternalFile::new(&format!("https://example.com/{number}.png"), None, Some(5)).unwrap()
        };
        let all: Vec<ExternalFile> = (0..MOST).map(file).collect();
        let mut content = Content::new(Kind::Text, Some("Look".to_owned()), None).unwrap();
        assert_eq!(content.external_files(), (Vec::new(), "Look"));
        for file in &all {
            content = content.add_external_file(file).unwrap();
        }
        assert_eq!(content.external_files(), (all.clone(), "Look"));
        assert_eq!(content.external_file().unwrap().0, all[0]);
        assert!(content.add_external_file(&file(MOST)).is_err());
    }

    #[test]
    fn another_text_keeps_the_links() {
        let file = |number: usize| {
            ExternalFile::new(&format!("https://example.com/{number}.png"), None, Some(5)).unwrap()
        };
        let one = Content::with_external_file(Some("Look"), &file(1)).unwrap();
        assert_eq!(one.with_text("See").unwrap().text(), Some("See\nhttps://example.com/1.png"));
        let two = one.add_external_file(&file(2)).unwrap();
        assert_eq!(
            two.with_text("Look").unwrap(),
            two,
            "the links are in the order in which they were added"
        );
        for text in [
            "See",
            "See\nhttps://example.com/2.png",
            "See\nhttps://example.com/2.png\nhttps://example.com/1.png\n",
        ] {
            let changed = two.with_text(text).unwrap();
            assert_eq!(changed.external_files(), (vec![file(1), file(2)], "See"), "{text}");
        }
        assert!(two.with_text(" ").is_err());
        assert!(two.with_text("\nhttps://example.com/2.png").is_err());
        let plain = Content::new(Kind::Text, Some("Look".to_owned()), None).unwrap();
        assert_eq!(plain.with_text(" See ").unwrap().text(), Some(" See "));
    }

    #[test]
    fn what_is_no_web_address_is_no_file() {
        for url in ["", "javascript:alert(1)", "file:///etc/passwd", "https://", "//example.com/a"] {
            assert!(ExternalFile::new(url, Some("a"), None).is_err(), "{url}");
        }
        let payload = json!({"file": {"url": "javascript:alert(1)", "name": "a"}});
        let content = Content::new(Kind::Text, Some("a".to_owned()), payload.as_object().cloned()).unwrap();
        assert_eq!(content.external_file(), None);
    }
}
