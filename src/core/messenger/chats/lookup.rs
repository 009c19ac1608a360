//! Finding a chat that a user can see, and people who are to join one.

use crate::messenger::foundation::{Error, Result};
use crate::model::{Chat, ChatId, Person, UserId};
use crate::store::chats::{self, ChatRecord};
use crate::store::members::MemberRecord;
use crate::store::{Executor, chat_list, users};

pub(crate) const MAX_MEMBERS: usize = 5_000;

/// How often to look for a chat that somebody else creates at the same time.
pub(crate) const TRIES: usize = 3;

pub(crate) const DEACTIVATED: &str = "This user's account is deactivated";

pub(crate) const NOT_A_MEMBER: &str = "You are not a member of this chat";

/// A chat that a user can see, and the membership in it.
#[derive(Debug, Clone)]
pub(crate) struct VisibleChat {
    pub chat: ChatRecord,
    pub member: MemberRecord,
    /// Whether the member has hidden messages of the chat.
    pub hides_messages: bool,
}

/// A chat and the reader's membership: 403 for a stranger, 404 when there is no such chat.
pub(crate) async fn find(run: &mut Executor, id: ChatId, user: UserId) -> Result<(ChatRecord, MemberRecord)> {
    let visible = find_visible(run, id, user).await?;
    Ok((visible.chat, visible.member))
}

/// The same, and whether the reader has hidden messages of the chat.
pub(crate) async fn find_visible(run: &mut Executor, id: ChatId, user: UserId) -> Result<VisibleChat> {
    let (chat, member) = chats::with_membership(run, id, user).await?.ok_or(Error::NotFound("chat"))?;
    let (member, hides_messages) = member.ok_or(Error::Forbidden(NOT_A_MEMBER))?;
    Ok(VisibleChat { chat, member, hides_messages })
}

pub(crate) async fn view(run: &mut Executor, chat: ChatId, reader: UserId) -> Result<Chat> {
    chat_list::one(run, reader, chat).await?.ok_or(Error::NotFound("chat"))
}

/// People who are to join a chat; all of them must exist.
pub(crate) async fn people(run: &mut Executor, field: &'static str, ids: &[UserId]) -> Result<Vec<Person>> {
    let found = users::by_ids(run, ids).await?;
    if let Some(unknown) = ids.iter().find(|id| !found.iter().any(|user| user.id() == **id)) {
        return Err(Error::invalid(field, format!("no such user: {unknown}")));
    }
    if let Some(gone) = found.iter().find(|user| user.person.is_deactivated) {
        return Err(Error::invalid(
            field,
            format!("the account of {} is deactivated", gone.person.display_name),
        ));
    }
    Ok(found.into_iter().map(|user| user.person).collect())
}
