//! Messages.

use std::collections::HashMap;

use sea_query::{Cond, Expr, ExprTrait, Func, Order, Query, SelectStatement};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::columns::{bytes, uuid};
use super::schema::{HiddenMessage as H, Message as M};
use super::{Result, Run, attachments, marks, mentions, polls, previews, reactions, search};
use crate::model::{
    ChatId, Content, Kind, Message, MessageId, Origin, Parts, Poll, Quote, Thread, Time, UserId,
};

#[derive(FromRow)]
struct MessageRow {
    id: MessageId,
    chat_id: ChatId,
    seq: i64,
    author_id: UserId,
    kind: Kind,
    text: Option<String>,
    payload: Option<String>,
    client_id: Option<Vec<u8>>,
    sent_at: Time,
    edited_at: Option<Time>,
    deleted_at: Option<Time>,
    parts: i64,
    reply_to: Option<MessageId>,
    thread_id: Option<MessageId>,
    origin: Option<String>,
    is_silent: i64,
    expires_at: Option<Time>,
    pinned_at: Option<Time>,
}

const COLUMNS: [M; 18] = [
    M::Id,
    M::ChatId,
    M::Seq,
    M::AuthorId,
    M::Kind,
    M::Text,
    M::Payload,
    M::ClientId,
    M::SentAt,
    M::EditedAt,
    M::DeletedAt,
    M::Parts,
    M::ReplyTo,
    M::ThreadId,
    M::Origin,
    M::IsSilent,
    M::ExpiresAt,
    M::PinnedAt,
];

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        let payload = row.payload.and_then(|json| serde_json::from_str(&json).ok());
        let content = row.deleted_at.is_none().then(|| Content::kept(row.kind, row.text, payload));
        let poll = content.as_ref().and_then(Poll::of);
        Self {
            id: row.id,
            chat: row.chat_id,
            seq: row.seq,
            author: row.author_id,
            kind: row.kind,
            content,
            sent_at: row.sent_at,
            edited_at: row.edited_at,
            client_id: row.client_id.as_deref().map(uuid),
            parts: Parts(row.parts),
            reply_to: None,
            thread: row.thread_id,
            replies: None,
            origin: row.origin.as_deref().and_then(read_origin),
            mentions: Vec::new(),
            mentions_all: false,
            is_silent: row.is_silent != 0,
            expires_at: row.expires_at,
            pinned_at: row.pinned_at,
            poll,
            reactions: Vec::new(),
            attachments: Vec::new(),
            previews: Vec::new(),
        }
    }
}

pub(super) fn messages() -> SelectStatement {
    Query::select().columns(COLUMNS.map(|column| (M::Table, column))).from(M::Table).to_owned()
}

/// Where a message was said first, as it is kept.
#[derive(Serialize, Deserialize)]
struct OriginData {
    chat: Option<i64>,
    message: Option<i64>,
    author: Option<i64>,
    name: String,
    at: i64,
}

fn read_origin(json: &str) -> Option<Origin> {
    let OriginData { chat, message, author, name, at } = serde_json::from_str(json).ok()?;
    Some(Origin {
        chat: chat.map(ChatId),
        message: message.map(MessageId),
        author: author.map(UserId),
        author_name: name,
        sent_at: Time(at),
    })
}

fn write_origin(origin: &Origin) -> Option<String> {
    let Origin { chat, message, author, author_name, sent_at } = origin;
    let data = OriginData {
        chat: chat.map(|id| id.0),
        message: message.map(|id| id.0),
        author: author.map(|id| id.0),
        name: author_name.clone(),
        at: sent_at.0,
    };
    serde_json::to_string(&data).ok()
}

/// What every message has.
const PLAIN: [M; 9] =
    [M::Id, M::ChatId, M::Seq, M::AuthorId, M::Kind, M::Text, M::Payload, M::ClientId, M::SentAt];
/// What few have. Each value costs time to bind, so they are written only where one of a batch has some.
const RARE: [M; 6] = [M::Parts, M::ReplyTo, M::ThreadId, M::Origin, M::IsSilent, M::ExpiresAt];

fn is_plain(message: &Message) -> bool {
    message.parts == Parts::NONE
        && message.reply_to.is_none()
        && message.thread.is_none()
        && message.origin.is_none()
        && !message.is_silent
        && message.expires_at.is_none()
}

