//! Looking after the server: who has an account, and who may sign in.

use serde_json::Value;

use crate::boxed;
use crate::messenger::accounts::token::Access;
use crate::messenger::administration::deactivation::{account, deactivate, reactivate};
use crate::messenger::foundation::{Actor, Attempt, Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::{Caller, Messenger, Operator};
use crate::model::{Account, AuditAction, AuditTarget, Change, User, UserId};
use crate::store::{Executor, accounts, users};

const MAX_ACCOUNTS: u64 = 200;
const NOT_AN_ADMIN: &str = "Only server administrators can do this";

/// A caller who administers the server: only [`Caller::administering`] returns one.
pub struct Administrator {
    messenger: Messenger,
    access: Access,
    attempt: Option<Attempt>,
}

impl Caller {
    /// The caller as an administrator, if they are one.
    #[boxed]
    pub async fn administering(self) -> Result<Administrator> {
        let Self { messenger, access, attempt } = self;
        let me = users::by_id(&mut messenger.db.read().await?, access.user).await?;
        allow(me)?;
        Ok(Administrator { messenger, access, attempt })
    }
}

fn allow(me: Option<User>) -> Result<()> {
    match me.is_some_and(|me| me.is_admin && !me.person.is_deactivated) {
        true => Ok(()),
        false => Err(Error::Forbidden(NOT_AN_ADMIN)),
    }
}

/// Fails if an administrator has lost the role or the session meanwhile.
pub(crate) async fn check_still_administrator(run: &mut Executor, access: &Access) -> Result<()> {
    access.check_alive(run).await?;
    allow(users::by_id(run, access.user).await?)
}

impl Administrator {
    pub(crate) fn messenger(&self) -> &Messenger {
        &self.messenger
    }

    pub(crate) fn id(&self) -> UserId {
        self.access.user
    }

    /// Fails for personal access tokens.
    pub(crate) fn require_sign_in(&self) -> Result<()> {
        self.access.require_sign_in()
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// Who acts, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        self.access.actor()
    }

    /// Accounts, the oldest first, after one of them; with words, only those whose names contain them.
    #[boxed]
    pub async fn accounts(
        &self,
        words: &str,
        after: Option<UserId>,
        limit: Option<u64>,
    ) -> Result<Vec<Account>> {
        if words.len() > 320 {
            return Err(Error::invalid("q", "is too long"));
        }
        let limit = limit.unwrap_or(50).clamp(1, MAX_ACCOUNTS);
        let mut read = self.messenger.db.read().await?;
        Ok(accounts::list(&mut read, words, after, limit).await?)
    }

    /// Deactivates an account: ends its sessions and prevents sign-in.
    #[boxed]
    pub async fn deactivate(self, id: UserId) -> Result<()> {
        let mut work = self.begin(id).await?;
        deactivate(&mut work, id, self.access.actor()).await?;
        self.finish(work).await
    }

    /// Reactivates an account.
    #[boxed]
    pub async fn reactivate(self, id: UserId) -> Result<()> {
        let mut work = self.begin(id).await?;
        reactivate(&mut work, id, self.access.actor()).await?;
        self.finish(work).await
    }

    /// Grants or revokes the administrator role.
    #[boxed]
    pub async fn appoint(self, id: UserId, is_admin: bool) -> Result<()> {
        let mut work = self.begin(id).await?;
        appoint(&mut work, id, is_admin, self.access.actor()).await?;
        self.finish(work).await
    }

    /// Begins a change. The role is checked again within the transaction: a caller who loses it at the same moment acts
    /// before that, or not at all.
    pub(crate) async fn begin(&self, other: UserId) -> Result<UnitOfWork> {
        self.messenger.limit(Limit::Change(self.access.user))?;
        let mut work = self.messenger.begin_for([self.access.user, other]).await?;
        allow(users::by_id(&mut work.tx, self.access.user).await?)?;
        Ok(work)
    }

    /// Begins a change that concerns nobody else.
    pub(crate) async fn begin_alone(&self) -> Result<UnitOfWork> {
        self.begin(self.access.user).await
    }

    pub(crate) async fn finish(self, mut work: UnitOfWork) -> Result<()> {
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

/// What the operator does with accounts, by username or e-mail address.
impl Operator {
    /// All accounts, the oldest first.
    #[boxed]
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let mut all: Vec<Account> = Vec::new();
        let mut read = self.db.read().await?;
        loop {
            let after = all.last().map(|account| account.user.id());
            let some = accounts::list(&mut read, "", after, MAX_ACCOUNTS).await?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
        }
    }

    #[boxed]
    pub async fn deactivate(&self, name: &str) -> Result<()> {
        let (mut work, id) = self.about(name).await?;
        deactivate(&mut work, id, Actor::Operator).await?;
        work.commit().await
    }

    #[boxed]
    pub async fn reactivate(&self, name: &str) -> Result<()> {
        let (mut work, id) = self.about(name).await?;
        reactivate(&mut work, id, Actor::Operator).await?;
        work.commit().await
    }

    #[boxed]
    pub async fn appoint(&self, name: &str, is_admin: bool) -> Result<()> {
        let (mut work, id) = self.about(name).await?;
        appoint(&mut work, id, is_admin, Actor::Operator).await?;
        work.commit().await
    }

    /// Begins a change of the account with a name.
    pub(crate) async fn about(&self, name: &str) -> Result<(UnitOfWork, UserId)> {
        let mut work = self.begin().await?;
        let found = users::credentials(&mut work.tx, name).await?;
        let (id, _) = found.ok_or(Error::NotFound("user"))?;
        users::lock(&mut work.tx, [id]).await?;
        Ok((work, id))
    }
}

async fn appoint(work: &mut UnitOfWork, id: UserId, is_admin: bool, by: Actor) -> Result<()> {
    let mut user = account(work, id).await?;
    if user.is_admin == is_admin {
        return Ok(());
    }
    if is_admin && user.person.is_deactivated {
        return Err(Error::Conflict("This user's account is deactivated"));
    }
    if !is_admin && accounts::admins(&mut work.tx).await? == [id] {
        return Err(Error::Conflict("The server needs an administrator; appoint another one first"));
    }
    accounts::set_admin(&mut work.tx, id, is_admin).await?;
    user.is_admin = is_admin;
    work.announce(id, Change::UserUpdated(user));
    let action = if is_admin { AuditAction::AccountPromote } else { AuditAction::AccountDemote };
    work.audit(by, action, AuditTarget::from(id), Value::Null).await
}
