//! The bytes used by uploaded files: of each user, and in total.
//!
//! Updated in the same transaction as the files, so that it is exact, and locked by it, so that two uploads that finish
//! together are checked against the quota one after the other.

use std::collections::BTreeMap;

use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};

use super::schema::Storage as S;
use super::{Executor, Result};
use crate::model::UserId;

/// The owner id of the total.
const EVERYBODY: UserId = UserId(0);

/// Adds to, or with negative numbers subtracts from, the bytes of users.
pub async fn add(executor: &mut Executor, more: &BTreeMap<UserId, i64>) -> Result<()> {
    let all = (EVERYBODY, more.values().sum());
    // In a fixed order with the total last, so that transactions do not deadlock.
    for (owner, bytes) in more.iter().map(|(owner, bytes)| (*owner, *bytes)).chain([all]) {
        let insert = Query::insert()
            .into_table(S::Table)
            .columns([S::OwnerId, S::Bytes])
            .values_panic([owner.into(), bytes.into()])
            .on_conflict(
                OnConflict::column(S::OwnerId).value(S::Bytes, Expr::col(S::Bytes).add(bytes)).to_owned(),
            )
            .to_owned();
        executor.execute(&insert).await?;
    }
    Ok(())
}

/// Locks the total until the transaction ends, creating its row if needed.
pub async fn lock(executor: &mut Executor) -> Result<()> {
    add(executor, &BTreeMap::new()).await
}

/// The bytes of a user, and the total.
pub async fn used(executor: &mut Executor, owner: UserId) -> Result<(i64, i64)> {
    let query = Query::select()
        .columns([S::OwnerId, S::Bytes])
        .from(S::Table)
        .and_where(Expr::col(S::OwnerId).is_in([owner, EVERYBODY]))
        .to_owned();
    let rows: Vec<(UserId, i64)> = executor.all(&query).await?;
    let of = |owner| rows.iter().find(|(id, _)| *id == owner).map_or(0, |(_, bytes)| *bytes);
    Ok((of(owner), of(EVERYBODY)))
}

/// The users who store the most, and their bytes.
pub async fn largest(executor: &mut Executor, limit: u64) -> Result<Vec<(UserId, i64)>> {
    let query = Query::select()
        .columns([S::OwnerId, S::Bytes])
        .from(S::Table)
        .and_where(Expr::col(S::OwnerId).ne(EVERYBODY))
        .and_where(Expr::col(S::Bytes).gt(0))
        .order_by(S::Bytes, Order::Desc)
        .order_by(S::OwnerId, Order::Asc)
        .limit(limit)
        .to_owned();
    executor.all(&query).await
}
