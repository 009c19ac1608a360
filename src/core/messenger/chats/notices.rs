//! Telling people that they are in a chat, and what happened to it.

use crate::messenger::Messenger;
use crate::messenger::chats::lookup::view;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::{Change, ChatId, Content, Message, MessageId, Notice, Position, Role, Stream, UserId};
use crate::store::{members, messages};

/// Tells somebody that they are in a chat now.
pub(crate) async fn gained(work: &mut UnitOfWork, chat: ChatId, user: UserId) -> Result<()> {
    gained_alike(work, chat, &[user]).await
}

/// Tells people who have just come into a group, and see the same of it, that they are in it now.
pub(crate) async fn gained_alike(work: &mut UnitOfWork, chat: ChatId, users: &[UserId]) -> Result<()> {
    let Some(first) = users.first() else { return Ok(()) };
    let view = view(&mut work.tx, chat, *first).await?;
    let gained = users.iter().map(|user| ((*user).into(), Change::ChatGained(Box::new(view.clone()))));
    work.announce_all(gained);
    Ok(())
}

/// Says something about the chat in the chat. Answers its place.
pub(crate) async fn say(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    chat: ChatId,
    author: UserId,
    notice: &Notice,
) -> Result<i64> {
    let said = write(messenger, work, chat, author, notice).await?;
    let seq = said.seq;
    announce(work, said);
    Ok(seq)
}

/// Writes what is said about the chat, to be announced after something else.
pub(crate) async fn write(
    messenger: &Messenger,
    work: &mut UnitOfWork,
    chat: ChatId,
    author: UserId,
    notice: &Notice,
) -> Result<Message> {
    let place = work.reserve_seq(chat).await?;
    let id = MessageId(messenger.id());
    let message = Message::new(id, (chat, place.seq), author, Content::notice(notice), work.now);
    messages::insert_many(&mut work.tx, &[&message]).await?;
    Ok(message)
}

/// Tells what was [written](write).
pub(crate) fn announce(work: &mut UnitOfWork, said: Message) {
    let place = Position { stream: said.chat.into(), seq: said.seq };
    work.announce_at(place, Change::MessageCreated(said));
}

/// Tells those who look after a chat that the ways into it are others now.
pub(crate) async fn tell_access(work: &mut UnitOfWork, chat: ChatId) -> Result<()> {
    let admins = members::with_role(&mut work.tx, chat, Role::Admin).await?;
    let told = admins.into_iter().map(|user| (Stream::from(user), Change::ChatAccess(chat)));
    work.announce_all(told);
    Ok(())
}
