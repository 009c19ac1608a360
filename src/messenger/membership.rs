//! A caller in a chat: reading it, marking it as read, leaving it.

use super::chat::{NOT_A_MEMBER, find, say, view};
use super::idempotency::{Attempt, Subject};
use super::moderation::depart;
use super::work::Work;
use super::{Error, Limit, Messenger, Result};
use crate::model::{Change, Chat, ChatId, ChatKind, Member, MessageId, Notice, Right, Role, UserId};
use crate::store::chats::Plain;
use crate::store::members::{self, Place};
use crate::store::{messages, streams};

/// A caller in a chat.
pub struct Membership {
    pub(super) messenger: Messenger,
    pub(super) chat: Plain,
    pub(super) place: Place,
    pub(super) attempt: Option<Attempt>,
}

/// Refuses what a role has no right to.
pub(super) fn allow(role: Role, right: Right, kind: ChatKind) -> Result<()> {
    if role.may(right, kind) {
        return Ok(());
    }
    Err(Error::Forbidden(match (kind, right.least(kind)) {
        (_, Some(Role::Owner)) => "Only the chat's owner may do this",
        (_, Some(_)) => "Only the chat's owner and admins may do this",
        (ChatKind::Saved, None) => "Saved messages are nobody else's and can't be changed",
        (_, None) => "A private chat can't be changed",
    }))
}

impl Membership {
    pub fn id(&self) -> ChatId {
        self.chat.id
    }

    /// The chat as the caller sees it.
    pub async fn view(&self) -> Result<Chat> {
        let mut read = self.messenger.db.read().await?;
        view(&mut read, self.chat.id, self.place.user).await
    }

    /// Everybody in it.
    pub async fn members(&self) -> Result<Vec<Member>> {
        let mut read = self.messenger.db.read().await?;
        Ok(members::of_chat(&mut read, self.chat.id, None).await?)
    }

    /// One of those in it.
    pub async fn member(&self, user: UserId) -> Result<Member> {
        let mut read = self.messenger.db.read().await?;
        members::of_chat(&mut read, self.chat.id, Some(user)).await?.pop().ok_or(Error::NotFound("member"))
    }

    /// Refuses what the caller has no right to.
    pub fn may(&self, right: Right) -> Result<()> {
        allow(self.place.role, right, self.chat.kind)
    }

    /// Begins a change that needs a right. It is asked for within the change: whoever loses the
    /// right at the same moment acts before that, or not at all.
    pub(super) async fn exercise(&mut self, right: Right) -> Result<Work> {
        self.messenger.limit(Limit::Change(self.place.user))?;
        let mut work = self.messenger.begin().await?;
        (self.chat, self.place) = find(&mut work.tx, self.chat.id, self.place.user).await?;
        self.may(right)?;
        Ok(work)
    }

    /// Marks everything up to a message as read; up to the newest without one. Answers the chat after it.
    pub async fn read(self, upto: Option<MessageId>) -> Result<Chat> {
        self.messenger.limit(Limit::Change(self.place.user))?;
        let mut work = self.messenger.begin().await?;
        let (chat, user) = (self.chat.id, self.place.user);
        let mark = match upto {
            Some(id) => {
                let message = messages::by_id(&mut work.tx, id).await?.filter(|message| message.chat == chat);
                Some(message.map(|message| (id, message.seq)).ok_or(Error::NotFound("message"))?)
            }
            None => messages::newest(&mut work.tx, chat).await?,
        };
        let place = members::place(&mut work.tx, chat, user).await?.ok_or(Error::Forbidden(NOT_A_MEMBER))?;
        if let Some((id, seq)) = mark
            && seq > place.read_seq
        {
            members::read(&mut work.tx, chat, user, seq).await?;
            work.announce(chat, Change::ChatRead { chat, user, message: id }).await?;
        }
        let view = view(&mut work.tx, chat, user).await?;
        work.once(self.attempt, Subject::Read(chat));
        work.commit().await?;
        Ok(view)
    }

    /// Leaves a group; hides a private chat until something new is said in it.
    pub async fn leave(self) -> Result<()> {
        if self.chat.kind.is_group() {
            return self.depart().await;
        }
        let mut work = self.messenger.begin().await?;
        let (chat, user) = (self.chat.id, self.place.user);
        let last = streams::seqs(&mut work.tx, &[chat.into()]).await?.into_values().next();
        members::hide(&mut work.tx, chat, user, Some(last.unwrap_or_default())).await?;
        work.announce(user, Change::ChatLost { chat, hidden: true }).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    async fn depart(self) -> Result<()> {
        self.messenger.limit(Limit::Change(self.place.user))?;
        let (chat, user) = (self.chat.id, self.place.user);
        let mut work = self.messenger.begin().await?;
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        let name = depart(&mut work, chat, member.ok_or(Error::NotFound("member"))?).await?;
        say(&self.messenger, &mut work, chat, user, &Notice::Left { name }).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}
