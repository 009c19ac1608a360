//! Messages of which their senders never heard that they were sent.
//!
//! Some clients give a message no name of their own and send it again when there was no answer, so that nothing tells
//! a repetition from a second message. But the server knows when nobody was there any more to take the answer: that is
//! written down, and the same once more, soon after, is answered with the message that there is.

use std::collections::HashMap;
use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::idempotency::digest;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::messenger::messages::request::Wish;
use crate::model::{Message, MessageId};
use crate::store::idempotency::Digest;
use crate::store::{messages, unacknowledged};

/// How long after an answer was lost the same is taken for the same message.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A message whose sender has not heard of it yet. Dropped like this, it will not: then it is written down.
#[must_use = "dropped, it means that nobody heard the answer"]
pub struct Unheard {
    messenger: Messenger,
    message: Option<(Digest, MessageId)>,
}

impl Unheard {
    pub(crate) fn new(messenger: &Messenger, fingerprint: Digest, message: MessageId) -> Self {
        Self { messenger: messenger.clone(), message: Some((fingerprint, message)) }
    }

    /// The answer was written to its connection.
    pub fn heard(mut self) {
        self.message = None;
    }

    /// Writes it down now.
    pub(crate) async fn lost(mut self) {
        if let Some(lost) = self.message.take() {
            self.messenger.note_unheard(lost).await;
        }
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        let Some(lost) = self.message.take() else { return };
        let messenger = self.messenger.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { messenger.note_unheard(lost).await });
        }
    }
}

impl Messenger {
    async fn note_unheard(&self, (fingerprint, message): (Digest, MessageId)) {
        let noted = async {
            let mut work = self.begin().await?;
            let now = work.now;
            unacknowledged::insert(&mut work.tx, fingerprint, message, now).await?;
            work.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a lost answer could not be written down");
        }
    }
}

/// What is alike when somebody says the same once more.
pub(crate) fn fingerprint(wish: &Wish) -> Digest {
    let content = &wish.new.content;
    let payload = content.payload().and_then(|payload| serde_json::to_vec(payload).ok()).unwrap_or_default();
    let origin = wish.brought.as_ref().and_then(|brought| brought.origin.as_ref()?.message);
    let number = |id: Option<MessageId>| id.map_or(0, |id| id.0).to_be_bytes();
    let text = content.text().unwrap_or_default();
    digest(&[
        b"unheard",
        &wish.author.0.to_be_bytes(),
        &wish.chat.0.to_be_bytes(),
        &number(wish.new.reply_to),
        &number(origin),
        &(content.kind() as i64).to_be_bytes(),
        // What has no fixed length says how long it is, so that nothing can run into the next.
        &(text.len() as u64).to_be_bytes(),
        text.as_bytes(),
        &payload,
    ])
}

/// The messages of which nobody heard that are said once more now. Each is found once.
pub(crate) async fn take(work: &mut UnitOfWork, wishes: &[Wish]) -> Result<HashMap<Digest, Message>> {
    let asked: Vec<Digest> = wishes.iter().filter_map(|wish| wish.fingerprint).collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let since = work.now - PATIENCE;
    let found = unacknowledged::take(&mut work.tx, &asked, since).await?;
    if found.is_empty() {
        return Ok(HashMap::new());
    }
    work.mark_changed();
    let ids: Vec<MessageId> = found.values().copied().collect();
    let there = messages::by_ids(&mut work.tx, &ids).await?;
    // What was deleted since is said anew.
    let there: HashMap<MessageId, Message> =
        there.into_iter().filter(|message| message.content.is_some()).map(|m| (m.id, m)).collect();
    Ok(found.into_iter().filter_map(|(digest, id)| Some((digest, there.get(&id)?.clone()))).collect())
}
