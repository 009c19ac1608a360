//! Reading messages together with what other tables store about them.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::schema::Message as M;
use super::super::{Executor, Result, attachments, mentions, polls, previews, reactions};
use crate::model::{
    ChatId, Content, Kind, Message, MessageId, Origin, Parts, Poll, Quote, Thread, Time, UserId,
};

#[derive(FromRow, Deserialize)]
struct MessageRow {
    id: MessageId,
    chat_id: ChatId,
    seq: i64,
    author_id: UserId,
    kind: Kind,
    text: Option<String>,
    payload: Option<String>,
    /// In hexadecimal; `None` or empty if there is none.
    client_id: Option<String>,
    sent_at: Time,
    edited_at: Option<Time>,
    deleted_at: Option<Time>,
    parts: i64,
    reply_to: Option<MessageId>,
    thread_id: Option<MessageId>,
    origin: Option<String>,
    is_silent: i64,
    expires_at: Option<Time>,
    pinned_at: Option<Time>,
}

/// The columns of a [`MessageRow`], in its order.
const COLUMNS: [M; 18] = [
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
    M::Parts,
    M::ReplyTo,
    M::ThreadId,
    M::Origin,
    M::IsSilent,
    M::ExpiresAt,
    M::PinnedAt,
];

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        let payload = row.payload.and_then(|json| serde_json::from_str(&json).ok());
        let content = row.deleted_at.is_none().then(|| Content::from_stored(row.kind, row.text, payload));
        let poll = content.as_ref().and_then(Poll::of);
        Self {
            id: row.id,
            chat: row.chat_id,
            seq: row.seq,
            author: row.author_id,
            kind: row.kind,
            content,
            sent_at: row.sent_at,
            edited_at: row.edited_at,
            client_id: row.client_id.and_then(|id| Uuid::try_parse(&id).ok()),
            parts: Parts(row.parts),
            reply_to: None,
            thread: row.thread_id,
            replies: None,
            origin: row.origin.as_deref().and_then(read_origin),
            mentions: Vec::new(),
            mentions_all: false,
            is_silent: row.is_silent != 0,
            expires_at: row.expires_at,
            pinned_at: row.pinned_at,
            poll,
            reactions: Vec::new(),
            attachments: Vec::new(),
            previews: Vec::new(),
            hidden_from: Vec::new(),
            quote_hidden_from: Vec::new(),
        }
    }
}

/// A query for messages, to which conditions are added; run it with [`hydrate`].
pub fn messages() -> SelectStatement {
    let mut query = Query::select().from(M::Table).to_owned();
    for column in COLUMNS {
        let value = Expr::col((M::Table, column));
        match column {
            M::ClientId => query.expr_as(Func::cust("HEX").arg(value), column),
            _ => query.expr_as(value, column),
        };
    }
    query
}

/// The origin of a forwarded message, as it is stored.
#[derive(Serialize, Deserialize)]
struct OriginData {
    chat: Option<i64>,
    message: Option<i64>,
    author: Option<i64>,
    name: String,
    at: i64,
}

fn read_origin(json: &str) -> Option<Origin> {
    let OriginData { chat, message, author, name, at } = serde_json::from_str(json).ok()?;
    Some(Origin {
        chat: chat.map(ChatId),
        message: message.map(MessageId),
        author: author.map(UserId),
        author_name: name,
        sent_at: Time(at),
    })
}

pub fn write_origin(origin: &Origin) -> Option<String> {
    let Origin { chat, message, author, author_name, sent_at } = origin;
    let data = OriginData {
        chat: chat.map(|id| id.0),
        message: message.map(|id| id.0),
        author: author.map(|id| id.0),
        name: author_name.clone(),
        at: sent_at.0,
    };
    serde_json::to_string(&data).ok()
}

