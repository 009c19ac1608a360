//! Read and delivery positions of members: one row per member, never one per message.

use std::collections::HashMap;

use sea_query::{CaseStatement, Cond, Expr, ExprTrait, Func, Order, Query};

use super::schema::{Member as M, Message as Msg, User as U};
use super::unread::{counted_from, unread_after};
use super::{Executor, Result, chats};
use crate::model::{ChatId, MessageId, UserId};

/// Whether a member who was in the chat when a message was posted, other than its author, has read it and does not hide
/// that.
pub async fn is_read(executor: &mut Executor, chat: ChatId, seq: i64, author: UserId) -> Result<bool> {
    let query = Query::select()
        .column((M::Table, M::UserId))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::UserId)).ne(author))
        .and_where(Expr::col((M::Table, M::JoinedSeq)).lt(seq))
        .and_where(Expr::col((M::Table, M::ReadSeq)).gte(seq))
        .and_where(Expr::col((U::Table, U::HidesReading)).eq(false))
        .limit(1)
        .to_owned();
    Ok(executor.one::<(UserId,)>(&query).await?.is_some())
}

/// Moves the read and the delivery position forward, never back: what was read was delivered.
pub async fn read(executor: &mut Executor, chat: ChatId, user: UserId, seq: i64) -> Result<()> {
    let farther = Expr::col(M::DeliveredSeq).gt(seq);
    let delivered = CaseStatement::new().case(farther, Expr::col(M::DeliveredSeq)).finally(seq);
    let update = Query::update()
        .table(M::Table)
        .value(M::ReadSeq, seq)
        .value(M::DeliveredSeq, delivered)
        .value(M::CountedSeq, Option::<i64>::None)
        .value(M::Counted, 0)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .and_where(Expr::col(M::ReadSeq).lt(seq))
        .to_owned();
    executor.execute(&update).await
}

/// Moves the delivery position forward, never back.
pub async fn delivered(executor: &mut Executor, chat: ChatId, user: UserId, seq: i64) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::DeliveredSeq, seq)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .and_where(Expr::col(M::DeliveredSeq).lt(seq))
        .to_owned();
    executor.execute(&update).await
}

/// Whether a user hides their read positions.
pub async fn hides_reading(executor: &mut Executor, user: UserId) -> Result<bool> {
    let query = Query::select()
        .column(U::Id)
        .from(U::Table)
        .and_where(Expr::col(U::Id).eq(user))
        .and_where(Expr::col(U::HidesReading).eq(true))
        .to_owned();
    Ok(executor.one::<(UserId,)>(&query).await?.is_some())
}

/// Read positions as (chat, user, joined_seq, read_seq): those of `reader`, and those of other members who do not hide
/// them and have read at least up to the given sequence number of the chat.
pub async fn read_by(
    executor: &mut Executor,
    reader: UserId,
    chats: &HashMap<ChatId, i64>,
) -> Result<Vec<(ChatId, UserId, i64, i64)>> {
    if chats.is_empty() {
        return Ok(Vec::new());
    }
    let own = || Expr::col((M::Table, M::UserId)).eq(reader);
    let mut wanted = Cond::any();
    for (chat, from) in chats {
        let others = Expr::col((M::Table, M::ReadSeq))
            .gte(*from)
            .and(Expr::col((M::Table, M::ReadSeq)).gt(Expr::col((M::Table, M::JoinedSeq))))
            .and(Expr::col((U::Table, U::HidesReading)).eq(false));
        wanted = wanted.add(Expr::col((M::Table, M::ChatId)).eq(*chat).and(own().or(others)));
    }
    let query = Query::select()
        .columns([M::ChatId, M::UserId, M::JoinedSeq, M::ReadSeq].map(|column| (M::Table, column)))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .cond_where(wanted)
        .to_owned();
    executor.all(&query).await
}

/// How far a member's unread messages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    All,
    Part,
}

/// Counts on what a member has not read and keeps the sum, so that the list of chats need not. No more at a time than
/// takes a moment, because others who write wait for it.
pub async fn count_on(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<Counted> {
    /// In places of the chat's stream.
    const MOST: i64 = 4_096;
    // Nothing is deleted between counting and writing it down.
    chats::lock(executor, chat).await?;
    let newest = Query::select()
        .column(Msg::Seq)
        .from(Msg::Table)
        .and_where(Expr::col(Msg::ChatId).eq(chat))
        .order_by(Msg::Seq, Order::Desc)
        .limit(1)
        .to_owned();
    let Some((newest,)) = executor.one::<(i64,)>(&newest).await? else { return Ok(Counted::All) };
    let mut unread = unread_after(user, counted_from());
    unread.and_where(Expr::col((Msg::Table, Msg::Seq)).lte(counted_from().add(MOST)));
    let query = Query::select()
        .expr_as(counted_from(), "counted_from")
        .expr_as(Expr::from(unread), "unread")
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .to_owned();
    let Some((from, unread)) = executor.one::<(i64, i64)>(&query).await? else { return Ok(Counted::All) };
    if from >= newest {
        return Ok(Counted::All);
    }
    let to = Ord::min(newest, from + MOST);
    let update = Query::update()
        .table(M::Table)
        .value(M::CountedSeq, to)
        .value(M::Counted, Expr::col(M::Counted).add(unread))
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        // Not when more was read meanwhile: that is counted anew.
        .and_where(counted_from().eq(from))
        .to_owned();
    executor.execute(&update).await?;
    Ok(if to == newest { Counted::All } else { Counted::Part })
}

/// Resets stored unread counts that include messages which are deleted now.
pub async fn reset_counts(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let query = Query::select()
        .column(Msg::ChatId)
        .expr(Func::min(Expr::col(Msg::Seq)))
        .from(Msg::Table)
        .and_where(Expr::col(Msg::Id).is_in(messages.iter().copied()))
        .group_by_col(Msg::ChatId)
        .to_owned();
    for (chat, first) in executor.all::<(ChatId, i64)>(&query).await? {
        chats::lock(executor, chat).await?;
        let update = Query::update()
            .table(M::Table)
            .value(M::CountedSeq, Option::<i64>::None)
            .value(M::Counted, 0)
            .and_where(Expr::col(M::ChatId).eq(chat))
            .and_where(Expr::col(M::CountedSeq).gte(first))
            .to_owned();
        executor.execute(&update).await?;
    }
    Ok(())
}

/// Who has read a message, and to whom it was only delivered.
pub struct Receipts {
    pub read: Vec<UserId>,
    pub delivered: Vec<UserId>,
}

/// The receipts of members who were in the chat when the message was posted, without its author, by name.
pub async fn receipts(executor: &mut Executor, chat: ChatId, seq: i64, author: UserId) -> Result<Receipts> {
    let query = Query::select()
        .column((M::Table, M::UserId))
        .column((M::Table, M::ReadSeq))
        .column((U::Table, U::HidesReading))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::UserId)).ne(author))
        .and_where(Expr::col((M::Table, M::JoinedSeq)).lt(seq))
        .and_where(Expr::col((M::Table, M::DeliveredSeq)).gte(seq))
        .order_by((U::Table, U::NameFolded), Order::Asc)
        .order_by((U::Table, U::Id), Order::Asc)
        .to_owned();
    let rows: Vec<(UserId, i64, bool)> = executor.all(&query).await?;
    let (read, delivered): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(_, read_seq, hides)| *read_seq >= seq && !hides);
    let users = |rows: Vec<(UserId, i64, bool)>| rows.into_iter().map(|(user, ..)| user).collect();
    Ok(Receipts { read: users(read), delivered: users(delivered) })
}
