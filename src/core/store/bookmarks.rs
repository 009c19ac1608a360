//! Bookmarks of messages.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Func, OnConflict, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{Bookmark as B, Member as M};
use super::{Executor, Result, messages};
use crate::model::{Bookmark, BookmarkId, ChatId, Message, MessageId, Time, UserId};

#[derive(FromRow)]
struct BookmarkRow {
    id: BookmarkId,
    message_id: MessageId,
    note: Option<String>,
    at: Time,
}

/// A query for a user's bookmarks in chats that they are in.
fn bookmarks(user: UserId) -> SelectStatement {
    Query::select()
        .columns([B::Id, B::MessageId, B::Note, B::At].map(|column| (B::Table, column)))
        .from(B::Table)
        .inner_join(M::Table, Expr::col((M::Table, M::ChatId)).equals((B::Table, B::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .and_where(Expr::col((B::Table, B::UserId)).eq(user))
        .to_owned()
}

async fn hydrate(executor: &mut Executor, user: UserId, query: &SelectStatement) -> Result<Vec<Bookmark>> {
    let rows: Vec<BookmarkRow> = executor.all(query).await?;
    let ids: Vec<MessageId> = rows.iter().map(|row| row.message_id).collect();
    let found = messages::by_ids_for(executor, &ids, user).await?;
    let mut found: HashMap<MessageId, Message> = found.into_iter().map(|m| (m.id, m)).collect();
    let bookmark = |row: BookmarkRow| {
        let message = found.remove(&row.message_id)?;
        Some(Bookmark { id: row.id, message, note: row.note, at: row.at })
    };
    Ok(rows.into_iter().filter_map(bookmark).collect())
}

/// A user's bookmarks, the newest first.
pub async fn page(
    executor: &mut Executor,
    user: UserId,
    before: Option<BookmarkId>,
    limit: u64,
) -> Result<Vec<Bookmark>> {
    let mut query = bookmarks(user);
    query.order_by((B::Table, B::Id), Order::Desc).limit(limit);
    if let Some(before) = before {
        query.and_where(Expr::col((B::Table, B::Id)).lt(before));
    }
    hydrate(executor, user, &query).await
}

/// A user's bookmark of a message.
pub async fn find(executor: &mut Executor, message: MessageId, user: UserId) -> Result<Option<Bookmark>> {
    let mut query = bookmarks(user);
    query.and_where(Expr::col((B::Table, B::MessageId)).eq(message));
    Ok(hydrate(executor, user, &query).await?.pop())
}

pub async fn count(executor: &mut Executor, user: UserId) -> Result<i64> {
    let query = Query::select()
        .expr(Func::count(Expr::col(B::Id)))
        .from(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count))
}

/// Bookmarks a message; an existing bookmark keeps its id and gets the new note.
pub async fn save(
    executor: &mut Executor,
    user: UserId,
    message: (ChatId, MessageId),
    id: BookmarkId,
    note: Option<&str>,
    now: Time,
) -> Result<()> {
    let (chat, message) = message;
    let insert = Query::insert()
        .into_table(B::Table)
        .columns([B::UserId, B::MessageId, B::ChatId, B::Id, B::Note, B::At])
        .values_panic([
            user.into(),
            message.into(),
            chat.into(),
            id.into(),
            note.map(str::to_owned).into(),
            now.into(),
        ])
        .on_conflict(OnConflict::columns([B::UserId, B::MessageId]).update_column(B::Note).to_owned())
        .to_owned();
    executor.execute(&insert).await
}

pub async fn delete(executor: &mut Executor, message: MessageId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .and_where(Expr::col(B::MessageId).eq(message))
        .to_owned();
    executor.execute(&delete).await
}

/// Deletes all bookmarks of deleted messages.
pub async fn delete_all(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}

/// Deletes a user's bookmarks in a chat.
pub async fn delete_of_chat(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .and_where(Expr::col(B::ChatId).eq(chat))
        .to_owned();
    executor.execute(&delete).await
}
