//! Idempotency keys of executed requests.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_query::{Cond, Expr, ExprTrait, OnConflict, Order, Query};
use sqlx::FromRow;

use super::schema::{IdempotencyKey as K, Message as M};
use super::{Db, Error, Executor, Result, Tx};
use crate::model::{MessageId, Time};

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

impl Record {
    /// A record as it is stored with the message that the request posted.
    pub fn with_message(&self) -> Vec<u8> {
        [&self.fingerprint[..], &self.body, self.status.to_string().as_bytes()].concat()
    }

    fn of_message(id: MessageId, stored: &[u8], at: Time) -> Option<Self> {
        let (fingerprint, rest) = stored.split_first_chunk()?;
        let (body, status) = rest.split_first_chunk()?;
        let status = str::from_utf8(status).ok()?.parse().ok()?;
        let subject = format!("message:{id}");
        Some(Self { fingerprint: *fingerprint, body: *body, status, subject, at })
    }
}

/// The keys of the last day.
///
/// MySQL, which several nodes share, has a row for each, and finds it by an index. An embedded database has one server,
/// which remembers where each key is stored and needs no index: a key that it does not remember was not used. There the
/// key of a post is stored with its message, so that it changes no page of its own; those of other requests have rows in
/// the order of time.
pub struct Keys {
    /// Where keys are stored, by the first half of their fingerprint; of keys whose transaction was rolled back nothing
    /// is stored. `None` when the database is shared.
    used: Option<Mutex<HashMap<u64, Location>>>,
}

/// Where a key is stored.
#[derive(Clone, Copy)]
enum Location {
    /// In a row, by the time.
    Row(Time),
    Message(MessageId),
}

impl Location {
    fn is_from(self, time: Time) -> bool {
        match self {
            Self::Row(at) => at >= time,
            Self::Message(id) => id >= MessageId::first_of(time),
        }
    }
}

/// How long keys are stored.
pub const LIFE: Duration = Duration::from_secs(24 * 3_600);
/// How many keys are read at a time.
const PAGE: u64 = 10_000;

impl Keys {
    /// Reads which keys were used since a time.
    pub async fn load(db: &Db, since: Time) -> Result<Self> {
        if db.is_shared() {
            return Ok(Self { used: None });
        }
        let mut read = db.read().await?;
        let mut used = rows(&mut read).await?;
        used.extend(of_messages(&mut read, since).await?);
        Ok(Self { used: Some(Mutex::new(used)) })
    }

    /// Whether a key may have been used; `None` when only the database knows.
    pub fn may_be_used(&self, fingerprint: &Digest) -> Option<bool> {
        let used = self.used.as_ref()?;
        Some(lock(used).contains_key(&short(fingerprint)))
    }

    /// A new key in the form in which it is stored with its message; `None` when keys have rows. That it was not used
    /// before must have been looked up in the same transaction.
    pub fn store_with_message(&self, record: &Record, message: MessageId) -> Option<Vec<u8>> {
        let used = self.used.as_ref()?;
        // Remembered before the commit, as in `insert_many`.
        lock(used).insert(short(&record.fingerprint), Location::Message(message));
        Some(record.with_message())
    }

