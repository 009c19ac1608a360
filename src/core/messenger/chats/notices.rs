//! System messages of a chat, and events for people who joined it.

use crate::messenger::Messenger;
use crate::messenger::chats::lookup::view;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::{Change, ChatId, Content, Message, MessageId, Notice, Position, Role, Stream, UserId};
use crate::store::{members, messages};

/// Announces a chat to a user who is in it now.
pub(crate) async fn announce_chat_to_one(work: &mut UnitOfWork, chat: ChatId, user: UserId) -> Result<()> {
    announce_chat_to(work, chat, &[user]).await
}

/// Announces a chat to users who have just joined it and see the same of it.
pub(crate) async fn announce_chat_to(work: &mut UnitOfWork, chat: ChatId, users: &[UserId]) -> Result<()> {
    let Some(first) = users.first() else { return Ok(()) };
    let view = view(&mut work.tx, chat, *first).await?;
    let gained = users.iter().map(|user| ((*user).into(), Change::ChatGained(Box::new(view.clone()))));
    work.announce_all(gained);
    Ok(())
}

/// Posts a system message. Returns its sequence number.
pub(crate) async fn post_notice(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    chat: ChatId,
    author: UserId,
    notice: &Notice,
) -> Result<i64> {
    let posted = insert_notice(messenger, work, chat, author, notice).await?;
    let seq = posted.seq;
    announce_notice(work, posted);
    Ok(seq)
}

/// Inserts a system message, to be announced after something else.
pub(crate) async fn insert_notice(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    chat: ChatId,
    author: UserId,
    notice: &Notice,
) -> Result<Message> {
    let place = work.reserve_seq(chat).await?;
    let id = MessageId(messenger.id());
    let message = Message::new(id, (chat, place.seq), author, Content::notice(notice), work.now);
    messages::insert_many(&mut work.tx, &[(&message, None)]).await?;
    Ok(message)
}

/// Announces an [inserted](insert_notice) system message.
pub(crate) fn announce_notice(work: &mut UnitOfWork, posted: Message) {
    let place = Position { stream: posted.chat.into(), seq: posted.seq };
    work.announce_at(place, Change::MessageCreated(posted));
}

/// Announces to a chat's admins that its invitations, code or bans have changed.
pub(crate) async fn announce_access(work: &mut UnitOfWork, chat: ChatId) -> Result<()> {
    let admins = members::with_role(&mut work.tx, chat, Role::Admin).await?;
    let events = admins.into_iter().map(|user| (Stream::from(user), Change::ChatAccess(chat)));
    work.announce_all(events);
    Ok(())
}
