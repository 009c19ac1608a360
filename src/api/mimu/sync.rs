//! `/api/v1/sync`: what happened meanwhile.

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

/// Of how many chats the newest messages come along, and how many of each, when there is no cursor.
const CHATS: usize = 100;
const NEWEST: u64 = 30;

/// From where on.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct From {
    /// Of the last answer. Without it, everything that is there now, the newest messages of each chat.
    cursor: Option<String>,
    /// Of one chat alone.
    chat_id: Option<String>,
    /// How many events at most: 1 to 500, 500 without it.
    limit: Option<u64>,
}

impl Example for From {
    fn example() -> Self {
        Self { cursor: Some("38dyhw000-5.38dyhw001-12".to_owned()), chat_id: None, limit: None }
    }
}

/// The same, of which nothing need be said.
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

/// What is new.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct News {
    /// Chats that are new or changed, as they are now.
    chats: Vec<Chat>,
    /// Messages that are new or changed, as they are now, the oldest first.
    messages: Vec<Msg>,
    /// For the next request.
    cursor: String,
    /// Whether there is more already.
    has_more: bool,
    /// Messages that were deleted.
    deleted_message_ids: Vec<String>,
    /// Chats in which the caller is no more.
    removed_chat_ids: Vec<String>,
}

#[OpenApi(tag = "Area::Sync")]
impl Sync {
    /// What happened since
    #[oai(path = "/api/v1/sync", method = "get", operation_id = "sync")]
    async fn get(
        &self,
        messenger: Data<&Messenger>,
        base: Base,
        caller: Reader,
        /// Of the last answer. Without it, everything that is there now, the newest messages of each chat.
        cursor: Query<Option<String>>,
        /// Of one chat alone.
        #[oai(name = "chatId")]
        chat_id: Query<Option<String>>,
        /// How many events at most: 1 to 500, 500 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<News> {
        let from = From { cursor: cursor.0, chat_id: chat_id.0, limit: limit.0 };
        answer(news(&messenger, caller.0, base, from).await?)
    }

    /// The same
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

/// What somebody has to hear of.
#[derive(Default)]
struct Heard {
    messages: BTreeMap<MessageId, Message>,
    deleted: BTreeSet<MessageId>,
    /// Chats of which something is other than it was.
    touched: BTreeSet<ChatId>,
    /// Those of them whose newest messages are to be told anew.
    again: BTreeSet<ChatId>,
    lost: BTreeSet<ChatId>,
    /// Everything is to be told.
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
    let mut heard = match cursor {
        Some(_) => Heard::from(&page),
        None => Heard { all: true, ..Heard::default() },
    };
    // Only now: what happens between is told once more the next time, and nothing is missed.
    let mut chats = if heard.is_nothing() { Vec::new() } else { caller.chats().await? };
    chats.retain(|it| chat.is_none_or(|chat| chat == it.id()) && heard.concerns(it.id()));
    for chat in
        chats.iter().map(model::Chat::id).filter(|id| heard.again.contains(id) || heard.all).take(CHATS)
    {
        let (said, _) = messenger.as_user(access).chat(chat).await?.posts_before(None, NEWEST).await?;
        heard.messages.extend(said.into_iter().map(|message| (message.id, message)));
    }
    let Heard { messages, mut deleted, lost, .. } = heard;
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
        removed_chat_ids: lost.into_iter().map(|chat| view.name(chat)).collect(),
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

impl std::convert::From<&Page> for Heard {
    fn from(page: &Page) -> Self {
        let mut heard = Self::default();
        for event in &page.events {
            heard.hear(&event.change);
        }
        for gap in &page.gaps {
            match gap.chat {
                Some(chat) => heard.tell_again(chat),
                None => heard.all = true,
            }
        }
        heard
    }
}

impl Heard {
    fn is_nothing(&self) -> bool {
        !self.all && self.touched.is_empty()
    }

    fn concerns(&self, chat: ChatId) -> bool {
        self.all || self.touched.contains(&chat)
    }

    fn tell_again(&mut self, chat: ChatId) {
        self.touched.insert(chat);
        self.again.insert(chat);
    }

    fn forget(&mut self, chat: ChatId, ids: &[MessageId]) {
        self.touched.insert(chat);
        for id in ids {
            self.messages.remove(id);
            self.deleted.insert(*id);
        }
    }

    fn hear(&mut self, change: &Change) {
        match change {
            Change::MessageCreated(message)
            | Change::MessageUpdated(message)
            | Change::AnswerFinished(message) => {
                self.touched.insert(message.chat);
                self.messages.insert(message.id, message.clone());
            }
            Change::MessageDeleted { id, chat } | Change::MessageHidden { id, chat } => {
                self.forget(*chat, &[*id]);
            }
            Change::MessagesDeleted { chat, ids } => self.forget(*chat, ids),
            Change::ChatGained(chat) => {
                self.lost.remove(&chat.id());
                self.tell_again(chat.id());
            }
            // Whose messages are read is told with the messages.
            Change::ChatRead { chat, .. } => self.tell_again(*chat),
            Change::ChatLost { chat, .. } => {
                self.lost.insert(*chat);
            }
            Change::MemberAdded { chat, .. }
            | Change::MemberRemoved { chat, .. }
            | Change::MemberUpdated { chat, .. } => {
                self.touched.insert(*chat);
            }
            Change::ChatUpdated(about) => {
                self.touched.insert(about.id);
            }
            // The client knows nothing of these.
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
            | Change::TokenRevoked(_) => {}
        }
    }
}
