//! Accounts as administrators see them.

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::User as U;
use super::users::{UserRow, is_person_or_bot, named, users};
use super::{Executor, Result};
use crate::model::{Account, Time, UserId, fold};

#[derive(FromRow)]
struct AccountRow {
    #[sqlx(flatten)]
    user: UserRow,
    last_seen_at: Option<Time>,
    deactivated_at: Option<Time>,
}

/// Accounts whose names contain the words, in the order in which they were created, after one of them.
pub async fn list(
    executor: &mut Executor,
    words: &str,
    after: Option<UserId>,
    limit: u64,
) -> Result<Vec<Account>> {
    let words = fold(words);
    let mut query = users();
    query
        .column(U::LastSeenAt)
        .and_where(Expr::col(U::DeletedAt).is_null())
        .cond_where(is_person_or_bot())
        .and_where(Expr::col(U::Id).gt(after.unwrap_or(UserId(0))))
        .order_by(U::Id, Order::Asc)
        .limit(limit);
    if !words.is_empty() {
        query.cond_where(named(&words));
    }
    let rows: Vec<AccountRow> = executor.all(&query).await?;
    let account = |row: AccountRow| Account {
        user: row.user.into(),
        last_seen_at: row.last_seen_at,
        deactivated_at: row.deactivated_at,
    };
    Ok(rows.into_iter().map(account).collect())
}

/// Whether the server has an active administrator.
pub async fn has_admin(executor: &mut Executor) -> Result<bool> {
    Ok(executor.one::<(UserId,)>(active_admins().limit(1)).await?.is_some())
}

/// The active administrators of the server.
pub async fn admins(executor: &mut Executor) -> Result<Vec<UserId>> {
    let mut query = active_admins();
    if executor.is_mysql() {
        // So that two administrators who leave at the same time do not both see the other one stay.
        query.lock_exclusive();
    }
    Ok(executor.all::<(UserId,)>(&query).await?.into_iter().map(|(user,)| user).collect())
}

/// The administrators, without locking their accounts.
pub async fn list_admins(executor: &mut Executor) -> Result<Vec<UserId>> {
    Ok(executor.all::<(UserId,)>(&active_admins()).await?.into_iter().map(|(user,)| user).collect())
}

fn active_admins() -> SelectStatement {
    Query::select()
        .column(U::Id)
        .from(U::Table)
        .and_where(Expr::col(U::IsAdmin).ne(0))
        .and_where(Expr::col(U::DeactivatedAt).is_null())
        .and_where(Expr::col(U::DeletedAt).is_null())
        .order_by(U::Id, Order::Asc)
        .to_owned()
}

pub async fn set_admin(executor: &mut Executor, id: UserId, is_admin: bool) -> Result<()> {
    let update = Query::update()
        .table(U::Table)
        .value(U::IsAdmin, i64::from(is_admin))
        .and_where(Expr::col(U::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

/// Deactivates an account; with `None`, reactivates it.
pub async fn deactivate(executor: &mut Executor, id: UserId, at: Option<Time>) -> Result<()> {
    let update = Query::update()
        .table(U::Table)
        .value(U::DeactivatedAt, at)
        .and_where(Expr::col(U::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}
