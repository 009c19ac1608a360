//! Detecting retries of posts that have no `client_id`.
//!
//! Some clients give a message no identifier and send it again when there was no answer, so a retry looks like a second
//! message. But the server knows when an answer could not be delivered: it records that, and the same post shortly
//! after is answered with the existing message.

use std::collections::HashMap;
use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::idempotency::digest;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::messenger::messages::request::PostRequest;
use crate::model::{Message, MessageId};
use crate::store::idempotency::Digest;
use crate::store::{messages, unacknowledged};

/// How long after an answer was lost an equal post is taken for a retry.
pub(crate) const RETRY_WINDOW: Duration = Duration::from_secs(20);

/// A post whose answer has not been delivered yet. Dropped without [`UnacknowledgedPost::acknowledge`], it is recorded
/// as lost.
#[must_use = "dropped, it means that the answer was not delivered"]
pub struct UnacknowledgedPost {
    messenger: Messenger,
    message: Option<(Digest, MessageId)>,
}

impl UnacknowledgedPost {
    pub(crate) fn new(messenger: &Messenger, fingerprint: Digest, message: MessageId) -> Self {
        Self { messenger: messenger.clone(), message: Some((fingerprint, message)) }
    }

    /// The answer was written to its connection.
    pub fn acknowledge(mut self) {
        self.message = None;
    }

    /// Records it as lost now.
    pub(crate) async fn record(mut self) {
        if let Some(lost) = self.message.take() {
            self.messenger.record_unacknowledged(lost).await;
        }
    }
}

impl Drop for UnacknowledgedPost {
    fn drop(&mut self) {
        let Some(lost) = self.message.take() else { return };
        let messenger = self.messenger.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { messenger.record_unacknowledged(lost).await });
        }
    }
}

impl Messenger {
    async fn record_unacknowledged(&self, (fingerprint, message): (Digest, MessageId)) {
        let noted = async {
            let mut work = self.begin().await?;
            let now = work.now;
            unacknowledged::insert(&mut work.tx, fingerprint, message, now).await?;
            work.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a lost answer could not be recorded");
        }
    }
}

/// What a post and its retry have in common.
pub(crate) fn fingerprint(request: &PostRequest) -> Digest {
    let content = &request.new.content;
    let payload = content.payload().and_then(|payload| serde_json::to_vec(payload).ok()).unwrap_or_default();
    let origin = request.prechecked.as_ref().and_then(|prechecked| prechecked.origin.as_ref()?.message);
    let number = |id: Option<MessageId>| id.map_or(0, |id| id.0).to_be_bytes();
    let text = content.text().unwrap_or_default();
    digest(&[
        b"unheard",
        &request.author.0.to_be_bytes(),
        &request.chat.0.to_be_bytes(),
        &number(request.new.reply_to),
        &number(origin),
        &(content.kind() as i64).to_be_bytes(),
        // Values of variable length are preceded by their length, so that no two posts give the same bytes.
        &(text.len() as u64).to_be_bytes(),
        text.as_bytes(),
        &payload,
    ])
}

/// Whether what has this fingerprint is retried now. It is found once.
pub(crate) async fn is_retry(work: &mut UnitOfWork, fingerprint: Digest) -> Result<bool> {
    let since = work.now - RETRY_WINDOW;
    let is_retry = !unacknowledged::take(&mut work.tx, &[fingerprint], since).await?.is_empty();
    if is_retry {
        work.mark_changed();
    }
    Ok(is_retry)
}

/// The existing messages of posts that are retried now. Each is found once.
pub(crate) async fn take(
    work: &mut UnitOfWork,
    requests: &[PostRequest],
) -> Result<HashMap<Digest, Message>> {
    let asked: Vec<Digest> = requests.iter().filter_map(|request| request.fingerprint).collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let since = work.now - RETRY_WINDOW;
    let found = unacknowledged::take(&mut work.tx, &asked, since).await?;
    if found.is_empty() {
        return Ok(HashMap::new());
    }
    work.mark_changed();
    let ids: Vec<MessageId> = found.values().copied().collect();
    let there = messages::by_ids(&mut work.tx, &ids).await?;
    // A message that was deleted since is posted anew.
    let there: HashMap<MessageId, Message> =
        there.into_iter().filter(|message| message.content.is_some()).map(|m| (m.id, m)).collect();
    Ok(found.into_iter().filter_map(|(digest, id)| Some((digest, there.get(&id)?.clone()))).collect())
}
