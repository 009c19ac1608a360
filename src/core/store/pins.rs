//! Pinned messages.

use sea_query::{Expr, ExprTrait, Func, Order, Query};

use super::hidden::{conceal_quotes, is_seen};
use super::messages::{hydrate, messages};
use super::schema::Message as M;
use super::{Executor, Result};
use crate::model::{ChatId, Message, MessageId, Time, UserId};

/// Pins a message; with `None`, unpins it.
pub async fn pin(executor: &mut Executor, id: MessageId, at: Option<Time>) -> Result<()> {
    let update =
        Query::update().table(M::Table).value(M::PinnedAt, at).and_where(Expr::col(M::Id).eq(id)).to_owned();
    executor.execute(&update).await
}

/// How many messages are pinned in a chat.
pub async fn count(executor: &mut Executor, chat: ChatId) -> Result<i64> {
    let query = Query::select()
        .expr(Func::count(Expr::col(M::Id)))
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::PinnedAt).is_not_null())
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count))
}

/// The pinned messages of a chat that the reader has not hidden, the last pinned first.
pub async fn of_chat(executor: &mut Executor, chat: ChatId, reader: UserId) -> Result<Vec<Message>> {
    let mut query = messages();
    query
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::PinnedAt)).is_not_null())
        .and_where(is_seen(reader))
        .order_by((M::Table, M::PinnedAt), Order::Desc)
        .order_by((M::Table, M::Id), Order::Desc);
    let mut pinned = hydrate(executor, &query).await?;
    conceal_quotes(executor, reader, &mut pinned).await?;
    Ok(pinned)
}
