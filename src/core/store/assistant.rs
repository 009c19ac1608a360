//! The assistant's account, how often users asked it, and its unfinished answers.

use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};

use super::schema::{AssistantUse as A, Message as M, UnfinishedAnswer as W, User as U};
use super::{Executor, Result};
use crate::model::{BotKind, ChatId, MessageId, Time, UserId};

/// The assistant's account and display name; `None` before its first use.
pub async fn bot(executor: &mut Executor) -> Result<Option<(UserId, String)>> {
    let query = Query::select()
        .columns([U::Id, U::DisplayName])
        .from(U::Table)
        .and_where(Expr::col(U::IsBot).eq(BotKind::Assistant as i64))
        .order_by(U::Id, Order::Asc)
        .limit(1)
        .to_owned();
    executor.one(&query).await
}

/// How often a user asked on a day, locked until the transaction ends.
pub async fn locked_use_count(executor: &mut Executor, user: UserId, day: i64) -> Result<i64> {
    let insert = Query::insert()
        .into_table(A::Table)
        .columns([A::UserId, A::Day])
        .values_panic([user.into(), day.into()])
        .on_conflict(OnConflict::columns([A::UserId, A::Day]).do_nothing_on([A::UserId, A::Day]).to_owned())
        .to_owned();
    executor.execute(&insert).await?;
    let mut query = Query::select()
        .column(A::Asked)
        .from(A::Table)
        .and_where(Expr::col(A::UserId).eq(user))
        .and_where(Expr::col(A::Day).eq(day))
        .to_owned();
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(asked,)| asked))
}

/// Adds to, or with a negative number subtracts from, how often a user asked on a day.
pub async fn add_uses(executor: &mut Executor, user: UserId, day: i64, more: i64) -> Result<()> {
    let update = Query::update()
        .table(A::Table)
        .value(A::Asked, Expr::col(A::Asked).add(more))
        .and_where(Expr::col(A::UserId).eq(user))
        .and_where(Expr::col(A::Day).eq(day))
        .to_owned();
    executor.execute(&update).await
}

/// Deletes the counts of days before one.
pub async fn delete_before(executor: &mut Executor, day: i64) -> Result<()> {
    executor
        .execute(&Query::delete().from_table(A::Table).and_where(Expr::col(A::Day).lt(day)).to_owned())
        .await
}

/// Records an answer in progress, which must be finished by `until`.
pub async fn begin_answer(executor: &mut Executor, id: MessageId, chat: ChatId, until: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(W::Table)
        .columns([W::MessageId, W::ChatId, W::Until])
        .values_panic([id.into(), chat.into(), until.into()])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn end_answer(executor: &mut Executor, id: MessageId) -> Result<()> {
    let delete = Query::delete().from_table(W::Table).and_where(Expr::col(W::MessageId).eq(id)).to_owned();
    executor.execute(&delete).await
}

/// A condition that a message is an answer in progress; the query selects from the message table.
pub(super) fn is_unfinished() -> Expr {
    let unfinished = Query::select()
        .expr(Expr::val(1))
        .from(W::Table)
        .and_where(Expr::col((W::Table, W::MessageId)).equals((M::Table, M::Id)))
        .to_owned();
    Expr::exists(unfinished)
}

/// Answers that were not finished in time.
pub async fn overdue_answers(
    executor: &mut Executor,
    now: Time,
    limit: u64,
) -> Result<Vec<(ChatId, MessageId)>> {
    let query = Query::select()
        .columns([W::ChatId, W::MessageId])
        .from(W::Table)
        .and_where(Expr::col(W::Until).lt(now))
        .limit(limit)
        .to_owned();
    executor.all(&query).await
}
