//! For how long messages are kept (tables `setting` and `retention_exemption`).

use std::collections::BTreeSet;

use sea_query::{Expr, ExprTrait, Query};

use super::schema::RetentionExemption as R;
use super::{Executor, Result, settings};
use crate::model::{ChatId, Retention};

/// The name of the setting.
const DAYS: &str = "message_days";

pub async fn read(executor: &mut Executor) -> Result<Retention> {
    let days = settings::value(executor, DAYS).await?;
    // What cannot be read must not delete anything.
    let message_days = days.and_then(|days| days.parse().ok()).filter(|days| *days > 0);
    let query = Query::select().column(R::ChatId).from(R::Table).to_owned();
    let exempt = executor.all::<(ChatId,)>(&query).await?.into_iter().map(|(chat,)| chat).collect();
    Ok(Retention { message_days, exempt })
}

pub async fn set_days(executor: &mut Executor, days: Option<u32>) -> Result<()> {
    match days {
        Some(days) => settings::set(executor, DAYS, &days.to_string()).await,
        None => settings::remove(executor, DAYS).await,
    }
}

pub async fn add_exemptions(executor: &mut Executor, chats: &BTreeSet<ChatId>) -> Result<()> {
    if chats.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert().into_table(R::Table).columns([R::ChatId]).to_owned();
    for chat in chats {
        insert.values_panic([(*chat).into()]);
    }
    executor.execute(&insert).await
}

pub async fn remove_exemptions(
    executor: &mut Executor,
    chats: impl IntoIterator<Item = ChatId> + Send,
) -> Result<()> {
    let delete = Query::delete().from_table(R::Table).and_where(Expr::col(R::ChatId).is_in(chats)).to_owned();
    executor.execute(&delete).await
}
