//! Deleting messages for everybody, with all related rows.

use std::collections::BTreeMap;

use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::{Change, ChatId, MessageId};
use crate::store::{attachments, bookmarks, edits, links, mentions, messages, polls, reactions};

/// Deletes messages for everybody and announces each.
pub(crate) async fn erase(work: &mut UnitOfWork, gone: &[(ChatId, MessageId)]) -> Result<()> {
    let threads = delete_rows(work, gone).await?;
    let events =
        gone.iter().map(|(chat, id)| ((*chat).into(), Change::MessageDeleted { id: *id, chat: *chat }));
    work.announce_all(events);
    announce_updated(work, &threads).await
}

/// Deletes many messages for everybody and announces them in one event per chat.
pub(crate) async fn erase_many(work: &mut UnitOfWork, gone: &[(ChatId, MessageId)]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let threads = delete_rows(work, gone).await?;
    let mut of_chats: BTreeMap<ChatId, Vec<MessageId>> = BTreeMap::new();
    for (chat, id) in gone {
        of_chats.entry(*chat).or_default().push(*id);
    }
    let events = of_chats.into_iter().map(|(chat, ids)| (chat.into(), Change::MessagesDeleted { chat, ids }));
    work.announce_all(events);
    announce_updated(work, &threads).await
}

/// Deletes messages with all related rows. Returns the root messages of their threads.
async fn delete_rows(work: &mut UnitOfWork, gone: &[(ChatId, MessageId)]) -> Result<Vec<MessageId>> {
    let ids: Vec<MessageId> = gone.iter().map(|(_, id)| *id).collect();
    let mut threads = messages::threads_of(&mut work.tx, &ids).await?;
    threads.retain(|root| !ids.contains(root));
    messages::delete(&mut work.tx, &ids, work.now).await?;
    delete_related(work, &ids).await?;
    Ok(threads)
}

/// Announces the current state of messages.
pub(crate) async fn announce_updated(work: &mut UnitOfWork, ids: &[MessageId]) -> Result<()> {
    let now = messages::by_ids(&mut work.tx, ids).await?;
    let events = now.into_iter().map(|message| (message.chat.into(), Change::MessageUpdated(message)));
    work.announce_all(events);
    Ok(())
}

/// Deletes what other tables hold of deleted messages.
pub(crate) async fn delete_related(work: &mut UnitOfWork, gone: &[MessageId]) -> Result<()> {
    reactions::delete_all(&mut work.tx, gone).await?;
    attachments::detach(&mut work.tx, gone).await?;
    mentions::delete_all(&mut work.tx, gone).await?;
    edits::delete_all(&mut work.tx, gone).await?;
    links::delete_all(&mut work.tx, gone).await?;
    polls::delete_all(&mut work.tx, gone).await?;
    bookmarks::delete_all(&mut work.tx, gone).await?;
    Ok(())
}
