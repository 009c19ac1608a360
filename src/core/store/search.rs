//! The full-text index: which message has which tokens (`model::search`), and looking messages up by them.
//!
//! The databases' own full-text indexes hold it: FTS5 of SQLite, InnoDB's of MySQL and MariaDB. Both see
//! nothing but tokens, never what somebody typed, so none of their syntax can be reached from outside.

use std::collections::HashMap;

use sea_query::{Alias, Cond, Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::hidden::is_seen;
use super::schema::{
    Attachment as A, Chat as C, Member as M, Message as Msg, Posted as P, SearchIndex as I,
    SearchPending as Pending, SearchPlace as Place, User as U,
};
use super::{Executor, Result};
use crate::model::search::Token;
use crate::model::{ChatId, FileClass, Kind, MessageId, Time, UserId};

/// What a search looks at in a message.
#[derive(Debug, Clone, FromRow)]
pub struct Said {
    pub id: MessageId,
    #[sqlx(rename = "chat_id")]
    pub chat: ChatId,
    #[sqlx(rename = "author_id")]
    pub author: UserId,
    pub kind: Kind,
    pub text: Option<String>,
    pub payload: Option<String>,
    pub sent_at: Time,
}

const SAID: [Msg; 7] = [Msg::Id, Msg::ChatId, Msg::AuthorId, Msg::Kind, Msg::Text, Msg::Payload, Msg::SentAt];

/// A file in a message.
#[derive(Debug, Clone, FromRow)]
pub struct File {
    message_id: MessageId,
    pub filename: String,
    pub class: FileClass,
}

fn all() -> SelectStatement {
    Query::select().columns(SAID.map(|column| (Msg::Table, column))).from(Msg::Table).to_owned()
}

/// The highest number that was given to a message.
pub async fn last_number(run: &mut Executor) -> Result<i64> {
    let question = Query::select()
        .column(Place::Number)
        .from(Place::Table)
        .order_by(Place::Number, Order::Desc)
        .limit(1)
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(number,)| number))
}

/// The newest message that has a number.
pub async fn newest(run: &mut Executor) -> Result<Option<MessageId>> {
    let question = Query::select()
        .column(Place::MessageId)
        .from(Place::Table)
        .order_by(Place::MessageId, Order::Desc)
        .limit(1)
        .to_owned();
    Ok(run.one::<(MessageId,)>(&question).await?.map(|(id,)| id))
}

/// Messages after one that have no number yet, oldest first.
pub async fn unplaced(run: &mut Executor, after: MessageId, limit: u64) -> Result<Vec<MessageId>> {
    let placed = Query::select()
        .expr(Expr::val(1))
        .from(Place::Table)
        .and_where(Expr::col((Place::Table, Place::MessageId)).equals((Msg::Table, Msg::Id)))
        .to_owned();
    let question = Query::select()
        .column((Msg::Table, Msg::Id))
        .from(Msg::Table)
        .and_where(Expr::col((Msg::Table, Msg::Id)).gt(after))
        .and_where(Expr::exists(placed).not())
        .order_by((Msg::Table, Msg::Id), Order::Asc)
        .limit(limit)
        .to_owned();
    let ids: Vec<(MessageId,)> = run.all(&question).await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

/// Some messages, oldest first; those that are gone are left out.
pub async fn said(run: &mut Executor, ids: &[MessageId]) -> Result<Vec<Said>> {
    run.all(&these(ids)).await
}

/// Some messages as they are now, whatever others are writing.
pub async fn said_now(run: &mut Executor, ids: &[MessageId]) -> Result<Vec<Said>> {
    let mut question = these(ids);
    if run.is_mysql() {
        // Without a lock MySQL answers what was there when the change began.
        question.lock_exclusive();
    }
    run.all(&question).await
}

fn these(ids: &[MessageId]) -> SelectStatement {
    all()
        .and_where(Expr::col((Msg::Table, Msg::Id)).is_in(ids.iter().copied()))
        .order_by((Msg::Table, Msg::Id), Order::Asc)
        .to_owned()
}

/// The files in messages, in no particular order.
pub async fn files(run: &mut Executor, messages: &[MessageId]) -> Result<HashMap<MessageId, Vec<File>>> {
    let mut found: HashMap<MessageId, Vec<File>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let question = Query::select()
        .columns([(P::Table, P::MessageId), (P::Table, P::Class)])
        .column((A::Table, A::Filename))
        .from(P::Table)
        .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((P::Table, P::AttachmentId)))
        .and_where(Expr::col((P::Table, P::MessageId)).is_in(messages.iter().copied()))
        .order_by((P::Table, P::MessageId), Order::Asc)
        .order_by((P::Table, P::Place), Order::Asc)
        .to_owned();
    for file in run.all::<File>(&question).await? {
        found.entry(file.message_id).or_default().push(file);
    }
    Ok(found)
}

