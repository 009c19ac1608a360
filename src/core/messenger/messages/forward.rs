//! Forwarding messages to other chats.

use crate::boxed;
use crate::messenger::foundation::{Error, Limit, Result};
use crate::messenger::messages::message::MessageInChat;
use crate::messenger::messages::post::write_batch;
use crate::messenger::messages::request::{BatchMode, ChatLimit, NewMessage, PostRequest, Prechecked};
use crate::messenger::messages::retry_detection::{self, UnacknowledgedPost};
use crate::model::{ChatId, Kind, Message, Origin};
use crate::store::users;

/// The most chats of one request.
const MAX_CHATS: usize = 20;

impl MessageInChat {
    /// Posts the message in other chats, naming where it comes from. In all of them or in none: where the caller may not
    /// post in one, nothing is posted anywhere.
    #[boxed]
    pub async fn forward(self, chats: &[ChatId], is_silent: bool) -> Result<Vec<Message>> {
        let requests = self.forwarding(chats, is_silent).await?;
        write_batch(&self.caller().messenger, &requests, BatchMode::AllOrNothing).await?.into_iter().collect()
    }

    /// The same with an identifier of the sender's: repeated with it, they are the same messages.
    #[boxed]
    pub async fn forward_as(self, chats: &[ChatId], name: &str) -> Result<Vec<Message>> {
        let mut requests = self.forwarding(chats, false).await?;
        for request in &mut requests {
            request.new.client_id = Some(NewMessage::id_of(&format!("{name}\n{}", request.chat)));
        }
        write_batch(&self.caller().messenger, &requests, BatchMode::AllOrNothing).await?.into_iter().collect()
    }

    /// The same without one. If the sender does not [get](UnacknowledgedPost::acknowledge) the answer and repeats it within
    /// 20 seconds, they stay the same messages.
    #[boxed]
    pub async fn forward_detecting_retries(
        self,
        chats: &[ChatId],
    ) -> Result<(Vec<Message>, Vec<UnacknowledgedPost>)> {
        let mut requests = self.forwarding(chats, false).await?;
        for request in &mut requests {
            request.fingerprint = Some(retry_detection::fingerprint(request));
        }
        let messenger = self.caller().messenger.clone();
        // In a task of its own: if the client is gone before it is done, that must still be recorded.
        let written = tokio::spawn(async move {
            let posted = write_batch(&messenger, &requests, BatchMode::AllOrNothing).await?;
            let posted: Vec<Message> = posted.into_iter().collect::<Result<_>>()?;
            let unacknowledged = requests.iter().zip(&posted).filter_map(|(request, message)| {
                request.fingerprint.map(|it| UnacknowledgedPost::new(&messenger, it, message.id))
            });
            let unacknowledged = unacknowledged.collect();
            Ok((posted, unacknowledged))
        });
        written.await.map_err(|error| Error::Internal(error.into()))?
    }

    /// The requests to post the message in each of the chats.
    async fn forwarding(&self, chats: &[ChatId], is_silent: bool) -> Result<Vec<PostRequest>> {
        let (message, caller) = (self.message(), self.caller());
        let author = caller.access.user;
        let mut chats = chats.to_vec();
        let mut seen = std::collections::HashSet::new();
        chats.retain(|chat| seen.insert(*chat));
        if chats.is_empty() || chats.len() > MAX_CHATS {
            return Err(Error::invalid("chat_ids", format!("must name 1 to {MAX_CHATS} chats")));
        }
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
