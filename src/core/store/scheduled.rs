//! Scheduled messages.

use std::collections::HashMap;

use sea_query::{Alias, Expr, ExprTrait, Func, Order, Query, SelectStatement, WindowStatement};
use sqlx::FromRow;

use super::messages::columns_of;
use super::schema::{ScheduledFile as F, ScheduledMessage as S};
use super::{Executor, Result, attachments};
use crate::model::{
    Attachment, AttachmentId, ChatId, Content, Failure, Kind, MessageId, Scheduled, ScheduledId, Time, UserId,
};

#[derive(FromRow)]
struct ScheduledRow {
    id: ScheduledId,
    author_id: UserId,
    chat_id: ChatId,
    kind: Kind,
    text: Option<String>,
    payload: Option<String>,
    reply_to: Option<MessageId>,
    thread_id: Option<MessageId>,
    mentions: Option<String>,
    is_silent: i64,
    due_at: Time,
    created_at: Time,
    failure: Option<String>,
    reason: Option<String>,
}

const COLUMNS: [S; 14] = [
    S::Id,
    S::AuthorId,
    S::ChatId,
    S::Kind,
    S::Text,
    S::Payload,
    S::ReplyTo,
    S::ThreadId,
    S::Mentions,
    S::IsSilent,
    S::DueAt,
    S::CreatedAt,
    S::Failure,
    S::Reason,
];

impl From<ScheduledRow> for Scheduled {
    fn from(row: ScheduledRow) -> Self {
        let payload = row.payload.and_then(|json| serde_json::from_str(&json).ok());
        let mentions: Vec<i64> =
            row.mentions.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let reason = row.reason.unwrap_or_default();
        Self {
            id: row.id,
            author: row.author_id,
            chat: row.chat_id,
            content: Content::from_stored(row.kind, row.text, payload),
            attachments: Vec::new(),
            reply_to: row.reply_to,
            thread: row.thread_id,
            mentions: mentions.into_iter().map(UserId).collect(),
            is_silent: row.is_silent != 0,
            due_at: row.due_at,
            created_at: row.created_at,
            failure: row.failure.map(|code| Failure { code, reason }),
        }
    }
}

/// Reads scheduled messages with their files.
async fn hydrate(executor: &mut Executor, query: &SelectStatement) -> Result<Vec<Scheduled>> {
    let rows: Vec<ScheduledRow> = executor.all(query).await?;
    let mut found: Vec<Scheduled> = rows.into_iter().map(Scheduled::from).collect();
    let ids: Vec<AttachmentId> = found.iter().flat_map(|waiting| waiting.content.attachments()).collect();
    let files = attachments::by_ids(executor, &ids).await?;
    let files: HashMap<AttachmentId, Attachment> = files.into_iter().map(|file| (file.id, file)).collect();
    for waiting in &mut found {
        let ids = waiting.content.attachments();
        waiting.attachments = ids.iter().filter_map(|id| files.get(id).cloned()).collect();
    }
    Ok(found)
}

pub async fn insert(executor: &mut Executor, new: &Scheduled) -> Result<()> {
    let (text, payload) = columns_of(Some(&new.content));
    let insert = Query::insert()
        .into_table(S::Table)
        .columns(COLUMNS)
        .values_panic([
            new.id.into(),
            new.author.into(),
            new.chat.into(),
            new.content.kind().into(),
            text.into(),
            payload.into(),
            new.reply_to.into(),
            new.thread.into(),
            mentions(&new.mentions).into(),
            i64::from(new.is_silent).into(),
            new.due_at.into(),
            new.created_at.into(),
            Option::<String>::None.into(),
            Option::<String>::None.into(),
        ])
        .to_owned();
    executor.execute(&insert).await?;
    let mut files = new.content.attachments();
    files.sort_unstable();
    files.dedup();
    if files.is_empty() {
        return Ok(());
    }
    let mut insert =
        Query::insert().into_table(F::Table).columns([F::AttachmentId, F::ScheduledId]).to_owned();
    for file in files {
        insert.values_panic([file.into(), new.id.into()]);
    }
    executor.execute(&insert).await
}

fn mentions(users: &[UserId]) -> Option<String> {
    let numbers: Vec<i64> = users.iter().map(|user| user.0).collect();
    (!numbers.is_empty()).then(|| serde_json::to_string(&numbers).ok()).flatten()
}

