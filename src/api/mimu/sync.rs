//! `/api/v1/sync`: missed changes.

use std::collections::{BTreeMap, BTreeSet};

use poem::web::Data;
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::param::Query;
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaRequest, Registry};
use poem_openapi::types::Example;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object, OpenApi};

use super::caller::Reader;
use super::types::{Chat, Msg};
use super::view::{Base, View};
use super::{Answer, Area, answer};
use crate::body::JsonBody;
use besedka_core::messenger::{Access, Cursor, Messenger, Page, Result};
use besedka_core::model::{self, Change, ChatId, Message, MessageId};

pub struct Sync;

/// For how many chats the newest messages are included without a cursor, and how many per chat.
const CHATS: usize = 100;
const NEWEST: u64 = 30;

/// The starting point.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct From {
    /// The cursor from the previous response. Without it, the current state is returned: all chats with their
    /// newest messages.
    cursor: Option<String>,
    /// Only changes in this chat.
    chat_id: Option<String>,
    /// The maximum number of events, 1 to 500; 500 by default.
    limit: Option<u64>,
}

impl Example for From {
    fn example() -> Self {
        Self { cursor: Some("38dyhw000-5.38dyhw001-12".to_owned()), chat_id: None, limit: None }
    }
}

/// The same as an optional body.
struct MaybeFrom(From);

impl<'a> ApiExtractor<'a> for MaybeFrom {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <JsonBody<From> as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let mut meta = <JsonBody<From> as ApiExtractor>::request_meta()?;
        meta.required = false;
        Some(meta)
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        if bytes.is_empty() {
            return Ok(Self(From { cursor: None, chat_id: None, limit: None }));
        }
        let mut body = RequestBody::new(bytes.into());
        Ok(Self(<JsonBody<From> as ApiExtractor>::from_request(request, &mut body, options).await?.0))
    }
}

/// The changes since a cursor.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct News {
    /// New and changed chats, in their current state.
    chats: Vec<Chat>,
    /// New and changed messages, in their current state, oldest first.
    messages: Vec<Msg>,
    /// The cursor for the next request.
    cursor: String,
    /// Whether more changes are available.
    has_more: bool,
    /// Deleted messages.
    deleted_message_ids: Vec<String>,
    /// Chats that the caller has left or was removed from.
    removed_chat_ids: Vec<String>,
}

#[OpenApi(tag = "Area::Sync")]
impl Sync {
    /// List missed changes
    #[oai(path = "/api/v1/sync", method = "get", operation_id = "sync")]
    async fn get(
        &self,
        messenger: Data<&Messenger>,
        base: Base,
        caller: Reader,
        /// The cursor from the previous response. Without it, the current state is returned: all chats with
        /// their newest messages.
        cursor: Query<Option<String>>,
        /// Only changes in this chat.
        #[oai(name = "chatId")]
        chat_id: Query<Option<String>>,
        /// The maximum number of events, 1 to 500; 500 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<News> {
        let from = From { cursor: cursor.0, chat_id: chat_id.0, limit: limit.0 };
        answer(news(&messenger, caller.0, base, from).await?)
    }

    /// List missed changes with a POST
    ///
    /// The same as `GET /api/v1/sync`, with the parameters in the body.
    #[oai(path = "/api/v1/sync", method = "post", operation_id = "postSync")]
    async fn post(
        &self,
        messenger: Data<&Messenger>,
        base: Base,
        caller: Reader,
        body: MaybeFrom,
    ) -> Answer<News> {
        answer(news(&messenger, caller.0, base, body.0).await?)
    }
}

/// The changes to report.
#[derive(Default)]
struct Changes {
    messages: BTreeMap<MessageId, Message>,
    deleted: BTreeSet<MessageId>,
    /// Chats that have changed.
    changed: BTreeSet<ChatId>,
    /// Changed chats whose newest messages have to be sent again.
    reloaded: BTreeSet<ChatId>,
    removed: BTreeSet<ChatId>,
    /// Everything has to be sent.
    all: bool,
}

