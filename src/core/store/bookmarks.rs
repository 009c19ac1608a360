//! Messages that people want to find again.

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

/// Somebody's bookmarks in chats that they are in.
fn bookmarks(user: UserId) -> SelectStatement {
    Query::select()
        .columns([B::Id, B::MessageId, B::Note, B::At].map(|column| (B::Table, column)))
        .from(B::Table)
        .inner_join(M::Table, Expr::col((M::Table, M::ChatId)).equals((B::Table, B::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .and_where(Expr::col((B::Table, B::UserId)).eq(user))
        .to_owned()
}

async fn hydrate(run: &mut Executor, question: &SelectStatement) -> Result<Vec<Bookmark>> {
    let rows: Vec<BookmarkRow> = run.all(question).await?;
    let ids: Vec<MessageId> = rows.iter().map(|row| row.message_id).collect();
    let found = messages::by_ids(run, &ids).await?;
    let mut found: HashMap<MessageId, Message> = found.into_iter().map(|m| (m.id, m)).collect();
    let bookmark = |row: BookmarkRow| {
        let message = found.remove(&row.message_id)?;
        Some(Bookmark { id: row.id, message, note: row.note, at: row.at })
    };
    Ok(rows.into_iter().filter_map(bookmark).collect())
}

/// Somebody's bookmarks, the newest first.
pub async fn page(
    run: &mut Executor,
    user: UserId,
    before: Option<BookmarkId>,
    limit: u64,
) -> Result<Vec<Bookmark>> {
    let mut question = bookmarks(user);
    question.order_by((B::Table, B::Id), Order::Desc).limit(limit);
    if let Some(before) = before {
        question.and_where(Expr::col((B::Table, B::Id)).lt(before));
    }
    hydrate(run, &question).await
}

/// Somebody's bookmark at a message.
pub async fn find(run: &mut Executor, message: MessageId, user: UserId) -> Result<Option<Bookmark>> {
    let mut question = bookmarks(user);
    question.and_where(Expr::col((B::Table, B::MessageId)).eq(message));
    Ok(hydrate(run, &question).await?.pop())
}

pub async fn count(run: &mut Executor, user: UserId) -> Result<i64> {
    let question = Query::select()
        .expr(Func::count(Expr::col(B::Id)))
        .from(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(count,)| count))
}

/// Puts a bookmark at a message; one that is there keeps its place and gets another note.
pub async fn save(
    run: &mut Executor,
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
    run.execute(&insert).await
}

pub async fn delete(run: &mut Executor, message: MessageId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .and_where(Expr::col(B::MessageId).eq(message))
        .to_owned();
    run.execute(&delete).await
}

/// Takes away everybody's bookmarks at messages that are gone.
pub async fn delete_all(run: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    run.execute(&delete).await
}

/// Takes away somebody's bookmarks in a chat.
pub async fn delete_of_chat(run: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(B::Table)
        .and_where(Expr::col(B::UserId).eq(user))
        .and_where(Expr::col(B::ChatId).eq(chat))
        .to_owned();
    run.execute(&delete).await
}
