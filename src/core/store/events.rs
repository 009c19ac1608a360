//! The log of what happened.

use sea_query::{Expr, ExprTrait, Order, Query};
use sqlx::FromRow;

use super::schema::{Event as E, Stream as S};
use super::{Executor, Result};
use crate::model::{Position, Stream, Time};

/// An event as it is kept: it names what it is about, and what that says is read from where it is.
#[derive(Debug, Clone, FromRow)]
pub struct Record {
    #[sqlx(rename = "stream_id")]
    pub stream: Stream,
    pub seq: i64,
    pub kind: i64,
    /// The message, chat or user that it is about.
    pub subject: i64,
    /// What can't be read elsewhere later.
    pub data: Option<String>,
    pub at: Time,
}

impl Record {
    pub fn position(&self) -> Position {
        Position { stream: self.stream, seq: self.seq }
    }
}

/// How many are written by one statement: six values each, and SQLite takes 32,766.
const SOME: usize = 1_000;

pub async fn insert_many(run: &mut Executor, records: &[Record]) -> Result<()> {
    for some in records.chunks(SOME) {
        let mut insert = Query::insert()
            .into_table(E::Table)
            .columns([E::StreamId, E::Seq, E::Kind, E::Subject, E::Data, E::At])
            .to_owned();
        for r in some {
            insert.values_panic([
                r.stream.into(),
                r.seq.into(),
                r.kind.into(),
                r.subject.into(),
                r.data.clone().into(),
                r.at.into(),
            ]);
        }
        run.execute(&insert).await?;
    }
    Ok(())
}

/// The next events of a stream after a place, oldest first.
pub async fn after(run: &mut Executor, place: Position, limit: u64) -> Result<Vec<Record>> {
    let question = Query::select()
        .columns([E::StreamId, E::Seq, E::Kind, E::Subject, E::Data, E::At])
        .from(E::Table)
        .and_where(Expr::col(E::StreamId).eq(place.stream))
        .and_where(Expr::col(E::Seq).gt(place.seq))
        .order_by(E::Seq, Order::Asc)
        .limit(limit)
        .to_owned();
    run.all(&question).await
}

/// Forgets what happened before a moment in one stream.
pub async fn prune(run: &mut Executor, stream: Stream, before: Time) -> Result<()> {
    let delete = Query::delete()
        .from_table(E::Table)
        .and_where(Expr::col(E::StreamId).eq(stream))
        .and_where(Expr::col(E::At).lt(before))
        .to_owned();
    run.execute(&delete).await
}

/// Which of these streams have events from before a moment: their first one is.
pub async fn with_older(run: &mut Executor, streams: &[Stream], before: Time) -> Result<Vec<Stream>> {
    let first = Query::select()
        .column((E::Table, E::At))
        .from(E::Table)
        .and_where(Expr::col((E::Table, E::StreamId)).equals((S::Table, S::Id)))
        .order_by((E::Table, E::Seq), Order::Asc)
        .limit(1)
        .to_owned();
    let question = Query::select()
        .column((S::Table, S::Id))
        .from(S::Table)
        .and_where(Expr::col((S::Table, S::Id)).is_in(streams.iter().copied()))
        .and_where(Expr::from(first).lt(before))
        .to_owned();
    Ok(run.all::<(Stream,)>(&question).await?.into_iter().map(|(stream,)| stream).collect())
}
