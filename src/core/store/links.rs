//! Links in messages.

use sea_query::{Expr, ExprTrait, Query};

use super::schema::MessageLink as L;
use super::{Executor, Result};
use crate::model::{ChatId, Link, MessageId};

/// Stores the links of new or edited messages.
pub async fn insert_many(executor: &mut Executor, found: &[(MessageId, ChatId, Vec<Link>)]) -> Result<()> {
    if found.iter().all(|(.., links)| links.is_empty()) {
        return Ok(());
    }
    let mut insert = Query::insert()
        .into_table(L::Table)
        .columns([L::MessageId, L::Place, L::ChatId, L::Url, L::UrlHash])
        .to_owned();
    for (message, chat, links) in found {
        for (place, link) in (0_i64..).zip(links) {
            insert.values_panic([
                (*message).into(),
                place.into(),
                (*chat).into(),
                link.url.as_str().into(),
                link.hash().to_vec().into(),
            ]);
        }
    }
    executor.defer(&insert).await
}

pub async fn delete_all(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(L::Table)
        .and_where(Expr::col(L::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}
