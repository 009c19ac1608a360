//! What administrators chose while the server runs (table `setting`).

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::schema::Setting as S;
use super::{Executor, Result};

/// The value of a setting, if one was chosen.
pub async fn value(executor: &mut Executor, name: &str) -> Result<Option<String>> {
    let query =
        Query::select().column(S::Value).from(S::Table).and_where(Expr::col(S::Name).eq(name)).to_owned();
    Ok(executor.one::<(String,)>(&query).await?.map(|(value,)| value))
}

pub async fn set(executor: &mut Executor, name: &str, value: &str) -> Result<()> {
    let insert = Query::insert()
        .into_table(S::Table)
        .columns([S::Name, S::Value])
        .values_panic([name.into(), value.into()])
        .on_conflict(OnConflict::column(S::Name).update_column(S::Value).to_owned())
        .to_owned();
    executor.execute(&insert).await
}

pub async fn remove(executor: &mut Executor, name: &str) -> Result<()> {
    let delete = Query::delete().from_table(S::Table).and_where(Expr::col(S::Name).eq(name)).to_owned();
    executor.execute(&delete).await
}
