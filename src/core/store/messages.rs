//! Messages.

mod hydrate;

use std::collections::HashMap;

use sea_query::{Cond, Expr, ExprTrait, Order, Query};
use uuid::Uuid;

pub use self::hydrate::quotes;
use self::hydrate::write_origin;
pub(super) use self::hydrate::{hydrate, messages};
use super::columns::bytes;
use super::schema::Message as M;
use super::{Executor, Result, marks, search};
use crate::model::{ChatId, Content, Kind, Message, MessageId, Parts, Time, UserId};

/// What every message has.
const REQUIRED: [M; 9] =
    [M::Id, M::ChatId, M::Seq, M::AuthorId, M::Kind, M::Text, M::Payload, M::ClientId, M::SentAt];
/// What few have. Each value costs time to bind, so they are written only where one of a batch has some.
const OPTIONAL: [M; 6] = [M::Parts, M::ReplyTo, M::ThreadId, M::Origin, M::IsSilent, M::ExpiresAt];

fn is_plain(message: &Message) -> bool {
    message.parts == Parts::NONE
        && message.reply_to.is_none()
        && message.thread.is_none()
        && message.origin.is_none()
        && !message.is_silent
        && message.expires_at.is_none()
}

pub async fn insert_many(run: &mut Executor, new: &[&Message]) -> Result<()> {
    let all_plain = new.iter().all(|message| is_plain(message));
    let optional = if all_plain { &[][..] } else { &OPTIONAL };
    let mut insert =
        Query::insert().into_table(M::Table).columns(REQUIRED.iter().chain(optional).copied()).to_owned();
    for message in new {
        let (text, payload) = columns_of(message.content.as_ref());
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
pub async fn set_parts(run: &mut Executor, ids: &[MessageId], parts: Parts) -> Result<()> {
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

pub(super) fn columns_of(content: Option<&Content>) -> (Option<String>, Option<String>) {
    let text = content.and_then(Content::text).map(str::to_owned);
    let payload = content.and_then(Content::payload).and_then(|payload| serde_json::to_string(payload).ok());
    (text, payload)
}

/// Writes what an edited message says now, and has it indexed again.
pub async fn edit(run: &mut Executor, id: MessageId, content: &Content, now: Time) -> Result<()> {
    let (text, payload) = columns_of(Some(content));
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, text)
        .value(M::Payload, payload)
        .value(M::EditedAt, now)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    run.execute(&update).await?;
    search::mark_changed(run, &[id]).await
}

/// Writes what a message says now without anybody's having edited it, and has it indexed again.
pub async fn replace_content(run: &mut Executor, id: MessageId, content: &Content) -> Result<()> {
    let (text, payload) = columns_of(Some(content));
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, text)
        .value(M::Payload, payload)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    run.execute(&update).await?;
    search::mark_changed(run, &[id]).await
}

/// Takes away what messages said, from the index too; their places in the chat stay.
pub async fn delete(run: &mut Executor, ids: &[MessageId], now: Time) -> Result<()> {
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
    marks::reset_counts(run, ids).await?;
    search::mark_changed(run, ids).await
}

/// Messages whose time is over, the longest overdue first.
pub async fn expired(run: &mut Executor, now: Time, limit: u64) -> Result<Vec<(ChatId, MessageId)>> {
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
    run: &mut Executor,
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
pub async fn purge(run: &mut Executor, chat: ChatId, limit: u64) -> Result<Vec<MessageId>> {
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
        search::mark_changed(run, &ids).await?;
    }
    Ok(ids)
}

pub async fn by_id(run: &mut Executor, id: MessageId) -> Result<Option<Message>> {
    Ok(by_ids(run, &[id]).await?.pop())
}

/// In no particular order; those that are gone are left out.
pub async fn by_ids(run: &mut Executor, ids: &[MessageId]) -> Result<Vec<Message>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut question = messages();
    question.and_where(Expr::col((M::Table, M::Id)).is_in(ids.iter().copied()));
    hydrate(run, &question).await
}

/// The messages that began the threads in which these stand, each once.
pub async fn threads_of(run: &mut Executor, ids: &[MessageId]) -> Result<Vec<MessageId>> {
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
    run: &mut Executor,
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
    let found = hydrate(run, &question).await?;
    Ok(found.into_iter().filter_map(|m| m.client_id.map(|id| ((m.author, id), m))).collect())
}
