//! Listing and creating chats.

use std::collections::HashMap;

use crate::boxed;
use crate::messenger::accounts::block;
use crate::messenger::chats::lookup::{DEACTIVATED, MAX_MEMBERS, TRIES, people, view};
use crate::messenger::chats::membership::Membership;
use crate::messenger::chats::notices::{announce_chat_to, announce_chat_to_one, post_notice};
use crate::messenger::chats::short_code::new_code;
use crate::messenger::chats::validate::{check_description, check_title};
use crate::messenger::foundation::{Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::{Caller, Messenger};
use crate::model::{Chat, ChatId, ChatKind, Notice, Role, UserId};
use crate::store::chats::{self, ChatRecord, pair};
use crate::store::{self, chat_list, members, streams, users};

/// A group or channel to be created.
#[derive(Debug, Clone)]
pub struct NewGroup {
    pub title: String,
    pub description: Option<String>,
    /// A channel, which anybody can find and join.
    pub is_public: bool,
    pub is_read_only: bool,
    /// Its first members, besides the owner.
    pub members: Vec<UserId>,
}

impl NewGroup {
    /// A private group without a description, in which all members can post.
    pub fn private(title: String, members: Vec<UserId>) -> Self {
        Self { title, description: None, is_public: false, is_read_only: false, members }
    }
}

/// Whether a notice in a new chat says that it was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreationNotice {
    Posted,
    Omitted,
}

impl Caller {
    /// The caller's chats, the most recently active first.
    #[boxed]
    pub async fn chats(&self) -> Result<Vec<Chat>> {
        let (reader, messenger) = (self.access.user, self.messenger.clone());
        self.messenger.lists.get(reader, move || messenger.clone().list_chats(reader)).await
    }

    /// The members of chats, for APIs that list them with chats; nothing for chats that the caller is not in.
    #[boxed]
    pub async fn participants(&self, chats: &[ChatId]) -> Result<HashMap<ChatId, Vec<UserId>>> {
        let mut read = self.messenger.db.read().await?;
        Ok(members::users_visible_to(&mut read, self.access.user, chats).await?)
    }

    /// A chat that the caller is in.
    #[boxed]
    pub async fn chat(self, id: ChatId) -> Result<Membership> {
        let (chat, member) = self.messenger.seen_chat(id, self.access.user).await?;
        let actor = self.access.actor();
        Ok(Membership { messenger: self.messenger, chat, member, actor, attempt: self.attempt })
    }

    /// Creates a group or a channel with the caller as its owner.
    #[boxed]
    pub async fn create_group(self, new: NewGroup) -> Result<Chat> {
        let (work, chat) = self.begin_group(new).await?;
        self.finish(work, chat).await
    }

    /// Begins a unit of work that creates a group or a channel.
    pub(crate) async fn begin_group(&self, new: NewGroup) -> Result<(UnitOfWork, ChatId)> {
        let new = self.check_group(new)?;
        self.messenger.limit(Limit::NewChat(self.access.user))?;
        let mut work = self.messenger.begin().await?;
        self.check_members(&mut work, &new).await?;
        let chat = self.insert_group(&mut work, new, CreationNotice::Posted).await?;
        Ok((work, chat))
    }

    /// A group or a channel as it will be, if one may be so.
    pub(crate) fn check_group(&self, new: NewGroup) -> Result<NewGroup> {
        let title = check_title(&new.title)?;
        let description = new.description.as_deref().map(check_description).transpose()?.flatten();
        let mut members = new.members;
        members.retain(|id| *id != self.access.user);
        members.sort_unstable();
        members.dedup();
        if members.len() >= MAX_MEMBERS {
            return Err(Error::invalid("member_ids", format!("must name at most {MAX_MEMBERS} members")));
        }
        Ok(NewGroup { title, description, members, ..new })
    }

    /// Refuses members who do not exist or don't want to be added.
    pub(crate) async fn check_members(&self, work: &mut UnitOfWork, new: &NewGroup) -> Result<()> {
        people(&mut work.tx, "member_ids", &new.members).await?;
        block::check_may_be_added_by(&mut work.tx, self.access.user, &new.members, "member_ids").await
    }

    /// Inserts a group or a channel that was checked.
    pub(crate) async fn insert_group(
        &self,
        work: &mut UnitOfWork,
        new: NewGroup,
        notice: CreationNotice,
    ) -> Result<ChatId> {
        let id = ChatId(self.messenger.id());
        self.insert_group_as(work, id, new, notice).await?;
        Ok(id)
    }

