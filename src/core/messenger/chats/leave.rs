//! How members leave, who inherits a group, and how it ends.

use crate::messenger::files::avatar_image;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::{Change, ChatId, Member, Role, UserId};
use crate::store::{bans, bookmarks, chat_names, chats, drafts, invites, members, topics};

/// Takes a member out of a group, and tells them and the others. If they were the owner, somebody else is now; if they
/// were the last, the group is gone.
pub(crate) async fn depart(work: &mut UnitOfWork, chat: ChatId, member: &Member) -> Result<()> {
    let user = member.user();
    members::remove(&mut work.tx, chat, user).await?;
    lose(work, chat, user, false).await?;
    work.announce(chat, Change::MemberRemoved { chat, user });
    if members::users_of(&mut work.tx, chat).await?.is_empty() {
        return end(work, chat).await;
    }
    if member.role == Role::Owner { succeed(work, chat).await } else { Ok(()) }
}

/// Tells somebody that a chat is gone for them, and takes along what was theirs alone in it.
pub(crate) async fn lose(work: &mut UnitOfWork, chat: ChatId, user: UserId, hidden: bool) -> Result<()> {
    bookmarks::delete_of_chat(&mut work.tx, chat, user).await?;
    drafts::delete_of_chat(&mut work.tx, chat, user).await?;
    work.announce(user, Change::ChatLost { chat, hidden });
    Ok(())
}

/// When the owner is gone, the first admin takes over, or the member who came first.
pub(crate) async fn succeed(work: &mut UnitOfWork, chat: ChatId) -> Result<()> {
    match members::successor(&mut work.tx, chat).await? {
        Some(heir) => give_role(work, chat, heir, Role::Owner).await,
        None => Ok(()),
    }
}

/// Writes a member's role and tells it.
pub(crate) async fn give_role(work: &mut UnitOfWork, chat: ChatId, user: UserId, role: Role) -> Result<()> {
    members::set_role(&mut work.tx, chat, user, role).await?;
    if let Some(member) = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop() {
        work.announce(chat, Change::MemberUpdated { chat, member });
    }
    Ok(())
}

/// Marks a group as gone, with all the ways into it.
pub(crate) async fn end(work: &mut UnitOfWork, chat: ChatId) -> Result<()> {
    let now = work.now;
    if let Some(before) = chats::by_id(&mut work.tx, chat).await? {
        avatar_image::replace_avatar(work, chat, before.avatar, None).await?;
    }
    chats::delete(&mut work.tx, chat, now).await?;
    invites::delete_all(&mut work.tx, chat).await?;
    bans::delete_all(&mut work.tx, chat).await?;
    drafts::delete_all(&mut work.tx, chat).await?;
    topics::delete(&mut work.tx, chat).await?;
    chat_names::delete_of_chat(&mut work.tx, chat).await?;
    Ok(())
}
