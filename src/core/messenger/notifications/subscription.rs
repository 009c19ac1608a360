//! The devices of a user that are sent pushes: one for each session.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::boxed;
use crate::integrations::PushClient;
use crate::messenger::foundation::secrets::sha256;
use crate::messenger::foundation::{Error, Result, Subject};
use crate::messenger::{Administrator, Caller, Messenger};
use crate::model::{PushKeys, PushLogEntry, PushSubscription, PushSubscriptionId, Time};
use crate::store::push;

/// The most entries of one page of the log.
const MAX_LOGGED: u64 = 200;

/// A device to push to, as the push service or the browser describes it.
#[derive(Debug, Clone)]
pub struct NewPushSubscription {
    pub endpoint: String,
    /// Base64.
    pub public_key: String,
    pub auth_secret: String,
    pub hides_content: bool,
    pub quiet_until: Option<Time>,
}

impl Messenger {
    /// The public key of the server by which browsers know its pushes.
    pub fn push_key(&self) -> Result<&str> {
        Ok(self.push_client()?.public_key())
    }

    fn push_client(&self) -> Result<&PushClient> {
        self.pushes.client.as_ref().ok_or(Error::NotConfigured("Push notifications are off on this server"))
    }
}

impl Caller {
    /// Has pushes sent to the device of this session, instead of any that it had before.
    #[boxed]
    pub async fn subscribe_to_pushes(self, new: NewPushSubscription) -> Result<PushSubscription> {
        let client = self.messenger.push_client()?;
        self.changes()?;
        let keys = PushKeys {
            public: decode(&new.public_key).ok_or_else(|| not_decoded("p256dh", 65))?,
            auth: decode(&new.auth_secret).ok_or_else(|| not_decoded("auth", 16))?,
        };
        client.check(&new.endpoint, &keys).map_err(|(field, reason)| Error::invalid(field, reason))?;
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        let mut subscription = PushSubscription {
            id: PushSubscriptionId(self.messenger.id()),
            user: self.access.user,
            session: self.access.session,
            endpoint: new.endpoint,
            keys,
            hides_content: new.hides_content,
            quiet_until: new.quiet_until.filter(|until| *until > work.now),
            created_at: work.now,
        };
        let hash = sha256(subscription.endpoint.as_bytes());
        for before in push::replaced(&mut work.tx, subscription.session, hash).await? {
            let is_same = before.user == subscription.user && before.endpoint == subscription.endpoint;
            if is_same {
                // What waits for it is sent nevertheless.
                (subscription.id, subscription.created_at) = (before.id, before.created_at);
                push::delete_alone(&mut work.tx, before.id).await?;
            } else {
                push::delete(&mut work.tx, &[before.id]).await?;
            }
        }
        push::insert(&mut work.tx, &subscription, hash).await?;
        work.once(self.attempt, Subject::Nothing);
        work.after_commit(|messenger| messenger.push_queue.set_used(true));
        work.commit().await?;
        Ok(subscription)
    }

    /// The caller's devices that are sent pushes, the newest first.
    #[boxed]
    pub async fn push_subscriptions(&self) -> Result<Vec<PushSubscription>> {
        Ok(push::of_user(&mut self.messenger.db.read().await?, self.access.user).await?)
    }

    /// Ends pushes to one of the caller's devices.
    #[boxed]
    pub async fn end_push_subscription(self, id: PushSubscriptionId) -> Result<()> {
        self.changes()?;
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        let own = push::of_user(&mut work.tx, self.access.user).await?;
        let found = own.iter().find(|one| one.id == id).ok_or(Error::NotFound("push subscription"))?;
        push::delete(&mut work.tx, &[found.id]).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

impl Administrator {
    /// What became of pushes, the newest first; `before` is the id of an entry.
    #[boxed]
    pub async fn push_log(&self, before: Option<i64>, limit: Option<u64>) -> Result<Vec<PushLogEntry>> {
        let limit = limit.unwrap_or(50).clamp(1, MAX_LOGGED);
        Ok(push::logged(&mut self.messenger().db.read().await?, before, limit).await?)
    }
}

fn not_decoded(name: &str, length: usize) -> Error {
    Error::invalid("keys", format!("`{name}` must be {length} bytes in Base64"))
}

/// Reads Base64 of either alphabet, with or without padding.
fn decode<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    let text = text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
