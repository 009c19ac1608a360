//! Chats: making, finding, changing and leaving them.

use super::idempotency::{Attempt, Subject};
use super::work::Work;
use super::{Caller, Error, Limit, Messenger, Result};
use crate::model::{
    Change, Chat, ChatId, Content, Kind, Member, Message, MessageId, Notice, Role, User, UserId,
};
use crate::store::chats::{self, Plain, pair};
use crate::store::members::{self, Place};
use crate::store::{Run, messages, streams, users};

const LONGEST_TITLE: usize = 100;
const MOST_MEMBERS: usize = 5_000;

/// A caller in a chat.
pub struct Membership {
    pub(super) messenger: Messenger,
    pub(super) chat: Plain,
    pub(super) place: Place,
    attempt: Option<Attempt>,
}

/// A caller who may change a chat.
pub struct Moderator(Membership);

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
        let chat = self.new_chat(&mut work, &title, None).await?;
        let notice = Notice::Created { title };
        let seq = say(&self.messenger, &mut work, chat, creator, &notice).await?;
        let mut people = vec![(creator, Role::Owner)];
        people.extend(ids.iter().map(|id| (*id, Role::Member)));
        members::insert_many(&mut work.tx, chat, &people, seq, work.now).await?;
        // A new group looks alike to all who are in it.
        let view = view(&mut work.tx, chat, creator).await?;
        let gained = people.iter().map(|(user, _)| ((*user).into(), Change::ChatGained(view.clone())));
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
        let chat = self.new_chat(&mut work, "", Some(pair(me, other))).await?;
        let people = [(me, Role::Member), (other, Role::Member)];
        members::insert_many(&mut work.tx, chat, &people, 0, work.now).await?;
        for (user, _) in people {
            gained(&mut work, chat, user).await?;
        }
        // Only now is it known that something new is answered.
        self.attempt = self.attempt.map(|attempt| attempt.answering(201));
        Ok((self.finish(work, chat).await?, true))
    }

    async fn new_chat(&self, work: &mut Work, title: &str, pair: Option<String>) -> Result<ChatId> {
        let id = ChatId(self.messenger.id());
        let chat = Plain {
            id,
            title: title.to_owned(),
            pair,
            creator_id: self.access.user,
            created_at: work.now,
            deleted_at: None,
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

    /// The caller as one who may change the chat.
    pub fn moderating(self) -> Result<Moderator> {
        if !self.chat.is_group() {
            return Err(Error::Forbidden("A private chat can't be changed"));
        }
        if self.place.role.moderates() {
            Ok(Moderator(self))
        } else {
            Err(Error::Forbidden("Only the chat's owner and admins may do this"))
        }
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
        if self.chat.is_group() {
            let user = self.place.user;
            return self.depart(user, None).await;
        }
        let mut work = self.messenger.begin().await?;
        let (chat, user) = (self.chat.id, self.place.user);
        let last = streams::seqs(&mut work.tx, &[chat.into()]).await?.into_values().next();
        members::hide(&mut work.tx, chat, user, Some(last.unwrap_or_default())).await?;
        work.announce(user, Change::ChatLost { chat, hidden: true }).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Deletes a group for everybody, which moderators may; hides a private chat for oneself.
    pub async fn delete(self) -> Result<()> {
        if self.chat.is_group() { self.moderating()?.delete().await } else { self.leave().await }
    }

    /// Takes somebody out of the group; `by` is whoever does it, or nobody when they leave.
    async fn depart(self, user: UserId, by: Option<Role>) -> Result<()> {
        self.messenger.limit(Limit::Change(self.place.user))?;
        let chat = self.chat.id;
        let mut work = self.messenger.begin().await?;
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        let member = member.ok_or(Error::NotFound("member"))?;
        if by.is_some_and(|by| member.role >= by) {
            return Err(Error::Forbidden("Only somebody of a lower role can be removed"));
        }
        members::remove(&mut work.tx, chat, user).await?;
        work.announce(user, Change::ChatLost { chat, hidden: false }).await?;
        work.announce(chat, Change::MemberRemoved { chat, user }).await?;
        let name = member.person.display_name;
        let notice = if by.is_some() { Notice::Removed { user, name } } else { Notice::Left { name } };
        if member.role == Role::Owner {
            succeed(&mut work, chat).await?;
        }
        say(&self.messenger, &mut work, chat, self.place.user, &notice).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
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

impl Moderator {
    pub async fn rename(self, title: &str) -> Result<Chat> {
        let title = check_title(title)?;
        let Membership { messenger, chat, place, attempt } = self.0;
        messenger.limit(Limit::Change(place.user))?;
        let chat = chat.id;
        let mut work = messenger.begin().await?;
        chats::rename(&mut work.tx, chat, &title).await?;
        work.announce(chat, Change::ChatRenamed { chat, title: title.clone() }).await?;
        say(&messenger, &mut work, chat, place.user, &Notice::Renamed { title }).await?;
        let view = view(&mut work.tx, chat, place.user).await?;
        work.once(attempt, Subject::Chat(chat));
        work.commit().await?;
        Ok(view)
    }

    /// Takes the chat away from everybody.
    pub async fn delete(self) -> Result<()> {
        let Membership { messenger, chat, attempt, .. } = self.0;
        let chat = chat.id;
        let mut work = messenger.begin().await?;
        let users = members::users_of(&mut work.tx, chat).await?;
        let now = work.now;
        chats::delete(&mut work.tx, chat, now).await?;
        members::remove_all(&mut work.tx, chat).await?;
        for user in users {
            work.announce(user, Change::ChatLost { chat, hidden: false }).await?;
        }
        work.once(attempt, Subject::Nothing);
        work.commit().await
    }

    /// Brings somebody in.
    pub async fn add(self, user: UserId) -> Result<Member> {
        let Membership { messenger, chat, place, attempt } = self.0;
        messenger.limit(Limit::AddMember(place.user))?;
        let chat = chat.id;
        let mut work = messenger.begin().await?;
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
        let seq = say(&messenger, &mut work, chat, place.user, &Notice::Added { user, name }).await?;
        members::insert_many(&mut work.tx, chat, &[(user, Role::Member)], seq, member.joined_at).await?;
        gained(&mut work, chat, user).await?;
        // With the mark: what was said before somebody came counts as read.
        let seen = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        work.once(attempt, Subject::Member(chat, user));
        work.commit().await?;
        Ok(seen.unwrap_or(member))
    }

    /// Takes somebody out who has a lower role.
    pub async fn remove(self, user: UserId) -> Result<()> {
        let role = self.0.place.role;
        self.0.depart(user, Some(role)).await
    }
}

pub(super) const NOT_A_MEMBER: &str = "You are not a member of this chat";

/// A chat and the reader's place in it: 403 for a stranger, 404 for what does not exist (v1, "foreign chat").
pub(super) async fn find(run: &mut impl Run, id: ChatId, user: UserId) -> Result<(Plain, Place)> {
    let (chat, place) = chats::with_place(run, id, user).await?.ok_or(Error::NotFound("chat"))?;
    Ok((chat, place.ok_or(Error::Forbidden(NOT_A_MEMBER))?))
}

async fn view(run: &mut impl Run, chat: ChatId, reader: UserId) -> Result<Chat> {
    chats::of_user(run, reader, Some(chat)).await?.pop().ok_or(Error::NotFound("chat"))
}

/// Tells somebody that they are in a chat now.
async fn gained(work: &mut Work, chat: ChatId, user: UserId) -> Result<()> {
    let view = view(&mut work.tx, chat, user).await?;
    work.announce(user, Change::ChatGained(view)).await?;
    Ok(())
}

/// Says something about the chat in the chat. Answers its place.
async fn say(
    messenger: &Messenger,
    work: &mut Work,
    chat: ChatId,
    author: UserId,
    notice: &Notice,
) -> Result<i64> {
    let position = work.place(chat).await?;
    let message = Message {
        id: MessageId(messenger.id()),
        chat,
        seq: position.seq,
        author,
        kind: Kind::System,
        content: Some(Content::notice(notice)),
        sent_at: work.now,
        edited_at: None,
        client_id: None,
        reactions: Vec::new(),
        attachments: Vec::new(),
    };
    messages::insert_many(&mut work.tx, &[&message]).await?;
    work.announce_at(position, Change::MessageCreated(message));
    Ok(position.seq)
}

fn check_title(title: &str) -> Result<String> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > LONGEST_TITLE || title.chars().any(char::is_control) {
        return Err(Error::invalid("title", format!("must have 1 to {LONGEST_TITLE} characters")));
    }
    Ok(title.to_owned())
}
