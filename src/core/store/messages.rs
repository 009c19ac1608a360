//! Messages.

mod hydrate;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_query::{Cond, Expr, ExprTrait, Func, Order, Query, SelectStatement, Value};
use uuid::Uuid;

pub use self::hydrate::quotes;
use self::hydrate::write_origin;
pub(super) use self::hydrate::{hydrate, messages};
use super::columns::bytes;
use super::schema::Message as M;
use super::template::Template;
use super::{Executor, Result, hidden, marks, search};
use crate::model::{ChatId, Content, Kind, Message, MessageId, Parts, Time, UserId};

/// The columns that every message has.
const REQUIRED: [M; 9] =
    [M::Id, M::ChatId, M::Seq, M::AuthorId, M::Kind, M::Text, M::Payload, M::ClientId, M::SentAt];
/// The columns that few messages have. Binding values takes time, so they are written only if a message of the batch has
/// some.
const OPTIONAL: [M; 6] = [M::Parts, M::ReplyTo, M::ThreadId, M::Origin, M::IsSilent, M::ExpiresAt];

fn is_plain(message: &Message) -> bool {
    message.parts == Parts::NONE
        && message.reply_to.is_none()
        && message.thread.is_none()
        && message.origin.is_none()
        && !message.is_silent
        && message.expires_at.is_none()
}

/// Inserts messages, each with the idempotency key of its request if that is stored with it.
pub async fn insert_many(executor: &mut Executor, new: &[(&Message, Option<Vec<u8>>)]) -> Result<()> {
    static INSERT: Template = Template::new();
    let all_plain = new.iter().all(|(message, _)| is_plain(message));
    let optional = if all_plain { &[][..] } else { &OPTIONAL };
    let has_keys = new.iter().any(|(_, key)| key.is_some());
    let key = has_keys.then_some(M::RequestKey);
    let columns: Vec<M> = REQUIRED.into_iter().chain(key).chain(optional.iter().copied()).collect();
    let mut values: Vec<Value> = Vec::with_capacity(new.len() * columns.len());
    for (message, key) in new {
        let (text, payload) = columns_of(message.content.as_ref());
        values.extend([
            message.id.into(),
            message.chat.into(),
            message.seq.into(),
            message.author.into(),
            message.kind.into(),
            text.into(),
            payload.into(),
            message.client_id.map(bytes).into(),
            message.sent_at.into(),
        ]);
        if has_keys {
            values.push(key.clone().into());
        }
        if !all_plain {
            values.extend([
                message.parts.0.into(),
                message.reply_to.as_ref().map(|quote| quote.id).into(),
                message.thread.into(),
                message.origin.as_ref().and_then(write_origin).into(),
                i64::from(message.is_silent).into(),
                message.expires_at.into(),
            ]);
        }
    }
    let form = new.len() * 4 + usize::from(has_keys) * 2 + usize::from(all_plain);
    let build = |values: &[Value]| {
        let mut insert = Query::insert().into_table(M::Table).columns(columns.clone()).to_owned();
        for row in values.chunks(columns.len()) {
            insert.values_panic(row.iter().cloned().map(Expr::from));
        }
        insert
    };
    executor.defer_form((&INSERT, form), values, build).await
}

/// Records that other tables have rows about these messages.
pub async fn set_parts(executor: &mut Executor, ids: &[MessageId], parts: Parts) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let update = Query::update()
        .table(M::Table)
        .value(M::Parts, Expr::col(M::Parts).bit_or(parts.0))
        .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
        .to_owned();
    executor.defer(&update).await
}

pub(super) fn columns_of(content: Option<&Content>) -> (Option<String>, Option<String>) {
    let text = content.and_then(Content::text).map(str::to_owned);
    let payload = content.and_then(Content::payload).and_then(|payload| serde_json::to_string(payload).ok());
    (text, payload)
}

/// Stores a message's edited content, and marks it to be indexed again.
pub async fn edit(executor: &mut Executor, id: MessageId, content: &Content, now: Time) -> Result<()> {
    let (text, payload) = columns_of(Some(content));
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, text)
        .value(M::Payload, payload)
        .value(M::EditedAt, now)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    executor.execute(&update).await?;
    search::mark_changed(executor, &[id]).await
}

