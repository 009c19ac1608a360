//! Numbers for whoever watches the server: the size of the database, and work that waits.

use std::path::Path;

use sea_query::{Alias, Expr, ExprTrait, Func, Query};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::schema::{Deletion as D, ScheduledMessage as S, SearchPending as P};
use super::{Db, Error, Executor, Result, search_file, sqlite_file};
use crate::model::Time;

/// The size of a database in bytes, with its search index.
pub async fn database_bytes(db: &Db) -> Result<u64> {
    if let Some(file) = db.file() {
        let index = search_file::path(file);
        let all = [file, &sqlite_file::log_of(file), &index, &sqlite_file::log_of(&index)];
        return Ok(all.into_iter().map(sqlite_file::size).sum());
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
    Ok(sqlite_file::damage(file).await?)
}

/// The search index of an embedded database.
pub enum SearchIndex {
    /// MySQL's is in the database.
    Within,
    /// There is no file.
    Missing,
    Damaged(String),
    Sound {
        bytes: u64,
    },
}

/// Checks the file with the search index.
pub async fn search_index(db: &Db) -> Result<SearchIndex> {
    let Some(file) = db.file().map(search_file::path) else { return Ok(SearchIndex::Within) };
    if !file.exists() {
        return Ok(SearchIndex::Missing);
    }
    Ok(match sqlite_file::damage(&file).await? {
        None => SearchIndex::Sound { bytes: sqlite_file::size(&file) },
        Some(what) => SearchIndex::Damaged(what),
    })
}

/// How a database stores what it is given.
pub enum Layout {
    /// SQLite's file: its kind of journal, and its pages, of which some are free.
    File { journal: String, page_size: u64, pages: u64, free: u64 },
    /// MySQL's `innodb_flush_log_at_trx_commit`: 1 if each commit is written to the disk.
    Server { flush: i64 },
}

pub async fn layout(db: &Db) -> Result<Layout> {
    let Some(file) = db.file() else {
        let flush = Func::cast_as(Expr::cust("@@innodb_flush_log_at_trx_commit"), "SIGNED");
        let query = Query::select().expr(flush).to_owned();
        let found = db.read().await?.one::<(i64,)>(&query).await?;
        return Ok(Layout::Server { flush: found.map_or(1, |(flush,)| flush) });
    };
    let mut connection = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await?;
    let page_size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut connection).await?;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut connection).await?;
    let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut connection).await?;
    connection.close().await?;
    let [page_size, pages, free] = [page_size, pages, free].map(i64::unsigned_abs);
    Ok(Layout::File { journal, page_size, pages, free })
}

/// Refuses an embedded database whose file is damaged, as a copy is that was made while the database was written. A file
/// that takes long to read is checked only if it was not closed in order.
pub async fn refuse_damaged(url: &str) -> Result<()> {
    let Some(file) = url.strip_prefix("sqlite:").map(Path::new) else { return Ok(()) };
    if !sqlite_file::is_worth_checking(file) {
        return Ok(());
    }
    match sqlite_file::damage(file).await? {
        None => Ok(()),
        Some(what) => Err(Error::Refused(format!(
            "{} is damaged ({what}). Nothing was changed. A folder that is copied while the server writes gives such a \
             file, and so does a broken disk: keep this one aside, and put the latest backup in its place with \
             `besedka restore` (docs/run/backups.md)",
            file.display()
        ))),
    }
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
