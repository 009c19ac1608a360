//! Messages whose senders were gone before they could be answered.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::idempotency::Digest;
use super::schema::Unheard as U;
use super::{Executor, Result};
use crate::model::{MessageId, Time};

pub async fn insert(run: &mut Executor, fingerprint: Digest, message: MessageId, now: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(U::Table)
        .columns([U::Fingerprint, U::MessageId, U::At])
        .values_panic([fingerprint.to_vec().into(), message.into(), now.into()])
        .on_conflict(OnConflict::column(U::Fingerprint).update_columns([U::MessageId, U::At]).to_owned())
        .to_owned();
    run.execute(&insert).await
}

/// Those of these that were written down since a moment. They are there no more: each is found once.
pub async fn take(
    run: &mut Executor,
    fingerprints: &[Digest],
    since: Time,
) -> Result<HashMap<Digest, MessageId>> {
    if fingerprints.is_empty() {
        return Ok(HashMap::new());
    }
    let these = || Expr::col(U::Fingerprint).is_in(fingerprints.iter().map(|digest| digest.to_vec()));
    let mut question = Query::select()
        .columns([U::Fingerprint, U::MessageId])
        .from(U::Table)
        .and_where(these())
        .and_where(Expr::col(U::At).gt(since))
        .to_owned();
    // Asked without a lock first: hardly ever is there one, and MySQL would lock the gap where it might be.
    let rows: Vec<(Vec<u8>, MessageId)> = run.all(&question).await?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Vec<u8>, MessageId)> = match run.is_mysql() {
        true => run.all(question.lock_exclusive()).await?,
        false => rows,
    };
    run.execute(&Query::delete().from_table(U::Table).and_where(these()).to_owned()).await?;
    Ok(rows.into_iter().map(|(digest, message)| (digest.try_into().unwrap_or_default(), message)).collect())
}

/// Forgets what was written down before a moment.
pub async fn delete_before(run: &mut Executor, before: Time) -> Result<()> {
    let delete = Query::delete().from_table(U::Table).and_where(Expr::col(U::At).lt(before)).to_owned();
    run.execute(&delete).await
}
