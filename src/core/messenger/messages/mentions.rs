//! Who is mentioned in a message.

use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::{ChatId, Content, Mentions, Message, Parts, UserId};
use crate::store::{mentions, messages};

/// The members of a chat that names and ids refer to; never the author.
pub(crate) async fn find_mentioned(
    work: &mut UnitOfWork,
    chat: ChatId,
    author: UserId,
    named: Mentions,
    ids: Vec<UserId>,
) -> Result<(Vec<UserId>, bool)> {
    const MAX_MENTIONS: usize = 100;
    let names = named.names.iter().flatten().map(|name| (chat, name.clone()));
    let members = mentions::members_named(&mut work.tx, names).await?;
    let longest =
        |readings: &Vec<String>| readings.iter().find_map(|name| members.get(&(chat, name.clone()))).copied();
    let mut users: Vec<UserId> = named.names.iter().filter_map(longest).collect();
    let ids = ids.into_iter().take(MAX_MENTIONS).map(|user| (chat, user));
    users.extend(mentions::members_among(&mut work.tx, ids).await?.into_iter().map(|(_, user)| user));
    users.retain(|user| *user != author);
    users.sort_unstable();
    users.dedup();
    Ok((users, named.everybody))
}

/// Finds the mentions of an edited message again. Whoever was chosen by id, and not named in the old text, stays mentioned.
pub(crate) async fn update_mentions(
    work: &mut UnitOfWork,
    message: &Message,
    content: Content,
) -> Result<()> {
    let named = content.text().map(Mentions::in_text).unwrap_or_default();
    if named == Mentions::default() && !message.parts.has(Parts::MENTIONS) {
        return Ok(());
    }
    let old = message.content.as_ref().and_then(Content::text).map(Mentions::in_text).unwrap_or_default();
    let (named_before, _) = find_mentioned(work, message.chat, message.author, old, Vec::new()).await?;
    let chosen = message.mentions.iter().copied().filter(|user| !named_before.contains(user)).collect();
    let (users, all) = find_mentioned(work, message.chat, message.author, named, chosen).await?;
    mentions::delete_all(&mut work.tx, &[message.id]).await?;
    let now = Message { mentions: users, mentions_all: all, content: Some(content), ..message.clone() };
    mentions::insert_many(&mut work.tx, [&now]).await?;
    Ok(messages::set_parts(&mut work.tx, &[message.id], Parts::MENTIONS).await?)
}
