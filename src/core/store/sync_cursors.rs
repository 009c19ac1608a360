//! Long cursors, to which the short ones that clients keep refer.

use sea_query::{Expr, ExprTrait, Order, Query};

use super::schema::SyncCursor as C;
use super::{Executor, Result};
use crate::model::{Time, UserId};

pub async fn insert(executor: &mut Executor, id: i64, user: UserId, streams: &str, now: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(C::Table)
        .columns([C::Id, C::UserId, C::Streams, C::CreatedAt])
        .values_panic([id.into(), user.into(), streams.into(), now.into()])
        .to_owned();
    executor.execute(&insert).await
}

/// A stored cursor of a user.
pub async fn find(executor: &mut Executor, id: i64, user: UserId) -> Result<Option<String>> {
    let query = Query::select()
        .column(C::Streams)
        .from(C::Table)
        .and_where(Expr::col(C::Id).eq(id))
        .and_where(Expr::col(C::UserId).eq(user))
        .to_owned();
    Ok(executor.one::<(String,)>(&query).await?.map(|(streams,)| streams))
}

/// The user's newest stored cursor, with its id, if it is not older than that.
pub async fn newest(executor: &mut Executor, user: UserId, since: Time) -> Result<Option<(i64, String)>> {
    let query = Query::select()
        .columns([C::Id, C::Streams])
        .from(C::Table)
        .and_where(Expr::col(C::UserId).eq(user))
        .and_where(Expr::col(C::CreatedAt).gte(since))
        .order_by(C::Id, Order::Desc)
        .limit(1)
        .to_owned();
    executor.one(&query).await
}

/// Deletes all but the newest of a user.
pub async fn keep_newest(executor: &mut Executor, user: UserId, kept: u64) -> Result<()> {
    let query = Query::select()
        .column(C::Id)
        .from(C::Table)
        .and_where(Expr::col(C::UserId).eq(user))
        .order_by(C::Id, Order::Desc)
        .offset(kept)
        .limit(kept)
        .to_owned();
    let older: Vec<(i64,)> = executor.all(&query).await?;
    if older.is_empty() {
        return Ok(());
    }
    let delete = Query::delete()
        .from_table(C::Table)
        .and_where(Expr::col(C::Id).is_in(older.into_iter().map(|(id,)| id)))
        .to_owned();
    executor.execute(&delete).await
}

pub async fn delete_before(executor: &mut Executor, before: Time) -> Result<()> {
    let delete =
        Query::delete().from_table(C::Table).and_where(Expr::col(C::CreatedAt).lt(before)).to_owned();
    executor.execute(&delete).await
}
