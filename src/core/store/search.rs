//! The full-text index: which message has which tokens (`model::search`), and looking messages up by them.
//!
//! It uses the engines' full-text indexes: FTS5 of SQLite, InnoDB's of MySQL and MariaDB. Both get only tokens, never
//! what a user typed, so users cannot inject query syntax.
//!
//! SQLite's index is in a file of its own (`search_file`), with connections of its own: what takes both the index and the
//! messages asks one after the other. MySQL's is in the database, and is joined with the messages. An executor that is
//! called `index` is one of the index, on both.

use std::collections::{HashMap, HashSet};

use sea_query::{Alias, Cond, Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::hidden::is_seen;
use super::schema::{
    Attachment as A, Chat as C, Member as M, Message as Msg, Posted as P, SearchIndex as I,
    SearchPending as Pending, SearchPlace as Place, User as U,
};
use super::{Db, Executor, Priority, Result, search_file, settings};
use crate::model::search::Token;
use crate::model::{ChatId, FileClass, Kind, MessageId, Time, UserId};

/// How many messages are looked at in one step for those that have no number.
const PAGE: u64 = 1_024;

/// Opens the file with the search index of an embedded database; one that is missing, damaged or of another database is
/// replaced by an empty one. Only for the server, which fills it, and for one task at a time. Returns whether it was
/// opened now.
pub async fn open(db: &Db) -> Result<bool> {
    let Some(file) = db.search_file() else { return Ok(false) };
    if file.is_open().await? {
        return Ok(false);
    }
    let token = settings::value(&mut db.read().await?, search_file::SETTING).await?;
    let newest = newest_message(&mut db.read().await?).await?.map_or(0, |id| id.0);
    let opening = file.begin_open(token, newest).await?;
    let mut tx = db.begin_with(Priority::Foreground).await?;
    settings::set(&mut tx, search_file::SETTING, &opening.token).await?;
    tx.commit(|| ()).await?;
    file.finish_open(opening).await?;
    Ok(true)
}

/// Reads the whole file with the search index, unless it is large and was closed in order.
pub async fn check(db: &Db) -> Result<()> {
    match db.search_file() {
        Some(file) => file.check().await,
        None => Ok(()),
    }
}

/// Whether damage was found in the search index, which should be opened again.
pub fn is_damaged(db: &Db) -> bool {
    db.search_file().is_some_and(search_file::SearchFile::is_damaged)
}

/// Returns when what was committed in the search index is on the disk.
pub async fn flush(db: &Db) -> Result<()> {
    match db.search_file() {
        Some(file) => file.opened()?.writer.checkpoint().await,
        None => Ok(()),
    }
}

/// The connections of a search: to the messages, and to the index if it is not in the same database.
pub struct Connections {
    pub messages: Executor,
    beside: Option<Executor>,
}

impl Connections {
    pub async fn of(db: &Db) -> Result<Self> {
        let beside = match db.is_shared() {
            true => None,
            false => Some(db.read_search_index().await?),
        };
        Ok(Self { messages: db.read().await?, beside })
    }

    /// The connection to the index.
    pub fn index(&mut self) -> &mut Executor {
        self.beside.as_mut().unwrap_or(&mut self.messages)
    }
}

/// The searchable columns of a message.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct MessageText {
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

const TEXT_COLUMNS: [Msg; 7] =
    [Msg::Id, Msg::ChatId, Msg::AuthorId, Msg::Kind, Msg::Text, Msg::Payload, Msg::SentAt];

/// A file in a message.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct File {
    message_id: MessageId,
    pub filename: String,
    pub class: FileClass,
}

fn all() -> SelectStatement {
    Query::select().columns(TEXT_COLUMNS.map(|column| (Msg::Table, column))).from(Msg::Table).to_owned()
}

/// The highest number that is assigned to a message.
pub async fn last_number(index: &mut Executor) -> Result<i64> {
    let query = Query::select()
        .column(Place::Number)
        .from(Place::Table)
        .order_by(Place::Number, Order::Desc)
        .limit(1)
        .to_owned();
    Ok(index.one::<(i64,)>(&query).await?.map_or(0, |(number,)| number))
}

