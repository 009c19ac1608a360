//! Users' Google tokens, encrypted.

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::schema::GoogleToken as G;
use super::{Executor, Result};
use crate::model::{Time, UserId};

pub async fn save(executor: &mut Executor, user: UserId, sealed: &[u8], now: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(G::Table)
        .columns([G::UserId, G::Sealed, G::At])
        .values_panic([user.into(), sealed.to_vec().into(), now.into()])
        .on_conflict(OnConflict::column(G::UserId).update_columns([G::Sealed, G::At]).to_owned())
        .to_owned();
    executor.execute(&insert).await
}

pub async fn of_user(executor: &mut Executor, user: UserId) -> Result<Option<Vec<u8>>> {
    let query =
        Query::select().column(G::Sealed).from(G::Table).and_where(Expr::col(G::UserId).eq(user)).to_owned();
    Ok(executor.one::<(Vec<u8>,)>(&query).await?.map(|(sealed,)| sealed))
}

pub async fn delete(executor: &mut Executor, user: UserId) -> Result<()> {
    executor
        .execute(&Query::delete().from_table(G::Table).and_where(Expr::col(G::UserId).eq(user)).to_owned())
        .await
}
