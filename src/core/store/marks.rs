//! How far members have read, and how far messages have reached them: one row for each, never one for each message.

use std::collections::HashMap;

use sea_query::{CaseStatement, Cond, Expr, ExprTrait, Func, Order, Query, SelectStatement};

use super::chat_list::{counted_from, unread_after};
use super::schema::{Member as M, Message as Msg, User as U};
use super::{Executor, Result, chats};
use crate::model::{ChatId, MessageId, UserId};

/// The newest message at or before a member's mark; to be asked beside the member's row.
fn newest_before(mark: M) -> SelectStatement {
    Query::select()
        .column((Msg::Table, Msg::Id))
        .from(Msg::Table)
        .and_where(Expr::col((Msg::Table, Msg::ChatId)).equals((M::Table, M::ChatId)))
        .and_where(Expr::col((Msg::Table, Msg::Seq)).lte(Expr::col((M::Table, mark))))
        .order_by((Msg::Table, Msg::Seq), Order::Desc)
        .limit(1)
        .to_owned()
}

/// The newest message that a member has read; to be asked beside the member's row.
pub(super) fn last_read() -> Expr {
    Expr::from(newest_before(M::ReadSeq))
}

/// The same for others, who see nothing of it when the member hides it; beside the user's row, too.
pub(super) fn shown_last_read() -> Expr {
    let shown = Expr::col((U::Table, U::HidesReading)).eq(false);
    CaseStatement::new().case(shown, last_read()).into()
}

/// The newest message that has reached a member; to be asked beside the member's row.
pub(super) fn last_delivered() -> Expr {
    Expr::from(newest_before(M::DeliveredSeq))
}

/// The two who have read furthest in a chat, of those who do not hide it: of any message, one is not the author.
pub async fn furthest(run: &mut Executor, chat: ChatId) -> Result<Vec<(UserId, i64)>> {
    let question = Query::select()
        .columns([(M::Table, M::UserId), (M::Table, M::ReadSeq)])
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((U::Table, U::HidesReading)).eq(false))
        .order_by((M::Table, M::ReadSeq), Order::Desc)
        .limit(2)
        .to_owned();
    run.all(&question).await
}

/// Moves both marks forward, never back: what was read has arrived.
pub async fn read(run: &mut Executor, chat: ChatId, user: UserId, seq: i64) -> Result<()> {
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
    run.execute(&update).await
}

/// Moves the mark of what has arrived forward, never back.
pub async fn delivered(run: &mut Executor, chat: ChatId, user: UserId, seq: i64) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::DeliveredSeq, seq)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .and_where(Expr::col(M::DeliveredSeq).lt(seq))
        .to_owned();
    run.execute(&update).await
}

/// Whether somebody keeps to themselves how far they have read.
pub async fn hides_reading(run: &mut Executor, user: UserId) -> Result<bool> {
    let question = Query::select()
        .column(U::Id)
        .from(U::Table)
        .and_where(Expr::col(U::Id).eq(user))
        .and_where(Expr::col(U::HidesReading).eq(true))
        .to_owned();
    Ok(run.one::<(UserId,)>(&question).await?.is_some())
}

/// How far each of some chats is read, (chat, reader, place where they came in, place up to which they have read): by
/// `reader`, and by those others who let it be seen and have read something from a place on.
pub async fn read_by(
    run: &mut Executor,
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
    let question = Query::select()
        .columns([M::ChatId, M::UserId, M::JoinedSeq, M::ReadSeq].map(|column| (M::Table, column)))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .cond_where(wanted)
        .to_owned();
    run.all(&question).await
}

/// How far a member's unread messages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    All,
    Part,
}

/// Counts on what a member has not read and keeps the sum, so that the list of chats need not. No more at a time than
/// takes a moment, because others who write wait for it.
pub async fn count_on(run: &mut Executor, chat: ChatId, user: UserId) -> Result<Counted> {
    /// In places of the chat's stream.
    const MOST: i64 = 4_096;
    // Nothing is deleted between counting and writing it down.
    chats::lock(run, chat).await?;
    let newest = Query::select()
        .column(Msg::Seq)
        .from(Msg::Table)
        .and_where(Expr::col(Msg::ChatId).eq(chat))
        .order_by(Msg::Seq, Order::Desc)
        .limit(1)
        .to_owned();
    let Some((newest,)) = run.one::<(i64,)>(&newest).await? else { return Ok(Counted::All) };
    let mut unread = unread_after(user, counted_from());
    unread.and_where(Expr::col((Msg::Table, Msg::Seq)).lte(counted_from().add(MOST)));
    let question = Query::select()
        .expr_as(counted_from(), "counted_from")
        .expr_as(Expr::from(unread), "unread")
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .to_owned();
    let Some((from, unread)) = run.one::<(i64, i64)>(&question).await? else { return Ok(Counted::All) };
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
    run.execute(&update).await?;
    Ok(if to == newest { Counted::All } else { Counted::Part })
}

/// Forgets what was counted of messages that are deleted now.
pub async fn uncount(run: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let question = Query::select()
        .column(Msg::ChatId)
        .expr(Func::min(Expr::col(Msg::Seq)))
        .from(Msg::Table)
        .and_where(Expr::col(Msg::Id).is_in(messages.iter().copied()))
        .group_by_col(Msg::ChatId)
        .to_owned();
    for (chat, first) in run.all::<(ChatId, i64)>(&question).await? {
        chats::lock(run, chat).await?;
        let update = Query::update()
            .table(M::Table)
            .value(M::CountedSeq, Option::<i64>::None)
            .value(M::Counted, 0)
            .and_where(Expr::col(M::ChatId).eq(chat))
            .and_where(Expr::col(M::CountedSeq).gte(first))
            .to_owned();
        run.execute(&update).await?;
    }
    Ok(())
}

/// Who has read a message, and whom it has only reached.
pub struct Receipts {
    pub read: Vec<UserId>,
    pub delivered: Vec<UserId>,
}

/// Those who were in the chat when something was said, without its author, by name.
pub async fn receipts(run: &mut Executor, chat: ChatId, seq: i64, author: UserId) -> Result<Receipts> {
    let question = Query::select()
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
    let rows: Vec<(UserId, i64, bool)> = run.all(&question).await?;
    let (read, delivered): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(_, read_seq, hides)| *read_seq >= seq && !hides);
    let users = |rows: Vec<(UserId, i64, bool)>| rows.into_iter().map(|(user, ..)| user).collect();
    Ok(Receipts { read: users(read), delivered: users(delivered) })
}