pub async fn insert_many(run: &mut impl Run, new: &[&Message]) -> Result<()> {
    let all_plain = new.iter().all(|message| is_plain(message));
    let rare = if all_plain { &[][..] } else { &RARE };
    let mut insert =
        Query::insert().into_table(M::Table).columns(PLAIN.iter().chain(rare).copied()).to_owned();
    for message in new {
        let (text, payload) = kept(message.content.as_ref());
        let mut values: Vec<Expr> = vec![
            message.id.into(),
            message.chat.into(),
            message.seq.into(),
            message.author.into(),
            message.kind.into(),
            text.into(),
            payload.into(),
            message.client_id.map(bytes).into(),
            message.sent_at.into(),
        ];
        if !all_plain {
            values.extend([
                message.parts.0.into(),
                message.reply_to.as_ref().map(|quote| quote.id).into(),
                message.thread.into(),
                message.origin.as_ref().and_then(write_origin).into(),
                i64::from(message.is_silent).into(),
                Expr::from(message.expires_at),
            ]);
        }
        insert.values_panic(values);
    }
    run.execute(&insert).await
}

/// Remembers that other tables hold something of these messages.
pub async fn set_parts(run: &mut impl Run, ids: &[MessageId], parts: Parts) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let update = Query::update()
        .table(M::Table)
        .value(M::Parts, Expr::col(M::Parts).bit_or(parts.0))
        .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
        .to_owned();
    run.execute(&update).await
}

pub(super) fn kept(content: Option<&Content>) -> (Option<String>, Option<String>) {
    let text = content.and_then(Content::text).map(str::to_owned);
    let payload = content.and_then(Content::payload).and_then(|payload| serde_json::to_string(payload).ok());
    (text, payload)
}

/// Writes what an edited message says now, and has it indexed again.
pub async fn edit(run: &mut impl Run, id: MessageId, content: &Content, now: Time) -> Result<()> {
    let (text, payload) = kept(Some(content));
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, text)
        .value(M::Payload, payload)
        .value(M::EditedAt, now)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    run.execute(&update).await?;
    search::mark(run, &[id]).await
}

/// Writes what a message says now without anybody's having edited it, and has it indexed again.
pub async fn rewrite(run: &mut impl Run, id: MessageId, content: &Content) -> Result<()> {
    let (text, payload) = kept(Some(content));
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, text)
        .value(M::Payload, payload)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    run.execute(&update).await?;
    search::mark(run, &[id]).await
}

/// Takes away what messages said, from the index too; their places in the chat stay.
pub async fn delete(run: &mut impl Run, ids: &[MessageId], now: Time) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, Option::<String>::None)
        .value(M::Payload, Option::<String>::None)
        .value(M::ReplyTo, Option::<MessageId>::None)
        .value(M::Origin, Option::<String>::None)
        .value(M::ExpiresAt, Option::<Time>::None)
        .value(M::PinnedAt, Option::<Time>::None)
        .value(M::DeletedAt, now)
        .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
        .to_owned();
    run.execute(&update).await?;
    marks::uncount(run, ids).await?;
    search::mark(run, ids).await
}

/// Messages whose time is over, the longest overdue first.
pub async fn expired(run: &mut impl Run, now: Time, limit: u64) -> Result<Vec<(ChatId, MessageId)>> {
    let mut question = Query::select()
        .columns([M::ChatId, M::Id])
        .from(M::Table)
        .and_where(Expr::col(M::ExpiresAt).lte(now))
        .order_by(M::ExpiresAt, Order::Asc)
        .limit(limit)
        .to_owned();
    if run.is_mysql() {
        // Two nodes that look at once take them away one after the other.
        question.lock_exclusive();
    }
    run.all(&question).await
}

