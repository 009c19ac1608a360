//! Messages.

use std::collections::HashMap;

use sea_query::{Cond, Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;
use uuid::Uuid;

use super::columns::{bytes, uuid};
use super::schema::{HiddenMessage as H, Message as M, Reaction as R};
use super::{Result, Run, attachments, reactions};
use crate::model::{ChatId, Content, Kind, Message, MessageId, Time, UserId};

#[derive(FromRow)]
struct MessageRow {
    id: MessageId,
    chat_id: ChatId,
    seq: i64,
    author_id: UserId,
    kind: Kind,
    text: Option<String>,
    payload: Option<String>,
    client_id: Option<Vec<u8>>,
    sent_at: Time,
    edited_at: Option<Time>,
    deleted_at: Option<Time>,
    has_reactions: i64,
}

const COLUMNS: [M; 11] = [
    M::Id,
    M::ChatId,
    M::Seq,
    M::AuthorId,
    M::Kind,
    M::Text,
    M::Payload,
    M::ClientId,
    M::SentAt,
    M::EditedAt,
    M::DeletedAt,
];

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        let payload = row.payload.and_then(|json| serde_json::from_str(&json).ok());
        let content = row.deleted_at.is_none().then(|| Content::kept(row.kind, row.text, payload));
        Self {
            id: row.id,
            chat: row.chat_id,
            seq: row.seq,
            author: row.author_id,
            kind: row.kind,
            content,
            sent_at: row.sent_at,
            edited_at: row.edited_at,
            client_id: row.client_id.as_deref().map(uuid),
            reactions: Vec::new(),
            attachments: Vec::new(),
        }
    }
}

fn messages() -> SelectStatement {
    // Most messages have no reactions; whether there is something to ask for is known at once.
    let reactions = Query::select()
        .expr(Expr::val(1))
        .from(R::Table)
        .and_where(Expr::col((R::Table, R::MessageId)).equals((M::Table, M::Id)))
        .to_owned();
    Query::select()
        .columns(COLUMNS.map(|column| (M::Table, column)))
        .expr_as(Expr::exists(reactions), "has_reactions")
        .from(M::Table)
        .to_owned()
}

pub async fn insert_many(run: &mut impl Run, new: &[&Message]) -> Result<()> {
    let mut insert = Query::insert()
        .into_table(M::Table)
        .columns([
            M::Id,
            M::ChatId,
            M::Seq,
            M::AuthorId,
            M::Kind,
            M::Text,
            M::Payload,
            M::ClientId,
            M::SentAt,
        ])
        .to_owned();
    for message in new {
        let (text, payload) = kept(message.content.as_ref());
        insert.values_panic([
            message.id.into(),
            message.chat.into(),
            message.seq.into(),
            message.author.into(),
            message.kind.into(),
            text.into(),
            payload.into(),
            message.client_id.map(bytes).into(),
            message.sent_at.into(),
        ]);
    }
    run.execute(&insert).await
}

fn kept(content: Option<&Content>) -> (Option<String>, Option<String>) {
    let text = content.and_then(Content::text).map(str::to_owned);
    let payload = content.and_then(Content::payload).and_then(|payload| serde_json::to_string(payload).ok());
    (text, payload)
}

/// Writes what an edited message says now.
pub async fn edit(run: &mut impl Run, id: MessageId, content: &Content, now: Time) -> Result<()> {
    let (text, payload) = kept(Some(content));
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, text)
        .value(M::Payload, payload)
        .value(M::EditedAt, now)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    run.execute(&update).await
}

/// Takes away what a message said; its place in the chat stays.
pub async fn delete(run: &mut impl Run, id: MessageId, now: Time) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::Text, Option::<String>::None)
        .value(M::Payload, Option::<String>::None)
        .value(M::DeletedAt, now)
        .and_where(Expr::col(M::Id).eq(id))
        .to_owned();
    run.execute(&update).await
}

/// Takes some messages of a chat away altogether, and answers which.
pub async fn purge(run: &mut impl Run, chat: ChatId, limit: u64) -> Result<Vec<MessageId>> {
    let question = Query::select()
        .column(M::Id)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .limit(limit)
        .to_owned();
    let ids: Vec<MessageId> = run.all::<(MessageId,)>(&question).await?.into_iter().map(|(id,)| id).collect();
    if !ids.is_empty() {
        let delete = Query::delete()
            .from_table(M::Table)
            .and_where(Expr::col(M::Id).is_in(ids.iter().copied()))
            .to_owned();
        run.execute(&delete).await?;
    }
    Ok(ids)
}

pub async fn hide(run: &mut impl Run, message: &Message, user: UserId) -> Result<()> {
    let insert = Query::insert()
        .into_table(H::Table)
        .columns([H::UserId, H::ChatId, H::Seq, H::MessageId])
        .values_panic([user.into(), message.chat.into(), message.seq.into(), message.id.into()])
        .to_owned();
    run.execute(&insert).await
}

