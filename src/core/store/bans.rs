//! Who may not come into a chat.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Order, Query};

use super::schema::Ban as B;
use super::{Executor, Result, users};
use crate::model::{Ban, ChatId, Time, UserId};

pub async fn insert(run: &mut Executor, chat: ChatId, ban: &Ban) -> Result<()> {
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
    run.execute(&insert).await
}

pub async fn delete(run: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::ChatId).eq(chat))
        .and_where(Expr::col(B::UserId).eq(user))
        .to_owned();
    run.execute(&delete).await
}

pub async fn delete_all(run: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(B::Table).and_where(Expr::col(B::ChatId).eq(chat)).to_owned();
    run.execute(&delete).await
}

/// Which of these people are banned.
pub async fn among(run: &mut Executor, chat: ChatId, users: &[UserId]) -> Result<Vec<UserId>> {
    let question = Query::select()
        .column(B::UserId)
        .from(B::Table)
        .and_where(Expr::col(B::ChatId).eq(chat))
        .and_where(Expr::col(B::UserId).is_in(users.iter().copied()))
        .to_owned();
    Ok(run.all::<(UserId,)>(&question).await?.into_iter().map(|(user,)| user).collect())
}

/// The newest first; only one person's when `user` says whose.
pub async fn of_chat(run: &mut Executor, chat: ChatId, user: Option<UserId>) -> Result<Vec<Ban>> {
    let mut question = Query::select()
        .columns([B::UserId, B::ById, B::Reason, B::At])
        .from(B::Table)
        .and_where(Expr::col(B::ChatId).eq(chat))
        .order_by(B::At, Order::Desc)
        .order_by(B::UserId, Order::Desc)
        .to_owned();
    if let Some(user) = user {
        question.and_where(Expr::col(B::UserId).eq(user));
    }
    let rows: Vec<(UserId, UserId, Option<String>, Time)> = run.all(&question).await?;
    let ids: Vec<UserId> = rows.iter().map(|(user, ..)| *user).collect();
    let people = users::by_ids(run, &ids).await?;
    let mut people: HashMap<UserId, _> = people.into_iter().map(|user| (user.id(), user.person)).collect();
    let ban = |(user, by, reason, at)| Some(Ban { person: people.remove(&user)?, by, reason, at });
    Ok(rows.into_iter().filter_map(ban).collect())
}
