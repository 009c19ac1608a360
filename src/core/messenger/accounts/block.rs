//! Blocking: a blocked user can't write to the blocker, open a private chat with them or add them to groups.
//!
//! The blocker can't write to the blocked user either, who could not reply. Groups that both are members of are not
//! affected.

use crate::boxed;
use crate::hub::EphemeralEvent;
use crate::messenger::Caller;
use crate::messenger::foundation::{Error, Result, Subject, UnitOfWork};
use crate::model::{Blocked, Change, ChatId, Presence, UserId};
use crate::store::chats::{self, pair};
use crate::store::{Executor, blocks, members, users};

/// The most users that one user can block.
const MAX_BLOCKED: i64 = 1_000;
/// Bits of a member's block state in a private chat: blocked by the other one, or has blocked the other one.
const IS_BLOCKED: i64 = 1;
const HAS_BLOCKED: i64 = 2;

impl Caller {
    /// The users that the caller has blocked, the latest first.
    #[boxed]
    pub async fn blocked(&self) -> Result<Vec<Blocked>> {
        let mut read = self.messenger.db.read().await?;
        let mut blocked = blocks::of_user(&mut read, self.access.user, None).await?;
        let people = blocked.iter_mut().map(|blocked| &mut blocked.person);
        self.messenger.attach_presence(&mut read, self.access.user, people).await?;
        Ok(blocked)
    }

    /// Blocks a user; does nothing when they are blocked already.
    #[boxed]
    pub async fn block(self, other: UserId) -> Result<()> {
        self.changes()?;
        let me = self.access.user;
        if other == me {
            return Err(Error::Conflict("You cannot block yourself"));
        }
        let mut work = self.messenger.begin_for([me, other]).await?;
        let person = users::by_id(&mut work.tx, other).await?.ok_or(Error::NotFound("user"))?.person;
        if blocks::of_user(&mut work.tx, me, Some(other)).await?.is_empty() {
            if blocks::count(&mut work.tx, me).await? >= MAX_BLOCKED {
                return Err(Error::Conflict("You cannot block more than 1,000 users"));
            }
            let at = work.now;
            blocks::insert(&mut work.tx, me, other, at).await?;
            update_block_state(&mut work, me, other).await?;
            work.announce(me, Change::UserBlocked(Blocked { person, at }));
            // To the blocked user the caller appears offline, as if hiding presence.
            let unseen = EphemeralEvent::Presence { user: me, presence: Presence::HIDDEN };
            work.after_commit(move |messenger| messenger.send_ephemeral(other.into(), unseen));
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Unblocks a user.
    #[boxed]
    pub async fn unblock(self, other: UserId) -> Result<()> {
        self.changes()?;
        let me = self.access.user;
        let mut work = self.messenger.begin_for([me, other]).await?;
        if blocks::of_user(&mut work.tx, me, Some(other)).await?.is_empty() {
            return Err(Error::NotFound("blocked user"));
        }
        blocks::delete(&mut work.tx, me, other).await?;
        update_block_state(&mut work, me, other).await?;
        work.announce(me, Change::UserUnblocked(other));
        work.after_commit(move |messenger| messenger.reannounce_presence(me));
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

/// Updates the block state in the private chat of two users, if there is one. It stays closed when one of the accounts
/// was deleted.
async fn update_block_state(work: &mut UnitOfWork, one: UserId, other: UserId) -> Result<()> {
    let Some(chat) = chats::by_pair(&mut work.tx, &pair(one, other)).await? else { return Ok(()) };
    chats::lock(&mut work.tx, chat.id).await?;
    if users::by_ids(&mut work.tx, &[one, other]).await?.iter().any(|user| user.person.is_deleted) {
        return Ok(());
    }
    for (user, other) in [(one, other), (other, one)] {
        let state = block_state(&mut work.tx, user, other).await?;
        members::set_blocked(&mut work.tx, chat.id, user, state).await?;
    }
    Ok(())
}

async fn block_state(run: &mut Executor, user: UserId, other: UserId) -> Result<i64> {
    let mut state = 0;
    if blocks::blockers(run, user, &[other]).await?.contains(&other) {
        state |= IS_BLOCKED;
    }
    if blocks::blockers(run, other, &[user]).await?.contains(&user) {
        state |= HAS_BLOCKED;
    }
    Ok(state)
}

/// The error for writing in a private chat with this block state, if any.
pub(crate) fn refusal(state: i64) -> Option<Error> {
    Some(Error::Forbidden(match state {
        0 => return None,
        state if state & HAS_BLOCKED != 0 => "You have blocked this user; unblock them to send messages",
        _ => "You cannot send messages to this user",
    }))
}

/// Fails if the user can't write in the chat because of a block.
pub(crate) async fn check_not_blocked(run: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    refusal(members::blocked(run, chat, user).await?).map_or(Ok(()), Err)
}

/// Fails if one of the two users has blocked the other.
pub(crate) async fn check_pair_not_blocked(run: &mut Executor, user: UserId, other: UserId) -> Result<()> {
    refusal(block_state(run, user, other).await?).map_or(Ok(()), Err)
}

/// Fails if one of `people` has blocked `by`, who wants to add them to a chat; `field` is the request's field that
/// names them.
pub(crate) async fn check_may_be_added_by(
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