/// Messages after one, oldest first.
pub async fn messages_after(executor: &mut Executor, id: MessageId, limit: u64) -> Result<Vec<MessageId>> {
    let query = Query::select()
        .column(Msg::Id)
        .from(Msg::Table)
        .and_where(Expr::col(Msg::Id).gt(id))
        .order_by(Msg::Id, Order::Asc)
        .limit(limit)
        .to_owned();
    ids(executor, &query).await
}

/// The newest message, whether it has a number or not.
pub async fn newest_message(executor: &mut Executor) -> Result<Option<MessageId>> {
    let query =
        Query::select().column(Msg::Id).from(Msg::Table).order_by(Msg::Id, Order::Desc).limit(1).to_owned();
    Ok(ids(executor, &query).await?.pop())
}

/// The newest message that has a number.
pub async fn newest(index: &mut Executor) -> Result<Option<MessageId>> {
    let query = Query::select()
        .column(Place::MessageId)
        .from(Place::Table)
        .order_by(Place::MessageId, Order::Desc)
        .limit(1)
        .to_owned();
    Ok(index.one::<(MessageId,)>(&query).await?.map(|(id,)| id))
}

/// Messages after one that have no number yet, oldest first.
pub async fn unnumbered(db: &Db, after: MessageId, limit: u64) -> Result<Vec<MessageId>> {
    match db.is_shared() {
        true => unnumbered_within(&mut db.read().await?, after, limit).await,
        false => unnumbered_beside(db, after, limit).await,
    }
}

/// The same where the index is in the database.
async fn unnumbered_within(executor: &mut Executor, after: MessageId, limit: u64) -> Result<Vec<MessageId>> {
    let numbered = Query::select()
        .expr(Expr::val(1))
        .from(Place::Table)
        .and_where(Expr::col((Place::Table, Place::MessageId)).equals((Msg::Table, Msg::Id)))
        .to_owned();
    let query = Query::select()
        .column((Msg::Table, Msg::Id))
        .from(Msg::Table)
        .and_where(Expr::col((Msg::Table, Msg::Id)).gt(after))
        .and_where(Expr::exists(numbered).not())
        .order_by((Msg::Table, Msg::Id), Order::Asc)
        .limit(limit)
        .to_owned();
    ids(executor, &query).await
}

/// The same where it is in another file.
async fn unnumbered_beside(db: &Db, mut after: MessageId, limit: u64) -> Result<Vec<MessageId>> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    loop {
        let page = messages_after(&mut db.read().await?, after, PAGE).await?;
        let Some(last) = page.last().copied() else { return Ok(found) };
        let numbered = Query::select()
            .column(Place::MessageId)
            .from(Place::Table)
            .and_where(Expr::col(Place::MessageId).gt(after))
            .and_where(Expr::col(Place::MessageId).lte(last))
            .to_owned();
        let numbered: HashSet<_> =
            ids(&mut db.read_search_index().await?, &numbered).await?.into_iter().collect();
        found.extend(page.iter().filter(|id| !numbered.contains(id)));
        if found.len() >= wanted || (page.len() as u64) < PAGE {
            found.truncate(wanted);
            return Ok(found);
        }
        after = last;
    }
}

