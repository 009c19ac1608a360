//! Accounts.

use std::collections::{BTreeSet, HashSet};

use sea_query::{CaseStatement, Cond, Expr, ExprTrait, Func, LikeExpr, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{Block as B, User as U};
use super::{Executor, Result};
use crate::model::{
    AttachmentId, BotKind, DELETED_ACCOUNT_NAME, Person, SessionId, Time, User, UserId, email_key, fold,
};

/// A new account.
pub struct New<'a> {
    pub id: UserId,
    pub email: Option<&'a str>,
    pub phone: Option<&'a str>,
    pub username: Option<&'a str>,
    /// Empty if the account has no password.
    pub password_hash: &'a str,
    pub display_name: &'a str,
    pub avatar_url: Option<&'a str>,
    pub is_admin: bool,
    pub created_at: Time,
}

/// The columns of a [`PersonRow`].
pub(super) const PERSON: [U; 11] = [
    U::Id,
    U::Username,
    U::DisplayName,
    U::AvatarUrl,
    U::AvatarId,
    U::About,
    U::TimeZone,
    U::CreatedAt,
    U::DeactivatedAt,
    U::DeletedAt,
    U::IsBot,
];

/// A user's public profile as stored.
#[derive(FromRow)]
pub(super) struct PersonRow {
    id: UserId,
    username: Option<String>,
    display_name: String,
    avatar_url: Option<String>,
    avatar_id: Option<AttachmentId>,
    about: Option<String>,
    time_zone: Option<String>,
    created_at: Time,
    deactivated_at: Option<Time>,
    deleted_at: Option<Time>,
    is_bot: i64,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id,
            username: row.username,
            display_name: row.display_name,
            avatar_url: row.avatar_url,
            avatar: row.avatar_id,
            about: row.about,
            time_zone: row.time_zone,
            created_at: row.created_at,
            is_deactivated: row.deactivated_at.is_some(),
            presence: None,
            is_deleted: row.deleted_at.is_some(),
            is_bot: row.is_bot != 0,
        }
    }
}

#[derive(FromRow)]
pub(super) struct UserRow {
    #[sqlx(flatten)]
    person: PersonRow,
    email: Option<String>,
    phone: Option<String>,
    language: Option<String>,
    hides_presence: i64,
    hides_reading: i64,
    is_admin: i64,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            person: row.person.into(),
            email: row.email,
            phone: row.phone,
            language: row.language,
            hides_presence: row.hides_presence != 0,
            hides_reading: row.hides_reading != 0,
            is_admin: row.is_admin != 0,
        }
    }
}

pub(super) fn users() -> SelectStatement {
    Query::select()
        .columns(PERSON)
        .columns([U::Email, U::Phone, U::Language, U::HidesPresence, U::HidesReading, U::IsAdmin])
        .from(U::Table)
        .to_owned()
}

/// The display names of users.
pub async fn names(executor: &mut Executor, ids: &[UserId]) -> Result<Vec<(UserId, String)>> {
    let query = Query::select()
        .columns([U::Id, U::DisplayName])
        .from(U::Table)
        .and_where(Expr::col(U::Id).is_in(ids.iter().copied()))
        .to_owned();
    executor.all(&query).await
}

/// Active users without bots, by name.
pub async fn active(executor: &mut Executor, limit: u64) -> Result<Vec<User>> {
    let mut query = users();
    query
        .and_where(Expr::col(U::DeactivatedAt).is_null())
        .and_where(Expr::col(U::DeletedAt).is_null())
        .and_where(Expr::col(U::IsBot).eq(0))
        .order_by(U::NameFolded, Order::Asc)
        .order_by(U::Id, Order::Asc)
        .limit(limit);
    let rows: Vec<UserRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(User::from).collect())
}

