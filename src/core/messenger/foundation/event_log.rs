//! The event log: what is stored of an event, and how stored events are hydrated when they are read.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::messenger::foundation::Result;
use crate::model::{
    Change, Chat, ChatId, ChatInfo, Draft, Event, Member, Message, MessageId, ScheduledId, SessionId, Stream,
    UserId,
};
use crate::store::events::{self, Record};
use crate::store::{self, Executor};

/// The kind of a stored event. The numbers are those of the `kind` column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    MessageCreated = events::MESSAGE_CREATED as isize,
    MessageUpdated = 2,
    MessageDeleted = 3,
    MemberAdded = 4,
    MemberRemoved = 5,
    ChatUpdated = 6,
    ChatRead = 7,
    MessageHidden = 8,
    ChatGained = 9,
    ChatLost = 10,
    UserUpdated = 11,
    ChatDelivered = 30,
    ChatPreferred = 31,
    ChatAccess = 32,
    MemberUpdated = 33,
    UserBlocked = 40,
    UserUnblocked = 41,
    SessionCreated = 45,
    SessionRevoked = 46,
    PollVoted = 50,
    TokenCreated = 47,
    TokenRevoked = 48,
    MessagesDeleted = 49,
    BookmarkSaved = 51,
    BookmarkRemoved = 52,
    DraftSaved = 53,
    DraftRemoved = 54,
    ScheduledSaved = 55,
    ScheduledRemoved = 56,
    ReportsUpdated = 57,
}

const KINDS: &[Kind] = &[
    Kind::MessageCreated,
    Kind::MessageUpdated,
    Kind::MessageDeleted,
    Kind::MemberAdded,
    Kind::MemberRemoved,
    Kind::ChatUpdated,
    Kind::ChatRead,
    Kind::MessageHidden,
    Kind::ChatGained,
    Kind::ChatLost,
    Kind::UserUpdated,
    Kind::ChatDelivered,
    Kind::ChatPreferred,
    Kind::ChatAccess,
    Kind::SessionCreated,
    Kind::SessionRevoked,
    Kind::MemberUpdated,
    Kind::UserBlocked,
    Kind::UserUnblocked,
    Kind::PollVoted,
    Kind::TokenCreated,
    Kind::TokenRevoked,
    Kind::MessagesDeleted,
    Kind::BookmarkSaved,
    Kind::BookmarkRemoved,
    Kind::DraftSaved,
    Kind::DraftRemoved,
    Kind::ScheduledSaved,
    Kind::ScheduledRemoved,
    Kind::ReportsUpdated,
];

impl Kind {
    /// Whether its subject is rare, and read by itself. All of these are in a user's own stream.
    fn needs_query(self) -> bool {
        use Kind::{
            BookmarkSaved, ChatPreferred, DraftSaved, ReportsUpdated, ScheduledSaved, SessionCreated,
            TokenCreated, UserBlocked, UserUpdated,
        };
        matches!(
            self,
            BookmarkSaved
                | ChatPreferred
                | DraftSaved
                | ReportsUpdated
                | ScheduledSaved
                | SessionCreated
                | TokenCreated
                | UserBlocked
                | UserUpdated
        )
    }
}

/// The details of an event beside its subject, stored as JSON.
#[derive(Serialize, Deserialize, Default)]
struct Data {
    #[serde(skip_serializing_if = "Option::is_none")]
    chat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    finished: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    messages: Vec<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<(i64, i64)>,
}

