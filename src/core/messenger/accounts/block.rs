//! Blocking somebody: they can't write to one, begin a private chat, or bring one into groups.
//!
//! Neither can one write to them: what they could not answer would be no conversation. Groups that both are in stay
//! as they are, because others are there too.

use crate::hub::EphemeralEvent;
use crate::messenger::Caller;
use crate::messenger::foundation::{Error, Result, Subject, UnitOfWork};
use crate::model::{Blocked, Change, ChatId, Presence, UserId};
use crate::store::chats::{self, pair};
use crate::store::{Executor, blocks, members, users};

/// The most people that one can block.
const MOST_BLOCKED: i64 = 1_000;
/// What stands in a member's place in a private chat: the other one has blocked them, or they the other one.
const IS_BLOCKED: i64 = 1;
const HAS_BLOCKED: i64 = 2;

impl Caller {
    /// Whom one has blocked, the latest first.
    pub async fn blocked(&self) -> Result<Vec<Blocked>> {
        let mut read = self.messenger.db.read().await?;
        let mut blocked = blocks::of_user(&mut read, self.access.user, None).await?;
        let people = blocked.iter_mut().map(|blocked| &mut blocked.person);
        self.messenger.attach_presence(&mut read, self.access.user, people).await?;
        Ok(blocked)
    }

    /// Blocks somebody. Who is blocked already stays so.
    pub async fn block(self, other: UserId) -> Result<()> {
        self.changes()?;
        let me = self.access.user;
        if other == me {
            return Err(Error::Conflict("You cannot block yourself"));
        }
        let mut work = self.messenger.begin_for([me, other]).await?;
        let person = users::by_id(&mut work.tx, other).await?.ok_or(Error::NotFound("user"))?.person;
        if blocks::of_user(&mut work.tx, me, Some(other)).await?.is_empty() {
            if blocks::count(&mut work.tx, me).await? >= MOST_BLOCKED {
                return Err(Error::Conflict("You cannot block more than 1,000 users"));
            }
            let at = work.now;
            blocks::insert(&mut work.tx, me, other, at).await?;
            settle(&mut work, me, other).await?;
            work.announce(me, Change::UserBlocked(Blocked { person, at }));
            // What they see of one is as when one hides it.
            let unseen = EphemeralEvent::Presence { user: me, presence: Presence::HIDDEN };
            work.after_commit(move |messenger| messenger.send_ephemeral(other.into(), unseen));
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Blocks somebody no more.
    pub async fn unblock(self, other: UserId) -> Result<()> {
        self.changes()?;
        let me = self.access.user;
        let mut work = self.messenger.begin_for([me, other]).await?;
        if blocks::of_user(&mut work.tx, me, Some(other)).await?.is_empty() {
            return Err(Error::NotFound("blocked user"));
        }
        blocks::delete(&mut work.tx, me, other).await?;
        settle(&mut work, me, other).await?;
        work.announce(me, Change::UserUnblocked(other));
        work.after_commit(move |messenger| messenger.reannounce_presence(me));
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

/// Writes down in the private chat of two, if there is one, who of them may write. It is closed for ever once one of
/// the accounts was deleted.
async fn settle(work: &mut UnitOfWork, one: UserId, other: UserId) -> Result<()> {
    let Some(chat) = chats::by_pair(&mut work.tx, &pair(one, other)).await? else { return Ok(()) };
    chats::lock(&mut work.tx, chat.id).await?;
    if users::by_ids(&mut work.tx, &[one, other]).await?.iter().any(|user| user.person.is_deleted) {
        return Ok(());
    }
    for (user, other) in [(one, other), (other, one)] {
        let state = between(&mut work.tx, user, other).await?;
        members::set_blocked(&mut work.tx, chat.id, user, state).await?;
    }
    Ok(())
}

async fn between(run: &mut Executor, user: UserId, other: UserId) -> Result<i64> {
    let mut state = 0;
    if blocks::blockers(run, user, &[other]).await?.contains(&other) {
        state |= IS_BLOCKED;
    }
    if blocks::blockers(run, other, &[user]).await?.contains(&user) {
        state |= HAS_BLOCKED;
    }
    Ok(state)
}

/// How to refuse somebody who wants to write in a private chat, if at all.
pub(crate) fn refusal(state: i64) -> Option<Error> {
    Some(Error::Forbidden(match state {
        0 => return None,
        state if state & HAS_BLOCKED != 0 => "You have blocked this user; unblock them to send messages",
        _ => "You cannot send messages to this user",
    }))
}

/// Refuses somebody who wants to change something in a chat that they can't write in.
pub(crate) async fn refuse(run: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    refusal(members::blocked(run, chat, user).await?).map_or(Ok(()), Err)
}

/// Refuses a private chat of two of whom one has blocked the other.
pub(crate) async fn refuse_pair(run: &mut Executor, user: UserId, other: UserId) -> Result<()> {
    refusal(between(run, user, other).await?).map_or(Ok(()), Err)
}

/// Refuses to bring people into a chat who have blocked the one who brings them; `field` is where they stand.
pub(crate) async fn refuse_unwilling(
    run: &mut Executor,
    by: UserId,
    people: &[UserId],
    field: &'static str,
) -> Result<()> {
    match blocks::blockers(run, by, people).await?.into_iter().min() {
        Some(unwilling) => Err(Error::invalid(field, format!("you cannot add user {unwilling}"))),
        None => Ok(()),
    }
}
