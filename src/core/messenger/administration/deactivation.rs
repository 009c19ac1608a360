//! Deactivation: nobody can sign in to the account. Its messages and its name stay.

use serde_json::Value;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::accounts::profile::announce_to_chats;
use crate::messenger::accounts::session::revoke_all;
use crate::messenger::chats::leave::promote_successor;
use crate::messenger::foundation::{Actor, Error, Result, Subject, UnitOfWork};
use crate::model::{AuditAction, AuditTarget, Role, User, UserId};
use crate::store::{accounts, bots, chats, members, users};

impl Caller {
    /// Deactivates the caller's account; all sessions end. Only an administrator can undo it.
    #[boxed]
    pub async fn deactivate(self, password: &str) -> Result<()> {
        let confirmed = self.confirm_password("password", password).await?;
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        confirmed.still_holds(&mut work.tx).await?;
        deactivate(&mut work, self.access.user, self.access.actor()).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

/// Deactivates an account and its bots within a unit of work. Does nothing if it is deactivated already.
pub(crate) async fn deactivate(work: &mut UnitOfWork, id: UserId, by: Actor) -> Result<()> {
    let user = account(work, id).await?;
    if user.person.is_deactivated {
        return Ok(());
    }
    keep_an_administrator(work, &user).await?;
    let now = work.now;
    accounts::deactivate(&mut work.tx, id, Some(now)).await?;
    hand_over_chats(work, id).await?;
    announce_to_chats(work, id).await?;
    revoke_all(work, id).await?;
    for bot in bots::of_owner(&mut work.tx, id).await? {
        Box::pin(deactivate(work, bot, by)).await?;
    }
    work.audit(by, AuditAction::AccountDeactivate, AuditTarget::from(id), Value::Null).await
}

/// Reactivates an account and its bots; the bots need new tokens. Chats that were handed over stay with their new owners.
pub(crate) async fn reactivate(work: &mut UnitOfWork, id: UserId, by: Actor) -> Result<()> {
    if account(work, id).await?.person.is_deactivated {
        accounts::deactivate(&mut work.tx, id, None).await?;
        announce_to_chats(work, id).await?;
        for bot in bots::of_owner(&mut work.tx, id).await? {
            Box::pin(reactivate(work, bot, by)).await?;
        }
        work.audit(by, AuditAction::AccountReactivate, AuditTarget::from(id), Value::Null).await?;
    }
    Ok(())
}

/// Fails if a user who is to be deactivated or deleted is the only administrator.
pub(crate) async fn keep_an_administrator(work: &mut UnitOfWork, leaving: &User) -> Result<()> {
    match leaving.is_admin && accounts::admins(&mut work.tx).await? == [leaving.id()] {
        true => Err(Error::Conflict("The only administrator cannot leave; appoint another one first")),
        false => Ok(()),
    }
}

/// An account, unless it was deleted.
pub(crate) async fn account(work: &mut UnitOfWork, id: UserId) -> Result<User> {
    let found = users::by_id(&mut work.tx, id).await?;
    found.filter(|user| !user.person.is_deleted).ok_or(Error::NotFound("user"))
}

/// Makes somebody else the owner of each group that the user owns.
async fn hand_over_chats(work: &mut UnitOfWork, owner: UserId) -> Result<()> {
    let owned = members::of_user(&mut work.tx, owner).await?;
    let owned: Vec<_> = owned.into_iter().filter(|(_, member)| member.role == Role::Owner).collect();
    chats::lock_all(&mut work.tx, owned.iter().map(|(chat, _)| *chat)).await?;
    for (chat, _) in owned {
        if members::successor(&mut work.tx, chat).await?.is_some() {
            members::set_role(&mut work.tx, chat, owner, Role::Admin).await?;
            promote_successor(work, chat).await?;
        }
    }
    Ok(())
}
