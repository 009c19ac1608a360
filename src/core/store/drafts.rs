//! Drafts of messages.

use sea_query::{Expr, ExprTrait, Func, OnConflict, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{Draft as D, Member as M};
use super::{Executor, Result};
use crate::model::{ChatId, Draft, MessageId, Time, UserId};

/// The chat of a draft, and its thread if it is in one.
pub type DraftKey = (ChatId, Option<MessageId>);

const NO_THREAD: MessageId = MessageId(0);

#[derive(FromRow)]
struct DraftRow {
    chat_id: ChatId,
    thread_id: MessageId,
    text: Option<String>,
    reply_to: Option<MessageId>,
    at: Time,
}

impl DraftRow {
    /// `None` when it was removed.
    fn draft(self) -> Option<Draft> {
        let Self { chat_id, thread_id, text, reply_to, at } = self;
        let thread = (thread_id != NO_THREAD).then_some(thread_id);
        Some(Draft { chat: chat_id, thread, text: text?, reply_to, at })
    }
}

fn drafts(user: UserId) -> SelectStatement {
    Query::select()
        .columns([D::ChatId, D::ThreadId, D::Text, D::ReplyTo, D::At].map(|column| (D::Table, column)))
        .from(D::Table)
        .and_where(Expr::col((D::Table, D::UserId)).eq(user))
        .to_owned()
}

/// A user's drafts in chats that they are in, the newest first.
pub async fn of_user(executor: &mut Executor, user: UserId) -> Result<Vec<Draft>> {
    let mut query = drafts(user);
    query
        .inner_join(M::Table, Expr::col((M::Table, M::ChatId)).equals((D::Table, D::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .and_where(Expr::col((D::Table, D::Text)).is_not_null())
        .order_by((D::Table, D::At), Order::Desc)
        .order_by((D::Table, D::ChatId), Order::Desc)
        .order_by((D::Table, D::ThreadId), Order::Desc);
    let rows: Vec<DraftRow> = executor.all(&query).await?;
    Ok(rows.into_iter().filter_map(DraftRow::draft).collect())
}

/// A draft and when it was last changed; the draft is `None` if it was removed then.
pub async fn find(
    executor: &mut Executor,
    user: UserId,
    key: DraftKey,
) -> Result<Option<(Option<Draft>, Time)>> {
    let (chat, thread) = key;
    let mut query = drafts(user);
    query
        .and_where(Expr::col((D::Table, D::ChatId)).eq(chat))
        .and_where(Expr::col((D::Table, D::ThreadId)).eq(thread.unwrap_or(NO_THREAD)));
    let row: Option<DraftRow> = executor.one(&query).await?;
    Ok(row.map(|row| {
        let at = row.at;
        (row.draft(), at)
    }))
}

pub async fn count(executor: &mut Executor, user: UserId) -> Result<i64> {
    let query = Query::select()
        .expr(Func::count(Expr::col(D::ChatId)))
        .from(D::Table)
        .and_where(Expr::col(D::UserId).eq(user))
        .and_where(Expr::col(D::Text).is_not_null())
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count))
}

pub async fn save(executor: &mut Executor, user: UserId, draft: &Draft) -> Result<()> {
    let Draft { chat, thread, text, reply_to, at } = draft;
    write(executor, user, (*chat, *thread), Some(text.clone()), *reply_to, *at).await
}

/// Removes a draft, and stores when.
pub async fn remove(executor: &mut Executor, user: UserId, key: DraftKey, now: Time) -> Result<()> {
    write(executor, user, key, None, None, now).await
}

async fn write(
    executor: &mut Executor,
    user: UserId,
    (chat, thread): DraftKey,
    text: Option<String>,
    reply_to: Option<MessageId>,
    at: Time,
) -> Result<()> {
    let insert = Query::insert()
        .into_table(D::Table)
        .columns([D::UserId, D::ChatId, D::ThreadId, D::Text, D::ReplyTo, D::At])
        .values_panic([
            user.into(),
            chat.into(),
            thread.unwrap_or(NO_THREAD).into(),
            text.into(),
            reply_to.into(),
            at.into(),
        ])
        .on_conflict(
            OnConflict::columns([D::UserId, D::ChatId, D::ThreadId])
                .update_columns([D::Text, D::ReplyTo, D::At])
                .to_owned(),
        )
        .to_owned();
    executor.execute(&insert).await
}

/// Deletes a user's drafts in a chat.
pub async fn delete_of_chat(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(D::Table)
        .and_where(Expr::col(D::UserId).eq(user))
        .and_where(Expr::col(D::ChatId).eq(chat))
        .to_owned();
    executor.execute(&delete).await
}

/// Deletes all drafts in a chat.
pub async fn delete_all(executor: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(D::Table).and_where(Expr::col(D::ChatId).eq(chat)).to_owned();
    executor.execute(&delete).await
}

/// Deletes the rows of drafts that were removed before a time.
pub async fn delete_before(executor: &mut Executor, before: Time) -> Result<()> {
    let delete = Query::delete()
        .from_table(D::Table)
        .and_where(Expr::col(D::Text).is_null())
        .and_where(Expr::col(D::At).lt(before))
        .to_owned();
    executor.execute(&delete).await
}
