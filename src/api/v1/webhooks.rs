//! Webhooks: `/chats/{id}/webhooks`, by which programs post, and `/outgoing-webhooks`, which tell programs about events.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::{Observer, Owner, SignedIn, Visit};
use super::idempotency::Key;
use super::types::{
    Created, Delivery, Done, OutgoingWebhook, OutgoingWebhookWithSecret, Webhook, WebhookEvent,
    WebhookWithUrl,
};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{
    ManagedWebhook, Messenger, Moderator, NewOutgoingWebhook, OutgoingWebhookChange,
};
use besedka_core::model::{ChatId, DeliveryId, IncomingWebhookId, OutgoingWebhookId, UserId};

pub struct Webhooks;

/// The name of an incoming webhook.
#[derive(Object)]
#[oai(example)]
struct WebhookName {
    /// Shown as the author of its messages, 1 to 64 characters.
    name: String,
}

impl Example for WebhookName {
    fn example() -> Self {
        Self { name: "Alertmanager".to_owned() }
    }
}

/// A new outgoing webhook.
#[derive(Object)]
#[oai(example)]
struct OutgoingWebhookRequest {
    /// 1 to 64 characters.
    name: String,
    /// The http or https URL to which events are sent. Addresses that are not public are refused unless the server's
    /// operator allows them (`--webhook-allow`).
    url: String,
    /// By default `message.created`, and for a bot `command.invoked` too.
    #[oai(default)]
    events: Vec<WebhookEvent>,
}

impl From<OutgoingWebhookRequest> for NewOutgoingWebhook {
    fn from(request: OutgoingWebhookRequest) -> Self {
        let OutgoingWebhookRequest { name, url, events } = request;
        Self { name, url, events: events.into_iter().map(Into::into).collect() }
    }
}

impl Example for OutgoingWebhookRequest {
    fn example() -> Self {
        Self {
            name: "Archive".to_owned(),
            url: "https://archive.example.org/besedka".to_owned(),
            events: vec![WebhookEvent::MessageCreated, WebhookEvent::MessageUpdated],
        }
    }
}

/// Changes of an outgoing webhook; what is missing stays.
#[derive(Object)]
#[oai(example)]
struct OutgoingWebhookPatch {
    name: Option<String>,
    url: Option<String>,
    events: Option<Vec<WebhookEvent>>,
    /// A webhook that is switched on again begins with the next event.
    enabled: Option<bool>,
}

impl Example for OutgoingWebhookPatch {
    fn example() -> Self {
        Self { name: None, url: None, events: None, enabled: Some(true) }
    }
}

