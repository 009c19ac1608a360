//! Messages of a chat that contain files of a class or links.

use sea_query::{Expr, ExprTrait, Iden, IntoColumnRef, IntoIden, Order, Query, SelectStatement};

use super::hidden::is_seen;
use super::schema::{Message as M, MessageLink as L, Posted as P};
use super::{Executor, Result};
use crate::model::{ChatId, FileClass, MessageId, UserId};

/// Messages with files of a class, the newest first.
pub async fn with_files(
    executor: &mut Executor,
    chat: ChatId,
    reader: UserId,
    class: FileClass,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Vec<MessageId>> {
    let mut query = newest_first((P::Table, P::MessageId), before, limit, reader);
    query
        .from(P::Table)
        .and_where(Expr::col((P::Table, P::ChatId)).eq(chat))
        .and_where(Expr::col((P::Table, P::Class)).eq(class as i64));
    ids(executor, &query).await
}

/// Messages with links, the newest first.
pub async fn with_links(
    executor: &mut Executor,
    chat: ChatId,
    reader: UserId,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Vec<MessageId>> {
    let mut query = newest_first((L::Table, L::MessageId), before, limit, reader);
    query.from(L::Table).and_where(Expr::col((L::Table, L::ChatId)).eq(chat));
    ids(executor, &query).await
}

/// Messages that are neither deleted nor hidden by the reader, each once.
fn newest_first<T: Iden + Copy, C: Iden + Copy>(
    message: (T, C),
    before: Option<MessageId>,
    limit: u64,
    reader: UserId,
) -> SelectStatement {
    let column = || (message.0.into_iden(), message.1.into_iden()).into_column_ref();
    let mut query = Query::select()
        .distinct()
        .column(column())
        .inner_join(M::Table, Expr::col((M::Table, M::Id)).eq(Expr::col(column())))
        .and_where(Expr::col((M::Table, M::DeletedAt)).is_null())
        .and_where(is_seen(reader))
        .order_by(column(), Order::Desc)
        .limit(limit)
        .to_owned();
    if let Some(before) = before {
        query.and_where(Expr::col(column()).lt(before));
    }
    query
}

async fn ids(executor: &mut Executor, query: &SelectStatement) -> Result<Vec<MessageId>> {
    Ok(executor.all::<(MessageId,)>(query).await?.into_iter().map(|(id,)| id).collect())
}
