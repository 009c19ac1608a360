//! Messages that are pinned in their chats.

use sea_query::{Expr, ExprTrait, Func, Order, Query};

use super::hidden::is_seen;
use super::messages::{hydrate, messages};
use super::schema::Message as M;
use super::{Executor, Result};
use crate::model::{ChatId, Message, MessageId, Time, UserId};

/// Pins a message; takes the pin out with `None`.
pub async fn pin(run: &mut Executor, id: MessageId, at: Option<Time>) -> Result<()> {
    let update =
        Query::update().table(M::Table).value(M::PinnedAt, at).and_where(Expr::col(M::Id).eq(id)).to_owned();
    run.execute(&update).await
}

/// How many messages are pinned in a chat.
pub async fn count(run: &mut Executor, chat: ChatId) -> Result<i64> {
    let question = Query::select()
        .expr(Func::count(Expr::col(M::Id)))
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::PinnedAt).is_not_null())
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(count,)| count))
}

/// What is pinned in a chat and the reader did not hide, the last pinned first.
pub async fn of_chat(run: &mut Executor, chat: ChatId, reader: UserId) -> Result<Vec<Message>> {
    let mut question = messages();
    question
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::PinnedAt)).is_not_null())
        .and_where(is_seen(reader))
        .order_by((M::Table, M::PinnedAt), Order::Desc)
        .order_by((M::Table, M::Id), Order::Desc);
    hydrate(run, &question).await
}