/// What somebody said after one of all messages: at most so many of them (`taken`), among so many that are looked
/// through (`seen`). And up to where that was; nothing when it was up to the end.
pub async fn of_author(
    run: &mut impl Run,
    author: UserId,
    after: MessageId,
    seen: u64,
    taken: u64,
) -> Result<(Vec<(ChatId, MessageId)>, Option<MessageId>)> {
    // There is no index by author: every post would pay for what hardly anybody does.
    let last = Query::select()
        .column(M::Id)
        .from(M::Table)
        .and_where(Expr::col(M::Id).gt(after))
        .order_by(M::Id, Order::Asc)
        .offset(seen.saturating_sub(1))
        .limit(1)
        .to_owned();
    let last = run.one::<(MessageId,)>(&last).await?.map(|(id,)| id);
    let mut question = Query::select()
        .columns([M::ChatId, M::Id])
        .from(M::Table)
        .and_where(Expr::col(M::Id).gt(after))
        .and_where(Expr::col(M::AuthorId).eq(author))
        .and_where(Expr::col(M::Kind).ne(Kind::System))
        .and_where(Expr::col(M::DeletedAt).is_null())
        .order_by(M::Id, Order::Asc)
        .limit(taken)
        .to_owned();
    if let Some(last) = last {
        question.and_where(Expr::col(M::Id).lte(last));
    }
    let found: Vec<(ChatId, MessageId)> = run.all(&question).await?;
    let is_full = found.len() as u64 == taken;
    let upto = found.last().map(|(_, id)| *id).filter(|_| is_full).or(last);
    Ok((found, upto))
}

/// Takes some messages of a chat away altogether, and answers which.
pub async fn purge(run: &mut impl Run, chat: ChatId, limit: u64) -> Result<Vec<MessageId>> {
    let question = Query::select()
        .column(M::Id)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .limit(limit)
        .to_owned();
    let ids: Vec<MessageId> = run.all::<(MessageId,)>(&question).await?.into_iter().map(|(id,)| id).collect();
    if !ids.is_empty() {
        let delete = Query::delete()
            .from_table(M::Table)
            .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
            .to_owned();
        run.execute(&delete).await?;
        search::mark(run, &ids).await?;
    }
    Ok(ids)
}

pub async fn hide(run: &mut impl Run, message: &Message, user: UserId) -> Result<()> {
    let insert = Query::insert()
        .into_table(H::Table)
        .columns([H::UserId, H::ChatId, H::Seq, H::MessageId])
        .values_panic([user.into(), message.chat.into(), message.seq.into(), message.id.into()])
        .to_owned();
    run.execute(&insert).await
}

pub async fn is_hidden(run: &mut impl Run, message: &Message, user: UserId) -> Result<bool> {
    Ok(!hidden(run, &[(message.chat, message.seq)], user).await?.is_empty())
}

/// Which of these somebody took away from their own sight.
pub async fn hidden(run: &mut impl Run, places: &[(ChatId, i64)], user: UserId) -> Result<Vec<MessageId>> {
    let mut wanted = Cond::any();
    for (chat, seq) in places {
        wanted = wanted.add(Expr::col(H::ChatId).eq(*chat).and(Expr::col(H::Seq).eq(*seq)));
    }
    let question = Query::select()
        .column(H::MessageId)
        .from(H::Table)
        .and_where(Expr::col(H::UserId).eq(user))
        .cond_where(wanted)
        .to_owned();
    Ok(run.all::<(MessageId,)>(&question).await?.into_iter().map(|(id,)| id).collect())
}

pub async fn by_id(run: &mut impl Run, id: MessageId) -> Result<Option<Message>> {
    Ok(by_ids(run, &[id]).await?.pop())
}

/// In no particular order; those that are gone are left out.
pub async fn by_ids(run: &mut impl Run, ids: &[MessageId]) -> Result<Vec<Message>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut question = messages();
    question.and_where(Expr::col((M::Table, M::Id)).is_in(ids.iter().copied()));
    whole(run, &question).await
}

/// The messages that began the threads in which these stand, each once.
pub async fn threads_of(run: &mut impl Run, ids: &[MessageId]) -> Result<Vec<MessageId>> {
    let question = Query::select()
        .distinct()
        .column(M::ThreadId)
        .from(M::Table)
        .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
        .and_where(Expr::col(M::ThreadId).is_not_null())
        .to_owned();
    Ok(run.all::<(MessageId,)>(&question).await?.into_iter().map(|(id,)| id).collect())
}

/// Which of these (author, client id) were sent before.
pub async fn by_client_ids(
    run: &mut impl Run,
    sent: &[(UserId, Uuid)],
) -> Result<HashMap<(UserId, Uuid), Message>> {
    // Pair by pair: for `(author_id, client_id) IN (…)` SQLite reads the whole table.
    let mut wanted = Cond::any();
    for (author, id) in sent {
        let author = Expr::col((M::Table, M::AuthorId)).eq(*author);
        wanted = wanted.add(author.and(Expr::col((M::Table, M::ClientId)).eq(bytes(*id))));
    }
    let mut question = messages();
    question.cond_where(wanted);
    let found = whole(run, &question).await?;
    Ok(found.into_iter().filter_map(|m| m.client_id.map(|id| ((m.author, id), m))).collect())
}

