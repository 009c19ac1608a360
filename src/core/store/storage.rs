//! How much room uploaded files take: of each person, and in all.
//!
//! Counted in the same change as what is counted, so that it is exact, and locked by it: two
//! uploads that end at once are judged one after the other.

use std::collections::BTreeMap;

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::schema::Storage as S;
use super::{Executor, Result};
use crate::model::UserId;

/// In whose name everybody's files are counted.
const EVERYBODY: UserId = UserId(0);

/// People have so many bytes more, or fewer.
pub async fn add(run: &mut Executor, more: &BTreeMap<UserId, i64>) -> Result<()> {
    let all = (EVERYBODY, more.values().sum());
    // In one order, and everybody last: two changes that wait for each other would wait for ever.
    for (owner, bytes) in more.iter().map(|(owner, bytes)| (*owner, *bytes)).chain([all]) {
        let insert = Query::insert()
            .into_table(S::Table)
            .columns([S::OwnerId, S::Bytes])
            .values_panic([owner.into(), bytes.into()])
            .on_conflict(
                OnConflict::column(S::OwnerId).value(S::Bytes, Expr::col(S::Bytes).add(bytes)).to_owned(),
            )
            .to_owned();
        run.execute(&insert).await?;
    }
    Ok(())
}

/// Holds the count of everybody's files until the change ends, which is one row that there always is then.
pub async fn lock(run: &mut Executor) -> Result<()> {
    add(run, &BTreeMap::new()).await
}

/// How many bytes somebody has, and how many there are in all.
pub async fn used(run: &mut Executor, owner: UserId) -> Result<(i64, i64)> {
    let question = Query::select()
        .columns([S::OwnerId, S::Bytes])
        .from(S::Table)
        .and_where(Expr::col(S::OwnerId).is_in([owner, EVERYBODY]))
        .to_owned();
    let rows: Vec<(UserId, i64)> = run.all(&question).await?;
    let of = |owner| rows.iter().find(|(id, _)| *id == owner).map_or(0, |(_, bytes)| *bytes);
    Ok((of(owner), of(EVERYBODY)))
}
