//! Groups and channels, which administrators and the operator list, delete and give to another owner.
//!
//! Private chats and saved messages are not among them: who talks with whom is nobody else's business. Whoever administers
//! a chat does not become a member of it, and reads nothing of what is said there.

use std::fmt;
use std::str::FromStr;

use serde_json::json;

use crate::boxed;
use crate::messenger::Operator;
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::chats::leave::{delete_for_everybody, hand_over};
use crate::messenger::foundation::{Actor, Error, Result, UnitOfWork};
use crate::model::{AuditAction, AuditTarget, ChatFilter, ChatId, ChatOverview, Person, Role, Time, UserId};
use crate::store::chats::{self, ChatRecord};
use crate::store::{groups, members};

const MAX_LISTED: u64 = 200;
/// The longest query, in bytes.
const MAX_QUERY: usize = 400;

/// A page of groups and channels.
#[derive(Debug)]
pub struct ChatPage {
    /// The last active first.
    pub chats: Vec<ChatOverview>,
    /// Where the next page begins; `None` when there is none.
    pub next_cursor: Option<ChatCursor>,
}

/// The place of a chat in the list: pages follow it, also when chats before it become active meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatCursor {
    active_at: Time,
    chat: ChatId,
}

impl fmt::Display for ChatCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.active_at.0, self.chat.0)
    }
}

impl FromStr for ChatCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |text: &str| i64::from_str_radix(text, 16).ok().filter(|number| *number >= 0);
        let read = || {
            let (active_at, chat) = text.split_once('-')?;
            Some(Self { active_at: Time(number(active_at)?), chat: ChatId(number(chat)?) })
        };
        read().ok_or_else(|| Error::invalid("cursor", "is not a cursor of this server"))
    }
}

impl Administrator {
    /// Groups and channels, the last active first, after one of them.
    #[boxed]
    pub async fn chats(
        &self,
        filter: &ChatFilter,
        after: Option<ChatCursor>,
        limit: Option<u64>,
    ) -> Result<ChatPage> {
        check_query(&filter.words)?;
        let limit = limit.unwrap_or(50).clamp(1, MAX_LISTED);
        let after = after.map(|after| (after.active_at, after.chat));
        let mut read = self.messenger().db.read().await?;
        // One more than asked for shows whether there is another page.
        let mut chats = groups::list(&mut read, filter, after, limit + 1).await?;
        let is_last = chats.len() as u64 <= limit;
        chats.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let last = chats.last().filter(|_| !is_last);
        let next_cursor = last.map(|last| ChatCursor { active_at: last.active_at, chat: last.id });
        Ok(ChatPage { chats, next_cursor })
    }

    /// The members of a group or channel who can become its owner, with their roles; with words, only those whose names
    /// contain them.
    #[boxed]
    pub async fn owner_candidates(
        &self,
        chat: ChatId,
        words: &str,
        limit: Option<u64>,
    ) -> Result<Vec<(Person, Role)>> {
        check_query(words)?;
        let limit = limit.unwrap_or(50).clamp(1, MAX_LISTED);
        let mut read = self.messenger().db.read().await?;
        group(chats::by_id(&mut read, chat).await?)?;
        Ok(groups::candidates(&mut read, chat, words, limit).await?)
    }

    /// Deletes a group or channel for everybody.
    #[boxed]
    pub async fn delete_chat(self, chat: ChatId) -> Result<()> {
        let mut work = self.begin_alone().await?;
        delete(&mut work, chat, self.actor()).await?;
        self.finish(work).await
    }

    /// Makes a member the owner of a group or channel.
    #[boxed]
    pub async fn set_chat_owner(self, chat: ChatId, user: UserId) -> Result<()> {
        let mut work = self.begin(user).await?;
        set_owner(&mut work, chat, user, self.actor()).await?;
        self.finish(work).await
    }
}

impl Operator {
    /// All groups and channels, the last active first.
    #[boxed]
    pub async fn chats(&self, filter: &ChatFilter) -> Result<Vec<ChatOverview>> {
        let mut all: Vec<ChatOverview> = Vec::new();
        let mut read = self.db.read().await?;
        loop {
            let after = all.last().map(|chat| (chat.active_at, chat.id));
            let some = groups::list(&mut read, filter, after, MAX_LISTED).await?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
        }
    }

    /// A group or channel.
    #[boxed]
    pub async fn chat_overview(&self, chat: ChatId) -> Result<ChatOverview> {
        groups::by_id(&mut self.db.read().await?, chat).await?.ok_or(Error::NotFound("chat"))
    }

    /// Deletes a group or channel for everybody.
    #[boxed]
    pub async fn delete_chat(&self, chat: ChatId) -> Result<()> {
        let mut work = self.begin().await?;
        delete(&mut work, chat, Actor::Operator).await?;
        work.commit().await
    }

    /// Makes a member, by username or e-mail address, the owner of a group or channel.
    #[boxed]
    pub async fn set_chat_owner(&self, chat: ChatId, name: &str) -> Result<()> {
        let (mut work, user) = self.about(name).await?;
        set_owner(&mut work, chat, user, Actor::Operator).await?;
        work.commit().await
    }
}

fn check_query(words: &str) -> Result<()> {
    match words.len() > MAX_QUERY {
        true => Err(Error::invalid("query", "is too long")),
        false => Ok(()),
    }
}

/// Fails for a chat that administrators do not see.
fn group(found: Option<ChatRecord>) -> Result<ChatRecord> {
    found.filter(|chat| chat.kind.is_group()).ok_or(Error::NotFound("chat"))
}

async fn locked(work: &mut UnitOfWork, chat: ChatId) -> Result<ChatRecord> {
    chats::lock(&mut work.tx, chat).await?;
    group(chats::by_id(&mut work.tx, chat).await?)
}

async fn delete(work: &mut UnitOfWork, chat: ChatId, by: Actor) -> Result<()> {
    let ChatRecord { title, .. } = locked(work, chat).await?;
    let members = delete_for_everybody(work, chat).await?;
    // An owner who deletes their own chat is recorded without it.
    let details = json!({"members": members, "by_administration": true});
    work.audit(by, AuditAction::ChatDelete, AuditTarget::chat(chat, &title), details).await
}

async fn set_owner(work: &mut UnitOfWork, chat: ChatId, user: UserId, by: Actor) -> Result<()> {
    let ChatRecord { title, .. } = locked(work, chat).await?;
    let member = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop();
    let member = member.ok_or(Error::NotFound("member"))?;
    if member.role == Role::Owner {
        return Ok(());
    }
    let before = members::with_role(&mut work.tx, chat, Role::Owner).await?.pop();
    // The notice is the new owner's: whoever administers the chat is not in it.
    hand_over(work, chat, before, &member, user).await?;
    let details = json!({"from_user_id": before.map(|user| user.0), "to_user_id": user.0});
    work.audit(by, AuditAction::ChatTransfer, AuditTarget::chat(chat, &title), details).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let cursor = ChatCursor { active_at: Time(1_800_000_000_000), chat: ChatId(253_402_300_927) };
        assert_eq!(cursor.to_string().parse::<ChatCursor>().unwrap(), cursor);
        for wrong in ["", "-", "1", "1-", "-1-1", "1--1", "g-1", "1-1-1", "1 -1", "ffffffffffffffffff-1"] {
            assert!(wrong.parse::<ChatCursor>().is_err(), "{wrong}");
        }
    }
}