pub async fn is_hidden(run: &mut impl Run, message: &Message, user: UserId) -> Result<bool> {
    Ok(!hidden(run, &[(message.chat, message.seq)], user).await?.is_empty())
}

/// Which of these somebody took away from their own sight.
pub async fn hidden(run: &mut impl Run, places: &[(ChatId, i64)], user: UserId) -> Result<Vec<MessageId>> {
    let mut wanted = Cond::any();
    for (chat, seq) in places {
        wanted = wanted.add(Expr::col(H::ChatId).eq(*chat).and(Expr::col(H::Seq).eq(*seq)));
    }
    let question = Query::select()
        .column(H::MessageId)
        .from(H::Table)
        .and_where(Expr::col(H::UserId).eq(user))
        .cond_where(wanted)
        .to_owned();
    Ok(run.all::<(MessageId,)>(&question).await?.into_iter().map(|(id,)| id).collect())
}

pub async fn by_id(run: &mut impl Run, id: MessageId) -> Result<Option<Message>> {
    Ok(by_ids(run, &[id]).await?.pop())
}

/// In no particular order; those that are gone are left out.
pub async fn by_ids(run: &mut impl Run, ids: &[MessageId]) -> Result<Vec<Message>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut question = messages();
    question.and_where(Expr::col((M::Table, M::Id)).is_in(ids.iter().copied()));
    whole(run, &question).await
}

/// Which of these (author, client id) were sent before.
pub async fn by_client_ids(
    run: &mut impl Run,
    sent: &[(UserId, Uuid)],
) -> Result<HashMap<(UserId, Uuid), Message>> {
    // Pair by pair: for `(author_id, client_id) IN (…)` SQLite reads the whole table.
    let mut wanted = Cond::any();
    for (author, id) in sent {
        let author = Expr::col((M::Table, M::AuthorId)).eq(*author);
        wanted = wanted.add(author.and(Expr::col((M::Table, M::ClientId)).eq(bytes(*id))));
    }
    let mut question = messages();
    question.cond_where(wanted);
    let found = whole(run, &question).await?;
    Ok(found.into_iter().filter_map(|m| m.client_id.map(|id| ((m.author, id), m))).collect())
}

/// A stretch of a chat's history.
#[derive(Debug, Clone, Copy)]
pub enum Stretch {
    Newest,
    /// Older than a place.
    Before(i64),
    /// Newer than a place, the nearest.
    After(i64),
}

/// Messages of a chat that the reader did not hide, the newest first.
pub async fn page(
    run: &mut impl Run,
    chat: ChatId,
    reader: UserId,
    stretch: Stretch,
    limit: u64,
) -> Result<Vec<Message>> {
    let hidden = Query::select()
        .expr(Expr::val(1))
        .from(H::Table)
        .and_where(Expr::col((H::Table, H::UserId)).eq(reader))
        .and_where(Expr::col((H::Table, H::ChatId)).eq(chat))
        .and_where(Expr::col((H::Table, H::Seq)).equals((M::Table, M::Seq)))
        .to_owned();
    let seq = Expr::col((M::Table, M::Seq));
    let mut question = messages();
    question.and_where(Expr::col((M::Table, M::ChatId)).eq(chat)).and_where(Expr::exists(hidden).not());
    let order = match stretch {
        Stretch::Newest => Order::Desc,
        Stretch::Before(place) => {
            question.and_where(seq.lt(place));
            Order::Desc
        }
        Stretch::After(place) => {
            question.and_where(seq.gt(place));
            Order::Asc
        }
    };
    question.order_by((M::Table, M::Seq), order).limit(limit);
    let mut page = whole(run, &question).await?;
    if matches!(stretch, Stretch::After(_)) {
        page.reverse();
    }
    Ok(page)
}

/// The newest message of a chat at or before a place.
pub async fn newest(run: &mut impl Run, chat: ChatId) -> Result<Option<(MessageId, i64)>> {
    let question = Query::select()
        .columns([M::Id, M::Seq])
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .order_by(M::Seq, Order::Desc)
        .limit(1)
        .to_owned();
    run.one(&question).await
}

/// Reads messages with their reactions and attachments, in the question's order.
async fn whole(run: &mut impl Run, question: &SelectStatement) -> Result<Vec<Message>> {
    let rows: Vec<MessageRow> = run.all(question).await?;
    let with_reactions: Vec<MessageId> =
        rows.iter().filter(|row| row.has_reactions != 0).map(|row| row.id).collect();
    let mut messages: Vec<Message> = rows.into_iter().map(Message::from).collect();
    let mut reactions = reactions::of_messages(run, &with_reactions).await?;
    let with_files = |m: &&Message| m.content.as_ref().is_some_and(|content| content.attachment().is_some());
    let with_files: Vec<MessageId> = messages.iter().filter(with_files).map(|m| m.id).collect();
    let mut attachments = attachments::of_messages(run, &with_files).await?;
    for message in &mut messages {
        message.reactions = reactions.remove(&message.id).unwrap_or_default();
        message.attachments = attachments.remove(&message.id).unwrap_or_default();
    }
    Ok(messages)
}
