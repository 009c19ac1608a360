//! Ways into groups: invitations, the short code, and public channels.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::{SignedIn, Visit};
use super::idempotency::Key;
use super::types::{Channel, Chat, Created, Done, Invite, InvitedTo};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::Messenger;
use besedka_core::model::{ChatId, InviteId};

pub struct Invites;

/// What the invitation is good for.
#[derive(Object)]
#[oai(example)]
struct NewInvite {
    /// A minute to a year; it does not run out without it.
    expires_in_seconds: Option<i64>,
    /// How many may come by it, 1 to 100,000; all who like without it.
    max_uses: Option<i64>,
}

impl Example for NewInvite {
    fn example() -> Self {
        Self { expires_in_seconds: Some(604_800), max_uses: Some(10) }
    }
}

/// A short code.
#[derive(Object)]
#[oai(example)]
struct Code {
    /// Six letters A to Z and digits.
    code: String,
}

impl Example for Code {
    fn example() -> Self {
        Self { code: "K7QX2M".to_owned() }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Invites {
    /// Find public channels
    ///
    /// By words or parts of words of their title, in the order of their titles.
    #[oai(path = "/channels", method = "get", operation_id = "channels")]
    async fn channels(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// Some letters; all channels without it.
        q: Query<Option<String>>,
        /// The last channel of the answer before, to go on after it.
        after_id: Query<Option<i64>>,
        /// How many at most: 1 to 100, 50 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Channel>>> {
        let words = q.0.unwrap_or_default();
        let found = messenger.as_user(caller.0).channels(&words, after_id.0.map(ChatId), limit.0).await?;
        Ok(Json(found.into_iter().map(Channel::from).collect()))
    }

    /// Join a public channel
    #[oai(path = "/chats/:chat_id/join", method = "post", operation_id = "joinChannel")]
    async fn join(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.join(ChatId(chat_id.0)).await?.into()))
    }

    /// Join a group by its short code
    ///
    /// At most 5 wrong codes a minute are taken from one account, and 20 from one address.
    #[oai(path = "/chats/join", method = "post", operation_id = "joinByCode")]
    async fn join_by_code(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        visit: Visit,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Code>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.join_by_code(&body.0.code, visit.address).await?.into()))
    }

    /// Give a group a new short code
    ///
    /// Its owner and admins may. The code before is good no longer. Every new group has one.
    #[oai(path = "/chats/:chat_id/code", method = "post", operation_id = "renewCode")]
    async fn renew_code(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.chat(ChatId(chat_id.0)).await?.moderating()?.renew_code().await?.into()))
    }

    /// Take a group's short code away
    #[oai(path = "/chats/:chat_id/code", method = "delete", operation_id = "dropCode")]
    async fn drop_code(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.moderating()?.drop_code().await?;
        Ok(Done::Done)
    }

    /// List a group's invitations
    ///
    /// For its owner and admins; the newest first, those that ran out or are used up among them.
    #[oai(path = "/chats/:chat_id/invites", method = "get", operation_id = "invites")]
    async fn invites(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        visit: Visit,
        chat_id: Path<i64>,
    ) -> Answer<Json<Vec<Invite>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        let invites = chat.moderating()?.invites().await?.into_iter();
        Ok(Json(invites.map(|invite| Invite::new(invite, &visit.base)).collect()))
    }

    /// Make an invitation
    ///
    /// Its owner and admins may. Whoever has the address can join, unless they are banned.
    #[oai(path = "/chats/:chat_id/invites", method = "post", operation_id = "createInvite")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        visit: Visit,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<NewInvite>,
    ) -> Answer<Created<Invite>> {
        let NewInvite { expires_in_seconds, max_uses } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        let invite = chat.moderating()?.invite(expires_in_seconds, max_uses).await?;
        Ok(Created::Created(Json(Invite::new(invite, &visit.base))))
    }

    /// Revoke an invitation
    #[oai(path = "/chats/:chat_id/invites/:invite_id", method = "delete", operation_id = "revokeInvite")]
    async fn revoke(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        invite_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.moderating()?.revoke_invite(InviteId(invite_id.0)).await?;
        Ok(Done::Done)
    }

    /// Look at an invitation
    ///
    /// To what it invites, before one follows it.
    #[oai(path = "/invites/:token", method = "get", operation_id = "invite")]
    async fn invite(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// What the invitation's address ends in.
        token: Path<String>,
    ) -> Answer<Json<InvitedTo>> {
        Ok(Json(messenger.as_user(caller.0).invited(&token.0).await?.into()))
    }

    /// Follow an invitation
    #[oai(path = "/invites/:token/join", method = "post", operation_id = "joinByInvite")]
    async fn join_by_invite(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        /// What the invitation's address ends in.
        token: Path<String>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.join_by_invite(&token.0).await?.into()))
    }
}
