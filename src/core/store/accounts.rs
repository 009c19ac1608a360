//! Accounts as administrators see them.

use sea_query::{Expr, ExprTrait, Order, Query};
use sqlx::FromRow;

use super::schema::User as U;
use super::users::{UserRow, named, users};
use super::{Executor, Result};
use crate::model::{Account, Time, UserId, fold};

#[derive(FromRow)]
struct AccountRow {
    #[sqlx(flatten)]
    user: UserRow,
    last_seen_at: Option<Time>,
    deactivated_at: Option<Time>,
}

/// In the order in which they were made, after one of them; those in whose names the words stand.
pub async fn list(
    run: &mut Executor,
    words: &str,
    after: Option<UserId>,
    limit: u64,
) -> Result<Vec<Account>> {
    let words = fold(words);
    let mut question = users();
    question
        .column(U::LastSeenAt)
        .and_where(Expr::col(U::DeletedAt).is_null())
        .and_where(Expr::col(U::IsBot).eq(0))
        .and_where(Expr::col(U::Id).gt(after.unwrap_or(UserId(0))))
        .order_by(U::Id, Order::Asc)
        .limit(limit);
    if !words.is_empty() {
        question.cond_where(named(&words));
    }
    let rows: Vec<AccountRow> = run.all(&question).await?;
    let account = |row: AccountRow| Account {
        user: row.user.into(),
        last_seen_at: row.last_seen_at,
        deactivated_at: row.deactivated_at,
    };
    Ok(rows.into_iter().map(account).collect())
}

/// Whether anybody has an account.
pub async fn any(run: &mut Executor) -> Result<bool> {
    let question = Query::select().column(U::Id).from(U::Table).limit(1).to_owned();
    Ok(run.one::<(UserId,)>(&question).await?.is_some())
}

/// Those who look after the server and can sign in.
pub async fn admins(run: &mut Executor) -> Result<Vec<UserId>> {
    let mut question = Query::select()
        .column(U::Id)
        .from(U::Table)
        .and_where(Expr::col(U::IsAdmin).ne(0))
        .and_where(Expr::col(U::DeactivatedAt).is_null())
        .and_where(Expr::col(U::DeletedAt).is_null())
        .order_by(U::Id, Order::Asc)
        .to_owned();
    if run.is_mysql() {
        // Two who go at once must not both see the other one stay.
        question.lock_exclusive();
    }
    Ok(run.all::<(UserId,)>(&question).await?.into_iter().map(|(user,)| user).collect())
}

pub async fn set_admin(run: &mut Executor, id: UserId, is_admin: bool) -> Result<()> {
    let update = Query::update()
        .table(U::Table)
        .value(U::IsAdmin, i64::from(is_admin))
        .and_where(Expr::col(U::Id).eq(id))
        .to_owned();
    run.execute(&update).await
}

/// Deactivates an account at a moment; activates it again without one.
pub async fn deactivate(run: &mut Executor, id: UserId, at: Option<Time>) -> Result<()> {
    let update = Query::update()
        .table(U::Table)
        .value(U::DeactivatedAt, at)
        .and_where(Expr::col(U::Id).eq(id))
        .to_owned();
    run.execute(&update).await
}