/// Gives messages their numbers. [`Error::Taken`](super::Error::Taken) when another node was faster.
pub async fn place(run: &mut Executor, places: &[(i64, MessageId)]) -> Result<()> {
    if places.is_empty() {
        return Ok(());
    }
    let mut insert =
        Query::insert().into_table(Place::Table).columns([Place::Number, Place::MessageId]).to_owned();
    for (number, id) in places {
        insert.values_panic([(*number).into(), (*id).into()]);
    }
    run.execute(&insert).await
}

/// The numbers that messages have already.
pub async fn numbers(run: &mut Executor, ids: &[MessageId]) -> Result<HashMap<MessageId, i64>> {
    let question = Query::select()
        .columns([Place::MessageId, Place::Number])
        .from(Place::Table)
        .and_where(Expr::col(Place::MessageId).is_in(ids.iter().copied()))
        .to_owned();
    Ok(run.all::<(MessageId, i64)>(&question).await?.into_iter().collect())
}

/// How many messages up to one have no number, roughly: others may write meanwhile.
pub async fn missing(run: &mut Executor, newest: MessageId) -> Result<i64> {
    let id = Expr::col(Msg::Id);
    let all = Query::select().expr(id.clone().count()).from(Msg::Table).to_owned();
    // Counted apart, because all can be counted in a small index.
    let newer = Query::select().expr(id.clone().count()).from(Msg::Table).and_where(id.gt(newest)).to_owned();
    let placed = Query::select().expr(Expr::col(Place::MessageId).count()).from(Place::Table).to_owned();
    let mut counts = [0; 3];
    for (count, question) in counts.iter_mut().zip([&all, &newer, &placed]) {
        (*count,) = run.one::<(i64,)>(question).await?.unwrap_or_default();
    }
    let [all, newer, placed] = counts;
    Ok(all - newer - placed)
}

/// How far from each other the numbers of two messages may be that arrived in another order than their
/// identifiers'.
const NEIGHBOURS: u64 = 256;

/// A number that all messages have at least whose identifier is this or a higher one; nothing when there are none.
pub async fn first_number(run: &mut Executor, from: MessageId) -> Result<Option<i64>> {
    let neighbours = numbered(Expr::col(Place::MessageId).gte(from), Order::Asc);
    Ok(run.all::<(i64,)>(&neighbours).await?.into_iter().map(|(number,)| number).min())
}

/// A number that all messages have at most whose identifier is lower; nothing when there are none.
pub async fn last_number_before(run: &mut Executor, id: MessageId) -> Result<Option<i64>> {
    let neighbours = numbered(Expr::col(Place::MessageId).lt(id), Order::Desc);
    Ok(run.all::<(i64,)>(&neighbours).await?.into_iter().map(|(number,)| number).max())
}

fn numbered(which: Expr, order: Order) -> SelectStatement {
    Query::select()
        .column(Place::Number)
        .from(Place::Table)
        .and_where(which)
        .order_by(Place::MessageId, order)
        .limit(NEIGHBOURS)
        .to_owned()
}

