//! What people call their chats whose clients make the identifiers.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Order, Query};

use super::schema::ChatName as N;
use super::{Executor, Result};
use crate::model::{ChatId, Time, UserId};

pub async fn insert(run: &mut Executor, user: UserId, name: &str, chat: ChatId, now: Time) -> Result<()> {
    let insert = Query::insert()
        .into_table(N::Table)
        .columns([N::UserId, N::Name, N::ChatId, N::At])
        .values_panic([user.into(), name.into(), chat.into(), now.into()])
        .to_owned();
    run.execute(&insert).await
}

/// The chat that somebody calls so.
pub async fn chat(run: &mut Executor, user: UserId, name: &str) -> Result<Option<ChatId>> {
    let question = Query::select()
        .column(N::ChatId)
        .from(N::Table)
        .and_where(Expr::col(N::UserId).eq(user))
        .and_where(Expr::col(N::Name).eq(name))
        .to_owned();
    Ok(run.one::<(ChatId,)>(&question).await?.map(|(chat,)| chat))
}

/// What somebody calls their chats; of several names for one chat the first that was given.
pub async fn of_user(run: &mut Executor, user: UserId) -> Result<HashMap<ChatId, String>> {
    let question = Query::select()
        .columns([N::ChatId, N::Name])
        .from(N::Table)
        .and_where(Expr::col(N::UserId).eq(user))
        .order_by(N::At, Order::Desc)
        .order_by(N::Name, Order::Desc)
        .to_owned();
    // Newest first, so that the first one given stays.
    Ok(run.all::<(ChatId, String)>(&question).await?.into_iter().collect())
}

pub async fn delete_of_chat(run: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(N::Table).and_where(Expr::col(N::ChatId).eq(chat)).to_owned();
    run.execute(&delete).await
}

pub async fn delete_of_user(run: &mut Executor, user: UserId) -> Result<()> {
    let delete = Query::delete().from_table(N::Table).and_where(Expr::col(N::UserId).eq(user)).to_owned();
    run.execute(&delete).await
}