/// The record to store of an event.
pub(crate) fn record(event: &Event) -> Record {
    let none = Data::default;
    let (kind, subject, data) = match &event.change {
        Change::MessageCreated(message) => (Kind::MessageCreated, message.id.0, None),
        Change::MessageUpdated(message) => (Kind::MessageUpdated, message.id.0, None),
        Change::AnswerFinished(message) => {
            (Kind::MessageUpdated, message.id.0, Some(Data { finished: true, ..none() }))
        }
        Change::MessageDeleted { id, .. } => (Kind::MessageDeleted, id.0, None),
        Change::MessagesDeleted { chat, ids } => {
            let messages = ids.iter().map(|id| id.0).collect();
            (Kind::MessagesDeleted, chat.0, Some(Data { messages, ..none() }))
        }
        Change::MemberAdded { member, .. } => (Kind::MemberAdded, member.user().0, None),
        Change::MemberRemoved { user, .. } => (Kind::MemberRemoved, user.0, None),
        Change::MemberUpdated { member, .. } => (Kind::MemberUpdated, member.user().0, None),
        Change::ChatUpdated(about) => (Kind::ChatUpdated, about.id.0, None),
        Change::ChatRead { chat, user, message, range } => {
            // In the reader's own stream the chat is not known from the stream.
            let elsewhere = event.position.stream != Stream::from(*chat);
            let chat = elsewhere.then_some(chat.0);
            let data = Data { chat, message: Some(message.0), range: *range, ..none() };
            (Kind::ChatRead, user.0, Some(data))
        }
        Change::ChatDelivered { user, message, .. } => {
            (Kind::ChatDelivered, user.0, Some(Data { message: Some(message.0), ..none() }))
        }
        Change::MessageHidden { id, chat } => {
            (Kind::MessageHidden, id.0, Some(Data { chat: Some(chat.0), ..none() }))
        }
        Change::PollVoted { message, chat, choices } => {
            let data = Data { chat: Some(chat.0), choices: choices.clone(), ..none() };
            (Kind::PollVoted, message.0, Some(data))
        }
        Change::BookmarkSaved(bookmark) => (Kind::BookmarkSaved, bookmark.message.id.0, None),
        Change::BookmarkRemoved { message, chat } => {
            (Kind::BookmarkRemoved, message.0, Some(Data { chat: Some(chat.0), ..none() }))
        }
        Change::DraftSaved(Draft { chat, thread, .. }) => {
            (Kind::DraftSaved, chat.0, Some(Data { message: thread.map(|id| id.0), ..none() }))
        }
        Change::DraftRemoved { chat, thread } => {
            (Kind::DraftRemoved, chat.0, Some(Data { message: thread.map(|id| id.0), ..none() }))
        }
        Change::ScheduledSaved(waiting) => (Kind::ScheduledSaved, waiting.id.0, None),
        Change::ScheduledRemoved { id, chat, message } => {
            let data = Data { chat: Some(chat.0), message: message.map(|id| id.0), ..none() };
            (Kind::ScheduledRemoved, id.0, Some(data))
        }
        Change::ChatGained(chat) => (Kind::ChatGained, chat.id().0, None),
        Change::ChatLost { chat, hidden } => {
            (Kind::ChatLost, chat.0, Some(Data { hidden: *hidden, ..none() }))
        }
        Change::ChatPreferred { chat, .. } => (Kind::ChatPreferred, chat.0, None),
        Change::ChatAccess(chat) => (Kind::ChatAccess, chat.0, None),
        Change::UserUpdated(user) => (Kind::UserUpdated, user.id().0, None),
        Change::SessionCreated(session) => (Kind::SessionCreated, session.id.0, None),
        Change::UserBlocked(blocked) => (Kind::UserBlocked, blocked.person.id.0, None),
        Change::UserUnblocked(user) => (Kind::UserUnblocked, user.0, None),
        Change::SessionRevoked(session) => (Kind::SessionRevoked, session.0, None),
        Change::TokenCreated(token) => (Kind::TokenCreated, token.id.0, None),
        Change::TokenRevoked(token) => (Kind::TokenRevoked, token.0, None),
        // The number is read when the event is replayed.
        Change::ReportsUpdated { .. } => (Kind::ReportsUpdated, 0, None),
    };
    let data = data.and_then(|data| serde_json::to_string(&data).ok());
    Record {
        stream: event.position.stream,
        seq: event.position.seq,
        kind: kind as i64,
        subject,
        data,
        at: event.at,
    }
}

/// Hydrates stored events with the current state of their subjects.
///
/// Events whose subject is gone (a purged message, a chat that was left, a former member) are left out: a later event
/// says so. So are events of messages that the reader hid: that is in their own stream, which may be delivered before
/// the chat's.
pub(crate) async fn hydrate(
    executor: &mut Executor,
    reader: UserId,
    records: &[Record],
) -> Result<Vec<Event>> {
    let subjects = Subjects::of(executor, reader, records).await?;
    let mut known: HashMap<(i64, i64, Option<&str>), Option<Change>> = HashMap::new();
    let mut events = Vec::with_capacity(records.len());
    for record in records {
        let Some(kind) = kind_of(record) else { continue };
        // They tell the current state of their subject: those with the same subject say the same.
        let key = (record.kind, record.subject, record.data.as_deref());
        let change = match known.get(&key) {
            Some(change) => change.clone(),
            None => change(executor, reader, record, kind, &subjects).await?,
        };
        if kind.needs_query() {
            known.entry(key).or_insert_with(|| change.clone());
        }
        if let Some(change) = change {
            events.push(Event { position: record.position(), at: record.at, change });
        }
    }
    Ok(events)
}

