//! Idempotency keys of executed requests.

use sea_query::{Expr, ExprTrait, Query};
use sqlx::FromRow;

use super::schema::IdempotencyKey as K;
use super::{Executor, Result};
use crate::model::Time;

/// A digest of a request's caller, route and key, or of its body.
pub type Digest = [u8; 16];

#[derive(Debug, Clone)]
pub struct Record {
    pub fingerprint: Digest,
    pub body: Digest,
    /// The HTTP status of the response.
    pub status: i64,
    /// What the response was about; it is read again when the request is repeated.
    pub subject: String,
    pub at: Time,
}

#[derive(FromRow)]
struct RecordRow {
    fingerprint: Vec<u8>,
    body: Vec<u8>,
    status: i64,
    subject: String,
    at: Time,
}

impl From<RecordRow> for Record {
    fn from(row: RecordRow) -> Self {
        let digest = |bytes: Vec<u8>| bytes.try_into().unwrap_or_default();
        let RecordRow { fingerprint, body, status, subject, at } = row;
        Self { fingerprint: digest(fingerprint), body: digest(body), status, subject, at }
    }
}

pub async fn insert_many(executor: &mut Executor, records: &[Record]) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert()
        .into_table(K::Table)
        .columns([K::Fingerprint, K::Body, K::Status, K::Subject, K::At])
        .to_owned();
    for record in records {
        insert.values_panic([
            record.fingerprint.to_vec().into(),
            record.body.to_vec().into(),
            record.status.into(),
            record.subject.as_str().into(),
            record.at.into(),
        ]);
    }
    executor.execute(&insert).await
}

pub async fn find_many(executor: &mut Executor, fingerprints: &[Digest]) -> Result<Vec<Record>> {
    if fingerprints.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query::select()
        .columns([K::Fingerprint, K::Body, K::Status, K::Subject, K::At])
        .from(K::Table)
        .and_where(Expr::col(K::Fingerprint).is_in(fingerprints.iter().map(|digest| digest.to_vec())))
        .to_owned();
    let rows: Vec<RecordRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Record::from).collect())
}

/// Deletes the keys of requests from before a time.
pub async fn delete_before(executor: &mut Executor, before: Time) -> Result<()> {
    let delete = Query::delete().from_table(K::Table).and_where(Expr::col(K::At).lt(before)).to_owned();
    executor.execute(&delete).await
}
