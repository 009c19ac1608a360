//! Posted messages whose senders disconnected before they got the response (table `unheard`).

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::idempotency::Digest;
use super::schema::Unheard as U;
use super::{Executor, Result};
use crate::model::{MessageId, Time};

pub async fn insert(
    executor: &mut Executor,
    fingerprint: Digest,
    message: MessageId,
    now: Time,
) -> Result<()> {
    let insert = Query::insert()
        .into_table(U::Table)
        .columns([U::Fingerprint, U::MessageId, U::At])
        .values_panic([fingerprint.to_vec().into(), message.into(), now.into()])
        .on_conflict(OnConflict::column(U::Fingerprint).update_columns([U::MessageId, U::At]).to_owned())
        .to_owned();
    executor.execute(&insert).await
}

/// Takes those of these that were inserted since a time; each is returned once.
pub async fn take(
    executor: &mut Executor,
    fingerprints: &[Digest],
    since: Time,
) -> Result<HashMap<Digest, MessageId>> {
    if fingerprints.is_empty() {
        return Ok(HashMap::new());
    }
    let these = || Expr::col(U::Fingerprint).is_in(fingerprints.iter().map(|digest| digest.to_vec()));
    let mut query = Query::select()
        .columns([U::Fingerprint, U::MessageId])
        .from(U::Table)
        .and_where(these())
        .and_where(Expr::col(U::At).gt(since))
        .to_owned();
    // Read without a lock first: there is rarely a row, and MySQL would lock the gap.
    let rows: Vec<(Vec<u8>, MessageId)> = executor.all(&query).await?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Vec<u8>, MessageId)> = match executor.is_mysql() {
        true => executor.all(query.lock_exclusive()).await?,
        false => rows,
    };
    executor.execute(&Query::delete().from_table(U::Table).and_where(these()).to_owned()).await?;
    Ok(rows.into_iter().map(|(digest, message)| (digest.try_into().unwrap_or_default(), message)).collect())
}

/// Deletes what was inserted before a time.
pub async fn delete_before(executor: &mut Executor, before: Time) -> Result<()> {
    let delete = Query::delete().from_table(U::Table).and_where(Expr::col(U::At).lt(before)).to_owned();
    executor.execute(&delete).await
}
