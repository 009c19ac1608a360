//! Avatars: setting and removing those of users and chats, and downloading them.

use poem::Body;
use poem::http::{StatusCode, header};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::{Binary, Json, Response};
use uuid::Uuid;

use super::attachments::SANDBOX;
use super::caller::{Owner, SignedIn};
use super::idempotency::Key;
use super::types::{Chat, Done, NewAvatar, User};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Messenger, Profile};
use besedka_core::model::{AttachmentId, ChatId};

/// An avatar never changes: a new one has a new identifier.
const KEPT: &str = "private, max-age=604800, immutable";

pub struct Avatars;

#[OpenApi]
impl Avatars {
    /// Set my avatar
    ///
    /// Uses an image that was uploaded like any file: `POST /attachments`, then the returned form. The avatar
    /// is a centred square crop of at most 512 pixels, rotated upright; the original image is not kept.
    /// Everyone who shares a chat with the caller receives `member.updated`.
    #[oai(path = "/users/me/avatar", method = "put", operation_id = "setAvatar", tag = "Area::Users")]
    async fn set_avatar(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewAvatar>,
    ) -> Answer<Json<User>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        Ok(Json(caller.set_avatar(AttachmentId(body.0.attachment_id)).await?.into()))
    }

    /// Remove my avatar
    ///
    /// Removes an uploaded avatar or an external avatar URL.
    #[oai(path = "/users/me/avatar", method = "delete", operation_id = "removeAvatar", tag = "Area::Users")]
    async fn remove_avatar(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.update_profile(Profile { avatar_url: Some(None), ..Profile::default() }).await?;
        Ok(Done::Done)
    }

    /// Set a chat's avatar
    ///
    /// Only for the owner and admins of a group or channel. All members receive `chat.updated`.
    #[oai(
        path = "/chats/:chat_id/avatar",
        method = "put",
        operation_id = "setChatAvatar",
        tag = "Area::Chats"
    )]
    async fn set_chat_avatar(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<NewAvatar>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.moderating()?.set_avatar(Some(AttachmentId(body.0.attachment_id))).await?.into()))
    }

    /// Remove a chat's avatar
    ///
    /// Only for the owner and admins of a group or channel. All members receive `chat.updated`.
    #[oai(
        path = "/chats/:chat_id/avatar",
        method = "delete",
        operation_id = "removeChatAvatar",
        tag = "Area::Chats"
    )]
    async fn remove_chat_avatar(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.moderating()?.set_avatar(None).await?;
        Ok(Done::Done)
    }

    /// Download an avatar
    ///
    /// A JPEG, or a WebP if the image has transparency. No token is required, so that it can be used in
    /// `<img>`: the identifier is only shown to users who can see the avatar's owner.
    #[oai(path = "/avatars/:id", method = "get", operation_id = "avatar", tag = "Area::Users")]
    async fn avatar(&self, messenger: Data<&Messenger>, id: Path<Uuid>) -> Answer<Response<Binary<Body>>> {
        let avatar = messenger.avatar(AttachmentId(id.0)).await?;
        let opened = messenger.open_avatar(&avatar).await?;
        Ok(Response::new(Binary(Body::from_bytes_stream(opened.bytes)))
            .header(header::CONTENT_TYPE, avatar.content_type)
            .header(header::CONTENT_LENGTH, opened.size)
            .header(header::CONTENT_DISPOSITION, "inline")
            .header(header::CACHE_CONTROL, KEPT)
            .header(header::CONTENT_SECURITY_POLICY, SANDBOX))
    }
}
