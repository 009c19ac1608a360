//! The audit log (table `audit_entry`): entries are added and, when they are too old, deleted.

use sea_query::{Cond, Expr, ExprTrait, Order, Query, SelectStatement};
use serde_json::{Map, Value};
use sqlx::FromRow;

use super::schema::AuditEntry as A;
use super::{Executor, Result};
use crate::model::{AuditAction, AuditEntry, AuditFilter, AuditTarget, Ids, NODES, Time, UserId};

const COLUMNS: [A; 11] = [
    A::Id,
    A::At,
    A::Action,
    A::ActorKind,
    A::ActorId,
    A::ActorName,
    A::TargetKind,
    A::TargetId,
    A::TargetName,
    A::Address,
    A::Details,
];

/// The number for ids that are made beside a server that may be running.
const MAINTENANCE_NODE: u8 = NODES - 1;

#[derive(FromRow)]
struct AuditRow {
    id: i64,
    at: Time,
    action: String,
    actor_kind: String,
    actor_id: Option<UserId>,
    actor_name: Option<String>,
    target_kind: Option<String>,
    target_id: Option<i64>,
    target_name: Option<String>,
    address: Option<String>,
    details: String,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        let target = row.target_kind.zip(row.target_id);
        let details = serde_json::from_str(&row.details).ok();
        Self {
            id: row.id,
            at: row.at,
            action: row.action,
            actor_kind: row.actor_kind,
            actor: row.actor_id,
            actor_name: row.actor_name,
            target: target.map(|(kind, id)| AuditTarget { kind, id, name: row.target_name }),
            address: row.address,
            details: match details {
                Some(Value::Object(details)) => details,
                _ => Map::new(),
            },
        }
    }
}

pub async fn insert(executor: &mut Executor, entry: &AuditEntry) -> Result<()> {
    let target = entry.target.as_ref();
    let insert = Query::insert()
        .into_table(A::Table)
        .columns(COLUMNS)
        .values_panic([
            entry.id.into(),
            entry.at.into(),
            entry.action.as_str().into(),
            entry.actor_kind.as_str().into(),
            entry.actor.into(),
            entry.actor_name.clone().into(),
            target.map(|target| target.kind.clone()).into(),
            target.map(|target| target.id).into(),
            target.and_then(|target| target.name.clone()).into(),
            entry.address.clone().into(),
            Value::Object(entry.details.clone()).to_string().into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// Records what was done to the database while there was no messenger: by `operator`, a command on the server's machine,
/// or by `system`, the server by itself.
pub async fn insert_maintenance(
    executor: &mut Executor,
    by: &str,
    action: AuditAction,
    details: Map<String, Value>,
    now: Time,
) -> Result<()> {
    let entry = AuditEntry {
        id: Ids::new(MAINTENANCE_NODE).next(now),
        at: now,
        action: action.name().to_owned(),
        actor_kind: by.to_owned(),
        actor: None,
        actor_name: None,
        target: None,
        address: None,
        details,
    };
    insert(executor, &entry).await
}

fn filtered(filter: &AuditFilter) -> SelectStatement {
    let mut query = Query::select().columns(COLUMNS).from(A::Table).to_owned();
    if let Some(action) = filter.action {
        query.and_where(Expr::col(A::Action).eq(action.name()));
    }
    if let Some(person) = filter.person {
        let is_target =
            Cond::all().add(Expr::col(A::TargetId).eq(person)).add(Expr::col(A::TargetKind).eq("user"));
        query.cond_where(Cond::any().add(Expr::col(A::ActorId).eq(person)).add(is_target));
    }
    if let Some(since) = filter.since {
        query.and_where(Expr::col(A::At).gte(since));
    }
    if let Some(until) = filter.until {
        query.and_where(Expr::col(A::At).lt(until));
    }
    query
}

async fn all(executor: &mut Executor, query: &SelectStatement) -> Result<Vec<AuditEntry>> {
    Ok(executor.all::<AuditRow>(query).await?.into_iter().map(AuditEntry::from).collect())
}

/// The newest first, before one of them.
pub async fn list(
    executor: &mut Executor,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<AuditEntry>> {
    let mut query = filtered(filter);
    query.order_by(A::Id, Order::Desc).limit(limit);
    if let Some(before) = before {
        query.and_where(Expr::col(A::Id).lt(before));
    }
    all(executor, &query).await
}

/// The oldest first, after one of them.
pub async fn list_after(
    executor: &mut Executor,
    filter: &AuditFilter,
    after: i64,
    limit: u64,
) -> Result<Vec<AuditEntry>> {
    let mut query = filtered(filter);
    query.and_where(Expr::col(A::Id).gt(after)).order_by(A::Id, Order::Asc).limit(limit);
    all(executor, &query).await
}

/// The oldest entries from before a time.
pub async fn older(executor: &mut Executor, before: Time, limit: u64) -> Result<Vec<i64>> {
    let query = Query::select()
        .column(A::Id)
        .column(A::At)
        .from(A::Table)
        .order_by(A::Id, Order::Asc)
        .limit(limit)
        .to_owned();
    let oldest: Vec<(i64, Time)> = executor.all(&query).await?;
    Ok(oldest.into_iter().filter(|(_, at)| *at < before).map(|(id, _)| id).collect())
}

pub async fn delete(executor: &mut Executor, ids: &[i64]) -> Result<()> {
    let delete = Query::delete()
        .from_table(A::Table)
        .and_where(Expr::col(A::Id).is_in(ids.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}
