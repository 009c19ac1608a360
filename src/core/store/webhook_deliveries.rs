//! Deliveries of outgoing webhooks: to be sent, and the log of those that were.

use sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{OutgoingWebhook as W, WebhookDelivery as D};
use super::{Executor, Result};
use crate::model::{Delivery, DeliveryId, OutgoingWebhookId, Time};

const COLUMNS: [D; 11] = [
    D::Id,
    D::WebhookId,
    D::Event,
    D::Body,
    D::CreatedAt,
    D::NextAt,
    D::Attempts,
    D::AttemptedAt,
    D::DeliveredAt,
    D::Status,
    D::Failure,
];

#[derive(FromRow)]
struct DeliveryRow {
    id: DeliveryId,
    webhook_id: OutgoingWebhookId,
    event: String,
    body: String,
    created_at: Time,
    next_at: Option<Time>,
    attempts: i64,
    attempted_at: Option<Time>,
    delivered_at: Option<Time>,
    status: Option<i64>,
    failure: Option<String>,
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            webhook: row.webhook_id,
            event: row.event,
            body: row.body,
            created_at: row.created_at,
            next_at: row.next_at,
            attempts: row.attempts,
            attempted_at: row.attempted_at,
            delivered_at: row.delivered_at,
            status: row.status,
            failure: row.failure,
        }
    }
}

fn deliveries() -> SelectStatement {
    Query::select().columns(COLUMNS).from(D::Table).to_owned()
}

async fn all(executor: &mut Executor, query: &SelectStatement) -> Result<Vec<Delivery>> {
    Ok(executor.all::<DeliveryRow>(query).await?.into_iter().map(Delivery::from).collect())
}

pub async fn insert_many(executor: &mut Executor, new: &[Delivery]) -> Result<()> {
    /// Eleven values each, and bodies of some KiB.
    const BATCH: usize = 100;
    for some in new.chunks(BATCH) {
        let mut insert = Query::insert().into_table(D::Table).columns(COLUMNS).to_owned();
        for delivery in some {
            insert.values_panic([
                delivery.id.into(),
                delivery.webhook.into(),
                delivery.event.as_str().into(),
                delivery.body.as_str().into(),
                delivery.created_at.into(),
                delivery.next_at.into(),
                delivery.attempts.into(),
                delivery.attempted_at.into(),
                delivery.delivered_at.into(),
                delivery.status.into(),
                delivery.failure.clone().into(),
            ]);
        }
        executor.execute(&insert).await?;
    }
    Ok(())
}

/// Stores the state of a delivery.
pub async fn update(executor: &mut Executor, delivery: &Delivery) -> Result<()> {
    let update = Query::update()
        .table(D::Table)
        .value(D::NextAt, delivery.next_at)
        .value(D::Attempts, delivery.attempts)
        .value(D::AttemptedAt, delivery.attempted_at)
        .value(D::DeliveredAt, delivery.delivered_at)
        .value(D::Status, delivery.status)
        .value(D::Failure, delivery.failure.clone())
        .and_where(Expr::col(D::Id).eq(delivery.id))
        .to_owned();
    executor.execute(&update).await
}

/// The webhooks with deliveries that are due.
pub async fn webhooks_due(executor: &mut Executor, now: Time) -> Result<Vec<OutgoingWebhookId>> {
    let query = Query::select()
        .distinct()
        .column((D::Table, D::WebhookId))
        .from(D::Table)
        .inner_join(W::Table, Expr::col((W::Table, W::Id)).equals((D::Table, D::WebhookId)))
        .and_where(Expr::col((D::Table, D::NextAt)).lte(now))
        .and_where(Expr::col((W::Table, W::DisabledAt)).is_null())
        .to_owned();
    Ok(executor.all::<(OutgoingWebhookId,)>(&query).await?.into_iter().map(|(id,)| id).collect())
}

/// The first due delivery of a webhook, locked until the transaction ends.
pub async fn first_due(
    executor: &mut Executor,
    webhook: OutgoingWebhookId,
    now: Time,
) -> Result<Option<Delivery>> {
    let mut query = deliveries();
    query
        .and_where(Expr::col(D::WebhookId).eq(webhook))
        .and_where(Expr::col(D::NextAt).lte(now))
        .order_by(D::Id, Order::Asc)
        .limit(1);
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    Ok(all(executor, &query).await?.pop())
}

/// One delivery of a webhook, locked until the transaction ends.
pub async fn locked(
    executor: &mut Executor,
    webhook: OutgoingWebhookId,
    id: DeliveryId,
) -> Result<Option<Delivery>> {
    let mut query = deliveries();
    query.and_where(Expr::col(D::Id).eq(id)).and_where(Expr::col(D::WebhookId).eq(webhook));
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    Ok(all(executor, &query).await?.pop())
}

/// The deliveries of a webhook, the newest first, before one of them.
pub async fn list(
    executor: &mut Executor,
    webhook: OutgoingWebhookId,
    before: Option<DeliveryId>,
    limit: u64,
) -> Result<Vec<Delivery>> {
    let mut query = deliveries();
    query.and_where(Expr::col(D::WebhookId).eq(webhook)).order_by(D::Id, Order::Desc).limit(limit);
    if let Some(before) = before {
        query.and_where(Expr::col(D::Id).lt(before));
    }
    all(executor, &query).await
}

/// How many deliveries of a webhook are not done.
pub async fn count_waiting(executor: &mut Executor, webhook: OutgoingWebhookId) -> Result<i64> {
    let query = Query::select()
        .expr(Func::count(Expr::col(D::Id)))
        .from(D::Table)
        .and_where(Expr::col(D::WebhookId).eq(webhook))
        .and_where(Expr::col(D::NextAt).is_not_null())
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count))
}

/// Gives up all deliveries of a webhook that wait.
pub async fn give_up(executor: &mut Executor, webhook: OutgoingWebhookId, failure: &str) -> Result<()> {
    let update = Query::update()
        .table(D::Table)
        .value(D::NextAt, Option::<Time>::None)
        .value(D::Failure, failure)
        .and_where(Expr::col(D::WebhookId).eq(webhook))
        .and_where(Expr::col(D::NextAt).is_not_null())
        .to_owned();
    executor.execute(&update).await
}

pub async fn delete_of(executor: &mut Executor, webhook: OutgoingWebhookId) -> Result<()> {
    let delete =
        Query::delete().from_table(D::Table).and_where(Expr::col(D::WebhookId).eq(webhook)).to_owned();
    executor.execute(&delete).await
}

/// The oldest deliveries that were made before a time and are done.
pub async fn older(executor: &mut Executor, before: Time, limit: u64) -> Result<Vec<DeliveryId>> {
    let query = Query::select()
        .column(D::Id)
        .from(D::Table)
        .and_where(Expr::col(D::CreatedAt).lt(before))
        .and_where(Expr::col(D::NextAt).is_null())
        .order_by(D::Id, Order::Asc)
        .limit(limit)
        .to_owned();
    Ok(executor.all::<(DeliveryId,)>(&query).await?.into_iter().map(|(id,)| id).collect())
}

pub async fn delete(executor: &mut Executor, ids: &[DeliveryId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(D::Table)
        .and_where(Expr::col(D::Id).is_in(ids.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}
