//! Chats: finding, listing and making them.

use super::idempotency::Subject;
use super::membership::Membership;
use super::work::Work;
use super::{Caller, Error, Limit, Messenger, Result};
use crate::model::{Change, Chat, ChatId, ChatKind, Content, Message, MessageId, Notice, Role, UserId};
use crate::store::chats::{self, Plain, pair};
use crate::store::members::{self, Place};
use crate::store::{Run, messages, streams, users};

const LONGEST_TITLE: usize = 100;
pub(super) const MOST_MEMBERS: usize = 5_000;
pub(super) const NOT_A_MEMBER: &str = "You are not a member of this chat";

impl Caller {
    /// One's chats, the most recently active first.
    pub async fn chats(&self) -> Result<Vec<Chat>> {
        let mut read = self.messenger.db.read().await?;
        Ok(chats::of_user(&mut read, self.access.user, None).await?)
    }

    /// A chat that the caller is in.
    pub async fn chat(self, id: ChatId) -> Result<Membership> {
        let mut read = self.messenger.db.read().await?;
        let (chat, place) = find(&mut read, id, self.access.user).await?;
        drop(read);
        Ok(Membership { messenger: self.messenger, chat, place, attempt: self.attempt })
    }

    /// Makes a group with the caller as its owner.
    pub async fn create_group(self, title: &str, members: &[UserId]) -> Result<Chat> {
        let title = check_title(title)?;
        let creator = self.access.user;
        let mut ids: Vec<UserId> = members.iter().copied().filter(|id| *id != creator).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() >= MOST_MEMBERS {
            return Err(Error::invalid("member_ids", format!("at most {MOST_MEMBERS} members")));
        }
        self.messenger.limit(Limit::NewChat(creator))?;
        let mut work = self.messenger.begin().await?;
        let found = users::by_ids(&mut work.tx, &ids).await?;
        if let Some(unknown) = ids.iter().find(|id| !found.iter().any(|user| user.id() == **id)) {
            return Err(Error::invalid("member_ids", format!("there is no user {unknown}")));
        }
        let chat = self.new_chat(&mut work, ChatKind::Group, &title, None).await?;
        let notice = Notice::Created { title };
        let seq = say(&self.messenger, &mut work, chat, creator, &notice).await?;
        let mut people = vec![(creator, Role::Owner)];
        people.extend(ids.iter().map(|id| (*id, Role::Member)));
        members::insert_many(&mut work.tx, chat, &people, seq, work.now).await?;
        // A new group looks alike to all who are in it.
        let view = view(&mut work.tx, chat, creator).await?;
        let gained =
            people.iter().map(|(user, _)| ((*user).into(), Change::ChatGained(Box::new(view.clone()))));
        work.announce_all(gained.collect()).await?;
        self.finish(work, chat).await
    }

    /// The private chat with somebody: the one that there is, or a new one. Says whether it is new.
    pub async fn direct_chat(mut self, other: UserId) -> Result<(Chat, bool)> {
        let me = self.access.user;
        if other == me {
            return Err(Error::invalid("user_id", "a private chat needs somebody else"));
        }
        self.messenger.limit(Limit::NewChat(me))?;
        let mut work = self.messenger.begin().await?;
        if let Some(chat) = chats::by_pair(&mut work.tx, &pair(me, other)).await? {
            members::hide(&mut work.tx, chat.id, me, None).await?;
            return Ok((self.finish(work, chat.id).await?, false));
        }
        users::by_id(&mut work.tx, other).await?.ok_or(Error::NotFound("user"))?;
        let chat = self.new_chat(&mut work, ChatKind::Private, "", Some(pair(me, other))).await?;
        let people = [(me, Role::Member), (other, Role::Member)];
        members::insert_many(&mut work.tx, chat, &people, 0, work.now).await?;
        for (user, _) in people {
            gained(&mut work, chat, user).await?;
        }
        // Only now is it known that something new is answered.
        self.attempt = self.attempt.map(|attempt| attempt.answering(201));
        Ok((self.finish(work, chat).await?, true))
    }

    async fn new_chat(
        &self,
        work: &mut Work,
        kind: ChatKind,
        title: &str,
        pair: Option<String>,
    ) -> Result<ChatId> {
        let id = ChatId(self.messenger.id());
        let chat = Plain {
            id,
            kind,
            title: title.to_owned(),
            pair,
            is_read_only: false,
            message_life: None,
            creator_id: self.access.user,
            created_at: work.now,
        };
        chats::insert(&mut work.tx, &chat).await?;
        streams::create(&mut work.tx, &[id.into()]).await?;
        Ok(id)
    }

    async fn finish(self, mut work: Work, chat: ChatId) -> Result<Chat> {
        let view = view(&mut work.tx, chat, self.access.user).await?;
        work.once(self.attempt, Subject::Chat(chat));
        work.commit().await?;
        Ok(view)
    }
}

/// A chat and the reader's place in it: 403 for a stranger, 404 for what does not exist (v1, "foreign chat").
pub(super) async fn find(run: &mut impl Run, id: ChatId, user: UserId) -> Result<(Plain, Place)> {
    let (chat, place) = chats::with_place(run, id, user).await?.ok_or(Error::NotFound("chat"))?;
    Ok((chat, place.ok_or(Error::Forbidden(NOT_A_MEMBER))?))
}

pub(super) async fn view(run: &mut impl Run, chat: ChatId, reader: UserId) -> Result<Chat> {
    chats::of_user(run, reader, Some(chat)).await?.pop().ok_or(Error::NotFound("chat"))
}

/// Tells somebody that they are in a chat now.
pub(super) async fn gained(work: &mut Work, chat: ChatId, user: UserId) -> Result<()> {
    let view = view(&mut work.tx, chat, user).await?;
    work.announce(user, Change::ChatGained(Box::new(view))).await?;
    Ok(())
}

/// Says something about the chat in the chat. Answers its place.
pub(super) async fn say(
    messenger: &Messenger,
    work: &mut Work,
    chat: ChatId,
    author: UserId,
    notice: &Notice,
) -> Result<i64> {
    let position = work.place(chat).await?;
    let id = MessageId(messenger.id());
    let message = Message::new(id, (chat, position.seq), author, Content::notice(notice), work.now);
    messages::insert_many(&mut work.tx, &[&message]).await?;
    work.announce_at(position, Change::MessageCreated(message));
    Ok(position.seq)
}

pub(super) fn check_title(title: &str) -> Result<String> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > LONGEST_TITLE || title.chars().any(char::is_control) {
        return Err(Error::invalid("title", format!("must have 1 to {LONGEST_TITLE} characters")));
    }
    Ok(title.to_owned())
}
