//! Searching public channels.

use sea_query::{Cond, Expr, ExprTrait, LikeExpr, Order, Query};
use sqlx::FromRow;

use super::chats::{CHAT, ChatRecord};
use super::schema::{Chat as C, Member as M};
use super::{Executor, Result};
use crate::model::{Channel, ChatId, ChatKind, UserId, fold};

#[derive(FromRow)]
struct ChannelRow {
    #[sqlx(flatten)]
    chat: ChatRecord,
    /// The reader, if they are in it.
    user_id: Option<UserId>,
}

impl From<ChannelRow> for Channel {
    fn from(row: ChannelRow) -> Self {
        let (about, member_count) = (row.chat.about(), row.chat.member_count);
        Self { about, member_count, is_member: row.user_id.is_some() }
    }
}

/// Channels whose titles contain the words, in order of titles, after one of them.
pub async fn search(
    executor: &mut Executor,
    reader: UserId,
    words: &str,
    after: Option<ChatId>,
    limit: u64,
) -> Result<Vec<Channel>> {
    let title = Expr::col((C::Table, C::TitleFolded));
    let own = Expr::col((M::Table, M::ChatId)).equals((C::Table, C::Id));
    let mut query = Query::select()
        .columns(CHAT)
        .column((M::Table, M::UserId))
        .from(C::Table)
        .left_join(M::Table, own.and(Expr::col((M::Table, M::UserId)).eq(reader)))
        .and_where(Expr::col((C::Table, C::Kind)).eq(ChatKind::Channel))
        .and_where(Expr::col((C::Table, C::DeletedAt)).is_null())
        .order_by((C::Table, C::TitleFolded), Order::Asc)
        .order_by((C::Table, C::Id), Order::Asc)
        .limit(limit)
        .to_owned();
    for word in fold(words).split_whitespace() {
        let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query.and_where(title.clone().like(LikeExpr::new(format!("%{escaped}%")).escape('\\')));
    }
    if let Some(after) = after {
        let last = Query::select()
            .column(C::TitleFolded)
            .from(C::Table)
            .and_where(Expr::col(C::Id).eq(after))
            .to_owned();
        let Some((last,)) = executor.one::<(String,)>(&last).await? else { return Ok(Vec::new()) };
        let same = title.clone().eq(last.as_str()).and(Expr::col((C::Table, C::Id)).gt(after));
        query.cond_where(Cond::any().add(title.gt(last)).add(same));
    }
    let rows: Vec<ChannelRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Channel::from).collect())
}
