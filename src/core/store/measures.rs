//! Numbers for whoever watches the server: the size of the database, and work that waits.

use sea_query::{Alias, Expr, ExprTrait, Func, Query};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::schema::{Deletion as D, ScheduledMessage as S, SearchPending as P};
use super::{Db, Executor, Result};
use crate::model::Time;

/// The size of a database in bytes.
pub async fn database_bytes(db: &Db) -> Result<u64> {
    if let Some(file) = db.file() {
        let size = |file: &std::path::Path| std::fs::metadata(file).map_or(0, |file| file.len());
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        return Ok(size(file) + size(log.as_ref()));
    }
    let column = |name| Expr::col(Alias::new(name));
    let bytes = column("data_length").add(column("index_length"));
    let query = Query::select()
        .expr(Func::cast_as(Func::sum(bytes), "SIGNED"))
        .from((Alias::new("information_schema"), Alias::new("tables")))
        .and_where(column("table_schema").eq(Func::cust("database")))
        .to_owned();
    let sum = db.read().await?.one::<(Option<i64>,)>(&query).await?;
    Ok(sum.and_then(|(sum,)| sum).unwrap_or_default().unsigned_abs())
}

/// The kind and version of a database.
pub async fn version(db: &Db) -> Result<String> {
    let (engine, function) =
        if db.file().is_some() { ("SQLite", "sqlite_version") } else { ("MySQL", "version") };
    let query = Query::select().expr(Func::cast_as(Func::cust(function), "CHAR")).to_owned();
    let found = db.read().await?.one::<(String,)>(&query).await?;
    Ok(format!("{engine} {}", found.map(|(version,)| version).unwrap_or_default()))
}

/// What is damaged in an embedded database; `None` if nothing is. Other databases check themselves.
pub async fn damage(db: &Db) -> Result<Option<String>> {
    let Some(file) = db.file() else { return Ok(None) };
    let mut connection = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok((found != "ok").then_some(found))
}

/// How many scheduled messages should have been sent, and when the first of them.
pub async fn overdue(executor: &mut Executor, now: Time) -> Result<(u64, Option<Time>)> {
    let query = Query::select()
        .expr(Func::count(Expr::col(S::Id)))
        .expr(Func::min(Expr::col(S::DueAt)))
        .from(S::Table)
        .and_where(Expr::col(S::Failure).is_null())
        .and_where(Expr::col(S::DueAt).lte(now))
        .to_owned();
    let row = executor.one::<(i64, Option<Time>)>(&query).await?;
    Ok(row.map_or((0, None), |(count, first)| (count.unsigned_abs(), first)))
}

/// How many deletions of accounts are not finished.
pub async fn deletions(executor: &mut Executor) -> Result<u64> {
    let query = Query::select().expr(Func::count(Expr::col(D::UserId))).from(D::Table).to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count.unsigned_abs()))
}

/// How many changed messages wait to be indexed again.
pub async fn changed_messages(executor: &mut Executor) -> Result<u64> {
    let query = Query::select().expr(Func::count(Expr::col(P::MessageId))).from(P::Table).to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count.unsigned_abs()))
}