pub async fn insert(executor: &mut Executor, user: &New<'_>) -> Result<()> {
    let insert = Query::insert()
        .into_table(U::Table)
        .columns([
            U::Id,
            U::Email,
            U::EmailFolded,
            U::Phone,
            U::Username,
            U::UsernameFolded,
            U::PasswordHash,
            U::DisplayName,
            U::NameFolded,
            U::AvatarUrl,
            U::IsAdmin,
            U::CreatedAt,
        ])
        .values_panic([
            user.id.into(),
            user.email.into(),
            user.email.map(email_key).into(),
            user.phone.into(),
            user.username.into(),
            user.username.map(fold).into(),
            user.password_hash.into(),
            user.display_name.into(),
            fold(user.display_name).into(),
            user.avatar_url.into(),
            i64::from(user.is_admin).into(),
            user.created_at.into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// Stores a profile.
pub async fn update(executor: &mut Executor, user: &User) -> Result<()> {
    let update = Query::update()
        .table(U::Table)
        .value(U::Email, user.email.clone())
        .value(U::EmailFolded, user.email.as_deref().map(email_key))
        .value(U::Phone, user.phone.clone())
        .value(U::Username, user.person.username.clone())
        .value(U::UsernameFolded, user.person.username.as_deref().map(fold))
        .value(U::DisplayName, user.person.display_name.clone())
        .value(U::NameFolded, fold(&user.person.display_name))
        .value(U::AvatarUrl, user.person.avatar_url.clone())
        .value(U::AvatarId, user.person.avatar)
        .value(U::About, user.person.about.clone())
        .value(U::TimeZone, user.person.time_zone.clone())
        .value(U::Language, user.language.clone())
        .value(U::HidesPresence, i64::from(user.hides_presence))
        .value(U::HidesReading, i64::from(user.hides_reading))
        .and_where(Expr::col(U::Id).eq(user.person.id))
        .to_owned();
    executor.execute(&update).await
}

/// Deletes all personal data of an account. Its row stays for the user's messages.
pub async fn forget(executor: &mut Executor, id: UserId, now: Time) -> Result<()> {
    const NOTHING: Option<String> = None;
    let update = Query::update()
        .table(U::Table)
        .values([U::Email, U::EmailFolded, U::Username, U::UsernameFolded].map(|name| (name, NOTHING.into())))
        .value(U::Phone, NOTHING)
        .value(U::EmailProof, Option::<i64>::None)
        .values([U::AvatarUrl, U::About, U::TimeZone, U::Language].map(|column| (column, NOTHING.into())))
        .value(U::AvatarId, Option::<Vec<u8>>::None)
        // No password matches an empty hash.
        .value(U::PasswordHash, "")
        .value(U::DisplayName, DELETED_ACCOUNT_NAME)
        .value(U::NameFolded, "")
        .value(U::HidesPresence, 1)
        .value(U::IsAdmin, 0)
        .value(U::LastSeenAt, Option::<Time>::None)
        .value(U::DeactivatedAt, now)
        .value(U::DeletedAt, now)
        .and_where(Expr::col(U::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

/// Locks accounts and what belongs to them against other transactions until this one ends.
pub async fn lock(executor: &mut Executor, ids: impl IntoIterator<Item = UserId>) -> Result<()> {
    // SQLite has one writer at a time anyway.
    if executor.is_mysql() {
        // In order of ids, so that transactions that lock the same accounts wait instead of deadlocking.
        let ids: BTreeSet<UserId> = ids.into_iter().collect();
        let mut query = Query::select()
            .column(U::Id)
            .from(U::Table)
            .and_where(Expr::col(U::Id).is_in(ids))
            .order_by(U::Id, Order::Asc)
            .to_owned();
        executor.all::<(UserId,)>(query.lock_exclusive()).await?;
    }
    Ok(())
}

pub async fn by_id(executor: &mut Executor, id: UserId) -> Result<Option<User>> {
    let row: Option<UserRow> = executor.one(users().and_where(Expr::col(U::Id).eq(id))).await?;
    Ok(row.map(User::from))
}

pub async fn by_email(executor: &mut Executor, address: &str) -> Result<Option<User>> {
    let row: Option<UserRow> =
        executor.one(users().and_where(Expr::col(U::EmailFolded).eq(email_key(address)))).await?;
    Ok(row.map(User::from))
}

/// Stores the keys of addresses with other than ASCII characters, which earlier versions wrote in another way. Returns the
/// addresses that are left as they are, because another account has the same in another spelling.
pub async fn update_email_keys(executor: &mut Executor) -> Result<Vec<String>> {
    let bytes = if executor.is_mysql() { "LENGTH(email)" } else { "LENGTH(CAST(email AS BLOB))" };
    let query = Query::select()
        .columns([U::Id, U::Email, U::EmailFolded])
        .from(U::Table)
        .and_where(Expr::col(U::Email).is_not_null())
        .and_where(Expr::cust(bytes).gt(Func::char_length(Expr::col(U::Email))))
        .to_owned();
    let rows: Vec<(UserId, String, Option<String>)> = executor.all(&query).await?;
    let mut left = Vec::new();
    for (user, address, key) in rows {
        let wanted = email_key(&address);
        if key.as_deref() == Some(wanted.as_str()) {
            continue;
        }
        if by_email(executor, &address).await?.is_some() {
            left.push(address);
            continue;
        }
        let update = Query::update()
            .table(U::Table)
            .value(U::EmailFolded, wanted)
            .and_where(Expr::col(U::Id).eq(user))
            .to_owned();
        executor.execute(&update).await?;
    }
    Ok(left)
}

pub async fn by_phone(executor: &mut Executor, number: &str) -> Result<Option<User>> {
    let row: Option<UserRow> = executor.one(users().and_where(Expr::col(U::Phone).eq(number))).await?;
    Ok(row.map(User::from))
}

pub async fn by_ids(executor: &mut Executor, ids: &[UserId]) -> Result<Vec<User>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<UserRow> =
        executor.all(users().and_where(Expr::col(U::Id).is_in(ids.iter().copied()))).await?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// When a user was last seen, and whether others may see it.
#[derive(FromRow)]
pub struct LastSeen {
    #[sqlx(rename = "id")]
    pub user: UserId,
    pub last_seen_at: Option<Time>,
    hides_presence: i64,
    deactivated_at: Option<Time>,
}

impl LastSeen {
    pub fn is_deactivated(&self) -> bool {
        self.deactivated_at.is_some()
    }

    pub fn hides_presence(&self) -> bool {
        self.hides_presence != 0
    }
}

pub async fn last_seen(executor: &mut Executor, ids: &[UserId]) -> Result<Vec<LastSeen>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query::select()
        .columns([U::Id, U::LastSeenAt, U::HidesPresence, U::DeactivatedAt])
        .from(U::Table)
        .and_where(Expr::col(U::Id).is_in(ids.iter().copied()))
        .to_owned();
    executor.all(&query).await
}

/// The same of these users and of the reader, each with whether they have blocked the reader.
pub async fn last_seen_by(
    executor: &mut Executor,
    reader: UserId,
    ids: &[UserId],
) -> Result<Vec<(LastSeen, bool)>> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(flatten)]
        seen: LastSeen,
        has_blocked: i64,
    }
    /// The most users of one statement: SQLite limits its variables.
    const USERS: usize = 10_000;
    let ids: Vec<UserId> = ids.iter().copied().chain([reader]).collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(USERS) {
        let blocks = Query::select()
            .expr(Expr::val(1))
            .from(B::Table)
            .and_where(Expr::col((B::Table, B::UserId)).equals((U::Table, U::Id)))
            .and_where(Expr::col((B::Table, B::BlockedId)).eq(reader))
            .to_owned();
        let query = Query::select()
            .columns(
                [U::Id, U::LastSeenAt, U::HidesPresence, U::DeactivatedAt].map(|column| (U::Table, column)),
            )
            .expr_as(Expr::exists(blocks), "has_blocked")
            .from(U::Table)
            .and_where(Expr::col((U::Table, U::Id)).is_in(some.iter().copied()))
            .to_owned();
        let rows: Vec<Row> = executor.all(&query).await?;
        found.extend(rows.into_iter().map(|row| (row.seen, row.has_blocked > 0)));
    }
    Ok(found)
}

/// The users who hide their presence.
pub async fn hiding_presence(executor: &mut Executor) -> Result<HashSet<UserId>> {
    let query =
        Query::select().column(U::Id).from(U::Table).and_where(Expr::col(U::HidesPresence).ne(0)).to_owned();
    Ok(executor.all::<(UserId,)>(&query).await?.into_iter().map(|(user,)| user).collect())
}

/// Stores when users were last seen.
pub async fn set_last_seen(executor: &mut Executor, seen: &[(UserId, Time)]) -> Result<()> {
    let each = |case: CaseStatement, (user, at): &(UserId, Time)| case.case(Expr::col(U::Id).eq(*user), *at);
    let update = Query::update()
        .table(U::Table)
        .value(U::LastSeenAt, seen.iter().fold(CaseStatement::new(), each).finally(Expr::col(U::LastSeenAt)))
        .and_where(Expr::col(U::Id).is_in(seen.iter().map(|(user, _)| *user)))
        .to_owned();
    executor.execute(&update).await
}

/// The id and password hash of an account, by e-mail address, username or phone number.
pub async fn credentials(executor: &mut Executor, name: &str) -> Result<Option<(UserId, String)>> {
    let (name, address) = (fold(name), email_key(name));
    let query = Query::select()
        .columns([U::Id, U::PasswordHash])
        .from(U::Table)
        .cond_where(
            Cond::any()
                .add(Expr::col(U::EmailFolded).eq(address.as_str()))
                .add(Expr::col(U::UsernameFolded).eq(name.as_str()))
                .add(Expr::col(U::Phone).eq(name.as_str())),
        )
        .to_owned();
    executor.one(&query).await
}

pub async fn password_hash(executor: &mut Executor, id: UserId) -> Result<Option<String>> {
    let query =
        Query::select().column(U::PasswordHash).from(U::Table).and_where(Expr::col(U::Id).eq(id)).to_owned();
    Ok(executor.one::<(String,)>(&query).await?.map(|(hash,)| hash))
}

pub async fn set_password(executor: &mut Executor, id: UserId, hash: &str) -> Result<()> {
    let update = Query::update()
        .table(U::Table)
        .value(U::PasswordHash, hash)
        .and_where(Expr::col(U::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

/// Who showed that an account's e-mail address is theirs, by a code that was sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailProof {
    /// Nobody did: whoever created the account may have entered somebody else's address.
    None,
    /// Its owner, in this session, while somebody else may have had access.
    Session(SessionId),
    /// Its owner; nobody else has had access since.
    Owner,
}

pub async fn email_proof(executor: &mut Executor, id: UserId) -> Result<EmailProof> {
    let query =
        Query::select().column(U::EmailProof).from(U::Table).and_where(Expr::col(U::Id).eq(id)).to_owned();
    let found: Option<(Option<i64>,)> = executor.one(&query).await?;
    Ok(match found.and_then(|(proof,)| proof) {
        None => EmailProof::None,
        Some(0) => EmailProof::Owner,
        Some(session) => EmailProof::Session(SessionId(session)),
    })
}

pub async fn set_email_proof(executor: &mut Executor, id: UserId, proof: EmailProof) -> Result<()> {
    let proof = match proof {
        EmailProof::None => None,
        EmailProof::Owner => Some(0),
        EmailProof::Session(session) => Some(session.0),
    };
    let update = Query::update()
        .table(U::Table)
        .value(U::EmailProof, proof)
        .and_where(Expr::col(U::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

fn escape(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn like(pattern: String) -> LikeExpr {
    LikeExpr::new(pattern).escape('\\')
}

/// A condition that each of some folded words is in the name or the username, or that they are the e-mail address.
pub(super) fn named(words: &str) -> Cond {
    let each = words.split_whitespace().fold(Cond::all(), |each, word| {
        let part = || like(format!("%{}%", escape(word)));
        each.add(Expr::col(U::NameFolded).like(part()).or(Expr::col(U::UsernameFolded).like(part())))
    });
    Cond::any().add(each).add(Expr::col(U::EmailFolded).eq(email_key(words)))
}

/// A condition that an account is one of a person or of a bot that somebody owns.
pub(super) fn is_person_or_bot() -> Cond {
    Cond::all().add(Expr::col(U::IsBot).is_in([0, BotKind::Bot as i64]))
}

/// First whose username it is, then whose name begins with the words.
fn order_by_closeness(query: &mut SelectStatement, words: &str) {
    let start = || like(format!("{}%", escape(words)));
    let begins = Expr::col(U::NameFolded).like(start()).or(Expr::col(U::UsernameFolded).like(start()));
    let closeness =
        CaseStatement::new().case(Expr::col(U::UsernameFolded).eq(words), 0).case(begins, 1).finally(2);
    query
        .order_by_expr(closeness.into(), Order::Asc)
        .order_by(U::NameFolded, Order::Asc)
        .order_by(U::Id, Order::Asc);
}

/// Users by a name as authors of messages, the closest first; also those who were deactivated.
pub async fn namesakes(executor: &mut Executor, words: &str, limit: u64) -> Result<Vec<UserId>> {
    let words = fold(words);
    let mut query =
        Query::select().column(U::Id).from(U::Table).cond_where(named(&words)).limit(limit).to_owned();
    query.and_where(Expr::col(U::DeletedAt).is_null());
    order_by_closeness(&mut query, &words);
    Ok(executor.all::<(UserId,)>(&query).await?.into_iter().map(|(id,)| id).collect())
}

/// Active users whose name or username contains each of the words, or whose e-mail address they are; first whose username
/// they are, then whose name begins with them.
pub async fn search(executor: &mut Executor, words: &str, limit: u64) -> Result<Vec<User>> {
    let words = fold(words);
    let mut query = users();
    query
        .and_where(Expr::col(U::DeactivatedAt).is_null())
        .and_where(Expr::col(U::DeletedAt).is_null())
        .cond_where(is_person_or_bot())
        .cond_where(named(&words))
        .limit(limit);
    order_by_closeness(&mut query, &words);
    let rows: Vec<UserRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(User::from).collect())
}
