//! Reactions to messages.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Order, Query};

use super::schema::Reaction as R;
use super::{Executor, Result};
use crate::model::{MessageId, Reaction, Time, UserId, is_same_emoji};

pub async fn insert(
    executor: &mut Executor,
    message: MessageId,
    user: UserId,
    emoji: &str,
    now: Time,
) -> Result<()> {
    let insert = Query::insert()
        .into_table(R::Table)
        .columns([R::MessageId, R::UserId, R::Emoji, R::At])
        .values_panic([message.into(), user.into(), emoji.into(), now.into()])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn delete(executor: &mut Executor, message: MessageId, user: UserId, emoji: &str) -> Result<()> {
    let delete = Query::delete()
        .from_table(R::Table)
        .and_where(Expr::col(R::MessageId).eq(message))
        .and_where(Expr::col(R::UserId).eq(user))
        .and_where(Expr::col(R::Emoji).eq(emoji))
        .to_owned();
    executor.execute(&delete).await
}

/// The emoji that a user has added to a message, as they were written.
pub async fn spellings(executor: &mut Executor, message: MessageId, user: UserId) -> Result<Vec<String>> {
    let query = Query::select()
        .column(R::Emoji)
        .from(R::Table)
        .and_where(Expr::col(R::MessageId).eq(message))
        .and_where(Expr::col(R::UserId).eq(user))
        .to_owned();
    Ok(executor.all::<(String,)>(&query).await?.into_iter().map(|(emoji,)| emoji).collect())
}

pub async fn delete_all(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(R::Table)
        .and_where(Expr::col(R::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}

/// The reactions to each message, in the order in which each emoji was first used.
pub async fn of_messages(
    executor: &mut Executor,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Reaction>>> {
    let mut found: HashMap<MessageId, Vec<Reaction>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let query = Query::select()
        .columns([R::MessageId, R::UserId, R::Emoji])
        .from(R::Table)
        .and_where(Expr::col(R::MessageId).is_in(messages.iter().copied()))
        .order_by(R::At, Order::Asc)
        .order_by(R::UserId, Order::Asc)
        .to_owned();
    for (message, user, emoji) in executor.all::<(MessageId, UserId, String)>(&query).await? {
        let reactions = found.entry(message).or_default();
        match reactions.iter_mut().find(|reaction| is_same_emoji(&reaction.emoji, &emoji)) {
            Some(reaction) if reaction.users.contains(&user) => {}
            Some(reaction) => reaction.users.push(user),
            None => reactions.push(Reaction { emoji, users: vec![user] }),
        }
    }
    Ok(found)
}
