//! What a member has read and what not, as expressions beside the member's row.

use sea_query::{CaseStatement, Expr, ExprTrait, Func, Order, Query, SelectStatement};

use super::schema::{Member as M, Message as Msg, User as U};
use crate::model::{Kind, UserId};

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

/// What is unread up to there was counted before.
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

/// How many messages of others are there after a place. All that decides stands in one index.
pub(super) fn unread_after(reader: UserId, place: Expr) -> SelectStatement {
    let mut question = messages_of_chat();
    question
        .expr(Func::count(Expr::col((Msg::Table, Msg::Seq))))
        .and_where(Expr::col((Msg::Table, Msg::Seq)).gt(place))
        .and_where(counts(reader));
    question
}

/// Whether a message is one that waits for a reader: of somebody else, and still there.
pub(super) fn counts(reader: UserId) -> Expr {
    Expr::col((Msg::Table, Msg::AuthorId))
        .ne(reader)
        .and(Expr::col((Msg::Table, Msg::Kind)).ne(Kind::System))
        .and(Expr::col((Msg::Table, Msg::DeletedAt)).is_null())
}
