//! Passing a message on to other chats.

use crate::messenger::Caller;
use crate::messenger::foundation::{Error, Limit, Result};
use crate::messenger::messages::post::carry_out;
use crate::messenger::messages::request::{Brought, Keys, NewMessage, Wish};
use crate::messenger::messages::retry_detection::{self, Unheard};
use crate::model::{ChatId, Kind, Message, MessageId, Origin};
use crate::store::users;

/// To how many chats at once.
const MOST_CHATS: usize = 20;

impl Caller {
    /// Says in other chats what was said in one, naming where it comes from. In all of them or in none: where one
    /// may not post, nothing is posted anywhere.
    pub async fn forward(self, id: MessageId, chats: &[ChatId], is_silent: bool) -> Result<Vec<Message>> {
        let wishes = self.forwarding(id, chats, is_silent).await?;
        carry_out(&self.messenger, &wishes, Keys::Whole).await?.into_iter().collect()
    }

    /// The same under a name of the sender's: done again under it, they are the same messages.
    pub async fn forward_named(self, id: MessageId, chats: &[ChatId], name: &str) -> Result<Vec<Message>> {
        let mut wishes = self.forwarding(id, chats, false).await?;
        for wish in &mut wishes {
            wish.new.client_id = Some(NewMessage::id_of(&format!("{name}\n{}", wish.chat)));
        }
        carry_out(&self.messenger, &wishes, Keys::Whole).await?.into_iter().collect()
    }

    /// The same without one. When the sender does not [hear](Unheard::heard) the answer and does it once more within 20 seconds,
    /// they are the same messages, once.
    pub async fn forward_unnamed(
        self,
        id: MessageId,
        chats: &[ChatId],
    ) -> Result<(Vec<Message>, Vec<Unheard>)> {
        let mut wishes = self.forwarding(id, chats, false).await?;
        for wish in &mut wishes {
            wish.fingerprint = Some(retry_detection::fingerprint(wish));
        }
        let messenger = self.messenger;
        // By itself: whoever asked may be gone before it is done, and then that is to be noticed.
        let carried_out = tokio::spawn(async move {
            let said = carry_out(&messenger, &wishes, Keys::Whole).await?;
            let said: Vec<Message> = said.into_iter().collect::<Result<_>>()?;
            let unheard = wishes.iter().zip(&said).filter_map(|(wish, message)| {
                wish.fingerprint.map(|it| Unheard::new(&messenger, it, message.id))
            });
            let unheard = unheard.collect();
            Ok((said, unheard))
        });
        carried_out.await.map_err(|error| Error::Internal(error.into()))?
    }

    /// What there is to say in each of the chats.
    async fn forwarding(&self, id: MessageId, chats: &[ChatId], is_silent: bool) -> Result<Vec<Wish>> {
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
            return Err(Error::Forbidden("System messages cannot be forwarded"));
        }
        if content.is_unfinished() {
            return Err(Error::Conflict("The answer is still being written; wait until it is complete"));
        }
        // What was forwarded before keeps its first origin.
        let origin = match message.origin.clone() {
            Some(origin) => origin,
            None => self.origin(&message).await?,
        };
        let brought = Brought { origin: Some(origin), files: message.attachments, is_old: false };
        let new = NewMessage { is_silent, ..NewMessage::new(content) };
        // One of the wishes carries the request's key; they are written in one change.
        let mut attempt = self.attempt.clone();
        let wish = |chat| Wish {
            chat,
            author,
            new: new.clone(),
            brought: Some(brought.clone()),
            attempt: attempt.take(),
            fingerprint: None,
        };
        Ok(chats.into_iter().map(wish).collect())
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
