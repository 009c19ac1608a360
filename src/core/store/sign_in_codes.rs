//! Codes that were sent to an e-mail address or a phone number: one row for each, with the newest code.

use sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::SignInCode as C;
use super::sessions::Hash;
use super::{Executor, Result};
use crate::model::Time;

/// What is known of an address or a number.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SignInCode {
    /// Of the newest code; nothing when it was used.
    pub hash: Option<Vec<u8>>,
    pub expires_at: Time,
    /// How often something else was tried.
    pub tries: i64,
    /// When the last three were sent, the newest first.
    pub sent_at: Option<Time>,
    pub second_at: Option<Time>,
    pub third_at: Option<Time>,
}

impl SignInCode {
    /// Puts a new code in the place of the one before.
    pub fn send(&mut self, hash: Hash, now: Time, expires_at: Time) {
        let (second_at, third_at) = (self.sent_at, self.second_at);
        *self =
            Self { hash: Some(hash.to_vec()), expires_at, tries: 0, sent_at: Some(now), second_at, third_at };
    }

    /// The newest was not sent after all. What was before it is good no longer either.
    pub fn take_back(&mut self) {
        (self.sent_at, self.second_at, self.third_at) = (self.second_at, self.third_at, None);
        self.hash = None;
    }
}

fn of(run: &Executor, contact: &str) -> SelectStatement {
    let mut question = Query::select()
        .columns([C::Hash, C::ExpiresAt, C::Tries, C::SentAt, C::SecondAt, C::ThirdAt])
        .from(C::Table)
        .and_where(Expr::col(C::Contact).eq(contact))
        .to_owned();
    if run.is_mysql() {
        // Two tries at the same instant are two tries; SQLite has one writer anyway.
        question.lock_exclusive();
    }
    question
}

/// What is known, until the change ends; nothing when nothing was sent lately.
pub async fn locked(run: &mut Executor, contact: &str) -> Result<Option<SignInCode>> {
    let question = of(run, contact);
    run.one(&question).await
}

/// The same, and the place for what is going to be sent.
pub async fn create_locked(run: &mut Executor, contact: &str) -> Result<Option<SignInCode>> {
    let insert = Query::insert()
        .into_table(C::Table)
        .columns([C::Contact])
        .values_panic([contact.into()])
        .on_conflict(OnConflict::column(C::Contact).do_nothing_on([C::Contact]).to_owned())
        .to_owned();
    run.execute(&insert).await?;
    locked(run, contact).await
}

/// Writes all of it anew.
pub async fn update(run: &mut Executor, contact: &str, code: &SignInCode) -> Result<()> {
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
    run.execute(&update).await
}

/// Forgets those to whom nothing was sent since a moment.
pub async fn delete_before(run: &mut Executor, before: Time) -> Result<()> {
    let nothing = Expr::col(C::SentAt).is_null().or(Expr::col(C::SentAt).lt(before));
    run.execute(&Query::delete().from_table(C::Table).and_where(nothing).to_owned()).await
}
