//! Changing a chat and who is in it, for those who have the right.

use std::time::Duration;

use super::chat::{DEACTIVATED, check_description, check_title, say};
use super::idempotency::Subject;
use super::work::Work;
use super::{Error, Membership, Result, avatar};
use crate::model::{Change, Chat, ChatId, Member, Notice, Right, Role, Stream, UserId};
use crate::store::{bans, bookmarks, chat_names, chats, drafts, invites, members, topics};

/// How long what is said may stay, if it does not stay for good.
const MESSAGE_LIFE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(5)..=Duration::from_secs(365 * 24 * 3_600);

/// What to change of a chat; what is missing stays.
#[derive(Debug, Clone, Default)]
pub struct ChatChange {
    pub title: Option<String>,
    /// An empty one takes it away.
    pub description: Option<String>,
    pub is_read_only: Option<bool>,
    /// How long what is said from then on stays; nothing inside: for good.
    pub message_life: Option<Option<Duration>>,
    /// Whether the assistant may be asked there.
    pub has_assistant: Option<bool>,
}

impl Membership {
    /// Changes what is alike for everybody in the chat.
    pub async fn change(mut self, change: ChatChange) -> Result<Chat> {
        let ChatChange { title, description, is_read_only, message_life, has_assistant } = change;
        let title = title.as_deref().map(check_title).transpose()?;
        let description = description.as_deref().map(check_description).transpose()?;
        if message_life.flatten().is_some_and(|life| !MESSAGE_LIFE.contains(&life)) {
            return Err(Error::invalid("message_life", "must be 5 seconds to a year"));
        }
        let edits = title.is_some() || description.is_some() || is_read_only.is_some();
        let mut work = self.begin().await?;
        if edits {
            self.may(Right::Edit)?;
        }
        if message_life.is_some() {
            self.may(Right::SetMessageLife)?;
        }
        if has_assistant.is_some() {
            self.may(Right::SwitchAssistant)?;
        }
        let (before, mut about) = (self.chat.about(), self.chat.about());
        about.title = title.unwrap_or(about.title);
        about.description = description.unwrap_or(about.description);
        about.is_read_only = is_read_only.unwrap_or(about.is_read_only);
        about.assistant_off = has_assistant.map_or(about.assistant_off, |has| !has);
        if let Some(life) = message_life {
            about.message_life = life.map(|life| i64::try_from(life.as_millis()).unwrap_or(i64::MAX));
        }
        if about != before {
            let (chat, user) = (about.id, self.place.user);
            chats::update(&mut work.tx, &about).await?;
            work.announce(chat, Change::ChatUpdated(about.clone()));
            if about.title != before.title {
                let notice = Notice::Renamed { title: about.title };
                say(&self.messenger, &mut work, chat, user, &notice).await?;
            }
            if about.message_life != before.message_life {
                let notice = Notice::MessageLife { seconds: about.message_life.map(|life| life / 1_000) };
                say(&self.messenger, &mut work, chat, user, &notice).await?;
            }
        }
        self.finish(work).await
    }

