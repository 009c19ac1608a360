//! Expressions for what a member has read; the outer query selects from the member table.

use sea_query::{CaseStatement, Expr, ExprTrait, Func, Order, Query, SelectStatement};

use super::schema::{Member as M, Message as Msg, User as U};
use crate::model::{Kind, UserId};

/// The most sequence numbers whose messages are counted each time the list of chats is read; with more, the count is
/// stored. Some two hundred chats with as many each are counted in a few milliseconds.
pub(super) const FAR: i64 = 64;

/// A subquery for the newest message at or before a member's position.
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

/// A subquery for the newest message that a member has read.
pub(super) fn last_read() -> Expr {
    Expr::from(newest_before(M::ReadSeq))
}

/// The same for other users: null when the member hides it. The outer query also selects from the user table.
pub(super) fn shown_last_read() -> Expr {
    let shown = Expr::col((U::Table, U::HidesReading)).eq(false);
    CaseStatement::new().case(shown, last_read()).into()
}

/// A subquery for the newest message delivered to a member.
pub(super) fn last_delivered() -> Expr {
    Expr::from(newest_before(M::DeliveredSeq))
}

/// The sequence number up to which the unread count is stored.
pub(super) fn counted_from() -> Expr {
    let marks = [M::CountedSeq, M::ReadSeq].map(|column| Expr::col((M::Table, column)));
    Func::coalesce(marks).into()
}

/// The messages of a member's chat.
pub(super) fn messages_of_chat() -> SelectStatement {
    Query::select()
        .from(Msg::Table)
        .and_where(Expr::col((Msg::Table, Msg::ChatId)).equals((M::Table, M::ChatId)))
        .to_owned()
}

/// Counts the messages of others after a sequence number. One index covers this.
pub(super) fn unread_after(reader: UserId, seq: Expr) -> SelectStatement {
    let mut query = messages_of_chat();
    query
        .expr(Func::count(Expr::col((Msg::Table, Msg::Seq))))
        .and_where(Expr::col((Msg::Table, Msg::Seq)).gt(seq))
        .and_where(counts(reader));
    query
}

/// Whether a message counts as unread: it is another user's, and not deleted.
pub(super) fn counts(reader: UserId) -> Expr {
    Expr::col((Msg::Table, Msg::AuthorId)).ne(reader).and(is_counted())
}

/// The same for everybody but the author.
pub(super) fn is_counted() -> Expr {
    Expr::col((Msg::Table, Msg::Kind)).ne(Kind::System).and(Expr::col((Msg::Table, Msg::DeletedAt)).is_null())
}
