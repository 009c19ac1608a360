//! What was said in a chat, stretch by stretch.

use sea_query::{Expr, ExprTrait, Order, Query};

use super::hidden::is_seen;
use super::messages::{hydrate, messages};
use super::schema::Message as M;
use super::{Executor, Result};
use crate::model::{ChatId, Kind, Message, MessageId, Time, UserId};

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
    run: &mut Executor,
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
        Stretch::Before(bound) => {
            question.and_where(seq.lt(bound));
            Order::Desc
        }
        Stretch::After(bound) => {
            question.and_where(seq.gt(bound));
            Order::Asc
        }
    };
    question.order_by((M::Table, M::Seq), order).limit(limit);
    let mut page = hydrate(run, &question).await?;
    if matches!(stretch, Stretch::After(_)) {
        page.reverse();
    }
    Ok(page)
}

/// The newest messages of a chat that are still there and that the reader did not hide, after as many were skipped,
/// the oldest first; with what the server said, or without it.
pub async fn latest(
    run: &mut Executor,
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
    let mut latest = hydrate(run, &question).await?;
    latest.reverse();
    Ok(latest)
}

/// A message's place in a chat, if it is one of the chat's.
pub async fn seq_of(run: &mut Executor, chat: ChatId, id: MessageId) -> Result<Option<i64>> {
    let question = Query::select()
        .column(M::Seq)
        .from(M::Table)
        .and_where(Expr::col(M::Id).eq(id))
        .and_where(Expr::col(M::ChatId).eq(chat))
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map(|(seq,)| seq))
}

/// The newest message of a chat, and its place.
pub async fn newest(run: &mut Executor, chat: ChatId) -> Result<Option<(MessageId, i64)>> {
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
pub async fn first_since(run: &mut Executor, chat: ChatId, since: Time) -> Result<Option<i64>> {
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
