//! `/chats/{id}/members` and `/chats/{id}/bans`: the members of a chat, their roles, and bans.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi, Union};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{AddedMembers, Ban, Created, Done, Member, Role};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Error, Messenger};
use besedka_core::model::{ChatId, UserId};

pub struct Members;

/// The users to add: either `user_id` or `user_ids`.
#[derive(Object)]
#[oai(example)]
struct NewMembers {
    user_id: Option<i64>,
    /// Up to 100; existing members are ignored.
    user_ids: Option<Vec<i64>>,
}

impl Example for NewMembers {
    fn example() -> Self {
        Self { user_id: Some(253_402_300_863), user_ids: None }
    }
}

/// The added members: a single member for `user_id`, a list for `user_ids`.
#[derive(Union, Debug)]
#[oai(one_of)]
#[expect(clippy::large_enum_variant, reason = "there is one for each request, and it is written at once")]
enum Added {
    One(Member),
    Several(AddedMembers),
}

/// A member's new role.
#[derive(Object)]
#[oai(example)]
struct RoleChange {
    /// `owner` transfers ownership: the caller becomes an admin.
    role: Role,
}

impl Example for RoleChange {
    fn example() -> Self {
        Self { role: Role::Admin }
    }
}

/// A new ban.
#[derive(Object)]
#[oai(example)]
struct NewBan {
    user_id: i64,
    /// Up to 200 characters; visible to the owner and admins only.
    reason: Option<String>,
}

impl Example for NewBan {
    fn example() -> Self {
        Self { user_id: 253_402_300_863, reason: Some("Advertising".to_owned()) }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Members {
    /// List a chat's members
    #[oai(path = "/chats/:chat_id/members", method = "get", operation_id = "members")]
    async fn members(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
    ) -> Answer<Json<Vec<Member>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.members().await?.into_iter().map(Member::from).collect()))
    }

    /// Add members to a group
    ///
    /// Only for the owner and admins. Adding a single existing member answers 409; with `user_ids`, existing
    /// members are skipped and only new ones are returned.
    #[oai(path = "/chats/:chat_id/members", method = "post", operation_id = "addMember")]
    async fn add(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<NewMembers>,
    ) -> Answer<Created<Added>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let (one, several) = (body.0.user_id, body.0.user_ids);
        if one.is_some() == several.is_some() {
            return Err(Error::invalid("user_id", "either user_id or user_ids is required").into());
        }
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        let added = match several {
            None => Added::One(chat.moderating()?.add_member(UserId(one.unwrap_or_default())).await?.into()),
            Some(ids) => {
                let ids: Vec<UserId> = ids.into_iter().map(UserId).collect();
                Added::Several(chat.moderating()?.add_all(&ids).await?.into())
            }
        };
        Ok(Created::Created(Json(added)))
    }

    /// Change a member's role
    ///
    /// Only for the owner. Making another member the owner makes the caller an admin.
    #[oai(path = "/chats/:chat_id/members/:user_id", method = "patch", operation_id = "changeRole")]
    async fn change_role(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        user_id: Path<i64>,
        body: JsonBody<RoleChange>,
    ) -> Answer<Json<Member>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.owning()?.set_role(UserId(user_id.0), body.0.role.into()).await?.into()))
    }

    /// Leave a chat or remove a member
    ///
    /// Every member can leave; the owner and admins can remove members with a lower role. When the owner
    /// leaves, ownership passes to the first admin or, without one, to the longest-standing member. When the
    /// last member leaves, the group is deleted.
    #[oai(path = "/chats/:chat_id/members/:user_id", method = "delete", operation_id = "removeMember")]
    async fn remove(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        user_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.remove_or_leave(UserId(user_id.0)).await?;
        Ok(Done::Done)
    }

    /// List banned users
    ///
    /// Only for the owner and admins. Sorted newest first.
    #[oai(path = "/chats/:chat_id/bans", method = "get", operation_id = "bans")]
    async fn bans(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
    ) -> Answer<Json<Vec<Ban>>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.moderating()?.bans().await?.into_iter().map(Ban::from).collect()))
    }

    /// Ban a user from a chat
    ///
    /// Only for the owner and admins, and only users with a lower role or who are not members. A member is
    /// removed from the chat. Until the ban is lifted, the user cannot be added and cannot join by invitation
    /// or code.
    #[oai(path = "/chats/:chat_id/bans", method = "post", operation_id = "ban")]
    async fn ban(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<NewBan>,
    ) -> Answer<Created<Ban>> {
        let NewBan { user_id, reason } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        let ban = chat.moderating()?.ban(UserId(user_id), reason.as_deref()).await?;
        Ok(Created::Created(Json(ban.into())))
    }

    /// Lift a ban
    ///
    /// Only for the owner and admins. The user can be added or join again.
    #[oai(path = "/chats/:chat_id/bans/:user_id", method = "delete", operation_id = "unban")]
    async fn unban(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        user_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.moderating()?.unban(UserId(user_id.0)).await?;
        Ok(Done::Done)
    }
}
