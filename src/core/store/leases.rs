//! Leases that one of several nodes holds until they expire.

use sea_query::{Expr, ExprTrait, Query};

use super::schema::Lease as L;
use super::{Error, Executor, Result};
use crate::model::Time;

/// The holder of a lease, and until when.
pub async fn holder(executor: &mut Executor, name: &str) -> Result<Option<(i64, Time)>> {
    let query = Query::select()
        .columns([L::Holder, L::Until])
        .from(L::Table)
        .and_where(Expr::col(L::Name).eq(name))
        .to_owned();
    executor.one(&query).await
}

/// Takes or renews a lease unless another node holds it. Returns whether `holder` has it once the transaction is
/// committed.
pub async fn take(executor: &mut Executor, name: &str, holder: i64, now: Time, until: Time) -> Result<bool> {
    // Written before it is read: of two nodes that take it at once, the second waits and sees the first.
    let update = Query::update()
        .table(L::Table)
        .values([(L::Holder, holder.into()), (L::Until, until.into())])
        .and_where(Expr::col(L::Name).eq(name))
        .and_where(Expr::col(L::Holder).eq(holder).or(Expr::col(L::Until).lte(now)))
        .to_owned();
    executor.execute(&update).await?;
    if let Some((there, _)) = self::holder(executor, name).await? {
        return Ok(there == holder);
    }
    let insert = Query::insert()
        .into_table(L::Table)
        .columns([L::Name, L::Holder, L::Until])
        .values_panic([name.into(), holder.into(), until.into()])
        .to_owned();
    match executor.execute(&insert).await {
        Ok(()) => Ok(true),
        Err(Error::Taken) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Releases one lease of a holder.
pub async fn release_one(executor: &mut Executor, name: &str, holder: i64) -> Result<()> {
    let mut delete = Query::delete().from_table(L::Table).to_owned();
    delete.and_where(Expr::col(L::Name).eq(name)).and_where(Expr::col(L::Holder).eq(holder));
    executor.execute(&delete).await
}

/// Releases all leases of a holder.
pub async fn release(executor: &mut Executor, holder: i64) -> Result<()> {
    let delete = Query::delete().from_table(L::Table).and_where(Expr::col(L::Holder).eq(holder)).to_owned();
    executor.execute(&delete).await
}
