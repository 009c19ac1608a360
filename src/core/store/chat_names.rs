//! Names of chats chosen by clients that make their own identifiers.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Order, Query};

use super::schema::ChatName as N;
use super::{Executor, Result};
use crate::model::{ChatId, Time, UserId};

pub async fn insert(
    executor: &mut Executor,
    user: UserId,
    name: &str,
    chat: ChatId,
    now: Time,
) -> Result<()> {
    let insert = Query::insert()
        .into_table(N::Table)
        .columns([N::UserId, N::Name, N::ChatId, N::At])
        .values_panic([user.into(), name.into(), chat.into(), now.into()])
        .to_owned();
    executor.execute(&insert).await
}

/// The chat with a user's name for it.
pub async fn chat(executor: &mut Executor, user: UserId, name: &str) -> Result<Option<ChatId>> {
    let query = Query::select()
        .column(N::ChatId)
        .from(N::Table)
        .and_where(Expr::col(N::UserId).eq(user))
        .and_where(Expr::col(N::Name).eq(name))
        .to_owned();
    Ok(executor.one::<(ChatId,)>(&query).await?.map(|(chat,)| chat))
}

/// A user's names of chats; of several names for one chat the oldest.
pub async fn of_user(executor: &mut Executor, user: UserId) -> Result<HashMap<ChatId, String>> {
    let query = Query::select()
        .columns([N::ChatId, N::Name])
        .from(N::Table)
        .and_where(Expr::col(N::UserId).eq(user))
        .order_by(N::At, Order::Desc)
        .order_by(N::Name, Order::Desc)
        .to_owned();
    // Newest first, so that the oldest name overwrites the others.
    Ok(executor.all::<(ChatId, String)>(&query).await?.into_iter().collect())
}

pub async fn delete_of_chat(executor: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(N::Table).and_where(Expr::col(N::ChatId).eq(chat)).to_owned();
    executor.execute(&delete).await
}

pub async fn delete_of_user(executor: &mut Executor, user: UserId) -> Result<()> {
    let delete = Query::delete().from_table(N::Table).and_where(Expr::col(N::UserId).eq(user)).to_owned();
    executor.execute(&delete).await
}
