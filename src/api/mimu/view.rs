//! Chats and messages as a user's client sees them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use poem::{FromRequest, Request, RequestBody, Result as PoemResult};
use serde_json::{Map, Value};

use super::PREFIX;
use super::types::{Chat, File, Msg};
use crate::json_object::JsonObject;
use crate::links;
use crate::visit::Visit;
use besedka_core::messenger::{Access, Messenger, Reading, Result};
use besedka_core::model::{
    self, Attachment, ChatId, ChatKind, Content, Kind, Language, MessageFilter, UserId, text,
};

/// The messages that clients see. They ask for changes, so they see answers of the assistant grow.
const SHOWN: MessageFilter = MessageFilter { notices: true, unfinished_answers: true };
/// How long a link to a file is valid.
pub const LINK_LIFE: Duration = Duration::from_secs(3_600);
/// The key in a text message's payload for the fields of a client-defined type.
pub const OWN: &str = "mimu";
/// The client's name for saved messages.
const SAVED: &str = "Избранное";

/// The base URL of file links for the requesting client, and the language that it accepts.
#[derive(Debug, Clone)]
pub struct Base(String, Option<Language>);

impl<'a> FromRequest<'a> for Base {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> PoemResult<Self> {
        let Visit { base, language, .. } = Visit::from_request(request, body).await?;
        // A host name that serves this API only has no prefix; the address of the web client does.
        let asked = request.original_uri().path().trim_start_matches('/');
        let is_below = asked.split('/').next() == Some(PREFIX.trim_start_matches('/'));
        let authority = request.uri().authority().map(|authority| authority.as_str());
        let host = request.header("host").or(authority).unwrap_or_default();
        let is_elsewhere = base.split_once("://").is_none_or(|(_, base)| base != host);
        Ok(Self(if is_below || is_elsewhere { format!("{base}{PREFIX}") } else { base }, language))
    }
}

impl Base {
    /// A link to a file, or to a version derived from it.
    fn link(&self, messenger: &Messenger, reader: UserId, file: &Attachment, what: &str) -> String {
        let link = messenger.link(file, reader, LINK_LIFE);
        format!("{}/api/v1/{what}/{}?{}", self.0, file.id, links::query(&link))
    }

    pub fn file(&self, messenger: &Messenger, reader: UserId, file: &Attachment) -> File {
        File {
            file_id: file.id.to_string(),
            file_name: file.filename.clone(),
            size: file.size,
            mime_type: file.content_type.clone(),
            url: self.link(messenger, reader, file, "files"),
            thumbnail_url: self.thumbnail(messenger, reader, file),
            width: file.metadata.width,
            height: file.metadata.height,
            duration_seconds: file.metadata.duration_ms.map(seconds),
            uploaded_at: file.created_at.iso_millis(),
        }
    }

    fn thumbnail(&self, messenger: &Messenger, reader: UserId, file: &Attachment) -> Option<String> {
        file.metadata.thumbnail.is_some().then(|| self.link(messenger, reader, file, "thumbnails"))
    }
}

fn seconds(ms: i64) -> i64 {
    (ms + 500) / 1_000
}

/// The data required to show messages to a user.
pub struct View<'a> {
    messenger: &'a Messenger,
    reader: UserId,
    base: Base,
    chats: HashMap<ChatId, String>,
    readings: HashMap<ChatId, Reading>,
    names: HashMap<UserId, Arc<str>>,
    members: HashMap<ChatId, Vec<UserId>>,
}

impl<'a> View<'a> {
    /// The view of these messages and chats. The last message of a chat becomes the newest one that clients see.
    pub async fn of(
        messenger: &'a Messenger,
        access: Access,
        base: Base,
        messages: &[model::Message],
        chats: &mut [model::Chat],
    ) -> Result<Self> {
        let caller = messenger.as_user(access);
        caller.filter_last_messages(chats, SHOWN).await?;
        let mut shown = messages.to_vec();
        shown.extend(chats.iter().filter_map(|chat| chat.last_message.clone()));
        let mut authors: Vec<UserId> = shown.iter().map(|message| message.author).collect();
        authors.sort_unstable();
        authors.dedup();
        let ids: Vec<ChatId> = chats.iter().map(model::Chat::id).collect();
        Ok(Self {
            messenger,
            reader: access.user,
            base,
            chats: caller.chat_names().await?,
            readings: caller.readings(&shown).await?,
            names: messenger.names(&authors).await?,
            members: if ids.is_empty() { HashMap::new() } else { caller.participants(&ids).await? },
        })
    }

    /// The reader's ID for a chat.
    pub fn name(&self, chat: ChatId) -> String {
        self.chats.get(&chat).cloned().unwrap_or_else(|| chat.to_string())
    }

