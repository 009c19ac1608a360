//! Users who are banned from chats.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Order, Query};

use super::schema::Ban as B;
use super::{Executor, Result, users};
use crate::model::{Ban, ChatId, Time, UserId};

pub async fn insert(executor: &mut Executor, chat: ChatId, ban: &Ban) -> Result<()> {
    let insert = Query::insert()
        .into_table(B::Table)
        .columns([B::ChatId, B::UserId, B::ById, B::Reason, B::At])
        .values_panic([
            chat.into(),
            ban.person.id.into(),
            ban.by.into(),
            ban.reason.clone().into(),
            ban.at.into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn delete(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::ChatId).eq(chat))
        .and_where(Expr::col(B::UserId).eq(user))
        .to_owned();
    executor.execute(&delete).await
}

pub async fn delete_all(executor: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(B::Table).and_where(Expr::col(B::ChatId).eq(chat)).to_owned();
    executor.execute(&delete).await
}

/// Which of these users are banned.
pub async fn among(executor: &mut Executor, chat: ChatId, users: &[UserId]) -> Result<Vec<UserId>> {
    let query = Query::select()
        .column(B::UserId)
        .from(B::Table)
        .and_where(Expr::col(B::ChatId).eq(chat))
        .and_where(Expr::col(B::UserId).is_in(users.iter().copied()))
        .to_owned();
    Ok(executor.all::<(UserId,)>(&query).await?.into_iter().map(|(user,)| user).collect())
}

/// The bans of a chat, the newest first, or only that of `user`.
pub async fn of_chat(executor: &mut Executor, chat: ChatId, user: Option<UserId>) -> Result<Vec<Ban>> {
    let mut query = Query::select()
        .columns([B::UserId, B::ById, B::Reason, B::At])
        .from(B::Table)
        .and_where(Expr::col(B::ChatId).eq(chat))
        .order_by(B::At, Order::Desc)
        .order_by(B::UserId, Order::Desc)
        .to_owned();
    if let Some(user) = user {
        query.and_where(Expr::col(B::UserId).eq(user));
    }
    let rows: Vec<(UserId, UserId, Option<String>, Time)> = executor.all(&query).await?;
    let ids: Vec<UserId> = rows.iter().map(|(user, ..)| *user).collect();
    let people = users::by_ids(executor, &ids).await?;
    let mut people: HashMap<UserId, _> = people.into_iter().map(|user| (user.id(), user.person)).collect();
    let ban = |(user, by, reason, at)| Some(Ban { person: people.remove(&user)?, by, reason, at });
    Ok(rows.into_iter().filter_map(ban).collect())
}