fn kind_of(record: &Record) -> Option<Kind> {
    KINDS.iter().copied().find(|kind| *kind as i64 == record.kind)
}

/// The subjects of frequent kinds of events, read with one query for each kind of subject.
struct Subjects {
    messages: HashMap<MessageId, Message>,
    members: HashMap<(ChatId, UserId), Member>,
    chats: HashMap<ChatId, ChatInfo>,
    /// Chats as the reader sees them.
    gained: HashMap<ChatId, Chat>,
}

impl Subjects {
    async fn of(executor: &mut Executor, reader: UserId, records: &[Record]) -> Result<Self> {
        let of_kind = |kind: Kind| records.iter().filter(move |record| record.kind == kind as i64);
        let ids = |kind: Kind| -> Vec<ChatId> {
            of_kind(kind).map(|record| ChatId(record.subject)).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let members: BTreeSet<(ChatId, UserId)> = of_kind(Kind::MemberAdded)
            .chain(of_kind(Kind::MemberUpdated))
            .map(|record| (ChatId(record.stream.0), UserId(record.subject)))
            .collect();
        let chats = store::chats::by_ids(executor, &ids(Kind::ChatUpdated)).await?;
        let gained = store::chat_list::some(executor, reader, &ids(Kind::ChatGained)).await?;
        Ok(Self {
            messages: messages(executor, reader, records).await?,
            members: store::members::at(executor, &members).await?,
            chats: chats.iter().map(|chat| (chat.id, chat.about())).collect(),
            gained: gained.into_iter().map(|chat| (chat.id(), chat)).collect(),
        })
    }
}

/// Sets to whom changed messages are not told, and who may not see what messages quote. A new message can't be hidden
/// yet.
pub(crate) async fn set_hidden_from(executor: &mut Executor, events: &mut [Event]) -> Result<()> {
    let is_new = |change: &Change| matches!(change, Change::MessageCreated(_));
    let changed = events.iter().filter(|event| !is_new(&event.change));
    let places: BTreeSet<(ChatId, i64)> = changed
        .filter_map(|event| event.change.message())
        .map(|message| (message.chat, message.seq))
        .chain(store::hidden::quoted(events.iter().filter_map(|event| event.change.message())))
        .collect();
    let places: Vec<_> = places.into_iter().collect();
    let mut hidden: HashMap<MessageId, Vec<UserId>> = HashMap::new();
    for (message, user) in store::hidden::readers(executor, &places).await? {
        hidden.entry(message).or_default().push(user);
    }
    for message in events.iter_mut().filter_map(|event| event.change.message_mut()) {
        let from = |id: MessageId| hidden.get(&id).cloned().unwrap_or_default();
        message.hidden_from = from(message.id);
        message.quote_hidden_from = message.reply_to.as_ref().map(|quote| from(quote.id)).unwrap_or_default();
    }
    Ok(())
}

async fn messages(
    executor: &mut Executor,
    reader: UserId,
    records: &[Record],
) -> Result<HashMap<MessageId, Message>> {
    let about_message = |record: &&Record| {
        record.kind == Kind::MessageCreated as i64 || record.kind == Kind::MessageUpdated as i64
    };
    let mut ids: Vec<MessageId> =
        records.iter().filter(about_message).map(|r| MessageId(r.subject)).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = store::messages::by_ids_for(executor, &ids, reader).await?;
    let positions: Vec<_> = found.iter().map(|message| (message.chat, message.seq)).collect();
    let hidden = store::hidden::among(executor, &positions, reader).await?;
    let visible = found.into_iter().filter(|message| !hidden.contains(&message.id));
    Ok(visible.map(|message| (message.id, message)).collect())
}

async fn change(
    executor: &mut Executor,
    reader: UserId,
    record: &Record,
    kind: Kind,
    subjects: &Subjects,
) -> Result<Option<Change>> {
    let data: Data =
        record.data.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let (message, user, subject_chat) =
        (MessageId(record.subject), UserId(record.subject), ChatId(record.subject));
    let chat = ChatId(record.stream.0);
    let Subjects { messages, members, chats, gained } = subjects;
    Ok(match kind {
        Kind::MessageCreated => messages.get(&message).cloned().map(Change::MessageCreated),
        Kind::MessageUpdated => {
            let change = if data.finished { Change::AnswerFinished } else { Change::MessageUpdated };
            messages.get(&message).cloned().map(change)
        }
        Kind::MessageDeleted => Some(Change::MessageDeleted { id: message, chat }),
        Kind::MessagesDeleted => {
            let ids = data.messages.into_iter().map(MessageId).collect();
            Some(Change::MessagesDeleted { chat, ids })
        }
        Kind::MemberAdded => {
            members.get(&(chat, user)).cloned().map(|member| Change::MemberAdded { chat, member })
        }
        Kind::MemberRemoved => Some(Change::MemberRemoved { chat, user }),
        Kind::MemberUpdated => {
            members.get(&(chat, user)).cloned().map(|member| Change::MemberUpdated { chat, member })
        }
        Kind::ChatUpdated => chats.get(&subject_chat).cloned().map(Change::ChatUpdated),
        Kind::ChatRead => {
            let chat = data.chat.map_or(chat, ChatId);
            let message = MessageId(data.message.unwrap_or_default());
            Some(Change::ChatRead { chat, user, message, range: data.range })
        }
        Kind::ChatDelivered => {
            Some(Change::ChatDelivered { chat, user, message: MessageId(data.message.unwrap_or_default()) })
        }
        Kind::MessageHidden => {
            Some(Change::MessageHidden { id: message, chat: ChatId(data.chat.unwrap_or_default()) })
        }
        Kind::PollVoted => {
            let chat = ChatId(data.chat.unwrap_or_default());
            Some(Change::PollVoted { message, chat, choices: data.choices })
        }
        Kind::BookmarkSaved => {
            let found = store::bookmarks::find(executor, message, reader).await?;
            found.map(|bookmark| Change::BookmarkSaved(Box::new(bookmark)))
        }
        Kind::BookmarkRemoved => {
            Some(Change::BookmarkRemoved { message, chat: ChatId(data.chat.unwrap_or_default()) })
        }
        Kind::DraftSaved => {
            let key = (subject_chat, data.message.map(MessageId));
            let found = store::drafts::find(executor, reader, key).await?;
            found.and_then(|(draft, _)| draft).map(Change::DraftSaved)
        }
        Kind::DraftRemoved => {
            Some(Change::DraftRemoved { chat: subject_chat, thread: data.message.map(MessageId) })
        }
        Kind::ScheduledSaved => {
            let found = store::scheduled::by_id(executor, ScheduledId(record.subject)).await?;
            found.map(|waiting| Change::ScheduledSaved(Box::new(waiting)))
        }
        Kind::ScheduledRemoved => Some(Change::ScheduledRemoved {
            id: ScheduledId(record.subject),
            chat: ChatId(data.chat.unwrap_or_default()),
            message: data.message.map(MessageId),
        }),
        Kind::ChatGained => gained.get(&subject_chat).cloned().map(|chat| Change::ChatGained(Box::new(chat))),
        Kind::ChatLost => Some(Change::ChatLost { chat: subject_chat, hidden: data.hidden }),
        Kind::ChatPreferred => {
            let preferences = store::chat_list::preferences(executor, reader, subject_chat).await?;
            preferences.map(|preferences| Change::ChatPreferred { chat: subject_chat, preferences })
        }
        Kind::ChatAccess => Some(Change::ChatAccess(subject_chat)),
        Kind::UserUpdated => store::users::by_id(executor, user).await?.map(Change::UserUpdated),
        Kind::UserBlocked => {
            store::blocks::of_user(executor, reader, Some(user)).await?.pop().map(Change::UserBlocked)
        }
        Kind::UserUnblocked => Some(Change::UserUnblocked(user)),
        Kind::SessionCreated => {
            store::sessions::by_id(executor, SessionId(record.subject)).await?.map(Change::SessionCreated)
        }
        Kind::TokenCreated => {
            store::sessions::by_id(executor, SessionId(record.subject)).await?.map(Change::TokenCreated)
        }
        Kind::TokenRevoked => Some(Change::TokenRevoked(SessionId(record.subject))),
        Kind::ReportsUpdated => {
            let reader = store::users::by_id(executor, reader).await?;
            match reader.is_some_and(|reader| reader.is_admin) {
                true => Some(Change::ReportsUpdated { open: store::reports::count_open(executor).await? }),
                false => None,
            }
        }
        Kind::SessionRevoked => Some(Change::SessionRevoked(SessionId(record.subject))),
    })
}