/// Stores what may change: the content, the time, whether it is silent, and why it failed.
pub async fn update(executor: &mut Executor, waiting: &Scheduled) -> Result<()> {
    let (text, payload) = columns_of(Some(&waiting.content));
    let (failure, reason) = waiting.failure.clone().map(|f| (f.code, f.reason)).unzip();
    let update = Query::update()
        .table(S::Table)
        .value(S::Text, text)
        .value(S::Payload, payload)
        .value(S::IsSilent, i64::from(waiting.is_silent))
        .value(S::DueAt, waiting.due_at)
        .value(S::Failure, failure)
        .value(S::Reason, reason)
        .and_where(Expr::col(S::Id).eq(waiting.id))
        .to_owned();
    executor.execute(&update).await
}

pub async fn delete(executor: &mut Executor, id: ScheduledId) -> Result<()> {
    let files = Query::delete().from_table(F::Table).and_where(Expr::col(F::ScheduledId).eq(id)).to_owned();
    executor.execute(&files).await?;
    let delete = Query::delete().from_table(S::Table).and_where(Expr::col(S::Id).eq(id)).to_owned();
    executor.execute(&delete).await
}

/// Deletes all scheduled messages of a user.
pub async fn delete_of_user(executor: &mut Executor, user: UserId) -> Result<()> {
    let theirs =
        Query::select().column(S::Id).from(S::Table).and_where(Expr::col(S::AuthorId).eq(user)).to_owned();
    let files = Query::delete()
        .from_table(F::Table)
        .and_where(Expr::col(F::ScheduledId).in_subquery(theirs))
        .to_owned();
    executor.execute(&files).await?;
    let delete = Query::delete().from_table(S::Table).and_where(Expr::col(S::AuthorId).eq(user)).to_owned();
    executor.execute(&delete).await
}

pub async fn by_id(executor: &mut Executor, id: ScheduledId) -> Result<Option<Scheduled>> {
    let query = Query::select().columns(COLUMNS).from(S::Table).and_where(Expr::col(S::Id).eq(id)).to_owned();
    Ok(hydrate(executor, &query).await?.pop())
}

/// Those of these messages that are still scheduled, in the order in which they are due, locked until the transaction
/// ends.
pub async fn locked(executor: &mut Executor, ids: &[ScheduledId]) -> Result<Vec<Scheduled>> {
    let mut query = Query::select()
        .columns(COLUMNS)
        .from(S::Table)
        .and_where(Expr::col(S::Id).is_in(ids.iter().copied()))
        .order_by(S::DueAt, Order::Asc)
        .order_by(S::Id, Order::Asc)
        .to_owned();
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    hydrate(executor, &query).await
}

/// A user's scheduled messages, in all chats or one, the next first.
pub async fn of_user(executor: &mut Executor, user: UserId, chat: Option<ChatId>) -> Result<Vec<Scheduled>> {
    let mut query = Query::select()
        .columns(COLUMNS)
        .from(S::Table)
        .and_where(Expr::col(S::AuthorId).eq(user))
        .order_by(S::DueAt, Order::Asc)
        .order_by(S::Id, Order::Asc)
        .to_owned();
    if let Some(chat) = chat {
        query.and_where(Expr::col(S::ChatId).eq(chat));
    }
    hydrate(executor, &query).await
}

pub async fn count(executor: &mut Executor, user: UserId, chat: ChatId) -> Result<i64> {
    let query = Query::select()
        .expr(Func::count(Expr::col(S::Id)))
        .from(S::Table)
        .and_where(Expr::col(S::AuthorId).eq(user))
        .and_where(Expr::col(S::ChatId).eq(chat))
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count))
}

/// Due messages and their authors: the first of each author, then the second of each, and so on up to `each`; the longest
/// overdue first among them.
pub async fn due(
    executor: &mut Executor,
    now: Time,
    each: u64,
    limit: u64,
) -> Result<Vec<(ScheduledId, UserId)>> {
    let (due, rank) = (Alias::new("due"), Alias::new("rank_of_author"));
    let by_author = WindowStatement::partition_by(S::AuthorId)
        .order_by(S::DueAt, Order::Asc)
        .order_by(S::Id, Order::Asc)
        .to_owned();
    let ranked = Query::select()
        .columns([S::Id, S::AuthorId, S::DueAt])
        .expr_window_as(Func::cust("ROW_NUMBER"), by_author, rank.clone())
        .from(S::Table)
        .and_where(Expr::col(S::Failure).is_null())
        .and_where(Expr::col(S::DueAt).lte(now))
        .to_owned();
    let query = Query::select()
        .columns([S::Id, S::AuthorId])
        .from_subquery(ranked, due)
        .and_where(Expr::col(rank.clone()).lte(each))
        .order_by(rank, Order::Asc)
        .order_by(S::DueAt, Order::Asc)
        .order_by(S::Id, Order::Asc)
        .limit(limit)
        .to_owned();
    executor.all(&query).await
}
