//! E-mail that is not sent yet.

use sea_query::{Expr, ExprTrait, Order, Query};
use sqlx::FromRow;

use super::schema::OutgoingMail as M;
use super::{Executor, Result};
use crate::model::Time;

/// A message in the queue.
#[derive(Debug, Clone, FromRow)]
pub struct OutgoingMail {
    pub id: i64,
    /// Recipient, subject and text, encrypted.
    pub sealed: Vec<u8>,
    /// How often sending it was begun.
    pub tries: i64,
    /// When it is given up.
    pub expires_at: Time,
}

/// Adds a message whose first try has begun; the next one is at `next_at`. With a contact it replaces the message of that
/// contact.
pub async fn add(
    executor: &mut Executor,
    mail: &OutgoingMail,
    contact: Option<&str>,
    next_at: Time,
) -> Result<()> {
    if let Some(contact) = contact {
        let earlier =
            Query::delete().from_table(M::Table).and_where(Expr::col(M::Contact).eq(contact)).to_owned();
        executor.execute(&earlier).await?;
    }
    let insert = Query::insert()
        .into_table(M::Table)
        .columns([M::Id, M::Contact, M::Sealed, M::Tries, M::NextAt, M::ExpiresAt])
        .values_panic([
            mail.id.into(),
            contact.into(),
            mail.sealed.clone().into(),
            mail.tries.into(),
            next_at.into(),
            mail.expires_at.into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// Some messages to try now, those that wait longest first; locked until the transaction ends.
pub async fn due(executor: &mut Executor, now: Time, limit: u64) -> Result<Vec<OutgoingMail>> {
    let mut query = Query::select()
        .columns([M::Id, M::Sealed, M::Tries, M::ExpiresAt])
        .from(M::Table)
        .and_where(Expr::col(M::NextAt).lte(now))
        .order_by(M::NextAt, Order::Asc)
        .limit(limit)
        .to_owned();
    if executor.is_mysql() {
        // Two nodes do not take the same.
        query.lock_exclusive();
    }
    executor.all(&query).await
}

/// Whether anything is to be tried now.
pub async fn is_any_due(executor: &mut Executor, now: Time) -> Result<bool> {
    let query = Query::select()
        .column(M::Id)
        .from(M::Table)
        .and_where(Expr::col(M::NextAt).lte(now))
        .limit(1)
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.is_some())
}

/// Begins a try: the next one is at `next_at`, whatever happens to whoever makes this one.
pub async fn begin_try(executor: &mut Executor, id: i64, tries: i64, next_at: Time) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::Tries, tries)
        .value(M::NextAt, next_at)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

pub async fn delete(executor: &mut Executor, id: i64) -> Result<()> {
    executor
        .execute(&Query::delete().from_table(M::Table).and_where(Expr::col(M::Id).eq(id)).to_owned())
        .await
}
