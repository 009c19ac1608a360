//! Managing a chat and its members, for those who have the right.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use serde_json::json;

use crate::boxed;
use crate::messenger::accounts::block;
use crate::messenger::chats::leave::{delete_for_everybody, hand_over, remove_member, set_role};
use crate::messenger::chats::membership::Membership;
use crate::messenger::chats::notices::post_notice;
use crate::messenger::chats::validate::{check_description, check_title};
use crate::messenger::foundation::{Error, Result, Subject, UnitOfWork};
use crate::model::{AuditAction, AuditTarget, Change, Chat, Member, Notice, Right, Role, UserId};
use crate::store::{chats, members};

/// The lifetime of messages, if it is limited.
const MESSAGE_LIFE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(5)..=Duration::from_secs(365 * 24 * 3_600);

/// Changes of a chat's settings; what is missing stays.
#[derive(Debug, Clone, Default)]
pub struct ChatChange {
    pub title: Option<String>,
    /// An empty one removes it.
    pub description: Option<String>,
    pub is_read_only: Option<bool>,
    /// The lifetime of new messages; `Some(None)` removes the limit.
    pub message_life: Option<Option<Duration>>,
    /// Whether the assistant may be asked there.
    pub has_assistant: Option<bool>,
}

/// A member who manages the chat: its owner and admins; of a private chat and of saved messages, each member.
///
/// What only they may do is a method of this type, and only [`Membership::moderating`] returns one. Which right a method
/// needs is checked again within its transaction, with the role and the chat as they are then.
///
/// ```
/// # use besedka_core::{messenger::{Membership, Result}, model::{Ban, UserId}};
/// async fn ban(membership: Membership, user: UserId) -> Result<Ban> {
///     membership.moderating()?.ban(user, None).await
/// }
/// ```
///
/// Being a member is not enough:
///
/// ```compile_fail,E0599
/// # use besedka_core::{messenger::{Membership, Result}, model::{Ban, UserId}};
/// async fn ban(membership: Membership, user: UserId) -> Result<Ban> {
///     membership.ban(user, None).await
/// }
/// ```
pub struct Moderator(Membership);

/// A member who owns the chat: only [`Membership::owning`] returns one.
///
/// ```
/// # use besedka_core::{messenger::{Membership, Result}, model::{Member, Role, UserId}};
/// async fn promote(membership: Membership, user: UserId) -> Result<Member> {
///     membership.owning()?.set_role(user, Role::Admin).await
/// }
/// ```
///
/// Moderators do not change roles:
///
/// ```compile_fail,E0599
/// # use besedka_core::{messenger::{Membership, Result}, model::{Member, Role, UserId}};
/// async fn promote(membership: Membership, user: UserId) -> Result<Member> {
///     membership.moderating()?.set_role(user, Role::Admin).await
/// }
/// ```
pub struct Owner(Membership);

impl Membership {
    /// The caller as one who manages the chat, if they do.
    pub fn moderating(self) -> Result<Moderator> {
        self.may(Right::Moderate)?;
        Ok(Moderator(self))
    }

    /// The caller as the owner of the chat, if they are.
    pub fn owning(self) -> Result<Owner> {
        self.may(Right::ChangeRoles)?;
        Ok(Owner(self))
    }

    /// Deletes a group for everybody; hides another chat for the caller.
    #[boxed]
    pub async fn delete_or_hide(self) -> Result<()> {
        if !self.chat.kind.is_group() {
            return self.leave().await;
        }
        self.moderating()?.delete().await
    }

    /// Removes a member; leaves, if it is the caller.
    #[boxed]
    pub async fn remove_or_leave(self, user: UserId) -> Result<()> {
        if user == self.member.user {
            return self.leave().await;
        }
        self.moderating()?.remove(user).await
    }
}

impl Deref for Moderator {
    type Target = Membership;

    fn deref(&self) -> &Membership {
        &self.0
    }
}

impl DerefMut for Moderator {
    fn deref_mut(&mut self) -> &mut Membership {
        &mut self.0
    }
}

impl Moderator {
    /// Commits a change, and returns the chat as the caller sees it then.
    pub(crate) async fn finish(self, work: UnitOfWork) -> Result<Chat> {
        self.0.finish(work).await
    }

    pub(crate) async fn commit(self, mut work: UnitOfWork, subject: Subject) -> Result<()> {
        work.once(self.0.attempt, subject);
        work.commit().await
    }

    /// Changes the settings that are the same for everybody in the chat.
    #[boxed]
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
            let (chat, user) = (about.id, self.member.user);
            block::check_not_blocked(&mut work.tx, chat, user).await?;
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

    /// Deletes a group for everybody.
    #[boxed]
    pub async fn delete(mut self) -> Result<()> {
        let mut work = self.begin_with_right(Right::DeleteChat).await?;
        let chat = self.chat.id;
        let members = delete_for_everybody(&mut work, chat).await?;
        let (target, details) = (AuditTarget::chat(chat, &self.chat.title), json!({"members": members}));
        work.audit(self.actor, AuditAction::ChatDelete, target, details).await?;
        self.commit(work, Subject::Nothing).await
    }

    /// Removes a member who has a lower role.
    #[boxed]
    pub async fn remove(mut self, user: UserId) -> Result<()> {
        let mut work = self.begin_with_right(Right::Remove).await?;
        let chat = self.chat.id;
        let member = self.member_below_caller(&mut work, user).await?.ok_or(Error::NotFound("member"))?;
        remove_member(&mut work, chat, &member).await?;
        let notice = Notice::Removed { user, name: member.person.display_name };
        post_notice(&self.messenger, &mut work, chat, self.member.user, &notice).await?;
        self.commit(work, Subject::Nothing).await
    }

    /// A member of a lower role than the caller; `None` for users who are not members.
    pub(crate) async fn member_below_caller(
        &self,
        work: &mut UnitOfWork,
        user: UserId,
    ) -> Result<Option<Member>> {
        let member = members::of_chat(&mut work.tx, self.chat.id, Some(user)).await?.pop();
        match &member {
            Some(member) if member.role >= self.member.role => {
                Err(Error::Forbidden("Only somebody of a lower role can be removed"))
            }
            _ => Ok(member),
        }
    }
}

impl Owner {
    /// Sets a member's role. An owner who makes somebody else the owner becomes an admin.
    #[boxed]
    pub async fn set_role(self, user: UserId, role: Role) -> Result<Member> {
        let Self(mut owner) = self;
        let right = if role == Role::Owner { Right::Transfer } else { Right::ChangeRoles };
        let mut work = owner.begin_with_right(right).await?;
        let (chat, me) = (owner.chat.id, owner.member.user);
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        let member = member.ok_or(Error::NotFound("member"))?;
        if member.role != role {
            if user == me {
                return Err(Error::Conflict(
                    "The owner's role cannot be changed; make another member the owner instead",
                ));
            }
            if role == Role::Owner {
                hand_over(&mut work, chat, Some(me), &member, me).await?;
            } else {
                set_role(&mut work, chat, user, role).await?;
            }
        }
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        work.once(owner.attempt, Subject::Member(chat, user));
        work.commit().await?;
        member.ok_or(Error::NotFound("member"))
    }
}
