//! How far each stream is.

use std::collections::HashMap;

use sea_query::{CaseStatement, Expr, ExprTrait, Order, Query};

use super::schema::Stream as S;
use super::{Executor, Result};
use crate::model::Stream;

/// Begins streams, before their first event.
pub async fn create(run: &mut Executor, streams: &[Stream]) -> Result<()> {
    let mut insert = Query::insert().into_table(S::Table).columns([S::Id, S::Seq]).to_owned();
    for stream in streams {
        insert.values_panic([(*stream).into(), 0.into()]);
    }
    run.execute(&insert).await
}

/// Moves streams on: `by` says how far each. The rows stay locked until the change ends, so that the
/// order of commits is the order of places.
pub async fn advance(run: &mut Executor, by: &HashMap<Stream, i64>) -> Result<()> {
    // Always in the same order: two changes that lock the same rows then wait instead of deadlocking.
    let mut streams: Vec<_> = by.iter().collect();
    streams.sort_unstable();
    let same =
        streams.first().map(|(_, count)| **count).filter(|n| streams.iter().all(|(_, count)| *count == n));
    let more: Expr = match same {
        Some(count) => Expr::val(count),
        None => {
            let each = |case: CaseStatement, (stream, count): &(&Stream, &i64)| {
                case.case(Expr::col(S::Id).eq(**stream), Expr::val(**count))
            };
            streams.iter().fold(CaseStatement::new(), each).finally(0).into()
        }
    };
    let update = Query::update()
        .table(S::Table)
        .value(S::Seq, Expr::col(S::Seq).add(more))
        .and_where(Expr::col(S::Id).is_in(streams.iter().map(|(stream, _)| **stream)))
        .to_owned();
    run.execute(&update).await
}

/// The place of the newest event of each.
pub async fn seqs(run: &mut Executor, streams: &[Stream]) -> Result<HashMap<Stream, i64>> {
    let question = Query::select()
        .columns([S::Id, S::Seq])
        .from(S::Table)
        .and_where(Expr::col(S::Id).is_in(streams.iter().copied()))
        .to_owned();
    Ok(run.all::<(Stream, i64)>(&question).await?.into_iter().collect())
}

/// Streams after one, in the order of their numbers, for going through all of them.
pub async fn after(run: &mut Executor, last: Stream, limit: u64) -> Result<Vec<Stream>> {
    let question = Query::select()
        .column(S::Id)
        .from(S::Table)
        .and_where(Expr::col(S::Id).gt(last))
        .order_by(S::Id, Order::Asc)
        .limit(limit)
        .to_owned();
    Ok(run.all::<(Stream,)>(&question).await?.into_iter().map(|(stream,)| stream).collect())
}
