//! Whom people have blocked.

use std::collections::{HashMap, HashSet};

use sea_query::{Expr, ExprTrait, Order, Query};
use sqlx::FromRow;

use super::schema::{Block as B, User as U};
use super::users::{PERSON, PersonRow};
use super::{Executor, Result};
use crate::model::{Blocked, Time, UserId};

pub async fn insert(run: &mut Executor, user: UserId, blocked: UserId, now: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(B::Table)
        .columns([B::UserId, B::BlockedId, B::At])
        .values_panic([user.into(), blocked.into(), now.into()])
        .to_owned();
    run.execute(&insert).await
}

pub async fn delete(run: &mut Executor, user: UserId, blocked: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .and_where(Expr::col(B::BlockedId).eq(blocked))
        .to_owned();
    run.execute(&delete).await
}

/// Somebody blocks nobody any more.
pub async fn delete_of_user(run: &mut Executor, user: UserId) -> Result<()> {
    let delete = Query::delete().from_table(B::Table).and_where(Expr::col(B::UserId).eq(user)).to_owned();
    run.execute(&delete).await
}

/// How many people somebody has blocked.
pub async fn count(run: &mut Executor, user: UserId) -> Result<i64> {
    let question = Query::select()
        .expr(Expr::col(B::BlockedId).count())
        .from(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(count,)| count))
}

#[derive(FromRow)]
struct BlockedRow {
    #[sqlx(flatten)]
    person: PersonRow,
    at: Time,
}

/// Whom somebody has blocked, the latest first; only one of them when `blocked` says whom.
pub async fn of_user(run: &mut Executor, user: UserId, blocked: Option<UserId>) -> Result<Vec<Blocked>> {
    let mut question = Query::select()
        .columns(PERSON.map(|column| (U::Table, column)))
        .column((B::Table, B::At))
        .from(B::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((B::Table, B::BlockedId)))
        .and_where(Expr::col((B::Table, B::UserId)).eq(user))
        .order_by((B::Table, B::At), Order::Desc)
        .order_by((B::Table, B::BlockedId), Order::Desc)
        .to_owned();
    if let Some(blocked) = blocked {
        question.and_where(Expr::col((B::Table, B::BlockedId)).eq(blocked));
    }
    let rows: Vec<BlockedRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(|row| Blocked { person: row.person.into(), at: row.at }).collect())
}

/// Which of some people have blocked somebody.
pub async fn blockers(run: &mut Executor, of: UserId, among: &[UserId]) -> Result<HashSet<UserId>> {
    if among.is_empty() {
        return Ok(HashSet::new());
    }
    let question = Query::select()
        .column(B::UserId)
        .from(B::Table)
        .and_where(Expr::col(B::BlockedId).eq(of))
        .and_where(Expr::col(B::UserId).is_in(among.iter().copied()))
        .to_owned();
    Ok(run.all::<(UserId,)>(&question).await?.into_iter().map(|(user,)| user).collect())
}

/// Whom each of some people has blocked.
pub async fn of_users(run: &mut Executor, users: &[UserId]) -> Result<HashMap<UserId, HashSet<UserId>>> {
    let question = Query::select()
        .columns([B::UserId, B::BlockedId])
        .from(B::Table)
        .and_where(Expr::col(B::UserId).is_in(users.iter().copied()))
        .to_owned();
    let mut blocked: HashMap<_, HashSet<_>> = HashMap::new();
    for (user, other) in run.all::<(UserId, UserId)>(&question).await? {
        blocked.entry(user).or_default().insert(other);
    }
    Ok(blocked)
}
