//! Topics: what chats are about in the host application.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Query};

use super::schema::ChatTopic as T;
use super::{Executor, Result};
use crate::model::{ChatId, Topic};

/// [`Error::Taken`](super::Error::Taken) when there is another chat about it.
pub async fn insert(executor: &mut Executor, chat: ChatId, topic: &Topic) -> Result<()> {
    let insert = Query::insert()
        .into_table(T::Table)
        .columns([T::ChatId, T::Service, T::ServiceId])
        .values_panic([chat.into(), topic.service.as_str().into(), topic.id.clone().into()])
        .to_owned();
    executor.execute(&insert).await
}

/// The chat about a topic; `None` for a topic without an id.
pub async fn chat_about(executor: &mut Executor, topic: &Topic) -> Result<Option<ChatId>> {
    let Some(id) = &topic.id else { return Ok(None) };
    let query = Query::select()
        .column(T::ChatId)
        .from(T::Table)
        .and_where(Expr::col(T::Service).eq(topic.service.as_str()))
        .and_where(Expr::col(T::ServiceId).eq(id.as_str()))
        .to_owned();
    Ok(executor.one::<(ChatId,)>(&query).await?.map(|(chat,)| chat))
}

/// The topics of chats; most have none.
pub async fn of_chats(executor: &mut Executor, chats: &[ChatId]) -> Result<HashMap<ChatId, Topic>> {
    let query = Query::select()
        .columns([T::ChatId, T::Service, T::ServiceId])
        .from(T::Table)
        .and_where(Expr::col(T::ChatId).is_in(chats.iter().copied()))
        .to_owned();
    let found: Vec<(ChatId, String, Option<String>)> = executor.all(&query).await?;
    Ok(found.into_iter().map(|(chat, service, id)| (chat, Topic { service, id })).collect())
}

pub async fn delete(executor: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(T::Table).and_where(Expr::col(T::ChatId).eq(chat)).to_owned();
    executor.execute(&delete).await
}