    /// Deletes a group for everybody; hides another chat for oneself.
    pub async fn delete(mut self) -> Result<()> {
        if !self.chat.kind.is_group() {
            return self.leave().await;
        }
        let mut work = self.exercise(Right::DeleteChat).await?;
        let chat = self.chat.id;
        let users = members::users_of(&mut work.tx, chat).await?;
        end(&mut work, chat).await?;
        members::remove_all(&mut work.tx, chat).await?;
        let lost = |user: UserId| (Stream::from(user), Change::ChatLost { chat, hidden: false });
        work.announce_all(users.into_iter().map(lost));
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Takes somebody out who has a lower role; leaves, if it is oneself.
    pub async fn remove(mut self, user: UserId) -> Result<()> {
        if user == self.place.user {
            return self.leave().await;
        }
        let mut work = self.exercise(Right::Remove).await?;
        let chat = self.chat.id;
        let member = self.lower(&mut work, user).await?.ok_or(Error::NotFound("member"))?;
        depart(&mut work, chat, &member).await?;
        let notice = Notice::Removed { user, name: member.person.display_name };
        say(&self.messenger, &mut work, chat, self.place.user, &notice).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Gives somebody another role. Who makes somebody else the owner becomes an admin.
    pub async fn set_role(mut self, user: UserId, role: Role) -> Result<Member> {
        let right = if role == Role::Owner { Right::Transfer } else { Right::ChangeRoles };
        let mut work = self.exercise(right).await?;
        let (chat, me) = (self.chat.id, self.place.user);
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        let member = member.ok_or(Error::NotFound("member"))?;
        if member.role != role {
            if user == me {
                return Err(Error::Conflict("An owner stays one until somebody else is made the owner"));
            }
            if role == Role::Owner {
                if member.person.is_deactivated {
                    return Err(Error::Conflict(DEACTIVATED));
                }
                give_role(&mut work, chat, me, Role::Admin).await?;
                give_role(&mut work, chat, user, role).await?;
                let notice = Notice::Owner { user, name: member.person.display_name };
                say(&self.messenger, &mut work, chat, me, &notice).await?;
            } else {
                give_role(&mut work, chat, user, role).await?;
            }
        }
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        work.once(self.attempt, Subject::Member(chat, user));
        work.commit().await?;
        member.ok_or(Error::NotFound("member"))
    }

    /// A member over whom the caller has a say; nothing when it is no member.
    pub(super) async fn lower(&self, work: &mut Work, user: UserId) -> Result<Option<Member>> {
        let member = members::of_chat(&mut work.tx, self.chat.id, Some(user)).await?.pop();
        match &member {
            Some(member) if member.role >= self.place.role => {
                Err(Error::Forbidden("Only somebody of a lower role can be removed"))
            }
            _ => Ok(member),
        }
    }
}

/// Takes a member out of a group, and tells them and the others. If they were the owner, somebody else is now; if they
/// were the last, the group is gone.
pub(super) async fn depart(work: &mut Work, chat: ChatId, member: &Member) -> Result<()> {
    let user = member.user();
    members::remove(&mut work.tx, chat, user).await?;
    lose(work, chat, user, false).await?;
    work.announce(chat, Change::MemberRemoved { chat, user });
    if members::users_of(&mut work.tx, chat).await?.is_empty() {
        return end(work, chat).await;
    }
    if member.role == Role::Owner { succeed(work, chat).await } else { Ok(()) }
}

/// Tells somebody that a chat is gone for them, and takes along what was theirs alone in it.
pub(super) async fn lose(work: &mut Work, chat: ChatId, user: UserId, hidden: bool) -> Result<()> {
    bookmarks::delete_of_chat(&mut work.tx, chat, user).await?;
    drafts::delete_of_chat(&mut work.tx, chat, user).await?;
    work.announce(user, Change::ChatLost { chat, hidden });
    Ok(())
}

/// When the owner is gone, the first admin takes over, or the member who came first.
pub(super) async fn succeed(work: &mut Work, chat: ChatId) -> Result<()> {
    match members::heir(&mut work.tx, chat).await? {
        Some(heir) => give_role(work, chat, heir, Role::Owner).await,
        None => Ok(()),
    }
}

/// Writes a member's role and tells it.
pub(super) async fn give_role(work: &mut Work, chat: ChatId, user: UserId, role: Role) -> Result<()> {
    members::set_role(&mut work.tx, chat, user, role).await?;
    if let Some(member) = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop() {
        work.announce(chat, Change::MemberUpdated { chat, member });
    }
    Ok(())
}

/// Marks a group as gone, with all the ways into it.
async fn end(work: &mut Work, chat: ChatId) -> Result<()> {
    let now = work.now;
    if let Some(before) = chats::by_id(&mut work.tx, chat).await? {
        avatar::replaced(work, chat, before.avatar, None).await?;
    }
    chats::delete(&mut work.tx, chat, now).await?;
    invites::delete_all(&mut work.tx, chat).await?;
    bans::delete_all(&mut work.tx, chat).await?;
    drafts::delete_all(&mut work.tx, chat).await?;
    topics::delete(&mut work.tx, chat).await?;
    chat_names::delete_of_chat(&mut work.tx, chat).await?;
    Ok(())
}

/// Tells those who look after a chat that the ways into it are others now.
pub(super) async fn tell_access(work: &mut Work, chat: ChatId) -> Result<()> {
    let admins = members::with_role(&mut work.tx, chat, Role::Admin).await?;
    let told = admins.into_iter().map(|user| (Stream::from(user), Change::ChatAccess(chat)));
    work.announce_all(told);
    Ok(())
}
