//! Messages that somebody took away from their own sight.

use sea_query::{Cond, Expr, ExprTrait, IntoColumnRef, Query};

use super::schema::{HiddenMessage as H, Message as M};
use super::{Executor, Result};
use crate::model::{ChatId, Message, MessageId, UserId};

pub async fn hide(run: &mut Executor, message: &Message, user: UserId) -> Result<()> {
    let insert = Query::insert()
        .into_table(H::Table)
        .columns([H::UserId, H::ChatId, H::Seq, H::MessageId])
        .values_panic([user.into(), message.chat.into(), message.seq.into(), message.id.into()])
        .to_owned();
    run.execute(&insert).await
}

pub async fn is_hidden(run: &mut Executor, message: &Message, user: UserId) -> Result<bool> {
    Ok(!among(run, &[(message.chat, message.seq)], user).await?.is_empty())
}

/// Which of these somebody took away from their own sight.
pub async fn among(run: &mut Executor, places: &[(ChatId, i64)], user: UserId) -> Result<Vec<MessageId>> {
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

/// Whether the reader did not hide a message; to be asked beside its row.
pub(super) fn is_seen(reader: UserId) -> Expr {
    is_seen_at(reader, (M::Table, M::ChatId), (M::Table, M::Seq))
}

/// The same beside whatever names a message's chat and its place there.
pub(super) fn is_seen_at(reader: UserId, chat: impl IntoColumnRef, seq: impl IntoColumnRef) -> Expr {
    let hidden = Query::select()
        .expr(Expr::val(1))
        .from(H::Table)
        .and_where(Expr::col((H::Table, H::UserId)).eq(reader))
        .and_where(Expr::col((H::Table, H::ChatId)).equals(chat))
        .and_where(Expr::col((H::Table, H::Seq)).equals(seq))
        .to_owned();
    Expr::exists(hidden).not()
}
