//! What is kept of the assistant: who it is, how often it was asked, and which answers are not finished.

use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};

use super::schema::{AssistantUse as A, UnfinishedAnswer as W, User as U};
use super::{Executor, Result};
use crate::model::{ChatId, MessageId, Time, UserId};

/// In whose name it speaks, and what that account is called; nothing before it was asked for the first time.
pub async fn bot(run: &mut Executor) -> Result<Option<(UserId, String)>> {
    let question = Query::select()
        .columns([U::Id, U::DisplayName])
        .from(U::Table)
        .and_where(Expr::col(U::IsBot).ne(0))
        .order_by(U::Id, Order::Asc)
        .limit(1)
        .to_owned();
    run.one(&question).await
}

/// Says that an account is nobody's.
pub async fn make_bot(run: &mut Executor, id: UserId) -> Result<()> {
    let update =
        Query::update().table(U::Table).value(U::IsBot, 1).and_where(Expr::col(U::Id).eq(id)).to_owned();
    run.execute(&update).await
}

/// How often somebody asked on a day. It stays so until the change ends.
pub async fn locked_use_count(run: &mut Executor, user: UserId, day: i64) -> Result<i64> {
    let insert = Query::insert()
        .into_table(A::Table)
        .columns([A::UserId, A::Day])
        .values_panic([user.into(), day.into()])
        .on_conflict(OnConflict::columns([A::UserId, A::Day]).do_nothing_on([A::UserId, A::Day]).to_owned())
        .to_owned();
    run.execute(&insert).await?;
    let mut question = Query::select()
        .column(A::Asked)
        .from(A::Table)
        .and_where(Expr::col(A::UserId).eq(user))
        .and_where(Expr::col(A::Day).eq(day))
        .to_owned();
    if run.is_mysql() {
        question.lock_exclusive();
    }
    Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(asked,)| asked))
}

/// Somebody asked so many times more, or fewer.
pub async fn add_uses(run: &mut Executor, user: UserId, day: i64, more: i64) -> Result<()> {
    let update = Query::update()
        .table(A::Table)
        .value(A::Asked, Expr::col(A::Asked).add(more))
        .and_where(Expr::col(A::UserId).eq(user))
        .and_where(Expr::col(A::Day).eq(day))
        .to_owned();
    run.execute(&update).await
}

/// Forgets how often was asked before a day.
pub async fn delete_before(run: &mut Executor, day: i64) -> Result<()> {
    run.execute(&Query::delete().from_table(A::Table).and_where(Expr::col(A::Day).lt(day)).to_owned()).await
}

/// An answer is being written, and must be finished by then.
pub async fn begin_answer(run: &mut Executor, id: MessageId, chat: ChatId, until: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(W::Table)
        .columns([W::MessageId, W::ChatId, W::Until])
        .values_panic([id.into(), chat.into(), until.into()])
        .to_owned();
    run.execute(&insert).await
}

pub async fn end_answer(run: &mut Executor, id: MessageId) -> Result<()> {
    let delete = Query::delete().from_table(W::Table).and_where(Expr::col(W::MessageId).eq(id)).to_owned();
    run.execute(&delete).await
}

/// Answers that nobody finishes any more.
pub async fn overdue_answers(run: &mut Executor, now: Time, limit: u64) -> Result<Vec<(ChatId, MessageId)>> {
    let question = Query::select()
        .columns([W::ChatId, W::MessageId])
        .from(W::Table)
        .and_where(Expr::col(W::Until).lt(now))
        .limit(limit)
        .to_owned();
    run.all(&question).await
}
