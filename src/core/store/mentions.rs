//! Mentions of users in messages.

use std::collections::HashMap;

use sea_query::{Cond, Expr, ExprTrait, Order, Query};

use super::schema::{Member as M, Mention as N, User as U};
use super::{Executor, Result};
use crate::model::{ChatId, Message, MessageId, UserId};

/// The user id that stands for everybody in the chat, in one row.
const EVERYBODY: UserId = UserId(0);

/// Stores the mentions of new or edited messages.
pub async fn insert_many<'a>(
    executor: &mut Executor,
    messages: impl IntoIterator<Item = &'a Message>,
) -> Result<()> {
    let mut insert = Query::insert()
        .into_table(N::Table)
        .columns([N::UserId, N::ChatId, N::Seq, N::MessageId, N::AuthorId])
        .to_owned();
    let mut any = false;
    for message in messages {
        let everybody = message.mentions_all.then_some(EVERYBODY);
        for user in message.mentions.iter().copied().chain(everybody) {
            any = true;
            insert.values_panic([
                user.into(),
                message.chat.into(),
                message.seq.into(),
                message.id.into(),
                message.author.into(),
            ]);
        }
    }
    if any { executor.defer(&insert).await } else { Ok(()) }
}

pub async fn delete_all(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(N::Table)
        .and_where(Expr::col(N::MessageId).is_in(messages.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}

/// The users whom each message mentions, and whether it mentions everybody.
pub async fn of_messages(
    executor: &mut Executor,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, (Vec<UserId>, bool)>> {
    let mut found: HashMap<MessageId, (Vec<UserId>, bool)> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let query = Query::select()
        .columns([N::MessageId, N::UserId])
        .from(N::Table)
        .and_where(Expr::col(N::MessageId).is_in(messages.iter().copied()))
        .order_by(N::UserId, Order::Asc)
        .to_owned();
    for (message, user) in executor.all::<(MessageId, UserId)>(&query).await? {
        let (users, everybody) = found.entry(message).or_default();
        match user {
            EVERYBODY => *everybody = true,
            user => users.push(user),
        }
    }
    Ok(found)
}

/// Members of chats by their folded user names.
pub async fn members_named(
    executor: &mut Executor,
    names: impl IntoIterator<Item = (ChatId, String)>,
) -> Result<HashMap<(ChatId, String), UserId>> {
    let mut wanted = Cond::any();
    for (chat, name) in names {
        wanted = wanted.add(
            Expr::col((M::Table, M::ChatId)).eq(chat).and(Expr::col((U::Table, U::UsernameFolded)).eq(name)),
        );
    }
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let query = Query::select()
        .columns([(M::Table, M::ChatId)])
        .columns([(U::Table, U::UsernameFolded), (U::Table, U::Id)])
        .from(U::Table)
        .inner_join(M::Table, Expr::col((M::Table, M::UserId)).equals((U::Table, U::Id)))
        .cond_where(wanted)
        .to_owned();
    let found = executor.all::<(ChatId, String, UserId)>(&query).await?;
    Ok(found.into_iter().map(|(chat, name, user)| ((chat, name), user)).collect())
}

/// Which of these (chat, user) are members.
pub async fn members_among(
    executor: &mut Executor,
    pairs: impl IntoIterator<Item = (ChatId, UserId)>,
) -> Result<Vec<(ChatId, UserId)>> {
    let mut wanted = Cond::any();
    for (chat, user) in pairs {
        wanted = wanted.add(Expr::col(M::ChatId).eq(chat).and(Expr::col(M::UserId).eq(user)));
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query::select().columns([M::ChatId, M::UserId]).from(M::Table).cond_where(wanted).to_owned();
    executor.all(&query).await
}
