//! Forwarding messages to other chats.

use std::collections::{HashMap, HashSet};

use crate::boxed;
use crate::messenger::chats::client_names::NamedChat;
use crate::messenger::foundation::{Error, Limit, Result};
use crate::messenger::messages::message::MessageInChat;
use crate::messenger::messages::post::write_batch;
use crate::messenger::messages::post_called::{RetryMark, write_called};
use crate::messenger::messages::request::{BatchMode, ChatLimit, NewMessage, PostRequest, Prechecked};
use crate::messenger::messages::retry_detection::UnacknowledgedPost;
use crate::model::{ChatId, Kind, Message, Origin};
use crate::store::users;

/// The most chats of one request.
const MAX_CHATS: usize = 20;

fn check_count(chats: usize) -> Result<()> {
    match (1..=MAX_CHATS).contains(&chats) {
        true => Ok(()),
        false => Err(Error::invalid("chat_ids", format!("must name 1 to {MAX_CHATS} chats"))),
    }
}

impl MessageInChat {
    /// Posts the message in other chats, naming where it comes from. In all of them or in none: where the caller may not
    /// post in one, nothing is posted anywhere.
    #[boxed]
    pub async fn forward(self, chats: &[ChatId], is_silent: bool) -> Result<Vec<Message>> {
        let requests = self.forwarding(chats, is_silent).await?;
        write_batch(&self.caller().messenger, &requests, BatchMode::AllOrNothing).await?.into_iter().collect()
    }

    /// The same in chats as the client names them; new names make groups without other members. Returns one message for each
    /// name, in their order.
    ///
    /// Repeated with the same identifier of the sender's, they are the same messages. Without one they are if the sender does
    /// not [get](UnacknowledgedPost::acknowledge) the answer and repeats it within 20 seconds.
    #[boxed]
    pub async fn forward_called(
        self,
        names: &[String],
        identifier: Option<&str>,
    ) -> Result<(Vec<Message>, Vec<UnacknowledgedPost>)> {
        let caller = self.caller();
        // Several names may be of one chat: it gets one message.
        let mut indices: HashMap<&str, usize> = HashMap::new();
        let mut chats: Vec<NamedChat> = Vec::new();
        check_count(names.iter().collect::<HashSet<_>>().len())?;
        for name in names {
            if indices.contains_key(name.as_str()) {
                continue;
            }
            let chat = caller.chat_named(name).await?;
            let index = chats.iter().position(|known| *known == chat).unwrap_or(chats.len());
            if index == chats.len() {
                chats.push(chat);
            }
            indices.insert(name, index);
        }
        let ids: Vec<ChatId> = chats.iter().map(NamedChat::id).collect();
        let requests = self.forwarding(&ids, false).await?;
        let mark = identifier.map_or(RetryMark::Content, |name| RetryMark::Name(name.to_owned()));
        let posted = write_called(caller, chats.into_iter().zip(requests).collect(), mark).await?;
        let (messages, unacknowledged): (Vec<Message>, Vec<_>) = posted.into_iter().unzip();
        let of_name = |name: &String| messages.get(*indices.get(name.as_str())?).cloned();
        Ok((names.iter().filter_map(of_name).collect(), unacknowledged.into_iter().flatten().collect()))
    }

    /// The requests to post the message in each of the chats.
    async fn forwarding(&self, chats: &[ChatId], is_silent: bool) -> Result<Vec<PostRequest>> {
        let (message, caller) = (self.message(), self.caller());
        let author = caller.access.user;
        let mut chats = chats.to_vec();
        let mut seen = HashSet::new();
        chats.retain(|chat| seen.insert(*chat));
        check_count(chats.len())?;
        for _ in &chats {
            caller.messenger.limit(Limit::Send(author))?;
        }
        let content = message.content.clone().ok_or(Error::NotFound("message"))?;
        if message.kind == Kind::System {
            return Err(Error::Forbidden("System messages cannot be forwarded"));
        }
        if content.is_unfinished() {
            return Err(Error::Conflict("The answer is still being written; wait until it is complete"));
        }
        // A message that was forwarded before keeps its first origin.
        let origin = match message.origin.clone() {
            Some(origin) => origin,
            None => self.origin().await?,
        };
        let files = message.attachments.clone();
        let prechecked = Prechecked { origin: Some(origin), files, is_old: false };
        let new = NewMessage { is_silent, ..NewMessage::new(content) };
        // The first post carries the idempotency key; all are written in one transaction.
        let mut attempt = caller.attempt.clone();
        let request = |chat| PostRequest {
            chat,
            author,
            new: new.clone(),
            prechecked: Some(prechecked.clone()),
            attempt: attempt.take(),
            chat_limit: ChatLimit::once(),
            fingerprint: None,
        };
        Ok(chats.into_iter().map(request).collect())
    }

    async fn origin(&self) -> Result<Origin> {
        let message = self.message();
        let mut read = self.caller().messenger.db.read().await?;
        let author = users::by_id(&mut read, message.author).await?;
        Ok(Origin {
            chat: Some(message.chat),
            message: Some(message.id),
            author: Some(message.author),
            author_name: author.map(|user| user.person.display_name).unwrap_or_default(),
            sent_at: message.sent_at,
        })
    }
}
