//! Users who are blocked by others.

use std::collections::{HashMap, HashSet};

use sea_query::{Expr, ExprTrait, Order, Query};
use sqlx::FromRow;

use super::schema::{Block as B, User as U};
use super::users::{PERSON, PersonRow};
use super::{Executor, Result};
use crate::model::{Blocked, Time, UserId};

pub async fn insert(executor: &mut Executor, user: UserId, blocked: UserId, now: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(B::Table)
        .columns([B::UserId, B::BlockedId, B::At])
        .values_panic([user.into(), blocked.into(), now.into()])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn delete(executor: &mut Executor, user: UserId, blocked: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .and_where(Expr::col(B::BlockedId).eq(blocked))
        .to_owned();
    executor.execute(&delete).await
}

/// Removes all blocks by a user.
pub async fn delete_of_user(executor: &mut Executor, user: UserId) -> Result<()> {
    let delete = Query::delete().from_table(B::Table).and_where(Expr::col(B::UserId).eq(user)).to_owned();
    executor.execute(&delete).await
}

/// How many users a user has blocked.
pub async fn count(executor: &mut Executor, user: UserId) -> Result<i64> {
    let query = Query::select()
        .expr(Expr::col(B::BlockedId).count())
        .from(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count))
}

#[derive(FromRow)]
struct BlockedRow {
    #[sqlx(flatten)]
    person: PersonRow,
    at: Time,
}

/// The users whom a user has blocked, the latest first, or only `blocked`.
pub async fn of_user(executor: &mut Executor, user: UserId, blocked: Option<UserId>) -> Result<Vec<Blocked>> {
    let mut query = Query::select()
        .columns(PERSON.map(|column| (U::Table, column)))
        .column((B::Table, B::At))
        .from(B::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((B::Table, B::BlockedId)))
        .and_where(Expr::col((B::Table, B::UserId)).eq(user))
        .order_by((B::Table, B::At), Order::Desc)
        .order_by((B::Table, B::BlockedId), Order::Desc)
        .to_owned();
    if let Some(blocked) = blocked {
        query.and_where(Expr::col((B::Table, B::BlockedId)).eq(blocked));
    }
    let rows: Vec<BlockedRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|row| Blocked { person: row.person.into(), at: row.at }).collect())
}

/// Which of some users have blocked a user.
pub async fn blockers(executor: &mut Executor, of: UserId, among: &[UserId]) -> Result<HashSet<UserId>> {
    if among.is_empty() {
        return Ok(HashSet::new());
    }
    let query = Query::select()
        .column(B::UserId)
        .from(B::Table)
        .and_where(Expr::col(B::BlockedId).eq(of))
        .and_where(Expr::col(B::UserId).is_in(among.iter().copied()))
        .to_owned();
    Ok(executor.all::<(UserId,)>(&query).await?.into_iter().map(|(user,)| user).collect())
}

/// The users whom each of some users has blocked.
pub async fn of_users(executor: &mut Executor, users: &[UserId]) -> Result<HashMap<UserId, HashSet<UserId>>> {
    let query = Query::select()
        .columns([B::UserId, B::BlockedId])
        .from(B::Table)
        .and_where(Expr::col(B::UserId).is_in(users.iter().copied()))
        .to_owned();
    let mut blocked: HashMap<_, HashSet<_>> = HashMap::new();
    for (user, other) in executor.all::<(UserId, UserId)>(&query).await? {
        blocked.entry(user).or_default().insert(other);
    }
    Ok(blocked)
}
