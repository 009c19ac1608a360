//! `/chats/{id}/members` and `/chats/{id}/bans`: who is in a chat, as what, and who may not come in.

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

/// Whom to add: one person, or several at once.
#[derive(Object)]
#[oai(example)]
struct NewMembers {
    user_id: Option<i64>,
    /// Up to 100; those who are members already stay as they are.
    user_ids: Option<Vec<i64>>,
}

impl Example for NewMembers {
    fn example() -> Self {
        Self { user_id: Some(253_402_300_863), user_ids: None }
    }
}

/// Who was added: a member for `user_id`, a list of them for `user_ids`.
#[derive(Union, Debug)]
#[oai(one_of)]
#[expect(clippy::large_enum_variant, reason = "there is one for each request, and it is written at once")]
enum Added {
    One(Member),
    Several(AddedMembers),
}

/// What somebody shall be.
#[derive(Object)]
#[oai(example)]
struct RoleChange {
    /// `owner` hands the chat on: the caller becomes an admin.
    role: Role,
}

impl Example for RoleChange {
    fn example() -> Self {
        Self { role: Role::Admin }
    }
}

/// Whom to ban.
#[derive(Object)]
#[oai(example)]
struct NewBan {
    user_id: i64,
    /// At most 200 characters, for those who look after the chat.
    reason: Option<String>,
}

impl Example for NewBan {
    fn example() -> Self {
        Self { user_id: 253_402_300_863, reason: Some("Advertising".to_owned()) }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Members {
    /// List the members of a chat
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
    /// Its owner and admins may. Of one person who is a member already it is a conflict; of several,
    /// only the others are added and answered.
    #[oai(path = "/chats/:chat_id/members", method = "post", operation_id = "addMember")]
    async fn add(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<NewMembers>,
    ) -> Answer<Created<Added>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let (one, several) = (body.0.user_id, body.0.user_ids);
        if one.is_some() == several.is_some() {
            return Err(Error::invalid("user_id", "say whom to add, by user_id or user_ids").into());
        }
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        let added = match several {
            None => Added::One(chat.moderating()?.add(UserId(one.unwrap_or_default())).await?.into()),
            Some(ids) => {
                let ids: Vec<UserId> = ids.into_iter().map(UserId).collect();
                Added::Several(chat.moderating()?.add_all(&ids).await?.into())
            }
        };
        Ok(Created::Created(Json(added)))
    }

    /// Change somebody's role
    ///
    /// The owner may. Who makes somebody else the owner becomes an admin.
    #[oai(path = "/chats/:chat_id/members/:user_id", method = "patch", operation_id = "changeRole")]
    async fn change_role(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
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

    /// Leave a chat, or remove somebody
    ///
    /// Everybody may leave; owner and admins may remove who has a lower role. When the owner leaves,
    /// the first admin takes over, or who came first; with the last member the group is gone.
    #[oai(path = "/chats/:chat_id/members/:user_id", method = "delete", operation_id = "removeMember")]
    async fn remove(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        user_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.remove_or_leave(UserId(user_id.0)).await?;
        Ok(Done::Done)
    }

    /// List who is banned from a chat
    ///
    /// For its owner and admins; the newest first.
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

    /// Ban somebody from a chat
    ///
    /// Its owner and admins may, if the other one has a lower role or is no member. Who is in it is
    /// removed; nobody can add them, and no invitation lets them in, until the ban is lifted.
    #[oai(path = "/chats/:chat_id/bans", method = "post", operation_id = "ban")]
    async fn ban(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
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
    #[oai(path = "/chats/:chat_id/bans/:user_id", method = "delete", operation_id = "unban")]
    async fn unban(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
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