/// Writes the tokens of numbers that have none.
pub async fn write(run: &mut Executor, rows: &[(i64, String)]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert().into_table(I::Table).columns([key(run), I::Tokens]).to_owned();
    for (number, tokens) in rows {
        insert.values_panic([(*number).into(), tokens.as_str().into()]);
    }
    run.execute(&insert).await
}

/// Takes the tokens of numbers away.
pub async fn erase(run: &mut Executor, numbers: impl IntoIterator<Item = i64>) -> Result<()> {
    let delete =
        Query::delete().from_table(I::Table).and_where(Expr::col(key(run)).is_in(numbers)).to_owned();
    run.execute(&delete).await
}

/// What the number is called in the index.
fn key(run: &Executor) -> I {
    if run.is_mysql() { I::Number } else { I::Rowid }
}

/// Marks messages whose text was changed or taken away, to be indexed again.
pub async fn mark(run: &mut Executor, ids: &[MessageId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let once = OnConflict::column(Pending::MessageId).do_nothing_on([Pending::MessageId]).to_owned();
    let mut insert =
        Query::insert().into_table(Pending::Table).columns([Pending::MessageId]).on_conflict(once).to_owned();
    for id in ids {
        insert.values_panic([(*id).into()]);
    }
    run.execute(&insert).await
}

/// Messages that were marked.
pub async fn marked(run: &mut Executor, limit: u64) -> Result<Vec<MessageId>> {
    let question = Query::select().column(Pending::MessageId).from(Pending::Table).limit(limit).to_owned();
    Ok(run.all::<(MessageId,)>(&question).await?.into_iter().map(|(id,)| id).collect())
}

pub async fn unmark(run: &mut Executor, ids: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(Pending::Table)
        .and_where(Expr::col(Pending::MessageId).is_in(ids.iter().copied()))
        .to_owned();
    run.execute(&delete).await
}

/// Forgets messages that are gone altogether.
pub async fn forget(run: &mut Executor, ids: &[MessageId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let numbers = numbers(run, ids).await?;
    erase(run, numbers.into_values()).await?;
    let delete = Query::delete()
        .from_table(Place::Table)
        .and_where(Expr::col(Place::MessageId).is_in(ids.iter().copied()))
        .to_owned();
    run.execute(&delete).await
}

/// What a message must have: of each of these groups one token.
pub type Groups = Vec<Vec<Token>>;

/// Which part of the index to look through: numbers after one and before another.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    pub after: i64,
    pub before: i64,
}

/// A number that may be looked for, with its message if the reader may see it.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub number: i64,
    pub said: Option<Said>,
}

#[derive(FromRow)]
struct CandidateRow {
    number: i64,
    id: Option<MessageId>,
    chat_id: Option<ChatId>,
    author_id: Option<UserId>,
    kind: Option<Kind>,
    text: Option<String>,
    payload: Option<String>,
    sent_at: Option<Time>,
}

impl From<CandidateRow> for Candidate {
    fn from(row: CandidateRow) -> Self {
        let CandidateRow { number, id, chat_id, author_id, kind, text, payload, sent_at } = row;
        let whole = id.zip(chat_id).zip(author_id).zip(kind).zip(sent_at);
        let said = whole.map(|((((id, chat), author), kind), sent_at)| Said {
            id,
            chat,
            author,
            kind,
            text,
            payload,
            sent_at,
        });
        Self { number, said }
    }
}

