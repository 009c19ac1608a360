//! `/push`, `/users/me/push-subscriptions`: notifications for devices that are not connected.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::{Owner, SignedIn};
use super::idempotency::Key;
use super::types::{Created, Done};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger, NewPushSubscription};
use besedka_core::model::{self, PushSubscriptionId, SessionId, Time};

pub struct Push;

/// The server's public key for pushes.
#[derive(Object)]
#[oai(example)]
struct PushKey {
    /// The `applicationServerKey` of the browser's `pushManager.subscribe`: a point on P-256 in Base64 for URLs.
    public_key: String,
}

impl Example for PushKey {
    fn example() -> Self {
        let key = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
        Self { public_key: key.to_owned() }
    }
}

/// A device to which notifications are pushed.
#[derive(Object)]
#[oai(example)]
struct PushSubscription {
    id: i64,
    /// The session with which it ends.
    session_id: i64,
    /// Whether that is the session that made the request.
    current: bool,
    endpoint: String,
    hide_content: bool,
    /// UTC, ISO 8601 without a zone; null if it is not in the future.
    quiet_until: Option<String>,
    /// UTC, ISO 8601 without a zone.
    created_at: String,
}

impl PushSubscription {
    /// `asks` is the session that made the request.
    fn new(subscription: model::PushSubscription, asks: SessionId, now: Time) -> Self {
        Self {
            id: subscription.id.0,
            session_id: subscription.session.0,
            current: subscription.session == asks,
            endpoint: subscription.endpoint,
            hide_content: subscription.hides_content,
            quiet_until: subscription.quiet_until.filter(|until| *until > now).map(Time::iso),
            created_at: subscription.created_at.iso(),
        }
    }
}

impl Example for PushSubscription {
    fn example() -> Self {
        Self {
            id: 253_402_301_247,
            session_id: 253_402_301_055,
            current: true,
            endpoint: "https://push.example.org/send/f3a1".to_owned(),
            hide_content: false,
            quiet_until: None,
            created_at: "2024-03-26T10:00:00".to_owned(),
        }
    }
}

/// The keys with which pushes are encrypted for a device.
#[derive(Object)]
struct PushKeys {
    /// The device's public key: 65 bytes in Base64.
    p256dh: String,
    /// A secret of the device: 16 bytes in Base64.
    auth: String,
}

/// A device to push notifications to: what `PushSubscription.toJSON()` returns in a browser, or the endpoint and the keys
/// that UnifiedPush gives an app.
#[derive(Object)]
#[oai(example)]
struct NewSubscription {
    /// The address at the push service: `https` and public.
    endpoint: String,
    keys: PushKeys,
    /// Not used.
    #[oai(rename = "expirationTime")]
    expiration_time: Option<f64>,
    /// Push only that there is a message, without its text, author and chat title.
    #[oai(default)]
    hide_content: bool,
    /// Do not disturb: push nothing until then. UTC, ISO 8601.
    quiet_until: Option<String>,
}

impl Example for NewSubscription {
    fn example() -> Self {
        Self {
            endpoint: "https://push.example.org/send/f3a1".to_owned(),
            keys: PushKeys {
                p256dh: PushKey::example().public_key,
                auth: "BTBZMqHH6r4Tts7J_aSIgg".to_owned(),
            },
            expiration_time: None,
            hide_content: false,
            quiet_until: None,
        }
    }
}

#[OpenApi(tag = "Area::Push")]
impl Push {
    /// Get the server's public key for pushes
    ///
    /// Answers 503 with code `not_configured` if pushes are off on this server.
    #[oai(path = "/push/key", method = "get", operation_id = "pushKey")]
    async fn key(&self, messenger: Data<&Messenger>, _caller: SignedIn) -> Answer<Json<PushKey>> {
        Ok(Json(PushKey { public_key: messenger.push_key()?.to_owned() }))
    }

    /// List devices with pushes
    ///
    /// Sorted newest first.
    #[oai(path = "/users/me/push-subscriptions", method = "get", operation_id = "pushSubscriptions")]
    async fn list(&self, messenger: Data<&Messenger>, caller: Owner) -> Answer<Json<Vec<PushSubscription>>> {
        let (asks, now) = (caller.0.session, messenger.clock.now());
        let found = messenger.as_user(caller.0).push_subscriptions().await?;
        Ok(Json(found.into_iter().map(|one| PushSubscription::new(one, asks, now)).collect()))
    }

    /// Push notifications to this device
    ///
    /// Each session has one device; another endpoint replaces the one before, and the same endpoint changes its settings.
    /// It ends with the session, and when the push service no longer knows it. Requests to push services have a `TTL` of
    /// up to a day, a `Topic` for each chat, and the `Urgency` `high` for private chats and mentions. They contain JSON
    /// (`type` is `message`; `chat_id`, `message_id` and, unless `hide_content` is set, `chat_title`, `author_id`,
    /// `author_name`, `text` and `mention`), encrypted with `aes128gcm` (RFC 8291). Messages are not pushed that are the
    /// user's own, read, silent or in a muted chat, those that the chat's `notify` excludes, and, for half a minute,
    /// those that come while the user is online.
    #[oai(path = "/users/me/push-subscriptions", method = "post", operation_id = "subscribeToPushes")]
    async fn subscribe(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewSubscription>,
    ) -> Answer<Created<PushSubscription>> {
        let NewSubscription { endpoint, keys, hide_content, quiet_until, .. } = body.0;
        let time = |text: String| {
            Time::read(&text).ok_or_else(|| {
                Error::invalid("quiet_until", "must be an ISO 8601 timestamp, such as 2024-03-26T12:00:00")
            })
        };
        let new = NewPushSubscription {
            endpoint,
            public_key: keys.p256dh,
            auth_secret: keys.auth,
            hides_content: hide_content,
            quiet_until: quiet_until.map(time).transpose()?,
        };
        let (asks, now) = (caller.0.session, messenger.clock.now());
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let made = caller.subscribe_to_pushes(new).await?;
        Ok(Created::Created(Json(PushSubscription::new(made, asks, now))))
    }

    /// End pushes to a device
    #[oai(path = "/users/me/push-subscriptions/:id", method = "delete", operation_id = "endPushSubscription")]
    async fn end(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.end_push_subscription(PushSubscriptionId(id.0)).await?;
        Ok(Done::Done)
    }
}
