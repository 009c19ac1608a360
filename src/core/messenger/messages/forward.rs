//! Passing a message on to other chats.

use crate::messenger::Caller;
use crate::messenger::foundation::{Error, Limit, Result};
use crate::messenger::messages::post::write_batch;
use crate::messenger::messages::request::{BatchMode, NewMessage, PostRequest, Prechecked};
use crate::messenger::messages::retry_detection::{self, UnacknowledgedPost};
use crate::model::{ChatId, Kind, Message, MessageId, Origin};
use crate::store::users;

/// To how many chats at once.
const MOST_CHATS: usize = 20;

impl Caller {
    /// Says in other chats what was said in one, naming where it comes from. In all of them or in none: where one
    /// may not post, nothing is posted anywhere.
    pub async fn forward(self, id: MessageId, chats: &[ChatId], is_silent: bool) -> Result<Vec<Message>> {
        let requests = self.forwarding(id, chats, is_silent).await?;
        write_batch(&self.messenger, &requests, BatchMode::AllOrNothing).await?.into_iter().collect()
    }

    /// The same under a name of the sender's: done again under it, they are the same messages.
    pub async fn forward_as(self, id: MessageId, chats: &[ChatId], name: &str) -> Result<Vec<Message>> {
        let mut requests = self.forwarding(id, chats, false).await?;
        for request in &mut requests {
            request.new.client_id = Some(NewMessage::id_of(&format!("{name}\n{}", request.chat)));
        }
        write_batch(&self.messenger, &requests, BatchMode::AllOrNothing).await?.into_iter().collect()
    }

    /// The same without one. When the sender does not [hear](UnacknowledgedPost::acknowledge) the answer and does it once more within 20 seconds,
    /// they are the same messages, once.
    pub async fn forward_detecting_retries(
        self,
        id: MessageId,
        chats: &[ChatId],
    ) -> Result<(Vec<Message>, Vec<UnacknowledgedPost>)> {
        let mut requests = self.forwarding(id, chats, false).await?;
        for request in &mut requests {
            request.fingerprint = Some(retry_detection::fingerprint(request));
        }
        let messenger = self.messenger;
        // By itself: whoever asked may be gone before it is done, and then that is to be noticed.
        let carried_out = tokio::spawn(async move {
            let said = write_batch(&messenger, &requests, BatchMode::AllOrNothing).await?;
            let said: Vec<Message> = said.into_iter().collect::<Result<_>>()?;
            let unacknowledged = requests.iter().zip(&said).filter_map(|(request, message)| {
                request.fingerprint.map(|it| UnacknowledgedPost::new(&messenger, it, message.id))
            });
            let unacknowledged = unacknowledged.collect();
            Ok((said, unacknowledged))
        });
        carried_out.await.map_err(|error| Error::Internal(error.into()))?
    }

    /// What there is to say in each of the chats.
    async fn forwarding(&self, id: MessageId, chats: &[ChatId], is_silent: bool) -> Result<Vec<PostRequest>> {
        let author = self.access.user;
        let mut chats = chats.to_vec();
        let mut seen = std::collections::HashSet::new();
        chats.retain(|chat| seen.insert(*chat));
        if chats.is_empty() || chats.len() > MOST_CHATS {
            return Err(Error::invalid("chat_ids", format!("must name 1 to {MOST_CHATS} chats")));
        }
        for chat in &chats {
            self.messenger.limit(Limit::Send(author))?;
            self.messenger.limit(Limit::SendToChat(*chat))?;
        }
        let message = self.message(id).await?;
        let content = message.content.clone().ok_or(Error::NotFound("message"))?;
        if message.kind == Kind::System {
            return Err(Error::Forbidden("What the server says can't be forwarded"));
        }
        if content.is_unfinished() {
            return Err(Error::Conflict("The answer is still being written; wait for its end"));
        }
        // What was forwarded before keeps its first origin.
        let origin = match message.origin.clone() {
            Some(origin) => origin,
            None => self.origin(&message).await?,
        };
        let prechecked = Prechecked { origin: Some(origin), files: message.attachments, is_old: false };
        let new = NewMessage { is_silent, ..NewMessage::new(content) };
        // One of the requests carries the request's key; they are written in one change.
        let mut attempt = self.attempt.clone();
        let request = |chat| PostRequest {
            chat,
            author,
            new: new.clone(),
            prechecked: Some(prechecked.clone()),
            attempt: attempt.take(),
            fingerprint: None,
        };
        Ok(chats.into_iter().map(request).collect())
    }

    async fn origin(&self, message: &Message) -> Result<Origin> {
        let mut read = self.messenger.db.read().await?;
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