#[OpenApi(tag = "Area::Webhooks")]
impl Webhooks {
    /// List incoming webhooks
    ///
    /// Only for the owner and admins. Sorted oldest first; the secret URLs are not included.
    #[oai(path = "/chats/:chat_id/webhooks", method = "get", operation_id = "webhooks")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
    ) -> Answer<Json<Vec<Webhook>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        let found = chat.moderating()?.webhooks().await?;
        Ok(Json(found.into_iter().map(Webhook::from).collect()))
    }

    /// Create an incoming webhook
    ///
    /// Only for the owner and admins. Returns a URL to which programs POST messages in the formats of Slack and
    /// Mattermost. The URL is only returned in this response.
    #[oai(path = "/chats/:chat_id/webhooks", method = "post", operation_id = "createWebhook")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<WebhookName>,
    ) -> Answer<Created<WebhookWithUrl>> {
        let chat = moderator(&messenger, caller, &key, StatusCode::CREATED, chat_id.0).await?;
        let made = chat.create_webhook(&body.0.name).await?;
        Ok(Created::Created(Json(WebhookWithUrl::new(made, &visit.base))))
    }

    /// Rename an incoming webhook
    ///
    /// Only for the owner and admins. The author of its earlier messages is renamed too.
    #[oai(path = "/chats/:chat_id/webhooks/:id", method = "patch", operation_id = "renameWebhook")]
    async fn rename(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        id: Path<i64>,
        body: JsonBody<WebhookName>,
    ) -> Answer<Json<Webhook>> {
        let chat = moderator(&messenger, caller, &key, StatusCode::OK, chat_id.0).await?;
        Ok(Json(chat.rename_webhook(IncomingWebhookId(id.0), &body.0.name).await?.into()))
    }

    /// Replace an incoming webhook's URL
    ///
    /// Only for the owner and admins. The URL before is no longer valid.
    #[oai(path = "/chats/:chat_id/webhooks/:id/rotate", method = "post", operation_id = "rotateWebhook")]
    async fn rotate(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        id: Path<i64>,
    ) -> Answer<Json<WebhookWithUrl>> {
        let chat = moderator(&messenger, caller, &key, StatusCode::OK, chat_id.0).await?;
        let made = chat.rotate_webhook(IncomingWebhookId(id.0)).await?;
        Ok(Json(WebhookWithUrl::new(made, &visit.base)))
    }

    /// Delete an incoming webhook
    ///
    /// Only for the owner and admins. Its messages are kept.
    #[oai(path = "/chats/:chat_id/webhooks/:id", method = "delete", operation_id = "deleteWebhook")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        id: Path<i64>,
    ) -> Answer<Done> {
        let chat = moderator(&messenger, caller, &key, StatusCode::NO_CONTENT, chat_id.0).await?;
        chat.delete_webhook(IncomingWebhookId(id.0)).await?;
        Ok(Done::Done)
    }

    /// List a chat's outgoing webhooks
    ///
    /// Only for the owner and admins. Sorted oldest first.
    #[oai(path = "/chats/:chat_id/outgoing-webhooks", method = "get", operation_id = "outgoingWebhooks")]
    async fn outgoing(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        chat_id: Path<i64>,
    ) -> Answer<Json<Vec<OutgoingWebhook>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        let found = chat.moderating()?.outgoing_webhooks().await?;
        Ok(Json(found.into_iter().map(OutgoingWebhook::from).collect()))
    }

    /// Create an outgoing webhook for a chat
    ///
    /// Only for the owner and admins. Sends the chat's events to a URL, signed as Standard Webhooks define it. What
    /// bots and incoming webhooks post is not sent, so that two programs do not answer each other for ever. The
    /// signing secret is only returned in this response.
    #[oai(
        path = "/chats/:chat_id/outgoing-webhooks",
        method = "post",
        operation_id = "createOutgoingWebhook"
    )]
    async fn create_outgoing(
        &self,
        messenger: Data<&Messenger>,
        caller: Observer,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<OutgoingWebhookRequest>,
    ) -> Answer<Created<OutgoingWebhookWithSecret>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let chat = caller.chat(ChatId(chat_id.0)).await?.moderating()?;
        Ok(Created::Created(Json(chat.create_outgoing_webhook(body.0.into()).await?.into())))
    }

    /// List a bot's outgoing webhooks
    #[oai(path = "/bots/:bot_id/outgoing-webhooks", method = "get", operation_id = "botOutgoingWebhooks")]
    async fn of_bot(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        bot_id: Path<i64>,
    ) -> Answer<Json<Vec<OutgoingWebhook>>> {
        let found = messenger.as_user(caller.0).bot(UserId(bot_id.0)).await?.outgoing_webhooks().await?;
        Ok(Json(found.into_iter().map(OutgoingWebhook::from).collect()))
    }

    /// Create an outgoing webhook for a bot
    ///
    /// Only for the bot's owner and server administrators. Sends the events of all chats of the bot, and its slash
    /// commands, to a URL. The signing secret is only returned in this response.
    #[oai(
        path = "/bots/:bot_id/outgoing-webhooks",
        method = "post",
        operation_id = "createBotOutgoingWebhook"
    )]
    async fn create_of_bot(
        &self,
        messenger: Data<&Messenger>,
        caller: Observer,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        bot_id: Path<i64>,
        body: JsonBody<OutgoingWebhookRequest>,
    ) -> Answer<Created<OutgoingWebhookWithSecret>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let bot = caller.bot(UserId(bot_id.0)).await?;
        Ok(Created::Created(Json(bot.create_outgoing_webhook(body.0.into()).await?.into())))
    }

    /// Change an outgoing webhook
    ///
    /// Only for those who may create it. Switching it off gives up its waiting deliveries.
    #[oai(path = "/outgoing-webhooks/:id", method = "patch", operation_id = "updateOutgoingWebhook")]
    async fn update_outgoing(
        &self,
        messenger: Data<&Messenger>,
        caller: Observer,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
        body: JsonBody<OutgoingWebhookPatch>,
    ) -> Answer<Json<OutgoingWebhook>> {
        let OutgoingWebhookPatch { name, url, events, enabled } = body.0;
        let events = events.map(|events| events.into_iter().map(Into::into).collect());
        let change = OutgoingWebhookChange { name, url, events, is_enabled: enabled };
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.outgoing_webhook(OutgoingWebhookId(id.0)).await?.update(change).await?.into()))
    }

    /// Replace an outgoing webhook's secret
    ///
    /// For 24 hours deliveries are signed with both secrets.
    #[oai(path = "/outgoing-webhooks/:id/rotate", method = "post", operation_id = "rotateOutgoingWebhook")]
    async fn rotate_outgoing(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Json<OutgoingWebhookWithSecret>> {
        Ok(Json(managed(&messenger, caller, &key, StatusCode::OK, id.0).await?.rotate().await?.into()))
    }

    /// Delete an outgoing webhook
    ///
    /// Its deliveries are deleted too.
    #[oai(path = "/outgoing-webhooks/:id", method = "delete", operation_id = "deleteOutgoingWebhook")]
    async fn delete_outgoing(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        managed(&messenger, caller, &key, StatusCode::NO_CONTENT, id.0).await?.delete().await?;
        Ok(Done::Done)
    }

    /// List an outgoing webhook's deliveries
    ///
    /// Those of the last seven days, newest first.
    #[oai(path = "/outgoing-webhooks/:id/deliveries", method = "get", operation_id = "webhookDeliveries")]
    async fn deliveries(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        id: Path<i64>,
        /// Only deliveries older than this one.
        before_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 100; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Delivery>>> {
        let webhook = messenger.as_user(caller.0).outgoing_webhook(OutgoingWebhookId(id.0)).await?;
        let found = webhook.deliveries(before_id.0.map(DeliveryId), limit.0).await?;
        Ok(Json(found.into_iter().map(Delivery::from).collect()))
    }

    /// Send a delivery again
    ///
    /// At once, with the same `webhook-id` and body.
    #[oai(
        path = "/outgoing-webhooks/:id/deliveries/:delivery_id/replay",
        method = "post",
        operation_id = "replayDelivery"
    )]
    async fn replay(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
        delivery_id: Path<i64>,
    ) -> Answer<Json<Delivery>> {
        let webhook = managed(&messenger, caller, &key, StatusCode::OK, id.0).await?;
        Ok(Json(webhook.replay(DeliveryId(delivery_id.0)).await?.into()))
    }
}

async fn moderator(
    messenger: &Messenger,
    caller: SignedIn,
    key: &Key,
    status: StatusCode,
    chat: i64,
) -> Answer<Moderator> {
    let caller = messenger.as_user(caller.0).once(key.answering(status));
    Ok(caller.chat(ChatId(chat)).await?.moderating()?)
}

async fn managed(
    messenger: &Messenger,
    caller: Owner,
    key: &Key,
    status: StatusCode,
    id: i64,
) -> Answer<ManagedWebhook> {
    let caller = messenger.as_user(caller.0).once(key.answering(status));
    Ok(caller.outgoing_webhook(OutgoingWebhookId(id)).await?)
}