/// Replaces a message's content without marking it as edited, and marks it to be indexed again.
pub async fn replace_content(executor: &mut Executor, id: MessageId, content: &Content) -> Result<()> {
    let (text, payload) = columns_of(Some(content));
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, text)
        .value(M::Payload, payload)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    executor.execute(&update).await?;
    search::mark_changed(executor, &[id]).await
}

/// Deletes the content of messages, from the search index too. Their rows stay.
pub async fn delete(executor: &mut Executor, ids: &[MessageId], now: Time) -> Result<()> {
    marks::uncount(executor, ids).await?;
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
    executor.execute(&update).await?;
    search::mark_changed(executor, ids).await
}

/// Expired messages, the longest expired first.
pub async fn expired(executor: &mut Executor, now: Time, limit: u64) -> Result<Vec<(ChatId, MessageId)>> {
    let query = Query::select()
        .columns([M::ChatId, M::Id])
        .from(M::Table)
        .and_where(Expr::col(M::ExpiresAt).lte(now))
        .order_by(M::ExpiresAt, Order::Asc)
        .limit(limit)
        .to_owned();
    executor.all(&query).await
}

/// At most `taken` messages with ids after one and below another that people sent, among the next `seen` messages,
/// without those of some chats. Also returns the last message that was scanned; `None` when all were.
pub async fn older(
    executor: &mut Executor,
    (after, below): (MessageId, MessageId),
    exempt: &BTreeSet<ChatId>,
    seen: u64,
    taken: u64,
) -> Result<(Vec<(ChatId, MessageId)>, Option<MessageId>)> {
    let last = last_of_next(executor, after, seen).await?.filter(|last| *last < below);
    let mut query = sent_below(below, exempt);
    query
        .columns([M::ChatId, M::Id])
        .and_where(Expr::col(M::Id).gt(after))
        .order_by(M::Id, Order::Asc)
        .limit(taken);
    if let Some(last) = last {
        query.and_where(Expr::col(M::Id).lte(last));
    }
    let found: Vec<(ChatId, MessageId)> = executor.all(&query).await?;
    let is_full = found.len() as u64 == taken;
    let upto = found.last().map(|(_, id)| *id).filter(|_| is_full).or(last);
    Ok((found, upto))
}

/// How many messages with ids below one there are that people sent, without those of some chats.
pub async fn count_older(
    executor: &mut Executor,
    below: MessageId,
    exempt: &BTreeSet<ChatId>,
) -> Result<u64> {
    let mut query = sent_below(below, exempt);
    query.expr(Func::count(Expr::col(M::Id)));
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count.unsigned_abs()))
}

fn sent_below(below: MessageId, exempt: &BTreeSet<ChatId>) -> SelectStatement {
    let mut query = Query::select()
        .from(M::Table)
        .and_where(Expr::col(M::Id).lt(below))
        .and_where(Expr::col(M::Kind).ne(Kind::System))
        .and_where(Expr::col(M::DeletedAt).is_null())
        .to_owned();
    if !exempt.is_empty() {
        query.and_where(Expr::col(M::ChatId).is_not_in(exempt.iter().copied()));
    }
    query
}

/// The last of the next `seen` messages after one; `None` if there are fewer.
async fn last_of_next(executor: &mut Executor, after: MessageId, seen: u64) -> Result<Option<MessageId>> {
    let query = Query::select()
        .column(M::Id)
        .from(M::Table)
        .and_where(Expr::col(M::Id).gt(after))
        .order_by(M::Id, Order::Asc)
        .offset(seen.saturating_sub(1))
        .limit(1)
        .to_owned();
    Ok(executor.one::<(MessageId,)>(&query).await?.map(|(id,)| id))
}

/// Which of these messages are not deleted. In MySQL they are locked, so that two nodes do not delete the same ones.
pub async fn not_deleted(executor: &mut Executor, ids: &[MessageId]) -> Result<Vec<(ChatId, MessageId)>> {
    let mut query = Query::select()
        .columns([M::ChatId, M::Id])
        .from(M::Table)
        .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
        .and_where(Expr::col(M::DeletedAt).is_null())
        .order_by(M::Id, Order::Asc)
        .to_owned();
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    executor.all(&query).await
}