async fn ids(executor: &mut Executor, query: &SelectStatement) -> Result<Vec<MessageId>> {
    Ok(executor.all::<(MessageId,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

/// The texts of messages, oldest first; purged messages are left out.
pub async fn texts(executor: &mut Executor, ids: &[MessageId]) -> Result<Vec<MessageText>> {
    executor.all(&these(ids)).await
}

/// The same, locked until the transaction ends, and as others last committed them.
pub async fn texts_locked(executor: &mut Executor, ids: &[MessageId]) -> Result<Vec<MessageText>> {
    let mut query = these(ids);
    if executor.is_mysql() {
        // Without a lock MySQL might return an older version.
        query.lock_exclusive();
    }
    executor.all(&query).await
}

fn these(ids: &[MessageId]) -> SelectStatement {
    all()
        .and_where(Expr::col((Msg::Table, Msg::Id)).is_in(ids.iter().copied()))
        .order_by((Msg::Table, Msg::Id), Order::Asc)
        .to_owned()
}

/// The files in messages, in no particular order.
pub async fn files(executor: &mut Executor, messages: &[MessageId]) -> Result<HashMap<MessageId, Vec<File>>> {
    let mut found: HashMap<MessageId, Vec<File>> = HashMap::new();
    if messages.is_empty() {
        return Ok(found);
    }
    let query = Query::select()
        .columns([(P::Table, P::MessageId), (P::Table, P::Class)])
        .column((A::Table, A::Filename))
        .from(P::Table)
        .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((P::Table, P::AttachmentId)))
        .and_where(Expr::col((P::Table, P::MessageId)).is_in(messages.iter().copied()))
        .order_by((P::Table, P::MessageId), Order::Asc)
        .order_by((P::Table, P::Place), Order::Asc)
        .to_owned();
    for file in executor.all::<File>(&query).await? {
        found.entry(file.message_id).or_default().push(file);
    }
    Ok(found)
}

/// Assigns numbers to messages. [`Error::Taken`](super::Error::Taken) when another node was faster.
pub async fn assign_numbers(index: &mut Executor, numbered: &[(i64, MessageId)]) -> Result<()> {
    if numbered.is_empty() {
        return Ok(());
    }
    let mut insert =
        Query::insert().into_table(Place::Table).columns([Place::Number, Place::MessageId]).to_owned();
    for (number, id) in numbered {
        insert.values_panic([(*number).into(), (*id).into()]);
    }
    index.execute(&insert).await
}

/// The numbers of messages that have one.
pub async fn numbers(index: &mut Executor, ids: &[MessageId]) -> Result<HashMap<MessageId, i64>> {
    let query = Query::select()
        .columns([Place::MessageId, Place::Number])
        .from(Place::Table)
        .and_where(Expr::col(Place::MessageId).is_in(ids.iter().copied()))
        .to_owned();
    Ok(index.all::<(MessageId, i64)>(&query).await?.into_iter().collect())
}

/// How many messages up to one have no number; approximate while others write.
pub async fn missing(connections: &mut Connections, newest: MessageId) -> Result<i64> {
    let id = Expr::col(Msg::Id);
    let all = Query::select().expr(id.clone().count()).from(Msg::Table).to_owned();
    // Counted separately, because all messages can be counted in a small index.
    let newer = Query::select().expr(id.clone().count()).from(Msg::Table).and_where(id.gt(newest)).to_owned();
    let numbered = Query::select().expr(Expr::col(Place::MessageId).count()).from(Place::Table).to_owned();
    let (numbered,) = connections.index().one::<(i64,)>(&numbered).await?.unwrap_or_default();
    let (all,) = connections.messages.one::<(i64,)>(&all).await?.unwrap_or_default();
    let (newer,) = connections.messages.one::<(i64,)>(&newer).await?.unwrap_or_default();
    Ok(all - newer - numbered)
}

/// The largest distance of the numbers of two messages that were committed in another order than that of their ids.
const NEIGHBOURS: u64 = 256;

/// A lower bound of the numbers of messages with this id or a higher one; `None` when there are none.
pub async fn first_number(index: &mut Executor, from: MessageId) -> Result<Option<i64>> {
    let neighbours = neighbours(Expr::col(Place::MessageId).gte(from), Order::Asc);
    Ok(index.all::<(i64,)>(&neighbours).await?.into_iter().map(|(number,)| number).min())
}

/// An upper bound of the numbers of messages with a lower id; `None` when there are none.
pub async fn last_number_before(index: &mut Executor, id: MessageId) -> Result<Option<i64>> {
    let neighbours = neighbours(Expr::col(Place::MessageId).lt(id), Order::Desc);
    Ok(index.all::<(i64,)>(&neighbours).await?.into_iter().map(|(number,)| number).max())
}

fn neighbours(which: Expr, order: Order) -> SelectStatement {
    Query::select()
        .column(Place::Number)
        .from(Place::Table)
        .and_where(which)
        .order_by(Place::MessageId, order)
        .limit(NEIGHBOURS)
        .to_owned()
}

/// Inserts the tokens of numbers that have none.
pub async fn insert_tokens(index: &mut Executor, rows: &[(i64, String)]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert().into_table(I::Table).columns([key(index), I::Tokens]).to_owned();
    for (number, tokens) in rows {
        insert.values_panic([(*number).into(), tokens.as_str().into()]);
    }
    index.execute(&insert).await
}

/// Deletes the tokens of numbers.
pub async fn delete_tokens(index: &mut Executor, numbers: impl IntoIterator<Item = i64>) -> Result<()> {
    let delete =
        Query::delete().from_table(I::Table).and_where(Expr::col(key(index)).is_in(numbers)).to_owned();
    index.execute(&delete).await
}

/// The column of the number in the index.
fn key(executor: &Executor) -> I {
    if executor.is_mysql() { I::Number } else { I::Rowid }
}

/// Marks edited and deleted messages to be indexed again.
pub async fn mark_changed(executor: &mut Executor, ids: &[MessageId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let once = OnConflict::column(Pending::MessageId).do_nothing_on([Pending::MessageId]).to_owned();
    let mut insert =
        Query::insert().into_table(Pending::Table).columns([Pending::MessageId]).on_conflict(once).to_owned();
    for id in ids {
        insert.values_panic([(*id).into()]);
    }
    executor.execute(&insert).await
}

/// Messages that are marked to be indexed again.
pub async fn changed(executor: &mut Executor, limit: u64) -> Result<Vec<MessageId>> {
    let query = Query::select().column(Pending::MessageId).from(Pending::Table).limit(limit).to_owned();
    ids(executor, &query).await
}

pub async fn unmark_changed(executor: &mut Executor, ids: &[MessageId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let delete = Query::delete()
        .from_table(Pending::Table)
        .and_where(Expr::col(Pending::MessageId).is_in(ids.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}

/// Removes purged messages from the index.
pub async fn delete_messages(index: &mut Executor, ids: &[MessageId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let numbers = numbers(index, ids).await?;
    delete_tokens(index, numbers.into_values()).await?;
    let delete = Query::delete()
        .from_table(Place::Table)
        .and_where(Expr::col(Place::MessageId).is_in(ids.iter().copied()))
        .to_owned();
    index.execute(&delete).await
}

/// Groups of tokens: a message must have one token of each group.
pub type Groups = Vec<Vec<Token>>;

/// A part of the index: the numbers between two numbers, exclusive.
#[derive(Debug, Clone, Copy)]
pub struct NumberRange {
    pub after: i64,
    pub before: i64,
}

/// A number that matches the tokens, with its message if the reader may see it.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub number: i64,
    pub message: Option<MessageText>,
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
        let complete = id.zip(chat_id).zip(author_id).zip(kind).zip(sent_at);
        let message = complete.map(|((((id, chat), author), kind), sent_at)| MessageText {
            id,
            chat,
            author,
            kind,
            text,
            payload,
            sent_at,
        });
        Self { number, message }
    }
}

/// The highest numbers of a range that have the tokens, the highest first; each number of the range
/// when there are no tokens. Of their messages those that are there for the reader: in a chat that the
/// reader is in, neither deleted nor hidden, nor past its time.
pub async fn candidates(
    connections: &mut Connections,
    groups: &Groups,
    range: NumberRange,
    reader: UserId,
    now: Time,
    limit: u64,
) -> Result<Vec<Candidate>> {
    let found = Alias::new("found");
    let is_within = connections.beside.is_none();
    let mut query = Query::select()
        .column((found.clone(), Place::Number))
        .from_subquery(having(is_within, groups, range, limit), found.clone())
        .left_join(
            Place::Table,
            Expr::col((Place::Table, Place::Number)).equals((found.clone(), Place::Number)),
        )
        .order_by((found, Place::Number), Order::Desc)
        .to_owned();
    if is_within {
        let is_it = Expr::col((Msg::Table, Msg::Id)).equals((Place::Table, Place::MessageId));
        query
            .columns(TEXT_COLUMNS.map(|column| (Msg::Table, column)))
            .left_join(Msg::Table, is_there(reader, now).add(is_it));
        let rows: Vec<CandidateRow> = connections.messages.all(&query).await?;
        return Ok(rows.into_iter().map(Candidate::from).collect());
    }
    query.column((Place::Table, Place::MessageId));
    let rows: Vec<(i64, Option<MessageId>)> = connections.index().all(&query).await?;
    let mut messages = HashMap::new();
    let ids: Vec<MessageId> = rows.iter().filter_map(|(_, id)| *id).collect();
    if !ids.is_empty() {
        let query = all()
            .and_where(Expr::col((Msg::Table, Msg::Id)).is_in(ids))
            .cond_where(is_there(reader, now))
            .to_owned();
        let texts: Vec<MessageText> = connections.messages.all(&query).await?;
        messages.extend(texts.into_iter().map(|text| (text.id, text)));
    }
    let of = |(number, id): (i64, Option<MessageId>)| Candidate {
        number,
        message: id.and_then(|id| messages.remove(&id)),
    };
    Ok(rows.into_iter().map(of).collect())
}

/// Whether a message is there for a reader.
fn is_there(reader: UserId, now: Time) -> Cond {
    let in_chat = Query::select()
        .expr(Expr::val(1))
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::ChatId)).equals((Msg::Table, Msg::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        .to_owned();
    let expires = Expr::col((Msg::Table, Msg::ExpiresAt));
    Cond::all()
        .add(Expr::col((Msg::Table, Msg::DeletedAt)).is_null())
        .add(Expr::col((Msg::Table, Msg::Kind)).ne(Kind::System))
        .add(expires.clone().is_null().or(expires.gt(now)))
        .add(Expr::exists(in_chat))
        .add(is_seen(reader))
}

/// The query of the full-text index, whose syntax differs between the engines.
fn having(is_mysql: bool, groups: &Groups, range: NumberRange, limit: u64) -> SelectStatement {
    let mut query = Query::select();
    let number = if groups.is_empty() {
        query.from(Place::Table);
        Expr::col(Place::Number)
    } else if is_mysql {
        // `+` is "must have"; brackets are "one of".
        let words = groups.iter().map(|group| format!("+({})", spelt(group, " ")));
        let words = words.collect::<Vec<_>>().join(" ");
        let has = Expr::cust_with_values("MATCH (tokens) AGAINST (? IN BOOLEAN MODE)", [words]);
        query.from(I::Table).and_where(has);
        Expr::col(I::Number)
    } else {
        let words = groups.iter().map(|group| format!("({})", spelt(group, " OR ")));
        let words = words.collect::<Vec<_>>().join(" AND ");
        query.from(I::Table).and_where(Expr::cust_with_values("search_index MATCH ?", [words]));
        Expr::col(I::Rowid)
    };
    query
        .expr_as(number.clone(), Place::Number)
        .and_where(number.clone().gt(range.after))
        .and_where(number.clone().lt(range.before))
        .order_by_expr(number, Order::Desc)
        .limit(limit)
        .to_owned()
}

fn spelt(group: &[Token], between: &str) -> String {
    group.iter().map(Token::to_string).collect::<Vec<_>>().join(between)
}

/// Any chats of a user, up to a limit.
pub async fn some_chats(executor: &mut Executor, user: UserId, limit: u64) -> Result<Vec<ChatId>> {
    let query = Query::select()
        .column(M::ChatId)
        .from(M::Table)
        .and_where(Expr::col(M::UserId).eq(user))
        .limit(limit)
        .to_owned();
    Ok(executor.all::<(ChatId,)>(&query).await?.into_iter().map(|(id,)| id).collect())
}

/// The chats of a user with their titles; for a private chat the other member's name.
pub async fn titles(executor: &mut Executor, user: UserId) -> Result<Vec<(ChatId, String)>> {
    let other = Alias::new("other");
    let the_other = Expr::col((other.clone(), M::ChatId))
        .equals((C::Table, C::Id))
        .and(Expr::col((other.clone(), M::UserId)).ne(user))
        .and(Expr::col((C::Table, C::Pair)).is_not_null());
    let query = Query::select()
        .columns([(C::Table, C::Id), (C::Table, C::Title)])
        .column((U::Table, U::DisplayName))
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .join_as(sea_query::JoinType::LeftJoin, M::Table, other.clone(), the_other)
        .left_join(U::Table, Expr::col((U::Table, U::Id)).equals((other, M::UserId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .to_owned();
    let rows: Vec<(ChatId, String, Option<String>)> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|(id, title, name)| (id, name.unwrap_or(title))).collect())
}
