//! Deleting messages for everybody, with all that belongs to them.

use std::collections::BTreeMap;

use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::{Change, ChatId, MessageId};
use crate::store::{attachments, bookmarks, edits, links, mentions, messages, polls, reactions};

/// Takes messages away from everybody, with all that belongs to them, and tells it.
pub(crate) async fn erase(work: &mut UnitOfWork, gone: &[(ChatId, MessageId)]) -> Result<()> {
    let threads = take_away(work, gone).await?;
    let told =
        gone.iter().map(|(chat, id)| ((*chat).into(), Change::MessageDeleted { id: *id, chat: *chat }));
    work.announce_all(told);
    tell_again(work, &threads).await
}

/// Takes many messages away from everybody, and tells it once in each chat.
pub(crate) async fn erase_together(work: &mut UnitOfWork, gone: &[(ChatId, MessageId)]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let threads = take_away(work, gone).await?;
    let mut of_chats: BTreeMap<ChatId, Vec<MessageId>> = BTreeMap::new();
    for (chat, id) in gone {
        of_chats.entry(*chat).or_default().push(*id);
    }
    let told = of_chats.into_iter().map(|(chat, ids)| (chat.into(), Change::MessagesDeleted { chat, ids }));
    work.announce_all(told);
    tell_again(work, &threads).await
}

/// Takes messages away with all that belongs to them. Answers the beginnings of the threads in which they stood.
async fn take_away(work: &mut UnitOfWork, gone: &[(ChatId, MessageId)]) -> Result<Vec<MessageId>> {
    let ids: Vec<MessageId> = gone.iter().map(|(_, id)| *id).collect();
    let mut threads = messages::threads_of(&mut work.tx, &ids).await?;
    threads.retain(|root| !ids.contains(root));
    messages::delete(&mut work.tx, &ids, work.now).await?;
    forget(work, &ids).await?;
    Ok(threads)
}

/// Tells how messages are now.
pub(crate) async fn tell_again(work: &mut UnitOfWork, ids: &[MessageId]) -> Result<()> {
    let now = messages::by_ids(&mut work.tx, ids).await?;
    let told = now.into_iter().map(|message| (message.chat.into(), Change::MessageUpdated(message)));
    work.announce_all(told);
    Ok(())
}

/// Takes away what other tables hold of messages that are gone.
pub(crate) async fn forget(work: &mut UnitOfWork, gone: &[MessageId]) -> Result<()> {
    reactions::delete_all(&mut work.tx, gone).await?;
    attachments::detach(&mut work.tx, gone).await?;
    mentions::delete_all(&mut work.tx, gone).await?;
    edits::delete_all(&mut work.tx, gone).await?;
    links::delete_all(&mut work.tx, gone).await?;
    polls::delete_all(&mut work.tx, gone).await?;
    bookmarks::delete_all(&mut work.tx, gone).await?;
    Ok(())
}