/// The highest numbers of a stretch that have the tokens, the highest first; each number of the stretch
/// when there are no tokens. Of their messages those that are there for the reader: in a chat that the
/// reader is in, neither deleted nor hidden, nor past its time.
pub async fn candidates(
    run: &mut Executor,
    groups: &Groups,
    stretch: Stretch,
    reader: UserId,
    now: Time,
    limit: u64,
) -> Result<Vec<Candidate>> {
    let found = Alias::new("found");
    let in_chat = Query::select()
        .expr(Expr::val(1))
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::ChatId)).equals((Msg::Table, Msg::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        .to_owned();
    let expires = Expr::col((Msg::Table, Msg::ExpiresAt));
    let is_there = Cond::all()
        .add(Expr::col((Msg::Table, Msg::Id)).equals((Place::Table, Place::MessageId)))
        .add(Expr::col((Msg::Table, Msg::DeletedAt)).is_null())
        .add(Expr::col((Msg::Table, Msg::Kind)).ne(Kind::System))
        .add(expires.clone().is_null().or(expires.gt(now)))
        .add(Expr::exists(in_chat))
        .add(is_seen(reader));
    let question = Query::select()
        .column((found.clone(), Place::Number))
        .columns(SAID.map(|column| (Msg::Table, column)))
        .from_subquery(having(run.is_mysql(), groups, stretch, limit), found.clone())
        .left_join(
            Place::Table,
            Expr::col((Place::Table, Place::Number)).equals((found.clone(), Place::Number)),
        )
        .left_join(Msg::Table, is_there)
        .order_by((found, Place::Number), Order::Desc)
        .to_owned();
    let rows: Vec<CandidateRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Candidate::from).collect())
}

/// The question to the full-text index, the one thing that the databases spell differently.
fn having(is_mysql: bool, groups: &Groups, stretch: Stretch, limit: u64) -> SelectStatement {
    let mut question = Query::select();
    let number = if groups.is_empty() {
        question.from(Place::Table);
        Expr::col(Place::Number)
    } else if is_mysql {
        // `+` is "must have"; brackets are "one of".
        let words = groups.iter().map(|group| format!("+({})", spelt(group, " ")));
        let words = words.collect::<Vec<_>>().join(" ");
        let has = Expr::cust_with_values("MATCH (tokens) AGAINST (? IN BOOLEAN MODE)", [words]);
        question.from(I::Table).and_where(has);
        Expr::col(I::Number)
    } else {
        let words = groups.iter().map(|group| format!("({})", spelt(group, " OR ")));
        let words = words.collect::<Vec<_>>().join(" AND ");
        question.from(I::Table).and_where(Expr::cust_with_values("search_index MATCH ?", [words]));
        Expr::col(I::Rowid)
    };
    question
        .expr_as(number.clone(), Place::Number)
        .and_where(number.clone().gt(stretch.after))
        .and_where(number.clone().lt(stretch.before))
        .order_by_expr(number, Order::Desc)
        .limit(limit)
        .to_owned()
}

fn spelt(group: &[Token], between: &str) -> String {
    group.iter().map(Token::to_string).collect::<Vec<_>>().join(between)
}

/// Some chats of a person, whichever.
pub async fn some_chats(run: &mut Executor, user: UserId, limit: u64) -> Result<Vec<ChatId>> {
    let question = Query::select()
        .column(M::ChatId)
        .from(M::Table)
        .and_where(Expr::col(M::UserId).eq(user))
        .limit(limit)
        .to_owned();
    Ok(run.all::<(ChatId,)>(&question).await?.into_iter().map(|(id,)| id).collect())
}

/// The chats of a person with their titles; of a private one the other's name.
pub async fn titles(run: &mut Executor, user: UserId) -> Result<Vec<(ChatId, String)>> {
    let other = Alias::new("other");
    let the_other = Expr::col((other.clone(), M::ChatId))
        .equals((C::Table, C::Id))
        .and(Expr::col((other.clone(), M::UserId)).ne(user))
        .and(Expr::col((C::Table, C::Pair)).is_not_null());
    let question = Query::select()
        .columns([(C::Table, C::Id), (C::Table, C::Title)])
        .column((U::Table, U::DisplayName))
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .join_as(sea_query::JoinType::LeftJoin, M::Table, other.clone(), the_other)
        .left_join(U::Table, Expr::col((U::Table, U::Id)).equals((other, M::UserId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .to_owned();
    let rows: Vec<(ChatId, String, Option<String>)> = run.all(&question).await?;
    Ok(rows.into_iter().map(|(id, title, name)| (id, name.unwrap_or(title))).collect())
}
