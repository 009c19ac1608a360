//! `/chats`: private chats and groups.

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::{Chat, ChatType, Created, Message, SHOWN, is_read};
use super::{Answer, Area};
use crate::body::JsonBody;
use crate::links::Links;
use crate::visit::Visit;
use besedka_core::messenger::{self, Error, Messenger, NewGroup};
use besedka_core::model::{self, ChatId, UserId};

pub struct Chats;

/// A new chat.
#[derive(Object)]
#[oai(example)]
struct NewChat {
    #[oai(rename = "type")]
    kind: ChatType,
    /// For a direct chat: the other person.
    user_id: Option<i64>,
    /// For a group: the title, 1 to 100 characters.
    title: Option<String>,
    /// For a group: the other members; the caller is always included.
    user_ids: Option<Vec<i64>>,
}

impl Example for NewChat {
    fn example() -> Self {
        Self {
            kind: ChatType::Group,
            user_id: None,
            title: Some("Проект".to_owned()),
            user_ids: Some(vec![253_402_300_863, 253_402_300_864]),
        }
    }
}

/// The caller's read position in a chat.
#[derive(Object)]
#[oai(example)]
struct Read {
    chat_id: i64,
    unread_count: i64,
    last_read_id: Option<i64>,
}

impl Example for Read {
    fn example() -> Self {
        Self { chat_id: 253_402_300_927, unread_count: 0, last_read_id: Some(253_402_300_991) }
    }
}

/// Chats in this API's format, with their participants.
async fn shown(caller: &messenger::Caller, links: &Links, mut chats: Vec<model::Chat>) -> Answer<Vec<Chat>> {
    caller.filter_last_messages(&mut chats, SHOWN).await?;
    let known: Vec<_> = chats.iter().map(model::Chat::id).collect();
    let mut rosters = caller.rosters(&known).await?;
    let last: Vec<_> = chats.iter().filter_map(|chat| chat.last_message.clone()).collect();
    let readings = caller.readings(&last).await?;
    let reader = caller.access.user;
    // A user who has just been removed does not see the chat any more.
    let shown = chats.into_iter().filter_map(|mut chat| {
        let roster = rosters.remove(&chat.id())?;
        let last = chat.last_message.take();
        let last = last.map(|last| Message::new(&last, is_read(&readings, &last, reader), links));
        Some(Chat::new(chat, last, roster, links))
    });
    Ok(shown.collect())
}

async fn one(caller: &messenger::Caller, links: &Links, chat: model::Chat) -> Answer<Chat> {
    Ok(shown(caller, links, vec![chat]).await?.pop().ok_or(Error::NotFound("chat"))?)
}

#[OpenApi(tag = "Area::Chats")]
impl Chats {
    /// List chats
    ///
    /// Sorted by last activity, most recent first.
    #[oai(path = "/chats", method = "get", operation_id = "chats")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
    ) -> Answer<Json<Vec<Chat>>> {
        let reader = caller.0.user;
        let caller = messenger.as_user(caller.0);
        let chats = caller.chats().await?;
        Ok(Json(shown(&caller, &Links::to(&messenger, &visit, reader), chats).await?))
    }

    /// Create a chat
    ///
    /// There is one direct chat per pair of users: if it exists already, it is returned.
    #[oai(path = "/chats", method = "post", operation_id = "createChat")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        body: JsonBody<NewChat>,
    ) -> Answer<Created<Chat>> {
        let NewChat { kind, user_id, title, user_ids } = body.0;
        let reader = caller.0.user;
        let caller = messenger.as_user(caller.0);
        let access = caller.access;
        let chat = match kind {
            ChatType::Direct => {
                let other = user_id.ok_or_else(|| Error::invalid("user_id", "is missing"))?;
                caller.direct_chat(UserId(other)).await?.0
            }
            ChatType::Group => {
                let members = user_ids.unwrap_or_default().into_iter().map(UserId).collect();
                let group = NewGroup::private(title.unwrap_or_default(), members);
                let created = caller.create_group(group).await;
                created.map_err(|error| error.rename_field("member_ids", "user_ids"))?
            }
        };
        let links = Links::to(&messenger, &visit, reader);
        Ok(Created::Created(Json(one(&messenger.as_user(access), &links, chat).await?)))
    }

    /// Get a chat
    #[oai(path = "/chats/:id", method = "get", operation_id = "chat")]
    async fn chat(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        id: Path<i64>,
    ) -> Answer<Json<Chat>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(id.0)).await?.view().await?;
        Ok(Json(
            one(&messenger.as_user(caller.0), &Links::to(&messenger, &visit, caller.0.user), chat).await?,
        ))
    }

    /// Mark a chat as read
    ///
    /// Marks all messages of the chat as read.
    #[oai(path = "/chats/:id/read", method = "post", operation_id = "readChat")]
    async fn read(&self, messenger: Data<&Messenger>, caller: Caller, id: Path<i64>) -> Answer<Json<Read>> {
        let chat = messenger.as_user(caller.0).chat(ChatId(id.0)).await?.read(None).await?;
        Ok(Json(Read {
            chat_id: id.0,
            unread_count: chat.unread_count,
            last_read_id: chat.last_read.map(|message| message.0),
        }))
    }
}
