//! Votes, and which polls are closed.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Order, Query};

use super::schema::{ClosedPoll as C, PollVote as V};
use super::{Executor, Result};
use crate::model::{MessageId, Time, UserId, Vote};

/// The votes of each poll in the order in which they were cast, and when it was closed.
pub async fn of_messages(
    run: &mut Executor,
    polls: &[MessageId],
) -> Result<HashMap<MessageId, (Vec<Vote>, Option<Time>)>> {
    let mut found: HashMap<MessageId, (Vec<Vote>, Option<Time>)> = HashMap::new();
    if polls.is_empty() {
        return Ok(found);
    }
    let votes = Query::select()
        .columns([V::MessageId, V::UserId, V::Choice])
        .from(V::Table)
        .and_where(Expr::col(V::MessageId).is_in(polls.iter().copied()))
        .order_by(V::At, Order::Asc)
        .order_by(V::UserId, Order::Asc)
        .order_by(V::Choice, Order::Asc)
        .to_owned();
    for (message, user, choice) in run.all::<(MessageId, UserId, i64)>(&votes).await? {
        let choice = usize::try_from(choice).unwrap_or(usize::MAX);
        found.entry(message).or_default().0.push(Vote { user, choice });
    }
    let closed = Query::select()
        .columns([C::MessageId, C::At])
        .from(C::Table)
        .and_where(Expr::col(C::MessageId).is_in(polls.iter().copied()))
        .to_owned();
    for (message, at) in run.all::<(MessageId, Time)>(&closed).await? {
        found.entry(message).or_default().1 = Some(at);
    }
    Ok(found)
}

/// What somebody chose, in the order of the options.
pub async fn choices(run: &mut Executor, poll: MessageId, user: UserId) -> Result<Vec<usize>> {
    let question = Query::select()
        .column(V::Choice)
        .from(V::Table)
        .and_where(Expr::col(V::MessageId).eq(poll))
        .and_where(Expr::col(V::UserId).eq(user))
        .order_by(V::Choice, Order::Asc)
        .to_owned();
    let found = run.all::<(i64,)>(&question).await?;
    Ok(found.into_iter().filter_map(|(choice,)| usize::try_from(choice).ok()).collect())
}

/// Those who chose something, first come first, after one of them.
pub async fn voters(
    run: &mut Executor,
    poll: MessageId,
    choice: usize,
    after: Option<UserId>,
    limit: u64,
) -> Result<Vec<UserId>> {
    let choice = i64::try_from(choice).unwrap_or(i64::MAX);
    let mut question = Query::select()
        .columns([V::UserId, V::At])
        .from(V::Table)
        .and_where(Expr::col(V::MessageId).eq(poll))
        .and_where(Expr::col(V::Choice).eq(choice))
        .order_by(V::At, Order::Asc)
        .order_by(V::UserId, Order::Asc)
        .to_owned();
    if let Some(after) = after {
        let mut last = question.clone();
        last.and_where(Expr::col(V::UserId).eq(after));
        let Some((user, at)) = run.one::<(UserId, Time)>(&last).await? else { return Ok(Vec::new()) };
        let later = Expr::col(V::At).gt(at);
        question.and_where(later.or(Expr::col(V::At).eq(at).and(Expr::col(V::UserId).gt(user))));
    }
    let found = run.all::<(UserId, Time)>(question.limit(limit)).await?;
    Ok(found.into_iter().map(|(user, _)| user).collect())
}

/// Replaces somebody's votes.
pub async fn vote(
    run: &mut Executor,
    poll: MessageId,
    user: UserId,
    choices: &[usize],
    now: Time,
) -> Result<()> {
    let delete = Query::delete()
        .from_table(V::Table)
        .and_where(Expr::col(V::MessageId).eq(poll))
        .and_where(Expr::col(V::UserId).eq(user))
        .to_owned();
    run.execute(&delete).await?;
    if choices.is_empty() {
        return Ok(());
    }
    let mut insert =
        Query::insert().into_table(V::Table).columns([V::MessageId, V::UserId, V::Choice, V::At]).to_owned();
    for choice in choices {
        let choice = i64::try_from(*choice).unwrap_or(i64::MAX);
        insert.values_panic([poll.into(), user.into(), choice.into(), now.into()]);
    }
    run.execute(&insert).await
}

pub async fn close(run: &mut Executor, poll: MessageId, now: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(C::Table)
        .columns([C::MessageId, C::At])
        .values_panic([poll.into(), now.into()])
        .to_owned();
    run.execute(&insert).await
}

pub async fn delete_all(run: &mut Executor, polls: &[MessageId]) -> Result<()> {
    let votes = Query::delete()
        .from_table(V::Table)
        .and_where(Expr::col(V::MessageId).is_in(polls.iter().copied()))
        .to_owned();
    run.execute(&votes).await?;
    let closed = Query::delete()
        .from_table(C::Table)
        .and_where(Expr::col(C::MessageId).is_in(polls.iter().copied()))
        .to_owned();
    run.execute(&closed).await
}