async fn news(messenger: &Messenger, access: Access, base: Base, from: From) -> Result<News> {
    let caller = messenger.as_user(access);
    let text = from.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let cursor: Option<Cursor> = text.map(str::parse).transpose()?;
    let named = from.chat_id.as_deref().filter(|name| !name.is_empty());
    let chat = match named {
        Some(name) => match caller.chat_called(name).await? {
            Some(chat) => Some(chat),
            None => return Ok(nothing(cursor.unwrap_or_default())),
        },
        None => None,
    };
    let page = match chat {
        Some(chat) => caller.sync_chat(chat, cursor.as_ref(), from.limit).await?,
        None => caller.sync(cursor.as_ref(), from.limit).await?,
    };
    let mut changes = match cursor {
        Some(_) => Changes::from(&page),
        None => Changes { all: true, ..Changes::default() },
    };
    // Read only now: a change in between is reported again by the next request, and none is missed.
    let mut chats = if changes.is_empty() { Vec::new() } else { caller.chats().await? };
    chats.retain(|it| chat.is_none_or(|chat| chat == it.id()) && changes.concerns(it.id()));
    for chat in chats
        .iter()
        .map(model::Chat::id)
        .filter(|id| changes.reloaded.contains(id) || changes.all)
        .take(CHATS)
    {
        let (messages, _) = messenger.as_user(access).chat(chat).await?.posts_before(None, NEWEST).await?;
        changes.messages.extend(messages.into_iter().map(|message| (message.id, message)));
    }
    let Changes { messages, mut deleted, removed, .. } = changes;
    let (messages, gone): (Vec<Message>, Vec<Message>) =
        messages.into_values().partition(|message| message.content.is_some());
    deleted.extend(gone.iter().map(|message| message.id));
    let view = View::of(messenger, access, base, &messages, &chats).await?;
    Ok(News {
        messages: messages.into_iter().map(|message| view.message(message)).collect(),
        chats: chats.into_iter().map(|chat| view.chat(chat)).collect(),
        cursor: page.cursor.to_string(),
        has_more: page.has_more,
        deleted_message_ids: deleted.iter().map(ToString::to_string).collect(),
        removed_chat_ids: removed.into_iter().map(|chat| view.name(chat)).collect(),
    })
}

fn nothing(cursor: Cursor) -> News {
    News {
        chats: Vec::new(),
        messages: Vec::new(),
        cursor: cursor.to_string(),
        has_more: false,
        deleted_message_ids: Vec::new(),
        removed_chat_ids: Vec::new(),
    }
}

impl std::convert::From<&Page> for Changes {
    fn from(page: &Page) -> Self {
        let mut changes = Self::default();
        for event in &page.events {
            changes.record(&event.change);
        }
        for gap in &page.gaps {
            match gap.chat {
                Some(chat) => changes.reload(chat),
                None => changes.all = true,
            }
        }
        changes
    }
}

impl Changes {
    fn is_empty(&self) -> bool {
        !self.all && self.changed.is_empty()
    }

    fn concerns(&self, chat: ChatId) -> bool {
        self.all || self.changed.contains(&chat)
    }

    fn reload(&mut self, chat: ChatId) {
        self.changed.insert(chat);
        self.reloaded.insert(chat);
    }

    fn delete(&mut self, chat: ChatId, ids: &[MessageId]) {
        self.changed.insert(chat);
        for id in ids {
            self.messages.remove(id);
            self.deleted.insert(*id);
        }
    }

    fn record(&mut self, change: &Change) {
        match change {
            Change::MessageCreated(message)
            | Change::MessageUpdated(message)
            | Change::AnswerFinished(message) => {
                self.changed.insert(message.chat);
                self.messages.insert(message.id, message.clone());
            }
            Change::MessageDeleted { id, chat } | Change::MessageHidden { id, chat } => {
                self.delete(*chat, &[*id]);
            }
            Change::MessagesDeleted { chat, ids } => self.delete(*chat, ids),
            Change::ChatGained(chat) => {
                self.removed.remove(&chat.id());
                self.reload(chat.id());
            }
            // Read positions are reported with the messages.
            Change::ChatRead { chat, .. } => self.reload(*chat),
            Change::ChatLost { chat, .. } => {
                self.removed.insert(*chat);
            }
            Change::MemberAdded { chat, .. }
            | Change::MemberRemoved { chat, .. }
            | Change::MemberUpdated { chat, .. } => {
                self.changed.insert(*chat);
            }
            Change::ChatUpdated(about) => {
                self.changed.insert(about.id);
            }
            // The client does not know these.
            Change::ChatDelivered { .. }
            | Change::PollVoted { .. }
            | Change::BookmarkSaved(_)
            | Change::BookmarkRemoved { .. }
            | Change::DraftSaved(_)
            | Change::DraftRemoved { .. }
            | Change::ScheduledSaved(_)
            | Change::ScheduledRemoved { .. }
            | Change::ChatPreferred { .. }
            | Change::ChatAccess(_)
            | Change::UserUpdated(_)
            | Change::UserBlocked(_)
            | Change::UserUnblocked(_)
            | Change::SessionCreated(_)
            | Change::SessionRevoked(_)
            | Change::TokenCreated(_)
            | Change::TokenRevoked(_)
            | Change::ReportsUpdated { .. } => {}
        }
    }
}
