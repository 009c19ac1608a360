//! The event log.

use sea_query::{Cond, Expr, ExprTrait, Order, Query};
use sqlx::FromRow;

use super::schema::{Event as E, Stream as S};
use super::{Executor, Result};
use crate::model::{Position, Stream, Time};

/// A stored event. It refers to its subject, whose content is read from the subject's own table.
#[derive(Debug, Clone, FromRow)]
pub struct Record {
    #[sqlx(rename = "stream_id")]
    pub stream: Stream,
    pub seq: i64,
    pub kind: i64,
    /// The id of the message, chat, user or other thing that it is about.
    pub subject: i64,
    /// Details that are not stored elsewhere, as JSON.
    pub data: Option<String>,
    pub at: Time,
}

impl Record {
    pub fn position(&self) -> Position {
        Position { stream: self.stream, seq: self.seq }
    }
}

/// The most rows of one statement: six values each, and SQLite allows 32,766.
const BATCH: usize = 1_000;

pub async fn insert_many(executor: &mut Executor, records: &[Record]) -> Result<()> {
    for batch in records.chunks(BATCH) {
        let mut insert = Query::insert()
            .into_table(E::Table)
            .columns([E::StreamId, E::Seq, E::Kind, E::Subject, E::Data, E::At])
            .to_owned();
        for r in batch {
            insert.values_panic([
                r.stream.into(),
                r.seq.into(),
                r.kind.into(),
                r.subject.into(),
                r.data.clone().into(),
                r.at.into(),
            ]);
        }
        executor.execute(&insert).await?;
    }
    Ok(())
}

/// The next events of a stream after a position, in order.
pub async fn after(executor: &mut Executor, place: Position, limit: u64) -> Result<Vec<Record>> {
    let query = Query::select()
        .columns([E::StreamId, E::Seq, E::Kind, E::Subject, E::Data, E::At])
        .from(E::Table)
        .and_where(Expr::col(E::StreamId).eq(place.stream))
        .and_where(Expr::col(E::Seq).gt(place.seq))
        .order_by(E::Seq, Order::Asc)
        .limit(limit)
        .to_owned();
    executor.all(&query).await
}

/// A part of a stream: the events after one sequence number, up to another.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    pub stream: Stream,
    pub after: i64,
    pub up_to: i64,
}

/// The events of parts of several streams, in the order of the streams' numbers and within each.
pub async fn in_ranges(executor: &mut Executor, ranges: &[Range]) -> Result<Vec<Record>> {
    /// The most ranges of one statement: SQLite limits the depth of an expression to 1,000.
    const RANGES: usize = 200;
    let mut found = Vec::new();
    for some in ranges.chunks(RANGES) {
        let mut wanted = Cond::any();
        for range in some {
            let of_stream = Expr::col(E::StreamId).eq(range.stream);
            let between = Expr::col(E::Seq).gt(range.after).and(Expr::col(E::Seq).lte(range.up_to));
            wanted = wanted.add(of_stream.and(between));
        }
        let query = Query::select()
            .columns([E::StreamId, E::Seq, E::Kind, E::Subject, E::Data, E::At])
            .from(E::Table)
            .cond_where(wanted)
            .to_owned();
        found.extend(executor.all::<Record>(&query).await?);
    }
    found.sort_unstable_by_key(|record| (record.stream, record.seq));
    Ok(found)
}

/// Deletes the events of a stream from before a time.
pub async fn prune(executor: &mut Executor, stream: Stream, before: Time) -> Result<()> {
    let delete = Query::delete()
        .from_table(E::Table)
        .and_where(Expr::col(E::StreamId).eq(stream))
        .and_where(Expr::col(E::At).lt(before))
        .to_owned();
    executor.execute(&delete).await
}

/// Which of these streams have events from before a time; the first event of each decides.
pub async fn with_older(executor: &mut Executor, streams: &[Stream], before: Time) -> Result<Vec<Stream>> {
    let first = Query::select()
        .column((E::Table, E::At))
        .from(E::Table)
        .and_where(Expr::col((E::Table, E::StreamId)).equals((S::Table, S::Id)))
        .order_by((E::Table, E::Seq), Order::Asc)
        .limit(1)
        .to_owned();
    let query = Query::select()
        .column((S::Table, S::Id))
        .from(S::Table)
        .and_where(Expr::col((S::Table, S::Id)).is_in(streams.iter().copied()))
        .and_where(Expr::from(first).lt(before))
        .to_owned();
    Ok(executor.all::<(Stream,)>(&query).await?.into_iter().map(|(stream,)| stream).collect())
}
