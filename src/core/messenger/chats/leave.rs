//! Leaving a chat, succession of the owner, and deletion of a chat.

use crate::messenger::chats::lookup::DEACTIVATED;
use crate::messenger::chats::notices::post_notice;
use crate::messenger::files::avatar_image;
use crate::messenger::foundation::{Error, Result, UnitOfWork};
use crate::model::{Change, ChatId, Member, Notice, Role, Stream, UserId, WebhookScope};
use crate::store::{bans, bookmarks, chat_names, chats, drafts, invites, members, outgoing_webhooks, topics};

/// Removes a member from a group, and announces it to them and the others. An owner is succeeded by another member; when
/// nobody is left but bots, the group is deleted.
pub(crate) async fn remove_member(work: &mut UnitOfWork, chat: ChatId, member: &Member) -> Result<()> {
    let user = member.user();
    members::remove(&mut work.tx, chat, user).await?;
    announce_chat_lost(work, chat, user, false).await?;
    work.announce(chat, Change::MemberRemoved { chat, user });
    if !members::has_people(&mut work.tx, chat).await? {
        for bot in members::users_of(&mut work.tx, chat).await? {
            announce_chat_lost(work, chat, bot, false).await?;
        }
        members::remove_all(&mut work.tx, chat).await?;
        return mark_deleted(work, chat).await;
    }
    if member.role == Role::Owner { promote_successor(work, chat).await } else { Ok(()) }
}

/// Announces to a user that a chat is gone for them, and deletes their bookmarks and drafts in it.
pub(crate) async fn announce_chat_lost(
    work: &mut UnitOfWork,
    chat: ChatId,
    user: UserId,
    hidden: bool,
) -> Result<()> {
    bookmarks::delete_of_chat(&mut work.tx, chat, user).await?;
    drafts::delete_of_chat(&mut work.tx, chat, user).await?;
    work.announce(user, Change::ChatLost { chat, hidden });
    Ok(())
}

/// Makes the first admin the owner, or else the member who joined first.
pub(crate) async fn promote_successor(work: &mut UnitOfWork, chat: ChatId) -> Result<()> {
    match members::successor(&mut work.tx, chat).await? {
        Some(heir) => set_role(work, chat, heir, Role::Owner).await,
        None => Ok(()),
    }
}

/// Makes a member the owner, and the owner before an admin. A notice by `author` says so.
pub(crate) async fn hand_over(
    work: &mut UnitOfWork,
    chat: ChatId,
    before: Option<UserId>,
    member: &Member,
    author: UserId,
) -> Result<()> {
    if member.person.is_deactivated {
        return Err(Error::Conflict(DEACTIVATED));
    }
    if member.person.is_bot {
        return Err(Error::Conflict("A bot cannot look after a chat; choose a person"));
    }
    if let Some(before) = before {
        set_role(work, chat, before, Role::Admin).await?;
    }
    let user = member.user();
    set_role(work, chat, user, Role::Owner).await?;
    let messenger = work.messenger().clone();
    let notice = Notice::Owner { user, name: member.person.display_name.clone() };
    post_notice(&messenger, work, chat, author, &notice).await?;
    Ok(())
}

/// Sets a member's role and announces it.
pub(crate) async fn set_role(work: &mut UnitOfWork, chat: ChatId, user: UserId, role: Role) -> Result<()> {
    members::set_role(&mut work.tx, chat, user, role).await?;
    if let Some(member) = members::of_chat(&mut work.tx, chat, Some(user)).await?.pop() {
        work.announce(chat, Change::MemberUpdated { chat, member });
    }
    Ok(())
}

/// Deletes a group for everybody, and announces it to those who were in it. Returns how many they were.
pub(crate) async fn delete_for_everybody(work: &mut UnitOfWork, chat: ChatId) -> Result<usize> {
    let users = members::users_of(&mut work.tx, chat).await?;
    let count = users.len();
    mark_deleted(work, chat).await?;
    members::remove_all(&mut work.tx, chat).await?;
    let lost = |user: UserId| (Stream::from(user), Change::ChatLost { chat, hidden: false });
    work.announce_all(users.into_iter().map(lost));
    Ok(count)
}

/// Marks a group as deleted, and deletes its invitations, bans, drafts, names and outgoing webhooks. An incoming webhook
/// stays, so that its sender is told what happened.
pub(crate) async fn mark_deleted(work: &mut UnitOfWork, chat: ChatId) -> Result<()> {
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
    outgoing_webhooks::delete_of_scope(&mut work.tx, WebhookScope::Chat(chat)).await?;
    Ok(())
}
