//! Joining groups and channels: added by others, or by oneself.

use crate::boxed;
use crate::messenger::accounts::block;
use crate::messenger::chats::leave::set_role;
use crate::messenger::chats::lookup::{DEACTIVATED, MAX_MEMBERS, people};
use crate::messenger::chats::membership::Membership;
use crate::messenger::chats::moderation::Moderator;
use crate::messenger::chats::notices::{announce_chat_to, announce_notice, insert_notice};
use crate::messenger::foundation::{Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::{Caller, Messenger};
use crate::model::{
    Change, Channel, Chat, ChatId, ChatKind, Member, MessageId, Notice, Person, Right, Role, UserId,
};
use crate::store::{bans, channels, chats, members, users};

/// The most people that are added at once.
const MAX_AT_ONCE: usize = 100;
const MAX_FOUND: u64 = 100;

impl Moderator {
    /// Adds a user.
    #[boxed]
    pub async fn add_member(self, user: UserId) -> Result<Member> {
        self.add_as(user, Role::Member).await
    }

    /// Adds a user with a role.
    #[boxed]
    pub async fn add_as(mut self, user: UserId, role: Role) -> Result<Member> {
        self.messenger.limit(Limit::AddMember(self.member.user))?;
        let mut work = self.begin_with_right(Right::AddMembers).await?;
        match role {
            Role::Member => {}
            Role::Admin => self.may(Right::ChangeRoles)?,
            Role::Owner => {
                return Err(Error::invalid("role", "only a member can become the owner"));
            }
        }
        let chat = self.chat.id;
        let found = users::by_id(&mut work.tx, user).await?.ok_or(Error::NotFound("user"))?;
        if found.person.is_deactivated {
            return Err(Error::Conflict(DEACTIVATED));
        }
        block::check_may_be_added_by(&mut work.tx, self.member.user, &[user], "user_id").await?;
        add_people(&self.messenger, &mut work, chat, Some(self.member.user), vec![found.person]).await?;
        if role != Role::Member {
            set_role(&mut work, chat, user, role).await?;
        }
        let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
        self.commit(work, Subject::Member(chat, user)).await?;
        member.ok_or(Error::NotFound("member"))
    }

    /// Adds several users at once. Those who are members already stay as they are.
    #[boxed]
    pub async fn add_all(mut self, users: &[UserId]) -> Result<Vec<Member>> {
        let mut ids = users.to_vec();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() || ids.len() > MAX_AT_ONCE {
            return Err(Error::invalid("user_ids", format!("must name 1 to {MAX_AT_ONCE} people")));
        }
        let mut work = self.begin_with_right(Right::AddMembers).await?;
        let chat = self.chat.id;
        let known = people(&mut work.tx, "user_ids", &ids).await?;
        block::check_may_be_added_by(&mut work.tx, self.member.user, &ids, "user_ids").await?;
        let mut new = Vec::new();
        for person in known {
            if members::find(&mut work.tx, chat, person.id).await?.is_none() {
                self.messenger.limit(Limit::AddMember(self.member.user))?;
                new.push(person);
            }
        }
        let Newcomers { members, posted } =
            add_people(&self.messenger, &mut work, chat, Some(self.member.user), new).await?;
        self.commit(work, posted.map_or(Subject::Nothing, |posted| Subject::Added(chat, posted))).await?;
        Ok(members)
    }
}

impl Membership {
    /// Those who were added by one [`Moderator::add_all`], by its system message.
    #[boxed]
    pub async fn added(&self, posted: MessageId) -> Result<Vec<Member>> {
        let mut read = self.messenger.db.read().await?;
        let message = crate::store::messages::by_id(&mut read, posted).await?;
        let content =
            message.filter(|message| message.chat == self.chat.id).and_then(|message| message.content);
        let mut added = Vec::new();
        for user in content.as_ref().map(Notice::added).unwrap_or_default() {
            added.extend(members::of_chat(&mut read, self.chat.id, Some(user)).await?);
        }
        Ok(added)
    }
}

impl Caller {
    /// Public channels in whose title the words stand, by title, after one of them.
    #[boxed]
    pub async fn channels(
        &self,
        words: &str,
        after: Option<ChatId>,
        limit: Option<u64>,
    ) -> Result<Vec<Channel>> {
        let reader = self.access.user;
        self.messenger.limit(Limit::Search(reader))?;
        if words.chars().count() > 100 {
            return Err(Error::invalid("q", "is too long"));
        }
        let limit = limit.unwrap_or(50).clamp(1, MAX_FOUND);
        let mut read = self.messenger.db.read().await?;
        Ok(channels::search(&mut read, reader, words, after, limit).await?)
    }

    /// Joins a public channel.
    #[boxed]
    pub async fn join(self, chat: ChatId) -> Result<Chat> {
        self.changes()?;
        let user = self.access.user;
        let mut work = self.messenger.begin().await?;
        let found = chats::by_id(&mut work.tx, chat).await?.ok_or(Error::NotFound("chat"))?;
        if found.kind != ChatKind::Channel {
            return Err(match members::find(&mut work.tx, chat, user).await? {
                Some(_) => Error::Conflict(MEMBER_ALREADY),
                None => Error::Forbidden("This chat can only be joined by invitation"),
            });
        }
        join_chat(&self.messenger, &mut work, chat, user).await?;
        self.finish(work, chat).await
    }
}

const MEMBER_ALREADY: &str = "You are already a member";

/// Adds a user who joins by themselves.
pub(crate) async fn join_chat(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    chat: ChatId,
    user: UserId,
) -> Result<()> {
    chats::lock(&mut work.tx, chat).await?;
    if members::find(&mut work.tx, chat, user).await?.is_some() {
        return Err(Error::Conflict(MEMBER_ALREADY));
    }
    if !bans::among(&mut work.tx, chat, &[user]).await?.is_empty() {
        return Err(Error::Forbidden("You are banned from this chat"));
    }
    let found = users::by_id(&mut work.tx, user).await?.ok_or(Error::Unauthorized)?;
    add_people(messenger, work, chat, None, vec![found.person]).await?;
    Ok(())
}

/// Those who joined, and the system message about it.
struct Newcomers {
    members: Vec<Member>,
    posted: Option<MessageId>,
}

/// Adds people to a group, posts a system message, and announces the chat to them. `by` is `None` when they join by
/// themselves.
async fn add_people(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    chat: ChatId,
    by: Option<UserId>,
    people: Vec<Person>,
) -> Result<Newcomers> {
    let ids: Vec<UserId> = people.iter().map(|person| person.id).collect();
    let Some(first) = people.first() else {
        return Ok(Newcomers { members: Vec::new(), posted: None });
    };
    for id in &ids {
        if members::find(&mut work.tx, chat, *id).await?.is_some() {
            return Err(Error::Conflict("This user is already a member"));
        }
    }
    if !bans::among(&mut work.tx, chat, &ids).await?.is_empty() {
        return Err(Error::Conflict("A banned user cannot be added; lift the ban first"));
    }
    let found = chats::by_id(&mut work.tx, chat).await?.ok_or(Error::NotFound("chat"))?;
    if usize::try_from(found.member_count).unwrap_or_default() + ids.len() > MAX_MEMBERS {
        return Err(Error::Conflict("The group is full: it has 5,000 members"));
    }
    let name = first.display_name.clone();
    let notice = match by {
        None => Notice::Joined { name },
        Some(_) if people.len() == 1 => Notice::Added { user: first.id, name },
        Some(_) => {
            let people = people.iter().map(|person| (person.id, person.display_name.clone()));
            Notice::AddedMany { people: people.collect() }
        }
    };
    let author = by.unwrap_or(first.id);
    // They receive what comes after the notice; earlier messages count as read.
    let places = work.reserve_seqs(chat, people.len() as i64).await?;
    let posted = insert_notice(messenger, work, chat, author, &notice).await?;
    let seats: Vec<_> = ids.iter().map(|id| (*id, Role::Member)).collect();
    let now = work.now;
    members::insert_many(&mut work.tx, chat, &seats, posted.seq, now).await?;
    let mut newcomers = Newcomers { members: Vec::with_capacity(ids.len()), posted: Some(posted.id) };
    for (id, place) in ids.iter().zip(places) {
        let member = members::of_chat(&mut work.tx, chat, Some(*id)).await?.pop();
        let member = member.ok_or(Error::NotFound("member"))?;
        work.announce_at(place, Change::MemberAdded { chat, member: member.clone() });
        newcomers.members.push(member);
    }
    announce_notice(work, posted);
    announce_chat_to(work, chat, &ids).await?;
    Ok(newcomers)
}
