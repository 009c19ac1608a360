//! Bots, their owners and their commands.

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::schema::{Bot as B, BotCommand as C, Member as M, User as U};
use super::{Executor, Result};
use crate::model::{BotCommand, BotKind, ChatId, UserId, fold};

/// Marks an account as a program's.
pub async fn mark(executor: &mut Executor, id: UserId, kind: BotKind) -> Result<()> {
    let update = Query::update()
        .table(U::Table)
        .value(U::IsBot, kind as i64)
        .and_where(Expr::col(U::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

/// Records who owns a bot.
pub async fn insert(executor: &mut Executor, bot: UserId, owner: UserId) -> Result<()> {
    let insert = Query::insert()
        .into_table(B::Table)
        .columns([B::UserId, B::OwnerId])
        .values_panic([bot.into(), owner.into()])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn owner(executor: &mut Executor, bot: UserId) -> Result<Option<UserId>> {
    let query =
        Query::select().column(B::OwnerId).from(B::Table).and_where(Expr::col(B::UserId).eq(bot)).to_owned();
    Ok(executor.one::<(UserId,)>(&query).await?.map(|(owner,)| owner))
}

/// A user's bots, the oldest first.
pub async fn of_owner(executor: &mut Executor, owner: UserId) -> Result<Vec<UserId>> {
    let query = Query::select()
        .column(B::UserId)
        .from(B::Table)
        .and_where(Expr::col(B::OwnerId).eq(owner))
        .order_by(B::UserId, Order::Asc)
        .to_owned();
    Ok(executor.all::<(UserId,)>(&query).await?.into_iter().map(|(bot,)| bot).collect())
}

/// Deletes what is known of a bot besides its account.
pub async fn delete(executor: &mut Executor, bot: UserId) -> Result<()> {
    set_commands(executor, bot, &[]).await?;
    let delete = Query::delete().from_table(B::Table).and_where(Expr::col(B::UserId).eq(bot)).to_owned();
    executor.execute(&delete).await
}

/// Replaces a bot's commands.
pub async fn set_commands(executor: &mut Executor, bot: UserId, commands: &[BotCommand]) -> Result<()> {
    let delete = Query::delete().from_table(C::Table).and_where(Expr::col(C::BotId).eq(bot)).to_owned();
    executor.execute(&delete).await?;
    if commands.is_empty() {
        return Ok(());
    }
    let mut insert =
        Query::insert().into_table(C::Table).columns([C::BotId, C::Name, C::Description]).to_owned();
    for BotCommand { name, description } in commands {
        insert.values_panic([bot.into(), name.as_str().into(), description.as_str().into()]);
    }
    executor.execute(&insert).await
}

/// A bot's commands, by name.
pub async fn commands(executor: &mut Executor, bot: UserId) -> Result<Vec<BotCommand>> {
    let query = Query::select()
        .columns([C::Name, C::Description])
        .from(C::Table)
        .and_where(Expr::col(C::BotId).eq(bot))
        .order_by(C::Name, Order::Asc)
        .to_owned();
    let rows: Vec<(String, String)> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|(name, description)| BotCommand { name, description }).collect())
}

/// The active bots of a chat with commands; those who joined first come first.
fn in_chat(chat: ChatId) -> SelectStatement {
    Query::select()
        .column((C::Table, C::BotId))
        .from(C::Table)
        .inner_join(M::Table, Expr::col((M::Table, M::UserId)).equals((C::Table, C::BotId)))
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((C::Table, C::BotId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((U::Table, U::DeactivatedAt)).is_null())
        .order_by((M::Table, M::JoinedAt), Order::Asc)
        .order_by((C::Table, C::BotId), Order::Asc)
        .order_by((C::Table, C::Name), Order::Asc)
        .to_owned()
}

/// The commands that can be used in a chat, and whose they are.
pub async fn commands_in(executor: &mut Executor, chat: ChatId) -> Result<Vec<(UserId, BotCommand)>> {
    let mut query = in_chat(chat);
    query.columns([C::Name, C::Description].map(|column| (C::Table, column)));
    let rows: Vec<(UserId, String, String)> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|(bot, name, description)| (bot, BotCommand { name, description })).collect())
}

/// The bot of a chat that has a command; of several the one that joined first, or the one of this username.
pub async fn with_command(
    executor: &mut Executor,
    chat: ChatId,
    name: &str,
    username: Option<&str>,
) -> Result<Option<UserId>> {
    let mut query = in_chat(chat);
    query.and_where(Expr::col((C::Table, C::Name)).eq(name)).limit(1);
    if let Some(username) = username {
        query.and_where(Expr::col((U::Table, U::UsernameFolded)).eq(fold(username)));
    }
    Ok(executor.one::<(UserId,)>(&query).await?.map(|(bot,)| bot))
}
