//! Messages that users have hidden for themselves.

use std::collections::BTreeSet;

use sea_query::{Cond, Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};

use super::schema::{HiddenMessage as H, Message as M};
use super::{Executor, Result};
use crate::model::{ChatId, Message, MessageId, UserId};

pub async fn hide(executor: &mut Executor, message: &Message, user: UserId) -> Result<()> {
    let insert = Query::insert()
        .into_table(H::Table)
        .columns([H::UserId, H::ChatId, H::Seq, H::MessageId])
        .values_panic([user.into(), message.chat.into(), message.seq.into(), message.id.into()])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn is_hidden(executor: &mut Executor, message: &Message, user: UserId) -> Result<bool> {
    Ok(!among(executor, &[(message.chat, message.seq)], user).await?.is_empty())
}

/// Which of the messages at these positions a user has hidden.
pub async fn among(
    executor: &mut Executor,
    places: &[(ChatId, i64)],
    user: UserId,
) -> Result<Vec<MessageId>> {
    let query = Query::select()
        .column(H::MessageId)
        .from(H::Table)
        .and_where(Expr::col(H::UserId).eq(user))
        .cond_where(at(places))
        .to_owned();
    Ok(executor.all::<(MessageId,)>(&query).await?.into_iter().map(|(id,)| id).collect())
}

/// Who has hidden the messages at these positions.
pub async fn readers(executor: &mut Executor, places: &[(ChatId, i64)]) -> Result<Vec<(MessageId, UserId)>> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let query =
        Query::select().columns([H::MessageId, H::UserId]).from(H::Table).cond_where(at(places)).to_owned();
    executor.all(&query).await
}

/// Takes the texts out of quotes of messages that the reader has hidden, as if those were deleted.
pub async fn conceal_quotes(executor: &mut Executor, reader: UserId, messages: &mut [Message]) -> Result<()> {
    let quoted = quoted(messages.iter());
    if quoted.is_empty() {
        return Ok(());
    }
    let hidden = among(executor, &quoted, reader).await?;
    for quote in messages.iter_mut().filter_map(|message| message.reply_to.as_mut()) {
        if hidden.contains(&quote.id) {
            quote.text = None;
        }
    }
    Ok(())
}

/// The positions of the messages that these reply to.
pub fn quoted<'a>(messages: impl Iterator<Item = &'a Message>) -> Vec<(ChatId, i64)> {
    let places: BTreeSet<_> =
        messages.filter_map(|message| Some((message.chat, message.reply_to.as_ref()?.seq))).collect();
    places.into_iter().collect()
}

/// The messages that a user has hidden in the chat of a column.
pub(super) fn hidden_by(user: UserId, chat: impl IntoColumnRef) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(H::Table)
        .and_where(Expr::col((H::Table, H::UserId)).eq(user))
        .and_where(Expr::col((H::Table, H::ChatId)).equals(chat))
        .to_owned()
}

/// A condition that a row is of one of these positions.
fn at(places: &[(ChatId, i64)]) -> Cond {
    places.iter().fold(Cond::any(), |any, (chat, seq)| {
        any.add(Expr::col(H::ChatId).eq(*chat).and(Expr::col(H::Seq).eq(*seq)))
    })
}

/// A condition that the reader has not hidden a message; the query selects from the message table.
pub(super) fn is_seen(reader: UserId) -> Expr {
    is_seen_at(reader, (M::Table, M::ChatId), (M::Table, M::Seq))
}

/// The same for a message given by columns with its chat and sequence number.
pub(super) fn is_seen_at(reader: UserId, chat: impl IntoColumnRef, seq: impl IntoColumnRef) -> Expr {
    let mut hidden = hidden_by(reader, chat);
    hidden.and_where(Expr::col((H::Table, H::Seq)).equals(seq));
    Expr::exists(hidden).not()
}