/// At most `taken` messages of an author after a message, among the next `seen` messages of anybody. Also returns the
/// last message that was scanned; `None` when all were.
pub async fn of_author(
    executor: &mut Executor,
    author: UserId,
    after: MessageId,
    seen: u64,
    taken: u64,
) -> Result<(Vec<(ChatId, MessageId)>, Option<MessageId>)> {
    // There is no index by author: it would slow down every post, and is rarely needed.
    let last = last_of_next(executor, after, seen).await?;
    let mut query = Query::select()
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
        query.and_where(Expr::col(M::Id).lte(last));
    }
    let found: Vec<(ChatId, MessageId)> = executor.all(&query).await?;
    let is_full = found.len() as u64 == taken;
    let upto = found.last().map(|(_, id)| *id).filter(|_| is_full).or(last);
    Ok((found, upto))
}

/// Deletes the rows of some messages of a chat; returns their ids.
pub async fn purge(executor: &mut Executor, chat: ChatId, limit: u64) -> Result<Vec<MessageId>> {
    let query = Query::select()
        .column(M::Id)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .limit(limit)
        .to_owned();
    let ids: Vec<MessageId> =
        executor.all::<(MessageId,)>(&query).await?.into_iter().map(|(id,)| id).collect();
    if !ids.is_empty() {
        let delete = Query::delete()
            .from_table(M::Table)
            .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
            .to_owned();
        executor.execute(&delete).await?;
        search::mark_changed(executor, &ids).await?;
    }
    Ok(ids)
}

pub async fn by_id(executor: &mut Executor, id: MessageId) -> Result<Option<Message>> {
    Ok(by_ids(executor, &[id]).await?.pop())
}

/// In no particular order; purged messages are left out.
pub async fn by_ids(executor: &mut Executor, ids: &[MessageId]) -> Result<Vec<Message>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = messages();
    query.and_where(Expr::col((M::Table, M::Id)).is_in(ids.iter().copied()));
    hydrate(executor, &query).await
}

/// The same as a reader sees them: without the texts of quoted messages that they have hidden.
pub async fn by_ids_for(executor: &mut Executor, ids: &[MessageId], reader: UserId) -> Result<Vec<Message>> {
    let mut found = by_ids(executor, ids).await?;
    hidden::conceal_quotes(executor, reader, &mut found).await?;
    Ok(found)
}

/// The root messages of the threads that these messages are in, each once.
pub async fn threads_of(executor: &mut Executor, ids: &[MessageId]) -> Result<Vec<MessageId>> {
    let query = Query::select()
        .distinct()
        .column(M::ThreadId)
        .from(M::Table)
        .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
        .and_where(Expr::col(M::ThreadId).is_not_null())
        .to_owned();
    Ok(executor.all::<(MessageId,)>(&query).await?.into_iter().map(|(id,)| id).collect())
}

/// The messages with these (author, client id) pairs.
pub async fn by_client_ids(
    executor: &mut Executor,
    sent: &[(UserId, Uuid)],
) -> Result<HashMap<(UserId, Uuid), Message>> {
    let mut by_author: BTreeMap<UserId, Vec<Uuid>> = BTreeMap::new();
    for (author, id) in sent {
        by_author.entry(*author).or_default().push(*id);
    }
    // Author by author, because SQLite scans the whole table for `(author_id, client_id) IN (…)`.
    let mut wanted = Cond::any();
    for (author, ids) in by_author {
        let author = Expr::col((M::Table, M::AuthorId)).eq(author);
        let id = Expr::col((M::Table, M::ClientId));
        let id = match &ids[..] {
            [one] => id.eq(bytes(*one)),
            several => id.is_in(several.iter().map(|id| bytes(*id))),
        };
        wanted = wanted.add(author.and(id));
    }
    let mut query = messages();
    query.cond_where(wanted);
    let found = hydrate(executor, &query).await?;
    Ok(found.into_iter().filter_map(|m| m.client_id.map(|id| ((m.author, id), m))).collect())
}
