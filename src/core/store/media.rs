//! Messages of a chat by what is in them: files of a class, web addresses.

use sea_query::{Expr, ExprTrait, Iden, IntoColumnRef, IntoIden, Order, Query, SelectStatement};

use super::hidden::is_seen;
use super::schema::{Message as M, MessageLink as L, Posted as P};
use super::{Executor, Result};
use crate::model::{ChatId, FileClass, MessageId, UserId};

/// Messages with files of a class, the newest first.
pub async fn with_files(
    run: &mut Executor,
    chat: ChatId,
    reader: UserId,
    class: FileClass,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Vec<MessageId>> {
    let mut question = newest_first((P::Table, P::MessageId), before, limit, reader);
    question
        .from(P::Table)
        .and_where(Expr::col((P::Table, P::ChatId)).eq(chat))
        .and_where(Expr::col((P::Table, P::Class)).eq(class as i64));
    ids(run, &question).await
}

/// Messages with web addresses, the newest first.
pub async fn with_links(
    run: &mut Executor,
    chat: ChatId,
    reader: UserId,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Vec<MessageId>> {
    let mut question = newest_first((L::Table, L::MessageId), before, limit, reader);
    question.from(L::Table).and_where(Expr::col((L::Table, L::ChatId)).eq(chat));
    ids(run, &question).await
}

/// What is still there and the reader did not hide. A message is one, however many files it has.
fn newest_first<T: Iden + Copy, C: Iden + Copy>(
    message: (T, C),
    before: Option<MessageId>,
    limit: u64,
    reader: UserId,
) -> SelectStatement {
    let column = || (message.0.into_iden(), message.1.into_iden()).into_column_ref();
    let mut question = Query::select()
        .distinct()
        .column(column())
        .inner_join(M::Table, Expr::col((M::Table, M::Id)).eq(Expr::col(column())))
        .and_where(Expr::col((M::Table, M::DeletedAt)).is_null())
        .and_where(is_seen(reader))
        .order_by(column(), Order::Desc)
        .limit(limit)
        .to_owned();
    if let Some(before) = before {
        question.and_where(Expr::col(column()).lt(before));
    }
    question
}

async fn ids(run: &mut Executor, question: &SelectStatement) -> Result<Vec<MessageId>> {
    Ok(run.all::<(MessageId,)>(question).await?.into_iter().map(|(id,)| id).collect())
}
