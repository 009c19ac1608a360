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
use super::sync_cursor::{ReadRange, Rest, SyncCursor};
use super::types::{Chat, Msg};
use super::view::{Base, View};
use super::{Answer, Area, answer};
use crate::body::JsonBody;
use besedka_core::messenger::{Access, Caller, Cursor, Gap, Messenger, Page, Result};
use besedka_core::model::{self, Change, ChatId, Message, MessageId, UserId};

pub struct Sync;

/// Of how many chats one answer includes the newest messages, and how many per chat.
const CHATS: usize = 100;
const NEWEST: u64 = 30;
/// The most messages of one answer that are included because they were read.
const MAX_READ: u64 = 500;

/// The starting point.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct From {
    /// The cursor from the previous response. Without it, the current state is returned: all chats with their
    /// newest messages, in pages of 100 chats.
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
        /// their newest messages, in pages of 100 chats.
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
struct Changes {
    caller: UserId,
    messages: BTreeMap<MessageId, Message>,
    deleted: BTreeSet<MessageId>,
    /// Chats that have changed.
    changed: BTreeSet<ChatId>,
    /// Changed chats whose newest messages have to be sent again.
    reloaded: BTreeSet<ChatId>,
    removed: BTreeSet<ChatId>,
    /// What else has to be loaded.
    rest: Rest,
}

async fn news(messenger: &Messenger, access: Access, base: Base, from: From) -> Result<News> {
    let caller = messenger.as_user(access);
    let text = from.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let cursor: Option<SyncCursor> = text.map(str::parse).transpose()?;
    let named = from.chat_id.as_deref().filter(|name| !name.is_empty());
    let chat = match named {
        Some(name) => match caller.chat_called(name).await? {
            Some(chat) => Some(chat),
            None => return Ok(nothing(&cursor.unwrap_or_default())),
        },
        None => None,
    };
    let (events, mut changes, mut has_more) = match cursor {
        None => {
            let page = read(&caller, chat, None, from.limit).await?;
            let mut changes = Changes::of(access.user);
            match chat {
                Some(chat) => changes.reload(chat),
                None => changes.reload_all(),
            }
            (page.cursor, changes, page.has_more)
        }
        // What earlier answers had no room for comes first; then the events since.
        Some(SyncCursor { events, rest }) if rest.concerns(chat) => {
            (events, Changes { rest, ..Changes::of(access.user) }, true)
        }
        Some(SyncCursor { events, rest }) => {
            let (page, mut changes) = read_fitting(&caller, chat, &events, from.limit).await?;
            // That of other chats.
            rest.read.into_iter().for_each(|range| changes.rest.add(range));
            changes.rest.chats_below = changes.rest.chats_below.or(rest.chats_below);
            (page.cursor, changes, page.has_more)
        }
    };
    // Read only now: a change in between is reported again by the next request, and none is missed.
    let mut chats = if changes.is_empty() { Vec::new() } else { caller.chats().await? };
    chats.retain(|it| chat.is_none_or(|chat| chat == it.id()));
    changes.load(messenger, access, &chats, chat).await?;
    has_more |= changes.rest.concerns(chat);
    chats.retain(|it| changes.changed.contains(&it.id()));
    let Changes { messages, mut deleted, mut removed, rest, .. } = changes;
    // The caller may have come back since.
    for chat in &chats {
        removed.remove(&chat.id());
    }
    let (messages, gone): (Vec<Message>, Vec<Message>) =
        messages.into_values().partition(|message| message.content.is_some());
    deleted.extend(gone.iter().map(|message| message.id));
    let view = View::of(messenger, access, base, &messages, &mut chats).await?;
    Ok(News {
        messages: messages.into_iter().map(|message| view.message(message)).collect(),
        chats: chats.into_iter().map(|chat| view.chat(chat)).collect(),
        cursor: SyncCursor { events, rest }.to_string(),
        has_more,
        deleted_message_ids: deleted.iter().map(ToString::to_string).collect(),
        removed_chat_ids: removed.into_iter().map(|chat| view.name(chat)).collect(),
    })
}

/// The events after a cursor, of all chats or of one.
async fn read(
    caller: &Caller,
    chat: Option<ChatId>,
    cursor: Option<&Cursor>,
    limit: Option<u64>,
) -> Result<Page> {
    match chat {
        Some(chat) => caller.sync_chat(chat, cursor, limit).await,
        None => caller.sync(cursor, limit).await,
    }
}

