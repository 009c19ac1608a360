//! `/chats`: private chats and groups.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::caller::SignedIn;
use super::idempotency::Key;
use super::types::{Chat, Created, Done, Member};
use super::{Answer, Area};
use crate::api::body::JsonBody;
use crate::messenger::{Error, Messenger};
use crate::model::{self, ChatId, MessageId, UserId};

pub struct Chats;

/// A new chat.
#[derive(Object)]
#[oai(example)]
struct NewChat {
    /// Of a group, 1 to 100 characters; a private chat needs none.
    title: Option<String>,
    is_group: bool,
    /// The others; the caller is in it anyway. Of a private chat exactly one.
    #[oai(default)]
    member_ids: Vec<i64>,
}

impl Example for NewChat {
    fn example() -> Self {
        Self {
            title: Some("New Project Discussion".to_owned()),
            is_group: true,
            member_ids: vec![253_402_300_863, 253_402_300_864],
        }
    }
}

/// With whom.
#[derive(Object)]
#[oai(example)]
struct Whom {
    user_id: i64,
}

impl Example for Whom {
    fn example() -> Self {
        Self { user_id: 253_402_300_863 }
    }
}

/// What to change.
#[derive(Object)]
#[oai(example)]
struct ChatChange {
    /// 1 to 100 characters.
    title: String,
}

impl Example for ChatChange {
    fn example() -> Self {
        Self { title: "Updated Chat Title".to_owned() }
    }
}

/// Up to where.
#[derive(Object)]
#[oai(example)]
struct ReadUpTo {
    /// The newest message that was read; the newest of the chat without it.
    message_id: Option<i64>,
}

impl Example for ReadUpTo {
    fn example() -> Self {
        Self { message_id: Some(253_402_300_991) }
    }
}

/// How far the caller has read.
#[derive(Object)]
#[oai(example)]
pub struct ReadMark {
    chat_id: i64,
    /// The newest message that was read.
    message_id: Option<i64>,
    /// Messages of others that are left.
    unread_count: i64,
}

impl From<model::Chat> for ReadMark {
    fn from(chat: model::Chat) -> Self {
        let model::Chat { id, last_read, unread_count, .. } = chat;
        Self { chat_id: id.0, message_id: last_read.map(|id| id.0), unread_count }
    }
}

impl Example for ReadMark {
    fn example() -> Self {
        Self { chat_id: 253_402_300_927, message_id: Some(253_402_300_991), unread_count: 0 }
    }
}

#[derive(ApiResponse)]
enum DirectChat {
    /// There was one.
    #[oai(status = 200)]
    Found(Json<Chat>),
    /// It was made.
    #[oai(status = 201)]
    Created(Json<Chat>),
}

#[OpenApi(tag = "Area::Chats")]
impl Chats {
    /// List one's chats
    ///
    /// The most recently active first.
    #[oai(path = "/chats", method = "get", operation_id = "chats")]
    async fn list(&self, messenger: Data<&Messenger>, caller: SignedIn) -> Answer<Json<Vec<Chat>>> {
        let chats = messenger.as_user(caller.0).chats().await?;
        Ok(Json(chats.into_iter().map(Chat::from).collect()))
    }

    /// Make a chat
    ///
    /// A group with a title, or (`is_group: false`) the private chat with one other person; of that
    /// there is one for each two people, and if it is there already it is the answer.
    #[oai(path = "/chats", method = "post", operation_id = "createChat")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<NewChat>,
    ) -> Answer<Created<Chat>> {
        let NewChat { title, is_group, member_ids } = body.0;
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let chat = if is_group {
            let members: Vec<UserId> = member_ids.into_iter().map(UserId).collect();
            caller.create_group(title.as_deref().unwrap_or_default(), &members).await?
        } else {
            let [other] = member_ids[..] else {
                return Err(
                    Error::invalid("member_ids", "a private chat has exactly one other member").into()
                );
            };
            let found = caller.direct_chat(UserId(other)).await;
            // The messenger does not know what this route calls the other one.
            let (chat, _) = found.map_err(|error| match error {
                Error::Invalid { reason, .. } => Error::invalid("member_ids", reason),
                error => error,
            })?;
            chat
        };
        Ok(Created::Created(Json(chat.into())))
    }

    /// The private chat with somebody
    ///
    /// The one that there is, or a new one.
    #[oai(path = "/chats/direct", method = "post", operation_id = "directChat")]
    async fn direct(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        body: JsonBody<Whom>,
    ) -> Answer<DirectChat> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let (chat, is_new) = caller.direct_chat(UserId(body.0.user_id)).await?;
        let chat = Json(chat.into());
        Ok(if is_new { DirectChat::Created(chat) } else { DirectChat::Found(chat) })
    }

    /// A chat
    #[oai(path = "/chats/:chat_id", method = "get", operation_id = "chat")]
    async fn chat(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        chat_id: Path<i64>,
    ) -> Answer<Json<Chat>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.view().await?.into()))
    }

    /// Rename a group
    ///
    /// Its owner and admins may.
    #[oai(path = "/chats/:chat_id", method = "patch", operation_id = "updateChat")]
    async fn update(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<ChatChange>,
    ) -> Answer<Json<Chat>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        Ok(Json(chat.rename(&body.0.title).await?.into()))
    }

    /// Delete a chat
    ///
    /// A group is deleted for everybody, by its owner and admins. A private chat is hidden for the
    /// caller until something new is said in it.
    #[oai(path = "/chats/:chat_id", method = "delete", operation_id = "deleteChat")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        caller.chat(ChatId(chat_id.0)).await?.delete().await?;
        Ok(Done::Done)
    }

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

    /// Add a member to a group
    ///
    /// Its owner and admins may.
    #[oai(path = "/chats/:chat_id/members", method = "post", operation_id = "addMember")]
    async fn add_member(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<Whom>,
    ) -> Answer<Created<Member>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::CREATED));
        let chat = caller.chat(ChatId(chat_id.0)).await?;
        Ok(Created::Created(Json(chat.add(UserId(body.0.user_id)).await?.into())))
    }

    /// Leave a chat, or remove somebody
    ///
    /// Everybody may leave; who has a higher role may remove others.
    #[oai(path = "/chats/:chat_id/members/:user_id", method = "delete", operation_id = "removeMember")]
    async fn remove_member(
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
        caller.chat(ChatId(chat_id.0)).await?.remove(UserId(user_id.0)).await?;
        Ok(Done::Done)
    }

    /// Mark as read
    #[oai(path = "/chats/:chat_id/read", method = "post", operation_id = "markRead")]
    async fn read(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        chat_id: Path<i64>,
        body: JsonBody<ReadUpTo>,
    ) -> Answer<Json<ReadMark>> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::OK));
        let chat = caller.chat(ChatId(chat_id.0)).await?.read(body.0.message_id.map(MessageId)).await?;
        Ok(Json(chat.into()))
    }
}
