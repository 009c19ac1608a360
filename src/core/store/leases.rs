//! What one of several nodes holds for a while.

use sea_query::{Expr, ExprTrait, Query};

use super::schema::Lease as L;
use super::{Error, Executor, Result};
use crate::model::Time;

/// Who holds it, and until when.
pub async fn holder(run: &mut Executor, name: &str) -> Result<Option<(i64, Time)>> {
    let question = Query::select()
        .columns([L::Holder, L::Until])
        .from(L::Table)
        .and_where(Expr::col(L::Name).eq(name))
        .to_owned();
    run.one(&question).await
}

/// Takes or keeps it until a moment, unless somebody else holds it. Says whether one holds it now, which counts
/// once the change is committed.
pub async fn take(run: &mut Executor, name: &str, holder: i64, now: Time, until: Time) -> Result<bool> {
    // Written before it is read: of two who take it at once, the second waits and sees the first.
    let update = Query::update()
        .table(L::Table)
        .values([(L::Holder, holder.into()), (L::Until, until.into())])
        .and_where(Expr::col(L::Name).eq(name))
        .and_where(Expr::col(L::Holder).eq(holder).or(Expr::col(L::Until).lte(now)))
        .to_owned();
    run.execute(&update).await?;
    if let Some((there, _)) = self::holder(run, name).await? {
        return Ok(there == holder);
    }
    let insert = Query::insert()
        .into_table(L::Table)
        .columns([L::Name, L::Holder, L::Until])
        .values_panic([name.into(), holder.into(), until.into()])
        .to_owned();
    match run.execute(&insert).await {
        Ok(()) => Ok(true),
        Err(Error::Taken) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Lets everything go that somebody holds.
pub async fn release(run: &mut Executor, holder: i64) -> Result<()> {
    let delete = Query::delete().from_table(L::Table).and_where(Expr::col(L::Holder).eq(holder)).to_owned();
    run.execute(&delete).await
}