/// The same, and their changes: fewer events if those would load too many messages, but at least one.
async fn read_fitting(
    caller: &Caller,
    chat: Option<ChatId>,
    cursor: &Cursor,
    mut limit: Option<u64>,
) -> Result<(Page, Changes)> {
    loop {
        let page = read(caller, chat, Some(cursor), limit).await?;
        let mut changes = Changes::of(caller.access.user);
        let mut fitting = 0;
        for event in &page.events {
            changes.record(&event.change);
            if changes.is_too_large() && fitting > 0 {
                break;
            }
            fitting += 1;
        }
        if fitting == page.events.len() {
            changes.reload_gaps(&page.gaps);
            return Ok((page, changes));
        }
        limit = Some((page.covered / 2).max(fitting as u64));
    }
}

fn nothing(cursor: &SyncCursor) -> News {
    News {
        chats: Vec::new(),
        messages: Vec::new(),
        cursor: cursor.to_string(),
        has_more: false,
        deleted_message_ids: Vec::new(),
        removed_chat_ids: Vec::new(),
    }
}

impl Changes {
    fn of(caller: UserId) -> Self {
        Self {
            caller,
            messages: BTreeMap::new(),
            deleted: BTreeSet::new(),
            changed: BTreeSet::new(),
            reloaded: BTreeSet::new(),
            removed: BTreeSet::new(),
            rest: Rest::default(),
        }
    }

    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.rest == Rest::default()
    }

    /// Whether an answer has no room for the messages to be loaded.
    fn is_too_large(&self) -> bool {
        self.reloaded.len() > CHATS || self.rest.length() > MAX_READ
    }

    fn reload(&mut self, chat: ChatId) {
        self.changed.insert(chat);
        self.reloaded.insert(chat);
    }

    fn reload_all(&mut self) {
        self.rest.chats_below = Some(ChatId(i64::MAX));
    }

    /// Loads anew what there are no events of.
    fn reload_gaps(&mut self, gaps: &[Gap]) {
        for gap in gaps {
            match gap.chat {
                Some(chat) => self.reload(chat),
                None => self.reload_all(),
            }
        }
        if self.reloaded.len() > CHATS {
            self.reloaded.clear();
            self.reload_all();
        }
    }

    /// Loads the messages that have to be sent again, as many as one answer has room for. `listed` are the chats that are
    /// asked for, `only` the one if it is a single one.
    async fn load(
        &mut self,
        messenger: &Messenger,
        access: Access,
        listed: &[model::Chat],
        only: Option<ChatId>,
    ) -> Result<()> {
        let mut ids: Vec<ChatId> = listed.iter().map(model::Chat::id).collect();
        if let Some(below) = self.rest.chats_below.filter(|_| only.is_none()) {
            // In an order that new messages do not change.
            let mut next: Vec<ChatId> = ids.iter().copied().filter(|id| *id < below).collect();
            next.sort_unstable_by(|one, other| other.cmp(one));
            self.rest.chats_below = (next.len() > CHATS).then(|| next[CHATS - 1]);
            next.into_iter().take(CHATS).for_each(|chat| self.reload(chat));
        }
        ids.sort_unstable();
        let is_listed = |chat: ChatId| ids.binary_search(&chat).is_ok();
        let reloaded: Vec<ChatId> = self.reloaded.iter().copied().filter(|chat| is_listed(*chat)).collect();
        for chat in reloaded {
            let chat = messenger.as_user(access).chat(chat).await?;
            let (messages, _) = chat.posts_before(None, NEWEST).await?;
            self.messages.extend(messages.into_iter().map(|message| (message.id, message)));
        }
        let mut room = MAX_READ;
        for mut range in std::mem::take(&mut self.rest.read) {
            if !is_listed(range.chat) {
                // Of a chat that is not asked for now, or that the caller has left.
                if only.is_some_and(|only| only != range.chat) {
                    self.rest.read.push(range);
                }
                continue;
            }
            if room == 0 {
                self.rest.read.push(range);
                continue;
            }
            self.changed.insert(range.chat);
            let chat = messenger.as_user(access).chat(range.chat).await?;
            let read = chat.posts_read((range.after, range.upto), range.by_caller, room).await?;
            if read.len() as u64 == room
                && let Some(oldest) = read.last()
            {
                range.upto = oldest.seq - 1;
                if range.upto > range.after {
                    self.rest.read.push(range);
                }
            }
            // One without messages takes a query too.
            room = room.saturating_sub((read.len() as u64).max(1));
            self.messages.extend(read.into_iter().map(|message| (message.id, message)));
        }
        Ok(())
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
            Change::ChatRead { chat, user, range: Some((after, upto)), .. } => {
                self.changed.insert(*chat);
                let by_caller = *user == self.caller;
                self.rest.add(ReadRange { chat: *chat, by_caller, after: *after, upto: *upto });
            }
            Change::ChatRead { chat, range: None, .. } => self.reload(*chat),
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