    pub fn chat(&self, chat: model::Chat) -> Chat {
        let id = self.name(chat.id());
        let members = self.members.get(&chat.id());
        Chat {
            chat_id: id.clone(),
            id,
            server_id: chat.id().to_string(),
            title: if chat.about.kind == ChatKind::Saved { SAVED.to_owned() } else { chat.title.clone() },
            kind: match chat.about.kind {
                ChatKind::Private => "private",
                ChatKind::Group => "group",
                ChatKind::Channel => "channel",
                ChatKind::Saved => "saved",
            }
            .to_owned(),
            is_group: chat.about.kind.is_group(),
            member_ids: members.into_iter().flatten().map(ToString::to_string).collect(),
            unread_count: chat.unread_count,
            last_message: chat.last_message.map(|it| self.message(it)),
            created_at: chat.created_at.iso_millis(),
        }
    }

    pub fn message(&self, message: model::Message) -> Msg {
        let linked = message.content.as_ref().and_then(Content::external_file);
        let linked = linked.map(|(file, text)| (file, text.to_owned()));
        let mut shown = self.own(message);
        if let Some((file, text)) = linked {
            shown.kind = Kind::File.name().to_owned();
            shown.text = (text != file.name).then_some(text);
            (shown.media_url, shown.file_name, shown.file_size) =
                (Some(file.url), Some(file.name), file.size);
        }
        shown
    }

    /// A message, considering only files on this server.
    fn own(&self, message: model::Message) -> Msg {
        let (kind, fields) = type_and_fields(&message);
        let is_file = matches!(message.kind, Kind::Image | Kind::Video | Kind::Voice | Kind::File);
        let caption = message.content.as_ref().and_then(Content::text).map(str::to_owned);
        let payload = message.content.as_ref().and_then(Content::payload);
        let field = |name: &str| payload.and_then(|payload| payload.get(name));
        let file = message.attachments.first().map(|file| self.base.file(self.messenger, self.reader, file));
        let file_name = field("file_name").and_then(Value::as_str).and_then(text::file_name);
        let length = field("duration_ms").and_then(Value::as_i64).map(seconds);
        let reading = self.readings.get(&message.chat);
        let several = if message.attachments.len() > 1 { &message.attachments[..] } else { &[] };
        Msg {
            id: message.id.to_string(),
            chat_id: self.name(message.chat),
            kind,
            timestamp: message.sent_at.iso_millis(),
            text: if is_file {
                caption
            } else {
                Some(message.plain_in(self.messenger.language(Some(self.reader), self.base.1)))
            },
            file_id: file.as_ref().map(|file| file.file_id.clone()),
            voice_duration_seconds: length.filter(|_| message.kind == Kind::Voice),
            file_name: file_name.or_else(|| file.as_ref().map(|file| file.file_name.clone())),
            file_size: file.as_ref().map(|file| file.size),
            mime_type: file.as_ref().map(|file| file.mime_type.clone()),
            thumbnail_url: file.as_ref().and_then(|file| file.thumbnail_url.clone()),
            media_url: file.map(|file| file.url),
            files: Some(
                several.iter().map(|file| self.base.file(self.messenger, self.reader, file)).collect(),
            )
            .filter(|files: &Vec<File>| !files.is_empty()),
            // System messages are nobody's own.
            is_me: message.author == self.reader && message.kind != Kind::System,
            sender_id: message.author.to_string(),
            sender_name: self.names.get(&message.author).map(ToString::to_string).unwrap_or_default(),
            is_read: reading.is_some_and(|reading| reading.has(&message, self.reader)),
            is_edited: message.edited_at.is_some(),
            reactions: message.reactions.iter().map(|it| (it.emoji.clone(), it.users.len() as u64)).collect(),
            reply_to_message_id: message.reply_to.as_ref().map(|quote| quote.id.to_string()),
            forwarded_from: message.origin.as_ref().map(|origin| origin.author_name.clone()),
            payload: (!fields.is_empty()).then(|| JsonObject(fields.clone())),
            fields: fields.into_iter().collect::<BTreeMap<_, _>>(),
        }
    }
}

/// The client's name for a message's type, and the fields that only this type has.
fn type_and_fields(message: &model::Message) -> (String, Map<String, Value>) {
    let payload = message.content.as_ref().and_then(Content::payload);
    match message.kind {
        Kind::Text => match payload.and_then(|payload| payload.get(OWN)?.as_object()) {
            Some(own) => {
                let mut fields = own.clone();
                let kind = fields.shift_remove("type").and_then(|kind| kind.as_str().map(str::to_owned));
                (kind.unwrap_or_else(|| "text".to_owned()), fields)
            }
            None => ("text".to_owned(), Map::new()),
        },
        // The client has no type for system and assistant messages.
        Kind::System | Kind::Ai => ("text".to_owned(), Map::new()),
        Kind::Image | Kind::Video | Kind::Voice | Kind::File => (message.kind.name().to_owned(), Map::new()),
        Kind::Location => ("location".to_owned(), payload.cloned().unwrap_or_default()),
        Kind::Poll => {
            let mut fields = payload.cloned().unwrap_or_default();
            let question = message.content.as_ref().and_then(Content::text).unwrap_or_default();
            fields.insert("question".to_owned(), question.into());
            ("poll".to_owned(), fields)
        }
    }
}
