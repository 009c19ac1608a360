//! The messages of a chat, page by page.

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::assistant::is_unfinished;
use super::hidden::{conceal_quotes, is_seen};
use super::messages::{hydrate, messages};
use super::schema::Message as M;
use super::{Executor, Result};
use crate::model::{ChatId, Kind, Message, MessageFilter, MessageId, Time, UserId};

/// A range of a chat's messages.
#[derive(Debug, Clone, Copy)]
pub enum PageRange {
    Newest,
    /// Before a sequence number.
    Before(i64),
    /// After a sequence number, the next ones.
    After(i64),
}

/// Messages of a chat or of a thread that the reader has not hidden, the newest first.
pub async fn page(
    executor: &mut Executor,
    (chat, thread): (ChatId, Option<MessageId>),
    reader: UserId,
    range: PageRange,
    limit: u64,
) -> Result<Vec<Message>> {
    let seq = Expr::col((M::Table, M::Seq));
    let mut query = messages();
    query.and_where(Expr::col((M::Table, M::ChatId)).eq(chat)).and_where(is_seen(reader));
    if let Some(thread) = thread {
        query.and_where(Expr::col((M::Table, M::ThreadId)).eq(thread));
    }
    let order = match range {
        PageRange::Newest => Order::Desc,
        PageRange::Before(bound) => {
            query.and_where(seq.lt(bound));
            Order::Desc
        }
        PageRange::After(bound) => {
            query.and_where(seq.gt(bound));
            Order::Asc
        }
    };
    query.order_by((M::Table, M::Seq), order).limit(limit);
    let mut page = hydrate(executor, &query).await?;
    conceal_quotes(executor, reader, &mut page).await?;
    if matches!(range, PageRange::After(_)) {
        page.reverse();
    }
    Ok(page)
}

/// The newest messages of a chat, also those that somebody has hidden, the newest first.
pub async fn newest_page(executor: &mut Executor, chat: ChatId, limit: u64) -> Result<Vec<Message>> {
    let mut query = messages();
    query
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .order_by((M::Table, M::Seq), Order::Desc)
        .limit(limit);
    hydrate(executor, &query).await
}

/// The newest messages of a chat, after skipping some, that a filter includes and the reader has not hidden, the oldest
/// first.
pub async fn latest(
    executor: &mut Executor,
    (chat, filter): (ChatId, MessageFilter),
    reader: UserId,
    skipped: u64,
    limit: u64,
) -> Result<Vec<Message>> {
    let mut query = messages();
    query
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(is_seen(reader))
        .order_by((M::Table, M::Seq), Order::Desc)
        .offset(skipped)
        .limit(limit);
    restrict(&mut query, filter);
    let mut latest = hydrate(executor, &query).await?;
    conceal_quotes(executor, reader, &mut latest).await?;
    latest.reverse();
    Ok(latest)
}

/// Restricts a query for messages to those that a filter includes.
pub(super) fn restrict(query: &mut SelectStatement, filter: MessageFilter) {
    query.and_where(Expr::col((M::Table, M::DeletedAt)).is_null());
    if !filter.notices {
        query.and_where(Expr::col((M::Table, M::Kind)).ne(Kind::System));
    }
    if !filter.unfinished_answers {
        query.and_where(is_unfinished().not());
    }
}

/// The messages of a chat after a sequence number, up to another, that are neither deleted nor hidden by the reader, the
/// newest first: those of the reader, or those of the others.
pub async fn between(
    executor: &mut Executor,
    (chat, reader): (ChatId, UserId),
    (after, upto): (i64, i64),
    of_reader: bool,
    limit: u64,
) -> Result<Vec<Message>> {
    let author = Expr::col((M::Table, M::AuthorId));
    let mut query = messages();
    query
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::Seq)).gt(after))
        .and_where(Expr::col((M::Table, M::Seq)).lte(upto))
        .and_where(Expr::col((M::Table, M::DeletedAt)).is_null())
        .and_where(is_seen(reader))
        .and_where(if of_reader { author.eq(reader) } else { author.ne(reader) })
        .order_by((M::Table, M::Seq), Order::Desc)
        .limit(limit);
    let mut found = hydrate(executor, &query).await?;
    conceal_quotes(executor, reader, &mut found).await?;
    Ok(found)
}

/// A message's sequence number, if it is in the chat.
pub async fn seq_of(executor: &mut Executor, chat: ChatId, id: MessageId) -> Result<Option<i64>> {
    let query = Query::select()
        .column(M::Seq)
        .from(M::Table)
        .and_where(Expr::col(M::Id).eq(id))
        .and_where(Expr::col(M::ChatId).eq(chat))
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map(|(seq,)| seq))
}

/// The newest of some messages that are in the chat, and its sequence number.
pub async fn newest_among(
    executor: &mut Executor,
    chat: ChatId,
    ids: &[MessageId],
) -> Result<Option<(MessageId, i64)>> {
    let query = Query::select()
        .columns([M::Id, M::Seq])
        .from(M::Table)
        .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
        .and_where(Expr::col(M::ChatId).eq(chat))
        .order_by(M::Seq, Order::Desc)
        .limit(1)
        .to_owned();
    executor.one(&query).await
}

/// The newest message of a chat, and its sequence number.
pub async fn newest(executor: &mut Executor, chat: ChatId) -> Result<Option<(MessageId, i64)>> {
    let query = Query::select()
        .columns([M::Id, M::Seq])
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .order_by(M::Seq, Order::Desc)
        .limit(1)
        .to_owned();
    executor.one(&query).await
}

/// The sequence number of the first message of a chat since a time.
///
/// Sequence numbers grow with time, so it is found by binary search in the index.
pub async fn first_since(executor: &mut Executor, chat: ChatId, since: Time) -> Result<Option<i64>> {
    let Some((_, last)) = newest(executor, chat).await? else { return Ok(None) };
    let (mut low, mut high, mut found) = (0, last, None);
    while low <= high {
        let middle = low + (high - low) / 2;
        let query = Query::select()
            .columns([M::Seq, M::SentAt])
            .from(M::Table)
            .and_where(Expr::col(M::ChatId).eq(chat))
            .and_where(Expr::col(M::Seq).gte(middle))
            .order_by(M::Seq, Order::Asc)
            .limit(1)
            .to_owned();
        match executor.one::<(i64, Time)>(&query).await? {
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