/// A stretch of a chat's history.
#[derive(Debug, Clone, Copy)]
pub enum Stretch {
    Newest,
    /// Older than a place.
    Before(i64),
    /// Newer than a place, the nearest.
    After(i64),
}

/// Messages of a chat, or of one thread in it, that the reader did not hide, the newest first.
pub async fn page(
    run: &mut impl Run,
    (chat, thread): (ChatId, Option<MessageId>),
    reader: UserId,
    stretch: Stretch,
    limit: u64,
) -> Result<Vec<Message>> {
    let seq = Expr::col((M::Table, M::Seq));
    let mut question = messages();
    question.and_where(Expr::col((M::Table, M::ChatId)).eq(chat)).and_where(is_seen(reader));
    if let Some(thread) = thread {
        question.and_where(Expr::col((M::Table, M::ThreadId)).eq(thread));
    }
    let order = match stretch {
        Stretch::Newest => Order::Desc,
        Stretch::Before(place) => {
            question.and_where(seq.lt(place));
            Order::Desc
        }
        Stretch::After(place) => {
            question.and_where(seq.gt(place));
            Order::Asc
        }
    };
    question.order_by((M::Table, M::Seq), order).limit(limit);
    let mut page = whole(run, &question).await?;
    if matches!(stretch, Stretch::After(_)) {
        page.reverse();
    }
    Ok(page)
}

/// The newest messages of a chat that are still there and that the reader did not hide, after as many were skipped,
/// the oldest first; with what the server said, or without it.
pub async fn latest(
    run: &mut impl Run,
    (chat, with_notices): (ChatId, bool),
    reader: UserId,
    skipped: u64,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut question = messages();
    question
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::DeletedAt)).is_null())
        .and_where(is_seen(reader))
        .order_by((M::Table, M::Seq), Order::Desc)
        .offset(skipped)
        .limit(limit);
    if !with_notices {
        question.and_where(Expr::col((M::Table, M::Kind)).ne(Kind::System));
    }
    let mut latest = whole(run, &question).await?;
    latest.reverse();
    Ok(latest)
}

/// Whether the reader did not hide a message; to be asked beside its row.
pub(super) fn is_seen(reader: UserId) -> Expr {
    let hidden = Query::select()
        .expr(Expr::val(1))
        .from(H::Table)
        .and_where(Expr::col((H::Table, H::UserId)).eq(reader))
        .and_where(Expr::col((H::Table, H::ChatId)).equals((M::Table, M::ChatId)))
        .and_where(Expr::col((H::Table, H::Seq)).equals((M::Table, M::Seq)))
        .to_owned();
    Expr::exists(hidden).not()
}

/// A message's place in a chat, if it is one of the chat's.
pub async fn place(run: &mut impl Run, chat: ChatId, id: MessageId) -> Result<Option<i64>> {
    let question = Query::select()
        .column(M::Seq)
        .from(M::Table)
        .and_where(Expr::col(M::Id).eq(id))
        .and_where(Expr::col(M::ChatId).eq(chat))
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map(|(seq,)| seq))
}

/// The newest message of a chat at or before a place.
pub async fn newest(run: &mut impl Run, chat: ChatId) -> Result<Option<(MessageId, i64)>> {
    let question = Query::select()
        .columns([M::Id, M::Seq])
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .order_by(M::Seq, Order::Desc)
        .limit(1)
        .to_owned();
    run.one(&question).await
}

/// Where in a chat the first message since a moment is.
///
/// Places grow with time, so it is found by halving: a handful of looks into the index, in both databases alike.
pub async fn first_since(run: &mut impl Run, chat: ChatId, since: Time) -> Result<Option<i64>> {
    let Some((_, last)) = newest(run, chat).await? else { return Ok(None) };
    let (mut low, mut high, mut found) = (0, last, None);
    while low <= high {
        let middle = low + (high - low) / 2;
        let question = Query::select()
            .columns([M::Seq, M::SentAt])
            .from(M::Table)
            .and_where(Expr::col(M::ChatId).eq(chat))
            .and_where(Expr::col(M::Seq).gte(middle))
            .order_by(M::Seq, Order::Asc)
            .limit(1)
            .to_owned();
        match run.one::<(i64, Time)>(&question).await? {
            Some((seq, sent_at)) if sent_at < since => low = seq + 1,
            Some((seq, _)) => {
                found = Some(seq);
                high = middle - 1;
            }
            None => high = middle - 1,
        }
    }
    Ok(found)
}

