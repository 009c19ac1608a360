//! Idempotency keys of executed requests.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_query::{Cond, Expr, ExprTrait, Order, Query};
use sqlx::FromRow;

use super::schema::IdempotencyKey as K;
use super::{Db, Error, Executor, Result, Tx};
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

/// The keys of the last day. They are stored in the order of time, so that a batch of new ones is written to one page and
/// not to a page each.
///
/// MySQL, which several nodes share, finds a key by an index. An embedded database has one server, which remembers when
/// each key was used and needs no index: a key that it does not remember was not used, and of the others it knows the row.
pub struct Keys {
    /// When a key was last used, by the first half of its fingerprint; of keys whose transaction was rolled back there is
    /// no row. `None` when the database is shared.
    used: Option<Mutex<HashMap<u64, Time>>>,
}

impl Keys {
    pub async fn load(db: &Db) -> Result<Self> {
        const PAGE: u64 = 10_000;
        if db.is_shared() {
            return Ok(Self { used: None });
        }
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
            let mut page: Vec<(Time, Vec<u8>)> = db.read().await?.all(&query).await?;
            used.extend(page.iter().map(|(at, fingerprint)| (short(fingerprint), *at)));
            match page.pop() {
                Some(row) => last = row,
                None => return Ok(Self { used: Some(Mutex::new(used)) }),
            }
        }
    }

    /// Whether a key may have been used; `None` when only the database knows.
    pub fn may_be_used(&self, fingerprint: &Digest) -> Option<bool> {
        let used = self.used.as_ref()?;
        Some(lock(used).contains_key(&short(fingerprint)))
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
            used.extend(records.iter().map(|record| (short(&record.fingerprint), record.at)));
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
        tx.execute(&insert).await
    }

    /// Those of some keys that are stored.
    pub async fn find_many(&self, executor: &mut Executor, fingerprints: &[Digest]) -> Result<Vec<Record>> {
        let wanted = |digest: &Digest| Expr::col(K::Fingerprint).eq(digest.to_vec());
        let wanted: Vec<_> = match &self.used {
            None => fingerprints.iter().map(wanted).collect(),
            Some(used) => {
                let used = lock(used);
                let row = |digest| Some(wanted(digest).and(Expr::col(K::At).eq(*used.get(&short(digest))?)));
                fingerprints.iter().filter_map(row).collect()
            }
        };
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query::select()
            .columns([K::Fingerprint, K::Body, K::Status, K::Subject, K::At])
            .from(K::Table)
            .cond_where(wanted.into_iter().fold(Cond::any(), Cond::add))
            .to_owned();
        let rows: Vec<RecordRow> = executor.all(&query).await?;
        Ok(rows.into_iter().map(Record::from).collect())
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
            used.retain(|_, at| *at >= before);
            used.shrink_to_fit();
        }
    }
}

fn short(fingerprint: &[u8]) -> u64 {
    fingerprint.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn lock(used: &Mutex<HashMap<u64, Time>>) -> MutexGuard<'_, HashMap<u64, Time>> {
    used.lock().unwrap_or_else(PoisonError::into_inner)
}
