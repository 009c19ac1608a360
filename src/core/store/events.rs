//! The event log.

use std::collections::HashMap;

use sea_query::{Cond, Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{Event as E, Message as M, Stream as S};
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

/// The kind of the event of a posted message. In SQLite such an event has no row: the message is read in its stead, which
/// has the same stream, sequence number and time. So a post changes one page less in each chat.
pub const MESSAGE_CREATED: i64 = 1;

/// The most rows of one statement: six values each, and SQLite allows 32,766.
const BATCH: usize = 1_000;

pub async fn insert_many(executor: &mut Executor, records: &[Record]) -> Result<()> {
    let has_row = |record: &&Record| executor.is_mysql() || record.kind != MESSAGE_CREATED;
    let records: Vec<&Record> = records.iter().filter(has_row).collect();
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
        executor.defer(&insert).await?;
    }
    Ok(())
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
        let rows = stored(executor, some).await?;
        let mut counts: HashMap<Stream, i64> = HashMap::new();
        for row in &rows {
            *counts.entry(row.stream).or_default() += 1;
        }
        let is_incomplete = |range: &&Range| {
            counts.get(&range.stream).copied().unwrap_or_default() < range.up_to - range.after
        };
        let incomplete: Vec<Range> = some.iter().filter(is_incomplete).copied().collect();
        found.extend(rows);
        found.extend(of_messages(executor, &incomplete).await?);
    }
    found.sort_by_key(|record| (record.stream, record.seq));
    // A message that was posted before messages were their own events has a row.
    found.dedup_by_key(|record| (record.stream, record.seq));
    Ok(found)
}

/// The events that have rows.
async fn stored(executor: &mut Executor, ranges: &[Range]) -> Result<Vec<Record>> {
    let mut wanted = Cond::any();
    for Range { stream, after, up_to } in ranges {
        let between = Expr::col(E::Seq).gt(*after).and(Expr::col(E::Seq).lte(*up_to));
        wanted = wanted.add(Expr::col(E::StreamId).eq(*stream).and(between));
    }
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query::select()
        .columns([E::StreamId, E::Seq, E::Kind, E::Subject, E::Data, E::At])
        .from(E::Table)
        .cond_where(wanted)
        .to_owned();
    executor.all(&query).await
}

/// The events of posted messages, read from the messages.
async fn of_messages(executor: &mut Executor, ranges: &[Range]) -> Result<Vec<Record>> {
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = Cond::any();
    for Range { stream, after, up_to } in ranges {
        let between = Expr::col(M::Seq).gt(*after).and(Expr::col(M::Seq).lte(*up_to));
        let is_kept = Expr::col(M::Seq).gt(Expr::from(pruned_seq(*stream)));
        wanted = wanted.add(Expr::col(M::ChatId).eq(*stream).and(between).and(is_kept));
    }
    let query = Query::select()
        .columns([M::ChatId, M::Seq, M::Id, M::SentAt])
        .from(M::Table)
        .cond_where(wanted)
        .to_owned();
    let rows: Vec<(Stream, i64, i64, Time)> = executor.all(&query).await?;
    let record =
        |(stream, seq, subject, at)| Record { stream, seq, kind: MESSAGE_CREATED, subject, data: None, at };
    Ok(rows.into_iter().map(record).collect())
}

fn pruned_seq(stream: Stream) -> SelectStatement {
    Query::select().column(S::PrunedSeq).from(S::Table).and_where(Expr::col(S::Id).eq(stream)).to_owned()
}

/// The sequence number before the first event of a stream from a time or later.
pub async fn last_before(executor: &mut Executor, stream: Stream, time: Time) -> Result<i64> {
    let of_row = Query::select()
        .column(E::Seq)
        .from(E::Table)
        .and_where(Expr::col(E::StreamId).eq(stream))
        .and_where(Expr::col(E::At).gte(time))
        .order_by(E::Seq, Order::Asc)
        .limit(1)
        .to_owned();
    let of_message = Query::select()
        .column(M::Seq)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(stream))
        .and_where(Expr::col(M::Seq).gt(Expr::from(pruned_seq(stream))))
        .and_where(Expr::col(M::SentAt).gte(time))
        .order_by(M::Seq, Order::Asc)
        .limit(1)
        .to_owned();
    let end = Query::select().column(S::Seq).from(S::Table).and_where(Expr::col(S::Id).eq(stream)).to_owned();
    let mut first = Vec::new();
    for query in [&of_row, &of_message] {
        first.extend(executor.one::<(i64,)>(query).await?.map(|(seq,)| seq - 1));
    }
    match first.into_iter().min() {
        Some(seq) => Ok(seq),
        None => Ok(executor.one::<(i64,)>(&end).await?.map_or(0, |(seq,)| seq)),
    }
}

/// Deletes the events of a stream up to a sequence number.
pub async fn prune(executor: &mut Executor, stream: Stream, up_to: i64) -> Result<()> {
    let delete = Query::delete()
        .from_table(E::Table)
        .and_where(Expr::col(E::StreamId).eq(stream))
        .and_where(Expr::col(E::Seq).lte(up_to))
        .to_owned();
    executor.execute(&delete).await?;
    let update = Query::update()
        .table(S::Table)
        .value(S::PrunedSeq, up_to)
        .and_where(Expr::col(S::Id).eq(stream))
        .and_where(Expr::col(S::PrunedSeq).lt(up_to))
        .to_owned();
    executor.execute(&update).await
}

/// Which of these streams have events from before a time; the first row and the first message of each decide.
pub async fn with_older(executor: &mut Executor, streams: &[Stream], before: Time) -> Result<Vec<Stream>> {
    let first = Query::select()
        .column((E::Table, E::At))
        .from(E::Table)
        .and_where(Expr::col((E::Table, E::StreamId)).equals((S::Table, S::Id)))
        .order_by((E::Table, E::Seq), Order::Asc)
        .limit(1)
        .to_owned();
    let first_message = Query::select()
        .column((M::Table, M::SentAt))
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::ChatId)).equals((S::Table, S::Id)))
        .and_where(Expr::col((M::Table, M::Seq)).gt(Expr::col((S::Table, S::PrunedSeq))))
        .order_by((M::Table, M::Seq), Order::Asc)
        .limit(1)
        .to_owned();
    let query = Query::select()
        .column((S::Table, S::Id))
        .from(S::Table)
        .and_where(Expr::col((S::Table, S::Id)).is_in(streams.iter().copied()))
        .and_where(Expr::from(first).lt(before).or(Expr::from(first_message).lt(before)))
        .to_owned();
    Ok(executor.all::<(Stream,)>(&query).await?.into_iter().map(|(stream,)| stream).collect())
}
