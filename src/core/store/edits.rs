//! Earlier versions of edited messages.

use sea_query::{Expr, ExprTrait, Func, Order, Query};

use super::messages::columns_of;
use super::schema::MessageEdit as E;
use super::{Executor, Result};
use crate::model::{Content, Edit, Kind, MessageId, Time};

/// Stores the version of a message that an edit replaces.
pub async fn insert(executor: &mut Executor, message: MessageId, old: &Content, since: Time) -> Result<()> {
    let last = Query::select()
        .expr(Func::max(Expr::col(E::Number)))
        .from(E::Table)
        .and_where(Expr::col(E::MessageId).eq(message))
        .to_owned();
    let last: Option<(Option<i64>,)> = executor.one(&last).await?;
    let number = last.and_then(|(number,)| number).unwrap_or_default() + 1;
    let (text, payload) = columns_of(Some(old));
    let insert = Query::insert()
        .into_table(E::Table)
        .columns([E::MessageId, E::Number, E::Text, E::Payload, E::At])
        .values_panic([message.into(), number.into(), text.into(), payload.into(), since.into()])
        .to_owned();
    executor.execute(&insert).await
}

/// The earlier versions of a message, the oldest first.
pub async fn of_message(executor: &mut Executor, message: MessageId, kind: Kind) -> Result<Vec<Edit>> {
    let query = Query::select()
        .columns([E::Text, E::Payload, E::At])
        .from(E::Table)
        .and_where(Expr::col(E::MessageId).eq(message))
        .order_by(E::Number, Order::Asc)
        .to_owned();
    let rows = executor.all::<(Option<String>, Option<String>, Time)>(&query).await?;
    let edit = |(text, payload, since): (_, Option<String>, _)| {
        let payload = payload.and_then(|json| serde_json::from_str(&json).ok());
        Edit { content: Content::from_stored(kind, text, payload), since }
    };
    Ok(rows.into_iter().map(edit).collect())
}

pub async fn delete_all(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(E::Table)
        .and_where(Expr::col(E::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}
