//! Joining groups: invitations, join codes and public channels.

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

/// The limits of a new invitation.
#[derive(Object)]
#[oai(example)]
struct NewInvite {
    /// The lifetime in seconds: from a minute to a year. Without it, the invitation does not expire.
    expires_in_seconds: Option<i64>,
    /// How many people can use it, 1 to 100,000. Unlimited by default.
    max_uses: Option<i64>,
}

impl Example for NewInvite {
    fn example() -> Self {
        Self { expires_in_seconds: Some(604_800), max_uses: Some(10) }
    }
}

/// A join code.
#[derive(Object)]
#[oai(example)]
struct Code {
    /// Six characters: letters A to Z and digits.
    code: String,
}

impl Example for Code {
    fn example() -> Self {
        Self { code: "K7QX2M".to_owned() }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Invites {
    /// Search public channels
    ///
    /// Matches words or parts of words in the title. Sorted by title.
    #[oai(path = "/channels", method = "get", operation_id = "channels")]
    async fn channels(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// The search text; all channels if omitted.
        q: Query<Option<String>>,
        /// Only channels after the one with this `id`: the last one of the previous page.
        after_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 100; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Channel>>> {
        let words = q.0.unwrap_or_default();
        let found = messenger.as_user(caller.0).channels(&words, after_id.0.map(ChatId), limit.0).await?;
        Ok(Json(found.into_iter().map(Channel::from).collect()))
    }

    /// Join a public channel
    ///
    /// Returns the channel. Everyone in it receives `member.added`.
    #[oai(path = "/chats/:chat_id/join", method = "post", operation_id = "joinChannel")]
    async fn join(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.join(ChatId(chat_id.0)).await?.into()))
    }

    /// Join a group by code
    ///
    /// Returns the group. Wrong codes are limited to 5 per minute and account, and to 20 per minute and IP
    /// address.
    #[oai(path = "/chats/join", method = "post", operation_id = "joinByCode")]
    async fn join_by_code(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Code>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.join_by_code(&body.0.code, visit.address).await?.into()))
    }

    /// Renew a group's join code
    ///
    /// Only for the owner and admins. The previous code becomes invalid. Every new group has a code.
    #[oai(path = "/chats/:chat_id/code", method = "post", operation_id = "renewCode")]
    async fn renew_code(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.chat(ChatId(chat_id.0)).await?.moderating()?.renew_code().await?.into()))
    }

    /// Remove a group's join code
    ///
    /// Only for the owner and admins. Nobody can join by code until a new one is created.
    #[oai(path = "/chats/:chat_id/code", method = "delete", operation_id = "dropCode")]
    async fn drop_code(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
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
    /// Only for the owner and admins. Sorted newest first; includes expired and used-up invitations.
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

    /// Create an invitation
    ///
    /// Only for the group's owner and admins. Anyone with the link can join, unless they are banned.
    #[oai(path = "/chats/:chat_id/invites", method = "post", operation_id = "createInvite")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        visit: Visit,
        /// A unique key for this request, such as a UUID.
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
    ///
    /// Only for the group's owner and admins. The link stops working; people who joined with it stay.
    #[oai(path = "/chats/:chat_id/invites/:invite_id", method = "delete", operation_id = "revokeInvite")]
    async fn revoke(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        invite_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.moderating()?.revoke_invite(InviteId(invite_id.0)).await?;
        Ok(Done::Done)
    }

    /// Get an invitation
    ///
    /// Shows which group an invitation leads to, before joining.
    #[oai(path = "/invites/:token", method = "get", operation_id = "invite")]
    async fn invite(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// The last path segment of the invitation link.
        token: Path<String>,
    ) -> Answer<Json<InvitedTo>> {
        Ok(Json(messenger.as_user(caller.0).invited(&token.0).await?.into()))
    }

    /// Look at an invitation
    ///
    /// Shows which group an invitation leads to. Needs no access token, for people who are not signed in yet.
    #[oai(path = "/invites/:token/preview", method = "get", operation_id = "previewInvite")]
    async fn preview(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        /// The last path segment of the invitation link.
        token: Path<String>,
    ) -> Answer<Json<InvitedTo>> {
        Ok(Json(messenger.visitor(visit.address).invited(&token.0).await?.into()))
    }

    /// Accept an invitation
    ///
    /// Joins the group and returns it.
    #[oai(path = "/invites/:token/join", method = "post", operation_id = "joinByInvite")]
    async fn join_by_invite(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        /// The last path segment of the invitation link.
        token: Path<String>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.join_by_invite(&token.0).await?.into()))
    }
}
