//! Messages that wait for their time.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::messages::kept;
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

/// Reads them with their files.
async fn whole(run: &mut Executor, question: &SelectStatement) -> Result<Vec<Scheduled>> {
    let rows: Vec<ScheduledRow> = run.all(question).await?;
    let mut found: Vec<Scheduled> = rows.into_iter().map(Scheduled::from).collect();
    let ids: Vec<AttachmentId> = found.iter().flat_map(|waiting| waiting.content.attachments()).collect();
    let files = attachments::by_ids(run, &ids).await?;
    let files: HashMap<AttachmentId, Attachment> = files.into_iter().map(|file| (file.id, file)).collect();
    for waiting in &mut found {
        let ids = waiting.content.attachments();
        waiting.attachments = ids.iter().filter_map(|id| files.get(id).cloned()).collect();
    }
    Ok(found)
}

pub async fn insert(run: &mut Executor, new: &Scheduled) -> Result<()> {
    let (text, payload) = kept(Some(&new.content));
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
    run.execute(&insert).await?;
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
    run.execute(&insert).await
}

fn mentions(users: &[UserId]) -> Option<String> {
    let numbers: Vec<i64> = users.iter().map(|user| user.0).collect();
    (!numbers.is_empty()).then(|| serde_json::to_string(&numbers).ok()).flatten()
}

/// Writes what may change of one: what it says, when it is due, whether it is silent, and why it failed.
pub async fn update(run: &mut Executor, waiting: &Scheduled) -> Result<()> {
    let (text, payload) = kept(Some(&waiting.content));
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
    run.execute(&update).await
}

pub async fn delete(run: &mut Executor, id: ScheduledId) -> Result<()> {
    let files = Query::delete().from_table(F::Table).and_where(Expr::col(F::ScheduledId).eq(id)).to_owned();
    run.execute(&files).await?;
    let delete = Query::delete().from_table(S::Table).and_where(Expr::col(S::Id).eq(id)).to_owned();
    run.execute(&delete).await
}

/// Somebody will say nothing later any more.
pub async fn delete_of_user(run: &mut Executor, user: UserId) -> Result<()> {
    let theirs =
        Query::select().column(S::Id).from(S::Table).and_where(Expr::col(S::AuthorId).eq(user)).to_owned();
    let files = Query::delete()
        .from_table(F::Table)
        .and_where(Expr::col(F::ScheduledId).in_subquery(theirs))
        .to_owned();
    run.execute(&files).await?;
    let delete = Query::delete().from_table(S::Table).and_where(Expr::col(S::AuthorId).eq(user)).to_owned();
    run.execute(&delete).await
}

pub async fn by_id(run: &mut Executor, id: ScheduledId) -> Result<Option<Scheduled>> {
    let question =
        Query::select().columns(COLUMNS).from(S::Table).and_where(Expr::col(S::Id).eq(id)).to_owned();
    Ok(whole(run, &question).await?.pop())
}

/// Those of these that still wait, in the order in which they are due. Nobody else changes them until the change ends.
pub async fn held(run: &mut Executor, ids: &[ScheduledId]) -> Result<Vec<Scheduled>> {
    let mut question = Query::select()
        .columns(COLUMNS)
        .from(S::Table)
        .and_where(Expr::col(S::Id).is_in(ids.iter().copied()))
        .order_by(S::DueAt, Order::Asc)
        .order_by(S::Id, Order::Asc)
        .to_owned();
    if run.is_mysql() {
        question.lock_exclusive();
    }
    whole(run, &question).await
}

/// What somebody wants to say later, or of that what in one chat; the next first.
pub async fn of_user(run: &mut Executor, user: UserId, chat: Option<ChatId>) -> Result<Vec<Scheduled>> {
    let mut question = Query::select()
        .columns(COLUMNS)
        .from(S::Table)
        .and_where(Expr::col(S::AuthorId).eq(user))
        .order_by(S::DueAt, Order::Asc)
        .order_by(S::Id, Order::Asc)
        .to_owned();
    if let Some(chat) = chat {
        question.and_where(Expr::col(S::ChatId).eq(chat));
    }
    whole(run, &question).await
}

pub async fn count(run: &mut Executor, user: UserId, chat: ChatId) -> Result<i64> {
    let question = Query::select()
        .expr(Func::count(Expr::col(S::Id)))
        .from(S::Table)
        .and_where(Expr::col(S::AuthorId).eq(user))
        .and_where(Expr::col(S::ChatId).eq(chat))
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(count,)| count))
}

/// What is due, and whose it is, the longest overdue first.
pub async fn due(run: &mut Executor, now: Time, limit: u64) -> Result<Vec<(ScheduledId, UserId)>> {
    let question = Query::select()
        .columns([S::Id, S::AuthorId])
        .from(S::Table)
        .and_where(Expr::col(S::Failure).is_null())
        .and_where(Expr::col(S::DueAt).lte(now))
        .order_by(S::DueAt, Order::Asc)
        .order_by(S::Id, Order::Asc)
        .limit(limit)
        .to_owned();
    run.all(&question).await
}
