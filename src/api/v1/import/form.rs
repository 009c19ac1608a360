//! Reads the files of an export. Missing or malformed parts are treated as absent.

use std::collections::{BTreeMap, HashMap};

use bytes::{Buf, Bytes};
use futures_util::stream::{BoxStream, StreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use besedka_core::files::{self, ZipReader};
use besedka_core::messenger::{Error, LineBudget, Result, SourceChat, SourceFile, SourceMessage};
use besedka_core::model::{Kind, Payload, Time};

/// The longest file and the longest line that are read into memory.
const MAX_FILE_SIZE: u64 = 8 * 1024 * 1024;
const MAX_LINE_LENGTH: usize = 1024 * 1024;
/// How many display names are remembered.
const MAX_NAMES: usize = 100_000;

async fn read<T: DeserializeOwned>(zip: &ZipReader, name: &str) -> Result<Option<T>> {
    match zip.read_all(name, MAX_FILE_SIZE).await {
        Ok(bytes) => Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok())),
        Err(error) => Err(error.into()),
    }
}

/// The description of an export: `export.json`.
#[derive(Deserialize)]
pub struct About {
    format: String,
    version: u64,
    /// The exporting user, on the exporting server.
    pub user_id: i64,
}

impl About {
    pub async fn of(zip: &ZipReader) -> Result<Self> {
        let invalid = |reason| Error::invalid("attachment_id", reason);
        let about: Option<Self> = read(zip, "export.json").await?;
        let about = about.filter(|about| about.format == "besedka-export");
        let about = about.ok_or_else(|| invalid("is not a Besedka export: it has no valid export.json"))?;
        if about.version != 1 {
            return Err(invalid(
                "is an export in an unknown format, made by a different version of the server",
            ));
        }
        Ok(about)
    }
}

/// The paths of an archive's entries. Entries with other names are ignored.
pub struct Layout {
    /// The message files of each chat, in order.
    pub chats: BTreeMap<i64, Vec<String>>,
    files: HashMap<Uuid, String>,
}

impl Layout {
    pub fn of(zip: &ZipReader) -> Self {
        let mut layout = Self { chats: BTreeMap::new(), files: HashMap::new() };
        for name in zip.names() {
            let mut parts = name.splitn(3, '/');
            match (parts.next(), parts.next(), parts.next()) {
                (Some("chats"), Some(id), Some(part))
                    if part.starts_with("messages-") && part.ends_with(".ndjson") =>
                {
                    if let Ok(id) = id.parse() {
                        layout.chats.entry(id).or_default().push(name.to_owned());
                    }
                }
                (Some("files"), Some(id), Some(_)) => {
                    if let Ok(id) = Uuid::try_parse(id) {
                        layout.files.insert(id, name.to_owned());
                    }
                }
                _ => {}
            }
        }
        layout
    }
}

/// The display names of users.
#[derive(Default)]
pub struct Names(HashMap<i64, String>);

#[derive(Deserialize)]
struct User {
    id: i64,
    display_name: String,
}

impl Names {
    pub async fn learn_own(&mut self, zip: &ZipReader) -> Result<()> {
        self.learn(read(zip, "profile.json").await?);
        Ok(())
    }

    pub async fn learn_members(&mut self, zip: &ZipReader, chat: i64) -> Result<()> {
        #[derive(Deserialize)]
        struct Member {
            user: User,
        }
        let members: Option<Vec<Member>> = read(zip, &format!("chats/{chat}/members.json")).await?;
        self.learn(members.into_iter().flatten().map(|member| member.user));
        Ok(())
    }

    fn learn(&mut self, people: impl IntoIterator<Item = User>) {
        for User { id, display_name } in people {
            if self.0.len() < MAX_NAMES {
                self.0.insert(id, display_name.chars().take(100).collect());
            }
        }
    }

    fn of(&self, id: i64) -> String {
        self.0.get(&id).cloned().unwrap_or_default()
    }
}