    /// Stores new keys. Fails with [`Error::Taken`] when one of them is stored already.
    pub async fn insert_many(&self, tx: &mut Tx, records: &[Record]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        if let Some(used) = &self.used {
            let fingerprints: Vec<Digest> = records.iter().map(|record| record.fingerprint).collect();
            let distinct: HashSet<&Digest> = fingerprints.iter().collect();
            if distinct.len() < records.len() || !self.find_many(tx, &fingerprints).await?.is_empty() {
                return Err(Error::Taken);
            }
            // Remembered before the commit, because the next transaction may begin before it. If this one is rolled back,
            // the key is looked for in vain.
            let mut used = lock(used);
            let location = |record: &Record| (short(&record.fingerprint), Location::Row(record.at));
            used.extend(records.iter().map(location));
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
        tx.defer(&insert).await
    }

    /// Those of some keys that are stored.
    pub async fn find_many(&self, executor: &mut Executor, fingerprints: &[Digest]) -> Result<Vec<Record>> {
        let of_key = |digest: &Digest| Expr::col(K::Fingerprint).eq(digest.to_vec());
        let (mut wanted, mut messages) = (Cond::any(), Vec::new());
        match &self.used {
            None => wanted = fingerprints.iter().map(of_key).fold(wanted, Cond::add),
            Some(used) => {
                let used = lock(used);
                for digest in fingerprints {
                    match used.get(&short(digest)) {
                        Some(Location::Row(at)) => {
                            wanted = wanted.add(of_key(digest).and(Expr::col(K::At).eq(*at)));
                        }
                        Some(Location::Message(id)) => messages.push(*id),
                        None => {}
                    }
                }
            }
        }
        let mut found = Vec::new();
        if !wanted.is_empty() {
            let query = Query::select()
                .columns([K::Fingerprint, K::Body, K::Status, K::Subject, K::At])
                .from(K::Table)
                .cond_where(wanted)
                .to_owned();
            found.extend(executor.all::<RecordRow>(&query).await?.into_iter().map(Record::from));
        }
        if !messages.is_empty() {
            let query = Query::select()
                .columns([M::Id, M::RequestKey, M::SentAt])
                .from(M::Table)
                .and_where(Expr::col(M::Id).is_in(messages))
                .and_where(Expr::col(M::RequestKey).is_not_null())
                .to_owned();
            let rows: Vec<(MessageId, Vec<u8>, Time)> = executor.all(&query).await?;
            let records = rows.iter().filter_map(|(id, stored, at)| Record::of_message(*id, stored, *at));
            found.extend(records.filter(|record| fingerprints.contains(&record.fingerprint)));
        }
        Ok(found)
    }

    /// Deletes the oldest of the keys from before a time, about `limit` of them. Returns whether there may be more.
    pub async fn delete_before(&self, executor: &mut Executor, before: Time, limit: u64) -> Result<bool> {
        let query = Query::select()
            .column(K::At)
            .from(K::Table)
            .and_where(Expr::col(K::At).lt(before))
            .order_by(K::At, Order::Asc)
            .limit(1)
            .offset(limit)
            .to_owned();
        let last: Option<(Time,)> = executor.one(&query).await?;
        let is_old = match last {
            Some((last,)) => Expr::col(K::At).lte(last),
            None => Expr::col(K::At).lt(before),
        };
        executor.execute(&Query::delete().from_table(K::Table).and_where(is_old).to_owned()).await?;
        Ok(last.is_some())
    }

    /// Forgets when keys were used before a time, once they are deleted.
    pub fn forget_before(&self, before: Time) {
        if let Some(used) = &self.used {
            let mut used = lock(used);
            used.retain(|_, location| location.is_from(before));
            used.shrink_to_fit();
        }
    }
}

/// The keys that have rows.
async fn rows(read: &mut Executor) -> Result<HashMap<u64, Location>> {
    let (mut used, mut last) = (HashMap::new(), (Time(i64::MIN), Vec::new()));
    loop {
        let (at, fingerprint) = last.clone();
        let query = Query::select()
            .columns([K::At, K::Fingerprint])
            .from(K::Table)
            .and_where(Expr::col(K::At).gte(at))
            .and_where(Expr::col(K::At).gt(at).or(Expr::col(K::Fingerprint).gt(fingerprint)))
            .order_by(K::At, Order::Asc)
            .order_by(K::Fingerprint, Order::Asc)
            .limit(PAGE)
            .to_owned();
        let mut page: Vec<(Time, Vec<u8>)> = read.all(&query).await?;
        used.extend(page.iter().map(|(at, fingerprint)| (short(fingerprint), Location::Row(*at))));
        match page.pop() {
            Some(row) => last = row,
            None => return Ok(used),
        }
    }
}

/// The keys that are stored with messages since a time.
async fn of_messages(read: &mut Executor, since: Time) -> Result<HashMap<u64, Location>> {
    let (mut used, mut last) = (HashMap::new(), MessageId(MessageId::first_of(since).0 - 1));
    loop {
        let query = Query::select()
            .columns([M::Id, M::RequestKey])
            .from(M::Table)
            .and_where(Expr::col(M::Id).gt(last))
            .and_where(Expr::col(M::RequestKey).is_not_null())
            .order_by(M::Id, Order::Asc)
            .limit(PAGE)
            .to_owned();
        let page: Vec<(MessageId, Vec<u8>)> = read.all(&query).await?;
        used.extend(page.iter().map(|(id, stored)| (short(stored), Location::Message(*id))));
        match page.last() {
            Some((id, _)) => last = *id,
            None => return Ok(used),
        }
    }
}

/// Gives the keys that are stored with messages rows, before a database is copied into one that is shared.
pub(super) async fn move_to_rows(db: &Db) -> Result<()> {
    let has_key = || Expr::col(M::RequestKey).is_not_null();
    let rows = Query::select()
        .column(M::SentAt)
        .expr(Expr::cust("substr(request_key, 1, 16)"))
        .expr(Expr::cust("substr(request_key, 17, 16)"))
        .expr(Expr::cust("CAST(CAST(substr(request_key, 33) AS TEXT) AS INTEGER)"))
        .expr(Expr::cust("'message:' || id"))
        .from(M::Table)
        .and_where(has_key())
        .to_owned();
    let mut insert = Query::insert()
        .into_table(K::Table)
        .columns([K::At, K::Fingerprint, K::Body, K::Status, K::Subject])
        .on_conflict(OnConflict::columns([K::At, K::Fingerprint]).do_nothing().to_owned())
        .to_owned();
    insert.select_from(rows).map_err(|error| Error::Refused(error.to_string()))?;
    let update = Query::update()
        .table(M::Table)
        .value(M::RequestKey, Option::<Vec<u8>>::None)
        .and_where(has_key())
        .to_owned();
    let mut tx = db.begin().await?;
    tx.execute(&insert).await?;
    tx.execute(&update).await?;
    tx.commit(|| ()).await
}

fn short(fingerprint: &[u8]) -> u64 {
    fingerprint.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn lock(used: &Mutex<HashMap<u64, Location>>) -> MutexGuard<'_, HashMap<u64, Location>> {
    used.lock().unwrap_or_else(PoisonError::into_inner)
}
