//! Changing a chat and who is in it, for those who have the right.

use super::chat::{MOST_MEMBERS, check_title, gained, say, view};
use super::idempotency::Subject;
use super::membership::Membership;
use super::work::Work;
use super::{Error, Limit, Result};
use crate::model::{Change, Chat, ChatId, Member, Notice, Right, Role, User, UserId};
use crate::store::{chats, members, users};

impl Membership {
    pub async fn rename(mut self, title: &str) -> Result<Chat> {
        let title = check_title(title)?;
        let mut work = self.exercise(Right::Edit).await?;
        let (chat, user) = (self.chat.id, self.place.user);
        chats::rename(&mut work.tx, chat, &title).await?;
        work.announce(chat, Change::ChatRenamed { chat, title: title.clone() }).await?;
        say(&self.messenger, &mut work, chat, user, &Notice::Renamed { title }).await?;
        let view = view(&mut work.tx, chat, user).await?;
        work.once(self.attempt, Subject::Chat(chat));
        work.commit().await?;
        Ok(view)
    }

    /// Deletes a group for everybody; hides a private chat for oneself.
    pub async fn delete(mut self) -> Result<()> {
        if !self.chat.kind.is_group() {
            return self.leave().await;
        }
        let mut work = self.exercise(Right::DeleteChat).await?;
        let chat = self.chat.id;
        let users = members::users_of(&mut work.tx, chat).await?;
        let now = work.now;
        chats::delete(&mut work.tx, chat, now).await?;
        members::remove_all(&mut work.tx, chat).await?;
        for user in users {
            work.announce(user, Change::ChatLost { chat, hidden: false }).await?;
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Brings somebody in.
    pub async fn add(mut self, user: UserId) -> Result<Member> {
        self.messenger.limit(Limit::AddMember(self.place.user))?;
        let mut work = self.exercise(Right::AddMembers).await?;
        let chat = self.chat.id;
        let User { person, .. } = users::by_id(&mut work.tx, user).await?.ok_or(Error::NotFound("user"))?;
        if members::place(&mut work.tx, chat, user).await?.is_some() {
            return Err(Error::Conflict("This person is a member already"));
        }
        if members::users_of(&mut work.tx, chat).await?.len() >= MOST_MEMBERS {
            return Err(Error::invalid("user_id", format!("a group has at most {MOST_MEMBERS} members")));
        }
        let member = Member { person, role: Role::Member, joined_at: work.now, last_read: None };
        let name = member.person.display_name.clone();
        work.announce(chat, Change::MemberAdded { chat, member: member.clone() }).await?;
        let notice = Notice::Added { user, name };
        let seq = say(&self.messenger, &mut work, chat, self.place.user, &notice).await?;
        members::insert_many(&mut work.tx, chat, &[(user, Role::Member)], seq, member.joined_at).await?;
        gained(&mut work, chat, user).await?;
        // With the mark: what was said before somebody came counts as read.
        let seen = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        work.once(self.attempt, Subject::Member(chat, user));
        work.commit().await?;
        Ok(seen.unwrap_or(member))
    }

    /// Takes somebody out who has a lower role; leaves, if it is oneself.
    pub async fn remove(mut self, user: UserId) -> Result<()> {
        if user == self.place.user {
            return self.leave().await;
        }
        let mut work = self.exercise(Right::Remove).await?;
        let chat = self.chat.id;
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        let member = member.ok_or(Error::NotFound("member"))?;
        if member.role >= self.place.role {
            return Err(Error::Forbidden("Only somebody of a lower role can be removed"));
        }
        let name = depart(&mut work, chat, member).await?;
        say(&self.messenger, &mut work, chat, self.place.user, &Notice::Removed { user, name }).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

/// Takes a member out of a group. Answers their name.
pub(super) async fn depart(work: &mut Work, chat: ChatId, member: Member) -> Result<String> {
    let user = member.user();
    members::remove(&mut work.tx, chat, user).await?;
    work.announce(user, Change::ChatLost { chat, hidden: false }).await?;
    work.announce(chat, Change::MemberRemoved { chat, user }).await?;
    if member.role == Role::Owner {
        succeed(work, chat).await?;
    }
    Ok(member.person.display_name)
}

/// When the owner goes, the first admin takes over, or the member who came first.
async fn succeed(work: &mut Work, chat: ChatId) -> Result<()> {
    let left = members::of_chat(&mut work.tx, chat, None).await?;
    let heir =
        left.iter().min_by_key(|member| (std::cmp::Reverse(member.role), member.joined_at, member.user()));
    if let Some(heir) = heir {
        members::set_role(&mut work.tx, chat, heir.user(), Role::Owner).await?;
    }
    Ok(())
}