/// Reads messages with all that belongs to them, in the question's order.
pub(super) async fn whole(run: &mut impl Run, question: &SelectStatement) -> Result<Vec<Message>> {
    let rows: Vec<MessageRow> = run.all(question).await?;
    let answered: Vec<MessageId> = rows.iter().filter_map(|row| row.reply_to).collect();
    let answers: HashMap<MessageId, MessageId> =
        rows.iter().filter_map(|row| Some((row.id, row.reply_to?))).collect();
    let mut messages: Vec<Message> = rows.into_iter().map(Message::from).collect();
    // Most messages have nothing more; of what few have, only those are asked for that have it.
    let with = |part: Parts| -> Vec<MessageId> {
        messages.iter().filter(|m| m.parts.has(part) && m.content.is_some()).map(|m| m.id).collect()
    };
    let (files, reacted, meant) = (with(Parts::FILES), with(Parts::REACTIONS), with(Parts::MENTIONS));
    let voted = with(Parts::VOTES);
    let (linking, bare) = (with(Parts::LINKS), with(Parts::BARE));
    let linking: Vec<MessageId> = linking.into_iter().filter(|id| !bare.contains(id)).collect();
    let begun: Vec<MessageId> =
        messages.iter().filter(|m| m.parts.has(Parts::REPLIES)).map(|m| m.id).collect();
    let mut files = attachments::of_messages(run, &files).await?;
    let mut reacted = reactions::of_messages(run, &reacted).await?;
    let mut meant = mentions::of_messages(run, &meant).await?;
    let voted = polls::of_messages(run, &voted).await?;
    let mut seen = previews::of_messages(run, &linking).await?;
    let threads = threads(run, &begun).await?;
    let quotes = quotes(run, &answered).await?;
    for message in &mut messages {
        message.reactions = reacted.remove(&message.id).unwrap_or_default();
        message.attachments = files.remove(&message.id).unwrap_or_default();
        message.previews = seen.remove(&message.id).unwrap_or_default();
        (message.mentions, message.mentions_all) = meant.remove(&message.id).unwrap_or_default();
        if let Some(poll) = &mut message.poll
            && let Some((votes, closed_at)) = voted.get(&message.id)
        {
            poll.count(votes);
            poll.closed_at = *closed_at;
        }
        message.replies = threads.get(&message.id).copied();
        message.reply_to = answers.get(&message.id).and_then(|id| quotes.get(id).cloned());
    }
    Ok(messages)
}

/// The threads that messages began.
async fn threads(run: &mut impl Run, ids: &[MessageId]) -> Result<HashMap<MessageId, Thread>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let question = Query::select()
        .column(M::ThreadId)
        .expr(Func::count(Expr::col(M::Id)))
        .expr(Func::max(Expr::col(M::SentAt)))
        .from(M::Table)
        .and_where(Expr::col(M::ThreadId).is_in(ids.iter().copied()))
        .and_where(Expr::col(M::DeletedAt).is_null())
        .group_by_col(M::ThreadId)
        .to_owned();
    let found = run.all::<(MessageId, i64, Time)>(&question).await?;
    Ok(found.into_iter().map(|(id, count, last_at)| (id, Thread { count, last_at })).collect())
}

/// Messages as they are shown in answers to them.
pub async fn quotes(run: &mut impl Run, ids: &[MessageId]) -> Result<HashMap<MessageId, Quote>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let question = messages().and_where(Expr::col((M::Table, M::Id)).is_in(ids.iter().copied())).to_owned();
    let rows: Vec<MessageRow> = run.all(&question).await?;
    let mut found: Vec<Message> = rows.into_iter().map(Message::from).collect();
    let with_files: Vec<MessageId> =
        found.iter().filter(|m| m.parts.has(Parts::FILES)).map(|m| m.id).collect();
    let mut files = attachments::of_messages(run, &with_files).await?;
    for message in &mut found {
        message.attachments = files.remove(&message.id).unwrap_or_default();
    }
    Ok(found.iter().map(|message| (message.id, Quote::of(message))).collect())
}
