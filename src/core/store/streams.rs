//! The last sequence number of each stream.

use std::collections::HashMap;

use sea_query::{CaseStatement, Expr, ExprTrait, Order, Query};

use super::schema::Stream as S;
use super::template::Template;
use super::{Executor, Result};
use crate::model::Stream;

/// Creates streams, without events.
pub async fn create(executor: &mut Executor, streams: &[Stream]) -> Result<()> {
    let mut insert = Query::insert().into_table(S::Table).columns([S::Id, S::Seq]).to_owned();
    for stream in streams {
        insert.values_panic([(*stream).into(), 0.into()]);
    }
    executor.execute(&insert).await
}

/// Advances each stream by a number of events. The rows stay locked until the transaction ends, so that the order of
/// commits is the order of sequence numbers.
pub async fn advance(executor: &mut Executor, by: &HashMap<Stream, i64>) -> Result<()> {
    /// The most streams that are advanced by one statement whose text is always the same.
    const FEW: usize = 16;
    // In a fixed order, so that transactions that lock the same rows wait instead of deadlocking.
    let mut streams: Vec<_> = by.iter().collect();
    streams.sort_unstable();
    let mut update = Query::update().table(S::Table).to_owned();
    if let [(stream, count)] = streams[..] {
        static ONE: Template = Template::new();
        update.value(S::Seq, Expr::col(S::Seq).add(*count)).and_where(Expr::col(S::Id).eq(*stream));
        let values = vec![(*count).into(), (*stream).into()];
        return executor.defer_form((&ONE, 1), values, |_| update).await;
    }
    if !executor.is_mysql() && streams.len() <= FEW {
        static SEVERAL: Template = Template::new();
        let counts: Vec<_> =
            streams.iter().map(|(stream, count)| format!("\"{}\":{count}", stream.0)).collect();
        let counts = format!("{{{}}}", counts.join(","));
        let more = "(SELECT value FROM json_each(?) WHERE key = CAST(stream.id AS TEXT))";
        let ids = "id IN (SELECT CAST(key AS INTEGER) FROM json_each(?))";
        update
            .value(S::Seq, Expr::col(S::Seq).add(Expr::cust_with_values(more, [counts.clone()])))
            .and_where(Expr::cust_with_values(ids, [counts.clone()]));
        let values = vec![counts.clone().into(), counts.into()];
        return executor.defer_form((&SEVERAL, 1), values, |_| update).await;
    }
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
    update
        .value(S::Seq, Expr::col(S::Seq).add(more))
        .and_where(Expr::col(S::Id).is_in(streams.iter().map(|(stream, _)| **stream)));
    executor.defer(&update).await
}

/// The last sequence number of each stream.
pub async fn seqs(executor: &mut Executor, streams: &[Stream]) -> Result<HashMap<Stream, i64>> {
    let query = Query::select()
        .columns([S::Id, S::Seq])
        .from(S::Table)
        .and_where(Expr::col(S::Id).is_in(streams.iter().copied()))
        .to_owned();
    Ok(executor.all::<(Stream, i64)>(&query).await?.into_iter().collect())
}

/// The next streams after one by id, to iterate over all.
pub async fn after(executor: &mut Executor, last: Stream, limit: u64) -> Result<Vec<Stream>> {
    let query = Query::select()
        .column(S::Id)
        .from(S::Table)
        .and_where(Expr::col(S::Id).gt(last))
        .order_by(S::Id, Order::Asc)
        .limit(limit)
        .to_owned();
    Ok(executor.all::<(Stream,)>(&query).await?.into_iter().map(|(stream,)| stream).collect())
}