/// The properties of a chat.
pub async fn chat(zip: &ZipReader, id: i64) -> Result<SourceChat> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Chat {
        title: Option<String>,
        kind: Option<String>,
        description: Option<String>,
    }
    let chat: Chat = read(zip, &format!("chats/{id}/chat.json")).await?.unwrap_or_default();
    Ok(SourceChat {
        id,
        title: chat.title.unwrap_or_default(),
        description: chat.description,
        is_saved: chat.kind.as_deref() == Some("saved"),
    })
}

#[derive(Deserialize)]
struct Line {
    id: i64,
    author_id: i64,
    #[serde(rename = "type")]
    kind: String,
    content: Option<String>,
    payload: Option<Payload>,
    ts: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    attachments: Vec<File>,
    plain: Option<String>,
    reply_to: Option<Quote>,
    thread_id: Option<i64>,
    forwarded_from: Option<Origin>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct File {
    id: Uuid,
    filename: String,
    content_type: String,
}

#[derive(Deserialize)]
struct Quote {
    id: i64,
}

#[derive(Deserialize)]
struct Origin {
    author_id: Option<i64>,
    author_name: String,
    ts: String,
}

/// A message that can be imported. Disappearing messages are not, because the copy would stay.
pub fn message(line: &[u8], about: &About, names: &Names, layout: &Layout) -> Option<SourceMessage> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == line.kind)?;
    if line.deleted || kind == Kind::System || line.expires_at.is_some() {
        return None;
    }
    // A message that was forwarded before keeps its first origin.
    let (author, author_name, ts) = match line.forwarded_from {
        Some(origin) => (origin.author_id, origin.author_name, origin.ts),
        None => (Some(line.author_id), names.of(line.author_id), line.ts),
    };
    let in_zip = |file: File| {
        let File { id, filename, content_type } = file;
        Some(SourceFile { id, filename, content_type, entry: layout.files.get(&id)?.clone() })
    };
    Some(SourceMessage {
        id: line.id,
        kind,
        text: line.content,
        payload: line.payload,
        plain: line.plain,
        is_own: author == Some(about.user_id),
        author_name,
        sent_at: Time::read(&ts)?,
        files: line.attachments.into_iter().take(10).filter_map(in_zip).collect(),
        reply_to: line.reply_to.map(|quote| quote.id),
        thread: line.thread_id,
    })
}

/// The lines of an entry, read without keeping more than one line's limit in memory.
pub struct Lines {
    bytes: BoxStream<'static, files::Result<Bytes>>,
    some: Bytes,
    line: Vec<u8>,
    is_too_long: bool,
}

impl Lines {
    pub fn of(bytes: BoxStream<'static, files::Result<Bytes>>) -> Self {
        Self { bytes, some: Bytes::new(), line: Vec::new(), is_too_long: false }
    }

    /// The next line that is not empty; `None` for a line that is too long.
    pub async fn next(&mut self, budget: &mut LineBudget) -> Result<Option<Option<Vec<u8>>>> {
        loop {
            if self.line.is_empty() && !self.is_too_long {
                let blank = self.some.iter().take_while(|byte| **byte == b'\n').count();
                budget.count(blank)?;
                self.some.advance(blank);
            }
            if self.some.is_empty() {
                match self.bytes.next().await {
                    Some(some) => self.some = some?,
                    None => return Ok(self.end_line()),
                }
            }
            let end = self.some.iter().position(|byte| *byte == b'\n');
            let part = self.some.split_to(end.unwrap_or(self.some.len()));
            if self.line.len() + part.len() > MAX_LINE_LENGTH {
                self.is_too_long = true;
                self.line = Vec::new();
            }
            match self.is_too_long {
                true => budget.skip(part.len())?,
                false => self.line.extend_from_slice(&part),
            }
            if end.is_some() {
                budget.count(1)?;
                self.some.advance(1);
                if let Some(line) = self.end_line() {
                    return Ok(Some(line));
                }
            }
        }
    }

    fn end_line(&mut self) -> Option<Option<Vec<u8>>> {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_too_long) {
            return Some(None);
        }
        (!line.is_empty()).then_some(Some(line))
    }
}