    /// The same with a fresh id that is known before.
    pub(crate) async fn insert_group_as(
        &self,
        work: &mut UnitOfWork,
        id: ChatId,
        new: NewGroup,
        notice: CreationNotice,
    ) -> Result<()> {
        let NewGroup { title, description, is_public, is_read_only, members } = new;
        let creator = self.access.user;
        let kind = if is_public { ChatKind::Channel } else { ChatKind::Group };
        let mut chat = ChatRecord { id, ..self.new_chat(work, kind) };
        chat.title.clone_from(&title);
        chat.description = description;
        chat.is_read_only = is_read_only;
        if kind == ChatKind::Group {
            // Channels are joined without a code.
            chat.code = Some(new_code(&mut work.tx).await?);
        }
        chats::insert(&mut work.tx, &chat).await?;
        streams::create(&mut work.tx, &[chat.id.into()]).await?;

        let seq = match notice {
            CreationNotice::Posted => {
                post_notice(&self.messenger, work, chat.id, creator, &Notice::Created { title }).await?
            }
            CreationNotice::Omitted => 0,
        };
        let mut people = vec![(creator, Role::Owner)];
        people.extend(members.iter().map(|id| (*id, Role::Member)));
        members::insert_many(&mut work.tx, chat.id, &people, seq, work.now).await?;
        announce_chat_to_one(work, chat.id, creator).await?;
        announce_chat_to(work, chat.id, &members).await
    }

    /// The private chat with a user: the existing one, or a new one. Also returns whether it is new.
    #[boxed]
    pub async fn direct_chat(self, other: UserId) -> Result<(Chat, bool)> {
        if other == self.access.user {
            return Err(Error::invalid("user_id", "a private chat requires another user"));
        }
        self.messenger.limit(Limit::NewChat(self.access.user))?;
        self.open_pair(ChatKind::Private, other).await
    }

    /// The caller's saved messages: the existing chat, or a new one. Also returns whether it is new.
    #[boxed]
    pub async fn saved_messages(self) -> Result<(Chat, bool)> {
        let me = self.access.user;
        self.messenger.limit(Limit::NewChat(me))?;
        self.open_pair(ChatKind::Saved, me).await
    }

    /// The chat of two users, who may be the same. There is one at most.
    pub(crate) async fn open_pair(mut self, kind: ChatKind, other: UserId) -> Result<(Chat, bool)> {
        let me = self.access.user;
        for _ in 0..TRIES {
            let mut work = self.messenger.begin_for([me, other]).await?;
            if let Some(chat) = chats::by_pair(&mut work.tx, &pair(me, other)).await? {
                if members::is_hidden(&mut work.tx, chat.id, me).await? {
                    members::hide(&mut work.tx, chat.id, me, None).await?;
                    announce_chat_to_one(&mut work, chat.id, me).await?;
                }
                return Ok((self.finish(work, chat.id).await?, false));
            }
            let peer = users::by_id(&mut work.tx, other).await?.ok_or(Error::NotFound("user"))?;
            if peer.person.is_deactivated {
                return Err(Error::Conflict(DEACTIVATED));
            }
            block::check_pair_not_blocked(&mut work.tx, me, other).await?;
            let mut chat = self.new_chat(&work, kind);
            chat.pair = Some(pair(me, other));
            match chats::insert(&mut work.tx, &chat).await {
                // The other one created it at the same time: it exists now.
                Err(store::Error::Taken) => continue,
                made => made?,
            }
            streams::create(&mut work.tx, &[chat.id.into()]).await?;
            let people = match kind {
                ChatKind::Saved => vec![(me, Role::Owner)],
                _ => vec![(me, Role::Member), (other, Role::Member)],
            };
            members::insert_many(&mut work.tx, chat.id, &people, 0, work.now).await?;
            for (user, _) in people {
                announce_chat_to_one(&mut work, chat.id, user).await?;
            }
            // Only now is it known that the status is 201.
            self.attempt = self.attempt.map(|attempt| attempt.answering(201));
            return Ok((self.finish(work, chat.id).await?, true));
        }
        Err(Error::Busy)
    }

    fn new_chat(&self, work: &UnitOfWork, kind: ChatKind) -> ChatRecord {
        ChatRecord {
            id: ChatId(self.messenger.id()),
            kind,
            title: String::new(),
            description: None,
            avatar: None,
            pair: None,
            code: None,
            is_read_only: false,
            message_life: None,
            assistant_off: false,
            member_count: 0,
            creator: self.access.user,
            created_at: work.now,
        }
    }

    /// Commits a change of a chat, and returns the chat as the caller sees it then.
    pub(crate) async fn finish(self, mut work: UnitOfWork, chat: ChatId) -> Result<Chat> {
        let mut view = view(&mut work.tx, chat, self.access.user).await?;
        self.messenger.attach_presence(&mut work.tx, self.access.user, &mut view.peer).await?;
        work.once(self.attempt, Subject::Chat(chat));
        work.commit().await?;
        Ok(view)
    }
}

impl Messenger {
    async fn list_chats(self, reader: UserId) -> Result<Vec<Chat>> {
        let mut read = self.db.read().await?;
        let mut list = chat_list::of_user(&mut read, reader).await?;
        let peers = list.chats.iter_mut().filter_map(|chat| chat.peer.as_mut());
        self.attach_presence(&mut read, reader, peers).await?;
        if !list.far_behind.is_empty() {
            self.begin_counting(reader, list.far_behind);
        }
        Ok(list.chats)
    }
}