/// Reads messages with everything that belongs to them, in the order of the query.
pub async fn hydrate(executor: &mut Executor, query: &SelectStatement) -> Result<Vec<Message>> {
    let rows: Vec<MessageRow> = executor.all_at_once(query, COLUMNS).await?;
    let answered: Vec<MessageId> = rows.iter().filter_map(|row| row.reply_to).collect();
    let answers: HashMap<MessageId, MessageId> =
        rows.iter().filter_map(|row| Some((row.id, row.reply_to?))).collect();
    let mut messages: Vec<Message> = rows.into_iter().map(Message::from).collect();
    // Most messages have nothing in other tables; those are read only for messages that have something there.
    let with = |part: Parts| -> Vec<MessageId> {
        messages.iter().filter(|m| m.parts.has(part) && m.content.is_some()).map(|m| m.id).collect()
    };
    let (files, reacted, meant) = (with(Parts::FILES), with(Parts::REACTIONS), with(Parts::MENTIONS));
    let voted = with(Parts::VOTES);
    let (linking, without_previews) = (with(Parts::LINKS), with(Parts::NO_PREVIEWS));
    let linking: Vec<MessageId> = linking.into_iter().filter(|id| !without_previews.contains(id)).collect();
    let begun: Vec<MessageId> =
        messages.iter().filter(|m| m.parts.has(Parts::REPLIES)).map(|m| m.id).collect();
    let mut files = attachments::of_messages(executor, &files).await?;
    let mut reacted = reactions::of_messages(executor, &reacted).await?;
    let mut meant = mentions::of_messages(executor, &meant).await?;
    let voted = polls::of_messages(executor, &voted).await?;
    let mut seen = previews::of_messages(executor, &linking).await?;
    let threads = threads(executor, &begun).await?;
    let quotes = quotes(executor, &answered).await?;
    for message in &mut messages {
        message.reactions = reacted.remove(&message.id).unwrap_or_default();
        message.attachments = files.remove(&message.id).unwrap_or_default();
        message.previews = seen.remove(&message.id).unwrap_or_default();
        (message.mentions, message.mentions_all) = meant.remove(&message.id).unwrap_or_default();
        if let Some(poll) = &mut message.poll
            && let Some((votes, closed_at)) = voted.get(&message.id)
        {
            poll.count(votes);
            poll.closed_at = *closed_at;
        }
        message.replies = threads.get(&message.id).copied();
        message.reply_to = answers.get(&message.id).and_then(|id| quotes.get(id).cloned());
    }
    Ok(messages)
}

/// The threads whose root messages these are.
async fn threads(executor: &mut Executor, ids: &[MessageId]) -> Result<HashMap<MessageId, Thread>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let query = Query::select()
        .column(M::ThreadId)
        .expr(Func::count(Expr::col(M::Id)))
        .expr(Func::max(Expr::col(M::SentAt)))
        .from(M::Table)
        .and_where(Expr::col(M::ThreadId).is_in(ids.iter().copied()))
        .and_where(Expr::col(M::DeletedAt).is_null())
        .group_by_col(M::ThreadId)
        .to_owned();
    let found = executor.all::<(MessageId, i64, Time)>(&query).await?;
    Ok(found.into_iter().map(|(id, count, last_at)| (id, Thread { count, last_at })).collect())
}

/// Messages as they are quoted in replies.
pub async fn quotes(executor: &mut Executor, ids: &[MessageId]) -> Result<HashMap<MessageId, Quote>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let query = messages().and_where(Expr::col((M::Table, M::Id)).is_in(ids.iter().copied())).to_owned();
    let rows: Vec<MessageRow> = executor.all_at_once(&query, COLUMNS).await?;
    let mut found: Vec<Message> = rows.into_iter().map(Message::from).collect();
    let with_files: Vec<MessageId> =
        found.iter().filter(|m| m.parts.has(Parts::FILES)).map(|m| m.id).collect();
    let mut files = attachments::of_messages(executor, &with_files).await?;
    for message in &mut found {
        message.attachments = files.remove(&message.id).unwrap_or_default();
    }
    Ok(found.iter().map(|message| (message.id, Quote::of(message))).collect())
}
