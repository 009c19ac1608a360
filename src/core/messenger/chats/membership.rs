//! A caller in a chat: their rights, viewing and leaving it, and their preferences.

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::chats::leave::{announce_chat_lost, remove_member};
use crate::messenger::chats::lookup::{find, view};
use crate::messenger::chats::notices::{announce_notice, insert_notice};
use crate::messenger::foundation::{Actor, Attempt, Error, Limit, Result, Subject, UnitOfWork};
use crate::model::{
    Change, Chat, ChatId, ChatKind, Member, Notice, Notify, Preferences, Right, Role, Time, UserId,
};
use crate::store::chats::{self, ChatRecord};
use crate::store::members::{self, MemberRecord};
use crate::store::{chat_list, streams};

/// A caller in a chat.
pub struct Membership {
    pub(crate) messenger: Messenger,
    pub(crate) chat: ChatRecord,
    pub(crate) member: MemberRecord,
    /// Who acts, for the audit log.
    pub(crate) actor: Actor,
    pub(crate) attempt: Option<Attempt>,
}

/// Changes of a member's preferences; what is missing stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct PreferenceChange {
    /// `Some(None)` unmutes it.
    pub muted_until: Option<Option<Time>>,
    pub is_pinned: Option<bool>,
    pub is_archived: Option<bool>,
    pub notify: Option<Notify>,
}

/// Refuses what a role has no right to.
pub(crate) fn allow(role: Role, right: Right, kind: ChatKind) -> Result<()> {
    if role.may(right, kind) {
        return Ok(());
    }
    Err(Error::Forbidden(match (kind, right.least(kind)) {
        (_, Some(Role::Owner)) => "Only the chat's owner can do this",
        (_, Some(_)) => "Only the chat's owner and admins can do this",
        (ChatKind::Saved, None) => "Saved messages cannot be changed or shared",
        (_, None) => "A private chat cannot be changed",
    }))
}

impl Membership {
    pub fn id(&self) -> ChatId {
        self.chat.id
    }

    /// The chat as the caller sees it.
    #[boxed]
    pub async fn view(&self) -> Result<Chat> {
        let mut read = self.messenger.db.read().await?;
        let mut chat = view(&mut read, self.chat.id, self.member.user).await?;
        self.messenger.attach_presence(&mut read, self.member.user, &mut chat.peer).await?;
        Ok(chat)
    }

    /// All members.
    #[boxed]
    pub async fn members(&self) -> Result<Vec<Member>> {
        let mut read = self.messenger.db.read().await?;
        let mut members = members::of_chat(&mut read, self.chat.id, None).await?;
        let people = members.iter_mut().map(|member| &mut member.person);
        self.messenger.attach_presence(&mut read, self.member.user, people).await?;
        Ok(members)
    }

    /// One member.
    #[boxed]
    pub async fn member(&self, user: UserId) -> Result<Member> {
        let mut read = self.messenger.db.read().await?;
        let member = members::of_chat(&mut read, self.chat.id, Some(user)).await?.pop();
        member.ok_or(Error::NotFound("member"))
    }

    /// Refuses what the caller has no right to.
    pub fn may(&self, right: Right) -> Result<()> {
        allow(self.member.role, right, self.chat.kind)
    }

    /// Begins a change that needs a right. It is checked within the transaction: a caller who loses the right at the same
    /// moment acts before that, or not at all.
    pub(crate) async fn begin_with_right(&mut self, right: Right) -> Result<UnitOfWork> {
        let work = self.begin().await?;
        self.may(right)?;
        Ok(work)
    }

    /// Begins a change of the chat, with the chat and the caller's membership as they are now.
    pub(crate) async fn begin(&mut self) -> Result<UnitOfWork> {
        self.messenger.limit(Limit::Change(self.member.user))?;
        let mut work = self.messenger.begin().await?;
        chats::lock(&mut work.tx, self.chat.id).await?;
        (self.chat, self.member) = find(&mut work.tx, self.chat.id, self.member.user).await?;
        Ok(work)
    }

    /// Commits a change, and returns the chat as the caller sees it then.
    pub(crate) async fn finish(self, mut work: UnitOfWork) -> Result<Chat> {
        let mut view = view(&mut work.tx, self.chat.id, self.member.user).await?;
        self.messenger.attach_presence(&mut work.tx, self.member.user, &mut view.peer).await?;
        work.once(self.attempt, Subject::Chat(self.chat.id));
        work.commit().await?;
        Ok(view)
    }

    /// Leaves a group; hides another chat until its next message.
    pub async fn leave(mut self) -> Result<()> {
        let mut work = self.begin().await?;
        let (chat, user) = (self.chat.id, self.member.user);
        if self.chat.kind.is_group() {
            let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
            let member = member.ok_or(Error::NotFound("member"))?;
            let name = member.person.display_name.clone();
            remove_member(&mut work, chat, &member).await?;
            let posted =
                insert_notice(&self.messenger, &mut work, chat, user, &Notice::Left { name }).await?;
            announce_notice(&mut work, posted);
        } else {
            let last = streams::seqs(&mut work.tx, &[chat.into()]).await?.into_values().next();
            members::hide(&mut work.tx, chat, user, Some(last.unwrap_or_default())).await?;
            announce_chat_lost(&mut work, chat, user, true).await?;
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// The caller's preferences.
    #[boxed]
    pub async fn preferences(&self) -> Result<Preferences> {
        let mut read = self.messenger.db.read().await?;
        let preferences = chat_list::preferences(&mut read, self.member.user, self.chat.id).await?;
        preferences.ok_or(Error::NotFound("chat"))
    }

    /// Changes the caller's preferences and announces them to the caller's devices.
    #[boxed]
    pub async fn update_preferences(mut self, change: PreferenceChange) -> Result<Preferences> {
        let mut work = self.begin().await?;
        let (chat, user) = (self.chat.id, self.member.user);
        let before =
            chat_list::preferences(&mut work.tx, user, chat).await?.ok_or(Error::NotFound("chat"))?;
        let preferences = Preferences {
            muted_until: change.muted_until.unwrap_or(before.muted_until),
            is_pinned: change.is_pinned.unwrap_or(before.is_pinned),
            is_archived: change.is_archived.unwrap_or(before.is_archived),
            notify: change.notify.unwrap_or(before.notify),
        };
        if preferences != before {
            let now = work.now;
            members::set_preferences(&mut work.tx, chat, user, &preferences, now).await?;
            work.announce(user, Change::ChatPreferred { chat, preferences });
        }
        work.once(self.attempt, Subject::Preferences(chat));
        work.commit().await?;
        Ok(preferences)
    }
}
