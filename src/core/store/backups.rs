//! The backups that were made (table `backup`).

use sea_query::{Cond, Expr, ExprTrait, Order, Query};
use sqlx::FromRow;

use super::schema::Backup as B;
use super::{Executor, Result};
use crate::model::{Backup, Time};

const COLUMNS: [B; 7] = [B::StartedAt, B::FinishedAt, B::Place, B::Name, B::Bytes, B::VerifiedAt, B::Failure];

#[derive(FromRow)]
struct BackupRow {
    started_at: Time,
    finished_at: Time,
    place: String,
    name: String,
    bytes: i64,
    verified_at: Option<Time>,
    failure: Option<String>,
}

impl From<BackupRow> for Backup {
    fn from(row: BackupRow) -> Self {
        let BackupRow { started_at, finished_at, place, name, bytes, verified_at, failure } = row;
        Self { started_at, finished_at, place, name, bytes, verified_at, failure }
    }
}

pub async fn insert(executor: &mut Executor, new: &Backup) -> Result<()> {
    let insert = Query::insert()
        .into_table(B::Table)
        .columns(COLUMNS)
        .values_panic([
            new.started_at.into(),
            new.finished_at.into(),
            new.place.clone().into(),
            new.name.clone().into(),
            new.bytes.into(),
            new.verified_at.into(),
            new.failure.clone().into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// The newest, of all or of those that meet a condition.
async fn newest(executor: &mut Executor, condition: Cond) -> Result<Option<Backup>> {
    let query = Query::select()
        .columns(COLUMNS)
        .from(B::Table)
        .cond_where(condition)
        .order_by(B::StartedAt, Order::Desc)
        .limit(1)
        .to_owned();
    Ok(executor.one::<BackupRow>(&query).await?.map(Backup::from))
}

/// The last attempt, complete or failed.
pub async fn last_attempt(executor: &mut Executor) -> Result<Option<Backup>> {
    newest(executor, Cond::all()).await
}

/// The last complete backup.
pub async fn last(executor: &mut Executor) -> Result<Option<Backup>> {
    newest(executor, Cond::all().add(Expr::col(B::Failure).is_null())).await
}

/// The last complete backup that was verified.
pub async fn last_verified(executor: &mut Executor) -> Result<Option<Backup>> {
    let condition =
        Cond::all().add(Expr::col(B::Failure).is_null()).add(Expr::col(B::VerifiedAt).is_not_null());
    newest(executor, condition).await
}

/// The last attempts, the newest first.
pub async fn list(executor: &mut Executor, limit: u64) -> Result<Vec<Backup>> {
    let query = Query::select()
        .columns(COLUMNS)
        .from(B::Table)
        .order_by(B::StartedAt, Order::Desc)
        .limit(limit)
        .to_owned();
    Ok(executor.all::<BackupRow>(&query).await?.into_iter().map(Backup::from).collect())
}

/// Deletes the records of those that were begun before a time.
pub async fn delete_before(executor: &mut Executor, before: Time) -> Result<()> {
    let delete =
        Query::delete().from_table(B::Table).and_where(Expr::col(B::StartedAt).lt(before)).to_owned();
    executor.execute(&delete).await
}
