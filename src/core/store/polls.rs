//! Votes in polls, and closed polls.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Order, Query};

use super::schema::{ClosedPoll as C, PollVote as V};
use super::{Executor, Result};
use crate::model::{MessageId, Time, UserId, Vote};

/// The votes of each poll in the order in which they were cast, and when it was closed.
pub async fn of_messages(
    executor: &mut Executor,
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
    for (message, user, choice) in executor.all::<(MessageId, UserId, i64)>(&votes).await? {
        let choice = usize::try_from(choice).unwrap_or(usize::MAX);
        found.entry(message).or_default().0.push(Vote { user, choice });
    }
    let closed = Query::select()
        .columns([C::MessageId, C::At])
        .from(C::Table)
        .and_where(Expr::col(C::MessageId).is_in(polls.iter().copied()))
        .to_owned();
    for (message, at) in executor.all::<(MessageId, Time)>(&closed).await? {
        found.entry(message).or_default().1 = Some(at);
    }
    Ok(found)
}

/// A user's choices, in order of the options.
pub async fn choices(executor: &mut Executor, poll: MessageId, user: UserId) -> Result<Vec<usize>> {
    let query = Query::select()
        .column(V::Choice)
        .from(V::Table)
        .and_where(Expr::col(V::MessageId).eq(poll))
        .and_where(Expr::col(V::UserId).eq(user))
        .order_by(V::Choice, Order::Asc)
        .to_owned();
    let found = executor.all::<(i64,)>(&query).await?;
    Ok(found.into_iter().filter_map(|(choice,)| usize::try_from(choice).ok()).collect())
}

/// The users who voted for an option, in the order of their votes, after one of them.
pub async fn voters(
    executor: &mut Executor,
    poll: MessageId,
    choice: usize,
    after: Option<UserId>,
    limit: u64,
) -> Result<Vec<UserId>> {
    let choice = i64::try_from(choice).unwrap_or(i64::MAX);
    let mut query = Query::select()
        .columns([V::UserId, V::At])
        .from(V::Table)
        .and_where(Expr::col(V::MessageId).eq(poll))
        .and_where(Expr::col(V::Choice).eq(choice))
        .order_by(V::At, Order::Asc)
        .order_by(V::UserId, Order::Asc)
        .to_owned();
    if let Some(after) = after {
        let mut last = query.clone();
        last.and_where(Expr::col(V::UserId).eq(after));
        let Some((user, at)) = executor.one::<(UserId, Time)>(&last).await? else { return Ok(Vec::new()) };
        let later = Expr::col(V::At).gt(at);
        query.and_where(later.or(Expr::col(V::At).eq(at).and(Expr::col(V::UserId).gt(user))));
    }
    let found = executor.all::<(UserId, Time)>(query.limit(limit)).await?;
    Ok(found.into_iter().map(|(user, _)| user).collect())
}

/// Replaces a user's votes.
pub async fn vote(
    executor: &mut Executor,
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
    executor.execute(&delete).await?;
    if choices.is_empty() {
        return Ok(());
    }
    let mut insert =
        Query::insert().into_table(V::Table).columns([V::MessageId, V::UserId, V::Choice, V::At]).to_owned();
    for choice in choices {
        let choice = i64::try_from(*choice).unwrap_or(i64::MAX);
        insert.values_panic([poll.into(), user.into(), choice.into(), now.into()]);
    }
    executor.execute(&insert).await
}

pub async fn close(executor: &mut Executor, poll: MessageId, now: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(C::Table)
        .columns([C::MessageId, C::At])
        .values_panic([poll.into(), now.into()])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn delete_all(executor: &mut Executor, polls: &[MessageId]) -> Result<()> {
    let votes = Query::delete()
        .from_table(V::Table)
        .and_where(Expr::col(V::MessageId).is_in(polls.iter().copied()))
        .to_owned();
    executor.execute(&votes).await?;
    let closed = Query::delete()
        .from_table(C::Table)
        .and_where(Expr::col(C::MessageId).is_in(polls.iter().copied()))
        .to_owned();
    executor.execute(&closed).await
}
