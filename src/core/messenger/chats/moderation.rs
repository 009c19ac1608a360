//! Changing a chat and who is in it, for those who have the right.

use std::time::Duration;

use crate::messenger::chats::leave::{mark_deleted, remove_member, set_role};
use crate::messenger::chats::lookup::DEACTIVATED;
use crate::messenger::chats::membership::Membership;
use crate::messenger::chats::notices::post_notice;
use crate::messenger::chats::validate::{check_description, check_title};
use crate::messenger::foundation::{Error, Result, Subject, Work};
use crate::model::{Change, Chat, Member, Notice, Right, Role, Stream, UserId};
use crate::store::{chats, members};

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
                post_notice(&self.messenger, &mut work, chat, user, &notice).await?;
            }
            if about.message_life != before.message_life {
                let notice = Notice::MessageLife { seconds: about.message_life.map(|life| life / 1_000) };
                post_notice(&self.messenger, &mut work, chat, user, &notice).await?;
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
        mark_deleted(&mut work, chat).await?;
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
        remove_member(&mut work, chat, &member).await?;
        let notice = Notice::Removed { user, name: member.person.display_name };
        post_notice(&self.messenger, &mut work, chat, self.place.user, &notice).await?;
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
                set_role(&mut work, chat, me, Role::Admin).await?;
                set_role(&mut work, chat, user, role).await?;
                let notice = Notice::Owner { user, name: member.person.display_name };
                post_notice(&self.messenger, &mut work, chat, me, &notice).await?;
            } else {
                set_role(&mut work, chat, user, role).await?;
            }
        }
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        work.once(self.attempt, Subject::Member(chat, user));
        work.commit().await?;
        member.ok_or(Error::NotFound("member"))
    }

    /// A member over whom the caller has a say; nothing when it is no member.
    pub(crate) async fn lower(&self, work: &mut Work, user: UserId) -> Result<Option<Member>> {
        let member = members::of_chat(&mut work.tx, self.chat.id, Some(user)).await?.pop();
        match &member {
            Some(member) if member.role >= self.place.role => {
                Err(Error::Forbidden("Only somebody of a lower role can be removed"))
            }
            _ => Ok(member),
        }
    }
}
