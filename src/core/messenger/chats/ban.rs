//! Banning users from a chat.

use crate::boxed;
use crate::messenger::chats::leave::remove_member;
use crate::messenger::chats::moderation::Moderator;
use crate::messenger::chats::notices::{announce_access, post_notice};
use crate::messenger::foundation::{Error, Result, Subject};
use crate::model::{Ban, Notice, Right, UserId, text};
use crate::store::{bans, users};

/// In characters.
const MAX_REASON: usize = 200;

impl Moderator {
    /// Bans a user, and removes them if they are a member. They can neither be added nor join.
    #[boxed]
    pub async fn ban(mut self, user: UserId, reason: Option<&str>) -> Result<Ban> {
        let reason = reason.map(check_reason).transpose()?.flatten();
        if user == self.member.user {
            return Err(Error::invalid("user_id", "you cannot ban yourself"));
        }
        let mut work = self.begin_with_right(Right::Ban).await?;
        let (chat, by) = (self.chat.id, self.member.user);
        let found = users::by_id(&mut work.tx, user).await?.ok_or(Error::NotFound("user"))?;
        if !bans::among(&mut work.tx, chat, &[user]).await?.is_empty() {
            return Err(Error::Conflict("This user is already banned"));
        }
        let member = self.member_below_caller(&mut work, user).await?;
        let ban = Ban { person: found.person, by, reason, at: work.now };
        bans::insert(&mut work.tx, chat, &ban).await?;
        if let Some(member) = member {
            remove_member(&mut work, chat, &member).await?;
            let notice = Notice::Banned { user, name: member.person.display_name };
            post_notice(&self.messenger, &mut work, chat, by, &notice).await?;
        }
        announce_access(&mut work, chat).await?;
        self.commit(work, Subject::Ban(chat, user)).await?;
        Ok(ban)
    }

    /// Lifts a ban.
    #[boxed]
    pub async fn unban(mut self, user: UserId) -> Result<()> {
        let mut work = self.begin_with_right(Right::Ban).await?;
        let chat = self.chat.id;
        if bans::among(&mut work.tx, chat, &[user]).await?.is_empty() {
            return Err(Error::NotFound("ban"));
        }
        bans::delete(&mut work.tx, chat, user).await?;
        announce_access(&mut work, chat).await?;
        self.commit(work, Subject::Nothing).await
    }

    /// All bans, the newest first.
    #[boxed]
    pub async fn bans(&self) -> Result<Vec<Ban>> {
        self.may(Right::Ban)?;
        Ok(bans::of_chat(&mut self.messenger.db.read().await?, self.chat.id, None).await?)
    }

    /// The ban of one user.
    #[boxed]
    pub async fn ban_of(&self, user: UserId) -> Result<Ban> {
        self.may(Right::Ban)?;
        let mut read = self.messenger.db.read().await?;
        bans::of_chat(&mut read, self.chat.id, Some(user)).await?.pop().ok_or(Error::NotFound("ban"))
    }
}

fn check_reason(reason: &str) -> Result<Option<String>> {
    let seen = text::lines(reason).filter(|reason| reason.chars().count() <= MAX_REASON);
    let seen =
        seen.ok_or_else(|| Error::invalid("reason", format!("must have at most {MAX_REASON} characters")))?;
    Ok(Some(seen).filter(|reason| !reason.is_empty()))
}
