//! `/admin/chats`: groups and channels, whoever is in them.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::admin::administrator;
use super::caller::Owner;
use super::idempotency::Key;
use super::types::{ChatKind, Done, Person, Role};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{ChatCursor, ChatPage, Messenger};
use besedka_core::model::{self, ChatFilter, ChatId, UserId};

pub struct AdminChats;

/// A group or channel, as an administrator of the server sees it.
#[derive(Object)]
#[oai(example)]
struct ChatOverview {
    id: i64,
    /// `group` or `channel`.
    kind: ChatKind,
    title: String,
    /// Null if nobody owns it.
    owner: Option<Person>,
    member_count: i64,
    /// UTC, ISO 8601 without a zone.
    created_at: String,
    /// When the newest message was sent, or the chat was created. UTC, ISO 8601 without a zone.
    active_at: String,
    /// Whether the server keeps its messages for ever.
    is_exempt: bool,
}

impl From<model::ChatOverview> for ChatOverview {
    fn from(chat: model::ChatOverview) -> Self {
        let model::ChatOverview { id, kind, title, owner, member_count, created_at, active_at, is_exempt } =
            chat;
        Self {
            id: id.0,
            kind: kind.into(),
            title,
            owner: owner.map(Person::from),
            member_count,
            created_at: created_at.iso(),
            active_at: active_at.iso(),
            is_exempt,
        }
    }
}

impl Example for ChatOverview {
    fn example() -> Self {
        Self {
            id: 253_402_300_927,
            kind: ChatKind::Group,
            title: "Сад".to_owned(),
            owner: Some(Person { presence: None, ..Person::example() }),
            member_count: 12,
            created_at: "2024-03-26T10:00:00".to_owned(),
            active_at: "2024-03-26T12:00:00".to_owned(),
            is_exempt: false,
        }
    }
}

/// A page of groups and channels.
#[derive(Object)]
#[oai(example)]
struct ChatOverviews {
    chats: Vec<ChatOverview>,
    /// The cursor for the next page; null on the last page.
    cursor: Option<String>,
}

impl From<ChatPage> for ChatOverviews {
    fn from(page: ChatPage) -> Self {
        Self {
            chats: page.chats.into_iter().map(ChatOverview::from).collect(),
            cursor: page.next_cursor.map(|cursor| cursor.to_string()),
        }
    }
}

impl Example for ChatOverviews {
    fn example() -> Self {
        Self { chats: vec![ChatOverview::example()], cursor: Some("18e7abc9e80-3b0000003f".to_owned()) }
    }
}

/// A member who can become the owner of a chat.
#[derive(Object)]
#[oai(example)]
struct OwnerCandidate {
    user: Person,
    role: Role,
}

impl Example for OwnerCandidate {
    fn example() -> Self {
        Self { user: Person { presence: None, ..Person::example() }, role: Role::Admin }
    }
}

/// Who becomes the owner of a chat.
#[derive(Object)]
#[oai(example)]
struct NewOwner {
    user_id: i64,
}

impl Example for NewOwner {
    fn example() -> Self {
        Self { user_id: 253_402_300_863 }
    }
}

#[OpenApi(tag = "Area::Admin")]
impl AdminChats {
    /// List all groups and channels
    ///
    /// Sorted by activity, the last active first, also those that the caller is not in. Private chats and saved messages
    /// are not listed, and neither is what is said. A chat that becomes active between two pages may be missing from them.
    /// Only for server administrators.
    #[oai(path = "/admin/chats", method = "get", operation_id = "allChats")]
    async fn chats(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// Parts of a title.
        query: Query<Option<String>>,
        /// True lists only chats whose messages are kept for ever.
        exempt: Query<Option<bool>>,
        /// The cursor from the previous page of the same query.
        cursor: Query<Option<String>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<ChatOverviews>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let after = cursor.0.map(|cursor| cursor.parse::<ChatCursor>()).transpose()?;
        let filter =
            ChatFilter { words: query.0.unwrap_or_default(), only_exempt: exempt.0.unwrap_or_default() };
        let page = administrator.chats(&filter, after, limit.0).await?;
        Ok(Json(page.into()))
    }

    /// Delete any group or channel
    ///
    /// Deletes it for everyone, also if the caller is not in it. 404 for private chats and saved messages. Only for server
    /// administrators.
    #[oai(path = "/admin/chats/:id", method = "delete", operation_id = "deleteAnyChat")]
    async fn delete(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
    ) -> Answer<Done> {
        administrator(&messenger, caller, &key).await?.delete_chat(ChatId(id.0)).await?;
        Ok(Done::Done)
    }

    /// List who can own a group or channel
    ///
    /// Its active members without bots, those of a higher role first. Only for server administrators.
    #[oai(path = "/admin/chats/:id/owner-candidates", method = "get", operation_id = "ownerCandidates")]
    async fn candidates(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        id: Path<i64>,
        /// Parts of a name, or a complete e-mail address.
        query: Query<Option<String>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<OwnerCandidate>>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let words = query.0.unwrap_or_default();
        let found = administrator.owner_candidates(ChatId(id.0), &words, limit.0).await?;
        let candidate = |(user, role): (model::Person, model::Role)| OwnerCandidate {
            user: user.into(),
            role: role.into(),
        };
        Ok(Json(found.into_iter().map(candidate).collect()))
    }

    /// Make a member the owner of a group or channel
    ///
    /// Also if nobody owns it. The owner before becomes an admin. 404 for users who are not members, 409 for deactivated
    /// accounts and bots. Only for server administrators.
    #[oai(path = "/admin/chats/:id/owner", method = "put", operation_id = "setOwner")]
    async fn set_owner(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
        body: JsonBody<NewOwner>,
    ) -> Answer<Done> {
        let administrator = administrator(&messenger, caller, &key).await?;
        administrator.set_chat_owner(ChatId(id.0), UserId(body.0.user_id)).await?;
        Ok(Done::Done)
    }
}
