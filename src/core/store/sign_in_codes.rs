//! Sign-in codes sent to e-mail addresses and phone numbers: one row per address or number, with the newest code.

use sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::SignInCode as C;
use super::sessions::Hash;
use super::{Executor, Result};
use crate::model::Time;

/// The state of an address or a number.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SignInCode {
    /// The hash of the newest code; `None` when it was used.
    pub hash: Option<Vec<u8>>,
    pub expires_at: Time,
    /// The number of wrong attempts.
    pub tries: i64,
    /// When the last three codes were sent, the newest first.
    pub sent_at: Option<Time>,
    pub second_at: Option<Time>,
    pub third_at: Option<Time>,
}

impl SignInCode {
    /// Replaces the code with a new one.
    pub fn send(&mut self, hash: Hash, now: Time, expires_at: Time) {
        let (second_at, third_at) = (self.sent_at, self.second_at);
        *self =
            Self { hash: Some(hash.to_vec()), expires_at, tries: 0, sent_at: Some(now), second_at, third_at };
    }

    /// Takes back the newest code, which could not be sent. The one before it stays invalid.
    pub fn take_back(&mut self) {
        (self.sent_at, self.second_at, self.third_at) = (self.second_at, self.third_at, None);
        self.hash = None;
    }
}

fn of(executor: &Executor, contact: &str) -> SelectStatement {
    let mut query = Query::select()
        .columns([C::Hash, C::ExpiresAt, C::Tries, C::SentAt, C::SecondAt, C::ThirdAt])
        .from(C::Table)
        .and_where(Expr::col(C::Contact).eq(contact))
        .to_owned();
    if executor.is_mysql() {
        // So that simultaneous attempts are all counted; SQLite has one writer anyway.
        query.lock_exclusive();
    }
    query
}

/// The state, locked until the transaction ends; `None` when no code was sent lately.
pub async fn locked(executor: &mut Executor, contact: &str) -> Result<Option<SignInCode>> {
    let query = of(executor, contact);
    executor.one(&query).await
}

/// The same, after creating the row if needed.
pub async fn create_locked(executor: &mut Executor, contact: &str) -> Result<Option<SignInCode>> {
    let insert = Query::insert()
        .into_table(C::Table)
        .columns([C::Contact])
        .values_panic([contact.into()])
        .on_conflict(OnConflict::column(C::Contact).do_nothing_on([C::Contact]).to_owned())
        .to_owned();
    executor.execute(&insert).await?;
    locked(executor, contact).await
}

/// Stores the state.
pub async fn update(executor: &mut Executor, contact: &str, code: &SignInCode) -> Result<()> {
    let update = Query::update()
        .table(C::Table)
        .value(C::Hash, code.hash.clone())
        .value(C::ExpiresAt, code.expires_at)
        .value(C::Tries, code.tries)
        .value(C::SentAt, code.sent_at)
        .value(C::SecondAt, code.second_at)
        .value(C::ThirdAt, code.third_at)
        .and_where(Expr::col(C::Contact).eq(contact))
        .to_owned();
    executor.execute(&update).await
}

/// Deletes those to which no code was sent since a time.
pub async fn delete_before(executor: &mut Executor, before: Time) -> Result<()> {
    let nothing = Expr::col(C::SentAt).is_null().or(Expr::col(C::SentAt).lt(before));
    executor.execute(&Query::delete().from_table(C::Table).and_where(nothing).to_owned()).await
}
